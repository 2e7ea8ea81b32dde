"""Both languages of a page know each other, and the Chinese one can be searched.

web/build.py says by BOOK_LANGUAGES=2 in the environment that there are two.
"""

import os
import re
from itertools import pairwise

from sphinx.search.zh import SearchChinese
from sphinx.util import logging

LOG = logging.getLogger(__name__)

CHINESE = "zh-Hans"
NAMES = {"en": "English", CHINESE: "中文"}
FOLDER = "zh/"
PLURALS = re.compile(r"new Function\([^()]*\([^()]*\)[^()]*\)")
PIECES = re.compile(r"[\u4e00-\u9fff]+|[A-Za-z0-9_]+")
SPLIT = r"""
var splitQuery = (query) =>
  (query.match(/[\u4e00-\u9fff]+|[A-Za-z0-9_]+/g) ?? []).flatMap((piece) =>
    /^[\u4e00-\u9fff]{3}/.test(piece)
      ? [...piece.slice(1)].map((sign, i) => piece[i] + sign)
      : [piece],
  );
"""


class SearchPairs(SearchChinese):
    """Chinese is searched by pairs of signs, so no dictionary has to know a word."""

    js_splitter_code = SPLIT

    def split(self, text):
        """Return words of letters, and Chinese signs alone and in pairs."""
        found = []
        for piece in PIECES.findall(text):
            if piece > "z":
                found += [*piece, *map("".join, pairwise(piece))]
            else:
                self.latin_terms.append(piece)
                found.append(piece)
        return found

    def word_filter(self, word):
        """Keep Chinese signs, and of letters what the parent keeps."""
        return word > "z" or super().word_filter(word)


def is_chinese(app):
    """Whether this is the Chinese edition."""
    return app.config.language.startswith("zh")


def keep_slugs(app, doctree):
    """Put back the headings' slugs, which a translated heading overwrites."""
    if slugs := getattr(doctree, "myst_slugs", None):
        app.env.metadata[app.env.docname]["myst_slugs"] = slugs


def name_languages(app, pagename, templatename, context, doctree):
    """Say the page's language, and where it is in the other one."""
    if is_chinese(app):
        context["language"] = CHINESE
    if os.environ.get("BOOK_LANGUAGES") != "2":
        return
    other, folder = ("en", "../") if is_chinese(app) else (CHINESE, FOLDER)
    page = f"{'../' * pagename.count('/')}{folder}{pagename}.html"
    context["other"] = {"page": page, "lang": other, "name": NAMES[other]}
    if address := app.config.html_baseurl.removesuffix(FOLDER):
        page = f"{pagename}.html"
        pages = {"en": page, CHINESE: FOLDER + page, "x-default": page}
        context["metatags"] = context.get("metatags", "") + "".join(
            f'<link rel="alternate" hreflang="{lang}" href="{address}{page}">\n'
            for lang, page in pages.items()
        )


def count_without_eval(app, error):
    """Put Chinese plurals into Sphinx's script, which would compile them from text.

    The site's policy forbids that, and the whole script would end there.
    """
    if error is None and app.builder.format == "html" and is_chinese(app):
        script = app.outdir / "_static" / "doctools.js"
        text, times = PLURALS.subn("() => 0", script.read_text("utf-8"))
        if times != 1:
            LOG.warning("doctools.js no longer compiles plurals in the known way")
        script.write_text(text, encoding="utf-8")


def setup(app):
    """Connect the steps above to the build."""
    app.add_search_language(SearchPairs)
    app.connect("doctree-read", keep_slugs)
    app.connect("html-page-context", name_languages)
    app.connect("build-finished", count_without_eval)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
