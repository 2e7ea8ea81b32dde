"""The ledger's verdicts are computed, by one rule, from records."""

import json
import re
from pathlib import Path

import pytest

from d2l_lite.lab import claims as ledger
from d2l_lite.lab import evidence, load_record
from d2l_lite.lab.claims import MEASURES, Claim, judge_claims, measured
from d2l_lite.lab.evidence import Comparison
from d2l_lite.lab.records import RECORDS
from experiments.chapter_recipes import EXPERIMENTS

ROOT = Path(__file__).resolve().parents[2]
ROWS = json.loads((ROOT / "results" / "edition1" / "claims.json").read_text("utf-8"))
OLD = {path.stem for path in (RECORDS / "edition1" / "ladder").glob("*.json")}
SOURCES = set(
    re.findall(
        r"^@\w+\{(\w+),", (ROOT / "book" / "references.bib").read_text("utf-8"), re.M
    )
)


def test_the_ledger_is_long_and_each_claim_is_there_once():
    assert len(ROWS) >= 20
    assert len({row["id"] for row in ROWS}) == len(ROWS)
    pairs = [(row["before"], row["after"]) for row in ROWS if row["before"]]
    assert len(set(pairs)) == len(pairs)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_a_claim_names_its_source_and_things_that_are_in_the_plan(row):
    assert row["source"] in SOURCES | {"often said"}
    assert row["says"] in ("more", "less", "no more")
    assert row["sentence"].endswith(".") and row["decide"]
    for thing in filter(None, (row["before"], row["after"])):
        measure, _, name = thing.partition(":")
        assert measure in MEASURES
        assert name.partition("@")[0] in (EXPERIMENTS if measure == "record" else OLD)


@pytest.mark.parametrize(
    ("found", "says", "verdict"),
    [
        ("helps", "more", "holds here"),
        ("helps", "less", "reversed here"),
        ("hurts", "more", "reversed here"),
        ("hurts", "less", "holds here"),
        ("helps", "no more", "reversed here"),
        ("hurts", "no more", "holds here"),
        ("undecided", "more", "undecided"),
        ("undecided", "less", "undecided"),
        ("undecided", "no more", "undecided"),
    ],
)
def test_a_verdict_follows_from_what_was_found_and_what_is_said(found, says, verdict):
    difference = -0.1 if found == "hurts" else 0.1
    p = 0.9 if found == "undecided" else 0.001
    comparison = Comparison("a", 10, difference, 0.0, 0.0, p)
    assert comparison.verdict == found
    claim = Claim("a", "A.", "often said", "", "", says, "x", comparison)
    assert claim.verdict == verdict


@pytest.fixture
def rungs(tmp_path, monkeypatch):
    """Return a function that writes the record of a rung to an empty folder."""
    for module in evidence, ledger:
        monkeypatch.setattr(module, "RECORDS", tmp_path)
    (tmp_path / "edition1" / "ladder").mkdir(parents=True)

    def write(name, **lists):
        n = len(next(iter(lists.values())))
        lists = {"val_acc": [[0.5, 0.9]] * n, "lr": [0.01] * n} | lists
        runs = [
            {"phase": "final", "seed": seed, "lr": lists["lr"][seed],
             "val_acc": lists["val_acc"][seed], "train_acc": [0.5, 0.95],
             "seconds": [2.0, 3.0]}
            for seed in range(n)
        ]  # fmt: skip
        grid = [runs[0] | {"phase": "grid", "seed": 100, "val_acc": [0.0, 0.0]}]
        tests = [
            {"seed": s, "test_acc": a} for s, a in enumerate(lists.get("test", []))
        ]
        content = {"runs": grid + runs, "tests": tests}
        (tmp_path / "edition1" / "ladder" / f"{name}.json").write_text(
            json.dumps(content), encoding="utf-8"
        )

    return write


def test_a_measure_is_taken_of_each_final_training(rungs):
    rungs("relu", val_acc=[[0.5, 0.9], [0.6, 0.8]], test=[0.7, 0.75])
    assert measured("test:relu") == {0: 0.7, 1: 0.75}
    assert measured("final:relu") == {0: 0.9, 1: 0.8}
    assert measured("first epoch:relu") == {0: 0.5, 1: 0.6}
    assert measured("gap:relu") == pytest.approx({0: 0.05, 1: 0.15})
    assert measured("left:relu") == {0: 0.2, 1: 0.2}


def test_a_rate_picks_its_trainings(rungs):
    rungs("deep", lr=[0.1, 0.01], val_acc=[[0.2, 0.3], [0.2, 0.4]])
    assert measured("final:deep@0.01") == {1: 0.4}


def test_a_record_gives_its_last_test_accuracies():
    runs = load_record("linear").runs
    expected = {run.settings["seed"]: run.test_acc[-1] for run in runs}
    assert measured("record:linear") == expected


def test_a_training_that_failed_counts_as_nought(rungs, tmp_path):
    rungs("relu", val_acc=[[0.5, 0.9], [0.6, 0.8]])
    path = tmp_path / "edition1" / "ladder" / "relu.json"
    content = json.loads(path.read_text("utf-8"))
    content["runs"][1] |= {"failure": "the loss is nan", "val_acc": []}
    path.write_text(json.dumps(content), encoding="utf-8")
    assert measured("final:relu") == {0: 0.0, 1: 0.8}


def test_a_damaged_record_is_not_passed_over(rungs, tmp_path):
    (tmp_path / "edition1" / "ladder" / "relu.json").write_text("{", encoding="utf-8")
    with pytest.raises(json.JSONDecodeError):
        measured("test:relu")


def test_what_is_not_measured_is_undecided(rungs, tmp_path):
    rungs("lenet", test=[0.8, 0.81, 0.82, 0.83, 0.84])
    row = {"id": "a", "sentence": "A.", "source": "often said", "says": "more",
           "decide": "x", "before": "test:lenet", "after": "test:relu"}  # fmt: skip
    path = tmp_path / "edition1" / "claims.json"
    path.write_text(
        json.dumps([row, row | {"before": "", "after": ""}]), encoding="utf-8"
    )
    for claim in judge_claims():
        assert (claim.comparison.n, claim.verdict) == (0, "undecided")


def test_a_tampered_record_changes_a_verdict(rungs, tmp_path):
    row = {"id": "a", "sentence": "A.", "source": "often said", "says": "more",
           "decide": "x", "before": "test:lenet", "after": "test:relu"}  # fmt: skip
    (tmp_path / "edition1" / "claims.json").write_text(
        json.dumps([row]), encoding="utf-8"
    )
    rungs("lenet", test=[0.80, 0.82, 0.79, 0.83, 0.81])
    for accuracies, verdict in [
        ([0.85, 0.86, 0.85, 0.86, 0.87], "holds here"),
        ([0.75, 0.76, 0.75, 0.76, 0.77], "reversed here"),
        ([0.75, 0.86, 0.75, 0.86, 0.87], "undecided"),
    ]:
        rungs("relu", test=accuracies)
        (claim,) = judge_claims()
        assert claim.verdict == verdict
