"""``where=``: conditions, read and checked against the columns before anything is sent.

In come texts such as ``"total_gross_amount >= 100"`` and the columns that may be filtered; out come
conditions as the API takes them. The API joins conditions with AND only, has no way to quote a value, and
what it does with a condition that it cannot read is unknown, so anything ambiguous is refused here. The
builder and the explorer call this.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from classy_nb.arguments import shown
from classy_nb.catalog import meant
from classy_nb.errors import QueryWarning, UsageError, warn

from .dates import Moment, day, days, filter_literal, instant

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from classy_nb.catalog import Column

_CONDITION = re.compile(r"\s*([A-Za-z_][\w.]*)\s*(<=|>=|<>|!=|==|=|<|>)\s*(.*?)\s*", re.DOTALL)
_JOINED = re.compile(
    r"((?:[;,]\s*)?(?<![\w-])(?:and|or)\b|&&|\|\||[;,]|(?<=\s)[&|](?=\s))"
    r"[\s(]*((?:not\s+)?[A-Za-z_][\w.]*\s*(?:[<>=!]=|<>|[=<>]))",
    re.IGNORECASE,
)
"""Where another condition seems to begin: a word or a sign that joins, a name and an operator."""
_PERCENT_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}")
_BOOLEANS = {"true": "true", "1": "true", "false": "false", "0": "false"}
_USE_PANDAS = "The API combines conditions with AND only; apply this one to the frame in pandas."
_LISTED_AT_MOST = 40
"""Names that a suggestion lists where none is close."""
_A_SLIP = 0.85
"""How alike two names are that differ by a slip of the pen: transaction and transactions."""
_MOST_DIGITS = 100
"""Far more than any id or amount has; Python itself refuses to read some thousands."""
_LAST_FOUR = 4


@dataclass(frozen=True)
class Condition:
    """One condition: a column, an operator and the value as the API takes it."""

    column: Column
    operator: str
    value: str
    remark: str | None = None
    """What to warn about, if the value is not what it may seem."""

    def __str__(self) -> str:
        return f"{self.column.name}{self.operator}{self.value}"

    @property
    def warning(self) -> str | None:
        """What to warn about: the remark, or a value that the vendor's document does not list; or None."""
        known = self.column.known
        if not known or self.operator not in ("=", "!=") or self.value in known:
            return self.remark
        condition = f"where='{self.column.name} {self.operator} {self.value}'"
        # Whether the API tells "Success" from "success" is unknown, so another case gets a warning, too.
        same = [value for value in known if value.casefold() == self.value.casefold()]
        meant = f"Did you mean {shown(same[0])}?" if same else suggestion(self.value, known)
        return f"{condition}: the API's document does not list this value. {meant}"


def read_conditions(
    where: str | Iterable[str] | None, columns: Mapping[str, Column], timezone: str
) -> tuple[Condition, ...]:
    """Read ``where=``.

    Parameters
    ----------
    where
        One condition such as ``"total_gross_amount >= 100"``, or a list of several, all of which must hold. A
        day compared with an instant means the whole day, so a condition on one may become two. A value in
        quotes is what is between them.
    columns
        The columns that may be filtered.
    timezone
        Time zone of dates that have none.

    Raises
    ------
    UsageError
        A text is not a condition or looks like several, a column is unknown, or a column cannot have the
        value.
    """
    if where is None:
        return ()
    # Anything else (a number, say) is not a condition either, and is refused below with the same message.
    texts = where if isinstance(where, Iterable) and not isinstance(where, str) else [where]
    return tuple(found for text in texts for found in _read_condition(text, columns, timezone))


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
            f"since={shown(since)} is not before until={shown(until)}.",
            advice="The period is half-open: until= is the first moment after it.",
        )
    return tuple(found)


def warn_of_conditions(conditions: Sequence[Condition]) -> None:
    """Warn of conditions that may not mean what they seem to, and of those that nothing can satisfy."""
    for condition in conditions:
        if condition.warning is not None:
            warn(condition.warning, QueryWarning)
    for name in unsatisfiable(conditions):
        warn(f"No value of {shown(name)} satisfies all conditions on it: nothing can match.", QueryWarning)


def unsatisfiable(conditions: Iterable[Condition]) -> list[str]:
    """Return the names of the columns whose conditions no value can satisfy together."""
    together: dict[str, list[Condition]] = {}
    for condition in conditions:
        together.setdefault(condition.column.name, []).append(condition)
    return [name for name, found in together.items() if _exclude_each_other(found)]


def _exclude_each_other(conditions: list[Condition]) -> bool:
    """Whether no value satisfies all *conditions*, which are on one column."""
    values = [(condition.operator, _comparable(condition)) for condition in conditions]
    equal = {value for operator, value in values if operator == "="}
    different = {value for operator, value in values if operator == "!="}
    if len(equal) > 1 or equal & different:
        return True
    if conditions[0].column.kind == "bool":
        return different >= {"true", "false"}
    # How the server sorts text is its own affair, so only numbers and dates are known to be out of range.
    numbers = [(operator, value) for operator, value in values if not isinstance(value, str)]
    low = max(
        (_next(value, operator, 1) for operator, value in numbers if operator[0] == ">"), default=-math.inf
    )
    high = min(
        (_next(value, operator, -1) for operator, value in numbers if operator[0] == "<"), default=math.inf
    )
    if low > high or (low == high and low in different):
        return True
    return any(not isinstance(value, str) and not low <= value <= high for value in equal)


def _comparable(condition: Condition) -> int | float | str:
    """Return the value of a condition such that two of one column can be compared."""
    kind, value = condition.column.kind, condition.value
    if kind == "int":
        return int(value)
    if kind == "float":
        return float(value)
    if kind == "date":
        return date.fromisoformat(value).toordinal()
    if kind == "datetime":
        return int(datetime.strptime(value, "%Y-%m-%dT%H:%M:%S%z").timestamp())
    if kind == "last4":
        value = value.zfill(_LAST_FOUR)
    return value.strip().casefold()  # the server's collation ignores case and blanks at the end


def _next(value: float, operator: str, direction: int) -> float:
    """Return the bound itself, or for ``>`` and ``<`` the next value that a record can have."""
    if operator.endswith("="):
        return value
    return value + direction if isinstance(value, int) else math.nextafter(value, direction * math.inf)


def find_column(name: str, columns: Mapping[str, Column], keyword: str) -> Column:
    """Return the column called *name*.

    Raises
    ------
    UsageError
        It does not exist; the message suggests others.
    """
    if not isinstance(name, str):
        raise UsageError(f"{keyword}= takes the name of a column, not {shown(name)}.")
    if name in columns:
        return columns[name]
    raise UsageError(f"{keyword}= names an unknown column {shown(name)}.", advice=suggestion(name, columns))


def nearest(name: str, known: Iterable[str], most: int = 3) -> str:
    """Return ``Did you mean 'x'?`` for the *known* names that *name* means, or an empty text.

    Meaning counts more than letters (``start`` is since, not sort), unless it is a mere slip of the pen.
    """
    known = list(known)
    close = difflib.get_close_matches(name, known, n=most, cutoff=_A_SLIP)
    close = close or meant(name, known)[:most] or difflib.get_close_matches(name, known, n=most, cutoff=0.6)
    return f"Did you mean {' or '.join(map(repr, close))}?" if close else ""


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return the *known* names that are close to *name*, or else all of them, as a sentence of advice."""
    names = sorted(known)
    if close := nearest(name, names):
        return close
    if not names:
        return ""
    more = len(names) - _LISTED_AT_MOST
    return f"Known: {', '.join(names[:_LISTED_AT_MOST])}{f', and {more} more' if more > 0 else ''}."


def _read_condition(text: object, columns: Mapping[str, Column], timezone: str) -> list[Condition]:
    if not isinstance(text, str) or (match := _CONDITION.fullmatch(text)) is None:
        raise UsageError(
            f"where={shown(text)} is not a condition.",
            advice="Write a column, one of = != < <= > >= and a value: 'status = success'. " + _USE_PANDAS,
        )
    name, operator, value = match.groups()
    operator = {"==": "=", "<>": "!="}.get(operator, operator)
    column = find_column(name, columns, "where")
    _check_single(text, column, operator, value)
    if _is_quoted(value):
        value = value[1:-1]
    where = f"where='{column.name} {operator} ...'"
    _check_text(value, where)
    if column.kind in ("datetime", "date"):
        return _on_a_date(column, operator, value, timezone)
    return [Condition(column, operator, _value(value, column, where))]


def holds_several(text: str) -> bool:
    """Tell whether *text* is a condition whose value seems to hold another one, and is not in quotes."""
    return len(_parts(text)[0]) > 1


def _check_single(text: str, column: Column, operator: str, value: str) -> None:
    """Refuse what seems to be several conditions: the API would take all but the first for a value."""
    parts, joiners = _parts(text)
    if len(parts) == 1:
        return
    if any(joiner.endswith(("or", "|")) for joiner in joiners):
        advice = (
            "The API has no OR: fetch what each condition matches and put the frames together with "
            "pandas.concat, or filter one frame in pandas."
        )
    else:
        listed = ", ".join(map(_in_quotes, parts))
        advice = f"Give a list, where=[{listed}] (on the command line, --where for each)."
    if column.kind == "text" and "," not in value:  # at a comma, the API would split what is in quotes, too
        advice += (
            f" If all of it is one value, put it in quotes: {column.name} {operator} {_in_quotes(value)}."
        )
    raise UsageError(f"where={shown(text)} looks like {len(parts)} conditions in one text.", advice=advice)


def _parts(text: str) -> tuple[list[str], list[str]]:
    """Return the conditions that *text* seems to hold, and what joins them, in lower case."""
    condition = _CONDITION.fullmatch(text)
    if condition is None or _is_quoted(condition[3]):
        return [text], []
    parts, joiners, begin = [], [], 0
    for found in _JOINED.finditer(text, condition.start(3)):
        parts.append(text[begin : found.start()])
        joiners.append(found[1].lower())
        begin = found.start(2)
    stripped = (part.strip() for part in (*parts, text[begin:]))
    # "(a = 1) and (b = 2)" is how SQL has it, but a value may end in "(MA)".
    return [part.rstrip(" )") if part.count(")") > part.count("(") else part for part in stripped], joiners


def _is_quoted(value: str) -> bool:
    """Whether quotes are around all of *value*, and not just around the values of two conditions."""
    if len(value) < 2 or value[0] != value[-1] or value[0] not in "'\"":  # noqa: PLR2004 - two quotes
        return False
    befores = (value[: found.start()].rstrip() for found in _JOINED.finditer(value))
    return not any(before[1:].endswith(value[0]) for before in befores)


def _in_quotes(text: str) -> str:
    quote = "'" if '"' in text else '"'
    return f"{quote}{text}{quote}"


def _on_a_date(column: Column, operator: str, value: str, timezone: str) -> list[Condition]:
    """Return the condition, or the two, that compare a date with *value*; a day means the whole day.

    Taken for its first moment, a day would equal almost no record, and ``<=`` would lose all of it.
    """
    named = days(value)
    if named is None:
        remark = None
        if operator in ("=", "!=", "<=", ">") and re.fullmatch(r".{10}[T ]00:00(:00(\.0+)?)?", value.strip()):
            remark = (
                f"where='{column.name} {operator} {value}' compares with the first second of that day; "
                "for the whole day, leave out the time."
            )
        return [Condition(column, operator, _date_value(value, column, operator, timezone, "where"), remark)]
    first, after = named
    if column.kind == "date" and (after - first).days == 1:
        return [Condition(column, operator, first.isoformat())]
    if operator == "!=":
        raise UsageError(
            f"where='{column.name} != {value}' means before or after it, and the API has no OR.",
            advice="Leave the condition out and drop these rows from the frame in pandas.",
        )
    bounds = {
        "=": ((">=", first), ("<", after)),
        "<": (("<", first),),
        "<=": (("<", after),),
        ">": ((">=", after),),
        ">=": ((">=", first),),
    }
    return [
        Condition(column, bound, _date_value(moment, column, bound, timezone, "where"))
        for bound, moment in bounds[operator]
    ]


def _value(value: str, column: Column, where: str) -> str:
    """Write the value of a condition the way the API takes it for *column*."""
    if column.kind in ("int", "float") and len(value) > _MOST_DIGITS:
        raise UsageError(f"{where}: the number has {len(value)} digits.")
    if column.kind == "int":
        if not re.fullmatch(r"[+-]?[0-9]+", value):
            raise UsageError(f"{where}: the column holds whole numbers; {shown(value)} is not one.")
        return value.removeprefix("+")
    if column.kind == "float":
        if not re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)", value):
            raise UsageError(
                f"{where}: the column holds numbers; {shown(value)} is not one.",
                advice="Write a plain number, such as 1250.50.",
            )
        return value.removeprefix("+")
    if column.kind == "bool":
        if value.lower() not in _BOOLEANS:
            raise UsageError(f"{where}: the column holds true or false; {shown(value)} is neither.")
        return _BOOLEANS[value.lower()]
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
        grouped = re.fullmatch(r"[+-]?\$?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?", value)
        raise UsageError(
            f"{where} holds a comma, which the API reads as the start of the next condition.",
            advice="Write a number without commas, such as 1250.50."
            if grouped
            else "Give several conditions as a list. " + _USE_PANDAS,
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
