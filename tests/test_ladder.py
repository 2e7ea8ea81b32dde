"""The ladder: its nets, its plan, the program that runs it, and its records."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from statistics import mean

import jsonschema
import pytest
import torch
from torch import nn

from d2l_lite import alexnet, evaluate, lenet, load_data_fashion_mnist, trace
from d2l_lite.data import SAMPLE, SWITCH
from d2l_lite.ladder import RUNGS, Rung
from results import ladder, plan, record
from tools.cut_data import cut

# ------------------------------------------------------------------------- the nets


def same_net(one, two):
    """Whether two nets have the same layers and the same weights."""
    weights = zip(one.parameters(), two.parameters(), strict=True)
    return repr(one) == repr(two) and all(torch.equal(a, b) for a, b in weights)


def built(build):
    torch.manual_seed(0)
    return build()


def test_the_ladder_begins_at_lenet():
    assert same_net(built(Rung().build), built(lenet))
    assert RUNGS["lenet"] == Rung()


def test_at_width_16_the_ladder_ends_at_alexnet():
    last = replace(RUNGS["resolution"], width=16)
    assert repr(last.build()) == repr(alexnet())


@pytest.mark.parametrize(("change", "before", "after"), plan.STEPS)
def test_a_step_is_one_change(change, before, after):
    one, two = asdict(RUNGS[before]), asdict(RUNGS[after])
    differing = {key for key in one if one[key] != two[key]}
    if after == "geometry":  # its windows need more than 28 pixels
        differing -= {"side"}
    assert len(differing) == 1


@pytest.mark.parametrize("name", RUNGS)
def test_a_rung_gives_ten_logits(name):
    rung = RUNGS[name]
    net = rung.build()
    assert trace(net, (1, 1, rung.side, rung.side)).rows[-1].output_shape == (1, 10)
    kinds = {type(layer).__name__ for layer in net}
    activation = {"sigmoid": "Sigmoid", "tanh": "Tanh", "ReLU": "ReLU"}
    assert activation[rung.activation] in kinds
    assert len(kinds & {"Sigmoid", "Tanh", "ReLU"}) == 1
    pooling = {"average": "AvgPool2d", "maximum": "MaxPool2d"}[rung.pooling]
    assert kinds & {"AvgPool2d", "MaxPool2d"} == {pooling}
    assert ("Dropout" in kinds) == (rung.dropout > 0)
    assert sum(isinstance(layer, nn.Conv2d) for layer in net) == rung.convolutions


def test_first_weights_are_drawn_as_they_are_called():
    layer = {
        name: built(replace(Rung(), first_weights=name).build)[7].weight
        for name in ("PyTorch's", "Xavier", "Kaiming")
    }
    n_in, n_out = 400, 120
    spread = {
        "PyTorch's": (1 / (3 * n_in)) ** 0.5,
        "Xavier": (2 / (n_in + n_out)) ** 0.5,
        "Kaiming": (2 / n_in) ** 0.5,
    }
    for name, weights in layer.items():
        assert weights.std().item() == pytest.approx(spread[name], rel=0.03)


# ------------------------------------------------------------------------- the plan


def test_the_plan_covers_every_rung_and_every_step_is_of_rungs():
    assert set(plan.ORDER) == set(RUNGS) | set(plan.DEEP)
    assert {name for _, *pair in plan.STEPS for name in pair} == set(RUNGS)


def test_final_seeds_are_fresh():
    assert not set(plan.GRID_SEEDS) & set(plan.SEEDS + plan.MORE_SEEDS)


def grid(scores, rates=plan.GRID):
    """A record whose grid has these accuracies, the same for both seeds."""
    return {
        "runs": [
            {"phase": "grid", "lr": lr, "seed": seed, "val_acc": [0.0, score]}
            for lr, score in zip(rates, scores)
            for seed in plan.GRID_SEEDS
        ]
    }


def test_the_rate_with_the_best_mean_is_chosen():
    content = grid([0.7, 0.8, 0.9, 0.1])
    assert ladder.choose(content) == (list(plan.GRID), 0.01)
    stuck = content["runs"][5]
    assert stuck["lr"] == 0.01
    stuck["val_acc"][-1] = 0.1
    assert ladder.choose(content)[1] == 0.003


def test_nothing_is_chosen_while_a_seed_is_missing():
    content = grid([0.7, 0.8, 0.9, 0.1])
    content["runs"].pop(0)
    assert ladder.choose(content)[1] is None


def test_the_grid_grows_where_the_best_lies_at_its_edge():
    rates, best = ladder.choose(grid([0.9, 0.8, 0.7, 0.1]))
    assert (rates, best) == ([0.0003, *plan.GRID], None)
    rates, best = ladder.choose(grid([0.1, 0.7, 0.8, 0.9]))
    assert (rates, best) == ([*plan.GRID, 0.1], None)
    wider = (*plan.GRID, 0.1)
    assert ladder.choose(grid([0.1, 0.7, 0.8, 0.9, 0.5], wider))[1] == 0.03
    whole = plan.WIDEST
    assert ladder.choose(grid([0.9] + [0.1] * 7, whole))[1] == whole[0]


# ----------------------------------------------------------------- what runs the plan


@pytest.fixture
def workshop(tmp_path, monkeypatch):
    """A short plan of one rung and one deep net, on a small folder of data."""
    cut(SAMPLE, tmp_path / "data", 120, 32)
    monkeypatch.setenv(SWITCH, str(tmp_path / "data"))
    monkeypatch.setattr(ladder, "RECORDS", tmp_path / "ladder")
    monkeypatch.setattr(ladder, "CHECKPOINTS", tmp_path / "checkpoints")
    monkeypatch.setattr(ladder, "RUNGS", {"lenet": RUNGS["lenet"]})
    monkeypatch.setattr(plan, "ORDER", ("lenet", "deep-tanh-sgd"))
    monkeypatch.setattr(plan, "GRID", (0.003, 0.01))
    monkeypatch.setattr(plan, "WIDEST", (0.003, 0.01))
    monkeypatch.setattr(plan, "SEEDS", (0, 1))
    monkeypatch.setattr(plan, "MORE_SEEDS", (5,))
    monkeypatch.setattr(plan, "DEEP_RATES", {"SGD": (0.1,)})
    return tmp_path


def run_all():
    with ThreadPoolExecutor(1) as pool:
        ladder.run_all(pool, 1, "a" * 40)


def test_what_is_missing_is_trained_and_stays(workshop, monkeypatch):
    run_all()
    content = ladder.read("lenet")
    order = [(run["phase"], run["seed"]) for run in content["runs"]]
    assert order == [*[("grid", 100), ("grid", 101)] * 2] + [
        ("final", seed) for seed in (0, 1, 5)
    ]
    _, best = ladder.choose(content)
    assert {run["lr"] for run in content["runs"] if run["phase"] == "final"} == {best}
    deep = ladder.read("deep-tanh-sgd")["runs"]
    assert [(run["seed"], run["optimizer"]) for run in deep] == [(0, "SGD"), (1, "SGD")]
    kept = sorted(path.name for path in (workshop / "checkpoints").iterdir())
    assert kept == [f"lenet-final-{best}-{seed}.pt" for seed in (0, 1, 5)]

    def never(*_):
        raise AssertionError("it was trained again")

    monkeypatch.setattr(ladder, "train", never)
    run_all()


def test_the_ladder_goes_on_where_it_was_stopped(workshop, monkeypatch):
    train, calls = ladder.train, []

    def stop(job, commit):
        calls.append(job)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return train(job, commit)

    monkeypatch.setattr(ladder, "train", stop)
    with pytest.raises(KeyboardInterrupt):
        run_all()
    assert len(ladder.read("lenet")["runs"]) == 3
    run_all()
    assert calls[3] == calls[4]
    assert len(calls) == len(set(calls)) + 1


@pytest.fixture
def diverging(monkeypatch):
    """At a learning rate of 0.02 the loss becomes infinite in the first epoch."""
    original = ladder.Training.rest_of_epoch

    def rest_of_epoch(self):
        for X, y in original(self):
            yield (X * float("inf") if self.settings["lr"] == 0.02 else X), y

    monkeypatch.setattr(ladder.Training, "rest_of_epoch", rest_of_epoch)


def test_a_training_whose_loss_is_no_number_is_recorded_and_the_ladder_goes_on(
    workshop, diverging, monkeypatch
):
    monkeypatch.setattr(plan, "GRID", (0.01, 0.02))
    monkeypatch.setattr(plan, "WIDEST", (0.01, 0.02))
    monkeypatch.setattr(plan, "DEEP_RATES", {"SGD": (0.02,)})
    run_all()
    content = ladder.read("lenet")
    failures = {run["lr"]: run["failure"] for run in content["runs"]}
    assert failures[0.01] is None
    assert "the loss is nan at step 1" in failures[0.02]
    assert ladder.validation(content, 0.02) == [0.0, 0.0]
    assert ladder.choose(content)[1] == 0.01
    assert all(run["failure"] for run in ladder.read("deep-tanh-sgd")["runs"])
    assert len(list((workshop / "checkpoints").iterdir())) == 3


def test_a_final_training_that_failed_counts_as_nought(
    workshop, diverging, monkeypatch
):
    monkeypatch.setattr(plan, "GRID", (0.02,))
    monkeypatch.setattr(plan, "WIDEST", (0.02,))
    run_all()
    ladder.test_all("a" * 40)
    tests = ladder.read("lenet")["tests"]
    assert [test["test_acc"] for test in tests] == [0.0] * 3


def test_the_seed_decides_the_first_weights_and_the_order(workshop):
    job = ("lenet", "grid", "Adam", 0.01, 100)
    one, two = (ladder.train(job, "a" * 40) for _ in range(2))
    other = ladder.train((*job[:-1], 101), "a" * 40)
    assert one["train_loss"] == two["train_loss"] != other["train_loss"]


def test_a_training_holds_out_the_end_of_the_training_file(workshop):
    done = ladder.training(("lenet", "grid", "Adam", 0.01, 100))
    train_iter, _ = load_data_fashion_mnist(256)
    assert torch.equal(done.train_iter.images, train_iter.images[:110])
    assert torch.equal(done.test_iter.images, train_iter.images[110:])
    assert torch.equal(done.test_iter.labels, train_iter.labels[110:])


def test_sgd_is_sgd(workshop):
    done = ladder.training(("deep-tanh-sgd", "final", "SGD", 0.1, 0))
    assert type(done.optimizer) is torch.optim.SGD
    assert done.optimizer.defaults["momentum"] == 0
    done = ladder.training(("lenet", "final", "Adam", 0.1, 0))
    assert type(done.optimizer) is torch.optim.Adam


def test_the_test_set_is_read_only_when_all_is_trained_and_then_once(
    workshop, monkeypatch
):
    with pytest.raises(SystemExit, match="not yet: lenet"):
        ladder.test_all("a" * 40)
    run_all()
    ladder.test_all("a" * 40)
    tests = ladder.read("lenet")["tests"]
    assert [test["seed"] for test in tests] == [0, 1, 5]
    _, best = ladder.choose(ladder.read("lenet"))
    net = lenet()
    path = workshop / "checkpoints" / f"lenet-final-{best}-1.pt"
    net.load_state_dict(torch.load(path, weights_only=True)["net"])
    _, test_iter = load_data_fashion_mnist(256)
    assert len(test_iter.labels) == 32
    assert tests[1]["test_acc"] == evaluate(net, test_iter)[1]

    def never(*_):
        raise AssertionError("it was tested again")

    monkeypatch.setattr(ladder, "test", never)
    ladder.test_all("a" * 40)


def test_no_test_is_read_while_a_recorded_net_is_missing(workshop):
    run_all()
    _, best = ladder.choose(ladder.read("lenet"))
    last = workshop / "checkpoints" / f"lenet-final-{best}-5.pt"
    last.unlink()
    with pytest.raises(SystemExit, match="does not hold the recorded net"):
        ladder.test_all("a" * 40)
    assert ladder.read("lenet")["tests"] == []


def test_an_error_of_another_kind_stops_the_ladder_and_is_no_failure(
    workshop, monkeypatch
):
    def broken(self):
        raise ValueError("a bug")

    monkeypatch.setattr(ladder.Training, "go_on", broken)
    with pytest.raises(ValueError, match="a bug"):
        run_all()
    assert ladder.read("lenet")["runs"] == []


def test_a_record_of_another_net_is_refused(workshop):
    content = ladder.read("lenet")
    content["rung"]["activation"] = "tanh"
    ladder.write(content)
    with pytest.raises(SystemExit, match="another net or recipe"):
        ladder.read("lenet")


# ---------------------------------------------------------------------- the records

SCHEMA = json.loads(ladder.SCHEMA.read_text("utf-8"))
NAMES = sorted(path.stem for path in ladder.RECORDS.glob("*.json"))


@pytest.mark.parametrize("name", NAMES)
def test_a_record_keeps_to_its_schema_its_net_and_the_plan(name):
    content = ladder.read(name)
    jsonschema.validate(content, SCHEMA)
    runs = content["runs"]
    done = [(run["phase"], run["lr"], run["seed"]) for run in runs]
    assert len(done) == len(set(done))
    if name in plan.DEEP:
        optimizer = plan.DEEP[name][1]
        assert {run["optimizer"] for run in runs} == {optimizer}
        assert {run["lr"] for run in runs} <= set(plan.DEEP_RATES[optimizer])
        return
    assert {run["optimizer"] for run in runs} == {"Adam"}
    rates, best = ladder.choose(content)
    finals = [run for run in runs if run["phase"] == "final"]
    assert {run["lr"] for run in runs if run["phase"] == "grid"} <= set(rates)
    assert {run["lr"] for run in finals} <= {best}
    assert {run["seed"] for run in finals} <= set(ladder.seeds_of(name))
    assert {test["seed"] for test in content["tests"]} <= {r["seed"] for r in finals}


@pytest.mark.parametrize("name", RUNGS)
def test_every_rung_is_trained_and_tested_with_all_its_seeds(name):
    assert list(ladder.missing(name)) == []
    tested = [test["seed"] for test in ladder.read(name)["tests"]]
    assert tested == list(ladder.seeds_of(name)) and len(tested) >= 5


@pytest.mark.parametrize("name", plan.DEEP)
def test_every_deep_net_is_trained_with_five_seeds_a_rate(name):
    assert list(ladder.missing(name)) == []


@pytest.mark.parametrize("name", NAMES)
def test_accuracies_are_counts_of_whole_images(name):
    content = ladder.read(name)
    for run in content["runs"]:
        assert len(run["val_acc"]) == plan.NUM_EPOCHS or run["failure"]
    values = [(5_000, value) for run in content["runs"] for value in run["val_acc"]]
    values += [(10_000, test["test_acc"]) for test in content["tests"]]
    for images, value in values:
        assert value * images == pytest.approx(round(value * images), abs=1e-6)
    assert mean(value for _, value in values) > 0.09


@pytest.mark.skipif(
    not record.knows_its_history(), reason="needs the history of the repository"
)
@pytest.mark.parametrize("name", NAMES)
def test_the_code_of_a_record_is_that_of_its_commit(name):
    content = ladder.read(name)
    for row in content["runs"] + content["tests"]:
        assert record.code_at(row["made"]["commit"]) == row["made"]["code"]


@pytest.mark.parametrize("key", ["made", "lr", "seed", "val_acc", "optimizer"])
def test_a_row_without_its_provenance_or_recipe_is_refused(workshop, key):
    row = ladder.train(("lenet", "grid", "Adam", 0.01, 100), "a" * 40)
    content = ladder.read("lenet")
    content["runs"].append({k: v for k, v in row.items() if k != key})
    with pytest.raises(jsonschema.ValidationError):
        ladder.write(content)
    content["runs"][0] = row
    ladder.write(content)
