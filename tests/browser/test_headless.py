"""A notebook run without a browser, by nbclient with the state of all widgets stored, and its HTML export."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.canaries import leaks, tokens_of
from support.connection import CANARY, CLIENT_ID

if TYPE_CHECKING:
    from browser.headless import Headless


def test_progress_is_one_clean_line_and_no_form_is_shown(headless: Headless) -> None:
    progress, login, *_ = headless.notebook()["cells"]
    [output] = progress["outputs"]
    [text] = output["data"]["text/plain"]
    assert text.startswith("transactions: 2,000 rows, ")
    assert output["data"]["text/html"] == [f"<div>{text}</div>"]
    [output] = login["outputs"]
    said = "".join(output["text"])
    for word in ("CredentialsError", "CLASSY_CLIENT_ID", "CLASSY_CLIENT_SECRET", ".env"):
        assert word in said


def test_an_explorer_that_nobody_sees_leaves_instructions(headless: Headless) -> None:
    notebook = headless.notebook()
    [output] = notebook["cells"][3]["outputs"]
    assert "notebook" in "".join(output["data"]["text/plain"])
    models = notebook["metadata"]["widgets"]["application/vnd.jupyter.widget-state+json"]["state"]
    names = [model["model_name"] for model in models.values()]
    assert names.count("AnyModel") == 1  # so widgets are stored: the explorer, and no login form
    assert "Stand-in Harbor Foundation" in headless.html()


def test_trap_48_neither_run_nor_export_keep_a_secret(headless: Headless) -> None:
    said = headless.said()
    assert sorted(file.name for file in headless.folder.iterdir()) == ["shown.html", "shown.ipynb"]
    canaries = {"secret": CANARY, **tokens_of(headless.box)}
    assert leaks(headless.folder, CLIENT_ID, canaries, said) == []
