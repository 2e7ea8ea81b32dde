"""Compare the outputs stored in a notebook with newly computed ones.

A cell's tag says which rule holds for it; conftest.py calls this for nbval:

    tag        whole data    part of the data (a rehearsal)
    (none)     exact         exact
    data       exact         words
    train      words         words

torch-message, beside any of them, says that an error's message is worded by
PyTorch: it is compared on the release of PyTorch that the notebook was made
with; on another, the type of the exception alone is.

exact      the texts are the same, once sanitize.cfg has taken out what may
           differ between machines
words      the words are the same, and so is the count of numbers; none is nan
           or inf

What a training reached is held to the records by tests/lab/test_records.py.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterable

TORCH_MESSAGE = "torch-message"

# Streams and figures that are never compared. Of a figure, its text is:
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
NOT_FINITE = re.compile(r"\b(nan|inf|infinity)\b", re.IGNORECASE)


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


# --------------------------------------------------------------------- rules


def rule_for(tags: Iterable[str], whole: bool) -> str:
    """Return the rule for a cell with these tags, on whole data or on a part."""
    tags = set(tags)
    return "words" if "train" in tags or ("data" in tags and not whole) else "exact"


def message_counts(tags: Iterable[str], made_with: str, running: str) -> bool:
    """Whether an error's message is compared, and not its type alone.

    The two versions are PyTorch's: the notebook's and this machine's. What
    follows a plus is the build, which words nothing: 2.14.1+cpu is 2.14.1. A
    notebook that does not say what it was made with ("") is held to its messages.
    """
    if TORCH_MESSAGE not in tags or not made_with:
        return True
    return made_with.partition("+")[0] == running.partition("+")[0]


def compare_texts(stored: str, new: str, rule: str) -> list[str]:
    """Say what breaks the rule; an empty list means nothing does."""
    if rule == "exact":
        return [] if stored == new else line_changes(stored, new)
    if bad := NOT_FINITE.search(new):
        return [f"not a finite number: {bad[0]!r} in the new output"]
    return word_changes(stored, new)


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


def compare_outputs(stored: Texts, new: Texts, rule: str) -> list[str]:
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
            if changes := compare_texts(old, fresh, rule):
                report += show(kind, rule, changes, old, fresh)
    return report


def show(kind: str, rule: str, changes: list[str], old: str, fresh: str) -> list[str]:
    """Return the lines that tell a keeper what differs and which rule held."""
    return [
        f"Output {kind!r} breaks the rule {rule!r}:",
        *(f"    {change}" for change in changes),
        "stored:",
        *(f"    {line}" for line in old.splitlines()),
        "new:",
        *(f"    {line}" for line in fresh.splitlines()),
        "",
    ]
