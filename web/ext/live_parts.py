"""Put the live parts into the site: on each page the script of those that it shows."""

import json
import re

from web.join_scripts import join_styles, late_script, page_script, worker_script
from web.pack_data import pack
from web.pack_nets import pack_alexnet, pack_lenet
from web.pack_race import pack_race
from web.pack_weights import pack_weights
from web.pack_yournet import pack_yournet

FIGURE = re.compile(r"<(?:figure|form)[^>]* data-play=['\"](\w+)")


def load_live_parts(app, pagename, templatename, context, doctree):
    """Write the page's script, and name script and style in its head."""
    parts = sorted(set(FIGURE.findall(context.get("body") or "")))
    if parts:
        name = f"live-{'-'.join(parts)}.js"
        write(app, name, page_script(parts))
        script, style = (
            context["pathto"](f"_static/{file}", 1) for file in (name, "play.css")
        )
        context["metatags"] = context.get("metatags", "") + (
            f'<script defer src="{script}"></script>\n'
            f'<link rel="stylesheet" href="{style}">\n'
        )


def write_data(app, error):
    """Write the style, and the data that wait for a reader's click."""
    if error is None and app.builder.format == "html":
        write(app, "play.css", join_styles())
        data = {
            "fashion": json.dumps(pack()),
            "lenet": pack_weights(),
            "worker": json.dumps(worker_script()),
            "garment": late_script("garment_app"),
            "answerer": json.dumps(worker_script("answerer")),
            "tracer": late_script("tracer_edit"),
            "exercise": late_script("exercise_check"),
            "race": late_script("race_app"),
            "race_record": pack_race(),
            "any_net": late_script("any_net"),
            "yournet": late_script("yournet_app"),
            "yournet_record": pack_yournet(),
            "yournet_worker": json.dumps(worker_script("yournet_worker")),
            "nets_lenet": pack_lenet(),
            "nets_alexnet": pack_alexnet(),
        }
        for name, value in data.items():
            text = f"(globalThis.playData ??= {{}}).{name} = {value};\n"
            write(app, f"play-{name}.js", text)


def write(app, name, text):
    """Write one of the site's own files."""
    folder = app.outdir / "_static"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")


def setup(app):
    """Connect the steps above to the build."""
    app.connect("html-page-context", load_live_parts)
    app.connect("build-finished", write_data)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
