"""The README's tables are the ones that the records give."""

import json
import re

import pytest

from d2l_lite.lab import load_record
from experiments import tables as results_table
from experiments.tables import README, SPEED, ladder_table, row, speed_table, table

TABLES = {
    "results": table(),
    "ladder": ladder_table(),
    "speed": speed_table(SPEED / "cpu.json"),
}


@pytest.mark.parametrize("name", TABLES)
def test_the_readme_holds_the_tables_of_the_records(name):
    marks = re.compile(rf"<!-- {name} -->\n(.*?)<!-- /{name} -->", re.DOTALL)
    block = marks.search(README.read_text("utf-8"))
    assert block is not None, f"README.md has lost its <!-- {name} --> marks"
    assert block.group(1) == TABLES[name], "run `python -m experiments.tables`"


def test_a_changed_record_changes_the_table():
    record = load_record("linear")
    before = row(record)
    for run in record.runs:
        run.test_acc[-1] -= 0.1
    assert row(record) != before


def test_a_changed_rung_changes_its_row_and_its_verdict(monkeypatch):
    before = ladder_table().splitlines()
    true = results_table.accuracies
    worse = {seed: acc - 0.2 for seed, acc in true("relu").items()}
    monkeypatch.setattr(
        results_table,
        "accuracies",
        lambda name: worse if name == "relu" else true(name),
    )
    after = ladder_table().splitlines()
    assert [one != two for one, two in zip(before, after)][:5] == [
        False, False, False, True, True
    ]  # fmt: skip
    assert before[3].endswith("| helps |") and after[3].endswith("| hurts |")


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
