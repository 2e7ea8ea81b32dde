"""Silence is counted from the records, and drawn as it is counted."""

import json

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import same_color

from d2l_lite.colours import ALEXNET
from d2l_lite.lab import silence
from d2l_lite.lab.figures import inside
from d2l_lite.lab.records import RECORDS
from d2l_lite.lab.verdicts import Records
from experiments.silence import CASES
from experiments.training import pack

MAPS = [96, 256, 384, 384, 256, 4096, 4096]  # and units
SEEDS, STEPS = 5, 10 * 430


def run(seed, epochs=(3, 10)):
    """A final run of two layers, whose first map's peak is its seed and the epoch."""
    layers = [np.array([10 * seed + e, 0], np.float16) for e in epochs]
    looks = [
        {"epoch": e, "peaks": [pack(layer), pack(layer[1:])]}
        for e, layer in zip(epochs, layers)
    ]
    losses = pack(np.array([2.5, 700, seed], np.float16))
    return {"phase": "final", "lr": 0.1, "seed": seed, "looks": looks} | {
        "step_loss": losses
    }


@pytest.fixture
def records(tmp_path):
    """Write runs into a record "net" of seeds 1 and 2; return its folder's Records."""

    def write(*runs):
        recipe = {"seeds": [1, 2], "looks": [3, 10]}
        content = {"recipe": recipe, "runs": runs}
        (tmp_path / "net.json").write_text(json.dumps(content), "utf-8")
        return Records(tmp_path)

    return write


def test_peaks_are_what_was_packed_seed_by_seed(records):
    both = records(run(2), run(1))  # as they ended, not in their order
    for epoch, first in (None, [20, 30]), (10, [20, 30]), (3, [13, 23]):
        layers = silence.peaks("net", epoch, both)
        assert [layer.shape for layer in layers] == [(2, 2), (2, 1)]
        assert layers[0].tolist() == [[first[0], 0], [first[1], 0]]
        assert not layers[1].any()


def test_step_losses_are_what_was_packed(records):
    losses = silence.step_losses("net", records(run(2), run(1)))
    assert losses.tolist() == [[2.5, 700, 1], [2.5, 700, 2]]


@pytest.mark.parametrize(
    ("runs", "epoch"), [([run(1)], 10), ([run(1), run(2)], 6), ([], None)]
)
def test_a_missing_seed_or_look_is_said(records, runs, epoch):
    with pytest.raises(ValueError, match="net has no look"):
        silence.peaks("net", epoch, records(*runs))


@pytest.mark.parametrize("name", silence.RATES)
def test_the_records_hold_every_map_and_every_step(name):
    assert len(silence.LAYERS) == len(MAPS)
    for epoch in 3, 6, None:
        shapes = [layer.shape for layer in silence.peaks(name, epoch)]
        assert shapes == [(SEEDS, maps) for maps in MAPS]
    losses = silence.step_losses(name)
    assert losses.shape == (SEEDS, STEPS)
    _, runs = Records().finals(name)
    assert {run["lr"] for run in runs} == {silence.RATES[name]}
    for row, one in zip(losses, runs):
        assert row.max() == pytest.approx(one["peak_step_loss"], rel=1e-3)
        epochs = row.reshape(10, 430).mean(1)
        assert epochs == pytest.approx(np.array(one["train_loss"]), rel=0.01)


def test_the_shares_after_the_first_steps_are_the_records():
    shares = silence.after_first_steps()
    assert {case: len(values) for case, values in shares.items()} == {"no step": 10} | {
        case: len(seeds) for case, (_, _, seeds) in CASES.items()
    }
    assert shares["no step"].min() > 0.99
    runs = json.loads((RECORDS / "edition2" / "silence.json").read_bytes())["runs"]
    (seed_3,) = [r for r in runs if (r["case"], r["seed"]) == ("0.003", 3)]
    assert shares["0.003"][3] == seed_3["after"][1]


# ------------------------------------------------------------------- as figures


@pytest.fixture
def drawn(monkeypatch):
    """Each figure that is shown; all are closed at the end."""
    shown = []
    monkeypatch.setattr(inside, "show", shown.append)
    yield shown
    for drawing in shown:
        plt.close(drawing)


def test_as_many_squares_are_filled_as_the_title_counts(drawn):
    inside.draw_awake("alexnet-tutorial", "alexnet", accuracies=True)
    panels = drawn[0].axes
    assert len(panels) == 2 * SEEDS
    for axes in panels:
        colours = axes.images[0].to_rgba(axes.images[0].get_array()).reshape(-1, 4)
        filled = sum(same_color(colour, ALEXNET) for colour in colours)
        assert len(colours) == 256 and axes.get_title() == str(filled)
    low, high = (100 * f(Records().right("alexnet").mean(1)) for f in (min, max))
    assert f"{low:.1f} to\n{high:.1f} % right" in panels[SEEDS].get_ylabel()


def test_the_first_losses_are_drawn_one_by_one_and_none_is_lost(drawn):
    inside.draw_losses()
    (axes,) = drawn[0].axes
    thin = [line for line in axes.lines if len(line.get_xdata()) > 2]
    assert len(thin) == 2 * SEEDS
    losses = np.arange(1.0, STEPS + 1)  # a loss that says which step it is
    steps, means = inside.thinned(losses)
    assert steps[:20].tolist() == means[:20].tolist() == [*range(1, 21)]
    assert means == pytest.approx(steps) and steps[-1] > STEPS - 200


def test_a_confusion_matrix_shows_each_count_once(drawn):
    counts = np.arange(100).reshape(10, 10)
    inside.draw_confusion({"one": counts, "two": counts.T})
    for axes, table in zip(drawn[0].axes, (counts, counts.T)):
        found = {text.get_position(): int(text.get_text()) for text in axes.texts}
        assert len(found) == 99  # 0 is left blank
        assert all(table[label, answer] == n for (answer, label), n in found.items())
        assert f"{table.trace()} of {table.sum():,} right" in axes.get_title()


def test_the_first_steps_show_one_net_and_every_other_seed(drawn):
    inside.draw_first_steps({0.003: [1, 0.5, 0.1], 0.0003: [1, 1, 0.9]})
    left, right = drawn[0].axes
    assert [line.get_ydata().tolist() for line in left.lines] == [
        [100, 50, 10], [100, 100, 90]
    ]  # fmt: skip
    assert [len(line.get_ydata()) for line in right.lines] == [10, 3, 10]
