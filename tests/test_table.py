"""The README's table of results is the one that the records give."""

from d2l_lite import load_record
from results.table import BLOCK, README, row, table


def test_the_readme_holds_the_table_of_the_records():
    block = BLOCK.search(README.read_text())
    assert block is not None, "README.md has lost its <!-- results --> marks"
    assert table() in block.group(0), "run `python -m results.table`"


def test_a_changed_record_changes_the_table():
    record = load_record("linear")
    before = row(record)
    for run in record.runs:
        run.test_acc[-1] -= 0.1
    assert row(record) != before
