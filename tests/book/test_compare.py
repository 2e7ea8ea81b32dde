"""The comparison of notebooks: every rule is shown to pass and to fail.

The cases below become the cells of one small notebook each, which a real
pytest with nbval and our conftest.py then runs, on a part of the data and on
a folder as large as the whole.
"""

import gzip
import json
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

from tests.book.compare import (
    QUANTITIES,
    Spread,
    compare_texts,
    message_counts,
    number_changes,
    numbers,
    read_spreads,
    rule_for,
    words,
)
from tests.book.cut_data import TEST_FILES, TRAIN_FILES

ROOT = Path(__file__).resolve().parents[2]
PNG = "iVBORw0KGgo="

# ----------------------------------------------------------- pure functions


@pytest.mark.parametrize(
    "text, values",
    [
        ("-0.5 and −3 but 3-5", [-0.5, -3, 3, 5]),
        ("60,000 images, shape (1, 96)", [60_000, 1, 96]),
        ("1e-05 or 2.5E+3", [1e-5, 2500]),
        ("88.5 % or 89%", [0.885, 0.89]),
        ("took 5. Then 6.3.", [5, 6.3]),
        ("±0.01 .885 [0.  0.5]", [0.01, 0.885, 0, 0.5]),
        ("LeNet-5, conv2, 5x5, float32, torch 2.14.1", []),
        ("nan, inf, -inf", []),
    ],
)
def test_numbers(text, values):
    assert [number.value for number in numbers(text)] == pytest.approx(values)


@pytest.mark.parametrize(
    "text",
    ["0.27 s", "3ms", "2 min", "1,234 images/s", "67.1 GFLOP/s", "2.3 times", "2.3×",
     "12 s/epoch", "1.5 images a second"],
)  # fmt: skip
def test_times_and_rates_are_free(text):
    assert [number.is_free for number in numbers(text)] == [True]


@pytest.mark.parametrize("text", ["5 steps", "0.8 acc", "3 hats", "7 misses", "4"])
def test_other_numbers_are_not_free(text):
    assert [number.is_free for number in numbers(text)] == [False]


def test_columns_may_move_but_words_may_not():
    assert words("acc   0.5\n-----") == words("acc 12.25\n-------")
    assert words("acc 0.5") != words("accuracy 0.5")
    assert words("0.5") != words("0.5%")


def test_failures_name_the_change():
    assert compare_texts("a 0.5", "b 0.7", "words") == ["word changed: 'a' -> 'b'"]
    assert compare_texts("0.5 0.6", "0.5", "words") == [
        "word missing: '<number>'",
        "count of numbers changed: 2 -> 1",
    ]


def test_rules_by_tag():
    assert rule_for([], whole=True) == rule_for(["hide-cell"], whole=False) == "exact"
    assert rule_for(["data"], whole=True) == "exact"
    assert rule_for(["data"], whole=False) == "words"
    assert rule_for(["train"], whole=True) == "measured"
    assert rule_for(["train"], whole=False) == "words"


def write_record(
    path: Path, test_acc: list[float], train_acc: tuple[float, ...] = ()
) -> None:
    """Write a record of runs that ended at these accuracies."""
    train_acc = train_acc or (0.9,) * len(test_acc)
    runs = [
        {"seed": n, "train_loss": [2.0, 0.3], "train_acc": [0.5, train],
         "test_acc": [0.1, test], "seconds": [1, 1], "made": {}}
        for n, (train, test) in enumerate(zip(train_acc, test_acc, strict=True))
    ]  # fmt: skip
    path.write_text(json.dumps({"name": path.stem, "runs": runs}), encoding="utf-8")


def test_spread_of_a_record(tmp_path):
    write_record(tmp_path / "lenet.json", [0.86, 0.88, 0.90])
    spread = read_spreads(tmp_path / "lenet.json")["test_acc"]
    assert spread == pytest.approx((0.86, 0.90, 0.04))
    inside = [value for value in (0.81, 0.83, 0.93, 0.95) if spread.holds(value)]
    assert inside == [0.83, 0.93]
    assert not spread.holds(float("nan"))


def test_spread_of_few_runs(tmp_path):
    write_record(tmp_path / "alexnet.json", [0.88, 0.90])
    spreads = read_spreads(tmp_path / "alexnet.json")
    assert spreads["test_acc"] == (0.88, 0.90, 0.03)
    assert spreads["train_loss"] == (0.3, 0.3, 0.1)


def test_a_run_that_did_not_learn_does_not_stretch_the_range(tmp_path):
    path = tmp_path / "lenet.json"
    write_record(path, [0.86, 0.1, 0.88, 0.90], train_acc=(0.9, 0.0999, 0.9, 0.9))
    assert read_spreads(path)["test_acc"] == pytest.approx((0.86, 0.90, 0.04))
    write_record(path, [0.1, 0.1], train_acc=(0.0999, 0.1))
    assert read_spreads(path)["test_acc"] == pytest.approx((0.1, 0.1, 0.03))


def test_only_the_last_line_is_held_to_the_range():
    spreads = dict.fromkeys(QUANTITIES, Spread(0.8, 0.9, 0))
    far = "loss 0.100, train acc 0.850000, test acc 0.850000"
    near = "loss 0.850, train acc 0.850000, test acc 0.850000"
    assert number_changes(f"{far}\n{near}", f"{far}\n{near}", spreads) == []
    assert "outside the recorded range" in number_changes(far, far, spreads)[0]


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
    record: str | None = None


LAST_LINE = "loss 0.300, train acc 0.900000, test acc {}"
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
         "count of numbers changed: 1 -> 2", "text changed"),
    Case("nan", "print('loss', float('nan'))", "loss 0.31\n", ["train"],
         "not a finite number", "not a finite number"),
    Case("inf of data", "print('loss', float('inf'))", "loss 0.31\n", ["data"],
         "not a finite number", "text changed"),
    Case("word of train", "print('cost', 0.3)", "loss 0.3\n", ["train"],
         "word changed: 'loss' -> 'cost'", "word changed: 'loss' -> 'cost'"),
    Case("free time", "print('took 9.1 s, 2,000 images/s')",
         "took 0.1 s, 10 images/s\n", ["train"], None, None),
    Case("count of steps", "print('steps', 235)", "steps 469\n", ["train"],
         None, "whole number changed: 469 -> 235"),
    Case("near without record", "print('acc', 0.52)", "acc 0.50\n", ["train"],
         None, None),
    Case("far without record", "print('acc', 0.6)", "acc 0.5\n", ["train"],
         None, "number too far from the stored one: 0.5 -> 0.6"),
    Case("in range", f"print({LAST_LINE.format('0.930000')!r})",
         LAST_LINE.format("0.830000") + "\n", ["train"], None, None, "lenet"),
    Case("out of range", f"print({LAST_LINE.format('0.810000')!r})",
         LAST_LINE.format("0.830000") + "\n", ["train"],
         None, "test_acc 0.810000; the runs gave 0.8600 to 0.9000", "lenet"),
    Case("no such record", "print('acc', 0.5)", "acc 0.5\n", ["train"],
         None, "none.json", "none"),
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
    ("glue, train", {GLUE: "0.5"}, {GLUE: "0.9"}, ["train"], None, "too far"),
]  # fmt: skip


def cells_and_expectations() -> tuple[list, list[tuple[str, str | None, str | None]]]:
    """Return the notebook's cells and, for each, what must come of it."""
    cells, expected = [], []
    for case in CASES:
        outputs = []
        if case.stored is not None:
            outputs.append(new_output("stream", name="stdout", text=case.stored))
        metadata = {"tags": case.tags}
        if case.record:
            metadata["d2l"] = {"record": case.record}
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
    for name in ("tests/book", "d2l_lite/sample"):
        shutil.copytree(ROOT / name, folder / name)
    for name in ("notebooks", "results", "whole"):
        (folder / name).mkdir()
    write_record(folder / "results" / "lenet.json", [0.86, 0.88, 0.90])
    nbformat.write(new_notebook(cells=CELLS), folder / "notebooks" / "cases.ipynb")
    for name, count in ((TRAIN_FILES[1], 60_000), (TEST_FILES[1], 10_000)):
        header = b"\x00\x00\x08\x01" + count.to_bytes(4, "big")
        (folder / "whole" / name).write_bytes(gzip.compress(header + bytes(count)))
    return folder


def run_nbval(
    project: Path, data: Path | None, notebooks: str = "notebooks"
) -> tuple[list[str | None], str]:
    """Run nbval; return each cell's failure (None: it passed), and the report."""
    environment = {k: v for k, v in os.environ.items() if k != "D2L_LITE_DATA"}
    if data:
        environment["D2L_LITE_DATA"] = str(data)
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env"]
    command += ["-p", "no:cacheprovider", "--color=no", "--junitxml=report.xml"]
    done = subprocess.run(
        [*command, notebooks],
        cwd=project, env=environment, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    failures = []
    for case in ElementTree.parse(project / "report.xml").iter("testcase"):
        failure = case.find("failure")
        failures.append(None if failure is None else failure.text)
    return failures, done.stdout


@pytest.fixture(scope="module")
def rehearsal(project):
    """What nbval says on the rehearsal folder, which is the default."""
    return run_nbval(project, None)


@pytest.fixture(scope="module")
def whole(project):
    """What nbval says on a folder with as many images as the whole data."""
    return run_nbval(project, project / "whole")


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
    assert "notebook data: rehearsal, 128 + 64 images" in rehearsal[1]
    assert "notebook data: whole data, 60,000 + 10,000 images" in whole[1]


def test_a_failure_shows_both_texts_and_the_rule(whole):
    failure = whole[0][NAMES.index("out of range")]
    assert "breaks the rule 'measured'" in failure
    assert "stored:\n    loss 0.300, train acc 0.900000, test acc 0.83" in failure
    assert "new:\n    loss 0.300, train acc 0.900000, test acc 0.81" in failure


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
    failures = {}
    for stored_by in (PINNED, OTHER):
        notebook = new_notebook(cells=cells, metadata={"made": {"torch": stored_by}})
        nbformat.write(notebook, project / "messages.ipynb")
        failures[stored_by], _ = run_nbval(project, None, "messages.ipynb")
    return failures


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
