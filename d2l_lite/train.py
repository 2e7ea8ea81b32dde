"""Train an image classifier by Adam and cross-entropy, and measure it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import asdict
from datetime import date
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from d2l_lite.checkpoint import load_checkpoint, save_checkpoint
from d2l_lite.device import device_name, number_type, pick_device
from d2l_lite.draw import plot_runs
from d2l_lite.runs import Run
from d2l_lite.trace import trace

SECONDS_BETWEEN_SAVES = 300


def train_image_classifier(
    net: nn.Module,
    train_iter: Iterable,
    test_iter: Iterable,
    lr: float,
    num_epochs: int,
    *,
    seed: int | None = None,
    checkpoint: str | os.PathLike | None = None,
) -> Run:
    """Train where the minibatches live; print the last epoch, draw the curve.

    net maps (N, C, H, W) images to (N, 10) logits. train_iter and test_iter
    yield (Images, Labels) and have a length. `seed` fixes shuffling and dropout.
    `checkpoint` names a file: a stopped training goes on from it, a finished one
    returns at once. Returns the run. Raises ValueError for empty data, labels
    outside 0..9, logits of another shape, lr <= 0, num_epochs < 1, images too
    small for the net, a loss that is not finite, or a foreign checkpoint.
    Recipe: Kingma & Ba 2015, alg. 1 (Adam), PyTorch's own settings but for lr.
    """
    if not lr > 0:
        raise ValueError(f"lr must be above 0, not {lr}")
    if not isinstance(num_epochs, int) or num_epochs < 1:
        raise ValueError(f"num_epochs must be a whole number from 1, not {num_epochs}")
    training = Training(net, train_iter, test_iter, lr, num_epochs, seed, checkpoint)
    run = training.finish()
    print(run)
    plot_runs(run)
    return run


def evaluate(net: nn.Module, data_iter: Iterable) -> tuple[float, float]:
    """Return mean loss and accuracy over every image (not over minibatches).

    Raises ValueError for empty data, labels outside 0..9, other logits.
    """
    device = where(data_iter)
    epoch = Sums()
    net.to(device).eval()
    for X, y in data_iter:
        with torch.no_grad():
            epoch.add(*forward(net, X, y, device))
    return epoch.means()


class Sums:
    """Exact sums over the images of a pass; the host waits for them once."""

    def __init__(self) -> None:
        self.losses: list[Tensor] = []
        self.hits: list[Tensor] = []
        self.sizes: list[int] = []

    def add(self, loss: Tensor, hits: Tensor, size: int) -> None:
        """Take in one minibatch: its mean loss and its number of right answers."""
        self.losses.append(loss.detach())
        self.hits.append(hits)
        self.sizes.append(size)

    def step_losses(self) -> Tensor:
        """The mean loss of every step, (steps,) float64 on the host."""
        if not self.losses:
            raise ValueError("the data are empty: there is no minibatch in them")
        return torch.stack(self.losses).cpu().double()

    def means(self) -> tuple[float, float]:
        """Mean loss and accuracy over images, whatever the last minibatch holds."""
        sizes = torch.tensor(self.sizes, dtype=torch.float64)
        loss = self.step_losses() @ sizes / sizes.sum()
        hits = torch.stack(self.hits).sum().item()
        return loss.item(), hits / int(sizes.sum())


def where(data_iter: Iterable) -> torch.device:
    """The device of our minibatches; for other loaders, the best one here."""
    return getattr(data_iter, "device", None) or pick_device()


def forward(
    net: nn.Module, X: Tensor, y: Tensor, device: torch.device
) -> tuple[Tensor, Tensor, int]:
    """Return mean loss, number of right answers and number of images."""
    if y.device.type == "cpu" and len(y) and not 0 <= y.min() <= y.max() <= 9:
        raise ValueError(f"labels must lie in 0..9; these reach {y.min()}..{y.max()}")
    X, y = X.to(device), y.to(device)
    numbers = number_type(device)
    with torch.autocast(device.type, numbers, enabled=numbers != torch.float32):
        try:
            logits = net(X)
        except RuntimeError as error:
            if isinstance(net, nn.Sequential) and (why := trace(net, X.shape).failure):
                raise ValueError(why) from error
            raise
    if logits.shape != (len(y), 10):
        raise ValueError(
            f"the net must give (N, 10) logits, here ({len(y)}, 10); "
            f"it gives {tuple(logits.shape)}"
        )
    loss = F.cross_entropy(logits.float(), y)
    return loss, (logits.argmax(1) == y).sum(), len(y)


class Training:
    """A training that can be saved after any step and go on from there."""

    def __init__(self, net, train_iter, test_iter, lr, num_epochs, seed, checkpoint):
        self.device = where(train_iter)
        self.net = net.to(self.device, memory_format=torch.channels_last)
        self.train_iter, self.test_iter = train_iter, test_iter
        self.num_epochs = num_epochs
        self.optimizer = torch.optim.Adam(net.parameters(), lr=lr, fused=True)
        self.order = getattr(train_iter, "generator", None)
        if seed is not None:
            torch.manual_seed(seed)
            if self.order:
                self.order.manual_seed(seed)
        self.run = Run(
            settings={"lr": lr, "num_epochs": num_epochs, "seed": seed},
            made={
                "device": device_name(self.device),
                "precision": str(number_type(self.device)).removeprefix("torch."),
                "torch": torch.__version__,
                "date": date.today().isoformat(),
            },
        )
        self.epoch, self.sums, self.elapsed = 0, Sums(), 0.0
        self.path = None if checkpoint is None else Path(checkpoint)
        if self.path:
            self.identity = {
                "net": repr(net),
                "training data": describe(train_iter),
                "test data": describe(test_iter),
                "recipe": str(self.run.settings),
            }
            if state := load_checkpoint(self.path, self.identity):
                self.restore(state)

    def finish(self) -> Run:
        """Run the epochs that are left."""
        steps = len(self.train_iter)
        done = self.epoch * steps + len(self.sums.sizes)
        total = self.num_epochs * steps
        with tqdm(total=total, initial=done, unit="step", mininterval=1) as bar:
            while self.epoch < self.num_epochs:
                bar.set_description(f"epoch {self.epoch + 1} of {self.num_epochs}")
                self.train_epoch(bar)
        return self.run

    def train_epoch(self, bar: tqdm) -> None:
        """One pass over the training data, one over the test data."""
        self.net.train()
        start = saved = time.perf_counter()
        before = self.elapsed
        if not self.sums.sizes:
            self.mark_start()
        for X, y in self.rest_of_epoch():
            loss, hits, size = forward(self.net, X, y, self.device)
            loss.backward()
            self.optimizer.step()
            self.optimizer.zero_grad()
            self.sums.add(loss, hits, size)
            bar.update()
            if self.device.type == "cpu" and not loss.isfinite():
                break  # on a GPU the host looks once, after the pass
            if self.path and time.perf_counter() - saved > SECONDS_BETWEEN_SAVES:
                saved = time.perf_counter()
                self.elapsed = before + saved - start
                self.save()
        self.check_finite()
        train_loss, train_acc = self.sums.means()
        test_loss, test_acc = evaluate(self.net, self.test_iter)
        run = self.run
        run.step_loss += [round(loss, 4) for loss in self.sums.step_losses().tolist()]
        run.train_loss.append(train_loss)
        run.train_acc.append(train_acc)
        run.test_loss.append(test_loss)
        run.test_acc.append(test_acc)
        run.seconds.append(round(before + time.perf_counter() - start, 2))
        self.epoch, self.sums, self.elapsed = self.epoch + 1, Sums(), 0.0
        self.mark_start()
        if self.path:
            self.save()

    def mark_start(self) -> None:
        """Remember the random states from which the epoch draws its order."""
        self.start_rng = torch.get_rng_state()
        self.start_order = self.order.get_state() if self.order else None

    def rest_of_epoch(self) -> Iterable:
        """The minibatches that this epoch has not used yet, in the same order."""
        done = len(self.sums.sizes)
        now = torch.get_rng_state()
        torch.set_rng_state(self.start_rng)
        for step, batch in enumerate(self.train_iter):
            if step == done > 0:
                torch.set_rng_state(now)  # skipping has used up random numbers
            if step >= done:
                yield batch

    def check_finite(self) -> None:
        """Stop, with the number of the step, when a loss is nan or infinite."""
        bad = (~self.sums.step_losses().isfinite()).nonzero()
        if len(bad):
            step = self.epoch * len(self.train_iter) + int(bad[0]) + 1
            raise ValueError(
                f"the loss is not finite at step {step}; choose a smaller lr "
                f"than {self.run.settings['lr']}, or build the net anew"
            )

    def save(self) -> None:
        """Write all that the next step depends on."""
        state = {
            "identity": self.identity,
            "net": self.net.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "run": asdict(self.run),
            "epoch": self.epoch,
            "elapsed": self.elapsed,
            "sums": [self.sums.losses, self.sums.hits, self.sums.sizes],
            "start_order": self.start_order,
            "start_rng": self.start_rng,
            "rng": torch.get_rng_state(),
        }
        if self.device.type == "cuda":
            state["cuda_rng"] = torch.cuda.get_rng_state()
        save_checkpoint(self.path, state)

    def restore(self, state: dict) -> None:
        """Go back to the step after which `state` was saved."""
        self.net.load_state_dict(state["net"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.run = Run(**state["run"])
        self.epoch, self.elapsed = state["epoch"], state["elapsed"]
        losses, hits, self.sums.sizes = state["sums"]
        self.sums.losses = [loss.to(self.device) for loss in losses]
        self.sums.hits = [hit.to(self.device) for hit in hits]
        self.start_rng, self.start_order = state["start_rng"], state["start_order"]
        if self.order:
            self.order.set_state(self.start_order)
        torch.set_rng_state(state["rng"])
        if "cuda_rng" in state and self.device.type == "cuda":
            torch.cuda.set_rng_state(state["cuda_rng"])


def describe(data_iter: Iterable) -> str:
    """What a checkpoint remembers of the data; other loaders only by their size."""
    if hasattr(data_iter, "generator") and hasattr(data_iter, "images"):
        return repr(data_iter)
    return f"{type(data_iter).__name__} of {len(data_iter)} minibatches"
