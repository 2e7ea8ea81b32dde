"""The helper stays small, typed, explained, and its imports point one way."""

import ast
import builtins
import inspect
import io
import tokenize
import typing
from pathlib import Path

import pytest

import d2l_lite
from d2l_lite.lab.page import glue

PACKAGE = Path(d2l_lite.__file__).parent
MODULES = sorted(PACKAGE.glob("*.py"))
# Lines of code: without docstrings, comments and blank lines.
MOST_IN_THE_HELPER, MOST_IN_ALL, MOST_IN_A_MODULE = 920, 1340, 200
EVIDENCE = {"check", "evidence", "ladder", "ledger"}  # the helper does without


def documented(tree: ast.Module) -> list[ast.AST]:
    """The module, its classes and its functions."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef)
    return [node for node in ast.walk(tree) if isinstance(node, kinds)]


def lines_of_code(source: str) -> int:
    """Lines that hold something else than a comment or a docstring."""
    tree, docstrings, code = ast.parse(source), set(), set()
    for node in documented(tree):
        if ast.get_docstring(node):
            docstrings |= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    silent = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT}
    silent |= {tokenize.DEDENT, tokenize.ENDMARKER}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in silent:
            code |= set(range(token.start[0], token.end[0] + 1))
    return len(code - docstrings)


def test_lines_are_counted_as_said():
    assert lines_of_code('"""Doc."""\n\n# note\nx = 1\ny = (2,\n     3)\n') == 3


def test_the_package_is_small():
    lines = {path.stem: lines_of_code(path.read_text("utf-8")) for path in MODULES}
    assert max(lines.values()) < MOST_IN_A_MODULE
    assert sum(lines.values()) < MOST_IN_ALL
    helper = lines.keys() - EVIDENCE
    assert sum(lines[name] for name in helper) < MOST_IN_THE_HELPER


def test_there_are_at_most_twelve_public_names_and_all_exist():
    assert len(d2l_lite.__all__) <= 12
    assert all(hasattr(d2l_lite, name) for name in d2l_lite.__all__)


@pytest.mark.parametrize("name", d2l_lite.__all__)
def test_a_public_function_is_typed_and_explained(name):
    function = getattr(d2l_lite, name)
    hints = typing.get_type_hints(function)
    assert set(inspect.signature(function).parameters) | {"return"} == set(hints)
    assert len(inspect.getdoc(function)) > 40


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_everything_in_a_module_has_a_docstring(path):
    for node in documented(ast.parse(path.read_text("utf-8"))):
        name = getattr(node, "name", path.stem)
        if not name.startswith("__") or name == path.stem:
            assert ast.get_docstring(node), f"{name} has no docstring"


def test_glue_is_silent_without_the_sites_reader(monkeypatch):
    real = builtins.__import__

    def without_myst_nb(name, *args, **kwargs):
        if name == "myst_nb":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_myst_nb)
    assert glue("name", 1) is None
