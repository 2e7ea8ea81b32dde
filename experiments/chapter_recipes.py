"""The trainings that chapters show: what `experiments.record` can train, by name.

The ladder's recipes are in plan.py, and their rates are chosen by rates.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from d2l_lite import alexnet, lenet


def linear() -> nn.Sequential:
    """The linear baseline: 784 pixels to ten logits."""
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))


def dense() -> nn.Sequential:
    """Two linear layers with about as many parameters as LeNet, and no window."""
    return nn.Sequential(
        nn.Flatten(), nn.Linear(784, 78), nn.Sigmoid(), nn.Linear(78, 10)
    )


@dataclass(frozen=True)
class Experiment:
    """A net and the recipe that trains it: Adam, PyTorch's own initialisation.

    `weights_of` is the seed whose trained weights are kept.
    """

    net: str
    build: Callable[[], nn.Sequential]
    batch_size: int
    resize: int | None
    lr: float
    num_epochs: int
    weights_of: int | None = None


EXPERIMENTS = {
    "linear": Experiment("Linear", linear, 256, None, 0.001, 5),
    "dense": Experiment("Dense", dense, 256, None, 0.01, 10),
    "lenet": Experiment("LeNet", lenet, 256, None, 0.01, 10, weights_of=0),
    "alexnet": Experiment("AlexNet", alexnet, 128, 224, 0.003, 10),
    # The tutorial's rate silences most of AlexNet (chapter 7). A tenth of it:
    "alexnet-slow": Experiment("AlexNet, slow", alexnet, 128, 224, 0.0003, 10),
}
