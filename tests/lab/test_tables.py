"""The README's tables are the ones that the records give."""

import json
import re
from fnmatch import fnmatch

import pytest

from d2l_lite.lab import verdicts
from d2l_lite.lab.records import RECORDS
from d2l_lite.lab.rule import Contrast, Trial
from d2l_lite.lab.tables.results import answer
from experiments.tables import README, SPEED, STATUS, speed_table, status, tables

TABLES = tables()


def decided(difference, p=0.001):
    """Two contrasts, five seeds against ten, as a trial has them."""
    contrast = Contrast((10, 5), difference, 0.002, 9.0, p, p)
    return contrast, contrast


@pytest.mark.parametrize("name", TABLES)
def test_the_readme_holds_the_tables_of_the_records(name):
    marks = re.compile(rf"<!-- {name} -->\n(.*?)<!-- /{name} -->", re.DOTALL)
    block = marks.search(README.read_text("utf-8"))
    assert block is not None, f"README.md has lost its <!-- {name} --> marks"
    assert block.group(1) == TABLES[name], "run `python -m experiments.tables`"


def test_the_status_page_holds_the_table_of_the_records():
    (table,) = status().values()
    page = STATUS.read_text("utf-8")
    assert f"<!-- status -->\n{table}<!-- /status -->" in page, (
        "run `python -m experiments.tables`"
    )


def test_the_status_names_every_record():
    (table,) = status().values()
    named = set(re.findall(r"\(`([\w/*-]+)`\)", table))
    kept = {
        path.relative_to(RECORDS).with_suffix("").as_posix()
        for path in RECORDS.rglob("*.json")
        if re.search(r'"date": *"2', path.read_text("utf-8"))
    }
    missing = {one for one in kept if not any(fnmatch(one, name) for name in named)}
    assert missing == {"edition2/figure-accuracy"}  # its numbers stand in a caption


def test_changed_answers_change_the_tables_and_the_verdict(monkeypatch):
    true = verdicts.Records.right

    def wrong(records, name, *arguments, **options):
        right = true(records, name, *arguments, **options)
        return ~right if name == "relu" else right

    monkeypatch.setattr(verdicts.Records, "right", wrong)
    changed = tables()
    before, after = (table["steps"].splitlines() for table in (TABLES, changed))
    assert before[3] != after[3]
    assert before[2].endswith("| helps |") and after[2].endswith("| hurts |")
    assert changed["nets"] != TABLES["nets"] and changed["lenets"] == TABLES["lenets"]


@pytest.mark.parametrize(
    ("trial", "words"),
    [
        (Trial(), "Not run yet."),
        (Trial(6, decided(+0.02)), "Better trained, AlexNet wins. Points after 6"),
        (Trial(10, decided(-0.02)), "Better trained, it still loses"),
        (Trial(10, decided(0.001, p=0.5)), "Many more parameters, less than a point"),
        (Trial(3, decided(0.001, p=0.5)), "Two repaired nets, no winner yet"),
    ],
)
def test_the_answer_has_the_ending_that_the_trial_comes_to(trial, words):
    assert answer(trial, ("tuned", "width")).startswith(words)


def test_where_the_opponents_differ_the_answer_says_so():
    (ahead,), (equal,) = decided(0.05)[:1], decided(0.0, p=0.9)[:1]
    said = answer(Trial(10, (ahead, equal)), ("tuned", "width"))
    assert said.startswith("Two repaired nets, no winner yet.")
    assert "LeNet (tuned) (ahead after 10 epochs)" in said


def test_a_changed_measurement_changes_the_table(tmp_path):
    content = json.loads((SPEED / "cpu.json").read_text("utf-8"))
    for pair in content["pairs"]:
        pair["ratios"] = [ratio / 2 for ratio in pair["ratios"]]
    path = tmp_path / "cpu.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    changed = speed_table(path).splitlines()
    before = speed_table(SPEED / "cpu.json").splitlines()
    pairs = range(2, 2 + len(content["pairs"]))
    assert all(changed[n] != before[n] for n in pairs)


def test_a_speed_names_its_machine_and_its_commit_and_has_all_rounds():
    for path in SPEED.glob("*.json"):
        content = json.loads(path.read_text("utf-8"))
        assert re.fullmatch("[0-9a-f]{40}", content["made"]["commit"])
        for key in "device", "precision", "torch", "date":
            assert content["made"][key]
        assert content["rounds"] >= 5
        for pair in content["pairs"]:
            assert len(pair["ours"]) == len(pair["theirs"]) == content["rounds"]
            for ratio, one, two in zip(pair["ratios"], pair["ours"], pair["theirs"]):
                assert ratio == pytest.approx(two / one)
