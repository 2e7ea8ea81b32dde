"""Pack the two nets and the test images of the live figure "Draw a garment".

LeNet stays in float16: all its numbers, weight before bias, layer by layer. AlexNet
gets 8 bits a weight: for each layer a scale for each output, then its biases, both
float32; after all layers the weights as signed bytes, to be multiplied by the scale
of their output. All is little-endian, packed by gzip and written as base64.
NumPy is not needed, so that the site can be built without it.
"""

import ast
import base64
import gzip
import json
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

from web.pack_data import PIXELS, SAMPLE, read

RECORDS = Path(__file__).resolve().parent.parent / "results" / "edition2"
LENET, ALEXNET = RECORDS / "figure-lenet.npz", RECORDS / "figure-resolution.npz"
IMAGES = 100  # the first test images; every class is among them
LARGEST = 127  # of a signed byte; -128 is not used


def pack_lenet(path: Path = LENET, folder: Path = SAMPLE) -> str:
    """Return {"weights", "images", "labels"}, each base64 of gzip, as JSON.

    With them goes {"record"}: how often each net is right, and on silhouettes.
    Raises ValueError for weights that are not float16.
    """
    images = read(folder / "t10k-images-idx3-ubyte.gz", 16, IMAGES * PIXELS)
    labels = read(folder / "t10k-labels-idx1-ubyte.gz", 8, IMAGES)
    weights = b"".join(numbers for _, numbers in arrays(path))
    return as_json({"record": record()}, weights=weights, images=images, labels=labels)


def pack_alexnet(path: Path = ALEXNET) -> str:
    """Return {"weights"} as JSON, base64 of gzip: 8 bits, a scale an output.

    Raises ValueError for weights that are not float16.
    """
    return as_json({}, weights=eight_bits(path))


def eight_bits(path: Path = ALEXNET) -> bytes:
    """Return all layers' scales and biases, and then their weights as bytes."""
    floats, weights = [], []
    pairs = iter(arrays(path))
    for ((outputs, *_), weight), (_, bias) in zip(pairs, pairs, strict=True):
        rows = list(rows_of(weight, outputs))
        # A filter that is 0 everywhere has any scale; 1 keeps it from dividing by 0.
        scales = [max(map(abs, row)) / LARGEST or 1.0 for row in rows]
        # What the page multiplies by is rounded to 32 bits, so round with that.
        scales = struct.unpack(f"<{outputs}f", struct.pack(f"<{outputs}f", *scales))
        floats += [*scales, *struct.unpack(f"<{outputs}e", bias)]
        for row, scale in zip(rows, scales):
            whole = (max(-LARGEST, min(LARGEST, round(w / scale))) for w in row)
            weights.append(struct.pack(f"<{len(row)}b", *whole))
    return struct.pack(f"<{len(floats)}f", *floats) + b"".join(weights)


def rows_of(weight: bytes, outputs: int) -> Iterator[tuple[float, ...]]:
    """Split float16 numbers into as many rows as there are outputs."""
    numbers = struct.unpack(f"<{len(weight) // 2}e", weight)
    size = len(numbers) // outputs
    return (numbers[i : i + size] for i in range(0, len(numbers), size))


def arrays(path: Path) -> Iterator[tuple[tuple[int, ...], bytes]]:
    """Yield the shape and the numbers of each array of a .npz file, in its order."""
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            yield halves(archive.read(name))


def halves(npy: bytes) -> tuple[tuple[int, ...], bytes]:
    """Return shape and numbers of a .npy file (NumPy's format, version 1) of float16.

    Raises ValueError for other files, and for other numbers.
    """
    magic, version, length = struct.unpack_from("<6sBxH", npy)
    if (magic, version) != (b"\x93NUMPY", 1):
        raise ValueError("this is no .npy file of version 1")
    header = ast.literal_eval(npy[10 : 10 + length].decode("latin-1"))
    if header["descr"] != "<f2" or header["fortran_order"]:
        raise ValueError(f"weights must be float16, row by row, not {header}")
    return header["shape"], npy[10 + length :]


def record() -> dict:
    """What `python -m web.figure_accuracy` found, of the nets as the page gets them."""
    nets = json.loads((RECORDS / "figure-accuracy.json").read_bytes())["nets"]
    lenet, alexnet = nets["LeNet, 16 bits"], nets["AlexNet, 8 bits"]
    kinds = {"accuracy": "test images", "silhouettes": "silhouettes"}
    return {
        name: {"lenet": lenet[kind], "alexnet": alexnet[kind]}
        for name, kind in kinds.items()
    }


def as_json(plain: dict, **parts: bytes) -> str:
    """Return plain values, and each part as base64 of gzip."""
    packed = {name: gzip.compress(part, 9, mtime=0) for name, part in parts.items()}
    texts = {name: base64.b64encode(part).decode() for name, part in packed.items()}
    return json.dumps(plain | texts)
