"""What the pages call the nets of the plan."""

NAMES = {
    "linear": "linear classifier",
    "dense": "two linear layers",
    "dense-relu": "two linear layers, ReLU",
    "lenet": "LeNet",
    "xavier": "LeNet, Xavier's first weights",
    "tuned": "LeNet (tuned)",
    "tanh": "LeNet with tanh",
    "relu": "LeNet with ReLU",
    "maximum": "... and max pooling",
    "width": "wide LeNet (ReLU, max pooling)",
    "depth": "... with five convolutions",
    "dropout": "... and dropout",
    "geometry": "AlexNet's layers, 112 pixels",
    "resolution": "AlexNet, an eighth of its width",
    "alexnet-half": "AlexNet, half its width",
    "alexnet": "AlexNet",
    "alexnet-tutorial": "AlexNet at the tutorial's rate",
    "xavier-decay": "LeNet (tuned), rate decaying",
    "width-decay": "wide LeNet, rate decaying",
    "alexnet-decay": "AlexNet, rate decaying",
}
LARGE = (  # their colour
    "resolution", "alexnet-half", "alexnet", "alexnet-tutorial", "alexnet-decay",
)  # fmt: skip
