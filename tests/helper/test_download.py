"""Downloads from mirrors that misbehave: a real server on this machine does it all.

Two mirrors are two folders of the server. Where a second process is needed, DRIVER
is it. The files are small ones, cut from the sample.
"""

import errno
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch

from d2l_lite import data, load_data_fashion_mnist
from d2l_lite.data import DATA_ENV, FILES, SAMPLE, read_split
from tests.book.cut_data import cut

ROOT = Path(__file__).resolve().parents[2]
CPU = torch.device("cpu")
NAMES = [*FILES]
SIZES = 23, 9  # images for training, for testing
HTML = b"<!DOCTYPE html><title>Sign in to this network</title>" * 50


# ------------------------------------------------------------------- the mirrors


class Mirror(BaseHTTPRequestHandler):
    """Send /MIRROR/NAME as the server's `faults` say."""

    def do_GET(self):
        _, mirror, name = self.path.split("/")
        self.server.asked.append((mirror, name))
        content = (self.server.folder / name).read_bytes()
        fault = self.server.faults.get((mirror, name))
        getattr(self, fault or "whole")(content)

    def send(self, content, size=None, kind="application/gzip"):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", len(content) if size is None else size)
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()

    def whole(self, content):
        self.send(content)

    def not_found(self, content):
        self.send_error(404)

    def broken(self, content):
        self.send_error(503)

    def html(self, content):
        self.send(HTML, kind="text/html")

    def empty(self, content):
        self.send(b"")

    def cut(self, content):
        self.send(content[: len(content) // 2])

    def cut_short_of_its_length(self, content):
        self.send(content[: len(content) // 2], len(content))

    def one_bit_wrong(self, content):
        half = len(content) // 2
        self.send(content[:half] + bytes([content[half] ^ 1]) + content[half + 1 :])

    def babble(self, content):
        self.wfile.write(b"220 this is no web server\r\n")

    def in_a_circle(self, content):
        self.send_response(302)
        self.send_header("Location", self.path)
        self.end_headers()

    def silent(self, content):
        self.server.end.wait(60)

    def stalls(self, content):
        """Half of it, then nothing: whoever waits for this hears that it began."""
        self.send(content[: len(content) // 2], len(content))
        self.server.began.set()
        self.server.end.wait(60)

    def for_two_at_once(self, content):
        """Begin when two have asked, and go on when both have had a half."""
        self.server.two.wait(60)
        half = len(content) // 2
        self.send(content[:half], len(content))
        self.server.two.wait(60)
        self.wfile.write(content[half:])

    def log_message(self, *args):
        """Say nothing."""


FAULTS = [
    "not_found",
    "broken",
    "html",
    "empty",
    "cut",
    "cut_short_of_its_length",
    "one_bit_wrong",
    "babble",
    "in_a_circle",
    "silent",
    "stalls",
]


class Server(ThreadingHTTPServer):
    """A server that forgives those who hang up."""

    daemon_threads = True
    block_on_close = False

    def handle_error(self, *args):
        """Say nothing."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The folder that the mirrors mirror."""
    folder = tmp_path_factory.mktemp("whole")
    cut(SAMPLE, folder, *SIZES)
    return folder


@pytest.fixture
def server(whole):
    """A server on this machine; both of its mirrors are in order."""
    with Server(("127.0.0.1", 0), Mirror) as server:
        server.folder, server.faults, server.asked = whole, {}, []
        server.began, server.end = threading.Event(), threading.Event()
        server.two = threading.Barrier(2)
        poll = {"poll_interval": 0.02}
        threading.Thread(target=server.serve_forever, kwargs=poll, daemon=True).start()
        yield server
        server.end.set()
        server.shutdown()


@pytest.fixture
def settings(server, whole, tmp_path):
    """What is patched in d2l_lite.data, here and in DRIVER."""
    sums = {name: hashlib.md5((whole / name).read_bytes()) for name in NAMES}
    address = f"http://127.0.0.1:{server.server_port}"
    return {
        "MIRRORS": [f"{address}/first/", f"{address}/second/"],
        "FILES": {name: sum_.hexdigest() for name, sum_ in sums.items()},
        "DEBIAN": str(tmp_path / "debian"),
        "TIMEOUT_SECONDS": 0.3,
        "cache": str(tmp_path / "cache"),
    }


@pytest.fixture
def cache(settings, monkeypatch):
    """The folder into which this process downloads from the server."""
    cache = Path(settings["cache"])
    monkeypatch.delenv(DATA_ENV, raising=False)
    for name in "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy":
        monkeypatch.delenv(name, raising=False)
    for name in "MIRRORS", "FILES", "TIMEOUT_SECONDS":
        monkeypatch.setattr(data, name, settings[name])
    monkeypatch.setattr(data, "DEBIAN", Path(settings["DEBIAN"]))
    monkeypatch.setattr("pooch.os_cache", lambda name: cache)
    data.download.cache_clear()
    yield cache
    data.download.cache_clear()


def load():
    """Load as a new process would; return the sizes of both sets."""
    data.download.cache_clear()
    train_iter, test_iter = load_data_fashion_mnist(8, device=CPU)
    return len(train_iter.labels), len(test_iter.labels)


def holds_the_whole(cache, whole):
    """Require the four files, byte for byte, and nothing else."""
    assert sorted(path.name for path in cache.iterdir()) == sorted(NAMES)
    for name in NAMES:
        assert (cache / name).read_bytes() == (whole / name).read_bytes()


def is_the_sample(sizes, capsys):
    """Require the sample, and the sentence that says so and what to do."""
    assert sizes == (2_000, 500)
    lines = capsys.readouterr().err.splitlines()
    (line,) = [line for line in lines if "SAMPLE" in line]
    assert "not the whole set" in line
    assert "fetch it again" in line and DATA_ENV in line
    return "\n".join(lines)


# --------------------------------------------------------------------- one mirror


def test_a_download_is_whole_and_is_asked_for_once(cache, whole, server):
    assert load() == SIZES
    holds_the_whole(cache, whole)
    assert server.asked == [("first", name) for name in NAMES]
    assert load() == SIZES
    assert len(server.asked) == 4


def test_a_named_folder_is_never_passed_over(cache, whole, server, monkeypatch):
    monkeypatch.setattr(data, "DEBIAN", whole)
    for gone in NAMES:
        named = cache.parent / f"without-{gone}"
        shutil.copytree(whole, named)
        (named / gone).unlink()
        monkeypatch.setenv(DATA_ENV, str(named))
        with pytest.raises(ValueError, match=rf"{gone} is missing; .*{DATA_ENV}"):
            load()
    assert server.asked == []
    assert not cache.exists()


# -------------------------------------------------------- mirrors that misbehave


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("fault", FAULTS)
def test_after_a_faulty_mirror_the_next_is_asked(
    cache, whole, server, capsys, fault, name
):
    server.faults = {("first", name): fault}
    start = time.monotonic()
    assert load() == SIZES
    assert time.monotonic() - start < 10  # seconds; a silent mirror waits for 60
    holds_the_whole(cache, whole)
    done = NAMES.index(name)
    assert ("second", name) in server.asked
    assert [file for mirror, file in server.asked if mirror == "second"] == NAMES[done:]
    err = capsys.readouterr().err
    assert f"no Fashion-MNIST from {data.MIRRORS[0]}" in err
    assert "SAMPLE" not in err


@pytest.mark.parametrize("fault", FAULTS)
def test_when_all_mirrors_are_faulty_the_sample_is_read_and_nothing_is_kept(
    cache, whole, server, capsys, fault
):
    bad = NAMES[1]
    server.faults = {("first", bad): fault, ("second", bad): fault}
    err = is_the_sample(load(), capsys)
    assert all(f"no Fashion-MNIST from {mirror}" in err for mirror in data.MIRRORS)
    assert [path.name for path in cache.iterdir()] == NAMES[:1]
    server.faults = {}  # the mirrors are well again, and the next process asks them
    assert load() == SIZES
    holds_the_whole(cache, whole)


def test_a_mirror_that_is_not_there_is_passed_over(
    cache, whole, server, settings, monkeypatch
):
    with Server(("127.0.0.1", 0), Mirror) as other:
        nowhere = f"http://127.0.0.1:{other.server_port}/"
    monkeypatch.setattr(data, "MIRRORS", [nowhere, settings["MIRRORS"][1]])
    assert load() == SIZES
    holds_the_whole(cache, whole)


def test_the_real_mirrors_are_two_and_none_is_waited_for_long():
    assert len(data.MIRRORS) == 2
    assert all(mirror.endswith("/") for mirror in data.MIRRORS)
    assert 1 <= data.TIMEOUT_SECONDS <= 30


# --------------------------------------------------------------- a faulty cache


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("part", [0, 0.5, 1])
def test_a_half_written_cache_is_mended_or_not_read(
    cache, whole, server, capsys, part, name
):
    shutil.copytree(whole, cache)
    content = (whole / name).read_bytes()
    keep = int(part * len(content)) if part < 1 else len(content) - 1
    (cache / name).write_bytes(content[:keep])
    server.faults = {("first", name): "not_found", ("second", name): "not_found"}
    is_the_sample(load(), capsys)
    server.faults, server.asked[:] = {}, []
    assert load() == SIZES
    assert server.asked == [("first", name)]  # only what is bad is fetched again
    holds_the_whole(cache, whole)


def test_a_cache_with_another_sum_is_not_read_though_its_form_is_right(
    cache, whole, server, tmp_path
):
    cut(SAMPLE, cache, SIZES[0] - 1, SIZES[1])
    assert load() == SIZES
    holds_the_whole(cache, whole)


def in_the_way(cache):
    cache.write_text("not a folder", encoding="utf-8")


def file_is_a_folder(cache):
    (cache / NAMES[0]).mkdir(parents=True)


def read_only(cache):
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere; see the read-only disk below")
    cache.mkdir(mode=0o555)


@pytest.mark.parametrize("spoil", [in_the_way, file_is_a_folder, read_only])
def test_a_cache_that_cannot_be_written_leaves_the_sample(cache, spoil, capsys):
    if spoil is read_only and not hasattr(os, "geteuid"):
        pytest.skip("no permissions as POSIX has them")
    spoil(cache)
    assert str(cache) in is_the_sample(load(), capsys)


@contextmanager
def files_no_longer_than(size):
    """Let no file of this process grow beyond this; as if the disk were full."""
    resource = pytest.importorskip("resource", reason="POSIX limits files, others not")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_too_small_for_a_file_keeps_none_of_it(cache, whole, capsys):
    with files_no_longer_than(1_000):  # the images are longer, the labels are not
        sizes = load()
    assert os.strerror(errno.EFBIG) in is_the_sample(sizes, capsys)
    assert not list(cache.iterdir())
    assert load() == SIZES
    holds_the_whole(cache, whole)


# ------------------------------------------------------------ a second process

DRIVER = """
import json, sys
from pathlib import Path
import pooch
from d2l_lite import data

settings = json.loads(sys.argv[1])
for name in "MIRRORS", "FILES", "TIMEOUT_SECONDS":
    setattr(data, name, settings[name])
data.DEBIAN = Path(settings["DEBIAN"])
pooch.os_cache = lambda name: Path(settings["cache"])
sizes = [len(part.labels) for part in data.load_data_fashion_mnist(8)]
print(json.dumps(sizes))
"""


@pytest.fixture
def start(settings, cache, monkeypatch):
    """Return a function that starts DRIVER; `within` is a command around it."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    started = []

    def start(*within, **changes):
        job = json.dumps(settings | changes)
        process = subprocess.Popen(
            [*within, sys.executable, "-c", DRIVER, job],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_two_processes_that_download_at_once_do_not_spoil_each_other(
    start, server, cache, whole
):
    server.faults = {("first", name): "for_two_at_once" for name in NAMES}
    answers = [
        (process, process.communicate(timeout=60))
        for process in [start(TIMEOUT_SECONDS=30), start(TIMEOUT_SECONDS=30)]
    ]
    for process, (out, err) in answers:
        assert process.returncode == 0, err
        assert json.loads(out) == [*SIZES]
    assert sorted(server.asked) == sorted(("first", name) for name in NAMES * 2)
    holds_the_whole(cache, whole)


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=["kill", "ctrl-c"])
def test_a_download_that_is_broken_off_leaves_nothing_that_passes_for_whole(
    start, server, cache, whole, how
):
    name = NAMES[2]
    server.faults = {("first", name): "stalls"}
    process = start(TIMEOUT_SECONDS=30)
    assert server.began.wait(30)
    process.send_signal(how)
    process.communicate(timeout=30)
    assert process.returncode != 0
    left = {path.name for path in cache.iterdir()}
    assert {*NAMES} & left == {*NAMES[:2]}
    if how == signal.SIGINT:
        assert left == {*NAMES[:2]}
    server.faults, server.asked[:] = {}, []
    assert load() == SIZES
    assert server.asked == [("first", name) for name in NAMES[2:]]
    for name in NAMES:
        assert (cache / name).read_bytes() == (whole / name).read_bytes()


def can_mount():
    """Whether a process may have a file system of its own (Linux)."""
    command = ["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"]
    return bool(shutil.which("unshare")) and not subprocess.call(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


@pytest.mark.parametrize(
    ("options", "error"),
    [("size=12k", errno.ENOSPC), ("ro", errno.EROFS)],
    ids=["full", "read-only"],
)
def test_a_real_disk_that_takes_nothing_leaves_the_sample(start, cache, options, error):
    if not can_mount():
        pytest.skip("needs Linux, and leave to mount a tmpfs")
    cache.mkdir()
    mount = f'mount -t tmpfs -o {options} none "$0" && exec "$@"'
    process = start("unshare", "-rm", "sh", "-c", mount, str(cache))
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert json.loads(out) == [2_000, 500]
    assert os.strerror(error) in err
    assert f"let {DATA_ENV} name a folder" in err
    assert "Traceback" not in err


def test_what_lies_in_the_cache_is_what_is_read(cache, whole):
    load()
    for split in "train", "t10k":
        for got, expected in zip(read_split(cache, split), read_split(whole, split)):
            assert torch.equal(got, expected)
