"""Your net: what the page trains is what torch trains, gradient by gradient."""

import json
import re
import subprocess
from copy import deepcopy
from math import sqrt
from pathlib import Path
from random import Random

import jsonschema
import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from d2l_lite.data import read_split
from d2l_lite.lab.ladder import RUNGS
from d2l_lite.lab.rule import prediction_interval
from web.build import environment_with_node
from web.pack_data import SAMPLE, pack
from web.pack_yournet import pack_yournet

ROOT = Path(__file__).resolve().parents[2]
RUNNER = ROOT / "tests" / "web" / "play" / "yournet.mjs"
N = 3  # images
LENET = (
    "nn.Sequential(nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), "
    "nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), "
    "nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10))"
)


def ask(task: str, **settings: object) -> object:
    """Return what the runner answers to a task."""
    done = subprocess.run(
        ["node", str(RUNNER)],
        input=json.dumps({"task": task, **settings}),
        env=environment_with_node(),
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def write(folder: Path, name: str, tensors: list[Tensor]) -> None:
    """Write tensors one after the other as 64-bit numbers."""
    parts = [t.detach().double().flatten() for t in tensors]
    flat = torch.cat(parts) if parts else torch.zeros(0)
    flat.numpy().astype("<f8").tofile(folder / name)


# ------------------------------------------------------------- random nets


def random_net(random: Random) -> str:
    """Write a net that takes 28 x 28 and ends in ten logits."""
    shape, layers = (1, 28, 28), []

    def add(layer: str) -> None:
        nonlocal shape
        layers.append(layer)
        with torch.device("meta"):
            shape = tuple(eval(layer).eval()(torch.empty(1, *shape)).shape[1:])

    for _ in range(random.randint(1, 7)):
        choose = [conv, conv, pool, pool, adaptive, activation, activation, rest]
        # To a norm behind it the scale of a single map, or of a norm, is nothing: what
        # is left of its gradient is rounding.
        behind = "".join(layers).split("Norm")
        if shape[0] > 1 and (len(behind) == 1 or "Conv" in behind[-1]):
            choose.append(norm)
        add(random.choice(choose)(random, shape))
    if np.prod(shape) > 900:
        add(f"nn.AvgPool2d({random.randint(3, min(5, *shape[1:]))})")
    if np.prod(shape) > 900:
        add("nn.AdaptiveMaxPool2d((3, 2))")
    add("nn.Flatten()")
    for _ in range(random.randint(0, 2)):
        bias = random.choice(["", ", bias=False"])
        add(f"nn.Linear({shape[0]}, {random.choice([7, 12, 33])}{bias})")
        for more in (norm, activation, rest):
            if random.random() < 0.5:
                add(more(random, shape))
    add(f"nn.Linear({shape[0]}, 10)")
    return f"nn.Sequential({', '.join(layers)})"


def sides(random: Random, low: int, high: int) -> str:
    """Write a number, or one for each side."""
    one, other = random.randint(low, high), random.randint(low, high)
    return random.choice([str(one), f"({one}, {other})"])


def conv(random: Random, shape: tuple) -> str:
    """Write a convolution."""
    depth, *hw = shape
    groups = random.choice([g for g in (1, 1, 2, 3, depth) if depth % g == 0])
    filters = groups * random.randint(1, 8 // groups or 1)
    low = 2 if depth == groups else 1  # one weight alone is the same to a norm
    size = sides(random, low, min(5, *hw)) if min(hw) >= low else str(low)
    more = []
    if groups > 1:
        more.append(f"groups={groups}")
    if random.random() < 0.3:
        more.append("bias=False")
    if random.random() < 0.3 or min(hw) < 5:
        more.append("padding='same'")
    else:
        more.append(f"stride={sides(random, 1, 3)}")
        more.append(f"padding={sides(random, 0, 2)}")
    if random.random() < 0.2 and min(hw) >= 9:
        more.append("dilation=2")
    return f"nn.Conv2d({depth}, {filters}, {size}, {', '.join(more)})"


def pool(random: Random, shape: tuple) -> str:
    """Write a pooling."""
    size = random.randint(1, min(4, *shape[1:]))
    more = [str(size)]
    if random.random() < 0.6:
        more.append(f"stride={sides(random, 1, 3)}")
    if random.random() < 0.4:
        more.append(f"padding={random.randint(0, size // 2)}")
    kind = random.choice(["Max", "Avg"])
    if kind == "Avg" and random.random() < 0.5:
        more.append("count_include_pad=False")
    return f"nn.{kind}Pool2d({', '.join(more)})"


def adaptive(random: Random, shape: tuple) -> str:
    """Write an adaptive pooling."""
    kind = random.choice(["Max", "Avg", "Avg"])
    return f"nn.Adaptive{kind}Pool2d({sides(random, 2, 7)})"


def activation(random: Random, shape: tuple) -> str:
    """Write an activation."""
    names = ["ReLU()", "LeakyReLU(0.2)", "GELU()", "SiLU()", "Sigmoid()", "Tanh()"]
    return f"nn.{random.choice(names)}"


def norm(random: Random, shape: tuple) -> str:
    """Write a batch normalisation."""
    choices = ["", ", eps=1e-3", ", momentum=0.3", ", momentum=None", ", affine=False"]
    if np.prod(shape[1:]) > 1:  # else the tracer, which takes one image, refuses
        choices.append(", track_running_stats=False")
    more = random.choice(choices)
    return f"nn.BatchNorm{2 if len(shape) > 1 else 1}d({shape[0]}{more})"


def rest(random: Random, shape: tuple) -> str:
    """Write what is there in training only, or never."""
    names = ["Dropout(0.3)", "Dropout()", "Identity()"]
    if len(shape) > 1:
        names.append("Dropout2d(0.3)")
    return f"nn.{random.choice(names)}"


class Masked(nn.Module):
    """Dropout by numbers that are drawn once, and kept."""

    def __init__(self, dropout: nn.Module, shape: tuple):
        super().__init__()
        if isinstance(dropout, nn.Dropout2d):
            shape = (shape[0], *(1 for _ in shape[1:]))  # one for a whole map
        self.p, self.random = dropout.p, torch.rand(N, *shape, dtype=torch.float64)

    def forward(self, X: Tensor) -> Tensor:
        """Drop where the number is below p."""
        return X * (self.random >= self.p) / (1 - self.p) if self.training else X


def prepare(text: str, folder: Path) -> dict:
    """Write what torch finds for a net, in training and not, in 64 bits and in 32."""
    net, shape = eval(text).double(), (1, 28, 28)
    for i, layer in enumerate(net):
        if isinstance(layer, (nn.Dropout, nn.Dropout2d)):
            net[i] = Masked(layer, shape)
        shape = layer.eval()(torch.zeros(2, *shape).double()).shape[1:]
        if isinstance(layer, nn.modules.batchnorm._BatchNorm):
            for tensor in (*layer.parameters(), *statistics(layer)):
                nn.init.uniform_(tensor, 0.5, 1.5)
    X, y = torch.rand(N, 1, 28, 28).double(), torch.randint(10, (N,))
    write(folder, "images", [X])
    write(folder, "labels", [y])
    write(folder, "parameters", list(net.parameters()))
    write(folder, "running", list(statistics(net)))
    for bits, twin in ((32, deepcopy(net).float()), (64, net)):
        for mode in ("training", "testing"):
            twin.train(mode == "training").zero_grad()
            logits = twin(X.to(next(twin.parameters()).dtype))
            F.cross_entropy(logits, y).backward()
            write(folder, f"{mode}-logits-{bits}", [logits])
            write(
                folder, f"{mode}-gradient-{bits}", [p.grad for p in twin.parameters()]
            )
        write(folder, f"running-{bits}", list(statistics(twin)))
    write(folder, "random", [m.random for m in net if isinstance(m, Masked)])
    return {"folder": str(folder), "text": text}


def statistics(net: nn.Module) -> list[Tensor]:
    """Return the running means and variances of a net."""
    return [b for b in net.buffers() if b.is_floating_point()]


def compared(seeds: range, folder: Path, *more: str) -> list[tuple[str, dict]]:
    """Return nets, random ones and more, and how far the page is from torch."""
    tasks = []
    for i, text in enumerate([*(random_net(Random(seed)) for seed in seeds), *more]):
        torch.manual_seed(i)
        (folder / str(i)).mkdir()
        tasks.append(prepare(text, folder / str(i)))
    return list(zip((t["text"] for t in tasks), ask("nets", nets=tasks, n=N)))


def check(found: list[tuple[str, dict]]) -> None:
    """Hold all nets to their bounds, and name those that miss them."""
    bounds = {"double": 1e-10, "plain": 1e-4, "kernel": 1e-4}
    off = [
        f"{arithmetic}, {what}: {error:.1e} {text}"
        for text, errors in found
        for arithmetic, bound in bounds.items()
        for what, error in errors[arithmetic].items()
        if not error < bound
    ]
    assert not off, "\n".join(off)
    # Otherwise all three would have run the same arithmetic.
    for i, one in enumerate(bounds):
        for other in list(bounds)[i + 1 :]:
            assert any(errors[one] != errors[other] for _, errors in found)


@pytest.mark.filterwarnings("ignore:Using padding='same':UserWarning")
def test_random_nets_are_torchs(tmp_path):
    """And one with more patches than the page keeps."""
    wide = (
        "nn.Sequential(nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), "
        "nn.Conv2d(32, 4, 5, padding=2), nn.Flatten(), nn.Linear(3136, 10))"
    )
    check(compared(range(150), tmp_path, wide))


@pytest.mark.nightly
@pytest.mark.filterwarnings("ignore:Using padding='same':UserWarning")
@pytest.mark.parametrize("start", range(150, 2_150, 250))
def test_two_thousand_nets_are_torchs(start, tmp_path):
    check(compared(range(start, start + 250), tmp_path))


# ------------------------------------------------------------------ training


@pytest.fixture(scope="module")
def packed() -> str:
    """Return the images as the page gets them."""
    return pack()


NORMED = (
    "nn.Sequential(nn.Conv2d(1, 6, 5, stride=2, bias=False), nn.BatchNorm2d(6), "
    "nn.SiLU(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(216, 40, bias=False), "
    "nn.BatchNorm1d(40), nn.Tanh(), nn.Linear(40, 10))"
)
RECIPES = {
    "Adam": {"optimizer": "Adam", "lr": 3e-3},
    "SGD": {"optimizer": "SGD", "lr": 0.01, "momentum": 0.9},
}


def trained(net: nn.Sequential, recipe: dict, places: list) -> tuple[Tensor, Tensor]:
    """Train with torch on the page's minibatches; return losses and parameters."""
    images, labels = read_split(SAMPLE, "train")
    X = (images.double() / 17).round() / 15  # 16 levels, as the page has them
    lr, dtype = recipe["lr"], next(net.parameters()).dtype
    if recipe["optimizer"] == "Adam":
        optimizer = torch.optim.Adam(net.parameters(), lr)
    else:
        optimizer = torch.optim.SGD(net.parameters(), lr, recipe["momentum"])
    losses = []
    for minibatch in places:
        optimizer.zero_grad()
        loss = F.cross_entropy(net(X[minibatch].to(dtype)), labels[minibatch].long())
        loss.backward()
        losses.append(loss.item())
        optimizer.step()
    return torch.tensor(losses, dtype=float), nn.utils.parameters_to_vector(
        net.parameters()
    )


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("text", [LENET, NORMED])
def test_a_training_of_200_steps_is_torchs(name, text, packed, tmp_path):
    """In 64 bits nearly to the last digit; in 32 rounding grows with each step."""
    torch.manual_seed(0)
    net, recipe = eval(text).double(), RECIPES[name]
    write(tmp_path, "parameters", list(net.parameters()))
    write(tmp_path, "running", list(statistics(net)))
    write(tmp_path, "random", [])
    task = {"text": packed, "net": {"folder": str(tmp_path), "text": text}}
    settings = {
        **recipe,
        "minibatch": 8,
        "seed": 1,
        "images": 1_600,
        "testEvery": 1_600,
    }
    found, ends = {}, {}
    for arithmetic in ("double", "kernel"):
        found = ask("training", settings=settings, arithmetic=arithmetic, **task)
        end = torch.from_numpy(np.fromfile(tmp_path / "ended", "<f8"))
        # The last loss is told, and not learnt from.
        ends[arithmetic] = torch.tensor(found["losses"], dtype=float)[:200], end
    exact = trained(net, recipe, found["places"][:200])
    for i in (0, 1):
        double, kernel = (
            (ends[name][i] - exact[i]).norm() / exact[i].norm() for name in ends
        )
        assert double < 1e-10
        assert 1e-10 < kernel < 1e-2


SETTINGS = {"optimizer": "Adam", "lr": 3e-3, "minibatch": 32, "seed": 0}
SMALL = (
    "nn.Sequential(nn.Flatten(), nn.ReLU(), nn.Linear(784, 20), nn.ReLU(), "
    "nn.Linear(20, 10))"
)


def worker(packed: str, *script: tuple, net: str = SMALL) -> list[list[dict]]:
    """Return what the worker says after each message; its settings, and until when."""
    steps = [
        {
            "type": kind,
            "until": until,
            "settings": settings and {**SETTINGS, **settings},
        }
        for kind, until, settings in script
    ]
    return ask("worker", text=packed, net=net, script=steps)


def test_the_worker_estimates_trains_and_says_so(packed):
    short = {"images": 1_600, "testEvery": 800}
    (estimate,), said = worker(
        packed, ("estimate", "estimate", short), ("start", "done", short)
    )
    assert estimate["refusal"] is None
    assert estimate["bytes"] > 4 * 4 * (784 * 20 + 20 * 10)  # weights, and Adam's means
    assert min(estimate["seconds"], estimate["imagesPerSecond"]) > 0
    tests = [message for message in said if message["type"] == "test"]
    held_out = (read_split(SAMPLE, "t10k")[0].double() / 17).round()
    always_black = int((held_out.amax(0) == 0).sum())
    assert always_black
    assert [test["seen"] for test in tests] == [0, 800, 1_600]
    assert tests[-1]["accuracy"] > 0.5 > tests[0]["accuracy"]
    for test in tests:
        assert [(m["row"], m["name"]) for m in test["meter"]] == [
            (2, "Linear"), (4, "Linear"),
        ]  # fmt: skip
        pixels, units = test["silent"]
        assert pixels == {"row": 1, "name": "ReLU", "silent": always_black, "of": 784}
        assert (units["row"], units["of"]) == (3, 20)
        assert test["answers"] == 500
    assert said[-1]["accuracy"] == tests[-1]["accuracy"]
    assert {m["type"] for m in said} <= {"test", "pulse", "done"}


def test_the_worker_pauses_steps_and_resumes(packed):
    endless = {"images": 10**9, "testEvery": 10**9}
    *_, paused, stepped, again, resumed = worker(
        packed, ("start", "test", endless), ("pause", 100, None), ("pause", 100, None),
        ("step", "pulse", None), ("step", "pulse", None), ("resume", "pulse", None),
    )  # fmt: skip
    assert paused == []
    assert [len(stepped), len(again)] == [1, 1]
    assert again[0]["seen"] == stepped[0]["seen"] + 32
    assert resumed[-1]["seen"] > again[0]["seen"]


def test_a_loss_that_is_no_number_stops(packed):
    (said,) = worker(
        packed,
        ("start", "lost", {"images": 6_400, "testEvery": 6_400, "optimizer": "SGD",
                           "lr": 1e18, "momentum": 0}),
    )  # fmt: skip
    assert said[-1]["type"] == "lost"
    assert 0 < said[-1]["seen"] < 6_400


def test_what_takes_too_much_memory_says_so(packed):
    wide = "nn.Sequential(nn.Flatten(), nn.Linear(784, 50000), nn.Linear(50000, 10))"
    short = {"images": 64, "testEvery": 64}
    (estimate,), (failed,) = worker(
        packed, ("estimate", "estimate", short), ("start", "failed", short), net=wide
    )
    assert estimate["bytes"] > 600e6
    assert estimate["refusal"] == failed["message"]
    assert re.match(
        r"This net takes \d+ MB to train, .* at most 512", failed["message"]
    )


# --------------------------------------------------------------------- plans

HEAD = "nn.Flatten(), nn.Linear(784, 10)"


@pytest.mark.parametrize(
    ("layers", "layer", "words"),
    [
        ("", None, "There is no layer"),
        ("nn.Flatten(), nn.Linear(784, 11)", None, "10 numbers, .* in 11"),
        ("nn.Flatten(), nn.AdaptiveAvgPool2d(1)", 1, "takes maps"),
        ("nn.MaxPool2d(2, 2), nn.Flatten(), nn.Linear(784, 10)", 2, "784 .* gets 196"),
        ("nn.Linear(28, 10), nn.Flatten(), nn.Linear(280, 10)", 0, "Flatten missing"),
        (f"nn.LayerNorm(28), {HEAD}", 0, "these can: Conv2d"),
        (f"{HEAD}, nn.Softmax(dim=1)", 2, "leave it out"),
        (f"{HEAD}, nn.LogSoftmax(dim=0)", 2, "leave it out"),
        (f"{HEAD}, nn.LogSoftmax(1), nn.Linear(10, 10)", 2, "leave it out"),
        ("nn.MaxPool2d(3, 2, ceil_mode=True)", 0, "ceil_mode is not"),
        ("nn.MaxPool2d(3, dilation=2)", 0, "dilation is not"),
        ("nn.AvgPool2d(2, divisor_override=3)", 0, "divisor_override is not"),
        ("nn.Conv2d(1, 3, 3, padding_mode='circular')", 0, "padding_mode is not"),
        ("nn.GELU(approximate='tanh')", 0, 'approximate="tanh" is not'),
        ("nn.Flatten(2)", 0, "1×1×784, the batch first"),
        ("nn.Flatten(), nn.BatchNorm1d(784)", 1, "no variance"),
        ("nn.AdaptiveAvgPool2d((5, 2)), nn.Flatten()", None, "nothing to learn"),
    ],
)
def test_what_is_not_trained_says_why(layers, layer, words):
    (found,) = ask("plans", texts=[f"nn.Sequential({layers})"], minibatch=1)
    assert re.search(words, found["refusal"])
    assert found["layer"] == layer


def test_the_logarithm_of_a_softmax_at_the_end_changes_nothing():
    texts = [f"nn.Sequential({HEAD}{end})" for end in ("", ", nn.LogSoftmax(1)")]
    plain, found = ask("plans", texts=texts, minibatch=1)
    assert found == plain


def test_weights_that_are_used_twice_are_not_trained():
    text = (
        "a = nn.Linear(784, 784)\nnn.Sequential(nn.Flatten(), a, a, nn.Linear(784, 10))"
    )
    (found,) = ask("plans", texts=[text], minibatch=1)
    assert "earlier layer" in found["refusal"]


@pytest.mark.parametrize("minibatch", [0, 0.5, 501])
def test_a_minibatch_is_a_number_of_images(minibatch):
    (found,) = ask("plans", texts=[LENET], minibatch=minibatch)
    assert found == {
        "refusal": "A minibatch is a whole number of images from 1 to 500.",
        "layer": None,
    }


def test_first_weights_are_drawn_as_torch_draws_them():
    found = ask("first", text=NORMED.replace(", bias=False", ""))
    net = eval(NORMED.replace(", bias=False", ""))
    bound = 0.0
    for row, (name, tensor) in zip(found, net.named_parameters(), strict=True):
        assert row["shape"] == list(tensor.shape)
        if isinstance(net[int(name[0])], nn.modules.batchnorm._BatchNorm):
            assert row["largest"] == row["smallest"] == (name[2:] == "weight")
            continue
        if tensor.dim() > 1:
            bound = 1 / sqrt(tensor[0].numel())  # of the bias behind it, too
        assert 0.6 * bound < row["largest"] <= bound


# ----------------------------------------------------------- what is written


def test_the_presets_are_the_ladders_nets():
    presets = ask("presets")
    expected = {
        name: str(rung.build())
        for name, rung in RUNGS.items()
        if rung.side == 28 and rung.first_weights == "PyTorch's"
    }
    assert {name: str(eval(text)) for name, text in presets.items()} == expected


def test_a_net_is_written_as_it_was_read():
    random = Random(5)
    texts = [random_net(random) for _ in range(60)]
    texts += [
        "nn.Sequential(nn.Flatten(), nn.Linear(784, 18), nn.Unflatten(1, (2, 3, 3)), "
        "nn.LazyConv2d(4, 2), nn.LeakyReLU(), nn.Dropout(0.2), nn.LazyBatchNorm2d(), "
        "nn.Flatten(), nn.LazyLinear(10))"
    ]
    X = torch.rand(2, 1, 28, 28)
    for text, code in zip(texts, ask("codes", texts=texts), strict=True):
        net, again = eval(text), eval(code)
        net(X)  # lazy layers take their shapes
        kept = list(net.state_dict().values())
        again.load_state_dict(dict(zip(again.state_dict(), kept, strict=True)))
        assert torch.equal(net.eval()(X), again.eval()(X)), f"{text}\n{code}"


# A net in each of the forms that it has in public code.
PASTED = {
    "functions": """
import torch.nn as nn
import torch.nn.functional as F

class Net(nn.Module):
    def __init__(self, num_classes=10):
        super(Net, self).__init__()
        self.conv1 = nn.Conv2d(1, 4, kernel_size=5)
        self.conv2 = nn.Conv2d(4, 8, kernel_size=5)
        self.drop = nn.Dropout2d()
        self.fc1 = nn.Linear(128, 30)
        self.fc2 = nn.Linear(30, num_classes)

    def forward(self, x):
        x = F.relu(F.max_pool2d(self.conv1(x), 2))
        x = F.relu(F.max_pool2d(self.drop(self.conv2(x)), 2))
        x = x.view(-1, 128)
        x = F.relu(self.fc1(x))
        x = F.dropout(x, training=self.training)
        return F.log_softmax(self.fc2(x), dim=1)
""",
    "stacks": """
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(inplace=True),
            nn.MaxPool2d(2), nn.Dropout(0.25),
            nn.Conv2d(8, 12, 3, padding=1), nn.BatchNorm2d(12), nn.ReLU(inplace=True),
        )
        self.classifier = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(12, 10)
        )

    def forward(self, x):
        x = self.features(x)
        return self.classifier(x)
""",
    "a script": """
import torch
device = "cuda" if torch.cuda.is_available() else "cpu"

class Net(torch.nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.layer1 = torch.nn.Sequential(
            torch.nn.Conv2d(1, 6, kernel_size=3, stride=2, padding=1),
            torch.nn.ReLU(),
            torch.nn.MaxPool2d(kernel_size=2, stride=2))
        self.fc = torch.nn.Linear(7 * 7 * 6, 10, bias=True)
        torch.nn.init.xavier_uniform_(self.fc.weight)

    def forward(self, x):
        out = self.layer1(x)
        out = out.view(out.size(0), -1)
        return self.fc(out)

model = Net().to(device)
criterion = torch.nn.CrossEntropyLoss().to(device)
""",
    "a name for a function": """
import torch
import torch.nn as nn

class Net(nn.Module):
    def __init__(self, width: int = 5) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, width, 5, padding="same")  # 28 x 28
        self.hidden = nn.Linear(width * 14 * 14, 20)
        self.out = nn.Linear(20, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        pool = nn.functional.avg_pool2d
        x = pool(torch.tanh(self.conv(x)), 2)
        return self.out(torch.sigmoid(self.hidden(x.flatten(1))))
""",
    "used twice": """
from torch import nn

class Net(nn.Module):
    def __init__(self, rate=0.2):
        super().__init__()
        self.flatten = nn.Flatten()
        self.fc1 = nn.Linear(28*28, 32)
        self.norm1 = nn.BatchNorm1d(32)
        self.fc2 = nn.Linear(32, 16)
        self.norm2 = nn.BatchNorm1d(16)
        self.fc3 = nn.Linear(16, 10)
        self.relu = nn.ReLU()
        self.dropout = nn.Dropout(rate)

    def forward(self, x):
        x = self.flatten(x)
        x = self.dropout(self.relu(self.norm1(self.fc1(x))))
        x = self.dropout(self.relu(self.norm2(self.fc2(x))))
        return self.fc3(x)

net = Net()
""",
}


@pytest.mark.parametrize("form", PASTED)
def test_a_net_is_trained_as_it_is_pasted(form, packed):
    """Its layers are those of the class, and it learns."""
    scope = {}
    exec(PASTED[form], scope)
    net, (code,) = scope["Net"](), ask("codes", texts=[PASTED[form]])
    again = eval(code)
    kept = zip(again.state_dict(), net.state_dict().values(), strict=True)
    again.load_state_dict(dict(kept))
    X = torch.rand(2, 1, 28, 28)
    found, wanted = again.eval()(X), net.eval()(X)
    if form == "functions":
        found = F.log_softmax(found, dim=1)
    assert torch.equal(found, wanted)
    short = {"images": 3_200, "testEvery": 3_200}
    (said,) = worker(packed, ("start", "done", short), net=PASTED[form])
    first, *_, last = (one["loss"] for one in said if one["type"] != "done")
    assert last < first


@pytest.mark.parametrize("optimizer", ["Adam", "SGD"])
def test_the_cell_to_take_along_runs(optimizer, capsys):
    settings = {**SETTINGS, "optimizer": optimizer, "momentum": 0.9, "images": 4_000}
    exec(ask("cell", text=SMALL, settings=settings), {})
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith("2,000 images: accuracy 0.")
    assert float(last[-5:]) > 0.5


# --------------------------------------------------------------------- record


@pytest.fixture(scope="module")
def record() -> dict:
    """Return where the ladder's nets land."""
    path = ROOT / "results" / "play" / "yournet.json"
    return json.loads(path.read_text("utf-8"))


def test_what_is_recorded_is_whole(record):
    """Rung by rung: those that cost most may still be missing."""
    schema = ROOT / "results" / "schema" / "yournet.json"
    jsonschema.validate(record, json.loads(schema.read_text("utf-8")))
    recipe = record["recipe"]
    nets = {name: rung for name, rung in RUNGS.items() if rung.side == 28}
    assert set(record["nets"]) == set(nets)
    for name, rung in nets.items():
        made, net = record["nets"][name], rung.build()
        assert str(eval(made["text"])) == str(net)
        assert made["firstWeights"] == rung.first_weights
        assert made["parameters"] == sum(p.numel() for p in net.parameters())
        runs = [run for run in record["runs"] if run["net"] == name]
        if not runs:
            continue
        assert sorted(r["lr"] for r in runs if r["seed"] == 0) == recipe["rates"]
        chosen = [run for run in runs if run["chosen"]]
        assert [run["seed"] for run in chosen] == [0, 1, 2, 3, 4]
        assert len({run["lr"] for run in chosen}) == 1
        ends = {run["lr"]: run["accuracy"][-1] for run in runs if run["seed"] == 0}
        assert ends[chosen[0]["lr"]] == max(ends.values())
        for run in runs:
            tests = recipe["images"] // recipe["testEvery"] + 1
            assert len(run["accuracy"]) == tests or run["loss"] is None


def test_the_page_has_the_budget_of_the_record(record):
    page = (ROOT / "book" / "your_net.md").read_text("utf-8")
    assert f'data-images="{record["recipe"]["images"]}"' in page


def test_a_preset_brings_the_rate_of_the_record(record):
    recorded = {r["net"]: r["lr"] for r in record["runs"] if r["chosen"]}
    rates = ask("rates")
    assert rates == {name: recorded[name] for name in ask("presets")}


def test_one_more_seed_lands_where_the_page_says(record):
    """The site's own arithmetic is the lab's: it is built without the lab."""
    packed = json.loads(pack_yournet())["rungs"]
    assert {rung["name"] for rung in packed} == {r["net"] for r in record["runs"]}
    for rung in packed:
        interval = prediction_interval(rung["accuracies"])
        assert (rung["low"], rung["high"]) == pytest.approx(interval, abs=1e-5)


def test_a_run_again_gives_the_record(record, packed):
    """Its beginning: to the last digit where exp and log are the same."""
    name, images = "relu", 2_000
    stored = next(r for r in record["runs"] if r["net"] == name and r["chosen"])
    answer = ask(
        "rerun", text=packed, net=record["nets"][name], lr=stored["lr"],
        seed=stored["seed"], images=images,
    )  # fmt: skip
    same = answer["functions"] == record["made"]["functions"]
    found, wanted = answer["accuracy"], stored["accuracy"][:2]
    assert found == wanted if same else found == pytest.approx(wanted, abs=0.05)
