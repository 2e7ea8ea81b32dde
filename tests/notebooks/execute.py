"""Run notebooks from top to bottom and store their outputs.

    python tests/notebooks/execute.py [NAME ...]   such as 02_lenet; all without names

Each runs in a fresh kernel, in its own folder, on the whole data set. Nothing
that varies without a reason is stored: no progress bars, times of execution
or patch releases. What the outputs were made with goes into the metadata,
under `made`. A notebook in which a cell fails is left as it was.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from d2l_lite.checkpoint import replace_file  # noqa: E402
from d2l_lite.lab.exercises import store_keys  # noqa: E402
from experiments.record import whole_data  # noqa: E402

NOTEBOOKS = ROOT / "notebooks"
WHOLE = "60000/10000"  # images
UNSTORED = re.compile(r"image/svg\+xml|jupyter\.widget")
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


def made_with() -> dict[str, str]:
    """Return what the outputs are made with."""
    from d2l_lite.device import pick_device, provenance

    major, minor, _ = platform.python_version_tuple()
    return provenance(pick_device()) | {"python": f"{major}.{minor}", "data": WHOLE}


def run(notebook: NotebookNode, folder: Path, progress: Callable[[int], None]) -> None:
    """Run every cell in a fresh kernel; raises CellExecutionError.

    `progress` is called with the index of each cell before it runs.
    """
    client = NotebookClient(
        notebook,
        kernel_name=KERNEL["name"],
        timeout=None,
        record_timing=False,
        coalesce_streams=True,
        store_widget_state=False,
        resources={"metadata": {"path": str(folder)}},
        on_cell_start=lambda cell, cell_index: progress(cell_index),
    )
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    client.execute(env=environment, stderr=subprocess.DEVNULL)


def clean(notebook: NotebookNode) -> None:
    """Remove from an executed notebook what would change at the next run.

    Of a figure the bytes of one format stay, PNG; of a progress bar its last text.
    """
    notebook.metadata["kernelspec"] = dict(KERNEL)
    notebook.metadata.pop("widgets", None)
    notebook.metadata.get("language_info", {}).pop("version", None)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = [o for o in cell.outputs if o.get("name") != "stderr"]
            for output in cell.outputs:
                for mime in [m for m in output.get("data", {}) if UNSTORED.search(m)]:
                    del output.data[mime]
                if output.output_type == "error":
                    output.traceback = [short_paths(line) for line in output.traceback]


def short_paths(line: str) -> str:
    """Cut the folders of this machine out of a line of a traceback."""
    line = line.replace(f"{ROOT}/", "")
    return re.sub(r"/[\w./-]*/site-packages/", "", line)


def write(notebook: NotebookNode, path: Path) -> None:
    """Write beside the notebook first, so that an interruption loses nothing."""
    text = nbformat.writes(notebook) + "\n"
    replace_file(path, lambda file: file.write(text.encode()))


def execute(path: Path) -> None:
    """Run one notebook and store it; raises CellExecutionError, storing nothing."""
    notebook = nbformat.read(path, as_version=4)
    total = len(notebook.cells)

    def progress(index: int) -> None:
        print(f"{path.stem}: cell {index + 1}/{total}", flush=True)

    run(notebook, path.parent, progress)
    clean(notebook)
    store_keys(notebook)
    notebook.metadata["made"] = made_with()
    write(notebook, path)


def main() -> int:
    """Read the command line; return 1 when a cell is at fault."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME")
    names = parser.parse_args().names
    paths = [NOTEBOOKS / f"{Path(name).stem}.ipynb" for name in names]

    whole_data()
    for path in paths or sorted(NOTEBOOKS.glob("*.ipynb")):
        try:
            execute(path)
        except CellExecutionError as error:
            print(f"{path.name} is unchanged, a cell failed:\n{error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
