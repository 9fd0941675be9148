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
CHECKED = [
    ("index", 400),
    ("start", 400),
    ("guide/login", 400),
    ("guide/money", 1280),
    ("reference/index", 1280),
    ("reference/errors", 400),
    ("reference/api/classy_nb.analysis.retention", 1280),
    ("reference/resources/index", 400),
    ("reference/resources/payouts", 400),
    ("reference/resources/channels", 1280),
    ("notebooks/01_quickstart", 400),
    ("notebooks/06_money_that_adds_up", 1280),
    ("architecture", 400),
    ("search", 1280),
]
"""A page of every kind and the width at which axe reads it, which takes seconds for each."""
DARK = ["index", "reference/resources/payouts", "notebooks/01_quickstart"]

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
    ]


@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_is_wider_than_the_window(page: Page, site: Path, address: str, width: int) -> None:
    names = [file.relative_to(site).with_suffix("").as_posix() for file in site.rglob("*.html")]
    others = re.compile(r"_static|_modules|^reference/(api|resources)/")
    checked = [name for name in names if not others.search(name)] + [name for name, _ in CHECKED]
    assert len(checked) > 40
    wrong = {}
    for name in dict.fromkeys(
        [*checked, "reference/resources/transactions", "reference/api/classy_nb.Resource"]
    ):
        open_page(page, address, name, width)
        found = [page.evaluate(TOO_WIDE), page.evaluate(OUTSIDE)]
        if found != [0, []]:
            wrong[name] = found
    assert wrong == {}


@pytest.mark.parametrize(("name", "width"), CHECKED)
def test_a_page_is_accessible(page: Page, address: str, name: str, width: int) -> None:
    open_page(page, address, name, width)
    picture(page, f"site-{name.replace('/', '-')}-{width}")
    assert violations(page) == []


@pytest.mark.parametrize("name", DARK)
def test_the_dark_pages_are_accessible_too(page: Page, address: str, name: str) -> None:
    open_page(page, address, name, 1280, "dark")
    picture(page, f"site-{name.replace('/', '-')}-dark")
    assert violations(page) == []


def test_search_needs_no_server(page: Page, site: Path) -> None:
    page.goto(f"{site.as_uri()}/search.html?q=refund")
    # What is found appears one by one; the summary changes when all of it is there.
    page.locator("#search-results .search-summary", has_text="Search finished").wait_for()
    found = page.locator("#search-results li a")
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
