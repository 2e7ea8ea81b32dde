"""Figures of results show what the records say, and what is missing."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import same_color
from scipy.stats import ttest_1samp

from d2l_lite.colours import ALEXNET, BLUE, GREEN, LENET, RED
from d2l_lite.lab.figures import results
from d2l_lite.lab.figures.results import (
    draw_contrasts,
    draw_grids,
    draw_looks,
    draw_seeds,
    draw_waterfall,
)
from d2l_lite.lab.names import NAMES
from d2l_lite.lab.rule import Contrast, compare, correct
from d2l_lite.lab.verdicts import STEPS, Step
from experiments.plan import RECIPES


@pytest.fixture
def drawn(monkeypatch):
    """The axes of each figure that is shown, which is closed at the end."""
    shown = []
    monkeypatch.setattr(results, "show", lambda drawing: shown.append(drawing))
    yield lambda: shown[-1].axes[0]
    for drawing in shown:
        plt.close(drawing)


def texts(axes):
    return [text.get_text() for text in axes.texts]


def lines(axes, mark):
    """The lines drawn with a mark; "None" are those without one."""
    return [line for line in axes.lines if line.get_marker() == mark]


def net(*hits):
    """What each seed got right of a hundred images: the first ones."""
    return np.array([np.arange(100) < n for n in hits])


def step(change, before, after, difference=None):
    """A step that was found at 1.2 standard errors to 60, or not run."""
    if difference is None:
        return Step(change, before, after, Contrast((5, 0)))
    contrast = Contrast((5, 5), difference, 0.01, 8, 0.001)
    return Step(change, before, after, correct([contrast], ["a"])[0])


STAIRS = {
    "lenet": net(70, 70, 70, 69, 71),
    "relu": net(90, 91, 89, 90, 90),
    "maximum": net(80, 80, 81, 79, 80),
    "width": None,
    "resolution": net(85, 85, 84, 86, 85),
}
CLIMB = [
    step("one", "lenet", "relu", 0.2),
    step("two", "relu", "maximum", -0.1),
    step("three", "maximum", "width"),
    step("four", "width", "resolution"),
]


def test_a_step_goes_from_the_mean_before_to_the_mean_after(drawn):
    draw_waterfall(CLIMB, STAIRS)
    axes = drawn()
    up, down = axes.patches
    assert (up.get_x(), up.get_width()) == pytest.approx((70, 20))
    assert (down.get_x(), down.get_width()) == pytest.approx((90, -10))
    assert same_color(up.get_facecolor(), GREEN)
    assert same_color(down.get_facecolor(), RED)
    low, high = CLIMB[0].contrast.interval()
    ends = [line.get_xdata() for line in lines(axes, "None")]
    assert any(x == pytest.approx([70 + 100 * low, 70 + 100 * high]) for x in ends)


def test_a_step_that_was_not_run_leaves_a_gap_and_says_so(drawn):
    draw_waterfall(CLIMB, STAIRS)
    assert texts(drawn()) == [
        "LeNet: 70.0 %",
        f"{NAMES['resolution']}: 85.0 %",
        "one: +20.0, helps",
        "two: −10.0, hurts",
        "three: not run",
        "four: not run",
    ]
    ends = lines(drawn(), "|")
    assert [line.get_xdata()[0] for line in ends] == pytest.approx([70, 85])
    assert [line.get_color() for line in ends] == [LENET, ALEXNET]
    draw_waterfall(CLIMB[:3], STAIRS)
    assert texts(drawn())[1] == f"{NAMES['width']}: not run"


@pytest.mark.parametrize("single", [False, True])
def test_every_seed_is_a_dot_and_the_line_is_the_means_interval(drawn, single):
    right = STAIRS["relu"].mean(1) if single else STAIRS["relu"]
    draw_seeds({"relu": right, "resolution": STAIRS["resolution"]})
    axes = drawn()
    assert texts(axes)[0] == "LeNet with ReLU: 90.0 %"
    dots = lines(axes, "o")
    assert dots[0].get_xdata() == pytest.approx([90, 91, 89, 90, 90])
    assert [line.get_color() for line in dots] == [LENET, ALEXNET]
    expected = ttest_1samp([90, 91, 89, 90, 90], 0).confidence_interval(0.95)
    assert lines(axes, "None")[0].get_xdata() == pytest.approx([*expected])


def test_a_contrast_without_a_test_has_a_label_alone(drawn, monkeypatch):
    monkeypatch.setattr(results, "FAR", 20)
    contrast = CLIMB[1].contrast
    words = ["hurts", "not run", "no difference worth a point"]
    draw_contrasts("abc", [contrast, Contrast((5, 0)), contrast], words)
    axes = drawn()
    assert texts(axes) == [f"{a}: {word}" for a, word in zip("abc", words)]
    low, high = contrast.interval()
    nought, *intervals = lines(axes, "None")
    assert list(nought.get_xdata()) == [0, 0]
    assert [list(line.get_ydata()) for line in intervals] == [[0, 0], [2, 2]]
    assert intervals[0].get_xdata() == pytest.approx([100 * low, 100 * high])
    assert [line.get_color() for line in intervals] == [RED, BLUE]
    assert len(lines(axes, "X")) == len(lines(axes, "D")) == 1


def test_what_lies_far_out_is_an_arrow_and_a_number(drawn):
    far = compare(np.array([0.9, 0.91, 0.92, 0.9, 0.9]), np.array([0.7] * 4 + [0.8]))
    draw_contrasts("a", [far], ["hurts"])
    axes = drawn()
    assert texts(axes) == [f"a ({100 * far.difference:+.1f}): hurts"]
    (arrow,) = lines(axes, "<")
    assert (arrow.get_xdata()[0], axes.get_xlim()[0] > -8) == (-results.FAR, True)


def grid(rate, *accuracies, phase="grid"):
    return [{"phase": phase, "lr": rate, "val_acc": [a]} for a in accuracies]


def test_a_grid_shows_the_chosen_rate_and_who_is_stuck(drawn):
    failed = {"phase": "grid", "lr": 0.4, "val_acc": []}
    runs = [*grid(0.1, 0.8, 0.82), *grid(0.2, 0.85, 0.1), failed]
    draw_grids({"lenet": [*runs, *grid(0.1, 0.99, phase="final")]})
    axes = drawn()
    rings = [line for line in axes.lines if line.get_markerfacecolor() == "none"]
    assert [line.get_ydata()[0] for line in rings] == pytest.approx([80, 82])
    stuck = lines(axes, "X")
    assert [line.get_xdata()[0] for line in stuck] == pytest.approx([0.2, 0.4])
    (height,) = {float(line.get_ydata()[0]) for line in stuck}
    assert height < 80
    assert texts(axes) == ["stuck at 10 %"]
    labels = [label.get_text() for label in axes.get_xticklabels()]
    assert labels == ["0.1", "0.2", "0.4"]


def test_each_net_of_the_way_up_has_a_name_and_a_recipe():
    assert NAMES.keys() <= RECIPES.keys() | {"tuned"}
    assert {name for _, *pair in STEPS[:7] for name in pair} <= NAMES.keys()


def test_looks_are_drawn_for_whole_nets_alone(drawn):
    looks = [net(80, 82), net(84, 86), net(90, 88)]
    draw_looks({"alexnet": looks, "alexnet-half": [None] * 3}, {"width": net(85, 85)})
    axes = drawn()
    seeds = [list(line.get_ydata()) for line in axes.lines if line.get_linewidth() < 1]
    assert seeds == [[80, 84, 90], [82, 86, 88]]
    (mean,) = [line for line in axes.lines if line.get_linewidth() == 2]
    assert list(mean.get_ydata()) == [81, 85, 89]
    assert texts(axes) == [NAMES["width"]]
