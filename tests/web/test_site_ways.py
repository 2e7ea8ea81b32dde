"""The ways through the site: reading order, search, and a page that is not there."""

import re
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest


def test_next_and_previous_follow_the_reading_order(soups, pages):
    def leads(page, way):
        """Return the page's name that the link at its foot leads to."""
        link = soups[f"{page}.html"].select_one(f"a.{way}")
        return link and link["href"].rsplit("/", 1)[-1]

    names = [f"{page}.html".rsplit("/", 1)[-1] for page in pages]
    assert [leads(page, "right-next") for page in pages] == [*names[1:], None]
    assert [leads(page, "left-prev") for page in pages] == [None, *names[:-1]]


@pytest.mark.parametrize(
    "words, page",
    [
        ("receptive field", "03_shapes"),
        ("6400", "03_shapes"),
        ("6400", "04_alexnet"),
        ("ReLU", "04_alexnet"),
    ],
)
def test_search_finds(browser, address, words, page):
    view = browser.new_page()
    view.set_default_timeout(120_000)
    view.goto(f"{address}search.html?q={words.replace(' ', '+')}")
    view.wait_for_selector(f'#search-results a[href*="{page}"]')
    view.close()


class Hosted(SimpleHTTPRequestHandler):
    """Serve the site below /book/, and its 404.html for what is not there."""

    def log_message(self, *args):
        """Say nothing."""

    def translate_path(self, path):
        """Take the folder off; what lies outside of it does not exist."""
        path = re.sub(r"^/book/", "/", path) if path.startswith("/book/") else "/no"
        return super().translate_path(path)

    def send_error(self, code, *args):
        """Answer as GitHub Pages does."""
        with open(f"{self.directory}/404.html", "rb") as page:
            body = page.read()
        self.send_response(code)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@pytest.mark.parametrize("path", ["nowhere.html", "notebooks/old/deep/nowhere.html"])
def test_a_page_that_is_not_there_leads_back(browser, site, path):
    handler = partial(Hosted, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        root = f"http://127.0.0.1:{server.server_port}/book/"
        view = browser.new_page()
        view.set_default_timeout(120_000)
        assert view.goto(root + path).status == 404
        view.wait_for_selector(f'a[href="{root}index.html"]')
        view.click("a >> nth=0")
        view.wait_for_url(root + "book/intro.html")
        view.close()
        server.shutdown()


def test_the_browser_leaves_its_things_in_a_folder_of_its_own(browser, own_home):
    assert any(Path(own_home["XDG_CONFIG_HOME"]).iterdir())
