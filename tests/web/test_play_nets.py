"""The live parts' LeNet: its gradients are torch's, its trainings the record's."""

import hashlib
import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from d2l_lite import lenet
from d2l_lite.data import read_split
from web.assemble_kernel import SOURCE, TARGET, assemble
from web.build import environment_with_node
from web.pack_data import SAMPLE, pack

ROOT = Path(__file__).resolve().parents[2]
RUNNER = ROOT / "tests" / "web" / "play" / "nets.mjs"
RECORD = ROOT / "results" / "play" / "race.json"
ACTIVATIONS = {"sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "ReLU": nn.ReLU}
POOLINGS = {"average": nn.AvgPool2d, "max": nn.MaxPool2d}
VARIANTS = [(a, p, 0) for a in ACTIVATIONS for p in POOLINGS]
VARIANTS += [(a, "max", extra) for a in ("sigmoid", "ReLU") for extra in (1, 2, 4)]
TRAINED = ("sigmoid", "average", 0, "the book's weights")
N, LR, STEPS = 7, 4e-3, 3


def ask(task: str, **settings: object) -> object:
    """Return what the runner answers to a task."""
    done = subprocess.run(
        ["node", str(RUNNER)],
        input=json.dumps({"task": task, **settings}),
        env={**environment_with_node(), "PYTHON": sys.executable},
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def torch_net(activation: str, pooling: str, extra: int) -> nn.Sequential:
    """Return the net of the race, in 64 bits, with torch's first weights."""
    act, pool = ACTIVATIONS[activation], POOLINGS[pooling]
    more = [(nn.Conv2d(16, 16, 3, padding=1), act()) for _ in range(extra)]
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), act(), pool(2, 2),
        nn.Conv2d(6, 16, 5), act(), *sum(more, ()), pool(2, 2), nn.Flatten(),
        nn.Linear(400, 120), act(), nn.Linear(120, 84), act(), nn.Linear(84, 10),
    ).double()  # fmt: skip


def shapes_of(net: nn.Sequential) -> list[list]:
    """Return the name and output shape of each layer, but for Flatten."""
    X, rows = torch.zeros(1, 1, 28, 28, dtype=torch.float64), []
    for layer in net:
        X = layer(X)
        rows.append([type(layer).__name__, *X.shape[1:]])
    return [row for row in rows if row[0] != "Flatten"]


def write(folder: Path, name: str, *tensors: Tensor) -> None:
    """Write tensors one after the other as 64-bit numbers."""
    flat = torch.cat([tensor.detach().double().reshape(-1) for tensor in tensors])
    flat.numpy().astype("<f8").tofile(folder / name)


# ----------------------------------------------------------------------- nets


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """Return, for each variant, torch's net and how far the page's is from it."""
    images, labels = (t[:N] for t in read_split(SAMPLE, "t10k"))
    X = images.double() / 255
    found, tasks = {}, []
    for seed, variant in enumerate([*VARIANTS, TRAINED]):
        torch.manual_seed(seed)
        folder = tmp_path_factory.mktemp("net")
        net = torch_net(*variant[:3])
        if variant == TRAINED:
            weights = np.load(ROOT / "results" / "lenet.npz").items()
            net.load_state_dict({k: torch.from_numpy(w) for k, w in weights})
        write(folder, "images", X)
        write(folder, "labels", labels)
        write(folder, "parameters", *net.parameters())
        optimizer = torch.optim.Adam(net.parameters(), lr=LR)
        for step in range(STEPS):
            optimizer.zero_grad()
            logits = net(X)
            loss = F.cross_entropy(logits, labels)
            loss.backward()
            if step == 0:
                write(folder, "logits", logits)
                write(folder, "loss", loss)
                gradients = [p.grad.clone() for p in net.parameters()]
                write(folder, "gradients", *gradients)
            optimizer.step()
        write(folder, "trained", *net.parameters())
        settings = dict(zip(("activation", "pooling", "extra"), variant[:3]))
        tasks.append({"folder": str(folder), "settings": settings})
        found[variant] = (net, gradients)
    answered = ask("nets", nets=tasks, n=N, lr=LR, steps=STEPS)
    return {v: (*found[v], answer) for v, answer in zip(found, answered)}


@pytest.mark.parametrize("variant", [*VARIANTS, TRAINED])
def test_gradients_and_adam_are_torchs(answers, variant):
    exact = answers[variant][2]["double"]
    assert exact["logits"] < 1e-12
    assert exact["loss"] < 1e-12
    assert exact["gradient"] < 1e-10  # of the worst tensor, relative to its size
    assert exact["adam"] < 1e-10


@pytest.mark.parametrize("variant", [*VARIANTS, TRAINED])
@pytest.mark.parametrize("arithmetic", ["plain", "kernel"])
def test_32_bits_are_enough(answers, variant, arithmetic):
    """But not for the gradient six sigmoids deep.

    There the maps are so flat that rounding decides which pixel is the maximum.
    """
    found = answers[variant][2][arithmetic]
    assert found["logits"] < 1e-5
    if variant != ("sigmoid", "max", 4):
        assert found["gradient"] < 1e-4


def test_32_bits_are_not_64(answers):
    """Otherwise the two tests above would have run the same arithmetic."""
    for variant in VARIANTS:
        exact, plain, kernel = (
            answers[variant][2][name]["logits"]
            for name in ("double", "plain", "kernel")
        )
        assert exact < 1e-12 < min(plain, kernel)
        assert plain != kernel


@pytest.mark.parametrize("variant", VARIANTS)
def test_layers_have_torchs_names_and_shapes(answers, variant):
    net, _, answer = answers[variant]
    assert answer["plain"]["layers"] == shapes_of(net)


def test_the_first_variant_is_the_books_lenet(answers):
    answer = answers["sigmoid", "average", 0][2]
    assert answer["plain"]["layers"] == shapes_of(lenet().double())


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_meter_is_the_mean_gradient_of_each_weight(answers, variant):
    _, gradients, answer = answers[variant]
    weights = [g.abs().mean().item() for g in gradients if g.dim() > 1]
    found = answer["double"]["meter"]
    assert [row["gradient"] for row in found] == pytest.approx(weights, rel=1e-9)
    assert [row["name"] for row in found][-3:] == ["Linear"] * 3


def test_other_numbers_of_parameters_are_refused():
    assert ask("refusal", count=61_706) is None
    assert ask("refusal", count=61_705) == "61706 parameters, not 61705"
    assert ask("refusal", count=61_707) == "61706 parameters, not 61707"


# --------------------------------------------------------------------- layers


@pytest.mark.parametrize("setting", [*POOLINGS, *ACTIVATIONS])
def test_zeros_and_ties_as_in_torch(setting):
    kind = "Pool" if setting in POOLINGS else "Activation"
    layer = POOLINGS[setting](2, 2) if kind == "Pool" else ACTIVATIONS[setting]()
    generator = torch.Generator().manual_seed(0)
    shape, n = (3, 7, 6), 2
    x = torch.randint(-1, 2, (n, *shape), generator=generator).double()
    x.requires_grad_()
    output = layer(x)
    gradient = torch.randn(output.shape, generator=generator).double()
    output.backward(gradient)
    answer = ask(
        "layer", kind=kind, setting=setting, shape=shape, n=n,
        x=x.flatten().tolist(), gradient=gradient.flatten().tolist(),
    )  # fmt: skip
    rounded = setting in ("sigmoid", "tanh")
    same = pytest.approx if rounded else list
    assert answer["output"] == same(output.flatten().tolist())
    assert answer["input"] == same(x.grad.flatten().tolist())


@pytest.mark.parametrize("first", ["torch", "xavier"])
def test_first_weights_fill_their_bounds(first):
    settings = {"firstWeights": first, "extra": 1}
    one, same, other = (ask("first", settings=settings, seed=s) for s in (0, 0, 1))
    assert one == same
    for row, another in zip(one, other):
        outputs, inputs, *kernel = [*row["shape"], 1]
        area = math.prod(kernel)
        if first == "xavier" and len(row["shape"]) == 1:
            assert row["largest"] == 0
            continue
        assert row["sum"] != another["sum"]
        if len(row["shape"]) == 1:
            continue  # its bound is that of the weights
        torch_bound = 1 / math.sqrt(inputs * area)
        xavier_bound = math.sqrt(6 / ((inputs + outputs) * area))
        bound = torch_bound if first == "torch" else xavier_bound
        assert 0.97 * bound < row["largest"] <= bound
        assert abs(row["mean"]) < 4 * bound / math.sqrt(3 * math.prod(row["shape"]))


# --------------------------------------------------------------------- kernel


def test_the_kernel_multiplies_as_javascript_does():
    answer = ask("products")
    assert answer["calls"] == 9 * 8 * 6 * 3 * 2
    assert answer["wrong"] == []


def test_the_kernel_is_its_source_assembled():
    assert TARGET.read_text("utf-8") == assemble(SOURCE.read_text("utf-8"))


# ----------------------------------------------------------------------- data


@pytest.fixture(scope="module")
def packed() -> str:
    """Return the images of the race as the page gets them."""
    return pack()


def test_the_page_unpacks_what_was_packed(packed):
    answer = ask("data", text=packed)
    splits = [read_split(SAMPLE, name) for name in ("train", "t10k")]
    images, labels = (torch.cat(tensors).numpy() for tensors in zip(*splits))
    levels = np.rint(images / 17).astype(np.uint8)
    assert len(labels) == 2_500
    assert answer["training"] == 2_000
    assert answer["labels"] == labels.tolist()
    assert answer["hash"] == hashlib.sha256(levels.tobytes()).hexdigest()


def test_packing_is_small_and_reproducible(packed):
    assert len(packed) <= 700_000
    assert pack() == packed


def test_packing_refuses_more_than_there_is():
    with pytest.raises(ValueError, match=r"holds 2000 bytes of data, not 2001|not 156"):
        pack(train=2_001)


# ------------------------------------------------------------------- training


def test_the_target_is_reached_at_the_second_test_in_a_row():
    rows = [[0.8, 0.7, 0.75, 0.75, 0.9], [0.75, 0.8], [0.76, 0.74, 0.76, 0.74], []]
    assert ask("reached", accuracies=rows) == [1200, 400, None, None]


NET = {"activation": "ReLU", "pooling": "max", "extra": 0, "seed": 0}


def worker(packed: str, settings: dict, *script: tuple) -> list[list[dict]]:
    """Return what the worker says after each message; a message, and until when."""
    steps = [{"type": kind, "until": until} for kind, until in script]
    return ask("worker", text=packed, settings=settings, script=steps)


def test_the_worker_trains_and_says_so(packed):
    script = ("start", {"messages": 3})
    (steps,) = worker(packed, {**NET, "images": 800}, script)
    assert [step["type"] for step in steps] == ["step"] * 3
    assert [step["seen"] for step in steps] == [0, 416, 800]
    assert steps[-1]["accuracy"] > 0.4
    assert len(steps[0]["meter"]) == 5


def test_the_worker_pauses_and_resumes(packed):
    """It looks for messages a hundred times while it says nothing."""
    script = ("start", {"messages": 2}), ("pause", {"rests": 100})
    endless = {**NET, "images": 10**9}
    _, paused, resumed = worker(packed, endless, *script, ("resume", {"messages": 2}))
    assert paused == []
    assert [step["seen"] for step in resumed] == [800, 1216]


def test_the_worker_says_what_failed(packed):
    settings = {**NET, "activation": "cube", "images": 64}
    ((failed,),) = worker(packed, settings, ("start", {"messages": 1}))
    assert failed["type"] == "failed"
    assert failed["message"]


# --------------------------------------------------------------------- record


@pytest.fixture(scope="module")
def record() -> dict:
    """Return the record of the race."""
    return json.loads(RECORD.read_text("utf-8"))


def test_the_record_is_whole(record):
    nets = {(run["activation"], run["pooling"], run["extra"]) for run in record["runs"]}
    assert nets == set(VARIANTS)
    assert {run["seed"] for run in record["runs"]} == {0, 1, 2, 3, 4}
    assert len(record["runs"]) == 5 * len(VARIANTS)
    assert record["seen"][0] == 0
    assert record["seen"][-1] == record["recipe"]["images"] == 12_000
    for run in record["runs"]:
        assert len(run["accuracy"]) == len(record["seen"])
        assert len(run["meter"]) == 5 + run["extra"]


def test_the_race_shows_what_it_should(record):
    """For the first three seeds; the other two are there to show the spread."""
    for run in record["runs"]:
        if run["seed"] > 2 or run["extra"]:
            continue
        at_8000 = run["accuracy"][record["seen"].index(8_000)]
        if (run["activation"], run["pooling"]) == ("ReLU", "max"):
            assert run["reached"] <= 4_000
        if (run["activation"], run["pooling"]) == ("sigmoid", "average"):
            assert at_8000 < 0.7
            assert run["reached"] is None


def test_a_run_again_gives_the_record(record, packed):
    """The beginning of two runs, to the last digit.

    Where exp or tanh differ in a last bit (another Node may bring others), rounding
    grows with each step: then the first 500 test images may differ by five in 100,
    more than twice the standard error of an accuracy of a half (0.022).
    """
    chosen = [("ReLU", "max"), ("sigmoid", "average")]
    settings = [
        {"activation": a, "pooling": p, "extra": 0, "seed": 0} for a, p in chosen
    ]
    answer = ask("rerun", text=packed, runs=settings, images=1_600)
    same = answer["functions"] == record["made"]["functions"]
    for run in answer["runs"]:
        stored = next(r for r in record["runs"] if settings_of(r) == settings_of(run))
        count = len(run["accuracy"])
        assert run["seen"] == record["seen"][:count]
        assert count == 5
        if same:
            assert run["meter"] == stored["meter"]
            assert run["accuracy"] == stored["accuracy"][:count]
        else:
            assert run["meter"] == pytest.approx(stored["meter"], rel=1e-3)
            assert run["accuracy"] == pytest.approx(
                stored["accuracy"][:count], abs=0.05
            )


def settings_of(run: dict) -> tuple:
    """Return what tells a run from others."""
    return tuple(run[key] for key in ("activation", "pooling", "extra", "seed"))
