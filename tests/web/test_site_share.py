"""A site whose address is known has a sitemap and previews; another has neither."""

import struct
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = "https://book.invalid/deep/"
CONF = f"""
extensions = ["web.ext.share_site"]
project = html_title = "From LeNet to AlexNet"
html_baseurl = "{ADDRESS.removesuffix("/")}"
html_extra_path = ["{(ROOT / "web" / "root").as_posix()}"]
html_use_index = False
html_static_path = ["{(ROOT / "web" / "static").as_posix()}"]
"""
TEXT = "Page {0}\n===========\n\nIt is the {0} page of a small site.\n"
PAGES = {name: TEXT.format(name) for name in ("index", "second")}
PAGES["index"] += "\n.. toctree::\n   :hidden:\n\n   second\n"


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """Build a small site for an address, given without the last slash."""
    folder = tmp_path_factory.mktemp("shared")
    (folder / "conf.py").write_text(CONF, encoding="utf-8")
    for name, text in PAGES.items():
        (folder / f"{name}.rst").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "sphinx", "-W", "-q", str(folder)]
    subprocess.run([*command, str(folder / "html")], cwd=ROOT, check=True)
    return folder / "html"


def test_the_sitemap_names_every_page(shared):
    places = ElementTree.parse(shared / "sitemap.xml").findall(".//{*}loc")
    found = {place.text for place in places}
    assert {f"{ADDRESS}{page}.html" for page in PAGES} <= found
    for place in found:
        assert (shared / place.removeprefix(ADDRESS)).is_file(), place
    robots = (shared / "robots.txt").read_text("utf-8")
    assert f"Sitemap: {ADDRESS}sitemap.xml" in robots


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


def test_without_an_address_nothing_pretends_to_have_one(site, soups):
    assert not (site / "sitemap.xml").exists()
    assert (site / "robots.txt").read_text("utf-8") == "User-agent: *\nAllow: /\n"
    assert not [name for name, soup in soups.items() if soup.select("meta[property]")]
