"""The minutes that a chapter promises are counted: 200 words or 20 lines a minute."""

import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDED = {"hide-input", "hide-cell", "remove-input", "remove-cell"}
CHAPTERS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def minutes(path: Path) -> float:
    """Reading time: words of prose and lines of code that the page does not fold."""
    cells = nbformat.read(path, as_version=4).cells
    prose = [cell.source for cell in cells if cell.cell_type == "markdown"]
    code = [
        cell.source
        for cell in cells
        if cell.cell_type == "code" and not FOLDED & {*cell.metadata.get("tags", [])}
    ]
    words = sum(len(re.findall(r"\w+", text)) for text in prose)
    return words / 200 + sum(len(text.splitlines()) for text in code) / 20


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_the_stated_minutes_are_the_counted_ones(path):
    first = nbformat.read(path, as_version=4).cells[0].source
    stated = int(re.search(r"About (\d+) minutes", first).group(1))
    assert stated == pytest.approx(minutes(path), abs=1)
    intro = (ROOT / "book" / "intro.md").read_text("utf-8")
    on_the_map = re.search(rf"{path.name}\) \|[^|]*\| (\d+) \|", intro)
    assert on_the_map.group(1) == str(stated)
