"""The nets between LeNet and AlexNet, one change a rung."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from torch import nn

from d2l_lite.shapes import trace

ACTIVATIONS = {"sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "ReLU": nn.ReLU}
POOLINGS = {"average": nn.AvgPool2d, "maximum": nn.MaxPool2d}
FIRST_WEIGHTS = {"Xavier": nn.init.xavier_uniform_, "Kaiming": nn.init.kaiming_normal_}
CHANNELS = (6, 16, 24, 24, 16)  # LeNet's are the first two; AlexNet's 16 times all


@dataclass(frozen=True)
class Rung:
    """A net of the family of LeNet and AlexNet; by its defaults it is LeNet.

    Sources: LeCun et al. 1998, fig. 2; Krizhevsky et al. 2012, sec. 3.4 and 3.5;
    first weights: Glorot & Bengio 2010, eq. 16, and He et al. 2015, sec. 2.2; batch
    normalisation: Ioffe & Szegedy 2015, sec. 3.2.
    """

    activation: str = "sigmoid"
    pooling: str = "average"
    convolutions: int = 2  # or 5
    width: int = 1  # times CHANNELS; AlexNet's is 16
    first_weights: str = "PyTorch's"
    dropout: float = 0.0
    geometry: str = "LeNet's"  # windows, strides, hidden layers; or "AlexNet's"
    side: int = 28  # pixels of the input
    early: bool = False  # the three more convolutions before the second, on 14 × 14
    stride: int = 4  # of the first convolution, in AlexNet's geometry
    norm: bool = False  # batch normalisation before every activation
    overlap: bool = False  # poolings of 3 × 3, not 2 × 2, with stride 2

    def build(self) -> nn.Sequential:
        """(N, 1, side, side) images to (N, 10) logits."""
        activation, pool = ACTIVATIONS[self.activation], POOLINGS[self.pooling]
        first, second, *others = [n * self.width for n in CHANNELS[: self.convolutions]]
        if self.geometry == "AlexNet's":
            window, hidden = (3, 2), [256 * self.width] * 2
            padding = 1 if self.stride == 4 else 3  # both give maps of 54 × 54
            start = nn.Conv2d(1, first, 11, stride=self.stride, padding=padding)
            after = nn.Conv2d(first, second, 5, padding=2)
        else:
            window = (3, 2, 1) if self.overlap else (2, 2)  # both halve the maps
            hidden = [120 * self.width, 84 * self.width]
            start = nn.Conv2d(1, first, 5, padding=2)
            after = nn.Conv2d(first, second, 5)
        more = [second, *others]
        if self.early:
            more = [first] * len(more)
        deeper = []
        for n_in, n_out in pairwise(more):
            deeper += [nn.Conv2d(n_in, n_out, 3, padding=1), activation()]
        start = [start, activation(), pool(*window)]
        after = [after, activation(), pool(*window)]
        layers = start + deeper + after if self.early else start + after + deeper
        if self.geometry == "AlexNet's":
            layers.append(pool(*window))
        layers.append(nn.Flatten())
        shape = (1, 1, self.side, self.side)
        features = trace(nn.Sequential(*layers), shape).rows[-1].output_shape[1]
        for n_in, n_out in pairwise([features, *hidden]):
            layers += [nn.Linear(n_in, n_out), activation()]
            layers += [nn.Dropout(self.dropout)] if self.dropout else []
        if self.norm:
            layers = list(with_norm(layers))
        net = nn.Sequential(*layers, nn.Linear(hidden[-1], 10))
        if draw := FIRST_WEIGHTS.get(self.first_weights):
            for layer in net:
                if isinstance(layer, nn.Conv2d | nn.Linear):
                    draw(layer.weight)
        return net


def with_norm(layers: list[nn.Module]) -> Iterator[nn.Module]:
    """The layers, and batch normalisation behind each convolution and linear one."""
    for layer in layers:
        yield layer
        if isinstance(layer, nn.Conv2d):
            yield nn.BatchNorm2d(layer.out_channels)
        elif isinstance(layer, nn.Linear):
            yield nn.BatchNorm1d(layer.out_features)


relu = Rung(activation="ReLU")
maximum = replace(relu, pooling="maximum")
wide = replace(maximum, width=2)
deep = replace(wide, convolutions=5)
dropout = replace(deep, dropout=0.5)
geometry = replace(dropout, geometry="AlexNet's", side=112)

RUNGS = {
    "lenet": Rung(),
    "relu": relu,
    "maximum": maximum,
    "width": wide,
    "depth": deep,
    "dropout": dropout,
    "geometry": geometry,
    "resolution": replace(geometry, side=224),
    # Controls: is it ReLU, or anything but the sigmoid? Is it the first weights?
    "tanh": Rung(activation="tanh"),
    "xavier": Rung(first_weights="Xavier"),
    "width-kaiming": replace(wide, first_weights="Kaiming"),
    "depth-kaiming": replace(deep, first_weights="Kaiming"),
    # Depth before width.
    "narrow-depth": replace(maximum, convolutions=5),
    # Back from `depth`, one change undone ("width" and "narrow-depth" are two more).
    "depth-sigmoid": replace(deep, activation="sigmoid"),
    "depth-tanh": replace(deep, activation="tanh"),
    "depth-average": replace(deep, pooling="average"),
}
