"""The ladder: its nets, its plan, the program that runs it, and its records."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace

import filelock
import jsonschema
import numpy as np
import pytest
import torch
from torch import nn

from d2l_lite import alexnet, lenet, load_data_fashion_mnist, trace
from d2l_lite.data import DATA_ENV, SAMPLE
from d2l_lite.lab.ladder import RUNGS, Rung
from d2l_lite.lab.records import RECORDS
from experiments import ladder, plan, record, training
from experiments.folder import RECORDS as NEW_RECORDS
from experiments.folder import SCHEMA, Folder, Job
from experiments.plan import RECIPES
from tests.notebooks.cut_data import cut

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


@pytest.mark.parametrize(
    ("before", "after"), [pair for _, *pair in plan.STEPS if {*pair} <= RUNGS.keys()]
)
def test_a_step_is_one_change(before, after):
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


def test_three_convolutions_can_stand_before_the_second():
    net = replace(RUNGS["depth"], early=True).build()
    rows = trace(net, (1, 1, 28, 28)).rows
    sides = [row.output_shape[-1] for row in rows if row.layer == "Conv2d"]
    assert sides == [28, 14, 14, 14, 10]


def test_half_the_side_and_half_the_stride_give_the_same_maps():
    small, large = replace(RUNGS["geometry"], stride=2), RUNGS["resolution"]
    shapes = [
        [row.output_shape for row in trace(r.build(), (1, 1, r.side, r.side)).rows]
        for r in (small, large)
    ]
    assert shapes[0] == shapes[1]


def test_normalisation_stands_before_every_activation():
    kinds = [type(layer).__name__ for layer in RECIPES["width-norm"].net.build()]
    before = [kinds[i - 1] for i, kind in enumerate(kinds) if kind == "ReLU"]
    assert before == ["BatchNorm2d"] * 2 + ["BatchNorm1d"] * 2
    without = [kind for kind in kinds if not kind.startswith("BatchNorm")]
    assert without == [type(layer).__name__ for layer in RUNGS["width"].build()]


def test_poolings_that_overlap_give_the_same_maps():
    shapes = [
        [row.output_shape for row in trace(net.build(), (1, 1, 28, 28)).rows]
        for net in (RUNGS["width"], RECIPES["width-overlap"].net)
    ]
    assert shapes[0] == shapes[1]
    pools = [
        x for x in RECIPES["width-overlap"].net.build() if isinstance(x, nn.MaxPool2d)
    ]
    assert [(pool.kernel_size, pool.stride) for pool in pools] == [(3, 2)] * 2


# ------------------------------------------------------------------------- the plan


def test_every_step_is_of_recipes_and_every_recipe_is_named_once():
    names = {name for _, *pair in plan.STEPS for name in pair} - {"tuned"}
    assert names <= set(RECIPES)
    changes = [pair for _, *pair in plan.STEPS]
    assert len({tuple(sorted(pair)) for pair in changes}) == len(changes)
    assert set(plan.COSTLY) <= set(RECIPES)


def test_final_seeds_are_fresh():
    tried = {*plan.GRID_SEEDS, *plan.NEAR_SEEDS}
    for recipe in RECIPES.values():
        assert not tried & {*recipe.seeds, *plan.TRIAL_SEEDS}
    assert not set(plan.TEN) & set(plan.TRIAL_SEEDS)


def test_the_large_net_of_the_trial_is_alexnet():
    assert repr(RECIPES["alexnet"].net.build()) == repr(alexnet())
    half = [layer for layer in RECIPES["alexnet-half"].net.build() if
            isinstance(layer, nn.Conv2d | nn.Linear)]  # fmt: skip
    whole = [layer for layer in alexnet() if isinstance(layer, nn.Conv2d | nn.Linear)]
    for one, two in zip(half[:-1], whole[:-1]):
        assert 2 * one.weight.shape[0] == two.weight.shape[0]


def test_recipes_without_windows_have_as_many_parameters_as_lenet():
    count = [
        sum(w.numel() for w in net.parameters())
        for net in (RECIPES["dense"].net.build(), lenet())
    ]
    assert count[0] == pytest.approx(count[1], rel=0.01)


@pytest.fixture
def folder(tmp_path):
    """An empty folder of records, and a function that writes a grid into it."""
    return Folder(tmp_path)


def fill(folder, scores, seeds=plan.GRID_SEEDS, phase="grid", name="relu"):
    """Write runs with these validation accuracies: {rate: one or one a seed}."""
    for lr, score in scores.items():
        for place, seed in enumerate(seeds):
            value = score[place] if isinstance(score, tuple) else score
            folder.add(
                name, a_run(phase=phase, lr=lr, seed=seed, val_acc=[0.1] * 9 + [value])
            )


def a_run(**other):
    """A row of a record."""
    made = {
        "device": "some CPU", "precision": "float32", "torch": "2.14.1",
        "date": "2026-11-25", "time": "2026-11-25T22:33:07+00:00",
        "python": "3.11.7", "commit": "a" * 40, "code": "b" * 64,
    }  # fmt: skip
    row = {"train_loss": [], "train_acc": [], "val_loss": [], "seconds": [1.0]}
    row |= {"peak_step_loss": 2.3, "failure": None, "looks": [], "made": made}
    return row | other


SCORES = {0.0005: 0.6, 0.001: 0.7, 0.002: 0.8, 0.004: 0.9, 0.008: 0.5, 0.016: 0.1}


def test_the_rate_with_the_best_mean_is_chosen(folder):
    fill(folder, SCORES)
    assert folder.choose("relu")[1] == 0.004


def test_nothing_is_chosen_while_a_seed_is_missing(folder):
    fill(folder, SCORES | {0.016: 0.1}, seeds=(100,))
    pairs, best = folder.choose("relu")
    assert best is None and len(pairs) == 2 * len(plan.GRID)


def test_rates_within_a_point_of_the_best_get_three_more_seeds(folder):
    fill(folder, SCORES | {0.002: 0.891})
    pairs, best = folder.choose("relu")
    more = [(lr, seed) for lr in (0.002, 0.004) for seed in plan.NEAR_SEEDS]
    assert best is None and pairs[-6:] == more
    fill(folder, {0.002: (0.95, 0.9, 0.9), 0.004: 0.9}, seeds=plan.NEAR_SEEDS)
    assert folder.choose("relu")[1] == 0.002


def test_the_grid_grows_where_the_best_lies_at_its_edge(folder):
    fill(folder, SCORES | {0.016: 0.95})
    pairs, best = folder.choose("relu")
    assert best is None and pairs[-2:] == [(0.032, 100), (0.032, 101)]
    fill(folder, {0.032: 0.2})
    assert folder.choose("relu")[1] == 0.016
    fill(folder, {0.032: 0.2, 0.0005: 0.99})
    assert folder.choose("relu")[0][:2] == [(0.00025, 100), (0.00025, 101)]


def test_a_failed_training_counts_as_nothing_right(folder):
    fill(folder, SCORES)
    for seed in plan.GRID_SEEDS:
        folder.add("relu", a_run(phase="grid", lr=0.004, seed=seed, val_acc=[],
                                 failure="the loss is nan"))  # fmt: skip
    assert folder.choose("relu")[1] == 0.002


def test_a_rate_can_be_that_of_another_recipe(folder):
    assert folder.choose("lenet-30") == ([], None)
    fill(folder, SCORES, name="lenet")
    assert folder.choose("lenet-30") == ([], 0.004)


def test_tuned_is_the_better_on_validation_and_gets_the_trials_seeds(folder):
    for name, score in ("lenet", 0.85), ("xavier", 0.86):
        assert folder.tuned() is None
        fill(folder, SCORES, name=name)
        fill(folder, {0.004: score}, plan.TEN, "final", name)
    assert folder.tuned() == "xavier"
    for name, seeds in ("lenet", ()), ("xavier", plan.TRIAL_SEEDS):
        jobs = [job for job in folder.missing(name) if job.seed >= 10]
        assert tuple(job.seed for job in jobs) == seeds


# ----------------------------------------------------------------- what runs the plan


@pytest.fixture
def workshop(tmp_path, monkeypatch):
    """Short recipes, on a small folder of data; returns the folder of records."""
    cut(SAMPLE, tmp_path / "data", 120, 32)
    monkeypatch.setenv(DATA_ENV, str(tmp_path / "data"))
    short = {"seeds": (0, 1), "num_epochs": 2, "grid_epochs": 1, "looks": (1, 2)}
    recipes = {
        "lenet": replace(RECIPES["lenet"], rates=(0.002, 0.004), **short),
        "relu": replace(RECIPES["relu"], rates=(0.01,), keeps="peaks",
                        schedule="decay", **short),
        "lenet-sgd": replace(RECIPES["lenet-sgd"], **short),
    }  # fmt: skip
    for name, recipe in recipes.items():
        monkeypatch.setitem(RECIPES, name, recipe)
    monkeypatch.setattr(plan, "TUNED", ())
    monkeypatch.setenv(training.PRECISION_ENV, "float32")
    return Folder(tmp_path / "records")


def run_all(folder, *names):
    """Run some recipes, in this process."""
    with ThreadPoolExecutor(1) as pool:
        ladder.run_all(folder, list(names), pool, 1, "a" * 40)


def rows(folder, name):
    """(phase, rate, seed, epochs) of the runs of a record."""
    runs = folder.read(name)["runs"]
    return sorted((r["phase"], r["lr"], r["seed"], len(r["val_acc"])) for r in runs)


def test_what_is_missing_is_trained_and_stays(workshop, monkeypatch):
    run_all(workshop, "lenet")
    _, best = workshop.choose("lenet")
    assert rows(workshop, "lenet") == [
        *[("final", best, seed, 2) for seed in (0, 1)],
        *[("grid", lr, seed, 1) for lr in (0.002, 0.004) for seed in (100, 101)],
    ]
    assert list((workshop.path / "checkpoints").iterdir()) == []

    def never(*_):
        raise AssertionError("it was trained again")

    monkeypatch.setattr(ladder, "train", never)
    run_all(workshop, "lenet")


def test_killed_anywhere_the_ladder_goes_on_with_the_same_numbers(
    workshop, monkeypatch, tmp_path
):
    other = Folder(tmp_path / "other")
    run_all(other, "relu")
    train, calls = ladder.train, []

    def stop(*arguments):
        calls.append(arguments)
        row = train(*arguments)
        if len(calls) == 3:
            raise KeyboardInterrupt  # trained and not yet written
        return row

    monkeypatch.setattr(ladder, "train", stop)
    with pytest.raises(KeyboardInterrupt):
        run_all(workshop, "relu")
    run_all(workshop, "relu")
    for one, two in zip(*(folder.read("relu")["runs"] for folder in (workshop, other))):
        assert {k: v for k, v in one.items() if k not in ("made", "seconds")} == {
            k: v for k, v in two.items() if k not in ("made", "seconds")
        }


def test_a_look_answers_the_test_images_without_their_labels(workshop):
    run_all(workshop, "relu")
    run = workshop.read("relu")["runs"][0]
    assert [look["epoch"] for look in run["looks"]] == [1, 2]
    for look in run["looks"]:
        predicted = training.unpack(look["predicted"], np.uint8)
        assert predicted.shape == (32,) and predicted.max() < 10
        peaks = [training.unpack(text, np.float16) for text in look["peaks"]]
        assert [len(peak) for peak in peaks] == [6, 16, 120, 84]
        assert 0 <= look["eval_train_acc"] <= 1
    steps = training.unpack(run["step_loss"], np.float16)
    assert len(steps) == 2 and steps.max() == pytest.approx(
        run["peak_step_loss"], rel=1e-3
    )


def test_the_answers_are_those_of_the_net(workshop):
    job = Job("relu", "final", 0.01, 0, 2)
    done = training.start(job, workshop.path / "checkpoints" / "a.pt")
    _, tests = load_data_fashion_mnist(256)
    predicted, peaks = training.answer(done.net, tests)
    X, _ = next(iter(tests))
    with torch.no_grad():
        assert torch.equal(predicted, done.net(X).argmax(1))
        assert torch.allclose(peaks[0], done.net[:2](X).amax((0, 2, 3)))


def test_a_falling_rate_falls_in_a_straight_line(workshop):
    done = training.start(Job("relu", "final", 0.01, 0, 2), workshop.path / "a.pt")
    done.train_iter.batch_size = 55
    seen = []
    for done.epoch in range(2):
        done.step_totals = []
        for _ in done.remaining_minibatches():
            seen.append(done.optimizer.param_groups[0]["lr"])
            done.step_totals.append(None)
    assert seen == pytest.approx([0.01, 0.0075, 0.005, 0.0025])


def test_float32_is_what_a_recipe_asks_for(workshop):
    run_all(workshop, "relu")
    runs = workshop.read("relu")["runs"]
    assert {run["made"]["precision"] for run in runs} == {"float32"}


def test_a_sentence_is_tested_by_one_change():
    for row in json.loads((NEW_RECORDS / "sentences.json").read_bytes()):
        one, two = (asdict(RECIPES[row[x].split(":")[1]]) for x in ("before", "after"))
        one, two = (recipe.pop("net") | recipe for recipe in (one, two))
        differing = {key for key in one if one[key] != two[key]}
        allowed = {"optimizer"} if row["id"] == "decay" else set()
        if row["id"] == "data":  # twice the epochs, so that the steps are equal
            allowed = {"width", "num_epochs", "grid_epochs", "looks", "keeps"}
        if row["id"] == "batch":
            allowed = {"keeps"}
        assert len(differing - allowed) == 1, (row["id"], differing)


def test_an_augmented_image_is_moved_and_mirrored_with_its_like():
    torch.manual_seed(0)
    X = torch.rand(500, 1, 5, 6) + 1
    seen = training.augment(X)
    assert seen.shape == X.shape
    ways = set()
    for before, after in zip(X[:, 0], seen[:, 0]):
        fits = [
            (mirrored, down, right)
            for mirrored, image in enumerate((before, before.flip(1)))
            for down in range(-2, 3)
            for right in range(-2, 3)
            if torch.equal(
                nn.functional.pad(image, (right, -right, down, -down)), after
            )
        ]
        assert len(fits) == 1
        ways.update(fits)
    assert len(ways) == 2 * 5 * 5


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [("relu-momentum", "momentum", 0.9), ("width-decayed", "weight_decay", 0.1)],
)
def test_an_optimizer_keeps_its_options(workshop, monkeypatch, name, key, value):
    short = replace(RECIPES[name], rates=(0.01,), num_epochs=1)
    monkeypatch.setitem(RECIPES, name, short)
    path = workshop.path / "a.pt"
    for _ in range(2):  # the second time from the checkpoint
        done = training.start(Job(name, "final", 0.01, 0, 1), path)
        assert done.optimizer.param_groups[0][key] == value
        done.remember_rng()
        done.save()


def test_half_the_images_are_the_first(workshop, monkeypatch):
    half = replace(RECIPES["width-half"], train_images=55)
    monkeypatch.setitem(RECIPES, "width-half", half)
    done = training.start(
        Job("width-half", "final", 0.01, 0, 1), workshop.path / "a.pt"
    )
    train_iter, _ = load_data_fashion_mnist(256)
    assert torch.equal(done.train_iter.images, train_iter.images[:55])
    assert len(done.train_iter.labels) == 55


def test_moved_images_are_moved(workshop):
    _, tests = load_data_fashion_mnist(256)
    for right, down in training.SHIFTS:
        seen = training.moved(tests, right, down).images
        assert seen.shape == tests.images.shape
        assert torch.equal(seen.roll((-down, -right), (2, 3))[..., 2:-2, 2:-2],
                           tests.images[..., 2:-2, 2:-2])  # fmt: skip
        assert seen.sum() <= tests.images.sum()


def test_a_record_is_one_of_a_recipe_that_says_no_more(workshop):
    run_all(workshop, "relu")
    path = workshop.path / "relu.json"
    content = json.loads(path.read_bytes())
    del content["recipe"]["augment"], content["recipe"]["net"]["norm"]
    path.write_text(json.dumps(content), encoding="utf-8")
    assert len(Folder(workshop.path).read("relu")["runs"]) == 2


def test_sgd_is_sgd(workshop):
    done = training.start(Job("lenet-sgd", "final", 1.0, 0, 1), workshop.path / "a.pt")
    assert type(done.optimizer) is torch.optim.SGD


def test_a_training_holds_out_the_end_of_the_training_file(workshop):
    done = training.start(Job("relu", "final", 0.01, 0, 1), workshop.path / "a.pt")
    train_iter, _ = load_data_fashion_mnist(256)
    assert torch.equal(done.train_iter.images, train_iter.images[:110])
    assert torch.equal(done.test_iter.images, train_iter.images[110:])


def test_a_training_whose_loss_is_no_number_is_recorded_and_the_ladder_goes_on(
    workshop, monkeypatch
):
    original = training.Training.remaining_minibatches

    def remaining_minibatches(self):
        for X, y in original(self):
            yield (X * float("inf") if self.settings["lr"] == 0.004 else X), y

    monkeypatch.setattr(
        training.Training, "remaining_minibatches", remaining_minibatches
    )
    run_all(workshop, "lenet")
    failures = {run["lr"]: run["failure"] for run in workshop.read("lenet")["runs"]}
    assert failures[0.002] is None
    assert "the loss is nan at step 1" in failures[0.004]
    assert workshop.choose("lenet")[1] == 0.002


def test_an_error_of_another_kind_stops_the_ladder_and_is_no_failure(
    workshop, monkeypatch
):
    def broken(*_):
        raise ValueError("a bug")

    monkeypatch.setattr(training.Training, "train_epoch", broken)
    with pytest.raises(ValueError, match="a bug"):
        run_all(workshop, "relu")
    assert workshop.read("relu")["runs"] == []


def test_a_record_of_another_recipe_is_refused(workshop, monkeypatch):
    run_all(workshop, "relu")
    monkeypatch.setitem(RECIPES, "relu", replace(RECIPES["relu"], batch_size=32))
    with pytest.raises(SystemExit, match="another recipe"):
        workshop.read("relu")


def test_two_at_once_on_one_folder_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(ladder, "whole_data", lambda: None)
    monkeypatch.setattr(ladder, "clean_commit", lambda _: "a" * 40)
    words = ["ladder", "--records", str(tmp_path), "--only", "lenet"]
    monkeypatch.setattr("sys.argv", words)
    with (
        filelock.FileLock(tmp_path / ".lock"),
        pytest.raises(SystemExit, match="by another process"),
    ):
        ladder.main()


# ---------------------------------------------------------------------- the records

OLD = sorted((RECORDS / "edition1" / "ladder").glob("*.json"))
NEW = sorted(name for name in RECIPES if (NEW_RECORDS / f"{name}.json").exists())


@pytest.mark.parametrize("path", OLD, ids=lambda path: path.stem)
def test_a_record_of_edition_1_keeps_to_its_schema_and_its_net(path):
    content = json.loads(path.read_text("utf-8"))
    schema = json.loads((RECORDS / "schema" / "rung.json").read_text("utf-8"))
    jsonschema.validate(content, schema)
    if path.stem in RUNGS:
        assert asdict(RUNGS[path.stem]) | content["rung"] == asdict(RUNGS[path.stem])


@pytest.mark.parametrize("name", NEW)
def test_a_record_of_edition_2_keeps_to_its_schema_and_the_plan(name):
    folder = Folder(NEW_RECORDS)
    content = folder.read(name)
    jsonschema.validate(content, json.loads(SCHEMA.read_text("utf-8")))
    done = [(run["phase"], run["lr"], run["seed"]) for run in content["runs"]]
    assert len(done) == len(set(done))
    pairs, best = folder.choose(name)
    assert {(lr, seed) for phase, lr, seed in done if phase == "grid"} <= set(pairs)
    assert {lr for phase, lr, _ in done if phase == "final"} <= {best}
    recipe = RECIPES[name]
    for run in content["runs"]:
        assert run["made"]["precision"] in {recipe.precision or "bfloat16", "float32"}
        for look in run["looks"]:
            predicted = training.unpack(look["predicted"], np.uint8)
            assert predicted.shape == (10_000,) and predicted.max() < 10
            images = 5_000 * look["eval_train_acc"]
            assert images == pytest.approx(round(images), abs=1e-6)


@pytest.mark.skipif(
    not record.knows_its_history(), reason="needs the history of the repository"
)
@pytest.mark.parametrize("path", OLD, ids=lambda path: path.stem)
def test_the_code_of_an_old_record_is_that_of_its_commit(path):
    content = json.loads(path.read_text("utf-8"))
    for row in content["runs"] + content["tests"]:
        assert record.code_at(row["made"]["commit"]) == row["made"]["code"]


@pytest.mark.skipif(
    not record.knows_its_history(), reason="needs the history of the repository"
)
@pytest.mark.parametrize("name", NEW)
def test_the_code_of_a_new_record_is_that_of_its_commit(name):
    for run in Folder(NEW_RECORDS).read(name)["runs"]:
        made = run["made"]
        assert record.code_at(made["commit"], tuple(training.CODE)) == made["code"]


@pytest.mark.parametrize("path", OLD, ids=lambda path: path.stem)
def test_accuracies_are_counts_of_whole_images(path):
    content = json.loads(path.read_text("utf-8"))
    values = [(5_000, value) for run in content["runs"] for value in run["val_acc"]]
    values += [(10_000, test["test_acc"]) for test in content["tests"]]
    for images, value in values:
        assert value * images == pytest.approx(round(value * images), abs=1e-6)
