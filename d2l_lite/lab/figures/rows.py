"""Rows of results.

Labels lie above their rows, so that a figure stays legible on a phone.
"""

from matplotlib.axes import Axes

ROW = 0.5  # inches
ACCURACY = "test accuracy, %; the axis shows only this range"


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
