"""One recipe, many seeds: how far chance alone sets the runs apart."""

from collections.abc import Sequence
from statistics import median

from matplotlib.axes import Axes

from d2l_lite.colours import FAINT, LENET, RED
from d2l_lite.draw import figure, show
from d2l_lite.lab.figures.rows import ACCURACY, ROW, finish, label_row
from d2l_lite.lab.verdicts import LEFT
from d2l_lite.runs import Run


def draw_chance(runs: Sequence[Run], published: float) -> None:
    """Draw the runs' test accuracy by epoch; below, close up, where each ends.

    `published` is what another page prints of the same recipe.
    """
    drawing, (above, below) = figure(4.2, 2, 1, height_ratios=(3, 1))
    for run in runs:
        percent = [100 * accuracy for accuracy in run.test_acc]
        colour = RED if percent[-1] < 100 * LEFT else LENET
        above.plot(range(1, len(percent) + 1), percent, color=colour, alpha=0.7)
    above.set(xlabel="epoch", ylabel="test accuracy, %", ylim=(0, 100))
    above.grid(True)
    draw_dots(below, 0, "LeNet", [run.test_acc[-1] for run in runs])
    below.plot(100 * published, 0, "*", color=FAINT, ms=11)
    below.text(100 * published, 0.36, "the tutorial's ", ha="right", color=FAINT)
    finish(below, 1, "test accuracy at the end, %; the axis shows only this range")
    show(drawing)


def draw_medians(nets: dict[str, Sequence[float]]) -> None:
    """Draw where the runs of each net end, a dot a seed, and their median."""
    drawing, axes = figure(ROW * len(nets) + 0.6)
    for row, (name, accuracies) in enumerate(nets.items()):
        draw_dots(axes, row, name, accuracies)
    finish(axes, len(nets), ACCURACY)
    show(drawing)


def draw_dots(axes: Axes, row: int, name: str, accuracies: Sequence[float]) -> None:
    """A row: a dot a seed, a line at the median; those that are stuck are counted."""
    percent = [100 * accuracy for accuracy in accuracies if accuracy > LEFT]
    middle = 100 * median(accuracies)
    stuck = len(accuracies) - len(percent)
    more = f", and {stuck} seeds stuck at 10 %" if stuck else ""
    axes.plot(percent, [row] * len(percent), "o", color=LENET, alpha=0.5, mew=0)
    axes.plot(middle, row, "|", color=LENET, ms=15, mew=2.5)
    label_row(axes, row, f"{name}: median {middle:.1f} %{more}")
