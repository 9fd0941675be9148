"""Periods by name, on a blank page."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from browser.accessibility import violations
from browser.explorer import ROOT
from playwright.sync_api import expect

from classy_nb.query import PERIODS, named_period, today_in

if TYPE_CHECKING:
    from browser.wired import Wired

ZONE = "America/Los_Angeles"


def days(words: str) -> tuple[date, date]:
    return named_period(words, today=today_in(ZONE))


def test_a_period_is_chosen_by_name_and_its_dates_are_shown(wired: Wired) -> None:
    form, page = wired.form, wired.page
    form.labelled("Period").focus()
    page.keyboard.type("Last month")
    wired.carry()
    first, last = days("last month")
    expect(form.labelled("Period")).to_have_value("last month")
    expect(form.labelled("Period").locator("option:checked")).to_have_text(f"Last month: {first} to {last}")
    expect(form.call).to_have_text('gifts = classy.transactions(since="last month")')
    expect(form.labelled("Since")).to_have_value(first.isoformat())
    expect(form.labelled("Until")).to_have_value((last + timedelta(days=1)).isoformat())
    expect(form.root.get_by_text(f"Last month: {first} to {last}. By purchased_at")).to_be_visible()
    assert violations(page, ROOT) == []
    assert form.labelled("Period").locator("option").count() == len(PERIODS) + 1


def test_a_changed_date_keeps_the_other_end_of_a_named_period(wired: Wired) -> None:
    form = wired.form
    form.labelled("Period").select_option("last year")
    form.labelled("Since").fill("2020-01-01")
    wired.carry()
    after = days("last year")[1] + timedelta(days=1)
    expect(form.labelled("Period")).to_have_value("")
    expect(form.call).to_have_text(f'gifts = classy.transactions(since="2020-01-01", until="{after}")')


def test_choosing_dates_again_keeps_the_dates_of_the_period(wired: Wired) -> None:
    form = wired.form
    form.labelled("Period").select_option("giving tuesday")
    form.labelled("Period").select_option("")
    wired.carry()
    first, last = days("giving tuesday")
    after = last + timedelta(days=1)
    expect(form.call).to_have_text(f'gifts = classy.transactions(since="{first}", until="{after}")')


def test_a_second_view_and_another_resource_take_the_period(wired: Wired) -> None:
    wired.panel.second_view()
    wired.carry()
    first, second = (wired.page.locator(ROOT).nth(number) for number in (0, 1))
    first.get_by_label("Period", exact=True).select_option("this year")
    wired.carry()
    expect(second.get_by_label("Period", exact=True)).to_have_value("this year")
    expect(second.get_by_label("Since", exact=True)).to_have_value(days("this year")[0].isoformat())
    second.get_by_label("Resource", exact=True).select_option("campaigns")
    wired.carry()
    expect(first.locator(".classy-nb-call")).to_have_text('campaigns = classy.campaigns(since="this year")')
    expect(first.get_by_label("Period", exact=True)).to_have_value("this year")


def test_words_that_the_menu_does_not_have_are_kept(wired: Wired) -> None:
    form = wired.form
    asked = {**wired.viewer.last("state")["form"], "since": "January 2026"}
    wired.panel.send({"kind": "form", "form": asked, "view": ""})
    expect(form.labelled("Period")).to_have_value("January 2026")
    form.labelled("supporter").check()
    wired.carry()
    expect(form.call).to_contain_text('since="January 2026"')
