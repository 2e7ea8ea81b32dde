"""slim_site.py leaves out what no page uses, and nothing that one does."""

import re

import pytest
from fontTools.ttLib import TTFont

from web.ext import slim_site

ICON = "i.fas, i.fa-solid, span.fas, span.fa-solid"


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
    static = tmp_path / "_static"
    static.mkdir()
    with pytest.raises(slim_site.ThemeChanged, match=r"fontawesome\.js"):
        slim_site.slim(tmp_path)
    with pytest.raises(slim_site.ThemeChanged, match="stylesheet"):
        slim_site.sheets_of(tmp_path, {tmp_path / "index.html": "<html></html>"}, ())
    with pytest.raises(slim_site.ThemeChanged, match="rule"):
        slim_site.without_unused_icons(".other{}", {"fa-bars"})
    with pytest.raises(slim_site.ThemeChanged, match="fonts"):
        slim_site.without_other_fonts("@font-face{src:url(a.ttf)}", {})
    with pytest.raises(slim_site.ThemeChanged, match="left out"):
        slim_site.without_other_fonts("", {tmp_path: '<i class="fab fa-github"></i>'})
    (static / "odd.css").write_text('@import url("basic.css");', encoding="utf-8")
    with pytest.raises(slim_site.ThemeChanged, match="imports"):
        slim_site.flat(tmp_path, "_static/odd.css")


def test_addresses_in_a_joined_stylesheet_start_from_static(tmp_path):
    (tmp_path / "_static" / "styles").mkdir(parents=True)
    (tmp_path / "_static" / "basic.css").write_text(
        "a{b:url(file.png)}", encoding="utf-8"
    )
    (tmp_path / "_static" / "styles" / "theme.css").write_text(
        '@import "../basic.css";c{d:url("../vendor/e.woff2?f"),url(data:image/g)}',
        encoding="utf-8",
    )
    assert slim_site.flat(tmp_path, "_static/styles/theme.css") == (
        'a{b:url("file.png")}c{d:url("vendor/e.woff2?f"),url(data:image/g)}'
    )
