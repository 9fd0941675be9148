"""What is wrong with a field, in the words of the form instead of those of Python."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from classy_nb.catalog import Column, Endpoint

    from .form import Form

_DATE = "write the date as 2026-01-31"
_OF_KIND = {
    "int": "holds whole numbers: write 1000, without a comma or a point",
    "float": "holds numbers: write 1000.50, without a comma",
    "bool": "is either true or false",
    "date": f"holds dates: {_DATE}",
    "datetime": f"holds dates: {_DATE} or 2026-01-31T18:30",
}
_NOTHING = ("null", "none", "nan")
FOR_WHAT_IS_MISSING = "The API cannot look for what is missing; do that in pandas, with the frame."


def plainly(form: Form, endpoint: Endpoint, columns: Iterable[Column], field: str) -> str | None:
    """Say what is wrong with *field*, which was refused; None where Python's words have to do."""
    place, _, which = field.partition(":")
    kinds = {column.name: column.kind for column in columns}
    if place in ("since", "until"):
        return _period(form, place) if kinds.get(form.by, "date") in ("date", "datetime") else None
    if place == "value" and which in endpoint.keys and which not in endpoint.text_keys:
        return f"The {which.replace('_', ' ')} id is a whole number."
    if place == "where":
        row = form.where[int(which)]
        wrong = _condition(row.value.strip(), row.column, kinds.get(row.column, ""))
        return wrong and f"Condition {int(which) + 1}: {wrong}"
    return None


def _period(form: Form, place: str) -> str:
    dates = [_a_date(text) for text in (form.since, form.until)]
    if place == "until" and all(dates):
        return "“Until” must be later than “Since”."
    return f"“{place.capitalize()}”: {_DATE}."


def _a_date(text: str) -> bool:
    try:
        date.fromisoformat(text.strip())
    except ValueError:
        return text.strip().isdigit()
    return True


def _condition(value: str, column: str, kind: str) -> str | None:
    if value.lower() in _NOTHING:
        return FOR_WHAT_IS_MISSING
    if not value.isprintable():
        return "the value holds a character that cannot be seen, such as a line break. Leave it out."
    return f"{column} {_OF_KIND[kind]}." if kind in _OF_KIND else _text_value(value)


def _text_value(value: str) -> str | None:
    if "," in value:
        return "the API cannot look for a text with a comma. Do that in pandas, with the frame."
    if re.search("%[0-9A-Fa-f]{2}", value):
        return "write the value as people read it, without %20 and the like."
    if value[:1] in ("=", "<", ">", "!"):
        return "the value cannot begin with = < > or !."
    return None
