"""The explorer's questions and jobs, on a blank page, in one view or two."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from browser.accessibility import violations
from browser.explorer import ROOT
from playwright.sync_api import expect

if TYPE_CHECKING:
    from pathlib import Path

    from browser.wired import Wired

    from classy_nb.sandbox import Sandbox


def test_while_a_job_runs_only_cancel_can_be_pressed(wired: Wired, box: Sandbox) -> None:
    form = wired.form
    box.faults.then(*["ok"] * 3, *["stall"] * 60)
    form.press("To a variable")
    wired.panel.settle()
    wired.up()
    wired.viewer.wait_until("job", total=2000)
    wired.down()
    expect(form.progress).to_have_js_property("max", 2000)
    expect(form.root.get_by_role("button", name="Preview")).to_have_attribute("aria-disabled", "true")
    sent = len(wired.panel.sent)
    form.root.get_by_role("button", name="Preview").click(force=True)
    assert len(wired.panel.sent) == sent
    assert violations(wired.page, ROOT) == []
    form.press("Cancel")
    begun = time.monotonic()
    wired.up()
    wired.viewer.wait_until("job", running=False)
    assert time.monotonic() - begun < 1.5
    wired.carry()
    expect(form.progress).to_be_hidden()
    expect(form.status).to_contain_text("of 2,000 rows had come")
    expect(form.root.get_by_role("button", name="To a variable")).to_be_focused()
    assert wired.explorer.frame is None


def test_a_file_is_replaced_only_after_a_question(wired: Wired, tmp_path: Path) -> None:
    form, file = wired.form, tmp_path / "gifts.csv"
    file.write_text("mine")
    form.labelled("File name").fill("gifts.csv")
    form.press("Save CSV")
    wired.until("Replace it?")
    expect(form.root.get_by_role("button", name="Keep it")).to_be_focused()
    form.press("Keep it")
    wired.until("Nothing was replaced.")
    expect(form.root.get_by_role("button", name="Keep it")).to_be_hidden()
    expect(form.root.get_by_role("button", name="Save CSV")).to_be_focused()
    assert file.read_text() == "mine"
    form.press("Save CSV")
    wired.carry()
    form.press("Replace the file")
    wired.until("Saved 2,000 rows")
    assert len(file.read_text().splitlines()) > 2000


def test_a_question_disappears_when_the_form_changes(wired: Wired, tmp_path: Path) -> None:
    form = wired.form
    replace = form.root.get_by_role("button", name="Replace the file")
    files = [tmp_path / "gifts.csv", tmp_path / "other.csv"]
    for file in files:
        file.write_text("mine")
    form.labelled("File name").fill("gifts.csv")
    form.press("Save CSV")
    wired.until("Replace it?")
    expect(replace).to_be_visible()
    form.labelled("File name").fill("other.csv")  # and the kernel does not know yet
    expect(replace).to_be_hidden()
    expect(form.status).to_have_text("")
    wired.carry()
    expect(replace).to_be_hidden()
    assert [file.read_text() for file in files] == ["mine", "mine"]


def test_two_views_show_the_same_and_leave(wired: Wired) -> None:
    wired.form.labelled("Since").fill("2026-01-01")
    wired.carry()
    wired.panel.second_view()
    wired.carry()
    roots = wired.page.locator(ROOT)
    expect(roots).to_have_count(2)
    expect(roots.nth(1).locator(".classy-nb-call")).to_contain_text('since="2026-01-01"')
    expect(roots.nth(1).get_by_label("Since", exact=True)).to_have_value("2026-01-01")
    roots.nth(1).get_by_label("items", exact=True).check()
    wired.carry()
    expect(roots.nth(0).get_by_label("items", exact=True)).to_be_checked()
    expect(roots.nth(0).locator(".classy-nb-call")).to_contain_text('include="items"')
    assert violations(wired.page, ROOT) == []
    wired.panel.close()
    assert [message["kind"] for message in wired.panel.sent[-2:]] == ["gone", "gone"]
