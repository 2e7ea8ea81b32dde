"""The Chinese edition: its catalogues follow the text, and its sources follow them."""

import json
import re
import shutil
import subprocess

import pytest

from web import chinese, translate
from web.build import ROOT, environment_with_node
from web.catalogues import extract

PLACES = re.compile(r"%\(\w+\)s|\{\d+\}")
COMPUTED = re.compile(r"\$\{(?:[^{}]|\{[^{}]*\})*\}")
STRING = re.compile(r'"[^"]*"|/[^/ ]+/')
NAME = re.compile(r"(?<![.\w])[A-Za-z_]\w*\b(?!:)")
KEPT = re.compile(r"(\{[\w:,]+\}`[^`]*`|`[^`]+`|\$[^$]+\$|(?<=\])\([^)]*\)|<a [^>]*>)")

# Numbers that Chinese says in its own way, and what English has in their place.
OTHERWISE = {
    "百分之五": "5 in 100",
    "百分之九十五": "95 in 100",
    "90 %的置信区间": "90 in 100",
    "120万": "1.2 million",
    "相差0.01": "a hundredth",
}


@pytest.fixture(scope="module")
def stored():
    """The catalogues as they are: {domain: catalogue}."""
    folder = chinese.CATALOGUES
    return {
        path.relative_to(folder).with_suffix("").as_posix(): chinese.read(path)
        for path in folder.rglob("*.po")
    }


def test_no_message_is_missing_unused_or_unsure(stored, tmp_path):
    found = extract(tmp_path)
    for domain in found.keys() | stored.keys():
        wanted = {message.id for message in found.get(domain, ())} - {""}
        done = {m.id for m in stored.get(domain, ()) if m.string and not m.fuzzy}
        assert wanted == done - {""}, f"{domain}: run `make catalogues`"


def names(message):
    """Return the names that the scripts in a message use."""
    computed = " ".join(COMPUTED.findall(message))
    return set(NAME.findall(STRING.sub("", computed)))


def same(message):
    """Return what a message and its translation must share."""
    for chinese_words, english in OTHERWISE.items():
        message = message.replace(chinese_words, english)
    pieces = KEPT.split(message)
    numbers = translate.NUMBER.findall(" ".join(pieces[::2]))
    return sorted([*pieces[1::2], *numbers, *PLACES.findall(message)])


def test_a_translation_keeps_what_no_language_changes(stored):
    faults = [
        f"{domain}: {m.string}"
        for domain, catalogue in stored.items()
        for m in catalogue
        if m.id and m.string not in ("", chinese.STUB) and not m.fuzzy
        if (
            not names(m.string) <= names(m.id)
            if domain.startswith("figures/")
            else same(m.id) != same(m.string)
        )
    ]
    assert not faults, "\n".join(faults)


@pytest.fixture
def translated(monkeypatch, stored):
    """Have all messages translated, in a manner of speaking."""
    texts = {d: {m.id: f"〔{m.id}〕" for m in c if m.id} for d, c in stored.items()}
    monkeypatch.setattr(chinese, "catalogues", lambda: texts)
    return texts


def test_a_download_has_the_same_code_and_other_prose(translated, stored, tmp_path):
    folder = tmp_path / "_sources" / "notebooks"
    shutil.copytree(ROOT / "notebooks", folder)
    chinese.write_downloads(tmp_path)
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        old, new = (
            json.loads(p.read_text("utf-8"))["cells"]
            for p in (path, folder / path.name)
        )
        assert len(old) == len(new) > 10
        code = [(a, b) for a, b in zip(old, new) if a["cell_type"] == "code"]
        assert all(a == b for a, b in code)
        prose = "\n".join(c["source"] for c in new if c["cell_type"] == "markdown")
        domain = f"notebooks/{path.stem}"
        of_prose = [m.id for m in stored[domain] if m.id and not m.auto_comments]
        missing = [m for m in of_prose if f"〔{m}〕" not in prose]
        assert of_prose and not missing, f"{domain}: {missing}"


def test_the_sources_are_translated_but_for_code(translated, tmp_path):
    folder = tmp_path / "chinese"
    chinese.write_sources(folder)
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        old, new = (
            json.loads(p.read_text("utf-8"))["cells"]
            for p in (path, folder / "notebooks" / path.name)
        )
        for a, b in zip(old, new):
            assert a["cell_type"] == "markdown" or "".join(a["source"]) == "".join(
                b["source"]
            )
            alt = b["metadata"].get("mystnb", {}).get("image", {}).get("alt", "〔")
            assert alt.startswith("〔")
    for path in sorted((folder / "web" / "play").glob("*.js")):
        command = ["node", "--check", path]
        subprocess.run(command, env=environment_with_node(), check=True)


def test_what_nobody_translated_is_english_with_a_note(monkeypatch):
    texts = {"a stub": chinese.STUB, "new": "", "seed": "种子"}
    monkeypatch.setattr(chinese, "catalogues", lambda: {"book/x": texts})
    say = chinese.says("book/x")
    assert say("a stub") == f"a stub{chinese.NOTE}"
    assert say("new") == f"new{chinese.NOTE}"
    assert say("seed") == "种子"
    assert not chinese.is_enough()
