"""A training that is killed goes on, and ends bit for bit as one that was not.

Real processes, real SIGKILLs. They are forked from a server that has loaded
torch already, so that each costs a moment and not seconds.
"""

import multiprocessing
import os
import random
import signal
import sys
import time

import pytest
import torch

from d2l_lite import lenet, train_image_classifier
from d2l_lite.data import SAMPLE, Minibatches, read_split

pytestmark = pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX's")

STEPS, EPOCHS = 5, 4  # steps an epoch
FOREVER = 60  # seconds


def train(path, wire, stop_at=None):
    """Train LeNet, saving after every step; tell each step through the wire.

    stop_at = (function, number) sleeps in the n-th call of a step of the saving.
    """
    torch.set_num_threads(1)
    module = sys.modules["d2l_lite.train"]
    module.SECONDS_BETWEEN_SAVES = 0
    step = torch.optim.Adam.step

    def telling(*args, **kwargs):
        result = step(*args, **kwargs)
        wire.send("step")
        return result

    torch.optim.Adam.step = telling
    if stop_at:
        sleep_in(*stop_at, wire)
    images, labels = read_split(SAMPLE, "train")
    n = 128 * STEPS - 3
    train_iter = Minibatches(images[:n], labels[:n], 128, shuffle=True)
    test_iter = Minibatches(images[:200], labels[:200], 128)
    torch.manual_seed(0)
    train_image_classifier(
        lenet(), train_iter, test_iter, 0.01, EPOCHS, seed=0, checkpoint=path
    )
    wire.send("end")


def sleep_in(function, number, wire):
    """Let the n-th call of torch.save, os.fsync or os.replace stop half-way."""
    owner = {"save": torch, "fsync": os, "replace": os, "replaced": os}[function]
    name = function.removesuffix("d")
    original, calls = getattr(owner, name), []

    def sleeping(*args, **kwargs):
        calls.append(function)
        if len(calls) < number:
            return original(*args, **kwargs)
        if function == "save":  # half of the file is there
            original(*args, **kwargs)
            args[1].truncate(args[1].tell() // 2)
        elif function == "replaced":
            original(*args, **kwargs)
        wire.send("saving")
        time.sleep(FOREVER)

    setattr(owner, name, sleeping)


@pytest.fixture(scope="module")
def start():
    """Return a function that starts a training in a process of its own."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["d2l_lite", "torch._dynamo"])

    def start(path, stop_at=None):
        here, there = context.Pipe(duplex=False)
        process = context.Process(target=train, args=(path, there, stop_at))
        process.start()
        there.close()
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


def kill(process):
    process.kill()
    process.join()
    return process.exitcode == -signal.SIGKILL


def check_the_rest(start, path, unbroken):
    state, steps = finish(start, path)
    assert same(state, unbroken)
    return steps


@pytest.mark.parametrize("number", range(18))
def test_killed_at_a_random_moment(start, unbroken, tmp_path, number):
    chance = random.Random(number)
    for attempt in range(5):  # a slow parent may come too late
        path = tmp_path / f"{attempt}.pt"
        process, wire = start(path)
        last = chance.randrange(1, STEPS * EPOCHS - 4)
        for _ in range(last):
            assert wire.recv() == "step"
        time.sleep(chance.uniform(0, 0.03))
        if kill(process):
            break
    else:
        raise AssertionError("five trainings ended before they could be killed")
    steps = check_the_rest(start, path, unbroken)
    assert steps <= STEPS * EPOCHS - last + 1  # saved after every step but the last


@pytest.mark.parametrize(
    "stop_at",
    [("save", 1), ("save", 7), ("fsync", 2), ("replace", 11), ("replaced", 5)],
    ids=lambda stop_at: f"{stop_at[0]} {stop_at[1]}",
)
def test_killed_inside_a_save(start, unbroken, tmp_path, stop_at):
    path = tmp_path / "run.pt"
    process, wire = start(path, stop_at)
    while wire.recv() != "saving":
        pass
    assert kill(process)
    assert path.exists() == (stop_at != ("save", 1))
    last_whole_save = stop_at[1] - (stop_at[0] != "replaced")
    epochs, saves = divmod(last_whole_save, STEPS + 1)  # one more at an epoch's end
    steps = check_the_rest(start, path, unbroken)
    assert steps == STEPS * (EPOCHS - epochs) - saves


def test_killed_again_and_again(start, unbroken, tmp_path):
    path = tmp_path / "run.pt"
    for _ in range(3):
        process, wire = start(path)
        for _ in range(4):
            assert wire.recv() == "step"
        assert kill(process)
    assert check_the_rest(start, path, unbroken) <= STEPS * EPOCHS - 9
