"""The first page, chapters 1 and 9, glossary and references keep what they promise."""

import re
from pathlib import Path

import pytest

from d2l_lite.lab.stuck import PAIRS, best_accuracies, stuck
from d2l_lite.lab.verdicts import Records

ROOT = Path(__file__).resolve().parents[2]
BOOK = ROOT / "book"
INTRO = (BOOK / "intro.md").read_text("utf-8")
TUTORIAL = {"LeNet": 0.890200, "AlexNet": 0.878600}  # its two last lines
PEOPLE = 0.835  # of 1,000 test images


def before_the_button() -> str:
    """The words of the first page that a reader meets before Start, markup aside."""
    bet = (BOOK / "bet.html").read_text("utf-8").partition("<script>")[0]
    text = INTRO.partition("[Start]")[0].replace(":file: bet.html", bet)
    text = re.sub(
        r"!\[[^\]]*\]|\]\([^)]*\)|\{[^}]*\}|<[^>]*>|::+\w*|`{3}\w*", " ", text
    )
    return text


def test_the_first_page_is_short_and_gives_no_answer():
    text = before_the_button()
    assert 100 < len(re.findall(r"[^\W_][\w'’.,-]*", text)) <= 180
    assert not re.findall(r"interval|seeds?\b|rung|verdict|learning rate", text)
    for net, accuracy in TUTORIAL.items():
        assert re.search(rf"{net}, \d+ +test acc {accuracy:.6f}", text)
    glued = re.findall(r"::(\w+):", INTRO)
    assert not [name for name in glued if re.search("last|climb|summary", name)]


@pytest.mark.parametrize("image", ["tower.jpg", "boot.png"])
def test_the_images_of_the_first_page_are_small(image):
    assert (BOOK / image).stat().st_size <= 40 * 1024
    assert f"({image})" in INTRO


def test_chapter_1_sets_the_tutorial_and_people_beside_the_linear_classifier():
    linear = Records().right("linear").mean()
    assert linear > 0.8 and all(0 < acc - linear < 0.05 for acc in TUTORIAL.values())
    assert abs(linear - PEOPLE) < 1.96 * (PEOPLE * (1 - PEOPLE) / 1000) ** 0.5


def test_chapter_9_says_that_the_rate_alone_frees_a_net_that_is_always_stuck():
    rates = [pair for line, _, *pair in PAIRS if line == 1]
    counts = [[stuck(best_accuracies(*net)) for net in pair] for pair in rates]
    assert any(a == "5 of 5" and b == "0 of 5" for a, b in counts)
    assert all(after.startswith("0 of ") for _, after in counts)
    ((_, _, seeds, _),) = [row for row in PAIRS if row[0] == 4]
    assert stuck(best_accuracies(*seeds)) == "3 of 10"


def test_every_term_leads_to_a_page():
    rows = re.findall(r"^\| (.+?) \| .+? \| .+? \|$", (BOOK / "glossary.md").read_text(
        "utf-8"), re.M)[1:]  # fmt: skip
    terms = [re.fullmatch(r"\[(.+)\]\((.+)\)", row) for row in rows]
    assert len(terms) > 60 and all(terms)
    assert all((BOOK / term[2]).exists() for term in terms)
    names = [term[1].lower() for term in terms]
    assert names == sorted(names)


def test_every_source_is_a_link():
    sources = (BOOK / "references.bib").read_text("utf-8").split("\n@")
    without = [s[:40] for s in sources if not re.search(r"\n  (doi|url|eprint) +=", s)]
    assert len(sources) > 15 and without == []
