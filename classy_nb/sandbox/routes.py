"""Which endpoint a path belongs to, which table answers it, and whether the application may see it.

The server matches a path and hands the :class:`Call` to lists or objects.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from classy_nb import catalog

from .responses import forbidden, not_found
from .store import settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .faults import Faults
    from .query import Query
    from .store import Store

_FURTHER = (
    catalog.Endpoint("/members/{member}", "object", "Member", "members", key="member", id="id"),
    catalog.Endpoint("/campaigns/{campaign}/designations", "list", "Designation", "designations", id="id"),
)
"""What the vendor's older clients ask for, although neither the document nor the catalog lists it."""
_DIGITS = 18
"""Numbers of this many digits always fit 64 bits."""


@cache
def tables_of_records() -> Mapping[str, str]:
    """Return the table that holds each of the catalog's records."""
    return {record: table for table, given in settings().items() for record in given["records"]}


@cache
def tables_of_names() -> Mapping[str, str]:
    """Return the table that each path key or association means a row of: ``campaign``, ``team_lead``."""
    return {name: table for table, given in settings().items() for name in given.get("names", ())}


@cache
def _scopes() -> Mapping[str, str]:
    text = resources.files(__package__).joinpath("lists.toml").read_text(encoding="utf-8")
    return {path: " ".join(str(sql).split()) for path, sql in tomllib.loads(text).items()}


def scope_of(endpoint: catalog.Endpoint) -> str:
    """Return the condition that rows belong to a list; path keys are named parameters."""
    if endpoint.path in _scopes():
        return _scopes()[endpoint.path]
    return f"t.{endpoint.parents[-1]}_id = :{endpoint.parents[-1]}" if endpoint.parents else "1"


class Router:
    """Finds the endpoint of a path; literal segments win over keys."""

    def __init__(self) -> None:
        self._endpoints: dict[tuple[int, str], list[tuple[catalog.Endpoint, list[str]]]] = {}
        for endpoint in sorted((*catalog.load().endpoints, *_FURTHER), key=lambda e: len(e.keys)):
            template = endpoint.path.strip("/").split("/")
            self._endpoints.setdefault((len(template), template[0]), []).append((endpoint, template))

    def match(self, segments: list[str]) -> tuple[catalog.Endpoint, dict[str, str]] | None:
        """Return the endpoint that decoded path segments belong to, and its path keys; or None."""
        for endpoint, template in self._endpoints.get((len(segments), segments[0] if segments else ""), ()):
            pairs = list(zip(template, segments, strict=True))
            if any(pattern != segment for pattern, segment in pairs if not pattern.startswith("{")):
                continue
            keys = {pattern[1:-1]: segment for pattern, segment in pairs if pattern.startswith("{")}
            if all(keys[name] in choices for name, choices in endpoint.choices.items() if name in keys):
                return endpoint, keys
        return None


@dataclass(frozen=True)
class Call:
    """One data request on its way: an endpoint, its keys, the query, and what is needed to answer."""

    endpoint: catalog.Endpoint
    keys: Mapping[str, str]
    query: Query
    url: str
    """Absolute URL of the path, as the client wrote it."""
    other_url: str
    """The same path at the other origin."""
    store: Store
    faults: Faults
    client_id: str
    organizations: frozenset[int]
    """What the application may see."""

    @property
    def parameters(self) -> dict[str, Any]:
        """The path keys for SQL: ids as numbers, words as text."""
        return {name: int(value) if _is_id(value) else value for name, value in self.keys.items()}

    def check(self) -> None:
        """Refuse what does not exist (404) and what the application may not see (403)."""
        for key, value in self.keys.items():
            if key == "app" and value != self.client_id:
                raise forbidden("api_app")
            is_own = key == self.endpoint.key
            name = tables_of_records().get(self.endpoint.record) if is_own else tables_of_names().get(key)
            if name is not None and key != "app":
                self._check_row(name, value)

    def _check_row(self, name: str, value: str) -> None:
        if not _is_id(value):
            raise not_found()
        rows = self.store.table(name).rows
        owner = "id" if name == "organizations" else "organization_id"
        found = self.store.execute(f"SELECT {owner} FROM {rows} WHERE id = ?", [int(value)])
        if not found:
            raise not_found()
        if int(found[0][0]) not in self.organizations:
            raise forbidden(name.removesuffix("s"))


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _DIGITS
