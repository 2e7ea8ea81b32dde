"""What the pages of the book must keep to; each check returns its complaints.

test_notebooks.py applies them to every notebook and every page. The cells' code is
ruff's (notebooks/ruff.toml), stored outputs are those of execute.clean.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from nbformat import NotebookNode

KNOWN_TAGS = {
    "data", "train", "raises-exception", "torch-message",
    "hide-input", "hide-output", "hide-cell",
    "remove-input", "remove-output", "remove-cell",
}  # fmt: skip
FORBIDDEN_COMMENT = re.compile(r"#\s*(NBVAL|PYTEST_VALIDATE)_\w+")
ABSOLUTE_PATH = re.compile(r"(?<![\w.:/])/(home|root|tmp|work)/|\b[A-Z]:\\[A-Z]")
PRINTING = {"print", "display", "check"}
LONG_CELL = 12  # lines; nine cells in ten keep to it
SHORTEST_ALT = 30  # characters

# ------------------------------------------------------------------ notebooks


def code_cells(notebook: NotebookNode) -> Iterator[tuple[str, NotebookNode]]:
    """Yield the name, as nbval gives it, and the cell, for every code cell."""
    cells = (cell for cell in notebook.cells if cell.cell_type == "code")
    for number, cell in enumerate(cells):
        yield f"code cell {number}", cell


def tags_of(cell: NotebookNode) -> set[str]:
    """Return the tags of a cell."""
    return set(cell.metadata.get("tags", []))


def has_error(cell: NotebookNode) -> bool:
    """Whether a traceback is stored in the cell."""
    return any(output.output_type == "error" for output in cell.outputs)


def check_execution(notebook: NotebookNode) -> list[str]:
    """Complain when the cells were not run once, in order, and stored."""
    complaints = []
    for number, (name, cell) in enumerate(code_cells(notebook), start=1):
        if cell.execution_count != number:
            complaints.append(f"{name}: execution count is {cell.execution_count}")
        if prints(cell.source) and not cell.outputs:
            complaints.append(f"{name}: it prints, but no output is stored")
    return complaints


def prints(source: str) -> bool:
    """Whether a cell calls print, display or check itself, not in a function."""
    python = re.sub(r"^\s*[%!].*$", "", source, flags=re.M)  # without magics
    waiting: list[ast.AST] = [ast.parse(python)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Lambda):
            continue
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in PRINTING:
            return True
        waiting += ast.iter_child_nodes(node)
    return False


def check_tags(notebook: NotebookNode) -> list[str]:
    """Complain about unknown tags, and about all that switches nbval off."""
    complaints = []
    for name, cell in code_cells(notebook):
        tags = tags_of(cell)
        for tag in sorted(tags - KNOWN_TAGS):
            complaints.append(f"{name}: unknown tag {tag!r}")
        if {"data", "train"} <= tags:
            complaints.append(f"{name}: both data and train; which rule holds?")
        if "raises-exception" in tags and not has_error(cell):
            complaints.append(f"{name}: raises-exception, but no error is stored")
        if "torch-message" in tags and "raises-exception" not in tags:
            complaints.append(f"{name}: torch-message, but not raises-exception")
        if FORBIDDEN_COMMENT.search(cell.source):
            complaints.append(f"{name}: a comment switches nbval off")
    return complaints


def check_alt_texts(notebook: NotebookNode) -> list[str]:
    """Complain when a figure has no description for who cannot see it."""
    complaints = []
    for name, cell in code_cells(notebook):
        image = cell.metadata.get("mystnb", {}).get("image", {})
        has_figure = any("image/png" in o.get("data", {}) for o in cell.outputs)
        if has_figure and len(image.get("alt", "")) < SHORTEST_ALT:
            complaints.append(
                f"{name}: metadata mystnb.image.alt needs {SHORTEST_ALT} characters"
            )
    return complaints


def check_paths(notebook: NotebookNode) -> list[str]:
    """Complain about folders of somebody's machine."""
    complaints = []
    for number, cell in enumerate(notebook.cells):
        texts = [cell.source]
        for output in cell.get("outputs", []):
            texts += [output.get("text", ""), *output.get("traceback", [])]
            texts += [str(text) for mime, text in output.get("data", {}).items()
                      if not mime.startswith("image/")]  # fmt: skip
        for text in texts:
            if found := ABSOLUTE_PATH.search(text):
                complaints.append(f"cell {number}: absolute path {found[0]!r}")
    return complaints


def check_semicolons(notebook: NotebookNode) -> list[str]:
    """Complain when a semicolon is to hide a value: under nbval it does not."""
    complaints = []
    for name, cell in code_cells(notebook):
        if re.search(r";\s*(#.*)?$", cell.source):
            complaints.append(f"{name}: ends with ';'; assign the value to _ instead")
    return complaints


def check_code_size(notebook: NotebookNode) -> list[str]:
    """Complain about more than one long cell in ten."""
    lines = {name: len(cell.source.splitlines()) for name, cell in code_cells(notebook)}
    long_cells = [f"{name} ({n} lines)" for name, n in lines.items() if n > LONG_CELL]
    if len(long_cells) <= len(lines) / 10:
        return []
    return [
        f"{len(long_cells)} of {len(lines)} code cells have more than {LONG_CELL} "
        f"lines: {', '.join(long_cells)}"
    ]


def check_form(notebook: NotebookNode) -> list[str]:
    """Complain when a chapter lacks a part that every chapter has."""
    first = notebook.cells[0].source if notebook.cells else ""
    lines = [line.strip() for line in first.splitlines() if line.strip()]
    pages = [cell for cell in notebook.cells if cell.cell_type == "markdown"]
    hidden = {"remove-cell", "hide-cell"}
    visible = [cell.source for cell in pages if not tags_of(cell) & hidden]
    last = visible[-1] if visible else ""
    required = {
        "the first cell begins with '# Title'": first.startswith("# "),
        "the question stands below it, in italics or bold": len(lines) > 1
        and re.fullmatch(r"([*_]).*\1", lines[1]),
        "the first cell says 'You can then'": "You can then" in first
        or "You will" in first,
        "the first cell has a line with the minutes and the device": any(
            re.search(r"\d+ min", line) and re.search("CPU|GPU|[Dd]evice", line)
            for line in lines
        ),
        "some cell says 'Predict'": any("Predict" in cell.source for cell in pages),
        "the last visible page cell says 'Take-away'": "Take-away" in last,
        "the last visible page cell says 'What stays open'": "What stays open" in last,
    }
    return [f"missing: {part}" for part, is_there in required.items() if not is_there]


# ---------------------------------------------------------------------- prose

FENCED = re.compile(r"^[ ]*(`{3,}|~{3,})(.*?)\n(.*?)^[ ]*\1[ ]*$", re.M | re.S)
# Written by a tool, from records, and held to them by a test of its own.
GENERATED = re.compile(r"<!-- (\w+) -->.*?<!-- /\1 -->", re.S)
COMMENT = re.compile(r"<!--.*?-->", re.S)
GLUE = re.compile(r"\{glue[^}]*\}`[^`]*`|`<[^`]*>`")  # and HTML, as code
ADDRESS = re.compile(r"\]\([^)]*\)|https?://\S+")
CITATION = re.compile(r"references\.md|\{cite")
VERSION = re.compile(r"\b(Python|PyTorch|torch|Jupyter Book|nbval)\b[ >=<]*\d+(\.\d+)+")
DECIMAL = r"\d+\.\d+"
MEASURED = re.compile(
    rf"(?<![\w.])({DECIMAL}|\d+(?=[ ]?%| percent| per cent))(?!\d|\.\d)"
)


def split_markdown(text: str) -> tuple[str, str]:
    """Return a page's prose, and the code in its fenced blocks.

    A fenced block with a directive, such as ```{note}, is prose; a
    ```{code-cell} is code.
    """
    code: list[str] = []

    def sort_block(block: re.Match) -> str:
        is_prose = re.match(r"\s*\{(?!code)", block[2])
        if not is_prose:
            code.append(block[3])
        return block[3] if is_prose else ""

    prose = FENCED.sub(sort_block, COMMENT.sub("", GENERATED.sub("", text)))
    return prose, "\n".join(code)


def split_notebook(notebook: NotebookNode) -> tuple[str, str]:
    """Return a notebook's prose, and the code of its cells and fenced blocks."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "markdown"]
    prose, code = split_markdown("\n\n".join(cell.source for cell in cells))
    return prose, "\n".join([code, *(cell.source for _, cell in code_cells(notebook))])


def check_typed_numbers(prose: str, code: str, versions: bool = False) -> list[str]:
    """Complain about decimals and percentages that somebody typed into prose.

    Allowed are settings (the number stands in the page's code, a percentage
    also as a fraction), figures of a cited source, and, where `versions` is
    true, versions such as "Python 3.11".
    """
    settings = {float(number) for number in re.findall(rf"{DECIMAL}|\d+", code)}
    complaints = []
    for paragraph in re.split(r"\n\s*\n", prose):
        if CITATION.search(paragraph):
            continue
        text = ADDRESS.sub("]", GLUE.sub("", paragraph))
        text = VERSION.sub("", text) if versions else text
        for match in MEASURED.finditer(text):
            is_percentage = re.match(r" ?%| per", text[match.end() :])
            values = {float(match[1])}
            if is_percentage:
                values.add(float(match[1]) / 100)
            if not values & settings:
                line = text[text.rfind("\n", 0, match.start()) + 1 :].split("\n")[0]
                complaints.append(f"typed number {match[1]} in: {line.strip()}")
    return complaints


def sentence_lengths(prose: str) -> list[int]:
    """Return the words in each sentence; titles, tables and code are left out."""
    lengths = []
    for paragraph in re.split(r"\n\s*\n|\n(?=\s*(?:[-*]|\d+\.)\s)", prose):
        paragraph = ADDRESS.sub("]", paragraph).strip()
        if paragraph.startswith(("#", "|", "$$", ":::", "![")):
            continue
        for sentence in re.split(r"(?<=[.!?:;])[*_\"')]*\s+", paragraph):
            if count := len(re.findall(r"[^\W_][\w'’-]*", sentence)):
                lengths.append(count)
    return lengths
