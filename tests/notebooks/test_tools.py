"""The commands that cut the data and that execute the notebooks."""

import gzip
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tests.notebooks import execute
from tests.notebooks.cut_data import (
    TEST_FILES,
    TRAIN_FILES,
    count_items,
    cut,
    cut_bytes,
)

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "d2l_lite" / "sample"
WHOLE = Path("/usr/share/datasets/fashion-mnist")  # Debian's package

# ----------------------------------------------------------------------- data


def content(path: Path) -> bytes:
    """Return the bytes inside a gzip file."""
    return gzip.decompress(path.read_bytes())


def test_cut_takes_the_first_images(tmp_path):
    cut(SAMPLE, tmp_path, train=3, test=2)
    for names, count in ((TRAIN_FILES, 3), (TEST_FILES, 2)):
        images, labels = (content(tmp_path / name) for name in names)
        assert count_items(tmp_path / names[0]) == count
        assert images[16:] == content(SAMPLE / names[0])[16 : 16 + count * 28 * 28]
        assert labels[8:] == content(SAMPLE / names[1])[8 : 8 + count]


def test_cut_is_reproducible(tmp_path):
    for name in ("one", "two"):
        cut(SAMPLE, tmp_path / name, train=3, test=2)
    for name in TRAIN_FILES + TEST_FILES:
        one, two = (tmp_path / folder / name for folder in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()


@pytest.mark.parametrize("count", [0, -1, 4])
def test_cut_refuses_more_than_there_is(count):
    with pytest.raises(ValueError, match=f"cannot cut {count} items out of 3"):
        cut_bytes(b"\x00\x00\x08\x01\x00\x00\x00\x03abc", count)


@pytest.mark.skipif(not WHOLE.exists(), reason="the whole data are not here")
def test_the_sample_is_the_beginning_of_the_data(tmp_path):
    cut(WHOLE, tmp_path, train=2_000, test=500)
    for name in TRAIN_FILES + TEST_FILES:
        assert content(tmp_path / name) == content(SAMPLE / name)


# -------------------------------------------------------------------- execute


def save(path: Path, *sources: str, tags: tuple[str, ...] = ()) -> Path:
    """Write a notebook of a page cell and of code cells with these sources."""
    cells = [new_code_cell(source, metadata={"tags": [*tags]}) for source in sources]
    nbformat.write(new_notebook(cells=[new_markdown_cell("Read me."), *cells]), path)
    return path


@pytest.fixture
def made(monkeypatch):
    """Stand in for the provenance, which would import torch."""
    monkeypatch.setattr(execute, "made_with", lambda: {"data": "60000/10000"})


@pytest.mark.usefixtures("made")
def test_execute_stores_what_is_printed_and_nothing_else(tmp_path, capsys):
    path = save(
        tmp_path / "01_try.ipynb",
        "import os, sys; print(os.getcwd()); print('bar', file=sys.stderr)",
        "import d2l_lite; print(d2l_lite.__file__ is not None)",
    )
    before = nbformat.read(path, as_version=4)
    execute.execute(path)
    after = nbformat.read(path, as_version=4)
    _, first, second = after.cells
    assert [output.text for output in first.outputs] == [f"{tmp_path}\n"]
    assert [output.text for output in second.outputs] == ["True\n"]
    assert [first.execution_count, second.execution_count] == [1, 2]
    assert [cell.id for cell in after.cells] == [cell.id for cell in before.cells]
    assert "execution" not in first.metadata
    assert after.metadata.kernelspec.name == "python3"
    assert "version" not in after.metadata.language_info
    assert after.metadata.made == {"data": "60000/10000"}
    assert "01_try: cell 2/3" in capsys.readouterr().out
    assert [file.name for file in tmp_path.iterdir()] == ["01_try.ipynb"]


@pytest.mark.usefixtures("made")
def test_execute_leaves_a_notebook_with_an_error_alone(tmp_path):
    path = save(tmp_path / "01_try.ipynb", "print(1)", "1 / 0")
    before = path.read_bytes()
    with pytest.raises(CellExecutionError, match=r"1 / 0(.|\n)*ZeroDivisionError"):
        execute.execute(path)
    assert path.read_bytes() == before


@pytest.mark.usefixtures("made")
def test_execute_stores_an_error_that_is_meant_without_folders(tmp_path):
    source = "import json; json.loads('}')\n"
    path = save(tmp_path / "09_try.ipynb", source, tags=("raises-exception",))
    execute.execute(path)
    (output,) = nbformat.read(path, as_version=4).cells[1].outputs
    assert output.ename == "JSONDecodeError"


@pytest.mark.parametrize(
    "path", [f"{ROOT}/d2l_lite/nets.py", "/tmp/venv/lib/site-packages/d2l_lite/nets.py"]
)
def test_short_paths(path):
    assert execute.short_paths(f"File {path}:3") == "File d2l_lite/nets.py:3"


def test_execute_refuses_part_of_the_data(monkeypatch):
    monkeypatch.setenv("D2L_LITE_DATA", str(SAMPLE))
    monkeypatch.setattr(sys, "argv", ["execute.py"])
    with pytest.raises(SystemExit, match="not the whole set"):
        execute.main()


def test_provenance_names_the_device_and_the_data():
    made = execute.made_with()
    assert made["data"] == "60000/10000"
    assert set(made) == {"date", "device", "precision", "torch", "python", "data"}
