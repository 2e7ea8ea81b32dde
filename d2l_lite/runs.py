"""One training and what it gave: live, or read from a record."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

# In a wheel the records lie inside the package, in a checkout beside it.
HERE = Path(__file__).parent
RECORDS = next(p for p in (HERE / "results", HERE.parent / "results") if p.is_dir())


@dataclass
class Run:
    """One training. Lists hold a number an epoch; losses are means over images.

    seconds is wall time an epoch, tests included; settings is the recipe; made says
    where, when and with what; step_loss has a number a step, in live runs alone.
    """

    settings: dict
    made: dict
    train_loss: list[float] = field(default_factory=list)
    train_acc: list[float] = field(default_factory=list)
    test_loss: list[float] = field(default_factory=list)
    test_acc: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    step_loss: list[float] = field(default_factory=list)
    peak_step_loss: float = 0.0

    def add_epoch(
        self, train_loss: float, train_acc: float, test_loss: float, test_acc: float,
        seconds: float,
    ) -> None:  # fmt: skip
        """Add what one epoch gave."""
        self.train_loss.append(train_loss)
        self.train_acc.append(train_acc)
        self.test_loss.append(test_loss)
        self.test_acc.append(test_acc)
        self.seconds.append(seconds)
        self.peak_step_loss = max(self.step_loss, default=0.0)

    def __str__(self) -> str:
        if not self.train_loss:
            return "no epoch was finished"
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
