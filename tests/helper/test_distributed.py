"""Two processes train as one does: torchrun, as a reader starts it."""

import json
import subprocess
import sys
import textwrap

import pytest
import torch

from d2l_lite import distributed
from d2l_lite.data import DATA_ENV, SAMPLE

SCRIPT = """
    import sys, json, torch
    from d2l_lite import distributed, evaluate, lenet, load_data_fashion_mnist
    from d2l_lite import train_image_classifier
    from d2l_lite.data import Minibatches
    from torch.utils.data import DataLoader, TensorDataset

    torch.cpu._is_avx512_bf16_supported = lambda: False  # sums in another order
    torch.cpu._is_amx_tile_supported = lambda: False     # agree best in float32
    images, batch_size, num_epochs, lr, seed = json.loads(sys.argv[1])
    torch.manual_seed(distributed.RANK)  # each process starts with other weights
    cpu = torch.device("cpu")
    train_iter, test_iter = load_data_fashion_mnist(batch_size, device=cpu)
    train_iter = Minibatches(
        train_iter.images[:images], train_iter.labels[:images], batch_size,
        shuffle=True, device=cpu,
    )
    if seed is None:  # a loader of other hands, which draws its own order
        pairs = TensorDataset(train_iter.images.float() / 255, train_iter.labels)
        train_iter = DataLoader(pairs, batch_size, shuffle=True)
    net = lenet()
    run = train_image_classifier(
        net, train_iter, test_iter, lr, num_epochs, seed=seed,
        checkpoint=f"{sys.argv[2]}/run.pt",
    )
    result = {
        "train_loss": run.train_loss, "train_acc": run.train_acc,
        "test_loss": run.test_loss, "test_acc": run.test_acc,
        "step_loss": run.step_loss, "evaluate": evaluate(net, test_iter),
        "weights": [p.double().sum().item() for p in net.parameters()],
    }
    with open(f"{sys.argv[2]}/{distributed.RANK}.json", "w") as file:
        json.dump(result, file)
"""


@pytest.fixture
def train(tmp_path, monkeypatch):
    """Return a function that trains in some processes, and what each then has."""
    monkeypatch.setenv(DATA_ENV, str(SAMPLE))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    script = tmp_path / "train.py"
    script.write_text(textwrap.dedent(SCRIPT), encoding="utf-8")

    def train(processes, *job, folder=None):
        folder = folder or tmp_path / str(processes)
        folder.mkdir(exist_ok=True)
        start = [sys.executable]
        if processes > 1:
            start += ["-m", "torch.distributed.run", "--standalone"]
            start += [f"--nproc_per_node={processes}"]
        done = subprocess.run(
            [*start, script, json.dumps(job), folder],
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
        results = [
            json.loads((folder / f"{rank}.json").read_text("utf-8"))
            for rank in range(processes)
        ]
        return results, done.stdout

    return train


def mean_gradients(folder):
    """Adam's running means of the gradients, from the checkpoint."""
    state = torch.load(folder / "run.pt", weights_only=True)["optimizer"]["state"]
    return torch.cat([moments["exp_avg"].flatten() for moments in state.values()])


def close(one, two):
    """Losses equal to 1e-3, accuracies to half a per cent."""
    for key, tolerance in ("loss", 1e-3), ("acc", 5e-3):
        for part in "train", "test":
            key_of_part = f"{part}_{key}"
            assert one[key_of_part] == pytest.approx(two[key_of_part], abs=tolerance)


@pytest.mark.parametrize(
    "job",
    [(2000, 128, 6, 0.003, 0), (2000, 256, 2, 0.01, None)],
    ids=["learning", "a foreign loader without a seed"],
)
def test_two_processes_end_where_one_does(train, tmp_path, job):
    (alone,), line = train(1, *job)
    (first, second), lines = train(2, *job)
    close(first, alone)
    assert first == second  # each has the sums of both, and the same net
    assert lines.count("loss") == line.count("loss") == 1  # rank 0 speaks
    if job[2] == 6:
        assert alone["test_acc"][-1] > 0.4  # it did learn
    else:
        assert first["step_loss"] == pytest.approx(alone["step_loss"], abs=1e-3)
        one, two = mean_gradients(tmp_path / "1"), mean_gradients(tmp_path / "2")
        assert (two - one).norm() < 0.05 * one.norm()  # not half of it, nor twice


@pytest.mark.nightly
@pytest.mark.parametrize("images", [257, 259], ids=["of one image", "of three images"])
def test_a_last_minibatch_neither_hangs_nor_bends_the_mean(train, images):
    job = (images, 256, 3, 0.003, 0)
    (alone,), _ = train(1, *job)
    (first, second), _ = train(2, *job)
    assert first == second
    assert first["step_loss"] == pytest.approx(alone["step_loss"], abs=1e-3)
    assert first["train_acc"] == alone["train_acc"]
    assert first["evaluate"] == pytest.approx(alone["evaluate"], abs=1e-3)
    assert first["weights"] == pytest.approx(alone["weights"], abs=0.05, rel=1e-2)


@pytest.mark.nightly
def test_the_checkpoint_of_two_processes_serves_one_and_the_other_way_round(
    train, tmp_path
):
    job = (512, 256, 2, 0.003, 0)
    (first, _), line = train(2, *job)
    (again,), same_line = train(1, *job, folder=tmp_path / "2")
    assert again["step_loss"] == first["step_loss"] and same_line == line
    (third, fourth), _ = train(2, *job, folder=tmp_path / "2")
    assert third == fourth and third["weights"] == first["weights"]


def test_shares_are_disjoint_and_whole(monkeypatch):
    for size in 0, 1, 3, 7, 256:
        for world in 1, 2, 3, 5:
            shares = []
            monkeypatch.setattr(distributed, "WORLD_SIZE", world)
            for rank in range(world):
                monkeypatch.setattr(distributed, "RANK", rank)
                shares.append(distributed.shard(torch.arange(size)))
            assert sorted(torch.cat(shares).tolist()) == list(range(size))
            assert max(map(len, shares)) - min(map(len, shares)) <= 1
