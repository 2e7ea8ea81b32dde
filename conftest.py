"""Let nbval run the notebooks on a rehearsal folder, and compare by cell tag.

    pytest --nbval notebooks                         rehearsal, on a small folder
    D2L_LITE_DATA=FOLDER pytest --nbval notebooks    on the data in FOLDER

This file must lie above notebooks/ for pytest to find it. The rules of the
comparison are in tests/notebooks/compare.py.
"""

import os
import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from types import MethodType

import nbval.plugin
import pytest
from nbval.kernel import RunningKernel
from nbval.plugin import IPyNbCell

ROOT = Path(__file__).parent
sys.path.insert(0, str(ROOT))

from tests.notebooks.compare import (  # noqa: E402
    compare_outputs,
    message_counts,
    rule_for,
    texts_of,
)
from tests.notebooks.cut_data import TEST_FILES, TRAIN_FILES, count_items, cut  # noqa: E402

DATA_ENV = "D2L_LITE_DATA"
SAMPLE = ROOT / "d2l_lite" / "sample"
REHEARSAL = (48, 64)  # images for training (six steps of 8), for testing
WHOLE = (60_000, 10_000)


def pytest_configure(config: pytest.Config) -> None:
    """Choose the data and show the kernels the way to them and to d2l_lite."""
    if not os.environ.get(DATA_ENV):
        folder = tempfile.TemporaryDirectory(prefix="d2l-lite-rehearsal-")
        config.add_cleanup(folder.cleanup)
        cut(SAMPLE, Path(folder.name), *REHEARSAL)
        os.environ[DATA_ENV] = folder.name
    scratch = tempfile.TemporaryDirectory(
        prefix="d2l-lite-kernels-",
        ignore_cleanup_errors=True,  # Windows keeps an open folder
    )
    config.add_cleanup(scratch.cleanup)
    nbval.plugin.RunningKernel = start_kernels_below(scratch.name)
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", scratch.name)
    os.environ["IPYTHONDIR"] = scratch.name  # no settings and no history of the user's
    # A kernel starts elsewhere, so a relative path would fail.
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    if config.option.nbval_sanitize_with is None:
        sanitize = ROOT / "tests" / "notebooks" / "sanitize.cfg"
        config.option.nbval_sanitize_with = str(sanitize)


def start_kernels_below(folder: str) -> Callable[..., RunningKernel]:
    """Give each kernel a new working folder, away from the notebooks.

    So a test neither reads nor leaves a checkpoint beside a notebook.
    """

    def start(kernel_name: str, cwd: str, **options: int) -> RunningKernel:
        return RunningKernel(kernel_name, cwd=tempfile.mkdtemp(dir=folder), **options)

    return start


def pytest_report_header() -> str:
    """Say in pytest's header which data the notebooks see."""
    train, test = data_size()
    kind = "whole data" if (train, test) == WHOLE else "rehearsal"
    folder = os.environ[DATA_ENV]
    return f"notebook data: {kind}, {train:,} + {test:,} images in {folder}"


def data_size() -> tuple[int, int]:
    """Return the number of training and test images, by the labels' headers."""
    folder = Path(os.environ[DATA_ENV])
    try:
        return count_items(folder / TRAIN_FILES[1]), count_items(folder / TEST_FILES[1])
    except OSError as error:
        message = f"{DATA_ENV} must name a folder of data: {error}"
        raise pytest.UsageError(message) from None


def pytest_itemcollected(item: pytest.Item) -> None:
    """Replace nbval's comparison, which is exact, by ours."""
    if isinstance(item, IPyNbCell):
        item.compare_outputs = MethodType(compare_cell, item)


def compare_cell(item: IPyNbCell, new: list, stored: list) -> bool:
    """Compare the outputs of one cell; nbval prints what is found to differ."""
    tags = item.cell.metadata.get("tags", [])
    rule = rule_for(tags, data_size() == WHOLE)
    made = item.parent.nb.metadata.get("made", {})
    # The kernel is this Python, so its PyTorch is ours.
    messages = message_counts(tags, made.get("torch", ""), version("torch"))
    old, fresh = (texts_of(x, item.sanitize, messages) for x in (stored, new))
    item.comparison_traceback = compare_outputs(old, fresh, rule)
    return not item.comparison_traceback
