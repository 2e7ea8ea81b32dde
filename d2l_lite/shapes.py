"""What each layer does to a shape, and what it costs; no data is touched."""

from dataclasses import dataclass, field
from math import nan

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.modules.lazy import LazyModuleMixin
from torch.utils.flop_counter import FlopCounterMode

LARGEST_SIDE = 512  # the search for an input that fits stops here
BYTES_PER_NUMBER = 4  # float32
WINDOWED = nn.Conv2d | nn.MaxPool2d | nn.AvgPool2d
ADAPTIVE = nn.AdaptiveAvgPool2d | nn.AdaptiveMaxPool2d


@dataclass
class Row:
    """One layer: what comes out of it and what it costs for one input."""

    layer: str
    window: str  # kernel and stride, such as "11×11, stride 4"; empty without one
    output_shape: tuple[int, ...]
    unrounded_side: float | None  # the output side before its floor
    receptive_field: float | None  # in pixels; None: the whole input; nan: not known
    parameters: int
    macs: int
    activation_bytes: int


@dataclass
class Trace:
    """A row per layer, up to the first layer that the input does not fit."""

    input_shape: tuple[int, ...]
    rows: list[Row] = field(default_factory=list)
    failure: str | None = None
    parameters: int = 0  # weights and biases of all rows
    macs: int = 0  # multiply-adds of one forward pass (1 MAC = 2 FLOPs)
    activation_bytes: int = 0  # of all outputs in float32

    def add(self, row: Row) -> None:
        """Append a row and count it in."""
        self.rows.append(row)
        self.parameters += row.parameters
        self.macs += row.macs
        self.activation_bytes += row.activation_bytes

    def __str__(self) -> str:
        line = "{:<10} {:>11} {:>5} {:>11} {:>12}".format
        lines = [
            line("layer", "output", "sees", "parameters", "MACs"),
            line("input", shape_text(self.input_shape), "", "", "").rstrip(),
        ]
        for row in self.rows:
            sees = "all" if row.receptive_field is None else str(row.receptive_field)
            costs = map(blank_if_zero, (row.parameters, row.macs))
            text = line(row.layer, shape_text(row.output_shape), sees, *costs)
            lines.append(text.rstrip())
        total = map(blank_if_zero, (self.parameters, self.macs))
        lines.append(line("total", "", "", *total).rstrip())
        if self.failure:
            lines.append(self.failure)
        return "\n".join(lines)


def trace(net: nn.Sequential, input_shape: tuple[int, ...] = (1, 1, 224, 224)) -> Trace:
    """Follow a shape (N, C, H, W) through the layers of a sequential net.

    Where a layer does not fit, the trace ends there and `failure` says why and
    which inputs would fit. Weights that two layers share count once. Raises TypeError
    when `net` is not nn.Sequential, or holds a lazy layer that has no weights yet, or
    a layer that returns anything but one tensor.
    """
    result = walk(net, input_shape)
    if result.failure:
        result.failure += hint(net, result)
    return result


def leaves(net: nn.Module) -> list[nn.Module]:
    """The layers in order, nested nn.Sequential unpacked."""
    if not isinstance(net, nn.Sequential):
        return [net]
    return [leaf for child in net for leaf in leaves(child)]


def walk(net: nn.Sequential, input_shape: tuple[int, ...]) -> Trace:
    """Trace the layers up to the first that does not fit, without a hint."""
    if not isinstance(net, nn.Sequential):
        raise TypeError(
            f"trace reads an nn.Sequential, not {type(net).__name__}: "
            "its layers must run one after the other"
        )
    result = Trace(tuple(input_shape))
    X = torch.empty(result.input_shape, device="meta")
    seen, step = 1, 1  # receptive field, and input pixels between two outputs
    counted = set()  # weights
    for index, layer in enumerate(leaves(net)):
        name = f"{index}, {type(layer).__name__}"
        if isinstance(layer, LazyModuleMixin) and layer.has_uninitialized_params():
            raise TypeError(f"layer {name}, has no weights; run the net once")
        try:
            Y, macs = run_on_meta(layer, X)
        except (RuntimeError, ValueError, IndexError, TypeError) as error:
            result.failure = f"Layer {name}, does not fit: {reason(layer, X, error)}."
            return result
        if not isinstance(Y, Tensor):
            raise TypeError(f"layer {name}, returns no tensor: {type(Y)}")
        seen, step = widen(seen, step, layer, X, Y)
        new = set(layer.parameters()) - counted
        counted |= new
        row = Row(
            layer=type(layer).__name__,
            window=window(layer),
            output_shape=tuple(Y.shape),
            unrounded_side=unrounded_side(layer, X),
            receptive_field=seen,
            parameters=sum(p.numel() for p in new),
            macs=macs,
            activation_bytes=Y.numel() * BYTES_PER_NUMBER,
        )
        result.add(row)
        X = Y
    return result


def run_on_meta(layer: nn.Module, X: Tensor) -> tuple[Tensor, int]:
    """Output and MACs of a layer on the meta device, which has shapes, no numbers."""
    if not channels_fit(layer, X):
        raise ValueError("other channels")
    weights = {name: w.to("meta") for name, w in layer.state_dict().items()}
    with FlopCounterMode(display=False) as counter:
        Y = functional_call(layer, weights, (X,))
    if isinstance(layer, nn.Conv2d) and 0 in Y.shape[-2:]:  # old torch lets it pass
        raise ValueError("its window is wider than its input")
    return Y, counter.get_total_flops() // 2


def widen(
    seen: float | None, step: int, layer: nn.Module, X: Tensor, Y: Tensor
) -> tuple[float | None, int]:
    """Receptive field and step behind a layer, from those before it.

    Both in input pixels: what one output sees, and how far two outputs lie apart.
    """
    flat = isinstance(layer, nn.Flatten | nn.Linear)
    pooled = isinstance(layer, ADAPTIVE) and Y.shape[-2:] == (1, 1)
    if seen is None or flat or pooled:
        return None, step
    if isinstance(layer, WINDOWED):
        return seen + (reach(layer) - 1) * step, step * height(layer.stride)
    if hasattr(layer, "kernel_size") or Y.shape[-2:] != X.shape[-2:]:
        return nan, step  # a layer with other windows
    return seen, step


def unrounded_side(layer: nn.Module, X: Tensor) -> float | None:
    """(H + 2 padding - reach) / stride + 1: the output height before its floor.

    Source: Dumoulin & Visin 2016.
    """
    if not isinstance(layer, WINDOWED):
        return None
    added = {"valid": 0, "same": reach(layer) - 1}.get(str(layer.padding))
    if added is None:
        added = 2 * height(layer.padding)
    return (X.shape[-2] + added - reach(layer)) / height(layer.stride) + 1


def window(layer: nn.Module) -> str:
    """The kernel's sides in words, and the stride where it is not 1."""
    if not isinstance(layer, WINDOWED):
        return ""
    size, stride = height(layer.kernel_size), height(layer.stride)
    return f"{size}×{size}, stride {stride}" if stride > 1 else f"{size}×{size}"


def reach(layer: nn.Module) -> int:
    """Pixels from the first to the last that one window touches, dilation included."""
    return height(getattr(layer, "dilation", 1)) * (height(layer.kernel_size) - 1) + 1


def height(value: int | tuple[int, ...] | list[int]) -> int:
    """The height of a pair; the nets of this book have square windows."""
    return value[0] if isinstance(value, tuple | list) else value


def channels_fit(layer: nn.Module, X: Tensor) -> bool:
    """False for a convolution of other channels; "meta" overlooks some of these."""
    if not isinstance(layer, nn.Conv2d | nn.ConvTranspose2d) or X.dim() < 3:
        return True
    return X.shape[-3] == layer.in_channels


def reason(layer: nn.Module, X: Tensor, error: Exception) -> str:
    """Say in a few words why `layer` refuses X; else in torch's words."""
    if isinstance(layer, nn.Linear):
        return f"it takes {layer.in_features:,} numbers and gets {X.shape[-1]:,}"
    if isinstance(layer, WINDOWED) and X.dim() < 3:
        return "it takes maps, not numbers in a row"
    if not channels_fit(layer, X):
        return f"it takes {layer.in_channels} channels and gets {X.shape[-3]}"
    exact = unrounded_side(layer, X)
    if exact is not None and exact < 1:
        return f"its window of {reach(layer)} is wider than its input of {X.shape[-2]}"
    return str(error).splitlines()[0].rstrip(".")


def hint(net: nn.Sequential, failed: Trace) -> str:
    """Name the smallest square input that passes the layer, and the whole net."""
    layer_side, whole_net = None, f"; no side up to {LARGEST_SIDE} passes the whole net"
    for side in range(1, LARGEST_SIDE + 1):
        attempt = walk(net, (*failed.input_shape[:-2], side, side))
        if layer_side is None and len(attempt.rows) > len(failed.rows):
            layer_side = side
        if not attempt.failure:
            whole_net = f", the whole net {side}"
            break
    if layer_side is None:
        return ""
    return f"\nThe smallest side that passes this layer is {layer_side}{whole_net}."


def shape_text(shape: tuple[int, ...]) -> str:
    """A shape without its batch: (1, 96, 54, 54) is 96x54x54."""
    return "x".join(map(str, shape[1:]))


def blank_if_zero(number: int) -> str:
    """A number with thousands separators; nothing for zero."""
    return f"{number:,}" if number else ""
