"""All pictures of the book: their size, colours and style are set here alone."""

from __future__ import annotations

from collections.abc import Sequence
from math import log2, sqrt
from statistics import mean

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from d2l_lite.data import CLASSES
from d2l_lite.runs import Record, Run
from d2l_lite.trace import Row, Trace

# An opaque light card: legible on a light page and on a dark one.
CARD, INK, FAINT = "#fbfaf6", "#1f2430", "#8a8f99"
# Okabe & Ito's palette, safe for colour-blind readers: one colour a layer kind.
BLUE, ORANGE, GREEN, PURPLE, RED = "#0072b2", "#d55e00", "#009e73", "#8f5fa8", "#c0392b"
KINDS = {"Conv2d": BLUE, "AvgPool2d": GREEN, "MaxPool2d": GREEN, "Linear": PURPLE}
STYLE = {
    "figure.facecolor": CARD,
    "savefig.facecolor": CARD,
    "axes.facecolor": CARD,
    "figure.dpi": 144,
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": FAINT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.grid": True,
    "grid.color": "#e4e2da",
    "legend.frameon": False,
}
WIDTH = 7.0  # inches, the width of the page's column


def figure(height: float, rows: int = 1, columns: int = 1, **kwargs) -> tuple:
    """Return a figure of the page's width in the book's style, and its axes."""
    with plt.rc_context(STYLE):
        return plt.subplots(
            rows, columns, figsize=(WIDTH, height), layout="constrained", **kwargs
        )


def show(drawing: Figure) -> None:
    """Show a figure once, and free it."""
    with plt.rc_context(STYLE):
        plt.show()
    plt.close(drawing)


def plot_runs(*runs: Run | Record) -> None:
    """Draw loss and accuracy by epoch; a record as mean and range over its seeds."""
    drawing, (left, right) = figure(2.6, 1, 2)
    for number, run in enumerate(runs):
        group = run.runs if isinstance(run, Record) else [run]
        name = f"{run.net}, " if isinstance(run, Record) else ""
        colours = (BLUE, ORANGE) if number == 0 else (GREEN, PURPLE)
        for part, colour, line in zip(("train", "test"), colours, ("--", "-")):
            for axes, what in ((left, "loss"), (right, "acc")):
                curves = [getattr(run, f"{part}_{what}") for run in group]
                plot_band(axes, curves, colour, line, name + part)
    left.set(xlabel="epoch", ylabel="loss", ylim=(0, None))
    right.set(xlabel="epoch", ylabel="accuracy")
    for axes in (left, right):
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.legend()
    show(drawing)


def plot_band(
    axes: Axes, curves: list[list[float]], colour: str, line: str, label: str
) -> None:
    """Draw the mean of curves of equal length, and their range behind it."""
    epochs = range(1, len(curves[0]) + 1)
    points = list(zip(*curves))
    means = [mean(values) for values in points]
    axes.plot(epochs, means, line, marker=".", color=colour, label=label)
    if len(curves) > 1:
        low, high = map(min, points), map(max, points)
        axes.fill_between(epochs, list(low), list(high), color=colour, alpha=0.15)


def show_images(
    X: Tensor, y: Tensor | None = None, predicted: Tensor | None = None
) -> None:
    """Show (N, 1, H, W) images, ten a row, with their class names if given.

    With `predicted`, a wrong answer is red and stands above the true class.
    """
    rows = -(-len(X) // 10)
    drawing, grid = figure(0.95 * rows, rows, min(len(X), 10), squeeze=False)
    for axes in grid.flat:
        axes.axis("off")
    for i, axes in zip(range(len(X)), grid.flat):
        axes.imshow(X[i].float().cpu().reshape(X.shape[-2:]), cmap="gray")
        title, colour = "" if y is None else CLASSES[y[i]], INK
        if predicted is not None and predicted[i] != y[i]:
            title, colour = f"{CLASSES[predicted[i]]}\nnot {title}", RED
        axes.set_title(title, fontsize=7, color=colour)
    show(drawing)


def draw_nets(*traces: Trace, names: Sequence[str] = ()) -> None:
    """Draw nets side by side, a row a layer, every map at one scale.

    A map is a square of its side, its channels a stack of cards; a vector of n
    numbers is a bar as long as the side of a square of n pixels. Pooling
    and convolution are joined with what follows them only in the caption.
    """
    columns = [drawn_layers(trace) for trace in traces]
    widest = max(side(trace.input_shape) for trace in traces)
    depth = max(map(len, columns))
    drawing, grid = figure(0.52 * depth + 0.5, 1, len(traces), squeeze=False)
    for i, (axes, layers) in enumerate(zip(grid.flat, columns)):
        axes.axis("off")
        axes.set(xlim=(-0.6, 2.05), ylim=(depth - 0.4, -1.0))
        if i < len(names):
            axes.text(0, -0.85, names[i], ha="center", fontsize=12, weight="bold")
        for level, (words, shape, colour) in enumerate(layers):
            draw_layer(axes, level, words, shape, colour, widest)
    show(drawing)


def draw_layer(
    axes: Axes, level: int, words: str, shape: tuple, colour: str, widest: int
) -> None:
    """One row of a drawing: a stack of cards, and beside it the words."""
    width = max(side(shape) / widest, 0.012)
    cards = 1 + round(log2(shape[1]) / 2) if len(shape) == 4 else 1
    for card in reversed(range(cards)):
        shift = 0.018 * card
        axes.add_patch(
            Rectangle(
                (-width / 2 + shift, level - 0.16 - 2 * shift), width, 0.32,
                facecolor=colour, edgecolor=CARD, linewidth=0.6,
            )
        )  # fmt: skip
    size = "×".join(map(str, shape[1:]))
    axes.text(0.72, level - 0.12, words, va="center", fontsize=8.5)
    axes.text(0.72, level + 0.17, size, va="center", fontsize=8, color=FAINT)
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
            layers.append((words_of(row), row.output_shape, KINDS[row.layer]))
        elif row.layer != "Flatten":
            words, shape, colour = layers[-1]
            layers[-1] = (f"{words} + {row.layer}", shape, colour)
    return layers


def words_of(row: Row) -> str:
    """The layer's kind and its window."""
    return row.layer if row.window is None else f"{row.layer} {row.window}"


def side(shape: tuple[int, ...]) -> float:
    """The side of a map; of a vector, that of a square with as many pixels."""
    return float(shape[-1]) if len(shape) == 4 else sqrt(shape[-1])
