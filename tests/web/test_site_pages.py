"""Every page in a real browser: whole, light, readable, at home; and the ways there."""

import gzip
import re
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from axe_playwright_python.sync_playwright import Axe

from web.bench import MOST_KIB, MOST_REQUESTS

# What a page looks like once its fonts are there.
LOOK = """async () => {
  await document.fonts.ready;
  const article = document.querySelector("article");
  const images = article ? [...article.querySelectorAll("img")] : [];
  const plain = (style) => style.filter === "none" && style.padding === "0px";
  return {
    sideways: document.documentElement.scrollWidth - window.innerWidth,
    background: getComputedStyle(document.body).backgroundColor,
    altered: images.filter((i) => !plain(getComputedStyle(i))).map((i) => i.src),
  };
}"""
# In code and its output all tokens of a kind look alike: three of each are enough.
UNWRAP = """() => {
  const seen = {};
  for (const token of document.querySelectorAll("pre span")) {
    const kind = `${token.className} in ${token.closest("div").className}`;
    const isRead = token.checkVisibility() && token.textContent.trim().length > 1;
    if (seen[kind] === 3) token.replaceWith(...token.childNodes);
    else if (isRead) seen[kind] = (seen[kind] ?? 0) + 1;
  }
}"""
# The theme's script marks its pages; 404.html has none and follows the system.
IS_DARK = "() => (document.documentElement.dataset.theme ?? 'dark') === 'dark'"
# In the dark only the colours are others, so only their rules run again.
COLOURS = ["color-contrast", "link-in-text-block"]
DRAWN = ("image/", "font/")
MOST_BYTES = MOST_KIB * 1024


def violations(page, rules=None):
    """Return what axe-core finds on a page as it is now, a line for each fault."""
    options = {"resultTypes": ["violations"]}
    if rules:
        options["runOnly"] = rules
    found = Axe().run(page, options=options).response["violations"]
    return [
        f"{rule['id']}: {node['html'][:160]}"
        for rule in found
        for node in rule["nodes"]
    ]


def weight(response):
    """Return the bytes of a response as a server with gzip sends them."""
    kind = response.headers.get("content-type", "")
    return 0 if kind.startswith(DRAWN) else len(gzip.compress(response.body()))


def odd_looks(page, dark):
    """Yield what is wrong with a page's width, images and background."""
    look = page.evaluate(LOOK)
    if look["sideways"] > 0:
        yield f"{look['sideways']} pixels too wide"
    if look["altered"]:
        yield f"images dimmed or padded: {look['altered']}"
    brightness = sum(map(int, re.findall(r"\d+", look["background"])[:3])) / 3
    if (brightness < 128) != dark:
        yield f"background {look['background']}"


@pytest.mark.parametrize("part", ["", pytest.param("zh/", marks=pytest.mark.nightly)])
def test_pages_in_a_browser(new_page, address, pages, site, part):
    """The server sends the site's policy, so what breaks it is an error, too."""
    faults, answers = [], []
    # Without movement, or a button is looked at while it fades into its colour.
    page = new_page(reduced_motion="reduce")
    page.route(re.compile(f"^https?://(?!{address[7:]})"), lambda route: route.abort())
    page.on("console", lambda m: m.type == "error" and report(f"console: {m.text}"))
    page.on("pageerror", lambda error: report(f"page error: {error}"))
    page.on("request", lambda q: is_foreign(q.url) and report(f"foreign: {q.url}"))
    page.on("response", lambda response: answers.append(response))

    def report(*found):
        faults.extend(f"{name}: {fault}" for fault in found)

    def is_foreign(url):
        return not url.startswith((address, "data:", "blob:"))

    if not (site / part).exists():
        pytest.skip("not translated yet")
    for name in [*(f"{p}.html" for p in pages), "search.html?q=net", "404.html"]:
        answers.clear()
        page.emulate_media(color_scheme="light")
        page.goto(address + part + name, wait_until="load")
        report(*(f"{r.status}: {r.url}" for r in answers if r.status >= 400))
        if name != "404.html":  # which has a style of its own
            report(*odd_looks(page, dark=False))
        page.evaluate(UNWRAP)
        report(*violations(page))
        if name.removesuffix(".html") in pages:  # the search loads what it found, too
            size = sum(map(weight, answers))
            if size > MOST_BYTES or len(answers) > MOST_REQUESTS:
                report(f"{len(answers)} requests, {size / 1024:.0f} KiB")
        page.emulate_media(color_scheme="dark")
        page.wait_for_function(IS_DARK)
        report(*odd_looks(page, dark=True))
        if part:  # at night: what a phone does not show, in the dark
            report(*violations(page, COLOURS))
        page.set_viewport_size({"width": 390, "height": 900})
        page.reload(wait_until="load")  # what scrolls takes the focus
        page.wait_for_function(IS_DARK)
        page.evaluate(UNWRAP)
        report(*odd_looks(page, dark=True), *violations(page))
        page.set_viewport_size({"width": 1280, "height": 900})
    assert not faults, "\n".join(faults)


def test_axe_finds_a_planted_fault(new_page):
    page = new_page()
    page.set_content(
        "<html lang='en'><title>t</title><main><h1>t</h1><img src='data:,'>"
        "<p style='color:#aaa;background:#fff'>Hard to read.</p></main></html>"
    )
    found = {fault.partition(":")[0] for fault in violations(page)}
    assert {"image-alt", "color-contrast"} <= found


@pytest.mark.parametrize(
    "words, page",
    [
        ("receptive field", "03_shapes"),
        ("6400", "03_shapes"),
        ("6400", "04_alexnet"),
        ("ReLU", "04_alexnet"),
        ("感受野", "zh/notebooks/03_shapes"),
        ("Conv2d", "zh/notebooks/02_lenet"),
    ],
)
def test_search_finds(new_page, address, words, page, both):
    part = "zh/" if page.startswith("zh/") else ""
    if part and f"{page}.html" not in both:
        pytest.skip("not translated yet")
    view = new_page()
    view.goto(f"{address}{part}search.html?q={words.replace(' ', '+')}")
    view.wait_for_selector(f'#search-results a[href*="{page.removeprefix(part)}"]')


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


@pytest.mark.parametrize("edition", ["", "zh/"])
@pytest.mark.parametrize("path", ["nowhere.html", "notebooks/old/deep/nowhere.html"])
def test_a_page_that_is_not_there_leads_back(new_page, site, path, edition):
    handler = partial(Hosted, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        root = f"http://127.0.0.1:{server.server_port}/book/"
        view = new_page()
        assert view.goto(root + edition + path).status == 404
        root += edition  # in which the reader was
        view.wait_for_selector(f'a[href="{root}index.html"]')
        assert view.get_attribute("html", "lang") == ("zh-Hans" if edition else "en")
        view.click("a >> nth=0")
        view.wait_for_url(root + "book/intro.html")
        server.shutdown()
