"""Training and measuring, against plain loops in PyTorch."""

import copy
import math
import os
import re
import signal

import pytest
import torch
import torch._dynamo  # Adam loads it, and it looks into what is patched below
from IPython.core.formatters import DisplayFormatter
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from d2l_lite import alexnet, evaluate, train_image_classifier
from d2l_lite.data import SAMPLE, Minibatches, read_split

CPU = torch.device("cpu")
LAST_LINE = re.compile(
    r"^loss \d+\.\d{3}, train acc [01]\.\d{6}, test acc [01]\.\d{6}$", re.MULTILINE
)


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


def test_evaluate_weighs_every_image_alike_though_the_last_minibatch_is_short(
    batches,
):
    net, data_iter = make_net(), batches(n=19, batch_size=8)
    with torch.no_grad():
        net[-1].bias[:] = torch.linspace(-3, 3, 10)  # so that minibatches differ
    oracle = copy.deepcopy(net).double()
    losses, hits, of_batches = [], [], []
    for X, y in data_iter:
        logits = oracle(X.double())
        loss = F.cross_entropy(logits, y, reduction="none")
        losses += loss.tolist()
        hits += (logits.argmax(1) == y).tolist()
        of_batches.append(loss.mean().item())
    loss, acc = evaluate(net, data_iter)
    assert len(losses) == 19
    assert loss == pytest.approx(sum(losses) / 19, rel=1e-6)
    assert acc == sum(hits) / 19
    assert abs(sum(of_batches) / 3 - loss) > 1e-3  # a mean of means is caught


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


def test_a_small_net_learns_64_images_by_heart(batches):
    train_iter = batches(n=64, batch_size=16, shuffle=True)
    run = train_image_classifier(make_net(), train_iter, train_iter, 0.01, 30)
    assert run.test_acc[-1] == 1
    assert run.test_loss[-1] < 0.1
    assert run.train_loss[0] > 1


def test_the_history_has_an_entry_an_epoch_and_the_losses_one_a_step(batches):
    run = train_image_classifier(make_net(), batches(n=19), batches(), 0.01, 3, seed=5)
    per_epoch = (
        run.train_loss, run.train_acc, run.test_loss, run.test_acc, run.seconds
    )  # fmt: skip
    assert [len(values) for values in per_epoch] == [3] * 5
    assert len(run.step_loss) == 3 * 3
    assert run.settings == {"lr": 0.01, "num_epochs": 3, "seed": 5}
    assert set(run.made) == {"device", "precision", "torch", "date"}
    assert run.made["precision"] == "float32"
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


def test_the_last_line_is_printed_once_in_the_seeds_form(batches, capsys):
    run = train_image_classifier(make_net(), batches(), batches(), 0.01, 2)
    printed = capsys.readouterr()
    assert printed.out == f"{run}\n"
    (line,) = LAST_LINE.findall(printed.out)
    loss, train_acc, test_acc = re.findall(r"\d\.\d+", line)
    assert float(loss) == pytest.approx(run.train_loss[-1], abs=5e-4)
    assert float(train_acc) == pytest.approx(run.train_acc[-1], abs=5e-7)
    assert float(test_acc) == pytest.approx(run.test_acc[-1], abs=5e-7)


def test_the_progress_bar_goes_to_standard_error_alone(batches, capsys):
    train_image_classifier(make_net(), batches(), batches(), 0.01, 2)
    printed = capsys.readouterr()
    assert "6/6" in printed.err
    assert "epoch 2 of 2" in printed.err
    assert "step" not in printed.out
    assert not LAST_LINE.search(printed.err)


def test_a_bare_call_shows_nothing_more_in_a_notebook(batches, capsys):
    run = train_image_classifier(make_net(), batches(), batches(), 0.01, 1)
    assert DisplayFormatter().format(run) == ({}, {})
    assert len(LAST_LINE.findall(capsys.readouterr().out)) == 1


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


def test_interrupted_with_a_checkpoint_the_same_call_goes_on(
    batches, press_stop, tmp_path, monkeypatch
):
    def train(path=None):
        net = make_net(dropout=0.5)
        train_iter = batches(n=19, shuffle=True)
        run = train_image_classifier(
            net, train_iter, batches(), 0.01, 3, seed=1, checkpoint=path
        )
        return history(run), weights(net).tolist()

    expected = train()
    press_stop(5)
    assert len(train(tmp_path / "run.pt")[0][0]) == 1
    monkeypatch.undo()
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
    assert train(tmp_path / "run.pt") == expected


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


def test_a_net_of_ones_own_making_is_trained(batches):
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(()))
            self.last = nn.Linear(784, 10)

        def forward(self, X):
            return self.scale * self.last(X.flatten(1))

    torch.manual_seed(0)
    net = Own()
    before = weights(net)
    run = train_image_classifier(net, batches(), batches(), 0.01, 3)
    assert not (weights(net) == before).all()
    assert net.scale != 1
    assert run.train_loss[-1] < run.train_loss[0]


# ------------------------------------------------------------------- reproducible


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_the_same_seed_gives_the_same_run_and_another_seed_another(batches, dropout):
    def train(seed):
        net = make_net(dropout=dropout)
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
    ("name", "value", "words"),
    [
        *[
            ("lr", x, "lr must be a number above 0")
            for x in (0, -1, math.nan, math.inf)
        ],
        *[("lr", x, "lr must be a number above 0") for x in ("0.01", None, [0.01])],
        *[
            ("num_epochs", x, "num_epochs must be")
            for x in (0, -1, 1.5, "1", None, True)
        ],
        *[("seed", x, "seed must be None or") for x in (2.5, "1", -1, 2**64, True)],
    ],
)
def test_another_recipe_is_refused_and_the_net_left_as_it_was(
    batches, name, value, words
):
    net = make_net()
    before = weights(net)
    recipe = {"lr": 0.01, "num_epochs": 1} | {name: value}
    with pytest.raises(ValueError, match=f"{words}.*, not ") as caught:
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
    bad = Loader([(X, y), (X, y), (X * math.nan, y), (X, y)])
    with pytest.raises(ValueError, match=r"loss is nan at step 3: .* smaller lr"):
        train_image_classifier(make_net(), bad, batches(), 0.01, 1)
    assert "loss" not in capsys.readouterr().out


def test_the_step_of_a_bad_loss_is_counted_through_the_epochs(batches):
    (X, y), *_ = batches()

    class Late(Loader):
        """In its second epoch the second of four minibatches is infinite."""

        epochs = 0

        def __iter__(self):
            self.epochs += 1
            for step in range(4):
                is_bad = (self.epochs, step) == (2, 1)
                yield (X * math.inf if is_bad else X), y

    with pytest.raises(ValueError, match="at step 6:"):
        train_image_classifier(make_net(), Late([None] * 4), batches(), 0.01, 3)


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


def test_a_checkpoint_in_a_folder_that_is_not_there_is_refused_at_once(
    batches, tmp_path
):
    path = tmp_path / "runs" / "run.pt"
    with pytest.raises(ValueError, match=r"make a writable folder for .* first"):
        train_image_classifier(
            make_net(), batches(), batches(), 0.01, 1, checkpoint=path
        )


def test_a_checkpoint_that_could_not_be_written_is_refused_before_the_first_step(
    batches, tmp_path, monkeypatch
):
    tmp_path.chmod(0o500)
    if os.access(tmp_path, os.W_OK):  # root may write everywhere, and so may Windows
        monkeypatch.setattr(os, "access", lambda path, mode: path != tmp_path)
    net = make_net()
    before = weights(net)
    with pytest.raises(ValueError, match=r"make a writable folder for .* first"):
        train_image_classifier(
            net, batches(), batches(), 0.01, 1, checkpoint=tmp_path / "run.pt"
        )
    assert torch.equal(weights(net), before)


def test_an_empty_name_is_no_checkpoint(batches, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="no whole checkpoint"):
        train_image_classifier(make_net(), batches(), batches(), 0.01, 1, checkpoint="")
    assert not list(tmp_path.iterdir())


def test_a_learning_rate_far_too_large_ends_in_the_same_words(batches):
    with pytest.raises(ValueError, match=r"the loss is (nan|inf) at step \d+"):
        train_image_classifier(make_net(), batches(), batches(), 1e30, 20)


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


def test_images_of_28_pixels_are_refused_for_alexnet(batches):
    with pytest.raises(ValueError, match=r"Layer \d+, \w+, does not fit.*\n.* 193\."):
        evaluate(alexnet(), batches(n=1))


def test_an_error_of_another_kind_keeps_its_own_words(batches):
    class Broken(nn.Module):
        def forward(self, X):
            raise RuntimeError("my own words")

    with pytest.raises((RuntimeError, ValueError), match="my own words"):
        evaluate(nn.Sequential(nn.Flatten(), Broken()), batches())
    with pytest.raises(RuntimeError, match="my own words"):
        evaluate(Broken(), batches())
