"""The catalog: all endpoints, records and resources, read once from ``catalog.json``.

:func:`load` returns it; :func:`summary` turns it into rows for ``classy.resources()`` and the command
line.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from .model import KINDS, Column, Endpoint, Record, ResourceSpec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DEFAULT_KEYS = ("organization", "app")
"""Path keys that the connection fills in where the caller names no parent."""


LEADING = (
    *("id", "date", "status"),
    # amounts and their currency
    *("total_gross_amount", "donation_gross_amount", "fees_amount", "donation_net_amount"),
    *("donation_amount", "amount", "gross_amount", "net_amount", "payout_amount", "payout_amount_currency"),
    *("final_price", "price", "quantity", "goal", "currency_code"),
    # what it belongs to
    *("campaign_id", "supporter_id", "fundraising_page_id", "fundraising_team_id", "transaction_id"),
    *("recurring_donation_plan_id", "question_id", "answerable_id", "answerable_type"),
    *("trackable_id", "trackable_type", "designation_id"),
    # what people call it
    *("name", "title", "label", "first_name", "last_name", "email_address", "email"),
    *("type", "frequency", "answer", "product_name"),
)
"""The columns that people look at, first in this order in every frame; ``date`` stands for the endpoint's
business date (``created_at`` where it has none). The others follow in the vendor's order."""


@dataclass(frozen=True, eq=False)  # hashable, so that what is made of one can be kept
class Catalog:
    """Everything that the API offers. Get it with :func:`load`."""

    version: str
    records: Mapping[str, Record]
    includes: Mapping[str, Column]
    endpoints: tuple[Endpoint, ...]
    resources: Mapping[str, ResourceSpec]

    def columns(
        self, endpoint: Endpoint, include: Iterable[str] = (), *, aggregates: bool = False
    ) -> tuple[Column, ...]:
        """Return the columns of a frame of *endpoint*: first those of `LEADING`, then the vendor's order.

        Nested records are flattened by one level. Lists that a record has of its own are JSON text; only
        those that *include* names are lists.

        Parameters
        ----------
        endpoint
            Which list or object.
        include
            Related records to add (the API's ``with``).
        aggregates
            Whether to add the columns of totals.
        """
        if endpoint.record in KINDS:
            return (Column("value", endpoint.record),)
        places = {name: place for place, name in enumerate(LEADING)}
        places[endpoint.date or "created_at"] = places.pop("date")
        own = sorted(
            self.records[endpoint.record].columns, key=lambda column: places.get(column.name, len(LEADING))
        )
        if aggregates and endpoint.aggregates:
            own += self.records[endpoint.aggregates].columns
        names = {column.name for column in own}
        added = [self.includes[name] for name in include if name not in names]
        flat = [flat for column in own for flat in self._flatten(_as_text(column))]
        flat += [flat for column in added for flat in self._flatten(column)]
        return tuple(flat)

    def _flatten(self, column: Column) -> Iterable[Column]:
        if column.kind != "object" or column.record is None:
            return (column,)
        return (
            Column(f"{column.name}.{inner.name}", "json", nullable=True)
            if inner.kind == "object"
            else replace(_as_text(inner), name=f"{column.name}.{inner.name}", nullable=True)
            for inner in self.records[column.record].columns
        )

    def lists_called(self, name: str) -> list[str]:
        """Return the names of the records that columns of lists with this *name* hold, each once."""
        own = [column for record in self.records.values() for column in record.columns]
        found = [c.record for c in (*self.includes.values(), *own) if c.kind == "list" and c.name == name]
        return [record for record in dict.fromkeys(found) if record is not None]

    def find(self, path: str) -> Endpoint | None:
        """Return the endpoint of *path* (with its ids filled in), or None.

        A literal segment wins over a key: ``/organizations/7/supporters/me`` is not a supporter.
        """
        segments = path.strip("/").split("/")
        matches = [e for e in self.endpoints if _matches(e.path.strip("/").split("/"), segments)]
        return min(matches, key=lambda e: len(e.keys), default=None)


def _as_text(column: Column) -> Column:
    """Return a list that a record has of its own as a column of JSON text."""
    return replace(column, kind="json") if column.kind == "list" else column


def _matches(template: list[str], segments: list[str]) -> bool:
    return len(template) == len(segments) and all(
        re.fullmatch(r"{\w+}", t) is not None or t == s for t, s in zip(template, segments, strict=True)
    )


@cache
def load() -> Catalog:
    """Read the catalog, once per process (about 10 ms)."""
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


def summary(catalog: Catalog) -> list[dict[str, Any]]:
    """Return one row per resource, in alphabetical order; ``Classy.resources`` describes the columns."""
    return [
        {
            "resource": name,
            "parents": ", ".join(dict.fromkeys(_parent(e) for e in kind.lists)),
            "one": bool(kind.objects),
            "columns": len(catalog.columns((kind.lists or kind.objects)[0])),
            "include": ", ".join(dict.fromkeys(i for e in kind.lists for i in e.include)),
            "include_one": ", ".join(dict.fromkeys(i for e in kind.objects for i in e.include)),
            "date": ", ".join(sorted({e.date for e in kind.endpoints if e.date})),
            "deprecated": all(e.deprecated for e in kind.endpoints),
            "member_only": all(e.member_only for e in kind.endpoints),
        }
        for name, kind in sorted(catalog.resources.items())
    ]


def _parent(endpoint: Endpoint) -> str:
    return next((key for key in reversed(endpoint.parents) if key not in DEFAULT_KEYS), "organization")
