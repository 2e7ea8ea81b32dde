"""Where the data come from, in which order, and that only whole files are kept.

pooch fetches, checks and renames for real; only its way through the network is
replaced, by mirrors that behave as a test says. The files are cut from the sample.
"""

import hashlib
import shutil
from pathlib import Path

import pooch
import pytest
import requests
import torch

from d2l_lite import data, load_data_fashion_mnist
from d2l_lite.data import DATA_ENV, FILES, SAMPLE
from tests.notebooks.cut_data import cut

NAMES = [*FILES]
SIZES = 23, 9  # images for training, for testing
FIRST, SECOND = data.MIRRORS


class Mirrors:
    """Two mirrors of a folder; faults = {address: what happens instead}."""

    def __init__(self, folder):
        self.folder, self.faults, self.requests, self.targets = folder, {}, [], []

    def __call__(self, url, target, _):
        """Write the file of this address, as pooch's downloader does."""
        mirror, name = url.rsplit("/", 1)
        content = (self.folder / name).read_bytes()
        self.requests.append((f"{mirror}/", name))
        self.targets.append(Path(target))
        fault = self.faults.get(url, lambda content: content)
        Path(target).write_bytes(content[: len(content) // 2])
        Path(target).write_bytes(fault(content))


def fails(error):
    """A fault: it is raised when half of the file is there."""

    def fault(content):
        raise error

    return fault


# A silent, a missing and a babbling server are errors of requests; the rest arrives.
FAULTS = {
    "requests' errors": fails(requests.RequestException("no answer")),
    "no network": fails(OSError("no route to host")),
    "nothing": lambda content: b"",
    "cut": lambda content: content[:-1],
    "one bit wrong": lambda content: content[:-1] + bytes([content[-1] ^ 1]),
    "a page of HTML": lambda content: b"<!DOCTYPE html><title>Sign in</title>",
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The folder that the mirrors mirror."""
    folder = tmp_path_factory.mktemp("whole")
    cut(SAMPLE, folder, *SIZES)
    return folder


@pytest.fixture
def mirrors(whole, monkeypatch):
    """Both mirrors, in order; no other source is there."""
    mirrors = Mirrors(whole)
    sums = {n: hashlib.md5((whole / n).read_bytes()).hexdigest() for n in NAMES}
    monkeypatch.delenv(DATA_ENV, raising=False)
    monkeypatch.setattr(data, "DEBIAN", whole / "debian")
    monkeypatch.setattr(data, "FILES", sums)
    monkeypatch.setattr("pooch.HTTPDownloader", lambda **_: mirrors)
    yield mirrors
    data.download.cache_clear()


@pytest.fixture
def cache(mirrors, tmp_path, monkeypatch):
    """The folder into which the data are downloaded."""
    monkeypatch.setattr("pooch.os_cache", lambda name: tmp_path / "cache")
    return tmp_path / "cache"


def load():
    """Load as a new process would; return the sizes of both sets."""
    data.download.cache_clear()
    both = load_data_fashion_mnist(8, device=torch.device("cpu"))
    return tuple(len(part.labels) for part in both)


def holds(cache, whole, names=NAMES):
    """Require these files, byte for byte, and nothing else."""
    assert sorted(path.name for path in cache.iterdir()) == sorted(names)
    for name in names:
        assert (cache / name).read_bytes() == (whole / name).read_bytes()


def is_the_sample(sizes, capsys):
    """Require the sample, and the sentence that says so and what to do."""
    assert sizes == (2_000, 500)
    lines = capsys.readouterr().err.splitlines()
    (line,) = [line for line in lines if "SAMPLE" in line]
    assert "not the whole set" in line and str(SAMPLE) in line
    assert "fetch it again" in line and DATA_ENV in line
    return "\n".join(lines)


def test_the_order_is_named_folder_debian_download_sample(
    cache, mirrors, whole, monkeypatch
):
    assert data.find_folder() == cache
    holds(cache, whole)
    monkeypatch.setattr(data, "DEBIAN", whole)
    assert data.find_folder() == whole
    monkeypatch.setenv(DATA_ENV, str(cache / "named"))
    assert data.find_folder() == cache / "named"


def test_a_debian_folder_that_lacks_a_file_is_passed_over(cache, whole, monkeypatch):
    shutil.copytree(whole, cache.parent / "debian")
    monkeypatch.setattr(data, "DEBIAN", cache.parent / "debian")
    (data.DEBIAN / NAMES[3]).unlink()
    assert data.find_folder() == cache


@pytest.mark.parametrize("gone", NAMES)
def test_a_named_folder_is_never_passed_over(cache, mirrors, whole, monkeypatch, gone):
    monkeypatch.setattr(data, "DEBIAN", whole)
    named = cache.parent / "named"
    shutil.copytree(whole, named)
    (named / gone).unlink()
    monkeypatch.setenv(DATA_ENV, str(named))
    with pytest.raises(ValueError, match=rf"{gone} is missing; .*{DATA_ENV}"):
        load()
    assert not mirrors.requests and not cache.exists()


def test_each_file_is_fetched_once_from_the_first_mirror(cache, mirrors, whole, capsys):
    assert load() == load() == SIZES
    assert mirrors.requests == [(FIRST, name) for name in NAMES]
    assert "SAMPLE" not in capsys.readouterr().err
    holds(cache, whole)


@pytest.mark.parametrize("fault", FAULTS)
def test_after_a_faulty_mirror_comes_the_next(cache, mirrors, whole, capsys, fault):
    mirrors.faults = {FIRST + NAMES[1]: FAULTS[fault]}
    assert load() == SIZES
    holds(cache, whole)
    fetched = [(FIRST, NAMES[0]), (FIRST, NAMES[1])]
    assert mirrors.requests == fetched + [(SECOND, name) for name in NAMES[1:]]
    err = capsys.readouterr().err
    assert f"no Fashion-MNIST from {FIRST}: " in err and "SAMPLE" not in err


@pytest.mark.parametrize("fault", FAULTS)
def test_when_all_mirrors_are_faulty_the_sample_is_read_and_nothing_is_kept(
    cache, mirrors, whole, capsys, fault
):
    mirrors.faults = {mirror + NAMES[1]: FAULTS[fault] for mirror in data.MIRRORS}
    err = is_the_sample(load(), capsys)
    assert all(f"no Fashion-MNIST from {mirror}: " in err for mirror in data.MIRRORS)
    holds(cache, whole, NAMES[:1])
    seen = len(mirrors.requests)
    load_data_fashion_mnist(8)  # the same process does not try again
    assert len(mirrors.requests) == seen
    mirrors.faults = {}
    assert load() == SIZES  # the next one does
    holds(cache, whole)


def test_a_half_written_cache_is_mended_or_not_read(cache, mirrors, whole, capsys):
    shutil.copytree(whole, cache)
    for name in NAMES[0], NAMES[3]:
        (cache / name).write_bytes((whole / name).read_bytes()[:-1])
    mirrors.faults = {m + NAMES[3]: FAULTS["no network"] for m in data.MIRRORS}
    is_the_sample(load(), capsys)
    mirrors.faults, mirrors.requests = {}, []
    assert load() == SIZES
    assert mirrors.requests == [(FIRST, NAMES[3])]  # only what is bad
    holds(cache, whole)


def test_a_cache_with_another_sum_is_not_read_though_its_form_is_right(cache, whole):
    cut(SAMPLE, cache, SIZES[0] - 1, SIZES[1])
    assert load() == SIZES
    holds(cache, whole)


def in_the_way(cache):
    """A file has the folder's name."""
    cache.write_bytes(b"not a folder")


def file_is_a_folder(cache):
    """A folder has a file's name."""
    (cache / NAMES[0]).mkdir(parents=True)


@pytest.mark.parametrize("spoil", [in_the_way, file_is_a_folder])
def test_a_cache_that_cannot_be_written_leaves_the_sample(cache, spoil, capsys):
    spoil(cache)
    assert str(cache) in is_the_sample(load(), capsys)


def test_a_download_that_is_broken_off_leaves_no_half(cache, mirrors, whole):
    mirrors.faults = {FIRST + NAMES[2]: fails(KeyboardInterrupt())}
    with pytest.raises(KeyboardInterrupt):
        load()
    holds(cache, whole, NAMES[:2])
    # Nor would a kill: a half lies beside its place, never in it.
    assert not {cache / name for name in NAMES} & set(mirrors.targets)
    assert {target.parent for target in mirrors.targets} == {cache}


def test_two_processes_that_download_at_once_do_not_spoil_each_other(
    cache, mirrors, whole
):
    def another_process(content):
        mirrors.faults = {}
        assert data.download.__wrapped__() == cache
        return content

    mirrors.faults = {FIRST + NAMES[0]: another_process}
    assert load() == SIZES
    holds(cache, whole)
    assert len(set(mirrors.targets)) == len(mirrors.targets)


def test_a_mirror_may_be_silent_for_so_long(cache, mirrors, monkeypatch):
    given = []
    monkeypatch.setattr(
        pooch, "HTTPDownloader", lambda **options: given.append(options) or mirrors
    )
    assert load() == SIZES
    assert given == [{"timeout": data.TIMEOUT_SECONDS}]
