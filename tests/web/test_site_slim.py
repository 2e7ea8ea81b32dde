"""slim_site.py leaves out what no page uses, and nothing that one does."""

import re

import pytest
from fontTools.ttLib import TTFont

from web.ext import slim_site

ICON = "i.fas, i.fa-solid, span.fas, span.fa-solid"
SHIFT = """globalThis.shift = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) shift += entry.value;
}).observe({ type: "layout-shift", buffered: true });"""


def test_every_icon_is_in_a_cut_font(site, soups):
    style = (site / "_static" / "site.css").read_text("utf-8")
    rules = re.findall(r'((?:\.fa-[\w-]+:before,?)+)\{content:"\\(\w+)', style)
    codes = {
        name: int(code, 16)
        for names, code in rules
        for name in re.findall(r"fa-[\w-]+", names)
    }
    fonts = {path.stem: TTFont(path) for path in site.rglob("fa-*.woff2")}
    there = set(fonts["fa-solid-900"].getBestCmap())
    shown = {
        (name, *sorted(icon["class"]))
        for name, soup in soups.items()
        for icon in soup.select(ICON)
    }
    assert shown
    lost = [i for i in shown if not there & {codes.get(name) for name in i[1:]}]
    assert not lost, lost
    assert len(codes) < 100, "rules of icons that no page shows"
    github = 0xF09B  # beside the links to it in the list of references
    assert github in fonts["fa-brands-400"].getBestCmap()


def test_a_page_has_one_style_one_script_and_its_own(soups):
    faults = []
    for name, soup in soups.items():
        styles = [tag["href"] for tag in soup.select('link[rel="stylesheet"]')]
        scripts = soup.select("script[src]")
        files = [re.sub(r"\?.*", "", tag["src"]).rsplit("/", 1)[-1] for tag in scripts]
        shared = [file for file in files if not file.startswith("live-")]
        if soup.select_one("article.bd-article"):
            wanted = ["site.js"]
            if name == "search.html":
                wanted += slim_site.OF_SEARCH
            if shared != wanted or len(files) > len(wanted) + 1 or len(styles) != 1:
                faults.append(f"{name}: {styles} {files}")
        faults += [f"{name}: {s} waits" for s in scripts if not s.has_attr("defer")]
        faults += [f"{name}: {t}" for t in soup.select("link[rel=preload]")]
    assert not faults, "\n".join(faults)


def test_figures_have_a_size_and_those_of_cells_wait(soups):
    images = [
        (name, image, image.find_parent(class_="cell_output") is not None)
        for name, soup in soups.items()
        for image in soup.select("article img")
    ]
    assert any(drawn for *_, drawn in images)
    for name, image, drawn in images:
        assert image["width"].isdigit() and image["height"].isdigit(), (name, image)
        assert not drawn or image["loading"] == "lazy", (name, image)


def test_a_page_knows_its_theme_before_its_style_comes(new_page, address):
    """Without its scripts, as before they come: it would flash otherwise."""
    for scheme in "light", "dark":
        page = new_page(color_scheme=scheme)
        page.route("**/*.js*", lambda route: route.abort())
        page.goto(f"{address}notebooks/04_alexnet.html")
        assert page.evaluate("document.documentElement.dataset.theme") == scheme


def test_a_page_stands_still_as_its_scripts_come(new_page, address):
    page = new_page()
    page.add_init_script(SHIFT)
    page.goto(f"{address}notebooks/04_alexnet.html", wait_until="networkidle")
    assert page.evaluate("shift") < 0.01


def test_rules_without_use_go_and_others_stay():
    style = (
        "@charset x;a{b:c}.on{d:e}.off{f:g}.off,.on{h:i}a:not(.off){j:k}"
        "@media print{.off{l:m}.on .off{n:o}}:is(.off,.on) b{p:q}.bs-one{r:s}"
    )
    texts = ['<a class="on">', 'x.classList.add("bs-" + name)']
    assert slim_site.without_unused(style, texts) == (
        "@charset x;a{b:c}.on{d:e}.off,.on{h:i}a:not(.off){j:k}"
        "@media print{}:is(.off,.on) b{p:q}.bs-one{r:s}"
    )


def test_joined_scripts_stay_apart(tmp_path):
    (tmp_path / "a.js").write_text('"use strict"; f()  // end', encoding="utf-8")
    (tmp_path / "b.js").write_text("(g)()", encoding="utf-8")
    joined = slim_site.joined_scripts(tmp_path, ["a.js", "b.js"])
    assert joined == ';"use strict"; f()  // end\n;(g)()'


def test_a_changed_theme_is_noticed(tmp_path):
    static = tmp_path / "_static"
    static.mkdir()
    page = tmp_path / "index.html"
    page.write_text("<html></html>", encoding="utf-8")
    with pytest.raises(slim_site.ThemeChanged, match="stylesheet"):
        slim_site.slim(tmp_path)
    page.write_text('<link href="_static/a.css">', encoding="utf-8")
    with pytest.raises(slim_site.ThemeChanged, match="script"):
        slim_site.slim(tmp_path)
    page.write_text(
        '<link href="_static/a.css"><script src="_static/b.js"></script>',
        encoding="utf-8",
    )
    with pytest.raises(slim_site.ThemeChanged, match="options"):
        slim_site.slim(tmp_path)
    with pytest.raises(slim_site.ThemeChanged, match="without use"):
        slim_site.without_unused(".other{}", ["other"])
    with pytest.raises(slim_site.ThemeChanged, match="icon"):
        slim_site.cut_icon_fonts(static, ".other{}")
    with pytest.raises(slim_site.ThemeChanged, match="font"):
        slim_site.cut_icon_fonts(static, '.fa-bars{content:"\\f0c9"}')
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
