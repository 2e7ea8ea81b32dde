"""Print the whole book into one file: `python web/make_pdf.py [FOLDER]`.

The site must be in FOLDER/_build/html; the file lands there, the Chinese edition's in
its folder, and beside the first a zip of the whole site. The first page holds a link to
each in a comment, which is opened once there is something to take. Chromium prints all
pages as one, twice: first to learn where each section stands, then with that in the
contents. No script runs and nothing is loaded but the site's own files.
"""

import io
import json
import os
import posixpath
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

import yaml
from bs4 import BeautifulSoup
from playwright.sync_api import Browser, Error, sync_playwright
from pypdf import PdfReader

ROOT = Path(__file__).resolve().parent.parent
ORIGIN = "http://book.invalid/"  # the site's address while it is printed
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# What stands above the contents and its first part; the folder in the site.
EDITIONS = {"en": ("Contents", "Introduction", ""), "zh-Hans": ("目录", "引言", "zh")}
TIMEOUT = 240_000  # ms; a busy machine is slow, not broken


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the machine's own Chromium, which leaves nothing in the user's home.

    Where no command of that name is, Playwright looks where Chrome installs itself.
    """
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    own_place = None if program else "chrome"
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home,
        sync_playwright() as playwright,
    ):
        own = {"XDG_CONFIG_HOME": home, "XDG_CACHE_HOME": home}
        try:
            browser = playwright.chromium.launch(
                executable_path=program,
                channel=own_place,
                args=FLAGS,
                env={**os.environ, **own},
            )
        except Error:
            if program:
                raise
            sys.exit("This needs Chromium: install your system's package chromium.")
        yield browser
        browser.close()


def place(page, fragment=""):
    """Name a place of a page in the joined file."""
    return f"page-{posixpath.basename(page)}" + (f"--{fragment}" if fragment else "")


def beside(page, link):
    """Return a page's relative link as seen from the site's root."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(page), link))


def new_link(page, link, pages):
    """Return where a page's link leads in the joined file; None is nowhere."""
    address, fragment = urldefrag(link)
    if urlsplit(address).scheme:
        return link
    target = beside(page, address).removesuffix(".html") if address else page
    return f"#{place(target, unquote(fragment))}" if target in pages else None


def cut_out(site, page, pages):
    """Return a page's article, fit for the joined file, and its stylesheets."""
    soup = BeautifulSoup((site / f"{page}.html").read_text("utf-8"), "html.parser")
    article = soup.select_one("article.bd-article")
    for idle in article.select("script, button, a.headerlink"):
        idle.decompose()
    for tag in article.select("[id]"):
        tag["id"] = place(page, tag["id"])
    for tag in article.select("[src]"):
        tag["src"] = beside(page, tag["src"])
    for tag in article.select("a[href]"):
        tag["href"] = new_link(page, tag["href"], pages)
        if tag["href"] is None:
            tag.unwrap()  # a file beside the pages, which paper does not have
    article["id"], article["style"] = place(page), f"page: {place(page)}"
    sheets = soup.select("link[rel=stylesheet]")
    return article, [beside(page, sheet["href"]) for sheet in sheets]


def contents(parts, articles, numbers):
    """Yield the lines of the contents: parts, chapters and sections, with pages."""
    for caption, pages in parts.items():
        yield f"<p>{caption}</p>"
        for h in (h for page in pages for h in articles[page].select("h1, h2")):
            text, link = h.decode_contents(), h.parent["id"]
            line = f"<span>{text}</span> <span>{numbers.get(link, '000')}</span>"
            yield f'<a class="contents-{h.name}" href="#{link}">{line}</a>'


def joined(lang, config, parts, cut, numbers):
    """Return the whole book as one page of HTML, each page's title above it."""
    head, articles = {}, {page: article for page, (article, _) in cut.items()}
    for page, (article, sheets) in cut.items():
        title = json.dumps(article.h1.get_text(), ensure_ascii=False)
        rule = f"@page {place(page)} {{ @top-right {{ content: {title} }} }}"
        head |= dict.fromkeys(f'<link rel="stylesheet" href="{x}">' for x in sheets)
        head[f"<style>@page {{ size: A4 }} {rule}</style>"] = None
    question = next(iter(articles.values())).select_one("p.subtitle").get_text()
    title, nl = config["title"], "\n"
    return f"""<!DOCTYPE html><html lang="{lang}" data-theme="light">
<head><meta charset="utf-8"><title>{title}</title>{nl.join(head)}</head>
<body><header class="book-cover"><p>{title}</p><p>{question}</p>
<p>{config["author"]}<br>© {config["copyright"]}</p></header>
<nav class="book-contents"><h1>{EDITIONS[lang][0]}</h1>
<div>{nl.join(contents(parts, articles, numbers))}</div></nav>
<main class="bd-main"><div class="bd-content"><div class="bd-article-container">
{nl.join(map(str, articles.values()))}</div></div></main></body></html>"""


def print_page(browser, site, text):
    """Print a page of HTML with the site's files; return the PDF and page numbers."""
    missing = []

    def answer(route):
        """Give the page itself or a file of the site; nothing else is loaded."""
        url = route.request.url
        file = site / unquote(urlsplit(url).path).lstrip("/")
        if url == ORIGIN:
            route.fulfill(body=text, content_type="text/html; charset=utf-8")
        elif url.startswith(ORIGIN) and file.is_file():
            route.fulfill(path=file)
        else:
            missing.append(url)
            route.abort()

    page = browser.new_page(java_script_enabled=False)
    page.set_default_timeout(TIMEOUT)
    page.route("**/*", answer)
    page.goto(ORIGIN, wait_until="networkidle")
    pdf = page.pdf(prefer_css_page_size=True, outline=True, tagged=True)
    if missing:
        sys.exit(f"Not in the site, so not in the PDF: {', '.join(missing)}")
    reader = PdfReader(io.BytesIO(pdf))
    number, places = reader.get_destination_page_number, reader.named_destinations
    return pdf, {name.lstrip("/"): number(at) + 1 for name, at in places.items()}


def show_link(page, kind):
    """Open the comment in which a page keeps its link to a file."""
    text = page.read_text("utf-8")
    text = text.replace(f"<!--{kind} ", "").replace(f" {kind}-->", "")
    page.write_text(text, encoding="utf-8")


def pack(site, name):
    """Put a zip of the site into the site, all below one folder."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(site, Path(folder) / name)
        shutil.make_archive(str(site / name), "zip", folder, name)


def print_book(browser, site, sources, lang, name):
    """Print an edition from its part of the site, its settings and its contents."""
    _, first, folder = EDITIONS[lang]
    site = site / folder
    config = yaml.safe_load((sources / "_config.yml").read_text("utf-8"))
    toc = yaml.safe_load((sources / "_toc.yml").read_text("utf-8"))
    parts = {first: [toc["root"]]}
    parts |= {p["caption"]: [c["file"] for c in p["chapters"]] for p in toc["parts"]}
    pages = [page for names in parts.values() for page in names]
    cut = {page: cut_out(site, page, pages) for page in pages}
    _, numbers = print_page(browser, site, joined(lang, config, parts, cut, {}))
    pdf, now = print_page(browser, site, joined(lang, config, parts, cut, numbers))
    if now != numbers:
        sys.exit("The page numbers moved the contents: print.css must hold them still.")
    (site / f"{name}.pdf").write_bytes(pdf)
    show_link(site / f"{toc['root']}.html", "pdf")
    return site / f"{toc['root']}.html"


def main(folder):
    """Print the site below a folder, in each of its languages, and report."""
    site, chinese = folder / "_build" / "html", folder / "_build" / "chinese"
    title = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))["title"]
    name = title.lower().replace(" ", "-")
    file = site / f"{name}.pdf"
    if file.exists() or not (site / "index.html").exists():
        sys.exit(f"There is no new site in {site}: run `make book` first.")
    with chromium() as browser:
        first = print_book(browser, site, ROOT, "en", name)
        if chinese.exists():
            print_book(browser, site, chinese, "zh-Hans", name)
    pack(site, name)
    show_link(first, "zip")
    print(f"The book is in {file}, the site in {file.with_suffix('.zip')}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else ROOT).resolve())
