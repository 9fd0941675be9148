"""What the calculations share: columns of the same dtypes whatever the frame, days, years and currencies.

All functions here take a user's frame or column and refuse what a calculation could not use, with a
message that says which call brings what is missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

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
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        plural = "s" if len(missing) > 1 else ""
        raise UsageError(
            f"The frame has no column{plural} {', '.join(map(repr, missing))}.",
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


def key(frame: pd.DataFrame, name: str) -> Any:
    """Return a column that identifies something: ``Int64`` if it is numeric, otherwise text."""
    column = frame[name]
    return column.astype(ID if pd.api.types.is_numeric_dtype(column.dtype) else TEXT)


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
        f"{name}={value!r} is not a date.", advice="Write it like '2026-11-23' or give a datetime.date."
    )
    if isinstance(value, int | float):  # pandas would count it from 1970
        raise refusal
    try:
        moment = pd.Timestamp(value)
    except (ValueError, TypeError) as error:
        raise refusal from error
    if pd.isna(moment):
        raise refusal
    return moment.tz_localize(None).normalize().as_unit("us")


def today_or(value: Any, zone: Any) -> pd.Timestamp:
    """Return the day that *value* stands for, or the current day in *zone* if it is None."""
    return day(pd.Timestamp.now(zone) if value is None else value, "today")


def year_of(days: Any, first_month: int) -> Any:
    """Return the (fiscal) year of each day: the calendar year that it ends in.

    Raises
    ------
    UsageError
        *first_month* is not a month.
    """
    if isinstance(first_month, bool) or first_month not in range(1, 13):
        raise UsageError(f"first_month={first_month!r} must be a whole number from 1 to 12.")
    in_next = (days.dt.month >= first_month) & (first_month > 1)
    return (days.dt.year + in_next.astype("int32")).astype(ID)


# Currencies


def currency_of(amount: str) -> str:
    """Return the name of the column with an amount's currency: each prefix has its own."""
    prefix = amount.partition("_")[0]
    return f"{prefix}_currency_code" if prefix in {"raw", "charged"} else "currency_code"


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
