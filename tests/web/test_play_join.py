"""The live parts' modules become classic scripts that run and stay small."""

import gzip
import subprocess

import pytest

from web.build import environment_with_node
from web.join_scripts import (
    FOLDER,
    join_styles,
    joined,
    late_script,
    page_script,
    worker_script,
)

PARTS = (
    "claims",
    "garment",
    "race",
    "sides",
    "speed",
    "steps",
    "tracer",
    "window",
    "yournet",
)
PAGES = (
    "",
    "garment window",
    "steps tracer",
    "race sides",
    "speed",
    "garment",
    "claims",
)
MOST = 16 * 1024  # bytes, gzipped, that a page may load before a click
MOST_AFTER = 24 * 1024  # that "Your net" may load after it; the trace's reader apart
NODE = environment_with_node()


def node(script: str) -> str:
    """Run a script and return what it prints."""
    done = subprocess.run(
        ["node", "-"], input=script, env=NODE, capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def folder(tmp_path):
    """Three small modules; `page` starts what it is given."""
    (tmp_path / "page.js").write_text(
        "// Start.\nexport function start(parts) {\n"
        "  for (const name in parts) console.log(name, parts[name]());\n}\n",
        encoding="utf-8",
    )
    (tmp_path / "two.js").write_text(
        "export const two = 2;\nexport class Three {\n  value = 3;\n}\n",
        encoding="utf-8",
    )
    (tmp_path / "sum.js").write_text(
        'import { two as a, Three } from "./two.js";\n'
        "export function widget() {\n  return a + new Three().value;\n}\n",
        encoding="utf-8",
    )
    return tmp_path


def test_a_part_runs_with_all_that_it_imports(folder):
    assert node(page_script(["sum"], folder)) == "sum 5"


def test_what_no_part_needs_is_left_out(folder):
    (folder / "unused.js").write_text("export const unused = 1;\n", encoding="utf-8")
    assert "unused" not in page_script(["sum"], folder)


def test_an_export_that_no_part_needs_is_left_out(folder):
    (folder / "two.js").write_text(
        "export const two = 2;\nexport const four = 4;\nexport class Three {}\n",
        encoding="utf-8",
    )
    assert "return { two, Three };" in joined(["sum"], folder)
    assert "return { two, four, Three };" in joined(["two"], folder)


def test_a_name_of_one_module_is_unknown_to_the_others(folder):
    (folder / "sum.js").write_text(
        "export function widget() {\n  return typeof two;\n}\n", encoding="utf-8"
    )
    (folder / "page.js").write_text(
        'import { two } from "./two.js";\n' + (folder / "page.js").read_text("utf-8"),
        encoding="utf-8",
    )
    assert node(page_script(["sum"], folder)) == "sum undefined"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('import { a } from "./none.js";\n', "there is no module none.js"),
        ('import { widget } from "./sum.js";\n', "cycle"),
        ('import a from "./two.js";\n', "sum.js: this form cannot be joined: import a"),
        ("export default 3;\n", "sum.js: this form cannot be joined: export default"),
        ('export { two } from "./two.js";\n', "this form cannot be joined: export {"),
        ("const a = `${b ? `, ${c}` : ''}`;\n", "sum.js: this form cannot be joined"),
    ],
)
def test_what_cannot_be_joined_is_named(folder, text, message):
    (folder / "sum.js").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        joined(["sum"], folder)


@pytest.mark.parametrize(
    "parts",
    [*PARTS, *(f"exercise {parts}" for parts in PAGES)],
)
def test_a_pages_script_is_small_and_well_formed(parts, tmp_path):
    script = page_script(parts.split())
    assert len(gzip.compress(script.encode())) <= MOST
    (tmp_path / "page.cjs").write_text(script, encoding="utf-8")
    subprocess.run(["node", "--check", tmp_path / "page.cjs"], env=NODE, check=True)


def test_what_your_net_loads_after_a_click_is_small():
    texts = late_script("yournet_app"), worker_script("yournet_worker")
    assert sum(len(gzip.compress(text.encode())) for text in texts) <= MOST_AFTER


def test_every_part_has_a_widget_and_says_what_it_is():
    for path in FOLDER.glob("*.js"):
        assert path.read_text("utf-8").startswith("// "), path.name
    for part in PARTS:
        assert "export function widget(figure)" in (FOLDER / f"{part}.js").read_text(
            "utf-8"
        )


@pytest.mark.parametrize("name", ["worker", "yournet_worker"])
def test_a_worker_listens(name):
    script = "globalThis.self = {};\n" + worker_script(name)
    assert node(script + "\nconsole.log(typeof self.onmessage);") == "function"


def test_all_styles_are_there():
    style = join_styles()
    assert style.count("{") == style.count("}")
    assert all(path.read_text("utf-8") in style for path in FOLDER.glob("*.css"))
