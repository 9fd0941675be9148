"""Choosing and ordering columns, on a blank page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser.accessibility import violations
from browser.explorer import ROOT
from playwright.sync_api import expect

if TYPE_CHECKING:
    from browser.wired import Wired


def test_columns_are_chosen_and_ordered_by_keyboard_alone(wired: Wired) -> None:
    form, page = wired.form, wired.page
    summary = form.root.get_by_text("Columns: all 98", exact=True)
    summary.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(form.labelled("Search columns")).to_be_focused()
    page.keyboard.type("gross total")
    page.keyboard.press("Enter")
    offered, chosen = form.labelled("Available columns"), form.labelled("Chosen columns")
    expect(offered).to_be_focused()
    assert offered.input_value() == "charged_total_gross_amount"
    page.keyboard.press("End")
    assert offered.input_value() == "total_gross_amount"
    expect(form.root.locator(".classy-nb-meaning")).to_contain_text("total_gross_amount: ")
    page.keyboard.press("Enter")
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    options = chosen.locator("option")
    expect(options).to_have_text(["total_gross_amount", "charged_total_gross_amount"])
    form.labelled("Search columns").focus()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("status")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")  # past "Add"
    page.keyboard.press("Tab")
    expect(chosen).to_be_focused()
    assert chosen.input_value() == "status"
    page.keyboard.press("Alt+ArrowUp")
    page.keyboard.press("Alt+ArrowUp")
    page.keyboard.press("Alt+ArrowUp")  # it is the first already
    expect(options).to_have_text(["status", "total_gross_amount", "charged_total_gross_amount"])
    page.keyboard.press("End")
    page.keyboard.press("Delete")
    expect(options).to_have_text(["status", "total_gross_amount"])
    expect(chosen).to_be_focused()
    page.keyboard.press("Alt+ArrowUp")
    wired.carry()
    expect(form.call).to_have_text('gifts = classy.transactions(fields=["total_gross_amount", "status"])')
    expect(form.root.get_by_text("Columns: 2 of 98, in your order", exact=True)).to_be_visible()
    assert violations(page, ROOT) == []
    form.press("Preview")
    wired.until("Fetched 5 of")
    expect(form.root.locator(".classy-nb-preview th")).to_have_text(["id", "total_gross_amount", "status"])
    form.press("Count")
    wired.until("There are 2,000 transactions")


def test_the_buttons_do_what_the_keys_do(wired: Wired) -> None:
    form = wired.form
    form.root.get_by_text("Columns: all 98", exact=True).click()
    offered, chosen = form.labelled("Available columns"), form.labelled("Chosen columns").locator("option")
    for name in ("status", "id", "currency_code"):
        offered.select_option(name)
        form.press("Add")
    expect(chosen).to_have_text(["status", "id", "currency_code"])
    expect(offered.locator("option")).to_have_count(95)
    form.press("Move up")
    expect(chosen).to_have_text(["status", "currency_code", "id"])
    expect(form.root.get_by_role("button", name="Move down")).to_have_attribute("aria-disabled", "false")
    form.press("Move down")
    expect(form.root.get_by_role("button", name="Move down")).to_have_attribute("aria-disabled", "true")
    form.press("Remove")
    expect(chosen).to_have_text(["status", "id"])
    wired.carry()
    expect(form.call).to_have_text('gifts = classy.transactions(fields=["status", "id"])')
    form.press("All columns")
    wired.carry()
    expect(form.call).to_have_text("gifts = classy.transactions()")
    expect(chosen).to_have_count(0)


def test_another_resource_has_other_columns_and_none_chosen(wired: Wired) -> None:
    form = wired.form
    form.root.get_by_text("Columns: all 98", exact=True).click()
    form.labelled("Available columns").select_option("status")
    form.press("Add")
    form.labelled("Resource").select_option("campaigns")
    wired.carry()
    expect(form.labelled("Chosen columns").locator("option")).to_have_count(0)
    expect(form.labelled("Available columns").locator("option[value=goal]")).to_have_attribute(
        "title", "Amount to be raised, in the organization's currency"
    )
    form.labelled("Search columns").fill("no such thing")
    expect(form.root.get_by_text("No column matches.")).to_be_visible()


def test_a_second_view_takes_the_chosen_columns(wired: Wired) -> None:
    wired.panel.second_view()
    wired.carry()
    first, second = (wired.page.locator(ROOT).nth(number) for number in (0, 1))
    first.get_by_text("Columns: all 98", exact=True).click()
    first.get_by_label("Available columns", exact=True).select_option("status")
    first.get_by_role("button", name="Add", exact=True).click()
    wired.carry()
    expect(second.get_by_text("Columns: 1 of 98, in your order", exact=True)).to_be_visible()
    expect(second.locator(".classy-nb-call")).to_have_text('gifts = classy.transactions(fields="status")')
