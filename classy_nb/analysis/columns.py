"""What the calculations share: columns of the same dtypes whatever the frame, days, years and currencies.

All functions here take a user's frame or column and refuse what a calculation could not use, with a
message that says which call brings what is missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from classy_nb.arguments import shown
from classy_nb.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ID = pd.Int64Dtype()
MONEY = pd.Float64Dtype()
FLAG = pd.BooleanDtype()
TEXT = pd.StringDtype("pyarrow")
DAY: Any = "datetime64[us]"
"""A day without a time zone: the organization's local day."""

TRANSACTIONS = "classy.transactions()"
PLANS = "classy.recurring_donation_plans()"
GIFTS = "analysis.gifts(transactions)"
"""The calls that bring frames, for messages."""


def need(frame: Any, columns: Iterable[str], call: str) -> None:
    """Refuse a frame that lacks one of *columns*.

    Parameters
    ----------
    frame, columns
        What was given, and what is needed.
    call
        The call that brings such a frame.

    Raises
    ------
    UsageError
        *frame* is not a DataFrame, or columns are missing.
    """
    if not isinstance(frame, pd.DataFrame):
        raise UsageError(f"A DataFrame was expected, not {type(frame).__name__}.", advice=f"Pass {call}.")
    names = list(columns)
    for name in names:
        if not isinstance(name, str):
            raise UsageError(f"A column's name is text, not {shown(name)}.")
    missing = [name for name in names if name not in frame.columns]
    if missing and call == GIFTS and "donation_gross_amount" in frame.columns:
        raise UsageError(
            "These are transactions, of which only some count as gifts.", advice=f"Pass cn.{call} instead."
        )
    if missing:
        plural = "s" if len(missing) > 1 else ""
        raise UsageError(
            f"The frame has no column{plural} {', '.join(map(shown, missing))}.",
            advice=f"{call} brings {'them' if plural else 'it'}; if you chose columns with fields=, add "
            f"{'them' if plural else 'it'} there.",
        )


def typed(columns: Mapping[str, Any], dtypes: Mapping[str, Any], index: Any = None) -> pd.DataFrame:
    """Return a frame of *columns*, each with its dtype even if there are no rows."""
    frame = pd.DataFrame(dict(columns), index=index)
    return frame.astype({name: dtypes[name] for name in frame.columns})


def flag(frame: pd.DataFrame, name: str) -> Any:
    """Return a flag as ``boolean``; a missing value counts as False."""
    return frame[name].astype(FLAG).fillna(value=False)


def once(frame: Any, columns: Iterable[str], call: str) -> pd.DataFrame:
    """Return *columns* of a frame and its ``id``, with one row for each id.

    Overlapping fetches that were concatenated repeat records, and so does a merge with their items: counted
    as they stand, their money would be doubled. Rows without an id cannot be told apart and all stay.

    Parameters
    ----------
    frame, columns, call
        As for :func:`need`.

    Raises
    ------
    UsageError
        A column is missing, or rows with the same id differ in one of *columns*.
    """
    names = list(dict.fromkeys(["id", *columns]))
    need(frame, names, call)
    rows = frame[names].reset_index(drop=True)
    rows["id"] = identifier(rows, "id")
    again = rows["id"].notna() & rows["id"].duplicated(keep=False)
    distinct = rows.loc[again].drop_duplicates()
    differing = distinct.loc[distinct["id"].duplicated(keep=False)]
    if len(differing):
        counts = differing.groupby("id").nunique(dropna=False).max()
        listed = ", ".join(map(repr, counts.index[counts > 1]))
        raise UsageError(
            f"Rows with the same id differ in {listed} ({differing['id'].nunique()} ids): which one counts?",
            advice="Keep the one that was fetched last: frame.drop_duplicates('id', keep='last').",
        )
    return pd.DataFrame(rows.loc[~(rows["id"].notna() & rows["id"].duplicated())].reset_index(drop=True))


def identifier(frame: pd.DataFrame, name: str) -> Any:
    """Return a column of ids as ``Int64``; zero is nothing, like a missing value.

    Raises
    ------
    UsageError
        It holds something else.
    """
    try:
        ids = frame[name].astype(ID)
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"Column {shown(name)} holds {frame[name].dtype}, not whole numbers.",
            advice=f"frame[{shown(name)}].astype('Int64') must be possible.",
        ) from error
    return ids.mask((ids == 0).fillna(value=False))


_NOBODY = r"(?:[0.]*|nan|none|null|nat|<na>|n/a)"
"""What stands for a donor whom nobody knows, in columns of text."""


def donors(frame: pd.DataFrame, name: str) -> Any:
    """Return a column that tells donors apart: ``Int64`` if it is numeric, otherwise text.

    Zero, blanks and what is written for a missing value are nobody: they become missing, so that strangers
    are not one donor. Text, such as an e-mail address, is compared without its spelling: capitals, spaces
    around it, and the ways of encoding an accent make no difference.
    """
    column = frame[name]
    if column.dtype == object:  # such as two frames with different dtypes, concatenated
        column = column.convert_dtypes()
    if pd.api.types.is_numeric_dtype(column.dtype):
        return identifier(frame.assign(**{name: column}), name)
    text = column.astype(TEXT).str.normalize("NFKC").str.strip().str.casefold()
    return text.mask(text.str.fullmatch(_NOBODY).fillna(value=False).astype(bool))


# Days, in the organization's time zone


def zone_of(column: Any, call: str) -> Any:
    """Return the time zone of a column of instants.

    Raises
    ------
    UsageError
        The column holds something else, or instants without a time zone.
    """
    zone = column.dt.tz if pd.api.types.is_datetime64_any_dtype(column.dtype) else None
    if zone is None:
        raise UsageError(
            f"Column {column.name!r} holds {column.dtype}, not instants with a time zone.",
            advice=f"Pass {call}; after reading a file: pd.to_datetime(..., utc=True).dt.tz_convert('...').",
        )
    return zone


def local_days(frame: pd.DataFrame, name: str, call: str) -> Any:
    """Return the day of each instant of a column in its own time zone, as ``datetime64[us]`` without one."""
    return days_of(instants(frame, name, call))


def instants(frame: pd.DataFrame, name: str, call: str) -> Any:
    """Return a column of instants as ``datetime64[us, zone]``, in its own time zone."""
    column = frame[name]
    return column.astype(pd.DatetimeTZDtype("us", zone_of(column, call)))


def days_of(moments: Any) -> Any:
    """Return the local day of each instant."""
    return moments.dt.tz_localize(None).dt.normalize().astype(DAY)


def day(value: Any, name: str) -> pd.Timestamp:
    """Return the local day that *value* stands for: a date, text, or an instant (then its own local day).

    Raises
    ------
    UsageError
        It is not a date.
    """
    refusal = UsageError(
        f"{name}={shown(value)} is not a date.", advice="Write it like '2026-11-23' or give a datetime.date."
    )
    if isinstance(value, int | float):  # pandas would count it from 1970
        raise refusal
    try:
        moment = pd.Timestamp(value)
    except (ValueError, TypeError):
        raise refusal from None  # pandas quotes the value
    if pd.isna(moment):
        raise refusal
    return moment.tz_localize(None).normalize().as_unit("us")


def check_name(keyword: str, value: Any) -> None:
    """Refuse what cannot be the name of a column.

    Raises
    ------
    UsageError
        *value* is not text.
    """
    if not isinstance(value, str):
        raise UsageError(f"{keyword}={shown(value)} must be the name of a column.")


def is_whole(value: Any, least: int, most: int | None = None) -> bool:
    """Whether *value* is a whole number (no flag is one) that is not below *least* or above *most*."""
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    return whole and value >= least and (most is None or value <= most)


def today_or(value: Any, zone: Any) -> pd.Timestamp:
    """Return the day that *value* stands for, or the current day in *zone* if it is None."""
    return day(pd.Timestamp.now(zone) if value is None else value, "today")


def year_of(days: Any, start: int) -> Any:
    """Return the (fiscal) year of each day, from month *start* on: the calendar year that it ends in."""
    in_next = (days.dt.month >= start) & (start > 1)
    return (days.dt.year + in_next.astype("int32")).astype(ID)


def year_begin(year: int, start: int) -> pd.Timestamp:
    """Return the first day of a (fiscal) year."""
    return pd.Timestamp(int(year) - (start > 1), start, 1)


def period_of(days: Any, length: str, start: int = 1) -> Any:
    """Return the period of each day: ``D``, ``W`` (from Monday), ``M``, or a fiscal ``Q`` or ``Y``."""
    last = _MONTHS[start - 2]
    return days.dt.to_period({"W": "W-SUN", "Q": f"Q-{last}", "Y": f"Y-{last}"}.get(length, length))


_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


# Currencies


def currency_of(amount: str) -> str:
    """Return the name of the column with an amount's currency: each prefix has its own.

    Raises
    ------
    UsageError
        *amount* is not text.
    """
    check_name("amount", amount)
    prefix = amount.partition("_")[0]
    return f"{prefix}_currency_code" if prefix in {"raw", "charged"} else "currency_code"


def currency(frame: pd.DataFrame, name: str) -> Any:
    """Return a column of currency codes as text: in capitals, missing where blank."""
    codes = frame[name].astype(TEXT).str.strip().str.upper()
    return codes.mask((codes == "").fillna(value=False))


def one_currency(frame: pd.DataFrame) -> Any:
    """Return the only currency of a frame (missing if there are no rows).

    Raises
    ------
    UsageError
        There are several: amounts in different currencies are never added.
    """
    found = frame["currency"].dropna().unique().tolist()
    if len(found) > 1:
        raise UsageError(
            f"The amounts are in {len(found)} currencies ({', '.join(sorted(found))}); they are not added.",
            advice=f"Take one at a time: frame[frame['currency'] == {min(found)!r}].",
        )
    return found[0] if found else pd.NA
