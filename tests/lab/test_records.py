"""Records carry their birth certificate, and what shows them says what they say."""

import json
import re
from dataclasses import replace
from pathlib import Path
from statistics import stdev

import jsonschema
import nbformat
import numpy as np
import pytest
import torch

from d2l_lite import evaluate, lenet, load_data_fashion_mnist
from d2l_lite.data import DATA_ENV, SAMPLE
from d2l_lite.lab import load_record
from d2l_lite.lab.records import RECORDS
from d2l_lite.runs import Run
from experiments import record as recorder
from experiments.chapter_recipes import EXPERIMENTS

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
NAMES = sorted(path.stem for path in RECORDS.glob("*.json"))
SHALLOW = not recorder.knows_its_history()
LAST_LINE = re.compile(r"loss (\S+), train acc (\S+), test acc (\S+)")


@pytest.mark.parametrize("name", NAMES)
def test_a_record_says_what_was_run_and_how(name):
    content = json.loads((RECORDS / f"{name}.json").read_text("utf-8"))
    head = recorder.describe(name)
    assert {key: content[key] for key in ("name", "net", "recipe")} == {
        key: head[key] for key in ("name", "net", "recipe")
    }
    seeds = [run["seed"] for run in content["runs"]]
    assert seeds == sorted(set(seeds)) and seeds


def read(name: str) -> dict:
    """The content of a record."""
    return json.loads((RECORDS / f"{name}.json").read_text("utf-8"))


def schema() -> dict:
    """The schema of all records."""
    return json.loads(recorder.SCHEMA.read_text("utf-8"))


@pytest.mark.parametrize("name", NAMES)
def test_a_record_keeps_to_the_schema_and_has_a_number_an_epoch(name):
    jsonschema.validate(read(name), schema())
    for run in load_record(name).runs:
        for key in ("train_loss", "train_acc", "test_loss", "test_acc", "seconds"):
            assert len(getattr(run, key)) == EXPERIMENTS[name].num_epochs


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(schema())


def without(*path: str):
    """Return a change that takes one field out of a record's first run."""

    def change(content):
        place = content["runs"][0]
        for key in path[:-1]:
            place = place[key]
        del place[path[-1]]

    return change


MADE = sorted(read("linear")["runs"][0]["made"])


@pytest.mark.parametrize(
    "change",
    [
        *(without("made", key) for key in MADE),
        *(without(key) for key in ("seed", "made", "train_loss", "test_acc")),
        lambda content: content["runs"][0]["made"].update(commit="main"),
        lambda content: content["runs"][0]["made"].update(date="today"),
        lambda content: content["runs"][0]["test_acc"].append(87.5),
        lambda content: content["recipe"].pop("split"),
        lambda content: content["runs"].clear(),
        lambda content: content.update(note="typed by hand"),
    ],
)
def test_a_record_without_provenance_or_with_another_form_is_refused(change):
    content = read("linear")
    change(content)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(content, schema())


@pytest.mark.skipif(SHALLOW, reason="needs the history of the repository")
@pytest.mark.parametrize("name", NAMES)
def test_the_code_of_a_record_is_that_of_its_commit(name):
    pairs = {(run.made["commit"], run.made["code"]) for run in load_record(name).runs}
    assert pairs
    for commit, code in pairs:
        assert recorder.code_at(commit) == code


@pytest.mark.parametrize("name", NAMES)
def test_accuracies_are_counts_of_whole_images(name):
    for run in load_record(name).runs:
        for images, values in (60_000, run.train_acc), (10_000, run.test_acc):
            for value in values:
                assert value * images == pytest.approx(round(value * images), abs=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_the_code_still_computes_what_was_recorded(name, monkeypatch):
    monkeypatch.setenv(DATA_ENV, str(SAMPLE))  # it begins with the same images
    now = recorder.fingerprint(EXPERIMENTS[name])
    for run in load_record(name).runs:
        assert now == pytest.approx(run.made["fingerprint"], rel=1e-3)


def shown_last_lines(notebook: str) -> list[tuple[float, ...]]:
    """The numbers of the last line that each training of a chapter printed."""
    cells = nbformat.read(NOTEBOOKS / f"{notebook}.ipynb", as_version=4).cells
    cells = [cell for cell in cells if "train" in cell.metadata.get("tags", [])]
    texts = [o.get("text", "") for cell in cells for o in cell.outputs]
    found = [match.groups() for text in texts for match in LAST_LINE.finditer(text)]
    return [tuple(map(float, numbers)) for numbers in found]


CHAPTERS = [
    ("01_fashion_mnist", "linear"),
    ("02_lenet", "lenet"),
    ("04_alexnet", "alexnet"),
]


@pytest.mark.parametrize(("notebook", "name"), [*CHAPTERS, ("02_lenet", "dense")])
def test_a_chapters_last_line_lies_where_the_records_put_it(notebook, name):
    shown = shown_last_lines(notebook)[1 if name == "dense" else 0]
    lines = [LAST_LINE.search(str(run)).groups() for run in load_record(name).runs]
    if shown in [tuple(map(float, line)) for line in lines]:
        return
    for value, key in zip(shown, ("train_loss", "train_acc", "test_acc")):
        low, high = recorded_range(name, key)
        assert low <= value <= high, f"{key} {value} is outside the recorded range"


def recorded_range(name: str, key: str) -> tuple[float, float]:
    """Where one more training may end: the recorded runs, and two deviations more.

    Runs that ended at a constant answer, one in ten, are left out: one of them would
    stretch the range until it held any result.
    """
    runs = [run for run in load_record(name).runs if run.train_acc[-1] > 0.11]
    last = [getattr(run, key)[-1] for run in runs]
    margin = 2 * stdev(last) if len(last) > 1 else 0
    return min(last) - margin, max(last) + margin


def test_the_recorded_range_holds_what_one_more_run_may_reach_and_no_more():
    low, high = recorded_range("lenet", "test_acc")
    assert 0.75 < low < 0.85 < 0.89 < high < 0.95


@pytest.mark.parametrize(("notebook", "name"), CHAPTERS)
def test_a_chapters_recipe_is_the_recorded_one(notebook, name):
    cells = nbformat.read(NOTEBOOKS / f"{notebook}.ipynb", as_version=4).cells
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    experiment = EXPERIMENTS[name]
    assert f"lr, num_epochs = {experiment.lr}, {experiment.num_epochs}" in code
    assert f"batch_size={experiment.batch_size}" in code
    if experiment.resize:
        assert f"resize={experiment.resize}" in code


@pytest.mark.parametrize("folder", [SAMPLE, SAMPLE.parent])
def test_the_sample_is_not_recorded(folder, monkeypatch):
    monkeypatch.setenv(DATA_ENV, str(folder))
    with pytest.raises(SystemExit, match="not the whole set"):
        recorder.whole_data()


def test_changed_code_is_not_recorded(monkeypatch):
    class Dirty:
        stdout = " M d2l_lite/train.py"

    monkeypatch.setattr(recorder.subprocess, "run", lambda *_, **__: Dirty)
    with pytest.raises(SystemExit, match="commit your changes first"):
        recorder.clean_commit()


@pytest.fixture
def recorded(tmp_path, monkeypatch):
    """Return a function that records a seed in an empty folder, in one short epoch."""
    monkeypatch.setenv(DATA_ENV, str(SAMPLE))
    monkeypatch.setattr(recorder, "RESULTS", tmp_path)
    short = replace(EXPERIMENTS["lenet"], num_epochs=1, weights_of=7)
    monkeypatch.setitem(EXPERIMENTS, "lenet", short)

    def record(seed):
        recorder.record("lenet", seed, "a" * 40)
        return json.loads((tmp_path / "lenet.json").read_text("utf-8"))

    return record


def test_the_recorder_writes_what_the_schema_asks_for(recorded, tmp_path):
    recorded(5)
    content = recorded(3)
    jsonschema.validate(content, schema())
    assert [run["seed"] for run in content["runs"]] == [3, 5]
    assert not (tmp_path / "lenet.npz").exists()  # neither seed is to be kept
    assert not list(tmp_path.glob("*.part"))


def test_the_first_weights_are_those_of_the_seed(recorded, monkeypatch):
    seen, original = [], recorder.train_image_classifier

    def spy(net, *args, **kwargs):
        seen.append([p.detach().clone() for p in net.parameters()])
        return original(net, *args, **kwargs)

    monkeypatch.setattr(recorder, "train_image_classifier", spy)
    torch.manual_seed(99)
    recorded(3)
    torch.manual_seed(3)
    (weights,) = seen
    assert all(map(torch.equal, weights, lenet().parameters()))


def test_a_record_without_its_provenance_is_not_written(
    recorded, monkeypatch, tmp_path
):
    monkeypatch.setattr(recorder, "code_hash", lambda: "unknown")
    with pytest.raises(jsonschema.ValidationError):
        recorded(3)
    assert not (tmp_path / "lenet.json").exists()


def test_weights_are_kept_with_the_record_and_only_of_the_recorded_run(
    recorded, tmp_path
):
    content = recorded(7)
    weights = tmp_path / "lenet.npz"
    assert weights.stat().st_size < 130_000
    kept = {key: torch.from_numpy(value) for key, value in np.load(weights).items()}
    state = torch.load(tmp_path / "checkpoints" / "lenet-7.pt", weights_only=True)
    assert kept.keys() == state["net"].keys()
    for key, value in kept.items():
        assert torch.equal(value, state["net"][key].half())
    weights.unlink()
    recorded(7)
    assert weights.exists()
    content["runs"][0]["test_acc"][0] += 0.01
    (tmp_path / "lenet.json").write_text(json.dumps(content), encoding="utf-8")
    weights.unlink()
    with pytest.raises(SystemExit, match="goes another way"):
        recorded(7)
    assert not weights.exists()


def test_the_kept_lenet_is_the_recorded_one(monkeypatch):
    monkeypatch.setenv(DATA_ENV, str(SAMPLE))
    net = lenet()
    weights = np.load(RECORDS / "lenet.npz")
    net.load_state_dict(
        {key: torch.from_numpy(value).float() for key, value in weights.items()}
    )
    _, test_iter = load_data_fashion_mnist(250, device=torch.device("cpu"))
    (run,) = [
        run
        for run in load_record("lenet").runs
        if run.settings["seed"] == EXPERIMENTS["lenet"].weights_of
    ]
    # On 500 of the 10,000 images; four standard errors of such a share.
    share = run.test_acc[-1]
    allowed = 4 * (share * (1 - share) / 500) ** 0.5
    assert evaluate(net, test_iter)[1] == pytest.approx(share, abs=allowed)


def test_without_git_the_commit_is_told(monkeypatch):
    def missing(*_, **__):
        raise FileNotFoundError("git")

    monkeypatch.setattr(recorder.subprocess, "run", missing)
    assert recorder.clean_commit("a" * 40) == "a" * 40
    for told in None, "main":
        with pytest.raises(SystemExit, match="no git here: name the whole commit"):
            recorder.clean_commit(told)


def test_a_seed_that_is_there_is_left_alone(monkeypatch):
    def never(*_, **__):
        raise AssertionError("it was trained again")

    monkeypatch.setattr(recorder, "train_image_classifier", never)
    before = (RECORDS / "linear.json").read_bytes()
    recorder.record("linear", 0, commit="")
    assert (RECORDS / "linear.json").read_bytes() == before


def test_another_recipe_is_not_mixed_in(tmp_path, monkeypatch):
    content = json.loads((RECORDS / "linear.json").read_text("utf-8"))
    content["recipe"]["lr"] = 0.5
    (tmp_path / "linear.json").write_text(json.dumps(content), encoding="utf-8")
    monkeypatch.setattr(recorder, "RESULTS", tmp_path)
    with pytest.raises(SystemExit, match="another recipe"):
        recorder.record("linear", 0, commit="")


def test_an_unknown_record_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="lenet"):
        load_record("resnet")


# ------------------------------------------------------------------- a reader's run


def a_run(**other):
    """A run of a reader: two epochs of LeNet at the record's rate."""
    made = load_record("lenet").runs[-1].made
    settings = {"lr": 0.01, "num_epochs": 2, "seed": 7}
    run = Run(settings, {k: made[k] for k in ("device", "precision", "torch", "date")})
    run.add_epoch(1.5, 0.4, 0.9, 0.7, 3.0)
    run.add_epoch(0.6, 0.75, 0.6, other.pop("last", 0.75), 3.0)
    run.made |= other
    return run


def test_a_run_is_placed_among_the_recorded_seeds(capsys):
    record = load_record("lenet")
    second = [run.test_acc[1] for run in record.runs]
    record.place(a_run(last=sorted(second)[-1] + 0.001))
    record.place(a_run(last=0.09))
    record.place(a_run(device="a GPU"))
    lines = capsys.readouterr().out.splitlines()
    assert "above 10 of 10 recorded seeds" in lines[0] and "after 2 epochs" in lines[0]
    assert lines[1] == "same device, number type and learning rate"
    assert "above 0 of 10" in lines[2]
    assert lines[5].startswith("another device: a GPU, not ")


def test_another_rate_is_said(capsys):
    run = a_run()
    run.settings["lr"] = 0.1
    load_record("lenet").place(run)
    assert "another learning rate: 0.1, not 0.01" in capsys.readouterr().out


def test_a_placed_run_is_written_as_a_record(tmp_path):
    path = tmp_path / "mine.json"
    load_record("lenet").place(a_run(), save=path)
    content = json.loads(path.read_text("utf-8"))
    jsonschema.validate(content, schema())
    assert content["recipe"]["num_epochs"] == 2 and content["runs"][0]["seed"] == 7
    with pytest.raises(ValueError, match="there already"):
        load_record("lenet").place(a_run(), save=path)


def test_what_cannot_be_placed_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no epoch"):
        load_record("lenet").place(Run({"lr": 0.01, "seed": None}, {}))
    run = a_run()
    run.settings["seed"] = None
    with pytest.raises(ValueError, match="train with seed"):
        load_record("lenet").place(run, save=tmp_path / "mine.json")
