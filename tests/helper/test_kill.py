"""A training that is killed goes on, and ends bit for bit as one that was not.

Real processes, real SIGKILLs: a process stops where a test says, tells it, and is
killed there, however slow the machine. They are forked from a server that has loaded
torch already, so that each costs a moment and not seconds.
"""

import itertools
import multiprocessing
import os
import random
import signal
import sys

import pytest
import torch

from d2l_lite import lenet, train_image_classifier
from d2l_lite.data import SAMPLE, Minibatches, read_split

pytestmark = pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX's")

STEPS, EPOCHS = 5, 4  # steps an epoch
CALLS = 2_000  # of Python functions, at the least, from one step to the next


def train(path, wire, stop_at=None):
    """Train LeNet, saving after every step; tell each step through the wire.

    stop_at = (function, number) stops in its n-th call; (step, number of calls)
    stops so many calls, of any functions, after that step.
    """
    torch.set_num_threads(1)
    module = sys.modules["d2l_lite.train"]
    module.SECONDS_BETWEEN_SAVES = -1  # no clock shows less than this
    step, steps = torch.optim.Adam.step, itertools.count(1)

    def telling(*args, **kwargs):
        result = step(*args, **kwargs)
        wire.send("step")
        if stop_at and next(steps) == stop_at[0]:
            count_calls(stop_at[1], wire)
        return result

    torch.optim.Adam.step = telling
    if stop_at and stop_at[0] in OWNERS:
        stop_in(*stop_at, wire)
    images, labels = read_split(SAMPLE, "train")
    n = 128 * STEPS - 3
    train_iter = Minibatches(images[:n], labels[:n], 128, shuffle=True)
    test_iter = Minibatches(images[:200], labels[:200], 128)
    torch.manual_seed(0)
    train_image_classifier(
        lenet(), train_iter, test_iter, 0.01, EPOCHS, seed=0, checkpoint=path
    )
    wire.send("end")


OWNERS = {"save": torch, "fsync": os, "replace": os, "replaced": os}


def stop(wire):
    """Tell it, then wait to be killed; a parent that is gone ends the wait."""
    wire.send("stopped")
    wire.recv()


def stop_in(function, number, wire):
    """Let the n-th call of torch.save, os.fsync or os.replace stop half-way."""
    owner, name = OWNERS[function], function.removesuffix("d")
    original, calls = getattr(owner, name), itertools.count(1)

    def stopping(*args, **kwargs):
        if next(calls) != number:
            return original(*args, **kwargs)
        if function == "save":  # half of the file is there
            original(*args, **kwargs)
            args[1].truncate(args[1].tell() // 2)
        elif function == "replaced":
            original(*args, **kwargs)
        stop(wire)

    setattr(owner, name, stopping)


def count_calls(number, wire):
    """Stop in the n-th call, or return, of a Python function from now on."""
    calls = itertools.count(1)
    sys.setprofile(lambda *_: next(calls) == number and stop(wire))


@pytest.fixture(scope="module")
def start():
    """Return a function that starts a training in a process of its own."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["d2l_lite", "torch._dynamo"])

    def start(path, stop_at=None):
        here, there = context.Pipe()
        process = context.Process(target=train, args=(path, there, stop_at))
        process.start()
        there.close()  # so that a process that is gone is heard
        return process, here

    return start


def told(wire):
    """What a process tells until it ends."""
    words = []
    try:
        while True:
            words.append(wire.recv())
    except EOFError:
        return words


def finish(start, path):
    """Train to the end; return the last checkpoint but for its times, and the steps."""
    process, wire = start(path)
    words = told(wire)
    process.join()
    assert words[-1:] == ["end"] and process.exitcode == 0
    state = torch.load(path, weights_only=True)
    del state["elapsed"], state["run"]["seconds"]
    return state, words.count("step")


def same(one, two):
    """Whether two checkpoints are equal, to the bit."""
    if isinstance(one, dict):
        return one.keys() == two.keys() and all(same(one[k], two[k]) for k in one)
    if isinstance(one, list | tuple):
        return len(one) == len(two) and all(map(same, one, two))
    if isinstance(one, torch.Tensor):
        return one.dtype == two.dtype and torch.equal(one, two)
    return one == two


@pytest.fixture(scope="module")
def unbroken(start, tmp_path_factory):
    """The training that nobody disturbed."""
    state, steps = finish(start, tmp_path_factory.mktemp("unbroken") / "run.pt")
    assert steps == STEPS * EPOCHS
    return state


def test_a_difference_of_one_bit_is_seen(unbroken):
    other = unbroken | {"net": {k: v.clone() for k, v in unbroken["net"].items()}}
    assert same(unbroken, other)
    weight = other["net"]["0.weight"].view(-1)
    weight[0] = torch.nextafter(weight[0], torch.tensor(9.0))
    assert not same(unbroken, other)


def start_and_kill(start, path, stop_at):
    """Kill a training where it stopped; return how many steps it had told."""
    process, wire = start(path, stop_at)
    steps = len(list(iter(wire.recv, "stopped")))
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    return steps


def check_the_rest(start, path, unbroken):
    state, steps = finish(start, path)
    assert same(state, unbroken)
    return steps


@pytest.mark.parametrize(
    "number",
    [n if n < 3 else pytest.param(n, marks=pytest.mark.nightly) for n in range(18)],
)
def test_killed_at_a_random_call(start, unbroken, tmp_path, number):
    chance = random.Random(number)
    last, call = chance.randrange(1, STEPS * EPOCHS), chance.randrange(1, CALLS)
    path = tmp_path / "run.pt"
    assert start_and_kill(start, path, (last, call)) == last
    steps = check_the_rest(start, path, unbroken)
    assert STEPS * EPOCHS - last <= steps <= STEPS * EPOCHS - last + 1


@pytest.mark.parametrize(
    "stop_at",
    [("save", 1), ("save", 7), ("fsync", 2), ("replace", 11), ("replaced", 5)],
    ids=lambda stop_at: f"{stop_at[0]} {stop_at[1]}",
)
def test_killed_inside_a_save(start, unbroken, tmp_path, stop_at):
    path = tmp_path / "run.pt"
    start_and_kill(start, path, stop_at)
    assert path.exists() == (stop_at != ("save", 1))
    last_whole_save = stop_at[1] - (stop_at[0] != "replaced")
    epochs, saves = divmod(last_whole_save, STEPS + 1)  # one more at an epoch's end
    steps = check_the_rest(start, path, unbroken)
    assert steps == STEPS * (EPOCHS - epochs) - saves


def test_killed_again_and_again(start, unbroken, tmp_path):
    path = tmp_path / "run.pt"
    for _ in range(3):  # each time inside the fourth save, after three whole ones
        start_and_kill(start, path, ("fsync", 4))
    epochs, saves = divmod(9, STEPS + 1)
    assert check_the_rest(start, path, unbroken) == STEPS * (EPOCHS - epochs) - saves
