"""Each page has a policy: even a page that was tampered with stays at home."""

import re
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]
THEMES_HANDLERS = {"window.print()", "toggleFullScreen()"}
ELSEWHERE = "http://elsewhere.invalid"
TAMPERED = f"""
<script>document.title = "an inline script ran";</script>
<script src="{ELSEWHERE}/script.js"></script>
<img src="{ELSEWHERE}/picture.png" onerror="document.title = 'a handler ran'">
<link rel="stylesheet" href="{ELSEWHERE}/style.css">
<iframe src="{ELSEWHERE}/frame.html"></iframe>
<object data="{ELSEWHERE}/object"></object>
<form id="sent" action="{ELSEWHERE}/form"></form>
<base href="{ELSEWHERE}/">
"""


def policies(soup):
    """Return the policies of a page."""
    return soup.select('meta[http-equiv="Content-Security-Policy"]')


def test_every_page_has_one_policy_before_anything_is_loaded(soups):
    faults = []
    for name, soup in soups.items():
        found = policies(soup)
        if len(found) != 1:
            faults.append(f"{name}: {len(found)} policies")
            continue
        after = [*found[0].find_all_previous(["script", "link", "img", "style"])]
        faults += [f"{name}: {tag} comes before the policy" for tag in after]
        rules = dict(
            rule.strip().split(" ", 1) for rule in found[0]["content"].split(";")
        )
        if rules["default-src"] != "'none'" or "unsafe-inline" in rules["script-src"]:
            faults.append(f"{name}: {rules}")
        if re.search(r"https?:|\*|'unsafe-eval'", found[0]["content"]):
            faults.append(f"{name}: another host, or eval: {found[0]['content']}")
    assert not faults, "\n".join(faults)


def test_no_handler_of_ours_stands_in_a_page(soups):
    found = {
        value
        for soup in soups.values()
        for tag in soup.find_all(True)
        for key, value in tag.attrs.items()
        if key.startswith("on")
    }
    assert found <= THEMES_HANDLERS


@pytest.mark.parametrize("where", ["http", "file"])
@pytest.mark.parametrize("policy", [True, False])
def test_a_page_that_was_tampered_with_stays_at_home(
    browser, address, site, tmp_path, where, policy
):
    """Without the policy the same page does all that; so the test can fail."""
    copy = tmp_path / "html"
    shutil.copytree(site, copy)
    path = copy / "book" / "glossary.html"
    text = path.read_text("utf-8").replace("</article>", f"{TAMPERED}</article>", 1)
    if not policy:
        text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
    path.write_text(text, encoding="utf-8")
    page = browser.new_page()
    page.set_default_timeout(60_000)
    asked = []
    page.route(
        f"{ELSEWHERE}/**",
        lambda route: (asked.append(route.request.url), route.abort()),
    )
    if where == "file":
        page.goto(path.as_uri(), wait_until="load")
    else:
        page.route(
            "**/glossary.html",
            lambda route: route.fulfill(body=text, content_type="text/html"),
        )
        page.goto(f"{address}book/glossary.html", wait_until="load")
    page.wait_for_timeout(500)
    title = page.title()
    page.evaluate("sent.submit()")
    page.wait_for_timeout(500)
    page.close()
    if policy:
        assert not asked
        assert "ran" not in title
    else:
        files = {urlsplit(url).path for url in asked}
        assert {"/script.js", "/picture.png", "/style.css", "/form"} <= files
        assert "ran" in title


def test_no_page_tells_of_a_machine_or_a_secret(site):
    telling = re.compile(
        r"/(?:root|home|tmp|Users)/|[A-Z]:\\\\Users|BEGIN [A-Z ]*PRIVATE KEY"
        r"|\bgh[pousr]_\w{20,}|\bAKIA[0-9A-Z]{16}\b|(?:api[_-]?key|password)\s*[=:]"
    )
    found = [
        f"{path.relative_to(site)}: {match.group()}"
        for path in sorted(site.rglob("*"))
        if path.suffix in {".html", ".ipynb", ".md", ".js", ".xml", ".txt", ".css"}
        for match in telling.finditer(path.read_text("utf-8"))
    ]
    assert not found, "\n".join(found)


def test_the_downloaded_notebook_is_the_stored_one(site, soups, pages):
    chapters = [page for page in pages if page.startswith("notebooks/")]
    assert len(chapters) == 9
    for page in chapters:
        links = {
            tag["href"]
            for tag in soups[f"{page}.html"].select("a[href$='.ipynb']")
            if "download" in " ".join(tag.get("class", []))
        }
        (link,) = links
        stored = (ROOT / f"{page}.ipynb").read_bytes()
        assert (site / page).parent.joinpath(link).resolve().read_bytes() == stored


def test_the_links_that_lead_elsewhere_are_the_listed_ones(soups):
    found = sorted(
        {
            tag["href"]
            for soup in soups.values()
            for tag in soup.select("a[href^='http']")
        }
    )
    listed = (
        (ROOT / "tests" / "web" / "external_links.txt").read_text("utf-8").splitlines()
    )
    assert found == listed, "look at the new ones, then list them"
