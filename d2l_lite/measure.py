"""Loss and accuracy: of a minibatch, and of all images."""

from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from d2l_lite import distributed
from d2l_lite.device import autocast_dtype, pick_device
from d2l_lite.shapes import trace


class MinibatchLoss(NamedTuple):
    """What one minibatch gives."""

    loss: Tensor  # this process's part of the mean loss, to differentiate
    totals: Tensor  # [mean loss, right answers] of all processes
    size: int  # images of all processes


def evaluate(net: nn.Module, data_iter: Iterable) -> tuple[float, float]:
    """Return mean loss and accuracy over every image (not over minibatches).

    Raises ValueError for empty data, labels outside 0..9, other logits.
    """
    device = device_of(data_iter)
    distributed.init_group(device)
    net.to(device).eval()
    with torch.no_grad():
        parts = [minibatch_loss(net, X, y, device) for X, y in data_iter]
    return means([(part.totals, part.size) for part in parts])


def device_of(data_iter: Iterable) -> torch.device:
    """The device of our minibatches; for other loaders, the best one here."""
    return getattr(data_iter, "device", None) or pick_device()


def minibatch_loss(
    net: nn.Module, X: Tensor, y: Tensor, device: torch.device
) -> MinibatchLoss:
    """Run the net on this process's part of a minibatch and compare with the labels."""
    size = len(y)
    if y.device.type == "cpu" and size and not 0 <= y.min() <= y.max() <= 9:
        raise ValueError(f"labels must lie in 0..9; these reach {y.min()}..{y.max()}")
    y = distributed.shard(y).to(device)
    logits = logits_of(net, distributed.shard(X).to(device))
    expected = (len(y), 10)
    if logits.shape != expected:
        raise ValueError(f"the net gave {tuple(logits.shape)} logits, not {expected}")
    loss = F.cross_entropy(logits.float(), y, reduction="sum") / size
    totals = torch.stack([loss.detach(), (logits.argmax(1) == y).sum()])
    return MinibatchLoss(loss, distributed.all_reduce(totals), size)


def logits_of(net: nn.Module, X: Tensor) -> Tensor:
    """The net's output, in the device's number type; say which layer X does not fit."""
    dtype = autocast_dtype(X.device)
    try:
        with torch.autocast(X.device.type, dtype, enabled=dtype != torch.float32):
            return net(X)
    except RuntimeError as error:
        bare = getattr(net, "module", net)  # torchrun's wrapper taken off
        failure = isinstance(bare, nn.Sequential) and trace(bare, X.shape).failure
        if failure:
            raise ValueError(failure) from error
        raise


def means(step_totals: list[tuple[Tensor, int]]) -> tuple[float, float]:
    """Mean loss and accuracy over images, whatever the last minibatch holds.

    Each step has [mean loss, right answers] and the number of images of its minibatch.
    The host waits for the device here, once a pass.
    """
    sizes = torch.tensor([size for _, size in step_totals], dtype=torch.float64)
    if not sizes.sum():
        raise ValueError("the data are empty: there is no minibatch in them")
    losses, hits = torch.stack([totals for totals, _ in step_totals]).cpu().double().T
    return (losses @ sizes / sizes.sum()).item(), (hits.sum() / sizes.sum()).item()
