"""Without credentials and without writing code: from the login form to a file of this year's gifts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from browser.evidence import picture
from browser.explorer import ExplorerForm
from browser.login import LoginForm
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from browser.notebook import Notebook


FOR_PEOPLE = Path(__file__).parents[2] / "notebooks" / "00_without_code.ipynb"


def test_from_the_form_to_a_csv_of_this_years_gifts(notebook: Callable[..., Notebook]) -> None:
    cells = [c for c in json.loads(FOR_PEOPLE.read_text("utf-8"))["cells"] if c["cell_type"] == "code"]
    cells = [cell for cell in cells if cell["id"] != "install"]
    opened = notebook(*("".join(cell["source"]) for cell in cells))
    form = LoginForm(opened.output(0))
    opened.run_cell(0)
    form.root.get_by_label("Environment", exact=True).select_option("sandbox")
    form.connect.click()
    expect(opened.output(0)).to_contain_text("Connected to Stand-in Harbor Foundation at")
    expect(opened.output(0)).to_contain_text("all data are invented")
    expect(opened.output(0)).to_contain_text("classy.explore() opens a form")
    opened.run_cell(1)
    explorer = ExplorerForm(opened.output(1))
    explorer.ask_for_gifts_of_this_year()
    explorer.labelled("File name").fill("this_year.csv")
    explorer.press("Save CSV")
    expect(explorer.status).to_contain_text("Saved ")
    gifts = pd.read_csv(opened.file.with_name("this_year.csv"), low_memory=False)
    assert len(gifts) > 1000
    assert set(gifts["status"]) == {"success"}
    assert gifts["purchased_at"].min() >= "2026-01-01"
    assert gifts["id"].is_unique
    expect(explorer.status).to_contain_text(f"Saved {len(gifts):,} rows")
    picture(opened.page, "stranger-saved")
