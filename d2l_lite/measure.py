"""Loss and accuracy: of a minibatch, and of all images."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from d2l_lite import distributed
from d2l_lite.device import autocast_dtype, pick_device
from d2l_lite.shapes import trace


def evaluate(net: nn.Module, data_iter: Iterable) -> tuple[float, float]:
    """Return mean loss and accuracy over every image (not over minibatches).

    Raises ValueError for empty data, labels outside 0..9, other logits.
    """
    device = device_of(data_iter)
    distributed.init_group(device)
    net.to(device).eval()
    with torch.no_grad():
        return means([forward(net, X, y, device)[1:] for X, y in data_iter])


def device_of(data_iter: Iterable) -> torch.device:
    """The device of our minibatches; for other loaders, the best one here."""
    return getattr(data_iter, "device", None) or pick_device()


def forward(
    net: nn.Module, X: Tensor, y: Tensor, device: torch.device
) -> tuple[Tensor, Tensor, int]:
    """Return a loss to differentiate, [mean loss, right answers], number of images.

    The first is this process's part of the mean; the others are those of all.
    """
    size = len(y)
    if y.device.type == "cpu" and size and not 0 <= y.min() <= y.max() <= 9:
        raise ValueError(f"labels must lie in 0..9; these reach {y.min()}..{y.max()}")
    X, y = distributed.shard(X).to(device), distributed.shard(y).to(device)
    numbers = autocast_dtype(device)
    with torch.autocast(device.type, numbers, enabled=numbers != torch.float32):
        try:
            logits = net(X)
        except RuntimeError as error:
            bare = getattr(net, "module", net)  # torchrun's wrapper taken off
            failure = isinstance(bare, nn.Sequential) and trace(bare, X.shape).failure
            if failure:
                raise ValueError(failure) from error
            raise
    wanted = (len(y), 10)
    if logits.shape != wanted:
        raise ValueError(f"the net gave {tuple(logits.shape)} logits, not {wanted}")
    loss = F.cross_entropy(logits.float(), y, reduction="sum") / size
    totals = torch.stack([loss.detach(), (logits.argmax(1) == y).sum()])
    return loss, distributed.all_reduce(totals), size


def means(rows: list[tuple[Tensor, int]]) -> tuple[float, float]:
    """Mean loss and accuracy over images, whatever the last minibatch holds.

    A row is [mean loss, right answers] and the number of images of a minibatch.
    The host waits for the device here, once a pass.
    """
    sizes = torch.tensor([size for _, size in rows], dtype=torch.float64)
    if not sizes.sum():
        raise ValueError("the data are empty: there is no minibatch in them")
    losses, hits = torch.stack([totals for totals, _ in rows]).cpu().double().T
    return (losses @ sizes / sizes.sum()).item(), (hits.sum() / sizes.sum()).item()
