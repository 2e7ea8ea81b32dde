"""Every seed a dot, every difference with its interval."""

from collections.abc import Sequence

import numpy as np

from d2l_lite.colours import ALEXNET, BLUE, FAINT, GREEN, INK, LENET, RED
from d2l_lite.draw import figure, show
from d2l_lite.lab.figures.rows import ACCURACY, ROW, finish, label_row
from d2l_lite.lab.names import LARGE, NAMES
from d2l_lite.lab.rule import (
    HOLDS,
    LOOKS,
    NO_DIFFERENCE,
    NOT_RUN,
    REVERSED,
    UNDECIDED,
    Contrast,
    seed_part,
)
from d2l_lite.lab.verdicts import LEFT, Step

VERDICTS = {  # colour and mark of a word, so that neither tells it alone
    HOLDS: (GREEN, "o"),
    "helps": (GREEN, "o"),
    REVERSED: (RED, "X"),
    "hurts": (RED, "X"),
    NO_DIFFERENCE: (BLUE, "D"),
    UNDECIDED: (FAINT, "s"),
    NOT_RUN: (FAINT, "_"),
    "ahead": (GREEN, "o"),
}
FAR = 5  # points, as in web/play/claims_axis.js; beyond are an arrow and a number
GRIDS = (LENET, BLUE, ALEXNET)  # of nets in one figure of rates


def draw_seeds(nets: dict[str, np.ndarray]) -> None:
    """Draw the accuracy of every seed, and each net's mean with its 95 % interval.

    nets maps a recipe's name to what its seeds got right, bool (seeds, images), or to
    their accuracies, (seeds,). The interval is that of other seeds on these images.
    """
    drawing, axes = figure(ROW * len(nets) + 0.6)
    for row, (name, right) in enumerate(nets.items()):
        colour = colour_of(name)
        values = 100 * right.reshape(len(right), -1).mean(1)
        low, high = mean_interval(values)
        axes.plot(values, [row] * len(values), "o", color=colour, alpha=0.35, mew=0)
        axes.plot([low, high], [row, row], color=colour, lw=2)
        axes.plot(values.mean(), row, "|", color=colour, ms=13, mew=2.5)
        label_row(axes, row, f"{NAMES.get(name, name)}: {values.mean():.1f} %")
    finish(axes, len(nets), ACCURACY)
    show(drawing)


def draw_looks(
    large: dict[str, list[np.ndarray | None]], levels: dict[str, np.ndarray]
) -> None:
    """Draw each seed's accuracy at the looks of the trial, and its opponents' means.

    large maps a net to what its seeds got right at each look, (seeds, images); one
    that was not run is left out. levels maps opponents to what theirs got right.
    """
    drawing, axes = figure(3.0)
    for (name, looks), line in zip(large.items(), ("-", "--", ":")):
        if any(right is None for right in looks):
            continue
        for seed in zip(*(100 * right.mean(1) for right in looks)):
            axes.plot(LOOKS, seed, line, color=ALEXNET, lw=0.7, alpha=0.5)
        means = [100 * right.mean() for right in looks]
        axes.plot(LOOKS, means, line, color=ALEXNET, lw=2, label=NAMES[name])
    for name, right in levels.items():
        level = 100 * right.mean()
        axes.axhline(level, color=LENET, lw=1.2)
        axes.text(-1.2, level + 0.1, NAMES[name], color=LENET, va="bottom", fontsize=9)
    axes.set(xlabel="epoch", ylabel="test accuracy, %\nonly this range", xticks=LOOKS)
    axes.set_xlim(-1.3, 10.3)  # room for the opponents' names, where no line runs
    axes.legend(loc="lower right", fontsize=8)
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
    """Draw differences with their 95 % intervals in points; a row without has none.

    words are the verdicts; they decide colour and mark and follow the label. What lies
    FAR out does not stretch the axis: an arrow points there, and the label says it.
    """
    drawing, axes = figure(ROW * len(labels) + 0.6)
    axes.axvline(0, color=FAINT, lw=0.8)
    for row, (label, contrast, word) in enumerate(zip(labels, contrasts, words)):
        colour, mark = VERDICTS[word.partition(" after ")[0]]  # after so many epochs
        if contrast.error == contrast.error:
            ends = [100 * end for end in contrast.interval()]
            middle = 100 * contrast.difference
            if abs(middle) > FAR:
                label, mark = f"{label} ({middle:+.1f})", "<" if middle < 0 else ">"
            axes.plot(np.clip(ends, -FAR, FAR), [row, row], color=colour, lw=2)
            axes.plot(np.clip(middle, -FAR, FAR), row, mark, color=colour, ms=7)
        label_row(axes, row, f"{label}: {word}")
    finish(axes, len(labels), "difference in points, with its 95 % interval")
    show(drawing)


def draw_waterfall(steps: Sequence[Step], right: dict[str, np.ndarray | None]) -> None:
    """Draw steps one after the other, each from the mean before to the mean after.

    right maps the recipes to what their seeds got right, (seeds, images). A step that
    was not run leaves a gap. The thin line is the interval of the difference. The
    first row is where the steps begin, the last where they end.
    """
    rows = len(steps) + 2
    drawing, axes = figure(ROW * rows + 0.6)
    for row, name in (0, steps[0].before), (rows - 1, steps[-1].after):
        place = NOT_RUN
        if right[name] is not None:
            mean = 100 * right[name].mean()
            place = f"{mean:.1f} %"
            axes.plot(mean, row, "|", color=colour_of(name), ms=16, mew=3)
        label_row(axes, row, f"{NAMES[name]}: {place}")
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
            word = f"{signed(100 * contrast.difference)}, {word}"
        label_row(axes, row, f"{step.change}: {word}")
    finish(axes, rows, ACCURACY)
    show(drawing)


def draw_grids(runs: dict[str, list[dict]]) -> None:
    """Draw the validation accuracies at every rate that was tried, a dot a seed.

    runs maps a recipe's name to the runs of its record. A ring is round the dots of
    the rate that was chosen. Runs that never left one in ten lie at the bottom.
    """
    drawing, axes = figure(3.4)
    tried = [
        (place, run["lr"], run["val_acc"][-1] if run["val_acc"] else 0.0, chosen)
        for place, of_net in enumerate(runs.values())
        for chosen in {run["lr"] for run in of_net if run["phase"] == "final"}
        for run in of_net
        if run["phase"] == "grid"
    ]
    bottom = np.floor(100 * min(acc for _, _, acc, _ in tried if acc > LEFT)) - 3
    for place, rate, acc, chosen in tried:
        x = rate * 1.1 ** (place - (len(runs) - 1) / 2)  # side by side
        y, mark = (100 * acc, "o") if acc > LEFT else (bottom, "X")
        axes.plot(x, y, mark, color=GRIDS[place], alpha=0.7, mew=0, ms=7)
        if rate == chosen:
            axes.plot(x, y, "o", color=INK, mfc="none", ms=10, mew=0.8)
    for place, name in enumerate(runs):
        axes.plot([], [], "o", color=GRIDS[place], label=NAMES[name])
    rates = sorted({rate for _, rate, _, _ in tried})
    axes.set_xscale("log")
    axes.set_xticks(rates, [f"{rate:g}" for rate in rates])
    axes.minorticks_off()
    axes.axhline(bottom + 1.5, color=FAINT, lw=0.8, ls=":")
    left = axes.get_yaxis_transform()
    axes.text(0.02, bottom, "stuck at 10 %", transform=left, va="center")
    axes.set(xlabel="learning rate", ylabel="validation accuracy, %\nonly this range")
    axes.grid(True)
    drawing.legend(loc="outside upper center", ncols=len(runs), columnspacing=1)
    show(drawing)


def colour_of(name: str) -> str:
    """The colour of a net, which it has through the whole book."""
    return ALEXNET if name in LARGE else LENET


def signed(points: float) -> str:
    """A difference with its sign, a minus being one."""
    return f"{points:+.1f}".replace("-", "\N{MINUS SIGN}")
