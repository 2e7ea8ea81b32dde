"""Nets as figures: a row a layer, every map at one scale."""

import math
from collections.abc import Sequence

from matplotlib.axes import Axes

from d2l_lite.colours import CARD, FAINT, KINDS
from d2l_lite.draw import figure, show
from d2l_lite.lab.page import table
from d2l_lite.shapes import Trace, blank_if_zero, shape_text


def draw_nets(*traces: Trace, names: Sequence[str] = ()) -> None:
    """Draw nets side by side, a row a layer, every map at one scale.

    A bar is as long as the map's side, its channels are a stack of cards; a vector of n
    numbers is a bar as long as the side of a square of n pixels.
    """
    columns = [drawn_layers(trace) for trace in traces]
    widest = max(side(trace.input_shape) for trace in traces)
    depth = max(map(len, columns))
    drawing, grid = figure(0.52 * depth + 0.5, 1, len(traces), squeeze=False)
    for i, (axes, layers) in enumerate(zip(grid.flat, columns)):
        axes.axis("off")
        axes.set(xlim=(-0.55, 1.9), ylim=(depth - 0.4, -1.0))
        if i < len(names):
            axes.text(0, -0.85, names[i], ha="center", fontsize=13, weight="bold")
        for level, (words, shape, colour) in enumerate(layers):
            draw_layer(axes, level, words, shape, colour, widest)
    show(drawing)


def draw_layer(
    axes: Axes, level: int, words: str, shape: tuple, colour: str, widest: float
) -> None:
    """One row of a drawing: a stack of cards, and beside it the words."""
    width = max(side(shape) / widest, 0.012)
    cards = 1 + round(math.log2(shape[1]) / 2) if len(shape) == 4 else 1
    for card in reversed(range(cards)):
        shift = 0.018 * card
        axes.barh(
            level - 2 * shift, width, 0.32, left=-width / 2 + shift,
            color=colour, edgecolor=CARD, linewidth=0.6,
        )  # fmt: skip
    what, *after = words.split(" + ")
    size = ", ".join(["×".join(map(str, shape[1:])), *after])
    axes.text(0.6, level - 0.15, what, va="center")
    axes.text(0.6, level + 0.2, size, va="center", fontsize=9, color=FAINT)
    if level:
        axes.annotate(
            "", (0, level - 0.34), (0, level - 0.72),
            arrowprops={"arrowstyle": "->", "color": FAINT, "linewidth": 0.8},
        )  # fmt: skip


def drawn_layers(trace: Trace) -> list[tuple[str, tuple, str]]:
    """(words, output shape, colour) of the input and of each layer with a window
    or weights; what only changes values is named beside the layer before it."""
    layers = [("input", trace.input_shape, FAINT)]
    for row in trace.rows:
        if row.layer in KINDS:
            words = f"{row.layer} {row.window}".strip()
            layers.append((words, row.output_shape, KINDS[row.layer]))
        elif row.layer != "Flatten":
            words, shape, colour = layers[-1]
            layers[-1] = (f"{words} + {row.layer}", shape, colour)
    return layers


def side(shape: tuple[int, ...]) -> float:
    """The side of a map; of a vector, that of a square with as many pixels."""
    return float(shape[-1]) if len(shape) == 4 else math.sqrt(shape[-1])


def trace_table(trace: Trace) -> str:
    """A trace as an HTML table, narrow enough for a phone: a row a layer, totals."""
    head = ["layer", "output", "sees", "parameters", "multiply-adds"]
    rows = []
    for row in trace.rows:
        size = shape_text(row.output_shape).replace("x", "×")
        costs = map(blank_if_zero, (row.parameters, row.macs))
        rows.append([row.layer, size, row.receptive_field or "all", *costs])
    total = map(blank_if_zero, (trace.parameters, trace.macs))
    return table(head, [*rows, ["total", "", "", *total]])
