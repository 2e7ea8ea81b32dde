"""Assemble the race's kernel: `python web/assemble_kernel.py` (wants wasmtime).

It turns `web/play/product.wat` into `web/play/product_wasm.js`, base64 of
WebAssembly without the custom sections, which hold only names.
"""

import base64
import textwrap
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "play"
SOURCE, TARGET = FOLDER / "product.wat", FOLDER / "product_wasm.js"
HEAD = "// product.wat, assembled: base64 of WebAssembly with vectors of 128 bits.\n"
PREAMBLE = 8  # bytes: a magic number and a version
CUSTOM = 0  # the number of a section that changes nothing


def assemble(source: str) -> str:
    """Return the module product_wasm.js for WebAssembly in text form."""
    import wasmtime  # only here: the site needs it not

    code = bytes(wasmtime.wat2wasm(source))
    kept = b"".join(section for section in sections(code) if section[0] != CUSTOM)
    encoded = base64.b64encode(code[:PREAMBLE] + kept).decode()
    lines = " +\n  ".join(f'"{line}"' for line in textwrap.wrap(encoded, 80))
    return f"{HEAD}\nexport const kernel =\n  {lines};\n"


def sections(code: bytes) -> Iterator[bytes]:
    """Yield each section of a WebAssembly module, its head included."""
    start = PREAMBLE
    while start < len(code):
        size, shift, at = 0, 0, start + 1
        while True:  # the size is in LEB128: seven bits a byte, the lowest first
            size |= (code[at] & 127) << shift
            shift, at = shift + 7, at + 1
            if code[at - 1] < 128:
                break
        yield code[start : at + size]
        start = at + size


if __name__ == "__main__":
    TARGET.write_text(assemble(SOURCE.read_text("utf-8")), "utf-8")
