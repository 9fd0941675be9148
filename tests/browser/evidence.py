"""What a run leaves behind for people: pictures, and what was on the screen when a test failed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

FOLDER = Path(os.environ.get("ARTIFACTS") or Path(__file__).parents[2] / "artifacts")
"""Beside the tests' code, unless the variable ARTIFACTS says otherwise; git ignores it."""


def picture(what: Page | Locator, name: str, folder: str = "screenshots") -> None:
    """Keep a picture."""
    file = FOLDER / folder / f"{name}.png"
    file.parent.mkdir(parents=True, exist_ok=True)
    what.screenshot(path=file)


def keep(name: str, text: str, folder: str = "failed") -> None:
    """Keep a text."""
    file = FOLDER / folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
