"""How many trainings stayed at one in ten: the evidence of chapter 9's checklist."""

from collections.abc import Iterable

from d2l_lite.lab.page import table
from d2l_lite.lab.records import RECORDS, load_record
from d2l_lite.lab.verdicts import LEFT, Records

LADDERS = {1: Records(RECORDS / "edition1" / "ladder"), 2: Records()}  # by edition
CHAPTER_2 = 0  # no edition: load_record("lenet")

# The line of the checklist, what was changed, and the trainings before and after, each
# an edition, a record and a rate.
Trainings = tuple[int, str, float]
PAIRS: list[tuple[int, str, Trainings, Trainings | None]] = [
    (
        1,
        "LeNet, Adam: rate 0.016, then 0.008",
        (2, "lenet", 0.016),
        (2, "lenet", 0.008),
    ),
    (
        1,
        "five convolutions, sigmoids, Adam: rate 0.01, then 0.001",
        (1, "deep-sigmoid-adam", 0.01),
        (1, "deep-sigmoid-adam", 0.001),
    ),
    (
        1,
        "five convolutions, ReLU, SGD: rate 0.01, then 0.1",
        (1, "deep-relu-sgd", 0.01),
        (1, "deep-relu-sgd", 0.1),
    ),
    (
        2,
        "five convolutions, SGD at 0.01: sigmoid, then tanh",
        (1, "deep-sigmoid-sgd", 0.01),
        (1, "deep-tanh-sgd", 0.01),
    ),
    (
        3,
        "LeNet, Adam at 0.016: PyTorch's first weights, then Xavier's",
        (2, "lenet", 0.016),
        (2, "xavier", 0.016),
    ),
    (4, "LeNet, Adam at 0.01: ten seeds", (CHAPTER_2, "lenet", 0.01), None),
]


def best_accuracies(edition: int, name: str, lr: float) -> list[float]:
    """The highest accuracy of any epoch, of each training of a record at a rate.

    On validation images; in chapter 2, where none were held out, on test images.
    """
    if edition == CHAPTER_2:
        record = load_record(name)
        return [max(run.test_acc) for run in record.runs if record.recipe["lr"] == lr]
    return [
        0.0 if run["failure"] else max(run["val_acc"])
        for run in LADDERS[edition].read(name)["runs"]
        if run["lr"] == lr
    ]


def stuck(accuracies: Iterable[float]) -> str:
    """How many never got above LEFT, such as "2 of 5"."""
    left = [accuracy > LEFT for accuracy in accuracies]
    return f"{len(left) - sum(left)} of {len(left)}"


def stuck_table() -> str:
    """The table of PAIRS as HTML."""
    rows = [
        [line, change, *("" if x is None else stuck(best_accuracies(*x)) for x in pair)]
        for line, change, *pair in PAIRS
    ]
    return table(["line", "what was changed", "stuck before", "stuck after"], rows)
