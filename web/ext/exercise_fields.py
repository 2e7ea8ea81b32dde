"""Put a field for the answer to each exercise: its key is the cell's metadata."""

import json

from docutils import nodes

from web.ext import template

FORM = template("exercise.html")


def add_fields(app, doctree):
    """Put each field before what the cell printed."""
    for cell in list(doctree.findall(nodes.container)):
        if key := cell.get("cell_metadata", {}).get("exercise"):
            number, text = key["id"][-1], json.dumps(key, ensure_ascii=False)
            form = FORM.render(key, key=text, number=number)
            cell.children[-1].insert(0, nodes.raw("", form, format="html"))


def setup(app):
    """Connect the step above to the build."""
    app.connect("doctree-read", add_fields)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
