"""The shape tracer in the page (web/play/trace.js) says what PyTorch says.

D2L_LITE_CASES=2000 tries so many random nets instead of 300.
"""

import ast
import json
import os
import re
import subprocess
import sys
from functools import cache
from math import isnan
from pathlib import Path
from random import Random

import pytest
import torch
import torchvision
from torch import nn

from d2l_lite import alexnet
from web.build import environment_with_node

ROOT = Path(__file__).resolve().parents[2]
PLAY = ROOT / "web" / "play"
RUNNER = ROOT / "tests" / "web" / "play" / "trace.mjs"
CASES = int(os.environ.get("D2L_LITE_CASES", "300"))
# PyTorch's own words are compared where its version is the book's.
PINNED = re.search(
    r"^torch==(\d+\.\d+)",
    (ROOT / "requirements" / "constraints.txt").read_text("utf-8"),
    re.M,
)
SAME_WORDS = torch.__version__.startswith(f"{PINNED[1]}.")

sys.path.insert(0, str(RUNNER.parent))
from random_nets import NAMES, random_net  # noqa: E402

# PyTorch warns of what a reader may well write.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::SyntaxWarning")
leaves, walk = (getattr(sys.modules["d2l_lite.shapes"], f) for f in ("leaves", "walk"))


def traced(cases, folder=PLAY):
    """Return the page's traces of [(text, input shape), ...]."""
    done = subprocess.run(
        ["node", str(RUNNER), str(folder)],
        input=json.dumps(cases), env=environment_with_node(),
        capture_output=True, encoding="utf-8",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["clean"]
    return found["answers"]


def traced_on_28(texts):
    """Yield (text, the page's trace on one image of 28 by 28)."""
    yield from zip(texts, traced([(text, (1, 1, 28, 28)) for text in texts]))


# --------------------------------------------------------------- what PyTorch says


def layer_texts(text):
    """The layers of a net's text in order, nested nn.Sequential unpacked."""
    (statement,) = ast.parse(text.strip()).body

    def leaves(node):
        name = ast.unparse(node.func)
        if name in ("nn.Sequential", "torch.nn.Sequential", "Sequential"):
            return [leaf for child in node.args for leaf in leaves(child)]
        return [ast.unparse(node)]

    return leaves(statement.value)


def built(texts, device):
    """Build the layers; return those before the first mistake, and the error."""
    layers = []
    for text in texts:
        try:
            with torch.device(device):
                layers.append(eval(text, NAMES).eval())
        except Exception as error:
            return layers, error
    return layers, None


@torch.no_grad()
def ran(layers, shape, device):
    """Run the layers; return the outputs' shapes before the first mistake, and it."""
    X, shapes = torch.zeros(shape, device=device), []
    for layer in layers:
        try:
            X = layer(X)
        except Exception as error:
            return shapes, error
        shapes.append(list(X.shape))
    return shapes, None


def torchs_answer(text, shape, device="cpu"):
    """Return shapes and parameters of the layers that run, then the failure.

    That is the index of a layer and the error, or None twice. PyTorch builds all
    layers before the first one runs, so a mistake in building comes first.
    """
    layers, mistake = built(layer_texts(text), device)
    shapes, error = ran(layers, shape, device)
    that_ran = layers[: len(shapes)]
    parameters = sum(p.numel() for layer in that_ran for p in layer.parameters())
    failed = len(layers) if mistake else len(shapes) if error else None
    return shapes, parameters, failed, mistake or error


def the_pages_answer(found):
    """The same four of a trace in the page; of a failure what it tells."""
    shapes = [row["outputShape"] for row in found["rows"]]
    failure = found["failure"]
    return shapes, found["parameters"], failure and failure["layer"], failure


def differences(cases, answers, folder=PLAY):
    """Describe each case in which the page does not say what PyTorch answered."""
    complaints = []
    for (text, shape), answer, found in zip(cases, answers, traced(cases, folder)):
        *expected, error = answer
        *given, failure = the_pages_answer(found)
        if given != expected or bool(failure) != bool(error):
            complaints.append(f"{text}\n{shape}\n{expected} {error}\n{given} {failure}")
    return complaints


# --------------------------------------------------------------------- random nets


RARE = [
    "nn.Conv2d(1, 6, 5.0)",
    "nn.MaxPool2d(2.0)",
    "nn.Linear(28.0, 3)",
    "nn.Conv2d(1, 6, (((5))))",
    "nn.Conv2d(1, 6, (5,))",
    "nn.MaxPool2d((3,), stride=(2,))",
    "nn.MaxPool2d(2, stride=())",
    "nn.MaxPool2d(5, padding=3)",
    "nn.Conv2d(1, 2 + 2 * 2 - 7 // -2, 3)",
    "nn.AvgPool2d(3, 2, 1, ceil_mode=True)",
    "nn.Conv2d(1, 6, 3, padding='same', stride=(1, 1))",
    "nn.BatchNorm2d(1, affine=False)",
    "nn.Conv2d(3, 6, 5)",
    "nn.Sequential(nn.Conv2d(1, 6, 3), nn.ConvTranspose2d(6, 4, 3, groups=2))",
    "nn.ConvTranspose2d(2, 4, 3)",
    "nn.ConvTranspose2d(1, 4, 3, 2, output_padding=2)",
    "nn.ConvTranspose2d(1, 4, 3, padding=40)",
    "nn.Conv2d(1, 6, 3, padding=28, padding_mode='reflect')",
    "nn.Conv2d(1, 6, 3, padding=29, padding_mode='circular')",
    "nn.Conv2d(1, 6, 3, padding_mode='grey')",
    "nn.Dropout(-0.1)",
    "nn.GELU('foo')",
    "nn.Flatten(0)",
    "nn.Unflatten(3, (4, -1))",
    "nn.Unflatten(2, (5, -1))",
    "nn.GroupNorm(2, 5)",
    "nn.GroupNorm(2, 4)",
    "nn.LayerNorm((3, 28))",
    "nn.InstanceNorm2d(3, affine=True)",
    "nn.PReLU(3)",
    "nn.Upsample()",
    "nn.ZeroPad2d((1, 2, 3, 4))",
    "nn.Sequential(nn.Flatten(-3, -2), nn.Flatten())",
    "nn.Sequential()",
]


@cache
def random_cases():
    """The seeded random nets: the same in each run, more of them on demand."""
    rare = [(text, (1, 1, 28, 28)) for text in RARE]
    return rare + [random_net(Random(seed)) for seed in range(CASES)]


@cache
def random_answers():
    """What PyTorch says to them, with real tensors."""
    return [torchs_answer(text, shape) for text, shape in random_cases()]


def test_random_nets_have_torchs_shapes_parameters_and_failures():
    complaints = differences(random_cases(), random_answers())
    assert not complaints, f"{len(complaints)} of {CASES}:\n{complaints[0]}"
    failures = sum(error is not None for *_, error in random_answers())
    assert CASES / 5 < failures < CASES * 4 / 5


@pytest.mark.skipif(not SAME_WORDS, reason="another version of PyTorch")
def test_a_failure_is_told_in_torchs_words():
    pairs = [
        (found["failure"], str(error))
        for found, (*_, error) in zip(traced(random_cases()), random_answers())
        if error
    ]
    assert [f["torch"] for f, error in pairs if f["torch"] not in ("", error)] == []
    told = [error for f, error in pairs if error in f["torch"] + f["message"]]
    assert len(told) > 0.6 * len(pairs)
    for words in (
        "mat1 and mat2 shapes cannot be multiplied",
        "Calculated padded input size per channel",
        "Given input size",
        "Given groups=",
        "running_mean should contain",
        "Expected 3D (unbatched) or 4D (batched) input to conv2d",
        "padding='same' is not supported for strided convolutions",
        "in_channels must be divisible by groups",
        "Dimension out of range",
        "Given transposed=1",
        "output padding must be smaller",
        "Given input size per channel",
        "Argument #4: Padding size should be less",
        "Padding value causes wrapping",
        "dropout probability has to be between 0 and 1, but got -0.1",
        "approximate argument must be",
        "unflatten: Provided sizes",
        "num_channels (5) must be divisible by num_groups (2)",
        "Expected number of channels in input to be divisible",
        "Given normalized_shape=[3, 28]",
        "expected input's size at dim=1 to match",
        "Mismatch of parameter numbers",
        "either size or scale_factor should be defined",
    ):
        assert any(error.startswith(words) for error in told), words


UNSURE = "?"  # the book's trace does not know what is seen through some layers


def costs(rows):
    """What the book's trace says of each layer, beside its shape."""

    def seen(field):
        return UNSURE if field is not None and isnan(field) else field

    return [
        (
            row.layer, row.parameters, row.macs, row.activation_bytes,
            seen(row.receptive_field),
        )
        for row in rows
    ]  # fmt: skip


def page_costs(found):
    """The same of the page's trace, which has a field for height and width."""
    return [
        (
            row["layer"], row["parameters"], row["macs"], row["activationBytes"],
            row["receptiveField"] and (row["receptiveField"][0] or UNSURE),
        )
        for row in found["rows"]
    ]  # fmt: skip


def test_random_nets_cost_and_see_what_the_books_trace_says():
    checked = 0
    found = traced(random_cases())
    for (text, shape), page, answer in zip(random_cases(), found, random_answers()):
        # The book's trace reads no lists and no lazy or adaptive layers.
        if answer[-1] or re.search(r"Lazy|Adaptive|\[|stride=\(\)", text):
            continue
        layers, _ = built(layer_texts(text), "cpu")
        given, trace = page_costs(page), walk(nn.Sequential(*layers), shape)
        assert page["macs"] == trace.macs
        assert page["activationBytes"] == trace.activation_bytes
        expected = costs(trace.rows)
        assert len(given) == len(expected)
        for (*some, seen), (*same, told) in zip(given, expected):
            assert some == same, text
            # The page follows a padding, which the book's trace does not.
            assert told in (seen, UNSURE), text
        checked += 1
    assert checked > CASES / 8


UNKNOWN = "is not known here"
SPOILERS = ["(", ")", ",", "=", "[", "]", "*", "-", "1", "0", ".", "'", "#", "nn", "é"]


def spoiled(random, text):
    """Put something in, or take something out, at one place."""
    place, cut = random.randrange(len(text)), random.choice([0, 1])
    return text[:place] + random.choice(["", *SPOILERS]) + text[place + cut :]


def test_a_spoiled_text_is_refused_where_python_refuses_it():
    random = Random(0)
    cases = [(spoiled(random, text), shape) for text, shape in random_cases()]
    refused = read = 0
    for (text, shape), found in zip(cases, traced(cases)):
        failure = found["failure"]
        try:
            answer = torchs_answer(text, shape)
        except (ValueError, AttributeError):  # Python, and no single net
            continue
        except SyntaxError:
            # A line without a layer may be left out; the page then says so.
            assert failure or found["notes"], text
            if not failure:
                continue
            assert 0 <= failure["position"] <= len(text)
            refused += 1
            continue
        # The page knows less than Python, may refuse maps without a pixel, and
        # does not look at arguments that change no shape.
        unread = failure and failure["layer"] is None
        unknown = failure and UNKNOWN in failure["message"]
        empty = any(0 in shape for shape in answer[0])
        silent = re.search("eps|approximate", str(answer[-1]))
        if not (unread or unknown or empty or silent):
            assert list(the_pages_answer(found)[:3]) == list(answer[:3]), text
            read += 1
    assert min(refused, read) > CASES / 8


# ------------------------------------------------------------------ the book's nets


def code_cells():
    """Yield (chapter, source) of the book's code cells."""
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for cell in json.loads(path.read_text("utf-8"))["cells"]:
            if cell["cell_type"] == "code":
                yield path.stem, "".join(cell["source"])


def nets_in(source):
    """The texts of nn.Sequential(...) in a cell; none where it is no Python."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return []
    return [
        ast.get_source_segment(source, node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "nn.Sequential"
    ]


def stands_alone(text):
    """Whether a net is all numbers and layers, without names and stars."""
    nodes = list(ast.walk(ast.parse(text)))
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    return names <= {"nn"} and not any(isinstance(node, ast.Starred) for node in nodes)


BOOK = [(name, net) for name, source in code_cells() for net in nets_in(source)]
ALEXNET = max((net for name, net in BOOK if name.startswith("04")), key=len)


def test_all_nets_of_the_book_are_torchs():
    whole = sorted({net for _, net in BOOK if stands_alone(net)})
    assert len(whole) >= 4
    shapes = [(1, 1, 28, 28), (1, 1, 29, 29), (3, 1, 224, 224), (1, 3, 64, 64)]
    cases = [(net, shape) for net in whole for shape in shapes]
    answers = [torchs_answer(net, shape, "meta") for net, shape in cases]
    assert not differences(cases, answers)


def test_alexnet_on_all_sides_from_28_to_224():
    cases = [(ALEXNET, (1, 1, side, side)) for side in range(28, 225)]
    with torch.device("meta"):
        net = alexnet().eval()
    ends = {}
    for (_, shape), found in zip(cases, traced(cases)):
        shapes, error = ran(net, shape, "meta")
        assert [row["outputShape"] for row in found["rows"]] == shapes
        expected = walk(net, shape)
        assert page_costs(found) == costs(expected.rows)
        # The page's reason is the sentence of the book's trace.
        failure = found["failure"]
        assert (failure and failure["message"]) == expected.failure
        end = failure and failure["layer"]
        assert end == (len(shapes) if error else None)
        ends.setdefault(end, []).append(shape[-1])
    assert {end: (sides[0], sides[-1]) for end, sides in ends.items()} == {
        5: (28, 32), 12: (33, 64), 14: (65, 192), None: (193, 224),
    }  # fmt: skip


# -------------------------------------------------------------- nets by other hands


def as_text(module):
    """Write a module: the repr of a layer is Python."""
    if not isinstance(module, nn.Sequential):
        return repr(module)
    layers = ",\n".join(as_text(child) for child in module)
    return f"nn.Sequential(\n{layers}\n)"


@pytest.mark.parametrize(
    ("name", "parameters", "least"),
    [
        ("alexnet", 61_100_840, 63),
        ("vgg16_bn", 138_365_992, 32),
    ],
)
def test_torchvisions_nets_are_torchs(name, parameters, least):
    with torch.device("meta"):
        whole = getattr(torchvision.models, name)(weights=None).eval()
    net = nn.Sequential(whole.features, whole.avgpool, nn.Flatten(), whole.classifier)
    shapes = [(1, 3, side, side) for side in (224, least, least - 1, 97, 5)]
    shapes.append((2, 1, 224, 224))  # one colour for three
    found = traced([(as_text(net), shape) for shape in shapes])
    for shape, page in zip(shapes, found):
        outputs, error = ran(leaves(net), shape, "meta")
        assert [row["outputShape"] for row in page["rows"]] == outputs
        failure = page["failure"]
        assert (failure and failure["layer"]) == (len(outputs) if error else None)
        assert bool(error) == (shape[-1] < least or shape[1] == 1)
    assert found[0]["parameters"] == parameters
    assert [row["layer"] for row in found[0]["rows"]] == [
        type(layer).__name__ for layer in leaves(net)
    ]


# -------------------------------------------------------------------- hostile texts

HOSTILE = {  # the text, and how it goes on at the place that is named
    "": "",
    "   \n\t": "",
    "# only a note": "",
    "nn.Sequential(nn.ReLU(": "(",
    "nn.Sequential(nn.Conv2d(1, 6, (5, 5), nn.ReLU())": "(nn.Conv2d",
    "nn.Sequential(nn.ReLU()))": ")",
    "nn.Sequential[nn.ReLU()]": "nn.Sequential",
    "nn.Sequential(nn.Conv2d(1, 6, [5, 5)))": ")))",
    "nn.Sequential(nn.ReLU() nn.ReLU())": "nn.ReLU())",
    "nn.Sequential(,)": ",)",
    "nn.Sequential(nn.ReLU(),,)": ",)",
    "nn.Sequential(nn.Flatten(), nn.Linear(28 *, 10))": ", 10",
    "__import__('os').system('true')": "__import__",
    "__import__('os')": "__import__",
    "nn.Sequential(__import__('os'))": "__import__",
    "nn.Sequential(__proto__())": "__proto__",
    "nn.Sequential(constructor())": "constructor",
    "nn.Sequential(nn.constructor.constructor('return 1')())": "nn.constructor",
    "nn.Sequential(toString(), hasOwnProperty('x'))": "toString",
    "nn.Sequential(nn.ReLU(__proto__=1))": "nn.ReLU",
    "nn.Sequential(nn.ReLU(constructor=1))": "nn.ReLU",
    "nn.Sequential(nn.Conv2d(1, 6, 5, toString=3))": "nn.Conv2d",
    "__proto__": "__proto__",
    "constructor = __proto__": "constructor",
    "nn.Sequential(nn.ReLU)": "nn.ReLU)",
    "nn.Sequential(ReLU)": "ReLU)",
    "nn.Sequential(3, nn.ReLU())": "nn.Sequential",
    "nn.Sequential([nn.ReLU()])": "nn.Sequential",
    "nn.Sequential(a=nn.ReLU())": "nn.Sequential",
    "import torch": "import",
    "nn.Sequential(*layers)": "layers",
    "nn.Sequential(nn.Conv2d(1, 6, **more))": "more",
    "nn.Sequential(nn.Conv2d(1, 6, kernel_size=5, 2))": "2))",
    "nn.Sequential(nn.Conv2d(1, 6, kernel_size=5, kernel_size=5))": "kernel_size=5))",
    "nn.Sequential(lambda: 1)": "lambda",
    "nn.Sequential(nn.ReLU() for i in range(9))": "nn.Sequential",
    "nn.Sequential(nn.Linear(width, 10))": "width",
    "nn.Sequential(nn.Linear(\uff1784, 10))": "\uff17",
    "nn.Sequential\uff08nn.ReLU()\uff09": "\uff08",
    "nn.Sequential(nn.ReLU()\uff0cnn.ReLU())": "\uff0c",
    "nn.Sequential(nn.Flatten(), nn.Linear(1 // 0, 10))": "// 0",
    "nn.Sequential(nn.Linear('a' * 2, 10))": "* 2",
    "nn.Sequential(nn.Linear(0x10, 10))": "0x10",
    "nn.Sequential(nn.Linear(1e400, 10))": "nn.Linear",
    "nn.Sequential(nn.Linear(99999999999999999999, 10))": "99999999999999999999",
    "nn.Sequential(nn.Linear(007, 10))": "007",
    "nn.Sequential(nn.Linear(7_, 10))": "7_",
    "nn.Sequential(nn.Linear(9007199254740991 * 3, 1))": "nn.Linear",
    "nn.Sequential(nn.GELU('none))": "'none",
    "nn.Sequential(nn.GELU('a' 'b'))": "'b'",
    "nn.Sequential(nn.ReLU(), '<img src=x onerror=alert(1)>')": "nn.Sequential",
    "${alert(1)}": "$",
    "\u202enn.Sequential()": "\u202e",
    "\U0001f642": "\U0001f642",
    "\ud800": "\ud800",
    "\x00": "\x00",
    "nn.Sequential(" * 200 + ")" * 200: "nn.Sequential(",
    "(" * 5000: "(" * 4900,
    "-" * 10000: "-" * 9900,
    "nn.ReLU(), " * 3000: "nn.ReLU()",
    "nn.Sequential(*[nn.ReLU() for i in range(501)])": "nn.Sequential",
    "for i in range(10 ** 9):\n    n = nn.ReLU()": "",
    "for i in range(9999):\n  for j in range(9999):\n    n = nn.ReLU()": "",
    "def f():\n    return f()\nnn.Sequential(f())": "",
    "while True:\n    net = nn.ReLU()": "while",
    "nn.Sequential(None(1))": "",
    "class A(nn.Module):\n  def forward(self, x):\n    return x + x": "+",
    "nn.Sequential(" + "1 + " * 7500 + "1)": "",
}


def test_a_hostile_text_gets_a_message_with_a_place():
    for text, page in traced_on_28(HOSTILE):
        failure = page["failure"]
        assert failure, text
        assert re.fullmatch(r"\S.{5,900}\.", failure["message"], re.S), failure
        # JavaScript counts in units of 16 bits.
        units = text.encode("utf-16-le", "surrogatepass")
        rest = units[2 * failure["position"] :].decode("utf-16-le", "surrogatepass")
        assert rest.startswith(HOSTILE[text]), (text[:80], failure, rest[:40])


SLIPS = {
    "nn.Sequential(nn.ReLU(),": "bracket is never closed",
    "nn.Sequential(nn.ReLU() nn.ReLU())": "comma or ) is missing before nn.ReLU",
    "nn.Sequential(nn.ReLU)": "nn.ReLU needs its brackets: nn.ReLU()",
    "nn.Sequential(nn.Linear(\uff1784, 10))": "half-width",
    "nn.Sequential(nn.Conv2D(1, 6, 5))": "nn.Conv2d is",
    "nn.Sequential(nn.Con2d(1, 6, 5))": "nn.Conv2d is",
    "nn.Sequential(nn.Conv2d(1, 6))": "kernel_size is missing",
    "nn.Sequential(nn.Conv2d(1, 6, 5, steps=2))": "no argument steps",
    "nn.Sequential(nn.Linear(5.0, 2))": "in_features must be a whole number",
    "nn.Sequential(nn.Conv3d(1, 2, 3))": "Known are: Conv2d,",
    "nn.Sequential(nn.Linear(n, 2))": "n is not known here: write n = … above",
    "nn.Sequential(nn.Linear(env.n, 2))": "env.n is not known here: write its value",
    "class A(nn.Module):\n  def __init__(self, n, m=3):\n    self.f = nn.Linear(n, m)\n"
    "  def forward(self, x):\n    return self.f(x)": "write A(n = …) below",
    "nn.Sequential(conv(1, 2))": "paste its def or class, too",
    "nn.Sequential([nn.ReLU()])": "write * before it",
    "nn.Linear(1, 2), " * 2000: "34,000 characters, and at most 20,000",
    "nn.Sequential(*[nn.ReLU()] * 501)": "more than 500 layers",
    "class A(nn.Module):\n  def forward(self, x):\n    return self.f(x)": "self.f",
    "": "there is no net here",
    "class A(nn.Module):\n  def __int__(self):\n    self.f = nn.ReLU()\n"
    "  def forward(self, x):\n    return self.f(x)": "Python calls __init__",
}


def test_a_slip_is_named():
    for text, page in traced_on_28(SLIPS):
        assert SLIPS[text] in page["failure"]["message"], text


# ----------------------------------------------------------------- what people have


CODE = {  # a text, and the layers that are read in it
    "n = 6\nnn.Sequential(nn.Conv2d(1, n, 5))": "Conv2d",
    "num_classes = 10\nnet = nn.Sequential(nn.Linear(28, num_classes))": "Linear",
    "import torch\nfrom torch import (\n    nn,\n)\nnn.Sequential(nn.ReLU())": "ReLU",
    "import os; nn.Sequential(nn.ReLU())": "ReLU",
    "net = nn.Sequential(nn.ReLU()).to(device)": "ReLU",
    "net = nn.Sequential(nn.ReLU())\nnet.eval()\nnet.cuda()\nprint(net)": "ReLU",
    "net: nn.Module = nn.Sequential(nn.ReLU())": "ReLU",
    "    return nn.Sequential(nn.ReLU())": "ReLU",
    "        self.net = nn.Sequential(nn.ReLU())": "ReLU",
    "nn.Sequential(*[nn.ReLU() for _ in range(2)], nn.Tanh())": "ReLU ReLU Tanh",
    "nn.Sequential(nn.Linear(28, 2**3), nn.Linear(2 * 4, 10 % 4))": "Linear Linear",
    "nn.Sequential(OrderedDict([('a', nn.ReLU()), ('b', nn.Tanh())]))": "ReLU Tanh",
    "layers = []\nlayers.append(nn.ReLU())\nlayers += [nn.Tanh()]\n"
    "nn.Sequential(*layers)": "ReLU Tanh",
    "net = nn.Sequential()\nnet.append(nn.ReLU())\nnet.add_module('b', nn.Tanh())":
        "ReLU Tanh",
    "Net(\n  (0): Conv2d(1, 2, kernel_size=(3, 3), stride=(1, 1))\n  (act): ReLU()\n)":
        "Conv2d ReLU",
    "nn.Sequential(\xa0nn.ReLU())": "ReLU",
    "nn.Sequential(nn.GELU(approximate=\u2018none\u2019))": "GELU",
    "\u7f51\u7edc = nn.Sequential(nn.ReLU())": "ReLU",
    "nn.ReLU(),\nnn.Tanh(),": "ReLU Tanh",
    "[nn.ReLU(), nn.ReLU()]": "ReLU ReLU",
    "def block(a, b=2):\n    return [nn.Conv2d(a, b, 3), nn.ReLU()]\n"
    "net = nn.Sequential(*block(1), *block(2, b=4))": "Conv2d ReLU Conv2d ReLU",
    "def net(n=3):\n    'A net.'\n    return nn.Sequential(nn.Conv2d(1, n, 3))":
        "Conv2d",
    "layers, n = [], 1\nfor m in (2, 'M', 4):\n    if m == 'M':\n"
    "        layers += [nn.MaxPool2d(2)]\n    else:\n"
    "        layers += [nn.Conv2d(n, m, 3), nn.ReLU()]\n        n = m\n"
    "net = nn.Sequential(*layers)": "Conv2d ReLU MaxPool2d Conv2d ReLU",
    "class Net(nn.Module):\n    def __init__(self, n: int = 2) -> None:\n"
    "        super().__init__()\n        self.conv = nn.Conv2d(1, n, 3)\n"
    "        self.fc = nn.Linear(2 * 13 * 13, 10)\n\n"
    "    def forward(self, x):\n        x = F.max_pool2d(F.relu(self.conv(x)), 2)\n"
    "        x = x.view(x.size(0), -1)\n"
    "        return F.dropout(self.fc(x), 0.5, training=self.training)\n":
        "Conv2d ReLU MaxPool2d view Linear Dropout",
    "class Block(nn.Sequential):\n    def __init__(self, n):\n"
    "        super(Block, self).__init__(nn.Conv2d(n, n, 1), nn.ReLU())\n"
    "nn.Sequential(Block(1), Block(n=1))": "Conv2d ReLU Conv2d ReLU",
    "class A(nn.Module):\n    def forward(self, x, noise=False):\n"
    "        return F.relu(x + x if noise else x)\nA()(torch.Tensor(3))": "ReLU",
    # A part may stand behind its net, and the net may be made in the main guard.
    "class A(nn.Module):\n    def __init__(self):\n        self.f = B(2)\n"
    "    def forward(self, x):\n        return torch.tanh(self.f(x))\n"
    "class B(nn.Module):\n    def __init__(self, n):\n"
    "        self.f = nn.Sequential(*[nn.ReLU()] * n)\n"
    "    def forward(self, x):\n        return self.f(x)": "ReLU ReLU Tanh",
    "class A(nn.Module):\n    def __init__(self, n):\n"
    "        self.f = [nn.ReLU()] * n\n"
    "    def forward(self, x):\n        for f in self.f:\n            x = f(x)\n"
    "        return x\n"
    "if __name__ == '__main__':\n    with torch.no_grad():\n        net = A(3)":
        "ReLU ReLU ReLU",
    "# \u201cnn\u201d\nnn.ReLU()  # \u2018a\u2019": "ReLU",
    "opt = torch.optim.SGD(net.parameters(), lr=0.1)\nnet = nn.Sequential(nn.ReLU())\n"
    "loss = nn.CrossEntropyLoss()\nwith open('a') as f:\n    f.read()\n": "ReLU",
}  # fmt: skip


def test_code_around_a_net_is_read():
    for text, page in traced_on_28(CODE):
        assert page["failure"] is None, text
        assert " ".join(row["layer"] for row in page["rows"]) == CODE[text]
        said = " ".join(page["notes"])
        assert "Set, but" not in said, text
        assert ("Curly" in said) == ("=\u2018" in text), text


PASSED_OVER = {
    "class A(nn.Module):\n def __init__(self):\n  self.f = nn.Sequential()": "A has no",
    "nn.Sequential(\xa0nn.ReLU())": "No-break spaces",
    "nn.Sequential(nn.GELU(\u2018none\u2019))": "Curly quotes",
    "a = nn.Sequential()\nb = nn.Sequential()": "2 nets in this text: the last one, b",
    "class A(nn.Module):\n def __init__(self):\n  self.f = nn.ReLU()\n"
    "  self.g = nn.Linear(9, 9)\n def forward(self, x):\n  return self.f(x)":
        "Set, but no image passes it, so not counted: self.g.",
    "a = nn.Sequential()\nwhile b:\n    pass": "line 2",
}  # fmt: skip


def test_what_is_passed_over_is_said():
    for text, page in traced_on_28(PASSED_OVER):
        assert PASSED_OVER[text] in " ".join(page["notes"]), text


SHARED = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 1, 3, padding=1)

    def forward(self, x):
        return self.conv(F.relu(self.conv(x)))
"""


def test_weights_that_are_used_twice_count_once():
    ((_, found),) = traced_on_28([SHARED])
    assert [row["parameters"] for row in found["rows"]] == [10, 0, 0]
    assert found["macs"] == 2 * 9 * 28 * 28


def test_a_row_knows_its_place():
    text = "import torch\nn = 3\nnn.Sequential(\n  nn.Conv2d(1, n, 3),\n  nn.ReLU(),\n)"
    (found,) = traced([(text, (1, 1, 28, 28))])
    places = [text[: row["position"]].count("\n") + 1 for row in found["rows"]]
    assert places == [4, 5]


# ------------------------------------------------------------------------- the rest


FORMULAS = {
    "nn.Conv2d(1, 6, 5, padding=2)": "⌊(28 + 2·2 − 5) / 1⌋ + 1 = 28",
    "nn.Conv2d(1, 6, 5, stride=4)": "⌊(28 − 5) / 4⌋ + 1 = 6, remainder 3",
    "nn.MaxPool2d(3, 2)": "⌊(28 − 3) / 2⌋ + 1 = 13, remainder 1",
    "nn.MaxPool2d(3, 2, ceil_mode=True)": "⌈(28 − 3) / 2⌉ + 1 = 14",
    "nn.Conv2d(1, 6, 3, dilation=2)": "⌊(28 − 5) / 1⌋ + 1 = 24",
    "nn.AvgPool2d((2, 3))":
        "⌊(28 − 2) / 2⌋ + 1 = 14; ⌊(28 − 3) / 3⌋ + 1 = 9, remainder 1",
    "nn.Flatten()": "1 · 28 · 28 = 784",
    "nn.Linear(28, 1000)": "28 → 1,000",
}  # fmt: skip


def test_formulas():
    for text, page in traced_on_28(FORMULAS):
        assert page["rows"][0]["formula"] == FORMULAS[text]


def widest_window(n, side):
    """What the gradient says: the most input that one output of the pooling sees."""
    X = torch.ones(1, 1, n, n, requires_grad=True)
    Y = nn.AdaptiveAvgPool2d(side)(X)
    seen = []
    for i in range(side):
        (slope,) = torch.autograd.grad(Y[0, 0, i, 0], X, retain_graph=True)
        seen.append(slope[0, 0].abs().sum(1).count_nonzero().item())
    return max(seen)


def test_adaptive_pooling_sees_as_far_as_its_widest_window():
    pairs = [(n, side) for n in range(1, 15) for side in range(1, 9)]
    cases = [(f"nn.AdaptiveAvgPool2d({side})", (1, 1, n, n)) for n, side in pairs]
    fields = [page["rows"][0]["receptiveField"][0] for page in traced(cases)]
    assert fields == [widest_window(n, side) for n, side in pairs]
