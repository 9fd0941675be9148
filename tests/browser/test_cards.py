"""Cards, progress and the stop button in JupyterLab."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from axe_playwright_python.sync_playwright import Axe
from browser.evidence import picture
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from browser.notebook import Notebook

    from classy_nb.sandbox import Sandbox

CONNECT = "import classy_nb as cn\nclassy = cn.connect()"


def test_cards_are_tables_and_names_stay_text(notebook: Callable[..., Notebook]) -> None:
    hostile = 'classy._session.organization_name = "<img src=x onerror=alert(1)> & <b>Sons</b>"'
    opened = notebook(f"{CONNECT}\n{hostile}\nclassy", "classy.transactions")
    opened.run()
    connection, resource = opened.output(0), opened.output(1)
    expect(connection.get_by_role("row", name=re.compile("^organization"))).to_contain_text(
        "<img src=x onerror=alert(1)> & <b>Sons</b>"
    )
    expect(connection.get_by_role("row", name="token")).to_contain_text("renews in")
    expect(connection.locator("img, b")).to_have_count(0)
    expect(resource.get_by_role("row", name="mind")).to_contain_text("where='status = success'")
    found = Axe().run(opened.page, context=".jp-OutputArea")
    assert found.response["violations"] == []
    picture(opened.page, "cards")


def test_progress_ends_as_one_clean_line_and_the_stop_button_ends_a_fetch(
    notebook: Callable[..., Notebook], box: Sandbox
) -> None:
    opened = notebook(f"{CONNECT}\ngifts = classy.transactions()", "classy.transactions()", "'it goes on'")
    box.faults.latency_ms = 500
    opened.run_cell(0, wait=False)
    expect(opened.output(0).get_by_role("progressbar")).to_have_attribute("max", "2000")
    box.faults.latency_ms = 0
    expect(opened.output(0)).to_contain_text("requests in")
    expect(opened.output(0).get_by_role("progressbar")).to_have_count(0)
    opened.wait_idle()
    saved = opened.saved()
    [output] = saved.cells[0].outputs
    assert output.data["text/plain"].startswith("transactions: 2,000 rows, ")
    assert output.data["text/html"] == f"<div>{output.data['text/plain']}</div>"
    assert saved.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"] == {}

    box.faults.then(*["ok"] * 12, *["stall"] * 60)
    opened.run_cell(1, wait=False)
    expect(opened.output(1).get_by_role("progressbar")).to_have_attribute("max", "2000")
    picture(opened.page, "progress")
    pressed = time.monotonic()
    opened.page.get_by_title("Interrupt the kernel").click()
    expect(opened.output(1)).to_contain_text(
        re.compile(r"InterruptedFetchError: Stopped: [\d,]+ of 2,000 rows had come; nothing was kept\.")
    )
    assert time.monotonic() - pressed < 5
    opened.wait_idle()  # what is sent before that, Jupyter drops after an error
    opened.run_cell(2)
    expect(opened.output(2)).to_contain_text("it goes on")
