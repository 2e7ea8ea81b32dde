"""Which maps of AlexNet ever answer, read from the records of edition 2.

A map, or a unit of a hidden layer, answers to an image if it rises above zero behind
its ReLU. It is silent if no image of those that it was shown wakes it.
"""

import base64
import zlib

import numpy as np

from d2l_lite.lab.verdicts import SECOND, Records

LAYERS = (*(f"conv {n}" for n in range(1, 6)), "linear 1", "linear 2")  # with a ReLU
RATES = {"alexnet-tutorial": 0.003, "alexnet": 0.0003}  # the whole AlexNet's records


def unpack(text: str, dtype: type) -> np.ndarray:
    """The array that a record keeps as text."""
    return np.frombuffer(zlib.decompress(base64.b85decode(text)), dtype)


def peaks(
    name: str, epoch: int | None = None, records: Records | None = None
) -> list[np.ndarray]:
    """The highest value of each map on the test images: (seeds, maps), for each layer.

    After so many epochs, or else after the last look. Raises ValueError when a run or
    a look is missing.
    """
    recipe, runs = (records or Records()).finals(name)
    epoch = epoch or (runs and recipe["looks"][-1])
    looks = [look for run in runs for look in run["looks"] if look["epoch"] == epoch]
    if not runs or len(looks) < len(runs):
        raise ValueError(f"{name} has no look after {epoch} epochs of every seed")
    nets = [[unpack(text, np.float16) for text in look["peaks"]] for look in looks]
    return [np.array(layer) for layer in zip(*nets)]


def awake(name: str, epoch: int | None = None) -> np.ndarray:
    """Which maps of the second convolution answer to any test image: (seeds, 256)."""
    return peaks(name, epoch)[SECOND] > 0


def step_losses(name: str, records: Records | None = None) -> np.ndarray:
    """The loss of every step, (seeds, steps)."""
    _, runs = (records or Records()).finals(name)
    return np.array([unpack(run["step_loss"], np.float16) for run in runs], np.float32)


def after_first_steps(records: Records | None = None) -> dict[str, np.ndarray]:
    """The share of the second convolution's maps that answer to 500 validation images.

    (seeds,) for each case of `silence.json`: "no step", then each rate after twelve
    steps, the larger one with a warm-up, too.
    """
    runs = (records or Records()).read("silence")["runs"]
    before = {row["seed"]: row["before"][SECOND] for row in runs}
    shares = {"no step": np.array(list(before.values()))}
    for case in dict.fromkeys(row["case"] for row in runs):
        after = [row["after"][SECOND] for row in runs if row["case"] == case]
        shares[case] = np.array(after)
    return shares
