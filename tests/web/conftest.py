"""What the tests of the site share: the site, built anew, and a browser.

Without Chromium the browser's tests are skipped; with the environment variable
D2L_LITE_NEED_BROWSER=1 (as in CI) they fail there instead.
"""

import os
import shutil
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml
from bs4 import BeautifulSoup

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


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
def build(tmp_path_factory):
    """Build the site outside the repository; return it and the seconds of CPU."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, str(ROOT / "web" / "build.py"), str(folder)]
    before = os.times()
    done = subprocess.run(
        command, capture_output=True, encoding="utf-8", errors="replace"
    )
    if done.returncode:
        pytest.fail(f"{done.stdout}\n{done.stderr}", pytrace=False)
    after = os.times()
    seconds = sum(after[2:4]) - sum(before[2:4])  # of this process's children
    return folder / "_build" / "html", seconds


@pytest.fixture(scope="session")
def site(build):
    """Return the folder of the built site."""
    return build[0]


@pytest.fixture(scope="session")
def soups(site):
    """Parse every page of the site: {path inside the site: parsed page}."""
    return {
        path.relative_to(site).as_posix(): BeautifulSoup(
            path.read_text(encoding="utf-8"), "html.parser"
        )
        for path in sorted(site.rglob("*.html"))
        if "_static" not in path.parts
    }


class QuietServer(ThreadingHTTPServer):
    """Say nothing of browsers that hang up."""

    def handle_error(self, request, client_address):
        """Keep it to oneself."""


class QuietHandler(SimpleHTTPRequestHandler):
    """Serve files without a line in the log for each."""

    def log_message(self, *args):
        """Say nothing."""


@pytest.fixture(scope="session")
def address(site):
    """Serve the site on this machine only and return its address."""
    handler = partial(QuietHandler, directory=str(site))
    with QuietServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="session")
def own_home(tmp_path_factory):
    """The environment in which a browser leaves nothing in the user's home."""
    home = str(tmp_path_factory.mktemp("browser"))
    return {**os.environ, "XDG_CONFIG_HOME": home, "XDG_CACHE_HOME": home}


@pytest.fixture(scope="session")
def browser(own_home):
    """Start the machine's own Chromium once for all pages."""
    names = ("chromium", "chromium-browser", "google-chrome")
    chromium = next(filter(None, map(shutil.which, names)), None)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        sync_playwright = None
    if not chromium or not sync_playwright:
        lacking = "a browser test needs Chromium and the playwright package"
        if os.environ.get("D2L_LITE_NEED_BROWSER") == "1":
            pytest.fail(lacking, pytrace=False)
        pytest.skip(lacking)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=CHROMIUM_FLAGS, env=own_home
        )
        yield browser
        browser.close()
