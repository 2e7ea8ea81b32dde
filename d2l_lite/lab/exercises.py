"""Check answers to the exercises; what is right is computed, and so are known slips.

The site checks them too, without Python: for its pages `store_keys` puts what is right
and what is a slip into the notebooks, when these are run.
"""

from __future__ import annotations

import functools
import random
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from numbers import Integral, Real

import numpy as np
import torch
from torch import Tensor, nn

from d2l_lite.data import Minibatches
from d2l_lite.lab.ladder import RUNGS, Rung
from d2l_lite.lab.records import RECORDS
from d2l_lite.lab.rule import LEVEL, compare
from d2l_lite.lab.verdicts import Records, judge_all, read_labels
from d2l_lite.measure import means
from d2l_lite.nets import alexnet, lenet
from d2l_lite.shapes import Trace, unrounded_side, walk

META = torch.device("meta")  # has shapes, but no numbers
NEAR = 0.005  # what need not be whole is right within half a percent
ASKED = 5  # of a function's inputs, on the site
UNANSWERED = re.compile(r'^answer = \.\.\.\ncheck\("([\d.]+)", answer\)$', re.M)


@dataclass(frozen=True)
class Exercise:
    """What an answer is held to: a number, a rung, or a function's value at inputs."""

    answer: float | Rung | dict[tuple[int, ...], Exercise]
    why: str = ""
    slips: dict[float | Rung, str] = field(default_factory=dict)  # and what is wrong


def check(exercise: str, answer: object) -> None:
    """Print "right" and why, "not answered yet", or what is wrong with the answer.

    exercise is the number in the cell, such as "01.1". answer is a number, a tensor
    of one number, a function or a Rung; `...` means that there is none yet. What need
    not be whole is right within half a percent. Raises ValueError for another exercise.
    """
    known = exercises()
    if exercise not in known:
        raise ValueError(f"no exercise {exercise!r}; there are {', '.join(known)}")
    say(answer, known[exercise])


def say(answer: object, exercise: Exercise) -> None:
    """Print what an answer is worth."""
    if answer is ...:
        print("not answered yet")
    elif fault := find_fault(answer, exercise):
        print(f"not right: {fault}")
    else:
        print(f"right: {exercise.why}")


def find_fault(answer: object, exercise: Exercise) -> str:
    """Say what is wrong, the type before the value; nothing if all is right."""
    right = exercise.answer
    if isinstance(right, dict):
        return find_input(answer, right)
    if isinstance(right, Rung):
        return find_setting(answer, right, exercise.slips)
    if isinstance(answer, Tensor) and answer.numel() == 1:
        answer = answer.item()
    if isinstance(answer, bool) or not isinstance(answer, Real) or answer != answer:
        return f"one number is expected, not {answer!r:.40}"
    fits = isinstance(answer, Integral) or not isinstance(right, int)
    for number, margin, fault in targets(exercise)[0 if fits else 1 :]:
        if abs(answer - number) <= margin:
            return fault
    if not fits:
        return f"a whole number is expected, not {answer}"
    return "it is too large" if answer > right else "it is too small"


def find_input(function: object, values: dict[tuple[int, ...], Exercise]) -> str:
    """Say at which input the function is wrong first, and how."""
    if not callable(function):
        return f"a function is expected, not {function!r:.40}"
    for case, value in values.items():
        try:
            given = function(*case)
        except Exception as error:
            return f"answer{case} raises {type(error).__name__}: {error}"
        if fault := find_fault(given, value):
            return f"answer{case} is {given!r:.40}, torch says {value.answer}: {fault}"
    return ""


def find_setting(rung: object, right: Rung, slips: dict[Rung, str]) -> str:
    """Say what is wrong with a rung."""
    if not isinstance(rung, Rung):
        return f"a Rung is expected, not {rung!r:.40}"
    other = "some setting is another; compare it with both neighbours"
    return "" if rung == right else slips.get(rung, other)


def targets(exercise: Exercise) -> list[tuple[float, float, str]]:
    """The right number, then the slips: how near is near enough, what is wrong."""
    right = exercise.answer
    whole = isinstance(right, int)
    slips = ((slip, NEAR * (1 if whole else abs(slip)), hint)
             for slip, hint in exercise.slips.items() if slip != right)  # fmt: skip
    return [(right, 0 if whole else NEAR * abs(right), ""), *slips]


def store_keys(notebook: dict) -> None:
    """Put its key into each cell that waits for an answer: its metadata `exercise`."""
    for cell in notebook["cells"]:
        if found := UNANSWERED.search(cell["source"]):
            cell["metadata"]["exercise"] = {"id": found[1]} | key(exercises()[found[1]])


def key(exercise: Exercise) -> dict[str, object]:
    """What the site's page needs, as JSON: targets for each field, and why.

    A function has a field for each of five inputs, a rung has choices by number.
    """
    right, names = exercise.answer, {}
    if isinstance(right, dict):
        asked = list(right.items())[:: len(right) // ASKED]
        names = {"inputs": [f"answer{case}" for case, _ in asked]}
        fields = [targets(value) for _, value in asked]
    elif isinstance(right, Rung):
        faults = settings({right: ""} | exercise.slips)
        names = {"choices": sorted(faults)}
        fields = [[(sorted(faults).index(name), 0, faults[name]) for name in faults]]
    else:
        fields = [targets(exercise)]
    plain = [[[rounded(number), rounded(margin), fault]
              for number, margin, fault in field] for field in fields]  # fmt: skip
    return {**names, "targets": plain, "why": exercise.why}


def settings(faults: dict[Rung, str]) -> dict[str, str]:
    """Name rungs by the settings in which they differ."""
    rungs = [asdict(rung) for rung in faults]
    differ = [name for name in rungs[0] if len({rung[name] for rung in rungs}) > 1]
    named = [", ".join(f"{name}={rung[name]!r}" for name in differ) for rung in rungs]
    return dict(zip(named, faults.values(), strict=True))


def rounded(number: float) -> float:
    """The number as stored: without digits in which machines may differ."""
    return number if isinstance(number, int) else float(f"{number:.6g}")


@functools.cache
def exercises() -> dict[str, Exercise]:
    """All exercises by number; a number typed below is a question's."""
    start = chapter_1() | chapter_2() | chapter_3() | chapter_4()
    return start | chapter_5() | chapter_6() | chapter_7()


def traced(build: Callable[[], nn.Sequential], side: int, **first: object) -> Trace:
    """Trace a net; `first` changes settings of its first layer."""
    with META:
        net = build()
    vars(net[0]).update(first)
    return walk(net, (1, 1, side, side))


def chapter_1() -> dict[str, Exercise]:
    """Chapter 1: the steps of ten epochs; the error of a mean of means."""
    images, labels = torch.empty(2, 60_000, device=META)
    epoch = len(Minibatches(images, labels, 128, device=META))
    hits, sizes = torch.tensor([4.0, 4.0, 0.0]), (4, 4, 2)
    _, accuracy = means([(n.repeat(2), size) for n, size in zip(hits, sizes)])
    mean = (hits / torch.tensor(sizes)).mean().item()
    at_once = 10 * 60_000 / 128
    return {
        "01.1": Exercise(
            10 * epoch, "each epoch ends with a short minibatch of its own", {
            at_once: "each epoch ends with a short minibatch, which is a whole step",
            round(at_once): "round up for each epoch, not once for all ten",
            10 * (epoch - 1): "the short minibatches are steps too"}),
        "01.2": Exercise(
            accuracy - mean, "in the mean, two images weigh as much as four", {
            mean - accuracy: "turn the sign: the mean is the smaller one",
            mean: "this is the mean; how far below the accuracy is it?"}),
    }  # fmt: skip


def chapter_2() -> dict[str, Exercise]:
    """Chapter 2: LeNet with a smaller window, and without padding."""
    weights = nn.Conv2d(6, 16, 3, device=META).weight
    usual, flat = (
        traced(lenet, 28, padding=(p, p)).rows[6].output_shape[1] for p in (2, 0)
    )
    return {
        "02.1": Exercise(
            weights.numel() + 16, "16 filters of 3 · 3 · 6 weights and a bias", {
            weights.numel(): "these are the weights without the 16 biases",
            weights[:, 0].numel() + 16: "each filter looks at all six maps"}),
        "02.2": Exercise(flat, "16 maps of 4 by 4", {
            flat // 16: "this is one map, and there are 16",
            usual: "this is LeNet with its padding"}),
    }  # fmt: skip


def chapter_3() -> dict[str, Exercise]:
    """Chapter 3: windows with holes; sides that fit; a smaller stride."""
    draw = random.Random(0).randint
    drawn = [[draw(20, 224), draw(1, 7), draw(1, 4), draw(0, 3), 1 + i // 70]
             for i in range(200)]  # fmt: skip
    fit = [n for n in range(28, 99) if not traced(lenet, n).failure]
    usual, finer = (
        traced(alexnet, 224, stride=(s, s)).rows[12].receptive_field for s in (4, 2)
    )
    return {
        "03.1": Exercise(
            {tuple(n): size_after(*n) for n in drawn},
            "with holes a window spans d (k − 1) + 1 pixels"),
        "03.2": Exercise(fit[-1], "two floors leave room for three pixels more", {
            fit[-1] + 1: "at this side the last maps have 6 pixels a side",
            fit[0]: "this is the smallest side"}),
        "03.3": Exercise(
            finer, "the first window stays, and every later step is halved", {
            usual: "this is for a stride of 4; all later steps become shorter",
            usual // 2: "the first window keeps its 11 pixels, whatever its stride"}),
    }  # fmt: skip


def size_after(n: int, k: int, s: int, p: int, d: int) -> Exercise:
    """What torch's convolution makes of one input of exercise 03.1."""
    X = torch.empty(1, 1, n, n, device=META)
    holes, solid = (nn.Conv2d(1, 1, k, s, p, i, device=META) for i in (d, 1))
    wrong = {solid(X).shape[2]: "with holes a window spans more than k pixels"}
    wrong[unrounded_side(holes, X)] = "the floor is missing"
    return Exercise(holes(X).shape[2], slips=wrong)


def chapter_4() -> dict[str, Exercise]:
    """Chapter 4: the first linear layer; other images; what Adam keeps."""
    net = traced(alexnet, 224)
    linear, weights = net.rows[14], 4 * net.parameters
    share = linear.parameters / net.parameters
    usual, flat = (traced(alexnet, n).rows[13].output_shape[1] for n in (224, 227))
    field = net.rows[2].receptive_field
    return {
        "04.1": Exercise(share, "one layer holds more than half of the net", {
            100 * share: "a share lies between 0 and 1",
            linear.macs / net.macs: "this is its share of the MACs"}),
        "04.2": Exercise(flat, "256 maps of 6 by 6", {
            usual: "this is for 224; 227 stands on the next step",
            flat // 256: "this is one map, and there are 256"}),
        "04.3": Exercise(
            field * 28 / 224, "less than half of what LeNet's first filter sees", {
            field: "these are pixels of the enlarged image",
            field * 224 / 28: "an original pixel is 8 enlarged ones, so divide"}),
        "04.4": Exercise(2 * weights, "two means of four bytes for each parameter", {
            weights: "Adam keeps two means for each parameter",
            2 * net.parameters: "these are numbers, and each takes four bytes"}),
    }  # fmt: skip


def chapter_5() -> dict[str, Exercise]:
    """Chapter 5: the arithmetic of an epoch; the bytes of enlarged images."""
    seconds = 60_000 * 3 * 2 * traced(alexnet, 224).macs / 100e12
    enlarged = torch.empty(60_000, 1, 224, 224, device=META)
    return {
        "05.1": Exercise(seconds, "the arithmetic alone; all waiting comes on top", {
            seconds / 2: "a MAC is two operations",
            seconds / 3: "this is forward alone, without backward"}),
        "05.2": Exercise(enlarged.nbytes, "256 times what the loader keeps", {
            enlarged.numel(): "these are numbers, and each takes four bytes",
            enlarged.nbytes // 64: "these are images of 28 pixels"}),
    }  # fmt: skip


def chapter_6() -> dict[str, Exercise]:
    """Chapter 6: a difference of means, its interval, Holm's first p, a rung."""
    records = Records()
    before, after = (100 * records.right(n).mean(1) for n in ("lenet", "width"))
    climb = compare(before, after)
    half = climb.interval()[1] - climb.difference
    both = compare(*(100.0 * records.right(n) for n in ("lenet", "width")))
    paired = 2.262157 * (after - before).std(ddof=1) / len(before) ** 0.5
    level = LEVEL / (tested := judge_all().tested)
    dropout, geometry = RUNGS["dropout"], RUNGS["geometry"]
    return {
        "06.1": Exercise(climb.difference, "the steps between add up to it", {
            -climb.difference: "turn the sign: `width` is the higher one",
            climb.difference / 100: "a point is a hundredth of accuracy"}),
        "06.2": Exercise(
            half, "most of it comes from LeNet's seeds; the test images add a little", {
            2 * half: "this is from end to end",
            both.interval()[1] - both.difference: "this holds the test images too",
            paired: "the seeds of two nets are no pairs: compare two groups",
            half / 100: "a point is a hundredth of accuracy"}),
        "06.3": Exercise(level, "the first of many contrasts has it hardest", {
            LEVEL: "so it would be if there were no other contrast",
            LEVEL * tested: "multiply p, or divide the 5 in 100"}),
        "06.4": Exercise(
            replace(dropout, side=112), "LeNet's windows on larger images", {
            replace(dropout, geometry=geometry.geometry):
                "AlexNet's windows do not fit into 28 pixels, so it cannot be built",
            dropout: "this is the step's lower end",
            geometry: "this is the step's upper end"}),
    }  # fmt: skip


def chapter_7() -> dict[str, Exercise]:
    """Chapter 7: mistakes that both nets make, and those with the same answer."""
    kept = np.load(RECORDS / "inside.npz")
    answers = kept["lenet_predicted"], kept["alexnet_predicted"]
    small, large = (predicted != read_labels() for predicted in answers)
    both = small & large
    same = both & (answers[0] == answers[1])
    return {
        "07.1": Exercise(
            both.sum() / large.sum(), "most of its mistakes are LeNet's too", {
            both.sum() / small.sum(): "this is the share of LeNet's mistakes",
            both.mean(): "this is the share of all images"}),
        "07.2": Exercise(same.sum() / both.sum(), "they are fooled in the same way", {
            same.sum() / large.sum(): "this is the share of all of AlexNet's mistakes",
            same.mean(): "this is the share of all images"}),
    }  # fmt: skip
