"""A stopped training goes on as if it had never stopped."""

import os
import pickle
import re
import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path

import pytest
import torch
import torch._dynamo  # Adam loads it, and it looks into what is patched below
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from d2l_lite import train_image_classifier
from d2l_lite.checkpoint import save_checkpoint
from d2l_lite.data import SAMPLE, Minibatches, read_split

ROOT = Path(__file__).resolve().parents[2]
CPU = torch.device("cpu")
STEPS, EPOCHS = 3, 3  # steps an epoch


class Stopped(BaseException):
    """Somebody pulled the plug."""


@pytest.fixture(autouse=True)
def on_cpu(monkeypatch):
    """Compute on the CPU, and save after every step."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(sys.modules["d2l_lite.train"], "SECONDS_BETWEEN_SAVES", 0)


def make_net(dropout=0.5, width=16):
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(784, width),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(width, 10),
    )


def minibatches(n=20, batch_size=8, resize=None, shuffle=True):
    images, labels = read_split(SAMPLE, "t10k")
    return Minibatches(
        images[:n], labels[:n], batch_size, resize, shuffle=shuffle, device=CPU
    )


def data_loader(generator=None, shuffle=True):
    images, labels = read_split(SAMPLE, "t10k")
    pairs = TensorDataset(images[:20].float() / 255, labels[:20])
    return DataLoader(pairs, batch_size=8, shuffle=shuffle, generator=generator)


def own_generator(shuffle=True):
    return data_loader(torch.Generator().manual_seed(7), shuffle)


LOADERS = {
    "ours": minibatches,
    "theirs": data_loader,
    "theirs, own generator": own_generator,
}


def train(make=minibatches, dropout=0.5, seed=3, path=None, **changes):
    """Train a fresh net from fresh minibatches; return all that came out."""
    net = make_net(dropout)
    recipe = {"lr": 0.01, "num_epochs": EPOCHS, "seed": seed} | changes
    run = train_image_classifier(
        net, make(), make(shuffle=False), **recipe, checkpoint=path
    )
    result = asdict(run)
    del result["seconds"]  # all that may differ
    return result, [p.tolist() for p in net.parameters()], str(run)


def stop(event, number, *args, **kwargs):
    """Train, but stop at the n-th step or at the n-th test pass."""
    owner, name = {
        "step": (torch.optim.Adam, "step"),
        "test pass": (sys.modules["d2l_lite.train"], "evaluate"),
    }[event]
    original, calls = getattr(owner, name), []

    def counted(*args, **kwargs):
        calls.append(event)
        if len(calls) == number:
            raise Stopped
        return original(*args, **kwargs)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(Stopped):
        patch.setattr(owner, name, counted)
        train(*args, **kwargs)


# --------------------------------------------------------------------- going on

STOPS = [("step", n) for n in (1, 2, 3, 4, 6, 9)] + [("test pass", n) for n in (1, 2)]


@pytest.mark.parametrize(
    ("event", "number", "seed"), [*((*stop, 3) for stop in STOPS), ("step", 5, None)]
)
@pytest.mark.parametrize("loader", LOADERS)
def test_a_stopped_training_goes_on_as_if_it_had_not_stopped(
    tmp_path, loader, event, number, seed
):
    make, path = LOADERS[loader], tmp_path / "run.pt"
    expected = train(make, seed=seed)
    stop(event, number, make, seed=seed, path=path)
    assert path.exists() == ((event, number) != ("step", 1))
    torch.manual_seed(99)  # a new process has other random numbers
    assert train(make, seed=seed, path=path) == expected


def test_saving_does_not_change_a_training(tmp_path, monkeypatch):
    expected = train()
    assert train(path=tmp_path / "often.pt") == expected
    monkeypatch.setattr(sys.modules["d2l_lite.train"], "SECONDS_BETWEEN_SAVES", 1e9)
    assert train(path=str(tmp_path / "seldom.pt")) == expected


def test_a_finished_training_returns_at_once_and_prints_its_line(
    tmp_path, monkeypatch, capsys
):
    path = tmp_path / "run.pt"
    expected = train(path=path)
    content = path.read_bytes()
    capsys.readouterr()

    def refuse(*args, **kwargs):
        raise AssertionError("there is nothing left to compute")

    monkeypatch.setattr(torch.optim.Adam, "step", refuse)
    monkeypatch.setattr(sys.modules["d2l_lite.train"], "evaluate", refuse)
    assert train(path=path) == expected
    assert capsys.readouterr().out == f"{expected[-1]}\n"
    assert path.read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == ["run.pt"]


# -------------------------------------------------------------------- bad files


def refused(path, words, **changes):
    """Require that a training refuses the file, and leaves it as it was."""
    content = path.read_bytes()
    with pytest.raises(ValueError, match=words) as caught:
        train(path=path, **changes)
    assert str(path) in str(caught.value)
    assert "left as it is" in str(caught.value)
    assert "weights_only" not in str(caught.value)  # how to trust it all the same
    assert path.read_bytes() == content
    assert [other.name for other in path.parent.iterdir()] == [path.name]


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    """The bytes of a whole checkpoint of one epoch."""
    path = tmp_path_factory.mktemp("whole") / "run.pt"
    train(path=path, num_epochs=1)
    return path.read_bytes()


@pytest.fixture
def path(tmp_path, content):
    path = tmp_path / "run.pt"
    path.write_bytes(content)
    return path


BAD = {
    "nothing": lambda content: b"",
    "a byte": lambda content: content[:1],
    "a half": lambda content: content[: len(content) // 2],
    "cut": lambda content: content[:-9],
    "damaged": lambda content: content.replace(content[5000:5100], b"?" * 100),
    "a text": lambda content: b"loss 0.339, train acc 0.874833\n" * 9,
}


@pytest.mark.parametrize("change", BAD)
def test_a_file_that_is_no_whole_checkpoint_is_refused(path, content, change):
    path.write_bytes(BAD[change](content))
    refused(path, "no whole checkpoint", num_epochs=1)


@pytest.mark.parametrize(
    "value", [[1, 2], {"net": {}}, 3.5, {"identity": "mine"}], ids=repr
)
def test_a_file_of_another_program_is_refused(path, value):
    torch.save(value, path)
    refused(path, "checkpoint|made with another", num_epochs=1)


@pytest.mark.parametrize(
    ("words", "changes"),
    [
        ("another recipe", {"lr": 0.02}),
        ("another recipe", {"seed": 4}),
        ("another recipe", {"seed": None}),
        ("another recipe", {"num_epochs": 2}),
        ("another net", {"dropout": 0.25}),
        ("another training data", {"make": partial(minibatches, n=19)}),
        ("another training data", {"make": partial(minibatches, batch_size=7)}),
        ("another training data", {"make": partial(minibatches, resize=28)}),
        ("another training data", {"make": data_loader}),
    ],
    ids=["lr", "seed", "no seed", "epochs", "net", "images", "batch", "size", "loader"],
)
def test_a_checkpoint_of_another_training_is_refused(path, words, changes):
    train(path=path, num_epochs=1)  # of this very training it is taken
    refused(path, words, **{"num_epochs": 1} | changes)


def test_a_folder_is_refused(tmp_path):
    path = tmp_path / "runs"
    path.mkdir()
    (path / "kept.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(
        ValueError, match=r"no whole checkpoint.*left as it is"
    ) as caught:
        train(path=path)
    assert str(path) in str(caught.value)
    assert [file.name for file in path.iterdir()] == ["kept.txt"]


def test_a_name_longer_than_any_file_may_have_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no whole checkpoint"):
        train(path=tmp_path / ("x" * 300))


class Plain(nn.Module):
    """A net whose words do not tell its width."""

    def __init__(self, width):
        super().__init__()
        self.first = nn.Parameter(torch.randn(784, width) / 28)
        self.last = nn.Parameter(torch.randn(width, 10) / width)

    def forward(self, X):
        return (X.flatten(1) @ self.first).relu() @ self.last


def test_nets_of_the_same_words_are_told_apart_by_their_shapes(tmp_path):
    data, path = minibatches(), tmp_path / "run.pt"
    for width in 8, 8:  # the second returns at once
        train_image_classifier(Plain(width), data, data, 0.01, 1, checkpoint=path)
    with pytest.raises(ValueError, match=r"(?s)another net: .*784, 8"):
        train_image_classifier(Plain(16), data, data, 0.01, 1, checkpoint=path)


class Hostile:
    """Unpickling it writes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def in_an_old_file(content, path):
    torch.save(content, path, _use_new_zipfile_serialization=False)


def as_a_pickle(content, path):
    path.write_bytes(pickle.dumps(content))


@pytest.mark.parametrize("trusting", [False, True])
@pytest.mark.parametrize("write", [torch.save, in_an_old_file, as_a_pickle])
@pytest.mark.parametrize("key", ["identity", "net", "run"])
def test_a_hostile_file_is_refused_and_not_run(
    tmp_path, monkeypatch, write, key, trusting
):
    trap, path = tmp_path / "trap", tmp_path / "folder" / "run.pt"
    path.parent.mkdir()
    write({"identity": {}, key: Hostile(trap)}, path)
    if trusting:  # whatever the environment says
        monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    refused(path, "no whole checkpoint")
    assert not trap.exists()
    if write is as_a_pickle:  # the trap works, for those who trust it
        pickle.loads(path.read_bytes())
    else:
        torch.load(path, weights_only=False)
    assert trap.exists()


# What may run a file that it reads.
UNSAFE = re.compile(
    r"\b(import|from) [\w., ]*\b(pickle|dill|joblib|shelve|marshal|cloudpickle)\b"
    r"|torch\.load\((?!.*weights_only=True)|torch\.(jit|hub)\.load\("
    r"|\bread_pickle\(|allow_pickle=(?!False)"
)


def test_no_file_is_read_in_a_way_that_may_run_it():
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for folder in ("d2l_lite", "experiments", "web", "notebooks")
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in (".py", ".ipynb")
        for match in UNSAFE.finditer(path.read_text("utf-8"))
    ]
    assert not found


@pytest.mark.parametrize(
    "source",
    [
        "torch.load(path)",
        "torch.load(path, weights_only=trust)",
        "np.load(path, allow_pickle=True)",
        "import pickle",
        "from pickle import load",
        "import torch, joblib",
    ],
)
def test_a_way_that_may_run_a_file_is_seen(source):
    assert UNSAFE.search(source)
    assert not UNSAFE.search("torch.load(path, weights_only=True)")


# --------------------------------------------------------------- a failing save


@pytest.mark.parametrize("room", [0, 100, 5_000])
def test_an_old_checkpoint_survives_a_disk_that_is_full(path, room):
    resource = pytest.importorskip("resource", reason="POSIX limits files, others not")
    content, before = path.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
    try:
        with pytest.raises(OSError) as caught:
            save_checkpoint(path, {"net": torch.zeros(9_000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert f"{path} was not saved" in str(caught.value)
    assert "choose another place" in str(caught.value)
    assert path.read_bytes() == content
    assert [other.name for other in path.parent.iterdir()] == ["run.pt"]


def test_a_new_checkpoint_replaces_the_old_one_only_when_it_is_on_the_disk(
    path, monkeypatch
):
    content, seen = path.read_bytes(), []
    monkeypatch.setattr(os, "fsync", lambda file: seen.append(path.read_bytes()))
    save_checkpoint(path, {"epoch": 5})
    assert seen == [content]
    assert torch.load(path, weights_only=True) == {"epoch": 5}
    assert [other.name for other in path.parent.iterdir()] == ["run.pt"]
