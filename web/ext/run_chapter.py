"""How to run a chapter: a folded line under its title, and a cell in its download.

The helper is a wheel that lies at the site's root; web/build.py puts it there. The
first cell of a notebook that is downloaded says what to do where the helper is missing
or older than the site.
"""

import tomllib
from pathlib import Path

import nbformat
from docutils import nodes

from web.ext import template
from web.ext.languages import FOLDER, is_chinese

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
VERSION = PROJECT["version"]
WHEEL = f"d2l_lite-{VERSION}-py3-none-any.whl"
CHAPTERS = "notebooks/"
LINE = template("run_chapter.html")
CELL = """\
# The book's helper, d2l_lite {version}:
#   pip install {wheel}
from importlib.metadata import version

if tuple(map(int, version("d2l_lite").split("."))) < {numbers}:
    raise ImportError("this chapter needs d2l_lite {version}: pip install {wheel}")"""


def add_line(app, doctree):
    """Put the folded line behind the title of a chapter, and behind its subtitle."""
    name = app.env.docname
    title = doctree.next_node(nodes.title)
    if title is None or not name.startswith(CHAPTERS):
        return
    after = title.next_node(descend=False, siblings=True)
    if after is None or "subtitle" not in after.get("classes", []):
        after = title
    file = name.removeprefix(CHAPTERS) + ".ipynb"
    root = "../../" if is_chinese(app) else "../"
    html = LINE.render(
        python=PROJECT["requires-python"].removeprefix(">="),
        notebook=f"../_sources/{CHAPTERS}{file}",
        wheel=f"{root}{WHEEL}",
        name=WHEEL,
        file=file,
    )
    after.parent.insert(
        after.parent.index(after) + 1, nodes.raw("", html, format="html")
    )


def add_cells(app, error):
    """Put the first cell into each notebook that a reader can download."""
    if error is not None or app.builder.format != "html":
        return
    wheel = f"{app.config.html_baseurl.removesuffix(FOLDER)}{WHEEL}"
    numbers = tuple(map(int, VERSION.split(".")))
    source = CELL.format(version=VERSION, wheel=wheel, numbers=numbers)
    for path in sorted((app.outdir / "_sources" / CHAPTERS).glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        notebook.cells.insert(0, nbformat.v4.new_code_cell(source, id="helper"))
        nbformat.write(notebook, path)


def setup(app):
    """Connect the steps above to the build."""
    app.connect("doctree-read", add_line, priority=600)  # behind the subtitle's mark
    app.connect("build-finished", add_cells)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
