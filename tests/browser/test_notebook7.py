"""Both panels in Notebook 7, which the same server offers; with several organizations there is a choice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from browser import explorer, login
from browser.accessibility import violations
from browser.evidence import picture
from playwright.sync_api import expect
from support.connection import CANARY, CLIENT_ID

from classy_nb.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from browser.notebook import Notebook


@pytest.fixture
def three() -> Iterator[Sandbox]:
    """An application that sees three organizations."""
    with Sandbox(
        transactions=200, organizations=3, requests_per_minute=0, client_id=CLIENT_ID, client_secret=CANARY
    ) as started:
        yield started


def test_from_the_login_over_the_choice_to_a_preview(
    notebook7: Callable[..., Notebook], three: Sandbox
) -> None:
    elsewhere = f'import os\nos.environ["CLASSY_BASE_URL"] = "{three.base_url}"\n'
    elsewhere += f'os.environ["CLASSY_TOKEN_URL"] = "{three.token_url}"\n'
    opened = notebook7(elsewhere + login.CELL, "classy.explore()")
    form = login.LoginForm(opened.output(0))
    opened.run_cell(0)
    form.fill(CLIENT_ID, CANARY)
    form.connect.click()
    expect(form.organization).to_be_visible()
    names = [record["name"] for id_ in three.organization_ids for record in three.truth("organizations", id_)]
    assert len(set(names)) == 3
    assert violations(opened.page, login.ROOT) == []
    picture(opened.page, "notebook7-organizations")
    form.organization.select_option(str(three.organization_ids[1]))
    form.root.get_by_role("button", name="Connect").click()
    expect(opened.output(0)).to_contain_text(f"Connected to {names[1]} at ")

    opened.run_cell(1)
    page = explorer.ExplorerForm(opened.output(1))
    page.labelled("Resource").select_option("supporters")
    page.press("Preview")
    expect(page.rows).to_have_count(5)
    first = three.truth("supporters", three.organization_ids[1])[0]
    expect(page.rows.first).to_contain_text(str(first["id"]))
    assert login.secrets_in(opened.save(), three) == []
    opened.page.set_viewport_size({"width": 1200, "height": 1350})
    picture(opened.page, "notebook7-explorer")
