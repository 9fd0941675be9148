"""The query string: filters, sorting, lists of words; read as leniently as the API reads it."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from .responses import bad_request, invalid_field

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .store import Column, Table

_CONDITION = re.compile(r"\s*([A-Za-z_][\w.]*)\s*(<=|>=|<>|!=|=|<|>)(.*)", re.DOTALL)
_MOMENT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d):(\d\d)(Z|[+-]\d\d:?\d\d)?)?",
    re.ASCII,
)
_MOST_PARTS = 100
"""Of a filter or a sort. SQLite fails at a thousand."""
_FLAGS = {"true": 1, "1": 1, "false": 0, "0": 0}


class Query:
    """A query string, decoded once."""

    def __init__(self, raw: str) -> None:
        self.pairs = parse_qsl(raw, keep_blank_values=True, encoding="utf-8", errors="replace")

    def last(self, name: str) -> str | None:
        """Return the last value of *name* (as PHP does), or None."""
        return next((value for key, value in reversed(self.pairs) if key == name), None)

    def words(self, name: str) -> list[str]:
        """Return all words of a list, given with commas, repeatedly, or as ``name[]`` or ``name[0]``."""
        form = re.compile(re.escape(name) + r"(\[\d*\])?")
        values = [value for key, value in self.pairs if form.fullmatch(key)]
        return [word.strip() for value in values for word in value.split(",") if word.strip()]

    def flag(self, name: str) -> bool:
        """Whether *name* is true."""
        return (self.last(name) or "").lower() in {"true", "1"}

    def number(self, name: str, default: int) -> int:
        """Return a positive whole number below 2^31; *default* if there is no value.

        Raises
        ------
        Refusal
            400: it is anything else.
        """
        text = self.last(name)
        if not text:
            return default
        # Not isdigit(): that holds for "²", and int() refuses texts of thousands of digits.
        if not re.fullmatch(r"[0-9]{1,10}", text) or not 0 < int(text) < 2**31:
            label = name.replace("_", " ")
            raise invalid_field(name, f"The {label} must be a whole number from 1 to {2**31 - 1}.")
        return int(text)

    def encoded(self, **changes: object) -> str:
        """Return the query string with some parameters replaced."""
        kept = [(key, value) for key, value in self.pairs if key not in changes and key != "access_token"]
        return urlencode([*kept, *((key, str(value)) for key, value in changes.items())])


@dataclass(frozen=True)
class Condition:
    """One comparison; *association* names the related record that the column belongs to."""

    association: str | None
    owner: Table
    column: Column
    operator: str
    value: int | float | str

    def sql(self, parameter: str) -> str:
        """Return the comparison over a row ``t``, with the value as the named *parameter*."""
        value = f"CAST({self.column.value} AS INTEGER)" if self.column.kind == "last4" else self.column.value
        comparison = f"{value} {self.operator} :{parameter}"
        if self.association is None:
            return comparison
        return f"t.{self.association}_id IN (SELECT t.id FROM {self.owner.source} t WHERE {comparison})"


def conditions(text: str, table: Table, related: Mapping[str, Table], *, lenient: bool) -> list[Condition]:
    """Read a filter: comparisons joined by commas.

    Parameters
    ----------
    text
        The filter, decoded once.
    table
        Whose columns may be named.
    related
        Tables of the associations that ``with`` asks for.
    lenient
        Leave out unknown attributes instead of refusing them.

    Raises
    ------
    Refusal
        400: not a comparison, an unknown attribute, or a value of the wrong form.
    """
    found = []
    parts = text.split(",")
    if len(parts) > _MOST_PARTS:
        raise bad_request(f"A filter may have {_MOST_PARTS} conditions.")
    for part in parts:
        match = _CONDITION.fullmatch(part)
        if match is None:
            raise bad_request(f"Malformed filter: {part.strip()[:80]}")
        name, operator, literal = match.groups()
        association, _, attribute = name.rpartition(".")
        owner = related.get(association) if association else table
        column = owner.by_name.get(attribute) if owner else None
        if owner is None or column is None or not column.filterable:
            if lenient:
                continue
            raise bad_request(f"Unknown filter attribute: {name[:80]}")
        value = _value(column, literal.strip())
        operator = "<>" if operator == "!=" else operator
        found.append(Condition(association or None, owner, column, operator, value))
    return found


def _value(column: Column, literal: str) -> int | float | str:
    if "%" in literal:
        raise invalid_field("filter", f"The value of {column.name} is still encoded.")
    if column.kind == "bool":
        if literal.lower() not in _FLAGS:
            raise invalid_field("filter", f"{column.name} must be true or false.")
        return _FLAGS[literal.lower()]
    if column.kind in {"int", "float", "last4"}:
        return _number(column, literal)
    if column.kind in {"datetime", "date"}:
        return seconds(literal, column.name)
    return literal.strip("'\"") if literal[:1] in "'\"" and literal[-1:] == literal[:1] else literal


def _number(column: Column, literal: str) -> int | float:
    if re.fullmatch(r"[+-]?[0-9]{1,18}", literal):
        return int(literal)
    if re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)", literal) and math.isfinite(float(literal)):
        return float(literal)
    raise invalid_field("filter", f"{column.name} must be a number.")


def seconds(literal: str, name: str) -> int:
    """Return the instant that a date or date-time means, in seconds since 1970; without a zone it is UTC.

    Raises
    ------
    Refusal
        400: fractions of a second, or not a date.
    """
    match = _MOMENT.fullmatch(literal)
    if match is None:
        raise invalid_field("filter", f"{name} is not a valid date.")
    *numbers, zone = match.groups()
    try:
        moment = datetime(*(int(number or 0) for number in numbers), tzinfo=_zone(zone))  # type: ignore[misc,arg-type]
        moment = moment.astimezone(UTC)  # the first and the last hours of the calendar may not exist there
    except (OverflowError, ValueError) as error:
        raise invalid_field("filter", f"{name} is not a valid date.") from error
    return int(moment.timestamp())


def _zone(text: str | None) -> timezone:
    if text is None or text == "Z":
        return UTC
    digits = text[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if text[0] == "-" else offset)


def order(text: str | None, table: Table, extra: Mapping[str, str], *, lenient: bool) -> str:
    """Return the ORDER BY clause of ``sort``; rows that tie come in the order of their ids.

    *extra* gives expressions of further names (aggregates, where they were asked for).
    """
    if not text:
        return table.order
    clauses = []
    parts = text.split(",")
    if len(parts) > _MOST_PARTS:
        raise bad_request(f"A sort may have {_MOST_PARTS} attributes.")
    for part in parts:
        name, _, direction = part.strip().partition(":")
        column = table.by_name.get(name)
        expression = extra.get(name) or (column.order if column and column.filterable else None)
        if expression is None or direction.lower() not in {"", "asc", "desc"}:
            if lenient:
                continue
            raise bad_request(f"Unknown sort attribute: {part.strip()[:80]}")
        expression = "t.id" if name == "id" else expression
        clauses.append(f"{expression} DESC" if direction.lower() == "desc" else expression)
    if not clauses:
        return table.order
    return ", ".join(clauses if clauses[-1] in {"t.id", "t.id DESC"} else [*clauses, "t.id"])
