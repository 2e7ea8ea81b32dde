"""Runs and records: what they hold, what they say, and how one is written."""

import json
import os
import re
import sys
from dataclasses import asdict
from pathlib import Path
from statistics import median

import pytest

from d2l_lite.data import DATA_ENV, SAMPLE
from d2l_lite.lab import load_record
from d2l_lite.lab.records import Record
from d2l_lite.runs import Run
from experiments import record as recorder
from tests.notebooks.cut_data import cut

ROOT = Path(__file__).resolve().parents[2]
MADE = {"device": "an abacus, 10 rods", "precision": "float32", "date": "2026-01-02"}


def make_run(*test_acc, seed=0):
    """A run of as many epochs as there are accuracies."""
    n = len(test_acc)
    return Run(
        {"seed": seed}, MADE, [0.4567] * n, [0.1234567] * n, [0.5] * n, [*test_acc]
    )


def make_record(*runs):
    return Record("try", "TryNet", {"num_epochs": len(runs[0].test_acc)}, [*runs])


@pytest.fixture
def records(tmp_path, monkeypatch):
    """An empty folder that stands in for results/."""
    folder = tmp_path / "results"
    folder.mkdir()
    monkeypatch.setattr(sys.modules["d2l_lite.lab.records"], "RECORDS", folder)
    return folder


# --------------------------------------------------------------------------- runs


def test_a_run_in_words_is_the_seeds_line_of_its_last_epoch():
    run = make_run(0.1, 0.8786)
    run.train_loss[-1], run.train_acc[-1] = 0.33951, 0.874833333
    assert str(run) == "loss 0.340, train acc 0.874833, test acc 0.878600"


def test_an_epoch_is_added_to_every_history():
    run = Run({}, {})
    run.step_loss += [2.0, 1.5]
    run.add_epoch(1.0, 0.2, 3.0, 0.4, 5.0)
    run.step_loss += [9.0, 1.0]
    run.add_epoch(6.0, 0.7, 8.0, 0.9, 10.0)
    assert (run.train_loss, run.train_acc) == ([1.0, 6.0], [0.2, 0.7])
    assert (run.test_loss, run.test_acc) == ([3.0, 8.0], [0.4, 0.9])
    assert run.seconds == [5.0, 10.0]
    assert run.peak_step_loss == 9.0


# ------------------------------------------------------------------------ records


def test_a_record_in_words_gives_median_range_number_and_birthplace():
    accuracies = 0.88, 0.10, 0.8712, 0.89
    words = str(make_record(*(make_run(0.5, value) for value in accuracies)))
    found = [float(word) for word in re.findall(r"0\.\d{4}", words)]
    assert found == pytest.approx([median(accuracies), 0.10, 0.89], abs=1e-4)
    for part in ("TryNet, 2 epochs", "4 seeds", MADE["device"], MADE["date"]):
        assert part in words


def test_a_record_of_one_run_claims_no_range():
    words = str(make_record(make_run(0.8765)))
    assert "0.8765" in words
    assert "1 seed:" in words
    assert not [word for word in ("median", "range", " to ") if word in words]


def test_a_record_gives_the_last_epoch_of_every_run_in_order():
    record = make_record(make_run(0.1, 0.2), make_run(0.3, 0.4))
    assert record.last("test_acc") == [0.2, 0.4]
    assert record.last("train_loss") == [0.4567, 0.4567]


@pytest.mark.parametrize("name", ["linear", "lenet", "alexnet"])
def test_a_record_is_loaded_as_its_file_has_it(name):
    record = load_record(name)
    content = json.loads((ROOT / "results" / f"{name}.json").read_text("utf-8"))
    assert (record.name, record.net) == (content["name"], content["net"])
    assert record.recipe == content["recipe"]
    for run, row in zip(record.runs, content["runs"], strict=True):
        assert run.settings == {"seed": row.pop("seed")}
        assert {key: asdict(run)[key] for key in row} == row
        assert run.step_loss == []


def test_an_unknown_record_is_refused_with_the_names_that_there_are(records):
    for name in ("beta", "alpha"):
        (records / f"{name}.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ValueError, match=r"'gamma'; there are: alpha, beta$"):
        load_record("gamma")


@pytest.mark.parametrize(
    "name", ["", "x" * 300, "../results/lenet", "schema/record", "a\0b", None, 3, ["x"]]
)
def test_no_other_name_is_looked_for_on_the_disk(name):
    with pytest.raises(ValueError, match=r"no record .*; there are: alexnet"):
        load_record(name)


WHOLE = (ROOT / "results" / "lenet.json").read_text("utf-8").rstrip()
FORMS = "[]", "3", '"x"', "{}", '{"runs": 3}', '{"runs": [3]}', '{"runs": []}'
CUTS = [WHOLE[: int(part * len(WHOLE))] for part in (0, 0.01, 0.3, 0.9, 0.999)]


@pytest.mark.parametrize("content", [*FORMS, *CUTS], ids=len)
def test_a_truncated_file_or_one_of_another_form_is_no_record(records, content):
    path = records / "lenet.json"
    path.write_text(WHOLE, encoding="utf-8")
    assert load_record("lenet").runs
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match="no whole record; fetch") as caught:
        load_record("lenet")
    assert str(path) in str(caught.value)


# ---------------------------------------------------------------------- recording


@pytest.fixture
def workshop(records, monkeypatch):
    """A recorder that works on a small folder of data and writes to `records`."""
    root = records.parent
    cut(SAMPLE, root / "data", 64, 32)
    monkeypatch.setenv(DATA_ENV, str(root / "data"))
    monkeypatch.setattr(recorder, "RESULTS", records)
    return records


def test_a_seed_is_trained_once_and_the_record_can_be_loaded(
    workshop, capsys, monkeypatch
):
    for seed in (2, 0):
        recorder.record("linear", seed, "c" * 40)
    content = (workshop / "linear.json").read_bytes()
    lines = [line for line in capsys.readouterr().out.splitlines() if line]
    record = load_record("linear")
    assert [run.settings["seed"] for run in record.runs] == [0, 2]
    assert [str(run) for run in reversed(record.runs)] == lines
    for run in record.runs:
        assert len(run.test_acc) == len(run.seconds) == record.recipe["num_epochs"]
        assert run.made["commit"] == "c" * 40
        assert run.made["code"] == recorder.code_hash()
        assert run.peak_step_loss > 2

    def never(*_, **__):
        raise AssertionError("it was trained again")

    monkeypatch.setattr(recorder, "train_image_classifier", never)
    recorder.record("linear", 2, "d" * 40)
    assert (workshop / "linear.json").read_bytes() == content
    assert not list(workshop.glob("*.part"))


def test_another_recipe_is_refused_and_the_record_stays(workshop):
    recorder.record("linear", 0, "c" * 40)
    path = workshop / "linear.json"
    path.write_text(
        path.read_text("utf-8").replace('"lr": 0.001', '"lr": 0.002'), encoding="utf-8"
    )
    before = path.read_bytes()
    with pytest.raises(SystemExit, match="another recipe"):
        recorder.record("linear", 1, "c" * 40)
    assert path.read_bytes() == before


def test_part_of_the_data_is_not_recorded(workshop, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["record", "linear"])
    with pytest.raises(SystemExit, match="is not the whole set"):
        recorder.main()
    assert not list(workshop.glob("*.json"))


def test_a_dirty_work_tree_is_refused_and_a_clean_one_named(tmp_path, monkeypatch):
    def git(*words):
        identity = ["-c", "user.name=n", "-c", "user.email=e", "-c", "gc.auto=0"]
        return recorder.subprocess.run(
            ["git", *identity, *words], cwd=tmp_path,
            check=True, capture_output=True, text=True,
        ).stdout.strip()  # fmt: skip

    for name in [key for key in os.environ if key.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(recorder, "ROOT", tmp_path)
    names = "experiments/record.py", "d2l_lite/train.py", "d2l_lite/lab/ladder.py"
    files = [tmp_path / name for name in names]
    for file in files:
        file.parent.mkdir(exist_ok=True)
        file.write_text("x = 1\n", encoding="utf-8")
    git("init", "-q")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    assert recorder.clean_commit() == git("rev-parse", "HEAD")
    (tmp_path / "results").mkdir()
    new = tmp_path / "results" / "lenet.json"  # records may be new
    new.write_text("{}", encoding="utf-8")
    assert recorder.clean_commit() == git("rev-parse", "HEAD")
    for file in files:
        file.write_text("x = 2\n", encoding="utf-8")
        with pytest.raises(
            SystemExit, match=f"commit your changes.*(.|\n)*{file.name}"
        ):
            recorder.clean_commit()
        git("checkout", "-q", ".")
