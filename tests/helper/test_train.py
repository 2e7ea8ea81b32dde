"""Training and measuring, against plain loops in PyTorch."""

import copy
import math
import os
import signal

import pytest
import torch
import torch._dynamo  # Adam loads it, and it looks into what is patched below
from IPython.core.formatters import DisplayFormatter
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from d2l_lite import evaluate, train_image_classifier
from d2l_lite.data import SAMPLE, Minibatches, read_split

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def plain_processor(monkeypatch):
    """Compute on the CPU in float32, as the oracle does."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)


@pytest.fixture(scope="module")
def sample():
    return read_split(SAMPLE, "t10k")


@pytest.fixture
def batches(sample):
    """Return a function that makes minibatches of the sample's first images."""
    images, labels = sample

    def make(n=24, batch_size=8, shuffle=False):
        return Minibatches(
            images[:n], labels[:n], batch_size, shuffle=shuffle, device=CPU
        )

    return make


def make_net(seed=0, dropout=0.0):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(784, 32),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(32, 10),
    )


def weights(net):
    return torch.cat([p.detach().flatten() for p in net.parameters()])


def history(run):
    return (
        run.train_loss, run.train_acc, run.test_loss, run.test_acc, run.step_loss
    )  # fmt: skip


class Loader(list):
    """Minibatches in a list: the least that a foreign loader can be."""


# --------------------------------------------------------------------- measuring


def test_evaluate_switches_dropout_off_and_changes_nothing(batches):
    net = make_net(dropout=0.9).train()
    before = weights(net)
    one, two = evaluate(net, batches()), evaluate(net, batches())
    assert one == two
    assert torch.equal(weights(net), before)
    assert all(p.grad is None for p in net.parameters())
    assert one[0] == pytest.approx(evaluate(make_net(), batches())[0])


def test_a_training_is_a_plain_loop_with_torchs_adam(batches):
    net = make_net()
    oracle = copy.deepcopy(net).double()
    train_iter, test_iter = batches(n=19), batches(n=13)
    run = train_image_classifier(net, train_iter, test_iter, lr=0.01, num_epochs=2)
    optimizer = torch.optim.Adam(oracle.parameters(), lr=0.01)
    steps = []
    for epoch in range(2):
        total, hits = 0.0, 0
        for X, y in train_iter:
            logits = oracle(X.double())
            loss = F.cross_entropy(logits, y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            hits += (logits.argmax(1) == y).sum().item()
            steps.append(loss.item())
        assert run.train_loss[epoch] == pytest.approx(total / 19, rel=1e-4)
        assert run.train_acc[epoch] == hits / 19
    with torch.no_grad():
        X, y = map(torch.cat, zip(*test_iter))
        logits = oracle(X.double())
    assert run.step_loss == pytest.approx(steps, rel=1e-4)
    assert run.peak_step_loss == pytest.approx(max(steps), rel=1e-4)
    assert run.test_loss[-1] == pytest.approx(F.cross_entropy(logits, y).item(), 1e-4)
    assert run.test_acc[-1] == (logits.argmax(1) == y).sum().item() / 13
    torch.testing.assert_close(
        weights(net), weights(oracle).float(), atol=1e-4, rtol=1e-3
    )


def test_adam_has_pytorchs_defaults(batches, monkeypatch):
    made = []

    class Spy(torch.optim.Adam):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            made.append(self)

    defaults = torch.optim.Adam([torch.zeros(1)], lr=0.02).defaults
    monkeypatch.setattr(torch.optim, "Adam", Spy)
    train_image_classifier(make_net(), batches(), batches(), 0.02, 1)
    (optimizer,) = made
    for key in ("lr", "betas", "eps", "weight_decay", "amsgrad", "maximize"):
        assert optimizer.defaults[key] == defaults[key]


def test_a_run_knows_its_recipe_and_its_birthplace(batches):
    run = train_image_classifier(make_net(), batches(), batches(), 0.01, 3, seed=5)
    assert len(run.seconds) == 3
    assert run.settings == {"lr": 0.01, "num_epochs": 3, "seed": 5}
    assert set(run.made) == {"device", "precision", "torch", "date"}
    assert run.made["torch"] == torch.__version__


@pytest.mark.parametrize("has_units", [False, True])
def test_the_run_says_in_which_number_type_it_was_computed(
    batches, monkeypatch, has_units
):
    seen = set()

    class Spy(nn.Linear):
        def forward(self, X):
            Y = super().forward(X)
            seen.add(str(Y.dtype))
            return Y

    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: has_units)
    net = nn.Sequential(nn.Flatten(), Spy(784, 10))
    run = train_image_classifier(net, batches(), batches(), 0.01, 1)
    assert seen == {f"torch.{run.made['precision']}"}
    assert seen == {"torch.bfloat16" if has_units else "torch.float32"}
    assert net[1].weight.dtype == torch.float32


# ------------------------------------------------------------------- what is shown


def test_the_run_is_printed_once_and_the_progress_goes_to_standard_error(
    batches, capsys
):
    run = train_image_classifier(make_net(), batches(), batches(), 0.01, 2)
    assert DisplayFormatter().format(run) == ({}, {})  # nor shown by a notebook
    printed = capsys.readouterr()
    assert printed.out == f"{run}\n"
    assert "6/6" in printed.err
    assert "epoch 2 of 2" in printed.err
    assert "loss" not in printed.err


# -------------------------------------------------------------- Jupyter's stop button


@pytest.fixture
def press_stop(monkeypatch):
    """Return a function that sends SIGINT from within the n-th step."""
    original = torch.optim.Adam.step

    def press(number):
        calls = []

        def step(*args, **kwargs):
            calls.append(number)
            if len(calls) == number:
                signal.raise_signal(signal.SIGINT)
            return original(*args, **kwargs)

        monkeypatch.setattr(torch.optim.Adam, "step", step)

    return press


def test_an_interrupted_training_leaves_a_net_and_the_epochs_that_are_done(
    batches, press_stop, capsys, monkeypatch
):
    whole = train_image_classifier(make_net(dropout=0.5), batches(), batches(), 0.01, 2)
    capsys.readouterr()
    press_stop(8)  # three steps an epoch
    net = make_net(dropout=0.5)
    run = train_image_classifier(net, batches(), batches(), 0.01, 4)
    assert run.train_loss == pytest.approx(whole.train_loss)
    assert run.test_acc == pytest.approx(whole.test_acc)
    assert len(run.step_loss) == 6 and len(run.seconds) == 2
    assert capsys.readouterr().out == f"stopped after 2 of 4 epochs\n{run}\n"
    assert not net.training
    monkeypatch.undo()
    again = train_image_classifier(net, batches(), batches(), 0.01, 1)
    assert again.train_loss[-1] < run.train_loss[0]


def test_gradients_left_by_an_interruption_do_not_count(batches):
    nets = make_net(), make_net()
    for p in nets[1].parameters():
        p.grad = torch.ones_like(p)
    runs = [train_image_classifier(net, batches(), batches(), 0.01, 1) for net in nets]
    assert history(runs[0]) == history(runs[1])


def test_interrupted_in_the_first_epoch_there_is_no_last_line(
    batches, press_stop, capsys
):
    press_stop(2)
    run = train_image_classifier(make_net(), batches(), batches(), 0.01, 4)
    assert capsys.readouterr().out == "stopped after 0 of 4 epochs\n"
    assert run.train_loss == run.step_loss == []
    assert str(run) == "no epoch was finished"


# ------------------------------------------------------------------ foreign parts


def test_a_torch_dataloader_gives_what_our_minibatches_give(batches):
    def loader(data_iter):
        X, y = map(torch.cat, zip(*data_iter))
        return DataLoader(TensorDataset(X, y), batch_size=8)

    train_iter, test_iter = batches(n=19), batches(n=13)
    one, two = make_net(), make_net()
    ours = train_image_classifier(one, train_iter, test_iter, 0.01, 2)
    theirs = train_image_classifier(two, loader(train_iter), loader(test_iter), 0.01, 2)
    assert history(ours) == history(theirs)
    assert torch.equal(weights(one), weights(two))


# ------------------------------------------------------------------- reproducible


def test_the_same_seed_gives_the_same_run_and_another_seed_another(batches):
    def train(seed):
        net = make_net(dropout=0.5)
        run = train_image_classifier(
            net, batches(shuffle=True), batches(), 0.01, 2, seed=seed
        )
        return weights(net), history(run)

    (one, lines), (two, same), (three, other) = train(1), train(1), train(2)
    assert torch.equal(one, two)
    assert lines == same
    assert not torch.equal(one, three)
    assert lines != other


def test_the_seed_also_rules_minibatches_that_were_used_before(batches):
    fresh, used = batches(shuffle=True), batches(shuffle=True)
    list(used)
    one, two = (
        train_image_classifier(make_net(), train_iter, batches(), 0.01, 1, seed=4)
        for train_iter in (fresh, used)
    )
    assert history(one) == history(two)


def test_the_first_weights_are_drawn_where_the_net_is_built_not_by_the_seed(batches):
    runs = [
        train_image_classifier(make_net(first), batches(), batches(), 0.01, 1, seed=0)
        for first in (0, 1)
    ]
    assert runs[0].step_loss[0] != runs[1].step_loss[0]


# ----------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("lr", x) for x in (0, -1, math.nan, math.inf, "0.01", None, [0.01])],
        *[("num_epochs", x) for x in (0, -1, 1.5, "1", None, True)],
        *[("seed", x) for x in (2.5, "1", -1, 2**64, True)],
    ],
)
def test_another_recipe_is_refused_and_the_net_left_as_it_was(batches, name, value):
    net = make_net()
    before = weights(net)
    recipe = {"lr": 0.01, "num_epochs": 1} | {name: value}
    with pytest.raises(ValueError, match=f"^{name} must be .*, not ") as caught:
        train_image_classifier(net, batches(), batches(), **recipe)
    assert str(caught.value).endswith(f"not {value!r}")
    assert torch.equal(weights(net), before)


@pytest.mark.parametrize("seed", [0, 2**64 - 1])
def test_any_seed_that_torch_takes_is_taken(batches, seed):
    train_image_classifier(make_net(), batches(), batches(), 0.01, 1, seed=seed)


def empty_minibatches():
    images = torch.zeros(0, 1, 28, 28, dtype=torch.uint8)
    return Minibatches(images, torch.zeros(0), 4, device=CPU)


@pytest.mark.parametrize("make", [Loader, empty_minibatches])
def test_empty_data_are_refused(batches, make):
    with pytest.raises(ValueError, match="empty"):
        evaluate(make_net(), make())
    with pytest.raises(ValueError, match="empty"):
        train_image_classifier(make_net(), make(), batches(), 0.01, 1)
    with pytest.raises(ValueError, match="empty"):
        train_image_classifier(make_net(), batches(), make(), 0.01, 1)


@pytest.mark.parametrize("label", [10, -1])
def test_labels_outside_0_to_9_are_refused(batches, label):
    (X, y), *_ = batches()
    y = y.clone()
    y[3] = label
    faulty = Loader([(X, y)])
    with pytest.raises(ValueError, match=rf"labels must lie in 0\.\.9.*{label}"):
        evaluate(make_net(), faulty)
    with pytest.raises(ValueError, match=rf"labels must lie in 0\.\.9.*{label}"):
        train_image_classifier(make_net(), faulty, batches(), 0.01, 1)


@pytest.mark.parametrize(
    "last", [nn.Linear(784, 9), nn.Linear(784, 11), nn.Unflatten(1, (2, 392))], ids=str
)
def test_logits_of_another_shape_are_refused(batches, last):
    net = nn.Sequential(nn.Flatten(), last)
    with pytest.raises(ValueError, match=r"gave \(8, .* logits, not \(8, 10\)"):
        evaluate(net, batches())


def test_a_loss_that_is_no_number_is_refused_with_its_step(batches, capsys):
    (X, y), *_ = batches()

    class Late(Loader):
        """In its second epoch the second of four minibatches is infinite."""

        epochs = 0

        def __iter__(self):
            self.epochs += 1
            for step in range(4):
                is_bad = (self.epochs, step) == (2, 1)
                yield (X * math.inf if is_bad else X), y

    with pytest.raises(ValueError, match=r"loss is nan at step 6: .* smaller lr"):
        train_image_classifier(make_net(), Late([None] * 4), batches(), 0.01, 3)
    assert "loss" not in capsys.readouterr().out


def test_a_last_step_that_spoils_the_net_is_seen_in_the_test_pass(batches):
    one = batches(n=8)  # one step an epoch: its own loss is still finite
    with pytest.raises(ValueError, match=r"loss is (nan|inf) at step 2: .* smaller lr"):
        train_image_classifier(make_net(), one, one, 1e38, 1)


def test_a_finished_training_leaves_the_net_ready_for_answers(batches, tmp_path):
    for _ in range(2):  # the second finds the finished checkpoint
        net = make_net(dropout=0.5)
        path = tmp_path / "run.pt"
        train_image_classifier(
            net, batches(), batches(), 0.01, 1, seed=0, checkpoint=path
        )
        assert not net.training


@pytest.mark.parametrize("folder", ["there", "not there"])
def test_a_checkpoint_that_could_not_be_written_is_refused_before_the_first_step(
    batches, tmp_path, monkeypatch, folder
):
    there = tmp_path / "there"
    there.mkdir(0o500)
    if os.access(there, os.W_OK):  # root may write everywhere, and so may Windows
        access = os.access
        monkeypatch.setattr(
            os, "access", lambda p, mode: p != there and access(p, mode)
        )
    net, path = make_net(), tmp_path / folder / "run.pt"
    before = weights(net)
    with pytest.raises(ValueError, match=r"make a writable folder for .* first"):
        train_image_classifier(net, batches(), batches(), 0.01, 1, checkpoint=path)
    assert torch.equal(weights(net), before)


def test_images_too_small_for_the_net_are_refused_with_the_layer(batches):
    net = nn.Sequential(
        nn.Conv2d(1, 2, 7, stride=4),
        nn.ReLU(),
        nn.MaxPool2d(7),
        nn.Flatten(),
        nn.Linear(2, 10),
    )
    refusal = r"Layer 2, MaxPool2d, does not fit.*\n.*whole net 31"
    with pytest.raises(ValueError, match=refusal):
        evaluate(net, batches())
    with pytest.raises(ValueError, match=refusal):
        train_image_classifier(net, batches(), batches(), 0.01, 1)


def test_an_error_of_another_kind_keeps_its_own_words(batches):
    class Broken(nn.Module):
        def forward(self, X):
            raise RuntimeError("my own words")

    with pytest.raises((RuntimeError, ValueError), match="my own words"):
        evaluate(nn.Sequential(nn.Flatten(), Broken()), batches())
    with pytest.raises(RuntimeError, match="my own words"):
        evaluate(Broken(), batches())
