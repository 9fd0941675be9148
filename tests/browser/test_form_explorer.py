"""The explorer's JavaScript on a blank page, against its own side in the kernel: no Jupyter between them."""

from __future__ import annotations

import hashlib
import re
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from browser.accessibility import violations
from browser.evidence import picture
from browser.explorer import ROOT, ExplorerForm
from playwright.sync_api import expect
from support.viewer import Viewer

import classy_nb as cn
from classy_nb.panel.explorer import Explorer, _share

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from browser.panel import PanelPage

    from classy_nb.sandbox import Sandbox


class Wired:
    """A panel on a page and its side in the kernel; messages go between them when told to."""

    def __init__(self, panel: PanelPage, explorer: Explorer) -> None:
        self.panel = panel
        self.page = panel.page
        self.explorer = explorer
        self.viewer = Viewer(explorer)
        self.form = ExplorerForm(panel.page)
        self._up = self._down = 0

    def up(self) -> list[dict[str, Any]]:
        """Give to the kernel what the page has sent."""
        new = self.panel.sent[self._up :]
        self._up += len(new)
        for content in new:
            self.explorer._handle_custom_msg(content, [])
        return new

    def down(self) -> int:
        """Give to the page what the kernel has told; return how much that was."""
        new = self.viewer.told[self._down :]
        self._down += len(new)
        for content, pieces in new:
            self.panel.send(content, tuple(pieces))
        return len(new)

    def until(self, text: str, kind: str = "status") -> None:
        """Carry messages until one of the kernel's has such a text."""
        self.carry(lambda: any(text in str(m.get("text")) for m in self.viewer.of(kind)))

    def carry(self, enough: Callable[[], object] = lambda: True, seconds: float = 20) -> None:
        """Carry messages until there are none under way and it is enough."""
        end = time.monotonic() + seconds
        while True:
            self.panel.settle()
            idle = self.explorer._conversation._job is None
            sent = self.up()
            if not self.down() and not sent:
                if idle and enough():
                    return
                self.page.wait_for_timeout(10)  # for the thread in the kernel, which has no event for this
            assert time.monotonic() < end, self.viewer.told[-3:]


@pytest.fixture
def wired(
    panel_page: Callable[..., PanelPage], box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Wired]:
    monkeypatch.chdir(tmp_path)
    with cn.connect(
        box.client_id, box.client_secret, base_url=box.base_url, token_url=box.token_url
    ) as classy:
        explorer = classy.explore()
        made = Wired(panel_page(explorer._esm, explorer._css), explorer)
        made.carry(lambda: made.viewer.of("state"))
        yield made
        assert made.panel.saves == 0
        explorer.close()


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
    form.labelled("Search resources").fill("")
    expect(options).to_have_count(everything)


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
    expect(second.get_by_label("Value")).not_to_have_attribute("aria-invalid", "true")  # not asked for yet
    second.get_by_label("Value").fill("much")
    wired.carry()
    expect(second.get_by_label("Value")).to_have_attribute("aria-invalid", "true")
    expect(form.call).to_contain_text("holds numbers")
    form.press("Remove condition 1")
    expect(form.labelled("Column")).to_be_focused()
    form.press("Remove condition 1")
    expect(add).to_be_focused()
    wired.carry()
    expect(form.call).to_have_text('gifts = classy.transactions(include="supporter")')


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


def test_what_donors_wrote_is_text_and_never_markup(wired: Wired) -> None:
    nasty = "<img src=x onerror='document.title=1'><b>bold</b>"
    shown = {
        "resource": "transactions", "caption": nasty, "call": nasty, "columns": [nasty], "numeric": [False],
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


def test_while_something_runs_only_cancel_can_be_pressed(wired: Wired, box: Sandbox) -> None:
    form = wired.form
    box.faults.then(*["ok"] * 3, *["stall"] * 60)
    form.press("To a variable")
    wired.panel.settle()
    wired.up()
    wired.viewer.wait_until("job", rows=100)
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


@pytest.mark.parametrize("chunk", [_share.CHUNK, 100_003])
def test_a_download_is_the_file_that_the_kernel_writes(
    wired: Wired, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr(_share, "CHUNK", chunk)
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
    assert wired.panel.wait_for_sent(before + 3)[-1] == {"kind": "received", "ticket": "t", "intact": False}
    assert kept == []


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
