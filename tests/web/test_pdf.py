"""The book as one PDF, at night, and one chapter on paper."""

import os
import re
import shutil
import subprocess
import sys
import unicodedata
from pathlib import Path
from zipfile import ZipFile

import pytest
from bs4 import BeautifulSoup
from pypdf import PdfReader

ROOT = Path(__file__).resolve().parents[2]
NOT_ON_PAPER = (
    "#pst-primary-sidebar, .bd-sidebar-secondary, .bd-header-article, button, dialog,"
    ".prev-next-footer, .bd-footer-content, .headerlink, #jb-print-docs-body,"
    "details > summary > p, input:not([type=number])"
)
# A text that is not dark, or the ground behind it that is not light.
GREY_ON_PAPER = """() => {
  const light = (colour) => {
    const [r, g, b, a = 1] = colour.match(/[\\d.]+/g).map(Number);
    return a < 0.1 ? null : (0.3 * r + 0.6 * g + 0.1 * b) / 255;
  };
  const faults = [];
  for (const tag of document.querySelectorAll("html, body, body *")) {
    if (!tag.checkVisibility() || tag.closest("figure.play canvas, img, svg")) continue;
    const style = getComputedStyle(tag);
    const ground = light(style.backgroundColor);
    if (ground !== null && ground < 0.9 && !tag.matches(".play-bar, .play-map"))
      faults.push(`ground ${tag.tagName} ${tag.className} ${style.backgroundColor}`);
    if ([...tag.childNodes].some((n) => n.nodeType === 3 && n.data.trim())
        && light(style.color) > 0.5)
      faults.push(`text ${tag.tagName} ${tag.className} ${style.color}`);
  }
  return faults;
}"""


def plain(text):
    """Return text without spaces and ligatures: prints break lines where they like."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text))


def title_of(heading):
    """Return a heading's text without its own link."""
    return heading.get_text().removesuffix("#")


@pytest.fixture(scope="module")
def pdf(site, browser, tmp_path_factory):
    """Print a copy of the site; the browser fixture skips where there is none."""
    command = [sys.executable, str(ROOT / "web" / "make_pdf.py")]
    folder, home = tmp_path_factory.mktemp("printed"), tmp_path_factory.mktemp("home")
    for part in "html", "chinese":  # the second has the Chinese contents
        shutil.copytree(site.parent / part, folder / "_build" / part)
    done = subprocess.run(
        [*command, str(folder)],
        capture_output=True,
        text=True,
        env={**os.environ, "HOME": str(home)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert not [*home.iterdir()], "it leaves files in the home"
    return folder / "_build" / "html" / "from-lenet-to-alexnet.pdf"


@pytest.fixture(scope="module")
def book(pdf):
    """Return the printed book."""
    return PdfReader(pdf)


@pytest.fixture(scope="module")
def articles(soups, pages):
    """Return the article of each page of the book, in reading order."""
    return [soups[f"{page}.html"].select_one("article.bd-article") for page in pages]


@pytest.fixture(scope="module")
def headings(articles):
    """Return [title, titles of the sections] of each page of the book."""
    return [
        (title_of(a.h1), [title_of(heading) for heading in a.select("h2")])
        for a in articles
    ]


@pytest.fixture(scope="module")
def text(book):
    """Return the text of each page of the PDF."""
    return [page.extract_text() for page in book.pages]


def outline_of(book):
    """Return [title, page number, sections] of each entry of the PDF's outline."""
    entries = []
    for entry in book.outline:
        if isinstance(entry, list):
            entries[-1][2].extend(
                (plain(e.title), book.get_destination_page_number(e) + 1)
                for e in entry
                if not isinstance(e, list)
            )
        else:
            number = book.get_destination_page_number(entry) + 1
            entries.append((plain(entry.title), number, []))
    return entries


def taken_along(html):
    """Return the files beside the pages that the first page links to."""
    links = {tag["href"] for tag in BeautifulSoup(html, "html.parser").select("a")}
    return sorted(link[3:] for link in links if link.endswith((".pdf", ".zip")))


@pytest.mark.nightly
def test_what_was_printed_and_packed_is_linked(pdf, soups):
    assert taken_along(str(soups["book/intro.html"])) == []
    page = (pdf.parent / "book" / "intro.html").read_text("utf-8")
    name = pdf.stem
    assert taken_along(page) == [f"{name}.pdf", f"{name}.zip"]
    packed = ZipFile(pdf.with_suffix(".zip"))
    page = packed.read(f"{name}/book/intro.html").decode()
    assert taken_along(page) == [f"{name}.pdf"]  # it cannot hold itself
    site = {f for f in pdf.parent.rglob("*") if f.is_file()}
    site = {f"{name}/{file.relative_to(pdf.parent).as_posix()}" for file in site}
    files = {file for file in packed.namelist() if not file.endswith("/")}
    assert files == site - {f"{name}/{name}.zip"}


@pytest.mark.nightly
def test_both_languages_are_printed(pdf, book):
    page = (pdf.parent / "zh" / "book" / "intro.html").read_text("utf-8")
    assert taken_along(page) == [pdf.name]
    chinese = PdfReader(pdf.parent / "zh" / pdf.name)
    # Skia writes some signs as the radicals that share their drawing
    assert "目录" in unicodedata.normalize("NFKC", chinese.pages[1].extract_text())
    chapters, wanted = ([t for t, *_ in outline_of(b)] for b in (chinese, book))
    assert len(chapters) == len(wanted)
    assert any("\u4e00" <= sign <= "\u9fff" for sign in "".join(chapters))


@pytest.mark.nightly
def test_the_outline_holds_all_chapters_and_sections_in_order(book, headings):
    found = [(title, [s for s, _ in inside]) for title, _, inside in outline_of(book)]
    wanted = [(plain(title), [*map(plain, inside)]) for title, inside in headings]
    assert found == [("Contents", []), *wanted]


@pytest.mark.nightly
def test_the_contents_name_the_page_of_each_chapter_and_section(book, text):
    (_, start, _), *chapters = outline_of(book)
    rest = plain("".join(text[start - 1 : chapters[0][1] - 1]))
    for title, number, sections in chapters:
        assert title in plain(text[number - 1])
        for name, where in [(title, number), *sections]:
            _, line, rest = rest.partition(f"{name}{where}")
            assert line, f"{name} is on page {where}, the contents have not that"
    pages = [number for _, number, _ in chapters]
    assert pages == sorted(set(pages)), "two chapters on one page"


def links_of(book):
    """Return the links of the PDF: addresses of other sites, and places in it."""
    outside, inside = set(), []
    for page in book.pages:
        for note in page.get("/Annots") or []:
            note = note.get_object()
            action = note.get("/A") or {}
            if "/URI" in action:
                outside.add(action["/URI"])
            elif note.get("/Subtype") == "/Link":
                inside.append(note.get("/Dest") or action.get("/D"))
    return outside, inside


@pytest.mark.nightly
def test_links_between_chapters_stay_inside(book, articles, headings):
    outside, inside = links_of(book)
    paper = "a[href]:not(.headerlink, .start)"  # not the buttons of the first page
    links = [a["href"] for article in articles for a in article.select(paper)]
    foreign = {link for link in links if link.startswith("http")}
    assert outside == foreign
    of_contents = sum(1 + len(sections) for _, sections in headings)
    assert len(inside) >= of_contents + sum(link not in foreign for link in links)
    places = {name.lstrip("/") for name in book.named_destinations}
    assert {str(place).lstrip("/") for place in inside} <= places


@pytest.mark.nightly
def test_the_file_tells_nothing_of_the_machine(pdf, book, text, site):
    whole = "\n".join([pdf.read_bytes().decode("latin-1"), str(book.metadata), *text])
    told = ["file://", "127.0.0.1", "book.invalid", str(ROOT), str(site.parents[1])]
    assert not [word for word in told if word in whole]


@pytest.mark.nightly
def test_each_image_is_there(book, articles):
    found = 0
    for page in book.pages:
        drawn = page["/Resources"].get("/XObject", {}).values()
        found += sum(x.get_object()["/Subtype"] == "/Image" for x in drawn)
    wanted = sum(len(article.select("img")) for article in articles)
    assert found >= wanted > 20


@pytest.mark.nightly
def test_live_parts_are_there_as_tables(text, articles):
    whole = plain("".join(text))
    parts = [part for article in articles for part in article.select("figure.play")]
    rows = [row for part in parts for row in part.select("tr")]
    assert len(rows) > 2 * len(parts) > 2
    lost = [row.get_text("|") for row in rows if plain(row.get_text()) not in whole]
    assert not lost, lost
    for part in parts:
        assert plain(part.figcaption.get_text()) in whole


@pytest.mark.nightly
def test_title_size_and_page_numbers(book, text):
    assert book.metadata.title == "From LeNet to AlexNet"
    sizes = {(round(p.mediabox.width), round(p.mediabox.height)) for p in book.pages}
    assert sizes == {(595, 842)}
    for number, page in enumerate(text[1:], start=2):
        assert str(number) in page.split(), f"no number on page {number}"


@pytest.mark.parametrize(
    "name", ["03_shapes", "04_alexnet", "07_look_inside", "09_errors"]
)
def test_a_chapter_is_black_on_white_and_without_controls(new_page, address, name):
    page = new_page()
    page.emulate_media(media="print", color_scheme="dark")
    page.goto(f"{address}notebooks/{name}.html", wait_until="load")
    page.wait_for_function("() => document.documentElement.dataset.theme === 'dark'")
    controls = page.locator(NOT_ON_PAPER).filter(visible=True)
    assert controls.evaluate_all("tags => tags.map(tag => tag.outerHTML)") == []
    assert page.evaluate(GREY_ON_PAPER) == []
    answers = page.locator("details.hide .cell_input")
    assert answers.filter(visible=True).count() == answers.count()
    assert page.locator("article h1").is_visible()
