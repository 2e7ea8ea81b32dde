"""Update the catalogues of the Chinese edition: `make catalogues`.

Each page has one in locale/zh_CN/LC_MESSAGES, each file of words of the live figures
another, below figures/; sphinx.po holds what templates, extensions and settings say.
A message that is new, or whose English has changed, waits there to be translated.
Whoever reads no Chinese leaves `[[en]]`: the page then shows the English, with a note.
`--stubs` leaves it wherever a translation is missing.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import write_po

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT))

from web import translate  # noqa: E402
from web.build import JUPYTER_BOOK, environment_with_node  # noqa: E402
from web.chinese import (  # noqa: E402
    CATALOGUES,
    COMPUTED,
    LANGUAGE,
    NO_PAGE,
    PAPER,
    SETTINGS,
    STUB,
    THEME,
    included,
    read,
)  # fmt: skip

OF_A_CELL = ["shown by a cell; {1}, {2} and so on are its numbers"]


def extract(folder):
    """Return the catalogue of each domain, all of them untranslated."""
    command = [sys.executable, "-c", JUPYTER_BOOK, "build", str(ROOT)]
    command += ["--path-output", str(folder), "--builder", "custom"]
    command += ["--custom-builder", "gettext", "-q"]
    subprocess.run(command, env=environment_with_node(), check=True)
    found = folder / "_build" / "gettext"
    domains = {
        path.relative_to(found).with_suffix("").as_posix(): read(path)
        for path in sorted(found.rglob("*.pot"))
    }
    for domain, template in domains.items():
        domains[domain] = messages(domain, template)
    add_interface(domains["sphinx"])
    for path in sorted((ROOT / "web" / "play").glob("*words*.js")):
        words = domains[f"figures/{path.stem}"] = Catalog()
        translate.script(path.read_text("utf-8"), adder(words))
    return {domain: template for domain, template in domains.items() if len(template)}


def adder(catalogue, comments=()):
    """Return a `translate` that only collects the messages."""

    def add(message):
        if message not in catalogue:
            catalogue.add(message, auto_comments=comments)
        return message

    return add


def messages(page, template):
    """Return a page's messages: those that Sphinx found, and what else it says."""
    found, notebook, text = Catalog(), ROOT / f"{page}.ipynb", ROOT / f"{page}.md"
    prose = [m.id for m in template if m.id and translate.has_words(m.id)]
    if page in COMPUTED:
        rows = re.findall(r"^\|.*", text.read_text("utf-8"), re.M)
        cells = {cell.strip() for row in rows for cell in row.split("|")}
        prose = [message for message in prose if message not in cells]
        translate.table("\n".join(rows), adder(found))
    for message in prose:
        found.add(message)
    if notebook.exists():
        cells = json.loads(notebook.read_text("utf-8"))["cells"]
        translate.outputs(cells, adder(found, OF_A_CELL))
    elif text.exists():
        markdown, add = text.read_text("utf-8"), adder(found)
        translate.html_lines(markdown, add)
        for name in included(markdown):
            add_html(text.parent / name, found)
        if (sources := text.with_suffix(".bib")).exists():
            translate.bibliography(sources.read_text("utf-8"), add)
    return found


def add_html(path, catalogue):
    """Add what one of our HTML files says."""
    translate.html(path.read_text("utf-8"), adder(catalogue))


def add_interface(catalogue):
    """Add what extensions, settings, the theme, paper and the page for no page say."""
    add = adder(catalogue)
    for path in sorted((ROOT / "web" / "ext").glob("*.py")):
        for _, message, _, _ in extract_from_file("python", path):
            add(message)
    book = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
    config = book["sphinx"]["config"]
    texts = {**book, **config, **config["html_theme_options"]}
    for name in SETTINGS:
        add(texts[name])
    for label in THEME:
        add(label)
    add_html(ROOT / NO_PAGE, catalogue)
    translate.style((ROOT / PAPER).read_text("utf-8"), add)


def update(domain, template, stubs):
    """Bring one catalogue up to date; return how many messages wait, and how many."""
    path = CATALOGUES / f"{domain}.po"
    old = read(path) if path.exists() else Catalog(LANGUAGE)
    old.update(template, update_creation_date=False)
    new = Catalog(LANGUAGE, header_comment="", fuzzy=False)
    waiting = 0
    for message in old:
        if message.id:
            if stubs and (message.fuzzy or not message.string):
                message.string = STUB
            message.flags &= {"fuzzy"} if message.string != STUB else set()
            waiting += message.fuzzy or message.string in ("", STUB)
            new[message.id] = message
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, new, width=0, omit_header=True, ignore_obsolete=True)
    return waiting, len(new)


def main():
    """Update all catalogues, and say what is left to translate."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--stubs", action="store_true", help=f"leave {STUB}")
    stubs = parser.parse_args().stubs
    with tempfile.TemporaryDirectory() as folder:
        domains = extract(Path(folder))
    for old in CATALOGUES.rglob("*.po"):
        if old.relative_to(CATALOGUES).with_suffix("").as_posix() not in domains:
            old.unlink()
    counts = {name: update(name, domains[name], stubs) for name in domains}
    for name, (waiting, all_) in counts.items():
        print(f"{name:32}{waiting:5} of {all_:5} wait")
    waiting, all_ = map(sum, zip(*counts.values()))
    print(f"{'together':32}{waiting:5} of {all_:5} wait")


if __name__ == "__main__":
    main()
