"""What the helper takes, and what plain PyTorch takes for the same."""

import resource
import sys
import time
from collections.abc import Callable, Iterable

import torch
from bench.worker import serve
from torch.nn import functional as F
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import FashionMNIST

from d2l_lite import (
    alexnet,
    lenet,
    load_data_fashion_mnist,
    pick_device,
    trace,
    train_image_classifier,
)
from d2l_lite.data import Minibatches
from d2l_lite.device import autocast_dtype

DEVICE = pick_device()
BATCH = 128
STEPS = 200 if DEVICE.type == "cuda" else 4  # of AlexNet; a CPU takes a second each
SIDE = 2048  # of the matrices


def seconds(work: Callable[[], object]) -> float:
    """Wall time of `work`, until the device has done it."""
    if DEVICE.type == "cuda":
        torch.cuda.synchronize()
    start = time.perf_counter()
    work()
    if DEVICE.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def read_all(data_iter: Iterable) -> None:
    """Go through every minibatch, and move it where the training would be."""
    for X, y in data_iter:
        X.to(DEVICE), y.to(DEVICE)


def our_loader(resize: int | None) -> float:
    """Seconds of a pass over the training images."""
    train_iter, _ = load_data_fashion_mnist(BATCH, resize)
    return seconds(lambda: read_all(train_iter))


def torchvision_loader(resize: int | None) -> float:
    """The same by torchvision's data set and four workers, as d2l sets them up."""
    steps = [transforms.ToTensor()]
    if resize:
        steps.insert(0, transforms.Resize(resize))
    data = FashionMNIST("../data", train=True, transform=transforms.Compose(steps))
    train_iter = DataLoader(data, BATCH, shuffle=True, num_workers=4)
    return seconds(lambda: read_all(train_iter))


def lenet_epoch() -> float:
    """Seconds of one epoch of LeNet, tests included."""
    train_iter, test_iter = load_data_fashion_mnist(256)
    return seconds(
        lambda: train_image_classifier(lenet(), train_iter, test_iter, 0.01, 1)
    )


def first_images(n: int) -> Minibatches:
    """The first n training images at 224, in minibatches."""
    train_iter, _ = load_data_fashion_mnist(BATCH, resize=224)
    return Minibatches(train_iter.images[:n], train_iter.labels[:n], BATCH, 224)


def our_step() -> float:
    """Seconds of a step of AlexNet in the helper's trainer, resizing included."""
    train_iter, test_iter = first_images(STEPS * BATCH), first_images(1)
    net = alexnet()
    return (
        seconds(lambda: train_image_classifier(net, train_iter, test_iter, 1e-4, 1))
        / STEPS
    )


def plain_step() -> float:
    """The same by the plain loop in float32, its images resized beforehand."""
    minibatches = [(X.to(DEVICE), y) for X, y in first_images(STEPS * BATCH)]
    net = alexnet().to(DEVICE)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-4)

    def loop() -> None:
        for X, y in minibatches:
            optimizer.zero_grad()
            F.cross_entropy(net(X), y).backward()
            optimizer.step()

    return seconds(loop) / STEPS


def product(numbers: torch.dtype) -> float:
    """FLOP a second of a plain matrix product."""
    A = torch.rand(SIDE, SIDE, device=DEVICE).to(numbers)
    A @ A
    repeats = 10
    taken = seconds(lambda: [A @ A for _ in range(repeats)])
    return repeats * 2 * SIDE**3 / taken


def step_flops() -> float:
    """FLOP of a step of AlexNet: a multiply-add is two, the way back costs twice.

    The first layer needs no gradient of its images, so it counts two times only.
    """
    net = trace(alexnet())
    return 2 * BATCH * (3 * net.macs - net.rows[0].macs)


def peak_mib() -> float:
    """The most memory that this process has had, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


TASKS = {
    "our loader, 28": lambda: our_loader(None),
    "our loader, 224": lambda: our_loader(224),
    "torchvision, 28": lambda: torchvision_loader(None),
    "torchvision, 224": lambda: torchvision_loader(224),
    "lenet epoch": lenet_epoch,
    "our step": our_step,
    "plain step": plain_step,
    "float32 product": lambda: product(torch.float32),
    "product": lambda: product(autocast_dtype(DEVICE)),
    "step flops": step_flops,
    "peak": peak_mib,
}

if __name__ == "__main__":
    serve(TASKS)
