"""One data request on its way through the sandbox."""

# The statements are put together from the names of our own tables and columns and from numbers;
# what a client sends goes in as parameters.
# ruff: noqa: S608

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .answers import forbidden, not_found
from .routes import PARENTS, table_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from classy_nb import catalog

    from .faults import Faults
    from .query import Query
    from .store import Store

_DIGITS = 18
"""What fits 64 bits for certain."""


@dataclass(frozen=True)
class Access:
    """Who the application is and what it may see."""

    client_id: str
    organizations: frozenset[int]


@dataclass(frozen=True)
class Call:
    """An endpoint, its keys, the query, and what is needed to answer."""

    endpoint: catalog.Endpoint
    keys: Mapping[str, str]
    query: Query
    path: str
    """Absolute URL of the path, as it was asked."""
    other: str
    """The same path at the other origin."""
    store: Store
    faults: Faults
    access: Access

    @property
    def parameters(self) -> dict[str, Any]:
        """The path keys for SQL: ids as numbers, words as text."""
        return {name: int(value) if value.isdigit() else value for name, value in self.keys.items()}

    def check(self) -> None:
        """Refuse what does not exist (404) and what the application may not see (403)."""
        for key, value in self.keys.items():
            name = self._table(key)
            if key == "app":
                if value != self.access.client_id:
                    raise forbidden("api_app")
            elif name is not None:
                self._check_row(name, value)

    def _table(self, key: str) -> str | None:
        return table_of(self.endpoint.record) if key == self.endpoint.key else PARENTS.get(key)

    def _check_row(self, name: str, value: str) -> None:
        if not (value.isascii() and value.isdigit() and len(value) <= _DIGITS):
            raise not_found()
        table = self.store.table(name)
        owner = "id" if name == "organizations" else "organization_id"
        found = self.store.execute(f"SELECT {owner} FROM {table.rows} WHERE rowid = ?", [int(value)])
        if not found:
            raise not_found()
        if int(found[0][0]) not in self.access.organizations:
            raise forbidden(name.removesuffix("s"))
