"""The site, read as HTML."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

import nbformat
import pytest
from bs4 import BeautifulSoup

ROOT = Path(__file__).resolve().parents[2]


def markdown_of(page):
    """Return the Markdown text of a page's source, without code."""
    notebook = ROOT / f"{page}.ipynb"
    if notebook.exists():
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        texts = ["".join(c["source"]) for c in cells if c["cell_type"] == "markdown"]
        text = "\n\n".join(texts)
    else:
        text = (ROOT / f"{page}.md").read_text(encoding="utf-8")
    text = re.sub(r"^```[^{].*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"`[^`\n]*`", "", text)


def visible_text(soup):
    """Return a page's own text, without code, output and the formulas' sources."""
    article = BeautifulSoup(str(soup.find("article") or ""), "html.parser")
    for part in article.select("pre, code, script, style, annotation"):
        part.decompose()
    return article.get_text(" ")


def test_every_page_is_built(edition, pages):
    built = {f"{page}.html" for page in [*pages, "index", "search", "404"]}
    assert set(edition) == built


def test_links_and_anchors_lead_somewhere(site, both):
    dead = []
    anchors = {
        name: {tag["id"] for tag in soup.select("[id]")} for name, soup in both.items()
    }
    for name, soup in both.items():
        for tag in soup.select("[href], [src]"):
            link = tag.get("href") or tag.get("src") or ""
            if urlsplit(link).scheme or not link:
                continue
            url, anchor = urldefrag(link)
            path = unquote(urlsplit(url).path)
            target = (site / name).parent / path if path else site / name
            if not target.is_file():
                dead.append(f"{name}: {link}")
                continue
            target = target.resolve().relative_to(site.resolve()).as_posix()
            if anchor and unquote(anchor) not in anchors.get(target, {anchor}):
                dead.append(f"{name}: {link}")
    assert not dead, "\n".join(dead)


def test_next_and_previous_follow_the_reading_order(edition, pages):
    def leads(page, way):
        """Return the page's name that the link at its foot leads to."""
        link = edition[f"{page}.html"].select_one(f"a.{way}")
        return link and link["href"].rsplit("/", 1)[-1]

    names = [f"{page}.html".rsplit("/", 1)[-1] for page in pages]
    assert [leads(page, "right-next") for page in pages] == [*names[1:], None]
    assert [leads(page, "left-prev") for page in pages] == [None, *names[:-1]]


def test_images_are_described(edition):
    poor = [
        f"{name}: {image.get('src')}: {image.get('alt')!r}"
        for name, soup in edition.items()
        for image in soup.select("img")
        if len(alt := image.get("alt", "").strip()) < 20
        or re.search(r"_images/|\.(png|svg|jpe?g|webp)$", alt)
    ]
    assert not poor, "\n".join(poor)


def test_nothing_is_loaded_from_elsewhere(site, both):
    foreign = []
    elsewhere = re.compile(r"^\s*(https?:)?//", re.IGNORECASE)
    resources = "script, link, img, source, iframe, video, audio, embed, object"
    for name, soup in both.items():
        for tag in soup.select(resources):
            urls = [tag.get(key) for key in ("src", "href", "srcset", "data")]
            foreign += [f"{name}: {u}" for u in urls if u and elsewhere.match(u)]
        styles = [tag["style"] for tag in soup.select("[style]")]
        styles += [tag.get_text() for tag in soup.select("style")]
        foreign += [f"{name}: {s}" for s in styles if foreign_css(s)]
    for sheet in site.rglob("*.css"):
        foreign += [f"{sheet}: {u}" for u in foreign_css(sheet.read_text("utf-8"))]
    assert not foreign, "\n".join(foreign)


def foreign_css(css):
    """Return what a stylesheet asks of other hosts."""
    return re.findall(r"(?:url\(|@import)\s*[\"']?(?:https?:)?//[^\"')]*", css)


def test_formulas_are_drawn(edition, pages):
    raw, missing = [], []
    for page in pages:
        soup = edition[f"{page}.html"]
        if found := re.findall(r".{0,20}(?:\$|\\\(|\\\[).{0,20}", visible_text(soup)):
            raw.append(f"{page}: {found}")
        if soup.select(".katex-error"):
            missing.append(f"{page}: a formula that KaTeX could not draw")
        if not all(math.select(".katex") for math in soup.select(".math")):
            missing.append(f"{page}: a formula left as text")
        if "$" in markdown_of(page) and not soup.select(".katex"):
            missing.append(f"{page}: has formulas, shows none")
    assert not raw, "\n".join(raw)
    assert not missing, "\n".join(missing)


# Draw a formula while the server's Unix socket is there, but nobody listens to it.
EARLY = """
import socket, tempfile
from unittest.mock import Mock
from sphinxcontrib import katex
from web.ext import book_site

mkdtemp, early = tempfile.mkdtemp, socket.socket(socket.AF_UNIX)

def with_a_socket(prefix):
    folder = mkdtemp(prefix=prefix)
    early.bind(f"{folder}/katex.sock")
    return folder

tempfile.mkdtemp = with_a_socket
book_site.setup(Mock())
print(katex.render_latex("x^2"))
"""


@pytest.mark.skipif(os.name != "posix", reason="Windows has ports alone")
def test_a_formula_server_that_does_not_listen_yet_is_waited_for():
    command = [sys.executable, "-c", EARLY]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert "mathnormal" in answer.stdout, answer.stderr


def test_numbers_from_other_pages_arrived(edition, pages):
    leftover = re.compile(r"No key|glue data|\{(?:glue|cite|doc|ref|eq|numref)[:}]")
    faults = [
        f"{page}: {match.group()}"
        for page in pages
        for match in leftover.finditer(visible_text(edition[f"{page}.html"]))
    ]
    assert not faults, "\n".join(faults)


def test_no_line_ends_between_a_number_and_its_percent_sign(edition, pages):
    texts = {page: visible_text(edition[f"{page}.html"]) for page in pages}
    assert sum(text.count("\xa0%") for text in texts.values()) > 40
    assert not {page for page in pages if re.search(r"\d %", texts[page])}


def test_no_page_tells_of_a_machine_or_a_secret(site):
    telling = re.compile(
        r"/(?:root|home|tmp|Users)/|[A-Z]:\\\\Users|BEGIN [A-Z ]*PRIVATE KEY"
        r"|\bgh[pousr]_\w{20,}|\bAKIA[0-9A-Z]{16}\b|(?:api[_-]?key|password)\s*[=:]"
    )
    found = [
        f"{path.relative_to(site)}: {match.group()}"
        for path in sorted(site.rglob("*"))
        if path.suffix in {".html", ".ipynb", ".md", ".js", ".xml", ".txt", ".css"}
        for match in telling.finditer(path.read_text("utf-8"))
    ]
    assert not found, "\n".join(found)


def test_the_downloaded_notebook_is_the_stored_one_behind_its_first_cell(
    site, soups, pages
):
    chapters = [page for page in pages if page.startswith("notebooks/")]
    assert len(chapters) == 9
    for page in chapters:
        links = {
            tag["href"]
            for tag in soups[f"{page}.html"].select("a[href$='.ipynb']")
            if "download" in " ".join(tag.get("class", []))
        }
        (link,) = links
        stored = nbformat.read(ROOT / f"{page}.ipynb", as_version=4)
        path = (site / page).parent / link
        downloaded = nbformat.read(path.resolve(), as_version=4)
        assert downloaded.cells.pop(0).id == "helper"
        assert downloaded == stored


def test_the_links_that_lead_elsewhere_are_the_listed_ones(both):
    links = (soup.select("a[href^='http']") for soup in both.values())
    found = sorted({tag["href"] for tags in links for tag in tags})
    listed = (ROOT / "tests" / "web" / "external_links.txt").read_text("utf-8")
    assert found == listed.splitlines(), "look at the new ones, then list them"
