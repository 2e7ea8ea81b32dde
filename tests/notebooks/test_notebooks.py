"""The stored notebooks and the pages keep to the book's form.

No cell is run here: that is `pytest --nbval notebooks`. The second half shows
each check failing on a planted fault.
"""

import copy
import re
import subprocess
import sys
import warnings
from pathlib import Path
from statistics import mean

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tests.notebooks import execute, lint

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PAGES = [ROOT / "README.md", *sorted((ROOT / "book").glob("*.md"))]
PAGES = [page for page in PAGES if page.exists() and page.name != "references.md"]
CHECKS = [
    lint.check_execution,
    lint.check_tags,
    lint.check_alt_texts,
    lint.check_paths,
    lint.check_semicolons,
    lint.check_code_size,
    lint.check_form,
]
MADE = {"date", "device", "precision", "torch", "python", "data"}
AIM, LIMIT = 14, 18  # words in a chapter's mean sentence


def name_of(value) -> str:
    """Name a parameter in pytest's report."""
    return value.stem if isinstance(value, Path) else value.__name__


def report(complaints: list[str]) -> None:
    """Fail with one complaint a line."""
    if complaints:
        pytest.fail("\n".join(complaints), pytrace=False)


def read(path: Path) -> nbformat.NotebookNode:
    """Read a notebook; complain if it is not valid."""
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    return notebook


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
@pytest.mark.parametrize("check", CHECKS, ids=name_of)
def test_notebook(path, check):
    report(check(read(path)))


def is_as_stored(notebook: nbformat.NotebookNode) -> bool:
    """Whether execute.py may have stored it: on the whole data, and cleaned."""
    cleaned = copy.deepcopy(notebook)
    execute.clean(cleaned)
    made = notebook.metadata.get("made", {})
    return cleaned == notebook and made.get("data") == execute.WHOLE and {*made} >= MADE


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_a_notebook_is_as_execute_stores_it(path):
    assert is_as_stored(read(path))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_no_result_is_typed_into_a_notebook(path):
    report(lint.check_typed_numbers(*lint.split_notebook(read(path))))


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_no_result_is_typed_into_a_page(path):
    prose, code = lint.split_markdown(path.read_text("utf-8"))
    versions = path.name == "README.md"
    report(lint.check_typed_numbers(prose, code, versions))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_sentences_are_short(path):
    length = mean(lint.sentence_lengths(lint.split_notebook(read(path))[0]))
    assert length <= LIMIT
    if length > AIM:
        warnings.warn(f"{path.stem}: {length:.1f} words a sentence", stacklevel=1)


def unknown_quotes(notebook: nbformat.NotebookNode) -> list[str]:
    """Return what the tables quote as a message, but no cell raises.

    A quotation is code in a first column; of a GPU's messages, none is raised.
    """
    raised = [
        output.get("evalue") or output.get("text", "")
        for _, cell in lint.code_cells(notebook)
        for output in cell.outputs
    ]
    pages = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    rows = re.findall(r"^\| (.*?)(?:; on a GPU.*?)? \|", "\n".join(pages), re.M)
    quotes = [quote for row in rows for quote in re.findall("`(.+?)`", row)]
    assert quotes
    return [q for q in quotes if not any(q in message for message in raised)]


def test_the_table_of_errors_quotes_real_messages():
    notebook = read(ROOT / "notebooks" / "09_errors.ipynb")
    assert unknown_quotes(notebook) == []
    page = next(c for c in notebook.cells if "| the message" in c.source)
    page.source = page.source.replace("Target 10", "Label 10")
    assert unknown_quotes(notebook) == ["Label 10 is out of bounds"]


# ------------------------------------------------------------ the checks fail

OPENING = """# Speed

*Where does the time go?*

You will time a step. 16 minutes, on a CPU or a GPU.
"""
CLOSING = "**Take-away.** Measure first.\n\n**What stays open.** Other devices."
ALT = "A bar for each of three batch sizes, growing to the right."


def good_notebook() -> nbformat.NotebookNode:
    """Return a small notebook that passes every check."""
    figure = new_output(
        "display_data", data={"image/png": "iVBORw0KGgo=", "text/plain": "<Figure>"}
    )
    printed = new_output("stream", name="stdout", text="0.01\n")
    error = new_output("error", ename="ValueError", evalue="no", traceback=["no"])
    cells = [
        new_markdown_cell(OPENING),
        new_code_cell("lr = 0.01\nprint(lr)", execution_count=1, outputs=[printed]),
        new_markdown_cell("Predict the bars at lr 0.01."),
        new_code_cell("plot()", execution_count=2, outputs=[figure],
                      metadata={"mystnb": {"image": {"alt": ALT}}}),
        new_code_cell("fail()", execution_count=3, outputs=[error],
                      metadata={"tags": ["raises-exception"]}),
        new_markdown_cell(CLOSING),
    ]  # fmt: skip
    metadata = {
        "kernelspec": dict(execute.KERNEL),
        "made": dict.fromkeys(MADE, "known") | {"data": execute.WHOLE},
    }  # fmt: skip
    return new_notebook(cells=cells, metadata=metadata)


@pytest.mark.parametrize("check", CHECKS, ids=name_of)
def test_good_notebook_passes(check):
    assert check(good_notebook()) == []
    assert is_as_stored(good_notebook())


def printed(text: str) -> list:
    """Return a stored text."""
    return [new_output("stream", name="stdout", text=text)]


# What is wrong: the check, the cell, the key in it, and its faulty value.
FAULTS = [
    (lint.check_execution, 1, "execution_count", None),
    (lint.check_execution, 3, "execution_count", 7),
    (lint.check_execution, 1, "outputs", []),
    (lint.check_tags, 1, "metadata", {"tags": ["nbval-skip"]}),
    (lint.check_tags, 1, "metadata", {"tags": ["nbval-ignore-output"]}),
    (lint.check_tags, 1, "metadata", {"tags": ["raises-exception"]}),
    (lint.check_tags, 1, "metadata", {"tags": ["torch-message"]}),
    (lint.check_tags, 1, "metadata", {"tags": ["data", "train"]}),
    (lint.check_tags, 1, "source", "# NBVAL_IGNORE_OUTPUT\nprint(1)"),
    (lint.check_alt_texts, 3, "metadata", {}),
    (lint.check_alt_texts, 3, "metadata", {"mystnb": {"image": {"alt": "plot"}}}),
    (lint.check_paths, 1, "source", "open('/home/me/data')"),
    (lint.check_paths, 1, "outputs", printed("read /tmp/data")),
    (lint.check_paths, 1, "outputs", printed("read C:\\Users\\me")),
    (lint.check_semicolons, 3, "source", "plot();"),
    (lint.check_semicolons, 3, "source", "plot();  # the curve"),
    (lint.check_code_size, 1, "source", "x = 1\n" * 13),
    (lint.check_form, 0, "source", OPENING.replace("# Speed", "Speed")),
    (lint.check_form, 0, "source", OPENING.replace("*", "")),
    (lint.check_form, 0, "source", OPENING.replace("You will", "We")),
    (lint.check_form, 0, "source", OPENING.replace("16 minutes, on", "On")),
    (lint.check_form, 0, "source", OPENING.replace(", on a CPU or a GPU", "")),
    (lint.check_form, 2, "source", "Guess the bars."),
    (lint.check_form, 5, "source", CLOSING.replace("Take-away", "End")),
    (lint.check_form, 5, "source", CLOSING.replace("What stays open", "Rest")),
]  # fmt: skip


@pytest.mark.parametrize("check, cell, key, value", FAULTS)
def test_fault_is_found(check, cell, key, value):
    notebook = good_notebook()
    notebook.cells[cell][key] = nbformat.from_dict(copy.deepcopy(value))
    assert len(check(notebook)) == 1


UNCLEAN = {
    "stderr": lambda nb: nb.cells[1].outputs.append(
        new_output("stream", name="stderr", text="careful")
    ),
    "drawing": lambda nb: (
        nb.cells[3].outputs[0].data.update({"image/svg+xml": "<svg/>"})
    ),
    "widget": lambda nb: (
        nb.cells[3]
        .outputs[0]
        .data.update({"application/vnd.jupyter.widget-view+json": {}})
    ),
    "widgets": lambda nb: nb.metadata.update(widgets={}),
    "times": lambda nb: nb.cells[1].metadata.update(execution={}),
    "folder": lambda nb: nb.cells[4].outputs[0].traceback.append(f"{ROOT}/d2l_lite"),
    "kernel": lambda nb: nb.metadata.kernelspec.update(name="my-venv"),
    "sample": lambda nb: nb.metadata.made.update(data="2000/500"),
    "unmade": lambda nb: nb.metadata.made.pop("torch"),
}


@pytest.mark.parametrize("fault", UNCLEAN)
def test_what_execute_would_not_store_is_found(fault):
    notebook = good_notebook()
    UNCLEAN[fault](notebook)
    assert not is_as_stored(notebook)


def test_a_print_inside_a_function_needs_no_output():
    assert not lint.prints("def f():\n    print(1)")
    assert lint.prints("for n in range(3):\n    print(n)")


@pytest.mark.parametrize(
    "prose",
    ["It reaches 0.889.", "It gains 12 %.", "It gains 12% on LeNet.",
     "About 3.5 times.", "It is 3.5x faster.", "Some 12 percent.",
     "| LeNet | 0.889 |", "```{note}\nIt reaches 0.889.\n```"],
)  # fmt: skip
def test_typed_result_is_found(prose):
    assert len(lint.check_typed_numbers(*lint.split_markdown(prose))) == 1


@pytest.mark.parametrize(
    "prose",
    ["The rate is 0.01.\n\n```python\nlr = 0.01\n```", "In code:\n\n```\n0.889\n```",
     "Half, 50 %, are dropped.\n\n```python\nDropout(p=0.5)\n```",
     "It reaches {glue:text}`results.ipynb::acc:.3f`.",
     "The paper has 15.3 % [Krizhevsky](references.md).",
     "The paper has 15.3 % {cite}`krizhevsky2012`.",
     "See [the paper](https://arxiv.org/abs/1708.07747).", "Figure 3 has 10 classes.",
     "<!-- results -->\n| LeNet | 0.889 |\n<!-- /results -->"],
)  # fmt: skip
def test_setting_citation_and_glue_pass(prose):
    assert lint.check_typed_numbers(*lint.split_markdown(prose)) == []


def test_versions_pass_only_where_allowed():
    assert lint.check_typed_numbers("Needs Python 3.11.", "", versions=True) == []
    assert len(lint.check_typed_numbers("Needs Python 3.11.", "")) == 1


def test_numbers_in_code_cells_are_settings():
    notebook = good_notebook()
    assert lint.check_typed_numbers(*lint.split_notebook(notebook)) == []
    notebook.cells[1].source = "lr = 0.02\nprint(lr)"
    assert len(lint.check_typed_numbers(*lint.split_notebook(notebook))) == 1


def test_sentence_lengths():
    prose = "# A title\n\nOne two three. Four five!\n\n| a | b |\n\n- six\n- seven"
    assert lint.sentence_lengths(prose) == [3, 2, 1, 1]


def test_kernels_see_no_settings_of_the_users_and_leave_no_history():
    code = "from IPython.paths import get_ipython_dir as f; print(f())"
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert "d2l-lite-kernels-" in answer.stdout
