"""Spark's filters become conditions of the API, as far as it can tell the same rows apart.

In come the filters that Spark offers a reader, out go conditions of ``where=`` and organizations. Spark
applies every filter to the rows that come, once more: so a condition may let more rows through than its
filter, and never fewer. What is not sure to do so is left to Spark alone: text but for equality, comparisons
with missing values, ``or``, other numbers than ids, counts and money.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from .columns import ORGANIZATION

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from classy_nb.query import Query

_OPERATORS = {
    "EqualTo": "=",
    "EqualNullSafe": "=",
    "GreaterThan": ">",
    "GreaterThanOrEqual": ">=",
    "LessThan": "<",
    "LessThanOrEqual": "<=",
}
"""Spark's filters that a condition can stand for, by the names of their classes."""
_CENT = Decimal("0.01")


@dataclass(frozen=True)
class Pushed:
    """What the API is asked for on behalf of Spark's filters.

    Attributes
    ----------
    conditions
        As ``where=`` takes them.
    organizations
        The only ones that can have such rows; None for all.
    """

    conditions: tuple[str, ...] = ()
    organizations: frozenset[int] | None = None


def push(filters: Iterable[Any], query: Query) -> Pushed:
    """Translate Spark's filters, all of which must hold, for the list of a query."""
    # The columns that a condition can be on have the same name there and here: those of nested records are
    # left to Spark, because nobody knows whether the API filters by them.
    kinds = {column.name: column for column in query.columns if "." not in column.name}
    conditions: list[str] = []
    organizations: frozenset[int] | None = None
    for one in filters:
        name = ".".join(getattr(one, "attribute", ()))
        kind = type(one).__name__
        if name == ORGANIZATION and kind in ("EqualTo", "EqualNullSafe", "In"):
            values = one.value if kind == "In" else [one.value]
            found = frozenset(value for value in values if isinstance(value, int))
            organizations = found if organizations is None else organizations & found
        elif name in kinds and kind == "In" and len(set(one.value)) == 1:
            conditions += _conditions(kinds[name], "=", one.value[0])
        elif name in kinds and kind in _OPERATORS:
            conditions += _conditions(kinds[name], _OPERATORS[kind], one.value)
    return Pushed(tuple(dict.fromkeys(conditions)), organizations)


def _conditions(column: Any, operator: str, value: Any) -> list[str]:
    """Return conditions that every row satisfies which satisfies the filter; none if that is not sure."""
    bounds = _BOUNDS.get("money" if column.is_money else column.kind)
    if value is None or bounds is None:
        return []
    if column.kind in ("text", "bool"):
        return [f"{column.name} = {text}" for text in bounds(value) if operator == "="]
    between = bounds(value)
    if not between:
        return []
    low, high = between
    return [
        *([f"{column.name} >= {low}"] if operator in ("=", ">", ">=") else []),
        *([f"{column.name} <= {high}"] if operator in ("=", "<", "<=") else []),
    ]


def _of_int(value: Any) -> tuple[str, ...]:
    return (str(value), str(value)) if type(value) is int else ()


def _of_money(value: Any) -> tuple[str, ...]:
    """Return a cent less and a cent more: what the server has is rounded to cents here."""
    if not isinstance(value, Decimal) or not value.is_finite():
        return ()
    return f"{value - _CENT:f}", f"{value + _CENT:f}"


def _of_instant(value: Any) -> tuple[str, ...]:
    """Return the whole second before and after: the API takes no fractions."""
    if not isinstance(value, dt.datetime) or value.tzinfo is None:
        return ()
    first = value.astimezone(dt.UTC).replace(microsecond=0)
    last = first if first == value else first + dt.timedelta(seconds=1)
    return first.isoformat(), last.isoformat()


def _of_day(value: Any) -> tuple[str, ...]:
    """Return the day and the next one: a day may have a time at the server, and here it has none."""
    if not isinstance(value, dt.date) or isinstance(value, dt.datetime):
        return ()
    return value.isoformat(), (value + dt.timedelta(days=1)).isoformat()


def _of_text(value: Any) -> tuple[str, ...]:
    """Return a text that a condition can hold as it is; the API may ignore its case, Spark does not."""
    if not isinstance(value, str) or not re.fullmatch(r"\w(?:[\w @.:/+-]*\w)?", value):
        return ()
    return () if value.lower() in ("null", "none", "nan") else (value,)


def _of_flag(value: Any) -> tuple[str, ...]:
    return (str(value).lower(),) if isinstance(value, bool) else ()


_BOUNDS: Mapping[str, Any] = {
    "int": _of_int,
    "money": _of_money,
    "datetime": _of_instant,
    "date": _of_day,
    "text": _of_text,
    "bool": _of_flag,
}
