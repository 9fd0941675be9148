"""The explorer in JupyterLab, from an empty form to files, a frame and the clipboard."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from browser.accessibility import check_looks
from browser.evidence import picture
from browser.explorer import CELL, ROOT, ExplorerForm
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from browser.notebook import Notebook

    from classy_nb.sandbox import Sandbox


def gifts_of_this_year(box: Sandbox) -> list[dict[str, Any]]:
    """Return the gifts since the year began where the organization is: in Los Angeles."""
    return [
        record
        for record in box.truth("transactions")
        if record["status"] == "success" and record["purchased_at"] >= "2026-01-01T08"
    ]


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_from_an_empty_form_to_files_and_a_frame(
    notebook: Callable[..., Notebook], box: Sandbox, tmp_path: Path
) -> None:
    gifts = gifts_of_this_year(box)
    count, donor = len(gifts), gifts[0]["billing_last_name"]
    assert 100 < count < 2000
    opened = notebook(CELL, "len(gifts), set(gifts['status'])")
    page, form = opened.page, ExplorerForm(opened.output(0))
    opened.run_cell(0)
    expect(form.labelled("Resource")).to_be_visible()

    form.ask_for_gifts_of_this_year()
    expect(form.call).to_have_text(
        'gifts = classy.transactions(since="2026-01-01", where="status = success")'
    )
    form.press("Copy")
    expect(form.status).to_have_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == form.call.inner_text()

    form.press("Preview")
    expect(form.status).to_contain_text(f"of {count:,} rows")
    expect(form.rows.first).to_be_visible()
    table = form.root.locator(".classy-nb-preview")
    expect(table).to_contain_text(str(gifts[0]["id"]))
    expect(table).not_to_contain_text(donor)
    form.labelled("Show personal data").check()
    expect(table).to_contain_text(donor)
    form.labelled("All 117 columns").check()
    expect(table).to_contain_text("@example.org")
    saved = opened.save()
    assert "@example.org" not in saved
    assert donor not in saved

    form.press("Count")
    expect(form.status).to_contain_text(f"There are {count:,} transactions")
    form.labelled("All 117 columns").uncheck()
    form.labelled("Show personal data").uncheck()
    expect(table).not_to_contain_text(donor)
    page.set_viewport_size({"width": 1200, "height": 1300})
    check_looks(opened, ROOT, "explorer", tall=2400)

    form.press("Save CSV")
    expect(form.status).to_contain_text(f"Saved {count:,} rows")
    [written] = opened.file.parent.glob("transactions*.csv")
    expect(form.status).to_contain_text(written.name)
    with page.expect_download() as downloading:
        form.press("Download")
    downloaded = tmp_path / "downloaded.csv"
    downloading.value.save_as(downloaded)
    assert downloading.value.suggested_filename == written.name
    assert digest(downloaded) == digest(written)
    assert written.read_text("utf-8").count("\n") > count
    expect(form.status).to_contain_text("its checksum is right")

    form.press("To a variable")
    expect(form.status).to_contain_text(f"{count:,} rows")
    opened.run_cell(1)
    expect(opened.output(1)).to_contain_text(f"({count}, {{'success'}})")
    picture(page, "explorer-done")


def test_a_second_view_follows_and_the_focus_stays(notebook: Callable[..., Notebook]) -> None:
    opened = notebook(CELL)
    opened.run_cell(0)
    first = ExplorerForm(opened.output(0))
    first.labelled("Resource").select_option("transactions")
    second = ExplorerForm(opened.second_view(0))
    expect(second.labelled("Resource")).to_have_value("transactions")

    second.labelled("Since").fill("2026-01-01")
    expect(first.labelled("Since")).to_have_value("2026-01-01")
    for form in (first, second):
        expect(form.call).to_have_text('gifts = classy.transactions(since="2026-01-01")')
    expect(second.labelled("Since")).to_be_focused()

    second.press("Add condition")
    second.press("Preview")  # with an empty condition
    condition = second.root.get_by_role("group", name="Condition 1")
    expect(condition.locator("[aria-invalid=true]")).to_be_focused()
    expect(first.root.get_by_role("group", name="Condition 1")).to_be_visible()
    condition.get_by_label("Column").select_option("status")
    condition.get_by_label("Value").fill("success")
    second.press("Preview")
    for form in (first, second):
        expect(form.rows).to_have_count(5)
    expect(second.root.get_by_role("button", name="Preview", exact=True)).to_be_focused()
