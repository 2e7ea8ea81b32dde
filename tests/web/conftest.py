"""What the tests of the site share: the site, built once, and a browser.

Without Chromium the browser's tests are skipped; with the environment variable
D2L_LITE_NEED_BROWSER=1 (as in CI) they fail there instead.
"""

import os
import re
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml
from bs4 import BeautifulSoup
from filelock import FileLock

from web.build import environment_with_node
from web.make_pdf import TIMEOUT, chromium

# Windows looks for `node` here, not in the environment of the process to be.
os.environ["PATH"] = environment_with_node()["PATH"]
ROOT = Path(__file__).resolve().parents[2]
HEADERS = re.findall(
    r"^  ([\w-]+): (.+)$", (ROOT / "web" / "root" / "_headers").read_text("utf-8"), re.M
)


def files_in(toc):
    """Yield every page that a table of contents names."""
    if isinstance(toc, list):
        for entry in toc:
            yield from files_in(entry)
    elif isinstance(toc, dict):
        for key, value in toc.items():
            if key in ("root", "file"):
                yield value
            else:
                yield from files_in(value)


@pytest.fixture(scope="session")
def pages():
    """List the pages of the book in reading order, without their endings."""
    return list(files_in(yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))))


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """Return the folder of the site; the first process that wants it builds it."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent  # of all processes of this run
    folder, built = shared / "site", shared / "site-is-built"
    with FileLock(shared / "site.lock"):
        if not built.exists():
            command = [sys.executable, str(ROOT / "web" / "build.py"), str(folder)]
            done = subprocess.run(
                command, capture_output=True, encoding="utf-8", errors="replace"
            )
            if done.returncode:
                pytest.fail(f"{done.stdout}\n{done.stderr}", pytrace=False)
            built.touch()
    return folder / "_build" / "html"


@pytest.fixture(scope="session")
def both(site):
    """Parse every page of both languages: {path inside the site: parsed page}."""
    return {
        path.relative_to(site).as_posix(): BeautifulSoup(
            path.read_text(encoding="utf-8"), "html.parser"
        )
        for path in sorted(site.rglob("*.html"))
        if "_static" not in path.parts
    }


@pytest.fixture(scope="session")
def soups(both):
    """Return the English pages, by their paths inside the site."""
    return {path: page for path, page in both.items() if not path.startswith("zh/")}


@pytest.fixture(scope="session", params=["", "zh/"], ids=["en", "zh"])
def edition(request, both):
    """Return the pages of one language, by their paths inside its part of the site."""
    pages = {
        path.removeprefix(request.param): page
        for path, page in both.items()
        if path.startswith("zh/") == bool(request.param)
    }
    return pages or pytest.skip("not translated yet")


class Server(ThreadingHTTPServer):
    """Say nothing of browsers that hang up."""

    def handle_error(self, request, client_address):
        """Keep it to oneself."""


class Handler(SimpleHTTPRequestHandler):
    """Serve files with the headers of web/root/_headers, and without a log."""

    def end_headers(self):
        """Send the headers that hosts read in that file, its policy among them."""
        for name, value in HEADERS:
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, *args):
        """Say nothing."""


@pytest.fixture(scope="session")
def address(site):
    """Serve the site on this machine only and return its address."""
    with Server(("127.0.0.1", 0), partial(Handler, directory=str(site))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="session")
def browser():
    """Start the machine's own Chromium once for all pages."""
    try:
        with chromium() as browser:
            yield browser
    except SystemExit as lacking:
        if os.environ.get("D2L_LITE_NEED_BROWSER") == "1":
            pytest.fail(str(lacking), pytrace=False)
        pytest.skip(str(lacking))


@pytest.fixture
def new_page(browser):
    """Return a function that opens an empty page, closed when the test ends."""
    opened = []

    def open_page(width=1280, height=900, **options):
        page = browser.new_page(viewport={"width": width, "height": height}, **options)
        page.set_default_timeout(TIMEOUT)
        opened.append(page)
        return page

    yield open_page
    for page in opened:
        page.close()
