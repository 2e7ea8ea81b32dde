"""A sitemap and previews for those who share a page; both need the site's address.

It is `html: baseurl` in _config.yml, or BOOK_URL in the environment, such as
https://example.org/book/. Without one the site has neither: they hold no relative link.
"""

import os


def say_where_the_map_is(app, error):
    """Name the sitemap in robots.txt."""
    if error is None and app.builder.format == "html":
        robots = app.outdir / "robots.txt"
        line = f"Sitemap: {app.config.html_baseurl}sitemap.xml\n"
        robots.write_text(robots.read_text("utf-8") + line, encoding="utf-8")


def setup(app):
    """Load what makes them if the address is known."""
    address = os.environ.get("BOOK_URL") or app.config.html_baseurl
    if address:
        address = address.rstrip("/") + "/"
        app.config.html_baseurl = app.config.ogp_site_url = address
        app.config.ogp_image = f"{address}_static/preview.png"
        app.config.ogp_site_name = app.config.ogp_image_alt = app.config.html_title
        app.config.sitemap_url_scheme = "{link}"
        app.setup_extension("sphinx_sitemap")
        app.setup_extension("sphinxext.opengraph")
        app.connect("build-finished", say_where_the_map_is)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
