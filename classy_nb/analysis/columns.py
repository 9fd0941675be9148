"""What a calculation needs of a frame: the columns, typed alike whatever the frame's dtypes."""

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
"""A day without a zone: the local day of the organization."""


def need(frame: Any, columns: Iterable[str], call: str) -> None:
    """Refuse a frame that lacks one of *columns*; *call* is what brings them.

    Raises
    ------
    UsageError
        It is no DataFrame, or columns are missing.
    """
    if not isinstance(frame, pd.DataFrame):
        raise UsageError(f"A DataFrame was expected, not {type(frame).__name__}.", advice=f"Pass {call}.")
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        many = "s" if len(missing) > 1 else ""
        raise UsageError(
            f"The frame has no column{many} {', '.join(map(repr, missing))}.",
            advice=f"{call} brings it; if you chose columns with fields=, add it there.",
        )


def flag(frame: pd.DataFrame, name: str) -> Any:
    """Return a flag; a missing one is False."""
    return frame[name].astype(FLAG).fillna(value=False)


def key(frame: pd.DataFrame, name: str) -> Any:
    """Return a column that names somebody or something: ``Int64`` where it is a number, else text."""
    column = frame[name]
    return column.astype(ID if pd.api.types.is_numeric_dtype(column.dtype) else TEXT)


def zone_of(column: Any, call: str) -> Any:
    """Return the time zone of instants.

    Raises
    ------
    UsageError
        The column holds something else, or instants without a zone.
    """
    zone = column.dt.tz if pd.api.types.is_datetime64_any_dtype(column.dtype) else None
    if zone is None:
        raise UsageError(
            f"Column {column.name!r} holds {column.dtype}, not instants with a time zone.",
            advice=f"Pass {call}; after reading a file: pd.to_datetime(..., utc=True).dt.tz_convert('...').",
        )
    return zone


def instants(frame: pd.DataFrame, name: str, call: str) -> Any:
    """Return instants as ``datetime64[us, zone]``, in the zone that they have."""
    column = frame[name]
    return column.astype(pd.DatetimeTZDtype("us", zone_of(column, call)))


def local_day(column: Any) -> Any:
    """Return the day of each instant in its own zone, as ``datetime64[us]`` without a zone."""
    return column.dt.tz_localize(None).dt.normalize().astype(DAY)


def day(value: Any, name: str) -> pd.Timestamp:
    """Return the local day that *value* names (a date, text or an instant, whose own day counts).

    Raises
    ------
    UsageError
        It is no date.
    """
    refusal = UsageError(
        f"{name}={value!r} is no date.", advice="Write it like '2026-11-23' or give a datetime.date."
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


def today_or(value: Any, zone: Any = None) -> pd.Timestamp:
    """Return the day that *value* names; where None, the current day in *zone*."""
    return day(pd.Timestamp.now(zone) if value is None else value, "today")


def one_currency(frame: pd.DataFrame) -> Any:
    """Return the only currency of a frame (missing where there are no rows).

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


def month_of_year(first_month: int) -> int:
    """Refuse a month that there is none of."""
    if isinstance(first_month, bool) or first_month not in range(1, 13):
        raise UsageError(f"first_month={first_month!r} must be a whole number from 1 to 12.")
    return first_month


def year_of(days: Any, first_month: int) -> Any:
    """Return the year of each day; one that starts in another month than January bears its last day's."""
    month_of_year(first_month)
    later = (days.dt.month >= first_month) & (first_month > 1)
    return (days.dt.year + later.astype("int32")).astype(ID)


def typed(columns: Mapping[str, Any], dtypes: Mapping[str, Any], index: Any = None) -> pd.DataFrame:
    """Return a frame of these columns, each of its dtype, also where there are no rows."""
    frame = pd.DataFrame(dict(columns), index=index)
    return frame.astype({name: dtypes[name] for name in frame.columns})
