"""Our extensions of Sphinx; _config.yml names them."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, Template
from sphinx.locale import _

TEMPLATES = FileSystemLoader(Path(__file__).resolve().parents[1] / "templates")


def template(name: str) -> Template:
    """Return one of our templates, in which _() and trans speak the site's language."""
    extensions = ["jinja2.ext.i18n"]
    filler = Environment(loader=TEMPLATES, autoescape=True, extensions=extensions)
    filler.install_gettext_callables(_, None, newstyle=True)
    return filler.get_template(name)
