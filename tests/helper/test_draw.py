"""Figures show what they are given, and leave no figure open."""

from statistics import median

import pytest
import torch
from matplotlib.colors import to_hex
from torch import nn

from d2l_lite import plot_runs, show_images
from d2l_lite.colours import LENET
from d2l_lite.data import CLASSES
from d2l_lite.runs import Run


def make_run(epochs, shift=0.0):
    rise = [0.5 + 0.1 * i / epochs + shift for i in range(epochs)]
    fall = [1 - value for value in rise]
    return Run({}, {}, fall, rise, [2 * v for v in fall], [v / 2 for v in rise])


def curves(axes):
    """The curves of a panel: label -> points."""
    return {
        line.get_label(): [tuple(point) for point in line.get_xydata().tolist()]
        for line in axes.get_lines()
    }


def by_epoch(values):
    return [(float(epoch), value) for epoch, value in enumerate(values, start=1)]


# -------------------------------------------------------------------------- runs


@pytest.mark.parametrize("epochs", [1, 2, 10])
def test_a_run_is_four_curves_by_epoch(shown, epochs):
    run = make_run(epochs)
    assert plot_runs(run) is None
    left, right = shown[0].axes
    assert curves(left) == {
        "train": by_epoch(run.train_loss),
        "test": by_epoch(run.test_loss),
    }
    assert curves(right) == {
        "train": by_epoch(run.train_acc),
        "test": by_epoch(run.test_acc),
    }
    assert [axes.get_xlabel() for axes in (left, right)] == ["epoch", "epoch"]
    assert [axes.get_ylabel() for axes in (left, right)] == ["loss", "accuracy"]
    assert left.get_ylim()[0] == 0
    accuracies = [*run.train_acc, *run.test_acc]
    low, high = right.get_ylim()  # no empty space around the curves
    assert high - low < 1.2 * (max(accuracies) - min(accuracies)) or epochs == 1


@pytest.mark.parametrize("epochs", [1, 2, 10])
def test_epochs_are_marked_by_whole_numbers(shown, epochs):
    plot_runs(make_run(epochs))
    for axes in shown[0].axes:
        low, high = axes.get_xlim()
        ticks = [tick for tick in axes.get_xticks() if low <= tick <= high]
        assert ticks
        assert all(tick == int(tick) for tick in ticks)


def test_a_list_is_the_median_of_its_runs_with_each_run_behind_it(shown):
    runs = [make_run(3, shift) for shift in (0.3, 0.0, 0.1)]
    plot_runs(runs, names=["TryNet"])
    for axes, what in zip(shown[0].axes, ("loss", "acc")):
        for part in ("train", "test"):
            values = [getattr(run, f"{part}_{what}") for run in runs]
            middle = by_epoch([median(column) for column in zip(*values)])
            assert curves(axes)[f"TryNet, {part}"] == middle
            every = [line.get_xydata().tolist() for line in axes.get_lines()]
            for curve in values:
                assert [list(point) for point in by_epoch(curve)] in every
        assert len(axes.get_lines()) == 2 * (1 + len(runs))
        assert len(axes.get_legend().get_texts()) == 2


def test_a_list_of_one_run_has_no_curves_behind(shown):
    plot_runs([make_run(3)])
    assert [len(axes.get_lines()) for axes in shown[0].axes] == [2, 2]


@pytest.mark.parametrize("n", [2, 3])
def test_any_number_of_runs_goes_into_one_figure(shown, n):
    plot_runs(*[make_run(2, 0.1 * i) for i in range(n)])
    assert [len(axes.get_lines()) for axes in shown[0].axes] == [2 * n] * 2


def test_two_lists_are_told_apart_by_name_and_colour(shown):
    lists = [make_run(3, 0.1), make_run(3)], [make_run(3)]
    assert plot_runs(*lists, names=["Linear", "LeNet"]) is None
    for axes in shown[0].axes:
        labels = [text.get_text() for text in axes.get_legend().get_texts()]
        assert labels == [
            "Linear, train", "Linear, test", "LeNet, train", "LeNet, test",
        ]  # fmt: skip
        looks = {
            (to_hex(line.get_color()), line.get_linestyle()) for line in axes.lines
        }
        assert len(looks) == 4
        assert LENET in {colour for colour, _ in looks}


# ------------------------------------------------------------------------ images


def images_of(axes):
    return [image for ax in axes for image in ax.get_images()]


@pytest.mark.parametrize(("n", "rows"), [(1, 1), (5, 1), (6, 2), (23, 5)])
def test_each_image_is_shown_once_five_a_row(shown, n, rows):
    X = torch.rand(n, 1, 5, 7)
    assert show_images(X) is None
    axes = shown[0].axes
    images = images_of(axes)
    assert len(images) == n
    for image, x in zip(images, X):
        assert image.get_array().tolist() == x[0].tolist()
    assert axes[0].get_gridspec().nrows == rows
    assert {ax.get_title() for ax in axes} == {""}
    assert not any(ax.axison for ax in axes)


def test_bytes_are_shown_as_well_as_numbers(shown):
    show_images(torch.arange(98, dtype=torch.uint8).reshape(2, 1, 7, 7))
    assert images_of(shown[0].axes)[1].get_array()[6, 6] == 97


def test_labels_are_named(shown):
    show_images(torch.rand(10, 1, 28, 28), torch.arange(10))
    assert [axes.get_title() for axes in shown[0].axes] == list(CLASSES)
    assert len({axes.title.get_color() for axes in shown[0].axes}) == 1


def test_a_wrong_answer_stands_out_with_both_names(shown):
    X, y = torch.rand(3, 1, 28, 28), torch.tensor([1, 2, 3])
    show_images(X, y, torch.tensor([1, 6, 3]))
    right, wrong, also_right = (axes.title for axes in shown[0].axes[:3])
    assert (right.get_text(), also_right.get_text()) == ("trouser", "dress")
    assert wrong.get_text().splitlines() == ["said shirt", "is pullover"]
    assert right.get_color() == also_right.get_color() != wrong.get_color()


def test_rows_of_784_numbers_are_shown_as_squares(shown):
    weights = nn.Linear(784, 10).weight.detach()
    show_images(weights, torch.arange(10))
    images = images_of(shown[0].axes)
    assert [image.get_array().shape for image in images] == [(28, 28)] * 10
    assert images[9].get_array().flatten().tolist() == weights[9].tolist()


# ------------------------------------------------------------------------- style


def test_figures_stand_on_an_opaque_light_card(shown):
    plot_runs(make_run(2))
    red, green, blue, alpha = shown[0].get_facecolor()
    assert min(red, green, blue) > 0.9
    assert alpha == 1
