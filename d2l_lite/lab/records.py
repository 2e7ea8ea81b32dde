"""The recorded trainings of the book, read."""

import json
from dataclasses import dataclass
from pathlib import Path
from statistics import median

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
