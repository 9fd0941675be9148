"""The explorer as a widget."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from classy_nb.widgets.widget import Panel, css, esm

from .conversation import Conversation

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from classy_nb.query import QueryBuilder

    from .desk import Connection

_INSTRUCTIONS = """\
Explorer of {organization}: a panel, shown by notebooks with widgets. No panel here? In Python:
  {name}.resources()                      all resources
  {name}.transactions                     one of them: columns, parents, includes
  {name}.transactions(since=2026, where="status = success", limit=5)
  {name}.transactions.to_csv("gifts.csv", since=2026)"""


class Explorer(Panel):
    """A panel to choose, look at, count, save and fetch lists without writing code.

    Nothing of what it shows is saved with the notebook. Get it with :meth:`classy_nb.Classy.explore`.

    Parameters
    ----------
    connection
        Whom to ask.
    asking
        Checks what is asked.
    """

    _esm = esm("explorer/explorer", "explorer/sha256", "explorer/fields", "explorer/results")
    _css = css("explorer/explorer", "explorer/results")

    def __init__(self, connection: Connection, queries: QueryBuilder) -> None:
        self._conversation = Conversation(connection, queries, self.tell)
        super().__init__()

    @property
    def frame(self) -> pd.DataFrame | None:
        """What "To a variable" fetched last, or None."""
        return self._conversation.frame

    @property
    def file(self) -> Path | None:
        """What "Save CSV" wrote last, or None."""
        return self._conversation.file

    @property
    def call(self) -> str:
        """The call that the form makes, as Python; empty while the form is not complete."""
        return self._conversation.call()

    def state(self) -> dict[str, Any]:
        """Return everything that a view needs to draw itself."""
        return self._conversation.state()

    def receive(self, kind: str, message: dict[str, Any], buffers: list[memoryview]) -> None:
        """Take a message of a view."""
        del buffers
        self._conversation.receive(kind, message)

    def left(self) -> None:
        """Take note that a view was taken off the page."""
        self._conversation.left()

    def close(self) -> None:
        """Cancel what is going on, and take the panel away."""
        self._conversation.close()
        layout = self.layout
        super().close()
        layout.close()

    @property
    def instructions(self) -> str:  # type: ignore[override]
        """What is shown where widgets are not."""
        connection = self._conversation.connection
        organization = connection.organization_name or f"organization {connection.organization}"
        return _INSTRUCTIONS.format(organization=organization, name=self._conversation.connection_name())

    def __repr__(self) -> str:
        return self.instructions
