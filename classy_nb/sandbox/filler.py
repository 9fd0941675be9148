"""Small tables of what lies outside the main story: invented from the catalog's columns, always the same."""

# The statements are put together from the names of our own tables and columns and from numbers;
# what a client sends goes in as parameters.
# ruff: noqa: S608

from __future__ import annotations

import zlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from classy_nb import catalog

from .small import SMALL, Small
from .table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .store import Store

_SQL = {"int": "int", "float": "real", "bool": "int", "datetime": "time", "date": "time"}
_WORDS: Mapping[str, Sequence[str]] = {
    "type": ("image",),
    "status": ("enabled", "disabled"),
    "state": ("ready",),
    "adjustment_type": ("percentage", "amount"),
    "scope_type": ("organization",),
    "channel_name": ("Facebook", "Instagram"),
    "currency_code": ("USD", "CAD", "GBP", "EUR"),
    "country": ("RU", "KP", "SY"),
    "email_address": ("staff@example.org", "finance@example.org"),
    "email": ("staff@example.org",),
    "timezone_identifier": ("America/Los_Angeles",),
    "allocation_method": ("manual", "automatic-even-split"),
    "fundraiser_registration_policy": ("public", "admin-only"),
    "content_type": ("image/png",),
    "code": ("EARLY10", "00FRIEND"),
    "ein": ("012345678",),
    "question": ("Is my gift deductible?", 'What is "overhead", and why?'),
    "tag": ("tax", "other"),
    "action_scope": ("recurring_plan_edit",),
}
_FIRST_MOMENT = 1_609_500_000


def declare(store: Store) -> None:
    """Declare all small tables; they are filled when they are first asked for."""
    for small in SMALL:
        table = _table(small)
        store.add_filler(table, lambda small=small, table=table: _fill(store, small, table))  # type: ignore[misc]


def _table(small: Small) -> Table:
    columns = catalog.load().records[small.record].columns
    stored = {column.name: _SQL.get(column.kind, "text") for column in columns}
    extra = {"organization_id": "int"} | ({"campaign_id": "int"} if small.parent == "campaigns" else {})
    forms = {"organization_id": "text"} if small.record == "MagicLinkBatch" else {}
    form = "plain" if small.record == "MagicLinkBatch" else "z"
    return Table(
        small.name,
        small.record,
        {**stored, **{k: v for k, v in extra.items() if k not in stored}},
        forms=forms,
        date_form=form,
    )


def _fill(store: Store, small: Small, table: Table) -> dict[str, list[Any]]:
    organization = "p.id" if small.parent == "organizations" else "p.organization_id"
    member = f"(SELECT MIN(m.id) FROM base_members m WHERE m.organization_id = {organization})"
    fixed = {"organization_id": organization, "member_id": member, "created_by": member, **small.fixed}
    if small.parent == "campaigns":
        fixed["campaign_id"] = "p.id"
    fixed = {name: sql for name, sql in fixed.items() if name in table.stored}
    parents = store.execute(f"SELECT {', '.join(fixed.values())} FROM base_{small.parent} p ORDER BY p.id")
    columns = catalog.load().records[small.record].columns
    rows = []
    for number in range(len(parents) * small.each):
        row = {column.name: _stored(column, number, small.name) for column in columns}
        row |= dict(zip(fixed, parents[number // small.each], strict=True))
        row[small.key] = small.base + number
        rows.append(row)
    names = list(table.stored)
    return {name: [row[name] for row in rows] for name in names}


def _stored(column: catalog.Column, number: int, salt: str) -> Any:
    value = invent(column, number, salt)
    if column.kind == "bool" and value is not None:
        return int(value)
    return (
        orjson.dumps(value).decode()
        if column.kind in {"json", "list", "object"} and value is not None
        else value
    )


def invent(column: catalog.Column, number: int, salt: str) -> Any:
    """Return a plausible value; instants as seconds since 1970. The same for the same arguments."""
    chance = zlib.crc32(f"{salt}/{column.name}/{number}".encode())
    if column.nullable and chance % 3 == 0:
        return None
    if column.kind in {"datetime", "date"}:
        return _FIRST_MOMENT + chance % 150_000_000
    if column.kind == "object":
        return None if column.record is None else document(column.record, number, salt)
    if column.kind == "list":
        return [] if column.record is None else [document(column.record, n, salt) for n in range(chance % 3)]
    plain = {
        "int": chance % 1000,
        "float": chance % 10_000 / 4,
        "bool": chance % 2 == 0,
        "json": {"source": "stand-in"},
        "last4": f"{chance % 10_000:04d}",
    }
    return plain[column.kind] if column.kind in plain else _text(column.name, chance, number)


def _text(name: str, chance: int, number: int) -> str:
    if name in _WORDS:
        return _WORDS[name][number % len(_WORDS[name])]
    if name.endswith(("url", "uri")):
        return f"https://standin.example.org/{name}/{chance % 1000}"
    if name.endswith("_id"):
        return f"{chance:012d}"
    return f"{name.replace('_', ' ').capitalize()} {number + 1}"


def document(record: str, number: int = 0, salt: str = "", **given: Any) -> dict[str, Any]:
    """Return a whole object of *record* as it is sent; *given* columns are taken as they are."""
    found = {}
    for column in catalog.load().records[record].columns:
        value = given[column.name] if column.name in given else invent(column, number, salt or record)
        if column.kind in {"datetime", "date"} and isinstance(value, int):
            value = moment(value) if column.kind == "datetime" else moment(value)[:10]
        found[column.name] = value
    return found


def moment(seconds: int, form: str = "Z") -> str:
    """Write an instant as the API does; *form* is what follows the seconds."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S") + form
