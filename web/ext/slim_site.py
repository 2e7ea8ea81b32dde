"""Fewer and smaller files a page: leave out what the theme brings and no page uses.

After the build, the stylesheets become one, KaTeX's another that only pages with a
formula load; rules and drawings of icons that nobody shows go; and a page names no
script that does nothing there. A step that finds nothing to do makes the build
fail: then the theme has changed, and this file must change with it.
"""

import hashlib
import logging as standard_logging
import posixpath
import re

from fontTools import subset
from sphinx.util import logging

LOG = logging.getLogger(__name__)

STYLE = re.compile(r'[ \t]*<link [^>]*?href="([^"?]*\.css)[^"]*"[^>]*>\n?')
SCRIPT = re.compile(r'[ \t]*<script [^>]*?src="([^"?]*\.js)[^"]*"[^>]*></script>\n?')
ADDRESS = re.compile(r"url\((?![\"']?data:)[\"']?([^\"')]+)[\"']?\)")
IMPORT = re.compile(r'@import ["\']([^"\']+)["\'];')
NOISE = re.compile(r'@charset "[^"]*";|/\*# sourceMappingURL=.*?\*/')
SPHINX_DESIGN = re.compile(r'class="(?:[^"]* )?sd-')  # cards, grids and tabs

FORMULAS = ("katex.min.css", "katex-math.css")
OF_DESIGN = ("sphinx-design.min.css", "design-tabs.js")
OF_SEARCH = ("searchtools.js", "language_data.js", "searchindex.js")
ICON_SCRIPT = "fontawesome.js"  # 1.5 MB of drawings; the font has the same icons
LEFT_ALONE = ("play.css",)  # live_parts.py names it where it is needed

ICONS = "_static/vendor/fontawesome/webfonts/"
ICON_NAME = re.compile(r"\bfa-[a-z0-9-]+")
ICON_RULE = re.compile(r'((?:\.fa-[\w-]+:before,?)+)\{content:"\\[0-9a-f]+ ?"\}')
ICON_CHARACTER = re.compile(r"\\([ef][0-9a-f]{3})\b|([\ue000-\uf8ff])")
OTHER_FONTS = re.compile(r"@font-face\{[^}]*fa-(?:regular|brands)-400[^}]*\}")
OTHER_FONT_CLASS = re.compile(r'class="(?:[^"]* )?(?:fab|far|fa-brands|fa-regular)[ "]')
OLD_FORMAT = re.compile(r',url\([^)]*\.ttf"\) format\("truetype"\)')


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
    """Rewrite the pages, their styles and the icons."""
    drop_files(site)
    pages = {
        path: path.read_text("utf-8")
        for path in sorted(site.rglob("*.html"))
        if site / "_static" not in path.parents
    }
    unused = set() if any(map(SPHINX_DESIGN.search, pages.values())) else {*OF_DESIGN}
    sheets = sheets_of(site, pages, {*unused, *LEFT_ALONE})
    formulas = [sheet for sheet in sheets if base(sheet) in FORMULAS]
    shared = [sheet for sheet in sheets if sheet not in formulas]

    style = joined(site, shared)
    style = without_unused_icons(style, icon_names(site, pages))
    style = without_other_fonts(style, pages)
    cut_icon_font(site / ICONS, style)
    links = {
        "site": write_style(site, "site.css", style),
        "formulas": write_style(site, "formulas.css", joined(site, formulas)),
    }
    for path, text in pages.items():
        root = "../" * (len(path.relative_to(site).parts) - 1)
        text = with_new_styles(text, root, links)
        path.write_text(without_idle_scripts(text, path.name, unused), "utf-8")
    for sheet in site.rglob("*.css"):
        if sheet.name not in ("site.css", "formulas.css", *LEFT_ALONE):
            sheet.unlink()


def base(path):
    """Return the last part of a path."""
    return path.rsplit("/", 1)[-1]


def expect(found, what):
    """Return what was found; give up where that is nothing."""
    if not found:
        raise ThemeChanged(what)
    return found


def drop_files(site):
    """Delete the script of drawn icons and the maps for debuggers."""
    script = site / "_static" / "scripts" / ICON_SCRIPT
    expect(script.exists(), f"no {ICON_SCRIPT}")
    script.unlink()
    for source_map in site.rglob("*.map"):
        source_map.unlink()


def sheets_of(site, pages, without):
    """Return the stylesheets of all pages, from the site's root, in their order."""
    sheets = {}
    for path, text in pages.items():
        folder = path.parent.relative_to(site).as_posix()
        for link in STYLE.findall(text):
            if base(link) not in without:
                sheets[posixpath.normpath(posixpath.join(folder, link))] = None
    return expect(list(sheets), "no stylesheet in the pages")


def joined(site, sheets):
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


def icon_names(site, pages):
    """Return the names of the icons in pages and scripts."""
    scripts = [script.read_text("utf-8") for script in site.rglob("_static/**/*.js")]
    return {name for text in (*pages.values(), *scripts) for name in names_in(text)}


def names_in(text):
    """Return what looks like an icon's name: fa-bars, also fa-lg."""
    return ICON_NAME.findall(text)


def without_unused_icons(style, names):
    """Drop the rules of icons that are not among the names."""
    expect(ICON_RULE.search(style), "no rule of an icon")

    def kept(rule):
        """Return a rule that is needed as it is, another as nothing."""
        return rule[0] if names & {*names_in(rule[1])} else ""

    return ICON_RULE.sub(kept, style)


def without_other_fonts(style, pages):
    """Drop the fonts of outlined icons and of brands, and formats for old browsers."""
    for path, text in pages.items():
        foreign = OTHER_FONT_CLASS.search(text)
        expect(not foreign, f"{path} shows an icon of a font that was left out")
    style, fonts = OTHER_FONTS.subn("", style)
    style = OLD_FORMAT.sub("", style)
    expect(fonts == 2 and ".ttf" not in style, "the icon fonts are others")
    return style


def cut_icon_font(folder, style):
    """Keep of the icon fonts one, with the characters that the stylesheet names."""
    solid = folder / "fa-solid-900.woff2"
    characters = {
        int(code, 16) if code else ord(character)
        for code, character in ICON_CHARACTER.findall(style)
    }
    options = subset.Options(flavor="woff2")
    standard_logging.getLogger("fontTools").setLevel(standard_logging.WARNING)
    font = subset.load_font(solid, options)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=expect(characters, "no icon in the stylesheet"))
    cutter.subset(font)
    for other in folder.iterdir():
        other.unlink()
    subset.save_font(font, solid, options)


def write_style(site, name, text):
    """Write a stylesheet; return its address, which changes with what is in it."""
    text = f'@charset "UTF-8";\n{text}'
    (site / "_static" / name).write_text(text, encoding="utf-8")
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return f"_static/{name}?v={digest}"


def with_new_styles(text, root, links):
    """Name the new stylesheets in a page's head, in place of the old ones."""
    wanted = [links["site"]]
    if 'class="katex' in text:
        wanted.append(links["formulas"])
    new = [f'<link rel="stylesheet" href="{root}{link}">\n' for link in wanted]

    def instead(match):
        """Put the new ones where the first old one was."""
        if base(match[1]) in LEFT_ALONE:
            return match[0]
        return "".join(new.pop(0) for _ in range(len(new)))

    return STYLE.sub(instead, text)


def without_idle_scripts(text, name, unused):
    """Drop scripts that do nothing on this page."""
    idle = {ICON_SCRIPT, *unused}
    if name != "search.html":  # the theme would search as one types, if told to
        idle |= {*OF_SEARCH}
    return SCRIPT.sub(lambda tag: "" if base(tag[1]) in idle else tag[0], text)


def setup(app):
    """Connect the step above to the build."""
    app.connect("build-finished", slim_site, priority=900)  # after all that write
    return {"parallel_read_safe": True, "parallel_write_safe": True}
