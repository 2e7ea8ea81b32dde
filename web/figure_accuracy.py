"""Measure the nets of "Draw a garment": `python -m web.figure_accuracy`.

It asks both nets for all 10,000 test images, for the same images moved four pixels
to the right, and for their silhouettes, drawn in one grey; and for an empty pad. It
asks as the page does: LeNet with weights of 16 bits, AlexNet with 8; and AlexNet
with 16 bits too. All goes into results/edition2/figure-accuracy.json.
"""

import json

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from d2l_lite.data import CLASSES, find_folder, read_split
from d2l_lite.device import provenance
from d2l_lite.lab.garment_nets import ALEXNET, FOLDER, LENET, FigureNet
from web.pack_nets import eight_bits

TARGET = FOLDER / "figure-accuracy.json"
MINIBATCH = 250
SHIFT = 4  # pixels to the right
GREY = 0.7  # of a drawing, where an image is lighter than THRESHOLD (garment.js)
THRESHOLD = 0.1
WHOLE = 10_000  # test images


def alexnet_of_8_bits() -> nn.Sequential:
    """AlexNet with the weights that the page gets."""
    net, packed = ALEXNET.load(), eight_bits()
    layers = [layer for layer in net if hasattr(layer, "weight")]
    floats = 4 * 2 * sum(len(layer.bias) for layer in layers)
    numbers = torch.from_numpy(np.frombuffer(packed[:floats], "<f4").copy())
    bytes_ = torch.from_numpy(np.frombuffer(packed[floats:], np.int8).copy())
    for layer in layers:
        n, size = len(layer.bias), layer.weight.numel()
        (scales, bias), numbers = numbers[: 2 * n].split(n), numbers[2 * n :]
        rows, bytes_ = bytes_[:size].view(n, -1), bytes_[size:]
        layer.weight.copy_((rows.float() * scales[:, None]).view(layer.weight.shape))
        layer.bias.copy_(bias)
    return net


def measure(X: Tensor, y: Tensor) -> dict:
    """Accuracies and answers, a row a net and a number type."""
    kinds = {
        "test images": X,
        f"moved {SHIFT} pixels to the right": F.pad(X, (SHIFT, -SHIFT)),
        "silhouettes": GREY * (X > THRESHOLD),
    }
    nets = {
        "LeNet, 16 bits": (LENET, LENET.load()),
        "AlexNet, 8 bits": (ALEXNET, alexnet_of_8_bits()),
        "AlexNet, 16 bits": (ALEXNET, ALEXNET.load()),
    }
    return {
        name: {kind: accuracy(*net, X, y) for kind, X in kinds.items()}
        | {"empty pad": first_answer(*net, torch.zeros(1, 1, 28, 28))}
        for name, net in nets.items()
    }


def accuracy(kind: FigureNet, net: nn.Module, X: Tensor, y: Tensor) -> float:
    """The share of images that the net names rightly."""
    minibatches = zip(X.split(MINIBATCH), y.split(MINIBATCH))
    right = sum((net(kind.see(X)).argmax(1) == y).sum().item() for X, y in minibatches)
    return right / len(y)


def first_answer(kind: FigureNet, net: nn.Module, X: Tensor) -> list:
    """The class that the net names, and how certain it is."""
    share, index = net(kind.see(X)).softmax(1)[0].max(0)
    return [CLASSES[index], round(share.item(), 4)]


def main() -> None:
    """Measure, print and write."""
    images, labels = read_split(find_folder(), "t10k")
    if len(labels) != WHOLE:
        raise SystemExit(f"wants all {WHOLE} test images, not {len(labels)}")
    record = {
        "nets": measure(images.float() / 255, labels),
        "made": provenance(torch.device("cpu")) | {"precision": "float32"},
    }
    text = json.dumps(record, indent=1) + "\n"
    TARGET.write_text(text, encoding="utf-8")
    print(text, end="")


if __name__ == "__main__":
    main()
