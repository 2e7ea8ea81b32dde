"""Write the table of results into README.md: `python -m results.table`."""

import re
from pathlib import Path
from statistics import median

from d2l_lite.runs import RECORDS, Record, load_record

README = Path(__file__).parent.parent / "README.md"
BLOCK = re.compile(r"(<!-- results -->\n).*?(<!-- /results -->)", re.DOTALL)
HEAD = "| net | recipe | seeds | test accuracy | seconds a run | machine |"


def row(record: Record) -> str:
    """One line of the table."""
    recipe, made = record.recipe, record.runs[-1].made
    values = record.last("test_acc")
    accuracy = f"{median(values):.4f}"
    if len(values) > 1:
        accuracy = f"median {accuracy}, {min(values):.4f} to {max(values):.4f}"
    seconds = median(sum(run.seconds) for run in record.runs)
    return (
        f"| {record.net} | {recipe['resize'] or 28} px, batch {recipe['batch_size']}, "
        f"Adam {recipe['lr']}, {recipe['num_epochs']} epochs | {len(values)} "
        f"| {accuracy} | {seconds:,.0f} | {made['device']}, {made['precision']} |"
    )


def table() -> str:
    """The table of all records, from the smallest net to the largest."""
    names = sorted(path.stem for path in RECORDS.glob("*.json"))
    order = {"linear": 0, "dense": 1, "lenet": 2, "alexnet": 3}
    rows = [
        row(load_record(name))
        for name in sorted(names, key=lambda name: order.get(name, 9))
    ]
    return "\n".join([HEAD, "|---" * HEAD[1:].count("|") + "|", *rows]) + "\n"


def main() -> None:
    """Put the table between its two marks."""
    README.write_text(BLOCK.sub(rf"\g<1>{table()}\g<2>", README.read_text()))


if __name__ == "__main__":
    main()
