"""What Jupyter Book 1.x and its theme leave to do for a quiet, self-contained site.

It marks subtitles, leaves out the thebe launcher, which the book does not use,
names a few controls for screen readers, lets no line end between a number and its
percent sign, lets the search find numbers and turns
formulas that KaTeX could not draw into warnings, so that `-W` sees them.
"""

import re

from docutils import nodes
from sphinx.locale import _
from sphinx.util import logging
from sphinxcontrib import katex

LOG = logging.getLogger(__name__)
THEBE_CONFIG = re.compile(
    r'\s*<script type="text/x-thebe-config">.*?</script>'
    r"\s*<script>kernelName = '[^']*'</script>",
    re.DOTALL,
)
BAD_FORMULA = re.compile(r'katex-error" title="([^"]*)|color:#cc0000;?">([^<]*)')
SKIPS_NUMBERS = re.compile(r"\s*\|\|\s*queryTerm\.match\(/\^\\d\+\$/\)")
TIMEOUT_SECONDS = 600  # for KaTeX; a busy machine is slow, not broken
CITATION_ROLE = re.compile(r' role="(?:list|doc-biblioentry)"')
# A number and its percent sign; what a program prints stays as it is.
PERCENT = re.compile(r"<pre.*?</pre>|(?<=\d) %(?=[^<>]*<)", re.DOTALL)


def mark_subtitle(app, doctree):
    """Mark a first paragraph that is one emphasis, `*like this*`, as a subtitle."""
    for title in doctree.findall(nodes.title):
        after = title.next_node(descend=False, siblings=True)
        children = list(after) if isinstance(after, nodes.paragraph) else []
        if len(children) == 1 and isinstance(children[0], nodes.emphasis):
            after["classes"].append("subtitle")
        return  # only the page's own title has one


def clean_page(app, pagename, templatename, context, doctree):
    """Clean one page just before its template is filled in."""
    context["script_files"] = wanted_scripts(context.get("script_files", []))
    context["css_files"] = [
        css for css in context.get("css_files", []) if "thebe" not in str(css.filename)
    ]
    if "generate_toctree_html" in context:
        context["generate_toctree_html"] = named_summaries(
            context["generate_toctree_html"]
        )
    if context.get("body"):
        context["body"] = clean_body(context["body"], pagename)


def wanted_scripts(scripts):
    """Drop thebe, and the second copy that Sphinx 7 makes of inline scripts."""
    kept = {}
    for script in scripts:
        inline = getattr(script, "attributes", {}).get("body") or ""
        name = str(getattr(script, "filename", script) or "")
        if "thebe" not in name and "THEBE" not in inline:
            kept.setdefault((name, inline), script)
    return list(kept.values())


def named_summaries(generate_toctree_html):
    """Name the sidebar's fold buttons, which show only an arrow."""

    def generate(*args, **kwargs):
        html = str(generate_toctree_html(*args, **kwargs))
        label = _("Pages of this part")
        return html.replace("<summary>", f'<summary aria-label="{label}">')

    return generate


def clean_body(body, pagename):
    """Drop thebe and wrong ARIA labels, keep percents whole, report bad formulas."""
    body = THEBE_CONFIG.sub("", body)
    body = body.replace(' aria-label="Toggle hidden content"', "")
    if "citation-list" in body:
        body = CITATION_ROLE.sub("", body)
    body = PERCENT.sub(lambda m: m[0] if len(m[0]) > 2 else "&nbsp;%", body)
    for error in BAD_FORMULA.findall(body):
        message = "".join(error).strip()[:200]
        LOG.warning("bad formula: %s", message, location=pagename, type="katex")
    return body


def search_numbers(app, error):
    """Let the search look for numbers, which Sphinx indexes but then skips."""
    if error is None and app.builder.format == "html":
        script = app.outdir / "_static" / "searchtools.js"
        text, times = SKIPS_NUMBERS.subn("", script.read_text("utf-8"))
        if times != 1:
            LOG.warning("searchtools.js no longer skips numbers in the known way")
        script.write_text(text, encoding="utf-8")


def setup(app):
    """Connect the steps above to the build."""
    katex.STARTUP_TIMEOUT = katex.RENDER_TIMEOUT = TIMEOUT_SECONDS
    # KaTeX's server has a Unix socket a moment before it listens there, and whoever
    # calls in that moment is refused. At a port of this machine it is called again.
    server = katex.KaTeXServer
    server.start_server_process = server.start_network_socket
    app.connect("doctree-read", mark_subtitle)
    app.connect("html-page-context", clean_page, priority=900)
    app.connect("build-finished", search_numbers)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
