"""``where=``: conditions, read and checked against the columns before anything is sent."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from classy_nb.errors import UsageError

from .dates import Moment, day, instant, literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from classy_nb.catalog import Column

_FORM = re.compile(r"\s*([A-Za-z_][\w.]*)\s*(<=|>=|<>|!=|==|=|<|>)\s*(.*?)\s*", re.DOTALL)
_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}")
_BOOLEANS = {"true": "true", "1": "true", "false": "false", "0": "false"}
_NOT_IN_API = "The API combines conditions with AND only; apply this one in pandas, to the frame."


@dataclass(frozen=True)
class Condition:
    """One condition: column, operator and the value as the API takes it."""

    column: Column
    operator: str
    value: str

    def __str__(self) -> str:
        return f"{self.column.name}{self.operator}{self.value}"

    @property
    def doubt(self) -> str | None:
        """Why nothing may match: the value is none of those that the vendor's document names."""
        known = self.column.known
        if not known or self.operator not in ("=", "!=") or self.value.lower() in map(str.lower, known):
            return None
        asked = f"where='{self.column.name} {self.operator} {self.value}'"
        return f"{asked}: the API's document names no such value. {suggestion(self.value, known)}"


def read_conditions(
    where: str | Iterable[str] | None, columns: Mapping[str, Column], timezone: str
) -> tuple[Condition, ...]:
    """Read ``where=``.

    Parameters
    ----------
    where
        One condition such as ``"total_gross_amount >= 100"``, or several, which must all hold.
    columns
        The columns that may be named.
    timezone
        Zone of dates that have none.

    Raises
    ------
    UsageError
        No condition, an unknown column, or a value that the column cannot have.
    """
    if where is None:
        return ()
    # Whatever else was given is no condition either: the message says so.
    texts = where if isinstance(where, Iterable) and not isinstance(where, str) else [where]
    return tuple(_read(text, columns, timezone) for text in texts)


def _read(text: object, columns: Mapping[str, Column], timezone: str) -> Condition:
    match = _FORM.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise UsageError(
            f"where={text!r} is no condition.",
            advice="Write a column, one of = != < <= > >= and a value: 'status = success'. " + _NOT_IN_API,
        )
    name, operator, value = match.groups()
    operator = {"==": "=", "<>": "!="}.get(operator, operator)
    column = find_column(name, columns, "where")
    return Condition(column, operator, _value(_unquoted(value), column, operator, timezone))


def find_column(name: str, columns: Mapping[str, Column], keyword: str) -> Column:
    """Return the column called *name*, or raise with a suggestion."""
    if name in columns:
        return columns[name]
    raise UsageError(f"{keyword}= names an unknown column {name!r}.", advice=suggestion(name, columns))


def nearest(name: str, known: Iterable[str], most: int = 3) -> str:
    """Ask whether names like this one were meant; empty where there is none."""
    close = difflib.get_close_matches(name, list(known), n=most, cutoff=0.6)
    return f"Did you mean {' or '.join(map(repr, close))}?" if close else ""


def suggestion(name: str, known: Iterable[str]) -> str:
    """Say which of the *known* names may have been meant."""
    names = list(known)
    if meant := nearest(name, names):
        return meant
    shown: Sequence[str] = sorted(names)
    return f"Known: {', '.join(shown[:40])}{', ...' if len(shown) > 40 else ''}." if shown else ""  # noqa: PLR2004


def _unquoted(value: str) -> str:
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
    return value[1:-1] if quoted else value


def _value(value: str, column: Column, operator: str, timezone: str) -> str:
    where = f"where='{column.name} {operator} ...'"
    _check_text(value, where)
    readers = {"int": _integer, "float": _number, "bool": _boolean}
    if column.kind in readers:
        return readers[column.kind](value, where)
    if column.kind in ("datetime", "date"):
        return date_value(value, column, operator, timezone, "where")
    if column.kind in ("list", "json", "object"):
        raise UsageError(
            f"{where}: the column holds nested data, which the API cannot filter.", advice=_NOT_IN_API
        )
    return value


def _check_text(value: str, where: str) -> None:
    """Refuse what would not arrive as it was meant."""
    if not value or value.lower() in ("null", "none", "nan"):
        raise UsageError(
            f"{where} has no value.", advice="The API cannot filter for missing values. " + _NOT_IN_API
        )
    if "," in value:
        raise UsageError(
            f"{where} holds a comma, which the API reads as the next condition.",
            advice="Give several conditions as a list. " + _NOT_IN_API,
        )
    if _ENCODED.search(value):
        raise UsageError(
            f"{where} is already percent-encoded.", advice="Give plain text; it is encoded once."
        )
    if not value.isprintable():
        raise UsageError(f"{where} holds a line break or another control character.")
    if value[0] in "=<>!":
        raise UsageError(
            f"{where}: the value begins with an operator, which the API would read with the first one.",
            advice="The operators are = != < <= > >=.",
        )


def date_value(value: Moment, column: Column, operator: str, timezone: str, keyword: str) -> str:
    """Write a moment as the API takes it for *column*: an instant, or a day."""
    if column.kind == "date":
        return day(value, keyword).isoformat()
    return literal(instant(value, timezone, keyword), operator)


def _integer(value: str, where: str) -> str:
    if not re.fullmatch(r"[+-]?[0-9]+", value):
        raise UsageError(f"{where}: the column holds whole numbers; {value!r} is none.")
    return value.removeprefix("+")


def _number(value: str, where: str) -> str:
    if not re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)", value):
        raise UsageError(f"{where}: the column holds numbers; {value!r} is none.", advice="Write 1250.50.")
    return value.removeprefix("+")


def _boolean(value: str, where: str) -> str:
    if value.lower() not in _BOOLEANS:
        raise UsageError(f"{where}: the column holds true or false; {value!r} is neither.")
    return _BOOLEANS[value.lower()]


def period(
    since: Moment | None, until: Moment | None, column: Column, timezone: str
) -> tuple[Condition, ...]:
    """Turn ``since=`` and ``until=`` (half-open) into conditions on *column*."""
    found = []
    for keyword, operator, value in (("since", ">=", since), ("until", "<", until)):
        if value is not None:
            found.append(Condition(column, operator, date_value(value, column, operator, timezone, keyword)))
    if len(found) == 2 and found[0].value >= found[1].value:  # noqa: PLR2004 - both forms sort as text
        raise UsageError(
            f"since={since!r} is not before until={until!r}.",
            advice="The period is half-open: until= is its first moment outside.",
        )
    return tuple(found)


__all__ = ["Condition", "date_value", "find_column", "nearest", "period", "read_conditions", "suggestion"]
