"""The claims: covered until asked, drawn on one axis as their table says."""

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from d2l_lite.lab.page import table
from d2l_lite.lab.rule import Contrast
from d2l_lite.lab.tables.results import claim_table
from d2l_lite.lab.verdicts import Claim, judge_all
from web.join_scripts import join_styles, page_script

ROOT = Path(__file__).resolve().parents[2]
HEAD = ["sentence", "source", "points, 95 % interval", "p", "verdict"]
SOURCE = "<a href='references.html'>A source 1998</a>"
ROWS = [
    ["It was not run.", SOURCE, "", "", "not run"],
    ["It wins.", "often said", "+4.3 (+3.7 to +5.0); +1.1 (+0.8 to +1.5)",
     "< 0.0001; 0.042", "ahead after 6 epochs"],
    ["It may win.", "often said", "+0.7 (-0.1 to +1.4)", "0.042",
     "undecided after 10 epochs"],
    ["It is better.", SOURCE, "+2.3 (+1.6 to +3.1)", "0.00014", "holds here"],
    ["It is worse.", SOURCE, "-1.1 (-1.4 to -0.7)", "< 0.0001", "reversed here"],
    ["It is the same.", SOURCE, "-0.2 (-0.6 to +0.2)", "1",
     "no difference worth a point"],
    ["It is far better.", SOURCE, "+70.3 (+58.2 to +82.4)", "< 0.0001", "holds here"],
    ["It is far worse.", SOURCE, "-6.0 (-8.2 to -3.4)", "< 0.0001", "reversed here"],
]  # fmt: skip
ENDS = """(line) => {
  const { x, width } = line.getBBox();
  const { left } = line.ownerSVGElement.getBoundingClientRect();
  return [left + x, left + x + width];
}"""
MOST = 5  # points that the axis reaches
WIN, BETTER, WORSE = 0, 2, 3  # rows of the list: what was not run is the last


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Bare pages: of the rows above, of the records, of a verdict nobody knows."""
    folder = tmp_path_factory.mktemp("pages")
    style = (ROOT / "web" / "static" / "book.css").read_text("utf-8") + join_styles()
    (folder / "claims.js").write_text(page_script(["claims"]), encoding="utf-8")
    found = judge_all()
    tables = {
        "claims": (HEAD, ROWS),
        "records": claim_table(found.claims + found.sentences + found.decaying),
        "unknown": (HEAD, [*ROWS, ["New.", "often said", "", "", "maybe"]]),
    }
    for name, (head, rows) in tables.items():
        (folder / f"{name}.html").write_text(
            "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
            "<meta name='viewport' content='width=device-width'><title>A page</title>"
            f"<script defer src='claims.js'></script><style>{style}</style></head>"
            "<body><main><figure class='play' data-play='claims'>"
            f"{table(head, rows)}<figcaption>Claims.</figcaption></figure>"
            "</main></body></html>",
            encoding="utf-8",
        )
    return folder


@pytest.fixture
def visit(new_page, folder):
    """Return a function that opens a page; its faults are read when the test ends."""
    faults = []

    def open_page(name="claims", **options):
        page = new_page(**options)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(f"{(folder / name).as_uri()}.html")
        page.rows = page.get_by_role("listitem")
        return page

    yield open_page
    assert not faults, "\n".join(faults)


def press(page, name, within=None):
    """Press the button whose name begins so."""
    button = (within or page).get_by_role("button", name=re.compile(f"^{name}"))
    button.click()
    return button


def sentences(page):
    """What the rows that are listed say."""
    return [
        row.inner_text()
        for row in page.locator(".claims-said").all()
        if row.is_visible()
    ]


def numbers(text):
    """The numbers of a text, whatever their minus."""
    return [float(n) for n in re.findall(r"[-+]\d+\.\d", text.replace("−", "-"))]


def middle(locator):
    """Where the middle of an element is."""
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2


@pytest.mark.parametrize(("name", "width"), [("claims", 390), ("records", 1280)])
def test_each_interval_lies_where_its_numbers_say(visit, name, width):
    page = visit(name, width=width)
    press(page, "Show all")
    ticks = page.locator(".claims-head text")
    zero, one = (
        middle(ticks.filter(has_text=re.compile(f"^{n}$"))) for n in ("0", r"\+1")
    )
    unit = one - zero
    drawn = page.rows.filter(has=page.locator(".claims-axis")).all()
    assert len(drawn) >= 7
    for row in drawn:
        found = numbers(row.locator("p").last.inner_text())
        lines = row.locator(".claims-line").all()
        shapes = row.locator(".claims-shape").all()
        assert len(found) == 3 * len(lines) == 3 * len(shapes)
        arrows = 0
        for line, shape in zip(lines, shapes, strict=True):
            value, low, high = found[:3]
            del found[:3]
            arrows += (low < -MOST) + (high > MOST)
            value, low, high = (max(-MOST, min(MOST, n)) for n in (value, low, high))
            ends = [(end - zero) / unit for end in line.evaluate(ENDS)]
            assert ends == pytest.approx([low, high], abs=0.06)
            assert (middle(shape) - zero) / unit == pytest.approx(value, abs=0.06)
        assert row.locator(".claims-arrow").count() == arrows


def test_the_list_says_what_the_table_says(visit):
    page = visit()
    press(page, "Show all")
    last = [*ROWS[1:], ROWS[0]]
    for row, (sentence, source, points, p, verdict) in zip(
        page.rows.all(), last, strict=True
    ):
        said = row.inner_text().replace("\u00a0", " ").replace("−", "-")
        for text in (sentence, re.sub("<[^>]*>", "", source), points, verdict):
            assert text in said
        assert not p or f"p {p}" in said.replace("p = ", "p ")
        assert row.get_by_role("link").count() == ("href" in source)
        assert row.locator(".claims-found .claims-mark").count() == 1
    marks = page.locator(".claims-filters path").all()
    assert len({mark.get_attribute("d") for mark in marks}) == len(marks) == 5


def test_what_lies_on_the_right_speaks_for_its_sentence(visit):
    lost = Contrast((5, 5), -0.02, 0.001, 8, corrected=0.001)
    claims = {
        says: Claim("", says, "often said", "", "", "", says, "", lost)
        for says in ("more", "less")
    }
    _, rows = claim_table(claims.values())
    found = [(row[2][:4], row[4]) for row in rows]
    assert found == [("-2.0", "reversed here"), ("+2.0", "holds here")]
    words = visit().locator(".claims-head text")
    against, for_it, zero = (
        words.filter(has_text=text)
        for text in ("against the", "for the", re.compile("^0$"))
    )
    assert middle(against) < middle(zero) < middle(for_it)


def test_a_verdict_is_covered_until_it_is_guessed(visit):
    page = visit()
    row, said = page.rows.nth(BETTER), page.get_by_role("status")
    found = row.locator(".claims-found")
    assert not found.is_visible()
    assert "holds here" not in page.locator("main").aria_snapshot()
    heights = [item.bounding_box()["height"] for item in page.rows.all()]
    press(page, "reversed", row)
    assert found.is_visible()
    assert "holds here ✗ you: reversed" in found.inner_text()
    assert row.get_by_role("button").count() == 0
    expect(found).to_be_focused()
    expect(said).to_have_text("You: 0 of 1 right. Always “holds”: 1.")
    press(page, "reversed", page.rows.nth(WORSE))
    press(page, "holds", page.rows.nth(WIN))
    press(page, "just show", page.rows.nth(1))
    expect(said).to_have_text("You: 2 of 3 right. Always “holds”: 2.")
    assert [item.bounding_box()["height"] for item in page.rows.all()] == heights


def test_answers_are_remembered_until_all_are_covered_again(visit):
    page = visit()
    press(page, "reversed", page.rows.nth(BETTER))
    press(page, "just show", page.rows.nth(WORSE))
    said, given = page.get_by_role("status"), "You: 0 of 1 right. Always “holds”: 1."
    opened = page.locator(".claims-row:not([data-covered])")
    page.reload()
    expect(said).to_have_text(given)
    assert opened.count() == 3
    # What is covered can be had back, with what was guessed since.
    press(page, "Cover all again")
    expect(said).to_have_text("No guess yet.")
    press(page, "holds", page.rows.nth(WIN))
    press(page, "Undo")
    expect(said).to_have_text("You: 1 of 2 right. Always “holds”: 2.")
    assert opened.count() == 4
    press(page, "Show all")
    press(page, "Undo")
    assert opened.count() == 4
    press(page, "Cover all again")
    page.reload()
    expect(said).to_have_text("No guess yet.")
    assert opened.count() == 1
    for name in ("Cover all again", "Undo"):
        assert page.get_by_role("button", name=name).is_disabled()


@pytest.mark.parametrize("kept", ["{", "[1]", "3", '{"It is better.": "constructor"}'])
def test_what_was_remembered_may_be_malformed(visit, kept):
    page = visit()
    page.evaluate("(kept) => localStorage.setItem('claims', kept)", kept)
    page.reload()
    assert page.get_by_role("toolbar").count() == len(ROWS) - 1


def test_a_browser_that_refuses_to_remember(visit, folder, new_page):
    page = new_page()
    page.add_init_script(
        "Object.defineProperty(globalThis, 'localStorage',"
        "{ get() { throw new Error('refused'); } });"
    )
    page.goto(f"{(folder / 'claims').as_uri()}.html")
    press(page, "holds", page.get_by_role("listitem").nth(BETTER))
    expect(page.get_by_role("status")).to_contain_text("1 of 1")


def test_by_keyboard(visit):
    page = visit()
    first = page.rows.first.get_by_role("button")
    first.first.focus()
    for key in ["ArrowRight"] * 2 + ["ArrowLeft"] * 3:
        page.keyboard.press(key)
    expect(first.last).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.rows.first.locator(".claims-found")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.rows.nth(1).get_by_role("button").first).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.rows.nth(2).get_by_role("link")).to_be_focused()


def test_the_list_is_filtered_by_verdict(visit):
    page = visit()
    filters = page.locator(".claims-filters button").all()
    assert [button.is_disabled() for button in filters] == [
        button.locator("b").inner_text() == "0" for button in filters
    ]
    assert page.get_by_role("button", name="reversed 0").is_disabled()
    press(page, "not run 1")
    assert len(sentences(page)) == 1
    press(page, "covered 7")
    press(page, "holds", page.rows.nth(BETTER))
    assert len(sentences(page)) == 7  # what was opened stays
    press(page, "covered 6")
    assert len(sentences(page)) == 6
    press(page, "Show all")
    assert len(sentences(page)) == 8
    button = press(page, "reversed 2")
    assert button.get_attribute("aria-pressed") == "true"
    assert [text[:15] for text in sentences(page)] == [
        "It is worse. A ",
        "It is far worse",
    ]
    press(page, "all 8")
    assert len(sentences(page)) == 8


def test_printed_all_lies_open(visit):
    page = visit()
    press(page, "covered")
    page.emulate_media(media="print")
    assert all(found.is_visible() for found in page.locator(".claims-found").all())
    assert len(sentences(page)) == 8
    assert page.get_by_role("button").count() == 0


def test_without_a_script_the_table_is_read_on_a_phone(visit):
    page = visit("records", width=390, java_script_enabled=False)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for cell in page.locator("td").all()[:20]:
        if cell.inner_text():
            box = cell.bounding_box()
            assert cell.is_visible()
            assert 0 <= box["x"] < box["x"] + box["width"] <= 390
    first = page.locator("tbody tr").first
    assert first.bounding_box()["height"] < 200
    assert (
        float(first.evaluate("(row) => parseFloat(getComputedStyle(row).fontSize)"))
        >= 13
    )


def test_a_verdict_that_is_not_known_leaves_the_table(visit):
    page = visit("unknown")
    assert page.locator("td").last.text_content() == "maybe"
    page.locator("td").last.wait_for()
    assert page.get_by_role("button").count() == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_phone_and_axe_find_no_fault(visit, theme):
    page = visit("records", width=390, color_scheme=theme, reduced_motion="reduce")
    page.evaluate("(theme) => (document.documentElement.dataset.theme = theme)", theme)
    for name in ("holds", "reversed", "no difference"):
        press(page, name, page.locator("[data-covered]").first)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for button in page.get_by_role("button").all()[:30]:
        box = button.bounding_box()
        assert box["height"] >= 44 <= box["width"]
        assert box["x"] + box["width"] <= 390
    found = Axe().run(page, context="figure").response["violations"]
    assert not [(rule["id"], rule["nodes"][0]["html"][:200]) for rule in found]
