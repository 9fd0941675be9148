"""Picking a campaign, page or team by its name, on a blank page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from browser.accessibility import violations
from browser.explorer import ROOT
from playwright.sync_api import expect

if TYPE_CHECKING:
    from browser.wired import Wired

    from classy_nb.sandbox import Sandbox


def test_a_campaign_is_picked_by_keyboard_alone(wired: Wired, box: Sandbox) -> None:
    form, page = wired.form, wired.page
    campaign = box.truth("campaigns")[3]
    form.labelled("Parent").select_option("campaign")
    wired.carry()
    form.labelled("Campaign id").focus()
    page.keyboard.press("Tab")
    expect(form.root.get_by_role("button", name="Find the campaign by name")).to_be_focused()
    page.keyboard.press("Enter")
    expect(form.labelled("Name of the campaign")).to_be_focused()
    page.keyboard.type(campaign["name"].upper())
    page.keyboard.press("Enter")
    wired.until("campaigns (as of")
    matches = form.labelled("Matching campaigns")
    expect(matches).to_be_focused()
    expect(matches.locator("option").first).to_contain_text(campaign["name"])
    assert violations(page, ROOT) == []
    page.keyboard.press("Enter")
    wired.carry()
    chosen = form.labelled("Campaign id")
    picked = [c for c in box.truth("campaigns") if c["name"] == campaign["name"]]
    assert int(chosen.input_value()) in {c["id"] for c in picked}
    expect(form.call).to_have_text(f"gifts = classy.transactions(campaign={chosen.input_value()})")
    expect(form.root.locator(".classy-nb-picked")).to_have_text(campaign["name"])
    expect(form.root.get_by_role("group", name="Find a campaign by name")).to_be_hidden()
    expect(form.root.get_by_role("button", name="Find the campaign by name")).to_be_focused()
    chosen.fill("12")
    expect(form.root.locator(".classy-nb-picked")).to_have_text("")
    assert wired.viewer.of("preview") == []  # Enter searched and picked, and did nothing else


@pytest.mark.parametrize(
    ("resource", "name"),
    [("fundraising_pages", "title"), ("fundraising_teams", "name"), ("designations", "name")],
)
def test_conditions_on_ids_take_names_too(wired: Wired, box: Sandbox, resource: str, name: str) -> None:
    form, kind = wired.form, resource.removesuffix("s")
    column, what = f"{kind}_id", kind.replace("_", " ")
    record = box.truth(resource)[0]
    form.press("Add condition")
    row = form.root.get_by_role("group", name="Condition 1")
    expect(row.get_by_role("button", name=f"Find the {what} by name")).to_have_count(0)
    row.get_by_label("Column").select_option(column)
    row.get_by_role("button", name=f"Find the {what} by name").click()
    row.get_by_label(f"Name of the {what}").fill(f"{record[name]} {record['id']}")
    row.get_by_role("button", name="Search").click()
    wired.until("has that in its name")  # names and ids do not mix
    expect(row.get_by_text("has that in its name")).to_have_attribute("data-tone", "warning")
    expect(form.status).to_have_attribute("data-tone", "warning")
    row.get_by_label(f"Name of the {what}").fill(str(record["id"]))
    row.get_by_role("button", name="Search").click()
    wired.until("Found ")
    expect(row.get_by_label(f"Matching {what}s").locator("option").first).to_contain_text(record[name])
    row.get_by_role("button", name="Use it").click()
    wired.carry()
    expect(form.call).to_contain_text(f'where="{column} = {record["id"]}"')


def test_escape_closes_the_search_and_gives_the_focus_back(wired: Wired) -> None:
    form, page = wired.form, wired.page
    form.labelled("Parent").select_option("campaign")
    wired.carry()
    button = form.root.get_by_role("button", name="Find the campaign by name")
    button.click()
    expect(button).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Escape")
    expect(button).to_have_attribute("aria-expanded", "false")
    expect(button).to_be_focused()
    expect(form.labelled("Name of the campaign")).to_be_hidden()
