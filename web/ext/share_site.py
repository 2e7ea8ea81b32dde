"""What others need to find and to cite the book: previews, buttons, BibTeX.

Tags for citations, and the directive `cite-this-book`, come from CITATION.cff. The
site's address is `html: baseurl` in _config.yml, or BOOK_URL in the environment, such
as https://example.org/book/; the repository's is BOOK_REPO,
https://github.com/OWNER/NAME. Without one the site has none of what needs it.
"""

import os
from html import escape
from pathlib import Path

import yaml
from docutils import nodes
from pybtex.database import Entry, Person
from sphinx.util.docutils import SphinxDirective

from web.ext.languages import FOLDER, is_chinese

CITATION = Path(__file__).resolve().parents[2] / "CITATION.cff"
BOOK = yaml.safe_load(CITATION.read_text("utf-8"))
AUTHORS = [author["name"] for author in BOOK["authors"]]


def add_citation_tags(app, pagename, templatename, context, doctree):
    """Say in a page's head what reference managers read there."""
    tags = [("citation_title", BOOK["title"])]
    tags += [("citation_author", name) for name in AUTHORS]
    released = BOOK["date-released"].replace("-", "/")
    tags.append(("citation_publication_date", released))
    if app.config.html_baseurl:
        tags.append(("citation_public_url", app.config.html_baseurl))
    context["metatags"] = context.get("metatags", "") + "".join(
        f'<meta name="{name}" content="{escape(text)}">\n' for name, text in tags
    )


class CiteThisBook(SphinxDirective):
    """Show the BibTeX entry of this book."""

    def run(self):
        """Return it as a block of code."""
        fields = {"title": f"{{{BOOK['title']}}}", "year": BOOK["date-released"][:4]}
        fields["note"] = f"Version {BOOK['version']}"
        if self.config.html_baseurl:
            fields["url"] = self.config.html_baseurl
        persons = {"author": [Person(f"{{{name}}}") for name in AUTHORS]}
        entry = Entry("misc", fields=fields, persons=persons)
        entry.key = BOOK["title"].replace(" ", "")
        text = entry.to_string("bibtex").strip()
        return [nodes.literal_block(text, text, language="bibtex")]


def say_where_the_map_is(app, error):
    """Name the sitemaps, one for each language, in robots.txt."""
    if error is None and app.builder.format == "html":
        robots = app.outdir / "robots.txt"
        editions = ["", FOLDER] if os.environ.get("BOOK_LANGUAGES") == "2" else [""]
        lines = [
            f"Sitemap: {app.config.html_baseurl}{edition}sitemap.xml\n"
            for edition in editions
        ]
        text = "".join([robots.read_text("utf-8"), *lines])
        robots.write_text(text, encoding="utf-8")


def offer_repository(app, config):
    """Show the theme's buttons: repository, issues, edit, and Colab for a notebook."""
    config.html_theme_options |= {
        "repository_url": os.environ["BOOK_REPO"].rstrip("/"),
        "repository_branch": "main",
        "path_to_docs": "",
        "use_repository_button": True,
        "use_issues_button": True,
        "use_edit_page_button": True,
        "launch_buttons": {"colab_url": "https://colab.research.google.com"},
    }


def setup(app):
    """Connect the steps above, and load what needs an address if there is one."""
    app.add_directive("cite-this-book", CiteThisBook)
    app.connect("html-page-context", add_citation_tags)
    if os.environ.get("BOOK_REPO"):
        app.connect("config-inited", offer_repository)
    address = os.environ.get("BOOK_URL") or app.config.html_baseurl
    if address:
        address = address.rstrip("/") + "/" + FOLDER * is_chinese(app)
        app.config.html_baseurl = app.config.ogp_site_url = address
        app.config.ogp_image = f"{address}_static/preview.png"
        app.config.ogp_site_name = app.config.ogp_image_alt = app.config.html_title
        app.config.sitemap_url_scheme = "{link}"
        app.setup_extension("sphinx_sitemap")
        app.setup_extension("sphinxext.opengraph")
        app.connect("build-finished", say_where_the_map_is)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
