"""Totals of pages and teams (``aggregates``, ``aggregates2``) and the overviews."""

# The statements are put together from the names of our own tables and columns and from numbers;
# what a client sends goes in as parameters.
# ruff: noqa: S608

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .filler import moment as written
from .query import Query, seconds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .store import Record, Store

_COLUMN = {"FundraisingPage": "fundraising_page_id", "FundraisingTeam": "fundraising_team_id"}
_RAISED = "COALESCE(SUM(x.donation), 0) / 100.0"
_SOFT = "x.id % 7 = 0 AND x.donation > 0"


def _totals(record: str) -> dict[str, str]:
    column = _COLUMN[record]

    def total(what: str, more: str = "1") -> str:
        mine = f"x.{column} = t.id AND x.status = 'success' AND {more}"
        return f"(SELECT {what} FROM base_transactions x WHERE {mine})"

    fundraisers = (
        "1"
        if record == "FundraisingPage"
        else "(SELECT COUNT(*) FROM base_fundraising_pages g WHERE g.fundraising_team_id = t.id)"
    )
    raised = total(_RAISED)
    return {
        "total_raised": raised,
        "total_donations": total("COUNT(*)"),
        "total_donors": total("COUNT(DISTINCT x.supporter_id)"),
        "total_fundraisers": fundraisers,
        "total_hard_credits": raised,
        "total_soft_credits": total(_RAISED, _SOFT),
        "progress_bar_amount": raised,
        "average_donation": total("COALESCE(ROUND(AVG(x.donation)) / 100.0, 0.0)"),
        "largest_donation": total("COALESCE(MAX(x.donation) / 100.0, 0.0)"),
        "percent_to_goal": f"CASE WHEN t.goal > 0 THEN ROUND(10000.0 * {raised} / t.goal, 2) ELSE 0.0 END",
        "net_credit_balance": raised,
    }


_TEXT = {
    "total_donors": "%d",
    "total_fundraisers": "%d",
    "total_hard_credits": "%.2f",
    "total_soft_credits": "%.2f",
    "progress_bar_amount": "%.2f",
}
_SECOND = {
    "raised_amount": "total_raised",
    "donations_count": "total_donations",
    "donors_count": "total_donors",
    "average_donation_amount": "average_donation",
    "largest_donation_amount": "largest_donation",
    "hard_credits_amount": "total_hard_credits",
    "soft_credits_amount": "total_soft_credits",
    "progress_bar_amount": "progress_bar_amount",
}


def expressions(record: str) -> Mapping[str, str]:
    """Return the SQL of each aggregate, to sort by; none for records without."""
    return _totals(record) if record in _COLUMN else {}


def add(store: Store, records: list[Record], record: str, *, first: bool, second: bool) -> None:
    """Add the keys of ``aggregates`` (numbers and text) and of ``aggregates2`` (numbers) to *records*."""
    if record not in _COLUMN or not records or not (first or second):
        return
    totals = _totals(record)
    table = "base_fundraising_pages" if record == "FundraisingPage" else "base_fundraising_teams"
    marks = ",".join(str(int(row["id"])) for row in records)
    rows = store.execute(f"SELECT t.id, {', '.join(totals.values())} FROM {table} t WHERE t.id IN ({marks})")
    found = {row[0]: dict(zip(totals, row[1:], strict=True)) for row in rows}
    texts = _TEXT | ({"total_donations": "%d"} if record == "FundraisingTeam" else {})
    for row in records:
        values = found[row["id"]]
        if second:
            row.update({name: values[source] for name, source in _SECOND.items()})
        if first:
            row.update(
                {name: texts[name] % value if name in texts else value for name, value in values.items()}
            )


def _sums(store: Store, condition: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    total = "x.donation + x.overhead + x.adjustment"
    row = store.execute(
        f"""SELECT COUNT(*), COUNT(DISTINCT x.supporter_id), COALESCE(SUM(x.donation), 0),
          COALESCE(SUM(x.overhead), 0),
          COALESCE(SUM({total}), 0), COALESCE(SUM(x.classy + x.pp), 0),
          COALESCE(SUM(x.donation + x.adjustment - x.classy - x.pp), 0)
        FROM base_transactions x WHERE x.status = 'success' AND {condition}""",
        parameters,
    )[0]
    names = ("count", "donors", "donations", "registrations", "gross", "fees", "net")
    return dict(zip(names, row, strict=True))


def campaign_overview(store: Store, campaign: int) -> dict[str, Any]:
    """Return the overview of a campaign: a flat object with some amounts as text."""
    sums = _sums(store, "x.campaign_id = :campaign", {"campaign": campaign})
    goal = store.execute("SELECT goal FROM base_campaigns WHERE id = ?", [campaign])[0][0]
    return {
        "donation_net_amount": f"{sums['net'] / 100:.2f}",
        "donations_amount": f"{sums['donations'] / 100:.2f}",
        "donors_count": sums["donors"],
        "fees_amount": sums["fees"] / 100,
        "gross_amount": f"{sums['gross'] / 100:.2f}",
        "net_amount": f"{(sums['gross'] - sums['fees']) / 100:.2f}",
        "percent_to_goal": round(100 * sums["gross"] / goal, 2) if goal else 0.0,
        "registrations_amount": f"{sums['registrations'] / 100:.2f}",
        "total_gross_amount": f"{sums['gross'] / 100:.2f}",
        "transactions_count": sums["count"],
    }


def overview(store: Store, record: str, number: int, query: Query) -> dict[str, Any]:
    """Return the overview of a page or a team; ``start_date`` and ``end_date`` bound it."""
    column = _COLUMN[record]
    bounds = {name: query.last(name) for name in ("start_date", "end_date")}
    moments = {name: seconds(text, name) for name, text in bounds.items() if text}
    condition = f"x.{column} = :number"
    condition += " AND x.purchased_at >= :start_date" if "start_date" in moments else ""
    condition += " AND x.purchased_at < :end_date" if "end_date" in moments else ""
    sums = _sums(store, condition, {"number": number, **moments})
    table = "base_fundraising_pages" if record == "FundraisingPage" else "base_fundraising_teams"
    goal, created = store.execute(f"SELECT goal, created_at FROM {table} WHERE id = ?", [number])[0]
    soft = store.execute(
        f"SELECT COALESCE(SUM(donation), 0) FROM base_transactions x WHERE {condition}"
        f" AND x.status = 'success' AND {_SOFT}",
        {"number": number, **moments},
    )[0][0]
    metrics = {
        "soft_credits_amount": soft / 100,
        "start_date": _shown(moments.get("start_date", created)),
        "donations_amount": sums["donations"] / 100,
        "donors_count": sums["donors"],
        "fees_amount": sums["fees"] / 100,
        "gross_amount": sums["gross"] / 100,
        "net_amount": (sums["gross"] - sums["fees"]) / 100,
        "percent_to_goal": round(100 * sums["gross"] / goal, 2) if goal else 0.0,
        "registrations_amount": sums["registrations"] / 100,
        "transactions_count": sums["count"],
    }
    if record == "FundraisingTeam":
        metrics["progress_bar_amount"] = sums["donations"] / 100
    return {
        "start_time": _shown(moments.get("start_date")),
        "end_time": _shown(moments.get("end_date")),
        "timezone": query.last("timezone") or "America/Los_Angeles",
        "metrics": metrics,
    }


def _shown(moment: int | None) -> str | None:
    return None if moment is None else written(moment, "+0000")
