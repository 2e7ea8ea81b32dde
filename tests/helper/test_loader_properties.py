"""What holds of the loader for any sizes, and what it says to any bad input.

hypothesis draws the cases, the same ones each time; it keeps nothing on the disk.
"""

import gzip
import math
import struct

import pytest
import torch
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from torchvision.transforms.v2 import functional as oracle

from d2l_lite import distributed, load_data_fashion_mnist, train_image_classifier
from d2l_lite.data import (
    DATA_ENV,
    FILES,
    SAMPLE,
    Minibatches,
    read_idx,
    read_split,
    resize_images,
)
from tests.book.cut_data import cut

CPU = torch.device("cpu")
NAMES = [*FILES]
MOST = 40  # images; their number is their grey level


def cases(number):
    """Settings: so many cases, always the same, none remembered."""
    return settings(
        max_examples=number,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )


# ------------------------------------------------------------------- minibatches


@st.composite
def loaders(draw):
    """Number of images, size of a minibatch from 1 to n + 1, side, order, shares."""
    n = draw(st.integers(1, MOST))
    batch_size = draw(st.integers(1, n + 1))
    resize = draw(st.none() | st.integers(1, 256))
    return n, batch_size, resize, draw(st.booleans()), draw(st.integers(1, 9))


def numbered(n, batch_size, resize, shuffle):
    """Minibatches of n images; each is as grey as its number."""
    images = torch.arange(n, dtype=torch.uint8)[:, None, None, None]
    images = images.expand(n, 1, 28, 28).contiguous()
    labels = torch.arange(n) % 10
    return Minibatches(images, labels, batch_size, resize, shuffle=shuffle, device=CPU)


@cases(100)
@given(loaders())
@example((MOST, MOST + 1, 256, True, 9))
@example((1, 2, 1, True, 2))
def test_every_image_comes_once_an_epoch_to_one_rank(loader):
    n, batch_size, resize, shuffle, world = loader
    numbers, labels, sizes = [], [], []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(distributed, "WORLD_SIZE", world)
        for rank in range(world):  # each process has minibatches of its own
            patch.setattr(distributed, "RANK", rank)
            batches = numbered(n, batch_size, resize, shuffle)
            assert len(batches) == math.ceil(n / batch_size)
            shares = []
            for X, y in batches:
                side = resize or 28
                assert X.shape == (len(y), 1, side, side)
                X, y = distributed.shard(X), distributed.shard(y)
                shares.append(len(y))
                numbers += (X.mean((1, 2, 3)) * 255).round().int().tolist()
                labels += y.tolist()
            sizes.append(shares)
    assert sorted(numbers) == list(range(n))
    assert labels == [number % 10 for number in numbers]
    together = [sum(shares) for shares in zip(*sizes)]
    assert together[:-1] == [batch_size] * (len(together) - 1)


@cases(100)
@given(loaders(), st.integers(0, 2**32))
def test_all_ranks_draw_the_same_order_and_another_one_each_epoch(loader, seed):
    n, batch_size, _, shuffle, _ = loader
    one, two = (numbered(n, batch_size, None, shuffle) for _ in range(2))
    orders = []
    for batches in one, two:
        batches.generator.manual_seed(seed)
        for _ in range(2):
            numbers = torch.cat([X[:, 0, 0, 0] for X, _ in batches]) * 255
            orders.append(numbers.round().int().tolist())
    assert orders[:2] == orders[2:]
    assert [sorted(order) for order in orders] == [list(range(n))] * 4
    if not shuffle:
        assert orders[0] == list(range(n))
    elif n > 15:  # one of 15! orders: never by chance
        assert orders[0] != orders[1]


# ---------------------------------------------------------------------- resizing


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
    n, *size = shape
    random = torch.Generator().manual_seed(seed)
    images = torch.randint(256, (n, 1, *size), generator=random, dtype=torch.uint8)
    X = images.float() / 255
    resized = resize_images(X, side)
    exact = oracle.resize(X, [side, side], antialias=True)
    torch.testing.assert_close(resized, exact, atol=1e-5, rtol=0)
    # Of bytes torchvision rounds twice, after the rows and after the columns.
    rounded = oracle.resize(images, [side, side], antialias=True)
    assert (resized - rounded / 255).abs().max() <= 1.01 / 255


# --------------------------------------------------------------------- bad files


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A folder with few images, all in order."""
    folder = tmp_path_factory.mktemp("whole")
    cut(SAMPLE, folder, 23, 9)
    return folder


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory, whole):
    """A copy of it, in which each case spoils one file."""
    folder = tmp_path_factory.mktemp("spoilt")
    cut(SAMPLE, folder, 23, 9)
    return folder


def read_or_refuse(folder, whole, name):
    """Require what is in `whole`, or an error that says what to do."""
    split = name.split("-")[0]
    try:
        arrays = read_split(folder, split)
    except ValueError as error:
        assert str(folder) in str(error)
        assert f"let {DATA_ENV} name a folder that has it whole" in str(error)
        return False
    finally:
        (folder / name).write_bytes((whole / name).read_bytes())
    for got, expected in zip(arrays, read_split(whole, split)):
        assert torch.equal(got, expected)
    return True


@cases(100)
@given(name=st.sampled_from(NAMES), part=st.floats(0, 1, exclude_max=True))
@example(name=NAMES[0], part=1 - 1e-9)
@example(name=NAMES[3], part=1 - 1e-9)
def test_a_file_that_was_cut_anywhere_is_refused(spoilt, whole, name, part):
    content = (whole / name).read_bytes()
    (spoilt / name).write_bytes(content[: int(part * len(content))])
    assert not read_or_refuse(spoilt, whole, name)


@cases(300)
@given(
    name=st.sampled_from(NAMES),
    part=st.floats(0, 1, exclude_max=True) | st.floats(0, 0.01),
    change=st.integers(1, 255),
)
def test_a_file_with_one_wrong_byte_is_refused_or_read_as_it_was(
    spoilt, whole, name, part, change
):
    content = bytearray((whole / name).read_bytes())
    place = int(part * len(content))
    content[place] ^= change
    (spoilt / name).write_bytes(content)
    is_read = read_or_refuse(spoilt, whole, name)
    assert not is_read or place < 10  # gzip's head holds a time that nobody reads


HEADS = st.builds(
    lambda kind, shape: (
        bytes([0, 0, kind, len(shape)]) + struct.pack(f">{len(shape)}i", *shape)
    ),
    st.sampled_from([8, 9, 13]),
    st.lists(
        st.integers(-2, 9) | st.sampled_from([2**31 - 1, -(2**31), 60_000]), max_size=4
    ),
)


@cases(300)
@given(
    head=HEADS | st.just(b""),
    values=st.binary(max_size=99),
    packed=st.booleans(),
    dims=st.sampled_from([1, 3]),
)
@example(
    head=bytes([0, 0, 8, 1]) + b"\x7f\xff\xff\xff", values=b"", packed=True, dims=1
)
@example(
    head=bytes([0, 0, 8, 3]) + b"\x7f\xff\xff\xff" * 3, values=b"", packed=True, dims=3
)
def test_any_bytes_are_read_as_they_say_or_refused(spoilt, head, values, packed, dims):
    path = spoilt / "any.gz"
    content = head + values
    path.write_bytes(gzip.compress(content, 1) if packed else content)
    try:
        array = read_idx(path, dims)
    except ValueError as error:
        assert str(path) in str(error)
        assert DATA_ENV in str(error)
    else:
        assert content[:4] == bytes([0, 0, 8, dims])
        assert array.shape == struct.unpack(f">{dims}i", content[4 : 4 + 4 * dims])
        assert bytes(array.flatten().tolist()) == content[4 + 4 * dims :]


# ----------------------------------------------------------------- bad arguments

NO_SIZES = (
    st.integers(max_value=0)
    | st.floats()
    | st.text(max_size=5)
    | st.booleans()
    | st.lists(st.integers(1, 9), max_size=2)
)


@cases(100)
@given(NO_SIZES, st.sampled_from(["batch_size", "resize"]))
def test_any_other_size_is_refused(whole, monkeypatch, value, name):
    monkeypatch.setenv(DATA_ENV, str(whole))
    sizes = {"batch_size": 4, "resize": 28} | {name: value}
    with pytest.raises(ValueError, match=f"{name} must be a whole number from 1"):
        load_data_fashion_mnist(**sizes, device=CPU)
    with pytest.raises(ValueError, match="side must be a whole number from 1"):
        resize_images(torch.zeros(1, 1, 28, 28), value)


@cases(50)
@given(st.text(max_size=12) | st.none() | st.integers() | st.lists(st.integers()))
def test_any_other_split_is_refused(split):
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


@cases(50)
@given(
    lr=st.floats(max_value=0) | st.just(math.nan),
    num_epochs=st.integers(max_value=0) | st.floats(),
)
def test_other_recipes_are_refused_before_anything_is_done(lr, num_epochs):
    batches = numbered(4, 2, None, False)
    for recipe, words in (
        ((lr, 1), "lr must"),
        ((0.01, num_epochs), "num_epochs must"),
    ):
        with pytest.raises(ValueError, match=words):
            train_image_classifier(None, batches, batches, *recipe)
