"""Workflows, locks, versions and papers agree; zizmor knows what else is unsafe."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
LOCKS = {
    "book": ["requirements/book.txt", "requirements/pdf.txt"],
    "tests": [
        "requirements.txt",
        "requirements/book.txt",
        "requirements/test.txt",
        "requirements/pdf.txt",
    ],
}
PAPERS = [
    ROOT / name
    for name in ("CONTRIBUTING.md", "CHANGELOG.md", "CITATION.cff", "LICENSE")
]
HOOKS = ROOT / ".pre-commit-config.yaml"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
ADDRESS = r"[\w.+-]+@[\w-]+\.\w+"  # of a person
FOLDER = r"(?<![\w.:/])/(home|root|tmp|work|opt)/"
WITHOUT = {"IPython", "myst_nb"}  # d2l_lite.lab.page does without them where it must


def read(name: str) -> str:
    """Return the text of a file of the repository."""
    return (ROOT / name).read_text(encoding="utf-8")


def lines_of(path: Path) -> list[str]:
    """Return the requirements in a file, without comments."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def name_of(requirement: str) -> str:
    """Return the package that a requirement names, as the index writes it."""
    return canonicalize_name(Requirement(requirement).name)


def lower_bounds(requirements: list[str]) -> dict[str, str]:
    """Return {package: oldest version allowed} of those that have a bound."""
    return {
        name_of(line): bound.version
        for line in requirements
        for bound in Requirement(line).specifier
        if bound.operator == ">="
    }


def pins_of(lines: list[str]) -> dict[str, str]:
    """Return {package: version} of the lines such as `torch==2.14.1`."""
    exact = [re.match(r"([\w.-]+)==([\w.+]+)", line) for line in lines]
    return {canonicalize_name(found[1]): found[2] for found in exact if found}


REQUIREMENTS = ROOT / "requirements"
TRIED = pins_of(lines_of(REQUIREMENTS / "constraints.txt"))

# ------------------------------------------------------------------ workflows


@pytest.fixture(params=WORKFLOWS, ids=lambda path: path.stem)
def workflow(request):
    """Each workflow, parsed; YAML 1.1 reads the key `on` as true."""
    return yaml.safe_load(request.param.read_text(encoding="utf-8"))


def check_schema(schema: str, *paths: Path) -> None:
    """Hold files to a schema that check-jsonschema brings along; no network."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema]
    done = subprocess.run([*command, *paths], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_workflows_keep_to_their_schema():
    assert [path.stem for path in WORKFLOWS] == ["book", "nightly", "tests"]
    check_schema("vendor.github-workflows", *WORKFLOWS)


def test_a_workflow_ends_writes_only_to_deploy_and_runs_releases(workflow):
    for name, job in workflow["jobs"].items():
        assert 0 < job["timeout-minutes"] <= 120
        allowed = {"pages": "write", "id-token": "write"} if name == "deploy" else None
        assert job.get("permissions") == allowed
        used = [step["uses"] for step in job["steps"] if "uses" in step]
        assert all(re.fullmatch(r"actions/[\w-]+@v\d+", action) for action in used)


def test_what_was_not_run_here_is_marked():
    for path in WORKFLOWS:
        for line in path.read_text(encoding="utf-8").splitlines():
            if re.search(r"macos-|windows-|3\.1[23]\"", line):
                assert "not run here" in line


# ---------------------------------------------------------- commands and paths


def test_every_target_that_is_named_exists():
    targets = set(re.findall(r"^([a-z][a-z-]*):", read("Makefile"), re.M))
    pages = [*WORKFLOWS, HOOKS, ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    pages += [ROOT / "CHANGELOG.md", *(REQUIREMENTS / "locks").glob("*.txt")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in pages)
    named = re.findall(r"(?:`|: |by )make ([a-z-]+)", text)
    assert {"locks", "test-oldest", "test-newest", "test-nightly"} <= set(named)
    assert set(named) <= targets


def test_every_file_that_is_named_exists():
    text = read("CONTRIBUTING.md") + "\n".join(p.read_text("utf-8") for p in WORKFLOWS)
    paths = re.findall(r"[\w.*-]+/[\w./*-]+\.\w+|[\w-]+\*?\.(?:txt|toml|py)\b", text)
    paths = {path for path in paths if "NAME" not in path}
    assert len(paths) > 15
    for path in paths:
        found = list(ROOT.glob(path)) or list((ROOT / "tests").glob(path))
        assert found, f"{path} does not exist"


# -------------------------------------------------------------------- versions


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_is_exact_hashed_and_agrees_with_what_was_tried(name):
    lock = read(f"requirements/locks/{name}.txt")
    entries = re.split(r"\n(?=\S)", lock)[1:]
    pins = pins_of(entries)
    assert len(pins) == len(entries)
    assert all(re.search(r"--hash=sha256:[0-9a-f]{64}", entry) for entry in entries)
    assert all(TRIED.get(pin, version) == version for pin, version in pins.items())
    # What is not among the versions tried comes with PyTorch, for a GPU.
    others = pins.keys() - TRIED.keys()
    assert all(re.match("nvidia-|cuda-|triton", pin) for pin in others)
    for file in LOCKS[name]:
        assert {name_of(line) for line in lines_of(ROOT / file)} <= pins.keys()
    assert lock.splitlines()[0].startswith("# Exact versions with hashes, for Python")
    assert "://" not in lock and not re.search(FOLDER, lock)


def test_every_dependency_has_a_lower_bound_and_a_version_tried():
    bounds = lower_bounds(PROJECT["dependencies"])
    assert len(bounds) == len(PROJECT["dependencies"])
    assert bounds.keys() <= TRIED.keys()
    for name, bound in lower_bounds(lines_of(ROOT / "requirements.txt")).items():
        assert bounds.get(name, bound) == bound


def test_the_metadata_name_what_the_helper_imports():
    imported = set()
    for path in (ROOT / "d2l_lite").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                imported.add(node.module.split(".")[0])
    foreign = imported - sys.stdlib_module_names - WITHOUT - {"d2l_lite"}
    assert foreign <= lower_bounds(PROJECT["dependencies"]).keys()


# ---------------------------------------------------------------------- papers


def test_the_citation_keeps_to_its_schema_and_names_this_version():
    check_schema("vendor.citation-file-format", ROOT / "CITATION.cff")
    citation = yaml.safe_load(read("CITATION.cff"))
    assert citation["version"] == PROJECT["version"]
    released = f"## [{citation['version']}] - {citation['date-released']}"
    assert released in read("CHANGELOG.md")


def test_the_changelog_has_the_sections_of_its_form():
    log = read("CHANGELOG.md")
    sections = set(re.findall(r"^### (.*)", log, re.M))
    assert sections <= {
        "Added",
        "Changed",
        "Deprecated",
        "Removed",
        "Fixed",
        "Security",
    }
    assert re.findall(r"^## (.*)", log, re.M)[0] == "[Unreleased]"


def test_contributing_is_short():
    assert len(read("CONTRIBUTING.md").splitlines()) <= 120


def test_the_licence_covers_code_and_prose():
    assert "MIT License" in read("LICENSE")
    assert "creativecommons.org/licenses/by/4.0" in read("LICENSE")


def test_the_hooks_use_the_ruff_that_was_tried():
    ruff, local = yaml.safe_load(HOOKS.read_text(encoding="utf-8"))["repos"]
    assert ruff["rev"] == f"v{TRIED['ruff']}"
    assert [hook["id"] for hook in ruff["hooks"]] == ["ruff-check", "ruff-format"]
    (hook,) = local["hooks"]
    assert (ROOT / hook["entry"].split()[-1]).exists()
    changed = ["notebooks/02_lenet.ipynb", "book/intro.md", "README.md"]
    assert all(re.search(hook["files"], name) for name in changed)


@pytest.mark.parametrize("path", [*PAPERS, HOOKS, *WORKFLOWS], ids=lambda p: p.name)
def test_no_person_and_no_machine_is_named(path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(ADDRESS, text) and not re.search(FOLDER, text)
