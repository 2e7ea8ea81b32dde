"""The book's own instruments: the ladder, its evidence, claims and exercises."""

from d2l_lite.lab.figures.nets import draw_nets
from d2l_lite.lab.problems import ask, check
from d2l_lite.lab.records import load_record

__all__ = ["ask", "check", "draw_nets", "load_record"]
