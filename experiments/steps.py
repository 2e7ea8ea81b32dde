"""Where does the time of a training step go? `python -m experiments.steps`.

LeNet on 256 images of 28 pixels and AlexNet on 128 images of 224 pixels, on the
fastest device here: the minibatch, the way forward, the way back, and Adam's update,
each ended by a wait for the device. Then whole steps without those waits. Median of
STEPS after some to warm up; of AlexNet on a CPU only a tenth of them. Written to
results/edition2/steps-DEVICE.json.
"""

import argparse
import json
import time
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path
from statistics import median

import torch

from d2l_lite import alexnet, lenet, load_data_fashion_mnist
from d2l_lite.device import autocast_dtype, pick_device, provenance
from experiments.folder import RECORDS
from experiments.record import clean_commit, whole_data
from experiments.training import made

STEPS, WARM_UP = 100, 5
PARTS = ("minibatch", "forward", "backward", "update")
DEVICE = pick_device()
NETS = {"LeNet": (lenet, 256, None), "AlexNet": (alexnet, 128, 224)}
NUMBERS = {  # number type, and whether a GPU may shorten float32 to TF32
    "float32": (torch.float32, False),
    "float32 as TF32": (torch.float32, True),
    "bfloat16": (torch.bfloat16, False),
}


def now() -> float:
    """Seconds, once the device has done all that it was asked for."""
    if DEVICE.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


def measure(name: str, numbers: str, steps: int) -> dict:
    """Milliseconds of each part of a step, and of a whole one."""
    build, batch_size, resize = NETS[name]
    dtype, short = NUMBERS[numbers]
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = short
    train_iter, _ = load_data_fashion_mnist(batch_size, resize)
    minibatches = (pair for again in repeat(train_iter) for pair in again)
    torch.manual_seed(0)
    net = build().to(DEVICE, memory_format=torch.channels_last).train()
    adam = torch.optim.Adam(net.parameters(), 0.0003, fused=True)

    def parts() -> Iterator[None]:
        X, y = next(minibatches)
        yield
        with torch.autocast(DEVICE.type, dtype, enabled=dtype != torch.float32):
            logits = net(X)
        loss = torch.nn.functional.cross_entropy(logits.float(), y)
        yield
        loss.backward()
        yield
        adam.step()
        adam.zero_grad()
        yield

    for _ in range(WARM_UP):
        list(parts())
    times: dict[str, list[float]] = {part: [] for part in PARTS}
    for _ in range(steps):
        before = now()
        for part, _ in zip(PARTS, parts()):
            after = now()
            times[part].append(1000 * (after - before))
            before = after
    start = now()
    for _ in range(steps):
        list(parts())
    whole = 1000 * (now() - start) / steps
    row = {"net": name, "numbers": numbers, "images": batch_size, "whole": whole}
    return row | {part: median(values) for part, values in times.items()}


def main() -> None:
    """Measure every net in every number type that the device is fast in; write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=Path, default=RECORDS)
    parser.add_argument("--commit", help="where there is no git: what is run")
    options = parser.parse_args()
    whole_data()
    commit, rows = clean_commit(options.commit), []
    for name in NETS:
        for numbers, (dtype, short) in NUMBERS.items():
            if (short and DEVICE.type != "cuda") or dtype not in (
                torch.float32,
                autocast_dtype(DEVICE),
            ):
                continue
            few = DEVICE.type == "cpu" and name == "AlexNet"
            rows.append(measure(name, numbers, STEPS // 10 if few else STEPS))
            print(rows[-1], flush=True)
    head = {"steps": STEPS, "made": made(provenance(DEVICE), commit)}
    path = options.records / f"steps-{DEVICE.type}.json"
    path.write_text(json.dumps(head | {"rows": rows}, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
