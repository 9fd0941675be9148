"""The catalog: all endpoints, records and resources, read once from ``catalog.json``."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from .endpoint import Endpoint, ResourceSpec
from .record import KINDS, Column, Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True)
class Catalog:
    """All that the API offers. Get it with :func:`load`."""

    version: str
    records: Mapping[str, Record]
    includes: Mapping[str, Column]
    endpoints: tuple[Endpoint, ...]
    resources: Mapping[str, ResourceSpec]

    def columns(
        self, endpoint: Endpoint, include: Iterable[str] = (), *, aggregates: bool = False
    ) -> tuple[Column, ...]:
        """Return the columns of a frame of *endpoint*, nested records flattened one level.

        Parameters
        ----------
        endpoint
            Which list or object.
        include
            Related records asked for (the API's ``with``).
        aggregates
            Whether the aggregate columns were asked for.
        """
        if endpoint.record in KINDS:
            return (Column("value", endpoint.record),)
        own = list(self.records[endpoint.record].columns)
        if aggregates and endpoint.aggregates:
            own += self.records[endpoint.aggregates].columns
        names = {column.name for column in own}
        own += [self.includes[name] for name in include if name not in names]
        return tuple(flat for column in own for flat in self._flatten(column))

    def _flatten(self, column: Column) -> Iterable[Column]:
        if column.kind != "object" or column.record is None:
            return (column,)
        return (
            Column(
                f"{column.name}.{inner.name}",
                "json" if inner.kind == "object" else inner.kind,
                True,
                inner.record,
                inner.known,
            )
            for inner in self.records[column.record].columns
        )

    def find(self, path: str) -> Endpoint | None:
        """Return the endpoint that *path* (with its ids filled in) belongs to, or None.

        A literal segment wins over a key: ``/organizations/7/supporters/me`` is not a supporter.
        """
        segments = path.strip("/").split("/")
        matches = [e for e in self.endpoints if _matches(e.path.strip("/").split("/"), segments)]
        return min(matches, key=lambda e: len(e.keys), default=None)


def _matches(template: list[str], segments: list[str]) -> bool:
    return len(template) == len(segments) and all(
        re.fullmatch(r"{\w+}", t) is not None or t == s for t, s in zip(template, segments, strict=True)
    )


@cache
def load() -> Catalog:
    """Read the catalog (once a process; about 10 ms)."""
    data = json.loads(files(__package__).joinpath("catalog.json").read_text("utf-8"))
    endpoints = tuple(Endpoint.parse(entry) for entry in data["endpoints"])
    grouped: dict[str, list[Endpoint]] = {}
    for endpoint in endpoints:
        grouped.setdefault(endpoint.resource, []).append(endpoint)
    return Catalog(
        version=data["version"],
        records={name: Record.parse(name, columns) for name, columns in data["records"].items()},
        includes={name: Column.parse(name, text) for name, text in data["includes"].items()},
        endpoints=endpoints,
        resources={name: ResourceSpec(name, tuple(entries)) for name, entries in grouped.items()},
    )
