"""The only writer of records: `python -m experiments.record NAME --seeds 0 1 2`.

It trains an experiment on the whole of Fashion-MNIST, a seed at a time, and
adds each finished run to results/NAME.json, which schema/record.json describes.
A seed that is there already is left as it is. A run that was stopped goes on
from its checkpoint. Of one seed of some experiments the weights are kept too,
rounded to float16, in results/NAME.npz.
"""

from __future__ import annotations

import argparse
import functools
import gzip
import hashlib
import json
import platform
import re
import subprocess
from dataclasses import asdict
from pathlib import Path

import jsonschema
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from d2l_lite import load_data_fashion_mnist, train_image_classifier
from d2l_lite.checkpoint import replace_file
from d2l_lite.data import find_folder
from experiments.chapter_recipes import EXPERIMENTS, Experiment

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "results"
# MD5 sums of the unpacked files: packages compress the same data differently.
WHOLE_DATA = {
    "train-images-idx3-ubyte.gz": "f4a8712d7a061bf5bd6d2ca38dc4d50a",
    "train-labels-idx1-ubyte.gz": "9018921c3c673c538a1fc5bad174d6f9",
    "t10k-images-idx3-ubyte.gz": "8181f5470baa50b63fa0f6fddb340f0a",
    "t10k-labels-idx1-ubyte.gz": "15d484375f8d13e6eb1aabb0c3f46965",
}
# The modules that decide a result, in the order in which they are hashed. Where one
# has moved, its places, the newest first.
HELPER = [
    *((f"d2l_lite/{name}.py",) for name in ("data", "device", "nets", "train")),
    ("d2l_lite/measure.py",),
    ("d2l_lite/distributed.py", "d2l_lite/ranks.py"),
]
CODE = [
    *HELPER,
    ("experiments/chapter_recipes.py", "results/experiments.py"),
    ("d2l_lite/lab/ladder.py", "d2l_lite/ladder.py"),
    ("results/plan.py",),
]
SCHEMA = RESULTS / "schema" / "record.json"
HISTORY = ("train_loss", "train_acc", "test_loss", "test_acc")


def main() -> None:
    """Parse the command line and record each seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=EXPERIMENTS)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--commit", help="where there is no git: what is run")
    options = parser.parse_args()
    whole_data()
    commit = clean_commit(options.commit)
    for seed in options.seeds:
        record(options.name, seed, commit)


def record(name: str, seed: int, commit: str) -> None:
    """Train one seed and add it to the record, unless it is there."""
    experiment, path = EXPERIMENTS[name], RESULTS / f"{name}.json"
    content = json.loads(path.read_bytes()) if path.exists() else describe(name)
    if content["recipe"] != describe(name)["recipe"]:
        raise SystemExit(f"{path.name} holds another recipe; move it away first")
    there = [run for run in content["runs"] if run["seed"] == seed]
    weights = path.with_suffix(".npz")
    is_kept = seed == experiment.weights_of
    if there and (weights.exists() or not is_kept):
        return
    net, row = train(name, seed)
    if there and any(row[key] != there[0][key] for key in HISTORY):
        raise SystemExit(
            f"seed {seed} goes another way here than in {path.name}, so its "
            "weights are not kept; try the recorded machine and commit"
        )
    if not there:
        row["made"] |= {
            "python": platform.python_version(),
            "commit": commit,
            "code": code_hash(),
            "fingerprint": fingerprint(experiment),
        }
        content["runs"] = sorted(content["runs"] + [row], key=lambda run: run["seed"])
        jsonschema.validate(content, json.loads(SCHEMA.read_bytes()))
        text = json.dumps(content, indent=1) + "\n"
        replace_file(path, lambda file: file.write(text.encode()))
    if is_kept:
        rounded = {key: value.half().cpu() for key, value in net.state_dict().items()}
        replace_file(weights, lambda file: np.savez(file, **rounded))


def train(name: str, seed: int) -> tuple[nn.Module, dict]:
    """Train one seed of an experiment; return the net and its row of the record."""
    experiment, checkpoints = EXPERIMENTS[name], RESULTS / "checkpoints"
    checkpoints.mkdir(exist_ok=True)
    train_iter, test_iter = load_data_fashion_mnist(
        experiment.batch_size, resize=experiment.resize
    )
    torch.manual_seed(seed)
    net = experiment.build()
    run = train_image_classifier(
        net,
        train_iter,
        test_iter,
        experiment.lr,
        experiment.num_epochs,
        seed=seed,
        checkpoint=checkpoints / f"{name}-{seed}.pt",
    )
    if len(run.test_acc) < experiment.num_epochs:
        raise SystemExit("stopped; the same command goes on from the checkpoint")
    row = {"seed": seed} | asdict(run)
    del row["settings"], row["step_loss"]
    return net, row


def describe(name: str) -> dict:
    """The head of a record: what is run, and how."""
    experiment = EXPERIMENTS[name]
    return {
        "name": name,
        "net": experiment.net,
        "recipe": {
            "batch_size": experiment.batch_size,
            "resize": experiment.resize,
            "lr": experiment.lr,
            "num_epochs": experiment.num_epochs,
            "optimizer": "Adam",
            "initialisation": "PyTorch default",
            "split": "60,000 training, 10,000 test",
        },
        "runs": [],
    }


def whole_data() -> Path:
    """The folder of the data; refuses all but the real, whole files."""
    folder = find_folder()
    for name, md5 in WHOLE_DATA.items():
        try:
            unpacked = gzip.decompress((folder / name).read_bytes())
        except OSError as error:
            raise SystemExit(f"{folder} is not the whole set: {error}") from None
        if hashlib.md5(unpacked).hexdigest() != md5:
            raise SystemExit(f"{folder / name} is not the whole set")
    return folder


def clean_commit(told: str | None = None) -> str:
    """The commit of the work tree; refuses when the code differs from it.

    Where there is no git, as on a machine lent for an hour, the commit is `told`;
    the hash of the code is checked against it where there is (tests/test_records.py).
    """

    def git(*words: str) -> str:
        return subprocess.run(
            ["git", *words], cwd=ROOT, capture_output=True, encoding="utf-8", check=True
        ).stdout.strip()

    try:
        dirty = git("status", "--porcelain", "--", "d2l_lite", "experiments")
    except (OSError, subprocess.CalledProcessError):
        if told and re.fullmatch("[0-9a-f]{40}", told):
            return told
        raise SystemExit("no git here: name the whole commit by --commit") from None
    if dirty:
        raise SystemExit(f"commit your changes first, then record:\n{dirty}")
    head = git("rev-parse", "HEAD")
    if told not in (None, head):
        raise SystemExit(f"the commit here is {head}, not {told}")
    return head


Places = tuple[str, ...]  # of one module, the newest first


def code_hash(code: list[Places] = CODE) -> str:
    """SHA-256 over the modules that decide a result, as they are here."""
    there = [[ROOT / path for path in places] for places in code]
    found = [next(filter(Path.exists, paths), None) for paths in there]
    return hash_of([path.read_bytes() for path in found if path])


def hash_of(files: list[bytes]) -> str:
    """SHA-256 over the contents of some files, one after the other."""
    return hashlib.sha256(b"".join(files)).hexdigest()


def knows_its_history() -> bool:
    """Whether this is a git repository, with all of its commits."""
    words = ["git", "rev-parse", "--is-shallow-repository"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip() == "false"


@functools.cache
def code_at(commit: str, code: tuple[Places, ...] = tuple(CODE)) -> str | None:
    """The hash that the code of a commit has; None when git does not know it."""

    def git(*words: str) -> bytes | None:
        done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True)
        return done.stdout if done.returncode == 0 else None

    if git("cat-file", "-e", commit) is None:
        return None
    there = [[git("show", f"{commit}:{path}") for path in places] for places in code]
    # A module that did not exist yet was not hashed.
    return hash_of([next(filter(None, files)) for files in there if any(files)])


def fingerprint(experiment: Experiment) -> list[float]:
    """Loss, gradient norm and loss after one step, float32 on the CPU, seed 0.

    On the first 32 test images. It tells a change of the experiment
    from a change of its wording, without training anything.
    """
    cpu = torch.device("cpu")
    _, test_iter = load_data_fashion_mnist(32, experiment.resize, device=cpu)
    X, y = next(iter(test_iter))
    torch.manual_seed(0)
    net = experiment.build().eval()
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-5, fused=True)
    loss = F.cross_entropy(net(X), y)
    loss.backward()
    norm = torch.stack([p.grad.norm() for p in net.parameters()]).norm()
    optimizer.step()
    after = F.cross_entropy(net(X), y)
    return [round(float(value.detach()), 6) for value in (loss, norm, after)]


if __name__ == "__main__":
    main()
