"""One page with JupyterLab, shared by many tests: loading it takes longer than most of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from browser import chromium

if TYPE_CHECKING:
    from browser.notebook import Notebook
    from playwright.sync_api import Browser, BrowserContext, Page


class LabPage:
    """The page; a new one after each failed test.

    Attributes
    ----------
    complaints
        Addresses elsewhere that it asked for, and errors in the panels' JavaScript.
    """

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._context: BrowserContext | None = None
        self.complaints: list[str] = []

    @property
    def pages(self) -> list[Page]:
        """The open pages."""
        return self._context.pages if self._context is not None else []

    def page(self) -> Page:
        """Return the page."""
        if self._context is None:
            self._context = chromium.fresh(self._browser, self.complaints)
            self._context.new_page()
        return self._context.pages[0]

    def clear(self, opened: list[Notebook]) -> None:
        """Close what a test opened."""
        if self._context is not None:
            for notebook in opened[-1:]:
                notebook.close_here()

    def leave(self) -> None:
        """Throw the page away: after a failure, nobody knows its state."""
        if self._context is not None:
            self._context.close()
            self._context = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()
