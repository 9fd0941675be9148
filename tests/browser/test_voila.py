"""Both panels in Voila, where there is no notebook around them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from browser import explorer, login
from browser.evidence import picture
from browser.notebook import write_notebook
from playwright.sync_api import expect
from support.connection import CANARY, CLIENT_ID

if TYPE_CHECKING:
    from browser.servers import Server
    from playwright.sync_api import BrowserContext, Page

    from classy_nb.sandbox import Sandbox


def shown(context: BrowserContext, voila: Server, name: str, cell: str) -> Page:
    write_notebook(voila.home.notebooks / f"{name}.ipynb", cell)
    page = context.new_page()
    page.goto(voila.url(f"/voila/render/{name}.ipynb"))
    return page


def test_login(context: BrowserContext, voila: Server, box: Sandbox) -> None:
    page = shown(context, voila, "voila_login", login.CELL)
    form = login.LoginForm(page)
    form.fill(CLIENT_ID, CANARY)
    form.secret.press("Enter")
    expect(page.get_by_text(re.compile(r"Connected to Stand-in Harbor Foundation at")).first).to_be_visible()
    expect(form.secret).to_have_count(0)
    picture(page, "voila-login")


def test_explorer(context: BrowserContext, voila: Server, box: Sandbox) -> None:
    page = shown(context, voila, "voila_explorer", explorer.CELL)
    form = explorer.ExplorerForm(page)
    form.ask_for_gifts_of_this_year()
    form.press("Preview")
    expect(form.rows.first).to_be_visible()
    with page.expect_download() as downloading:
        form.press("Download")
    assert downloading.value.suggested_filename.endswith(".csv")
    expect(form.status).to_contain_text("its checksum is right")
    picture(page, "voila-explorer")
