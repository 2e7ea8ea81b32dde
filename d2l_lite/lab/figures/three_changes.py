"""What changed from LeNet to AlexNet, drawn: slopes, gradients, pooling, the race."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from d2l_lite.colours import ALEXNET, BLUE, FAINT, INK, LENET
from d2l_lite.draw import figure, show
from d2l_lite.lab.figures.rows import ACCURACY, ROW, finish, label_row
from d2l_lite.lab.verdicts import LEFT

ACTIVATIONS = {  # colour and line; the sigmoid is LeNet's, ReLU AlexNet's
    "sigmoid": (LENET, "--"),
    "tanh": (BLUE, "-."),
    "ReLU": (ALEXNET, "-"),
}
RACES = {  # what changes, and nets: activation, pooling, convolutions more
    "activation, with average pooling": [
        ("sigmoid", "average", 0),
        ("tanh", "average", 0),
        ("ReLU", "average", 0),
    ],
    "pooling, with ReLU": [("ReLU", "average", 0), ("ReLU", "max", 0)],
    "four more convolutions, with max pooling": [
        ("sigmoid", "max", 4),
        ("ReLU", "max", 4),
    ],
}


def draw_slopes(functions: dict[str, Callable[[Tensor], Tensor]]) -> None:
    """Draw activations, and the slope of each at every place."""
    x = torch.linspace(-6, 6, 241, requires_grad=True)
    drawing, (left, right) = figure(2.6, 1, 2)
    for name, f in functions.items():
        colour, line = ACTIVATIONS[name]
        y = f(x)
        (slope,) = torch.autograd.grad(y.sum(), x)
        left.plot(x.detach(), y.detach(), line, color=colour, label=name)
        right.plot(x.detach(), slope, line, color=colour)
    left.set(title="the function", ylim=(-1.2, 3))
    right.set(title="its slope", ylim=(-0.05, 1.1))
    for axes in left, right:
        axes.grid(True)
    left.legend()
    show(drawing)


def draw_gradients(norms: dict[str, dict[str, Sequence[float]]]) -> None:
    """Draw the gradient that arrives at each layer, from the last one to the first.

    norms maps the kind of first weights to activations, and these to the gradient of
    each layer, the first layer first. Each is shown as a share of the last layer's.
    """
    drawing, panels = figure(3.0, 1, len(norms), sharey=True)
    for axes, (weights, of) in zip(panels, norms.items()):
        for name, values in of.items():
            colour, line = ACTIVATIONS[name]
            layers = range(len(values), 0, -1)
            shares = [value / values[-1] for value in reversed(values)]
            axes.semilogy(layers, shares, line, color=colour, label=name)
        axes.invert_xaxis()
        axes.set(title=f"{weights} first weights", xlabel="layer")
        axes.grid(True)
    panels[0].set_ylabel("gradient ÷ that of the last")
    panels[0].legend()
    show(drawing)


def draw_pooling(image: Tensor, maps: dict[str, Tensor]) -> None:
    """Draw an image and maps made from it, (H, W) each, on one scale of grey."""
    drawing, grid = figure(3.4, 1, 1 + len(maps))
    for axes, (name, values) in zip(grid, {"image": image, **maps}.items()):
        axes.imshow(values, cmap="gray", vmin=0, vmax=1)
        peak = "" if values is image else f"\nat most {values.max():.2f}"
        axes.set_title(name + peak, size=10)
        axes.axis("off")
    show(drawing)


def draw_race(race: dict) -> None:
    """Draw the recorded races, a thin curve a seed; each panel changes one thing."""
    drawing, rows = figure(6.6, len(RACES), 1, sharex=True)
    for axes, (changes, nets) in zip(rows, RACES.items()):
        for activation, pooling, extra in nets:
            colour, line = ACTIVATIONS[activation]
            name = activation
            if changes.startswith("pooling"):
                name = f"{pooling} pooling"
                colour, line = (FAINT, "--") if pooling == "average" else (colour, "-")
            for curve in races(race, activation, pooling, extra):
                percent = [100 * accuracy for accuracy in curve]
                axes.plot(race["seen"], percent, line, color=colour, lw=1)
            axes.plot([], [], line, color=colour, label=name)
        axes.set_title(changes, size=10)
        axes.set(ylim=(0, 90), ylabel="accuracy, %")
        axes.grid(True)
        axes.legend(loc="lower right")
    rows[-1].legend(loc=(0.74, 0.2))  # above the stuck ones
    rows[-1].set_xlabel("images seen")
    rows[-1].xaxis.set_major_formatter("{x:,.0f}")
    show(drawing)


def races(race: dict, activation: str, pooling: str, extra: int) -> list[list[float]]:
    """The recorded accuracies of one net, a list a seed."""
    net = (activation, pooling, extra)
    return [
        run["accuracy"]
        for run in race["runs"]
        if (run["activation"], run["pooling"], run["extra"]) == net
    ]


def draw_first_runs(
    ours: dict[str, Sequence[float]], printed: dict[str, float]
) -> None:
    """Draw where the runs of both nets end, a dot a seed; a star is the tutorial's.

    Runs that are stuck at one in ten are counted, not drawn.
    """
    drawing, axes = figure(ROW * len(ours) + 0.6)
    for row, (name, accuracies) in enumerate(ours.items()):
        colour = {"LeNet": LENET, "AlexNet": ALEXNET}[name]
        percent = [100 * accuracy for accuracy in accuracies]
        dots = [value for value in percent if value > 100 * LEFT]
        axes.plot(dots, [row] * len(dots), "o", color=colour, alpha=0.6, mew=0)
        axes.plot(100 * printed[name], row, "*", color=INK, mfc="none", ms=11)
        stuck = len(percent) - len(dots)
        seeds = f"{len(percent)} seeds"
        if len(percent) == 1:
            seeds = f"1 seed, {percent[0]:.1f} %"
        more = f", {stuck} of them stuck at 10 %" if stuck else ""
        label_row(axes, row, f"{name}: {seeds}{more}")
    axes.plot([], [], "*", color=INK, mfc="none", ms=11, label="the tutorial's run")
    finish(axes, len(ours), ACCURACY)
    axes.legend(loc="lower left", fontsize=9)
    show(drawing)
