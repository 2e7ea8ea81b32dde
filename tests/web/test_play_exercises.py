"""The page says of an answer what `check` says: every key, every slip, both ways."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from d2l_lite.lab import check
from d2l_lite.lab.exercises import ASKED, exercises, key
from d2l_lite.lab.ladder import RUNGS, Rung
from web.build import environment_with_node

RUNNER = Path(__file__).parent / "play" / "exercise.mjs"
KEYS = exercises()
FUNCTION, RUNG = "03.1", "06.4"
OPEN = "not answered yet"


def answers_to(exercise):
    """Yield an exercise's right answer, its slips, and others.

    One difference is meant: typed, 31.0 is whole; in Python it is a float.
    """
    known = KEYS[exercise]
    if isinstance(known.answer, Rung):
        yield from (known.answer, *known.slips)
    elif isinstance(known.answer, dict):
        asked = list(known.answer.items())[:: len(known.answer) // ASKED]
        yield right_values()
        for case, value in asked:
            slips = {slip for slip in value.slips if slip != value.answer}
            for wrong in (*slips, value.answer + 1, value.answer - 1):
                yield right_values() | {case: wrong}
    else:
        yield from (known.answer, *known.slips)
        yield from (-(10**7), 10**15, 0, 4690.25)
        if not isinstance(known.answer, int):
            near = (1.0049, 1.0051, 0.9951, 0.9949)
            yield from (factor * known.answer for factor in near)


def right_values():
    """The function of exercise 03.1, as its values."""
    return {case: value.answer for case, value in KEYS[FUNCTION].answer.items()}


def fields_of(exercise, answer):
    """What a reader types or chooses for this answer."""
    if isinstance(answer, Rung):
        choices = key(KEYS[exercise])["choices"]
        chosen = f'geometry="{answer.geometry}", side={answer.side}'
        return [str(choices.index(chosen))]
    if isinstance(answer, dict):
        values = list(answer.values())
        return [str(value) for value in values[:: len(values) // ASKED]]
    return [str(answer)]


def said_in_python(capsys, exercise, answer):
    """What check prints."""
    if isinstance(answer, dict):
        values = answer
        answer = lambda *case: values[case]  # noqa: E731
    capsys.readouterr()
    check(exercise, answer)
    return capsys.readouterr().out.removesuffix("\n")


def said_by_script(cases):
    """What the page's script says of each: (exercise, texts)."""
    done = subprocess.run(
        ["node", str(RUNNER)],
        input=json.dumps([[key(KEYS[i]), texts] for i, texts in cases]),
        env=environment_with_node(),
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("exercise", KEYS)
def test_the_script_says_what_check_says(capsys, exercise):
    answers = list(answers_to(exercise))
    cases = [(exercise, fields_of(exercise, answer)) for answer in answers]
    said = said_by_script(cases)
    assert said == [said_in_python(capsys, exercise, answer) for answer in answers]
    assert said[0].startswith("right: ")
    hints = KEYS[exercise].slips.values()
    assert said[1 : 1 + len(hints)] == [f"not right: {hint}" for hint in hints]


@pytest.mark.parametrize(
    "text, right",
    [
        ("4690", True),
        ("4 690", True),
        ("4_690", True),
        ("4690.0", True),
        ("4.69e3", True),
        ("9380/2", True),
        ("469 × 10", True),
        ("2·(46,900/20)", True),
        ("-(10 - 4’700) + 3e0*0", True),
        ("(0.1 + 0.2) * 46,900/3", True),  # 4690, but for the last bit
        ("4,690", True),
        ("4691", False),
        ("−4690", False),
    ],
)
def test_a_number_is_typed_in_the_ways_of_python(text, right):
    (said,) = said_by_script([("01.1", [text])])
    assert said.startswith("right" if right else "not right: it is too")


@pytest.mark.parametrize(
    "text",
    ["abc", "4,690", "0x", "nan", "1/x", "55 %", "2*(3", "2)", "1/0", "2**3", "46,9+1"],
)
def test_what_is_no_number_is_told_so(text):
    (said,) = said_by_script([("04.1", [text])])
    cure = "; without commas" if "," in text else ""
    assert said == f"not right: one number is expected, not '{text}'{cure}"


def test_a_function_is_answered_by_all_its_values():
    values = fields_of(FUNCTION, right_values())
    wrong = [*values[:4], "1000"]
    texts = [values, [*values[:4], ""], ["", *wrong[1:]], [""] * 5]
    right, short, too_large, none = said_by_script([(FUNCTION, t) for t in texts])
    assert right.startswith("right")
    assert short == none == OPEN
    assert too_large.endswith("it is too large")
    assert len(set(values)) == ASKED


# ------------------------------------------------------------------ in a browser


@pytest.fixture
def visit(new_page, address):
    """Return a function that opens a chapter; its faults are read at the end."""
    faults = []

    def open_chapter(number, base=address, **options):
        page = new_page(**options)
        page.on("console", lambda m: m.type == "error" and faults.append(m.text))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.asked = []
        page.on("request", lambda request: page.asked.append(request.url))
        page.goto(f"{base}notebooks/{CHAPTERS[number]}.html", wait_until="load")
        return page

    yield open_chapter
    assert not faults, "\n".join(faults)


CHAPTERS = {
    path.stem[:2]: path.stem
    for path in (Path(__file__).parents[2] / "notebooks").glob("0[1-7]*.ipynb")
}


def field_of(page, exercise):
    """An exercise's form."""
    return page.get_by_role("form", name=f"Exercise {exercise[-1]}", exact=True)


def line_of(page, exercise):
    """Where it is said whether an answer is right."""
    return field_of(page, exercise).locator("+ .output [role=status]")


def answer(page, exercise, texts):
    """Type or choose an answer, press Enter or the button, and return what is said."""
    form = field_of(page, exercise)
    if (choice := form.get_by_role("combobox")).count():
        choice.select_option(*texts)
        form.get_by_role("button", name="Check").click()
    else:
        for box, text in zip(form.get_by_role("textbox").all(), texts, strict=True):
            box.fill(text)
        form.get_by_role("textbox").last.press("Enter")
    page.wait_for_function("() => globalThis.playData?.exercise")
    return line_of(page, exercise).inner_text().strip()


@pytest.mark.parametrize("number", sorted(CHAPTERS))
def test_every_key_and_every_slip_on_the_page(visit, capsys, number):
    page = visit(number)
    here = [exercise for exercise in KEYS if exercise.startswith(number)]
    assert page.locator("form.exercise").count() == len(here)
    assert page.locator("summary", has_text="Solution").count() == len(here)
    for exercise in here:
        assert line_of(page, exercise).inner_text().strip() == OPEN
        for given in list(answers_to(exercise)):
            said = answer(page, exercise, fields_of(exercise, given))
            assert said == said_in_python(capsys, exercise, given)
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280


def test_right_answers_are_remembered_and_others_are_not(visit, capsys):
    page = visit("06")
    right = {i: KEYS[i].answer for i in ("06.1", RUNG)}
    for exercise, given in right.items():
        answer(page, exercise, fields_of(exercise, given))
    answer(page, "06.2", ["7"])
    page.reload()
    for exercise, given in right.items():
        said = line_of(page, exercise).inner_text().strip()
        assert said == said_in_python(capsys, exercise, given)
        (box,) = field_of(page, exercise).locator("input, select").all()
        assert [box.input_value()] == fields_of(exercise, given)
    for exercise in ("06.2", "06.3"):
        assert line_of(page, exercise).inner_text().strip() == OPEN
        assert field_of(page, exercise).get_by_role("textbox").input_value() == ""
    assert answer(page, "06.1", [""]) == OPEN  # is forgotten
    page.reload()
    assert line_of(page, "06.1").inner_text().strip() == OPEN
    kept = page.evaluate("Object.keys(localStorage).filter((name) => name[0] === '{')")
    assert [json.loads(name)["id"] for name in kept] == [RUNG]


def test_the_values_of_a_function_are_remembered(visit):
    page = visit("03")
    values = fields_of(FUNCTION, right_values())
    answer(page, FUNCTION, values)
    page.reload()
    boxes = field_of(page, FUNCTION).get_by_role("textbox").all()
    assert [box.input_value() for box in boxes] == values
    assert line_of(page, FUNCTION).inner_text().startswith("right: ")


def test_a_key_that_has_changed_forgets_the_answer(visit):
    page = visit("01")
    answer(page, "01.1", ["4690"])
    page.evaluate(
        "() => { const [name] = Object.keys(localStorage).filter((k) => k[0] === '{');"
        "localStorage.setItem(name.replace('4690', '4691'), localStorage[name]);"
        "localStorage.removeItem(name); }"
    )
    page.reload()
    assert line_of(page, "01.1").inner_text().strip() == OPEN


@pytest.mark.parametrize("number", ["01", "03"])
def test_nothing_is_loaded_before_an_answer(visit, number):
    page = visit(number)
    late = "play-exercise.js"
    field_of(page, f"{number}.2").get_by_role("textbox").focus()
    assert not any(late in address for address in page.asked)
    answer(page, f"{number}.2", ["1"])
    answer(page, f"{number}.2", ["2"])
    assert sum(late in address for address in page.asked) == 1


def test_it_answers_from_a_folder(visit, site):
    page = visit("01", f"{site.as_uri()}/")
    assert answer(page, "01.1", ["4690"]).startswith("right: ")
    page.reload()
    assert line_of(page, "01.1").inner_text().startswith("right: ")


def test_by_keyboard(visit):
    page = visit("06")
    field_of(page, "06.3").get_by_role("textbox").focus()
    page.keyboard.type(str(KEYS["06.3"].answer))
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(line_of(page, "06.3")).to_have_text(f"right: {KEYS['06.3'].why}")
    field_of(page, RUNG).get_by_role("combobox").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(line_of(page, RUNG)).to_contain_text("not right: ")


def test_without_script_and_in_print_the_cell_stands_as_in_the_notebook(
    visit, new_page, address
):
    script = visit("01")
    cell = script.locator(".cell:has(.exercise)").first
    assert not cell.locator(".cell_input").is_visible()
    script.emulate_media(media="print")
    page = new_page(java_script_enabled=False)
    page.goto(f"{address}notebooks/{CHAPTERS['01']}.html")
    for shown in (cell, page.locator(".cell:has(.exercise)").first):
        assert shown.locator(".cell_input").is_visible()
        assert not shown.locator(".exercise").is_visible()
        assert shown.get_by_text(OPEN).is_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("number", ["03", "06"])
def test_a_phone_and_no_fault_that_axe_finds(visit, number, theme):
    page = visit(number, width=390, color_scheme=theme)
    answer(page, f"{number}.2", ["31"])
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for control in page.locator(".exercise :is(input, select, button)").all():
        box = control.bounding_box()
        assert box["height"] >= 44
        assert box["x"] + box["width"] <= 390
    faults = Axe().run(page, context="#exercises").response["violations"]
    assert not [(rule["id"], rule["nodes"][0]["html"][:200]) for rule in faults]


def test_a_browser_that_refuses_to_remember_still_answers(new_page, address):
    page = new_page()
    page.add_init_script(
        "Object.defineProperty(globalThis, 'localStorage',"
        "{ get() { throw new Error('refused'); } });"
    )
    page.goto(f"{address}notebooks/{CHAPTERS['01']}.html")
    assert answer(page, "01.1", ["4690"]).startswith("right: ")
    assert answer(page, "01.1", [""]) == OPEN


def test_a_script_that_does_not_come_is_told(visit):
    page = visit("01")
    page.route("**/play-exercise.js", lambda route: route.fulfill(body=""))
    field_of(page, "01.1").get_by_role("button", name="Check").click()
    expect(line_of(page, "01.1")).to_have_text("play-exercise.js cannot be loaded")


def test_the_chosen_rungs_are_all_that_differ_in_both_settings():
    choices = key(KEYS[RUNG])["choices"]
    sides = {RUNGS[name].side for name in ("dropout", "geometry")}
    windows = {RUNGS[name].geometry for name in ("dropout", "geometry")}
    assert len(choices) == len(sides) * len(windows) == len(set(choices))
    assert all(re.fullmatch(r'geometry="\w+\'s", side=\d+', name) for name in choices)
