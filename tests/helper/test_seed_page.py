"""The seed page's own cells run unchanged, but for the name of the helper."""

import os
import re
import subprocess
import sys
from pathlib import Path

import torch

from d2l_lite import alexnet, trace
from tests.notebooks.cut_data import cut

ROOT = Path(__file__).resolve().parents[2]

CELLS = """
import torch
from torch import nn


net = nn.Sequential(
    nn.Conv2d(1, 96, kernel_size=11, stride=4, padding=1), nn.ReLU(),
    nn.MaxPool2d(kernel_size=3, stride=2),
    nn.Conv2d(96, 256, kernel_size=5, padding=2), nn.ReLU(),
    nn.MaxPool2d(kernel_size=3, stride=2),
    nn.Conv2d(256, 384, kernel_size=3, padding=1), nn.ReLU(),
    nn.Conv2d(384, 384, kernel_size=3, padding=1), nn.ReLU(),
    nn.Conv2d(384, 256, kernel_size=3, padding=1), nn.ReLU(),
    nn.MaxPool2d(kernel_size=3, stride=2), nn.Flatten(),
    nn.Linear(6400, 4096), nn.ReLU(), nn.Dropout(p=0.5),
    nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout(p=0.5),
    nn.Linear(4096, 10))
X = torch.randn(1, 1, 224, 224)
for layer in net:
    X = layer(X)
    print(layer.__class__.__name__, 'output shape:\\t', X.shape)

import d2l_lite as d2l

batch_size = 128
train_iter, test_iter = d2l.load_data_fashion_mnist(batch_size=batch_size, resize=224)
lr, num_epochs = 0.003, 10
d2l.train_image_classifier(net, train_iter, test_iter, lr, num_epochs)
"""

SHAPES = """\
Conv2d output shape:	 torch.Size([1, 96, 54, 54])
ReLU output shape:	 torch.Size([1, 96, 54, 54])
MaxPool2d output shape:	 torch.Size([1, 96, 26, 26])
Conv2d output shape:	 torch.Size([1, 256, 26, 26])
ReLU output shape:	 torch.Size([1, 256, 26, 26])
MaxPool2d output shape:	 torch.Size([1, 256, 12, 12])
Conv2d output shape:	 torch.Size([1, 384, 12, 12])
ReLU output shape:	 torch.Size([1, 384, 12, 12])
Conv2d output shape:	 torch.Size([1, 384, 12, 12])
ReLU output shape:	 torch.Size([1, 384, 12, 12])
Conv2d output shape:	 torch.Size([1, 256, 12, 12])
ReLU output shape:	 torch.Size([1, 256, 12, 12])
MaxPool2d output shape:	 torch.Size([1, 256, 5, 5])
Flatten output shape:	 torch.Size([1, 6400])
Linear output shape:	 torch.Size([1, 4096])
ReLU output shape:	 torch.Size([1, 4096])
Dropout output shape:	 torch.Size([1, 4096])
Linear output shape:	 torch.Size([1, 4096])
ReLU output shape:	 torch.Size([1, 4096])
Dropout output shape:	 torch.Size([1, 4096])
Linear output shape:	 torch.Size([1, 10])
"""
LAST_LINE = r"loss \d+\.\d{3}, train acc [01]\.\d{6}, test acc [01]\.\d{6}\n"


def test_the_seed_pages_cells_work(tmp_path):
    cut(ROOT / "d2l_lite" / "sample", tmp_path / "data", 4, 2)
    environment = os.environ | {
        "D2L_LITE_DATA": str(tmp_path / "data"),
        "MPLBACKEND": "agg",
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        [sys.executable, "-c", CELLS],
        cwd=tmp_path, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(re.escape(SHAPES) + LAST_LINE, done.stdout)


def test_chapter_four_prints_these_shapes_to_the_letter():
    import nbformat

    notebook = nbformat.read(ROOT / "notebooks" / "04_alexnet.ipynb", as_version=4)
    outputs = [
        output.text
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == "stream"
    ]
    assert SHAPES in outputs


def test_the_trace_has_these_shapes():
    with torch.device("meta"):
        rows = trace(alexnet()).rows
    lines = [
        f"{row.layer} output shape:\t {torch.Size(row.output_shape)}\n" for row in rows
    ]
    assert "".join(lines) == SHAPES
