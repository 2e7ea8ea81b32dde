"""What the pages say of the ladder and the ledger in words is what the records say.

A verdict that is printed by a cell follows the records by itself. These are the ones
that sentences of chapter 6, chapter 8 or the introduction rest on: when a test below
fails, the sentence has to be written again.
"""

import json
from math import comb
from statistics import mean, median

import numpy as np
import pytest
import torch
from scipy.stats import binomtest

from d2l_lite import alexnet, trace
from d2l_lite.lab.garment_nets import shares
from d2l_lite.lab.ladder import RUNGS
from d2l_lite.lab.records import RECORDS, load_record
from d2l_lite.lab.rule import (
    HOLDS,
    NO_DIFFERENCE,
    NOT_RUN,
    REVERSED,
    UNDECIDED,
    compare,
)
from d2l_lite.lab.tables.results import ending
from d2l_lite.lab.verdicts import LEFT, TEN, TRIAL_SEEDS, Records, judge_all


@pytest.fixture(scope="module")
def found():
    """All verdicts of edition 2."""
    return judge_all()


# ------------------------------------------------------- chapter 6

STEP_VERDICTS = {
    "sigmoid to ReLU": "helps",
    "average to max pooling": NO_DIFFERENCE,
    "twice the width": "helps",
    "2 to 5 convolutions": "hurts",
    "dropout": NO_DIFFERENCE,
    "AlexNet's geometry, at 112 pixels": "hurts",
    "112 to 224 pixels": "helps",
    "tuned LeNet to ReLU": "helps",
    "sigmoid to tanh": "helps",
    "tanh to ReLU": "helps",
    "Xavier's first weights, LeNet": UNDECIDED,
    "two linear layers to LeNet (tuned)": NO_DIFFERENCE,
    "a linear classifier to LeNet (tuned)": "helps",
    "two linear layers to LeNet, ReLU in both": "helps",
    "10 to 30 epochs, LeNet": "helps",
    "2 to 5 convolutions, narrow": UNDECIDED,
    "2 to 5 convolutions, on 14 × 14 maps": NO_DIFFERENCE,
    "2 to 5 convolutions, decaying rate": "hurts",
    "2 to 5 convolutions, He's weights": NO_DIFFERENCE,
    "twice the width, 5 convolutions": "helps",
    "ReLU undone: sigmoid, 5 convolutions": UNDECIDED,
    "ReLU undone: tanh, 5 convolutions": NO_DIFFERENCE,
    "10 to 30 epochs, the top": "helps",
}
CLIMB = {"climb": HOLDS, "climb-short": NO_DIFFERENCE}


@pytest.fixture(scope="module")
def steps(found):
    """Every step of the ladder, by what changes."""
    return {step.change: step for step in found.steps}


@pytest.mark.parametrize("step", STEP_VERDICTS)
def test_a_step_is_as_chapter_6_reads_it(steps, step):
    assert steps[step].verdict == STEP_VERDICTS[step]


def points(contrast):
    """A difference in points, and the ends of its interval."""
    return [100 * x for x in (contrast.difference, *contrast.interval())]


def test_the_steps_are_as_large_as_chapter_6_says(found, steps):
    relu, low, high = points(steps["sigmoid to ReLU"].contrast)
    assert low == pytest.approx(1.5, abs=0.1) and 3 < high < 3.3
    up = [step.contrast.difference for step in found.steps[:7] if step.contrast.n[1]]
    assert relu == 100 * max(x for x in up if x == x)
    geometry = "AlexNet's geometry, at 112 pixels"
    for change, size in {
        "twice the width": 1, "2 to 5 convolutions": -1, geometry: -1,
    }.items():  # fmt: skip
        assert points(steps[change].contrast)[0] == pytest.approx(size, abs=0.1)
    _, low, high = points(steps["112 to 224 pixels"].contrast)
    assert low > 1 and 2 < high < 2.5
    tuned = points(steps["tuned LeNet to ReLU"].contrast)
    assert tuned[1:] == pytest.approx([1, 2.5], abs=0.15)
    assert points(steps["sigmoid to tanh"].contrast)[0] > relu / 2
    longer = points(steps["10 to 30 epochs, LeNet"].contrast)
    assert longer[0] == pytest.approx(relu, abs=0.2)
    assert longer[1] == pytest.approx(1.5, abs=0.1) and 3 < longer[2] < 3.3
    top = points(steps["10 to 30 epochs, the top"].contrast)
    assert top[0] == pytest.approx(1, abs=0.15)
    assert 0.9 < points(steps["tanh to ReLU"].contrast)[0] < 1
    both = points(steps["two linear layers to LeNet, ReLU in both"].contrast)
    assert both[0] == pytest.approx(2, abs=0.1)


def test_a_rate_that_falls_lifts_as_chapters_6_and_8_say(steps):
    right = Records().right
    for name in "width", "depth":
        gain, low, _ = points(compare(right(name), right(f"{name}-decay")))
        assert gain == pytest.approx(1.1, abs=0.1) and low > 0
    assert points(steps["twice the width"].contrast)[0] == pytest.approx(1.1, abs=0.1)
    deeper, *_ = points(steps["2 to 5 convolutions, decaying rate"].contrast)
    assert deeper == pytest.approx(-1, abs=0.1)
    ahead, low, _ = points(compare(right("width-decay"), right("alexnet")))
    assert low > 0 and ahead < 1


def test_where_the_rate_decays_in_both_it_is_as_chapter_8_says(found):
    judged = {claim.id: claim for claim in found.decaying}
    words = {id: claim.verdict for id, claim in judged.items()}
    assert words == {
        "alexnet-decaying": HOLDS,
        "lenet-decaying": UNDECIDED,
        "decaying-both": HOLDS,
        "decaying-wide": HOLDS,
        "decaying-longer": HOLDS,
    }
    right = Records().right
    constant = compare(right("width"), right("alexnet")).difference
    wide = compare(right("width"), right("width-decay")).difference
    assert constant / 2 < wide < constant  # "more than half of AlexNet's lead"
    assert judged["alexnet-decaying"].contrast.difference < wide
    left = judged["decaying-wide"].contrast
    assert constant / 2 < left.difference < constant and left.interval()[0] > 0.01
    rate, tried = grid("alexnet-decay")
    assert len(tried) == 3 and rate == min(tried)
    assert rate == pytest.approx(0.0003, rel=0.2)  # "close to its constant one"
    longer = judged["decaying-longer"].contrast
    assert longer.interval()[0] > 0.01
    more = compare(right("width-decay"), right("width-decay-30"))
    assert more.difference < 0 and more.interval()[1] < 0.002  # "nothing"
    macs = [
        trace(net, (1, 1, side, side)).macs
        for net, side in ((alexnet(), 224), (RUNGS["width"].build(), 28))
    ]
    assert macs[0] / macs[1] / 3 == pytest.approx(200, rel=0.1)
    last = [run["val_acc"][-2:] for run in Records().finals("xavier-decay")[1]]
    assert mean(after - before for before, after in last) > 0.002  # still climbing


def test_two_seeds_far_away_leave_it_undecided_as_chapter_6_says(steps):
    sigmoid, relu = (Records().right(n).mean(1) for n in ("depth-sigmoid", "depth"))
    assert (sigmoid < 0.11).sum() == 2 and len(sigmoid) == 10
    assert sigmoid.max() < relu.min() and comb(20, 10) == 184_756
    assert steps["ReLU undone: sigmoid, 5 convolutions"].verdict == UNDECIDED


def apart(one, two):
    """The ends of the interval, in points, of how far two differences lie apart."""
    difference = 100 * (two.difference - one.difference)
    half = 200 * np.hypot(one.error, two.error)
    return difference - half, difference + half


def test_two_differences_differ_as_chapter_6_says(steps):
    def contrast(change):
        return steps[change].contrast

    depth = "2 to 5 convolutions"
    low, _ = apart(contrast(depth), contrast(f"{depth}, He's weights"))
    assert low > 0.25
    low, high = apart(
        contrast("two linear layers to LeNet (tuned)"),
        contrast("two linear layers to LeNet, ReLU in both"),
    )
    assert low == pytest.approx(1, abs=0.1) and high == pytest.approx(3, abs=0.2)
    assert points(contrast("sigmoid to tanh"))[1:] == pytest.approx([0.6, 2.1], abs=0.1)


def test_what_is_still_to_come_would_change_no_verdict(found):
    missing = [step for step in found.steps if step.verdict == NOT_RUN]
    assert len(missing) == 3
    decided = {"helps", "hurts", HOLDS, REVERSED}
    for judged in (*found.steps, *found.claims):
        if judged.verdict in decided and judged.contrast.p == judged.contrast.p:
            p = judged.contrast
            assert p.corrected + len(missing) * p.p < 0.05  # Holm, at the most


def test_an_interval_without_nought_may_be_undecided_as_chapter_6_says(steps):
    late = {
        "width-kaiming", "depth-kaiming", "depth-sigmoid", "depth-tanh",
        "depth-average", "resolution-30",
    }  # fmt: skip
    new = [step for step in steps.values() if {step.before, step.after} & late]
    assert len(new) == 7
    for change in "narrow", "on 14 × 14 maps":
        step = steps[f"2 to 5 convolutions, {change}"]
        assert step.verdict != "hurts" and step.contrast.interval()[1] < 0


def test_the_two_ends_of_the_ladder_are_as_chapter_6_says(found):
    claims = {claim.id: claim for claim in found.claims if claim.id in CLIMB}
    assert {id: claim.verdict for id, claim in claims.items()} == CLIMB
    assert found.tuned == "xavier"
    assert points(claims["climb"].contrast)[1:] == pytest.approx([2, 4], abs=0.3)
    up = [Records().right(name).mean() for name in ("lenet", "width", "resolution")]
    assert up[1] > up[2]  # all was won in three steps
    macs = [
        trace(rung.build(), (1, 1, rung.side, rung.side)).macs
        for rung in map(RUNGS.__getitem__, ("width", "geometry", "resolution"))
    ]
    assert macs[2] / macs[0] == pytest.approx(13, abs=0.3)
    assert 4.5 < macs[2] / macs[1] < 5  # "nearly five times"


def test_enlarging_costs_and_gains_what_chapter_6_says():
    nets = [
        trace(RUNGS[name].build(), (1, 1, RUNGS[name].side, RUNGS[name].side))
        for name in ("dropout", "geometry", "resolution")
    ]
    assert 1.8 < nets[2].parameters / nets[1].parameters < 2
    assert nets[2].macs / nets[0].macs == pytest.approx(7, abs=0.1)
    right = Records().right
    gain, low, _ = points(compare(right("dropout"), right("resolution")))
    assert low > 0 and gain == pytest.approx(0.6, abs=0.1)
    assert right("windows-112") is None and Records().read("windows-112")["runs"]


def grid(name):
    """The chosen rate, and the validation accuracies at each rate of the grid."""
    runs, at = Records().read(name)["runs"], {}
    for run in runs:
        if run["phase"] == "grid":
            at.setdefault(run["lr"], []).append(run["val_acc"][-1])
    return next(run["lr"] for run in runs if run["phase"] == "final"), at


def test_the_rates_are_as_chapter_6_says():
    (best, lenet), (_, relu), (top, narrow) = map(grid, ("lenet", "relu", "resolution"))
    assert (best, top) == (0.008, best / 4)
    assert len(lenet[0.016]) == 2 and max(lenet[0.016]) < 0.11
    assert min(relu[0.016]) > 0.88
    for rate in best, 0.016:
        assert [acc < 0.11 for acc in narrow[rate]] == [False, True]
    lowest = mean(lenet[0.0005])
    assert mean(lenet[best]) - lowest == pytest.approx(0.1, abs=0.005)
    steps = [0.0234, mean(relu[0.0005]) - lowest]
    assert steps[1] / steps[0] == pytest.approx(3, abs=0.2)
    assert 0.003 / top == pytest.approx(1.5)  # the tutorial's rate


def learned(optimizer):
    """How many of five seeds left one in ten, by rate: edition 1."""
    path = RECORDS / "edition1" / "ladder" / f"deep-sigmoid-{optimizer}.json"
    counts = {}
    for run in json.loads(path.read_bytes())["runs"]:
        counts.setdefault(run["lr"], []).append(max(run["val_acc"]) > LEFT)
    return [(len(counts[lr]), sum(counts[lr])) for lr in sorted(counts)]


def test_the_deep_net_with_sigmoids_learns_as_chapter_6_says():
    assert learned("adam") == [(5, 5), (5, 5), (5, 0)]
    assert learned("sgd") == [(5, 0)] * 3


def test_the_second_edition_says_the_same(found):
    learned = {
        name: sum(max(run["val_acc"]) > LEFT for run in Records().finals(name)[1])
        for name in ("deep-sigmoid-adam", "deep-sigmoid-sgd", "lenet-sgd")
    }
    assert learned["deep-sigmoid-adam"] == 10 and learned["deep-sigmoid-sgd"] == 0
    assert 5 < learned["lenet-sgd"] < 10  # most


# ------------------------------------------------------- chapter 8, edition 2

CHAPTER_8 = {
    "climb-short": NO_DIFFERENCE,
    "convolution": NO_DIFFERENCE,
    "convolution-relu": HOLDS,
    "deep": REVERSED,
    "deep-narrow": UNDECIDED,
    "deep-early": NO_DIFFERENCE,
    "kaiming": NO_DIFFERENCE,
    "kaiming-deep": NO_DIFFERENCE,
    "tanh-deep": NO_DIFFERENCE,
    "relu-tanh": HOLDS,
    "geometry": REVERSED,
    "resolution": HOLDS,
    "maximum": NO_DIFFERENCE,
    "norm": NO_DIFFERENCE,
    "dropout-wide": NO_DIFFERENCE,
    "decay": NO_DIFFERENCE,
    "data": NO_DIFFERENCE,
    "augmentation": REVERSED,
    "sigmoid-adam": REVERSED,
    "sigmoid-sgd": HOLDS,
    "epochs": HOLDS,
}


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
    assert compare(fast, slow).interval()[0] > 0.03
    assert fast.mean(1).min() < 0.8786 < fast.mean(1).max()
    tuned = [records.right(found.tuned, seeds=s) for s in (TEN, TRIAL_SEEDS)]
    assert max(right.mean(1).max() for right in tuned) < 0.8902
    low, high = compare(tuned[1], fast).interval()
    assert low < 0 < high


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


def test_the_bets_end_as_chapter_8_says(found):
    records = Records()
    assert max(load_record("lenet").last("test_acc")) > 0.8902
    assert records.right("width").mean() > 0.9
    nets = [records.right(name) for name in ("alexnet-tutorial", "alexnet")]
    rate = compare(*nets).difference
    lead = compare(records.right(found.tuned, seeds=TRIAL_SEEDS), nets[1]).difference
    assert rate > 0.8902 - 0.8786  # more than the two lines differ
    assert 0.8 * lead < rate < lead  # nearly all that was gained
    old = json.loads((RECORDS / "edition1/ladder/relu.json").read_bytes())["tests"]
    bfloat16 = np.array([test["test_acc"] for test in old])
    assert compare(bfloat16, records.right("relu-float32").mean(1)).small
