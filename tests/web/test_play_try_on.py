"""Dress the net: LeNet in the page is the book's, and says truly what a cell sees."""

import base64
import json
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from d2l_lite import lenet
from d2l_lite.data import CLASSES, SAMPLE, read_split
from web.build import environment_with_node
from web.pack_weights import WEIGHTS, pack_weights

ROOT = Path(__file__).resolve().parents[2]
RUNNER = ROOT / "tests" / "web" / "play" / "try_on.mjs"
WIDGET = ROOT / "web" / "play" / "try_on.js"
SIDE = 28
# The 44 maps: name, how many, side, torch's layer of the sum, and of what is shown.
STAGES = (
    ("conv 1", 6, 28, 0, 1), ("pool 1", 6, 14, 2, 2),
    ("conv 2", 16, 10, 3, 4), ("pool 2", 16, 5, 5, 5),
)  # fmt: skip


def ask(task: str, **settings: object) -> list | dict:
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


def text_of(images: Tensor) -> str:
    """Return uint8 images as base64."""
    return base64.b64encode(images.numpy().tobytes()).decode()


@pytest.fixture(scope="module")
def net() -> nn.Sequential:
    """LeNet with the record's parameters."""
    net = lenet()
    kept = np.load(WEIGHTS)
    net.load_state_dict({n: torch.from_numpy(kept[n]).float() for n in kept.files})
    return net.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def images() -> Tensor:
    """The first 64 test images of the sample, (64, 1, 28, 28) uint8."""
    return read_split(SAMPLE, "t10k")[0][:64]


@pytest.fixture(scope="module")
def packed() -> dict:
    """What the page gets."""
    return json.loads(pack_weights())


def outputs_of(net: nn.Sequential, X: Tensor) -> list[Tensor]:
    """What leaves each layer."""
    outputs = []
    for layer in net:
        X = layer(X)
        outputs.append(X)
    return outputs


# ------------------------------------------------------------------- the data


def test_the_parameters_are_the_records_in_torchs_order(packed, net):
    numbers = np.frombuffer(base64.b64decode(packed["parameters"]), "<f2")
    wanted = torch.cat([p.flatten() for p in net.state_dict().values()])
    assert len(numbers) == 61_706
    assert np.array_equal(numbers.astype(np.float32), wanted.numpy())


def test_the_images_are_one_of_each_class(packed):
    images, labels = read_split(SAMPLE, "t10k")
    packed_images = base64.b64decode(packed["images"])
    assert len(packed_images) == len(CLASSES) * SIDE**2
    for label in range(len(CLASSES)):
        first = images[(labels == label).nonzero()[0].item()]
        size = SIDE**2
        found = packed_images[label * size : (label + 1) * size]
        assert found == first.numpy().tobytes()


def test_the_widget_names_the_classes_of_the_book():
    named = re.search(r'^const names = "(.*)";$', WIDGET.read_text("utf-8"), re.M)
    assert tuple(named[1].split(",")) == CLASSES


def test_every_float16_is_decoded():
    codes = np.arange(1 << 16, dtype="<u2")
    texts = ask("float16", codes=base64.b64encode(codes.tobytes()).decode())
    numbers = np.array([float(text) for text in texts], np.float32)
    wanted = codes.view("<f2").astype(np.float32)
    assert np.array_equal(numbers, wanted, equal_nan=True)


# -------------------------------------------------------------------- the net


def test_logits_are_torchs(packed, net, images):
    parameters = packed["parameters"]
    found = ask("logits", parameters=parameters, images=text_of(images))
    wanted = net(images.float() / 255)
    assert (torch.tensor(found) - wanted).abs().max() <= 1e-5


def test_a_cell_sees_what_its_gradient_reaches(net):
    """A cell of each of the first six layers, twenty times; torch in 64 bits."""
    torch.manual_seed(0)
    wanted, cells = [], []
    front = lenet()[:6].double()  # weights of any size, none of them 0
    for count in range(1, 7):
        X = torch.rand(1, 1, SIDE, SIDE, dtype=torch.float64, requires_grad=True)
        Y = front[:count](X)
        side = Y.shape[-1]
        for row, column in torch.randint(side, (20, 2)).tolist():
            cell = Y[0, 0, row, column]
            (gradient,) = torch.autograd.grad(cell, X, retain_graph=True)
            seen = gradient[0, 0] != 0
            rows, columns = (seen.any(1 - axis).nonzero().flatten() for axis in (0, 1))
            wanted.append(
                [[ends[0].item(), ends[-1].item()] for ends in (rows, columns)]
            )
            cells.append([count, row, column])
            assert seen.sum() == len(rows) * len(columns)  # a whole rectangle
    assert ask("fields", cells=cells) == wanted


def test_a_cells_sum_is_what_torch_makes_of_it(packed, net, images):
    torch.manual_seed(1)
    image = images[:1]
    outputs = outputs_of(net, image.float() / 255)
    places, cells = [], []
    first = 0
    for name, maps, side, at, to in STAGES:
        corners = [(0, 0), (side - 1, side - 1)]
        for row, column in corners + torch.randint(side, (20, 2)).tolist():
            channel = int(torch.randint(maps, ()))
            places.append((name, channel, row, column, at, to))
            cells.append([first + channel, row, column])
        first += maps
    parameters, text = packed["parameters"], text_of(image)
    found = ask("sums", parameters=parameters, images=text, cells=cells)
    for (name, channel, row, column, at, to), cell in zip(places, found, strict=True):
        assert (cell["name"], cell["channel"]) == (name, channel)
        assert len(cell["terms"]) == {0: 25, 2: 4, 3: 150, 5: 4}[at]
        made = outputs[at][0, channel, row, column].item()
        total = sum(value * weight for value, weight in cell["terms"]) + cell["bias"]
        assert total == pytest.approx(made, abs=1e-5)
        assert cell["sum"] == pytest.approx(made, abs=1e-5)
        shown = outputs[to][0, channel, row, column].item()
        assert cell["shown"] == pytest.approx(shown, abs=1e-5)


def test_a_cells_sentence(packed, images):
    cells = [[12 + 3, 4, 5], [6 + 1, 0, 13]]
    conv, pool = ask(
        "sums",
        parameters=packed["parameters"],
        images=text_of(images[:1]),
        cells=cells,
    )

    def two(number: float) -> str:
        """Two decimals, with a real minus."""
        return f"{number:.2f}".replace("-", "−")

    assert conv["text"] == (
        "conv 2, map 3, row 4, column 5: sees rows 6–19, columns 8–21; "
        f"150 products + bias {two(conv['bias'])} = {two(conv['sum'])}; "
        f"after the sigmoid {two(conv['shown'])}"
    )
    assert pool["text"] == (
        "pool 1, map 1, row 0, column 13: sees rows 0–3, columns 24–27; "
        f"mean of 4 values = {two(pool['sum'])}"
    )


# ----------------------------------------------------------------- the image


def shift(image: np.ndarray, dx: int, dy: int) -> np.ndarray:
    """Return the image moved right and down; what comes in is 0."""
    frame = np.pad(image, SIDE)
    return frame[SIDE - dy : 2 * SIDE - dy, SIDE - dx : 2 * SIDE - dx]


def test_shifting(images):
    moves = [(0, 0), (4, 0), (-3, 0), (0, 5), (2, -7), (28, 0), (-28, 28), (27, -27)]
    found = ask("moved", images=text_of(images[:3]), moves=moves)
    for image, moved in zip(images[:3, 0].numpy(), found, strict=True):
        for move, numbers in zip(moves, moved, strict=True):
            wanted = shift(image.astype(np.float32) / np.float32(255), *move)
            assert np.array_equal(np.array(numbers, np.float32), wanted.flatten())


def test_a_spot_is_round():
    middle, between, corner = (
        np.array(spot).reshape(SIDE, SIDE)
        for spot in ask("painted", spots=[(10.5, 5.5), (10, 5), (0, SIDE)])
    )
    assert np.argwhere(middle).tolist() == [
        [row, column] for row in (4, 5, 6) for column in (9, 10, 11)
    ]
    assert between.sum() == between[3:7, 8:12].sum() == 4  # no corners of 3 × 3
    assert np.argwhere(corner).tolist() == [[SIDE - 1, 0]]


def test_centring():
    """A small drawing becomes as large as the frame; a large one is only moved."""
    small, full, odd, nothing = np.zeros((4, SIDE, SIDE), np.uint8)
    small[3:13, 20:25] = np.arange(10)[:, None] + 1  # 10 × 5, becomes 28 × 14
    full[:, 1:13] = np.arange(SIDE)[:, None] + 1
    odd[:, 2:13] = 9
    drawings = torch.from_numpy(np.stack([small, full, odd, nothing]))
    found = np.array(ask("centred", images=text_of(drawings)), np.float32)
    grown, *moved, empty = (found.reshape(-1, SIDE, SIDE) * 255).round()
    wanted = np.zeros((SIDE, SIDE))
    wanted[:, 7:21] = np.floor((np.arange(SIDE) + 0.5) * 10 / SIDE)[:, None] + 1
    assert np.array_equal(grown, wanted)
    assert np.array_equal(moved, [shift(full, 7, 0), shift(odd, 6, 0)])
    assert not empty.any()
