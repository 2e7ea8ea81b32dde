"""The loop that d2l's readers use: PyPI's d2l itself, in its own environment.

It runs in a folder beside `data/FashionMNIST/raw`, where d2l looks.
"""

import time

import torch
from bench.worker import serve
from d2l import torch as d2l
from torch import nn


def lenet() -> nn.Sequential:
    """The LeNet of the tutorial; d2l has it on a page, not in the package."""
    return nn.Sequential(
        nn.Conv2d(1, 6, kernel_size=5, padding=2),
        nn.Sigmoid(),
        nn.AvgPool2d(kernel_size=2, stride=2),
        nn.Conv2d(6, 16, kernel_size=5),
        nn.Sigmoid(),
        nn.AvgPool2d(kernel_size=2, stride=2),
        nn.Flatten(),
        nn.Linear(400, 120),
        nn.Sigmoid(),
        nn.Linear(120, 84),
        nn.Sigmoid(),
        nn.Linear(84, 10),
    )


def lenet_epoch() -> float:
    """Seconds of one epoch, tests included."""
    train_iter, test_iter = d2l.load_data_fashion_mnist(256)
    device = d2l.try_gpu()
    start = time.perf_counter()
    d2l.train_ch6(lenet(), train_iter, test_iter, 1, 0.9, device)
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


if __name__ == "__main__":
    serve({"d2l's lenet epoch": lenet_epoch})
