"""How long both nets of "Draw a garment" take: `python -m web.bench_garment`."""

import json
import statistics
import subprocess
import tempfile
from pathlib import Path

import torch

from d2l_lite.device import device_name
from web.build import environment_with_node
from web.pack_nets import pack_alexnet, pack_lenet

SCRIPT = Path(__file__).with_name("bench_garment.mjs")
MOST = 60.0  # milliseconds for an answer of both nets
WAYS = {"kernel": "WebAssembly with vectors", "plain": "plain JavaScript"}


def milliseconds() -> dict[str, list[list[float]]]:
    """Clock and processor time of 100 answers of both nets, by the way to multiply."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ("lenet", "alexnet")]
        for path, text in zip(paths, (pack_lenet(), pack_alexnet())):
            path.write_text(text, encoding="utf-8")
        done = subprocess.run(
            ["node", str(SCRIPT), *map(str, paths)],
            env=environment_with_node(), capture_output=True, check=True,
        )  # fmt: skip
    return json.loads(done.stdout)


def report() -> list[str]:
    """Lines for `python -m web.bench`, the machine first."""
    lines = [f"Both nets answer, in Node, {device_name(torch.device('cpu'))}:"]
    for way, times in milliseconds().items():
        clock, used = (statistics.median(column) for column in zip(*times))
        first = times[0][0]
        lines.append(
            f"  {WAYS[way]}: median {clock:.1f} ms by the clock, {used:.1f} ms of the "
            f"processor; the first {first:.0f} ms (at most {MOST:.0f} are allowed)"
        )
    return lines


if __name__ == "__main__":
    print("\n".join(report()))
