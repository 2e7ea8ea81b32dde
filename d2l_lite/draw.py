"""All figures of the book: their size and style are set here alone."""

import itertools
import math
from collections.abc import Sequence
from statistics import median

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from torch import Tensor

from d2l_lite.colours import BLUE, CARD, FAINT, GREEN, INK, NETS, PURPLE, RED
from d2l_lite.data import CLASSES
from d2l_lite.runs import Run

STYLE = {
    "figure.facecolor": CARD,
    "axes.facecolor": CARD,
    "figure.dpi": 144,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": FAINT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": "#e4e2da",
    "legend.frameon": False,
}
WIDTH = 6.0  # inches; legible on a phone too
COLUMNS = 5  # images a row


def figure(height: float, rows: int = 1, columns: int = 1, **options: bool) -> tuple:
    """Return a figure of the page's width in the book's style, and its axes."""
    plt.rcParams.update(STYLE)
    size = (WIDTH, height)
    return plt.subplots(rows, columns, figsize=size, layout="constrained", **options)


def show(drawing: Figure) -> None:
    """Show a figure once, and free it."""
    plt.show()
    plt.close(drawing)


def plot_runs(*runs: Run | Sequence[Run], names: Sequence[str] = ()) -> None:
    """Draw loss from 0, and accuracy in the range it takes, by epoch; training dashed.

    A list of runs, a seed each, is drawn thin behind its bold median. `names` go into
    the legend; a name of NETS also decides the colour.
    """
    drawing, (left, right) = figure(2.6, 1, 2)
    others = itertools.cycle((BLUE, GREEN, PURPLE))
    for run, name in itertools.zip_longest(runs, names):
        group = [run] if isinstance(run, Run) else run
        colour = NETS.get(name) or next(others)
        label = f"{name}, " if name else ""
        for part, line in ("train", "--"), ("test", "-"):
            for axes, what in (left, "loss"), (right, "acc"):
                curves = [getattr(run, f"{part}_{what}") for run in group]
                epochs = range(1, len(curves[0]) + 1)
                middle = [median(values) for values in zip(*curves)]
                axes.plot(epochs, middle, f".{line}", color=colour, label=label + part)
                if len(curves) > 1:
                    for curve in curves:
                        axes.plot(epochs, curve, line, color=colour, alpha=0.4, lw=0.7)
    left.set(xlabel="epoch", ylabel="loss", ylim=(0, 1.05 * left.get_ylim()[1]))
    right.set(xlabel="epoch", ylabel="accuracy")
    for axes in (left, right):
        axes.grid(True)
        axes.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
        axes.legend()
    show(drawing)


def show_images(
    X: Tensor, y: Tensor | None = None, predicted: Tensor | None = None
) -> None:
    """Show images, five a row, with their class names if given.

    X is (N, 1, H, W), or (N, H * W) for square ones.
    With `predicted`, a wrong answer is red: what was said, and what it is.
    """
    rows = math.ceil(len(X) / COLUMNS)
    side = X.shape[-1] if X.dim() > 2 else math.isqrt(X.shape[-1])
    drawing, grid = figure(1.5 * rows, rows, COLUMNS, squeeze=False)
    for axes in grid.flat:
        axes.axis("off")
    for i, axes in zip(range(len(X)), grid.flat):
        axes.imshow(X[i].float().cpu().reshape(-1, side).numpy(), cmap="gray")
        title, colour = "" if y is None else CLASSES[y[i]], INK
        if predicted is not None and predicted[i] != y[i]:
            title, colour = f"said {CLASSES[predicted[i]]}\nis {title}", RED
        axes.set_title(title, fontsize=10, color=colour)
    show(drawing)
