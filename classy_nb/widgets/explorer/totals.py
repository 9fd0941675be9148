"""What fetched rows add up to, by month and status: numbers for a small chart, and for the table beside it.

A frame goes in, and what the browser draws comes out. Only the rows of the frame count: the caller says which
those are. Amounts of different currencies are never added; each has a chart of its own.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable

_AMOUNTS = ("donation_gross_amount", "donation_amount", "total_gross_amount")
"""Amounts that can be added up, the best first, all in the currency of ``currency_code``; others, such as a
goal, have no total."""
_MOST_CHARTS = 4
_MOST_STATUSES = 5
_MOST_MONTHS = 36
"""More months than that are shown as years."""
_OTHER = "other"
_NO_DATE = "no date"


def totals(frame: pd.DataFrame, date_column: str | None) -> dict[str, Any] | None:
    """Add up the rows of a frame.

    Parameters
    ----------
    frame
        The rows.
    date_column
        The date that decides about the month, in the time zone that it has in the frame.

    Returns
    -------
    dict or None
        ``by`` (the date column, or empty); ``charts``, each with ``title``, ``unit``, ``periods``,
        ``statuses`` and ``values`` (a list for each status); ``notes``. None where there is nothing to add
        up: no rows, or neither a date nor a status.
    """
    date = date_column if date_column in frame and _is_date(frame[date_column]) else None
    if frame.empty or (date is None and "status" not in frame):
        return None
    months = _months(frame[date]) if date is not None else [""] * len(frame)
    statuses = _texts(frame["status"], "no status") if "status" in frame else ["all"] * len(frame)
    amounts = [name for name in _AMOUNTS if name in frame and frame[name].notna().any()]
    amount = amounts[0] if amounts and "currency_code" in frame else None
    notes = []
    if amount is None:
        units = ["rows"] * len(frame)
        values: list[Decimal | None] = [Decimal(1)] * len(frame)
    else:
        units = _texts(frame["currency_code"], "no currency")
        values = [None if pd.isna(value) else Decimal(str(value)) for value in frame[amount]]
        if missing := values.count(None):
            notes.append(f"{missing:,} of {len(values):,} rows have no {amount} and are left out.")
    common = _most_frequent(statuses)
    if len(common) > _MOST_STATUSES:
        common = [*common[: _MOST_STATUSES - 1], _OTHER]
    cells: dict[str, dict[tuple[str, str], Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for month, status, unit, value in zip(months, statuses, units, values, strict=True):
        if value is not None:
            cells[unit][month, status if status in common else _OTHER] += value
    shown = [unit for unit in _most_frequent(units) if unit in cells]
    if len(shown) > _MOST_CHARTS:
        notes.append(f"Not shown: {', '.join(shown[_MOST_CHARTS:])}.")
    what = f"Sum of {amount}" if amount else "Rows"
    charts = [
        {"title": f"{what} in {unit}" if amount else what, "unit": unit, **_chart(cells[unit], common)}
        for unit in shown[:_MOST_CHARTS]
    ]
    return {"by": date or "", "charts": charts, "notes": notes} if charts else None


def _chart(cells: dict[tuple[str, str], Decimal], common: list[str]) -> dict[str, Any]:
    periods = _filled({month for month, _ in cells})
    if len(periods) > _MOST_MONTHS:
        by_year: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for (month, status), value in cells.items():
            by_year[month if month == _NO_DATE else month[:4], status] += value
        cells, periods = by_year, _filled({period for period, _ in by_year})
    there = [status for status in common if any(status == other for _, other in cells)]
    return {
        "periods": periods,
        "statuses": there,
        "values": [[float(cells.get((period, status), 0)) for period in periods] for status in there],
    }


def _filled(found: set[str]) -> list[str]:
    """Return the months or years from the first to the last, also those without rows; "no date" is last."""
    dated = sorted(found - {_NO_DATE})
    if not dated or dated == [""]:
        periods = dated
    elif len(dated[0]) == len("2026"):
        periods = [str(year) for year in range(int(dated[0]), int(dated[-1]) + 1)]
    else:
        periods = [str(month) for month in pd.period_range(dated[0], dated[-1], freq="M")]
    return [*periods, *([_NO_DATE] if _NO_DATE in found else [])]


def _is_date(column: pd.Series[Any]) -> bool:
    return hasattr(column, "dt") and hasattr(column.dt, "month")


def _months(column: pd.Series[Any]) -> list[str]:
    years, months = column.dt.year, column.dt.month
    return [
        _NO_DATE if pd.isna(year) or pd.isna(month) else f"{int(year):04d}-{int(month):02d}"
        for year, month in zip(years, months, strict=True)
    ]


def _texts(column: pd.Series[Any], missing: str) -> list[str]:
    return [missing if pd.isna(value) else str(value) for value in column]


def _most_frequent(texts: Iterable[str]) -> list[str]:
    return [str(text) for text in pd.Series(list(texts), dtype=object).value_counts().index]
