"""Fashion-MNIST is read, checked and cut into minibatches.

hypothesis draws cases, the same ones each time; it keeps nothing on the disk.
"""

import gzip
import math
import os
import shutil
import struct
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torchvision.transforms.v2 import functional as oracle

from d2l_lite import distributed, load_data_fashion_mnist
from d2l_lite.data import DATA_ENV, FILES, SAMPLE, Minibatches, resize_images
from tests.notebooks.cut_data import cut, write_gzip

N = 23
MOST = 40  # images; their number is their grey level
CPU = torch.device("cpu")
TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS = FILES


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A small folder with the four files, all in order."""
    folder = tmp_path_factory.mktemp("whole")
    cut(SAMPLE, folder, N, 9)
    return folder


@pytest.fixture
def folder(whole, tmp_path, monkeypatch):
    """A copy of it that a test may spoil; the switch names it."""
    copy = tmp_path / "copy"
    shutil.copytree(whole, copy)
    monkeypatch.setenv(DATA_ENV, str(copy))
    return copy


# ---------------------------------------------------------------- minibatches


def cases(number):
    """Settings: so many cases, always the same, none remembered."""
    return settings(max_examples=number, derandomize=True, database=None, deadline=None)


@st.composite
def loaders(draw):
    """Number of images, size of a minibatch from 1 to n + 1, side, order."""
    n = draw(st.integers(1, MOST))
    batch_size = draw(st.integers(1, n + 1))
    return n, batch_size, draw(st.none() | st.integers(1, 256)), draw(st.booleans())


def numbered(n, batch_size, resize=None, shuffle=True):
    """Minibatches of n images; each is as grey as its number."""
    images = torch.arange(n, dtype=torch.uint8)[:, None, None, None]
    images = images.expand(n, 1, 28, 28).contiguous()
    labels = torch.arange(n) % 10
    return Minibatches(images, labels, batch_size, resize, shuffle=shuffle, device=CPU)


def numbers_of(X):
    """The numbers of images."""
    return (X.mean((1, 2, 3)) * 255).round().int().tolist()


def order(batches):
    """The numbers of the images in the order in which one epoch brings them."""
    return [number for X, _ in batches for number in numbers_of(X)]


@cases(100)
@given(loaders(), st.integers(1, 9))
@example((MOST, MOST + 1, 256, True), 9)
@example((1, 2, 1, True), 2)
def test_every_image_comes_once_an_epoch_to_one_rank(loader, world):
    n, batch_size, resize, _ = loader
    numbers, labels, sizes = [], [], []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(distributed, "WORLD_SIZE", world)
        for rank in range(world):  # each process has minibatches of its own
            patch.setattr(distributed, "RANK", rank)
            batches = numbered(*loader)
            assert len(batches) == math.ceil(n / batch_size)
            shares = []
            for X, y in batches:
                side = resize or 28
                assert X.shape == (len(y), 1, side, side)
                X, y = distributed.shard(X), distributed.shard(y)
                shares.append(len(y))
                numbers += numbers_of(X)
                labels += y.tolist()
            sizes.append(shares)
    assert sorted(numbers) == list(range(n))
    assert labels == [number % 10 for number in numbers]
    together = [sum(shares) for shares in zip(*sizes)]
    assert together[:-1] == [batch_size] * (len(together) - 1)
    assert all(max(shares) - min(shares) <= 1 for shares in zip(*sizes))


@cases(100)
@given(loaders(), st.integers(0, 2**32))
def test_all_ranks_draw_the_same_order_and_another_one_each_epoch(loader, seed):
    n, *_, shuffle = loader
    orders = []
    for _ in range(2):
        batches = numbered(*loader)
        batches.generator.manual_seed(seed)
        orders += [order(batches), order(batches)]
    assert orders[:2] == orders[2:]
    if not shuffle:
        assert orders[0] == orders[1] == list(range(n))
    elif n > 15:  # one of 15! orders: never by chance
        assert orders[0] != orders[1]


def test_the_images_are_the_bytes_of_the_file_divided_by_255(folder):
    _, test_iter = load_data_fashion_mnist(9, device=CPU)
    X, y = next(iter(test_iter))
    assert (X.dtype, y.dtype) == (torch.float32, torch.int64)
    raw = gzip.decompress((folder / TEST_IMAGES).read_bytes())[16:]
    assert (X * 255).round().flatten().tolist() == list(raw)
    assert y.tolist() == list(gzip.decompress((folder / TEST_LABELS).read_bytes())[8:])


def test_the_order_neither_hears_nor_moves_torchs_own_random_numbers():
    torch.manual_seed(1)
    expected = torch.rand(3)
    one, two = numbered(N, 5), numbered(N, 5)
    torch.manual_seed(1)
    first = order(one)
    assert torch.equal(torch.rand(3), expected)
    torch.manual_seed(2)
    assert order(two) == first


def test_only_the_training_images_are_shuffled(folder):
    train_iter, test_iter = load_data_fashion_mnist(4, device=CPU)
    for batches, is_same in ((train_iter, False), (test_iter, True)):
        labels = torch.cat([y for _, y in batches])
        assert torch.equal(labels, batches.labels) == is_same
    one, two = (torch.cat([X for X, _ in test_iter]) for _ in range(2))
    assert torch.equal(one, two)


@pytest.mark.parametrize("value", [0, -1, 2.5, "8", True])
@pytest.mark.parametrize("name", ["batch_size", "resize"])
def test_a_size_that_is_no_whole_number_from_1_is_refused(folder, name, value):
    sizes = {"batch_size": 4, "resize": 28} | {name: value}
    with pytest.raises(ValueError, match=f"{name} must be a whole number.*{value}"):
        load_data_fashion_mnist(**sizes, device=CPU)
    with pytest.raises(ValueError, match="side must be a whole number from 1"):
        resize_images(torch.zeros(1, 1, 28, 28), value)


@pytest.mark.parametrize("split", ["train", "", None, 1, ["test"]])
def test_another_split_is_refused(split):
    with pytest.raises(ValueError, match="split must be 'test' or 'validation'"):
        load_data_fashion_mnist(4, split=split)


@pytest.mark.parametrize(
    ("words", "images", "labels"),
    [
        ("must be uint8", torch.zeros(3, 1, 28, 28), torch.zeros(3)),
        ("must be uint8", torch.zeros(3, 28, 28, dtype=torch.uint8), torch.zeros(3)),
        ("as many labels", torch.zeros(3, 1, 9, 9).byte(), torch.zeros(2)),
        ("as many labels", torch.zeros(3, 1, 9, 9).byte(), torch.zeros(4)),
        ("as many labels", torch.zeros(3, 1, 9, 9).byte(), torch.zeros(3, 1)),
        ("lie in 0..9", torch.zeros(3, 1, 9, 9).byte(), torch.tensor([0, 10, 1])),
        ("lie in 0..9", torch.zeros(3, 1, 9, 9).byte(), torch.tensor([0, -1, 1])),
        ("lie in 0..9", torch.zeros(3, 1, 9, 9).byte(), torch.tensor([0, 0.5, 1])),
        ("lie in 0..9", torch.zeros(1, 1, 9, 9).byte(), torch.tensor([math.nan])),
    ],
)
def test_images_and_labels_that_do_not_fit_are_refused(words, images, labels):
    with pytest.raises(ValueError, match=words):
        Minibatches(images, labels, 2, device=CPU)


@pytest.mark.parametrize(
    "X",
    [
        torch.zeros(1, 28, 28),
        torch.zeros(28, 28),
        torch.zeros(1, 1, 28, 28).byte(),
        torch.zeros(1, 1, 0, 28),
        torch.zeros(1, 0, 28, 28),
    ],
    ids=lambda X: f"{tuple(X.shape)}, {X.dtype}",
)
def test_what_is_no_images_is_not_resized(X):
    with pytest.raises(ValueError, match="no images"):
        resize_images(X, 14)


@cases(100)
@given(
    shape=st.tuples(st.integers(1, 3), st.integers(1, 64), st.integers(1, 64)),
    side=st.integers(1, 256),
    seed=st.integers(0, 999),
)
@example(shape=(3, 28, 28), side=224, seed=0)
@example(shape=(3, 28, 28), side=27, seed=0)
@example(shape=(1, 1, 64), side=8, seed=0)
def test_resizing_is_torchvisions(shape, side, seed):
    random = torch.Generator().manual_seed(seed)
    X = torch.rand(shape, generator=random)[:, None]
    exact = oracle.resize(X, [side, side], antialias=True)
    torch.testing.assert_close(resize_images(X, side), exact, atol=1e-5, rtol=0)


def test_minibatches_that_differ_in_images_or_recipe_differ_in_words():
    X = torch.zeros(3, 1, 28, 28, dtype=torch.uint8)
    y = torch.arange(3)
    changed = X.clone()
    changed[2, 0, 27, 27] = 1
    words = {
        repr(Minibatches(X, y, 2, device=CPU)),
        repr(Minibatches(changed, y, 2, device=CPU)),
        repr(Minibatches(X, y.flip(0), 2, device=CPU)),
        repr(Minibatches(X, y, 3, device=CPU)),
        repr(Minibatches(X, y, 2, 56, device=CPU)),
        repr(Minibatches(X, y, 2, shuffle=True, device=CPU)),
    }
    assert len(words) == 6
    assert repr(Minibatches(X.clone(), y, 2, device=CPU)) in words


def test_standard_error_says_which_data_these_are(capsys, folder):
    load_data_fashion_mnist(4, device=CPU)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert f"{N} + 9 images from {folder}" in printed.err
    assert "SAMPLE" not in printed.err


# ------------------------------------------------------------- faulty folders


def idx(*shape, values=None):
    """An IDX file of bytes with this shape."""
    size = torch.Size(shape).numel()
    head = struct.pack(f">4B{len(shape)}i", 0, 0, 8, len(shape), *shape)
    return head + (bytes(size) if values is None else bytes(values))


def replace(name, content):
    """A fault: the file holds something else, properly packed."""
    return lambda folder: write_gzip(folder / name, content)


def pack(change):
    """A fault of one file: its unpacked content is changed, and packed again."""
    return lambda path: write_gzip(path, change(gzip.decompress(path.read_bytes())))


def raw(change):
    """A fault of one file: its bytes as they lie on the disk are changed."""
    return lambda path: path.write_bytes(change(path.read_bytes()))


def says(count):
    """A fault of one file: it says that it holds `count` images or labels."""
    return pack(lambda content: content[:4] + struct.pack(">i", count) + content[8:])


def folder_instead(path):
    """A fault of one file: a folder has its name."""
    path.unlink()
    path.mkdir()


HTML = b"<!DOCTYPE html><title>404 Not Found</title>" * 20
FAULTS_OF_A_FILE = {
    "missing": lambda path: path.unlink(),
    "a folder": folder_instead,
    "no bytes": raw(lambda content: b""),
    "one byte": raw(lambda content: content[:1]),
    "truncated": raw(lambda content: content[: len(content) // 2]),
    "check sum cut": raw(lambda content: content[:-8]),
    "last byte cut": raw(lambda content: content[:-1]),
    "garbled": raw(lambda c: c[: len(c) // 2] + b"?" * 9 + c[len(c) // 2 + 9 :]),
    "something after": raw(lambda content: content + b"more"),
    "not packed": raw(gzip.decompress),
    "a page of HTML": raw(lambda content: HTML),
    "packed HTML": pack(lambda content: HTML),
    "nothing packed": pack(lambda content: b""),
    "wrong type": pack(lambda content: b"\x00\x00\x0d" + content[3:]),
    "wrong magic": pack(lambda content: b"\x01" + content[1:]),
    "no dimensions": pack(lambda content: b"\x00\x00\x08\x00"),
    "header cut": pack(lambda content: content[:6]),
    "value cut": pack(lambda content: content[:-1]),
    "value more": pack(lambda content: content + b"\x00"),
    "count 0": says(0),
    "count below 0": says(-1),
    "count 1": says(1),
    "count too high": says(N + 1),
    "count beyond all memory": says(2**31 - 1),
    "sizes beyond all counting": pack(lambda c: c[:4] + b"\x7f\xff\xff\xff" * c[3]),
}


FAULTS = {
    "no folder": shutil.rmtree,
    "other size": replace(TRAIN_IMAGES, idx(N, 28, 27)),
    "other size, as many pixels": replace(TRAIN_IMAGES, idx(N, 56, 14)),
    "other size for testing": replace(TEST_IMAGES, idx(9, 14, 56)),
    "one image, as many pixels": replace(TRAIN_IMAGES, idx(1, N * 28, 28)),
    "labels for images": replace(TRAIN_IMAGES, idx(N)),
    "images for labels": replace(TRAIN_LABELS, idx(N, 28, 28)),
    "label 10": replace(TRAIN_LABELS, idx(N, values=[10, *[0] * (N - 1)])),
    "label 255": replace(TEST_LABELS, idx(9, values=[*[0] * 8, 255])),
    "fewer labels": replace(TRAIN_LABELS, idx(N - 1)),
    "more labels": replace(TRAIN_LABELS, idx(N + 1)),
    "fewer images": replace(TRAIN_IMAGES, idx(N - 1, 28, 28)),
    "more images": replace(TEST_IMAGES, idx(10, 28, 28)),
    "no images": lambda folder: (
        replace(TEST_IMAGES, idx(0, 28, 28))(folder),
        replace(TEST_LABELS, idx(0))(folder),
    ),
}


def refused(folder):
    """Require an error that names the folder and says what to do."""
    with pytest.raises(ValueError) as caught:
        load_data_fashion_mnist(4, device=CPU)
    message = str(caught.value)
    assert str(folder) in message
    assert "fetch it again" in message
    assert DATA_ENV in message
    return message


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("fault", FAULTS_OF_A_FILE)
def test_a_faulty_file_of_a_named_folder_is_named(folder, fault, name):
    load_data_fashion_mnist(4, device=CPU)  # it was in order
    FAULTS_OF_A_FILE[fault](folder / name)
    assert name in refused(folder)


def test_a_named_folder_that_is_a_file_is_refused(folder, monkeypatch):
    monkeypatch.setenv(DATA_ENV, str(folder / TEST_LABELS))
    refused(folder / TEST_LABELS)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_named_folder_that_is_faulty_is_an_error_that_says_what_to_do(folder, fault):
    load_data_fashion_mnist(4, device=CPU)  # it was in order
    FAULTS[fault](folder)
    refused(folder)


# ------------------------------------------------------------------------ memory

PEAK = """
    import os, re, sys
    from pathlib import Path
    from d2l_lite import load_data_fashion_mnist

    def peak():
        status = Path("/proc/self/status").read_text("utf-8")
        return 1024 * int(re.search(r"VmHWM:\\s+(\\d+)", status)[1])

    for data, batch_size in (sys.argv[1], 2), (sys.argv[2], 128):  # first, warm up
        os.environ["D2L_LITE_DATA"] = data
        Path("/proc/self/clear_refs").write_text("5", "utf-8")  # the peak starts again
        before = peak()
        train_iter, test_iter = load_data_fashion_mnist(batch_size, resize=224)
        loaded = peak()
        for minibatches in train_iter, test_iter:
            for _, (X, y) in zip(range(10), minibatches):
                pass
        passed = peak()
    print(loaded - before, passed - loaded, X.nbytes)
"""


@pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="Linux counts a process's peak"
)
def test_the_data_lie_in_memory_once_as_bytes_and_never_resized(tmp_path):
    whole = {"train": 60_000, "t10k": 10_000}
    for name, n in whole.items():
        write_gzip(tmp_path / f"{name}-images-idx3-ubyte.gz", idx(n, 28, 28))
        write_gzip(tmp_path / f"{name}-labels-idx1-ubyte.gz", idx(n))
    answer = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PEAK), str(SAMPLE), str(tmp_path)],
        capture_output=True, text=True, check=True,
        env=os.environ | {"MALLOC_MMAP_THRESHOLD_": str(1 << 20)},  # frees at once
    )  # fmt: skip
    loaded, passed, minibatch = map(int, answer.stdout.split())
    raw = sum(whole.values()) * (28 * 28 + 1)
    assert 0.9 * raw < loaded < 1.2 * raw
    assert passed < 4 * minibatch  # the whole set, resized, would be hundreds
