"""Exercises: what is right, what is a known slip, and what the chapters store.

The right answers here are found in another way: by torch on real tensors, or by sums.
"""

import copy
import math
import re
from fractions import Fraction
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
from scipy.stats import ttest_ind, ttest_rel
from torch import nn
from torch.nn import functional as F

import d2l_lite
from d2l_lite import alexnet, lenet
from d2l_lite.lab import check
from d2l_lite.lab.exercises import exercises, store_keys
from d2l_lite.lab.ladder import RUNGS, Rung
from d2l_lite.lab.records import RECORDS
from d2l_lite.lab.verdicts import Records, judge_all, read_labels

CHAPTERS = sorted((Path(__file__).parents[2] / "notebooks").glob("0[1-7]*.ipynb"))
ALEXNET = [11 * 11 * 96 + 96, 25 * 96 * 256 + 256, 9 * 256 * 384 + 384]
ALEXNET += [9 * 384 * 384 + 384, 9 * 384 * 256 + 256]
ALEXNET += [6401 * 4096, 4097 * 4096, 40970]  # weights and biases, layer by layer


KEPT = np.load(RECORDS / "inside.npz")
TRIPLES = list(zip(read_labels().tolist(), *(KEPT[name].tolist() for name in (
    "lenet_predicted", "alexnet_predicted"
))))  # fmt: skip


def mistakes(net):
    """Count the test images that a net gets wrong."""
    place = {"lenet": 1, "alexnet": 2}[net]
    return sum(triple[place] != triple[0] for triple in TRIPLES)


def shared_mistakes(same=False):
    """Count the images that both get wrong; if `same`, with the same answer."""
    both = [(a, b) for label, a, b in TRIPLES if a != label != b]
    return sum(a == b for a, b in both) if same else len(both)


def output_size(n, k, s, p, d):
    """Count the places of a window with holes, one by one."""
    return sum(1 for _ in range(0, n + 2 * p - d * (k - 1), s))


def largest_side(net):
    """The largest side of a real image that the net takes."""
    sides = []
    for n in range(20, 50):
        try:
            net(torch.zeros(1, 1, n, n))
        except RuntimeError:
            continue
        sides.append(n)
    return sides[-1]


def field_by_gradient(net, side):
    """How many rows of the input move one number in the middle of the output."""
    X = torch.rand(1, 1, side, side, requires_grad=True)
    Y = net(X)
    Y[0, :, Y.shape[2] // 2, Y.shape[3] // 2].sum().backward()
    rows = X.grad[0, 0].abs().sum(dim=1).nonzero()
    return (rows.max() - rows.min() + 1).item()


def without_max(net):
    """The same windows, with means for maxima and no ReLU: every pixel counts."""
    layers = []
    for layer in net:
        if isinstance(layer, nn.MaxPool2d):
            layer = nn.AvgPool2d(3, 2)
        if not isinstance(layer, nn.ReLU):
            layers.append(layer)
    for layer in layers:
        for weights in layer.parameters():
            nn.init.constant_(weights, 0.01)
    return nn.Sequential(*layers)


def kept_by_adam():
    """The bytes of Adam's means: those of a small layer after a step, scaled up."""
    small = nn.Linear(7, 3)
    adam = torch.optim.Adam(small.parameters())
    small(torch.ones(1, 7)).sum().backward()
    adam.step()
    state = [value for values in adam.state.values() for value in values.values()]
    means = [value for value in state if value.dim()]
    each = sum(value.nbytes for value in means) / (7 * 3 + 3)
    return int(each * sum(ALEXNET))


def side_at(n):
    """The side of AlexNet's last map."""
    for k, s, p in [(11, 4, 1), (3, 2, 0), (5, 1, 2), (3, 2, 0), (3, 2, 0)]:
        n = output_size(n, k, s, p, 1)
    return n


def seconds_of_an_epoch():
    """Multiply-adds of AlexNet's layers, as torch shapes them, at 100 TFLOP/s."""
    macs, X = 0, torch.zeros(1, 1, 224, 224)
    for layer in alexnet():
        X = layer(X)
        if isinstance(layer, nn.Conv2d | nn.Linear):
            macs += X.numel() * layer.weight[0].numel()
    return 60_000 * 6 * macs / 10**14


def steps(batch_size):
    """The minibatches of ten epochs over 60,000 images."""
    return 10 * len(torch.zeros(60_000).split(batch_size))


def finer():
    """AlexNet up to its last pooling, with a first stride of 2."""
    net = alexnet()[:13]
    net[0].stride = (2, 2)
    return without_max(net)


def accuracies(name):
    """The test accuracy of each seed, in points."""
    return 100 * Records().right(name).mean(1)


def climbed():
    """The points between two rungs, seed by seed, as if they were pairs."""
    return accuracies("width") - accuracies("lenet")


def reach(pairs=False):
    """Half the width of Welch's interval; or of the interval of pairs."""
    nets = accuracies("width"), accuracies("lenet")
    test = ttest_rel(*nets) if pairs else ttest_ind(*nets, equal_var=False)
    return np.ptp(test.confidence_interval(0.95)) / 2


def holm_counts():
    """How often Holm counts the smallest p of the ladder's family."""
    found = judge_all()
    claims = [claim for claim in found.claims if claim.id != "silence"]
    tested = [judged.contrast for judged in (*found.steps, *claims)]
    least = min((c for c in tested if c.p == c.p), key=lambda c: c.p)
    return round(least.corrected / least.p)


RIGHT = {
    "01.1": lambda: steps(128),
    "01.2": lambda: Fraction(8, 10) - Fraction(2, 3),
    "02.1": lambda: sum(p.numel() for p in nn.Conv2d(6, 16, 3).parameters()),
    "02.2": lambda: lenet_without_padding(torch.zeros(1, 1, 28, 28)).numel(),
    "03.1": lambda: output_size,
    "03.2": lambda: largest_side(lenet()),
    "03.3": lambda: field_by_gradient(finer(), 224),
    "04.1": lambda: ALEXNET[5] / sum(ALEXNET),
    "04.2": lambda: 256 * side_at(227) ** 2,
    "04.3": lambda: field_by_gradient(without_max(alexnet()[:3]), 224) / 8,
    "04.4": kept_by_adam,
    "05.1": seconds_of_an_epoch,
    "05.2": lambda: 60_000 * torch.zeros(224, 224).nbytes,
    "06.1": lambda: np.mean(climbed()),
    "06.2": reach,
    "06.3": lambda: 1 / (20 * holm_counts()),
    "06.4": lambda: Rung("ReLU", "maximum", 5, 2, dropout=0.5, side=112),
    "07.1": lambda: shared_mistakes() / mistakes("alexnet"),
    "07.2": lambda: shared_mistakes(same=True) / shared_mistakes(),
}
SLIPS = [
    ("01.1", 4687.5, "a whole step"),
    ("01.1", 4688, "not once for all ten"),
    ("01.1", 4680, "the short minibatches are steps too"),
    ("01.2", -0.133, "turn the sign"),
    ("01.2", 0.667, "this is the mean"),
    ("02.1", 864, "without the 16 biases"),
    ("02.1", 160, "all six maps"),
    ("02.2", 16, "one map"),
    ("02.2", 400, "with its padding"),
    ("03.2", 28, "the smallest side"),
    ("03.2", 32, "6 pixels a side"),
    ("03.3", 195, "a stride of 4"),
    ("03.3", 97, "keeps its 11 pixels"),
    ("04.1", 56.1, "between 0 and 1"),
    ("04.1", 26_214_400 / 938_146_176, "share of the MACs"),
    ("04.2", 6400, "this is for 224"),
    ("04.2", 36, "one map"),
    ("04.3", 19, "the enlarged"),
    ("04.3", 152, "divide"),
    ("04.4", 4 * sum(ALEXNET), "two means"),
    ("04.4", 2 * sum(ALEXNET), "four bytes"),
    ("05.1", 60_000 * 3 * 938_146_176 / 1e14, "a MAC is two operations"),
    ("05.1", 60_000 * 2 * 938_146_176 / 1e14, "without backward"),
    ("05.2", 60_000 * 224 * 224, "four bytes"),
    ("05.2", 60_000 * 28 * 28 * 4, "28 pixels"),
    ("06.1", -np.mean(climbed()), "turn the sign"),
    ("06.1", np.mean(climbed()) / 100, "a hundredth"),
    ("06.2", 2 * reach(), "from end to end"),
    ("06.2", reach(pairs=True), "no pairs"),
    ("06.2", 0.775, "the test images too"),
    ("06.2", reach() / 100, "a hundredth"),
    ("06.3", 0.05, "no other contrast"),
    ("06.3", holm_counts() / 20, "divide"),
    ("06.4", RUNGS["dropout"], "lower end"),
    ("06.4", RUNGS["geometry"], "upper end"),
    ("06.4", Rung("ReLU", "maximum", 5, 2, dropout=0.5, geometry="AlexNet's"), "28"),
    ("07.1", shared_mistakes() / mistakes("lenet"), "LeNet's mistakes"),
    ("07.1", shared_mistakes() / 10_000, "all images"),
    ("07.2", shared_mistakes(True) / mistakes("alexnet"), "all of AlexNet's"),
    ("07.2", shared_mistakes(True) / 10_000, "all images"),
]


def lenet_without_padding(X):
    """LeNet's features, with the convolutions of torch.nn.functional."""
    X = F.avg_pool2d(F.conv2d(X, torch.zeros(6, 1, 5, 5)), 2)
    return F.avg_pool2d(F.conv2d(X, torch.zeros(16, 6, 5, 5)), 2).flatten(1)


def said(capsys, exercise, answer):
    """What check prints: one line, here without its end."""
    assert check(exercise, answer) is None
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    return printed.removesuffix("\n")


def test_every_exercise_is_tested_here():
    assert list(RIGHT) == list(exercises())
    hints = {id: len(key.slips) for id, key in exercises().items() if key.slips}
    assert {id: sum(s[0] == id for s in SLIPS) for id in hints} == hints


@pytest.mark.parametrize("exercise", ["01.1", "03.1", "06.4"])
def test_no_answer_is_no_wrong_answer(capsys, exercise):
    assert said(capsys, exercise, ...) == "not answered yet"


@pytest.mark.parametrize("exercise", RIGHT)
def test_the_right_answer_is_right_and_it_says_why(capsys, exercise):
    line = said(capsys, exercise, RIGHT[exercise]())
    assert re.fullmatch(r"right: .{10,}", line)


@pytest.mark.parametrize("exercise, answer, hint", SLIPS)
def test_a_known_slip_gets_its_hint(capsys, exercise, answer, hint):
    line = said(capsys, exercise, answer)
    assert line.startswith("not right: ") and hint in line


# All exercises with numbers go one way, so one of them stands for all.


@pytest.mark.parametrize(
    "answer",
    ["235", None, True, [1, 2], 1j, math.nan, print, torch.ones(2), torch.tensor(True)],
    ids=repr,
)
def test_something_else_than_a_number_is_named_first(capsys, answer):
    assert said(capsys, "04.1", answer).startswith("not right: one number is ")


@pytest.mark.parametrize("exercise", ["01.1", "04.1"])
def test_another_number_is_too_small_or_too_large(capsys, exercise):
    assert said(capsys, exercise, -10_000_000) == "not right: it is too small"
    assert said(capsys, exercise, 10**15) == "not right: it is too large"


def test_a_whole_number_is_asked_where_the_answer_is_one(capsys):
    line = "not right: a whole number is expected, not 4690.0"
    assert said(capsys, "01.1", 4690.0) == line
    assert said(capsys, "01.1", torch.tensor(4690.0)) == line


def test_a_tensor_of_one_number_is_a_number(capsys):
    assert said(capsys, "01.1", torch.tensor([4690])).startswith("right")
    assert said(capsys, "01.2", torch.tensor(2 / 15)).startswith("right")


def test_half_a_percent_is_near_enough_where_it_is_not_whole(capsys):
    right = RIGHT["04.1"]()
    assert said(capsys, "04.1", 1.0049 * right).startswith("right")
    assert said(capsys, "04.1", 1.0051 * right) == "not right: it is too large"
    assert said(capsys, "04.1", 0.9949 * right) == "not right: it is too small"
    assert said(capsys, "05.2", 12_042_240_001) == "not right: it is too large"


def test_a_slip_that_is_not_whole_is_known_by_two_digits(capsys):
    assert "a whole step" in said(capsys, "01.1", 4687.504)
    line = "not right: a whole number is expected, not 4687.51"
    assert said(capsys, "01.1", 4687.51) == line


def by_torch(n, k, s, p, d):
    """The side that torch's pooling of real numbers has."""
    conv = F.conv2d(torch.zeros(1, 1, n, n), torch.zeros(1, 1, k, k), None, s, p, d)
    return conv.shape[-1]


def wrong_function(capsys, function):
    """Read what check prints on a function: its input, its value, torch's, a hint."""
    line = said(capsys, "03.1", function)
    form = r"not right: answer(\(.*?\)) is (.*), torch says (\d+): (.*)"
    case, given, right, hint = re.fullmatch(form, line).groups()
    case = tuple(map(int, case.strip("()").split(",")))
    assert given == repr(function(*case))
    assert int(right) == by_torch(*case) == output_size(*case)
    before = list(exercises()["03.1"].answer)
    for earlier in before[: before.index(case)]:
        assert function(*earlier) == output_size(*earlier)
    return hint


def test_a_function_is_tried_on_200_inputs_of_all_kinds(capsys):
    tried = []
    said(capsys, "03.1", lambda *case: tried.append(case) or output_size(*case))
    assert len(set(tried)) == 200
    for n, k, s, p, d in tried:
        assert by_torch(n, k, s, p, d) == output_size(n, k, s, p, d)
    for kind in zip(*tried, strict=True):
        assert len(set(kind)) >= 3


@pytest.mark.parametrize(
    "function, hint",
    [
        (lambda n, k, s, p, d: (n + 2 * p - k) // s + 1, "spans more than k pixels"),
        (lambda n, k, s, p, d: (n + 2 * p - d * (k - 1) - 1) / s + 1, "the floor"),
        (lambda n, k, s, p, d: output_size(n, k, s, 0, d), "it is too small"),
        (lambda n, k, s, p, d: output_size(n, k, s, p, d) + 1, "it is too large"),
        (lambda n, k, s, p, d: str(output_size(n, k, s, p, d)), "one number is"),
        (lambda n, k, s, p, d: output_size(n, k, s, p, d) - (n == 222), "too small"),
    ],
)
def test_a_wrong_function_is_shown_its_first_wrong_input(capsys, function, hint):
    assert hint in wrong_function(capsys, function)


def test_a_function_that_raises_is_told_so(capsys):
    line = said(capsys, "03.1", lambda n, k, s, p, d: n // 0)
    assert re.fullmatch(
        r"not right: answer\([\d, ]+\) raises ZeroDivisionError: .+", line
    )
    line = said(capsys, "03.1", lambda n, k: n)
    assert "raises TypeError" in line and "5 were given" in line


def test_a_number_is_no_rung_and_another_rung_is_no_answer(capsys):
    assert said(capsys, "06.4", 112) == "not right: a Rung is expected, not 112"
    assert "compare it with both" in said(capsys, "06.4", RUNGS["lenet"])


def test_a_number_is_no_function(capsys):
    assert said(capsys, "03.1", 54) == "not right: a function is expected, not 54"


def test_an_unknown_exercise_is_refused_with_those_that_there_are():
    with pytest.raises(ValueError, match=r"'9.9'; there are 01\.1, .*05\.2"):
        check("9.9", ...)


def test_checking_draws_no_random_numbers():
    torch.manual_seed(0)
    exercises.cache_clear()
    check("01.1", 1)
    drawn = torch.rand(3)
    torch.manual_seed(0)
    assert torch.equal(drawn, torch.rand(3))


def test_nothing_in_the_package_imports_check():
    folder = Path(d2l_lite.__file__).parent
    users = [p for p in folder.rglob("*.py") if "lab.exercises" in p.read_text("utf-8")]
    assert [p.parent.name + "/" + p.name for p in users] == ["lab/problems.py"]


# ------------------------------------------------------------- in the chapters

SOLUTION = {"code_prompt_hide": "Solution", "code_prompt_show": "Solution"}
CALL = re.compile(r'^check\("([\d.]+)", answer\)$', re.M)


def exercises_of(notebook):
    """Yield each cell with a check: its exercise, whether folded, source, output."""
    for cell in notebook.cells:
        if cell.cell_type == "code" and (call := CALL.search(cell.source)):
            folded = "hide-cell" in cell.metadata.get("tags", [])
            hidden = cell.metadata.get("jupyter", {}).get("source_hidden", False)
            assert folded == hidden, "folded on the site and in JupyterLab, or not"
            output = "".join(output.get("text", "") for output in cell.outputs)
            yield call[1], folded, cell.source, output


def complaints_about(notebook, chapter):
    """What is wrong with a chapter's exercises."""
    cells, complaints = list(exercises_of(notebook)), []
    posed = [exercise for exercise, folded, _, _ in cells if not folded]
    if not 2 <= len(posed) <= 4:
        complaints.append(f"{len(posed)} exercises")
    known = [key for key in exercises() if key.startswith(f"{chapter}.")]
    if [id for id, *_ in cells] != [id for id in known for _ in range(2)]:
        complaints.append("not each exercise once, and then its solution")
    for exercise, folded, source, output in cells:
        if folded and not output.startswith("right: "):
            complaints.append(f"{exercise}: the solution is not right")
        if not folded and output != "not answered yet\n":
            complaints.append(f"{exercise}: it is answered")
        if not folded and not re.search(r"^answer = \.\.\.$", source, re.M):
            complaints.append(f"{exercise}: it does not begin with answer = ...")
    again = copy.deepcopy(notebook)
    store_keys(again)
    if again != notebook:
        complaints.append("a key for the site is not that of the code")
    prompts = [cell.metadata.get("mystnb") for cell in notebook.cells
               if "hide-cell" in cell.metadata.get("tags", [])]  # fmt: skip
    if any(prompt != SOLUTION for prompt in prompts):
        complaints.append("what is folded is not called a solution")
    pages = [c.source for c in notebook.cells if c.cell_type == "markdown"]
    titles = re.findall(r"^## (.*)", "\n".join(pages), re.M)
    if titles[-2:] != ["Exercises", "Take-away"]:
        complaints.append("the exercises do not stand before the take-away")
    questions = re.findall(r"\*\*Exercise (\d)\.\*\*", "\n".join(pages))
    if questions != [str(n + 1) for n in range(len(posed))]:
        complaints.append(f"the questions are numbered {questions}")
    return complaints


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_asks_and_answers_its_exercises(path):
    assert complaints_about(nbformat.read(path, as_version=4), path.stem[:2]) == []


def test_the_chapters_with_exercises():
    numbers = [path.stem[:2] for path in CHAPTERS]
    assert numbers == ["01", "02", "03", "04", "05", "06", "07"]


def unrun(cells):
    """Leave the first solution without its output."""
    next(c for c in cells if "hide-cell" in c.metadata.get("tags", [])).outputs = []


def answered(cells):
    """Give the first exercise its answer."""
    cell = next(c for c in cells if "answer = ..." in c.source)
    cell.source = cell.source.replace("...", "1")


def unnumbered(cells):
    """Take the number off a question."""
    cell = next(c for c in cells if "**Exercise 2.**" in c.source)
    cell.source = cell.source.replace("Exercise 2", "Exercise 3")


def renamed(cells):
    """Call an exercise by another's number."""
    cell = [c for c in cells if CALL.search(c.source)][-1]
    cell.source = CALL.sub('check("01.1", answer)', cell.source)


def rekeyed(cells):
    """Give the site another key."""
    cell = next(c for c in cells if "exercise" in c.metadata)
    cell.metadata["exercise"]["targets"][0][0][0] += 1


def unnamed(cells):
    """Fold a solution without a word."""
    del next(
        c for c in cells if "mystnb" in c.metadata and CALL.search(c.source)
    ).metadata["mystnb"]


def moved(cells):
    """Put the take-away before the exercises."""
    cells.insert(0, cells.pop())


@pytest.mark.parametrize(
    "fault", [unrun, answered, unnumbered, renamed, rekeyed, unnamed, moved]
)
def test_a_fault_in_a_chapter_is_found(fault):
    notebook = nbformat.read(CHAPTERS[2], as_version=4)
    fault(notebook.cells)
    assert len(complaints_about(notebook, "03")) == 1
