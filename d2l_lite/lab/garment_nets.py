"""The two nets that answer in the live figure "Draw a garment"."""

import json
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from d2l_lite.data import CLASSES, resize_images
from d2l_lite.lab.ladder import RUNGS
from d2l_lite.lab.page import table
from d2l_lite.lab.records import RECORDS

FOLDER = RECORDS / "edition2"


@dataclass(frozen=True)
class FigureNet:
    """A trained net, and what the figure says of it."""

    name: str  # of the book
    rung: str  # of the ladder
    record: str
    side: int  # of its input

    def load(self) -> nn.Sequential:
        """The net with its recorded weights, which are rounded to float16."""
        net = RUNGS[self.rung].build()
        kept = np.load(FOLDER / f"{self.record}.npz")
        net.load_state_dict({n: torch.from_numpy(kept[n]).float() for n in kept.files})
        return net.eval().requires_grad_(False)

    def see(self, X: Tensor) -> Tensor:
        """(N, 1, 28, 28) images in [0, 1] as this net wants them."""
        return X if X.shape[-1] == self.side else resize_images(X, self.side)


LENET = FigureNet("LeNet", "xavier", "figure-lenet", 28)
ALEXNET = FigureNet("AlexNet", "resolution", "figure-resolution", 224)


def shares(X: Tensor) -> dict[str, Tensor]:
    """What each net makes of (N, 1, 28, 28) images: (N, 10) shares of certainty."""
    return {
        figure_net.name: F.softmax(figure_net.load()(figure_net.see(X)), dim=1)
        for figure_net in (LENET, ALEXNET)
    }


def answers_table(image: Tensor) -> str:
    """The ten classes' shares by both nets for one (1, 28, 28) image, as HTML."""
    columns = [column[0] for column in shares(image[None]).values()]
    head = ["class", LENET.name, f"{ALEXNET.name}, an eighth as wide"]
    rows = [
        [name, *(f"{100 * share:.0f} %" for share in both)]
        for name, *both in zip(CLASSES, *columns)
    ]
    return table(head, rows)


def accuracies() -> dict:
    """The record of both nets' accuracy, which `python -m web.figure_accuracy` made."""
    return json.loads((FOLDER / "figure-accuracy.json").read_bytes())


def dares_table(boot: Tensor, pixels: int = 4) -> str:
    """What both nets say to a (1, 28, 28) boot, to it moved, to nothing, as HTML."""
    dares = {
        "the boot": boot,
        f"the boot, {pixels} pixels to the right": F.pad(boot, (pixels, -pixels)),
        "an empty pad": torch.zeros_like(boot),
    }
    found = shares(torch.stack([*dares.values()]))
    head = ["image", LENET.name, f"{ALEXNET.name}, an eighth as wide"]
    tops = [[f"{CLASSES[n]}, {100 * share:.0f} %" for share, n in zip(*of_net.max(1))]
            for of_net in found.values()]  # fmt: skip
    return table(head, zip(dares, *tops))
