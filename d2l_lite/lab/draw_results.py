"""Results as figures: every seed a dot, every difference with its interval.

Labels lie above their rows, so that a figure stays legible on a phone.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from d2l_lite.draw import ALEXNET, BLUE, FAINT, GREEN, INK, LENET, RED, figure, show
from d2l_lite.lab.trial import (
    HOLDS,
    NO_DIFFERENCE,
    NOT_RUN,
    REVERSED,
    UNDECIDED,
    Contrast,
    seed_part,
)
from d2l_lite.lab.verdicts import Step

# What each recipe of the plan is called on the pages.
NAMES = {
    "linear": "linear classifier",
    "dense": "two linear layers",
    "dense-relu": "two linear layers, ReLU",
    "lenet": "LeNet",
    "xavier": "LeNet, Xavier's first weights",
    "tuned": "LeNet (tuned)",
    "tanh": "LeNet with tanh",
    "relu": "LeNet with ReLU",
    "maximum": "... and max pooling",
    "width": "wide LeNet, ReLU, max pooling",
    "depth": "... with five convolutions",
    "dropout": "... and dropout",
    "geometry": "AlexNet's layers, 112 pixels",
    "resolution": "AlexNet, an eighth of its width",
    "alexnet-half": "AlexNet, half its width",
    "alexnet": "AlexNet",
    "alexnet-tutorial": "AlexNet at the tutorial's rate",
}
LARGE = ("resolution", "alexnet-half", "alexnet", "alexnet-tutorial")  # their colour
VERDICTS = {  # colour and mark of a word, so that neither tells it alone
    HOLDS: (GREEN, "o"),
    "helps": (GREEN, "o"),
    REVERSED: (RED, "X"),
    "hurts": (RED, "X"),
    NO_DIFFERENCE: (BLUE, "D"),
    UNDECIDED: (FAINT, "s"),
    NOT_RUN: (FAINT, "_"),
}
ROW = 0.5  # inches


def draw_seeds(nets: dict[str, np.ndarray], axis: str = "test accuracy, %") -> None:
    """Draw the accuracy of every seed, and each net's mean with its 95 % interval.

    nets maps a recipe's name to what its seeds got right, bool (seeds, images), or to
    their accuracies, (seeds,). The interval is that of other seeds on these images.
    """
    drawing, axes = figure(ROW * len(nets) + 0.6)
    for row, (name, right) in enumerate(nets.items()):
        colour = ALEXNET if name in LARGE else LENET
        values = 100 * right.reshape(len(right), -1).mean(1)
        low, high = mean_interval(values)
        axes.plot(values, [row] * len(values), "o", color=colour, alpha=0.35, mew=0)
        axes.plot([low, high], [row, row], color=colour, lw=2)
        axes.plot(values.mean(), row, "|", color=colour, ms=13, mew=2.5)
        label_row(axes, row, f"{NAMES.get(name, name)}: {values.mean():.1f} %")
    finish(axes, len(nets), axis)
    show(drawing)


def mean_interval(values: np.ndarray) -> tuple[float, float]:
    """The 95 % t interval of the mean of (seeds,) values."""
    from scipy.stats import t  # half a second, which only this needs

    variance, free = seed_part(values)
    half = t.ppf(0.975, free) * variance**0.5
    return values.mean() - half, values.mean() + half


def draw_contrasts(
    labels: Sequence[str], contrasts: Sequence[Contrast], words: Sequence[str]
) -> None:
    """Draw differences with their 95 % intervals in points; a row without is dashed.

    words are the verdicts; they decide colour and mark and follow the label.
    """
    drawing, axes = figure(ROW * len(labels) + 0.6)
    axes.axvline(0, color=FAINT, lw=0.8)
    for row, (label, contrast, word) in enumerate(zip(labels, contrasts, words)):
        colour, mark = VERDICTS[word]
        if contrast.error == contrast.error:
            low, high = (100 * end for end in contrast.interval())
            axes.plot([low, high], [row, row], color=colour, lw=2)
            axes.plot(100 * contrast.difference, row, mark, color=colour, ms=7)
        label_row(axes, row, f"{label}: {word}")
    finish(axes, len(labels), "difference in points, with its 95 % interval")
    show(drawing)


def draw_waterfall(steps: Sequence[Step], right: dict[str, np.ndarray | None]) -> None:
    """Draw steps one after the other, each from the mean before to the mean after.

    right maps the recipes to what their seeds got right, (seeds, images). A step that
    was not run leaves a gap. The thin line is the interval of the difference.
    """
    drawing, axes = figure(ROW * (len(steps) + 1) + 0.6)
    first = 100 * right[steps[0].before].mean()
    axes.plot(first, 0, "|", color=INK, ms=16, mew=3)
    label_row(axes, 0, f"{NAMES[steps[0].before]}: {first:.1f} %")
    for row, step in enumerate(steps, 1):
        word, contrast = step.verdict, step.contrast
        colour, _ = VERDICTS[word]
        if contrast.error == contrast.error:
            before, after = (
                100 * right[name].mean() for name in (step.before, step.after)
            )
            low, high = (before + 100 * end for end in contrast.interval())
            axes.barh(row, after - before, 0.3, before, color=colour)
            axes.plot([low, high], [row, row], color=INK, lw=1)
            axes.plot([after, after], [row, row + 1], color=FAINT, lw=0.6, ls=":")
            word = f"{100 * contrast.difference:+.1f}, {word}"
        label_row(axes, row, f"{step.change}: {word}")
    finish(axes, len(steps) + 1, "test accuracy, %")
    show(drawing)


def label_row(axes: Axes, row: int, text: str) -> None:
    """Write a row's label above it, at the left end of the axes."""
    place = axes.get_yaxis_transform()
    axes.text(0, row - 0.36, text, transform=place, va="center", size=10)


def finish(axes: Axes, rows: int, label: str) -> None:
    """Rows from top to bottom, a grid, and the axis that shows only what matters."""
    axes.set(ylim=(rows - 0.5, -0.75), yticks=[], xlabel=label)
    axes.spines["left"].set_visible(False)
    axes.use_sticky_edges = False  # else a bar would touch the frame
    axes.margins(x=0.05)
    axes.set_axisbelow(True)
    axes.grid(True, axis="x")
