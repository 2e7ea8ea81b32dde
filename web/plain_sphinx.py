"""Build the site without Jupyter Book, on the newest Sphinx: `make plain`.

`make book` is the way of every day; this one is for the day when Jupyter Book no
longer installs. It reads the same _config.yml and _toc.yml, and a nightly test holds
both sites to the same text.
"""

import argparse
import os
import sys
from pathlib import Path

import yaml
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT))  # where our extensions are

from web.build import build_wheel, environment_with_node  # noqa: E402

# What Jupyter Book loads of itself, as far as this book uses it.
EXTENSIONS = [
    "sphinx_togglebutton",
    "sphinx_copybutton",
    "myst_nb",
    "sphinx_external_toc",
    "sphinx_design",
    "sphinx_book_theme",
    "sphinx_multitoc_numbering",
    "sphinxcontrib.bibtex",
]
# What it sets of itself.
DEFAULTS = {
    "html_theme": "sphinx_book_theme",
    "html_sourcelink_suffix": "",
    "myst_url_schemes": ["mailto", "http", "https"],
    "numfig": True,
    "suppress_warnings": ["myst.domains"],
}
HOME = {"home_page_in_toc": True}


def sphinx_config(book):
    """Return Sphinx's settings for those of _config.yml."""
    ours = book["sphinx"]
    return {
        **DEFAULTS,
        "author": book["author"],
        "bibtex_bibfiles": book["bibtex_bibfiles"],
        "copyright": book["copyright"],
        "exclude_patterns": book["exclude_patterns"],
        "extensions": [
            *EXTENSIONS,
            *ours["extra_extensions"],
            *ours["local_extensions"],
        ],
        "external_toc_exclude_missing": book["only_build_toc_files"],
        "html_baseurl": book["html"].get("baseurl", ""),
        "html_favicon": book["html"]["favicon"],
        "html_title": book["title"],
        "myst_enable_extensions": book["parse"]["myst_enable_extensions"],
        "nb_execution_mode": book["execute"]["execute_notebooks"],
        "nb_output_stderr": book["execute"]["stderr_output"],
        "nitpicky": True,
        **ours["config"],
        "html_theme_options": HOME | ours["config"]["html_theme_options"],
    }


def build(folder):
    """Build the site below a folder; return Sphinx's exit code and the site."""
    os.environ |= environment_with_node()
    book = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
    site = folder / "_build" / "html"
    with patch_docutils(), docutils_namespace():
        app = Sphinx(
            ROOT, None, site, folder / "_build" / ".doctrees", "html",
            sphinx_config(book), freshenv=True, warningiserror=True,
        )  # fmt: skip
        app.build(force_all=True)
    build_wheel(site)
    return app.statuscode, site


def main():
    """Read the command line, build, and report."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    code, site = build(parser.parse_args().folder.resolve())
    if code:
        sys.exit(f"The site is not whole (exit code {code}); the log is above.")
    print(f"The site is in {site}: open index.html")


if __name__ == "__main__":
    main()
