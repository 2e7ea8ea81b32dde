"""The site that Sphinx alone builds has the text of the one by Jupyter Book."""

import os
import subprocess

import pytest
from bs4 import BeautifulSoup

from web.build import ROOT

PYTHON = ROOT / ".venv-plain" / "bin" / "python"


def text(page):
    """Return a chapter's text without blanks: two versions of KaTeX break others."""
    return ["".join(part.get_text().split()) for part in page.select("article")]


@pytest.mark.nightly
def test_both_ways_to_build_give_the_same_text(soups, tmp_path):
    assert PYTHON.exists(), "make .venv-plain/done"
    done = subprocess.run(
        [PYTHON, ROOT / "web" / "plain_sphinx.py", tmp_path],
        capture_output=True, encoding="utf-8", env={**os.environ, "PYTHONUTF8": "1"},
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    site = tmp_path / "_build" / "html"
    paths = {p.relative_to(site).as_posix(): p for p in site.rglob("*.html")}
    paths = {n: p for n, p in paths.items() if not n.startswith("_static/")}
    assert paths.keys() == soups.keys()
    for name, path in paths.items():
        page = BeautifulSoup(path.read_text("utf-8"), "html.parser")
        assert text(page) == text(soups[name]), name


def test_jupyter_book_is_only_called_by_its_command_line():
    words = "import jupyter_book", "from jupyter_book"
    users = {
        path.relative_to(ROOT).as_posix()
        for folder in ("d2l_lite", "experiments", "web", "tests")
        for path in (ROOT / folder).rglob("*.py")
        if any(word in path.read_text("utf-8") for word in words)
    }
    assert users == {"web/build.py", "tests/web/test_site_plain.py"}
