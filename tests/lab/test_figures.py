"""The figures of chapters 2 and 3 draw what they were given."""

import pytest
import torch
from matplotlib.patches import Rectangle
from torch import nn

from d2l_lite.colours import BLUE, RED
from d2l_lite.lab.figures.chance import draw_chance, draw_medians
from d2l_lite.lab.figures.windows import draw_fields, draw_places
from d2l_lite.lab.records import load_record


def texts_of(axes):
    """What is written into the axes."""
    return [text.get_text() for text in axes.texts]


@pytest.mark.parametrize("n, k, s, p", [(8, 3, 2, 1), (8, 3, 1, 0), (9, 5, 4, 2)])
def test_a_window_is_drawn_at_every_place_and_what_it_misses_is_red(shown, n, k, s, p):
    draw_places(n, k, s, p)
    (axes,) = shown[0].axes
    places = nn.MaxPool1d(k, s, p)(torch.rand(1, 1, n)).shape[-1]
    texts = [text.get_text() for text in axes.texts if text.get_color() == BLUE]
    assert texts == [f"place {i + 1}" for i in range(places)]
    missed = n + 2 * p - (places - 1) * s - k
    red = [text.get_text() for text in axes.texts if text.get_color() == RED]
    assert len(red) == missed + ("never looked at" in red)
    assert ("never looked at" in red) == (missed > 0)


def test_the_fields_are_squares_of_the_given_sides_in_the_middle(shown):
    draw_fields(torch.rand(28, 28), {"LeNet": (5, 16), "AlexNet": (11 / 8, 195 / 8)})
    for axes, sides in zip(shown[0].axes, [(5, 16), (11 / 8, 195 / 8)], strict=True):
        squares = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
        assert [patch.get_width() for patch in squares] == list(sides)
        assert all(patch.get_center() == pytest.approx((14, 14)) for patch in squares)
    assert "24.4" in shown[0].axes[1].get_title()


def test_stuck_runs_are_red_and_counted_and_the_others_are_dots(shown):
    runs = load_record("lenet").runs
    draw_chance(runs, published=0.8902)
    above, below = shown[0].axes
    assert [line.get_color() for line in above.lines].count(RED) == 3
    assert "LeNet: median 87.1 %, and 3 seeds stuck at 10 %" in texts_of(below)
    dots, median, star = below.lines
    assert len(dots.get_xdata()) == len(runs) - 3
    assert (*median.get_xdata(), *star.get_xdata()) == pytest.approx((87.07, 89.02))


def test_each_net_has_its_seeds_in_a_row(shown):
    nets = {name: load_record(name).last("test_acc") for name in ("linear", "dense")}
    draw_medians(nets)
    (axes,) = shown[0].axes
    assert [len(line.get_xdata()) for line in axes.lines] == [5, 1, 10, 1]
    assert texts_of(axes) == ["linear: median 83.3 %", "dense: median 87.1 %"]
