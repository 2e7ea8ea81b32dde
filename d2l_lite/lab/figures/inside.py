"""Chapter 7 as figures: which maps of AlexNet answer, and where two nets are wrong."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.patches import Rectangle

from d2l_lite.colours import ALEXNET, CARD, FAINT, INK, NETS
from d2l_lite.data import CLASSES
from d2l_lite.draw import figure, show
from d2l_lite.lab.silence import RATES, after_first_steps, awake, step_losses
from d2l_lite.lab.verdicts import Records

SILENT = "#d3d0c6"  # a map that never answers
SHADES = {0.003: ALEXNET, 0.0003: "#4a1d00"}  # one net, at two rates
SIDE = 16  # squares a row: 16 times 16 are the second convolution's 256 maps
SINGLE = 20  # steps whose losses are drawn one by one
BINS = 60  # of the steps after them, equally wide on the log scale


def draw_awake(*names: str, accuracies: bool = False) -> None:
    """Draw the second convolution's maps as squares: a net a seed, a row a record.

    A filled square answers to some test image; the number counts them. With
    `accuracies`, each row says how many test images its nets get right.
    """
    drawing, panels = figure(1.45 * len(names), len(names), 5, squeeze=False)
    drawing.get_layout_engine().set(hspace=0.02)
    for row, name in zip(panels, names):
        for axes, maps in zip(row, awake(name)):
            draw_squares(axes, maps)
            axes.set_title(f"{maps.sum()}", fontsize=13, pad=3)
        label = f"rate {RATES[name]:g}"
        if accuracies:
            percent = 100 * Records().right(name).mean(1)
            label += f"\n{percent.min():.1f} to\n{percent.max():.1f} % right"
        row[0].set_ylabel(label, fontsize=12, rotation=0, ha="right", va="center")
    show(drawing)


def draw_squares(axes: Axes, maps: np.ndarray) -> None:
    """A square a map, filled where it is true."""
    colours = ListedColormap([SILENT, ALEXNET])
    axes.imshow(maps.reshape(SIDE, -1), cmap=colours, vmin=0, vmax=1)
    for n in range(1, SIDE):
        axes.axhline(n - 0.5, color=CARD, lw=0.9)
        axes.axvline(n - 0.5, color=CARD, lw=0.9)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def draw_first_steps(shares: dict[float, Sequence[float]]) -> None:
    """Draw the share of maps that answer, step by step; beside it, ends of other seeds.

    shares maps a rate to what one net had before its steps and after each of them.
    """
    drawing, (left, right) = figure(2.9, 1, 2, sharey=True, width_ratios=(3, 2))
    for rate, values in shares.items():
        percent = 100 * np.array(values)
        left.plot(percent, "o-", color=SHADES[rate], ms=4)
        left.text(12, percent[-1] + 8, f"{rate:g}", color=SHADES[rate], ha="right")
    left.set(title="one net", xlabel="steps of 8 images", ylim=(0, 104))
    left.set(ylabel="maps that answer, %")
    ends = after_first_steps()
    cases = {"0.003": 0.003, "0.003, warm-up": 0.003, "0.0003": 0.0003}
    for place, (case, rate) in enumerate(cases.items()):
        percent = 100 * ends[case]
        places = [place] * len(percent)
        right.plot(places, percent, "o", color=SHADES[rate], alpha=0.5, mew=0)
    right.set(title="a dot a seed", xlabel="12 steps of 128", xlim=(-0.5, 2.5))
    right.set_xticks(range(3), ["0.003", "warm-up", "0.0003"])
    for axes in left, right:
        axes.grid(True, axis="y")
    show(drawing)


def draw_losses() -> None:
    """Draw the training loss of AlexNet at both rates, a thin line a seed, by step."""
    drawing, axes = figure(3.4)
    for name, rate in RATES.items():
        for losses in step_losses(name):
            axes.plot(*thinned(losses), color=SHADES[rate], lw=0.9, alpha=0.8)
    axes.set(xscale="log", yscale="log", xlabel="step", ylabel="loss of the minibatch")
    steps = [1, 2, 10, 100, 430, 4300]
    axes.set_xticks(steps, [f"{step:,}" for step in steps])
    heights = {0.1: "0.1", 1: "1", np.log(10): "ln 10", 10: "10", 100: "100"}
    heights[1000] = "1,000"
    axes.set_yticks([*heights], [*heights.values()])
    axes.minorticks_off()
    axes.axhline(np.log(10), color=FAINT, lw=0.8, ls=":")
    axes.grid(True, alpha=0.6)
    axes.text(2.3, 300, "rate 0.003", color=SHADES[0.003], size=12)
    axes.text(30, 0.3, "rate 0.0003", color=SHADES[0.0003], size=12, ha="right")
    show(drawing)


def thinned(losses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Steps, counted from 1, and losses: the first one by one, then means of many."""
    edges = np.geomspace(SINGLE, len(losses), BINS + 1).astype(int)
    bins = [*zip(range(SINGLE), range(1, SINGLE + 1)), *pairwise(edges)]
    steps = [(start + stop + 1) / 2 for start, stop in bins]
    return np.array(steps), np.array([losses[a:b].mean() for a, b in bins])


def draw_first_windows(image: np.ndarray, sides: dict[str, float]) -> None:
    """Draw what the first window of each net covers of a (28, 28) image, in pixels."""
    drawing, axes = figure(3.2)
    axes.imshow(image, cmap="gray", extent=(0, 28, 28, 0))
    for (name, side), corner in zip(sides.items(), ((16, 14), (8, 18))):
        for edge, width in (CARD, 5), (NETS[name], 2):  # a light rim on the dark
            style = {"ec": edge, "lw": width, "fill": False}
            axes.add_patch(Rectangle(corner, side, side, **style))
        axes.text(*corner, f"{name}: {side:.2g} ", color=NETS[name], size=12,
                  backgroundcolor=CARD, ha="right", va="top")  # fmt: skip
    axes.axis("off")
    show(drawing)


def draw_maps(maps: dict[str, Sequence[np.ndarray]]) -> None:
    """Draw rows of images, each on its own scale of grey; names stand above them."""
    columns = max(map(len, maps.values()))
    drawing, panels = figure(1.2 * len(maps), len(maps), columns, squeeze=False)
    for row, (name, images) in zip(panels, maps.items()):
        for axes, image in zip(row, images):
            axes.imshow(image, cmap="gray")
        row[0].set_title(name, loc="left", pad=3)
    for axes in panels.flat:
        axes.axis("off")
    show(drawing)


def draw_confusion(counts: dict[str, np.ndarray]) -> None:
    """Draw how often each label, a row, got each answer, a column: (10, 10) a net.

    Right answers are grey. Of the mistakes, the more the darker.
    """
    drawing, panels = figure(4.1 * len(counts), len(counts), 1, squeeze=False)
    for axes, (name, table) in zip(panels[:, 0], counts.items()):
        wrong = np.where(np.eye(10, dtype=bool), 0, table)
        axes.imshow(np.sqrt(wrong), cmap="Oranges", aspect="auto", vmax=18)
        for label, answer in np.ndindex(table.shape):
            if number := table[label, answer]:
                right, dark = label == answer, wrong[label, answer] > 120
                axes.text(answer, label, number, ha="center", va="center", size=10,
                          color=FAINT if right else CARD if dark else INK)  # fmt: skip
        axes.set_title(f"{name}: {table.trace():,} of {table.sum():,} right")
        axes.set_xticks(range(10), CLASSES, rotation=40, ha="right")
        axes.set_yticks(range(10), CLASSES)
        axes.set(xlabel="answer", ylabel="label")
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
    show(drawing)
