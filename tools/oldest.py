"""Print constraints with the oldest versions that the metadata allow.

    python tools/oldest.py > FILE && pip install -c FILE ...

Each lower bound in pyproject.toml and requirements.txt stands in place of the
version in constraints.txt. What has no lower bound keeps the version tried.
"""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FREE = {"setuptools"}  # torch 2.11 wants one before 82


def name_of(requirement: str) -> str:
    """Return the package that a requirement names, as the index writes it."""
    name = re.match(r"[\w.-]+", requirement)[0]
    return re.sub(r"[-_.]+", "-", name).lower()


def lines_of(path: Path) -> list[str]:
    """Return the requirements in a file, without comments."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def lower_bounds(requirements: list[str]) -> dict[str, str]:
    """Return {package: oldest version allowed} of those that have a bound."""
    bounds = {}
    for requirement in requirements:
        if found := re.search(r">=\s*([\w.]+)", requirement):
            bounds[name_of(requirement)] = found[1]
    return bounds


def oldest(tried: list[str], bounds: dict[str, str]) -> list[str]:
    """Return pins: the bounds, and what was tried of everything else."""
    others = [pin for pin in tried if name_of(pin) not in FREE | bounds.keys()]
    return sorted([f"{name}=={bounds[name]}" for name in bounds] + others)


def main() -> None:
    """Print the pins."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    bounds = lower_bounds(project["dependencies"] + lines_of(ROOT / "requirements.txt"))
    print("\n".join(oldest(lines_of(ROOT / "constraints.txt"), bounds)))


if __name__ == "__main__":
    main()
