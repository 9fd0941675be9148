"""Recurring plans and the days on which they were charged."""

# The shares, odds and turns are the data of this file; a name for each would say less.
# ruff: noqa: PLR2004

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ._calendar import DAY, Calendar, Ints

if TYPE_CHECKING:
    from ._scene import Plot

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
    first = np.datetime64(calendar.start) + start
    month = first.astype("datetime64[M]")
    of_month = np.minimum((first - month).astype(np.int64), 27)
    later = (month + months).astype("datetime64[D]") + of_month
    later = np.where(months == 0, first, later)
    day = (later - np.datetime64(calendar.start)).astype(np.int64)
    return np.clip(day, 0, calendar.days - 1)


def _statuses(rng: np.random.Generator, alive: Any) -> list[str]:
    going = rng.choice(["active", "paused", "failing"], len(alive), p=[0.93, 0.03, 0.04])
    gone = rng.choice(["canceled", "failed", "ended"], len(alive), p=[0.72, 0.2, 0.08])
    return list(map(str, np.where(alive, going, gone)))


def write(plot: Plot, plans: Plans) -> None:
    """Fill the plans' table."""
    rng, calendar, campaigns, people = plot.rng, plot.calendar, plot.campaigns, plot.people
    count = len(plans.ids)
    today = calendar.seconds(calendar.days - 1)
    start = np.array([calendar.seconds(int(day)) for day in plans.columns["start"]]) + rng.integers(
        0, DAY, count
    )
    last = np.array([calendar.seconds(int(day)) for day in plans.columns["last"]])
    status = plans.status
    ended = [int(moment) + 12 * DAY for moment in last]
    canceled = [moment if s == "canceled" else None for s, moment in zip(status, ended, strict=True)]
    paused = [s == "paused" for s in status]
    step = [int(months) * 30 * DAY for months in plans.columns["step"]]
    adjustment = np.where(plans.covered, (plans.amount * 0.055).astype(np.int64) + 30, 0)
    plot.store.insert(
        "recurring_donation_plans",
        {
            "id": plans.ids,
            "organization_id": [plot.organization] * count,
            "campaign_id": campaigns.ids[plans.campaign],
            "supporter_id": people.ids[plans.supporter],
            "member_id": people.member_ids[plans.supporter],
            "designation_id": [
                int(d) if n % 3 else None for n, d in enumerate(campaigns.designation[plans.campaign])
            ],
            "fundraising_page_id": [None] * count,
            "fundraising_team_id": [None] * count,
            "ach_last_four": [
                int(c) if p == 3 else None
                for c, p in zip(people.card[plans.supporter], plans.pay, strict=True)
            ],
            "flags": plans.covered,
            "pay": plans.pay,
            "is_paused": list(map(int, paused)),
            "migrated": [int(n % 40 == 0) for n in range(count)],
            "status": status,
            "frequency": [_FREQUENCIES[n][0] for n in plans.frequency],
            "raw_currency_code": [campaigns.currency[c] for c in plans.campaign],
            "cancel_by": [
                None if c is None else ("supporter", "admin")[n % 4 == 0] for n, c in enumerate(canceled)
            ],
            "cancel_reason_code": [None if c is None else "1" for c in canceled],
            "cancel_reason_text": [None if c is None else "Can't afford it, sorry" for c in canceled],
            "company_name": [None] * count,
            "timezone_identifier": ["America/Los_Angeles"] * count,
            "metadata": [
                '{"source":"old system","id":"00042"}' if n % 40 == 0 else None for n in range(count)
            ],
            "created_at": start,
            "started_at": start,
            "updated_at": np.maximum(last, start) + 3600,
            "canceled_at": canceled,
            "failed_at": [
                int(m) if s in {"failed", "failing"} else None for s, m in zip(status, last, strict=True)
            ],
            "next_processing_date": [
                max(int(m) + d, today + DAY) if s in {"active", "failing"} else None
                for s, m, d in zip(status, last, step, strict=True)
            ],
            "pause_until": [today + 60 * DAY if p else None for p in paused],
            "plan_paused_on_date": [int(m) + DAY if p else None for p, m in zip(paused, last, strict=True)],
            "recur_until": [m if s == "ended" else None for s, m in zip(status, ended, strict=True)],
            "migration_date": [int(m) if n % 40 == 0 else None for n, m in enumerate(start)],
            "donation": plans.amount,
            "adjustment": adjustment,
            "raw_donation": plans.amount,
            "raw_adjustment": adjustment,
        },
    )
