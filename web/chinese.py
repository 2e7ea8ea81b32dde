"""The sources of the Chinese edition: a copy of the book's, translated by catalogue.

Sphinx translates the prose while it reads the copy, by the catalogues in its locale/;
the rest is translated here, before. What nobody has translated stays English, with a
note. There is a Chinese edition once nine messages of ten are translated.
"""

import json
import re
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import yaml
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from web import translate

ROOT = Path(__file__).resolve().parent.parent
LANGUAGE, TAG = "zh_CN", "zh-Hans"
CATALOGUES = ROOT / "locale" / LANGUAGE / "LC_MESSAGES"
STUB = "[[en]]"
NOTE = "〔待译〕"  # behind what nobody has translated yet
ENOUGH = 0.9
COPIED = "_config.yml _toc.yml CITATION.cff pyproject.toml book d2l_lite notebooks web"
SETTINGS = ("author", "nb_code_prompt_show", "nb_code_prompt_hide", "search_bar_text")
NO_PAGE, PAPER = "web/root/404.html", "web/static/print.css"
# What the theme says without a translation.
THEME = (
    "Toggle primary sidebar", "Toggle secondary sidebar", "Main", "Page", "Color mode",
    "System Settings", "Light", "Dark", "Link to this heading", "Link to this image",
    "© Copyright %(copyright)s.",
)  # fmt: skip
# The theme's own translations, mended.
MENDED = {"列印成 PDF": "打印成PDF", "作者： ": "作者："}
LABEL = re.compile(r'(?<= title=")[^"]+|(?<= aria-label=")[^"]+')
COMPUTED = ("book/status",)  # pages with tables that a program writes
# What stands around a message that is all of a block of Markdown.
BEFORE = r"^((?:[ >]*(?:(?:[-*+]|\d+\.|#+|```\{\w+\}) )?|\|(?:.*\|)? *))"
BEHIND = r"(?= *(?:\|.*)?$)"


def read(path: Path) -> Catalog:
    """Return the catalogue in a file."""
    with path.open("rb") as file:
        return read_po(file, locale=LANGUAGE if path.suffix == ".po" else None)


@cache
def catalogues() -> dict[str, dict[str, str]]:
    """Return the messages of each page, or other domain, with their translations."""
    return {
        path.relative_to(CATALOGUES).with_suffix("").as_posix(): {
            m.id: "" if m.fuzzy else m.string for m in read(path) if m.id
        }
        for path in sorted(CATALOGUES.rglob("*.po"))
    }


def is_enough() -> bool:
    """Whether so much is translated that a reader wants to see it."""
    texts = [text for domain in catalogues().values() for text in domain.values()]
    return sum(text not in ("", STUB) for text in texts) > ENOUGH * len(texts)


def says(domain: str) -> Callable[[str], str]:
    """Return the translation of a page's messages, or of another domain's."""
    known = catalogues()[domain]

    def say(message: str) -> str:
        text = known.get(message, message)
        return f"{message}{NOTE}" if text in ("", STUB) else text

    return say


def write_sources(folder: Path) -> None:
    """Write the Chinese sources into a folder that does not exist yet."""
    folder.mkdir()
    for name in COPIED.split():
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    shutil.copytree(ROOT / "results", folder / "results")
    for domain in catalogues():
        write_catalogue(domain, folder)
        if domain.startswith("figures/"):
            path = folder / "web" / "play" / f"{Path(domain).name}.js"
            change(path, translate.script, says(domain))
        else:
            write_page(domain, folder)
    change(folder / NO_PAGE, translate.html, says("sphinx"))
    page = folder / NO_PAGE
    text = page.read_text("utf-8").replace('lang="en"', f'lang="{TAG}"')
    page.write_text(text, encoding="utf-8")
    change(folder / PAPER, translate.style, says("sphinx"))
    change(folder / "book" / "teach.md", own_frames, says("book/teach"))
    write_settings(folder)


def own_frames(markdown: str, _: Callable[[str], str]) -> str:
    """Let the page for teachers offer the Chinese figures."""
    return markdown.replace('<iframe src="', '<iframe src="zh/')


def change(path: Path, walk: Callable, say: Callable[[str], str]) -> None:
    """Translate a file in place."""
    path.write_text(walk(path.read_text("utf-8"), say), encoding="utf-8")


def write_catalogue(domain: str, folder: Path) -> None:
    """Write what Sphinx reads."""
    path = folder / "locale" / LANGUAGE / "LC_MESSAGES" / f"{domain}.mo"
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = Catalog(LANGUAGE)
    for message in catalogues()[domain]:
        whole.add(message, says(domain)(message))
    with path.open("wb") as file:
        write_mo(file, whole)


def write_page(page: str, folder: Path) -> None:
    """Translate a page but for its prose."""
    say, path, text = says(page), folder / f"{page}.ipynb", folder / f"{page}.md"
    if path.exists():
        notebook = json.loads(path.read_text("utf-8"))
        translate.outputs(notebook["cells"], say)
        path.write_text(json.dumps(notebook, ensure_ascii=False), encoding="utf-8")
    elif text.exists():
        change(text, translate.html_lines, say)
        for name in included(text.read_text("utf-8")):
            change(text.parent / name, translate.html, say)
        if (sources := text.with_suffix(".bib")).exists():
            change(sources, translate.bibliography, say)
        if page in COMPUTED:
            change(text, translate.table, say)


def included(markdown: str) -> list[str]:
    """Return the HTML files that a page includes."""
    return re.findall(r"^:file: (\S+)", markdown, re.MULTILINE)


def write_settings(folder: Path) -> None:
    """Translate the settings and the contents."""
    config, toc = folder / "_config.yml", folder / "_toc.yml"
    book, say = yaml.safe_load(config.read_text("utf-8")), says("sphinx")
    book["title"] = says("book/intro")(book["title"])
    settings = book["sphinx"]["config"]
    for place in book, settings, settings["html_theme_options"]:
        for name in set(SETTINGS) & set(place):
            place[name] = say(place[name])
    settings["language"] = LANGUAGE
    config.write_text(yaml.safe_dump(book, allow_unicode=True), encoding="utf-8")
    contents = yaml.safe_load(toc.read_text("utf-8"))
    for part in contents["parts"]:
        part["caption"] = says("book/intro")(part["caption"])
    toc.write_text(yaml.safe_dump(contents, allow_unicode=True), encoding="utf-8")


def markdown(text: str, translations: dict[str, str]) -> str:
    """Translate Markdown block by block, the longest message first."""
    done: list[str] = []

    def block(found: re.Match) -> str:
        done.append(translation)
        return f"{found[1]}\0{len(done) - 1}\0"

    for message in sorted(translations, key=len, reverse=True):
        translation = translations[message]
        words = r"[\s>]+".join(map(re.escape, message.split()))
        text = re.sub(f"{BEFORE}{words}{BEHIND}", block, text, flags=re.MULTILINE)
    return re.sub(r"\0(\d+)\0", lambda found: done[int(found[1])], text)


def write_labels(site: Path) -> None:
    """Translate the theme's labels in the pages of the site."""
    say = says("sphinx")
    for path in site.rglob("*.html"):
        text = path.read_text("utf-8")
        labelled = LABEL.sub(
            lambda label: say(label[0]) if label[0] in THEME else label[0], text
        )
        for theirs, ours in MENDED.items():
            labelled = labelled.replace(theirs, ours)
        path.write_text(labelled, encoding="utf-8")


def write_downloads(site: Path) -> None:
    """Translate the prose of the notebooks that readers of the site can download."""
    folder = site / "_sources"
    for path in sorted(folder.rglob("*.ipynb")):
        page = path.relative_to(folder).with_suffix("").as_posix()
        translations = {m: says(page)(m) for m in catalogues()[page]}
        notebook = json.loads(path.read_text("utf-8"))
        for cell in notebook["cells"]:
            if cell["cell_type"] == "markdown":
                cell["source"] = markdown("".join(cell["source"]), translations)
        path.write_text(
            json.dumps(notebook, indent=1, ensure_ascii=False), encoding="utf-8"
        )
