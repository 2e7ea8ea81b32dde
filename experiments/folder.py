"""The folder of the plan's records: what is there, and what is missing."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from functools import cache, partial
from pathlib import Path
from statistics import mean, median
from typing import NamedTuple

import jsonschema

from d2l_lite import trace
from d2l_lite.checkpoint import replace_file
from experiments import plan
from experiments.plan import RECIPES, Linear, Recipe, Rung
from experiments.rates import Pairs, choose
from experiments.record import RESULTS

RECORDS = RESULTS / "edition2"
SCHEMA = RESULTS / "schema" / "recipe.json"
SECONDS_PER_MMAC = 20  # of ten epochs, on one core; a first guess


class Job(NamedTuple):
    """One training, up to an epoch."""

    name: str
    phase: str  # "grid" or "final"
    lr: float
    seed: int
    until: int


class Folder:
    """The records of one folder, a file a recipe; nobody else writes there."""

    def __init__(self, path: Path):
        self.path = path
        self.contents: dict[str, dict] = {}  # as read or written last

    def read(self, name: str) -> dict:
        """The record of a recipe, or an empty one."""
        recipe = json.loads(json.dumps(asdict(RECIPES[name])))
        path = self.path / f"{name}.json"
        if name not in self.contents and path.exists():
            self.contents[name] = json.loads(path.read_bytes())
        content = self.contents.get(name)
        if content is None:
            return {"name": name, "recipe": recipe, "runs": []}
        if content["name"] != name or essence(content["recipe"]) != essence(recipe):
            raise SystemExit(f"{path} holds another recipe; move it away first")
        return content

    def add(self, name: str, row: dict) -> None:
        """Add a run, in the place of an earlier stage of it."""
        content = self.read(name)
        key = ("phase", "lr", "seed")
        others = [r for r in content["runs"] if any(r[k] != row[k] for k in key)]
        schema = json.loads(SCHEMA.read_bytes())
        jsonschema.validate(content | {"runs": [row]}, schema)
        self.contents[name] = content | {"runs": [*others, row]}
        write_json(self.path / f"{name}.json", self.contents[name])

    def grid(self, name: str, lr: float) -> list[float]:
        """Last validation accuracies of the grid's seeds at a rate, by seed."""
        rows = [
            run
            for run in self.read(name)["runs"]
            if run["phase"] == "grid" and run["lr"] == lr
        ]
        return [last_accuracy(run) for run in sorted(rows, key=lambda r: r["seed"])]

    def choose(self, name: str) -> tuple[Pairs, float | None]:
        """The (rate, seed) pairs of a recipe's grid, and the rate that wins, if any."""
        recipe = RECIPES[name]
        if recipe.rate_of:
            return [], self.choose(recipe.rate_of)[1]
        return choose(recipe.rates, partial(self.grid, name))

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
            epoch = [s for run in content["runs"] for s in run["seconds"]]
            each = median(epoch) if epoch else first_guess(recipe.net)
            jobs = list(self.missing(name))
            total = sum(job.until for job in jobs if job.phase == "grid")
            total += sum({job.seed: job.until for job in jobs}.values())
            if self.choose(name)[1] is None:
                total += len(recipe.seeds) * recipe.num_epochs
            seconds += total * each
        return f"{seconds / 3600 / workers:.1f} hours to go"


def essence(recipe: dict) -> dict:
    """What a recipe says besides defaults, as it is stored.

    So a record of a recipe without, say, augmentation stays one when it can be named.
    """
    plain = Recipe(Linear() if "hidden" in recipe["net"] else Rung())
    plain = json.loads(json.dumps(asdict(plain)))
    net = {k: v for k, v in recipe["net"].items() if plain["net"].get(k) != v}
    return {k: v for k, v in recipe.items() if plain.get(k) != v} | {"net": net}


@cache
def first_guess(net: Rung | Linear) -> float:
    """Seconds of an epoch on one core."""
    mmac = trace(net.build(), (1, 1, net.side, net.side)).macs / 1e6
    return 2 + SECONDS_PER_MMAC * mmac / 10


def last_accuracy(run: dict) -> float:
    """On the validation images; 0 for a training that failed."""
    return 0.0 if run["failure"] else run["val_acc"][-1]


def epochs(run: dict, recipe: Recipe) -> int:
    """The epochs that a run has done; all of them for one that failed."""
    return recipe.num_epochs if run["failure"] else len(run["val_acc"])


def write_json(path: Path, content: dict) -> None:
    """Write a record, a line a run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    runs = ",\n".join(json.dumps(run, separators=(",", ":")) for run in content["runs"])
    head = {key: value for key, value in content.items() if key != "runs"}
    text = json.dumps(head)[:-1] + f', "runs": [\n{runs}\n]}}\n'
    replace_file(path, lambda file: file.write(text.encode()))
