"""Write the tables of README.md from the records: `python -m experiments.tables`."""

import json
import re
from pathlib import Path
from statistics import mean, median, stdev

from d2l_lite.lab.evidence import Comparison, accuracies, compare
from d2l_lite.lab.ladder import STEPS
from d2l_lite.lab.records import RECORDS, Record, load_record

README = Path(__file__).parent.parent / "README.md"
SPEED = RECORDS / "speed"
HEAD = "| net | recipe | seeds | test accuracy | seconds a run | machine |"
LADDER_HEAD = "| rung | change | seeds | accuracy, mean and sd | step | verdict |"
WAY_UP = 7  # the first of STEPS; the others are controls
SPEED_HEAD = "| what | the helper | the other | times as fast |"


def markdown(head: str, rows: list[str]) -> str:
    """A table of these rows."""
    return "\n".join([head, "|---" * head[1:].count("|") + "|", *rows, ""])


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
    return markdown(HEAD, rows)


def rung_row(rung: str, change: str, step: Comparison | None) -> str:
    """One rung, and its step from the rung before; a point is 0.01."""
    values = list(accuracies(rung).values())
    points = verdict = ""
    if step:
        low, middle, high = (100 * n for n in (step.low, step.difference, step.high))
        points = f"{middle:+.1f} points, {low:+.1f} to {high:+.1f}"
        verdict = step.verdict
    return (
        f"| {rung} | {change} | {len(values)} "
        f"| {mean(values):.4f}, {stdev(values):.4f} | {points} | {verdict} |"
    )


def ladder_table() -> str:
    """The way up the ladder; the verdicts are corrected over all of its steps."""
    changes = [(what, accuracies(one), accuracies(two)) for what, one, two in STEPS]
    steps = compare(changes)[:WAY_UP]
    rows = [rung_row("lenet", "", None)]
    for (change, _, rung), step in zip(STEPS, steps):
        rows.append(rung_row(rung, change, step))
    return markdown(LADDER_HEAD, rows)


def speed_row(pair: dict) -> str:
    """One line of the table of speeds; a ratio is taken within a round."""

    def rate(key: str) -> str:
        middle = median(pair[key])
        if pair["pictures"] is None:
            return f"{middle:.2f} s"
        return f"{pair['pictures'] / middle:,.0f} images/s"

    ratios = pair["ratios"]
    return (
        f"| {pair['what']} | {rate('ours')} | {rate('theirs')}, {pair['other']} "
        f"| {median(ratios):.1f}, {min(ratios):.1f} to {max(ratios):.1f} |"
    )


def speed_table(path: Path) -> str:
    """What `make bench` measured on one machine, and what bounds it."""
    content = json.loads(path.read_bytes())
    made, gflops, peak = content["made"], content["gflops"], content["peak_mib"]
    rows = [speed_row(pair) for pair in content["pairs"]]
    return markdown(SPEED_HEAD, rows) + "\n".join(
        [
            "",
            f"Medians of {content['rounds']} rounds on {made['device']}, "
            f"{made['precision']}, PyTorch {made['torch']}, {made['date']}.",
            f"AlexNet's step reaches {gflops['ours']:,.0f} GFLOP/s; a plain product "
            f"of that number type {gflops['ours at most']:,.0f}. In float32 the "
            f"plain loop reaches {gflops['plain']:,.0f}, a plain product "
            f"{gflops['plain at most']:,.0f}.",
            f"Most memory of the process: {peak['LeNet']:,.0f} MiB for LeNet and "
            f"{peak['AlexNet']:,.0f} MiB for AlexNet; {peak['PyTorch alone']:,.0f} MiB "
            "are PyTorch's own.",
            "",
        ]
    )


def main() -> None:
    """Put the tables between their marks."""
    text = README.read_text("utf-8")
    for name, content in (
        ("results", table()),
        ("ladder", ladder_table()),
        ("speed", speed_table(SPEED / "cpu.json")),
    ):
        block = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        text = block.sub(rf"\g<1>{content}\g<2>", text)
    README.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
