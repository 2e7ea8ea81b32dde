"""Pack LeNet and ten pictures for the part "Dress the net" in the page.

The page gets a JavaScript value: all parameters of the book's LeNet as base64 of
little-endian float16, weight before bias, layer by layer; and the first test
picture of each class as base64 of bytes. NumPy is not needed, so that the site can
be built without it. `web/play/half.js` unpacks them.
"""

import ast
import base64
import json
import struct
import zipfile
from pathlib import Path

from web.pack_data import PIXELS, SAMPLE, read

WEIGHTS = Path(__file__).resolve().parent.parent / "results" / "lenet.npz"
CLASSES = 10
LOOKED_AT = 100  # test pictures, among which every class is


def pack_weights(path: Path = WEIGHTS, folder: Path = SAMPLE) -> str:
    """Return {"parameters": base64, "pictures": base64} as JSON, in ASCII.

    Raises ValueError for parameters that are not float16, and when the first
    pictures below `folder` lack a class.
    """
    with zipfile.ZipFile(path) as archive:
        parameters = b"".join(halves(archive.read(name)) for name in archive.namelist())
    parts = {"parameters": parameters, "pictures": one_of_each_class(folder)}
    return json.dumps({name: base64.b64encode(b).decode() for name, b in parts.items()})


def halves(npy: bytes) -> bytes:
    """Return the numbers of a .npy file (NumPy's format, version 1) of float16."""
    magic, version, length = struct.unpack_from("<6sBxH", npy)
    if (magic, version) != (b"\x93NUMPY", 1):
        raise ValueError("this is no .npy file of version 1")
    header = ast.literal_eval(npy[10 : 10 + length].decode("latin-1"))
    if header["descr"] != "<f2" or header["fortran_order"]:
        raise ValueError(f"parameters must be float16, row by row, not {header}")
    return npy[10 + length :]


def one_of_each_class(folder: Path) -> bytes:
    """Return the first test picture of each class, in the order of the classes."""
    images = read(folder / "t10k-images-idx3-ubyte.gz", 16, LOOKED_AT * PIXELS)
    labels = read(folder / "t10k-labels-idx1-ubyte.gz", 8, LOOKED_AT)
    starts = [labels.index(label) * PIXELS for label in range(CLASSES)]
    return b"".join(images[start : start + PIXELS] for start in starts)
