"""Run the plan: `python -m experiments.ladder`.

It trains what is missing, the most worth first, one single-threaded process a core,
and writes each finished run into NAME.json. Killed and started again, it goes on
and loses at most one epoch of each run under way. Two at once on one folder are
refused.
"""

import argparse
import base64
import json
import os
import platform
import zlib
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, ProcessPoolExecutor, wait
from dataclasses import asdict
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from statistics import mean, median
from typing import NamedTuple

import filelock
import jsonschema
import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from d2l_lite import evaluate, load_data_fashion_mnist, trace
from d2l_lite.data import Minibatches
from d2l_lite.device import PRECISION_ENV, autocast_dtype
from d2l_lite.train import Training
from experiments import plan
from experiments.plan import RECIPES, Recipe
from experiments.record import HELPER, clean_commit, code_hash, whole_data

ROOT = Path(__file__).resolve().parent.parent
RECORDS = ROOT / "results" / "edition2"
SCHEMA = ROOT / "results" / "schema" / "recipe.json"
# The modules that decide a result, in the order in which they are hashed.
CODE = [
    *HELPER,
    ("d2l_lite/shapes.py", "d2l_lite/trace.py"),
    ("d2l_lite/lab/ladder.py", "d2l_lite/ladder.py"),
    *((f"experiments/{name}.py",) for name in ("plan", "ladder", "silence")),
]
SECONDS_PER_MMAC = 20  # of ten epochs, on one core; a first guess
DIGITS = 6


class Job(NamedTuple):
    """One training, up to an epoch."""

    name: str
    phase: str  # "grid" or "final"
    lr: float
    seed: int
    until: int


# ------------------------------------------------------------------- what is there


class Folder:
    """The records of one folder, a file a recipe."""

    def __init__(self, path: Path):
        self.path = path

    def read(self, name: str) -> dict:
        """The record of a recipe, or an empty one."""
        head = {"name": name, "recipe": json.loads(json.dumps(asdict(RECIPES[name])))}
        path = self.path / f"{name}.json"
        if not path.exists():
            return head | {"runs": []}
        content = json.loads(path.read_bytes())
        if any(content[key] != value for key, value in head.items()):
            raise SystemExit(f"{path} holds another recipe; move it away first")
        return content

    def add(self, name: str, row: dict) -> None:
        """Add a run, in the place of an earlier stage of it."""
        content = self.read(name)
        key = ("phase", "lr", "seed")
        others = [r for r in content["runs"] if any(r[k] != row[k] for k in key)]
        content["runs"] = [*others, row]
        jsonschema.validate(content, json.loads(SCHEMA.read_bytes()))
        write_json(self.path / f"{name}.json", content)

    def grid(self, name: str, lr: float) -> list[float]:
        """Last validation accuracies of the grid's seeds at a rate, by seed."""
        rows = [
            run
            for run in self.read(name)["runs"]
            if run["phase"] == "grid" and run["lr"] == lr
        ]
        return [last_accuracy(run) for run in sorted(rows, key=lambda r: r["seed"])]

    def choose(self, name: str) -> tuple[list[tuple[float, int]], float | None]:
        """The (rate, seed) pairs that the grid needs, and the rate that wins.

        The rate is None while some of them are missing.
        """
        recipe, few = RECIPES[name], len(plan.GRID_SEEDS)
        if recipe.rate_of:
            return [], self.choose(recipe.rate_of)[1]
        if len(recipe.rates) == 1:
            return [], recipe.rates[0]
        rates = list(recipe.rates)
        fixed = recipe.rates != plan.GRID
        while True:
            pairs = [(lr, seed) for lr in rates for seed in plan.GRID_SEEDS]
            tried = {lr: self.grid(name, lr) for lr in rates}
            if any(len(values) < few for values in tried.values()):
                return pairs, None
            first = {lr: mean(values[:few]) for lr, values in tried.items()}
            if fixed:
                return pairs, max(rates, key=first.__getitem__)
            if widen(rates, max(rates, key=first.__getitem__)):
                continue
            close = [lr for lr in rates if first[lr] >= max(first.values()) - plan.NEAR]
            if len(close) > 1:
                pairs += [(lr, seed) for lr in close for seed in plan.NEAR_SEEDS]
                enough = few + len(plan.NEAR_SEEDS)
                if any(len(tried[lr]) < enough for lr in close):
                    return pairs, None
            best = max(close, key=lambda lr: mean(tried[lr]))
            if not widen(rates, best):
                return pairs, best

    def tuned(self) -> str | None:
        """LeNet (tuned): the name of the better of the two on validation images."""
        means = {}
        for name in plan.TUNED:
            rows = [r for r in self.read(name)["runs"] if r["phase"] == "final"]
            values = [last_accuracy(r) for r in rows if r["seed"] in plan.TEN]
            if len(values) < len(plan.TEN):
                return None
            means[name] = mean(values)
        return max(means, key=means.__getitem__)

    def missing(self, name: str) -> Iterator[Job]:
        """The trainings of one recipe that can be done now."""
        recipe = RECIPES[name]
        done = {
            (run["phase"], run["lr"], run["seed"]): epochs(run, recipe)
            for run in self.read(name)["runs"]
        }
        pairs, best = self.choose(name)
        wanted = [Job(name, "grid", lr, seed, recipe.grid_epochs) for lr, seed in pairs]
        if best is not None:
            seeds = recipe.seeds
            if name in plan.TUNED and self.tuned() == name:
                seeds += plan.TRIAL_SEEDS
            wanted += [
                Job(name, "final", best, seed, look)
                for look in recipe.looks
                for seed in seeds
            ]
        for job in wanted:
            if done.get((job.phase, job.lr, job.seed), 0) < job.until:
                yield job

    def waiting(self, names: list[str]) -> Iterator[Job]:
        """All trainings that can be done now, the most worth first."""
        for name in names:
            yield from self.missing(name)

    def hours(self, names: list[str], workers: int) -> str:
        """How long what is missing will take, by what was measured so far."""
        seconds = 0.0
        for name in names:
            recipe, content = RECIPES[name], self.read(name)
            side = recipe.net.side
            mmac = trace(recipe.net.build(), (1, 1, side, side)).macs / 1e6
            epoch = [s for run in content["runs"] for s in run["seconds"]]
            each = median(epoch) if epoch else 2 + SECONDS_PER_MMAC * mmac / 10
            jobs = list(self.missing(name))
            total = sum(job.until for job in jobs if job.phase == "grid")
            total += sum({job.seed: job.until for job in jobs}.values())
            if self.choose(name)[1] is None:
                total += len(recipe.seeds) * recipe.num_epochs
            seconds += total * each
        return f"{seconds / 3600 / workers:.1f} hours to go"


def widen(rates: list[float], best: float) -> bool:
    """Let the grid grow by a rate where the best lies at its edge."""
    place = plan.WIDEST.index(best)
    if best == rates[0] and place > 0:
        rates.insert(0, plan.WIDEST[place - 1])
        return True
    if best == rates[-1] and place < len(plan.WIDEST) - 1:
        rates.append(plan.WIDEST[place + 1])
        return True
    return False


def last_accuracy(run: dict) -> float:
    """On the validation images; 0 for a training that failed."""
    return 0.0 if run["failure"] else run["val_acc"][-1]


def epochs(run: dict, recipe: Recipe) -> int:
    """The epochs that a run has done; all of them for one that failed."""
    return recipe.num_epochs if run["failure"] else len(run["val_acc"])


def write_json(path: Path, content: dict) -> None:
    """Write a record, a line a run, under another name first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    runs = ",\n".join(json.dumps(run, separators=(",", ":")) for run in content["runs"])
    head = {key: value for key, value in content.items() if key != "runs"}
    text = json.dumps(head)[:-1] + f', "runs": [\n{runs}\n]}}\n'
    part = path.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)


# ------------------------------------------------------------------------- arrays


def pack(array: np.ndarray) -> str:
    """An array as text: its bytes, compressed, in base 85."""
    return base64.b85encode(zlib.compress(array.tobytes(), 9)).decode()


def unpack(text: str, dtype: type) -> np.ndarray:
    """The array that `pack` made a text of."""
    return np.frombuffer(zlib.decompress(base64.b85decode(text)), dtype)


# ----------------------------------------------------------------------- training


class Scheduled(Training):
    """A training whose rate may fall in a straight line, to 0 after its last step."""

    def remaining_minibatches(self) -> Iterator[tuple[Tensor, Tensor]]:
        """The minibatches that are left, each at its own learning rate."""
        steps = self.settings["num_epochs"] * len(self.train_iter)
        for X, y in super().remaining_minibatches():
            if self.settings["schedule"] == "decay":
                step = self.epoch * len(self.train_iter) + len(self.step_totals)
                for group in self.optimizer.param_groups:
                    group["lr"] = self.settings["lr"] * (1 - step / steps)
            yield X, y


def start(job: Job, checkpoint: Path) -> Scheduled:
    """A training of the plan, from its checkpoint if there is one."""
    recipe = RECIPES[job.name]
    os.environ[PRECISION_ENV] = recipe.precision
    train_iter, held_out = load_data_fashion_mnist(
        recipe.batch_size, size_of(recipe), split="validation"
    )
    torch.manual_seed(job.seed)
    settings = {"lr": job.lr, "num_epochs": recipe.num_epochs, "seed": job.seed}
    settings |= {"optimizer": recipe.optimizer, "schedule": recipe.schedule}
    settings["precision"] = recipe.precision
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    training = Scheduled(recipe.net.build(), train_iter, held_out, settings, checkpoint)
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
    return row


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


# -------------------------------------------------------------------------- all


def single_thread() -> None:
    """Prepare a process: its neighbour has the other core."""
    torch.set_num_threads(1)


def run_all(
    folder: Folder, names: list[str], pool: Executor, workers: int, commit: str
) -> None:
    """Train until nothing is missing, `workers` trainings at a time."""
    running, code = {}, code_hash(CODE)
    while True:
        for job in folder.waiting(names):
            if len(running) == workers:
                break
            if all(job[:-1] != other[:-1] for other in running.values()):
                row = next(
                    (
                        run
                        for run in folder.read(job.name)["runs"]
                        if (run["phase"], run["lr"], run["seed"]) == job[1:4]
                    ),
                    None,
                )
                path = checkpoint(folder, job)
                running[pool.submit(train, job, row, path, commit, code)] = job
        if not running:
            return
        finished, _ = wait(running, return_when=FIRST_COMPLETED)
        # What raised an error comes last, so that nothing else is lost.
        for future in sorted(finished, key=lambda future: bool(future.exception())):
            job, row = running.pop(future), future.result()
            folder.add(job.name, row)
            finish(folder, job)
            left = folder.hours(names, workers)
            print(*job, last_accuracy(row), left, flush=True)


def checkpoint(folder: Folder, job: Job) -> Path:
    """The file of a training."""
    name = f"{job.name}-{job.phase}-{job.lr}-{job.seed}.pt"
    return folder.path / "checkpoints" / name


def finish(folder: Folder, job: Job) -> None:
    """Keep the weights of a figure's net; drop the checkpoint of what is done."""
    recipe, path = RECIPES[job.name], checkpoint(folder, job)
    if recipe.keeps == "weights":
        state = torch.load(path, map_location="cpu", weights_only=True)["net"]
        part = folder.path / f"{job.name}.part"
        with open(part, "wb") as file:
            np.savez(file, **{key: value.half() for key, value in state.items()})
        os.replace(part, part.with_suffix(".npz"))
    if job.phase == "grid" or job.until == recipe.num_epochs:
        path.unlink(missing_ok=True)


def main() -> None:
    """Say what is to be done and how long it takes; then do it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=Path, default=RECORDS, help="their folder")
    parser.add_argument("--only", nargs="+", choices=RECIPES, metavar="RECIPE")
    parser.add_argument("--costly", action="store_true", help="AVX512 or a GPU: also")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--plan", action="store_true", help="only say what is missing")
    options = parser.parse_args()
    folder = Folder(options.records)
    names = options.only or [n for n in RECIPES if n not in plan.COSTLY]
    names += [n for n in plan.COSTLY if options.costly and n not in names]
    jobs = len({job[:-1] for job in folder.waiting(names)})
    print(jobs, "trainings can be done at once;", folder.hours(names, options.workers))
    if options.plan:
        return
    whole_data()
    commit = clean_commit()
    folder.path.mkdir(parents=True, exist_ok=True)
    try:
        lock = filelock.FileLock(folder.path / ".lock", timeout=0).acquire()
    except filelock.Timeout:
        raise SystemExit(f"{folder.path} is being written by another process") from None
    with lock, ProcessPoolExecutor(
        options.workers, get_context("spawn"), single_thread
    ) as pool:  # fmt: skip
        run_all(folder, names, pool, options.workers, commit)


if __name__ == "__main__":
    main()
