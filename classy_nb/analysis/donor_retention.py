"""Who came back: retention, and the gains and losses behind the growth in giving."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from . import columns as col
from .years import Years, by_year, check_year, last_day

_RETENTION = {
    "year": col.ID,
    **dict.fromkeys(("donors", "new", "retained", "recaptured", "lapsed"), col.ID),
    **dict.fromkeys(("retention_rate", "new_donor_retention_rate", "repeat_donor_retention_rate"), col.MONEY),
    **dict.fromkeys(("amount", "amount_retained", "amount_retention_rate"), col.MONEY),
    "currency": col.TEXT,
    "complete": col.FLAG,
}
_GROUPS = ("new", "recaptured", "upgraded", "same", "downgraded", "lapsed, new", "lapsed, repeat")


def retention(gifts: pd.DataFrame, *, first_month: int = 1, today: Any = None) -> pd.DataFrame:
    """Count for each year who gave, who came back and who did not.

    For a year and the one before it:

    - **new**: gave this year and never before (in the frame: fetch the whole history, or donors of
      earlier years look new);
    - **retained**: gave in both years;
    - **recaptured**: gave this year, not last year, but before that;
    - **lapsed**: gave last year, not this year;
    - **retention rate**: retained donors / last year's donors. Split by whether last year was their
      first: **new-donor** and **repeat-donor** retention rate;
    - **amount retained**: of the amount that each of last year's donors gave, what came again (at most
      what they gave last year); **amount retention rate**: that / last year's amount.

    ``donors = new + retained + recaptured``; last year's donors are ``retained + lapsed``.

    Parameters
    ----------
    gifts
        What :func:`gifts` returned. Gifts without a supporter cannot be attributed and are not used.
    first_month
        The month that a (fiscal) year starts with. A year that starts later than January bears the
        number of the calendar year it ends in.
    today
        The day as of which a year is ``complete`` or still running; the current day where None.

    Returns
    -------
    pandas.DataFrame
        One row per year, from the first gift's to the last one's. ``year``, ``donors``, ``new``,
        ``retained``, ``recaptured``, ``lapsed`` (Int64); ``retention_rate``,
        ``new_donor_retention_rate``, ``repeat_donor_retention_rate`` (Float64, 0 to 1; missing where
        there was nobody to retain); ``amount``, ``amount_retained`` (Float64, to the cent, major
        units), ``amount_retention_rate`` (Float64, 0 to 1), ``currency`` (string), ``complete``
        (boolean). No gifts give no rows.

    Raises
    ------
    UsageError
        A column is missing, the gifts are in several currencies, or *first_month* is no month.

    Notes
    -----
    Source: Fundraising Effectiveness Project (FEP) of the Association of Fundraising Professionals
    (AFP): "AFP FEP Glossary of Terms" and the annual "Fundraising Effectiveness Survey Report" (donor
    retention; gift or dollar retention, which is 1 less the share lost to lapsed and downgraded gifts).
    """
    years = by_year(gifts, first_month)
    now = col.today_or(today, col.zone_of(gifts["purchased_at"], "analysis.gifts(transactions)"))
    rows = [_retention_in(years, year) for year in years.years]
    table = pd.DataFrame(rows, columns=list(_RETENTION))
    table["currency"] = years.currency
    table["complete"] = [last_day(year, first_month) < now for year in years.years]
    money = dict.fromkeys(("amount", "amount_retained"), 2)
    return col.typed({name: table[name] for name in _RETENTION}, _RETENTION).round(money)


def _retention_in(years: Years, year: int) -> dict[str, Any]:
    now, last = years.at(year), years.at(year - 1)
    gave, gave_last, gave_before = now > 0, last > 0, years.before(year)
    newcomer = gave_last & ~years.before(year - 1)
    repeater = gave_last & ~newcomer
    kept = np.minimum(now, last).sum()
    return {
        "year": year,
        "donors": int(gave.sum()),
        "new": int((gave & ~gave_before).sum()),
        "retained": int((gave & gave_last).sum()),
        "recaptured": int((gave & gave_before & ~gave_last).sum()),
        "lapsed": int((gave_last & ~gave).sum()),
        "retention_rate": _share((gave & gave_last).sum(), gave_last.sum()),
        "new_donor_retention_rate": _share((gave & newcomer).sum(), newcomer.sum()),
        "repeat_donor_retention_rate": _share((gave & repeater).sum(), repeater.sum()),
        "amount": now.sum(),
        "amount_retained": kept,
        "amount_retention_rate": _share(kept, last.sum()),
    }


def _share(part: Any, whole: Any) -> float | None:
    return float(part / whole) if whole else None


def gain_loss(gifts: pd.DataFrame, year: int, *, first_month: int = 1) -> pd.DataFrame:
    """Explain the growth in giving from the year before: who gained it, who lost it.

    Every donor of either year is in one group: ``new``, ``recaptured`` (gains), ``upgraded``, ``same``,
    ``downgraded`` (gave in both years: more, as much, less), ``lapsed, new`` (last year was their
    first) and ``lapsed, repeat`` (losses). The changes add up to the growth in giving.

    Parameters
    ----------
    gifts
        What :func:`gifts` returned; gifts without a supporter are not used.
    year
        The later of the two years. While it is running, gifts that are still to come look like losses.
    first_month
        As for :func:`retention`.

    Returns
    -------
    pandas.DataFrame
        Seven rows, also without gifts: ``group`` (string), ``donors`` (Int64), ``amount_before``,
        ``amount``, ``change`` (Float64, to the cent, major units), ``currency`` (string).

    Raises
    ------
    UsageError
        As for :func:`retention`, or *year* is no year.

    Notes
    -----
    Source: the gain and loss categories of the Fundraising Effectiveness Project (FEP, AFP), annual
    "Fundraising Effectiveness Survey Report".
    """
    check_year(year)
    years = by_year(gifts, first_month)
    now, last = np.round(years.at(year), 2), np.round(years.at(year - 1), 2)
    before, earlier = years.before(year), years.before(year - 1)
    both = (now > 0) & (last > 0)
    members = (
        (now > 0) & ~before,
        (now > 0) & before & (last == 0),
        both & (now > last),
        both & (now == last),
        both & (now < last),
        (last > 0) & (now == 0) & ~earlier,
        (last > 0) & (now == 0) & earlier,
    )
    columns = {
        "group": _GROUPS,
        "donors": [int(chosen.sum()) for chosen in members],
        "amount_before": [last[chosen].sum() for chosen in members],
        "amount": [now[chosen].sum() for chosen in members],
        "change": [(now - last)[chosen].sum() for chosen in members],
        "currency": [years.currency] * len(_GROUPS),
    }
    money = ("amount_before", "amount", "change")
    dtypes = {"group": col.TEXT, "donors": col.ID, **dict.fromkeys(money, col.MONEY), "currency": col.TEXT}
    return col.typed(columns, dtypes).round(dict.fromkeys(money, 2))
