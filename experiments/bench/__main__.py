"""Measure the helper against what its readers know: `make bench`.

Both sides of a pair are measured in turns, in processes that wait while the
other works. A ratio is taken within a round. The first round warms up and is
dropped. All is stored in results/speed/, a file a kind of device.
"""

import argparse
import contextlib
import gzip
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from d2l_lite import pick_device
from d2l_lite.data import FILES, find_folder
from d2l_lite.device import provenance
from experiments.record import clean_commit, whole_data
from experiments.tables import SPEED, speed_table

ROOT = Path(__file__).resolve().parents[2]
PEER = ROOT / ".venv-bench" / "bin" / "python"
# Both sides keep the memory that they set free. Else glibc may hand each large
# minibatch back to the system, and a run is fast or slow by chance.
KEEP_MEMORY = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(2**34)}
# What, our task, the other's task and name, the pictures in a task (None: a time).
PAIRS = [
    ("loader, 28 px", "our loader, 28", "torchvision, 28",
     "torchvision's DataLoader, 4 workers", 60_000),
    ("loader, 224 px", "our loader, 224", "torchvision, 224",
     "torchvision's DataLoader, 4 workers", 60_000),
    ("LeNet, an epoch and its tests", "lenet epoch", "d2l's lenet epoch",
     "PyPI's d2l 1.0.3, train_ch6", None),
    ("AlexNet, steps of 128", "our step", "plain step",
     "the plain loop in float32", 128),
]  # fmt: skip


class Worker:
    """A process that measures on demand, and is idle otherwise."""

    def __init__(self, module: str, python: Path | str, folder: Path) -> None:
        self.log = folder / f"{module}.log"
        self.process = subprocess.Popen(
            [python, "-m", module],
            cwd=folder,
            env=os.environ
            | {"PYTHONPATH": str(ROOT), "MPLBACKEND": "agg"}
            | KEEP_MEMORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log.open("wb"),
            text=True,
        )

    def measure(self, task: str) -> float:
        """Seconds of a task, or what else it measures."""
        with contextlib.suppress(BrokenPipeError):  # it has ended: see its log
            print(task, file=self.process.stdin, flush=True)
        if answer := self.process.stdout.readline():
            return json.loads(answer)
        raise SystemExit(f"{task!r} failed:\n{self.log.read_text('utf-8')[-2000:]}")

    def close(self) -> None:
        """Let the process end."""
        self.process.communicate()


@contextlib.contextmanager
def unpacked() -> Iterator[Path]:
    """A working folder beside the unpacked files, where d2l looks for them."""
    with tempfile.TemporaryDirectory() as name:
        raw = Path(name) / "data" / "FashionMNIST" / "raw"
        raw.mkdir(parents=True)
        for file in FILES:
            content = gzip.decompress((find_folder() / file).read_bytes())
            (raw / file.removesuffix(".gz")).write_bytes(content)
        work = Path(name) / "work"
        work.mkdir()
        yield work


def in_turns(ask: Callable[[str], float], tasks: tuple, rounds: int) -> list[list]:
    """Measure the tasks one after the other, round after round."""
    measured = [[ask(task) for task in tasks] for _ in range(rounds + 1)]
    return list(map(list, zip(*measured[1:])))


def measure(folder: Path, rounds: int) -> dict:
    """Every pair, the rates of plain products, the peaks of memory."""
    ours = Worker("bench.ours", sys.executable, folder)
    peer = Worker("bench.peer", PEER, folder)

    def ask(task: str) -> float:
        return (peer if task.startswith("d2l's") else ours).measure(task)

    pairs = []
    for what, mine, theirs, other, pictures in PAIRS:
        one, two = in_turns(ask, (mine, theirs), rounds)
        pairs.append(
            {"what": what, "pictures": pictures, "ours": one, "other": other}
            | {"theirs": two, "ratios": [b / a for a, b in zip(one, two)]}
        )
        print(f"measured: {what}", file=sys.stderr, flush=True)
    low, single = in_turns(ask, ("product", "float32 product"), rounds)
    flops = ask("step flops")
    ours.close()
    peer.close()
    steps = pairs[-1]
    return {
        "pairs": pairs,
        "gflops": {  # a second: reached by the step, and by a plain product
            "ours": flops / median(steps["ours"]) / 1e9,
            "ours at most": median(low) / 1e9,
            "plain": flops / median(steps["theirs"]) / 1e9,
            "plain at most": median(single) / 1e9,
        },
        "peak_mib": {
            "PyTorch alone": peak(folder, []),
            "LeNet": peak(folder, ["lenet epoch"]),
            "AlexNet": peak(folder, ["our step"]),
        },
    }


def peak(folder: Path, tasks: list[str]) -> float:
    """The most memory that a new process takes for the tasks, in MiB."""
    worker = Worker("bench.ours", sys.executable, folder)
    *_, most = [worker.measure(task) for task in [*tasks, "peak"]]
    worker.close()
    return most


def main() -> None:
    """Measure, store, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    whole_data()
    made = provenance(pick_device()) | {"commit": clean_commit()}
    made["load before"] = os.getloadavg()[0]
    with unpacked() as folder:
        result = {"made": made, "rounds": rounds} | measure(folder, rounds)
    SPEED.mkdir(exist_ok=True)
    path = SPEED / f"{pick_device().type}.json"
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(speed_table(path))


if __name__ == "__main__":
    main()
