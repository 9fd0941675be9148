"""A widget on a blank page, connected to its own side in the kernel, without Jupyter between them."""

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
    """A widget on a page and its side in the kernel; messages are carried when a test says so."""

    def __init__(self, panel: PanelPage, explorer: Explorer) -> None:
        self.panel = panel
        self.page = panel.page
        self.explorer = explorer
        self.viewer = Viewer(explorer)
        self.form = ExplorerForm(panel.page)
        self._up = self._down = 0

    def up(self) -> list[dict[str, Any]]:
        """Give the kernel what the page has sent."""
        new = self.panel.sent[self._up :]
        self._up += len(new)
        for content in new:
            self.explorer._handle_custom_msg(content, [])
        return new

    def down(self) -> int:
        """Give the page what the kernel has sent; return how many messages that was."""
        new = self.viewer.told[self._down :]
        self._down += len(new)
        for content, pieces in new:
            self.panel.send(content, tuple(pieces))
        return len(new)

    def until(self, text: str, kind: str = "status") -> None:
        """Carry messages until one of the kernel's contains this text."""
        self.carry(lambda: any(text in str(m.get("text")) for m in self.viewer.of(kind)))

    def carry(self, enough: Callable[[], object] = lambda: True, seconds: float = 20) -> None:
        """Carry messages until none are under way, no job is running, and it is enough."""
        end = time.monotonic() + seconds
        while True:
            self.panel.settle()
            said = self.viewer.of("status")
            idle = (
                not said or not said[-1]["text"].endswith("…") or said[-1]["text"].startswith("Downloading")
            )
            sent = self.up()
            if not self.down() and not sent:
                if idle and enough():
                    return
                self.page.wait_for_timeout(10)  # for a thread in the kernel: there is no event to wait for
            assert time.monotonic() < end, self.viewer.told[-3:]
