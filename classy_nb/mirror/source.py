"""What a mirror is fed from: a connection, and the lists that it reads, as a source of dlt's."""

from __future__ import annotations

from typing import Protocol


class Connection(Protocol):
    """What a mirror needs of a :class:`classy_nb.Classy`: whose it is; its resources are attributes."""

    @property
    def organization(self) -> int:
        """The organization's id."""

    @property
    def organization_name(self) -> str | None:
        """Its name, where the API told it."""

    @property
    def timezone(self) -> str:
        """Its time zone."""
