"""Write what chapter 7 looks at: `python -m experiments.inside FAST SLOW`.

FAST is the checkpoint of the recorded AlexNet, SLOW that of the one at a tenth of the
rate, both of seed 0. LeNet's weights are those kept with its record. In
results/inside.npz lie small arrays only: predictions, confidences, the images of
shared mistakes; of AlexNet the first filters, the brightest feature maps of one
image, and of both the highest value that each map or unit reaches on any test image.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from d2l_lite import alexnet, lenet, load_data_fashion_mnist
from d2l_lite.checkpoint import replace_file
from d2l_lite.device import autocast_dtype, provenance
from d2l_lite.lab.records import RECORDS, load_record
from d2l_lite.lab.verdicts import read_labels
from experiments.record import clean_commit, whole_data

MAPS = 8  # shown of each convolution
SHARED = 24  # mistakes that both nets make, the most confident first


def answers(net: nn.Module, data_iter) -> tuple[Tensor, Tensor]:
    """The predicted class of every image, and the probability that the net gives it."""
    net.to(data_iter.device, memory_format=torch.channels_last).eval()
    numbers, parts = autocast_dtype(data_iter.device), []
    low = numbers != torch.float32
    with torch.no_grad():
        for X, _ in data_iter:
            with torch.autocast(data_iter.device.type, numbers, enabled=low):
                logits = net(X)
            parts.append(logits.float().softmax(1).max(1))
    confidence, predicted = (torch.cat(values).cpu() for values in zip(*parts))
    return predicted, confidence


def activations(net: nn.Sequential, X: Tensor) -> list[Tensor]:
    """What comes out of each ReLU, (N, maps, height * width) or (N, units, 1)."""
    outputs = []
    with torch.no_grad():
        for layer in net.eval():
            X = layer(X)
            if isinstance(layer, nn.ReLU):
                outputs.append(X)
    return outputs


def highest(net: nn.Sequential, data_iter) -> list[Tensor]:
    """The highest value of each map or unit behind each ReLU, on all images."""
    peaks = None
    for X, _ in data_iter:
        here = [Y.flatten(2).amax((0, 2)) if Y.dim() == 4 else Y.amax(0)
                for Y in activations(net, X)]  # fmt: skip
        peaks = list(map(torch.maximum, peaks, here)) if peaks else here
    return peaks


def recorded_net(path: Path, name: str) -> nn.Sequential:
    """AlexNet with the weights of a checkpoint, which must be the record's."""
    state = torch.load(path, map_location="cpu", weights_only=True)
    if state["run"]["test_acc"] != load_record(name).runs[0].test_acc:
        raise SystemExit(f"{path} is not the recorded {name} of seed 0")
    net = alexnet()
    net.load_state_dict(state["net"])
    return net


def main() -> None:
    """Load both nets, let them answer, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("fast", type=Path)
    parser.add_argument("slow", type=Path)
    options = parser.parse_args()
    whole_data()
    commit = clean_commit()
    large = recorded_net(options.fast, "alexnet")
    slow = recorded_net(options.slow, "alexnet-slow")
    small = lenet()
    kept = np.load(RECORDS / "lenet.npz")
    small.load_state_dict({k: torch.from_numpy(kept[k]).float() for k in kept.files})
    arrays = {}
    for name, net, resize in ("lenet", small, None), ("alexnet", large, 224):
        _, test_iter = load_data_fashion_mnist(250, resize)
        predicted, confidence = answers(net, test_iter)
        arrays[f"{name}_predicted"] = predicted.numpy().astype(np.uint8)
        arrays[f"{name}_confidence"] = confidence.numpy().astype(np.float16)
    X, _ = next(iter(test_iter))
    for n, Y in enumerate(activations(large, X[:1])[:5]):
        brightest = Y[0].amax((1, 2)).argsort(descending=True)[:MAPS].sort().values
        arrays[f"alexnet_maps_{n}"] = Y[0, brightest].cpu().numpy().astype(np.float16)
    for name, net in ("alexnet", large), ("slow", slow.to(test_iter.device)):
        for n, peaks in enumerate(highest(net, test_iter)):
            arrays[f"{name}_highest_{n}"] = peaks.cpu().numpy().astype(np.float16)
    arrays["alexnet_filters"] = large[0].weight.detach().cpu().half().numpy()
    arrays["shared"] = shared_mistakes(arrays, read_labels())
    arrays["shared_images"] = test_iter.images.cpu().numpy()[arrays["shared"], 0]
    arrays["made"] = json.dumps(provenance(test_iter.device) | {"commit": commit})
    target = RECORDS / "inside.npz"
    replace_file(target, lambda file: np.savez_compressed(file, **arrays))


def shared_mistakes(arrays: dict, labels: np.ndarray) -> np.ndarray:
    """Indices of images that both nets put into the same wrong class."""
    same = arrays["lenet_predicted"] == arrays["alexnet_predicted"]
    wrong = same & (arrays["lenet_predicted"] != labels)
    confidence = np.minimum(arrays["lenet_confidence"], arrays["alexnet_confidence"])
    order = np.argsort(-np.where(wrong, confidence, -1), kind="stable")
    return order[:SHARED]


if __name__ == "__main__":
    main()
