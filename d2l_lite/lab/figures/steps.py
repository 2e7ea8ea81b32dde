"""Where the time of a step goes, four loss curves, and the spike, from the records."""

import json
import math
from collections.abc import Iterator
from statistics import median

from matplotlib.axes import Axes

from d2l_lite.colours import ALEXNET, BLUE, FAINT, GREEN, INK, PURPLE
from d2l_lite.draw import figure, show
from d2l_lite.lab.figures.rows import ROW, finish, label_row
from d2l_lite.lab.records import RECORDS, load_record
from d2l_lite.lab.verdicts import Records

PARTS = {"minibatch": INK, "forward": BLUE, "backward": PURPLE, "update": GREEN}
DEVICES = {"cpu": "two CPU cores", "cuda": "GPU"}
EPOCHS, IMAGES = 10, 60_000  # of a training in chapters 2 and 4


def recorded_steps(net: str) -> Iterator[dict]:
    """The rows of experiments/steps.py for a net, the CPU's first, with `device`."""
    for device, name in DEVICES.items():
        path = RECORDS / "edition2" / f"steps-{device}.json"
        content = json.loads(path.read_text("utf-8"))
        for row in content["rows"]:
            if row["net"] == net:
                yield row | {"device": name}


def draw_steps(net: str) -> None:
    """Draw the share that each part of a step takes, a row a device and number type.

    The parts are those of a step that waits for the device after each; the label says
    how long a step takes that does not.
    """
    rows = list(recorded_steps(net))
    drawing, axes = figure(ROW * len(rows) + 1.0)
    for place, row in enumerate(rows):
        whole, left = sum(row[part] for part in PARTS), 0.0
        for part, colour in PARTS.items():
            share = 100 * row[part] / whole
            label = part if place == 0 else None
            axes.barh(place, share, 0.3, left, color=colour, label=label)
            left += share
        what = f"{row['device']}, {row['numbers']}"
        label_row(axes, place, f"{what}: {time_of(row['whole'])}")
    finish(axes, len(rows), f"share of a step of {net}, %")
    axes.margins(x=0)
    drawing.legend(loc="outside upper center", ncols=4, columnspacing=1)
    show(drawing)


def time_of(milliseconds: float) -> str:
    """A time in milliseconds, with two digits or as a whole number."""
    if milliseconds >= 10:
        return f"{milliseconds:,.0f} ms"
    return f"{milliseconds:.1f} ms"


def fastest(net: str, device: str) -> dict:
    """The recorded row with the shortest whole step on a device of DEVICES."""
    rows = [row for row in recorded_steps(net) if row["device"] == DEVICES[device]]
    return min(rows, key=lambda row: row["whole"])


def seconds_of(net: str, device: str, epochs: int = EPOCHS) -> float:
    """What the steps of a training take at the recorded speed; without its tests."""
    row = fastest(net, device)
    return epochs * math.ceil(IMAGES / row["images"]) * row["whole"] / 1000


def usual_loader(images: int) -> float:
    """Milliseconds that torchvision's loader takes for so many images of 224 pixels."""
    content = json.loads((RECORDS / "speed" / "cpu.json").read_text("utf-8"))
    (pair,) = (one for one in content["pairs"] if one["what"] == "loader, 224 px")
    return 1000 * images * median(pair["theirs"]) / pair["pictures"]


def span(seconds: float) -> str:
    """A time in the unit that a person would use."""
    units = [("days", 86_400), ("hours", 3600), ("minutes", 60), ("seconds", 1)]
    unit, size = next((u for u in units if seconds >= 2 * u[1]), units[-1])
    number = seconds / size
    return f"{number:.1f} {unit}" if number < 10 else f"{number:.0f} {unit}"


def first_losses(case: str) -> list[list[float]]:
    """The losses of AlexNet's first twelve steps, a list a seed, from silence.json."""
    content = json.loads((RECORDS / "edition2" / "silence.json").read_text("utf-8"))
    return [run["loss"][:12] for run in content["runs"] if run["case"] == case]


def draw_spike() -> None:
    """Draw AlexNet's first steps at 0.003, every seed, with and without a warm-up."""
    drawing, axes = figure(3.0)
    for case, colour, line, label in (
        ("0.003", FAINT, "--", "at once at the full rate"),
        ("0.003, warm-up", ALEXNET, "-", "with a warm-up"),
    ):
        seeds = first_losses(case)
        for losses in seeds:
            axes.semilogy(range(1, 13), losses, line, color=colour, lw=1)
        axes.plot([], [], line, color=colour, label=f"{label}, {len(seeds)} seeds")
    axes.set(xlabel="step", ylabel="loss")
    axes.grid(True)
    axes.legend()
    show(drawing)


def draw_four_curves() -> None:
    """Draw four recorded trainings, unnamed: a net that learns nothing, one that
    learns, one whose first step is too long, one that learns by heart."""
    drawing, grid = figure(4.4, 2, 2)
    lenets, alexnet = load_record("lenet").runs, load_record("alexnet").runs[0]
    stuck = min(lenets, key=lambda run: run.test_acc[-1])
    _, finals = Records().finals("width-norm")
    (a, b), (c, d) = grid
    two_losses(a, stuck.train_loss, stuck.test_loss)
    two_losses(b, alexnet.train_loss, alexnet.test_loss)
    c.semilogy(range(1, 13), first_losses("0.003")[0], ".-", color=INK)
    c.set(xlabel="step", xticks=range(2, 13, 2))
    two_losses(d, finals[0]["train_loss"], finals[0]["val_loss"])
    d.set(ylim=(0, 0.45))
    for letter, axes in zip("ABCD", grid.flat):
        axes.axhline(math.log(10), color=FAINT, lw=0.8, ls=":")
        axes.set_title(letter)
        axes.grid(True)
    for axes in a, c:
        axes.set_ylabel("loss")
    drawing.legend(*a.get_legend_handles_labels(), loc="outside upper center", ncols=2)
    show(drawing)


def two_losses(axes: Axes, training: list[float], other: list[float]) -> None:
    """Loss by epoch, of images that the net was trained on and of others."""
    epochs = range(1, len(training) + 1)
    axes.plot(epochs, training, ".--", color=INK, label="training images")
    axes.plot(epochs, other, ".-", color=INK, label="other images")
    axes.set(xlabel="epoch", ylim=(0, 2.6))
