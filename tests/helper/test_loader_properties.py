"""What holds of the loader for any sizes; test_data.py holds single cases and faults.

hypothesis draws the cases, the same ones each time; it keeps nothing on the disk.
"""

import math

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torchvision.transforms.v2 import functional as oracle

from d2l_lite import distributed
from d2l_lite.data import Minibatches, resize_images

CPU = torch.device("cpu")
MOST = 40  # images; their number is their grey level


def cases(number):
    """Settings: so many cases, always the same, none remembered."""
    return settings(max_examples=number, derandomize=True, database=None, deadline=None)


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
