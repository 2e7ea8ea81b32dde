"""The window and its steps: what they draw is torch's, and they work in a browser."""

import base64
import json
import random
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from axe_playwright_python.sync_playwright import Axe
from torch.nn import functional as F

from d2l_lite.data import SAMPLE, read_split
from web.build import environment_with_node
from web.join_scripts import join_styles, page_script
from web.pack_weights import pack_weights

ROOT = Path(__file__).resolve().parents[2]
RUNNER = ROOT / "tests" / "web" / "play" / "window.mjs"
POOL = 4_000  # numbers, out of which all images and weights are cut
BOOT = 9  # the class of ankle boots


def ask(task: str, **settings: object) -> list | dict | str:
    """Return what the runner answers to a task."""
    done = subprocess.run(
        ["node", str(RUNNER)],
        input=json.dumps({"task": task, **settings}),
        env=environment_with_node(),
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


# -------------------------------------------------------------- the arithmetic


def drawn(random: random.Random) -> dict:
    """Return a setting, weights and an image; some windows do not fit."""
    setting = {
        "side": random.randint(1, 40),
        "kernel": random.choice([1, 2, 3, 3, 5, 7, 11]),
        "stride": random.randint(1, 6),
        "padding": random.choice([0, 0, 1, 2, 3, 5]),
        "dilation": random.choice([1, 1, 1, 2, 3, 4]),
    }
    image, weights = setting["side"] ** 2, setting["kernel"] ** 2
    return {
        "setting": setting,
        "image": [random.randrange(POOL - image), image],
        "weights": [random.randrange(POOL - weights), weights],
        "bias": random.choice([0, random.uniform(-3, 3)]),
    }


def never_looked_at(setting: dict) -> list[bool]:
    """Ask the gradient: which columns of the padded image reach no output?"""
    side = setting["side"] + 2 * setting["padding"]
    X = torch.ones(1, 1, side, side, dtype=torch.float64, requires_grad=True)
    ones = torch.ones(1, 1, setting["kernel"], setting["kernel"], dtype=torch.float64)
    F.conv2d(
        X, ones, stride=setting["stride"], dilation=setting["dilation"]
    ).sum().backward()
    assert torch.equal(X.grad[0, 0], X.grad[0, 0].T)  # rows as columns
    return (X.grad[0, 0].sum(dim=0) == 0).tolist()


def compare(count: int, seed: int, folder: Path) -> None:
    """Compare so many drawn settings with torch."""
    draws = random.Random(seed)
    pool = [draws.gauss(0, 1) for _ in range(POOL)]
    cases = [drawn(draws) for _ in range(count)]
    file = folder / "maps"
    answers = ask("maps", pool=pool, cases=cases, file=str(file))
    maps, at, fitting = torch.from_numpy(np.fromfile(file, "<f8")), 0, 0
    values = torch.tensor(pool, dtype=torch.float64)
    for case, answer in zip(cases, answers, strict=True):
        setting = case["setting"]
        image, weights = (
            values[start : start + length].reshape(1, 1, round(length**0.5), -1)
            for start, length in (case["image"], case["weights"])
        )
        rest = {key: setting[key] for key in ("stride", "padding", "dilation")}
        bias = torch.tensor([case["bias"]], dtype=torch.float64)
        try:
            wanted = F.conv2d(image, weights, bias, **rest)[0, 0]
        except RuntimeError as error:
            assert answer["size"] == 0, setting
            assert answer["last"] in str(error)
            continue
        fitting += 1
        size = answer["size"]
        assert wanted.shape == (size, size), setting
        found = maps[at : at + size**2].reshape(size, size)
        at += size**2
        assert (found - wanted).abs().max() < 1e-10, setting
        assert abs(answer["last"] - wanted[-1, -1]) < 1e-10
        lost = never_looked_at(setting)
        assert [not looked for looked in answer["looked"]] == lost, setting
        drawn_as_lost = [
            i for first, length in answer["gaps"] for i in range(first, first + length)
        ]
        assert drawn_as_lost == [i for i, is_lost in enumerate(lost) if is_lost]
        assert answer["rest"] == answer["padded"] - answer["reach"] - setting[
            "stride"
        ] * (size - 1)
    assert at == len(maps)
    assert 0.7 * count < fitting < count


def test_200_maps_are_torchs(tmp_path):
    compare(200, 0, tmp_path)


@pytest.mark.nightly
def test_2000_maps_are_torchs(tmp_path):
    compare(2_000, 1, tmp_path)


def test_the_enlarged_boot_is_torchs():
    image = torch.rand(28, 28, dtype=torch.float64)
    sides = [1, 5, 27, 28, 29, 224, 227, 256]
    found = ask("resized", image=image.flatten().tolist(), sides=sides)
    for side, numbers in zip(sides, found, strict=True):
        wanted = F.interpolate(
            image[None, None], (side, side), mode="bilinear", align_corners=False
        )
        assert np.abs(np.array(numbers) - wanted.flatten().numpy()).max() < 1e-12


def test_one_is_singular():
    words = ask("words")
    assert words["lost"] == [
        "Every row and column is looked at.",
        "Never looked at: 1 column and 1 row.",
        "Never looked at: 3 columns and 3 rows (2 of the image, 1 of the padding).",
        "Never looked at: 1 column and 1 row (0 of the image, 1 of the padding).",
    ]
    assert words["places"][0].startswith("1 pixel from place to place, 1 place")
    assert words["places"][1].startswith("2 pixels from place to place, 2 places")
    assert words["dilation"][1:] == [
        f"the window looks at every {nth} pixel." for nth in ("2nd", "3rd", "4th")
    ]


# ------------------------------------------------------------------ in a browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two bare pages, a figure on each, and LeNet's weights beside them."""
    folder = tmp_path_factory.mktemp("pages")
    images, labels = read_split(SAMPLE, "t10k")
    boot = images[(labels == BOOT).nonzero()[0].item()].numpy().tobytes()
    style = (ROOT / "web" / "static" / "book.css").read_text("utf-8") + join_styles()
    lenet = f"(globalThis.playData ??= {{}}).lenet = {pack_weights()};"
    (folder / "play-lenet.js").write_text(lenet, encoding="utf-8")
    for part in ("window", "steps"):
        (folder / f"{part}.js").write_text(page_script([part]), encoding="utf-8")
        (folder / f"{part}.html").write_text(
            "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
            "<meta name='viewport' content='width=device-width'><title>A page</title>"
            f"<script defer src='{part}.js'></script>"
            f"<style>{style}</style></head><body><main>"
            f"<figure class='play' data-play='{part}' "
            f"data-image='{base64.b64encode(boot).decode()}'>"
            "<table><tr><td>still</td></tr></table>"
            "<figcaption>A figure.</figcaption></figure></main></body></html>",
            encoding="utf-8",
        )
    return folder


@pytest.fixture
def visit(browser, folder):
    """Return a function that opens a figure; its faults are read when the test ends."""
    faults, pages = [], []

    def open_figure(part, link="", width=1280, **options):
        page = browser.new_page(viewport={"width": width, "height": 900}, **options)
        pages.append(page)
        page.on("console", lambda m: m.type == "error" and faults.append(m.text))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(f"{(folder / part).as_uri()}.html{link}")
        page.image = page.get_by_role("application")
        page.said = page.get_by_role("status")
        return page

    yield open_figure
    for page in pages:
        page.close()
    assert not faults, "\n".join(faults)


def place(page):
    """Where the window is: row, column."""
    text = page.locator(".window-sum").inner_text()
    return tuple(map(int, re.search(r"row (\d+), column (\d+)", text).groups()))


def settle(page):
    """Wait until what changed is drawn."""
    page.evaluate("() => new Promise((end) => requestAnimationFrame(end))")
    page.evaluate("() => new Promise((end) => requestAnimationFrame(end))")


def numbers_in(cells):
    """The numbers that are shown there, whatever their minus."""
    return [float(text.replace("−", "-")) for text in cells.all_text_contents()]


def seen_sum(page):
    """The sum that is shown, and that of the shown patch times the shown weights."""
    settle(page)
    patch, products = (
        numbers_in(page.locator(f".window-factor:has(span) >> nth={i}").locator("span"))
        for i in (0, 1)
    )
    boxes = page.get_by_label(re.compile("^weight in")).all()
    terms = [v * float(b.input_value()) for v, b in zip(patch, boxes, strict=True)]
    rounded = 0.06 if len(terms) > 9 else 0.02 * max(map(abs, [1, *terms]))
    assert np.allclose(terms, products, atol=rounded)
    return numbers_in(page.locator(".window-sum strong"))[0], sum(terms)


def test_the_window_is_dragged(visit):
    page = visit("window")
    assert place(page) == (12, 12)
    box = page.image.bounding_box()
    cell = box["width"] / 28
    # Over the middle of pixel (11, 20), so that the window of 3 begins at (10, 19).
    page.mouse.move(box["x"] + 20.5 * cell, box["y"] + 11.5 * cell)
    page.mouse.down()
    settle(page)
    assert place(page) == (10, 19)
    page.mouse.move(box["x"] + 2000, box["y"] + 11.5 * cell)  # beyond the image
    settle(page)
    assert place(page) == (10, 25)
    page.mouse.up()
    page.mouse.move(box["x"] + 5 * cell, box["y"] + 5 * cell)
    settle(page)
    assert place(page) == (10, 25)
    total, products = seen_sum(page)
    assert abs(total - products) < 0.05


def test_the_map_is_a_handle_too(visit):
    page = visit("window")
    box = page.locator(".window-box >> nth=1").bounding_box()
    cell = box["width"] / 28
    page.mouse.click(box["x"] + 4.5 * cell, box["y"] + 20.5 * cell)  # a border of 1
    settle(page)
    assert place(page) == (19, 3)


def test_the_window_is_moved_by_keys_and_a_link_keeps_it(visit):
    page = visit("window")
    page.image.focus()
    for key in ["ArrowRight"] * 5 + ["ArrowUp"] * 2 + ["ArrowLeft", "ArrowDown"]:
        page.keyboard.press(key)
    settle(page)
    assert place(page) == (11, 16)
    page.wait_for_function("() => location.hash.includes('row=11')")
    again = visit("window", page.evaluate("location.hash"))
    settle(again)
    assert place(again) == (11, 16)
    page.wait_for_function(
        "(said) => /^Row 11, column 16: the sum is −?\\d/.test(said.textContent)",
        arg=page.said.element_handle(),
    )


def test_the_window_runs_and_rests_and_fills_the_map(visit):
    page = visit("window")
    page.get_by_role("button", name="Play").click()
    start = place(page)
    page.wait_for_function(
        "() => !document.querySelector('.window-sum').innerText.includes('row 12')"
    )
    page.get_by_role("button", name="Pause").click()
    settle(page)
    rested = place(page)
    assert rested > start
    page.get_by_role("button", name="Step").click()
    settle(page)
    assert place(page) == (
        (rested[0], rested[1] + 1) if rested[1] < 25 else (rested[0] + 1, 0)
    )
    page.get_by_role("button", name="Fill").click()
    page.get_by_role("button", name="Empty").wait_for()
    page.get_by_role("button", name="Play").click()  # from the start again
    page.get_by_role("button", name="Pause").wait_for()
    settle(page)
    assert place(page)[0] == 0


def test_without_motion_a_press_fills_a_row(visit):
    page = visit("window", reduced_motion="reduce")
    for row in (12, 13, 14):
        page.get_by_role("button", name="Next row").click()
        settle(page)
        assert place(page) == (row, 25)


def test_weights_are_changed(visit):
    page = visit("window")
    first = page.get_by_label("weight in row 0, column 2")
    before, _ = seen_sum(page)
    first.fill("-7.5")
    total, products = seen_sum(page)
    assert total != before
    assert abs(total - products) < 0.05
    first.fill("")  # not yet a number
    settle(page)
    assert numbers_in(page.locator(".window-sum strong"))[0] == total
    first.press("Tab")
    assert first.input_value() == "-7.5"
    first.focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.type("4")
    assert page.get_by_label("weight in row 0, column 1").input_value() == "4"
    page.wait_for_function("() => location.hash.includes('weights=')")
    again = visit("window", page.evaluate("location.hash"))
    assert seen_sum(again) == seen_sum(page)


def test_the_famous_filters(visit):
    page = visit("window")
    sums = {}
    for name in ("horizontal edge", "Laplacian", "sharpen", "blur", "identity"):
        chip = page.get_by_role("button", name=name)
        chip.click()
        settle(page)
        assert chip.get_attribute("aria-pressed") == "true"
        sums[name], products = seen_sum(page)
        assert abs(sums[name] - products) < 0.06
    assert len(set(sums.values())) == 5


def test_lenets_filters_come_after_a_click(visit):
    page = visit("window")
    page.get_by_role("button", name="LeNet’s six").click()
    chip = page.get_by_role("button", name="LeNet’s filter 5")
    chip.click()
    total, products = seen_sum(page)
    said = page.locator(".window-sum").inner_text()
    bias = float(re.search(r"bias (\S+)", said)[1].replace("−", "-"))
    assert abs(products + bias - total) < 0.15
    packed = np.frombuffer(
        base64.b64decode(json.loads(pack_weights())["parameters"]), "<f2"
    )
    weights = page.get_by_label("weight in")
    shown = [float(b.input_value()) for b in weights.all()]
    assert np.allclose(shown, packed[125:150].astype(float), atol=0.006)
    assert abs(bias - packed[155]) < 0.006
    # Each number fits its cell; on a phone the patch's are told for a chosen weight.
    cut = """() => [...document.querySelectorAll(".window-cells > *")].filter((e) => {
      const { fontSize, fontFamily } = getComputedStyle(e);
      const pen = document.createElement("canvas").getContext("2d");
      pen.font = `${fontSize} ${fontFamily}`;
      const { width } = pen.measureText(e.value ?? e.textContent);
      return parseFloat(fontSize) && width > e.clientWidth - 1;
    }).map((e) => e.value ?? e.textContent)"""
    page.add_style_tag(content="body { font-family: 'DejaVu Sans', Verdana }")  # wide
    for width in (690, 390):  # as wide as the column of text, and a phone
        page.set_viewport_size({"width": width, "height": 844})
        settle(page)
        assert not page.evaluate(cut)
    weights.nth(6).focus()
    settle(page)
    terms = re.findall(r"−?\d+\.\d+", page.locator(".window-term").inner_text())
    pixel, weight, product = (float(n.replace("−", "-")) for n in terms)
    assert weight == shown[6]
    assert abs(pixel * weight - product) < 0.05


def test_missing_weights_are_told(visit, folder):
    bare = folder / "bare"
    bare.mkdir()
    (bare / "play-lenet.js").touch()
    for name in ("window.html", "window.js"):
        shutil.copy(folder / name, bare)
    page = visit("bare/window")
    page.get_by_role("button", name="LeNet’s six").click()
    page.get_by_role("button", name="That did not work").wait_for()
    page.get_by_role("button", name="blur").click()
    settle(page)
    assert seen_sum(page)


def test_a_malformed_link_changes_nothing(visit):
    page = visit("window", "#window:weights=1+2+x&row=9e9&column=-4&filter=__proto__")
    settle(page)
    assert place(page) == (25, 0)
    page = visit("steps", "#steps:side=0&stride=1.5&row=-1&kernel=99")
    settle(page)
    assert formula(page) == "54"


def formula(page):
    """The size that the formula gives."""
    settle(page)
    return page.locator(".window-formula strong").inner_text()


def test_presets_and_what_is_never_looked_at(visit):
    page = visit("steps")
    lost = page.locator(".window-lost")
    assert formula(page) == "54"
    assert (
        "3 columns and 3 rows (2 of the image, 1 of the padding)" in lost.inner_text()
    )
    assert page.locator(".window-gap").count() > 0
    page.get_by_role("button", name="AlexNet at 227").click()
    assert formula(page) == "55"
    assert "Every row and column is looked at" in lost.inner_text()
    assert page.locator(".window-gap").count() == 0
    page.get_by_role("button", name="LeNet").click()
    assert formula(page) == "28"
    page.get_by_role("button", name="holes").click()
    settle(page)
    assert page.locator("path.window-taps").get_attribute("d")


def test_numbers_are_typed_and_never_silently_changed(visit):
    page = visit("steps")
    side = page.get_by_role("spinbutton", name="side")
    side.fill("227")
    assert formula(page) == "55"
    side.fill("300")
    settle(page)
    assert side.input_value() == "300"
    assert side.get_attribute("aria-invalid") == "true"
    assert "from 1 to 256" in page.locator(".window-tuner").inner_text()
    assert formula(page) == "55"
    side.fill("5")
    assert formula(page) == "✗"
    assert "Kernel size: (11 x 11)" in page.locator(".window-lost").inner_text()
    for name in ("Play", "Step", "Fill"):
        assert page.get_by_role("button", name=name).is_disabled()
    side.fill("224")
    page.get_by_role("spinbutton", name="stride").focus()
    page.get_by_role("button", name="less stride").click()
    assert page.get_by_role("spinbutton", name="stride").input_value() == "3"
    assert formula(page) == "72"
    page.wait_for_function("() => location.hash.includes('stride=3')")
    again = visit("steps", page.evaluate("location.hash"))
    assert formula(again) == "72"


def test_a_part_that_is_pointed_at_shines(visit):
    page = visit("steps")
    stage = page.locator(".window-stage")
    for name in ("padding", "stride"):
        page.get_by_role("spinbutton", name=name).hover()
        assert stage.get_attribute("data-lit") == name
    page.mouse.move(0, 0)
    assert not stage.get_attribute("data-lit")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("part", ["window", "steps"])
def test_a_phone_and_axe_find_no_fault(visit, part, theme):
    page = visit(part, width=390, color_scheme=theme, has_touch=True)
    page.evaluate("(theme) => (document.documentElement.dataset.theme = theme)", theme)
    settle(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    height = page.locator("figure").bounding_box()["height"]
    for chip in page.locator(".window-chips button").all():
        if "LeNet’s six" in chip.inner_text():
            continue
        chip.click()
        settle(page)
        assert page.locator("figure").bounding_box()["height"] == height
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for control in page.locator("button, input").all():
        box = control.bounding_box()
        assert box["height"] >= 44 > 0
        assert box["width"] >= 40
    found = Axe().run(page, context="figure").response["violations"]
    assert not [(rule["id"], rule["nodes"][0]["html"][:200]) for rule in found]


def test_without_a_script_the_still_figure_stays(visit):
    page = visit("steps", java_script_enabled=False)
    assert page.locator("table").is_visible()


def test_a_figure_without_an_image_stays_as_it_was(browser, folder):
    text = (folder / "steps.html").read_text("utf-8")
    (folder / "none.html").write_text(
        re.sub("data-image='[^']*'", "", text), encoding="utf-8"
    )
    page = browser.new_page()
    page.goto(f"{(folder / 'none.html').as_uri()}")
    assert page.locator("table").is_visible()
    page.close()


def test_the_theme_is_followed(visit):
    """The map's zero is the card's colour, light or dark."""
    page = visit("window")
    page.get_by_role("button", name="Fill").click()
    first = """() => [...document.querySelectorAll(".window-box canvas")[1]
      .getContext("2d").getImageData(0, 0, 1, 1).data]"""
    settle(page)
    assert page.evaluate(first) == [0xFB, 0xFA, 0xF6, 255]
    page.evaluate("() => (document.documentElement.dataset.theme = 'dark')")
    settle(page)
    assert page.evaluate(first) == [0x14, 0x17, 0x1D, 255]
