"""From checkouts to transactions: payment, currency, fees to the cent, status, flags, ids."""

# The shares, odds and turns are the data of this file; a name for each would say less.
# ruff: noqa: PLR2004

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .payments import ANONYMOUS, COVERED, FEE_ON_TOP, GIFT_AID, HIDDEN, OPTED_IN, REPROCESS, SYNC

from .calendar import DAY, Flags, Ints
from .gifts import Sales
from .names import COMMENTS, COMPANIES, HONOREES

if TYPE_CHECKING:
    from .fundraising import Pages
    from .plans import Plans
    from .scene import Plot
from .money import money
from .payments import ACH, FACEBOOK, FREE, OFFLINE, PAYPAL, SOURCES

Objects = npt.NDArray[np.object_]
STATUSES = np.array(
    [
        "success",
        "refunded",
        "failed",
        "incomplete",
        "canceled",
        "test",
        "voided",
        "pending",
        "cb_lost",
        "cb_initiated",
    ],
    dtype=object,
)
_ONLINE = (0.931, 0.013, 0.02, 0.016, 0.004, 0.005, 0.003, 0.004, 0.002, 0.002)
_PLAN = (0.953, 0.009, 0.034, 0.0, 0.0, 0.001, 0.001, 0.001, 0.0005, 0.0005)


@dataclass
class Ledger:
    """Transactions in the order of their ids, by column; masked where NULL."""

    columns: dict[str, Any]
    sales: Sales
    supporter: Ints
    """Position of the supporter, or -1."""
    charged: Flags


def assemble(plot: Plot, pages: Pages, plans: Plans, sales: tuple[Sales, Sales], base: int) -> Ledger:
    """Put plans' charges, gifts and tickets into one ledger."""
    rng = plot.rng
    merged, plan = _merge(plans, *sales)
    size = len(plan)
    pay = _pay(rng, merged, plan, plans)
    purchased, created, batch = _instants(plot, merged, plan, pay)
    order = np.lexsort((purchased, created))
    merged = Sales(*(getattr(merged, name)[order] for name in Sales.__dataclass_fields__))
    plan, pay, purchased, created, batch = (a[order] for a in (plan, pay, purchased, created, batch))
    status, charged = _status(rng, plan, pay)
    flags = _flags(plot, merged, plan, plans, pay)
    columns = {
        "id": base + np.cumsum(rng.integers(1, 60, size)),
        **money(plot, merged, pay, flags, charged, once=plan < 0),
        **_moments(plot, created, purchased, status, charged),
        **_people(plot, merged, pay),
        **_places(plot, pages, merged, plan, pay),
        **_texts(rng, merged, plan, plans, pay),
        "pay": pay,
        "batch": np.ma.masked_less(batch, 0),
        "flags": flags,
        "status": status,
        "recurring_donation_plan_id": np.ma.array(plans.ids[plan] if len(plans.ids) else plan, mask=plan < 0),
    }
    supporter = np.where(pay == FACEBOOK, -1, merged.supporter)
    _reprocess(columns, plan)
    return Ledger(columns, merged, supporter, charged)


def _merge(plans: Plans, gifts: Sales, tickets: Sales) -> tuple[Sales, Ints]:
    plan = plans.charge_plan
    nothing = np.zeros(len(plan), dtype=np.int64)
    charges = Sales(
        plans.charge_day,
        plans.supporter[plan],
        plans.campaign[plan],
        plans.amount[plan],
        nothing,
        nothing,
        nothing - 1,
        nothing + 1,
    )
    parts = (charges, gifts, tickets)
    merged = Sales(
        *(np.concatenate([getattr(p, name) for p in parts]) for name in Sales.__dataclass_fields__)
    )
    return merged, np.concatenate([plan, np.full(len(gifts.day) + len(tickets.day), -1)])


def _pay(rng: np.random.Generator, sales: Sales, plan: Ints, plans: Plans) -> Ints:
    size = len(plan)
    pay = rng.choice(
        [1, 2, 8, ACH, PAYPAL, 5, FACEBOOK, 9, 10],
        size,
        p=[0.46, 0.14, 0.06, 0.04, 0.18, 0.04, 0.02, 0.005, 0.055],
    )
    # Whoever pays by check does so every time.
    by_check = (sales.supporter * 2_654_435_761 % 1000 < 110) & (plan < 0) & (sales.ticket_type < 0)
    pay = np.where(by_check, OFFLINE, pay)
    pay = np.where((pay == FACEBOOK) & (sales.ticket_type >= 0), 1, pay)
    pay = np.where(plan >= 0, plans.pay[plan], pay) if len(plans.ids) else pay
    return np.where(sales.gift + sales.ticket == 0, FREE, pay)


def _instants(plot: Plot, sales: Sales, plan: Ints, pay: Ints) -> tuple[Ints, Ints, Ints]:
    rng, calendar, campaigns = plot.rng, plot.calendar, plot.campaigns
    size = len(plan)
    seconds = calendar.clock(rng, sales.day)
    seconds = np.where(plan >= 0, rng.integers(2 * 3600, 5 * 3600, size), seconds)
    seconds = np.where(pay == OFFLINE, 0, seconds)
    purchased = calendar.instant(sales.day, seconds, campaigns.zone[sales.campaign])
    end = calendar.seconds(calendar.days) - 1
    purchased = np.minimum(purchased, end)
    # Checks are typed in once a month, all at one midnight.
    month = (np.datetime64(calendar.start) + sales.day.astype("timedelta64[D]")).astype("datetime64[M]")
    month = month + np.timedelta64(1, "M")
    imported = month.astype("datetime64[s]").astype(np.int64)
    imported = np.maximum(np.minimum(imported, end // DAY * DAY), purchased)
    batch = np.where(pay == OFFLINE, month.astype(np.int64) - 300, -1)
    return purchased, np.where(pay == OFFLINE, imported, purchased), batch


def _status(rng: np.random.Generator, plan: Ints, pay: Ints) -> tuple[Objects, Flags]:
    size = len(plan)
    code = np.where(plan >= 0, rng.choice(10, size, p=_PLAN), rng.choice(10, size, p=_ONLINE))
    code = np.where((pay == OFFLINE) & (code != 6), 0, code)
    code = np.where((pay == FREE) & (code != 4), 0, code)
    charged = np.isin(code, [0, 1, 8, 9]) & (pay != OFFLINE) & (pay != FREE)
    return STATUSES[code], charged


def _flags(plot: Plot, sales: Sales, plan: Ints, plans: Plans, pay: Ints) -> Ints:
    rng, campaigns = plot.rng, plot.campaigns
    size = len(plan)
    online = (pay != OFFLINE) & (pay != FREE) & (pay != FACEBOOK)
    covered = rng.random(size) < 0.52
    covered = np.where(plan >= 0, plans.covered[plan] == 1, covered) if len(plans.ids) else covered
    covered &= online
    pounds = np.array([currency == "GBP" for currency in campaigns.currency])[sales.campaign]
    bits = (
        (COVERED, covered),
        (FEE_ON_TOP, covered & (sales.campaign == 0) & (plan < 0)),
        (ANONYMOUS, rng.random(size) < 0.06),
        (HIDDEN, rng.random(size) < 0.04),
        (GIFT_AID, pounds & (rng.random(size) < 0.5)),
        (OPTED_IN, rng.random(size) < 0.4),
        (SYNC, (sales.ticket_type >= 0) & (rng.random(size) < 0.1)),
    )
    flags = np.zeros(size, dtype=np.int64)
    for bit, chosen in bits:
        flags |= np.where(chosen, bit, 0)
    return flags


def _moments(plot: Plot, created: Ints, purchased: Ints, status: Objects, charged: Flags) -> dict[str, Any]:
    rng, calendar = plot.rng, plot.calendar
    size = len(created)
    end = calendar.seconds(calendar.days) - 1
    refunded = np.minimum(created + rng.integers(3600, 40 * DAY, size), end)
    is_refunded = status == "refunded"
    touched = np.isin(status, ["cb_lost", "cb_initiated", "voided"])
    updated = np.where(is_refunded | touched, refunded, np.minimum(created + rng.integers(1, 900, size), end))
    return {
        "created_at": created,
        "purchased_at": purchased,
        "charged_at": np.ma.array(np.minimum(purchased + rng.integers(1, 30, size), end), mask=~charged),
        "refunded_at": np.ma.array(refunded, mask=~is_refunded),
        "updated_at": np.maximum(updated, created),
    }


def _people(plot: Plot, sales: Sales, pay: Ints) -> dict[str, Any]:
    rng, people = plot.rng, plot.people
    size = len(pay)
    unknown = pay == FACEBOOK
    other = rng.random(size) < 0.03
    payer = np.where(other, (sales.supporter + 1) % people.size, sales.supporter)
    member = people.member_ids[sales.supporter]
    return {
        "supporter_id": np.ma.array(people.ids[sales.supporter], mask=unknown),
        "payer_id": np.ma.array(people.ids[payer], mask=unknown),
        "member_id": np.ma.array(member, mask=unknown | (member == 0) | (pay == OFFLINE)),
    }


def _places(plot: Plot, pages: Pages, sales: Sales, plan: Ints, pay: Ints) -> dict[str, Any]:
    rng, campaigns = plot.rng, plot.campaigns
    size = len(plan)
    page = pages.choose(rng, sales.campaign, sales.day)
    page = np.where((plan < 0) & (rng.random(size) < 0.8) & (pay != FACEBOOK), page, -1)
    team = np.where(page >= 0, pages.team_ids[page], 0)
    to_team = (team > 0) & (rng.random(size) < 0.06)
    anywhere = rng.choice(campaigns.designations, size)
    chosen = np.where(rng.random(size) < 0.15, anywhere, campaigns.designation[sales.campaign])
    return {
        "campaign_id": campaigns.ids[sales.campaign],
        "fundraising_page_id": np.ma.array(pages.ids[page], mask=(page < 0) | to_team),
        "fundraising_team_id": np.ma.masked_equal(team, 0),
        "designation_id": np.ma.array(chosen, mask=rng.random(size) < 0.07),
    }


def _texts(rng: np.random.Generator, sales: Sales, plan: Ints, plans: Plans, pay: Ints) -> dict[str, Any]:
    size = len(plan)
    frequency = np.full(size, "one-time", dtype=object)
    if len(plans.ids):
        frequency = np.where(plan >= 0, np.array(plans.frequency_names, dtype=object)[plan], frequency)
    once = plan < 0
    return {
        "frequency": frequency,
        "comment": _some(rng, COMMENTS, 0.06 * once),
        "company_name": _some(rng, COMPANIES, 0.012 * once),
        "in_honor_of": _some(rng, HONOREES, 0.035 * (once & (pay != FACEBOOK) & (sales.gift > 0))),
        "promo_code_code": _some(rng, ("EARLY10", "00FRIEND"), 0.06 * (sales.ticket_type >= 0)),
        "metadata": _some(
            rng, ('{"salesforce_id":"0060000001"}', "\"{foo: 'bar'}\"", '""', "[]"), np.full(size, 0.03)
        ),
        "source": np.ma.array(
            rng.integers(1, len(SOURCES) + 1, size),
            mask=(rng.random(size) > 0.3) | (pay == OFFLINE) | (plan >= 0),
        ),
    }


def _some(rng: np.random.Generator, words: tuple[str, ...], share: npt.NDArray[np.floating[Any]]) -> Objects:
    chosen = np.array([*words, None], dtype=object)
    return chosen[
        np.where(rng.random(len(share)) < share, rng.integers(0, len(words), len(share)), len(words))
    ]


def _reprocess(columns: dict[str, Any], plan: Ints) -> None:
    """After a failed charge, the plan's next charge may be a second try: it names the failed one."""
    size = len(plan)
    order = np.lexsort((np.arange(size), plan))
    before, after = order[:-1], order[1:]
    second = (plan[after] >= 0) & (plan[before] == plan[after]) & (columns["status"][before] == "failed")
    second &= columns["id"][after] % 5 < 2
    parent = np.zeros(size, dtype=np.int64)
    parent[after[second]] = columns["id"][before[second]]
    columns["flags"] |= np.where(parent > 0, REPROCESS, 0)
    columns["parent_transaction_id"] = np.ma.masked_equal(parent, 0)
