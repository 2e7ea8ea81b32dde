"""Run the plan of the ladder: `python -m results.ladder`, then once `--test`.

It trains what is missing, in the order of worth, one single-threaded process a
core, and writes each finished training into results/ladder/NAME.json. Stopped
and started again, it goes on.
"""

import argparse
import json
import os
import platform
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, ProcessPoolExecutor, wait
from dataclasses import asdict, replace
from multiprocessing import get_context
from pathlib import Path
from statistics import mean, median

import jsonschema
import torch

from d2l_lite import evaluate, load_data_fashion_mnist, trace
from d2l_lite.data import find_folder
from d2l_lite.device import provenance
from d2l_lite.ladder import RUNGS, Rung
from d2l_lite.train import Training

from . import plan
from .record import check_whole_data, clean_commit, code_hash

HERE = Path(__file__).parent
RECORDS, CHECKPOINTS = HERE / "ladder", HERE / "checkpoints" / "ladder"
SCHEMA = HERE / "schema" / "rung.json"
CODE = code_hash()  # of what this process has loaded
SECONDS_PER_MMAC = 20  # of ten epochs, on one core; a first guess
Job = tuple[str, str, str, float, int]  # name, phase, optimizer, learning rate, seed


# ------------------------------------------------------------------- what is there


def rung_of(name: str) -> Rung:
    """The net that a record is of."""
    if name in RUNGS:
        return RUNGS[name]
    return replace(plan.ORIGIN, activation=plan.DEEP[name][0])


def read(name: str) -> dict:
    """The record of a rung, or an empty one."""
    head = {
        "name": name,
        "rung": asdict(rung_of(name)),
        "recipe": {
            "batch_size": plan.BATCH_SIZE,
            "num_epochs": plan.NUM_EPOCHS,
            "split": "55,000 training, 5,000 validation, 10,000 test",
        },
    }
    path = RECORDS / f"{name}.json"
    if not path.exists():
        return head | {"runs": [], "tests": []}
    content = json.loads(path.read_bytes())
    if any(content[key] != value for key, value in head.items()):
        raise SystemExit(f"{path.name} holds another net or recipe; move it away first")
    return content


def write(content: dict) -> None:
    """Store a record; jsonschema's ValidationError when it lacks anything."""
    jsonschema.validate(content, json.loads(SCHEMA.read_bytes()))
    RECORDS.mkdir(exist_ok=True)
    path = RECORDS / f"{content['name']}.json"
    part = path.with_suffix(".part")
    part.write_text(
        json.dumps(content, indent=None, separators=(",", ":")) + "\n", encoding="utf-8"
    )
    os.replace(part, path)


def validation(content: dict, lr: float) -> list[float]:
    """The last validation accuracies of the grid's seeds at one learning rate."""
    return [
        last_accuracy(run)
        for run in content["runs"]
        if run["phase"] == "grid" and run["lr"] == lr
    ]


def last_accuracy(run: dict) -> float:
    """On the validation set; 0 for a training that failed."""
    return 0.0 if run.get("failure") else run["val_acc"][-1]


def choose(content: dict) -> tuple[list[float], float | None]:
    """The learning rates to try, and the one chosen; None while some are missing."""
    rates = list(plan.GRID)
    while True:
        tried = {lr: validation(content, lr) for lr in rates}
        if any(len(values) < len(plan.GRID_SEEDS) for values in tried.values()):
            return rates, None
        best = max(rates, key=lambda lr: mean(tried[lr]))
        place = plan.WIDEST.index(best)
        if best == rates[0] and place > 0:
            rates.insert(0, plan.WIDEST[place - 1])
        elif best == rates[-1] and place < len(plan.WIDEST) - 1:
            rates.append(plan.WIDEST[place + 1])
        else:
            return rates, best


def seeds_of(name: str, with_more: bool = True) -> tuple[int, ...]:
    """The seeds of a rung's final trainings."""
    more = with_more and name not in plan.COSTLY
    return plan.SEEDS + plan.MORE_SEEDS * more


def missing(name: str, with_more: bool = True) -> Iterator[Job]:
    """The trainings of one record that can be done now."""
    content = read(name)
    there = {(run["phase"], run["lr"], run["seed"]) for run in content["runs"]}
    if name in plan.DEEP:
        optimizer = plan.DEEP[name][1]
        wanted = [
            ("final", lr, seed)
            for lr in plan.DEEP_RATES[optimizer]
            for seed in plan.SEEDS
        ]
    else:
        optimizer = "Adam"
        rates, best = choose(content)
        if best is None:
            wanted = [("grid", lr, seed) for lr in rates for seed in plan.GRID_SEEDS]
        else:
            wanted = [("final", best, seed) for seed in seeds_of(name, with_more)]
    for phase, lr, seed in wanted:
        if (phase, lr, seed) not in there:
            yield name, phase, optimizer, lr, seed


def waiting() -> Iterator[Job]:
    """All trainings that can be done now, the most worth first."""
    for with_more in (False, True):
        for name in plan.ORDER:
            yield from missing(name, with_more)


# ------------------------------------------------------------------------ training


def training(job: Job) -> Training:
    """A training of the plan, from its checkpoint if there is one."""
    name, _, optimizer, lr, seed = job
    rung = rung_of(name)
    train_iter, held_out = load_data_fashion_mnist(
        plan.BATCH_SIZE, None if rung.side == 28 else rung.side, split="validation"
    )
    torch.manual_seed(seed)
    settings = {"lr": lr, "num_epochs": plan.NUM_EPOCHS, "seed": seed}
    settings["optimizer"] = optimizer
    CHECKPOINTS.mkdir(parents=True, exist_ok=True)
    return Training(rung.build(), train_iter, held_out, settings, checkpoint(job))


def checkpoint(job: Job) -> Path:
    """The file of a training."""
    name, phase, _, lr, seed = job
    return CHECKPOINTS / f"{name}-{phase}-{lr}-{seed}.pt"


def train(job: Job, commit: str) -> dict:
    """Do one training; return its row of the record."""
    _, phase, optimizer, lr, seed = job
    done, failure = training(job), None
    try:
        done.go_on()
    except ValueError as error:
        if not str(error).startswith("the loss is"):
            raise
        failure = str(error)
    run = done.run
    digits = 6
    return {
        "phase": phase,
        "optimizer": optimizer,
        "lr": lr,
        "seed": seed,
        "train_loss": [round(value, digits) for value in run.train_loss],
        "train_acc": [round(value, digits) for value in run.train_acc],
        "val_loss": [round(value, digits) for value in run.test_loss],
        "val_acc": run.test_acc,
        "seconds": run.seconds,
        "peak_step_loss": round(run.peak_step_loss, digits),
        "failure": failure,
        "made": made(run.made, commit),
    }


def made(here: dict, commit: str) -> dict:
    """Where, when, with what and by which code."""
    code = {"commit": commit, "code": CODE}
    return here | {"python": platform.python_version()} | code


def single_thread() -> None:
    """Prepare a process: its neighbour has the other core."""
    torch.set_num_threads(1)


def run_all(pool: Executor, workers: int, commit: str) -> None:
    """Train until nothing is missing, `workers` trainings at a time."""
    running = {}
    while True:
        for job in waiting():
            if len(running) == workers:
                break
            if job not in running.values():
                running[pool.submit(train, job, commit)] = job
        if not running:
            return
        finished, _ = wait(running, return_when=FIRST_COMPLETED)
        # What raised an error comes last, so that nothing else is lost.
        for future in sorted(finished, key=lambda future: bool(future.exception())):
            job, row = running.pop(future), future.result()
            content = read(job[0])
            content["runs"].append(row)
            write(content)
            if job[1] == "grid" or job[0] in plan.DEEP:
                checkpoint(job).unlink(missing_ok=True)  # its weights are of no use
            left = hours(workers)
            print(*job, last_accuracy(content["runs"][-1]), left, flush=True)


def hours(workers: int) -> str:
    """How long what is missing will take, by what was measured so far."""
    seconds = 0.0
    for name in plan.ORDER:
        content, rung = read(name), rung_of(name)
        times = [sum(run["seconds"]) for run in content["runs"]]
        mmac = trace(rung.build(), (1, 1, rung.side, rung.side)).macs / 1e6
        each = median(times) if times else 20 + SECONDS_PER_MMAC * mmac
        jobs = len(list(missing(name)))
        if name not in plan.DEEP and choose(content)[1] is None:
            jobs += len(seeds_of(name))
        seconds += jobs * each
    return f"{seconds / 3600 / workers:.1f} hours to go"


# --------------------------------------------------------------------------- testing


def test_all(commit: str) -> None:
    """Read the test set, once, for every rung, when all trainings are there."""
    if left := next(waiting(), None):
        raise SystemExit(f"not yet: {left[0]} and others still have to be trained")
    for name in RUNGS:
        check_weights(name)
    for name in RUNGS:
        content = read(name)
        _, lr = choose(content)
        for seed in seeds_of(name):
            if all(test["seed"] != seed for test in content["tests"]):
                content["tests"].append(test(name, lr, seed, commit))
                write(content)


def check_weights(name: str) -> None:
    """Refuse when the net of a final training is missing, or is another one."""
    for run in read(name)["runs"]:
        if run["phase"] == "final" and not run.get("failure"):
            job = (name, "final", run["optimizer"], run["lr"], run["seed"])
            if training(job).run.test_acc != run["val_acc"]:
                raise SystemExit(
                    f"{checkpoint(job)} does not hold the recorded net; take this "
                    "run out of the record, and train it again"
                )


def test(name: str, lr: float, seed: int, commit: str) -> dict:
    """Test the net of one final training."""
    runs = [run for run in read(name)["runs"] if run["phase"] == "final"]
    failed = any(run["seed"] == seed and run.get("failure") for run in runs)
    done, rung = training((name, "final", "Adam", lr, seed)), rung_of(name)
    here = made(provenance(done.device), commit)
    if failed:  # there is no net to test
        return {"seed": seed, "test_loss": None, "test_acc": 0.0, "made": here}
    _, test_iter = load_data_fashion_mnist(
        plan.BATCH_SIZE, None if rung.side == 28 else rung.side
    )
    loss, acc = evaluate(done.net, test_iter)
    print(name, seed, acc, flush=True)
    return {
        "seed": seed,
        "test_loss": round(loss, 6),
        "test_acc": acc,
        "made": here,
    }


def main() -> None:
    """Say what is to be done and how long it takes; then do it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--test", action="store_true", help="read the test set, once")
    parser.add_argument("--plan", action="store_true", help="only say what is missing")
    options = parser.parse_args()
    jobs = len(set(waiting()))
    print(jobs, "trainings can be done at once;", hours(options.workers))
    if options.plan:
        return
    check_whole_data(find_folder())
    commit = clean_commit()
    if options.test:
        test_all(commit)
        return
    context = get_context("spawn")
    with ProcessPoolExecutor(options.workers, context, single_thread) as pool:
        run_all(pool, options.workers, commit)


if __name__ == "__main__":
    main()
