"""The call that the explorer shows, on a blank page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
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
