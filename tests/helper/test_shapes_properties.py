"""What the trace says of any net, right or wrong, is what torch does with it.

hypothesis draws the nets, the same ones each time; it keeps nothing on the disk.
The larger ones live on the meta device, where a shape costs nothing.
"""

import math
import re
import sys
import tempfile

import pytest
import torch
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from hypothesis.configuration import set_hypothesis_home_dir
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from d2l_lite import trace

# PyTorch warns of what a reader may well write.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")
SCRATCH = tempfile.TemporaryDirectory(prefix="hypothesis-")
set_hypothesis_home_dir(SCRATCH.name)  # its tables, away from the repository
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


@pytest.fixture(autouse=True)
def search(monkeypatch):
    """Let a trace that fails look for a side only where a test asks for it."""

    def up_to(side):
        monkeypatch.setattr(sys.modules["d2l_lite.shapes"], "LARGEST_SIDE", side)

    up_to(0)
    return up_to


# --------------------------------------------------------------------- random nets


def pairs(low, high):
    """One number for both axes, or one for each."""
    numbers = st.integers(low, high)
    return numbers | st.tuples(numbers, numbers)


def both(number):
    """The same number for both axes, in all the ways to write it."""
    return st.sampled_from([number, (number, number), [number, number]])


def conv(draw, shape, most, slips):
    """A convolution; a slip: other channels, or groups that do not divide."""
    channels = shape[-3]
    divisors = [g for g in range(1, channels + 1) if channels % g == 0]
    groups = draw(st.sampled_from([1, 1, *divisors]))
    filters = groups * draw(st.integers(1, max(1, most // groups)))
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


def pool(draw, shape, most, slips):
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


def norm(draw, shape, most, slips):
    """A normalisation; a slip: other channels."""
    kind = nn.BatchNorm2d if len(shape) == 4 else nn.BatchNorm1d
    return kind(shape[1 % len(shape)] + slips, affine=draw(st.booleans()))


def plain(draw, shape, most, slips):
    """A layer that keeps any shape."""
    kinds = [nn.ReLU, nn.Sigmoid, nn.Tanh, nn.GELU, nn.LeakyReLU]
    return draw(st.sampled_from([*kinds, nn.Dropout, nn.Identity]))()


def other(draw, shape, most, slips):
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


def flatten(draw, shape, most, slips):
    """All axes but the first in one; a slip: an axis too far, or the first as well."""
    return nn.Flatten(draw(st.sampled_from([0, 9])) if slips else 1)


def linear(draw, shape, most, slips):
    """A linear layer; a slip: it takes another number."""
    outputs = draw(st.integers(1, most))
    return nn.Linear(shape[-1] + slips, outputs, bias=draw(st.booleans()))


ON_MAPS = [conv] * 4 + [pool] * 3 + [plain, plain, norm, flatten, flatten, other]
ON_NUMBERS = [linear] * 3 + [plain, norm, flatten]
MISPLACED = [conv, pool, norm, linear]


def after(layer, shape):
    """The shape that comes out, None where the layer does not fit."""
    try:
        return tuple(layer(torch.empty(shape)).shape)
    except Exception:
        return None


@st.composite
def nets(draw, most=512, largest=256, device="meta"):
    """A net and the shape of its input; in some nets one layer or more does not fit.

    Most windows fit, others are wider than their input; a slip comes now and then.
    """
    shape = draw(st.tuples(st.integers(1, 3), st.integers(1, most)))
    shape += draw(st.tuples(*[st.integers(1, largest)] * 2))
    inputs, layers = shape, []
    for _ in range(draw(st.integers(1, 6))):
        kinds = ON_MAPS if len(shape) == 4 else ON_NUMBERS
        kind = draw(st.sampled_from(kinds))
        slips = draw(st.integers(0, 9)) == 7
        if slips and draw(st.booleans()) and len(shape) != 4:
            kind = draw(st.sampled_from(MISPLACED))
        padded = (1,) * (4 - len(shape)) + shape  # where maps are not what it gets
        wanted = padded if kind in (conv, pool, other) else shape
        with torch.device("meta"):
            layers.append(kind(draw, wanted, most, int(slips)))
            shape = after(layers[-1], shape) or shape
    net = nn.Sequential(*layers)
    if draw(st.booleans()):
        net = nn.Sequential(nn.Sequential(*layers[:2]), *layers[2:])
    if device != "meta":
        net = net.to_empty(device=device)
        for weights in net.state_dict().values():
            weights.zero_()
    return net.train(draw(st.booleans())), inputs


# ---------------------------------------------------------------- what torch does


def ran(net, shape, device):
    """What hooks see when torch runs the net: (layer, input, output, MACs) of each.

    They end before the layer at which torch raises.
    """
    layers = [m for m in net.modules() if not isinstance(m, nn.Sequential)]
    seen, counts = [], [0]

    def hook(layer, inputs, output):
        counts.append(counter.get_total_flops())
        macs = (counts[-1] - counts[-2]) / 2
        seen.append((layer, inputs[0].shape, output.shape, macs))

    def look(layer, inputs):
        """Refuse what "meta" overlooks and real numbers do not, as other tests show."""
        X = inputs[0]
        if isinstance(layer, nn.ConvTranspose2d) and X.dim() > 2:
            assert X.shape[-3] == layer.in_channels

    handles = [layer.register_forward_hook(hook) for layer in layers]
    if device == "meta":
        handles += [layer.register_forward_pre_hook(look) for layer in layers]
    try:
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            net(torch.zeros(shape, device=device))
    except Exception as error:
        event(f"torch raises {type(error).__name__}")
        assert len(seen) < len(layers)
    finally:
        for handle in handles:
            handle.remove()
    return layers, seen


def macs_by_hand(layer, inputs, outputs):
    """Each number of a map or a row is a sum of as many products as it has weights."""
    if isinstance(layer, nn.Conv2d):
        height, width = layer.kernel_size
        each = layer.in_channels // layer.groups * height * width
        return outputs.numel() * each
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


def check(net, shape, device):
    """Hold a trace against what the hooks see."""
    layers, seen = ran(net, shape, device)
    result = trace(net, shape)
    end = len(seen)
    if end == len(layers):
        assert result.failure is None
    else:
        name = type(layers[end]).__name__
        assert result.failure.startswith(f"Layer {end}, {name}, does not fit: ")
    assert len(result.rows) == end
    for row, (layer, inputs, outputs, macs) in zip(result.rows, seen):
        assert row.layer == type(layer).__name__
        assert row.output_shape == outputs
        assert row.parameters == sum(p.numel() for p in layer.parameters())
        assert row.activation_bytes == outputs.numel() * 4
        assert row.macs == macs
        if not isinstance(layer, nn.ConvTranspose2d):
            assert row.macs == macs_by_hand(layer, inputs, outputs)
        assert side_is_right(layer, row.unrounded_side, outputs[-2:][0])
    assert result.macs == sum(macs for *_, macs in seen)
    ran_layers = nn.ModuleList(layers[:end])
    assert result.parameters == sum(p.numel() for p in ran_layers.parameters())


@cases(300)
@given(nets())
def test_shapes_and_costs_and_the_layer_that_fails_are_torchs(drawn):
    check(*drawn, "meta")


@cases(150)
@given(nets(most=6, largest=24, device="cpu"))
def test_so_they_are_with_real_numbers(drawn):
    check(*drawn, "cpu")


@pytest.mark.nightly
@cases(7000)
@given(nets())
def test_shapes_and_costs_of_many_nets(drawn):
    check(*drawn, "meta")


@pytest.mark.nightly
@cases(3000)
@given(nets(most=6, largest=24, device="cpu"))
def test_shapes_and_costs_of_many_nets_with_real_numbers(drawn):
    check(*drawn, "cpu")


# ---------------------------------------------------------------- receptive fields


ONE = (1, 1)


def tall(draw, most):
    """Windows as wide as one pixel: the trace follows the height."""
    numbers = {"kernel_size": 5, "stride": 3} | most
    return {name: (draw(st.integers(1, n)), 1) for name, n in numbers.items()}


def tall_conv(draw, channels):
    """A convolution that keeps the channels."""
    window = tall(draw, {"dilation": 3})
    window["padding"] = (draw(st.integers(0, 4)), 0)
    if draw(st.integers(0, 3)) == 0:
        window |= {"stride": 1, "padding": "same"}
    return nn.Conv2d(channels, channels, **window)


def tall_pool(draw, channels):
    """A pooling; with dilation and padding torch lets it see nothing, so not both."""
    window = tall(draw, {}) | {"padding": (0, 0), "ceil_mode": draw(st.booleans())}
    if draw(st.booleans()):
        return nn.MaxPool2d(**window, dilation=(draw(st.integers(1, 3)), 1))
    window["padding"] = (draw(st.integers(0, window["kernel_size"][0] // 2)), 0)
    if draw(st.booleans()):
        return nn.MaxPool2d(**window, dilation=ONE)
    return nn.AvgPool2d(**window)


def pointwise(draw, channels):
    """A layer that mixes no pixels."""
    kinds = [nn.ReLU, nn.LeakyReLU, nn.Dropout, lambda: nn.BatchNorm2d(channels)]
    return draw(st.sampled_from(kinds))()


@st.composite
def towers(draw):
    """A net without a loss of sight, its input's height and channels, and a cell.

    All weights are 1, so that nothing cancels out.
    """
    height, channels = draw(st.integers(1, 40)), draw(st.integers(1, 2))
    layers, heights = [], [height]
    for kind in draw(
        st.lists(
            st.sampled_from([tall_conv, tall_conv, tall_pool, pointwise]),
            min_size=1,
            max_size=4,
        )
    ):
        layer = kind(draw, channels)
        with torch.no_grad():
            for name, p in layer.named_parameters():
                p.fill_(name == "weight")
        layer.eval()
        if shape := after(layer, (1, channels, heights[-1], 1)):
            layers.append(layer)
            heights.append(shape[-2])
    cell = draw(st.just(heights[-1] // 2) | st.integers(0, heights[-1] - 1))
    return nn.Sequential(*layers), heights, channels, cell


def rows_by_gradient(net, height, channels, cell):
    """The rows of the input that move a row of the output.

    Image i of the batch is bright in its row i only: the largest of a window is
    then there if the window sees the row, and the gradient goes to it.
    """
    X = torch.eye(height)[:, None, :, None].repeat(1, channels, 1, 1).requires_grad_()
    net(X)[:, :, cell].sum().backward()
    own = X.grad.sum((1, 3)).diagonal()
    return set(own.nonzero().flatten().tolist())


def rows_by_hand(net, heights, cell, *, is_cut):
    """The same from the windows, one layer after the other; is_cut: at the borders."""
    rows = {cell}
    for layer, height in reversed([*zip(net, heights)]):
        if isinstance(layer, WINDOWED):
            size, stride = layer.kernel_size[0], layer.stride[0]
            apart = getattr(layer, "dilation", ONE)[0]
            is_same = layer.padding == "same"
            padding = apart * (size - 1) // 2 if is_same else layer.padding[0]
            starts = {row * stride - padding for row in rows}
            rows = {start + apart * i for start in starts for i in range(size)}
        if is_cut:
            rows &= {*range(height)}
    return rows


def check_sight(net, heights, channels, cell):
    """Hold the receptive field against the gradient, also where a border cuts it."""
    reached = rows_by_gradient(net, heights[0], channels, cell)
    assert reached == rows_by_hand(net, heights, cell, is_cut=True)
    whole = rows_by_hand(net, heights, cell, is_cut=False)
    rows = trace(net, (1, channels, heights[0], 1)).rows
    assert [row.output_shape[2] for row in rows] == heights[1:]
    seen = rows[-1].receptive_field if rows else 1
    assert seen == max(whole) - min(whole) + 1
    if reached == whole:
        event("no border")
        assert seen == max(reached) - min(reached) + 1


@cases(150)
@given(towers())
def test_the_receptive_field_is_what_the_gradient_reaches(tower):
    check_sight(*tower)


@pytest.mark.nightly
@cases(3000)
@given(towers())
def test_the_receptive_fields_of_many_nets(tower):
    check_sight(*tower)


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
    assert result.rows[1].unrounded_side is None
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


@cases(50)
@given(st.integers() | st.none() | st.text(max_size=5) | st.lists(st.just(nn.ReLU())))
def test_what_is_no_sequential_net_is_refused(value):
    with pytest.raises(TypeError, match=r"trace reads an nn\.Sequential"):
        trace(value)


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
        ("it takes 8 channels and gets 2", [nn.Flatten(0, 1), nn.Conv2d(8, 1, 1)]),
        ("must be tuple of ints, not float", [nn.MaxPool2d(2.0)]),
    ],
    ids=str,
)
def test_the_failure_names_the_cause(words, layers):
    shape = (2, 4, 8, 8) if words != "it takes 8 channels and gets 2" else (1, 2, 8, 8)
    result = trace(nn.Sequential(*layers), shape)
    assert words in result.failure
    assert result.failure.startswith(f"Layer {len(layers) - 1}, ")


@cases(30)
@given(drawn=nets(most=3, largest=10))
def test_the_side_that_it_names_is_the_first_that_torch_takes(search, drawn):
    net, shape = drawn
    most = 16
    search(most)
    result = trace(net, shape)
    if result.failure is None:
        return
    depths = {
        side: len(ran(net, (*shape[:2], side, side), "meta")[1])
        for side in range(1, most + 1)
    }
    passes = [side for side, depth in depths.items() if depth > len(result.rows)]
    layers, _ = ran(net, shape, "meta")
    whole = [side for side, depth in depths.items() if depth == len(layers)]
    named = result.failure.split("\n")[1:]
    if not passes:
        assert named == []
        return
    words = f"The smallest side that passes this layer is {passes[0]}"
    assert named[0].startswith(words + (", " if whole else "; no side up to 16 "))
    if whole:
        assert named[0] == f"{words}, the whole net {whole[0]}."
