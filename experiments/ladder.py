"""Run the plan: `python -m experiments.ladder`.

It trains what is missing, the most worth first, one single-threaded process a core,
and writes each finished run into NAME.json. Killed and started again, it goes on
and loses at most one epoch of each run under way. Two at once on one folder are
refused. Rungs are in d2l_lite/lab/ladder.py, recipes in plan.py, and rates.py chooses
their learning rates.
"""

import argparse
import os
from concurrent.futures import FIRST_COMPLETED, Executor, ProcessPoolExecutor, wait
from multiprocessing import get_context
from pathlib import Path

import filelock
import numpy as np
import torch

from d2l_lite.checkpoint import replace_file
from experiments import plan
from experiments.folder import RECORDS, Folder, Job, last_accuracy
from experiments.plan import RECIPES
from experiments.record import clean_commit, code_hash, whole_data
from experiments.training import CODE, train


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
        halves = {key: value.half() for key, value in state.items()}
        target = folder.path / f"{job.name}.npz"
        replace_file(target, lambda file: np.savez(file, **halves))
    if job.phase == "grid" or job.until == recipe.num_epochs:
        path.unlink(missing_ok=True)


def main() -> None:
    """Say what is to be done and how long it takes; then do it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=Path, default=RECORDS, help="their folder")
    parser.add_argument("--only", nargs="+", choices=RECIPES, metavar="RECIPE")
    parser.add_argument("--costly", action="store_true", help="AVX512 or a GPU: also")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--commit", help="where there is no git: what is run")
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
    commit = clean_commit(options.commit)
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
