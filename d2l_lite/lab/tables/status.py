"""What was measured, where and when: the table of book/status.md."""

import json
from collections.abc import Iterable
from pathlib import Path

from d2l_lite.lab.names import NAMES
from d2l_lite.lab.records import RECORDS, load_record
from d2l_lite.lab.rule import NOT_RUN
from d2l_lite.lab.tables.results import Table, percent
from d2l_lite.lab.verdicts import EDITION2, LEFT, Records

FIRST = {  # the recorded runs that chapters show, trained on all 60,000 images
    "linear": "chapter 1: linear classifier",
    "dense": "chapter 2: two linear layers",
    "lenet": "chapter 2: LeNet",
    "alexnet": "chapter 4: AlexNet",
    "alexnet-slow": "edition 1: AlexNet at a tenth of the rate",
}
OTHERS = {  # records that hold no accuracies of whole trainings of the plan
    "edition1/ladder/*": "the ladder of edition 1, replaced by the rows above",
    "edition2/silence": "AlexNet's maps after twelve steps",
    "edition2/steps-cuda": "the time of a step on a GPU",
    "edition2/steps-cpu": "the time of a step on two CPU cores",
    "speed/cpu": "the helper's speed on a CPU",
    "play/race": "chapter 4's race, in JavaScript",
    "play/yournet": "where the ladder's nets land in *Your net*, in JavaScript",
    "play/yournet-speed": "how fast *Your net* trains in JavaScript",
    "edition2/figure-lenet": "LeNet for the live figures",
    "edition2/figure-resolution": "AlexNet, an eighth, for the live figures",
}
CALLED = NAMES | {  # where the name in a figure leans on the row above
    "maximum": "LeNet with ReLU and max pooling",
    "depth": "wide LeNet with five convolutions",
    "dropout": "the same, and dropout",
    "lenet-norm": "LeNet with batch normalisation",
    "width-norm": "wide LeNet with batch normalisation",
    "width-dropout": "wide LeNet with dropout",
    "width-augmented": "wide LeNet, images mirrored and moved",
    "width-overlap": "wide LeNet, poolings that overlap",
    "relu-float32": "LeNet with ReLU at edition 1's rate",
    "narrow-depth": "as wide as LeNet, with five convolutions",
    "early-depth": "wide LeNet with five convolutions, three on larger maps",
    "relu-sgd": "LeNet with ReLU, SGD",
    "relu-momentum": "the same, with momentum",
    "relu-small": "LeNet with ReLU, minibatches of 32",
    "width-decayed": "wide LeNet with weight decay",
    "depth-decay": "wide LeNet with five convolutions, rate decaying",
    "width-half": "wide LeNet, half the images",
    "lenet-30": "LeNet, thirty epochs",
    "lenet-sgd": "LeNet, SGD at 1.0",
    "deep-sigmoid-adam": "narrow, five convolutions, sigmoids, Adam",
    "deep-sigmoid-sgd": "the same, SGD at 1.0",
    "width-kaiming": "wide LeNet, He's first weights",
    "depth-kaiming": "wide LeNet with five convolutions, He's first weights",
    "depth-sigmoid": "wide LeNet with five convolutions, sigmoids",
    "depth-tanh": "the same, tanh",
    "depth-average": "the same, ReLU and average pooling",
    "resolution-30": "AlexNet, an eighth of its width, thirty epochs",
    "width-decay-30": "wide LeNet, rate decaying, thirty epochs",
    "windows-112": "LeNet's windows at 112 pixels, a grid begun",
    "stride-112": "AlexNet's, an eighth, at 112 pixels and stride 2, a grid begun",
}
HEAD = ["what, and its record", "runs", "test accuracy", "where and when"]


def where_and_when(made: Iterable[dict]) -> str:
    """The machines and number types of these runs, and their first and last day."""
    made = list(made)
    devices = {
        f"{one.get('device') or one['cpu']}, {one.get('precision', '32 bits')}"
        for one in made
    }
    days = sorted({one.get("date") or one["time"][:10] for one in made})
    when = " to ".join(dict.fromkeys([days[0], days[-1]]))
    return f"{'; '.join(sorted(devices))}, {when}"


def made_of(content: dict) -> list[dict]:
    """What each run of a record, or else the record, was made with."""
    if "made" in content:
        return [content["made"]] * len(content.get("runs", [0]))
    return [run["made"] for run in content["runs"]]


def plan_rows(records: Records) -> list[list[str]]:
    """A row for each recipe of edition 2, in the order of CALLED; others come last."""
    names = {path.stem for path in EDITION2.glob("*.json")}
    names = {
        name
        for name in names
        if not name.startswith("figure-") and "recipe" in records.read(name)
    }
    rows = []
    for name in sorted(names, key=lambda name: (rank(name), name)):
        runs = records.read(name)["runs"]
        finals = [run for run in runs if run["phase"] == "final"]
        for_rate = len(runs) - len(finals)
        counted = f"{len(finals)}" + f" + {for_rate}" * bool(for_rate)
        said = NOT_RUN
        if records.right(name) is not None:
            seeds = tuple(run["seed"] for run in finals)  # the trial's too
            said = percent(records.right(name, seeds=seeds).mean(1))
        place = where_and_when(run["made"] for run in finals or runs)
        called = f"{CALLED.get(name, name)} (`edition2/{name}`)"
        rows.append([called, counted, said, place])
    return rows


def rank(name: str) -> int:
    """The place of a recipe in CALLED; those without come last."""
    return [*CALLED, name].index(name)


def chapter_rows() -> list[list[str]]:
    """A row for each record of the runs that chapters show."""
    rows = []
    for name, called in FIRST.items():
        runs = load_record(name).runs
        values = [run.test_acc[-1] for run in runs]
        learnt = [value for value in values if value > LEFT]
        stuck = len(values) - len(learnt)
        said = percent(learnt) if len(learnt) > 1 else f"{100 * learnt[0]:.1f} %"
        said += f"; {stuck} more stuck at 10 %" * bool(stuck)
        place = where_and_when(run.made for run in runs)
        rows.append([f"{called} (`{name}`)", str(len(runs)), said, place])
    return rows


def other_rows() -> list[list[str]]:
    """A row for each of OTHERS."""
    rows = []
    for name, called in OTHERS.items():
        made = [one for path in found(name) for one in made_of(read(path))]
        what = f"{called} (`{name}`)"
        rows.append([what, str(len(made)), "", where_and_when(made)])
    return rows


def found(name: str) -> list[Path]:
    """The files of a record, by its name below results/."""
    return sorted(RECORDS.glob(f"{name}.json"))


def read(path: Path) -> dict:
    """A record."""
    return json.loads(path.read_bytes())


def status_table(records: Records) -> Table:
    """One row for each record."""
    return HEAD, [*plan_rows(records), *chapter_rows(), *other_rows()]
