"""The live parts in a real browser: by keyboard, from a folder, without a script."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

PARTS = {
    "tracer": "notebooks/03_shapes.html",
    "sides": "notebooks/04_alexnet.html",
    "race": "notebooks/04_alexnet.html",
    "speed": "notebooks/05_gpu_training.html",
    "garment": "notebooks/07_look_inside.html",
    "steps": "notebooks/03_shapes.html",
    "window": "notebooks/02_lenet.html",
    "claims": "notebooks/08_claims.html",
    "yournet": "book/your_net.html",
}
START = {  # by a click
    "race": "neither",
    "speed": "Measure",
    "garment": "Wake",
    "yournet": "Start",
}
IN_USE = {  # what a part says then
    "race": re.compile(r"^Ready: "),
    "speed": re.compile("one of AlexNet"),
    "garment": re.compile(r"This answer took"),
    "yournet": re.compile(r"images a second, about"),
}


@pytest.fixture
def visit(new_page, address):
    """Return a function that opens a part; its faults are read when the test ends."""
    faults, requested = [], []

    def open_part(part, link="", base=address, **options):
        page = new_page(**options)
        page.on("console", lambda m: m.type == "error" and faults.append(m.text))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.requested = []
        page.on("request", lambda request: page.requested.append(request.url))
        requested.append(page.requested)
        page.goto(f"{base}{PARTS[part]}{link}", wait_until="load")
        page.part = page.locator(f"figure[data-play={part}]")
        page.said = page.part.locator("[role=status]").first
        return page

    yield open_part
    home = (address, "file:", "data:", "blob:")
    faults += [url for urls in requested for url in urls if not url.startswith(home)]
    assert not faults, "\n".join(faults)


def press(page, name, *keys):
    """Focus the control of this name and press keys on it."""
    control = page.part.get_by_role("button", name=re.compile(f"^{name}")).first
    control.focus()
    for key in keys or ["Enter"]:
        page.keyboard.press(key)


def wait_for(page, pattern):
    """Wait until the status line says this; return what it says."""
    page.wait_for_function(
        "([line, pattern]) => new RegExp(pattern).test(line.textContent)",
        arg=[page.said.element_handle(), pattern],
    )
    return page.said.text_content()


@pytest.mark.parametrize("part", PARTS)
def test_without_a_script_the_figure_says_it_all(visit, part):
    page = visit(part, java_script_enabled=False)
    assert page.part.locator("table").first.is_visible()
    assert page.part.locator("tbody tr").count() >= 1
    assert len(page.part.locator("figcaption").inner_text()) > 20
    assert page.part.locator("button, input, select, textarea").count() == 0


@pytest.mark.parametrize("part", PARTS)
def test_no_data_is_loaded_before_a_click(visit, part, address):
    page = visit(part)
    page.wait_for_load_state("networkidle")
    assert page.part.locator("button, input").first.is_visible()
    assert all(url.startswith((address, "data:", "blob:")) for url in page.requested)
    assert not [url for url in page.requested if "/play-" in url]


def test_the_tracer_follows_each_keystroke_and_a_link_keeps_it(visit):
    page = visit("tracer")
    width, height = (page.part.get_by_label(name) for name in ("Width", "Height"))
    said = page.part.locator("#play-said")
    sizes = page.part.get_by_label("Sizes")
    sizes.select_option("1×28×28")
    expect(said).to_contain_text("Layer 5, MaxPool2d, does not fit")
    expect(sizes).to_have_value("1×28×28")
    for side in (height, width):
        side.fill("64")
    expect(said).to_contain_text("Layer 12, MaxPool2d, does not fit")
    expect(sizes).to_have_value("")
    expect(page.part.locator("tfoot th")).to_have_text("so far")
    page.wait_for_function("() => location.hash.includes('side=64')")
    again = visit("tracer", page.evaluate("location.hash"))
    expect(again.part.locator("#play-said")).to_have_text(said.text_content())
    box = page.part.get_by_label("The net, to be changed")
    box.fill(
        "n = 6\nnn.Sequential(\n  nn.Conv2d(1, n, 5, padding=2),\n  nn.Flatten(),\n)"
    )
    expect(said).to_contain_text("2 layers")
    expect(page.part.locator("tfoot th")).to_have_text("total")
    assert "6×64×64" in page.part.inner_text()
    # Each row stands at the height of its line.
    unit = box.evaluate("(box) => parseFloat(getComputedStyle(box).lineHeight)")
    rows = page.part.locator("tbody tr")
    tops = [rows.nth(i).bounding_box()["y"] for i in (1, 2)]
    inside = tops[0] - box.bounding_box()["y"]
    assert tops[1] - tops[0] == pytest.approx(unit, abs=1)
    assert 2 * unit <= inside <= 2.5 * unit


def test_the_tracer_waits_for_the_reader_and_brings_a_net_back(visit):
    page = visit("tracer")
    said = page.part.locator("#play-said")
    box = page.part.get_by_label("The net, to be changed")
    box.fill("nn.Sequential(nn.Flatten())")
    expect(said).to_contain_text("1 layer, 0 parameters")
    box.press("End")
    page.keyboard.type(", nn.Re", delay=20)
    assert "play-wrong" not in (said.get_attribute("class") or "")
    expect(said).to_have_class("play-wrong")
    mine = box.input_value()
    box.fill("nn.Sequential(nn.Own(3))")
    expect(page.part).to_contain_text("Known are: Conv2d,")
    assert page.part.inner_text().count("Hardsigmoid") == 1
    box.fill(mine)
    page.wait_for_function("() => location.hash.includes('nn.Re')")
    link = page.evaluate("location.hash")
    press(page, "Start again")
    assert "nn.Conv2d" in box.input_value()
    page.wait_for_timeout(1000)
    assert page.evaluate("location.hash") == link
    press(page, "Undo")
    assert box.input_value() == mine


def test_the_tracer_takes_the_size_of_a_pasted_net_and_names_its_limits(visit):
    page = visit("tracer")
    said = page.part.locator("#play-said")
    box = page.part.get_by_label("The net, to be changed")
    paste = """(box, text) => {
      box.focus();
      box.select();
      box.dispatchEvent(new ClipboardEvent("paste"));
      document.execCommand("insertText", false, text);
    }"""
    net = "nn.Conv2d(3, 6, 5), nn.Flatten(), nn.Linear(6 * 28 * 28, 10)"
    box.evaluate(paste, f"import torch\nnet = nn.Sequential({net})")
    expect(page.part.get_by_label("Channels")).to_have_value("3")
    expect(said).to_contain_text("The image is 3×32×32 now")
    cut = "self.f(x.view(-1, 3 * 16 * 16))"
    rows = (
        "class A(nn.Module):\n  def __init__(self):\n    self.f = nn.Linear(768, 10)\n"
        f"  def forward(self, x):\n    return {cut}"
    )
    box.fill(rows)
    expect(said).to_contain_text("One image has become 4 rows")
    box.evaluate(paste, rows)
    expect(said).to_contain_text("The image is 3×16×16 now")
    expect(said).not_to_contain_text("rows")
    box.fill("nn.Conv2d(3, 6, 5), nn.Linear(864, 10)")
    expect(said).to_contain_text("Is a Flatten missing before it?")
    box.evaluate(
        """(box) => {
          box.value = "nn.ReLU(),\\n".repeat(10000);
          box.dispatchEvent(new Event("input", { bubbles: true }));
        }"""
    )
    expect(said).to_contain_text("110,000 characters, and at most 20,000")
    page.wait_for_timeout(1000)
    assert page.evaluate("location.href.length") < 8_000


def test_a_net_goes_from_the_trace_to_its_training_and_to_chapter_9(visit, site):
    page = visit("tracer", base=f"{site.as_uri()}/")
    net = "nn.Sequential(nn.Flatten(), nn.Linear(784, 9), nn.Linear(9, 10))  # mine"
    page.part.get_by_label("The net, to be changed").fill(net)
    page.wait_for_function("() => location.hash.includes('mine')")
    page.get_by_role("link", name="Train it here").press("Enter")
    page.part = page.locator("figure[data-play=yournet]")
    page.said = page.part.locator("[role=status]").first
    expect(page.part.get_by_label("Your net")).to_have_value(net)
    assert page.evaluate("location.hash").startswith("#yournet:")
    page.part.get_by_label("optimizer").select_option("SGD")
    page.part.get_by_label("learning rate").fill("1e30")
    wait_for(page, "^Ready")
    press(page, "Start")
    page.part.get_by_text("no number any more").wait_for()
    page.part.get_by_role("link", name="chapter 9").press("Enter")
    page.wait_for_url("**/09_errors.html#*")
    section = page.locator(f"[id='{page.url.partition('#')[2]}']")
    expect(section.get_by_role("heading")).to_contain_text("the loss is nan")


def test_the_race_runs_from_a_folder_on_disk(visit, site):
    page = visit("race", base=f"{site.as_uri()}/")
    press(page, START["race"])
    page.part.get_by_text(IN_USE["race"]).wait_for()
    page.said = page.part.locator(".race .play-status")
    press(page, "Start")
    wait_for(page, r"A 0\.\d+ after [1-9]")
    press(page, "Stop")
    wait_for(page, "^Stopped")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("part", PARTS)
def test_a_part_in_use_fits_a_phone_and_has_no_fault_that_axe_finds(visit, part, theme):
    page = visit(part, color_scheme=theme, reduced_motion="reduce")
    page.set_viewport_size({"width": 390, "height": 844})
    if part in START:
        press(page, START[part])
        page.part.get_by_text(IN_USE[part]).first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    wide = """(figure) => [...figure.querySelectorAll("*")]
      .filter((e) => e.clientWidth > 100 && e.scrollWidth > e.clientWidth)
      .map((e) => e.className)"""
    # The garments' strip is there to be pushed along.
    assert set(page.part.evaluate(wide)) <= {"garment", "garment-strip"}
    if page.part.locator("> table:not(.garment-bars)").is_hidden():
        assert "table" not in page.part.locator("figcaption").inner_text()
    found = Axe().run(page, context=f"figure[data-play={part}]").response["violations"]
    assert not [(rule["id"], rule["nodes"][0]["html"][:200]) for rule in found]


@pytest.mark.parametrize("part", PARTS)
def test_a_malformed_link_changes_nothing(visit, part):
    page = visit(part, f"#{part}:side=abc&seed=-1&net=(&start=none&dx=9e9;%")
    assert page.part.locator("button, input").first.is_visible()


@pytest.mark.parametrize("part", START)
def test_missing_data_are_told_and_the_still_figure_stays(visit, part):
    page = visit(part, extra_http_headers={})
    page.route("**/play-*.js", lambda route: route.fulfill(body=""))
    press(page, START[part])
    wait_for(page, "did not work|stopped|could not be measured")
    assert page.part.locator("table, [role=list]").first.is_visible()
