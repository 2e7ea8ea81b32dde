"""One training and what it gave: live, or read from a record."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, stdev

# In a wheel the records lie inside the package, in a checkout beside it.
HERE = Path(__file__).parent
RECORDS = next(p for p in (HERE / "results", HERE.parent / "results") if p.is_dir())


@dataclass
class Run:
    """One training. Lists hold a number an epoch; losses are means over images.

    seconds is wall time an epoch, tests included; step_loss has a number a step;
    settings is the recipe and made says where, when and with what it was made.
    """

    settings: dict
    made: dict
    train_loss: list[float] = field(default_factory=list)
    train_acc: list[float] = field(default_factory=list)
    test_loss: list[float] = field(default_factory=list)
    test_acc: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    step_loss: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"loss {self.train_loss[-1]:.3f}, train acc {self.train_acc[-1]:.6f}, "
            f"test acc {self.test_acc[-1]:.6f}"
        )

    def _ipython_display_(self) -> None:
        """Show nothing: the training has printed its line and drawn its curve."""


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

    def __str__(self) -> str:
        values = self.last("test_acc")
        epochs, n = self.recipe["num_epochs"], len(values)
        made = self.runs[-1].made
        spread = f", standard deviation {stdev(values):.4f}" if n > 1 else ""
        return (
            f"{self.net}, {epochs} epoch{'s' * (epochs > 1)}: test accuracy "
            f"{mean(values):.4f}{spread}, n = {n} seed{'s' * (n > 1)}, "
            f"{made['device']}, {made['date']}"
        )


def load_record(name: str) -> Record:
    """Return the record of one experiment, such as "lenet".

    Raises ValueError, with the names that there are, when there is none.
    """
    path = RECORDS / f"{name}.json"
    if not path.exists():
        known = ", ".join(sorted(p.stem for p in RECORDS.glob("*.json")))
        raise ValueError(f"no record {name!r}; there are: {known}")
    content = json.loads(path.read_text())
    runs = [
        Run(settings={"seed": run.pop("seed")}, **run) for run in content.pop("runs")
    ]
    return Record(**content, runs=runs)
