"""Test the notebooks on the whole data set: `python tools/verify.py`.

All but 04_alexnet, whose training is the one cell that takes an hour and more;
`make test` rehearses it on a part of the data.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from d2l_lite.data import SWITCH, find_folder  # noqa: E402
from tools.execute import check_whole_data  # noqa: E402

TOO_LONG = "04_alexnet"


def main() -> None:
    """Find the whole data, point the kernels at them, and run pytest."""
    folder = find_folder()
    try:
        check_whole_data(folder)
    except ValueError as error:
        sys.exit(f"{error}. Let {SWITCH} name a folder that has them.")
    notebooks = sorted((ROOT / "notebooks").glob("*.ipynb"))
    chosen = [str(path) for path in notebooks if path.stem != TOO_LONG]
    command = [sys.executable, "-m", "pytest", "-q", "--nbval", *chosen]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | {SWITCH: str(folder)})
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
