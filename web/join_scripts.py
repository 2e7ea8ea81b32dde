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
NAME = re.compile(r"(\w+)(?: as \w+)?")  # as the other module calls it
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
    roots = set(roots)
    texts, needs, used, left = {}, {}, {}, sorted(roots)
    while left:
        name = left.pop()
        if name not in texts:
            path = folder / f"{name}.js"
            if not path.exists():
                raise ValueError(f"there is no module {path.name} in {folder.name}")
            texts[name] = path.read_text("utf-8")
            imports = IMPORT.findall(texts[name])
            needs[name] = [module for _, module in imports]
            left += needs[name]
            for names, module in imports:
                used.setdefault(module, set()).update(NAME.findall(names))
    order = TopologicalSorter(needs).static_order()  # a circle is a ValueError
    return "".join(
        closed(name, texts[name], None if name in roots else used[name])
        for name in order
    )


def closed(name: str, text: str, used: set[str] | None = None) -> str:
    """A module as the result of a function: what it exports, as far as it is used."""
    exported = EXPORT.findall(text)
    exports = ", ".join(n for n in exported if used is None or n in used)
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
