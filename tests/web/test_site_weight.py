"""The site is light: few requests, few bytes, a quick build, no icon too many."""

import gzip
import importlib.util
import re
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ("image/png", "image/jpeg", "image/webp")
PACKED = ("font/woff2", *PICTURES)  # gzip would not make them smaller
MOST_BYTES = 300 * 1024
MOST_REQUESTS = 25
MOST_SECONDS = 10  # of CPU
ICON = "i.fas, i.fa-solid, span.fas, span.fa-solid"


def slim_site():
    """Import the extension, whose folder is no package."""
    path = ROOT / "web" / "ext" / "slim_site.py"
    spec = importlib.util.spec_from_file_location("slim_site", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def weight(response):
    """Return the bytes of a response as a server with gzip sends them."""
    kind = response.headers.get("content-type", "")
    body = response.body()
    if kind in PICTURES:
        return 0
    return len(body) if kind in PACKED else len(gzip.compress(body))


def responses_of(browser, url):
    """Open a page and return [address, bytes] of each answer to its requests."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(120_000)  # a busy machine is slow, not heavy
    responses = []
    page.on("response", lambda response: responses.append(response))
    page.goto(url, wait_until="networkidle")
    answers = [(response.url, weight(response)) for response in responses]
    page.close()
    return answers


def test_a_page_is_light_before_any_click(browser, address, pages):
    report, heavy = [], []
    for name in [*(f"{page}.html" for page in pages), "search.html"]:
        answers = responses_of(browser, address + name)
        size = sum(size for _, size in answers)
        foreign = [url for url, _ in answers if not url.startswith(address)]
        line = f"{name}: {len(answers)} requests, {size / 1024:.0f} KiB, {foreign}"
        report.append(line)
        if size > MOST_BYTES or len(answers) > MOST_REQUESTS or foreign:
            heavy.append(line)
    print("\n".join(report))
    assert not heavy, "\n".join(heavy)


def test_the_build_is_quick(build):
    assert build[1] <= MOST_SECONDS


def test_every_icon_is_in_the_cut_font(site, soups):
    style = (site / "_static" / "site.css").read_text("utf-8")
    rules = re.findall(r'((?:\.fa-[\w-]+:before,?)+)\{content:"\\(\w+)', style)
    codes = {
        name: int(code, 16)
        for names, code in rules
        for name in re.findall(r"fa-[\w-]+", names)
    }
    font = TTFont(next(site.rglob("fa-solid-900.woff2")))
    there = set(font.getBestCmap())
    icons = {
        (name, *sorted(icon["class"]))
        for name, soup in soups.items()
        for icon in soup.select(ICON)
    }
    assert icons
    lost = [i for i in icons if not there & {codes.get(name) for name in i[1:]}]
    assert not lost, lost
    assert len(codes) < 100, "rules of icons that no page shows"


def test_styles_and_scripts_come_only_where_they_are_used(soups):
    faults = []
    for name, soup in soups.items():
        named = [tag["href"] for tag in soup.select('link[rel="stylesheet"]')]
        named += [tag["src"] for tag in soup.select("script[src]")]
        files = [re.sub(r"\?.*", "", link).rsplit("/", 1)[-1] for link in named]
        if ("formulas.css" in files) != bool(soup.select(".katex")):
            faults.append(f"{name}: KaTeX's styles: {'formulas.css' in files}")
        if ("searchtools.js" in files) != (name == "search.html"):
            faults.append(f"{name}: the search's script")
        idle = {"fontawesome.js", "design-tabs.js", "sphinx-thebe.js"} & {*files}
        faults += [f"{name}: {script} does nothing here" for script in idle]
    assert not faults, "\n".join(faults)


def test_a_changed_theme_is_noticed(tmp_path):
    slim = slim_site()
    static = tmp_path / "_static"
    static.mkdir()
    with pytest.raises(slim.ThemeChanged, match=r"fontawesome\.js"):
        slim.slim(tmp_path)
    with pytest.raises(slim.ThemeChanged, match="stylesheet"):
        slim.sheets_of(tmp_path, {tmp_path / "index.html": "<html></html>"}, ())
    with pytest.raises(slim.ThemeChanged, match="rule"):
        slim.without_unused_icons(".other{}", {"fa-bars"})
    with pytest.raises(slim.ThemeChanged, match="fonts"):
        slim.without_other_fonts("@font-face{src:url(a.ttf)}", {})
    with pytest.raises(slim.ThemeChanged, match="left out"):
        slim.without_other_fonts("", {tmp_path: '<i class="fab fa-github"></i>'})
    (static / "odd.css").write_text('@import url("basic.css");', encoding="utf-8")
    with pytest.raises(slim.ThemeChanged, match="imports"):
        slim.flat(tmp_path, "_static/odd.css")


def test_addresses_in_a_joined_stylesheet_start_from_static(tmp_path):
    (tmp_path / "_static" / "styles").mkdir(parents=True)
    (tmp_path / "_static" / "basic.css").write_text(
        "a{b:url(file.png)}", encoding="utf-8"
    )
    (tmp_path / "_static" / "styles" / "theme.css").write_text(
        '@import "../basic.css";c{d:url("../vendor/e.woff2?f"),url(data:image/g)}',
        encoding="utf-8",
    )
    assert slim_site().flat(tmp_path, "_static/styles/theme.css") == (
        'a{b:url("file.png")}c{d:url("vendor/e.woff2?f"),url(data:image/g)}'
    )
