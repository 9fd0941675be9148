"""What the explorer's buttons bring, on a blank page: rows, counts, files."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from browser.accessibility import violations
from browser.evidence import picture
from browser.explorer import ROOT
from playwright.sync_api import expect

from classy_nb.widgets.explorer import downloads

if TYPE_CHECKING:
    from pathlib import Path

    from browser.wired import Wired

    from classy_nb.sandbox import Sandbox


def test_rows_are_masked_until_the_switch_is_on(wired: Wired) -> None:
    form = wired.form
    form.labelled("supporter").check()
    form.press("Preview")
    wired.until("Fetched 5 of 2,000 rows")
    expect(form.rows).to_have_count(5)
    expect(form.root).not_to_contain_text("@example.org")
    masked = form.root.locator("td.classy-nb-masked")
    expect(masked.first).to_have_text("hidden")
    form.labelled("Show personal data").check()
    wired.carry()
    expect(masked).to_have_count(0)
    expect(form.root.locator(".classy-nb-preview")).to_contain_text("@example.org")
    columns = form.root.locator(".classy-nb-preview th")
    assert columns.count() == 8
    form.root.get_by_label("All 144 columns").check()
    expect(columns).to_have_count(144)
    frame = form.root.get_by_role("region", name="Rows", exact=True)
    assert frame.evaluate("e => e.scrollWidth > e.clientWidth && e.tabIndex === 0")
    old = form.root.get_by_role("region", name="Preview of rows").get_by_text("The form has changed since.")
    expect(old).to_be_hidden()
    form.labelled("Since").fill("2026-01-01")
    wired.carry()
    expect(old).to_be_visible()


def test_the_count_is_by_status(wired: Wired, box: Sandbox) -> None:
    truth = Counter(str(record["status"]) for record in box.truth("transactions"))
    wired.page.set_viewport_size({"width": 1200, "height": 1100})
    wired.form.press("Count")
    wired.until("There are 2,000 transactions")
    rows = wired.form.root.locator(".classy-nb-counts tbody tr")
    shown = rows.evaluate_all("rows => rows.map((row) => [...row.cells].slice(0, 2).map((c) => c.innerText))")
    assert {status: int(number.replace(",", "")) for status, number in shown} == truth
    expect(rows.first).to_contain_text(re.compile(r"^success\s*1,898\s*94\.9 %"))
    assert violations(wired.page, ROOT) == []
    picture(wired.page, "explorer-count")


def test_what_donors_wrote_is_shown_as_text_never_as_markup(wired: Wired) -> None:
    nasty = "<img src=x onerror='document.title=1'><b>bold</b>"
    shown = {
        "resource": "transactions", "caption": nasty, "key": nasty, "columns": [nasty], "numeric": [False],
        "first": [0], "masked": [False], "personal": 0, "rows": [[nasty]], "unmasked": True,
    }  # fmt: skip
    wired.panel.send({"kind": "preview", "shown": shown})
    wired.panel.send({"kind": "status", "text": nasty, "tone": "error", "question": None})
    wired.panel.send(
        {"kind": "counts", "shown": {"caption": nasty, "rows": [[nasty, 1]], "total": 1, "other": 0}}
    )
    expect(wired.form.rows.first).to_have_text(nasty)
    expect(wired.form.status).to_have_text(nasty)
    assert wired.form.root.locator("img, b").count() == 0
    assert wired.page.title() != "1"


@pytest.mark.parametrize("chunk", [downloads.CHUNK, 100_003])
def test_a_download_is_the_file_that_the_kernel_writes(
    wired: Wired, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr(downloads, "CHUNK", chunk)
    form = wired.form
    form.press("Save CSV")
    wired.until("Saved 2,000 rows")
    [saved] = tmp_path.glob("*.csv")
    with wired.page.expect_download() as downloading:
        form.press("Download")
        wired.carry(lambda: wired.viewer.of("offer") and not wired.viewer.last("job")["running"])
    downloaded = tmp_path / "downloaded.csv"
    downloading.value.save_as(downloaded)
    assert downloading.value.suggested_filename == saved.name
    assert downloaded.read_bytes() == saved.read_bytes()
    assert hashlib.sha256(saved.read_bytes()).hexdigest() == wired.viewer.last("offer")["sha256"]
    assert len(wired.viewer.of("piece")) == -(-saved.stat().st_size // chunk)
    expect(form.status).to_contain_text("its checksum is right")


def test_a_workbook_is_downloaded(wired: Wired, tmp_path: Path) -> None:
    form = wired.form
    form.labelled("Since").fill("2026-11-01")
    form.labelled("Format").select_option("xlsx")
    with wired.page.expect_download() as downloading:
        form.press("Download")
        wired.carry(lambda: wired.viewer.of("offer") and not wired.viewer.last("job")["running"])
    file = tmp_path / "downloaded.xlsx"
    downloading.value.save_as(file)
    assert downloading.value.suggested_filename.endswith(".xlsx")
    sheet = openpyxl.load_workbook(file).worksheets[0]
    assert (sheet.title, sheet["A1"].value) == ("transactions", "id")
    assert sheet.max_row > 5


def test_a_download_that_was_damaged_is_not_kept(wired: Wired) -> None:
    kept: list[Any] = []
    wired.page.on("download", lambda download: kept.append(download.suggested_filename))
    view = wired.panel.sent[0]["view"]
    offer = {"kind": "offer", "view": view, "ticket": "t", "name": "x.csv", "size": 6, "sha256": "0" * 64}
    wired.panel.send({**offer, "view": "another"})
    before = len(wired.panel.sent)
    wired.panel.send(offer)
    assert wired.panel.wait_for_sent(before + 1)[-1] == {"kind": "pull", "ticket": "t", "offset": 0}
    wired.panel.send({"kind": "piece", "ticket": "t", "offset": 0, "view": view}, (b"id\n1",))
    assert wired.panel.wait_for_sent(before + 2)[-1] == {"kind": "pull", "ticket": "t", "offset": 4}
    wired.panel.send({"kind": "piece", "ticket": "t", "offset": 4, "view": view}, (b"2\n",))
    assert wired.panel.wait_for_sent(before + 3)[-1] == {
        "kind": "received",
        "ticket": "t",
        "intact": False,
        "checksum": True,
    }
    assert kept == []


def test_where_the_browser_has_no_checksums_the_length_is_compared(wired: Wired) -> None:
    """Pages that are neither https nor localhost have no ``crypto.subtle``."""
    wired.page.evaluate("Object.defineProperty(crypto, 'subtle', { value: undefined })")
    with wired.page.expect_download():
        wired.form.press("Download")
        wired.carry(lambda: wired.viewer.of("offer") and not wired.viewer.last("job")["running"])
    expect(wired.form.status).to_contain_text("its length is right")
    view, before = wired.panel.sent[0]["view"], len(wired.panel.sent)
    offer = {"kind": "offer", "view": view, "ticket": "t", "name": "x.csv", "size": 6, "sha256": "0" * 64}
    wired.panel.send(offer)
    wired.panel.send({"kind": "piece", "ticket": "t", "offset": 0, "view": view}, (b"id\n1",))
    wired.panel.send({"kind": "piece", "ticket": "t", "offset": 4, "view": view}, (b"",))
    received = {"kind": "received", "ticket": "t", "intact": False, "checksum": False}
    assert wired.panel.wait_for_sent(before + 3)[-1] == received


def test_a_download_cancelled_during_the_check_is_not_given_to_the_browser(wired: Wired) -> None:
    kept: list[Any] = []
    wired.page.on("download", lambda download: kept.append(download.suggested_filename))
    wired.page.evaluate(
        "() => { const digest = crypto.subtle.digest.bind(crypto.subtle);"
        " crypto.subtle.digest = async (...all) => {"
        " await new Promise((go) => { window.checkNow = go; }); return digest(...all); }; }"
    )
    view, before = wired.panel.sent[0]["view"], len(wired.panel.sent)
    digest = hashlib.sha256(b"id\n1").hexdigest()
    offer = {"kind": "offer", "view": view, "ticket": "t", "name": "x.csv", "size": 4, "sha256": digest}
    wired.panel.send(offer)
    wired.panel.send({"kind": "piece", "ticket": "t", "offset": 0, "view": view}, (b"id\n1",))
    wired.page.wait_for_function("() => window.checkNow")
    wired.panel.send({"kind": "dropped", "ticket": "t"})
    wired.page.evaluate("async () => { window.checkNow(); await new Promise((go) => setTimeout(go, 50)); }")
    assert [message["kind"] for message in wired.panel.sent[before:]] == ["pull"]
    assert kept == []
