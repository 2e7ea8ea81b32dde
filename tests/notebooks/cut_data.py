"""Cut the first images and labels out of the four Fashion-MNIST files.

    python tests/notebooks/cut_data.py SOURCE TARGET TRAIN TEST

The format stays the same (IDX inside gzip), so the loader reads a cut folder
as it reads the whole one. The same command always writes the same bytes.
"""

import argparse
import gzip
import math
import struct
from pathlib import Path

TRAIN_FILES = ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz")
TEST_FILES = ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz")


def count_items(path: Path) -> int:
    """Return how many images or labels an IDX file says it holds."""
    with gzip.open(path) as file:
        header = file.read(8)
    return struct.unpack(">I", header[4:8])[0]


def cut_bytes(data: bytes, count: int) -> bytes:
    """Return IDX data shortened to its first `count` items.

    IDX is: two zero bytes, a type, the number of dimensions, then each
    dimension as a big-endian 32-bit integer, then the values.
    """
    dimensions = data[3]
    header_size = 4 + 4 * dimensions
    shape = struct.unpack(f">{dimensions}I", data[4:header_size])
    if not 0 < count <= shape[0]:
        raise ValueError(f"cannot cut {count} items out of {shape[0]}")
    end = header_size + count * math.prod(shape[1:])
    return data[:4] + struct.pack(">I", count) + data[8:end]


def write_gzip(path: Path, data: bytes) -> None:
    """Write gzip without a name or a time in it, so that bytes never vary."""
    with (
        open(path, "wb") as file,
        gzip.GzipFile("", "wb", compresslevel=9, fileobj=file, mtime=0) as zipped,
    ):
        zipped.write(data)


def cut(source: Path, target: Path, train: int, test: int) -> None:
    """Write the first `train` and `test` images of `source` into `target`."""
    target.mkdir(parents=True, exist_ok=True)
    for names, count in ((TRAIN_FILES, train), (TEST_FILES, test)):
        for name in names:
            data = gzip.decompress((source / name).read_bytes())
            write_gzip(target / name, cut_bytes(data, count))


def main() -> None:
    """Read the command line and cut."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("train", type=int)
    parser.add_argument("test", type=int)
    options = parser.parse_args()
    cut(options.source, options.target, options.train, options.test)


if __name__ == "__main__":
    main()
