"""The live parts' helpers (web/play/dom.js): the link's state, the status line."""

import json
import subprocess
from pathlib import Path

import pytest

from web.build import environment_with_node

RUNNER = Path(__file__).parent / "play" / "dom.mjs"
DEFAULTS = {"side": 224, "net": "a", "on": False}


@pytest.fixture(scope="module")
def seen():
    """What happened on the pretended page."""
    done = subprocess.run(
        ["node", str(RUNNER)],
        env=environment_with_node(), capture_output=True, encoding="utf-8",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_an_odd_link_gives_the_defaults(seen):
    assert len(seen["odd"]) == 15
    for hash_, state in seen["odd"]:
        assert state == DEFAULTS, hash_


def test_a_state_is_a_link_beside_the_others(seen):
    hash_ = seen["written"]["hash"]
    assert hash_.startswith("#race:seed=3;tracer:")
    assert not set(" \n\"'<>") & set(hash_)
    assert seen["again"] == {"side": 64, "net": seen["text"], "on": True}
    assert seen["cleared"] == "#race:seed=3"


def test_many_changes_are_one_write(seen):
    assert seen["written"]["writes"] == 1


def test_only_its_own_part_of_the_link_is_heard(seen):
    assert seen["untouched"] == {"hash": "#training", "heard": []}
    assert seen["heard"] == [{"side": 7}]
    assert seen["side"] == {"side": 7}


def test_the_status_line_is_calm_and_ends_with_the_last_word(seen):
    assert seen["first"] == ["one"]
    assert seen["said"] == ["one", "now", "last"]


def test_numbers_are_written_with_commas(seen):
    assert seen["numbers"] == ["0", "999", "1,234,567"]
