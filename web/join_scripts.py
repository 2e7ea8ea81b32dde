"""Join the small modules of web/play into classic scripts, and their styles into one.

A classic script also runs from a folder on disk, where browsers refuse modules,
workers by address and requests. A page gets one with the parts that it shows; the
text of the worker is data, which a part asks for after a click.
"""

import re
from collections.abc import Iterable
from graphlib import TopologicalSorter
from pathlib import Path

from rjsmin import jsmin

FOLDER = Path(__file__).resolve().parent / "play"
IMPORT = re.compile(r'^import \{ ([\w, ]+) \} from "\./(\w+)\.js";\n', re.M)
EXPORT = re.compile(r"^export (?=(?:async )?(?:function\*?|const|class) (\w+))", re.M)


def page_script(parts: Iterable[str], folder: Path = FOLDER) -> str:
    """The script of a page that shows these parts."""
    names = sorted(parts)
    widgets = ", ".join(f"{name}: ${name}.widget" for name in names)
    modules = joined([*names, "page"], folder)
    start = f"$page.start({{ {widgets} }});"
    return jsmin(f'"use strict";(() => {{\n{modules}{start}\n}})();')


def worker_script(name: str = "worker", folder: Path = FOLDER) -> str:
    """The script that a worker runs: the module's `listen`."""
    modules = joined([name], folder)
    return jsmin(f'"use strict";\n{modules}${name}.listen();')


def late_script(name: str, folder: Path = FOLDER) -> str:
    """What a module exports, as an expression: a part that waits for a click."""
    modules = joined([name], folder)
    return jsmin(f'(() => {{"use strict";\n{modules}return ${name};\n}})()')


def joined(roots: Iterable[str], folder: Path) -> str:
    """Modules and all that they import, each after what it needs.

    Raises ValueError for a module that is missing or cannot be joined.
    """
    texts, needs, left = {}, {}, list(roots)
    while left:
        name = left.pop()
        if name not in texts:
            path = folder / f"{name}.js"
            if not path.exists():
                raise ValueError(f"there is no module {path.name} in {folder.name}")
            texts[name] = path.read_text("utf-8")
            needs[name] = [module for _, module in IMPORT.findall(texts[name])]
            left += needs[name]
    order = TopologicalSorter(needs).static_order()  # a circle is a ValueError
    return "".join(closed(name, texts[name]) for name in order)


def closed(name: str, text: str) -> str:
    """A module as the result of a function: what it exports."""
    exports = ", ".join(EXPORT.findall(text))
    body = EXPORT.sub("", IMPORT.sub(unpacked, text))
    # The minifier would take blanks out of a template inside another.
    if left := re.search(r"^(?:import|export)\b.*|\$\{[^}`]*`.*", body, re.M):
        raise ValueError(f"{name}.js: this form cannot be joined: {left.group()}")
    return f"const ${name} = (() => {{\n{body}return {{ {exports} }};\n}})();\n"


def unpacked(line: re.Match) -> str:
    """An import, for a module that is the result of a function."""
    names, module = line.groups()
    return f"const {{ {names.replace(' as ', ': ')} }} = ${module};\n"


def join_styles(folder: Path = FOLDER) -> str:
    """The stylesheets of all parts, one after the other."""
    return "".join(path.read_text("utf-8") for path in sorted(folder.glob("*.css")))
