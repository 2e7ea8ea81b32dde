"""A policy in every page: the browser loads the site's own files and nothing else.

After the build each page gets a Content-Security-Policy that names its inline scripts
by their check sums, so that a page that someone has tampered with can neither run
another script nor ask another host. What the live parts need is allowed: a worker
made from text, and WebAssembly. Styles may stand in the page, as KaTeX writes them.
"""

import base64
import hashlib
import html
import re

INLINE = re.compile(r"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", re.DOTALL)
HANDLER = re.compile(r'<[^>]*? on\w+="([^"]*)"')  # the theme's: print, full screen
CHARSET = re.compile(r"<meta charset=[^>]*>")


def secure_site(app, error):
    """Write the policy into every page of the finished site."""
    if error is None and app.builder.format == "html":
        paths = [
            path
            for path in sorted(app.outdir.rglob("*.html"))
            if app.outdir / "_static" not in path.parents
        ]
        texts = [path.read_text("utf-8") for path in paths]
        # The search reads the other pages: it must know their handlers, too.
        handlers = {code for text in texts for code in HANDLER.findall(text)}
        for path, text in zip(paths, texts):
            path.write_text(with_policy(text, handlers), "utf-8")


def with_policy(text, handlers=()):
    """Put the policy of a page right behind the mark of its encoding."""
    content = policy(INLINE.findall(text), map(html.unescape, handlers))
    meta = f'<meta http-equiv="Content-Security-Policy" content="{content}">'
    if not CHARSET.search(text):  # the first page, which only leads to another
        text = f'<meta charset="utf-8">\n{text}'
    return CHARSET.sub(lambda mark: f"{mark[0]}\n{meta}", text, count=1)


def policy(scripts, handlers):
    """Return what a page with these inline scripts and handlers may load and run."""
    sums = sorted({*map(check_sum, (*scripts, *handlers))})
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src 'self' 'wasm-unsafe-eval' 'unsafe-hashes' {' '.join(sums)}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data:",
            "font-src 'self'",
            "connect-src 'self'",
            "worker-src blob:",
            "form-action 'self'",
            "base-uri 'none'",
        ]
    )


def check_sum(script):
    """Return the check sum of a script as a policy names it."""
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def setup(app):
    """Connect the step above to the build."""
    app.connect("build-finished", secure_site, priority=950)  # after slim_site
    return {"parallel_read_safe": True, "parallel_write_safe": True}
