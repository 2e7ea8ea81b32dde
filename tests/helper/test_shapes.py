"""The trace says what really running the net would say."""

import copy
import re
import sys

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from d2l_lite import alexnet, lenet, trace

SEED_PAGE = """\
Conv2d output shape:\t torch.Size([1, 96, 54, 54])
ReLU output shape:\t torch.Size([1, 96, 54, 54])
MaxPool2d output shape:\t torch.Size([1, 96, 26, 26])
Conv2d output shape:\t torch.Size([1, 256, 26, 26])
ReLU output shape:\t torch.Size([1, 256, 26, 26])
MaxPool2d output shape:\t torch.Size([1, 256, 12, 12])
Conv2d output shape:\t torch.Size([1, 384, 12, 12])
ReLU output shape:\t torch.Size([1, 384, 12, 12])
Conv2d output shape:\t torch.Size([1, 384, 12, 12])
ReLU output shape:\t torch.Size([1, 384, 12, 12])
Conv2d output shape:\t torch.Size([1, 256, 12, 12])
ReLU output shape:\t torch.Size([1, 256, 12, 12])
MaxPool2d output shape:\t torch.Size([1, 256, 5, 5])
Flatten output shape:\t torch.Size([1, 6400])
Linear output shape:\t torch.Size([1, 4096])
ReLU output shape:\t torch.Size([1, 4096])
Dropout output shape:\t torch.Size([1, 4096])
Linear output shape:\t torch.Size([1, 4096])
ReLU output shape:\t torch.Size([1, 4096])
Dropout output shape:\t torch.Size([1, 4096])
Linear output shape:\t torch.Size([1, 10])
"""


def on_meta(build):
    """Build a net without filling its weights."""
    with torch.device("meta"):
        return build()


def run(layers, X):
    """The outputs of the layers, up to the first that torch refuses to run."""
    outputs = []
    with torch.no_grad():
        for layer in layers:
            try:
                X = layer(X)
            except RuntimeError:
                break
            outputs.append(X)
    return outputs


@pytest.fixture(scope="module")
def big():
    """AlexNet with weights; nothing here changes them."""
    return alexnet().eval()


@pytest.fixture
def no_search(monkeypatch):
    """Let a trace that fails not look for a side that would pass."""
    monkeypatch.setattr(sys.modules["d2l_lite.shapes"], "LARGEST_SIDE", 0)


# ------------------------------------------------------- shapes and what they cost


@pytest.mark.parametrize("shape", [(1, 1, 28, 28), (3, 1, 29, 29)])
def test_lenets_shapes_and_counts_are_those_of_running_it(shape):
    net = lenet()
    rows = trace(net, shape).rows
    outputs = run(net, torch.rand(shape))
    assert [row.output_shape for row in rows] == [Y.shape for Y in outputs]
    assert [row.layer for row in rows] == [type(layer).__name__ for layer in net]
    for row, layer, Y in zip(rows, net, outputs):
        assert row.parameters == sum(p.numel() for p in layer.parameters())
        assert row.activation_bytes == Y.numel() * Y.element_size()


def test_alexnets_shapes_and_counts_are_those_of_running_it(big, capsys):
    result = trace(big)
    outputs = run(big, torch.rand(1, 1, 224, 224))
    assert result.failure is None
    assert [row.output_shape for row in result.rows] == [Y.shape for Y in outputs]
    assert result.parameters == sum(p.numel() for p in big.parameters()) == 46_764_746
    assert result.activation_bytes == sum(Y.nbytes for Y in outputs)


def test_the_plain_loop_prints_the_seeds_21_lines_as_the_trace_has_them(big, capsys):
    X = torch.randn(1, 1, 224, 224)
    with torch.no_grad():
        for layer in big:
            X = layer(X)
            print(layer.__class__.__name__, "output shape:\t", X.shape)
    assert capsys.readouterr().out == SEED_PAGE
    for row in trace(big).rows:
        print(row.layer, "output shape:\t", torch.Size(row.output_shape))
    assert capsys.readouterr().out == SEED_PAGE


@pytest.mark.parametrize(
    ("build", "shape"), [(lenet, (1, 1, 28, 28)), (alexnet, (2, 1, 224, 224))]
)
def test_multiply_adds_are_half_of_torchs_count_for_the_whole_net(build, shape):
    net = on_meta(build)
    with FlopCounterMode(display=False) as counter:
        net(torch.empty(shape, device="meta"))
    assert trace(net, shape).macs * 2 == counter.get_total_flops()


def test_multiply_adds_of_the_first_convolution_by_hand():
    first, *_ = trace(on_meta(alexnet)).rows
    assert first.macs == 54 * 54 * 96 * 11 * 11 * 1
    assert first.parameters == 96 * (11 * 11 + 1)


def test_the_exact_sides_are_those_of_the_chapter():
    rows = trace(on_meta(alexnet)).rows
    windowed = [
        row.unrounded_side for row in rows if row.layer in ("Conv2d", "MaxPool2d")
    ]
    assert windowed == [54.75, 26.5, 26, 12.5, 12, 12, 12, 5.5]
    others = [row.unrounded_side for row in rows if row.unrounded_side is None]
    assert len(windowed) + len(others) == 21


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(1, 2, 3),
        nn.Conv2d(1, 2, 5, stride=3, padding=2),
        nn.Conv2d(1, 2, 3, dilation=4, stride=2, padding=1),
        nn.Conv2d(1, 2, 4, padding="valid"),
        nn.Conv2d(1, 2, 5, padding="same", dilation=2),
        nn.MaxPool2d(3, stride=2, padding=1, dilation=2),
        nn.MaxPool2d(3),
        nn.AvgPool2d(4, stride=3, padding=2),
    ],
    ids=str,
)
@pytest.mark.parametrize("side", [17, 18, 19])
def test_the_floor_of_the_exact_side_is_the_side(layer, side):
    (row,) = trace(nn.Sequential(layer), (1, 1, side, side)).rows
    assert int(row.unrounded_side) == layer(torch.rand(1, 1, side, side)).shape[-1]


# ----------------------------------------------------------------- receptive field


def touched(net, side):
    """Height of the box of input pixels that move the output's middle pixel."""
    net = copy.deepcopy(net)
    for p in net.parameters():
        nn.init.ones_(p)  # a weight near zero would hide a pixel
    X = torch.ones(1, 1, side, side, requires_grad=True)
    Y = net(X)
    Y[0, 0, Y.shape[-2] // 2, Y.shape[-1] // 2].backward()
    rows = X.grad[0, 0].abs().sum(1).nonzero()
    return (rows.max() - rows.min() + 1).item()


STACKS = {
    "one": [nn.Conv2d(1, 1, 3)],
    "point": [nn.Conv2d(1, 1, 1), nn.ReLU()],
    "pair": [nn.Conv2d(1, 1, 3), nn.Conv2d(1, 1, 5)],
    "stride": [nn.Conv2d(1, 1, 3, stride=2), nn.Conv2d(1, 1, 3)],
    "strides": [
        nn.Conv2d(1, 1, 5, stride=3, padding=2),
        nn.AvgPool2d(2, stride=2),
        nn.Conv2d(1, 1, 3, padding=1),
    ],
    "dilation": [nn.Conv2d(1, 1, 3, dilation=3)],
    "dilations": [
        nn.Conv2d(1, 1, 3, dilation=2),
        nn.Conv2d(1, 1, 3, stride=2),
        nn.Conv2d(1, 1, 3, dilation=4),
    ],
    "pooled": [nn.AvgPool2d(3), nn.AvgPool2d(3, stride=1), nn.Conv2d(1, 1, 2)],
    "nested": [nn.Sequential(nn.Conv2d(1, 1, 5, stride=2), nn.ReLU()), nn.AvgPool2d(2)],
}


@pytest.mark.parametrize("stack", STACKS)
def test_the_receptive_field_is_what_the_gradient_reaches(stack):
    net = nn.Sequential(*STACKS[stack])
    side = 61
    assert trace(net, (1, 1, side, side)).rows[-1].receptive_field == touched(net, side)


def test_what_follows_a_flattening_sees_the_whole_image():
    rows = trace(lenet(), (1, 1, 28, 28)).rows
    start = [row.layer for row in rows].index("Flatten")
    assert {row.receptive_field for row in rows[start:]} == {None}
    assert None not in {row.receptive_field for row in rows[:start]}


# -------------------------------------------------------------- where it does not fit


def thin():
    """AlexNet's windows on three channels, quick enough to run on many sides."""
    with torch.device("meta"):
        layers = list(alexnet())
    channels = 1
    for i, layer in enumerate(layers):
        if isinstance(layer, nn.Conv2d):
            layers[i] = nn.Conv2d(
                channels, 3, layer.kernel_size, layer.stride, layer.padding
            )
            channels = 3
    flat = [i for i, layer in enumerate(layers) if isinstance(layer, nn.Flatten)]
    return nn.Sequential(
        *layers[: flat[0] + 1], nn.Linear(75, 8), nn.ReLU(), nn.Linear(8, 10)
    )


@pytest.mark.parametrize("sides", [range(1, 75), range(75, 261, 3), (192, 193, 224)])
def test_the_trace_ends_at_the_layer_at_which_torch_stops(no_search, sides):
    net = thin()
    ends = set()
    for side in sides:
        shape = (1, 1, side, side)
        result, outputs = trace(net, shape), run(net, torch.rand(shape))
        assert [row.output_shape for row in result.rows] == [Y.shape for Y in outputs]
        end = len(outputs)
        ends.add(end)
        if end == len(net):
            assert result.failure is None
        else:
            name = type(net[end]).__name__
            assert result.failure.startswith(f"Layer {end}, {name}, does not fit: ")
    assert len(ends) > 1


@pytest.mark.parametrize("side", [20, 64, 65, 192, 225, 260])
def test_alexnets_trace_ends_where_torch_stops(no_search, big, side):
    shape = (1, 1, side, side)
    result, outputs = trace(big, shape), run(big, torch.rand(shape))
    assert [row.output_shape for row in result.rows] == [Y.shape for Y in outputs]
    assert result.failure.startswith(f"Layer {len(outputs)}, ")


def test_a_small_image_is_told_which_sides_pass():
    failure = trace(on_meta(alexnet), (1, 1, 64, 64)).failure
    assert re.match(r"Layer 12, MaxPool2d, .*window of 3 .* input of 2\.", failure)
    assert re.findall(r"\d+", failure.split("\n")[1]) == ["65", "193"]


def test_a_large_image_is_told_the_side_that_passes():
    failure = trace(on_meta(alexnet), (1, 1, 227, 227)).failure
    assert re.match(r"Layer 14, Linear, .* 6,400 numbers .* 9,216\.", failure)
    assert set(re.findall(r"\d+", failure.split("\n")[1])) == {"193"}


@pytest.mark.parametrize("side", [7, 12, 20])
def test_the_sides_that_it_names_do_pass_and_none_below(side):
    net = nn.Sequential(
        nn.Conv2d(1, 2, 5, stride=2),
        nn.MaxPool2d(3),
        nn.Conv2d(2, 2, 3),
        nn.Flatten(),
        nn.Linear(8, 10),
    )
    failure = trace(net, (1, 1, side, side)).failure
    layer_side, net_side = map(int, re.findall(r"\d+", failure.split("\n")[1]))
    reached = len(trace(net, (1, 1, side, side)).rows)
    depth = [len(run(net, torch.rand(1, 1, n, n))) for n in range(1, net_side + 1)]
    assert depth[-1] == len(net)
    assert max(depth[:-1]) < len(net)
    assert next(n for n, d in enumerate(depth, 1) if d > reached) == layer_side


def test_a_net_that_no_side_passes_says_so():
    net = nn.Sequential(nn.Flatten(), nn.Linear(3, 10), nn.Linear(10, 10))
    assert "side" not in trace(net, (1, 1, 2, 2)).failure
    net = nn.Sequential(nn.Flatten(), nn.Linear(4, 10), nn.Linear(9, 10))
    failure = trace(net, (1, 1, 3, 3)).failure
    assert failure.startswith("Layer 1, Linear, does not fit")
    assert failure.endswith("layer is 2; no side up to 512 passes the whole net.")


def test_wrong_channels_are_named():
    failure = trace(on_meta(alexnet), (1, 3, 224, 224)).failure
    assert re.fullmatch(r"Layer 0, Conv2d, does not fit: .* 1 .* 3\.", failure)


def test_a_nested_net_is_traced_as_its_flat_one():
    layers = list(lenet())
    nested = nn.Sequential(nn.Sequential(*layers[:6]), nn.Sequential(*layers[6:]))
    deep = nn.Sequential(nn.Sequential(nested))
    flat = trace(nn.Sequential(*layers), (1, 1, 28, 28))
    assert trace(nested, (1, 1, 28, 28)) == trace(deep, (1, 1, 28, 28)) == flat


@pytest.mark.parametrize(
    "net", [nn.Linear(4, 10), nn.ModuleList(), lenet], ids=["layer", "list", "function"]
)
def test_only_a_sequential_net_is_traced(net):
    with pytest.raises(TypeError, match=r"nn\.Sequential"):
        trace(net, (1, 1, 28, 28))


@pytest.mark.parametrize("mode", [True, False])
@pytest.mark.parametrize("side", [28, 3])
def test_a_trace_leaves_the_net_and_the_random_numbers_alone(no_search, mode, side):
    net = nn.Sequential(
        nn.Conv2d(1, 2, 5),
        nn.BatchNorm2d(2),
        nn.Dropout(),
        nn.Flatten(),
        nn.Linear(1152, 10),
    ).train(mode)
    before = copy.deepcopy(net.state_dict())
    random = torch.get_rng_state()
    trace(net, (2, 1, side, side))
    assert net.training is mode
    assert torch.equal(torch.get_rng_state(), random)
    assert all(p.grad is None and p.device.type == "cpu" for p in net.parameters())
    after = net.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[key], after[key]) for key in before)


# ------------------------------------------------------------------------- its words


def test_the_printed_trace_has_every_layer_its_numbers_and_the_totals():
    result = trace(lenet(), (1, 1, 28, 28))
    head, first, *lines = str(result).splitlines()
    assert head.split()[0] == "layer"
    assert first.split() == ["input", "1x28x28"]
    *lines, total = lines
    for line, row in zip(lines, result.rows, strict=True):
        name, size, *_ = words = line.split()
        assert name == row.layer
        assert size == "x".join(map(str, row.output_shape[1:]))
        sees = "all" if row.receptive_field is None else str(row.receptive_field)
        costs = [f"{row.parameters:,}", f"{row.macs:,}"] if row.parameters else []
        assert words[2:] == [sees, *costs]
    assert total.split()[:2] == ["total", "61,706"]
    assert total.split()[2] == f"{sum(row.macs for row in result.rows):,}"


def test_a_trace_that_failed_ends_with_why(no_search):
    result = trace(lenet(), (1, 1, 20, 20))
    assert str(result).splitlines()[-1] == result.failure
    assert "Flatten" in str(result)
