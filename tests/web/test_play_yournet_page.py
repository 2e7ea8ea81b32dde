"""Your net in a browser, on a bare page from a folder: typed, trained, among others."""

import json
import re
from math import sqrt
from pathlib import Path
from statistics import stdev

import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import expect

from web.join_scripts import join_styles, late_script, page_script, worker_script
from web.make_pdf import TIMEOUT
from web.pack_data import pack
from web.pack_yournet import pack_yournet

expect.set_options(timeout=TIMEOUT)
ROOT = Path(__file__).resolve().parents[2]
IMAGES, EVERY = 4_800, 1_200
LINEAR = "nn.Sequential(nn.Flatten(), nn.Linear(784, 20), nn.ReLU(), nn.Linear(20, 10))"
CONV = (  # slow enough to be paused
    "nn.Sequential(nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), "
    "nn.Linear(864, 10))"
)
WIDE = "nn.Sequential(nn.Flatten(), nn.Linear(784, 50000), nn.Linear(50000, 10))"
TURNS = """async () => {
  for (let i = 0; i < 9; i++) await new Promise((resolve) => setTimeout(resolve, 100));
}"""
HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
RECORD = {  # a short training ends near the first net, and far from the second
    "nets": {
        "small": {"parameters": 16_000, "macs": 16_000},
        "large": {"parameters": 900_000, "macs": 2_000_000},
        "unfinished": {"parameters": 1, "macs": 1},
    },
    "runs": [
        {"net": net, "chosen": chosen, "lr": 0.01, "accuracy": [0.1, accuracy]}
        for net, chosen, accuracy in [
            *[("small", True, a) for a in (0.1, 0.5, 0.7, 0.95, 1.0)],
            ("small", False, 0.9), ("unfinished", True, 0.5),
            *[("large", True, a) for a in (0.97, 0.975, 0.98, 0.985, 0.99)],
        ]
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A page for the figure, with its script and data, and a record of its own."""
    folder = tmp_path_factory.mktemp("pages")
    style = (ROOT / "web" / "static" / "book.css").read_text("utf-8") + join_styles()
    (folder / "record.json").write_text(json.dumps(RECORD), encoding="utf-8")
    data = {
        "fashion": json.dumps(pack()),
        "any_net": late_script("any_net"),
        "yournet": late_script("yournet_app"),
        "yournet_worker": json.dumps(worker_script("yournet_worker")),
        "yournet_record": pack_yournet(folder / "record.json"),
    }
    for name, value in data.items():
        text = f"(globalThis.playData ??= {{}}).{name} = {value};\n"
        (folder / f"play-{name}.js").write_text(text, encoding="utf-8")
    (folder / "yournet.js").write_text(page_script(["yournet"]), encoding="utf-8")
    text = (ROOT / "book" / "your_net.md").read_text("utf-8")
    figure = BeautifulSoup(text, "html.parser").figure
    for name, images in (("yournet", IMAGES), ("endless", 100 * IMAGES)):
        figure["data-images"], figure["data-every"] = images, EVERY
        (folder / f"{name}.html").write_text(
            "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
            "<meta name='viewport' content='width=device-width'><title>A page</title>"
            f"<script defer src='yournet.js'></script><style>{style}</style></head>"
            f"<body><main>{figure}</main></body></html>",
            encoding="utf-8",
        )
    return folder


@pytest.fixture
def visit(new_page, folder):
    """Return a function that opens the figure; faults are read when the test ends."""
    faults = []

    def open_page(link="", name="yournet", **options):
        page = new_page(**options)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(f"{(folder / f'{name}.html').as_uri()}{link}")
        page.said = page.locator("[role=status]").first
        page.facts = page.locator("#yournet-facts")
        return page

    yield open_page
    assert not faults, "\n".join(faults)


def press(page, name):
    """Press the button whose name begins so, by keyboard."""
    page.get_by_role("button", name=re.compile(f"^{name}")).press("Enter")


def type_net(page, text):
    """Write a net into the box, and wait until it is timed."""
    page.get_by_label("Your net").fill(text)
    ready = re.compile(r"^Ready\. .* about \d+ \w+ for 4,800")
    expect(page.said).to_contain_text(ready)


def rest(page):
    """Let the worker hear what it was told, and the page what it answered."""
    for script in (*page.workers, page):
        script.evaluate(TURNS)


def let_go(page):
    """Wait until no worker is left, of which the browser tells after a while."""
    for _ in range(400):
        if not page.workers:
            return
        page.wait_for_timeout(50)
    pytest.fail("a worker keeps its memory")


def seen(page):
    """How many images the run has seen, as the status line says."""
    number = re.search(r"([\d,]+) images", page.said.inner_text())[1]
    return int(number.replace(",", ""))


def test_a_net_is_typed_trained_stepped_and_lands(visit):
    page = visit()
    type_net(page, CONV)
    facts = "5 layers, 8,806 parameters, 95,040 multiply-adds"
    assert facts in page.facts.inner_text()
    press(page, "Start")
    press(page, "Pause")
    rest(page)
    press(page, "Step")
    expect(page.said).to_contain_text("Paused. ")
    rest(page)
    before = seen(page)
    rest(page)
    press(page, "Step")
    expect(page.said).to_contain_text(f"{before + 32:,} images")
    press(page, "Go on")
    expect(page.said).to_contain_text("Done: ")
    (accuracy,) = re.findall(r"Done: (\d+\.\d) %", page.said.inner_text())
    assert float(accuracy) > 50
    let_go(page)
    # A test every 1,200 images, the first before the first step.
    curve = page.locator("polyline.play-curve-a").first.get_attribute("points")
    assert len(curve.split()) == IMAGES / EVERY + 1
    rows = page.locator(".yournet-layers tbody tr")
    assert [row.inner_text().split("\t")[0] for row in rows.all()] == [
        "0 Conv2d",
        "4 Linear",
    ]
    assert re.search(r"\d of 6$", rows.first.inner_text())
    assert rows.first.locator("i").bounding_box()["width"] > 5
    right = page.locator(".race-right").count()
    assert f"{right} of these 20 held-out images right" in page.inner_text("figure")
    # Among the recorded nets, each judged by its own seeds.
    assert page.locator(".yournet-rung").count() == 2 * 2 * 5
    assert page.locator(".yournet-run").count() == 2
    said = page.get_by_text("Your last run is")
    size = abs(float(accuracy) - 65)
    where = "above" if float(accuracy) > 65 else "below"
    assert f"{size:.1f} points {where} the mean of small" in said.inner_text()
    assert "between 0.0 % and 100.0 %, so" in said.inner_text()
    end = "(From 5 recorded seeds, Adam 0.01.) Of these seeds 1 never learned."
    assert f"may be chance. {end}" in said.inner_text()
    page.get_by_label("Compare with").select_option("large")
    assert "below the mean of large" in said.inner_text()
    assert "more than seeds alone make" in said.inner_text()

    press(page, "Once more, seed 1")
    expect(page.locator(".yournet-run")).to_have_count(4)
    assert "2: your net; Adam 0.003, minibatch 32, seed 1" in page.inner_text("figure")
    # Both seeds are judged together, and a mean of two scatters less than one.
    both = page.locator(".yournet-run title").all_text_contents()[:2]
    mean = sum(float(re.search(r"(\d+\.\d) %", one)[1]) for one in both) / 2
    half = 2.776445 * stdev((97, 97.5, 98, 98.5, 99)) * sqrt(1 / 5 + 1 / 2)
    said = page.get_by_text("The mean of your 2 seeds of this net is").inner_text()
    size, *between = re.findall(r"(\d+\.\d) (?:points|%)", said)
    assert float(size) == pytest.approx(98 - mean, abs=0.06)
    assert between == [f"{98 - half:.1f}", f"{98 + half:.1f}"]
    page.wait_for_function("() => location.hash.includes('seed=1')")
    again = visit(page.evaluate("location.hash"))
    assert again.get_by_label("Your net").input_value() == CONV
    assert again.get_by_label("seed").input_value() == "1"
    again.get_by_label("Start from a rung").select_option("depth")
    assert again.get_by_label("learning rate").input_value() == "0.001"


def test_a_training_rests_while_nobody_looks_and_stops(visit):
    page = visit(name="endless")  # not done before it is looked at
    press(page, "Start")
    expect(page.said).to_contain_text("left.")
    page.evaluate(HIDE, True)
    expect(page.get_by_role("button", name="Go on")).to_be_visible()
    rest(page)
    curve = page.locator("polyline.play-curve-a").last
    before = curve.get_attribute("points")
    rest(page)
    assert curve.get_attribute("points") == before
    page.evaluate(HIDE, False)
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    press(page, "Stop")
    expect(page.said).to_have_text("Stopped.")
    let_go(page)
    assert page.get_by_role("button", name="Start").evaluate(
        "(button) => button === document.activeElement"
    )


def test_what_cannot_be_trained_says_why_before_it_starts(visit):
    page = visit()
    start = page.get_by_role("button", name="Start")
    box = page.get_by_label("Your net")
    box.fill("nn.Sequential(\n  nn.Flatten(),\n  nn.Linear(700, 10),\n)")
    expect(page.facts).to_contain_text("Line 3. Layer 1, Linear, does not fit")
    assert "PyTorch says" in page.facts.inner_text()
    expect(start).to_be_disabled()
    expect(page.said).to_have_text("")  # nothing of the net before
    box.fill(WIDE)
    expect(page.said).to_contain_text("This net takes 619 MB to train")
    press(page, "Start")
    expect(page.said).to_contain_text("This net takes 619 MB to train")
    type_net(page, LINEAR)
    page.get_by_label("learning rate").fill("")
    expect(page.facts).to_have_text("The learning rate is a number above 0.")
    expect(start).to_be_disabled()


def test_a_loss_that_is_no_number_is_told_until_the_recipe_is_another(visit):
    page = visit()
    type_net(page, LINEAR)
    rate = page.get_by_label("learning rate")
    rate.fill("1e30")
    press(page, "Start")
    why = page.get_by_role("link", name="The loss is nan, in chapter 9")
    expect(why).to_be_visible()
    rate.fill("0.003")
    expect(why).to_have_count(0)


def test_a_net_too_long_for_a_link_is_not_in_it(visit):
    page = visit()
    type_net(page, f"{LINEAR}  # {'x' * 8000}")
    expect(page.facts).to_contain_text("too long for a link")
    page.get_by_label("seed").fill("7")
    page.wait_for_function("() => location.hash.includes('seed=7')")
    assert page.evaluate("location.href.length") < 8_000


def test_fingers_and_high_contrast(visit):
    page = visit(width=390, forced_colors="active", reduced_motion="reduce")
    type_net(page, LINEAR)
    press(page, "Start")
    expect(page.said).to_contain_text("Done: ")
    for control in page.locator("button, select, input, summary").all():
        if control.is_visible():
            box = control.bounding_box()
            assert box["height"] >= 44 and box["width"] >= 44, control.inner_text()
    for table in page.locator("table:visible").all():
        assert len(table.locator("caption").inner_text()) > 10
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    for mark in page.locator(".yournet-bar i, .yournet-run").all():
        paint = "(e) => { const s = getComputedStyle(e);"
        paint += " return e.ownerSVGElement ? s.fill : s.backgroundColor; }"
        assert mark.evaluate(paint) != ground
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
