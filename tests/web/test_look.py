"""One look: the same colours in drawings and on the site, and both nets to scale."""

import re
from itertools import combinations
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from d2l_lite import alexnet, lenet, trace
from d2l_lite import colours as book
from web import draw_landing

ROOT = Path(__file__).resolve().parents[2]
STYLE = (ROOT / "web" / "static" / "book.css").read_text("utf-8")
FIGURE = (ROOT / "web" / "play" / "figure.css").read_text("utf-8")
LIGHT, DARK = "html {", 'html[data-theme="dark"] {'
LIGHT_PAGE = 'html[data-theme="light"] {'
# How many letters of the story a line has room for, and what else is set how.
LAYOUT = """() => {
  const style = (tag, what) => getComputedStyle(tag)[what];
  const all = [...document.querySelectorAll("article section > p:not(.subtitle)")];
  const texts = all.filter((p) => p.clientHeight > 80 && !p.querySelector(".katex"));
  const [room] = texts.map((p) => p.clientWidth);
  const sum = (list) => list.reduce((a, b) => a + b);
  const letters = sum(texts.map((p) => p.textContent.length));
  for (const p of texts) p.style.cssText = "width: max-content; max-width: none";
  return {
    letters: letters * room / sum(texts.map((p) => p.getBoundingClientRect().width)),
    fonts: [...new Set(all.map((p) => style(p, "fontFamily")))],
    sizes: ["h1", "h2", "h3", ".subtitle + * ~ p"].flatMap((tag) =>
      [...document.querySelectorAll(`article ${tag}`)].slice(0, 1)
        .map((found) => parseFloat(style(found, "fontSize")))),
    widths: [room, document.querySelector(".cell_output img").clientWidth],
  };
}"""
NAMES = ("conv", "pool", "linear", "lenet", "alexnet", "wrong")


def colours(style, head, prefix):
    """Return the colours that a rule defines: {name without prefix: #rrggbb}."""
    rule = style[style.index(head) :].partition("}")[0]
    return dict(re.findall(rf"--{prefix}-(\w+): (#\w+);", rule))


def brightness(colour):
    """Return the relative luminance, 0 to 1, of #rrggbb (WCAG 2.2)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(a, b):
    """Return the contrast of two colours, 1 to 21 (WCAG 2.2)."""
    dark, light = sorted(map(brightness, (a, b)))
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_that_of_the_standard():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_site_and_drawings_have_the_same_colours():
    site = colours(STYLE, LIGHT, "book")
    assert tuple(site) == NAMES
    assert site == {
        "conv": book.KINDS["Conv2d"],
        "pool": book.KINDS["MaxPool2d"],
        "linear": book.KINDS["Linear"],
        "lenet": book.NETS["LeNet"],
        "alexnet": book.NETS["AlexNet"],
        "wrong": book.RED,
    }
    assert len(set(site.values())) == len(site)
    assert book.KINDS["AvgPool2d"] == book.KINDS["MaxPool2d"]


@pytest.mark.parametrize(
    "head, figure, page",
    [
        (LIGHT, "figure.play {", LIGHT_PAGE),
        (DARK, 'html[data-theme="dark"] figure.play {', DARK),
    ],
)
def test_colours_stand_out_on_both_themes(head, figure, page):
    site = colours(STYLE, head, "book")
    assert tuple(site) == NAMES
    page = colours(STYLE, page, "pst-color")["background"]
    card = colours(FIGURE, figure, "play")
    for name, colour in site.items():
        for ground in (page, card["card"]):
            assert contrast(colour, ground) >= 3, (name, ground)
    assert contrast(card["ink"], card["card"]) >= 7
    assert contrast(card["soft"], card["card"]) >= 4.5


def test_drawings_need_no_frame():
    assert colours(STYLE, LIGHT_PAGE, "pst-color")["background"] == book.CARD


def test_the_story_is_a_narrow_serif(new_page, address):
    page = new_page()
    page.goto(f"{address}notebooks/06_ladder.html")
    found = page.evaluate(LAYOUT)
    assert 60 <= found["letters"] <= 71  # the right edge is ragged
    (font,) = found["fonts"]
    assert font.endswith(" serif") and "sans" not in font
    assert found["sizes"] == sorted(set(found["sizes"]), reverse=True)
    text, picture = found["widths"]
    assert picture > text


def test_what_is_folded_is_one_quiet_line(soups):
    prompts = {
        prompt.get_text()
        for soup in soups.values()
        for prompt in soup.select(".cell summary p")
    }
    assert len(prompts) > 1
    assert not [prompt for prompt in prompts if "cell" in prompt]


def test_the_books_own_rules_for_paper_are_in_the_site(site):
    styles = "".join(f.read_text("utf-8") for f in site.glob("_static/*.css"))
    for name in "book-cover", "book-contents", "contents-h1", "contents-h2":
        assert f'[class="{name}"]' in styles, name


def test_the_first_page_shows_what_the_nets_are():
    drawn = draw_landing.TARGET.read_text("utf-8")
    assert drawn == draw_landing.draw(), "run `python -m web.draw_landing`"
    for net, side in ((lenet(), 28), (alexnet(), 224)):
        assert f"{trace(net, (1, 1, side, side)).parameters:,} parameters" in drawn


def test_both_nets_have_one_scale_and_all_their_layers():
    soup = BeautifulSoup(draw_landing.draw(), "html.parser")
    boxes = soup.select("g")
    heights = [re.search(r"v(-?[\d.]+)", box.path["d"])[1] for box in boxes]
    inputs = [i for i, box in enumerate(boxes) if "net-input" in box["class"]]
    assert [heights[i] for i in inputs] == ["-28.0", "-224.0"]
    assert inputs[1] == 1 + 7  # LeNet: two convolutions, two poolings, three linear
    assert len(boxes) == 8 + 1 + 11
    assert heights[inputs[1] + 1] == "-54.0"
    assert heights[-3] == "-64.0"  # 4,096 numbers


def test_nothing_of_the_first_pages_drawing_is_cut_off():
    svg = BeautifulSoup(draw_landing.draw(), "html.parser").svg
    _, _, width, height = map(float, svg["viewbox"].split())
    for path in svg.select("path"):
        x, y = map(float, re.match(r"M([\d.]+) ([\d.]+)", path["d"]).groups())
        for dx, dy in re.findall(r"l(-?[\d.]+) (-?[\d.]+)", path["d"])[:1]:
            x, y = x + float(dx), y + float(dy)
        assert 0 <= x <= width and 0 <= y <= height


def test_start_leads_into_the_book(soups):
    page = soups["book/intro.html"]
    (first,) = page.select("a.start")
    (second,) = page.select("a.impatient")
    assert first.get_text() == "Start"
    assert first["href"].endswith("01_fashion_mnist.html")
    assert second["href"].endswith("08_claims.html")
    assert page.select_one("svg.nets")["aria-label"]
    order = [*page.select("article h1, .sights, .bet"), first, second]
    order += [page.select_one("article h2"), page.select_one("svg.nets")]
    places = [tag.sourceline * 10**6 + tag.sourcepos for tag in order]
    assert all(a < b for a, b in combinations(places, 2))


def test_the_bet_stays_on_the_device(new_page, address):
    page = new_page()
    page.goto(f"{address}book/intro.html")
    page.check(".bet input[name=training]")
    page.reload()
    boxes = page.locator(".bet input").all()
    assert [box.is_checked() for box in boxes] == [False, True, False]
