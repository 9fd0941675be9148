"""Recurring plans and the days on which they were charged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .scene import DAY, KNOBS, METADATA, Calendar, Flags, Floats, Ints, Scene

_KNOBS = KNOBS["plans"]
_FREQUENCIES: list[str] = [name for name, _, _ in _KNOBS["frequencies"]]
_MONTHS = np.array([months for _, months, _ in _KNOBS["frequencies"]])
_ACH = 3


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
    start: Ints
    last: Ints
    """The days of the first and the last charge."""
    charge_plan: Ints
    """The plan of each charge."""
    charge_day: Ints

    @property
    def frequency_names(self) -> list[str]:
        """The plans' frequencies, as the transactions spell them."""
        return [_FREQUENCIES[n].replace("annually", "annual") for n in self.frequency]


def draw(scene: Scene, base: int, count: int, total: int) -> Plans:
    """Draw *count* plans for an organization with *total* transactions."""
    rng, calendar = scene.rng, scene.calendar
    members = np.flatnonzero(scene.people.member_ids)
    count = min(count, len(members))
    start = calendar.draw(rng, np.zeros(count, dtype=np.int64), np.full(count, calendar.days))
    shares = [share for _, _, share in _KNOBS["frequencies"]]
    frequency = rng.choice(len(_FREQUENCIES), count, p=shares)
    step = _MONTHS[frequency]
    life = rng.exponential(1.0, count)
    months = _KNOBS["months"]
    while True:
        charges, is_alive = _charges(calendar, start, step, life * months)
        if charges.sum() <= _KNOBS["most_share"] * total:
            break
        months *= 0.85
        start = start + (calendar.days - 1 - start) // 6
    plan = np.repeat(np.arange(count), charges)
    turn = np.arange(len(plan)) - np.repeat(np.cumsum(charges) - charges, charges)
    day = _months_later(calendar, start[plan], turn * step[plan])
    evergreen = scene.campaigns.evergreen
    at_second = rng.random(count) < _KNOBS["second_evergreen_share"]
    return Plans(
        campaign=np.where(at_second, evergreen[1], rng.choice(evergreen, count)),
        ids=base + np.cumsum(rng.integers(1, 12, count)),
        supporter=rng.permutation(members)[:count],
        amount=rng.choice(_KNOBS["amounts"], count, p=_KNOBS["amount_shares"]),
        frequency=frequency,
        pay=rng.choice(_KNOBS["payments"], count, p=_KNOBS["payment_shares"]),
        covered=(rng.random(count) < _KNOBS["covered_share"]).astype(np.int64),
        status=_statuses(rng, is_alive),
        start=start,
        last=day[np.cumsum(charges) - 1],
        charge_plan=plan,
        charge_day=day,
    )


def _charges(calendar: Calendar, start: Ints, step: Ints, months: Floats) -> tuple[Ints, Flags]:
    """Return how often each plan was charged in a life of *months*, and whether it is still alive."""
    days = calendar.days - 1 - start
    until_today = (days / 30.4375).astype(np.int64) - (days % 30.4375 < 2)
    possible = 1 + until_today // step
    wanted = 1 + (months / step).astype(np.int64)
    return np.minimum(possible, wanted), wanted >= possible


def _months_later(calendar: Calendar, start: Ints, months: Ints) -> Ints:
    """Return the same day of the month, but the 28th at the latest, *months* later."""
    first = np.datetime64(calendar.start) + start.astype("timedelta64[D]")
    month = first.astype("datetime64[M]")
    of_month = np.minimum((first - month).astype(np.int64), 27).astype("timedelta64[D]")
    later = (month + months.astype("timedelta64[M]")).astype("datetime64[D]") + of_month
    later = np.where(months == 0, first, later)
    day = (later - np.datetime64(calendar.start)).astype(np.int64)
    return np.clip(day, 0, calendar.days - 1)


def _statuses(rng: np.random.Generator, is_alive: Flags) -> list[str]:
    alive, gone = (
        rng.choice(list(shares), len(is_alive), p=list(shares.values()))
        for shares in (_KNOBS["alive"], _KNOBS["gone"])
    )
    return list(map(str, np.where(is_alive, alive, gone)))


def write(scene: Scene, plans: Plans) -> None:
    """Fill the plans' table."""
    calendar, campaigns, people = scene.calendar, scene.campaigns, scene.people
    today = calendar.seconds(calendar.days - 1)
    second = scene.rng.integers(0, DAY, len(plans.ids))
    rows: list[dict[str, Any]] = []
    for n, status in enumerate(plans.status):
        start = calendar.seconds(int(plans.start[n])) + int(second[n])
        last = calendar.seconds(int(plans.last[n]))
        next_charge = last + int(_MONTHS[plans.frequency[n]]) * 30 * DAY
        amount = int(plans.amount[n])
        adjustment = int(amount * 0.055) + 30 if plans.covered[n] else 0
        campaign, supporter = plans.campaign[n], plans.supporter[n]
        is_canceled, is_migrated = status == "canceled", n % 40 == 0  # every fortieth from an old system
        row = {
            "id": int(plans.ids[n]),
            "organization_id": scene.organization,
            "campaign_id": int(campaigns.ids[campaign]),
            "supporter_id": int(people.ids[supporter]),
            "member_id": int(people.member_ids[supporter]),
            "designation_id": int(campaigns.designation[campaign]) if n % 3 else None,
            "ach_last_four": int(people.card[supporter]) if plans.pay[n] == _ACH else None,
            "flags": int(plans.covered[n]),
            "pay": int(plans.pay[n]),
            "frequency": _FREQUENCIES[plans.frequency[n]],
            "raw_currency_code": campaigns.currency[campaign],
            "donation": amount,
            "adjustment": adjustment,
            "raw_donation": amount,
            "raw_adjustment": adjustment,
            "status": status,
            "timezone_identifier": "America/Los_Angeles",
            "created_at": start,
            "started_at": start,
            "updated_at": max(last, start) + 3600,
            "next_processing_date": (
                max(next_charge, today + DAY) if status in {"active", "failing"} else None
            ),
            "is_paused": int(status == "paused"),
            "pause_until": today + 60 * DAY if status == "paused" else None,
            "plan_paused_on_date": last + DAY if status == "paused" else None,
            "canceled_at": last + 12 * DAY if is_canceled else None,
            "cancel_by": ("supporter", "admin")[n % 4 == 0] if is_canceled else None,
            "cancel_reason_code": "1" if is_canceled else None,
            "cancel_reason_text": "Can't afford it, sorry" if is_canceled else None,
            "failed_at": last if status in {"failed", "failing"} else None,
            "recur_until": last + 12 * DAY if status == "ended" else None,
            "migrated": int(is_migrated),
            "metadata": METADATA[n // 40 % len(METADATA)] if is_migrated else None,
            "migration_date": start if is_migrated else None,
        }
        rows.append(row)
    scene.store.insert_rows("recurring_donation_plans", rows)
