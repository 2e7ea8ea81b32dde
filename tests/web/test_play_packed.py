"""LeNet and images reach the page as they are: float16, and one image of each class."""

import base64
import json
import subprocess

import numpy as np
import pytest
import torch

from d2l_lite.data import CLASSES, SAMPLE, read_split
from web.build import environment_with_node
from web.join_scripts import FOLDER
from web.pack_weights import WEIGHTS, pack_weights

DECODE = f"""
import {{ readFileSync }} from "node:fs";
import {{ bytesOf }} from "{(FOLDER / "bytes.js").as_uri()}";
import {{ decodeFloat16 }} from "{(FOLDER / "float16.js").as_uri()}";
const numbers = decodeFloat16(bytesOf(readFileSync(0, "utf-8")));
console.log(JSON.stringify(Array.from(numbers, String)));
"""


@pytest.fixture(scope="module")
def packed() -> dict:
    """What the page gets."""
    return json.loads(pack_weights())


def test_the_parameters_are_the_records_in_torchs_order(packed):
    numbers = np.frombuffer(base64.b64decode(packed["parameters"]), "<f2")
    kept = np.load(WEIGHTS)
    wanted = torch.cat([torch.from_numpy(kept[n]).flatten() for n in kept.files])
    assert len(numbers) == 61_706
    assert np.array_equal(numbers, wanted.numpy())


def test_the_images_are_one_of_each_class(packed):
    images, labels = read_split(SAMPLE, "t10k")
    found = np.frombuffer(base64.b64decode(packed["images"]), np.uint8)
    firsts = [images[labels == label][0].flatten() for label in range(len(CLASSES))]
    assert np.array_equal(found, torch.cat(firsts).numpy())


def test_every_float16_is_decoded():
    codes = np.arange(1 << 16, dtype="<u2")
    done = subprocess.run(
        ["node", "--input-type=module", "-e", DECODE],
        input=base64.b64encode(codes.tobytes()).decode(),
        env=environment_with_node(),
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    numbers = np.array([float(text) for text in json.loads(done.stdout)], np.float32)
    wanted = codes.view("<f2").astype(np.float32)
    assert np.array_equal(numbers, wanted, equal_nan=True)
