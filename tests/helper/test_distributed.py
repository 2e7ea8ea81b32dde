"""Two processes train as one does: torchrun, as a reader starts it."""

import json
import os
import subprocess
import sys
import textwrap

import pytest
import torch

from d2l_lite.data import DATA_ENV, SAMPLE

pytestmark = pytest.mark.nightly  # four more processes that load PyTorch

JOBS = {  # images, batch_size, num_epochs, lr, seed
    "ours": (1000, 128, 2, 0.003, 0),
    "a foreign loader without a seed": (1000, 256, 2, 0.01, None),
    "a last minibatch of one image": (257, 256, 2, 0.003, 0),
    "a last minibatch of three images": (259, 256, 2, 0.003, 0),
}
SCRIPT = """
    import sys, json, torch
    from d2l_lite import distributed, evaluate, lenet, load_data_fashion_mnist
    from d2l_lite import train_image_classifier
    from d2l_lite.data import Minibatches
    from torch.utils.data import DataLoader, TensorDataset

    torch.cpu._is_avx512_bf16_supported = lambda: False  # sums in another order
    torch.cpu._is_amx_tile_supported = lambda: False     # agree best in float32
    cpu = torch.device("cpu")

    def train(path, images, batch_size, num_epochs, lr, seed):
        torch.manual_seed(distributed.RANK)  # each process starts with other weights
        whole, test_iter = load_data_fashion_mnist(batch_size, device=cpu)
        X, y = whole.images[:images], whole.labels[:images]
        train_iter = Minibatches(X, y, batch_size, shuffle=True, device=cpu)
        if seed is None:  # a loader of other hands, which draws its own order
            pairs = TensorDataset(X.float() / 255, y)
            train_iter = DataLoader(pairs, batch_size, shuffle=True)
        net = lenet()
        run = train_image_classifier(
            net, train_iter, test_iter, lr, num_epochs, seed=seed, checkpoint=path
        )
        return {
            "train_loss": run.train_loss, "train_acc": run.train_acc,
            "test_loss": run.test_loss, "test_acc": run.test_acc,
            "step_loss": run.step_loss, "evaluate": evaluate(net, test_iter),
            "weights": [p.double().sum().item() for p in net.parameters()],
        }

    jobs, folder = json.loads(sys.argv[1]), sys.argv[2]
    results = {name: train(f"{folder}/{name}.pt", *job) for name, job in jobs.items()}
    with open(f"{folder}/{distributed.RANK}.json", "w") as file:
        json.dump(results, file)
"""


@pytest.fixture(scope="module")
def train(tmp_path_factory):
    """Return a function that does all jobs in some processes, and what each has."""
    script = tmp_path_factory.mktemp("script") / "train.py"
    script.write_text(textwrap.dedent(SCRIPT), encoding="utf-8")

    def train(processes, folder):
        start = [sys.executable]
        if processes > 1:
            start += ["-m", "torch.distributed.run", "--standalone"]
            start += [f"--nproc_per_node={processes}"]
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(DATA_ENV, str(SAMPLE))
            patch.setenv("OMP_NUM_THREADS", "1")
            if os.name == "nt":  # PyTorch is built without libuv there
                patch.setenv("USE_LIBUV", "0")
            done = subprocess.run(
                [*start, script, json.dumps(JOBS), folder],
                capture_output=True, text=True,
            )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
        results = [
            json.loads((folder / f"{rank}.json").read_text("utf-8"))
            for rank in range(processes)
        ]
        return results, done.stdout

    return train


@pytest.fixture(scope="module")
def alone(train, tmp_path_factory):
    """The folder, the results and the words of one process."""
    folder = tmp_path_factory.mktemp("alone")
    return folder, *train(1, folder)


@pytest.fixture(scope="module")
def together(train, tmp_path_factory):
    """The same of two."""
    folder = tmp_path_factory.mktemp("together")
    return folder, *train(2, folder)


def mean_gradients(path):
    """Adam's running means of the gradients, from the checkpoint."""
    state = torch.load(path, weights_only=True)["optimizer"]["state"]
    return torch.cat([moments["exp_avg"].flatten() for moments in state.values()])


@pytest.mark.parametrize("job", JOBS)
def test_two_processes_end_where_one_does(alone, together, job):
    (one_folder, (one,), _), (two_folder, (first, second), _) = alone, together
    assert first[job] == second[job]  # each has the sums of both, and the same net
    for key, tolerance in ("loss", 1e-3), ("acc", 5e-3):
        for part in f"train_{key}", f"test_{key}":
            assert first[job][part] == pytest.approx(one[job][part], abs=tolerance)
    assert first[job]["step_loss"] == pytest.approx(one[job]["step_loss"], abs=1e-3)
    assert first[job]["evaluate"] == pytest.approx(one[job]["evaluate"], abs=5e-3)
    assert first[job]["weights"] == pytest.approx(
        one[job]["weights"], abs=0.05, rel=1e-2
    )
    gradients = [mean_gradients(d / f"{job}.pt") for d in (one_folder, two_folder)]
    difference = (gradients[1] - gradients[0]).norm()
    assert difference < 0.05 * gradients[0].norm()  # not half of it, nor twice


def test_only_the_first_process_speaks(alone, together):
    assert together[-1].count("loss") == alone[-1].count("loss") == len(JOBS)


def test_the_checkpoint_of_two_processes_serves_one_and_the_other_way_round(
    train, together
):
    folder, (first, _), lines = together
    (again,), same_lines = train(1, folder)
    assert same_lines == lines
    assert [again[job]["step_loss"] for job in JOBS] == [
        first[job]["step_loss"] for job in JOBS
    ]
    (third, fourth), _ = train(2, folder)
    assert third == fourth == first
