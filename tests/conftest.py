"""What tests of several areas share."""

import matplotlib.pyplot as plt
import pytest


@pytest.fixture
def shown(monkeypatch):
    """The figures that were shown, drawn as a notebook would draw them."""
    plt.switch_backend("Agg")
    plt.close("all")
    figures = []

    def show(*_, **__):
        for number in plt.get_fignums():
            figures.append(plt.figure(number))
            figures[-1].canvas.draw()

    monkeypatch.setattr(plt, "show", show)
    yield figures
    assert plt.get_fignums() == [], "a figure was left open"
    assert len(figures) <= 1, "a figure was shown twice"
