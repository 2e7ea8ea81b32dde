"""A site whose address is known has a sitemap and previews; another has neither."""

import os
import struct
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = "https://book.invalid/deep/"


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """Build the site for an address, given without the last slash."""
    folder = tmp_path_factory.mktemp("shared")
    subprocess.run(
        [sys.executable, str(ROOT / "web" / "build.py"), str(folder)],
        env={**os.environ, "BOOK_URL": ADDRESS.rstrip("/")},
        capture_output=True,
        check=True,
    )
    return folder / "_build" / "html"


def test_the_sitemap_names_every_page(shared, pages):
    places = ElementTree.parse(shared / "sitemap.xml").findall(".//{*}loc")
    found = {place.text for place in places}
    assert {f"{ADDRESS}{page}.html" for page in pages} <= found
    for place in found:
        assert (shared / place.removeprefix(ADDRESS)).is_file(), place
    assert f"Sitemap: {ADDRESS}sitemap.xml" in (shared / "robots.txt").read_text(
        "utf-8"
    )


def test_every_page_has_a_preview(shared, pages):
    for page in pages:
        soup = BeautifulSoup(
            (shared / f"{page}.html").read_text("utf-8"), "html.parser"
        )
        said = {
            tag["property"]: tag["content"]
            for tag in soup.select("meta[property^='og:']")
        }
        assert said["og:title"] == soup.select_one("article h1").find(string=True)
        assert said["og:site_name"] == "From LeNet to AlexNet"
        assert said["og:url"] == f"{ADDRESS}{page}.html"
        assert len(said["og:description"]) > 40
        picture = shared / urlsplit(said["og:image"].removeprefix(ADDRESS)).path
        assert struct.unpack(">2I", picture.read_bytes()[16:24]) == (1200, 630)


def test_without_an_address_nothing_pretends_to_have_one(site, soups):
    assert not (site / "sitemap.xml").exists()
    assert (site / "robots.txt").read_text("utf-8") == "User-agent: *\nAllow: /\n"
    assert not [name for name, soup in soups.items() if soup.select("meta[property]")]
