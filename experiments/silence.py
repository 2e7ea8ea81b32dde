"""What silences AlexNet's maps? `python -m experiments.silence`, an hour at most.

The whole AlexNet takes its first STEPS steps at each of two constant rates, ten seeds
each, and at the larger one with a linear warm-up over the first hundred steps, for
which it takes a hundred more, three seeds. Before and after, the share of maps (of
the five convolutions) and of units (of the two hidden layers) that answer, above
zero, to any of the first 500 validation images. One claim, judged by the rule of the
plan with the seeds alone: after its steps a larger share of the second convolution's
maps answers at 0.0003 than at 0.003. The warm-up has fewer seeds than five, so it is
described and not judged.
"""

import argparse
import json
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor, nn

from d2l_lite import alexnet, load_data_fashion_mnist
from d2l_lite.device import pick_device, provenance
from d2l_lite.measure import minibatch_loss
from experiments.folder import RECORDS, write_json
from experiments.record import clean_commit, whole_data
from experiments.training import made

STEPS, WARM_UP, BATCH_SIZE, IMAGES = 12, 100, 128, 500
CASES = {  # rate, steps of warm-up, seeds
    "0.003": (0.003, 0, range(10)),
    "0.0003": (0.0003, 0, range(10)),
    "0.003, warm-up": (0.003, WARM_UP, range(3)),
}


def awake(net: nn.Sequential, X: Tensor) -> list[float]:
    """Share of maps or units behind each ReLU that answer to any image of X."""
    shares = []
    net.eval()
    with torch.no_grad():
        for layer in net:
            X = layer(X)
            if isinstance(layer, nn.ReLU):
                peaks = X.amax((0, 2, 3)) if X.dim() == 4 else X.amax(0)
                shares.append((peaks > 0).float().mean().item())
    return shares


def watch(lr: float, warm_up: int, seed: int) -> dict:
    """Take the first steps; return the shares before and after, and the losses."""
    train_iter, held_out = load_data_fashion_mnist(
        BATCH_SIZE, resize=224, split="validation"
    )
    held_out.batch_size = IMAGES
    X_val, _ = next(iter(held_out))
    torch.manual_seed(seed)
    net = alexnet().to(train_iter.device, memory_format=torch.channels_last)
    adam = torch.optim.Adam(net.parameters(), lr, fused=True)
    torch.manual_seed(seed)
    train_iter.generator.manual_seed(seed)
    before, losses = awake(net, X_val), []
    net.train()
    for step, (X, y) in enumerate(islice(train_iter, STEPS + warm_up)):
        for group in adam.param_groups:
            group["lr"] = lr * min(1.0, (step + 1) / warm_up) if warm_up else lr
        loss = minibatch_loss(net, X, y, train_iter.device).loss
        adam.zero_grad()
        loss.backward()
        adam.step()
        losses.append(round(loss.item(), 4))
    return {"before": before, "after": awake(net, X_val), "loss": losses}


def main() -> None:
    """Do what is missing, a seed at a time."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=Path, default=RECORDS)
    path = parser.parse_args().records / "silence.json"
    whole_data()
    commit = clean_commit()
    rows = json.loads(path.read_bytes())["runs"] if path.exists() else []
    for case, (lr, warm_up, seeds) in CASES.items():
        for seed in seeds:
            if any((row["case"], row["seed"]) == (case, seed) for row in rows):
                continue
            row = {"case": case, "seed": seed} | watch(lr, warm_up, seed)
            here = provenance(pick_device())
            rows.append(row | {"made": made(here, commit)})
            write_json(path, {"name": "silence", "runs": rows})
            print(case, seed, [round(share, 2) for share in row["after"]], flush=True)


if __name__ == "__main__":
    main()
