"""The race, the slider of sides and the speed, on bare pages from a folder."""

import json
import math
import re
from functools import cache
from pathlib import Path

import pytest
import torch
from bs4 import BeautifulSoup
from playwright.sync_api import expect

from d2l_lite import alexnet, trace
from web.join_scripts import join_styles, late_script, page_script, worker_script
from web.make_pdf import TIMEOUT
from web.pack_data import pack
from web.pack_race import pack_race

expect.set_options(timeout=TIMEOUT)
ROOT = Path(__file__).resolve().parents[2]
HOME = {"race": "04_alexnet", "sides": "04_alexnet", "speed": "05_gpu_training"}
RECORD = json.loads((ROOT / "results" / "play" / "race.json").read_text("utf-8"))
SIDES = range(28, 257)
WANTED = 6_400  # features
IMAGES = 1_216  # of a race, 38 minibatches, so that it is soon over
# Let a script's timers and messages take a few turns, however long that lasts.
TURNS = """async () => {
  for (let i = 0; i < 9; i++) await new Promise((resolve) => setTimeout(resolve, 100));
}"""
HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
CUT = "(mark) => mark.scrollWidth > mark.clientWidth"
PAINT = """(mark) => {
  const { stroke, backgroundColor, borderColor } = getComputedStyle(mark);
  return [mark.ownerSVGElement ? stroke : backgroundColor, borderColor];
}"""


def figure_of(part):
    """The figure as the chapter stores it."""
    notebook = json.loads((ROOT / f"notebooks/{HOME[part]}.ipynb").read_text("utf-8"))
    for cell in notebook["cells"]:
        for output in cell.get("outputs", ()):
            html = "".join(output.get("data", {}).get("text/html", ""))
            if f"data-play='{part}'" in html:
                return BeautifulSoup(html, "html.parser").figure
    raise LookupError(part)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A page for each figure, with its script and data."""
    folder = tmp_path_factory.mktemp("pages")
    style = (ROOT / "web" / "static" / "book.css").read_text("utf-8") + join_styles()
    data = {
        "fashion": json.dumps(pack()),
        "worker": json.dumps(worker_script()),
        "race": late_script("race_app"),
        "race_record": pack_race(),
    }
    for name, value in data.items():
        text = f"(globalThis.playData ??= {{}}).{name} = {value};\n"
        (folder / f"play-{name}.js").write_text(text, encoding="utf-8")
    for part in HOME:
        (folder / f"{part}.js").write_text(page_script([part]), encoding="utf-8")
        figure = figure_of(part)
        if part == "race":
            figure["data-images"] = IMAGES
        (folder / f"{part}.html").write_text(
            "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
            "<meta name='viewport' content='width=device-width'><title>A page</title>"
            f"<script defer src='{part}.js'></script><style>{style}</style></head>"
            f"<body><main>{figure}<p>Below.</p></main></body></html>",
            encoding="utf-8",
        )
    return folder


@pytest.fixture
def visit(new_page, folder):
    """Return a function that opens a figure; its faults are read when the test ends."""
    faults = []

    def open_page(part, link="", **options):
        page = new_page(**options)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(f"{(folder / part).as_uri()}.html{link}")
        page.said = page.locator("[role=status]").first
        return page

    yield open_page
    assert not faults, "\n".join(faults)


def press(page, name):
    """Press the button whose name begins so, by keyboard."""
    page.get_by_role("button", name=re.compile(f"^{name}")).press("Enter")


def ready(page, guess):
    """Open the race with a guess, and wait until it knows how long it will take."""
    press(page, guess)
    span = r"Ready: from \d+ \w+ to \d+ (sec|min)"
    expect(page.locator(".race")).to_contain_text(re.compile(span))
    page.said = page.locator(".race .play-status")


def rest(page):
    """Let the workers hear what they were told, and the page what they answered."""
    for script in (*page.workers, page):
        script.evaluate(TURNS)


def below(page):
    """Where the text below the figure begins."""
    return page.get_by_text("Below.").bounding_box()["y"]


@cache
def net():
    """AlexNet, whose weights nobody needs."""
    with torch.device("meta"):
        return alexnet()


def shapes(side):
    """What PyTorch makes of an image: a name and a shape a layer, until one breaks."""
    X, found = torch.empty(1, 1, side, side, device="meta"), []
    for layer in net().eval():
        try:
            X = layer(X)
        except RuntimeError:
            break
        found.append((type(layer).__name__, X.shape[1:]))
    return found


def recorded(net):
    """How many recorded runs of a net got there, and how many there are."""
    names = ("activation", "pooling", "extra")
    runs = [run for run in RECORD["runs"] if [run[name] for name in names] == net]
    return sum(run["reached"] is not None for run in runs), len(runs)


# ----------------------------------------------------------------------- race


def test_a_race_is_guessed_run_paused_and_judged(visit):
    page = visit("race")
    ready(page, "A$")
    told, table = page.locator(".race-told"), page.locator("table tbody").last
    assert told.inner_text() == "You may change it until the start."
    assert page.locator(".race-recorded").count() == 0
    press(page, "Start the race")
    press(page, "Pause")
    expect(page.said).to_have_text("Paused.")
    assert told.inner_text() == "Your guess is fixed until the race ends."
    for name in ("A", "B", "neither will"):
        assert page.get_by_role("button", name=name, exact=True).is_disabled()
    rest(page)
    before = table.inner_text()
    rest(page)
    assert table.inner_text() == before
    press(page, "Go on")
    expect(page.said).to_contain_text("Done: ")
    a, b = re.findall(r"[AB] (\d\.\d+) after ([\d,]+)", page.said.inner_text())
    assert a[1] == b[1] == f"{IMAGES:,}"
    assert float(a[0]) > float(b[0])
    # The verdict, and only now the record.
    assert f"Neither got there within {IMAGES:,} images" in told.inner_text()
    assert "✗ You said otherwise." in told.inner_text()
    for letter, kind in ("A", "ReLU"), ("B", "sigmoid"):
        there, of = recorded([kind, "max", 0])
        assert f"{letter} in {there} of {of} runs" in page.inner_text(".race-kept")
    assert page.locator("polyline.race-recorded").count() == 10
    # Images that are right, and a bar for each layer with weights.
    for lane in page.locator(".race-lane").all():
        right = lane.locator(".race-right").count()
        assert f"{right} of these 20 test images right" in lane.inner_text()
        heights = [bar.bounding_box()["height"] for bar in lane.locator("i").all()]
        assert len(heights) == 5
        bars = lane.locator(".race-bars")
        assert "First layer ÷ last: " in bars.get_attribute("aria-label")
    assert heights[0] < heights[-1]  # a sigmoid's

    # One net changes: both runs stay, and only that one trains.
    main = page.get_by_role("button", name="Race again, seed 1")
    expect(main).to_be_enabled()
    rows = table.inner_text()
    page.locator(".race-b select").last.select_option("4")
    expect(page.said).to_contain_text("A has run; only B trains.")
    assert table.inner_text() == rows
    assert "as the net was before" in page.inner_text(".race-b")
    assert page.locator("polyline.play-curve:not(.race-recorded)").count() == 2
    assert page.locator("[aria-pressed=true]").count() == 0  # guess anew
    press(page, "Start the race")
    expect(page.locator(".race-b .race-bars i")).to_have_count(9)
    assert len(page.workers) == 1
    press(page, "Stop")
    expect(page.said).to_have_text("Stopped.")
    assert page.get_by_role("button", name="Start the race").evaluate(
        "(button) => button === document.activeElement"
    )
    assert table.locator("tr").count() == 3
    assert "before, B: sigmoid, max pooling, seed 0" in table.inner_text()
    assert page.locator("polyline.race-earlier").count() == 1
    page.evaluate(TURNS)
    assert not page.workers


def test_a_race_rests_while_nobody_looks(visit):
    page = visit("race")
    ready(page, "neither")
    press(page, "Start")
    table = page.locator("table tbody").last
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.evaluate(HIDE, True)
    expect(page.get_by_role("button", name="Go on")).to_be_visible()
    rest(page)
    before = table.inner_text()
    rest(page)
    assert table.inner_text() == before
    page.evaluate(HIDE, False)
    expect(page.said).to_contain_text("Done: ")
    assert table.inner_text() != before
    # Other nets: the label speaks of the seed that the training will have.
    press(page, "the depth")
    press(page, "Start the race$")
    expect(table.locator("tr").nth(1)).to_contain_text("4 more layers, seed 0")


def test_a_link_chooses_the_nets_and_what_is_unknown_is_the_first_net(visit):
    page = visit("race", "#race:A=tanh+average+1&B=none+max+4&seed=3")
    assert "A: tanh, average pooling, 1 more layer." in page.inner_text("figure")
    press(page, "Choose other nets")
    expect(page.locator(".race .play-status")).to_contain_text("Ready")
    start = page.get_by_role("button", name="Start the race, seed 3")
    expect(start).to_be_enabled()
    chosen = [select.input_value() for select in page.locator("select").all()]
    assert chosen == ["tanh", "average", "1", "sigmoid", "max", "4"]
    press(page, "the pooling")
    chosen = [select.input_value() for select in page.locator("select").all()]
    assert chosen == ["sigmoid", "average", "0", "sigmoid", "max", "0"]
    page.wait_for_function("() => location.hash.includes('A=sigmoid+average+0')")
    assert "seed=3" in page.evaluate("location.hash")


# ---------------------------------------------------------------------- sides


def test_the_marks_stand_where_the_net_breaks(visit):
    page = visit("sides")
    track = page.locator(".sides-track")
    expect(track).to_have_attribute("role", "img")
    said = track.get_attribute("aria-label")
    zones = re.findall(r"(\d+) to (\d+): (?:layer (\d+)|fits)", said)
    starts, ends = ([int(zone[i]) for zone in zones] for i in (0, 1))
    assert starts == [SIDES[0], *(end + 1 for end in ends[:-1])]
    assert ends[-1] == SIDES[-1]
    for start, end, layer in zones:
        reached = int(layer) if layer else len(net())
        assert len(shapes(int(start))) == len(shapes(int(end))) == reached
    assert starts[-3:] == [65, 193, 225]
    slider = page.get_by_role("slider").bounding_box()
    for side in starts[-3:]:
        number = track.locator("i", has_text=f"{side}").bounding_box()
        middle = number["x"] + number["width"] / 2 - slider["x"] - 8
        share = (side - SIDES[0]) / (SIDES[-1] - SIDES[0])
        assert middle == pytest.approx(share * (slider["width"] - 16), abs=1)


@pytest.mark.parametrize("side", [64, 65, 192, 193, 224, 225, 227])
def test_each_side_is_shown_as_it_is(visit, side):
    page = visit("sides", "#sides:side=227" if side == 227 else "")
    if side != 227:
        press(page, f"{side}$")
    layers = shapes(side)
    text = page.inner_text(".sides-facts p:first-child")
    assert text.startswith(f"Side {side}. ")
    assert ("All 21 layers fit" in text) == (len(layers) == 21)
    if len(layers) == 21:
        assert f"{trace(net(), (1, 1, side, side)).macs:,} multiply-adds" in text
    flat = [shape[0] for name, shape in layers if name == "Flatten"]
    if flat and flat[0] != WANTED:
        assert f"it takes 6,400 numbers and gets {flat[0]:,}." in text
    assert page.get_by_role("slider").input_value() == f"{side}"
    assert page.get_by_label("in pixels").input_value() == f"{side}"
    # A square's side is the map's.
    drawn = [
        float(square.get_attribute("width"))
        for square in page.locator("rect.sides-square:not(.sides-empty)").all()
    ]
    shown = ("Conv2d", "MaxPool2d", "Flatten", "Linear")
    maps = [shape for name, shape in layers if name in shown]
    expected = [s[-1] if len(s) > 1 else math.sqrt(s[0]) for s in maps]
    assert drawn == pytest.approx([side, *expected])


def test_a_side_beyond_the_slider_is_refused_aloud_and_nothing_jumps(visit):
    page = visit("sides", width=390)
    expect(page.locator(".sides-jumps button")).to_have_count(9)
    height = below(page)
    box = page.get_by_label("in pixels")
    box.fill("300")
    box.press("Enter")
    text = "a whole number from 28 to 256. The figure still shows 224."
    assert f"300 is not {text}" in page.inner_text("figure")
    assert box.input_value() == "224"
    box.fill("")
    expect(page.locator(".sides-facts")).to_contain_text(f"Type {text}")
    assert below(page) == height
    for mark in page.locator(".sides-track span").all():
        assert not mark.evaluate(CUT)
    for button in page.locator(".sides-jumps button").all():
        button.click()
        assert below(page) == height
        assert button.get_attribute("aria-pressed") == "true"
    slider = page.get_by_role("slider")
    slider.press("Home")
    assert "Side 28. Layer 5, MaxPool2d, does not fit" in page.inner_text("figure")
    assert "✗ breaks here" in page.inner_text("table")
    assert below(page) == height


# ---------------------------------------------------------------------- speed


def test_lengths_are_logarithms_and_the_browser_is_measured(visit):
    page = visit("speed")
    rows = page.get_by_role("listitem")
    text = page.inner_text("figure")
    assert "not measured yet" in text and "many times as fast" in text
    colours = [
        {mark.evaluate(PAINT)[1] for mark in page.locator(f"i.speed-{net}").all()}
        for net in ("lenet", "alexnet")
    ]
    assert page.locator(".speed-key").inner_text().split() == ["LeNet", "AlexNet"]
    assert colours[0] != colours[1] and len(colours[0]) == len(colours[1]) == 1
    # 60,000 of the images that five and six days took, 90 times 1.2 million.
    assert "the paper’s own AlexNet 4 minutes to 4.8 minutes" in rows.last.inner_text()
    height = below(page)
    press(page, "Measure this browser")
    expect(page.said).to_contain_text("an epoch of LeNet would take")
    assert "without vectors" not in page.inner_text("figure")  # WebAssembly is allowed
    assert below(page) == height
    units = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
    lengths = []
    for row in rows.all()[:-1]:
        times = re.findall(r"([\d.]+) (second|minute|hour|day)", row.inner_text())
        page.wait_for_timeout(700)  # lengths grow
        bars = [bar.bounding_box()["width"] for bar in row.locator("i").all()]
        lengths += zip(bars, (float(n) * units[unit] for n, unit in times), strict=True)
    whole = page.locator(".speed-scale").bounding_box()["width"]
    for length, seconds in lengths:
        assert length == pytest.approx(whole * (math.log10(seconds) + 1) / 7, abs=8)
    press(page, "Measure again")
    expect(page.get_by_role("button", name="Measure again")).to_be_enabled()
    assert rows.count() == 4


# ----------------------------------------------------------------- everywhere


@pytest.mark.parametrize("part", HOME)
def test_fingers_high_contrast_and_captions(visit, part):
    page = visit(part, width=390, forced_colors="active", reduced_motion="reduce")
    if part == "race":
        ready(page, "B$")
        start = page.get_by_role("button", name="Start the race").bounding_box()
        lane = page.locator(".race-lane").first.bounding_box()
        assert start["y"] + start["height"] < lane["y"] < 600  # seen first
    if part == "sides":
        expect(page.locator(".sides-jumps button")).to_have_count(9)
    for control in page.locator("button, select, input").all():
        box = control.bounding_box()
        assert box["height"] >= 44 and box["width"] >= 44, control.inner_text()
    for table in page.locator("table:visible").all():
        assert len(table.locator("caption").inner_text()) > 10
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    marks = ".race-images canvas, .sides-square, .speed-alexnet:not([hidden])"
    for mark in page.locator(marks).all():
        assert set(mark.evaluate(PAINT)) != {ground}
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
