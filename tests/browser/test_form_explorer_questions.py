"""Saved questions, on a blank page."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from browser.accessibility import violations
from browser.explorer import ROOT
from playwright.sync_api import expect

if TYPE_CHECKING:
    from pathlib import Path

    from browser.wired import Wired

FILE = "classy-questions.json"


def test_a_question_is_saved_loaded_and_deleted_by_keyboard_alone(wired: Wired, tmp_path: Path) -> None:
    form, page = wired.form, wired.page
    form.ask_for_gifts_of_this_year()
    wired.carry()
    asked = form.call.inner_text()
    form.root.get_by_text("Saved questions", exact=True).focus()
    page.keyboard.press("Enter")
    form.labelled("Name of this question").focus()
    page.keyboard.type("This year")
    page.keyboard.press("Enter")
    wired.until("Saved the question “This year”")
    assert list(json.loads((tmp_path / FILE).read_text("utf-8"))["questions"]) == ["This year"]
    expect(form.root.get_by_text("Saved questions (1)", exact=True)).to_be_visible()
    form.labelled("Search resources").fill("")
    form.labelled("Resource").select_option("campaigns")
    wired.carry()
    form.labelled("Question").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    wired.until("Loaded the question “This year”.")
    expect(form.call).to_have_text(asked)
    expect(form.labelled("Since")).to_have_value("2026-01-01")
    expect(form.root.get_by_role("group", name="Condition 1").get_by_label("Value")).to_have_value("success")
    assert violations(page, ROOT) == []
    page.keyboard.press("Tab")  # "Load"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    wired.until("Delete the question “This year”")
    expect(form.root.get_by_role("button", name="Keep it")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    wired.until("Deleted the question “This year”.")
    expect(form.root.get_by_text("Saved questions", exact=True)).to_be_visible()
    assert json.loads((tmp_path / FILE).read_text("utf-8"))["questions"] == {}
    assert all(shown["shown"] is None for shown in wired.viewer.of("preview"))


def test_nothing_about_a_person_is_kept_and_the_form_says_so(wired: Wired, tmp_path: Path) -> None:
    form = wired.form
    form.press("Add condition")
    condition = form.root.get_by_role("group", name="Condition 1")
    condition.get_by_label("Column").select_option("member_email_address")
    condition.get_by_label("Value").fill("ann@example.org")
    form.root.get_by_text("Saved questions", exact=True).click()
    form.labelled("Name of this question").fill("Ann's gifts")
    form.press("Save question")
    wired.until("without the value of condition 1 (member_email_address)")
    expect(form.status).to_have_attribute("data-tone", "warning")
    assert "ann@example.org" not in (tmp_path / FILE).read_text("utf-8")


def test_a_broken_file_is_named(wired: Wired, tmp_path: Path) -> None:
    form = wired.form
    (tmp_path / FILE).write_text("{")
    wired.panel.second_view()
    wired.carry()
    expect(form.root.first.get_by_text("Saved questions (unreadable)")).to_be_visible()
    form.root.first.get_by_text("Saved questions (unreadable)").click()
    expect(form.root.first.get_by_text("line 1 is not valid JSON")).to_be_visible()
    form.root.first.get_by_label("Name of this question", exact=True).fill("mine")
    form.root.first.get_by_role("button", name="Save question").click()
    wired.carry()
    expect(form.status.first).to_contain_text("cannot be used")
    assert (tmp_path / FILE).read_text() == "{"


def test_an_empty_name_gets_the_focus(wired: Wired) -> None:
    form = wired.form
    form.root.get_by_text("Saved questions", exact=True).click()
    form.press("Save question")
    wired.carry()
    expect(form.status).to_have_text("Give the question a name, such as Gifts of this year.")
    expect(form.labelled("Name of this question")).to_be_focused()
