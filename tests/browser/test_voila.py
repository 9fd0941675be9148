"""Both panels in Voila, where there is no notebook around them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from browser import explorer, login
from browser.accessibility import violations
from browser.evidence import picture
from browser.notebook import write_notebook
from playwright.sync_api import expect
from support.connection import CANARY, CLIENT_ID

if TYPE_CHECKING:
    from browser.servers import Server
    from playwright.sync_api import BrowserContext

    from classy_nb.sandbox import Sandbox


def test_from_the_login_to_a_download(context: BrowserContext, voila: Server, box: Sandbox) -> None:
    write_notebook(voila.home.notebooks / "both.ipynb", login.CELL, "cn.connect().explore()")
    page = context.new_page()
    page.goto(voila.url("/voila/render/both.ipynb"))
    form = login.LoginForm(page)
    form.fill(CLIENT_ID, CANARY)
    assert violations(page, login.ROOT) == []
    picture(page, "voila-login")
    form.secret.press("Enter")
    expect(page.get_by_text(re.compile("Connected to Stand-in Harbor Foundation at")).first).to_be_visible()
    expect(form.secret).to_have_count(0)

    shown = explorer.ExplorerForm(page)
    shown.ask_for_gifts_of_this_year()
    shown.press("Preview")
    expect(shown.rows.first).to_be_visible()
    assert violations(page, explorer.ROOT) == []
    with page.expect_download() as downloading:
        shown.press("Download")
    assert downloading.value.suggested_filename.endswith(".csv")
    expect(shown.status).to_contain_text("its checksum is right")
    picture(page, "voila-explorer")
