"""The call that the explorer shows, on a blank page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser.explorer import ROOT
from playwright.sync_api import expect

if TYPE_CHECKING:
    from pathlib import Path

    from browser.wired import Wired


def test_the_call_is_copied_or_at_least_selected(wired: Wired) -> None:
    form, page = wired.form, wired.page
    form.press("Copy")
    expect(form.status).to_have_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == "gifts = classy.transactions()"
    page.evaluate(
        "() => { navigator.clipboard.writeText = () => Promise.reject(new Error('no'));"
        " document.execCommand = () => false; }"
    )
    form.press("Copy")
    expect(form.status).to_have_text("The call is selected: copy it with Ctrl+C.")
    assert page.evaluate("getSelection().toString()") == "gifts = classy.transactions()"


def test_each_button_shows_its_own_call(wired: Wired) -> None:
    form = wired.form
    form.press("Count")
    wired.until("There are")
    expect(form.call).to_have_text("classy.transactions.count()")
    form.labelled("File name").fill("gifts")
    wired.carry()
    form.labelled("File name").press("Tab")
    form.labelled("Format").press("Tab")  # to "Save CSV", by keyboard
    expect(form.call).to_have_text('classy.transactions.to_csv("gifts.csv", excel=True)')
    form.press("Preview")
    wired.until("Fetched")
    expect(form.call).to_have_text("gifts = classy.transactions()")
    form.labelled("Format").select_option("xlsx")
    wired.carry()
    expect(form.labelled("File name")).to_have_value("gifts")
    form.labelled("Format").press("Tab")
    expect(form.root.get_by_role("button", name="Save Excel")).to_be_focused()
    expect(form.call).to_have_text('classy.transactions.to_excel("gifts.xlsx")')
    form.labelled("File name").fill("mine.csv")
    wired.carry()
    expect(form.labelled("Format")).to_have_value("csv")
    expect(form.root.get_by_role("button", name="Save CSV")).to_be_visible()


def test_a_date_that_does_not_exist_is_an_error_not_left_out(wired: Wired) -> None:
    form = wired.form
    form.labelled("Since").press_sequentially("02312026")
    wired.carry(lambda: wired.viewer.last("call")["problem"])
    expect(form.call).to_have_text("# The date under “Since” is incomplete.")
    expect(form.root.get_by_role("button", name="Copy")).to_have_attribute("aria-disabled", "true")
    form.press("Preview")
    wired.carry()
    expect(form.status).to_have_text("The date under “Since” is incomplete.")
    expect(form.labelled("Since")).to_be_focused()
    assert wired.viewer.of("job") == []


def test_a_question_stands_while_the_call_is_copied(wired: Wired, tmp_path: Path) -> None:
    there = tmp_path / "gifts.csv"
    there.write_text("mine")
    form = wired.form
    form.labelled("File name").fill(str(there))
    form.press("Save CSV")
    wired.carry()
    expect(form.status).to_contain_text("Replace it?")
    form.press("Copy")
    expect(form.root.get_by_role("button", name="Copied")).to_be_visible()
    expect(form.status).to_contain_text("Replace it?")
    form.press("Keep it")
    wired.carry()
    expect(form.root.get_by_role("button", name="Copy", exact=True)).to_be_visible()


def test_an_emptied_name_becomes_the_default_again(wired: Wired) -> None:
    name = wired.form.labelled("Variable name")
    name.fill("")
    wired.carry()
    name.blur()
    expect(name).to_have_value("gifts")
    expect(wired.form.call).to_have_text("gifts = classy.transactions()")


def test_before_the_kernel_answers_there_is_no_form(wired: Wired) -> None:
    """A notebook that is reopened without a kernel must not look alive."""
    wired.panel.second_view()
    second = wired.page.locator(ROOT).nth(1)
    expect(second).to_be_visible()
    expect(second.locator("form")).to_be_hidden()
    wired.carry()
    expect(second.locator("form")).to_be_visible()


def test_a_problem_takes_the_focus_only_in_the_view_that_asked(wired: Wired) -> None:
    wired.panel.second_view()
    wired.carry()
    first, second = (wired.page.locator(ROOT).nth(number) for number in (0, 1))
    first.get_by_label("Parent", exact=True).select_option("campaign")
    wired.carry()
    first.get_by_role("button", name="Preview").click()
    wired.carry()
    expect(first.get_by_label("Campaign id", exact=True)).to_be_focused()
    expect(second.get_by_label("Campaign id", exact=True)).to_have_attribute("aria-required", "true")
