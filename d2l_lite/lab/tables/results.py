"""Results as words: the answer, and tables of a head and rows of texts.

The README and the pages take them from here, so that no verdict is typed.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import replace

from d2l_lite.lab.names import NAMES
from d2l_lite.lab.records import load_record
from d2l_lite.lab.rule import (
    NO_DIFFERENCE,
    NOT_RUN,
    REVERSED,
    Contrast,
    Trial,
)
from d2l_lite.lab.verdicts import (
    EDITION2,
    LEFT,
    TRIAL_SEEDS,
    Claim,
    Records,
    Step,
    Verdicts,
)

SOURCES = {"lecun": "LeCun ", "karpathyneurons": "Karpathy's notes"}
Table = tuple[list[str], list[list[str]]]
# In the table of nets, from the smallest to the largest.
NETS = (
    "linear", "dense", "lenet", "tuned", "relu", "maximum", "width", "resolution",
    "alexnet-half", "alexnet-tutorial", "alexnet",
)  # fmt: skip


def percent(values: Iterable[float]) -> str:
    """Mean and range of accuracies."""
    values = [100 * value for value in values]
    middle = sum(values) / len(values)
    return f"{middle:.1f} % ({min(values):.1f} to {max(values):.1f})"


def points(contrast: Contrast) -> str:
    """A difference in points, with its interval if there is one."""
    if not min(contrast.n):
        return ""
    if contrast.error != contrast.error:
        return f"{100 * contrast.difference:+.1f}"
    low, high = (100 * end for end in contrast.interval())
    return f"{100 * contrast.difference:+.1f} ({low:+.1f} to {high:+.1f})"


def p_value(contrast: Contrast) -> str:
    """The corrected p, to two digits, of what was tested."""
    p = contrast.corrected
    return "" if p != p else f"{p:.2g}" if p >= 0.0001 else "< 0.0001"


def ending(trial: Trial) -> str:
    """What the trial of a large net comes to, in a few words."""
    said = {
        NOT_RUN: "Not run yet",
        REVERSED: "Better trained, it still loses: look to the task",
        NO_DIFFERENCE: "Many more parameters, less than a point",
        f"ahead after {trial.epoch} epochs": "Better trained, AlexNet wins",
    }
    return said.get(trial.verdict, "Two repaired nets, no winner yet")


def answer(trial: Trial, opponents: Iterable[str]) -> str:
    """The answer to the book's question, a sentence with what it rests on."""
    found = []
    for contrast, name, word in zip(trial.contrasts, opponents, trial.words):
        apart = "" if word == trial.verdict else f" ({word})"
        found.append(f"{points(contrast)} against {NAMES[name]}{apart}")
    sentence = f"{ending(trial)}."
    if found:
        sentence += f" Points after {trial.epoch} epochs: {', '.join(found)}."
    return sentence


def net_table(records: Records) -> Table:
    """Each net of the story: how it was trained, and how accurate it is."""
    head = ["net", "rate", "seeds", "test accuracy, mean and range", "where"]
    rows = []
    for name in NETS:
        recipe = records.tuned() or NOT_RUN if name == "tuned" else name
        seeds = TRIAL_SEEDS if name == "tuned" else None
        right = records.right(recipe, seeds=seeds)
        if right is None:
            rows.append([NAMES[name], "", "", NOT_RUN, ""])
            continue
        _, runs = records.finals(recipe, seeds)
        rate, made = runs[0]["lr"], runs[0]["made"]
        where = f"{made['device']}, {made['precision']}"
        row = [NAMES[name], f"{rate:g}", str(len(runs)), percent(right.mean(1)), where]
        rows.append(row)
    return head, rows


def lenet_table(records: Records) -> Table:
    """Which LeNet? Every one whose accuracy the book names."""
    head = ["LeNet", "images", "first weights", "rate", "number type", "test accuracy"]
    rows = [["the tutorial's", "60,000", "?", "0.01", "?", "89.0 %, one run"]]
    old = load_record("lenet")
    values, recipe = old.last("test_acc"), old.recipe
    stuck = sum(value <= LEFT for value in values)
    learnt = percent(value for value in values if value > LEFT)
    said = f"{learnt}; {stuck} of {len(values)} stuck at 10 %"
    made = old.runs[-1].made
    row = ["chapters 2, 4 and 7", "60,000", "PyTorch's", f"{recipe['lr']:g}"]
    rows.append([*row, made["precision"], said])
    for name, weights in ("lenet", "PyTorch's"), ("xavier", "Xavier's"):
        for seeds, where in (None, "the ladder's"), (TRIAL_SEEDS, "the trial's"):
            right = records.right(name, seeds=seeds)
            if right is None:
                continue
            _, runs = records.finals(name, seeds)
            tuned = name == records.tuned()
            called = f"{where} {NAMES['tuned'] if tuned else 'LeNet'}"
            row = [called, "55,000", weights, f"{runs[0]['lr']:g}"]
            row += [runs[0]["made"]["precision"], percent(right.mean(1))]
            rows.append(row)
    return head, rows


def step_table(steps: Iterable[Step]) -> Table:
    """Steps of the ladder, corrected over all steps and claims."""
    head = ["change", "seeds", "points, 95 % interval", "p", "verdict"]
    rows = []
    for step in steps:
        n = " and ".join(map(str, step.contrast.n)) if min(step.contrast.n) else ""
        row = [step.change, n, points(step.contrast), p_value(step.contrast)]
        rows.append([*row, step.verdict])
    return head, rows


OTHER = {  # of what a difference is, where it is none of test accuracy
    "first epoch": "of validation accuracy after one epoch",
    "gap": "of training less validation accuracy",
    "val": "of validation accuracy",
    "awake": "of the share of maps that answer",
    "shift": "of what moving the images costs",
}


def claim_table(claims: Iterable[Claim], link: str = "{}") -> Table:
    """Sentences and what became of them; `link` is put around the name of a source.

    A difference with a plus speaks for its sentence.
    """
    head = ["sentence", "source", "points, 95 % interval", "p", "verdict"]
    rows = []
    for claim in claims:
        source = claim.source
        if source != "often said":
            author, year = re.fullmatch(r"(\D+)(\d*)", source).groups()
            source = link.format(SOURCES.get(author, f"{author.title()} ") + year)
        contrast = claim.contrast
        if claim.says == "less":
            contrast = replace(contrast, difference=-contrast.difference)
        shown, p = points(contrast), p_value(contrast)
        if claim.trial and claim.trial.contrasts:
            shown = "; ".join(map(points, claim.trial.contrasts))
            p = "; ".join(map(p_value, claim.trial.contrasts))
        what = OTHER.get(claim.after.partition(":")[0])
        shown += f" {what}" if shown and what else ""
        rows.append([claim.sentence, source, shown, p, claim.verdict])
    return head, rows


def grid_table(records: Records, names: Iterable[str]) -> Table:
    """Mean validation accuracy of each rate that was tried, and the rate chosen."""
    tried: dict[str, dict[float, list[float]]] = {}
    chosen = {}
    for name in names:
        for run in records.read(name)["runs"]:
            if run["phase"] == "grid":
                value = 0.0 if run["failure"] else run["val_acc"][-1]
                tried.setdefault(name, {}).setdefault(run["lr"], []).append(value)
            else:
                chosen[name] = run["lr"]
    rates = sorted({rate for found in tried.values() for rate in found})
    head = ["net", *(f"{rate:g}" for rate in rates)]
    rows = []
    for name, found in tried.items():
        row = [NAMES.get(name, name)]
        for rate in rates:
            values = found.get(rate, [])
            text = f"{100 * sum(values) / len(values):.1f}" if values else ""
            row.append(f"{text} *" if rate == chosen.get(name) else text)
        rows.append(row)
    return head, rows


def change_table() -> Table:
    """What was changed in plan and claims, when, and what was known by then."""
    lines = json.loads((EDITION2 / "changes.json").read_bytes())
    head = ["edition", "when (UTC)", "commit", "what", "what was known"]
    return head, [[str(value) for value in line.values()] for line in lines]


def counts(verdicts: Verdicts) -> dict[str, int]:
    """How many claims and sentences have each verdict."""
    judged = verdicts.claims + verdicts.sentences + verdicts.decaying
    words = [claim.verdict for claim in judged]
    return {word: words.count(word) for word in sorted(set(words))}
