"""Recurring plans and the days on which they were charged."""

# The shares, odds and turns are the data of this file; a name for each would say less.
# ruff: noqa: PLR2004

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .calendar import DAY, Calendar, Ints

if TYPE_CHECKING:
    from .scene import Plot

_FREQUENCIES = (("monthly", 1), ("quarterly", 3), ("yearly", 12), ("semi-annually", 6))
_SHARES = (0.88, 0.06, 0.04, 0.02)
_AMOUNTS = np.array([5, 10, 15, 20, 25, 30, 50, 100, 250]) * 100
_AMOUNT_SHARES = (0.05, 0.18, 0.12, 0.16, 0.22, 0.06, 0.14, 0.06, 0.01)
_MOST = 0.48
"""At most this share of all transactions is charged by plans."""


@dataclass
class Plans:
    """The plans, by position, and their charges."""

    ids: Ints
    supporter: Ints
    campaign: Ints
    amount: Ints
    frequency: Ints
    pay: Ints
    covered: Ints
    status: list[str]
    columns: dict[str, Any]
    charge_plan: Ints
    charge_day: Ints

    @property
    def frequency_names(self) -> list[str]:
        """The plans' frequencies, as the transactions spell them."""
        return [_FREQUENCIES[n][0].replace("annually", "annual") for n in self.frequency]


def draw(plot: Plot, base: int, count: int, total: int) -> Plans:
    """Draw *count* plans for an organization with *total* transactions."""
    rng, calendar, people = plot.rng, plot.calendar, plot.people
    with_login = np.flatnonzero(people.member_ids)
    count = min(count, len(with_login))
    start = calendar.draw(rng, np.zeros(count, dtype=np.int64), np.full(count, calendar.days))
    frequency = rng.choice(len(_FREQUENCIES), count, p=_SHARES)
    step = np.array([months for _, months in _FREQUENCIES])[frequency]
    life = rng.exponential(1.0, count)
    months = 17.0
    while True:
        charges, alive = _charges(calendar, start, step, life * months)
        if charges.sum() <= _MOST * total:
            break
        months *= 0.85
        start = start + (calendar.days - 1 - start) // 6
    plan = np.repeat(np.arange(count), charges)
    turn = np.arange(len(plan)) - np.repeat(np.cumsum(charges) - charges, charges)
    day = _months_later(calendar, start[plan], turn * step[plan])
    general = plot.campaigns.general
    where = np.where(rng.random(count) < 0.7, general[1 % len(general)], rng.choice(general, count))
    return Plans(
        ids=base + np.cumsum(rng.integers(1, 12, count)),
        supporter=rng.permutation(with_login)[:count],
        campaign=where,
        amount=rng.choice(_AMOUNTS, count, p=_AMOUNT_SHARES),
        frequency=frequency,
        pay=rng.choice([1, 2, 3, 4], count, p=[0.55, 0.2, 0.05, 0.2]),
        covered=(rng.random(count) < 0.5).astype(np.int64),
        status=_statuses(rng, alive),
        columns={"start": start, "last": day[np.cumsum(charges) - 1], "step": step},
        charge_plan=plan,
        charge_day=day,
    )


def _charges(calendar: Calendar, start: Ints, step: Ints, months: Any) -> tuple[Ints, Any]:
    possible = 1 + _months_until_today(calendar, start) // step
    wanted = 1 + (months / step).astype(np.int64)
    return np.minimum(possible, wanted), wanted >= possible


def _months_until_today(calendar: Calendar, start: Ints) -> Ints:
    days = calendar.days - 1 - start
    return (days / 30.4375).astype(np.int64) - (days % 30.4375 < 2)


def _months_later(calendar: Calendar, start: Ints, months: Ints) -> Ints:
    first = np.datetime64(calendar.start) + start.astype("timedelta64[D]")
    month = first.astype("datetime64[M]")
    of_month = np.minimum((first - month).astype(np.int64), 27)
    later = (month + months.astype("timedelta64[M]")).astype("datetime64[D]") + of_month
    later = np.where(months == 0, first, later)
    day = (later - np.datetime64(calendar.start)).astype(np.int64)
    return np.clip(day, 0, calendar.days - 1)


def _statuses(rng: np.random.Generator, alive: Any) -> list[str]:
    going = rng.choice(["active", "paused", "failing"], len(alive), p=[0.93, 0.03, 0.04])
    gone = rng.choice(["canceled", "failed", "ended"], len(alive), p=[0.72, 0.2, 0.08])
    return list(map(str, np.where(alive, going, gone)))


def write(plot: Plot, plans: Plans) -> None:
    """Fill the plans' table."""
    calendar = plot.calendar
    count = len(plans.ids)
    today = calendar.seconds(calendar.days - 1)
    start = np.array([calendar.seconds(int(day)) for day in plans.columns["start"]])
    start = start + plot.rng.integers(0, DAY, count)
    last = [calendar.seconds(int(day)) for day in plans.columns["last"]]
    plot.store.insert(
        "recurring_donation_plans",
        {
            "id": plans.ids,
            "organization_id": [plot.organization] * count,
            **_owners(plot, plans),
            **_terms(plot, plans),
            "status": plans.status,
            "timezone_identifier": ["America/Los_Angeles"] * count,
            "created_at": start,
            "started_at": start,
            "updated_at": np.maximum(last, start) + 3600,
            "next_processing_date": _next_charge(plans, last, today),
            **_pauses(plans.status, last, today),
            **_endings(plans.status, last),
            **_migration(start),
        },
    )


def _owners(plot: Plot, plans: Plans) -> dict[str, Any]:
    """Whose plan it is, and whom it is for."""
    campaigns, people = plot.campaigns, plot.people
    nothing = [None] * len(plans.ids)
    return {
        "campaign_id": campaigns.ids[plans.campaign],
        "supporter_id": people.ids[plans.supporter],
        "member_id": people.member_ids[plans.supporter],
        "designation_id": [
            int(d) if n % 3 else None for n, d in enumerate(campaigns.designation[plans.campaign])
        ],
        "fundraising_page_id": nothing,
        "fundraising_team_id": nothing,
        "company_name": nothing,
    }


def _terms(plot: Plot, plans: Plans) -> dict[str, Any]:
    """How much is charged, how often and from what."""
    card = plot.people.card[plans.supporter]
    adjustment = np.where(plans.covered, (plans.amount * 0.055).astype(np.int64) + 30, 0)
    return {
        "ach_last_four": [int(c) if p == 3 else None for c, p in zip(card, plans.pay, strict=True)],
        "flags": plans.covered,
        "pay": plans.pay,
        "frequency": [_FREQUENCIES[n][0] for n in plans.frequency],
        "raw_currency_code": [plot.campaigns.currency[c] for c in plans.campaign],
        "donation": plans.amount,
        "adjustment": adjustment,
        "raw_donation": plans.amount,
        "raw_adjustment": adjustment,
    }


def _next_charge(plans: Plans, last: list[int], today: int) -> list[int | None]:
    step = [int(months) * 30 * DAY for months in plans.columns["step"]]
    return [
        max(moment + wait, today + DAY) if status in {"active", "failing"} else None
        for status, moment, wait in zip(plans.status, last, step, strict=True)
    ]


def _pauses(statuses: list[str], last: list[int], today: int) -> dict[str, list[int | None]]:
    paused = [status == "paused" for status in statuses]
    return {
        "is_paused": [int(p) for p in paused],
        "pause_until": [today + 60 * DAY if p else None for p in paused],
        "plan_paused_on_date": [m + DAY if p else None for p, m in zip(paused, last, strict=True)],
    }


def _endings(statuses: list[str], last: list[int]) -> dict[str, list[Any]]:
    """When and why plans were canceled, failed or ran out."""
    moments = list(zip(statuses, last, strict=True))
    canceled = [m + 12 * DAY if status == "canceled" else None for status, m in moments]
    return {
        "canceled_at": canceled,
        "cancel_by": [
            None if c is None else ("supporter", "admin")[n % 4 == 0] for n, c in enumerate(canceled)
        ],
        "cancel_reason_code": [None if c is None else "1" for c in canceled],
        "cancel_reason_text": [None if c is None else "Can't afford it, sorry" for c in canceled],
        "failed_at": [m if status in {"failed", "failing"} else None for status, m in moments],
        "recur_until": [m + 12 * DAY if status == "ended" else None for status, m in moments],
    }


def _migration(start: Ints) -> dict[str, list[Any]]:
    """Every fortieth plan comes from an old system."""
    migrated = [n % 40 == 0 for n in range(len(start))]
    return {
        "migrated": [int(m) for m in migrated],
        "metadata": ['{"source":"old system","id":"00042"}' if m else None for m in migrated],
        "migration_date": [int(s) if m else None for s, m in zip(start, migrated, strict=True)],
    }
