"""Values for what lies beside the main story: plausible for the catalog's column, and always the same.

The store fills its small tables with them; :func:`document` makes whole objects of them, as they are sent.
"""

from __future__ import annotations

import zlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from classy_nb import catalog

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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


def stored(column: catalog.Column, number: int, salt: str) -> Any:
    """Return the value of a column as it is stored: a flag as 0 or 1, an object as JSON text."""
    value = value_of(column, number, salt)
    if column.kind == "bool" and value is not None:
        return int(value)
    return (
        orjson.dumps(value).decode()
        if column.kind in {"json", "list", "object"} and value is not None
        else value
    )


def value_of(column: catalog.Column, number: int, salt: str) -> Any:
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
        value = given[column.name] if column.name in given else value_of(column, number, salt or record)
        if column.kind == "int" and isinstance(value, str):
            value = int(value)
        if column.kind in {"datetime", "date"} and isinstance(value, int):
            value = moment(value) if column.kind == "datetime" else moment(value)[:10]
        found[column.name] = value
    return found


def moment(seconds: int, form: str = "Z") -> str:
    """Write an instant as the API does; *form* is what follows the seconds."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S") + form
