"""The two nets are those of the seed's page, layer for layer."""

import pytest
import torch
from torch import nn

from d2l_lite import alexnet, lenet

LENET = [
    nn.Conv2d(1, 6, 5, padding=2),
    nn.Sigmoid(),
    nn.AvgPool2d(2, stride=2),
    nn.Conv2d(6, 16, 5),
    nn.Sigmoid(),
    nn.AvgPool2d(2, stride=2),
    nn.Flatten(),
    nn.Linear(16 * 5 * 5, 120),
    nn.Sigmoid(),
    nn.Linear(120, 84),
    nn.Sigmoid(),
    nn.Linear(84, 10),
]
with torch.device("meta"):  # no need to fill 47 million weights
    ALEXNET = [
        nn.Conv2d(1, 96, 11, stride=4, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(3, stride=2),
        nn.Conv2d(96, 256, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(3, stride=2),
        nn.Conv2d(256, 384, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(384, 384, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(384, 256, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(3, stride=2),
        nn.Flatten(),
        nn.Linear(256 * 5 * 5, 4096),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(4096, 4096),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(4096, 10),
    ]
NETS = {"lenet": (lenet, LENET, 61_706), "alexnet": (alexnet, ALEXNET, 46_764_746)}


@pytest.mark.parametrize("name", NETS)
def test_the_layers_and_the_total_of_parameters_are_those_of_the_page(name):
    build, layers, total = NETS[name]
    with torch.device("meta"):
        net = build()
    assert isinstance(net, nn.Sequential)
    assert [repr(layer) for layer in net] == [repr(layer) for layer in layers]
    assert sum(p.numel() for p in net.parameters()) == total


def test_weights_are_drawn_again_from_torchs_seed():
    def weights(seed):
        torch.manual_seed(seed)
        return torch.cat([p.flatten() for p in lenet().parameters()])

    assert torch.equal(weights(0), weights(0))
    assert not torch.equal(weights(0), weights(1))
