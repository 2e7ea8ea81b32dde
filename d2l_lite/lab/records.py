"""The recorded trainings of the book, and where a reader's run lies among them."""

import json
import os
import platform
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median

from d2l_lite.draw import plot_runs
from d2l_lite.runs import Run

# In a wheel the records lie inside the package, in a checkout beside it.
PACKAGE = Path(__file__).parents[1]
RECORDS = next(
    folder / "results"
    for folder in (PACKAGE, PACKAGE.parent)
    if (folder / "results").is_dir()
)


@dataclass
class Record:
    """The recorded runs of one experiment, a seed each."""

    name: str
    net: str
    recipe: dict
    runs: list[Run]

    def last(self, key: str) -> list[float]:
        """The last epoch's `key`, such as "test_acc", of every run."""
        return [getattr(run, key)[-1] for run in self.runs]

    def place(self, run: Run, save: str | os.PathLike | None = None) -> None:
        """Say where a run of yours lies among the recorded ones, and draw it there.

        They are compared after as many epochs as both have. `save` names a file to
        which your run is written as a record of its own, to be sent in (see
        CONTRIBUTING.md). Raises ValueError for a run without an epoch, for one without
        a seed that is to be saved, and for a file that is there already.
        """
        if not run.test_acc:
            raise ValueError("no epoch was finished: train for one at least")
        n = min(len(run.test_acc), self.recipe["num_epochs"])
        value = run.test_acc[n - 1]
        others = [other.test_acc[n - 1] for other in self.runs]
        below = sum(other < value for other in others)
        print(
            f"test accuracy {value:.4f} after {n} epochs: above {below} of "
            f"{len(others)} recorded seeds, {min(others):.4f} to {max(others):.4f}"
        )
        print(self.differences(run))
        if save is not None:
            self.write(run, Path(save))
        plot_runs(self.runs, run, names=[self.net, "your run"])

    def differences(self, run: Run) -> str:
        """What, besides chance, may part a run from the recorded ones."""
        recorded, found = self.runs[-1].made, []
        for key, what in ("device", "device"), ("precision", "number type"):
            if run.made[key] != recorded[key]:
                found.append(f"another {what}: {run.made[key]}, not {recorded[key]}")
        if run.settings["lr"] != self.recipe["lr"]:
            rates = f"{run.settings['lr']}, not {self.recipe['lr']}"
            found.append(f"another learning rate: {rates}")
        return "; ".join(found) or "same device, number type and learning rate"

    def write(self, run: Run, path: Path) -> None:
        """Write a reader's run as a record, by results/schema/record.json."""
        if run.settings["seed"] is None:
            raise ValueError("train with seed=..., so that others can repeat it")
        here = {"python": platform.python_version(), "helper": version("d2l-lite")}
        row = {"seed": run.settings["seed"]} | asdict(run)
        row["made"] |= here
        del row["settings"], row["step_loss"]
        recipe = self.recipe | {k: run.settings[k] for k in ("lr", "num_epochs")}
        content = {"name": self.name, "net": self.net, "recipe": recipe, "runs": [row]}
        try:
            with path.open("x", encoding="utf-8") as file:
                json.dump(content, file, indent=1)
        except FileExistsError:
            raise ValueError(f"{path} is there already; name another file") from None

    def __str__(self) -> str:
        values, made = self.last("test_acc"), self.runs[-1].made
        n, shown = len(values), f"{median(values):.4f}"
        if n > 1:
            shown = f"median {shown}, range {min(values):.4f} to {max(values):.4f}"
        return (
            f"{self.net}, {self.recipe['num_epochs']} epochs, {n} seed{'s' * (n > 1)}: "
            f"test accuracy {shown}\n  on {made['device']}, {made['date']}"
        )


def load_record(name: str) -> Record:
    """Return the record of one experiment, such as "lenet".

    Raises ValueError: with the names that there are, when there is none; with what
    to do, when its file is damaged.
    """
    known = sorted(path.stem for path in RECORDS.glob("*.json"))
    if name not in known:
        raise ValueError(f"no record {name!r}; there are: {', '.join(known)}")
    path = RECORDS / f"{name}.json"
    try:
        content = json.loads(path.read_bytes())
        rows = content.pop("runs")
        runs = [Run(settings={"seed": row.pop("seed")}, **row) for row in rows]
        return Record(**content, runs=runs)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ValueError(f"{path} is no whole record; fetch the book again") from None
