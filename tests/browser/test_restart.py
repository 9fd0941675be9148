"""After a restart of the kernel both panels say to run their cell again, and then they work."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from browser.evidence import picture
from browser.explorer import ExplorerForm
from browser.login import CELL, LoginForm
from playwright.sync_api import expect
from support.connection import CANARY, CLIENT_ID

if TYPE_CHECKING:
    from collections.abc import Callable

    from browser.notebook import Notebook


def test_after_a_restart_both_panels_say_to_run_their_cell_again(notebook: Callable[..., Notebook]) -> None:
    opened = notebook(CELL, "cn.connect().explore()")
    form, explorer = LoginForm(opened.output(0)), ExplorerForm(opened.output(1))
    opened.run()
    form.fill(CLIENT_ID, CANARY)
    explorer.labelled("Resource").select_option("supporters")
    expect(explorer.call).to_contain_text(".supporters()")
    opened.restart()
    with opened.hurry():
        form.connect.click()
        explorer.press("Preview")
    for status in (form.status, explorer.status):
        expect(status).to_contain_text("run the cell again")
    expect(explorer.rows).to_have_count(0)
    assert CANARY not in opened.save()
    picture(opened.page, "login-restarted")

    opened.run()
    form.fill(CLIENT_ID, CANARY)
    form.connect.click()
    expect(opened.output(0)).to_contain_text("Connected to Stand-in Harbor Foundation at")
    explorer.labelled("Resource").select_option("supporters")
    explorer.press("Preview")
    expect(explorer.rows).to_have_count(5)
    expect(explorer.status).to_contain_text(re.compile(r"5 of [\d,]+ rows"))
