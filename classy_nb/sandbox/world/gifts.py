"""One-time gifts: who gives, how often, when, how much; donors return, lapse and come back."""

# The shares, odds and turns are the data of this file; a name for each would say less.
# ruff: noqa: PLR2004

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .calendar import YEARS, Floats, Ints

if TYPE_CHECKING:
    from .scene import Plot

_LADDER = (
    np.array(
        [
            5,
            10,
            15,
            20,
            25,
            30,
            35,
            50,
            60,
            75,
            100,
            125,
            150,
            200,
            250,
            300,
            500,
            750,
            1000,
            1500,
            2500,
            5000,
            10_000,
        ]
    )
    * 100
)


_TRIES = 5
_POPULAR = ("peer_to_peer", "reg_w_fund")


@dataclass(frozen=True)
class Sales:
    """Checkouts of any kind, by position: the day, the person, the campaign and the money (raw cents)."""

    day: Ints
    supporter: Ints
    campaign: Ints
    gift: Ints
    ticket: Ints
    """Price of the tickets, in raw cents."""
    overhead: Ints
    """The part of that price that is no gift."""
    ticket_type: Ints
    """Position in the campaign's ticket types, or -1."""
    quantity: Ints


def draw_gifts(plot: Plot, wanted: int) -> Sales:
    """Draw *wanted* one-time gifts of *people* donors."""
    rng, calendar, people = plot.rng, plot.calendar, plot.people.size
    acquired = calendar.draw(rng, np.zeros(people, dtype=np.int64), np.full(people, calendar.days))
    loyalty = rng.beta(1.1, 2.4, people)
    donor, day = _years(plot, acquired, loyalty)
    donor, day = _exactly(plot, donor, day, people, wanted)
    campaign = _campaign_of(plot, day)
    level = rng.normal(5.5, 2.6, people)
    steps = level[donor] + rng.normal(0.0, 1.3, wanted) + np.where(calendar.weight[day] > 8, 1.2, 0.0)
    amount = _LADDER[np.clip(np.rint(steps), 0, len(_LADDER) - 1).astype(np.int64)]
    odd = rng.random(wanted) < 0.04
    amount = np.where(odd, amount + rng.integers(1, 999, wanted), amount)
    nothing = np.zeros(wanted, dtype=np.int64)
    return Sales(day, donor, campaign, amount, nothing, nothing, nothing - 1, nothing + 1)


def _years(plot: Plot, acquired: Ints, loyalty: Floats) -> tuple[Ints, Ints]:
    rng, calendar = plot.rng, plot.calendar
    people = np.arange(len(acquired))
    donors, days = [people], [acquired]
    active = np.ones(len(acquired), dtype=bool)
    for year in range(YEARS):
        low, high = acquired + 365 * year, acquired + 365 * (year + 1)
        if year:
            stay = rng.random(len(acquired)) < 0.14 + 0.55 * loyalty + 0.04 * year
            back = rng.random(len(acquired)) < 0.05
            active = np.where(active, stay, back) & (low < calendar.days)
        # Of a year that has only begun, only a part of the gifts has come.
        passed = np.clip((calendar.days - low) / 365.0, 0.0, 1.0)
        back_again = (year > 0) & (rng.random(len(acquired)) < passed)
        gifts = np.where(active, rng.poisson((0.5 + 2.2 * loyalty) * passed) + back_again, 0)
        chosen = np.repeat(people, gifts)
        donors.append(chosen)
        days.append(calendar.draw(rng, low[chosen], high[chosen]))
    return np.concatenate(donors), np.concatenate(days)


def _exactly(plot: Plot, donor: Ints, day: Ints, firsts: int, wanted: int) -> tuple[Ints, Ints]:
    rng, calendar = plot.rng, plot.calendar
    if len(donor) > wanted:
        keep = np.sort(
            np.concatenate(
                [
                    np.arange(min(firsts, wanted)),
                    firsts + rng.permutation(len(donor) - firsts)[: max(wanted - firsts, 0)],
                ]
            )
        )
        return donor[keep], day[keep]
    more = rng.integers(0, len(donor), wanted - len(donor))
    again = calendar.draw(rng, day[more], day[more] + 200)
    return np.concatenate([donor, donor[more]]), np.concatenate([day, again])


def _campaign_of(plot: Plot, day: Ints) -> Ints:
    rng, calendar, campaigns = plot.rng, plot.calendar, plot.campaigns
    donation = np.array(
        campaigns.of_kind(
            "donation", "dynamic", "peer_to_peer", "crowdfunding", "reg_w_fund", "fund_for_entry"
        )
    )
    weight = np.array([3.0 if campaigns.kinds[n] in _POPULAR else 1.0 for n in donation])
    # Some tries to hit a campaign that is open on the day; the ones that never end take the rest.
    chosen = rng.choice(campaigns.general, len(day), p=[0.72, 0.08, 0.2])
    for _ in range(_TRIES):
        candidate = rng.choice(donation, len(day), p=weight / weight.sum())
        is_open = (campaigns.first[candidate] <= day) & (day <= campaigns.last[candidate])
        chosen = np.where(is_open & (chosen < len(campaigns.general)), candidate, chosen)
    short = np.flatnonzero(campaigns.last - campaigns.first <= 60)
    for position in short:
        inside = (
            (campaigns.first[position] <= day)
            & (day <= campaigns.last[position])
            & (calendar.weight[day] > 8)
        )
        chosen = np.where(inside & (rng.random(len(day)) < 0.6), position, chosen)
    return chosen


def draw_tickets(plot: Plot, wanted: int) -> Sales:
    """Draw *wanted* ticket purchases and registrations; a quarter adds a gift."""
    rng, calendar, campaigns, people = plot.rng, plot.calendar, plot.campaigns, plot.people.size
    hosts = np.array(sorted(campaigns.tickets))
    campaign = rng.choice(hosts, wanted)
    day = calendar.draw(rng, campaigns.first[campaign], campaigns.last[campaign])
    kinds = np.array([len(campaigns.tickets[int(c)]) for c in campaign])
    ticket_type = (kinds * rng.random(wanted) ** 1.4).astype(np.int64)
    quantity = rng.choice([1, 2, 3, 4], wanted, p=[0.66, 0.24, 0.04, 0.06])
    prices = {
        (c, n): (k["price"], k["overhead"])
        for c, group in campaigns.tickets.items()
        for n, k in enumerate(group)
    }
    money = np.array(
        [prices[int(c), int(n)] for c, n in zip(campaign, ticket_type, strict=True)], dtype=np.int64
    )
    money = money.reshape(-1, 2) * quantity[:, None]
    gift = np.where(rng.random(wanted) < 0.25, rng.choice([1000, 2500, 5000], wanted), 0)
    supporter = rng.integers(0, people, wanted)
    return Sales(day, supporter, campaign, gift, money[:, 0], money[:, 1], ticket_type, quantity)
