"""Pack images of Fashion-MNIST for the race in the page: `python web/pack_data.py`.

The page gets them as base64 of gzip: the number of training and of test images
(two bytes each, big-endian), then the pixels of all images as 16 grey levels, two
a byte, then their labels, one a byte. `web/play/data.js` unpacks them.
"""

import base64
import gzip
import struct
from pathlib import Path

SAMPLE = Path(__file__).resolve().parent.parent / "d2l_lite" / "sample"
TRAIN, TEST = 2_000, 500  # images
PIXELS = 28 * 28
LEVEL = bytes((pixel + 8) // 17 for pixel in range(256))  # 0..255 to 0..15


def pack(folder: Path = SAMPLE, train: int = TRAIN, test: int = TEST) -> str:
    """Return the first `train` and `test` images below `folder` as ASCII text.

    Raises ValueError when there are fewer.
    """
    images, labels = b"", b""
    for name, count in (("train", train), ("t10k", test)):
        images += read(folder / f"{name}-images-idx3-ubyte.gz", 16, count * PIXELS)
        labels += read(folder / f"{name}-labels-idx1-ubyte.gz", 8, count)
    levels = images.translate(LEVEL)
    pairs = bytes(a << 4 | b for a, b in zip(levels[::2], levels[1::2]))
    packed = struct.pack(">2H", train, test) + pairs + labels
    return base64.b64encode(gzip.compress(packed, mtime=0)).decode()


def read(path: Path, header: int, count: int) -> bytes:
    """Return the first `count` bytes after the header of a gzipped IDX file."""
    with gzip.open(path) as file:
        content = file.read(header + count)[header:]
    if len(content) < count:
        raise ValueError(f"{path} holds {len(content)} bytes of data, not {count}")
    return content


if __name__ == "__main__":
    print(pack())
