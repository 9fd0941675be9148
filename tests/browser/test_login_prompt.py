"""The prompts in JupyterLab, for front ends that show no widgets: they work, and nothing typed is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser.evidence import picture
from browser.login import secrets_in
from playwright.sync_api import expect
from support.connection import CANARY, CLIENT_ID, WRONG_CANARY

if TYPE_CHECKING:
    from collections.abc import Callable

    from browser.notebook import Notebook

    from classy_nb.sandbox import Sandbox

CELL = "import classy_nb as cn\nclassy = cn.login(prompt=True)"


def answer(opened: Notebook, question: str, text: str) -> None:
    """Type into the field under a question, as soon as it is asked."""
    asked = opened.output(0).locator(".jp-Stdin", has_text=question)
    field = asked.locator("input.jp-Stdin-input")
    expect(field).to_have_attribute("type", "password")
    field.fill(text)
    assert text not in opened.save()
    field.press("Enter")
    expect(field).to_have_count(0)


def test_trap_48_wrong_then_right_and_nothing_is_saved(
    notebook: Callable[..., Notebook], box: Sandbox
) -> None:
    opened = notebook(CELL, "classy.organization_name, classy.transactions.count()")
    output = opened.output(0)
    opened.run_cell(0, wait=False)
    for secret in (WRONG_CANARY, CANARY):
        answer(opened, "Client id:", CLIENT_ID)
        answer(opened, "Client secret:", secret)
        if secret == WRONG_CANARY:
            expect(output).to_contain_text("The login was refused")
            expect(output).to_contain_text("Try again.")
    expect(output).to_contain_text("Connected to Stand-in Harbor Foundation.")
    opened.wait_idle()
    opened.run_cell(1)
    expect(opened.output(1)).to_contain_text("('Stand-in Harbor Foundation', 2000)")
    text = opened.save()
    assert "Client secret: " in text
    assert CLIENT_ID not in text
    assert secrets_in(text, box) == []
    assert secrets_in(opened.page.content(), box) == []
    assert secrets_in(opened.server.log.read_text("utf-8"), box) == []
    picture(opened.page, "login-prompt")
