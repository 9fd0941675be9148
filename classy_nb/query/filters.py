"""``where=``: conditions, read and checked against the columns before anything is sent.

In come texts such as ``"total_gross_amount >= 100"`` and the columns that may be filtered; out come
conditions as the API takes them. The API joins conditions with AND only, has no way to quote a value, and
what it does with a condition that it cannot read is unknown, so anything ambiguous is refused here. The
builder and the explorer call this.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from classy_nb.errors import UsageError

from .dates import Moment, day, filter_literal, instant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from classy_nb.catalog import Column

_CONDITION = re.compile(r"\s*([A-Za-z_][\w.]*)\s*(<=|>=|<>|!=|==|=|<|>)\s*(.*?)\s*", re.DOTALL)
_PERCENT_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}")
_BOOLEANS = {"true": "true", "1": "true", "false": "false", "0": "false"}
_USE_PANDAS = "The API combines conditions with AND only; apply this one to the frame in pandas."
_LISTED_AT_MOST = 40
"""Names that a suggestion lists where none is close."""


@dataclass(frozen=True)
class Condition:
    """One condition: a column, an operator and the value as the API takes it."""

    column: Column
    operator: str
    value: str

    def __str__(self) -> str:
        return f"{self.column.name}{self.operator}{self.value}"

    @property
    def warning(self) -> str | None:
        """What to warn about: a value that the vendor's document does not list for this column, or None."""
        known = self.column.known
        if not known or self.operator not in ("=", "!=") or self.value.lower() in map(str.lower, known):
            return None
        condition = f"where='{self.column.name} {self.operator} {self.value}'"
        return f"{condition}: the API's document does not list this value. {suggestion(self.value, known)}"


def read_conditions(
    where: str | Iterable[str] | None, columns: Mapping[str, Column], timezone: str
) -> tuple[Condition, ...]:
    """Read ``where=``.

    Parameters
    ----------
    where
        One condition such as ``"total_gross_amount >= 100"``, or several, all of which must hold.
    columns
        The columns that may be filtered.
    timezone
        Time zone of dates that have none.

    Raises
    ------
    UsageError
        A text is not a condition, a column is unknown, or a column cannot have the value.
    """
    if where is None:
        return ()
    # Anything else (a number, say) is not a condition either, and is refused below with the same message.
    texts = where if isinstance(where, Iterable) and not isinstance(where, str) else [where]
    return tuple(_read_condition(text, columns, timezone) for text in texts)


def period(
    since: Moment | None, until: Moment | None, column: Column, timezone: str
) -> tuple[Condition, ...]:
    """Turn ``since=`` and ``until=`` (half-open) into conditions on *column*."""
    found = []
    for keyword, operator, value in (("since", ">=", since), ("until", "<", until)):
        if value is not None:
            found.append(Condition(column, operator, _date_value(value, column, operator, timezone, keyword)))
    if len(found) == 2 and found[0].value >= found[1].value:  # noqa: PLR2004 - both forms sort as text
        raise UsageError(
            f"since={since!r} is not before until={until!r}.",
            advice="The period is half-open: until= is the first moment after it.",
        )
    return tuple(found)


def find_column(name: str, columns: Mapping[str, Column], keyword: str) -> Column:
    """Return the column called *name*.

    Raises
    ------
    UsageError
        It does not exist; the message suggests others.
    """
    if name in columns:
        return columns[name]
    raise UsageError(f"{keyword}= names an unknown column {name!r}.", advice=suggestion(name, columns))


def nearest(name: str, known: Iterable[str], most: int = 3) -> str:
    """Return ``Did you mean 'x'?`` for the *known* names that are close to *name*, or an empty text."""
    close = difflib.get_close_matches(name, list(known), n=most, cutoff=0.6)
    return f"Did you mean {' or '.join(map(repr, close))}?" if close else ""


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return the *known* names that are close to *name*, or else all of them, as a sentence of advice."""
    names = sorted(known)
    if close := nearest(name, names):
        return close
    if not names:
        return ""
    return f"Known: {', '.join(names[:_LISTED_AT_MOST])}{', ...' if len(names) > _LISTED_AT_MOST else ''}."


def _read_condition(text: object, columns: Mapping[str, Column], timezone: str) -> Condition:
    match = _CONDITION.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise UsageError(
            f"where={text!r} is not a condition.",
            advice="Write a column, one of = != < <= > >= and a value: 'status = success'. " + _USE_PANDAS,
        )
    name, operator, value = match.groups()
    operator = {"==": "=", "<>": "!="}.get(operator, operator)
    column = find_column(name, columns, "where")
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        value = value[1:-1]
    return Condition(column, operator, _value(value, column, operator, timezone))


def _value(value: str, column: Column, operator: str, timezone: str) -> str:
    """Write the value of a condition the way the API takes it for *column*."""
    where = f"where='{column.name} {operator} ...'"
    _check_text(value, where)
    if column.kind == "int":
        if not re.fullmatch(r"[+-]?[0-9]+", value):
            raise UsageError(f"{where}: the column holds whole numbers; {value!r} is not one.")
        return value.removeprefix("+")
    if column.kind == "float":
        if not re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)", value):
            raise UsageError(
                f"{where}: the column holds numbers; {value!r} is not one.", advice="Write 1250.50."
            )
        return value.removeprefix("+")
    if column.kind == "bool":
        if value.lower() not in _BOOLEANS:
            raise UsageError(f"{where}: the column holds true or false; {value!r} is neither.")
        return _BOOLEANS[value.lower()]
    if column.kind in ("datetime", "date"):
        return _date_value(value, column, operator, timezone, "where")
    if column.kind in ("list", "json", "object"):
        raise UsageError(
            f"{where}: the column holds nested data, which the API cannot filter.", advice=_USE_PANDAS
        )
    return value


def _date_value(value: Moment, column: Column, operator: str, timezone: str, keyword: str) -> str:
    if column.kind == "date":
        return day(value, keyword).isoformat()
    return filter_literal(instant(value, timezone, keyword), operator)


def _check_text(value: str, where: str) -> None:
    """Refuse text that the API would read as something else."""
    if not value or value.lower() in ("null", "none", "nan"):
        raise UsageError(
            f"{where} has no value.", advice="The API cannot filter for missing values. " + _USE_PANDAS
        )
    if "," in value:
        # Commas separate conditions, and no way to escape one is known.
        raise UsageError(
            f"{where} holds a comma, which the API reads as the start of the next condition.",
            advice="Give several conditions as a list. " + _USE_PANDAS,
        )
    if _PERCENT_ENCODED.search(value):
        raise UsageError(
            f"{where} is already percent-encoded.", advice="Give plain text; it is encoded once."
        )
    if not value.isprintable():
        raise UsageError(f"{where} holds a line break or another control character.")
    if value[0] in "=<>!":
        raise UsageError(
            f"{where}: the value begins with an operator, which the API would join to the first one.",
            advice="The operators are = != < <= > >=.",
        )
