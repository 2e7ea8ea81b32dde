"""Compare the outputs stored in a notebook with newly computed ones.

A cell's tag says which rule holds for it; conftest.py calls this for nbval:

    tag        whole data    part of the data (a rehearsal)
    (none)     exact         exact
    data       exact         words
    train      measured      words

torch-message, beside any of them, says that an error's message is worded by
PyTorch: it is compared on the release of PyTorch that the notebook was made
with; on another, the type of the exception alone is.

exact      the texts are the same, byte for byte
words      the words are the same, and so is the count of numbers
measured   as words; besides, times and rates are free, whole numbers are the
           same, and losses and accuracies lie where the recorded runs put them

`nan` and `inf` are words here, never numbers.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import stdev
from typing import NamedTuple

TAGS = ("data", "train")
TORCH_MESSAGE = "torch-message"

# Streams and pictures that are never compared. Of a picture, its text is:
# <Figure size 640x480 with 2 Axes>.
SKIPPED_STREAM = "stderr"
SKIPPED_MIME = re.compile(r"image/(png|jpeg|svg\+xml)$|vnd\.jupyter\.widget")

# ------------------------------------------------------------------- numbers

NUMBER = re.compile(
    r"""
    (?<![\w.])(?<![A-Za-z_]-)       # not inside a word: conv2, LeNet-5
    [-−+]?                          # the sign belongs to the number
    (?: \d{1,3}(?:,\d{3})+ | \d+ | (?=\.\d) )   # 60,000 or 60000
    (?:\.\d+)? (?:[eE][-+]?\d+)?    # decimals, exponent
    (?: (?=(?:s|ms|us|µs|ns|min|h|x)\b)         # a unit may touch it,
      | (?!\w|\.\d|,\d{3}) )        # a word or a version number may not
    """,
    re.VERBOSE,
)
TIME_OR_RATE = re.compile(
    r"""[ ]*(?: s | sec | seconds? | ms | us | µs | ns | min | minutes? | h | hours?
             | times | x | × | \w+/(?:s|sec) | \w+[ ](?:a|per)[ ]second )(?!\w)""",
    re.VERBOSE,
)
PERCENT = re.compile(r" ?%")
NOT_FINITE = re.compile(r"\b(nan|inf|infinity)\b", re.IGNORECASE)

# The last line of a training, as the seed of the book prints it.
LAST_LINE = re.compile(r"loss \S+, train acc \S+, test acc \S+")


class Number(NamedTuple):
    """A number in a text, and how it is to be held to the stored one."""

    text: str
    start: int  # where it begins in the text
    value: float  # a percentage as a fraction
    is_free: bool  # a time, a rate or a ratio of them
    is_count: bool  # a whole number, and no percentage
    label: str  # the words before it, on its line


def numbers(text: str) -> list[Number]:
    """Return the numbers of a text, in order."""
    found = []
    line_start = 0
    for match in NUMBER.finditer(text):
        before = text[line_start : match.start()]
        percent = PERCENT.match(text, match.end())
        value = float(match[0].replace(",", "").replace("−", "-"))
        found.append(
            Number(
                text=match[0],
                start=match.start(),
                value=value / 100 if percent else value,
                is_free=bool(TIME_OR_RATE.match(text, match.end())),
                is_count=not percent and not re.search("[.eE]", match[0]),
                label=before.rsplit("\n", 1)[-1],
            )
        )
        line_start = match.end()
    return found


def words(text: str) -> list[str]:
    """Return the words of a text, every number replaced by <number>.

    Runs of spaces and ruled lines do not count: columns of a table move with
    the width of their numbers. Nor does a full stop after a number.
    """
    text = NUMBER.sub("<number>", text).replace("<number>.", "<number>")
    text = re.sub(r"([-=─])\1{2,}", r"\1\1\1", text)
    return text.split()


def word_changes(stored: str, new: str) -> list[str]:
    """Say which words differ; an empty list means none."""
    a, b = words(stored), words(new)
    changes = []
    matcher = difflib.SequenceMatcher(None, a, b, autojunk=False)
    for kind, a1, a2, b1, b2 in matcher.get_opcodes():
        old, fresh = " ".join(a[a1:a2]), " ".join(b[b1:b2])
        if kind == "replace":
            changes.append(f"word changed: {old!r} -> {fresh!r}")
        elif kind == "delete":
            changes.append(f"word missing: {old!r}")
        elif kind == "insert":
            changes.append(f"word added: {fresh!r}")
    return changes


# ------------------------------------------------------------------- records

QUANTITIES = ("train_loss", "train_acc", "test_acc")  # as in LAST_LINE
FEWEST_RUNS = 3  # below this a standard deviation says nothing
CHANCE = 0.11  # a constant answer is right for one image in ten
DEFAULT_MARGIN = {"train_loss": 0.1, "train_acc": 0.03, "test_acc": 0.03}


class Spread(NamedTuple):
    """Where a quantity lies after the last epoch, over the recorded runs."""

    low: float
    high: float
    margin: float  # two standard deviations

    def holds(self, value: float) -> bool:
        """Whether one more run may have given this value."""
        return self.low - self.margin <= value <= self.high + self.margin

    def tolerance(self) -> float:
        """By how much two runs of this experiment may differ."""
        return self.high - self.low + self.margin


def read_spreads(path: Path) -> dict[str, Spread]:
    """Return the spread of each quantity in a record such as lenet.json.

    Runs that ended at a constant answer are left out where others learned:
    one of them would stretch the range until it held any result.
    """
    runs = json.loads(path.read_bytes())["runs"]
    runs = [run for run in runs if run["train_acc"][-1] > CHANCE] or runs
    spreads = {}
    for quantity in QUANTITIES:
        last = [run[quantity][-1] for run in runs]
        margin = DEFAULT_MARGIN[quantity]
        if len(last) >= FEWEST_RUNS:
            margin = 2 * stdev(last)
        spreads[quantity] = Spread(min(last), max(last), margin)
    return spreads


def quantity_of(number: Number) -> str:
    """Say what a number measures, by the words before it, or else its size."""
    label = number.label.lower()
    if "loss" in label:
        return "train_loss"
    if "train acc" in label:
        return "train_acc"
    if "acc" in label or abs(number.value) <= 1:
        return "test_acc"
    return "train_loss"


def number_changes(
    stored: str, new: str, spreads: dict[str, Spread] | None = None
) -> list[str]:
    """Say which numbers break the rule `measured`; both texts have as many.

    The last line of a training, new and stored, must lie within the record's
    range, widened by two standard deviations. Any other decimal may differ from
    the stored one as much as two recorded runs may: range plus two standard
    deviations. Without a record: by DEFAULT_MARGIN.
    """
    lines = list(LAST_LINE.finditer(new)) if spreads else []
    last_line = lines[-1].span() if lines else (0, 0)
    changes = []
    for old, fresh in zip(numbers(stored), numbers(new), strict=True):
        if fresh.is_free and old.is_free:
            continue
        quantity = quantity_of(fresh)
        if last_line[0] <= fresh.start < last_line[1]:
            spread = spreads[quantity]
            for when, number in ("new", fresh), ("stored", old):
                if not spread.holds(number.value):
                    changes.append(
                        f"{when} number outside the recorded range: {quantity} "
                        f"{number.text}; the runs gave {spread.low:.4f} to "
                        f"{spread.high:.4f}, allowed is {spread.margin:.4f} "
                        "more on either side"
                    )
        elif old.is_count and fresh.is_count:
            if old.value != fresh.value:
                changes.append(f"whole number changed: {old.text} -> {fresh.text}")
        else:
            allowed = DEFAULT_MARGIN[quantity]
            if spreads:
                allowed = spreads[quantity].tolerance()
            if not abs(fresh.value - old.value) <= allowed:
                changes.append(
                    f"number too far from the stored one: {old.text} -> "
                    f"{fresh.text}; as a {quantity} it may differ by {allowed:.4f}"
                )
    return changes


# --------------------------------------------------------------------- rules


def rule_for(tags: Iterable[str], whole: bool) -> str:
    """Return the rule for a cell with these tags, on whole data or on a part."""
    tags = set(tags)
    if "train" in tags:
        return "measured" if whole else "words"
    if "data" in tags and not whole:
        return "words"
    return "exact"


def message_counts(tags: Iterable[str], made_with: str, running: str) -> bool:
    """Whether an error's message is compared, and not its type alone.

    The two versions are PyTorch's: the notebook's and this machine's. What
    follows a plus is the build, which words nothing: 2.14.1+cpu is 2.14.1. A
    notebook that does not say what it was made with ("") is held to its messages.
    """
    if TORCH_MESSAGE not in tags or not made_with:
        return True
    return made_with.partition("+")[0] == running.partition("+")[0]


def compare_texts(
    stored: str, new: str, rule: str, spreads: dict[str, Spread] | None = None
) -> list[str]:
    """Say what breaks the rule; an empty list means nothing does."""
    if rule == "exact":
        return [] if stored == new else line_changes(stored, new)
    if bad := NOT_FINITE.search(new):
        return [f"not a finite number: {bad[0]!r} in the new output"]
    changes = word_changes(stored, new)
    old_count, new_count = len(numbers(stored)), len(numbers(new))
    if old_count != new_count:
        changes.append(f"count of numbers changed: {old_count} -> {new_count}")
    if not changes and rule == "measured":
        changes = number_changes(stored, new, spreads)
    return changes


def line_changes(stored: str, new: str) -> list[str]:
    """Say which lines differ, as `diff` does."""
    lines = difflib.ndiff(stored.splitlines(), new.splitlines())
    changed = [line for line in lines if line[:2] in ("- ", "+ ")]
    return ["text changed:", *changed] if changed else ["line ends changed"]


# ------------------------------------------------------------------- outputs

Texts = dict[str, list[str]]


def texts_of(
    outputs: Iterable[dict], sanitize: Callable[[str], str], messages: bool = True
) -> Texts:
    """Return the texts to compare, by their kind: "stdout", "text/plain", ...

    Without `messages` an error counts by its type alone. Texts of one kind stay
    in order. Order between kinds is not compared: it varies with the moment at
    which a stream is flushed.
    """
    texts: Texts = {}

    def add(kind: str, text: object) -> None:
        if not isinstance(text, str):
            text = json.dumps(text, sort_keys=True)
        texts.setdefault(kind, []).append(sanitize(text))

    for output in outputs:
        if output["output_type"] == "stream":
            if output["name"] != SKIPPED_STREAM:
                add(output["name"], output["text"])
        elif output["output_type"] == "error":
            message = f": {output['evalue']}" if messages else ""
            add("error", output["ename"] + message)
        else:
            for mime, text in output["data"].items():
                if not SKIPPED_MIME.search(mime):
                    add(mime, text)
    return texts


def compare_outputs(
    stored: Texts, new: Texts, rule: str, spreads: dict[str, Spread] | None = None
) -> list[str]:
    """Return a report of all that differs, with both texts; empty if nothing."""
    report = []
    for kind in sorted(stored.keys() | new.keys()):
        old_texts, new_texts = stored.get(kind, []), new.get(kind, [])
        if len(old_texts) != len(new_texts):
            changes = [f"count of outputs changed: {len(old_texts)} -> "
                       f"{len(new_texts)}"]  # fmt: skip
            report += show(kind, rule, changes, "".join(old_texts), "".join(new_texts))
            continue
        for old, fresh in zip(old_texts, new_texts, strict=True):
            if changes := compare_texts(old, fresh, rule, spreads):
                report += show(kind, rule, changes, old, fresh)
    return report


def show(kind: str, rule: str, changes: list[str], old: str, fresh: str) -> list[str]:
    """Return the lines that tell a keeper what differs and what was asked."""
    return [
        f"Output {kind!r} breaks the rule {rule!r}:",
        *(f"    {change}" for change in changes),
        "stored:",
        *(f"    {line}" for line in old.splitlines()),
        "new:",
        *(f"    {line}" for line in fresh.splitlines()),
        "",
    ]
