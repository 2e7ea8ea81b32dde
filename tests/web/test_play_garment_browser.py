"""Draw a garment in a real browser: a page of its own, from a folder on disk."""

import json
import re
import shutil

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from web.join_scripts import join_styles, late_script, page_script, worker_script
from web.pack_nets import pack_alexnet, pack_lenet

LONGEST = 60_000  # ms; a busy machine is slow, not broken
FIGURE = (
    "<figure class='play' data-play='garment'{}><table><caption>One answer</caption>"
    "<tr><th scope='row'>sandal</th><td>1 %</td></tr></table>"
    "<figcaption>Two nets.</figcaption></figure>"
)
BOTH = "document.querySelectorAll('td.garment-alexnet span')[9]?.textContent"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The figure's files and two pages, as the site would write them."""
    folder = tmp_path_factory.mktemp("garment")
    data = {
        "garment": late_script("garment_app"),
        "answerer": json.dumps(worker_script("answerer")),
        "nets_lenet": pack_lenet(),
        "nets_alexnet": pack_alexnet(),
    }
    for name, value in data.items():
        text = f"(globalThis.playData ??= {{}}).{name} = {value};\n"
        (folder / f"play-{name}.js").write_text(text, encoding="utf-8")
    (folder / "live.js").write_text(page_script(["garment"]), encoding="utf-8")
    for name, setting in (("both", ""), ("lenet", " data-nets='lenet'")):
        head = (
            "<!doctype html><html lang='en'><meta charset='utf-8'><title>A page</title>"
            "<meta name='viewport' content='width=device-width'>"
            f"<style>{join_styles()} html {{--book-alexnet: #bf4f00; "
            "--book-conv: #0064b0; --book-wrong: #b3261e; --book-pool: #0a7355}"
            "* {box-sizing: border-box} body {margin: 8px; font-family: sans-serif}"
            "</style><script defer src='live.js'></script>"
        )
        page = f"{head}<main><h1>A</h1><h2>B</h2><h3>C</h3>{FIGURE.format(setting)}"
        (folder / f"{name}.html").write_text(page, encoding="utf-8")
    return folder


@pytest.fixture
def visit(browser, folder):
    """Return a function that opens a page; its faults are read when the test ends."""
    faults, opened = [], []

    def open_page(link="", name="both", wait=True, place=folder, **options):
        page = browser.new_page(
            **{"viewport": {"width": 1280, "height": 900}, **options}
        )
        opened.append(page)
        page.set_default_timeout(LONGEST)
        page.on("console", lambda m: m.type == "error" and faults.append(m.text))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.requested = []
        page.on("request", lambda request: page.requested.append(request.url))
        page.goto(f"{(place / name).as_uri()}.html{link}")
        if wait and not link:
            page.get_by_role("button", name=re.compile("^Wake")).focus()
            page.keyboard.press("Enter")
        if wait:
            page.wait_for_function(
                BOTH if name == "both" else BOTH.replace("alex", "le")
            )
        return page

    yield open_page
    for page in opened:
        page.close()
    assert not faults, "\n".join(faults)


def press(page, name):
    """Press the button of this name by keyboard."""
    page.get_by_role("button", name=name, exact=True).first.focus()
    page.keyboard.press("Enter")


def verdicts(page, *wanted):
    """Wait until both nets say this; `wanted` are regular expressions."""
    page.wait_for_function(
        """(wanted) => [...document.querySelectorAll(".garment-verdict")].every(
          (box, i) => {
            const said = box.innerText.replace(/\\s+/g, " ");
            return new RegExp(wanted[i]).test(said);
          })""",
        arg=list(wanted),
    )


def test_nothing_is_loaded_before_the_click(visit):
    page = visit(wait=False)
    page.wait_for_timeout(300)
    assert [url.rsplit("/", 1)[-1] for url in page.requested] == [
        "both.html",
        "live.js",
    ]
    assert page.locator("figure > table").is_visible()


def test_the_dares_are_answered_by_keyboard_and_read_out(visit):
    page = visit()
    verdicts(page, "ankle boot 9. % right", "ankle boot 100 % right")
    focused = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert focused.startswith("Image.")
    assert not page.locator("figure > table").is_visible()
    press(page, "an empty pad")
    verdicts(page, "sandal 99 %", "bag 2. %")
    lesson = page.locator(".garment-dares p")
    assert "none for “nothing”" in lesson.inner_text()
    press(page, "the boot, 4 pixels right")
    verdicts(page, "sandal 98 % wrong", "sneaker 7. % wrong")
    assert "have learnt places" in lesson.inner_text()
    assert page.locator("[role=status]").count() == 1
    page.wait_for_function(
        """() => document.querySelector("[role=status]").textContent.startsWith(
          "LeNet: sandal, 98 %. AlexNet: sneaker, 7")"""
    )
    press(page, "Undo")
    verdicts(page, "sandal 99 %", "bag 2. %")
    assert "none for “nothing”" in lesson.inner_text()
    # The third begins on an empty pad as well, and is another dare.
    press(page, "your own drawing")
    lit = page.locator(".garment-dare [aria-pressed=true]")
    expect(lit).to_have_text("your own drawing")
    expect(lesson).to_be_hidden()


def test_a_boot_is_drawn_by_mouse_and_the_link_opens_on_the_same_answer(visit):
    page = visit()
    press(page, "your own drawing")
    box = page.locator(".garment-pad").bounding_box()
    scale = box["width"] / 28
    for left, top, right, bottom in (12, 4, 22, 12), (10, 12, 22, 17), (2, 16, 23, 23):
        for row in range(top + 1, bottom, 2):
            page.mouse.move(box["x"] + (left + 1) * scale, box["y"] + row * scale)
            page.mouse.down()
            page.mouse.move(box["x"] + (right - 1) * scale, box["y"] + row * scale)
            page.mouse.up()
    verdicts(page, "ankle boot", "ankle boot")
    # The link follows a stroke after a pause: it is the drawing's once it rests.
    link = page.wait_for_function(
        """() => {
          const now = location.hash;
          window.same = now === window.last ? window.same + 1 : 0;
          window.last = now;
          return now.includes("pad=") && window.same > 5 && now;
        }""",
        polling=300,
    ).json_value()
    assert len(link) < 160
    said = page.locator(".garment-bars").inner_text()
    again = visit(link)
    verdicts(again, "ankle boot", "ankle boot")
    assert again.locator(".garment-bars").inner_text() == said


def test_a_garment_is_moved_turned_and_thickened_by_mouse_and_keyboard(visit):
    page = visit()
    pad, caption = page.locator(".garment-pad"), page.locator(".garment-caption")
    box = pad.bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(*middle)
    page.mouse.down()
    step = box["width"] / 28
    page.mouse.move(middle[0] + 4 * step, middle[1] - step, steps=4)
    page.mouse.up()
    assert "4 pixels right, 1 pixel up" in caption.inner_text()
    press(page, "Turn")
    page.mouse.move(middle[0] + 60, middle[1])
    page.mouse.down()
    page.mouse.move(middle[0], middle[1] + 60, steps=4)
    page.mouse.up()
    assert "turned by 90°" in caption.inner_text()
    press(page, "Thick")
    pad.focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Shift+ArrowLeft")
    page.wait_for_function("() => location.hash.includes('thick=1')")
    said = "3 pixels right, 1 pixel up, turned by 90°, 1 step thicker"
    assert said in caption.inner_text()
    page.keyboard.press("Control+z")
    assert "4 pixels right" in caption.inner_text()


def test_a_garment_is_drawn_by_keyboard(visit):
    page = visit()
    press(page, "Clear")
    press(page, "Draw")
    page.locator(".garment-pad").focus()
    page.keyboard.press("Enter")  # the brush goes down
    for key in ["ArrowDown"] * 5 + ["ArrowRight"] * 5:
        page.keyboard.press(key)
    page.wait_for_function("() => location.hash.includes('pad=')")
    assert page.locator(".garment-caption").inner_text() == "Your drawing"
    verdicts(page, "sandal", "")


def test_a_cell_is_chosen_by_mouse_keyboard_and_link(visit):
    page = visit(reduced_motion="reduce")  # a busy machine drops a smooth scroll
    formula = page.locator(".garment-formula")
    assert "150 products + bias" in formula.inner_text()
    assert "rows 6–19, columns 8–21" in formula.inner_text()
    page.get_by_label("Layer", exact=True).select_option("alexnet.2")
    zoom = page.locator(".garment-zoom")
    zoom.focus()
    for key in ["ArrowDown"] * 3 + ["ArrowRight", "PageDown"]:
        page.keyboard.press(key)
    assert "300 products" in formula.inner_text()
    page.wait_for_function("() => location.hash.includes('cell=a.2.1.7.6')")
    said = formula.inner_text()
    again = visit("#garment:cell=a.2.1.7.6")
    again.wait_for_function(
        "(said) => document.querySelector('.garment-formula').innerText === said",
        arg=said,
    )
    maps = page.locator(".garment-lenet .garment-maps").first
    maps.scroll_into_view_if_needed()
    box = maps.bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.9, box["y"] + box["height"] / 2)
    assert "25 products" in formula.inner_text()
    assert page.locator(".garment-choice").inner_text().endswith("map 6 of 6\n›")
    # The cell lies above the maps, and comes to who chose one, on a phone as well.
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 700})
        page.locator(".garment-alexnet .garment-maps").last.click()
        expect(page.locator(".garment-cell")).to_be_in_viewport(ratio=0.99)


@pytest.mark.parametrize(
    ("link", "caption"),
    [
        ("#dress:start=trouser&dx=4", "Test image 2, label: trouser · 4 pixels right"),
        (
            "#garment:image=23&turn=-40",
            "Test image 23, label: ankle boot · turned by −40°",
        ),
        ("#garment:image=x&pad=%&dx=9e9&cell=q.1;%", "Test image 0, label: ankle boot"),
    ],
)
def test_links_of_old_and_of_nonsense(visit, link, caption):
    page = visit(link)
    assert page.locator(".garment-caption").inner_text().startswith(caption)


def test_lenet_alone_in_chapter_2(visit):
    page = visit(name="lenet")
    verdicts(page, "ankle boot 9. % right")
    assert page.locator(".garment-verdict").count() == 1
    assert not [url for url in page.requested if "alexnet" in url]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_all_is_in_one_screen_large_enough_and_named(visit, scheme):
    page = visit(
        viewport={"width": 390, "height": 844}, has_touch=True,
        color_scheme=scheme, reduced_motion="reduce", forced_colors="none",
    )  # fmt: skip
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    strip = page.locator(".garment-strip").bounding_box()
    bars = page.locator(".garment-bars").bounding_box()
    assert bars["y"] + bars["height"] - strip["y"] <= 664  # a phone's window
    small = page.evaluate(
        """() => [...document.querySelectorAll(".garment :is(button, select)")].filter(
          (e) => e.offsetParent && (e.offsetHeight < 44 || e.offsetWidth < 44),
        ).map((e) => e.textContent)"""
    )
    assert not small
    held = page.evaluate(
        """() => [...document.querySelectorAll("main *")].filter(
          (e) => getComputedStyle(e).touchAction === "none").map((e) => e.className)"""
    )
    assert held == ["garment-pad", "garment-zoom"]
    found = Axe().run(page, context="figure").response["violations"]
    assert not [(rule["id"], rule["nodes"][0]["html"][:200]) for rule in found]


def test_bars_and_frames_are_seen_in_forced_colours(visit):
    page = visit(forced_colors="active")
    shown = page.evaluate(
        """() => [...document.querySelectorAll(".garment-bar i, .garment-field")].map(
          (e) => [
            getComputedStyle(e).backgroundColor, getComputedStyle(e).borderColor])"""
    )
    assert len({json.dumps(colours) for colours in shown}) == 2
    canvas = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert shown[0][0] != canvas


def test_without_a_worker_the_page_answers_itself(visit, folder):
    page = visit(wait=False)
    page.evaluate("void (Worker = class { constructor() { throw Error('none') } })")
    page.get_by_role("button", name=re.compile("^Wake")).click()
    page.wait_for_function(BOTH)
    verdicts(page, "ankle boot 9. % right", "ankle boot 100 % right")


@pytest.mark.parametrize("lost", ["garment", "nets_lenet", "nets_alexnet"])
def test_missing_data_are_told(visit, folder, lost, tmp_path):
    shutil.copytree(folder, tmp_path / "site")
    (tmp_path / "site" / f"play-{lost}.js").write_text("", "utf-8")
    page = visit(wait=False, place=tmp_path / "site")
    page.get_by_role("button", name=re.compile("^Wake")).click()
    page.get_by_text(f"play-{lost}.js cannot be loaded").first.wait_for()
    if lost == "garment":
        assert page.locator("figure > table").is_visible()
