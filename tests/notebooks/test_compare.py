"""The comparison of notebooks: every rule is shown to pass and to fail.

The cases below become the cells of one small notebook each, which a real
pytest with nbval and our conftest.py then runs, on a part of the data and on
a folder as large as the whole.
"""

import gzip
import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from tests.notebooks.compare import compare_texts, message_counts, rule_for, words
from tests.notebooks.cut_data import TEST_FILES, TRAIN_FILES

ROOT = Path(__file__).resolve().parents[2]
PNG = "iVBORw0KGgo="

# ----------------------------------------------------------- pure functions


@pytest.mark.parametrize(
    "text, count",
    [
        ("-0.5 and −3 but 3-5", 4),
        ("60,000 images, shape (1, 96)", 3),
        ("1e-05 or 2.5E+3", 2),
        ("88.5 % or 89%", 2),
        ("took 5. Then 6.3.", 2),
        ("±0.01 .885 [0.  0.5]", 4),
        ("0.27 s, 3ms, 2.3×, 1,234 images/s, 1.5 images a second", 5),
        ("LeNet-5, conv2, 5x5, float32, torch 2.14.1", 0),
        ("nan, inf, -inf", 0),
    ],
)
def test_numbers(text, count):
    assert "".join(words(text)).count("<number>") == count


def test_columns_may_move_but_words_may_not():
    assert words("acc   0.5\n-----") == words("acc 12.25\n-------")
    assert words("acc 0.5") != words("accuracy 0.5")
    assert words("0.5") != words("0.5%")


def test_failures_name_the_change():
    assert compare_texts("a 0.5", "b 0.7", "words") == ["word changed: 'a' -> 'b'"]
    assert compare_texts("0.5 0.6", "0.5", "words") == ["word missing: '<number>'"]


def test_rules_by_tag():
    assert rule_for([], whole=True) == rule_for(["hide-cell"], whole=False) == "exact"
    assert rule_for(["data"], whole=True) == "exact"
    assert rule_for(["data"], whole=False) == "words"
    assert rule_for(["train"], whole=True) == "words"
    assert rule_for(["train"], whole=False) == "words"


# ---------------------------------------------------------- through real nbval


class Case(NamedTuple):
    """A cell: what it prints, what is stored, and what must come of it.

    None means that the cell passes, a text that it fails and says so.
    """

    name: str
    code: str
    stored: str | None
    tags: list[str]
    rehearsal: str | None
    whole: str | None


SHAPE = "Conv2d output shape:\t torch.Size([1, 96, 54, {}])"
CASES = [
    Case("exact text", "print(5)", "5\n", [], None, None),
    Case("tampered shape", f"print({SHAPE.format(54)!r})", SHAPE.format(55) + "\n", [],
         "text changed", "text changed"),
    Case("missing output", "pass", "5\n", [],
         "count of outputs changed: 1 -> 0", "count of outputs changed: 1 -> 0"),
    Case("added output", "print(5)", None, [],
         "count of outputs changed: 0 -> 1", "count of outputs changed: 0 -> 1"),
    Case("missing in train", "pass", "5 s\n", ["train"],
         "count of outputs changed: 1 -> 0", "count of outputs changed: 1 -> 0"),
    Case("number of data", "print('dark', 0.7)", "dark 0.5\n", ["data"],
         None, "text changed"),
    Case("word of data", "print('light', 0.5)", "dark 0.5\n", ["data"],
         "word changed: 'dark' -> 'light'", "text changed"),
    Case("one number more", "print('dark', 0.5, 1)", "dark 0.5\n", ["data"],
         "word added: '<number>'", "text changed"),
    Case("nan", "print('loss', float('nan'))", "loss 0.31\n", ["train"],
         "not a finite number", "not a finite number"),
    Case("inf of data", "print('loss', float('inf'))", "loss 0.31\n", ["data"],
         "not a finite number", "text changed"),
    Case("word of train", "print('cost', 0.3)", "loss 0.3\n", ["train"],
         "word changed: 'loss' -> 'cost'", "word changed: 'loss' -> 'cost'"),
    Case("number of train", "print('took 9.1 s, 2,000 images/s')",
         "took 0.1 s, 10 images/s\n", ["train"], None, None),
    Case("stderr", "import sys; print(1, file=sys.stderr)", None, [], None, None),
    Case("where measured", "print('measured on AMD EPYC, 2 threads')",
         "measured here\n", [], None, None),
    Case("device", "print(\"device(type='cpu'), torch 2.1.0+cpu, AMD EPYC, 2 thread\")",
         "device(type='cuda', index=0), torch 2.14.1, NVIDIA H100 80GB HBM3\n", [],
         None, None),
    Case("address", "print(object())", "<object object at 0x7f00deadbeef>\n", [],
         None, None),
]  # fmt: skip

SHOW = "from IPython.display import display; display({}, raw=True)"
GLUE = "application/papermill.record/text/plain"
BUNDLES = [  # the same for outputs that are not printed: code's and stored data
    ("same figure", {"image/png": PNG, "text/plain": "<Figure 640x480>"},
     {"image/png": "", "text/plain": "<Figure 640x480>"}, [], None, None),
    ("other figure", {"image/png": PNG, "text/plain": "<Figure 640x480>"},
     {"image/png": PNG, "text/plain": "<Figure 640x999>"}, [],
     "text changed", "text changed"),
    ("drawing", {"image/svg+xml": "<svg>1</svg>"}, {"image/svg+xml": "<svg/>"}, [],
     None, None),
    ("glue, exact", {GLUE: "0.5"}, {GLUE: "0.51"}, [], "text changed", "text changed"),
    ("glue, data", {GLUE: "0.5"}, {GLUE: "0.9"}, ["data"], None, "text changed"),
    ("glue, train", {GLUE: "0.5"}, {GLUE: "0.9"}, ["train"], None, None),
]  # fmt: skip


def cells_and_expectations() -> tuple[list, list[tuple[str, str | None, str | None]]]:
    """Return the notebook's cells and, for each, what must come of it."""
    cells, expected = [], []
    for case in CASES:
        outputs = []
        if case.stored is not None:
            outputs.append(new_output("stream", name="stdout", text=case.stored))
        metadata = {"tags": case.tags}
        cells.append(new_code_cell(case.code, outputs=outputs, metadata=metadata))
        expected.append((case.name, case.rehearsal, case.whole))
    for name, shown, stored, tags, rehearsal, whole in BUNDLES:
        outputs = [new_output("display_data", data=stored)]
        code = SHOW.format(shown)
        cells.append(new_code_cell(code, outputs=outputs, metadata={"tags": tags}))
        expected.append((name, rehearsal, whole))
    for count, cell in enumerate(cells, start=1):
        cell.execution_count = count
    return cells, expected


CELLS, EXPECTED = cells_and_expectations()


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """A copy of the parts of this repository that compare notebooks."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copy(ROOT / "conftest.py", folder)
    for name in ("tests/notebooks", "d2l_lite/sample"):
        shutil.copytree(ROOT / name, folder / name)
    for name in ("notebooks", "whole"):
        (folder / name).mkdir()
    nbformat.write(new_notebook(cells=CELLS), folder / "notebooks" / "cases.ipynb")
    for name, count in ((TRAIN_FILES[1], 60_000), (TEST_FILES[1], 10_000)):
        header = b"\x00\x00\x08\x01" + count.to_bytes(4, "big")
        (folder / "whole" / name).write_bytes(gzip.compress(header + bytes(count)))
    return folder


def run_nbval(
    project: Path, data: Path | None, *notebooks: str
) -> tuple[list[str | None], str]:
    """Run nbval; return each cell's failure (None: it passed), and the report."""
    environment = {k: v for k, v in os.environ.items() if k != "D2L_LITE_DATA"}
    if data:
        environment["D2L_LITE_DATA"] = str(data)
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env"]
    command += ["-p", "no:cacheprovider", "--color=no", "--junitxml=report.xml"]
    done = subprocess.run(
        [*command, *notebooks],
        cwd=project, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    failures = []
    for case in ElementTree.parse(project / "report.xml").iter("testcase"):
        failure = case.find("failure")
        failures.append(None if failure is None else failure.text)
    return failures, done.stdout


@pytest.fixture(scope="module")
def rehearsal(project):
    """What nbval says on the rehearsal folder, which is the default."""
    return run_nbval(project, None, "notebooks")


@pytest.fixture(scope="module")
def whole(project):
    """What nbval says on a folder with as many images as the whole data."""
    return run_nbval(project, project / "whole", "notebooks")


def check_outcome(failures: list[str | None], index: int, message: str | None) -> None:
    """Check that a cell passed (message None), or that it failed with a message."""
    assert len(failures) == len(EXPECTED)
    if message is None:
        assert failures[index] is None
    else:
        assert failures[index] is not None, "nbval let this cell pass"
        assert message in failures[index]


NAMES = [name for name, _, _ in EXPECTED]


@pytest.mark.parametrize("index", range(len(EXPECTED)), ids=NAMES)
def test_on_a_part_of_the_data(rehearsal, index):
    check_outcome(rehearsal[0], index, EXPECTED[index][1])


@pytest.mark.parametrize("index", range(len(EXPECTED)), ids=NAMES)
def test_on_whole_data(whole, index):
    check_outcome(whole[0], index, EXPECTED[index][2])


def test_the_header_names_the_data(rehearsal, whole):
    assert "notebook data: rehearsal, 48 + 64 images" in rehearsal[1]
    assert "notebook data: whole data, 60,000 + 10,000 images" in whole[1]


def test_a_failure_shows_both_texts_and_the_rule(whole):
    failure = whole[0][NAMES.index("word of train")]
    assert "breaks the rule 'words'" in failure
    assert "stored:\n    loss 0.3\n" in failure
    assert "new:\n    cost 0.3\n" in failure


# ------------------------------------------------- messages worded by PyTorch

PINNED = version("torch").partition("+")[0] + "+build"  # a build is no version
OTHER = "0.0.1"
TAGS = ["raises-exception", "torch-message"]
MESSAGES = [  # code; the stored error; tags; what comes of it on PINNED, on OTHER
    ("same message", "raise RuntimeError('(8x4 and 5x2)')",
     ("RuntimeError", "(8x4 and 5x2)"), TAGS, None, None),
    ("other message", "raise RuntimeError('(8x4 and 5x2)')",
     ("RuntimeError", "(8x4 and 5x3)"), TAGS, "+ RuntimeError: (8x4 and 5x2)", None),
    ("other type", "raise ValueError('no')",
     ("RuntimeError", "no"), TAGS, "+ ValueError: no", "+ ValueError"),
    ("other message of the book", "raise ValueError('no')",
     ("ValueError", "yes"), TAGS[:1], "+ ValueError: no", "+ ValueError: no"),
    ("nothing raised", "pass", ("RuntimeError", "no"), TAGS,
     "count of outputs changed: 1 -> 0", "count of outputs changed: 1 -> 0"),
    ("other print before", "print(2); raise RuntimeError('no')",
     ("RuntimeError", "no"), TAGS, "+ 2", "+ 2"),
]  # fmt: skip


@pytest.fixture(scope="module")
def messages(project) -> dict[str, list[str | None]]:
    """What nbval says of the same cells, stored by two versions of PyTorch."""
    cells = []
    for count, (_, code, (name, text), tags, *_) in enumerate(MESSAGES, start=1):
        outputs = [new_output("error", ename=name, evalue=text, traceback=[text])]
        if code.startswith("print"):
            outputs.insert(0, new_output("stream", name="stdout", text="1\n"))
        cell = new_code_cell(code, outputs=outputs, metadata={"tags": tags})
        cell.execution_count = count
        cells.append(cell)
    for name, stored_by in ("pinned", PINNED), ("other", OTHER):
        notebook = new_notebook(cells=cells, metadata={"made": {"torch": stored_by}})
        nbformat.write(notebook, project / f"{name}.ipynb")
    failures, _ = run_nbval(project, None, "pinned.ipynb", "other.ipynb")
    n = len(MESSAGES)
    return {PINNED: failures[:n], OTHER: failures[n:]}


@pytest.mark.parametrize("index", range(len(MESSAGES)), ids=[m[0] for m in MESSAGES])
@pytest.mark.parametrize(
    "stored_by, place", [(PINNED, 4), (OTHER, 5)], ids=["pinned", "other"]
)
def test_messages_of_torch(messages, index, stored_by, place):
    expected, failure = MESSAGES[index][place], messages[stored_by][index]
    if expected is None:
        assert failure is None
    else:
        assert failure is not None, "nbval let this cell pass"
        assert expected in failure.replace("    ", "")


def test_when_a_message_counts():
    assert message_counts(TAGS, "2.14.1+cu130", "2.14.1")
    assert not message_counts(TAGS, "2.14.1", "2.14.10")
    assert message_counts(TAGS[:1], "2.14.1", "2.11.0")
    assert message_counts(TAGS, "", "2.14.1")
