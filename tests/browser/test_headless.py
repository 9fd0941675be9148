"""Notebooks run without a browser, by nbclient with the state of all widgets stored; and shown by Voila."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from browser.notebook import write_notebook
from support.canaries import leaks, tokens_of
from support.connection import CANARY, CLIENT_ID

if TYPE_CHECKING:
    from browser.servers import Home

    from classy_nb.sandbox import Sandbox


def executed(home: Home, name: str, *cells: str) -> Any:
    """Run a notebook with nbclient as nbconvert does, and return it."""
    write_notebook(home.notebooks / f"{name}.ipynb", *cells)
    ended = home.run("nbconvert", "--to", "notebook", "--execute", "--inplace", f"{name}.ipynb")
    assert ended.returncode == 0, ended.stderr[-3000:]
    return json.loads((home.notebooks / f"{name}.ipynb").read_text("utf-8"))


def test_progress_is_one_clean_line_and_no_form_is_shown(home: Home, box: Sandbox) -> None:
    box.faults.latency_ms = 60
    login = "try:\n    cn.login()\nexcept cn.ClassyError as error:\n    print(type(error).__name__, error)"
    notebook = executed(
        home, "headless", "import classy_nb as cn\ngifts = cn.connect().transactions()", login
    )
    [output] = notebook["cells"][0]["outputs"]
    [text] = output["data"]["text/plain"]
    assert text.startswith("transactions: 2,000 rows, ")
    assert output["data"]["text/html"] == [f"<div>{text}</div>"]
    said = "".join(notebook["cells"][1]["outputs"][0]["text"])
    for word in ("CredentialsError", "CLASSY_CLIENT_ID", "CLASSY_CLIENT_SECRET", ".env"):
        assert word in said
    assert "widgets" not in notebook["metadata"]


def test_an_explorer_that_nobody_sees_leaves_instructions(home: Home, box: Sandbox) -> None:
    notebook = executed(
        home, "headless_explorer", "import classy_nb as cn\nclassy = cn.connect()\nclassy", "classy.explore()"
    )
    [output] = notebook["cells"][1]["outputs"]
    assert "notebook" in "".join(output["data"]["text/plain"])
    models = notebook["metadata"]["widgets"]["application/vnd.jupyter.widget-state+json"]["state"]
    assert "AnyModel" in {model["model_name"] for model in models.values()}  # so widgets are stored
    ended = home.run("nbconvert", "--to", "html", "headless_explorer.ipynb")
    assert ended.returncode == 0, ended.stderr[-3000:]
    assert "Stand-in Harbor Foundation" in (home.notebooks / "headless_explorer.html").read_text("utf-8")
    canaries = {"secret": CANARY, **tokens_of(box)}
    assert leaks(home.notebooks, CLIENT_ID, canaries, ended.stdout, ended.stderr) == []
