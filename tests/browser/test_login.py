"""The login form in JupyterLab with "save widget state" on: what it does, and that it forgets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from browser.accessibility import check_looks, violations
from browser.evidence import picture
from browser.explorer import ExplorerForm
from browser.login import CELL, ROOT, LoginForm, secrets_in
from playwright.sync_api import expect
from support.connection import CANARY, CLIENT_ID, WRONG_CANARY

if TYPE_CHECKING:
    from collections.abc import Callable

    from browser.notebook import Notebook

    from classy_nb.sandbox import Sandbox

CONNECTED = re.compile(
    r"Connected to Stand-in Harbor Foundation at \d\d:\d\d\s*"
    r"Dates and times are in America/Los_Angeles \(the organization's\)\.\s*"
    r"What next\? In a new cell, classy\.explore\(\) opens a form to choose, preview and save lists "
    r"without code\."
)


def widgets_in(notebook: Any) -> list[str]:
    state = notebook.metadata.get("widgets", {}).get("application/vnd.jupyter.widget-state+json", {})
    return sorted(model["model_name"] for model in state.get("state", {}).values())


def test_trap_48_wrong_then_right_and_nothing_is_saved(
    notebook: Callable[..., Notebook], box: Sandbox
) -> None:
    opened = notebook(CELL, "classy.transactions.count()")
    page, form = opened.page, LoginForm(opened.output(0))
    opened.run_cell(0)
    expect(form.form).to_be_visible()
    expect(form.client_id).to_have_value("")  # never filled in from the environment
    expect(form.secret).to_have_attribute("type", "password")
    opened.run_cell(1)
    expect(opened.output(1)).to_contain_text(re.compile("fill in the form above", re.IGNORECASE))
    check_looks(opened, ROOT, "login", tall=1200)

    form.fill(CLIENT_ID, WRONG_CANARY)
    typed = opened.save()
    assert widgets_in(opened.saved())  # the hostile setting is on: widgets are saved
    assert secrets_in(typed, box) == []

    form.connect.click()
    expect(form.status).to_contain_text(re.compile("refused|wrong|not accepted", re.IGNORECASE))
    expect(form.secret).to_have_value("")
    assert secrets_in(opened.save(), box) == []
    assert violations(page, ROOT) == []
    picture(page, "login-error")

    form.fill(CLIENT_ID, CANARY)
    form.secret.press("Enter")
    expect(opened.output(0)).to_contain_text(CONNECTED)
    expect(form.root).to_have_count(0)
    opened.run_cell(1)
    expect(opened.output(1)).to_contain_text("2000")
    saved = opened.saved()
    assert secrets_in(opened.file.read_text("utf-8"), box) == []
    [output] = saved.cells[0].outputs
    assert sorted(output.data) == ["text/html", "text/plain"]
    assert CONNECTED.fullmatch(output.data["text/plain"])
    assert widgets_in(saved) == []
    log = opened.server.log.read_text("utf-8")
    assert "Kernel started" in log  # so it is at INFO
    assert secrets_in(log, box) == []
    picture(page, "login-connected")


def test_a_reloaded_page_shows_both_panels_and_a_second_view_works(
    notebook: Callable[..., Notebook],
) -> None:
    opened = notebook(CELL, "cn.connect().explore()", "classy.organization_name")
    explorer = ExplorerForm(opened.output(1))
    opened.run_cell(0)
    opened.run_cell(1)
    expect(LoginForm(opened.output(0)).form).to_be_visible()
    explorer.ask_for_gifts_of_this_year()
    expect(explorer.call).to_contain_text('where="status = success"')
    opened.save()
    opened.reload()
    expect(explorer.call).to_contain_text('where="status = success"')
    expect(explorer.labelled("Since")).to_have_value("2026-01-01")

    first = LoginForm(opened.output(0))
    expect(first.form).to_be_visible()
    second = LoginForm(opened.second_view(0))
    expect(second.form).to_be_visible()
    first.client_id.fill("typed into the first")
    expect(second.client_id).to_have_value("")
    second.fill(CLIENT_ID, CANARY)
    second.secret.press("Enter")
    expect(opened.output(0)).to_contain_text(CONNECTED)
    expect(opened.page.locator(".jp-LinkedOutputView")).to_contain_text(CONNECTED)
    expect(opened.page.get_by_label("Client secret", exact=True)).to_have_count(0)
    opened.run_cell(2)
    expect(opened.output(2)).to_contain_text("Stand-in Harbor Foundation")
    assert CANARY not in opened.save()


def test_a_form_ends_with_its_variable_and_leaves_a_line(notebook: Callable[..., Notebook]) -> None:
    opened = notebook(CELL, "classy.transactions()", CELL, "classy.close()")
    opened.run_cell(0)
    expect(LoginForm(opened.output(0)).form).to_be_visible()
    opened.run_cell(1)
    expect(opened.output(1)).to_contain_text("NotLoggedInError")
    opened.run_cell(2)
    expect(LoginForm(opened.output(2)).form).to_be_visible()
    expect(opened.output(0)).to_contain_text("This form was closed: no variable holds its connection.")
    picture(opened.page, "login-replaced")
    opened.run_cell(3)
    expect(opened.output(2)).to_contain_text("This form was closed. Call login() again.")
    picture(opened.page, "login-closed")
    saved = opened.saved()
    assert widgets_in(saved) == []
    for number in (0, 2):
        [output] = saved.cells[number].outputs
        assert sorted(output.data) == ["text/html", "text/plain"]
