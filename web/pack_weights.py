"""Pack LeNet and ten images for the live figure "Dress the net".

The page gets a JavaScript value: all parameters of the book's LeNet as base64 of
little-endian float16, weight before bias, layer by layer; and the first test
image of each class as base64 of bytes. NumPy is not needed, so that the site can
be built without it. `web/play/float16.js` unpacks them.
"""

import base64
import json
import struct
import zipfile
from pathlib import Path

from web.pack_data import PIXELS, SAMPLE, read

WEIGHTS = Path(__file__).resolve().parent.parent / "results" / "lenet.npz"
CLASSES = 10
LOOKED_AT = 100  # test images, among which every class is


def pack_weights(path: Path = WEIGHTS, folder: Path = SAMPLE) -> str:
    """Return {"parameters": base64, "images": base64} as JSON, in ASCII."""
    with zipfile.ZipFile(path) as archive:
        parameters = b"".join(
            array_bytes(archive.read(name)) for name in archive.namelist()
        )
    parts = {"parameters": parameters, "images": one_of_each_class(folder)}
    return json.dumps({name: base64.b64encode(b).decode() for name, b in parts.items()})


def array_bytes(npy: bytes) -> bytes:
    """Return the numbers of a .npy file (NumPy's format, version 1)."""
    (length,) = struct.unpack_from("<H", npy, 8)  # of the header
    return npy[10 + length :]


def one_of_each_class(folder: Path) -> bytes:
    """Return the first test image of each class, in the order of the classes."""
    images = read(folder / "t10k-images-idx3-ubyte.gz", 16, LOOKED_AT * PIXELS)
    labels = read(folder / "t10k-labels-idx1-ubyte.gz", 8, LOOKED_AT)
    starts = [labels.index(label) * PIXELS for label in range(CLASSES)]
    return b"".join(images[start : start + PIXELS] for start in starts)
