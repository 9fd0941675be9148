"""Checkouts: who gives, how often, when, how much; donors return, lapse and come back. Also tickets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .scene import KNOBS, YEARS, Floats, Ints, Scene

_KNOBS = KNOBS["gifts"]
_CAMPAIGNS = KNOBS["campaigns"]
_RUSH = KNOBS["seasons"]["rush"]
_LADDER = np.array(_KNOBS["ladder"]) * 100


@dataclass(frozen=True)
class Sales:
    """Checkouts of any kind, by position: the day, the person, the campaign and the money (raw cents)."""

    day: Ints
    supporter: Ints
    campaign: Ints
    gift: Ints
    ticket: Ints
    """Price of the tickets."""
    overhead: Ints
    """The part of that price that is not a gift."""
    ticket_type: Ints
    """Position in the campaign's ticket types, or -1."""
    quantity: Ints


def gifts_only(day: Ints, supporter: Ints, campaign: Ints, gift: Ints) -> Sales:
    """Return checkouts without tickets."""
    zero = np.zeros(len(day), dtype=np.int64)
    return Sales(day, supporter, campaign, gift, zero, zero, zero - 1, zero + 1)


def draw_gifts(scene: Scene, wanted: int) -> Sales:
    """Draw *wanted* one-time gifts."""
    rng, calendar, people = scene.rng, scene.calendar, scene.people.size
    acquired = calendar.draw(rng, np.zeros(people, dtype=np.int64), np.full(people, calendar.days))
    loyalty = rng.beta(_KNOBS["loyalty"]["a"], _KNOBS["loyalty"]["b"], people)
    donor, day = _over_the_years(scene, acquired, loyalty)
    donor, day = _exactly(scene, donor, day, people, wanted)
    campaign = _campaign_of(scene, day)
    level = _KNOBS["level"]
    usual = rng.normal(level["mean"], level["spread"], people)
    steps = usual[donor] + rng.normal(0.0, level["change"], wanted)
    steps = steps + np.where(calendar.weight[day] > _RUSH, level["rush"], 0.0)
    amount = _LADDER[np.clip(np.rint(steps), 0, len(_LADDER) - 1).astype(np.int64)]
    is_uneven = rng.random(wanted) < _KNOBS["uneven_share"]
    amount = np.where(is_uneven, amount + rng.integers(1, 999, wanted), amount)
    return gifts_only(day, donor, campaign, amount)


def _over_the_years(scene: Scene, acquired: Ints, loyalty: Floats) -> tuple[Ints, Ints]:
    """Draw the donor and the day of each gift; everybody's first gift comes first."""
    rng, calendar = scene.rng, scene.calendar
    stay, per_year = _KNOBS["stay"], _KNOBS["per_year"]
    people = np.arange(len(acquired))
    donors, days = [people], [acquired]
    active = np.ones(len(acquired), dtype=bool)
    for year in range(YEARS):
        low, high = acquired + 365 * year, acquired + 365 * (year + 1)
        if year:
            odds = stay["least"] + stay["by_loyalty"] * loyalty + stay["by_year"] * year
            stays = rng.random(len(acquired)) < odds
            comes_back = rng.random(len(acquired)) < _KNOBS["back_share"]
            active = np.where(active, stays, comes_back) & (low < calendar.days)
        # Of a year that has only begun, only a part of the gifts has come.
        passed = np.clip((calendar.days - low) / 365.0, 0.0, 1.0)
        again = (year > 0) & (rng.random(len(acquired)) < passed)
        mean = (per_year["least"] + per_year["by_loyalty"] * loyalty) * passed
        gifts = np.where(active, rng.poisson(mean) + again, 0)
        chosen = np.repeat(people, gifts)
        donors.append(chosen)
        days.append(calendar.draw(rng, low[chosen], high[chosen]))
    return np.concatenate(donors), np.concatenate(days)


def _exactly(scene: Scene, donor: Ints, day: Ints, firsts: int, wanted: int) -> tuple[Ints, Ints]:
    """Drop gifts, but no first ones, or add some, until there are as many as *wanted*."""
    rng, calendar = scene.rng, scene.calendar
    if len(donor) > wanted:
        later = firsts + rng.permutation(len(donor) - firsts)[: max(wanted - firsts, 0)]
        keep = np.sort(np.concatenate([np.arange(min(firsts, wanted)), later]))
        return donor[keep], day[keep]
    more = rng.integers(0, len(donor), wanted - len(donor))
    again = calendar.draw(rng, day[more], day[more] + 200)
    return np.concatenate([donor, donor[more]]), np.concatenate([day, again])


def _campaign_of(scene: Scene, day: Ints) -> Ints:
    rng, calendar, campaigns = scene.rng, scene.calendar, scene.campaigns
    hosts = np.array(campaigns.of_kind(*_CAMPAIGNS["take_gifts"]))
    popular = _CAMPAIGNS["popular"]
    weight = np.array([_KNOBS["popular_weight"] if campaigns.kinds[n] in popular else 1.0 for n in hosts])
    # Some tries to hit a campaign that is open on the day; the ones that never end take the rest.
    chosen = rng.choice(campaigns.evergreen, len(day), p=_CAMPAIGNS["evergreen_shares"])
    for _ in range(_KNOBS["tries"]):
        candidate = rng.choice(hosts, len(day), p=weight / weight.sum())
        is_open = (campaigns.first[candidate] <= day) & (day <= campaigns.last[candidate])
        chosen = np.where(is_open & (chosen < len(campaigns.evergreen)), candidate, chosen)
    # In a rush, most gifts go to the campaigns of the season, which are short.
    for position in np.flatnonzero(campaigns.last - campaigns.first <= 60):
        is_open = (campaigns.first[position] <= day) & (day <= campaigns.last[position])
        is_open &= calendar.weight[day] > _RUSH
        chosen = np.where(is_open & (rng.random(len(day)) < _KNOBS["season_share"]), position, chosen)
    return chosen


def draw_tickets(scene: Scene, wanted: int) -> Sales:
    """Draw *wanted* ticket purchases and registrations; a quarter adds a gift."""
    rng, calendar, campaigns = scene.rng, scene.calendar, scene.campaigns
    hosts = np.array(sorted(campaigns.tickets))
    campaign = rng.choice(hosts, wanted)
    day = calendar.draw(rng, campaigns.first[campaign], campaigns.last[campaign])
    kinds = np.array([len(campaigns.tickets[int(c)]) for c in campaign])
    ticket_type = (kinds * rng.random(wanted) ** 1.4).astype(np.int64)
    quantities = _KNOBS["ticket_quantities"]
    quantity = rng.choice(np.arange(1, len(quantities) + 1), wanted, p=quantities)
    bought = [campaigns.tickets[int(c)][n] for c, n in zip(campaign, ticket_type, strict=True)]
    price = np.array([ticket["price"] for ticket in bought], dtype=np.int64) * quantity
    overhead = np.array([ticket["overhead"] for ticket in bought], dtype=np.int64) * quantity
    has_gift = rng.random(wanted) < _KNOBS["gift_on_top_share"]
    gift = np.where(has_gift, rng.choice(_KNOBS["gifts_on_top"], wanted), 0)
    supporter = rng.integers(0, scene.people.size, wanted)
    return Sales(day, supporter, campaign, gift, price, overhead, ticket_type, quantity)
