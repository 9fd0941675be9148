"""The explorer, the way tests use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

CELL = "import classy_nb as cn\nclassy = cn.connect()\nclassy.explore()"
ROOT = ".classy-nb-explorer"


class ExplorerForm:
    """One view of the explorer, in a page or in a part of it."""

    def __init__(self, where: Page | Locator) -> None:
        self.root = where.locator(ROOT)
        self.status = self.root.locator(".classy-nb-status")
        self.call = self.root.locator(".classy-nb-call")
        self.chooser = self.root.locator(".classy-nb-chooser")
        self.rows = self.root.locator(".classy-nb-preview tbody tr")
        self.progress = self.root.get_by_role("progressbar")

    def labelled(self, name: str) -> Locator:
        return self.root.get_by_label(name, exact=True)

    def press(self, name: str) -> None:
        self.root.get_by_role("button", name=name, exact=True).click()

    def ask_for_gifts_of_this_year(self) -> None:
        """Choose the successful transactions since the beginning of 2026."""
        self.labelled("Search resources").fill("transactions")
        self.labelled("Resource").select_option("transactions")
        self.labelled("Since").fill("2026-01-01")
        self.press("Add condition")
        condition = self.root.get_by_role("group", name="Condition 1")
        condition.get_by_label("Column").select_option("status")
        condition.get_by_label("Value").fill("success")
