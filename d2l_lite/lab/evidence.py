"""What the ladder's records say, by one rule that was fixed before they were made."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import mean

from d2l_lite.lab.records import RECORDS

LEVEL = 0.05
FEWEST = 5  # pairs; with fewer nothing is decided
Values = dict[int, float]  # seed to accuracy


@dataclass
class Comparison:
    """One change: accuracies with it minus accuracies without, paired by seed."""

    change: str
    n: int
    difference: float  # mean
    low: float  # of its 95 % t interval
    high: float
    p: float  # of the paired t test, by Holm's correction if n allows a verdict

    @property
    def verdict(self) -> str:
        """helps, hurts or undecided."""
        if self.n < FEWEST or not self.p < LEVEL:
            return "undecided"
        return "helps" if self.difference > 0 else "hurts"

    def __str__(self) -> str:
        return (
            f"{self.change:<42} {self.n:>2}  {100 * self.difference:+5.1f} "
            f"({100 * self.low:+5.1f} to {100 * self.high:+5.1f})  {self.verdict}"
        )


def compare(changes: Iterable[tuple[str, Values, Values]]) -> list[Comparison]:
    """Compare each (change, without, with) on the seeds that both have.

    The p values are corrected over all of them. Source: Holm 1979.
    """
    from scipy.stats import ttest_rel  # half a second, which only this needs

    comparisons = []
    for change, before, after in changes:
        seeds = sorted(before.keys() & after.keys())
        differences = [after[seed] - before[seed] for seed in seeds]
        low = high = p = float("nan")
        if len(set(differences)) > 1:  # without any spread no test can be made
            test = ttest_rel([after[s] for s in seeds], [before[s] for s in seeds])
            (low, high), p = test.confidence_interval(1 - LEVEL), test.pvalue
        middle = mean(differences) if seeds else float("nan")
        comparisons.append(Comparison(change, len(seeds), middle, low, high, p))
    decidable = [c for c in comparisons if c.n >= FEWEST and c.p == c.p]
    for comparison, p in zip(decidable, holm([c.p for c in decidable])):
        comparison.p = p
    return comparisons


def holm(p_values: list[float]) -> list[float]:
    """Correct p values so that any false finding among them is as rare as one alone."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    corrected, largest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(order):
        largest = max(largest, (len(p_values) - rank) * p_values[place])
        corrected[place] = min(1.0, largest)
    return corrected


def load_rung(name: str) -> dict:
    """Return the record of one rung, such as "relu"; its keys are in schema/rung.json.

    Raises ValueError, with the names that there are, when there is none.
    """
    folder = RECORDS / "edition1" / "ladder"
    path = folder / f"{name}.json"
    if not path.exists():
        known = ", ".join(sorted(p.stem for p in folder.glob("*.json")))
        raise ValueError(f"no rung {name!r}; there are: {known}")
    return json.loads(path.read_bytes())


def accuracies(name: str) -> Values:
    """Test accuracy of each final training of a rung, by seed; empty if not tested."""
    return {test["seed"]: test["test_acc"] for test in load_rung(name)["tests"]}
