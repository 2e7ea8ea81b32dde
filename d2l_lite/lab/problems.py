"""A problem set for a class: some exercises with numbers drawn from a student's name.

That gives each student fresh numbers, not secrecy: this code is open.
"""

from math import ceil
from random import Random

from d2l_lite.lab import exercises
from d2l_lite.lab.exercises import Exercise, say, traced
from d2l_lite.lab.rule import LEVEL
from d2l_lite.nets import alexnet, lenet

Problem = tuple[str, Exercise]  # the prompt, and what an answer is held to


def ask(exercise: str, *, student: str) -> None:
    """Print an exercise with the numbers of one student.

    Raises ValueError for an exercise that has no numbers to draw.
    """
    prompt, _ = problem(exercise, student)
    print(prompt)


def check(exercise: str, answer: object, *, student: str | None = None) -> None:
    """Print "right" and why, "not answered yet", or what is wrong with the answer.

    exercise is the number in the cell, such as "01.1"; with a student's name it is the
    one that `ask` printed. answer is a number, a tensor of one number, a function or a
    Rung; `...` means that there is none yet. What need not be whole is right within
    half a percent. Raises ValueError for another exercise.
    """
    if student is None:
        exercises.check(exercise, answer)
    else:
        say(answer, problem(exercise, student)[1])


def problem(exercise: str, student: str) -> Problem:
    """One student's exercise, the same each time."""
    if exercise not in PROBLEMS:
        known = ", ".join(PROBLEMS)
        raise ValueError(f"no numbers to draw for {exercise!r}; there are {known}")
    return PROBLEMS[exercise](Random(f"{exercise} {student}"))


def steps(draw: Random) -> Problem:
    """01.1 with other minibatches, images and epochs."""
    batch, epochs = draw.choice((48, 96, 192, 384)), draw.randint(3, 12)
    images = 1000 * draw.randint(20, 59)
    a_pass = ceil(images / batch)
    return (
        f"How many steps are {epochs} epochs over {images:,} images, in minibatches "
        f"of {batch}?",
        Exercise(
            epochs * a_pass, "each epoch ends with a short minibatch of its own", {
            ceil(epochs * images / batch): "round up for each epoch, not once for all",
            epochs * (images // batch): "the short minibatches are steps too"}),
    )  # fmt: skip


def parameters(draw: Random) -> Problem:
    """02.1 with other channels and another window."""
    before, after, k = (
        draw.randint(3, 12),
        draw.randint(8, 40),
        draw.choice((2, 3, 4, 7)),
    )
    return (
        f"How many parameters has a convolution from {before} to {after} channels, "
        f"with windows of {k} by {k}?",
        Exercise(
            after * (before * k * k + 1), "each filter has its weights and a bias", {
            after * before * k * k: "these are the weights without the biases",
            after * (k * k + 1): "each filter looks at all channels"}),
    )  # fmt: skip


def flattened(draw: Random) -> Problem:
    """04.2 with another side, for either net."""
    name, build, sides = draw.choice(
        (("LeNet", lenet, (32, 48, 64)), ("AlexNet", alexnet, (160, 200, 256, 288)))
    )
    side = draw.choice(sides)
    net = traced(build, side)
    flat = next(row for row in net.rows if row.layer == "Flatten").output_shape[1]
    channels = {"LeNet": 16, "AlexNet": 256}[name]
    return (
        f"Feed {name} images of {side} pixels a side. How many numbers does "
        "`nn.Flatten` lay end to end?",
        Exercise(
            flat, f"{channels} maps, side by side", {
            flat // channels: f"this is one map, and there are {channels}"}),
    )  # fmt: skip


def seconds(draw: Random) -> Problem:
    """05.1 on another device."""
    trillions, images = draw.randint(2, 90), 1000 * draw.randint(20, 60)
    macs = traced(alexnet, 224).macs
    least = images * 3 * 2 * macs / (trillions * 1e12)
    return (
        f"A device computes {trillions} trillion operations a second. How many seconds "
        f"does its arithmetic for one epoch of AlexNet, {images:,} images, take at "
        "least? A multiply-add is two operations, and backward costs twice as much as "
        "forward.",
        Exercise(
            least, "the arithmetic alone; all waiting comes on top", {
            least / 2: "a MAC is two operations",
            least / 3: "this is forward alone, without backward"}),
    )  # fmt: skip


def enlarged(draw: Random) -> Problem:
    """05.2 with another side and number of images."""
    side, images = draw.randint(40, 300), 1000 * draw.randint(5, 60)
    numbers = images * side * side
    return (
        f"How many bytes take {images:,} images of {side} by {side} pixels, one "
        "channel, in float32?",
        Exercise(4 * numbers, "four bytes a number", {
            numbers: "these are numbers, and each takes four bytes"}),
    )  # fmt: skip


def smallest_p(draw: Random) -> Problem:
    """06.3 with another family."""
    tests = draw.randint(6, 60)
    return (
        f"A family has {tests} contrasts. How small must the smallest p value of all "
        "be for a verdict at 5 in 100, by Holm's correction?",
        Exercise(LEVEL / tests, "the first of many contrasts has it hardest", {
            LEVEL: "so it would be if there were no other contrast"}),
    )  # fmt: skip


PROBLEMS = {
    "01.1": steps,
    "02.1": parameters,
    "04.2": flattened,
    "05.1": seconds,
    "05.2": enlarged,
    "06.3": smallest_p,
}
