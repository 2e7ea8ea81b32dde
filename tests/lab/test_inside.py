"""What chapter 7 looks at is what the recorded nets say."""

import json

import numpy as np
import pytest
import torch

from d2l_lite import lenet
from d2l_lite.data import CLASSES, SAMPLE, read_split
from d2l_lite.lab import load_record
from d2l_lite.lab.garment_nets import ALEXNET as EIGHTH
from d2l_lite.lab.garment_nets import dares_table
from d2l_lite.lab.records import RECORDS
from d2l_lite.lab.verdicts import read_labels
from experiments.inside import shared_mistakes

KEPT, LABELS = np.load(RECORDS / "inside.npz"), read_labels()
SHARED_NOT_SEEN = "the sample ends before it"


@pytest.fixture(scope="module")
def sample():
    """The first 500 test images and their labels."""
    return read_split(SAMPLE, "t10k")


def test_the_labels_are_the_datas(sample):
    _, labels = sample
    assert "labels" not in KEPT  # they lie beside the records of edition 2, once
    assert LABELS.shape == KEPT["lenet_predicted"].shape == (10_000,)
    assert (LABELS[:500] == labels.numpy()).all()
    assert np.bincount(LABELS).tolist() == [1000] * 10


def test_alexnets_answers_give_its_recorded_accuracy():
    right = (KEPT["alexnet_predicted"] == LABELS).mean()
    assert right == pytest.approx(load_record("alexnet").runs[0].test_acc[-1], abs=5e-4)


def test_lenets_answers_are_those_of_its_kept_weights(sample):
    images, _ = sample
    weights = np.load(RECORDS / "lenet.npz")
    net = lenet().eval()
    net.load_state_dict(
        {name: torch.from_numpy(weights[name]).float() for name in weights.files}
    )
    with torch.no_grad():
        confidence, predicted = net(images / 255).softmax(1).max(1)
    same = predicted.numpy() == KEPT["lenet_predicted"][:500]
    assert same.mean() >= 0.99  # the stored ones were computed in bfloat16
    apart = np.abs(confidence.numpy() - KEPT["lenet_confidence"][:500])
    assert np.median(apart) < 0.01


def test_the_shared_mistakes_are_mistakes_of_both(sample):
    images, _ = sample
    shared = KEPT["shared"]
    answers = KEPT["lenet_predicted"][shared]
    assert (answers == KEPT["alexnet_predicted"][shared]).all()
    assert (answers != LABELS[shared]).all()
    assert (shared == shared_mistakes(KEPT, LABELS)).all()
    seen = shared < 500
    assert seen.any(), SHARED_NOT_SEEN
    assert (KEPT["shared_images"][seen] == images.numpy()[shared[seen], 0]).all()


def test_maps_and_units_are_alexnets():
    sizes = [len(KEPT[f"alexnet_highest_{n}"]) for n in range(7)]
    assert sizes == [96, 256, 384, 384, 256, 4096, 4096]
    assert KEPT["alexnet_filters"].shape == (96, 1, 11, 11)
    for n, side in enumerate((54, 26, 12, 12, 12)):
        maps = KEPT[f"alexnet_maps_{n}"]
        assert maps.shape == (8, side, side)
        assert maps.min() >= 0
        assert maps.max() <= KEPT[f"alexnet_highest_{n}"].max()


def test_the_arrays_say_where_they_come_from():
    made = json.loads(str(KEPT["made"]))
    assert made["device"] and made["torch"] and len(made["commit"]) == 40


def test_the_dares_say_what_the_net_says_of_a_boot_that_is_moved(sample):
    images, _ = sample
    boot = images[0] / 255
    moved = torch.zeros_like(boot)
    moved[:, :, 4:] = boot[:, :, :-4]
    rows = dares_table(boot).split("<tr>")[2:]
    net = EIGHTH.load()
    for row, image in zip(rows, (boot, moved, torch.zeros_like(boot)), strict=True):
        share, answer = net(EIGHTH.see(image[None])).softmax(1).max(1)
        said = f"{CLASSES[answer]}, {100 * share.item():.0f} %"
        assert f"<td>{said}</td></tr>" in row
