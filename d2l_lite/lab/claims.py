"""The ledger: what textbooks say about these nets, held against the records."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from d2l_lite.lab.evidence import Comparison, Values, accuracies, compare, load_rung
from d2l_lite.lab.records import RECORDS, load_record

LEFT = 0.2  # a net with a higher accuracy has left one in ten


def finals(name: str) -> dict[int, dict]:
    """The final trainings of a rung by seed; "NAME@RATE" takes one learning rate."""
    name, _, rate = name.partition("@")
    return {
        run["seed"]: run
        for run in load_rung(name)["runs"]
        if run["phase"] == "final" and (not rate or run["lr"] == float(rate))
    }


def recorded(name: str) -> Values:
    """The last test accuracy of each seed of a record."""
    runs = load_record(name).runs
    return {run.settings["seed"]: run.test_acc[-1] for run in runs}


def of_each(measure: Callable[[dict], float]) -> Callable[[str], Values]:
    """Measure every final training of a rung; one that failed counts as nought."""
    return lambda name: {
        seed: 0.0 if run.get("failure") else measure(run)
        for seed, run in finals(name).items()
    }


MEASURES: dict[str, Callable[[str], Values]] = {
    "test": accuracies,
    "record": recorded,
    "final": of_each(lambda run: run["val_acc"][-1]),
    "first epoch": of_each(lambda run: run["val_acc"][0]),
    "gap": of_each(lambda run: run["train_acc"][-1] - run["val_acc"][-1]),
    "left": of_each(lambda run: LEFT),
}


@dataclass
class Claim:
    """A sentence, its source, and the two measured things that it compares."""

    id: str
    sentence: str
    source: str  # a key of references.bib, or "often said"
    before: str  # "measure:name"; empty if nothing here was measured
    after: str
    says: str  # after is "more" than before, "less", or "no more"
    decide: str  # what would decide it
    comparison: Comparison | None = None

    @property
    def verdict(self) -> str:
        """holds here, reversed here, or undecided."""
        found = {"helps": "more", "hurts": "less"}.get(self.comparison.verdict)
        if found is None:
            return "undecided"
        if self.says == "no more":
            return "reversed here" if found == "more" else "holds here"
        return "holds here" if found == self.says else "reversed here"


def measured(thing: str) -> Values:
    """What "measure:name" gives; nothing while there is no such record."""
    measure, _, name = thing.partition(":")
    try:
        return MEASURES[measure](name) if name else {}
    except json.JSONDecodeError:
        raise
    except ValueError:  # no such record
        return {}


def judge_claims() -> list[Claim]:
    """Read the claims and judge them together, by the rule of the ladder."""
    rows = json.loads((RECORDS / "edition1" / "claims.json").read_bytes())
    claims = [Claim(**row) for row in rows]
    pairs = [(c.id, measured(c.before), measured(c.after)) for c in claims]
    for claim, comparison in zip(claims, compare(pairs)):
        claim.comparison = comparison
    return claims
