"""Nets are drawn as they are: each layer once, at one scale."""

import re

import pytest
import torch
from torch import nn

from d2l_lite import alexnet, lenet, trace
from d2l_lite.lab import draw_nets
from d2l_lite.lab.figures.nets import trace_table

WINDOWED = (nn.Conv2d, nn.AvgPool2d, nn.MaxPool2d, nn.Linear)
NETS = {"LeNet": (lenet, (1, 1, 28, 28)), "AlexNet": (alexnet, (1, 1, 224, 224))}


def expected_sizes(name):
    """The sizes of the input and of what each layer with a window or weights gives."""
    build, shape = NETS[name]
    with torch.device("meta"):
        net, X = build(), torch.empty(shape)
        sizes = [X.shape]
        for layer in net:
            X = layer(X)
            if isinstance(layer, WINDOWED):
                sizes.append(X.shape)
    return ["×".join(map(str, size[1:])) for size in sizes]


def traced(name):
    build, shape = NETS[name]
    with torch.device("meta"):
        return trace(build(), shape)


@pytest.mark.parametrize("names", [["LeNet"], ["AlexNet"], ["LeNet", "AlexNet"]])
def test_each_layer_with_a_window_or_weights_is_drawn_once(shown, names):
    assert draw_nets(*map(traced, names), names=names) is None
    assert len(shown[0].axes) == len(names)
    for axes, name in zip(shown[0].axes, names):
        texts = [text.get_text() for text in axes.texts]
        assert texts.count(name) == 1
        expected = expected_sizes(name)
        sizes = [text.split(", ")[0] for text in texts]
        assert [size for size in sizes if size in expected] == expected


def test_two_nets_are_drawn_at_one_scale(shown):
    draw_nets(traced("LeNet"), traced("AlexNet"))
    left, right = (axes.patches for axes in shown[0].axes)
    assert right[0].get_width() / left[0].get_width() == pytest.approx(224 / 28)
    assert not any(axes.axison for axes in shown[0].axes)


def test_a_traced_failure_is_drawn_up_to_the_layer_that_does_not_fit(shown):
    with torch.device("meta"):
        net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 8, 9))
    draw_nets(trace(net, (1, 1, 8, 8)))
    texts = [text.get_text() for text in shown[0].axes[0].texts if text.get_text()]
    assert texts == ["input", "1×8×8", "Conv2d 3×3", "4×6×6, ReLU"]


def test_the_table_of_a_trace_has_each_layer_and_the_totals():
    trace = traced("AlexNet")
    body = [
        re.findall("<td>(.*?)</td>", row) for row in trace_table(trace).split("<tr>")
    ]
    *rows, total = body[2:]  # what precedes the first row, and the head
    assert [row[0] for row in rows] == [row.layer for row in trace.rows]
    assert rows[0][1:] == ["96×54×54", "11", "11,712", "33,872,256"]
    assert rows[1][1:] == ["96×54×54", "11", "", ""]
    assert rows[-1][1:] == ["10", "all", "40,970", "40,960"]
    assert total == ["total", "", "", "46,764,746", "938,146,176"]
