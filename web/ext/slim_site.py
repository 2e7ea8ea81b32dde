"""Pages that open fast: one small stylesheet, one script, figures that wait.

After the build all stylesheets become _static/site.css, without the rules for
classes that nobody names, and all scripts of the theme _static/site.js, which runs
when the page is read. The icons' fonts keep the icons in use. Figures have their
size before they load, and load when they come near. A step that finds nothing to do
makes the build fail: then the theme has changed, and this file must change with it.
"""

import hashlib
import posixpath
import re

from fontTools import subset
from sphinx.util import logging
from sphinx.util.images import get_image_size

LOG = logging.getLogger(__name__)

STYLE = re.compile(r'[ \t]*<link [^>]*?href="([^"?]*\.css)[^"]*"[^>]*>\n?')
SCRIPT = re.compile(r'[ \t]*<script [^>]*?src="([^"?]*\.js)[^"]*"[^>]*></script>\n?')
PRELOAD = re.compile(r'[ \t]*<link rel="preload"[^>]*>\n?')
IMAGE = re.compile(r'<img (?=[^>]*src="([^"]+)")')

OPTIONS = "documentation_options.js"  # the theme's pages change them as they are read
OF_SEARCH = ("searchtools.js", "language_data.js", "searchindex.js")
OF_PAGES = re.compile(r"/live-[\w-]+\.js$")  # of live_parts.py: one a page
ICON_SCRIPT = "fontawesome.js"  # 1.5 MB of drawings; the font has the same icons
ICONS = "_static/vendor/fontawesome/webfonts"
ICON = re.compile(r"\\([ef][0-9a-f]{3})\b|([\ue000-\uf8ff])")

ADDRESS = re.compile(r"url\((?![\"']?data:)[\"']?([^\"')]+)[\"']?\)")
IMPORT = re.compile(r'@import ["\']([^"\']+)["\'];')
NOISE = re.compile(r'/\*.*?\*/|@charset "[^"]*";', re.DOTALL)

RULE = re.compile(r"([^{};]+)\{[^{}]*\}")
IN_BRACKETS = re.compile(r"\([^()]*\)")  # :not(.this), :is(.this, .that)
CLASS = re.compile(r"\.([A-Za-z_][\w-]*)")
WORD = re.compile(r"[A-Za-z_][\w-]*")
BEGINNING = re.compile(r"([A-Za-z][\w-]*-)(?:\$\{|[\"'`]\s*\+)")  # "bs-" + name

# The theme settles on light or dark in its script, after the first paint: too late.
THEME = """<script>
if (document.documentElement.dataset.mode === "auto")
  document.documentElement.dataset.theme =
    matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
</script>
"""


class ThemeChanged(Exception):  # noqa: N818
    """Something that the theme brought is no longer there."""


def slim_site(app, error):
    """Make the built site slim, or warn, which fails the build."""
    if error is None and app.builder.format == "html":
        try:
            slim(app.outdir)
        except ThemeChanged as change:
            LOG.warning("%s: has the theme changed?", change)


def slim(site):
    """Rewrite the pages, their styles, scripts and icons."""
    pages = {
        path: path.read_text("utf-8")
        for path in sorted(site.rglob("*.html"))
        if site / "_static" not in path.parents
    }
    sheets = expect(named(site, pages, STYLE), "no stylesheet in the pages")
    scripts = named(site, pages, SCRIPT)
    expect(scripts, "no script in the pages")
    options = expect([s for s in scripts if base(s) == OPTIONS], f"no {OPTIONS}")[0]
    for file in expect(list(site.rglob(ICON_SCRIPT)), f"no {ICON_SCRIPT}"):
        file.unlink()
    shared = [s for s in scripts if is_shared(s)]

    known = [*pages.values(), *(s.read_text("utf-8") for s in site.rglob("*.js"))]
    style = without_unused(joined_styles(site, sheets), known)
    cut_icon_fonts(site / ICONS, style)
    script = joined_scripts(site, shared)
    links = write(site, "site.css", style), write(site, "site.js", script)
    inline = (site / options).read_text("utf-8")
    for path, text in pages.items():
        text = with_new_links(site, path, text, links, inline)
        path.write_text(with_calm_figures(path, text), "utf-8")
    for name in shared:
        (site / name).unlink()
    for file in (*site.rglob("*.css"), *site.rglob("*.map")):
        if file.name != "site.css":
            file.unlink()


def base(path):
    """Return the last part of a path."""
    return path.rsplit("/", 1)[-1]


def is_shared(script):
    """Return whether a script is one of those that become one."""
    alone = (OPTIONS, ICON_SCRIPT, *OF_SEARCH)
    return base(script) not in alone and not OF_PAGES.search(script)


def expect(found, what):
    """Return what was found; give up where that is nothing."""
    if not found:
        raise ThemeChanged(what)
    return found


def named(site, pages, tag):
    """Return the files that the pages' tags name, from the site's root, in order.

    The page with the most tags comes first: its order holds for the others.
    """
    files = {}
    for path, text in sorted(
        pages.items(), key=lambda page: -len(tag.findall(page[1]))
    ):
        folder = path.parent.relative_to(site).as_posix()
        for link in tag.findall(text):
            files[posixpath.normpath(posixpath.join(folder, link))] = None
    return list(files)


def joined_styles(site, sheets):
    """Return the text of stylesheets as one that lies in _static."""
    return "\n".join(flat(site, sheet) for sheet in sheets)


def flat(site, sheet):
    """Return a stylesheet with its imports inside and its addresses from _static."""
    folder = posixpath.dirname(sheet)

    def address(match):
        """Rewrite one address."""
        target = posixpath.normpath(posixpath.join(folder, match[1]))
        return f'url("{posixpath.relpath(target, "_static")}")'

    def imported(match):
        """Return the text of one imported stylesheet."""
        return flat(site, posixpath.normpath(posixpath.join(folder, match[1])))

    text = NOISE.sub("", (site / sheet).read_text("utf-8"))
    text = IMPORT.sub(imported, ADDRESS.sub(address, text))
    expect("@import" not in text, f"{sheet} imports in a way that cannot be joined")
    return text


def joined_scripts(site, scripts):
    """Return scripts as one; the semicolon before it undoes a "use strict" for all."""
    return ";" + "\n;".join((site / s).read_text("utf-8") for s in scripts)


def without_unused(style, texts):
    """Drop the rules that need a class whose name is in none of the texts."""
    words = {word for text in texts for word in WORD.findall(text)}
    beginnings = tuple({start for text in texts for start in BEGINNING.findall(text)})

    def is_possible(selector):
        """Return whether something on a page may have all the classes needed."""
        return all(
            name in words or name.startswith(beginnings)
            for name in CLASS.findall(selector)
        )

    def kept(rule):
        """Return a rule that is needed as it is, another as nothing."""
        selectors = rule[1]
        while IN_BRACKETS.search(selectors):
            selectors = IN_BRACKETS.sub("", selectors)
        return rule[0] if any(map(is_possible, selectors.split(","))) else ""

    slimmer = RULE.sub(kept, style)
    expect(len(slimmer) < len(style), "no rule without use in the stylesheets")
    return slimmer


def cut_icon_fonts(folder, style):
    """Keep of the icons' fonts the characters that the stylesheet names."""
    codes = {code or f"{ord(character):x}" for code, character in ICON.findall(style)}
    expect(codes, "no icon in the stylesheet")
    wanted = "--flavor=woff2", f"--unicodes={','.join(codes)}"
    for file in expect(list(folder.glob("*.woff2")), "no font of icons"):
        subset.main([str(file), *wanted, f"--output-file={file}"])


def write(site, name, text):
    """Write a file; return its address, which changes with what is in it."""
    (site / "_static" / name).write_text(text, encoding="utf-8")
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return f"_static/{name}?v={digest}"


def with_new_links(site, path, text, links, options):
    """Name the one stylesheet and the one script in a page, in place of the others.

    The style stands at the head's end, since a script in the page waits for a
    stylesheet before it; the scripts stand last, so that the style comes first.
    """
    if not STYLE.search(text):
        return text  # a page that the theme did not make
    root = "../" * (len(path.relative_to(site).parts) - 1)
    style, script = (root + link for link in links)
    scripts = [script]

    def instead(tag):
        """Put the options into the page; keep what is the page's own for its end."""
        if base(tag[1]) == OPTIONS:
            return f"<script>{options}</script>\n"
        if OF_PAGES.search(tag[1]):
            scripts.insert(0, tag[1])
        elif base(tag[1]) in OF_SEARCH and path.name == "search.html":
            scripts.append(tag[1])
        return ""

    text = SCRIPT.sub(instead, PRELOAD.sub("", STYLE.sub("", text)))
    last = "".join(f'<script defer src="{s}"></script>\n' for s in scripts)
    style = f'{THEME}<link rel="stylesheet" href="{style}">\n'
    text = text.replace("</head>", f"{style}</head>", 1)
    return text.replace("</body>", f"{last}</body>", 1)


def with_calm_figures(path, text):
    """Give the images of a page their size; what cells draw loads when it comes near.

    It lies below the first screen, as no chapter begins with a cell.
    """
    first = text.find("cell_output")

    def sized(tag):
        """Add to one image what it lacks."""
        size = get_image_size(path.parent / tag[1])
        known = 'width="{}" height="{}" '.format(*size) if size else ""
        is_near = first == -1 or tag.start() < first
        return tag[0] + known + ("" if is_near else 'loading="lazy" ')

    return IMAGE.sub(sized, text)


def setup(app):
    """Connect the step above to the build."""
    app.connect("build-finished", slim_site, priority=900)  # after all that write
    return {"parallel_read_safe": True, "parallel_write_safe": True}
