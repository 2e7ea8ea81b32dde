"""No page has a fault that axe-core finds, in either theme, wide or narrow."""

import pytest
from axe_playwright_python.sync_playwright import Axe

WIDTHS = (1280, 390)
# The theme's script marks its pages; 404.html has none and follows the system.
IS_DARK = "() => (document.documentElement.dataset.theme ?? 'dark') === 'dark'"
# In the dark only the colours are others, so only their rules run again.
COLOURS = ["color-contrast", "link-in-text-block"]


def violations(page, rules=None):
    """Return what axe-core finds on a page as it is now, a line for each fault."""
    options = {"resultTypes": ["violations"]}
    if rules:
        options["runOnly"] = rules
    found = Axe().run(page, options=options).response["violations"]
    return [
        f"{rule['id']}: {node['html'][:160]}"
        for rule in found
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_has_a_fault_that_axe_finds(browser, address, pages, width):
    faults = []
    # Without movement, or a button is looked at while it fades into its colour.
    page = browser.new_page(
        viewport={"width": width, "height": 900}, reduced_motion="reduce"
    )
    page.set_default_timeout(120_000)
    for name in [*(f"{p}.html" for p in pages), "search.html?q=net", "404.html"]:
        page.emulate_media(color_scheme="light")
        page.goto(address + name, wait_until="load")
        faults += [f"{name}, light: {fault}" for fault in violations(page)]
        page.emulate_media(color_scheme="dark")
        page.wait_for_function(IS_DARK)
        faults += [f"{name}, dark: {fault}" for fault in violations(page, COLOURS)]
    page.close()
    assert not faults, "\n".join(faults)


def test_axe_finds_a_planted_fault(browser):
    page = browser.new_page()
    page.set_content(
        "<html lang='en'><title>t</title><main><h1>t</h1><img src='data:,'>"
        "<p style='color:#aaa;background:#fff'>Hard to read.</p></main></html>"
    )
    found = {fault.partition(":")[0] for fault in violations(page)}
    page.close()
    assert {"image-alt", "color-contrast"} <= found
