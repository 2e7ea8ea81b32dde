"""A small page for each live figure, to stand in somebody else's page by an iframe.

They lie in _static/frames/NAME.html; the page "Teach with this book" lists them.
"""

import re

from web.ext import template
from web.ext.languages import CHINESE, is_chinese
from web.ext.live_parts import write
from web.join_scripts import page_script

FIGURE = re.compile(
    r"<figure[^>]* data-play=['\"](?P<name>\w+)['\"].*?</figure>", re.DOTALL
)
FRAME = template("frame.html")


def add_frames(app, pagename, templatename, context, doctree):
    """Write the frames of a page's figures; the last page that shows one counts."""
    for found in FIGURE.finditer(context.get("body") or ""):
        name, figure = found["name"], found[0]
        folder, _, page = f"{pagename}.html".rpartition("/")
        html = FRAME.render(
            title=context["title"],
            name=name,
            folder=f"{folder}/",
            page=page,
            figure=figure,
            language=CHINESE if is_chinese(app) else "en",
        )
        write(app, f"live-{name}.js", page_script([name]))
        (app.outdir / "_static" / "frames").mkdir(exist_ok=True)
        write(app, f"frames/{name}.html", html)


def setup(app):
    """Connect the step above to the build."""
    app.connect("html-page-context", add_frames)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
