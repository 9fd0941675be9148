"""axe-core over a part of a page, in each look; pictures of all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from axe_playwright_python.sync_playwright import Axe
from browser.evidence import picture

if TYPE_CHECKING:
    from browser.notebook import Notebook
    from playwright.sync_api import Page

WIDE, NARROW = 1200, 420
_TOO_WIDE = "elements => elements.map((element) => element.scrollWidth - element.clientWidth)"


def violations(page: Page, selector: str) -> list[str]:
    """Return what axe finds wrong below a selector, each with where it is; it must match something."""
    assert page.locator(selector).count() > 0
    found = Axe().run(page, context=selector, options={"resultTypes": ["violations", "passes"]}).response
    assert len(found["passes"]) > 3
    return [
        f"{rule['id']}: {node['target']} {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


def check_looks(notebook: Notebook, selector: str, name: str, tall: int) -> None:
    """Check a panel in the light, in the dark and in a narrow window, which is *tall*; keep pictures."""
    page, size = notebook.page, notebook.page.viewport_size
    assert size is not None
    for look, theme, width in (
        ("light", "Light", WIDE),
        ("dark", "Dark", WIDE),
        ("narrow", "Light", NARROW),
    ):
        page.set_viewport_size({"width": width, "height": size["height"] if width == WIDE else tall})
        notebook.theme(f"JupyterLab {theme}")
        page.locator(selector).scroll_into_view_if_needed()
        assert violations(page, selector) == []
        assert max(page.locator(selector).evaluate_all(_TOO_WIDE)) <= 0
        picture(page, f"{name}-{look}")
    page.set_viewport_size(size)
