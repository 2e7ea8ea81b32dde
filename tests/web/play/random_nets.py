"""Random nets as texts, in all the ways in which a reader may write them.

Most of them fit; in the others something goes wrong: a width, a window, an argument.
The nets are made from PyTorch's rules, and nothing here knows the page's parser.
"""

from collections.abc import Callable
from random import Random

import torch
from torch import nn

NAMES = {**vars(nn), "nn": nn, "torch": torch}  # what a net's text may use
SHAPES = [(1, 1, 28, 28), (1, 3, 32, 32), (2, 1, 28, 28), (1, 4, 17, 23), (1, 2, 7, 7)]
SHAPES += [(1, 3, 40, 24), (1, 6, 9, 31)]
ACTIVATIONS = [
    "ReLU", "Sigmoid", "Tanh", "GELU", "SiLU", "LeakyReLU", "Identity", "Dropout2d",
    "ReLU6", "ELU", "SELU", "Mish", "Hardswish", "Hardsigmoid", "Hardtanh", "Softplus",
]  # fmt: skip

MISWRITTEN = [
    "nn.Conv2D(1, 6, 5)", "nn.Linear(1, 2, 3, 4, 5, 6)", "nn.Sigmoid(1)",
    "nn.Conv2d(1, 6, 5, kernel_size=5)", "nn.ReLU(True, inplace=True)",
    "nn.Dropout(probability=0.5)", "nn.MaxPool2d()", "nn.Flatten(0, 1, 2)",
]  # fmt: skip


class Writer:
    """Write values and calls in one of many equivalent ways."""

    def __init__(self, random: Random):
        self.random = random

    def chance(self, share: float) -> bool:
        """Say yes in `share` of the cases."""
        return self.random.random() < share

    def number(self, n: int) -> str:
        """Write a whole number, sometimes as a sum or a product."""
        if self.chance(0.8) or n < 0:
            return str(n)
        divisor = self.random.choice([d for d in range(1, n + 1) if n % d == 0] or [1])
        less = self.random.randint(0, n)
        forms = [
            f"{n // divisor} * {divisor}",
            f"{divisor}*{n // divisor}",
            f"{less} + {n - less}",
            f"({n + less} - {less})",
            f"{2 * n + 1} // 2",
            f"-(-{n})",
            f"+{n}",
            f"2 * ({n} + 1) - {n} - 2",
            f"{n:_}",
        ]
        return self.random.choice(forms)

    def pair(self, height: int, width: int | None = None) -> str:
        """Write a height and a width, as one number where they are equal."""
        if width is None and self.chance(0.7):
            return self.number(height)
        sides = height, height if width is None else width
        both = ", ".join(map(self.number, sides))
        return self.random.choice(["({})", "({},)", "[{}]", "( {} )"]).format(both)

    def space(self) -> str:
        """Write what may stand between two arguments."""
        choices = ["", "", " ", " ", "  ", "\n", "\n    ", " # a note: (1, 2\n", "\t"]
        return self.random.choice(choices)

    def call(
        self, name: str, arguments: list[tuple[str, str]], by_place: int = 9
    ) -> str:
        """Write a layer; the first `by_place` arguments at most stand without names."""
        places = self.random.randint(0, min(by_place, len(arguments)))
        plain = [value for _, value in arguments[:places]]
        named = [f"{key}{self.equals()}{value}" for key, value in arguments[places:]]
        self.random.shuffle(named)
        return self.enclose(self.prefix() + name, plain + named)

    def equals(self) -> str:
        """Write the sign between a name and its value."""
        return " = " if self.chance(0.1) else "="

    def prefix(self) -> str:
        """Write where a layer comes from."""
        return self.random.choice(["nn."] * 18 + ["torch.nn.", ""])

    def enclose(self, name: str, parts: list[str]) -> str:
        """Write a name, and its parts in brackets."""
        inside = f",{self.space()}".join(parts)
        if parts and self.chance(0.2):
            inside += ","
        return f"{name}({self.space()}{inside}{self.space()})"

    def net(self, layers: list[str]) -> str:
        """Write a net, some of its layers in nets of their own."""
        text = self.sequential(layers)
        if self.chance(0.3):
            text = "net = " + text
        return self.random.choice(["", "# a net\n", "\n"]) + text

    def sequential(self, layers: list[str], depth: int = 0) -> str:
        """Write nn.Sequential with these layers."""
        parts = list(layers)
        if depth < 3 and self.chance(0.3):
            start, stop = sorted(self.random.choices(range(len(parts) + 1), k=2))
            parts[start:stop] = [self.sequential(parts[start:stop], depth + 1)]
        return self.enclose(self.prefix() + "Sequential", parts)


def random_net(random: Random) -> tuple[str, tuple[int, ...]]:
    """Return the text of a net, and the shape of its input."""
    write = Writer(random)
    shape = inputs = random.choice(SHAPES)
    layers: list[str] = []
    for _ in range(random.randint(1, 11)):
        wrong = write.chance(0.05)
        layer = random.choice(choices_for(shape))(write, shape, wrong)
        layers.append(layer)
        shape = after(layer, shape) or shape
        if 0 in shape:
            break
    return write.net(layers), inputs


def after(layer: str, shape: tuple[int, ...]) -> tuple[int, ...] | None:
    """Return the shape that comes out of a layer, None if it does not fit."""
    try:
        with torch.device("meta"):
            built = eval(layer, NAMES).eval()
            return tuple(built(torch.empty(shape)).shape)
    except Exception:
        return None


Layer = Callable[[Writer, tuple[int, ...], bool], str]


def choices_for(shape: tuple[int, ...]) -> list[Layer]:
    """Name the layers that may follow, the frequent ones several times."""
    if len(shape) >= 3:
        return [conv] * 5 + [pool] * 3 + [activation] * 3 + [
            lazy_conv, adaptive, norm, norm, flatten, flatten, linear, dropout, softmax,
            transposed, upsample, padded, other_norm, other_norm, prelu, unflatten,
        ]  # fmt: skip
    if len(shape) == 2:
        return [linear] * 5 + [activation] * 3 + [
            linear, activation, lazy_linear, norm1d, dropout, softmax, flatten,
            misplaced, prelu, other_norm, unflatten,
        ]  # fmt: skip
    return [linear, activation, softmax, lazy_linear]


def misplaced(write: Writer, shape: tuple[int, ...], wrong: bool) -> str:
    """Write a layer that wants maps."""
    return write.random.choice([conv, pool, norm, adaptive, transposed])(
        write, shape, wrong
    )


def spoil(write: Writer, arguments: list[tuple[str, str]]) -> None:
    """Put a mistake into a layer's arguments that is none of size."""
    kind = write.random.randrange(4)
    if kind == 0:
        arguments.append(("colour", "3"))
    elif kind == 1:
        arguments.pop(0)
    elif kind == 2:
        name, _ = write.random.choice(arguments)
        arguments[:] = [(n, "2.0" if n == name else v) for n, v in arguments]
    else:
        name = arguments[-1][0]
        no_rows = [] if name == "out_features" else ["0"]  # legal, and no net
        arguments[-1] = (name, write.random.choice(["-1", "(1, 2, 3)", *no_rows]))


def conv(write: Writer, shape: tuple[int, ...], wrong: bool) -> str:
    """Write a convolution; wrong: channels, groups or an argument."""
    random = write.random
    channels = shape[-3] if len(shape) >= 3 else shape[-1]
    groups = 1
    if write.chance(0.15):
        groups = random.choice([g for g in range(1, channels + 1) if channels % g == 0])
    filters = groups * random.randint(1, 4)
    size = random.choice([1, 2, 3, 3, 3, 5, 5, 7, 11])
    width = random.choice([1, 3, 5]) if write.chance(0.15) else None
    arguments = [
        ("in_channels", write.number(channels + (wrong and write.chance(0.5)))),
        ("out_channels", write.number(filters)),
        ("kernel_size", write.pair(size, width)),
    ]
    strided = write.chance(0.4)
    if strided:
        arguments.append(("stride", write.pair(random.randint(1, 4))))
    if write.chance(0.6):
        padding = write.pair(random.choice([0, 1, 1, 2, 3]))
        if write.chance(0.25):
            words = ["'full'"] if wrong else ["'same'", '"valid"', "'same'"]
            padding = random.choice(words)
        arguments.append(("padding", padding))
    if write.chance(0.15):
        arguments.append(("dilation", write.pair(random.randint(1, 3))))
    if groups > 1 or write.chance(0.1):
        groups += wrong and write.chance(0.5)
        arguments.append(("groups", write.number(groups)))
    if write.chance(0.2):
        arguments.append(("bias", random.choice(["True", "False"])))
    if write.chance(0.1):
        modes = ["zeros", "reflect", "replicate", "circular"]
        mode = random.choice(["same"] if wrong else modes)
        arguments.append(("padding_mode", f"'{mode}'"))
    if write.chance(0.05):
        arguments.append(("dtype", "torch.float32"))
    if wrong and write.chance(0.4):
        spoil(write, arguments)
    in_order = 4 if strided else 3
    return write.call("Conv2d", arguments, in_order)


def lazy_conv(write: Writer, shape: tuple[int, ...], wrong: bool) -> str:
    """Write a lazy convolution; wrong: groups that may not divide."""
    filters, size = write.random.randint(1, 8), write.random.choice([1, 3, 5])
    arguments = [("out_channels", str(filters)), ("kernel_size", write.pair(size))]
    if write.chance(0.5):
        arguments.append(("padding", write.pair(write.random.randint(0, 2))))
    if wrong:
        arguments.append(("groups", "3"))
    return write.call("LazyConv2d", arguments, 2)


def pool(write: Writer, shape: tuple[int, ...], wrong: bool) -> str:
    """Write a pooling; wrong: too much padding or an argument."""
    random = write.random
    name = random.choice(["MaxPool2d", "AvgPool2d"])
    size = random.choice([2, 2, 3, 3, 4, 5])
    arguments = [("kernel_size", write.pair(size))]
    strided = write.chance(0.6)
    if strided:
        stride = write.pair(random.randint(1, 4)) if write.chance(0.9) else "None"
        arguments.append(("stride", stride))
    if wrong or write.chance(0.3):
        padding = size // 2 + 1 if wrong else random.randint(0, size // 2)
        arguments.append(("padding", write.pair(padding)))
    if name == "MaxPool2d" and write.chance(0.15):
        arguments.append(("dilation", write.pair(random.randint(1, 3))))
    if write.chance(0.25):
        arguments.append(("ceil_mode", random.choice(["True", "True", "False"])))
    if wrong and write.chance(0.4):
        spoil(write, arguments)
    return write.call(name, arguments, 2 if strided else 1)


def adaptive(write: Writer, shape: tuple[int, ...], wrong: bool) -> str:
    """Write an adaptive pooling; wrong: no two sides."""
    name = write.random.choice(["AdaptiveAvgPool2d", "AdaptiveMaxPool2d"])
    size = write.pair(write.random.randint(1, 7))
    size = write.random.choice([size, size, "(3, None)", "(None, 2)", "1"])
    if wrong:
        size = write.random.choice(["None", "(1, 2, 3)", "2.0", "(-1, 1)"])
    return write.call(name, [("output_size", size)])


def norm(write: Writer, shape: tuple[int, ...], wrong: bool) -> str:
    """Write a normalisation of maps; wrong: other channels."""
    channels = shape[1] + (2 if wrong else 0)
    arguments = [("num_features", write.number(channels))]
    if write.chance(0.3):
        arguments += [("eps", "1e-3"), ("momentum", ".1")]
    if write.chance(0.2):
        arguments.append(("affine", "False"))
    if write.chance(0.2):
        arguments.append(("track_running_stats", "False"))
    return write.call("BatchNorm2d", arguments, 1)


def norm1d(write: Writer, shape: tuple[int, ...], wrong: bool) -> str:
    """Write a normalisation of numbers."""
    return norm(write, shape, wrong).replace("BatchNorm2d", "BatchNorm1d")


def flatten(write: Writer, shape: tuple[int, ...], wrong: bool) -> str:
    """Write a flattening, sometimes of some axes; wrong: of axes that are not there."""
    arguments = []
    if write.chance(0.2) or wrong:
        last = len(shape) + (1 if wrong else -1)
        start = write.random.randint(-last, last)
        arguments.append(("start_dim", write.number(start)))
        if write.chance(0.4):
            arguments.append(("end_dim", str(write.random.choice([-1, -2, 2]))))
    return write.call("Flatten", arguments)


def linear(write: Writer, shape: tuple[int, ...], wrong: bool) -> str:
    """Write a linear layer; wrong: other features or an argument."""
    features = shape[-1] + (wrong and write.chance(0.6))
    arguments = [
        ("in_features", write.number(features)),
        ("out_features", write.number(write.random.choice([10, 3, 84, 120]))),
    ]
    if write.chance(0.2):
        arguments.append(("bias", write.random.choice(["True", "False"])))
    if wrong and write.chance(0.5):
        spoil(write, arguments)
    return write.call("Linear", arguments, 3)


def lazy_linear(write: Writer, shape: tuple[int, ...], wrong: bool) -> str:
    """Write a lazy linear layer."""
    return write.call("LazyLinear", [("out_features", write.number(10))])


def activation(write: Writer, shape: tuple[int, ...], wrong: bool) -> str:
    """Write a layer that keeps the shape; wrong: a name or an argument."""
    name = write.random.choice(ACTIVATIONS)
    arguments = []
    if name in ("ReLU", "SiLU") and write.chance(0.3):
        arguments = [("inplace", write.random.choice(["True", "False"]))]
    if name == "LeakyReLU" and write.chance(0.5):
        arguments = [("negative_slope", write.random.choice(["0.2", "1e-2", "1"]))]
    if wrong:
        return write.random.choice([f"nn.{name.lower()}()", *MISWRITTEN])
    return write.call(name, arguments)


def dropout(write: Writer, shape: tuple[int, ...], wrong: bool) -> str:
    """Write a dropout; wrong: a probability above 1."""
    p = "1.5" if wrong else write.random.choice(["0.5", ".25", "0", "1", "2e-1", "1.0"])
    return write.call("Dropout", [("p", p)])


def softmax(write: Writer, shape: tuple[int, ...], wrong: bool) -> str:
    """Write a softmax; wrong: along an axis that is not there."""
    last = len(shape) + (1 if wrong else -1)
    name = write.random.choice(["Softmax", "LogSoftmax"])
    return write.call(name, [("dim", str(write.random.choice([1, -1, last])))])


def transposed(write: Writer, shape: tuple[int, ...], wrong: bool) -> str:
    """Write a transposed convolution; wrong: channels, padding or an argument."""
    random, stride = write.random, write.random.randint(1, 3)
    arguments = [
        ("in_channels", write.number(shape[1] + (wrong and write.chance(0.5)))),
        ("out_channels", write.number(random.randint(1, 6))),
        ("kernel_size", write.pair(random.randint(1, 4))),
        ("stride", write.pair(stride)),
        ("padding", write.pair(random.randint(0, 30 if wrong else 1))),
    ]
    if write.chance(0.4):
        arguments.append(("output_padding", write.pair(random.randint(0, stride - 1))))
    if write.chance(0.2):
        arguments.append(("dilation", write.pair(random.randint(1, 2))))
    if write.chance(0.2):
        arguments.append(("bias", "False"))
    if wrong and write.chance(0.4):
        spoil(write, arguments)
    return write.call("ConvTranspose2d", arguments, 5)


def upsample(write: Writer, shape: tuple[int, ...], wrong: bool) -> str:
    """Write an enlargement; wrong: too much is given, or too little."""
    if wrong:
        choices = ["", "3, 2", "scale_factor=2, align_corners=True", "(3,)"]
        return f"nn.Upsample({write.random.choice(choices)})"
    arguments = write.random.choice(
        [
            [("size", write.pair(write.random.randint(1, 9)))],
            [("scale_factor", write.random.choice(["2", "1.5", "0.7", "3.0"]))],
        ]
    )
    if len(shape) == 4 and write.chance(0.4):
        mode = write.random.choice(["'bilinear'", '"bicubic"', "'nearest'"])
        arguments.append(("mode", mode))
        if mode == "'bilinear'":
            arguments.append(("align_corners", "True"))
    return write.call("Upsample", arguments, 0)


def padded(write: Writer, shape: tuple[int, ...], wrong: bool) -> str:
    """Write a padding; wrong: three sides, or more than the map repeats."""
    names = ["ZeroPad2d", "ReflectionPad2d", "ReplicationPad2d"]
    name = write.random.choice(names)
    sides = [write.random.randint(0, 60 if wrong else 2) for _ in range(4)]
    size = write.random.choice([str(sides[0]), str(tuple(sides))])
    return write.call(
        name, [("padding", "(1, 2, 3)" if wrong and sides[0] % 2 else size)]
    )


def other_norm(write: Writer, shape: tuple[int, ...], wrong: bool) -> str:
    """Write a normalisation by group, layer or image; wrong: other sizes."""
    name = write.random.choice(
        ["GroupNorm", "LayerNorm", "InstanceNorm2d", "LazyBatchNorm2d"]
    )
    arguments = []
    if name == "GroupNorm":
        groups = [n for n in range(1, shape[1] + 1) if shape[1] % n == 0]
        count = write.random.choice(groups) + wrong
        arguments = [
            ("num_groups", str(count)),
            ("num_channels", write.number(shape[1])),
        ]
    if name == "LayerNorm":
        last = write.random.randint(1, len(shape) - 1)
        sides = [n + wrong for n in shape[-last:]]
        arguments = [("normalized_shape", str(sides[0]) if last == 1 else str(sides))]
    if name == "InstanceNorm2d":
        arguments = [("num_features", write.number(shape[1] + wrong))]
        if write.chance(0.5):
            arguments.append(("affine", "True"))
        if write.chance(0.3):
            arguments.append(("track_running_stats", "True"))
    if name in ("GroupNorm", "LazyBatchNorm2d") and write.chance(0.3):
        arguments.append(("affine", "False"))
    return write.call(name, arguments, 2 if name == "GroupNorm" else 1)


def prelu(write: Writer, shape: tuple[int, ...], wrong: bool) -> str:
    """Write a ReLU with learned slopes; wrong: too many of them."""
    slopes = write.random.choice([1, shape[1]]) + wrong * 99
    return write.call("PReLU", [("num_parameters", str(slopes))])


def unflatten(write: Writer, shape: tuple[int, ...], wrong: bool) -> str:
    """Write an axis as several; wrong: of another size."""
    n = shape[1]
    divisor = write.random.choice([d for d in range(1, n + 1) if n % d == 0])
    sides = (
        (divisor, write.random.choice([-1, n // divisor])) if not wrong else (n + 1, 2)
    )
    return write.call("Unflatten", [("dim", "1"), ("unflattened_size", str(sides))])
