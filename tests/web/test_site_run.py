"""A chapter runs where it lands: the line under its title, its download, the wheel."""

import os
import re
import shutil
import subprocess
import venv
import zipfile

import nbformat
import pytest

from tests.notebooks.cut_data import cut
from web.build import ROOT
from web.ext.run_chapter import WHEEL

CHAPTERS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
RUN = """
import sys, nbformat
from nbclient import NotebookClient
notebook = nbformat.read(sys.argv[1], as_version=4)
NotebookClient(notebook, timeout=600, kernel_name="python3").execute()
"""


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_says_how_to_run_it(soups, site, chapter):
    fold = soups[f"notebooks/{chapter}.html"].select_one("h1 ~ details.run-chapter")
    assert fold.summary.string == "Run this chapter"
    for link in fold("a"):
        assert (site / "notebooks" / link["href"]).resolve().is_file(), link
    assert fold.pre.get_text() == f"pip install jupyterlab {WHEEL}"


def test_a_page_fills_in_its_own_address(new_page, address):
    page = new_page()
    page.goto(f"{address}notebooks/02_lenet.html")
    page.locator("summary", has_text="Run this chapter").click()
    code = page.locator("[data-wheel]")
    assert code.inner_text() == f"pip install jupyterlab {address}{WHEEL}"


def test_the_wheel_holds_helper_sample_and_records(site):
    names = zipfile.ZipFile(site / WHEEL).namelist()
    for name in (
        "d2l_lite/train.py",
        "d2l_lite/lab/rule.py",
        "d2l_lite/sample/train-images-idx3-ubyte.gz",
        "d2l_lite/results/edition2/labels.txt",
    ):
        assert name in names
    assert not [name for name in names if "__pycache__" in name]


@pytest.fixture
def first_cell(site):
    """What a reader's download adds to a chapter."""
    path = site / "_sources" / "notebooks" / f"{CHAPTERS[0]}.ipynb"
    return nbformat.read(path, as_version=4).cells[0].source


def test_a_download_says_when_its_helper_is_older(first_cell, monkeypatch):
    exec(first_cell, {})
    monkeypatch.setattr("importlib.metadata.version", lambda name: "0.9")
    with pytest.raises(ImportError, match=f"pip install .*{WHEEL}"):
        exec(first_cell, {})


@pytest.mark.nightly
def test_every_download_runs_in_an_empty_environment(site, tmp_path):
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    pip = [python, "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, site / WHEEL, "ipykernel", "nbclient"], check=True)
    cut(ROOT / "d2l_lite" / "sample", tmp_path / "data", 48, 64)
    kept = ("PATH", "HOME", "SYSTEMROOT", "APPDATA")  # Windows needs the latter
    environment = {key: os.environ[key] for key in kept if key in os.environ}
    environment |= {"D2L_LITE_DATA": str(tmp_path / "data"), "TMPDIR": str(tmp_path)}
    for chapter in CHAPTERS:
        path = site / "_sources" / "notebooks" / f"{chapter}.ipynb"
        command = [python, "-c", RUN, path]
        subprocess.run(command, cwd=tmp_path, env=environment, check=True)
    shutil.rmtree(tmp_path / "venv")  # several GB


@pytest.mark.parametrize("edition", ["", "zh/"])
def test_a_figure_stands_in_a_lecturers_page_as_its_code_was_copied(
    new_page, address, edition
):
    page = new_page()
    page.goto(f"{address}{edition}book/teach.html")
    codes = page.locator("td code").all_inner_texts()
    assert len(codes) == len(set(codes)) == 9
    lecture = new_page()
    for code in codes:
        name = re.search(r"frames/(\w+)\.html", code)[1]
        lecture.set_content(code)
        assert lecture.locator("iframe").bounding_box()["width"] > 700, name
        frame = lecture.frame_locator("iframe")
        figure = frame.locator(f"figure[data-play={name}]")
        assert figure.bounding_box()["width"] > 500, name
        assert frame.locator("html").get_attribute("lang") == (
            "zh-Hans" if edition else "en"
        )
        # Nothing to scroll before the reader's first touch; the list of claims is long.
        wide, high = frame.locator("html").evaluate(
            "(html) => [html.scrollWidth - innerWidth, html.scrollHeight - innerHeight]"
        )
        assert wide <= 0 and (high <= 0 or name == "claims"), name
    lecture.set_viewport_size({"width": 390, "height": 800})
    assert lecture.evaluate("document.documentElement.scrollWidth") <= 390
