"""The book's own instruments: the ladder, its evidence, claims and exercises."""

from d2l_lite.lab.exercises import check
from d2l_lite.lab.records import load_record

__all__ = ["check", "load_record"]
