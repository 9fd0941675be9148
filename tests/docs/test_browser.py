"""The site in a real browser: on a phone and on a desk, light and dark, for eyes and for screen readers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from browser.evidence import picture

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

WIDTHS = {400: 800, 1280: 900}
PAGES = [
    "index",
    "start",
    "guide/index",
    "guide/login",
    "guide/pandas",
    "recipes",
    "mirror",
    "reference/index",
    "reference/connections",
    "reference/analysis",
    "reference/errors",
    "reference/api/classy_nb.Resource",
    "reference/api/classy_nb.analysis.retention",
    "reference/resources/index",
    "reference/resources/transactions",
    "reference/resources/payouts",
    "reference/resources/channels",
    "reference/traps",
    "notebooks/index",
    "notebooks/01_quickstart",
    "notebooks/02_campaign_report",
    "notebooks/03_donor_retention",
    "architecture",
    "contributing",
    "changelog",
    "search",
    "genindex",
]
"""Every kind of page; those of the guide may have other names one day, and are left out then."""
PICTURES = {
    "index",
    "start",
    "guide/login",
    "reference/api/classy_nb.Resource",
    "reference/resources/transactions",
    "notebooks/03_donor_retention",
    "architecture",
}
EXEMPT: dict[str, str] = {}
"""Rules of axe that a part of a page need not keep, by selector, with the reason."""

TOO_WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
# What ends right of the window, and stands in no box that scrolls or hides it.
OUTSIDE = """() => [...document.querySelectorAll("main *")].filter((element) => {
  const box = element.getBoundingClientRect();
  if (box.width === 0 || box.right <= window.innerWidth + 1) return false;
  for (let at = element.parentElement; at; at = at.parentElement) {
    if (getComputedStyle(at).overflowX !== "visible") return false;
  }
  return true;
}).map((element) => `${element.tagName}.${element.className}: ${element.textContent.slice(0, 40)}`)"""


def open_page(page: Page, address: str, name: str, width: int, mode: str = "light") -> None:
    page.set_viewport_size({"width": width, "height": WIDTHS[width]})
    page.goto(f"{address}/{name}.html")
    page.evaluate(
        "mode => { document.documentElement.dataset.mode = document.documentElement.dataset.theme = mode }",
        mode,
    )


def violations(page: Page) -> list[str]:
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, options={"resultTypes": ["violations", "passes"]}).response
    assert len(found["passes"]) > 10
    return [
        f"{rule['id']}: {node['target']} {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
        if not any(str(part).startswith(tuple(EXEMPT)) for part in node["target"] if EXEMPT)
    ]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_and_is_accessible(page: Page, site: Path, address: str, name: str, width: int) -> None:
    if not (site / f"{name}.html").is_file():
        assert name.startswith(("guide/", "recipes", "mirror"))
        pytest.skip("the guide has no such page")
    open_page(page, address, name, width)
    if name in PICTURES:
        picture(page, f"site-{name.replace('/', '-')}-{width}")
    assert page.evaluate(TOO_WIDE) <= 0
    assert page.evaluate(OUTSIDE) == []
    assert violations(page) == []


@pytest.mark.parametrize(
    "name", ["index", "reference/resources/payouts", "notebooks/01_quickstart", "architecture"]
)
def test_the_dark_pages_are_accessible_too(page: Page, address: str, name: str) -> None:
    open_page(page, address, name, 1280, "dark")
    picture(page, f"site-{name.replace('/', '-')}-dark")
    assert violations(page) == []


def test_search_needs_no_server(page: Page, site: Path) -> None:
    page.goto(f"{site.as_uri()}/search.html?q=refund")
    found = page.locator("#search-results li a")
    found.first.wait_for()
    assert found.count() > 5
    titles = found.all_inner_texts()
    assert "classy_nb.analysis.refunds" in titles
    assert any("refund" in title.lower() for title in titles)
    found.filter(has_text="classy_nb.analysis.refunds").first.click()
    page.get_by_role("heading", name="classy_nb.analysis.refunds").wait_for()


def test_search_is_a_key_away(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 400, "height": 800})
    page.goto(f"{address}/index.html")
    page.keyboard.press("Control+k")
    page.keyboard.type("recurring_donation_plans")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("search"))
    page.locator("#search-results li a", has_text="recurring_donation_plans").first.wait_for()


def test_code_can_be_copied(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(f"{address}/reference/resources/transactions.html")
    page.locator("div.highlight").first.hover()
    page.locator("button.copybtn").first.click()
    copied = page.evaluate("() => navigator.clipboard.readText()")
    assert copied.strip() == 'classy.transactions(since="2026-01-01")'
