"""A panel on a blank page and its own side in the kernel, without Jupyter between them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from browser.explorer import ExplorerForm
from support.viewer import Viewer

if TYPE_CHECKING:
    from collections.abc import Callable

    from browser.panel import PanelPage

    from classy_nb.widgets.explorer import Explorer


class Wired:
    """A panel on a page and its side in the kernel; messages go between them when told to."""

    def __init__(self, panel: PanelPage, explorer: Explorer) -> None:
        self.panel = panel
        self.page = panel.page
        self.explorer = explorer
        self.viewer = Viewer(explorer)
        self.form = ExplorerForm(panel.page)
        self._up = self._down = 0

    def up(self) -> list[dict[str, Any]]:
        """Give to the kernel what the page has sent."""
        new = self.panel.sent[self._up :]
        self._up += len(new)
        for content in new:
            self.explorer._handle_custom_msg(content, [])
        return new

    def down(self) -> int:
        """Give to the page what the kernel has told; return how much that was."""
        new = self.viewer.told[self._down :]
        self._down += len(new)
        for content, pieces in new:
            self.panel.send(content, tuple(pieces))
        return len(new)

    def until(self, text: str, kind: str = "status") -> None:
        """Carry messages until one of the kernel's has such a text."""
        self.carry(lambda: any(text in str(m.get("text")) for m in self.viewer.of(kind)))

    def carry(self, enough: Callable[[], object] = lambda: True, seconds: float = 20) -> None:
        """Carry messages until there are none under way and it is enough."""
        end = time.monotonic() + seconds
        while True:
            self.panel.settle()
            idle = self.explorer._conversation._job is None
            sent = self.up()
            if not self.down() and not sent:
                if idle and enough():
                    return
                self.page.wait_for_timeout(10)  # for the thread in the kernel, which has no event for this
            assert time.monotonic() < end, self.viewer.told[-3:]
