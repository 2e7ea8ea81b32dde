"""What needs an address: sitemap and previews the site's, buttons the repository's.

The site's is `html: baseurl` in _config.yml, or BOOK_URL in the environment, such as
https://example.org/book/; the repository's is BOOK_REPO, https://github.com/OWNER/NAME.
Without one the site has none of what needs it.
"""

import os


def say_where_the_map_is(app, error):
    """Name the sitemap in robots.txt."""
    if error is None and app.builder.format == "html":
        robots = app.outdir / "robots.txt"
        line = f"Sitemap: {app.config.html_baseurl}sitemap.xml\n"
        robots.write_text(robots.read_text("utf-8") + line, encoding="utf-8")


def offer_repository(app, config):
    """Show the theme's buttons: repository, issues, edit, and Colab for a notebook."""
    config.html_theme_options |= {
        "repository_url": os.environ["BOOK_REPO"].rstrip("/"),
        "repository_branch": "main",
        "path_to_docs": "",
        "use_repository_button": True,
        "use_issues_button": True,
        "use_edit_page_button": True,
        "launch_buttons": {"colab_url": "https://colab.research.google.com"},
    }


def setup(app):
    """Load what makes them if the address is known."""
    if os.environ.get("BOOK_REPO"):
        app.connect("config-inited", offer_repository)
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
