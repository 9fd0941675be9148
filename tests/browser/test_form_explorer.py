"""The explorer's form on a blank page, against its own side in the kernel: no Jupyter between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from browser.accessibility import violations
from browser.explorer import ROOT
from playwright.sync_api import expect

if TYPE_CHECKING:
    from browser.wired import Wired


def test_a_resource_is_found_and_chosen_by_keyboard(wired: Wired) -> None:
    form, page = wired.form, wired.page
    options = form.labelled("Resource").locator("option")
    expect(form.labelled("Resource")).to_have_value("transactions")
    everything = options.count()
    assert everything == 48
    form.labelled("Search resources").fill("recurring history")
    expect(options).to_have_text(["recurring_donation_history"])
    page.keyboard.press("Enter")
    wired.carry()
    expect(form.call).to_have_text("recurring_donation_history = classy.recurring_donation_history()")
    form.labelled("Search resources").fill("deprecated")
    expect(options.first).to_contain_text("(deprecated)")
    form.labelled("Search resources").fill("plan")
    page.keyboard.press("ArrowDown")
    expect(form.labelled("Resource")).to_be_focused()
    page.keyboard.press("End")
    wired.carry()
    expect(form.call).to_have_text("gifts = classy.transactions()")
    form.labelled("Search resources").fill("no such thing")
    expect(options).to_have_count(0)
    expect(form.chooser).to_contain_text("No match; transactions stays selected.")
    form.labelled("Search resources").fill("")
    expect(options).to_have_count(everything)
    expect(form.chooser).not_to_contain_text("No match")


def test_enter_shows_a_preview_and_no_key_reaches_the_notebook(wired: Wired) -> None:
    form, page = wired.form, wired.page
    page.evaluate(
        "() => { window.keys = 0; document.addEventListener('keydown', () => { window.keys += 1; }); }"
    )
    form.labelled("Since").fill("2026-01-01")
    form.labelled("Since").press("Enter")
    wired.until("Fetched 5 of")
    expect(form.rows).to_have_count(5)
    form.labelled("Variable name").press("Enter")
    wired.until("the explorer's attribute frame")
    form.labelled("File name").fill("by_enter")
    form.labelled("File name").press("Enter")
    wired.until("Saved")
    expect(form.status).to_contain_text("by_enter.csv")
    assert page.evaluate("window.keys") == 0


def test_fields_follow_resource_and_parent(wired: Wired) -> None:
    form = wired.form
    form.labelled("Parent").select_option("campaign")
    wired.carry()
    expect(form.call).to_have_text("# Fill in the campaign id.")
    expect(form.labelled("Campaign id")).not_to_have_attribute("aria-invalid", "true")
    form.press("Preview")
    wired.carry()
    expect(form.labelled("Campaign id")).to_be_focused()
    expect(form.labelled("Campaign id")).to_have_attribute("aria-invalid", "true")
    expect(form.status).to_have_text("Fill in the campaign id.")
    form.labelled("Campaign id").fill("12")
    wired.carry()
    expect(form.call).to_have_text("gifts = classy.transactions(campaign=12)")
    expect(form.labelled("Campaign id")).not_to_have_attribute("aria-invalid", "true")
    expect(form.status).to_have_text("")
    form.labelled("Resource").select_option("feed_items")
    wired.carry()
    form.labelled("Parent").select_option("scope")
    wired.carry()
    form.labelled("Scope").select_option("direct")
    wired.carry()
    expect(form.call).to_have_text('feed_items = classy.feed_items(scope="direct")')
    form.labelled("Resource").select_option("source_tracking_codes")
    wired.carry()
    form.root.get_by_text("More parameters").click()
    form.labelled("Transactions").select_option("false")
    wired.carry()
    expect(form.call).to_contain_text("transactions=False")


def test_conditions_come_and_go(wired: Wired) -> None:
    form = wired.form
    add = form.root.get_by_role("button", name="Add condition")
    add.click()
    first = form.root.get_by_role("group", name="Condition 1")
    expect(first.get_by_label("Column")).to_be_focused()
    first.get_by_label("Column").select_option("status")
    assert "refunded" in first.get_by_label("Value").evaluate("e => [...e.list.options].map(o => o.value)")
    first.get_by_label("Value").fill('it\'s "done"')
    add.click()
    second = form.root.get_by_role("group", name="Condition 2")
    second.get_by_label("Column").select_option("total_gross_amount")
    second.get_by_label("Operator").select_option(">=")
    second.get_by_label("Value").fill("100")
    form.labelled("supporter").check()
    wired.carry()
    expect(form.call).to_contain_text('where=["status = it\'s \\"done\\"", "total_gross_amount >= 100"]')
    expect(form.call).to_contain_text('include="supporter"')
    second.get_by_label("Value").fill("")
    wired.carry()
    expect(second.get_by_label("Value")).not_to_have_attribute(
        "aria-invalid", "true"
    )  # an empty value is not marked before a button was pressed
    second.get_by_label("Value").fill("much")
    wired.carry()
    expect(second.get_by_label("Value")).to_have_attribute("aria-invalid", "true")
    expect(form.call).to_contain_text("is a number")
    form.press("Remove condition 1")
    expect(form.labelled("Column")).to_be_focused()
    form.press("Remove condition 1")
    expect(add).to_be_focused()
    wired.carry()
    expect(form.call).to_have_text('gifts = classy.transactions(include="supporter")')


@pytest.mark.parametrize(("width", "scheme"), [(1200, "light"), (320, "dark")])
def test_it_is_accessible_and_fits(wired: Wired, width: int, scheme: Any) -> None:
    form, page = wired.form, wired.page
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    assert violations(page, ROOT) == []
    form.ask_for_gifts_of_this_year()
    form.press("Preview")
    wired.until("Fetched 5 of")
    form.press("Count")
    wired.until("There are")
    assert violations(page, ROOT) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    form.labelled("Parent").select_option("campaign")
    form.press("Preview")
    wired.until("Fill in the campaign id.")
    assert violations(page, ROOT) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
