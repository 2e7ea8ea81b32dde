"""What only a GPU can show; skipped where there is none."""

import pytest
import torch

from d2l_lite import lenet, train_image_classifier
from d2l_lite.data import SAMPLE, Minibatches, read_split

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


class Guarded:
    """Minibatches between which any wait of the host for the GPU is an error."""

    def __init__(self, minibatches):
        self.minibatches, self.device = minibatches, minibatches.device

    def __len__(self):
        return len(self.minibatches)

    def __iter__(self):
        steps = iter(self.minibatches)
        yield next(steps)  # the epoch's order goes to the GPU before the first
        try:
            torch.cuda.set_sync_debug_mode("error")
            yield from steps
        finally:
            torch.cuda.set_sync_debug_mode("default")


def test_the_host_waits_once_an_epoch():
    images, labels = read_split(SAMPLE, "train")
    train_iter = Guarded(Minibatches(images, labels, 128, shuffle=True))
    test_iter = Guarded(Minibatches(images, labels, 128))
    run = train_image_classifier(lenet(), train_iter, test_iter, 0.01, 2, seed=0)
    assert len(run.train_loss) == 2


def test_the_guard_sees_a_wait():
    images, labels = read_split(SAMPLE, "train")
    guarded = iter(Guarded(Minibatches(images, labels, 128)))
    next(guarded)
    next(guarded)
    with pytest.raises(RuntimeError):
        torch.ones(1, device="cuda").item()
    guarded.close()
