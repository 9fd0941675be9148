"""From checkouts to transactions: payment, currency, fees to the cent, status, flags, ids."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .gifts import Sales, gifts_only
from .scene import DAY, KNOBS, METADATA, Flags, Ints, Objects, Scene

if TYPE_CHECKING:
    from .fundraising import Pages
    from .plans import Plans

_KNOBS = KNOBS["transactions"]
_STATUSES = np.array(_KNOBS["statuses"], dtype=object)
_CURRENCIES: list[str] = _KNOBS["currencies"]
_RATES = np.array(_KNOBS["rates"])
_YEN = _CURRENCIES.index("JPY")

FREE, ACH, OFFLINE, FACEBOOK = 0, 3, 6, 7
"""Ways to pay that are special: codes of ``payments``."""
COVERED, FEE_ON_TOP, ANONYMOUS, HIDDEN, GIFT_AID, REPROCESS, OPTED_IN, SYNC = (1 << n for n in range(8))
"""Bits of ``flags``."""


@dataclass
class Ledger:
    """Transactions in the order of their ids, by column; masked where NULL."""

    columns: dict[str, Any]
    sales: Sales
    supporter: Ints
    """Position of the supporter, or -1."""
    charged: Flags


def assemble(scene: Scene, pages: Pages, plans: Plans, sales: tuple[Sales, Sales], base: int) -> Ledger:
    """Put plans' charges, gifts and tickets into one ledger."""
    rng = scene.rng
    merged, plan = _merge(plans, *sales)
    pay = _pay(rng, merged, plan, plans)
    purchased, created, batch = _instants(scene, merged, plan, pay)
    order = np.lexsort((purchased, created))
    merged = Sales(*(getattr(merged, entry.name)[order] for entry in fields(Sales)))
    plan, pay, purchased, created, batch = (a[order] for a in (plan, pay, purchased, created, batch))
    status, charged = _status(rng, plan, pay)
    flags = _flags(scene, merged, plan, plans, pay)
    columns = {
        "id": base + np.cumsum(rng.integers(1, 60, len(plan))),
        **_money(scene, merged, pay, flags, charged, once=plan < 0),
        **_history(scene, created, purchased, status, charged),
        **_people(scene, merged, pay),
        **_places(scene, pages, merged, plan, pay),
        **_texts(rng, merged, plan, plans, pay),
        "pay": pay,
        "batch": np.ma.masked_less(batch, 0),
        "flags": flags,
        "status": status,
        "recurring_donation_plan_id": np.ma.array(plans.ids[plan] if len(plans.ids) else plan, mask=plan < 0),
    }
    _reprocess(columns, plan)
    supporter = np.where(pay == FACEBOOK, -1, merged.supporter)
    return Ledger(columns, merged, supporter, charged)


def _merge(plans: Plans, gifts: Sales, tickets: Sales) -> tuple[Sales, Ints]:
    """Return all checkouts, and the plan of each, or -1."""
    plan = plans.charge_plan
    charges = gifts_only(plans.charge_day, plans.supporter[plan], plans.campaign[plan], plans.amount[plan])
    parts = (charges, gifts, tickets)
    merged = Sales(*(np.concatenate([getattr(p, entry.name) for p in parts]) for entry in fields(Sales)))
    return merged, np.concatenate([plan, np.full(len(gifts.day) + len(tickets.day), -1)])


def _pay(rng: np.random.Generator, sales: Sales, plan: Ints, plans: Plans) -> Ints:
    shares = KNOBS["payments"]["shares"]
    pay = rng.choice([int(code) for code in shares], len(plan), p=list(shares.values()))
    # Whoever pays by check does so every time.
    writes_checks = sales.supporter * 2_654_435_761 % 1000 < 1000 * _KNOBS["check_writers_share"]
    pay = np.where(writes_checks & (plan < 0) & (sales.ticket_type < 0), OFFLINE, pay)
    pay = np.where((pay == FACEBOOK) & (sales.ticket_type >= 0), 1, pay)
    pay = np.where(plan >= 0, plans.pay[plan], pay) if len(plans.ids) else pay
    return np.where(sales.gift + sales.ticket == 0, FREE, pay)


def _instants(scene: Scene, sales: Sales, plan: Ints, pay: Ints) -> tuple[Ints, Ints, Ints]:
    """Return when each was purchased and created, and the mailed batch of a check, or -1."""
    rng, calendar = scene.rng, scene.calendar
    seconds = calendar.clock(rng, sales.day)
    seconds = np.where(plan >= 0, rng.integers(2 * 3600, 5 * 3600, len(plan)), seconds)
    seconds = np.where(pay == OFFLINE, 0, seconds)
    purchased = calendar.instant(sales.day, seconds, scene.campaigns.zone[sales.campaign])
    purchased = np.minimum(purchased, calendar.end)
    # Checks are typed in once a month, all at one midnight.
    month = (np.datetime64(calendar.start) + sales.day.astype("timedelta64[D]")).astype("datetime64[M]")
    month = month + np.timedelta64(1, "M")
    imported = month.astype("datetime64[s]").astype(np.int64)
    imported = np.maximum(np.minimum(imported, calendar.end // DAY * DAY), purchased)
    batch = np.where(pay == OFFLINE, month.astype(np.int64) - 300, -1)
    return purchased, np.where(pay == OFFLINE, imported, purchased), batch


def _status(rng: np.random.Generator, plan: Ints, pay: Ints) -> tuple[Objects, Flags]:
    of_plans = rng.choice(len(_STATUSES), len(plan), p=_KNOBS["plan_status_shares"])
    of_others = rng.choice(len(_STATUSES), len(plan), p=_KNOBS["status_shares"])
    status = _STATUSES[np.where(plan >= 0, of_plans, of_others)]
    status[(pay == OFFLINE) & (status != "voided")] = "success"
    status[(pay == FREE) & (status != "canceled")] = "success"
    charged = np.isin(status, ["success", "refunded", "cb_lost", "cb_initiated"])
    return status, charged & (pay != OFFLINE) & (pay != FREE)


def _flags(scene: Scene, sales: Sales, plan: Ints, plans: Plans, pay: Ints) -> Ints:
    rng, campaigns = scene.rng, scene.campaigns
    size = len(plan)
    is_online = (pay != OFFLINE) & (pay != FREE) & (pay != FACEBOOK)
    covered = rng.random(size) < _KNOBS["covered_share"]
    covered = np.where(plan >= 0, plans.covered[plan] == 1, covered) if len(plans.ids) else covered
    covered &= is_online
    in_pounds = np.array([currency == "GBP" for currency in campaigns.currency])[sales.campaign]
    bits = (
        (COVERED, covered),
        (FEE_ON_TOP, covered & (sales.campaign == 0) & (plan < 0)),
        (ANONYMOUS, rng.random(size) < _KNOBS["anonymous_share"]),
        (HIDDEN, rng.random(size) < _KNOBS["hidden_share"]),
        (GIFT_AID, in_pounds & (rng.random(size) < _KNOBS["gift_aid_share"])),
        (OPTED_IN, rng.random(size) < _KNOBS["opted_in_share"]),
        (SYNC, (sales.ticket_type >= 0) & (rng.random(size) < _KNOBS["payment_sync_share"])),
    )
    flags = np.zeros(size, dtype=np.int64)
    for bit, chosen in bits:
        flags |= np.where(chosen, bit, 0)
    return flags


def _money(
    scene: Scene, sales: Sales, pay: Ints, flags: Ints, charged: Flags, *, once: Flags
) -> dict[str, Any]:
    """Return the amounts, in the organization's and the campaigns' currencies, in whole cents that add up."""
    rng, campaigns = scene.rng, scene.campaigns
    size = len(pay)
    currency = np.array([_CURRENCIES.index(c) for c in campaigns.currency])[sales.campaign]
    in_yen = (currency == 0) & (rng.random(size) < _KNOBS["yen_share"]) & (sales.ticket_type < 0) & once
    currency = np.where(in_yen, _YEN, currency)
    rate = _RATES[currency]
    raw_donation = sales.gift + sales.ticket - sales.overhead
    raw_donation = np.where(in_yen, raw_donation * 150, raw_donation)
    donation = np.rint(raw_donation * rate).astype(np.int64)
    overhead = np.rint(sales.overhead * rate).astype(np.int64)
    initial = donation + overhead
    cover = _KNOBS["cover"]
    added = np.ceil((initial * cover["percent"] + cover["cents"]) / (1 - cover["percent"])).astype(np.int64)
    adjustment = np.where(((flags & COVERED) != 0) & (initial > 0), added, 0)
    raw_adjustment = np.where(currency == 0, adjustment, np.rint(adjustment / rate).astype(np.int64))
    total = initial + adjustment
    taken = charged & (total > 0)
    platform = np.rint(total * _KNOBS["platform_fee"]).astype(np.int64)
    card_fee, bank_fee = _KNOBS["card_fee"], _KNOBS["bank_fee"]
    card = np.rint(total * card_fee["percent"]).astype(np.int64) + card_fee["cents"]
    bank = np.minimum(np.rint(total * bank_fee["percent"]).astype(np.int64), bank_fee["most"])
    matched = (rng.random(size) < _KNOBS["match_share"]) & (pay != FREE)
    return {
        "donation": donation,
        "overhead": overhead,
        "adjustment": adjustment,
        "classy": np.where(taken, platform, 0),
        "pp": np.where(taken, np.where(pay == ACH, bank, card), 0),
        "raw_donation": raw_donation,
        "raw_overhead": sales.overhead,
        "raw_adjustment": raw_adjustment,
        "raw_currency_code": np.array(_CURRENCIES, dtype=object)[currency],
        "donation_match_id": np.ma.array(31_000_001 + 2 * np.arange(size), mask=~matched),
    }


def _history(scene: Scene, created: Ints, purchased: Ints, status: Objects, charged: Flags) -> dict[str, Any]:
    rng, end = scene.rng, scene.calendar.end
    size = len(created)
    refunded = np.minimum(created + rng.integers(3600, 40 * DAY, size), end)
    is_refunded = status == "refunded"
    is_touched = np.isin(status, ["cb_lost", "cb_initiated", "voided"])
    soon = np.minimum(created + rng.integers(1, 900, size), end)
    updated = np.where(is_refunded | is_touched, refunded, soon)
    return {
        "created_at": created,
        "purchased_at": purchased,
        "charged_at": np.ma.array(np.minimum(purchased + rng.integers(1, 30, size), end), mask=~charged),
        "refunded_at": np.ma.array(refunded, mask=~is_refunded),
        "updated_at": np.maximum(updated, created),
    }


def _people(scene: Scene, sales: Sales, pay: Ints) -> dict[str, Any]:
    people = scene.people
    is_unknown = pay == FACEBOOK
    is_other = scene.rng.random(len(pay)) < _KNOBS["other_payer_share"]
    payer = np.where(is_other, (sales.supporter + 1) % people.size, sales.supporter)
    member = people.member_ids[sales.supporter]
    return {
        "supporter_id": np.ma.array(people.ids[sales.supporter], mask=is_unknown),
        "payer_id": np.ma.array(people.ids[payer], mask=is_unknown),
        "member_id": np.ma.array(member, mask=is_unknown | (member == 0) | (pay == OFFLINE)),
    }


def _places(scene: Scene, pages: Pages, sales: Sales, plan: Ints, pay: Ints) -> dict[str, Any]:
    """Return campaign, page, team and designation; some gifts to a page's team are not for the page."""
    rng, campaigns = scene.rng, scene.campaigns
    size = len(plan)
    page = pages.choose(rng, sales.campaign, sales.day)
    on_page = (plan < 0) & (rng.random(size) < _KNOBS["on_page_share"]) & (pay != FACEBOOK)
    page = np.where(on_page, page, -1)
    team = np.where(page >= 0, pages.team_ids[page], 0)
    to_team = (team > 0) & (rng.random(size) < _KNOBS["to_team_share"])
    other = rng.choice(campaigns.designations, size)
    is_other = rng.random(size) < _KNOBS["other_designation_share"]
    designation = np.where(is_other, other, campaigns.designation[sales.campaign])
    return {
        "campaign_id": campaigns.ids[sales.campaign],
        "fundraising_page_id": np.ma.array(pages.ids[page], mask=(page < 0) | to_team),
        "fundraising_team_id": np.ma.masked_equal(team, 0),
        "designation_id": np.ma.array(designation, mask=rng.random(size) < _KNOBS["no_designation_share"]),
    }


def _texts(rng: np.random.Generator, sales: Sales, plan: Ints, plans: Plans, pay: Ints) -> dict[str, Any]:
    size = len(plan)
    frequency = np.full(size, "one-time", dtype=object)
    if len(plans.ids):
        frequency = np.where(plan >= 0, np.array(plans.frequency_names, dtype=object)[plan], frequency)
    once = plan < 0
    is_personal = once & (pay != FACEBOOK) & (sales.gift > 0)
    sources = len(KNOBS["payments"]["sources"])

    def some(words: str, share: str, where: Flags) -> Objects:
        return _some(rng, _KNOBS[words], _KNOBS[share] * where)

    return {
        "frequency": frequency,
        "comment": some("comments", "comment_share", once),
        "company_name": some("companies", "company_share", once),
        "in_honor_of": some("honorees", "honoree_share", is_personal),
        "promo_code_code": some("promo_codes", "promo_code_share", sales.ticket_type >= 0),
        "metadata": _some(rng, METADATA, np.full(size, _KNOBS["metadata_share"])),
        "source": np.ma.array(
            rng.integers(1, sources + 1, size),
            mask=(rng.random(size) > _KNOBS["source_share"]) | (pay == OFFLINE) | (plan >= 0),
        ),
    }


def _some(rng: np.random.Generator, words: list[str], odds: npt.NDArray[np.floating[Any]]) -> Objects:
    """Draw one of *words* where the odds say so, else None."""
    chosen = np.array([*words, None], dtype=object)
    is_given = rng.random(len(odds)) < odds
    return chosen[np.where(is_given, rng.integers(0, len(words), len(odds)), len(words))]


def _reprocess(columns: dict[str, Any], plan: Ints) -> None:
    """Make some of a plan's charges after a failed one second tries, which name the failed one."""
    size = len(plan)
    order = np.lexsort((np.arange(size), plan))
    before, after = order[:-1], order[1:]
    second = (plan[after] >= 0) & (plan[before] == plan[after]) & (columns["status"][before] == "failed")
    second &= columns["id"][after] % 5 < 2
    parent = np.zeros(size, dtype=np.int64)
    parent[after[second]] = columns["id"][before[second]]
    columns["flags"] |= np.where(parent > 0, REPROCESS, 0)
    columns["parent_transaction_id"] = np.ma.masked_equal(parent, 0)
