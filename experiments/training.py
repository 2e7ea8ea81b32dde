"""One training of the plan, and what its net says of the test images."""

import base64
import os
import platform
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from d2l_lite import evaluate, load_data_fashion_mnist
from d2l_lite.data import Minibatches
from d2l_lite.device import PRECISION_ENV, autocast_dtype
from d2l_lite.train import Training
from experiments.folder import Job
from experiments.plan import RECIPES, Recipe
from experiments.record import HELPER, code_hash

# The modules that decide a result, in the order in which they are hashed.
CODE = [
    *HELPER,
    ("d2l_lite/shapes.py", "d2l_lite/trace.py"),
    ("d2l_lite/lab/ladder.py", "d2l_lite/ladder.py"),
    *(
        (f"experiments/{name}.py",)
        for name in ("plan", "ladder", "folder", "training", "silence")
    ),
]
DIGITS = 6
SHIFTS = ((-2, 0), (2, 0), (0, -2), (0, 2))  # pixels to the right, and down


def pack(array: np.ndarray) -> str:
    """An array as text: its bytes, compressed, in base 85."""
    return base64.b85encode(zlib.compress(array.tobytes(), 9)).decode()


def unpack(text: str, dtype: type) -> np.ndarray:
    """The array that `pack` made a text of."""
    return np.frombuffer(zlib.decompress(base64.b85decode(text)), dtype)


class Planned(Training):
    """A training with what else a recipe may ask for.

    Its rate may fall in a straight line, to 0 after the last step; its images may be
    augmented; its optimizer may have momentum or weight decay.
    """

    def start(self) -> None:
        """Prepare the training; a checkpoint brings its optimizer's options along."""
        super().start()
        for group in self.optimizer.param_groups:
            group.update(self.settings["options"])

    def remaining_minibatches(self) -> Iterator[tuple[Tensor, Tensor]]:
        """The minibatches that are left, each at its own learning rate."""
        steps = self.settings["num_epochs"] * len(self.train_iter)
        for X, y in super().remaining_minibatches():
            if self.settings["augment"]:
                X = augment(X)
            if self.settings["schedule"] == "decay":
                step = self.epoch * len(self.train_iter) + len(self.step_totals)
                for group in self.optimizer.param_groups:
                    group["lr"] = self.settings["lr"] * (1 - step / steps)
            yield X, y


def augment(X: Tensor) -> Tensor:
    """Mirror each of (N, 1, H, W) images with a chance of 1/2; move it by -2 to 2."""
    n, _, height, width = X.shape
    mirrored = torch.rand(n, 1, 1, 1, device=X.device) < 0.5
    X = F.pad(torch.where(mirrored, X.flip(3), X), (2, 2, 2, 2))
    down, right = torch.randint(5, (2, n, 1), device=X.device)
    rows = down + torch.arange(height, device=X.device)
    columns = right + torch.arange(width, device=X.device)
    images = torch.arange(n, device=X.device)[:, None, None]
    return X[images, 0, rows[:, :, None], columns[:, None, :]][:, None]


def start(job: Job, checkpoint: Path) -> Planned:
    """A training of the plan, from its checkpoint if there is one."""
    recipe = RECIPES[job.name]
    os.environ[PRECISION_ENV] = recipe.precision
    torch.backends.cudnn.allow_tf32 = False  # float32 is float32 on a GPU, too
    train_iter, held_out = load_data_fashion_mnist(
        recipe.batch_size, size_of(recipe), split="validation"
    )
    train_iter.images = train_iter.images[: recipe.train_images]
    train_iter.labels = train_iter.labels[: recipe.train_images]
    torch.manual_seed(job.seed)
    settings = {"lr": job.lr, "num_epochs": recipe.num_epochs, "seed": job.seed}
    settings |= {"optimizer": recipe.optimizer, "schedule": recipe.schedule}
    settings |= {"precision": recipe.precision, "augment": recipe.augment}
    options = {"momentum": recipe.momentum, "weight_decay": recipe.weight_decay}
    settings["options"] = {key: value for key, value in options.items() if value}
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    training = Planned(recipe.net.build(), train_iter, held_out, settings, checkpoint)
    training.start()
    return training


def size_of(recipe: Recipe) -> int | None:
    """The side to which images are resized."""
    return None if recipe.net.side == 28 else recipe.net.side


def train(job: Job, row: dict | None, checkpoint: Path, commit: str, code: str) -> dict:
    """Train up to an epoch; return the row of the record, with this look."""
    done, failure = start(job, checkpoint), None
    looks = row["looks"] if row else []
    try:
        with tqdm(disable=True) as bar:
            while done.epoch < job.until:
                done.train_epoch(bar)
    except ValueError as error:
        if not str(error).startswith("the loss is"):
            raise
        failure = str(error)
    if job.phase == "final" and not failure:
        looks = [*looks, look(done, RECIPES[job.name])]
    run = done.run
    row = {
        "phase": job.phase,
        "lr": job.lr,
        "seed": job.seed,
        "train_loss": [round(value, DIGITS) for value in run.train_loss],
        "train_acc": [round(value, DIGITS) for value in run.train_acc],
        "val_loss": [round(value, DIGITS) for value in run.test_loss],
        "val_acc": run.test_acc,
        "seconds": run.seconds,
        "peak_step_loss": round(run.peak_step_loss, DIGITS),
        "failure": failure,
        "looks": looks,
        "made": made(run.made, commit, code),
    }
    if RECIPES[job.name].keeps:
        row["step_loss"] = pack(np.array(run.step_loss, np.float16))
    return row


def look(done: Training, recipe: Recipe) -> dict:
    """What the net says of the test images, without their labels, and more."""
    train_iter, held_out = done.train_iter, done.test_iter
    n = len(held_out.labels)
    seen = Minibatches(
        train_iter.images[:n], train_iter.labels[:n], recipe.batch_size,
        recipe.net.side if recipe.net.side != 28 else None, device=done.device,
    )  # fmt: skip
    loss, accuracy = evaluate(done.net, seen)
    _, tests = load_data_fashion_mnist(recipe.batch_size, size_of(recipe))
    predicted, peaks = answer(done.net, tests)
    row = {
        "epoch": done.epoch,
        "eval_train_loss": round(loss, DIGITS),
        "eval_train_acc": accuracy,
        "predicted": pack(predicted.numpy().astype(np.uint8)),
    }
    if recipe.keeps == "peaks":
        row["peaks"] = [pack(peak.numpy().astype(np.float16)) for peak in peaks]
    if recipe.keeps == "shifts":
        shifted = [answer(done.net, moved(tests, *by))[0] for by in SHIFTS]
        row["shifted"] = pack(torch.stack(shifted).numpy().astype(np.uint8))
    return row


def moved(tests: Minibatches, right: int, down: int) -> Minibatches:
    """The images moved by some pixels; what comes in is black."""
    images = F.pad(tests.images, (right, -right, down, -down))
    return Minibatches(images, tests.labels, tests.batch_size, tests.resize)


def answer(net: nn.Sequential, tests: Minibatches) -> tuple[Tensor, list[Tensor]]:
    """The predicted class of each image; the highest value that each map or unit
    behind a ReLU reaches on any of them."""
    dtype, classes, peaks = autocast_dtype(tests.device), [], []
    with torch.no_grad(), torch.autocast(
        tests.device.type, dtype, enabled=dtype != torch.float32
    ):  # fmt: skip
        for X, _ in tests:
            here = []
            for layer in net.eval():
                X = layer(X)
                if isinstance(layer, nn.ReLU):
                    here.append(X.amax((0, 2, 3)) if X.dim() == 4 else X.amax(0))
            peaks = list(map(torch.maximum, peaks, here)) if peaks else here
            classes.append(X.argmax(1))
    return torch.cat(classes).cpu(), [peak.float().cpu() for peak in peaks]


def made(here: dict, commit: str, code: str | None = None) -> dict:
    """Where, when, with what and by which code."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return here | {
        "time": now,
        "python": platform.python_version(),
        "commit": commit,
        "code": code or code_hash(CODE),
    }
