"""The records of edition 2, and what the rule of rule.py says of them.

The labels of the test images stand beside the records, so that no data are needed:

    python -c "from d2l_lite.data import *; print(*read_split(find_folder(),
    't10k')[1].tolist(), sep='')" > results/edition2/labels.txt
"""

import base64
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from d2l_lite.lab.records import RECORDS
from d2l_lite.lab.rule import Contrast, Results, Trial, follow, judge

EDITION2 = RECORDS / "edition2"
LABELS = EDITION2 / "labels.txt"
LEFT = 0.2  # a net with a higher accuracy has left one in ten
MOVES = 4  # ways in which the test images are moved, for "shift"
SECOND = 1  # the place of AlexNet's second convolution among its layers with ReLU
TEN = tuple(range(10))  # seeds
TRIAL_SEEDS = tuple(range(10, 20))  # of LeNet (tuned), against the large nets
TUNED = ("lenet", "xavier")  # LeNet (tuned) is one of these

# (what changes, the recipe before, the recipe after), on test accuracies.
STEPS = [
    ("sigmoid to ReLU", "lenet", "relu"),
    ("average to max pooling", "relu", "maximum"),
    ("twice the width", "maximum", "width"),
    ("2 to 5 convolutions", "width", "depth"),
    ("dropout", "depth", "dropout"),
    ("AlexNet's geometry, at 112 pixels", "dropout", "geometry"),
    ("112 to 224 pixels", "geometry", "resolution"),
    # controls
    ("tuned LeNet to ReLU", "tuned", "relu"),
    ("sigmoid to tanh", "lenet", "tanh"),
    ("tanh to ReLU", "tanh", "relu"),
    ("Xavier's first weights, LeNet", "lenet", "xavier"),
    ("two linear layers to LeNet (tuned)", "dense", "tuned"),
    ("a linear classifier to LeNet (tuned)", "linear", "tuned"),
    ("two linear layers to LeNet, ReLU in both", "dense-relu", "relu"),
    ("He's first weights, 2 convolutions", "width", "width-kaiming"),
    ("He's first weights, 5 convolutions", "depth", "depth-kaiming"),
    ("2 to 5 convolutions, He's weights", "width-kaiming", "depth-kaiming"),
    ("2 to 5 convolutions, narrow", "maximum", "narrow-depth"),
    ("2 to 5 convolutions, on 14 × 14 maps", "width", "early-depth"),
    ("2 to 5 convolutions, decaying rate", "width-decay", "depth-decay"),
    ("twice the width, 5 convolutions", "narrow-depth", "depth"),
    ("ReLU undone: sigmoid, 5 convolutions", "depth", "depth-sigmoid"),
    ("ReLU undone: tanh, 5 convolutions", "depth", "depth-tanh"),
    ("max pooling undone: average, 5 convolutions", "depth", "depth-average"),
    ("10 to 30 epochs, LeNet", "lenet", "lenet-30"),
    ("112 pixels, LeNet's windows", "dropout", "windows-112"),
    ("AlexNet's geometry, both at 112 pixels", "windows-112", "geometry"),
    ("112 to 224 pixels, same maps", "stride-112", "resolution"),
    ("10 to 30 epochs, the top", "resolution", "resolution-30"),
]

# The trial: each large net against both of these, at each look.
TRIAL = {"alexnet": ("tuned", "width"), "alexnet-half": ("tuned", "width")}

Seeds = Sequence[int] | None
NOTHING = Contrast((0, 0))  # not run

MEASURES = {  # of a final run, on validation images
    "val": lambda run: run["val_acc"][-1],
    "first epoch": lambda run: run["val_acc"][0],
    "gap": lambda run: run["looks"][-1]["eval_train_acc"] - run["val_acc"][-1],
}


def read_labels() -> np.ndarray:
    """The classes, 0 to 9, of the test images, in their order: uint8."""
    return np.frombuffer(LABELS.read_bytes().strip(), np.uint8) - ord("0")


class Records:
    """The records of one folder, a file a recipe, as experiments/ladder.py writes them.

    What needs a run that is missing is None: no answer is compared with a label before
    the last seed of the plan is there. A run that failed has an accuracy of 0.
    """

    def __init__(self, folder: Path = EDITION2) -> None:
        self.folder = folder

    def read(self, name: str) -> dict:
        """A record; one without runs where there is none."""
        path = self.folder / f"{name}.json"
        return json.loads(path.read_bytes()) if path.exists() else {"runs": []}

    def finals(self, name: str, seeds: Seeds = None) -> tuple[dict, list[dict]]:
        """The recipe, and its final runs of these seeds, which are else the plan's.

        No runs while one is missing. Raises ValueError when their rates differ.
        """
        content = self.read(name)
        runs = {run["seed"]: run for run in content["runs"] if run["phase"] == "final"}
        if len({run["lr"] for run in runs.values()}) > 1:
            raise ValueError(f"the record {name} has final runs at several rates")
        if not runs:
            return {}, []
        wanted = seeds or content["recipe"]["seeds"]
        whole = runs.keys() >= set(wanted)
        return content["recipe"], [runs[seed] for seed in wanted] if whole else []

    def right(
        self, name: str, epoch: int | None = None, seeds: Seeds = None
    ) -> Results | None:
        """What each seed got right of the test images, bool (seeds, images).

        After so many epochs, or else after the last look of the plan. Raises
        ValueError when there are not as many answers as labels.
        """
        recipe, runs = self.finals(name, seeds)
        epoch = epoch or (runs and recipe["looks"][-1])
        answers = [answer_of(run, epoch) for run in runs]
        if not answers or None in answers:
            return None
        labels = read_labels()
        return np.array([mark(answer, labels) for answer in answers])

    def shift(self, name: str) -> Results | None:
        """What moving the test images changes, float (seeds, images), of each seed.

        Right of an image that is moved, the mean of the four moves, minus right of it
        unmoved.
        """
        still, (_, runs) = self.right(name), self.finals(name)
        if still is None:
            return None
        labels, after = read_labels(), []
        for run in runs:
            answers = "" if run["failure"] else run["looks"][-1]["shifted"]
            after.append(mark(answers, labels, moves=MOVES).mean(0))
        return np.array(after) - still

    def values(self, name: str, measure: str, seeds: Seeds = None) -> Results | None:
        """A measure on the validation images, (seeds,)."""
        recipe, runs = self.finals(name, seeds)
        of = MEASURES[measure]
        for run in runs:
            if not run["failure"] and len(run["val_acc"]) < recipe["num_epochs"]:
                return None
        values = [0.0 if run["failure"] else of(run) for run in runs]
        return np.array(values) if runs else None

    def awake(self, case: str) -> Results | None:
        """Share of maps of AlexNet's second convolution that answer, (seeds,)."""
        runs = self.read("silence")["runs"]
        after = {run["seed"]: run["after"] for run in runs if run["case"] == case}
        if not after.keys() >= set(TEN):
            return None
        return np.array([after[seed][SECOND] for seed in TEN])

    def tuned(self) -> str | None:
        """LeNet (tuned): whichever has the higher mean validation accuracy."""
        values = {name: self.values(name, "val", TEN) for name in TUNED}
        if any(value is None for value in values.values()):
            return None
        return max(TUNED, key=lambda name: values[name].mean())

    def measured(self, thing: str) -> Results | None:
        """What "measure:name" of a claim gives; None for an empty one."""
        measure, _, name = thing.partition(":")
        if measure == "test":
            return self.right(name)
        if measure == "shift":
            return self.shift(name)
        if measure == "left":
            return np.full(len(TEN), LEFT)
        if measure == "awake":
            return self.awake(name)
        return self.values(name, measure) if measure else None

    def trial(self, name: str, opponents: Sequence[str]) -> Trial:
        """A large net against its opponents; LeNet (tuned) by seeds of its own."""
        tuned = self.tuned()
        return follow(
            lambda epoch: self.right(name, epoch),
            [
                self.right(tuned or "", seeds=TRIAL_SEEDS)
                if opponent == "tuned"
                else self.right(opponent)
                for opponent in opponents
            ],
        )


def answer_of(run: dict, epoch: int) -> str | None:
    """The packed answers of a look; empty for a run that failed before it."""
    looks = {look["epoch"]: look["predicted"] for look in run["looks"]}
    return looks.get(epoch, "" if run["failure"] else None)


def mark(answer: str, labels: np.ndarray, moves: int | None = None) -> np.ndarray:
    """Which of the packed answers are right, (images,); none of an empty one.

    With answers to images that were moved so many ways: (moves, images).
    """
    shape = labels.shape if moves is None else (moves, *labels.shape)
    if not answer:
        return np.zeros(shape, bool)
    classes = np.frombuffer(zlib.decompress(base64.b85decode(answer)), np.uint8)
    if classes.size != np.prod(shape):
        raise ValueError(f"{len(classes)} answers to {len(labels)} images")
    return classes.reshape(shape) == labels


# ------------------------------------------------------------------ all the verdicts


@dataclass
class Step:
    """One change on the ladder, and what it did."""

    change: str
    before: str  # recipes; "tuned" is LeNet (tuned)
    after: str
    contrast: Contrast = NOTHING

    @property
    def verdict(self) -> str:
        """helps, hurts, no difference worth a point, undecided, or not run."""
        return self.contrast.step


@dataclass
class Claim:
    """A sentence, its source, and the two measured things that it compares."""

    id: str
    sentence: str
    source: str  # a key of references.bib, or "often said"
    where: str  # in the source: section or figure, and what it says there
    before: str  # "measure:name"; empty if nothing here was measured
    after: str
    says: str  # after is "more" than before, or "less"
    decide: str  # what would decide it
    contrast: Contrast = NOTHING
    trial: Trial | None = None  # of a large net

    @property
    def verdict(self) -> str:
        """Computed, by the rule of rule.py."""
        return self.trial.verdict if self.trial else self.contrast.claim(self.says)


@dataclass
class Verdicts:
    """All that edition 2 says."""

    tuned: str | None  # which LeNet is LeNet (tuned)
    steps: list[Step]
    claims: list[Claim]
    sentences: list[Claim]
    decaying: list[Claim]
    trials: dict[str, Trial]
    tested: int = 0  # distinct contrasts of the family of steps and claims


def judge_all(folder: Path = EDITION2) -> Verdicts:
    """Judge steps and claims as one family; the ten sentences, and those on a rate that
    decays, as one each; the large nets and `silence` apart."""
    records = Records(folder)
    tuned = records.tuned()
    trials = {name: records.trial(name, against) for name, against in TRIAL.items()}
    steps = [Step(*row) for row in STEPS]
    files = ("claims", "sentences", "decaying")
    claims, sentences, decaying = (read_claims(folder, name) for name in files)
    families: dict[str, list[tuple[Step | Claim, tuple[str, str]]]] = {}
    everything = [("ladder", judged) for judged in (*steps, *claims)]
    everything += [("sentences", claim) for claim in sentences]
    everything += [("decaying", claim) for claim in decaying]
    for name, judged in everything:
        pair = (judged.before, judged.after)
        if isinstance(judged, Step):
            pair = tuple(f"test:{name}" for name in pair)
        elif judged.after.removeprefix("test:") in trials:
            judged.trial = trials[judged.after.removeprefix("test:")]
            continue
        if tuned:
            pair = tuple(f"test:{tuned}" if x == "test:tuned" else x for x in pair)
        name = "silence" if pair[0].startswith("awake:") else name
        families.setdefault(name, []).append((judged, pair))
    for family in families.values():
        pairs = [pair for _, pair in family]
        things = {thing for pair in pairs for thing in pair}
        results = {thing: records.measured(thing) for thing in things}
        for (judged, _), contrast in zip(family, judge(pairs, results)):
            judged.contrast = contrast
    tested = {
        frozenset(pair)
        for judged, pair in families["ladder"]
        if judged.contrast.p == judged.contrast.p
    }
    return Verdicts(tuned, steps, claims, sentences, decaying, trials, len(tested))


def read_claims(folder: Path, name: str) -> list[Claim]:
    """The claims of a file, not yet judged; none where there is no file."""
    path = folder / f"{name}.json"
    return (
        [Claim(**row) for row in json.loads(path.read_bytes())] if path.exists() else []
    )
