"""Train an image classifier by Adam and cross-entropy."""

import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from numbers import Real
from pathlib import Path

import torch
from torch import Tensor, nn
from tqdm import tqdm

from d2l_lite import distributed
from d2l_lite.checkpoint import load_checkpoint, save_checkpoint
from d2l_lite.data import Minibatches, check_size
from d2l_lite.device import provenance
from d2l_lite.draw import plot_runs
from d2l_lite.measure import device_of, evaluate, forward, means
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
    if not isinstance(lr, Real) or not 0 < lr < float("inf"):
        raise ValueError(f"lr must be a number above 0, not {lr!r}")
    check_size("num_epochs", num_epochs)
    if seed is not None and (type(seed) is not int or not 0 <= seed < 2**64):
        raise ValueError(f"seed must be None or in 0..2**64 - 1, not {seed!r}")
    settings = {"lr": lr, "num_epochs": num_epochs, "seed": seed}
    training = Training(net, train_iter, test_iter, settings, checkpoint)
    try:
        training.go_on()
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
    """A training that can be saved after any step and go on from there."""

    net: nn.Module
    train_iter: Iterable
    test_iter: Iterable
    settings: dict
    path: str | os.PathLike | None = None

    def __post_init__(self) -> None:
        self.device = device_of(self.train_iter)
        distributed.init_group(self.device)
        self.net.to(self.device, memory_format=torch.channels_last)
        lr, seed = self.settings["lr"], self.settings["seed"]
        algorithm = getattr(torch.optim, self.settings.get("optimizer", "Adam"))
        options = self.settings.get("options", {})
        self.optimizer = algorithm(self.net.parameters(), lr=lr, fused=True, **options)
        self.optimizer.zero_grad()  # an interrupted training may have left some
        self.order = getattr(self.train_iter, "generator", None)
        if seed is not None:
            torch.manual_seed(seed)
            if self.order:
                self.order.manual_seed(seed)
        self.run = Run(self.settings, provenance(self.device))
        self.epoch, self.rows, self.elapsed = 0, [], 0.0
        if self.path is not None:
            self.path = Path(self.path)
            if not os.access(self.path.parent, os.W_OK | os.X_OK):
                raise ValueError(f"make a writable folder for {self.path} first")
            shapes = [tuple(w.shape) for w in self.net.parameters()]
            self.identity = {
                "net": f"{self.net!r} with weights of {shapes}",
                "training data": describe(self.train_iter),
                "test data": describe(self.test_iter),
                "recipe": str(self.settings),
            }
            if state := load_checkpoint(self.path, self.identity, self.device):
                self.restore(state)
        self.model = distributed.wrap_ddp(self.net)

    def go_on(self) -> None:
        """Train the epochs that are left."""
        steps, num_epochs = len(self.train_iter), self.settings["num_epochs"]
        with tqdm(
            total=num_epochs * steps,
            initial=self.epoch * steps + len(self.rows),
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
        start = saved - self.elapsed
        for X, y in self.rest_of_epoch():
            loss, totals, size = forward(self.model, X, y, self.device)
            (loss * distributed.WORLD_SIZE).backward()  # of a sum: their mean is taken
            self.optimizer.step()
            self.optimizer.zero_grad()
            self.rows.append((totals, size))
            bar.update()
            if self.device.type == "cpu" and not totals[0].isfinite():
                break  # on a GPU the host looks once, after the pass
            if time.perf_counter() - saved > SECONDS_BETWEEN_SAVES:
                saved = time.perf_counter()
                self.elapsed = saved - start
                self.save()
        self.finish_epoch(start)

    def rest_of_epoch(self) -> Iterator[tuple[Tensor, Tensor]]:
        """The minibatches that this epoch has not used yet, in the same order."""
        now, done = torch.get_rng_state(), len(self.rows)
        if not done:
            self.mark_start()
        torch.set_rng_state(self.start_rng)
        minibatches = iter(self.train_iter)
        for _ in range(done):
            next(minibatches)
        if done:
            torch.set_rng_state(now)  # skipping has used up random numbers
        return minibatches

    def mark_start(self) -> None:
        """Remember the random states from which the epoch draws its order."""
        self.start_rng = torch.get_rng_state()
        self.start_order = self.order.get_state() if self.order else None

    def finish_epoch(self, start: float) -> None:
        """Test the net and add the epoch to the run; refuse a loss gone astray."""
        run = self.run
        train_loss, train_acc = means(self.rows)
        steps = torch.stack([totals for totals, _ in self.rows])[:, 0].tolist()
        test_loss, test_acc = evaluate(self.net, self.test_iter)
        for step, loss in enumerate([*steps, test_loss], start=1 + len(run.step_loss)):
            if not abs(loss) < float("inf"):
                raise ValueError(
                    f"the loss is {loss} at step {step}: choose a smaller lr than "
                    f"{run.settings['lr']}, and build the net anew"
                )
        run.step_loss += steps
        seconds = round(time.perf_counter() - start, 2)
        run.add_epoch(train_loss, train_acc, test_loss, test_acc, seconds)
        self.epoch, self.rows, self.elapsed = self.epoch + 1, [], 0.0
        self.mark_start()
        self.save()

    def save(self) -> None:
        """Write all that the next step depends on, once, if there is a file for it."""
        if not self.path or distributed.RANK > 0:
            return
        cuda = self.device.type == "cuda"
        state = {
            "identity": self.identity,
            "net": self.net.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "run": asdict(self.run),
            "epoch": self.epoch,
            "elapsed": self.elapsed,
            "rows": self.rows,
            "start_order": self.start_order,
            "start_rng": self.start_rng,
            "rng": torch.get_rng_state(),
            "cuda_rng": torch.cuda.get_rng_state() if cuda else None,
        }
        save_checkpoint(self.path, state)

    def restore(self, state: dict) -> None:
        """Go back to the step after which `state` was saved."""
        self.net.load_state_dict(state["net"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.run = Run(**state["run"])
        self.epoch, self.elapsed = state["epoch"], state["elapsed"]
        self.rows = state["rows"]
        self.start_rng = state["start_rng"].cpu()
        self.start_order = state["start_order"]
        if self.order:
            self.start_order = self.start_order.cpu()
            self.order.set_state(self.start_order)
        torch.set_rng_state(state["rng"].cpu())
        if state["cuda_rng"] is not None:
            torch.cuda.set_rng_state(state["cuda_rng"].cpu())


def describe(data_iter: Iterable) -> str:
    """What a checkpoint remembers of the data; other loaders only by their size."""
    if isinstance(data_iter, Minibatches):
        return repr(data_iter)
    return f"{type(data_iter).__name__} of {len(data_iter)} minibatches"
