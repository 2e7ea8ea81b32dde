"""What the trace says of any net, right or wrong, is what torch does with it.

hypothesis draws the nets, the same ones each time; it keeps nothing on the disk.
"""

import copy
import math
import re
import sys

import pytest
import torch
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from torch import nn

from d2l_lite import alexnet, lenet, trace

# PyTorch warns of what a reader may well write.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")
WINDOWED = (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d)


def cases(number):
    """Settings: so many cases, always the same, none remembered."""
    checks = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
    return settings(
        max_examples=number,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=checks,
    )


@pytest.fixture
def search(monkeypatch):
    """Return a function that says up to which side a trace looks for one that fits."""

    def up_to(side):
        monkeypatch.setattr(sys.modules["d2l_lite.shapes"], "LARGEST_SIDE", side)

    up_to(0)
    return up_to


# --------------------------------------------------------------------- random nets


MOST_CHANNELS, LARGEST_SIDE = 6, 24


def pairs(low, high):
    """One number for both axes, or one for each."""
    numbers = st.integers(low, high)
    return numbers | st.tuples(numbers, numbers)


def both(number):
    """The same number for both axes, in all the ways to write it."""
    return st.sampled_from([number, (number, number), [number, number]])


def conv(draw, shape, slips):
    """A convolution; a slip: other channels, or groups that do not divide."""
    channels = shape[-3]
    divisors = [g for g in range(1, channels + 1) if channels % g == 0]
    groups = draw(st.sampled_from([1, 1, *divisors]))
    filters = groups * draw(st.integers(1, max(1, MOST_CHANNELS // groups)))
    is_same = draw(st.integers(0, 5)) == 0
    padding = st.just("same") if is_same else pairs(0, 4) | st.just("valid")
    layer = nn.Conv2d(
        channels + groups * slips,
        filters,
        draw(pairs(1, 11)),
        stride=1 if is_same else draw(pairs(1, 4)),
        padding=draw(padding),
        dilation=draw(pairs(1, 3)),
        groups=groups,
        bias=draw(st.booleans()),
    )
    if slips and draw(st.booleans()):
        layer.in_channels = channels  # only its groups are wrong
        layer.groups = max(channels, filters) + 1
    return layer


def pool(draw, shape, slips):
    """A pooling; a slip: more padding than half its window."""
    size = draw(st.integers(1, 5))
    kind = draw(st.sampled_from([nn.MaxPool2d, nn.AvgPool2d]))
    dilation = {"dilation": draw(pairs(1, 3))} if kind is nn.MaxPool2d else {}
    padding = size + 4 if slips else draw(st.integers(0, size // 2))
    return kind(
        draw(both(size)),
        stride=draw(st.none() | pairs(1, 4)),
        padding=draw(both(padding)),
        ceil_mode=draw(st.booleans()),
        **dilation,
    )


def norm(draw, shape, slips):
    """A normalisation; a slip: other channels."""
    kind = nn.BatchNorm2d if len(shape) == 4 else nn.BatchNorm1d
    return kind(shape[1 % len(shape)] + slips, affine=draw(st.booleans()))


def plain(draw, shape, slips):
    """A layer that keeps any shape."""
    kinds = [nn.ReLU, nn.Sigmoid, nn.Tanh, nn.GELU, nn.LeakyReLU]
    return draw(st.sampled_from([*kinds, nn.Dropout, nn.Identity]))()


def other(draw, shape, slips):
    """A layer whose windows the trace does not know."""
    layers = [
        lambda: nn.AdaptiveAvgPool2d(draw(st.integers(1, 3))),
        lambda: nn.AdaptiveMaxPool2d(draw(st.integers(1, 3))),
        lambda: nn.ConvTranspose2d(shape[1] + slips, 2, 3, padding=1),
        lambda: nn.LPPool2d(2, 3),
        lambda: nn.FractionalMaxPool2d(2, output_size=2),
        lambda: nn.ZeroPad2d(1),
    ]
    return draw(st.sampled_from(layers))()


def flatten(draw, shape, slips):
    """All axes but the first in one; a slip: an axis too far, or the first as well."""
    return nn.Flatten(draw(st.sampled_from([0, 9])) if slips else 1)


def linear(draw, shape, slips):
    """A linear layer; a slip: it takes another number."""
    outputs = draw(st.integers(1, MOST_CHANNELS))
    return nn.Linear(shape[-1] + slips, outputs, bias=draw(st.booleans()))


ON_MAPS = [conv] * 4 + [pool] * 3 + [plain, plain, norm, flatten, flatten, other]
ON_NUMBERS = [linear] * 3 + [plain, norm, flatten]
MISPLACED = [conv, pool, norm, linear]


def after(layer, shape):
    """The shape that comes out, None where the layer does not fit."""
    try:
        return tuple(layer(torch.empty(shape, device="meta")).shape)
    except Exception:
        return None


@st.composite
def nets(draw, most_layers=6):
    """A net and the shape of its input; in some nets one layer or more does not fit.

    Most windows fit, others are wider than their input; a slip comes now and then.
    """
    shape = draw(st.tuples(st.integers(1, 3), st.integers(1, MOST_CHANNELS)))
    shape += draw(st.tuples(*[st.integers(1, LARGEST_SIDE)] * 2))
    inputs, layers = shape, []
    for _ in range(draw(st.integers(1, most_layers))):
        kinds = ON_MAPS if len(shape) == 4 else ON_NUMBERS
        kind = draw(st.sampled_from(kinds))
        slips = draw(st.integers(0, 9)) == 7
        if slips and draw(st.booleans()) and len(shape) != 4:
            kind = draw(st.sampled_from(MISPLACED))
        padded = (1,) * (4 - len(shape)) + shape  # where maps are not what it gets
        wanted = padded if kind in (conv, pool, other) else shape
        with torch.device("meta"):
            layers.append(kind(draw, wanted, int(slips)))
            shape = after(layers[-1], shape) or shape
    net = nn.Sequential(*layers).to_empty(device="cpu")
    for weights in net.state_dict().values():
        weights.zero_()
    if draw(st.booleans()):
        net = nn.Sequential(nn.Sequential(net[:2], *net[2:3]), *net[3:])
    return net.train(draw(st.booleans())), inputs


# ---------------------------------------------------------------- what torch does


@torch.no_grad()
def run(net, shape):
    """The layers, and (layer, input, output) of those before the first that fails."""
    layers = [m for m in net.modules() if not isinstance(m, nn.Sequential)]
    X, ran = torch.zeros(shape), []
    for layer in layers:
        try:
            Y = layer(X)
        except Exception as error:
            event(f"torch raises {type(error).__name__}")
            break
        ran.append((layer, X.shape, Y.shape))
        X = Y
    return layers, ran


def macs_by_hand(layer, inputs, outputs):
    """Each number of a map or a row is a sum of as many products as it has weights."""
    if isinstance(layer, nn.Conv2d):
        return outputs.numel() * layer.weight[0].numel()
    if isinstance(layer, nn.ConvTranspose2d):  # here each number that goes in
        return inputs.numel() * layer.weight[0].numel()
    if isinstance(layer, nn.Linear):
        return outputs.numel() * layer.in_features
    return 0


def side_is_right(layer, exact, side):
    """Whether the exact side of a windowed layer becomes `side`."""
    if not isinstance(layer, WINDOWED):
        return exact is None
    sides = {math.floor(exact)}
    if getattr(layer, "ceil_mode", False):  # torch drops windows beyond the border
        sides.add(math.ceil(exact))
    return side in sides


def check(net, shape):
    """Hold a trace against a run."""
    layers, ran = run(net, shape)
    result = trace(net, shape)
    end = len(ran)
    if end == len(layers):
        assert result.failure is None
    else:
        name = type(layers[end]).__name__
        assert result.failure.startswith(f"Layer {end}, {name}, does not fit: ")
    assert len(result.rows) == end
    for row, (layer, inputs, outputs) in zip(result.rows, ran):
        assert row.layer == type(layer).__name__
        assert row.output_shape == outputs
        assert row.parameters == sum(p.numel() for p in layer.parameters())
        assert row.activation_bytes == outputs.numel() * 4
        assert row.macs == macs_by_hand(layer, inputs, outputs)
        assert side_is_right(layer, row.unrounded_side, outputs[-2:][0])
    for total in "parameters", "macs", "activation_bytes":
        assert getattr(result, total) == sum(getattr(row, total) for row in result.rows)


@cases(300)
@given(nets())
def test_shapes_and_costs_and_the_layer_that_fails_are_torchs(search, drawn):
    check(*drawn)


# ---------------------------------------------------------------- receptive fields


TALL = 161  # pixels: no tower of three layers sees a border from the middle


def tall_conv(draw, window):
    """A convolution of two channels; all its weights are 1, so that none cancel out."""
    padding = (draw(st.integers(0, 4)), 0)
    if window["stride"] == (1, 1):
        padding = draw(st.sampled_from([padding, "same"]))
    layer = nn.Conv2d(2, 2, **window, padding=padding, dilation=tall(draw, 2))
    nn.init.ones_(layer.weight)
    return layer


def tall_pool(draw, window):
    """A pooling."""
    window["ceil_mode"] = draw(st.booleans())
    if draw(st.booleans()):
        return nn.MaxPool2d(**window, dilation=tall(draw, 2))
    return nn.AvgPool2d(**window, padding=(window["kernel_size"][0] // 2, 0))


def pointwise(draw, window):
    """A layer that mixes no pixels."""
    kinds = [nn.ReLU, nn.LeakyReLU, nn.Dropout, lambda: nn.BatchNorm2d(2)]
    return draw(st.sampled_from(kinds))()


def tall(draw, most):
    """A height, and a width of one pixel: the trace follows the height."""
    return draw(st.integers(1, most)), 1


@st.composite
def towers(draw):
    """A net of windows."""
    layers = []
    for _ in range(draw(st.integers(1, 3))):
        kind = draw(st.sampled_from([tall_conv, tall_conv, tall_pool, pointwise]))
        window = {"kernel_size": tall(draw, 4), "stride": tall(draw, 3)}
        layers.append(kind(draw, window))
    return nn.Sequential(*layers).eval()


def rows_by_gradient(net):
    """The rows of the input that move the middle row of the output.

    Image i of the batch is bright in its row i only: the largest of a window is
    then there if the window sees the row, and the gradient goes to it.
    """
    X = torch.eye(TALL)[:, None, :, None].repeat(1, 2, 1, 1).requires_grad_()
    Y = net(X)
    Y[:, :, Y.shape[2] // 2].sum().backward()
    own = X.grad.sum((1, 3)).diagonal()
    return own.nonzero().flatten().tolist()


def check_sight(net):
    """Hold the receptive field against the gradient."""
    rows = rows_by_gradient(net)
    seen = trace(net, (1, 2, TALL, 1)).rows[-1].receptive_field
    assert seen == max(rows) - min(rows) + 1


@cases(80)
@given(towers())
def test_the_receptive_field_is_what_the_gradient_reaches(tower):
    check_sight(tower)


@pytest.mark.nightly
@cases(3000)
@given(nets(), towers())
def test_many_nets(search, drawn, tower):
    check(*drawn)
    check_sight(tower)


# -------------------------------------------------------------- the book's own nets


def test_the_exact_sides_of_alexnet_are_those_of_the_chapter():
    with torch.device("meta"):
        rows = trace(alexnet()).rows
    windowed = [
        row.unrounded_side for row in rows if row.layer in ("Conv2d", "MaxPool2d")
    ]
    assert windowed == [54.75, 26.5, 26, 12.5, 12, 12, 12, 5.5]


def test_what_follows_a_flattening_sees_the_whole_image():
    rows = trace(lenet(), (1, 1, 28, 28)).rows
    start = [row.layer for row in rows].index("Flatten")
    assert {row.receptive_field for row in rows[start:]} == {None}
    assert None not in {row.receptive_field for row in rows[:start]}


@pytest.mark.parametrize(
    ("shape", "words", "sides"),
    [
        ((1, 64, 64), r"Layer 12, MaxPool2d, .*window of 3 .* input of 2\.", [65, 193]),
        ((1, 227, 227), r"Layer 14, Linear, .* 6,400 numbers .* 9,216\.", [193, 193]),
        ((3, 224, 224), r"Layer 0, Conv2d, .* takes 1 channels and gets 3\.", []),
    ],
)
def test_what_does_not_fit_alexnet_is_told_why_and_what_fits(shape, words, sides):
    with torch.device("meta"):
        failure, *hint = trace(alexnet(), (1, *shape)).failure.split("\n")
    assert re.fullmatch(words, failure)
    assert [int(n) for line in hint for n in re.findall(r"\d+", line)] == sides


@pytest.mark.parametrize("mode", [True, False])
@pytest.mark.parametrize("side", [28, 3])
def test_a_trace_leaves_the_net_and_the_random_numbers_alone(search, mode, side):
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


def test_a_trace_that_failed_ends_with_why(search):
    result = trace(lenet(), (1, 1, 20, 20))
    assert str(result).splitlines()[-1] == result.failure
    assert "Flatten" in str(result)


# ---------------------------------------------------- what the trace does not know

UNKNOWN = [
    nn.AdaptiveAvgPool2d(3),
    nn.AdaptiveMaxPool2d((3, 1)),
    nn.ConvTranspose2d(2, 2, 3, padding=1),
    nn.LPPool2d(2, 3),
    nn.FractionalMaxPool2d(2, output_size=4),
    nn.Upsample(scale_factor=2),
    nn.ZeroPad2d(2),
]


@pytest.mark.parametrize("layer", UNKNOWN, ids=lambda layer: type(layer).__name__)
def test_past_other_windows_the_receptive_field_is_not_known(layer):
    after_it = [nn.ReLU(), nn.Conv2d(2, 2, 1), nn.AdaptiveMaxPool2d(1), nn.Flatten()]
    net = nn.Sequential(nn.Conv2d(1, 2, 3), layer, *after_it)
    result = trace(net, (1, 1, 12, 12))
    assert result.failure is None
    fields = [row.receptive_field for row in result.rows]
    assert fields[0] == 3
    assert all(math.isnan(field) for field in fields[1:4])
    assert fields[4:] == [None, None]  # one cell of all there is
    assert re.search(rf"\n{type(layer).__name__} .* nan\b", str(result))


def test_a_lazy_layer_without_weights_is_refused_and_left_as_it_was():
    net = nn.Sequential(nn.ReLU(), nn.LazyConv2d(2, 3))
    with pytest.raises(TypeError, match=r"layer 1, LazyConv2d, .* run the net once"):
        trace(net, (1, 1, 9, 9))
    assert net[1].has_uninitialized_params()
    net(torch.zeros(1, 1, 9, 9))
    assert trace(net, (1, 1, 9, 9)).rows[-1].output_shape == (1, 2, 7, 7)


def test_a_layer_that_returns_no_tensor_is_refused():
    net = nn.Sequential(nn.Flatten(), nn.RNN(9, 4))
    with pytest.raises(TypeError, match=r"layer 1, RNN, returns no tensor: .*tuple"):
        trace(net, (1, 1, 3, 3))


def test_weights_that_layers_share_count_once():
    twice = nn.Conv2d(4, 4, 3)
    tied = nn.Conv2d(4, 4, 3)
    tied.weight = twice.weight
    net = nn.Sequential(twice, nn.ReLU(), twice, tied)
    result = trace(net, (1, 4, 9, 9))
    assert [row.parameters for row in result.rows] == [148, 0, 0, 4]
    assert result.parameters == sum(p.numel() for p in net.parameters())
    assert all(row.macs for row in result.rows if row.layer == "Conv2d")


@pytest.mark.parametrize("net", [nn.Linear(4, 10), nn.ModuleList(), lenet, None, []])
def test_what_is_no_sequential_net_is_refused(net):
    with pytest.raises(TypeError, match=r"trace reads an nn\.Sequential"):
        trace(net, (1, 1, 28, 28))


# ------------------------------------------------------- what it says of a failure


@pytest.mark.parametrize(
    ("words", "layers"),
    [
        ("it takes 3 channels and gets 4", [nn.Conv2d(3, 8, 3)]),
        ("it takes 6 channels and gets 4", [nn.Conv2d(6, 6, 3, groups=3)]),
        ("its window of 9 is wider than its input of 8", [nn.MaxPool2d(5, dilation=2)]),
        ("its window of 10 is wider", [nn.ReLU(), nn.Conv2d(4, 1, 10)]),
        ("it takes 255 numbers and gets 256", [nn.Flatten(), nn.Linear(255, 1)]),
        ("it takes maps, not numbers", [nn.Flatten(), nn.Conv2d(1, 1, 1)]),
        ("it takes maps, not numbers", [nn.Flatten(0), nn.Conv2d(1, 1, 1)]),
        ("it takes maps, not numbers", [nn.Flatten(0), nn.AvgPool2d(2)]),
        ("it takes 9 channels and gets 8", [nn.Flatten(0, 1), nn.Conv2d(9, 1, 1)]),
        ("must be tuple of ints, not float", [nn.MaxPool2d(2.0)]),
    ],
    ids=str,
)
def test_the_failure_names_the_cause(search, words, layers):
    result = trace(nn.Sequential(*layers), (2, 4, 8, 8))
    assert words in result.failure
    assert result.failure.startswith(f"Layer {len(layers) - 1}, ")


@cases(30)
@given(drawn=nets(most_layers=3))
def test_the_side_that_it_names_is_the_first_that_torch_takes(search, drawn):
    net, shape = drawn
    most = 16
    search(most)
    result = trace(net, shape)
    if result.failure is None:
        return
    depths = {
        side: len(run(net, (*shape[:2], side, side))[1]) for side in range(1, most + 1)
    }
    passes = [side for side, depth in depths.items() if depth > len(result.rows)]
    layers, _ = run(net, shape)
    whole = [side for side, depth in depths.items() if depth == len(layers)]
    named = result.failure.split("\n")[1:]
    if not passes:
        assert named == []
        return
    words = f"The smallest side that passes this layer is {passes[0]}"
    assert named[0].startswith(words + (", " if whole else "; no side up to 16 "))
    if whole:
        assert named[0] == f"{words}, the whole net {whole[0]}."


def test_the_search_ends_at_512():
    net = nn.Sequential(nn.Flatten(), nn.Linear(4, 10), nn.Linear(9, 10))
    failure = trace(net, (1, 1, 3, 3)).failure
    assert failure.endswith("layer is 2; no side up to 512 passes the whole net.")
