"""The explorer as a widget: what a notebook holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from classy_nb.widgets.widget import MessageWidget, css, esm

from .controller import Controller

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    import pandas as pd

    from classy_nb.client import Classy
    from classy_nb.mirror import Mirror
    from classy_nb.query import QueryBuilder

_INSTRUCTIONS = """\
Explorer of {organization}: a form, shown in notebooks with widgets. No form here? In Python:
  {name}.resources()                      all resources
  {name}.transactions                     one of them: columns, parents, includes
  {name}.transactions(since=2026, where="status = success", limit=5)
  {name}.transactions.to_csv("gifts.csv", since=2026)"""


class Explorer(MessageWidget):
    """A form for choosing, previewing, counting, saving and fetching lists without writing code.

    Nothing that it shows is saved with the notebook. Get one from :meth:`classy_nb.Classy.explore`.

    Parameters
    ----------
    connection
        Fetches the data.
    queries
        Checks what the form asks for before anything is sent.
    held
        Of a mirror: returns the resources that are in it.
    """

    _esm = esm(
        "explorer/explorer",
        "explorer/fields",
        "explorer/columns",
        "explorer/picker",
        "explorer/questions",
        "explorer/results",
        "explorer/totals",
    )
    _css = css("explorer/explorer", "explorer/results", "explorer/totals")

    def __init__(
        self,
        connection: Classy | Mirror,
        queries: QueryBuilder,
        *,
        held: Callable[[], Collection[str]] | None = None,
    ) -> None:
        self._controller = Controller(connection, queries, self.tell, held=held)
        super().__init__()

    @property
    def frame(self) -> pd.DataFrame | None:
        """What "To a variable" fetched last, or None."""
        return self._controller.state.frame

    @property
    def file(self) -> Path | None:
        """What "Save" wrote last, CSV or Excel; or None."""
        return self._controller.state.file

    @property
    def call(self) -> str:
        """The call that the form makes, as Python; empty while the form is incomplete."""
        return self._controller.call()

    def state(self) -> dict[str, Any]:
        """Return everything that a view needs to draw itself."""
        return self._controller.full_state()

    def receive(self, kind: str, message: dict[str, Any], buffers: list[memoryview]) -> None:
        """Take a message from a view."""
        del buffers
        self._controller.receive(kind, message)

    def left(self) -> None:
        """Take note that a view was taken off the page."""
        self._controller.view_left()

    def close(self) -> None:
        """Cancel what is going on, and take the form away."""
        self._controller.close()
        layout = self.layout
        super().close()
        layout.close()

    @property
    def instructions(self) -> str:  # type: ignore[override]
        """What is shown where widgets are not."""
        return _INSTRUCTIONS.format(
            organization=self._controller.organization(), name=self._controller.connection_name()
        )

    def __repr__(self) -> str:
        return self.instructions
