"""The chart of totals, what is brought into view, and the color of a search without matches."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from browser.accessibility import violations
from browser.evidence import picture
from browser.explorer import ROOT
from playwright.sync_api import expect

if TYPE_CHECKING:
    from browser.wired import Wired

    from classy_nb.sandbox import Sandbox


@pytest.mark.parametrize(("width", "scheme"), [(1200, "light"), (1200, "dark"), (420, "light")])
def test_a_whole_list_is_added_up_by_month_and_status(
    wired: Wired, box: Sandbox, width: int, scheme: Any
) -> None:
    form, page = wired.form, wired.page
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 1400})
    form.labelled("Since").fill("2026-01-01")
    form.press("Preview")
    wired.until("Fetched 5 of")
    region = form.root.get_by_role("region", name="Totals", exact=True)
    expect(region).to_contain_text("Of the 5 rows above only.")
    form.press("To a variable")
    wired.until("rows")
    expect(region).to_contain_text("Of all ")
    truth = [r for r in box.truth("transactions") if r["purchased_at"] >= "2026-01-01T08"]
    dollars = sum(
        Decimal(str(r["donation_gross_amount"]))
        for r in truth
        if r["status"] == "success" and r["currency_code"] == "USD"
    )
    chart = region.get_by_role("img").first
    assert f"success {dollars:,.2f}" in (chart.get_attribute("aria-label") or "")
    assert chart.locator("rect").count() > 10
    table = region.locator("details").first
    table.locator("summary").focus()
    page.keyboard.press("Enter")
    last = table.locator("tbody tr").last
    expect(last.locator("th")).to_have_text("Total")
    expect(last.locator("td").first).to_have_text(f"{dollars:,.2f}")
    assert violations(page, ROOT) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    region.scroll_into_view_if_needed()
    picture(page, f"explorer-totals-{width}-{scheme}")


def test_totals_are_text_never_markup(wired: Wired) -> None:
    nasty = "<img src=x onerror='document.title=1'>"
    chart = {"title": nasty, "unit": nasty, "periods": ["2026-01"], "statuses": [nasty], "values": [[1]]}
    shown = {"by": nasty, "of": nasty, "part": False, "key": "", "charts": [chart, chart], "notes": [nasty]}
    wired.panel.send({"kind": "totals", "shown": shown})
    region = wired.form.root.get_by_role("region", name="Totals", exact=True)
    expect(region).to_contain_text("Amounts in different currencies are never added.")
    expect(region.locator("img")).to_have_count(0)
    assert wired.page.title() != "1"


def test_the_rows_are_brought_into_view(wired: Wired) -> None:
    form, page = wired.form, wired.page
    page.set_viewport_size({"width": 1000, "height": 500})
    form.root.get_by_role("button", name="Preview", exact=True).focus()
    page.keyboard.press("Enter")
    wired.until("Fetched 5 of")
    expect(form.rows.last).to_be_in_viewport()
    expect(form.root.get_by_role("button", name="Preview", exact=True)).to_be_focused()
    page.evaluate("scrollTo(0, 0)")
    form.root.get_by_role("button", name="Count", exact=True).focus()
    page.keyboard.press("Enter")
    wired.until("There are")
    expect(form.root.locator(".classy-nb-counts tbody tr").last).to_be_in_viewport()


def test_nothing_moves_for_people_who_went_on_to_something_else(wired: Wired) -> None:
    form, page = wired.form, wired.page
    page.set_viewport_size({"width": 1000, "height": 500})
    form.press("Preview")
    form.labelled("Search resources").focus()
    page.evaluate("scrollTo(0, 0)")
    wired.until("Fetched 5 of")
    expect(form.rows).to_have_count(5)
    assert page.evaluate("scrollY") == 0


def test_no_match_is_amber_not_green(wired: Wired) -> None:
    form, page = wired.form, wired.page
    form.labelled("Since").fill("2090-01-01")
    form.press("Preview")
    wired.until("No records match.")
    expect(form.status).to_have_attribute("data-tone", "warning")
    amber = form.status.evaluate("e => getComputedStyle(e).color")
    assert amber == "rgb(138, 80, 0)"
    assert violations(page, ROOT) == []
    page.emulate_media(color_scheme="dark")
    assert form.status.evaluate("e => getComputedStyle(e).color") == "rgb(240, 185, 91)"
    assert violations(page, ROOT) == []
    form.labelled("Search resources").fill("no such thing")
    expect(form.chooser.get_by_text("No match")).to_have_attribute("data-tone", "warning")
