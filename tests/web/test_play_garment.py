"""Draw a garment: both nets in the page are torch's, and say truly what a cell sees."""

import base64
import gzip
import json
import re
import subprocess

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from d2l_lite.data import CLASSES, SAMPLE, read_split
from d2l_lite.lab.garment_nets import ALEXNET, LENET, accuracies, answers_table
from web.build import environment_with_node
from web.figure_accuracy import GREY, SHIFT, THRESHOLD, alexnet_of_8_bits, first_answer
from web.join_scripts import FOLDER, late_script, page_script, worker_script
from web.pack_nets import IMAGES, eight_bits, halves, pack_alexnet, pack_lenet

RUNNER = FOLDER.parents[1] / "tests" / "web" / "play" / "garment.mjs"
SIDE = 28
NODE = environment_with_node()
BEFORE_CLICK = 6 * 1024  # bytes, gzipped
AFTER_CLICK = 800 * 1024  # AlexNet's weights, as sent
KINDS = {"lenet": LENET, "alexnet": ALEXNET}


def ask(task: str, **settings: object) -> list | dict:
    """Return what the runner answers to a task."""
    done = subprocess.run(
        ["node", str(RUNNER)],
        input=json.dumps({"task": task, **settings}),
        env=NODE, capture_output=True, encoding="utf-8",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def text_of(images: Tensor) -> str:
    """Return uint8 images as base64."""
    return base64.b64encode(images.numpy().tobytes()).decode()


@pytest.fixture(scope="module")
def images() -> Tensor:
    """The first 120 test images, (120, 1, 28, 28) uint8."""
    return read_split(SAMPLE, "t10k")[0][:120]


@pytest.fixture(scope="module")
def nets() -> dict[str, nn.Sequential]:
    """Both nets with the weights that the page gets."""
    return {"lenet": LENET.load(), "alexnet": alexnet_of_8_bits().requires_grad_(False)}


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> dict[str, dict]:
    """What the page gets, as files for the runner."""
    folder = tmp_path_factory.mktemp("nets")
    for name, text in (("lenet", pack_lenet()), ("alexnet", pack_alexnet())):
        (folder / name).write_text(text, encoding="utf-8")
    return {n: {"name": n, "file": str(folder / n)} for n in ("lenet", "alexnet")}


def outputs_of(net: nn.Sequential, X: Tensor) -> list[Tensor]:
    """What leaves each layer but Flatten and Dropout, as in the page."""
    outputs = []
    for layer in net:
        X = layer(X)
        if not isinstance(layer, nn.Flatten | nn.Dropout):
            outputs.append(X)
    return outputs


# ------------------------------------------------------------------- the data


def test_lenet_and_the_images_are_packed_as_they_are(nets, images):
    packed = json.loads(pack_lenet())
    unpack = lambda name: gzip.decompress(base64.b64decode(packed[name]))  # noqa: E731
    wanted = torch.cat([p.flatten() for p in nets["lenet"].state_dict().values()])
    numbers = np.frombuffer(unpack("weights"), "<f2").astype(np.float32)
    assert np.array_equal(numbers, wanted.numpy())
    assert unpack("images") == images[:IMAGES].numpy().tobytes()
    labels = read_split(SAMPLE, "t10k")[1][:IMAGES].tolist()
    assert list(unpack("labels")) == labels
    assert set(labels) == set(range(10))


def test_a_weight_of_8_bits_is_the_nearest_of_its_channels_steps(nets):
    """No weight is off by more than half a step, a 254th of its channel's span."""
    for whole, rounded in zip(
        ALEXNET.load().state_dict().items(), nets["alexnet"].state_dict().values()
    ):
        name, wanted = whole
        rows, found = (x.reshape(len(x), -1) for x in (wanted, rounded))
        if name.endswith("bias"):
            assert torch.equal(wanted, rounded)
            continue
        step = rows.abs().amax(1, keepdim=True) / 127
        assert ((rows - found).abs() <= step * 0.5001).all()


def test_the_weights_are_light():
    assert len(gzip.compress(pack_alexnet().encode())) <= AFTER_CLICK
    assert len(eight_bits()) == 736_300 + 4 * 2 * 1_206


@pytest.mark.parametrize("wrong", [np.float32(1), np.ones((2, 2), "<f2").T])
def test_only_float16_row_by_row_is_packed(wrong, tmp_path):
    np.save(tmp_path / "a.npy", wrong)
    with pytest.raises(ValueError, match="float16"):
        halves((tmp_path / "a.npy").read_bytes())
    with pytest.raises(ValueError, match=r"no \.npy"):
        halves(b"no array at all")


def test_a_filter_of_zeros_stays_one(tmp_path):
    weight = np.zeros((2, 3), "<f2")
    weight[1] = 1, -2, 0.5
    np.savez(tmp_path / "a.npz", **{"0.weight": weight, "0.bias": np.ones(2, "<f2")})
    packed = eight_bits(tmp_path / "a.npz")
    assert np.frombuffer(packed[:16], "<f4").tolist() == pytest.approx(
        [1, 2 / 127, 1, 1]
    )
    assert np.frombuffer(packed[16:], np.int8).tolist() == [0, 0, 0, 64, -127, 32]


# ------------------------------------------------------------------- the nets


@pytest.mark.parametrize("way", ["plain", "kernel"])
@pytest.mark.parametrize("name", KINDS)
def test_logits_are_torchs(logits, nets, images, name, way):
    wanted = nets[name](KINDS[name].see(images.float() / 255))
    found = torch.tensor(logits[f"{name} {way}"])
    assert len(found) >= 100
    assert (found - wanted).abs().max() <= 1e-4


@pytest.fixture(scope="module")
def logits(files, images) -> dict:
    """What the page's nets make of all images, with the kernel and without."""
    return ask("logits", nets=list(files.values()), images=text_of(images))


def test_the_kernel_was_used(logits):
    for name in KINDS:
        assert logits[f"{name} plain"] != logits[f"{name} kernel"]


@pytest.mark.parametrize("name", KINDS)
def test_an_answer_reaches_the_page_whole(files, nets, images, name):
    found = ask("answers", net=files[name], images=text_of(images[:3]))
    wanted = nets[name](KINDS[name].see(images[:3].float() / 255)).softmax(1)
    assert all(row["same"] for row in found)
    shares = torch.tensor([row["shares"] for row in found])
    assert (shares - wanted).abs().max() < 1e-4


def test_a_convolution_with_strides_is_torchs():
    torch.manual_seed(0)
    for shape, kernel, padding, stride in [
        ((2, 13, 11), 5, 1, 4), ((1, 9, 9), 3, 0, 2), ((3, 8, 10), 4, 2, 3),
    ]:  # fmt: skip
        conv = nn.Conv2d(shape[0], 4, kernel, stride, padding)
        X = torch.randn(1, *shape, requires_grad=True)
        Y = conv(X)
        gradient = torch.randn_like(Y)
        Y.backward(gradient)
        numbers = {
            "x": X, "weight": conv.weight, "bias": conv.bias, "gradient": gradient,
        }  # fmt: skip
        found = ask(
            "strided", shape=shape, channels=4, kernelSize=kernel,
            padding=padding, stride=stride,
            **{name: value.flatten().tolist() for name, value in numbers.items()},
        )  # fmt: skip
        for name, wanted in [
            ("output", Y), ("input", X.grad), ("weight", conv.weight.grad),
        ]:  # fmt: skip
            assert found[name] == pytest.approx(wanted.flatten().tolist(), abs=1e-4)


def test_enlarging_is_torchs():
    torch.manual_seed(0)
    X = torch.randn(1, 2, 9, 7)
    found = ask("enlarge", shape=[2, 9, 7], factor=8, x=X.flatten().tolist())
    wanted = F.interpolate(X, scale_factor=8, mode="bilinear")
    assert found == pytest.approx(wanted.flatten().tolist(), abs=1e-6)


# -------------------------------------------------------------------- a cell


def test_the_stages_of_both_nets(files):
    rows = {
        name: [
            (s["kind"], s["number"], s["maps"], s["size"], s["shown"])
            for s in ask("stages", net=files[name])
        ]
        for name in KINDS
    }
    assert rows["lenet"] == [
        ("conv", 1, 6, 28, "Sigmoid"), ("pool", 1, 6, 14, "AvgPool2d"),
        ("conv", 2, 16, 10, "Sigmoid"), ("pool", 2, 16, 5, "AvgPool2d"),
        ("linear", 1, 120, 1, "Sigmoid"), ("linear", 2, 84, 1, "Sigmoid"),
        ("linear", 3, 10, 1, "Linear"),
    ]  # fmt: skip
    assert rows["alexnet"] == [
        ("conv", 1, 12, 54, "ReLU"), ("pool", 1, 12, 26, "MaxPool2d"),
        ("conv", 2, 32, 26, "ReLU"), ("pool", 2, 32, 12, "MaxPool2d"),
        ("conv", 3, 48, 12, "ReLU"), ("conv", 4, 48, 12, "ReLU"),
        ("conv", 5, 32, 12, "ReLU"), ("pool", 3, 32, 5, "MaxPool2d"),
        ("linear", 1, 512, 1, "ReLU"), ("linear", 2, 512, 1, "ReLU"),
        ("linear", 3, 10, 1, "Linear"),
    ]  # fmt: skip


@pytest.mark.parametrize("name", KINDS)
def test_a_cells_sum_is_what_torch_makes_of_it(files, nets, images, name):
    """Corners and drawn cells of each stage."""
    torch.manual_seed(1)
    net = nets[name]
    outputs = outputs_of(net, KINDS[name].see(images[:1].float() / 255))
    sums = [
        (Y, layer)
        for Y, layer in zip(
            outputs, [la for la in net if not isinstance(la, nn.Flatten | nn.Dropout)]
        )
        if not isinstance(layer, nn.Sigmoid | nn.ReLU)
    ]
    cells, wanted, sizes = [], [], []
    for stage, (Y, layer) in enumerate(sums):
        _, maps, *rest = Y.shape
        side = rest[0] if rest else 1
        drawn = torch.randint(side, (10, 2)).tolist()
        for row, column in [(0, 0), (side - 1, side - 1), *drawn]:
            channel = int(torch.randint(maps, ()))
            cells.append([stage, channel, row, column])
            wanted.append(
                (Y[0, channel, row, column] if rest else Y[0, channel]).item()
            )
            if hasattr(layer, "weight"):
                sizes.append(layer.weight[0].numel())
            else:
                sizes.append(layer.kernel_size**2)
    found = ask("sums", net=files[name], images=text_of(images[:1]), cells=cells)
    for cell, value, size in zip(found, wanted, sizes, strict=True):
        assert cell["sum"] == pytest.approx(value, abs=1e-4)
        assert cell["total"] == pytest.approx(value, abs=1e-4)
        assert cell["products"] == size == np.prod(cell["shape"])


@pytest.mark.parametrize("name", KINDS)
def test_a_cell_sees_what_its_gradient_reaches(files, nets, name):
    """Pixels of the 28 × 28 image, through the enlarging; torch in 64 bits.

    All weights are 1 and each pool averages, so that no path is closed.
    """
    torch.manual_seed(0)
    X = torch.rand(1, 1, SIDE, SIDE, dtype=torch.float64, requires_grad=True)
    Y, stage, cells, wanted = KINDS[name].see(X), 0, [], []
    for layer in nets[name]:
        if isinstance(layer, nn.Flatten):
            break
        if isinstance(layer, nn.Conv2d):
            ones = torch.ones_like(layer.weight[:1, :1], dtype=torch.float64)
            Y = F.conv2d(Y, ones, stride=layer.stride, padding=layer.padding)
        elif isinstance(layer, nn.AvgPool2d | nn.MaxPool2d):
            Y = F.avg_pool2d(Y, layer.kernel_size, layer.stride)
        else:
            continue
        side = Y.shape[-1]
        corners = [(0, 0), (side - 1, side - 1)]
        for row, column in [*corners, *torch.randint(side, (20, 2)).tolist()]:
            (slope,) = torch.autograd.grad(Y[0, 0, row, column], X, retain_graph=True)
            seen = slope[0, 0] != 0
            axes = (seen.any(1 - axis).nonzero().flatten() for axis in (0, 1))
            wanted.append([[ends[0].item(), ends[-1].item()] for ends in axes])
            cells.append([stage, 0, row, column])
        stage += 1
    image = torch.zeros(1, SIDE, SIDE, dtype=torch.uint8)
    found = ask("sums", net=files[name], images=text_of(image), cells=cells)
    assert [cell["field"] for cell in found] == wanted
    everything = ask(
        "sums", net=files[name], images=text_of(image), cells=[[stage, 3, 0, 0]]
    )
    assert everything[0]["field"] == [[0, 27], [0, 27]]


# -------------------------------------------------------------------- the pad


def shift(image: np.ndarray, dx: int, dy: int) -> np.ndarray:
    """Return the image moved right and down; what comes in is 0."""
    frame = np.pad(image, SIDE)
    return frame[SIDE - dy : 2 * SIDE - dy, SIDE - dx : 2 * SIDE - dx]


def as_floats(images: Tensor) -> np.ndarray:
    """Images as the page has them."""
    return images[:, 0].numpy().astype(np.float32) / np.float32(255)


def test_shifting(images):
    moves = [(0, 0), (4, 0), (-3, 0), (0, 5), (2, -7), (14, 0), (-14, 14)]
    found = ask(
        "moved",
        images=text_of(images[:3]),
        moves=[{"dx": x, "dy": y} for x, y in moves],
    )
    for image, moved in zip(as_floats(images[:3]), found, strict=True):
        for move, numbers in zip(moves, moved, strict=True):
            wanted = shift(image, *move)
            assert np.array_equal(np.array(numbers, np.float32), wanted.flatten())


def test_thickening_takes_the_largest_of_five_neighbours(images):
    steps = (-3, -1, 0, 1, 2)
    found = ask(
        "moved", images=text_of(images[:3]), moves=[{"thick": n} for n in steps]
    )
    for image, moved in zip(as_floats(images[:3]), found, strict=True):
        for n, numbers in zip(steps, moved, strict=True):
            wanted, best = image, np.max if n > 0 else np.min
            for _ in range(abs(n)):
                crosses = [(0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)]
                wanted = best([shift(wanted, *cross) for cross in crosses], axis=0)
            assert np.array_equal(np.array(numbers, np.float32), wanted.flatten())


def test_turning_is_torchs_bilinear_sampling(images):
    turns = (0, 5, -30, 90, 180, 137)
    X = torch.from_numpy(as_floats(images[:3]))[:, None]
    found = ask("moved", images=text_of(images[:3]), moves=[{"turn": n} for n in turns])
    for n, column in zip(turns, zip(*found), strict=True):
        angle = np.deg2rad(n)
        matrix = [[np.cos(angle), np.sin(angle), 0], [-np.sin(angle), np.cos(angle), 0]]
        theta = torch.tensor(matrix, dtype=torch.float32).expand(3, 2, 3)
        grid = F.affine_grid(theta, list(X.shape), align_corners=False)
        wanted = F.grid_sample(X, grid, align_corners=False).flatten(1)
        assert (torch.tensor(column) - wanted).abs().max() < 1e-4


def test_a_turned_drawing_is_a_drawing(images):
    found = np.array(ask("turnedDrawing", images=text_of(images[:2]), turn=35))
    assert set(np.unique(found.round(3))) == {0, 0.7}


def test_moves_of_a_link_keep_the_garment_in_sight():
    moves = [
        {"dx": 9e9, "dy": -99}, {"turn": 270}, {"turn": -180}, 
        {"turn": 365, "thick": 7}, {"thick": -9.4, "dx": 2.6},
    ]  # fmt: skip
    found = ask("allowed", moves=moves)
    assert [[m["thick"], m["turn"], m["dx"], m["dy"]] for m in found] == [
        [0, 0, 14, -14], [0, -90, 0, 0], [0, 180, 0, 0], [3, 5, 0, 0], [-3, 0, 3, 0],
    ]  # fmt: skip


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
    drawn = torch.from_numpy(np.stack([small, full, odd, nothing]))
    found = np.array(ask("centred", images=text_of(drawn)), np.float32)
    grown, *moved, empty = (found.reshape(-1, SIDE, SIDE) * 255).round()
    wanted = np.zeros((SIDE, SIDE))
    wanted[:, 7:21] = np.floor((np.arange(SIDE) + 0.5) * 10 / SIDE)[:, None] + 1
    assert np.array_equal(grown, wanted)
    assert np.array_equal(moved, [shift(full, 7, 0), shift(odd, 6, 0)])
    assert not empty.any()


def test_a_link_holds_the_drawing(images):
    texts = ["", "AAAA", "!" * 131, "A" * 130, "A" * 132]
    found = ask("links", images=text_of(images[:10]), texts=texts)
    for image, row in zip(as_floats(images[:10]), found["drawings"], strict=True):
        assert row["same"]
        assert re.fullmatch(r"[\w-]{131}", row["text"])
        bits = base64.urlsafe_b64decode(row["text"] + "=")
        assert len(bits) == 98
        wanted = np.packbits((image > np.float32(THRESHOLD)).flatten()).tobytes()
        assert bits == wanted
    assert found["others"] == [None] * 5


# ------------------------------------------------------------------ the words


def test_the_words_are_the_books_and_know_their_plurals():
    words = ask("words")
    assert tuple(words["classes"]) == CLASSES
    assert words["grey"] == GREY
    assert words["units"] == ["1 unit", "512 units"]
    assert words["moves"] == [
        "", " · 1 pixel right", " · 3 pixels left, 2 pixels down",
        " · 1 pixel up, turned by −15°, 2 steps thicker", " · 1 step thinner",
    ]  # fmt: skip


def test_signs_have_one_colour_in_all_figures():
    """Blue is above zero and orange below, in this figure and the window's."""
    style = (FOLDER / "window.css").read_text("utf-8")
    window = [
        [int(text[i : i + 2], 16) for i in (0, 2, 4)]
        for end in ("minus", "plus")
        for text in re.findall(rf"--window-{end}: #(\w+);", style)
    ]
    minus, plus = (ask("signs")[end] for end in ("minus", "plus"))
    blues = [colour[2] > colour[0] for colour in (*window, minus, plus)]
    assert blues == [False, False, True, True, False, True]


def test_what_the_dares_teach_is_so(nets, images):
    """An empty pad is told with certainty by one; the moved boot fools both."""
    empty = torch.zeros(1, 1, SIDE, SIDE)
    lenet, alexnet = (
        first_answer(KINDS[name], nets[name], empty) for name in ("lenet", "alexnet")
    )
    assert lenet[0] == "sandal"
    assert lenet[1] > 0.99
    assert alexnet[1] < 0.3  # so that certainty is no measure of anything here
    boot = F.pad(images[:1].float() / 255, (SHIFT, -SHIFT))
    for name in KINDS:
        assert first_answer(KINDS[name], nets[name], boot)[0] != "ankle boot"
        still = first_answer(KINDS[name], nets[name], images[:1].float() / 255)
        assert still[0] == "ankle boot"


def test_the_recorded_accuracies_are_those_of_these_nets(nets, images):
    """The empty pad again, and the first 120 images within what 120 can say."""
    record = accuracies()["nets"]
    labels = read_split(SAMPLE, "t10k")[1][:120]
    rows = {"LeNet, 16 bits": "lenet", "AlexNet, 8 bits": "alexnet"}
    for row, name in rows.items():
        answer, share = first_answer(KINDS[name], nets[name], torch.zeros(1, 1, 28, 28))
        assert record[row]["empty pad"] == [answer, pytest.approx(share, abs=1e-3)]
        predicted = nets[name](KINDS[name].see(images.float() / 255)).argmax(1)
        found = (predicted == labels).float().mean().item()
        assert found == pytest.approx(record[row]["test images"], abs=0.09)
    eight, sixteen = (
        record[f"AlexNet, {bits} bits"]["test images"] for bits in (8, 16)
    )
    assert abs(eight - sixteen) < 0.002
    assert set(accuracies()["made"]) == {"device", "precision", "torch", "date"}


def test_the_table_without_a_script_holds_both_nets_answers(images):
    table = answers_table(images[0].float() / 255)
    rows = re.findall(r"<tr><td>(.*?)</td><td>(\d+) %</td><td>(\d+) %</td></tr>", table)
    assert [name for name, *_ in rows] == list(CLASSES)
    for column in (1, 2):
        shares = [int(row[column]) for row in rows]
        assert CLASSES[int(np.argmax(shares))] == "ankle boot"
        assert 97 <= sum(shares) <= 103


# ---------------------------------------------------------------- the scripts


def test_little_is_loaded_before_the_click():
    assert len(gzip.compress(page_script(["garment"]).encode())) <= BEFORE_CLICK


def test_what_comes_after_the_click_runs(tmp_path):
    script = f"const app = {late_script('garment_app')};\n"
    worker = "globalThis.self = {};\n" + worker_script("answerer")
    for text, shown in (
        (script, "typeof app.start"),
        (worker, "typeof self.onmessage"),
    ):
        done = subprocess.run(
            ["node", "-"],
            input=f"var matchMedia = () => ({{}});\n{text}\nconsole.log({shown});",
            env=NODE, capture_output=True, encoding="utf-8",
        )  # fmt: skip
        assert done.stdout == "function\n", done.stderr


def test_no_word_is_left_in_the_code():
    """Texts of two words and more stand in words_en.js alone."""
    names = sorted(path.stem for path in FOLDER.glob("garment*.js"))
    for name in (*names, "cells", "drawing"):
        code = re.sub(r"//.*", "", (FOLDER / f"{name}.js").read_text("utf-8"))
        texts = re.findall(r'"([A-Z][a-z]+ [^"\n]*|[a-z]+ [a-z]+ [a-z][^"\n]*)"', code)
        assert not texts, name


def test_weights_of_another_net_are_refused(files, tmp_path):
    packed = json.loads(pack_alexnet())
    short = gzip.decompress(base64.b64decode(packed["weights"]))[:-1]
    weights = base64.b64encode(gzip.compress(short)).decode()
    (tmp_path / "short").write_text(json.dumps({"weights": weights}), "utf-8")
    with pytest.raises(AssertionError, match=r"736300 weights, not 736299"):
        ask("stages", net={"name": "alexnet", "file": str(tmp_path / "short")})
