"""What chapter 7 says in words is what the records say, and what its cells printed.

When a test below fails, the sentence has to be written again.
"""

import re
from pathlib import Path

import nbformat
import numpy as np
import pytest

from d2l_lite.data import CLASSES
from d2l_lite.lab.garment_nets import accuracies
from d2l_lite.lab.records import RECORDS
from d2l_lite.lab.silence import after_first_steps, awake, peaks, step_losses
from d2l_lite.lab.verdicts import Records, judge_all, read_labels

CHAPTER = Path(__file__).parents[2] / "notebooks" / "07_look_inside.ipynb"
KEPT = np.load(RECORDS / "inside.npz")
FAST, SLOW = "alexnet-tutorial", "alexnet"
NUMBER = re.compile(r"\d+(?:\.\d+)?")


@pytest.fixture(scope="module")
def records():
    """The records of edition 2."""
    return Records()


def test_few_maps_are_left_at_the_tutorials_rate_and_most_at_a_tenth():
    counts = {name: awake(name).sum(1) for name in (FAST, SLOW)}
    assert (counts[FAST].min(), counts[FAST].max()) == (5, 36)
    assert (KEPT["alexnet_highest_1"] > 0).sum() == 12  # chapter 4's
    assert len(counts[SLOW]) == 5 and counts[SLOW].min() > 0.7 * 256


def test_every_layer_answers_more_at_a_tenth_of_the_rate():
    for fast, slow in zip(peaks(FAST), peaks(SLOW)):
        assert (fast > 0).sum(1).max() < (slow > 0).sum(1).min()


def test_the_two_nets_of_a_pair_differ_in_their_rate_alone(records):
    (fast, fast_runs), (slow, slow_runs) = map(records.finals, (FAST, SLOW))
    differ = {key for key in fast if fast[key] != slow[key]}
    assert differ == {"rates"}
    assert [run["seed"] for run in fast_runs] == [run["seed"] for run in slow_runs]
    first = [step_losses(name)[:, 0] for name in (FAST, SLOW)]
    assert first[0].tolist() == first[1].tolist()  # the same weights and images
    points = 100 * (records.right(SLOW).mean(1) - records.right(FAST).mean(1))
    assert {round(point) for point in points} == {4, 5}
    ends = records.right(FAST).mean(1)
    assert ends.min() < 0.8786 < ends.max()  # what the tutorial prints


def test_the_loss_leaps_at_the_second_step_and_never_makes_up_for_it():
    fast, slow = step_losses(FAST), step_losses(SLOW)
    assert (fast.argmax(1) == 1).all() and 200 < fast[:, 1].min() < fast.max() < 1000
    assert fast[:, 4].max() < 3 and slow.max() < 2.5
    ends = fast[:, -430:].mean(1) / slow[:, -430:].mean(1)
    assert ends.min() > 2.5 and ends.max() < 3


def test_after_twelve_steps_a_fifth_is_left_or_nine_tenths():
    shares = after_first_steps()
    assert shares["0.003"].mean() == pytest.approx(0.2, abs=0.03)
    assert shares["0.0003"].mean() == pytest.approx(0.9, abs=0.03)
    assert (shares["0.003"] < shares["0.0003"]).all()
    assert shares["0.003, warm-up"].min() > 0.5 and len(shares["0.003"]) == 10
    verdicts = {claim.id: claim.verdict for claim in judge_all().claims}
    assert verdicts["silence"] == "holds here"


def printed(part: str) -> str:
    """The text or HTML that the cell with this part in its source has stored."""
    cells = nbformat.read(CHAPTER, as_version=4).cells
    (cell,) = [c for c in cells if c.cell_type == "code" and part in c.source]
    texts = [
        output.get("text") or output.data.get("text/html", "")
        for output in cell.outputs
    ]
    return "".join(texts)


def test_four_steps_silence_the_maps_as_the_chapter_tells():
    rows = re.findall(r"<tr><td>(.*?)</tr>", printed("losses, moves, awake = steps"))
    numbers = [[float(n) for n in NUMBER.findall(row)] for row in rows]
    step, loss, length, down, left = zip(*numbers)
    assert step == (1, 2, 3, 4)
    assert loss[0] == pytest.approx(np.log(10), abs=0.1) and 100 < loss[1] < 1000
    assert abs(loss[2] - loss[0]) < 0.6  # "back where it began"
    assert length[0] == pytest.approx(31, abs=3)  # "almost a third"
    assert down[0] == pytest.approx(50, abs=8) and min(down[1:]) > 80  # "five of six"
    assert list(left) == sorted(left, reverse=True) and left[3] < 10


def test_alexnets_first_filters_kept_most_of_their_noise():
    lines = [line.split() for line in printed("median filter").splitlines()]
    moved = {line[0]: float(line[-4]) for line in lines}
    assert 0.3 < moved["alexnet"] < 0.4 and moved["lenet"] > 10


def test_both_nets_are_wrong_on_the_same_images_five_times_as_often_as_by_chance():
    labels = read_labels()
    wrong = [KEPT[f"{name}_predicted"] != labels for name in ("lenet", "alexnet")]
    both = (wrong[0] & wrong[1]).mean()
    by_chance = wrong[0].mean() * wrong[1].mean()
    assert len(labels) * by_chance == pytest.approx(150, abs=10)
    assert both / by_chance == pytest.approx(5, abs=0.2)
    same = (KEPT["lenet_predicted"] == KEPT["alexnet_predicted"]) & wrong[0]
    assert same.mean() / both > 0.75


def test_both_mix_up_shirts_and_t_shirts_most():
    labels = read_labels()
    for name in "lenet", "alexnet":
        counts = np.zeros((10, 10), int)
        np.add.at(counts, (labels, KEPT[f"{name}_predicted"]), 1)
        mixed = np.triu(counts + counts.T, 1)
        pair = np.unravel_index(mixed.argmax(), mixed.shape)
        assert {CLASSES[n] for n in pair} == {"t-shirt", "shirt"}


def test_the_dog_is_the_eighth_and_the_high_sneaker_the_second():
    labels, first = read_labels(), KEPT["shared"][:12]
    names = [(CLASSES[labels[n]], CLASSES[KEPT["lenet_predicted"][n]]) for n in first]
    assert names[1] == ("sneaker", "ankle boot")
    assert names[7] == ("bag", "sandal")


def test_two_of_the_fifth_convolutions_maps_are_black():
    dark = [not image.any() for image in KEPT["alexnet_maps_4"][:6]]
    assert sum(dark) == 2


def test_an_empty_pad_and_a_moved_boot_are_named_as_the_dares_say():
    nets = accuracies()["nets"]
    for row in nets.values():
        assert row["moved 4 pixels to the right"] < row["test images"] / 2
    assert nets["LeNet, 16 bits"]["empty pad"][0] == "sandal"
