"""Records carry their birth certificate, and what shows them says what they say."""

import json
import re
from pathlib import Path

import nbformat
import pytest

from d2l_lite import load_record
from d2l_lite.data import SAMPLE, SWITCH
from d2l_lite.runs import RECORDS
from results import record as recorder
from results.experiments import EXPERIMENTS
from tools.compare import read_spreads

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
NAMES = sorted(path.stem for path in RECORDS.glob("*.json"))
LAST_LINE = re.compile(r"loss (\S+), train acc (\S+), test acc (\S+)")


@pytest.mark.parametrize("name", NAMES)
def test_a_record_says_what_was_run_and_how(name):
    content = json.loads((RECORDS / f"{name}.json").read_text())
    head = recorder.describe(name)
    assert {key: content[key] for key in ("name", "net", "recipe")} == {
        key: head[key] for key in ("name", "net", "recipe")
    }
    seeds = [run["seed"] for run in content["runs"]]
    assert seeds == sorted(set(seeds)) and seeds


@pytest.mark.parametrize("name", NAMES)
def test_a_record_says_where_when_and_with_what(name):
    epochs = EXPERIMENTS[name].num_epochs
    for run in load_record(name).runs:
        for key in ("train_loss", "train_acc", "test_loss", "test_acc", "seconds"):
            assert len(getattr(run, key)) == epochs
        assert run.made["device"] and run.made["precision"] and run.made["torch"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", run.made["date"])
        assert re.fullmatch(r"[0-9a-f]{40}", run.made["commit"])
        assert re.fullmatch(r"[0-9a-f]{64}", run.made["code"])


@pytest.mark.parametrize("name", NAMES)
def test_accuracies_are_counts_of_whole_images(name):
    for run in load_record(name).runs:
        for images, values in (60_000, run.train_acc), (10_000, run.test_acc):
            for value in values:
                assert value * images == pytest.approx(round(value * images), abs=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_the_code_still_computes_what_was_recorded(name, monkeypatch):
    monkeypatch.setenv(SWITCH, str(SAMPLE))  # it begins with the same images
    now = recorder.fingerprint(EXPERIMENTS[name])
    for run in load_record(name).runs:
        assert now == pytest.approx(run.made["fingerprint"], rel=1e-3)


def shown_last_line(notebook: str) -> tuple[float, ...]:
    """The numbers of the last line that a chapter's training cell printed."""
    cells = nbformat.read(NOTEBOOKS / f"{notebook}.ipynb", as_version=4).cells
    cells = [cell for cell in cells if "train" in cell.metadata.get("tags", [])]
    for output in (output for cell in cells for output in cell.outputs):
        if found := LAST_LINE.search(output.get("text", "")):
            return tuple(map(float, found.groups()))
    raise AssertionError(f"{notebook} shows no last line")


CHAPTERS = [
    ("01_fashion_mnist", "linear"),
    ("02_lenet", "lenet"),
    ("04_alexnet", "alexnet"),
]


@pytest.mark.parametrize(("notebook", "name"), CHAPTERS)
def test_a_chapters_last_line_lies_where_the_records_put_it(notebook, name):
    shown = shown_last_line(notebook)
    lines = [LAST_LINE.search(str(run)).groups() for run in load_record(name).runs]
    if shown in [tuple(map(float, line)) for line in lines]:
        return
    spreads = read_spreads(RECORDS / f"{name}.json")
    for value, (key, spread) in zip(shown, spreads.items()):
        assert spread.holds(value), f"{key} {value} is outside the recorded range"


@pytest.mark.parametrize(("notebook", "name"), CHAPTERS)
def test_a_chapters_recipe_is_the_recorded_one(notebook, name):
    cells = nbformat.read(NOTEBOOKS / f"{notebook}.ipynb", as_version=4).cells
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    experiment = EXPERIMENTS[name]
    assert f"lr, num_epochs = {experiment.lr}, {experiment.num_epochs}" in code
    assert f"batch_size={experiment.batch_size}" in code
    if experiment.resize:
        assert f"resize={experiment.resize}" in code


def test_the_sample_is_not_recorded():
    with pytest.raises(SystemExit, match="not the whole set"):
        recorder.check_whole_data(SAMPLE)


def test_changed_code_is_not_recorded(monkeypatch):
    class Dirty:
        stdout = " M d2l_lite/train.py"

    monkeypatch.setattr(recorder.subprocess, "run", lambda *_, **__: Dirty)
    with pytest.raises(SystemExit, match="commit your changes first"):
        recorder.clean_commit()


def test_a_seed_that_is_there_is_left_alone(monkeypatch):
    def never(*_, **__):
        raise AssertionError("it was trained again")

    monkeypatch.setattr(recorder, "train_image_classifier", never)
    before = (RECORDS / "linear.json").read_bytes()
    recorder.record("linear", 0, commit="")
    assert (RECORDS / "linear.json").read_bytes() == before


def test_another_recipe_is_not_mixed_in(tmp_path, monkeypatch):
    content = json.loads((RECORDS / "linear.json").read_text())
    content["recipe"]["lr"] = 0.5
    (tmp_path / "linear.json").write_text(json.dumps(content))
    monkeypatch.setattr(recorder, "HERE", tmp_path)
    with pytest.raises(SystemExit, match="another recipe"):
        recorder.record("linear", 0, commit="")


def test_an_unknown_record_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="lenet"):
        load_record("resnet")
