"""Write the tables of README.md and book/: python -m experiments.tables."""

import json
import re
from pathlib import Path
from statistics import median

from d2l_lite.lab.records import RECORDS
from d2l_lite.lab.tables.results import (
    answer,
    lenet_table,
    net_table,
    step_table,
)
from d2l_lite.lab.tables.status import status_table
from d2l_lite.lab.verdicts import TRIAL, Records, judge_all

README = Path(__file__).parent.parent / "README.md"
STATUS = README.parent / "book" / "status.md"
YOUR_NET = README.parent / "book" / "your_net.md"
SPEED = RECORDS / "speed"
WAY_UP = 7  # the first of STEPS; the others are controls
SPEED_HEAD = "| what | the helper | the other | times as fast |"


def markdown(head: str, rows: list[str]) -> str:
    """A table of these rows."""
    return "\n".join([head, "|---" * head[1:].count("|") + "|", *rows, ""])


def of_texts(head: list[str], rows: list[list[str]]) -> str:
    """A table whose cells are texts."""
    lines = [f"| {' | '.join(cells)} |" for cells in (head, *rows)]
    return markdown(lines[0], lines[1:])


def tables() -> dict[str, str]:
    """Every table of the README, by its mark."""
    records, found = Records(), judge_all()
    return {
        "answer": answer(found.trials["alexnet"], TRIAL["alexnet"]) + "\n",
        "nets": of_texts(*net_table(records)),
        "steps": of_texts(*step_table(found.steps[:WAY_UP])),
        "lenets": of_texts(*lenet_table(records)),
        "speed": speed_table(SPEED / "cpu.json"),
    }


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


def put(page: Path, contents: dict[str, str]) -> None:
    """Put these texts between their marks."""
    text = page.read_text("utf-8")
    for name, content in contents.items():
        block = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        text = block.sub(rf"\g<1>{content}\g<2>", text)
    page.write_text(text, encoding="utf-8")


def status() -> dict[str, str]:
    """The table of the status page, by its mark."""
    return {"status": "\n" + of_texts(*status_table(Records())) + "\n"}


def race_table(path: Path) -> str:
    """How two LeNets of the recorded race did, seed 0, at every fifth test."""
    content = json.loads(path.read_bytes())
    nets = [("ReLU", "max", 0), ("sigmoid", "max", 0)]
    keys = "activation", "pooling", "extra"
    runs = {tuple(run[key] for key in keys): run for run in content["runs"][::-1]}
    columns = [runs[net]["accuracy"] for net in nets]
    head = ["images seen", *(f"LeNet with {net[0]}, max pooling" for net in nets)]
    rows = [
        [f"{seen:,}", *(f"{accuracy:.1%}" for accuracy in accuracies)]
        for seen, *accuracies in zip(content["seen"], *columns, strict=True)
    ]
    return "\n" + of_texts(head, rows[::5]) + "\n"


def main() -> None:
    """Write all the tables."""
    put(README, tables())
    put(STATUS, status())
    put(YOUR_NET, {"race": race_table(RECORDS / "play" / "race.json")})


if __name__ == "__main__":
    main()
