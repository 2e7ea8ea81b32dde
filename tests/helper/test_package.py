"""The helper is as small as the README says, and its public names exist."""

import ast
import builtins
import io
import re
import tokenize
from pathlib import Path

import d2l_lite
from d2l_lite.lab.page import glue

PACKAGE = Path(d2l_lite.__file__).parent
README = PACKAGE.parent / "README.md"
SILENT = {
    tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE,
    tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER,
}  # fmt: skip


def lines_of_code(source: str) -> int:
    """Lines that hold something else than a comment or a docstring."""
    docstrings, code = set(), set()
    for node in ast.walk(ast.parse(source)):
        kinds = ast.Module | ast.ClassDef | ast.FunctionDef
        if isinstance(node, kinds) and ast.get_docstring(node):
            docstrings |= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in SILENT:
            code |= set(range(token.start[0], token.end[0] + 1))
    return len(code - docstrings)


def test_lines_are_counted_as_said():
    assert lines_of_code('"""Doc."""\n\n# note\nx = 1\ny = (2,\n     3)\n') == 3


def test_the_readme_says_how_many_lines_of_code_the_helper_is():
    said = re.search(r"(\d+) lines of code", README.read_text("utf-8"))
    files = PACKAGE.glob("*.py")
    assert int(said[1]) == sum(lines_of_code(p.read_text("utf-8")) for p in files)


def test_there_are_at_most_twelve_public_names_and_all_exist():
    assert len(d2l_lite.__all__) <= 12
    assert all(hasattr(d2l_lite, name) for name in d2l_lite.__all__)


def test_glue_is_silent_without_the_sites_reader(monkeypatch):
    real = builtins.__import__

    def without_myst_nb(name, *args, **kwargs):
        if name == "myst_nb":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_myst_nb)
    assert glue("name", 1) is None
