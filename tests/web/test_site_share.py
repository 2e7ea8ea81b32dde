"""A site whose address is known has a sitemap and previews, one whose repository is
known has buttons; another has neither."""

import os
import struct
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import nbformat
import pytest
import yaml
from bs4 import BeautifulSoup
from pybtex.database import parse_string

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = "https://book.invalid/deep/"
CONF = f"""
extensions = ["web.ext.share_site", "web.ext.languages"]
project = html_title = "From LeNet to AlexNet"
html_baseurl = "{ADDRESS.removesuffix("/")}"
html_extra_path = ["{(ROOT / "web" / "root").as_posix()}"]
html_use_index = False
html_static_path = ["{(ROOT / "web" / "static").as_posix()}"]
"""
TEXT = "Page {0}\n===========\n\nIt is the {0} page of a small site.\n"
PAGES = {name: TEXT.format(name) for name in ("index", "second")}
PAGES["index"] += "\n.. cite-this-book::\n\n.. toctree::\n   :hidden:\n\n   second\n"


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """Build a small site for an address, given without the last slash."""
    folder = tmp_path_factory.mktemp("shared")
    (folder / "conf.py").write_text(CONF, encoding="utf-8")
    for name, text in PAGES.items():
        (folder / f"{name}.rst").write_text(text, encoding="utf-8")
    two = dict(os.environ, BOOK_LANGUAGES="2")
    command = [sys.executable, "-m", "sphinx", "-W", "-q", str(folder)]
    for options in ["html"], ["html/zh", "-D", "language=zh_CN"]:
        options[0] = str(folder / options[0])
        subprocess.run([*command, *options], cwd=ROOT, env=two, check=True)
    return folder / "html"


def test_the_sitemap_names_every_page(shared):
    places = ElementTree.parse(shared / "sitemap.xml").findall(".//{*}loc")
    found = {place.text for place in places}
    assert {f"{ADDRESS}{page}.html" for page in PAGES} <= found
    for place in found:
        assert (shared / place.removeprefix(ADDRESS)).is_file(), place
    robots = (shared / "robots.txt").read_text("utf-8")
    for edition in "", "zh/":
        assert f"Sitemap: {ADDRESS}{edition}sitemap.xml\n" in robots
        assert (shared / edition / "sitemap.xml").is_file()


def test_both_languages_of_a_page_name_each_other(shared):
    for page in PAGES:
        english, chinese = f"{ADDRESS}{page}.html", f"{ADDRESS}zh/{page}.html"
        wanted = {"en": english, "x-default": english, "zh-Hans": chinese}
        for folder in shared, shared / "zh":
            text = (folder / f"{page}.html").read_text("utf-8")
            tags = BeautifulSoup(text, "html.parser").select("link[hreflang]")
            assert {tag["hreflang"]: tag["href"] for tag in tags} == wanted


def test_every_page_has_a_preview(shared):
    for page in PAGES:
        text = (shared / f"{page}.html").read_text("utf-8")
        soup = BeautifulSoup(text, "html.parser")
        tags = soup.select("meta[property^='og:']")
        said = {tag["property"]: tag["content"] for tag in tags}
        assert said["og:title"] == soup.select_one("h1").find(string=True)
        assert said["og:site_name"] == "From LeNet to AlexNet"
        assert said["og:url"] == f"{ADDRESS}{page}.html"
        assert said["og:description"] == f"It is the {page} page of a small site."
        preview = shared / said["og:image"].removeprefix(ADDRESS)
        assert struct.unpack(">2I", preview.read_bytes()[16:24]) == (1200, 630)


def citation_tags(soup):
    """Return what a page's head says for citations."""
    tags = soup.select("meta[name^=citation_]")
    return {tag["name"].removeprefix("citation_"): tag["content"] for tag in tags}


def test_every_page_says_how_to_cite_it(soups, shared):
    book = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    wanted = {
        "title": book["title"],
        "author": book["authors"][0]["name"],
        "publication_date": book["date-released"].replace("-", "/"),
    }
    for name, soup in soups.items():
        if soup.select("article.bd-article"):  # neither a redirection nor 404.html
            assert citation_tags(soup) == wanted, name
    page = BeautifulSoup((shared / "second.html").read_text("utf-8"), "html.parser")
    assert citation_tags(page) == wanted | {"public_url": ADDRESS}


def test_the_first_page_shows_an_entry_that_bibtex_reads(soups, shared):
    page = BeautifulSoup((shared / "index.html").read_text("utf-8"), "html.parser")
    for soup, address in (soups["book/intro.html"], None), (page, ADDRESS):
        text = soup.select_one("div.highlight-bibtex pre").get_text()
        (entry,) = parse_string(text, "bibtex").entries.values()
        book = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
        assert entry.fields["title"].strip("{}") == book["title"]
        assert entry.fields["year"] == book["date-released"][:4]
        assert book["version"] in entry.fields["note"]
        (author,) = entry.persons["author"]
        assert str(author).strip("{}") == book["authors"][0]["name"]
        assert entry.fields.get("url") == address


def test_without_an_address_nothing_pretends_to_have_one(site, soups):
    assert not (site / "sitemap.xml").exists()
    assert (site / "robots.txt").read_text("utf-8") == "User-agent: *\nAllow: /\n"
    assert not [name for name, soup in soups.items() if soup.select("meta[property]")]


def test_a_known_repository_gets_its_buttons(tmp_path):
    (tmp_path / "conf.py").write_text(
        'extensions = ["myst_nb", "web.ext.share_site"]\n'
        'html_theme = "sphinx_book_theme"\nnb_execution_mode = "off"\n',
        encoding="utf-8",
    )
    cell = nbformat.v4.new_markdown_cell("# A page")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "index.ipynb")
    repository = "https://github.com/somebody/book"
    for known, folder in ((repository, "with"), ("", "without")):
        command = [sys.executable, "-m", "sphinx", "-q", str(tmp_path)]
        subprocess.run(
            [*command, str(tmp_path / folder)],
            cwd=ROOT,
            env=os.environ | {"BOOK_REPO": known},
            check=True,
        )
        text = (tmp_path / folder / "index.html").read_text("utf-8")
        links = {a.get("href", "") for a in BeautifulSoup(text, "html.parser")("a")}
        colab = "https://colab.research.google.com/github/somebody/book/blob/main"
        wanted = {
            repository,
            f"{repository}/edit/main/index.ipynb",
            f"{colab}/index.ipynb",
        }
        assert (wanted <= links) == bool(known), sorted(links)
        assert any("/issues/new" in link for link in links) == bool(known)
