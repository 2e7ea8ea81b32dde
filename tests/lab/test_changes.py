"""What was changed in the claims, and when: no later change without a line."""

import json
import subprocess

import pytest

from d2l_lite.lab.records import RECORDS
from experiments import record

CLAIMS = {  # every place where an edition's claims have been
    1: ("results/ledger/claims.json", "results/edition1/claims.json"),
    2: ("results/edition2/claims.json",),
    "ten sentences": ("results/edition2/sentences.json",),
    "a rate that decays": ("results/edition2/decaying.json",),
}
LINES = json.loads((RECORDS / "edition2" / "changes.json").read_text("utf-8"))


def git(*words: str) -> str:
    """What git says, in the repository's root."""
    done = subprocess.run(
        ["git", *words], cwd=record.ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout


def changes(paths: tuple[str, ...]) -> dict[str, str]:
    """{commit: time} of each commit that gave the file at `paths` a new content."""
    found, known = {}, set()
    log = git("log", "--reverse", "--format=%H %cs", "--", *paths)
    for commit, when in (line.split() for line in log.splitlines()):
        tree = git("ls-tree", commit, *paths).split()
        blobs = {word for word in tree if len(word) == 40}
        if blobs - known:
            found[commit] = when
        known |= blobs
    return found


@pytest.mark.skipif(
    not record.knows_its_history(), reason="needs the history of the repository"
)
@pytest.mark.parametrize("edition", CLAIMS)
def test_every_change_of_the_claims_has_its_line(edition):
    told = {
        line["commit"]: line["when"] for line in LINES if line["edition"] == edition
    }
    history = changes(CLAIMS[edition])
    assert history
    for commit, when in history.items():
        lines = [said for name, said in told.items() if commit.startswith(name)]
        assert len(lines) == 1, f"{commit} changed the claims: add a line"
        assert lines[0].startswith(when)


def test_a_line_says_what_and_what_was_known():
    for line in LINES:
        assert set(line) == {"edition", "when", "commit", "what", "known"}
        assert all(line.values())
