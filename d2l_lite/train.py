"""Train an image classifier by Adam and cross-entropy."""

import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from functools import cached_property
from math import inf, isfinite
from numbers import Real
from pathlib import Path

import torch
from torch import Tensor, nn
from tqdm import tqdm

from d2l_lite import distributed
from d2l_lite.checkpoint import describe, load_checkpoint, save_checkpoint
from d2l_lite.data import check_size
from d2l_lite.device import provenance
from d2l_lite.draw import plot_runs
from d2l_lite.measure import device_of, evaluate, means, minibatch_loss
from d2l_lite.runs import Run

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

    net maps (N, C, H, W) images to (N, 10) logits; train_iter and test_iter yield
    (Images, Labels). `seed` fixes shuffling and dropout. `checkpoint` is a file: a
    stopped training goes on from it, a finished one returns at once. Interrupted
    (Jupyter's stop button), it returns the epochs that are done. Under torchrun the
    processes share each minibatch. Raises ValueError for empty data, labels outside
    0..9, other logits, another lr, num_epochs or seed, images too small for the net,
    a loss that is not finite, and a foreign checkpoint; OSError when it cannot save.
    Source: Kingma & Ba 2015, alg. 1, its settings but for lr.
    """
    if not isinstance(lr, Real) or not 0 < lr < inf:
        raise ValueError(f"lr must be a number above 0, not {lr!r}")
    check_size("num_epochs", num_epochs)
    if seed is not None and (type(seed) is not int or not 0 <= seed < 2**64):
        raise ValueError(f"seed must be None or in 0..2**64 - 1, not {seed!r}")
    settings = {"lr": lr, "num_epochs": num_epochs, "seed": seed}
    path = None if checkpoint is None else Path(checkpoint)
    training = Training(net, train_iter, test_iter, settings, path)
    training.start()
    try:
        training.fit()
    except KeyboardInterrupt:
        if distributed.WORLD_SIZE > 1:
            raise  # the others wait for this process
        net.eval()
        print(f"stopped after {training.epoch} of {num_epochs} epochs")
    if training.epoch and distributed.RANK == 0:
        print(training.run)
        if distributed.WORLD_SIZE == 1:  # torchrun has no page to draw on
            plot_runs(training.run)
    return training.run


@dataclass
class Training:
    """A training that can be saved after any step and go on from there.

    `start` prepares it, `fit` does it. settings holds lr, num_epochs and seed, and the
    name of the optimizer if it is not Adam.
    """

    net: nn.Module
    train_iter: Iterable
    test_iter: Iterable
    settings: dict
    path: Path | None = None  # of the checkpoint
    epoch: int = 0  # how many are done
    step_totals: list[tuple[Tensor, int]] = field(default_factory=list)  # for means
    elapsed: float = 0.0  # seconds of the epoch under way, up to the last save

    def start(self) -> None:
        """Prepare net, optimizer and random numbers; go on from the checkpoint."""
        self.device = device_of(self.train_iter)
        distributed.init_group(self.device)
        self.net.to(self.device, memory_format=torch.channels_last)
        lr, seed = self.settings["lr"], self.settings["seed"]
        algorithm = getattr(torch.optim, self.settings.get("optimizer", "Adam"))
        self.optimizer = algorithm(self.net.parameters(), lr=lr, fused=True)
        self.optimizer.zero_grad()  # an interrupted training may have left some
        self.generator = getattr(self.train_iter, "generator", None)
        if seed is not None:
            torch.manual_seed(seed)
            if self.generator:
                self.generator.manual_seed(seed)
        self.run = Run(self.settings, provenance(self.device))
        if self.path is not None:
            if not os.access(self.path.parent, os.W_OK | os.X_OK):
                raise ValueError(f"make a writable folder for {self.path} first")
            self.resume()
        self.model = distributed.wrap_ddp(self.net)

    def fit(self) -> None:
        """Train the epochs that are left."""
        steps, num_epochs = len(self.train_iter), self.settings["num_epochs"]
        with tqdm(
            total=num_epochs * steps,
            initial=self.epoch * steps + len(self.step_totals),
            unit="step",
            disable=distributed.RANK > 0,
        ) as bar:
            while self.epoch < num_epochs:
                bar.set_description(f"epoch {self.epoch + 1} of {num_epochs}")
                self.train_epoch(bar)
        self.net.eval()

    def train_epoch(self, bar: tqdm) -> None:
        """One pass over the training data, one over the test data."""
        self.net.train()
        saved = time.perf_counter()
        begun = saved - self.elapsed
        for X, y in self.remaining_minibatches():
            loss, totals, size = minibatch_loss(self.model, X, y, self.device)
            (loss * distributed.WORLD_SIZE).backward()  # of a sum: their mean is taken
            self.optimizer.step()
            self.optimizer.zero_grad()
            self.step_totals.append((totals, size))
            bar.update()
            if self.device.type == "cpu" and not totals[0].isfinite():
                break  # on a GPU the host looks once, after the pass
            if time.perf_counter() - saved > SECONDS_BETWEEN_SAVES:
                saved = time.perf_counter()
                self.elapsed = saved - begun
                self.save()
        self.finish_epoch(begun)

    def finish_epoch(self, begun: float) -> None:
        """Test the net, add the epoch to the run; refuse a loss that is not finite."""
        train_loss, train_acc = means(self.step_totals)
        step_loss = torch.stack([totals for totals, _ in self.step_totals])[:, 0]
        test_loss, test_acc = evaluate(self.net, self.test_iter)
        self.check_finite([*step_loss.tolist(), test_loss])
        self.run.step_loss += step_loss.tolist()
        seconds = round(time.perf_counter() - begun, 2)
        self.run.add_epoch(train_loss, train_acc, test_loss, test_acc, seconds)
        self.epoch, self.step_totals, self.elapsed = self.epoch + 1, [], 0.0
        self.remember_rng()
        self.save()

    def check_finite(self, losses: list[float]) -> None:
        """Raise ValueError at the first of an epoch's losses that is not finite."""
        for step, loss in enumerate(losses, start=1 + len(self.run.step_loss)):
            if not isfinite(loss):
                raise ValueError(
                    f"the loss is {loss} at step {step}: choose a smaller lr than "
                    f"{self.settings['lr']}, and build the net anew"
                )

    def remaining_minibatches(self) -> Iterator[tuple[Tensor, Tensor]]:
        """The minibatches that this epoch has not used yet, in the same order."""
        if not self.step_totals:
            self.remember_rng()
            return iter(self.train_iter)
        with torch.random.fork_rng(devices=[]):  # skipping uses up random numbers
            torch.set_rng_state(self.start_rng)
            minibatches = iter(self.train_iter)
            for _ in self.step_totals:
                next(minibatches)
        return minibatches

    def remember_rng(self) -> None:
        """Remember the random states from which the epoch draws its order."""
        self.start_rng = torch.get_rng_state()
        self.start_order = self.generator.get_state() if self.generator else None

    @cached_property
    def identity(self) -> dict[str, str]:
        """What a checkpoint must agree with to be one of this training."""
        shapes = [tuple(w.shape) for w in self.net.parameters()]
        return {
            "net": f"{self.net!r} with weights of {shapes}",
            "training data": describe(self.train_iter),
            "test data": describe(self.test_iter),
            "recipe": str(self.settings),
        }

    def save(self) -> None:
        """Write all that the next step depends on, once, if there is a file for it."""
        if self.path is None or distributed.RANK > 0:
            return
        cuda = self.device.type == "cuda"
        state = {
            "identity": self.identity,
            "net": self.net.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "run": asdict(self.run),
            "epoch": self.epoch,
            "elapsed": self.elapsed,
            "rows": self.step_totals,
            "start_order": self.start_order,
            "start_rng": self.start_rng,
            "rng": torch.get_rng_state(),
            "cuda_rng": torch.cuda.get_rng_state() if cuda else None,
        }
        save_checkpoint(self.path, state)

    def resume(self) -> None:
        """Go back to the step after which the checkpoint was saved, if there is one."""
        state = load_checkpoint(self.path, self.identity)
        if state is None:
            return
        self.net.load_state_dict(state["net"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.run = Run(**state["run"])
        self.epoch, self.elapsed = state["epoch"], state["elapsed"]
        self.step_totals = [(totals.to(self.device), n) for totals, n in state["rows"]]
        self.start_rng, self.start_order = state["start_rng"], state["start_order"]
        if self.generator:
            self.generator.set_state(self.start_order)
        torch.set_rng_state(state["rng"])
        if state["cuda_rng"] is not None:
            torch.cuda.set_rng_state(state["cuda_rng"])
