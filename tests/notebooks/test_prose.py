"""What the pages say of the ladder and the ledger in words is what the records say.

A verdict that is printed by a cell follows the records by itself. These are the ones
that sentences of chapter 6, chapter 8 or the introduction rest on: when a test below
fails, the sentence has to be written again.
"""

from statistics import mean, median

import pytest
import torch
from scipy.stats import binomtest

from d2l_lite.lab.claims import LEFT, judge_claims
from d2l_lite.lab.evidence import accuracies, compare, load_rung
from d2l_lite.lab.garment_nets import shares
from d2l_lite.lab.ladder import STEPS
from d2l_lite.lab.records import RECORDS, load_record
from d2l_lite.lab.result_tables import ending
from d2l_lite.lab.trial import HOLDS, NO_DIFFERENCE, REVERSED
from d2l_lite.lab.trial import compare as compare2
from d2l_lite.lab.verdicts import TEN, TRIAL_SEEDS, Records, judge_all

STEP_VERDICTS = {
    "sigmoid to ReLU": "helps",
    "average to maximum": "undecided",
    "width 1 to 2": "helps",
    "2 to 5 convolutions": "hurts",
    "dropout": "undecided",
    "AlexNet's geometry, at 112 pixels": "undecided",
    "112 to 224 pixels": "helps",
    "sigmoid to tanh": "helps",
    "tanh to ReLU": "helps",
    "width 1 to 2, 5 convolutions": "helps",
    "ReLU undone: sigmoid": "hurts",
    "ReLU undone: tanh": "undecided",
    "Xavier's first weights, LeNet": "undecided",
    "Kaiming's first weights, 2 convolutions": "undecided",
    "Kaiming's first weights, 5 convolutions": "undecided",
    "2 to 5 convolutions, Kaiming's weights": "undecided",
    "2 to 5 convolutions, narrow": "hurts",
    "maximum undone: average": "undecided",
}
CLAIM_VERDICTS = {
    "climb": "holds here",
    "climb-short": "undecided",
    "alexnet": "undecided",
    "sigmoid-deep": "holds here",
    "relu-tanh": "holds here",
    "tanh-deep": "undecided",
    "deep": "reversed here",
    "deep-narrow": "undecided",
    "sigmoid-adam": "reversed here",
    "sigmoid-sgd": "holds here",
}


@pytest.fixture(scope="module")
def steps():
    """The comparison of every step, by what changes."""
    changes = [(what, accuracies(one), accuracies(two)) for what, one, two in STEPS]
    return {step.change: step for step in compare(changes)}


@pytest.mark.parametrize("step", STEP_VERDICTS)
def test_a_step_is_as_chapter_6_reads_it(steps, step):
    assert steps[step].verdict == STEP_VERDICTS[step]


def test_relu_is_the_largest_step_and_tanh_brings_most_of_it(steps):
    up = [steps[what].difference for what, *_ in STEPS[:7]]
    relu, tanh = steps["sigmoid to ReLU"], steps["sigmoid to tanh"]
    assert relu.difference == max(up) > 2 * sorted(up)[-2]
    assert tanh.difference > relu.difference / 2
    sizes = {name: abs(step.difference) for name, step in steps.items()}
    assert max(sizes, key=sizes.get) == "ReLU undone: sigmoid"
    means = [mean(accuracies(rung).values()) for _, _, rung in STEPS[3:6]]
    assert means == sorted(means, reverse=True)  # they fall, rung by rung


def test_two_claims_are_reversed():
    reversed_here = [c.id for c in judge_claims() if c.verdict == "reversed here"]
    assert reversed_here == ["deep", "sigmoid-adam"]


def test_less_than_half_of_the_claims_hold():
    hold = [claim.verdict == "holds here" for claim in judge_claims()]
    assert 0.3 < sum(hold) / len(hold) < 0.5


def test_no_training_of_the_deep_nets_broke_off():
    ladder = RECORDS / "edition1" / "ladder"
    deep = [path.stem for path in ladder.glob("deep-*.json")]
    runs = [run for name in deep for run in load_rung(name)["runs"]]
    assert len(runs) == 90 and not any(run["failure"] for run in runs)


@pytest.mark.parametrize("claim", CLAIM_VERDICTS)
def test_a_claim_is_as_the_pages_say(claim):
    verdicts = {claim.id: claim.verdict for claim in judge_claims()}
    assert verdicts[claim] == CLAIM_VERDICTS[claim]


def left(name: str, lr: float) -> int:
    """How many of five seeds left one in ten."""
    runs = [run for run in load_rung(name)["runs"] if run["lr"] == lr]
    assert len(runs) == 5
    return sum(any(acc > LEFT for acc in run["val_acc"]) for run in runs)


def test_the_deep_net_with_sigmoids_learns_as_chapter_6_says():
    assert [left("deep-sigmoid-adam", lr) for lr in (0.001, 0.003, 0.01)] == [5, 5, 0]
    assert [left("deep-sigmoid-sgd", lr) for lr in (0.01, 0.1, 1.0)] == [0, 0, 0]
    assert left("deep-relu-sgd", 0.01) == 1


def test_the_top_takes_about_nine_times_as_long_as_width_at_a_third_of_the_rate():
    finals = {
        name: [run for run in load_rung(name)["runs"] if run["phase"] == "final"]
        for name in ("width", "geometry", "resolution")
    }
    seconds = {
        name: min(sum(run["seconds"]) for run in runs) for name, runs in finals.items()
    }
    assert 7.5 < seconds["resolution"] / seconds["width"] < 10.5
    for name in "geometry", "resolution":
        assert {run["lr"] for run in finals[name]} == {0.001}


# ------------------------------------------------------- chapter 8, edition 2

CHAPTER_8 = {
    "climb-short": NO_DIFFERENCE,
    "convolution": NO_DIFFERENCE,
    "convolution-relu": HOLDS,
    "deep": REVERSED,
    "maximum": NO_DIFFERENCE,
    "norm": NO_DIFFERENCE,
    "dropout-wide": NO_DIFFERENCE,
    "augmentation": REVERSED,
}


@pytest.fixture(scope="module")
def found():
    """All verdicts of edition 2."""
    return judge_all()


@pytest.mark.parametrize("claim", CHAPTER_8)
def test_a_claim_is_as_chapter_8_reads_it(found, claim):
    verdicts = {c.id: c.verdict for c in found.claims + found.sentences}
    assert verdicts[claim] == CHAPTER_8[claim]


def test_the_large_nets_end_as_chapter_8_says(found):
    whole, half = found.trials["alexnet"], found.trials["alexnet-half"]
    assert ending(whole) == "Better trained, AlexNet wins"
    assert half.words == ["ahead after 10 epochs", "undecided after 10 epochs"]
    assert half.contrasts[1].interval()[0] > 0


def test_the_rate_alone_moves_alexnet_as_chapter_8_says(found):
    records = Records()
    fast, slow = records.right("alexnet-tutorial"), records.right("alexnet")
    assert compare2(fast, slow).interval()[0] > 0.03
    assert fast.mean(1).min() < 0.8786 < fast.mean(1).max()
    tuned = [records.right(found.tuned, seeds=s) for s in (TEN, TRIAL_SEEDS)]
    assert max(right.mean(1).max() for right in tuned) < 0.8902


# ------------------------------------------------------- chapter 2


def test_chance_does_to_lenet_what_chapter_2_says():
    flat = [
        sum(acc < 0.15 for acc in run.test_acc) for run in load_record("lenet").runs
    ]
    assert sorted(flat) == [0, 0, 0, 0, 0, 0, 2, 10, 10, 10]  # epochs at one in ten
    stuck = binomtest(3, 10).proportion_ci()
    assert stuck.low < 0.1 and stuck.high > 0.6
    ends = [acc for acc in load_record("lenet").last("test_acc") if acc > 0.15]
    assert max(ends) - min(ends) == pytest.approx(0.04, abs=0.005)
    assert min(ends) < 0.8902 < max(ends)  # what the tutorial prints
    assert 0.01 < 0.8902 - 0.8786 < 0.013


def test_lenets_median_is_not_ahead_of_two_linear_layers():
    last = {name: load_record(name).last("test_acc") for name in ("lenet", "dense")}
    assert -0.001 < median(last["lenet"]) - median(last["dense"]) <= 0
    assert min(last["dense"]) > 0.15
    assert median(load_record("linear").last("test_acc")) == pytest.approx(
        5 / 6, abs=0.005
    )


def test_only_once_do_the_convolutions_pay(found):
    words = {step.change: step.verdict for step in found.steps}
    assert words["two linear layers to LeNet (tuned)"] == NO_DIFFERENCE
    assert words["two linear layers to LeNet, ReLU in both"] == "helps"


def test_lenet_names_an_empty_image_with_great_certainty():
    assert shares(torch.zeros(1, 1, 28, 28))["LeNet"].max() > 0.9
