"""Fundraising teams and pages of the campaigns that allow them."""

# The shares, odds and turns are the data of this file; a name for each would say less.
# ruff: noqa: PLR2004

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .calendar import DAY, Ints
from .campaigns import PAGE_TYPES, Campaigns
from .names import CAUSES, FIRST

if TYPE_CHECKING:
    from .scene import Plot

_STATUSES = ("active", "active", "active", "active", "inactive", "active", "active", "deleted", "active",
             "pending_approval")  # fmt: skip


@dataclass(frozen=True)
class Pages:
    """What the gifts need to know of the pages, ordered by campaign."""

    ids: Ints
    team_ids: Ints
    """0 for a page without a team."""
    day: Ints
    start: Ints
    """Per campaign: the first of its pages; the last entry is the number of pages."""

    def choose(self, rng: np.random.Generator, campaign: Ints, day: Ints) -> Ints:
        """Choose a page of each gift's campaign (the first ones often), or -1 where there is none yet."""
        low, high = self.start[campaign], self.start[campaign + 1]
        chosen = low + ((high - low) * rng.random(len(campaign)) ** 2.5).astype(np.int64)
        chosen = np.where(high > low, chosen, -1)
        return np.where((chosen >= 0) & (self.day[chosen] <= day), chosen, -1)


def build(plot: Plot, team_base: int, page_base: int, count: int) -> Pages:
    """Fill *count* pages and about a sixth as many teams."""
    rng, calendar, campaigns, people = plot.rng, plot.calendar, plot.campaigns, plot.people
    hosts = campaigns.of_kind(*PAGE_TYPES)
    campaign = np.sort(rng.choice(hosts, count))
    owners = np.flatnonzero(people.member_ids)
    owner = owners[(len(owners) * rng.random(count) ** 1.6).astype(np.int64)]
    length = np.maximum(campaigns.last - campaigns.first, 4)[campaign]
    day = np.clip(
        campaigns.first[campaign] + (length * 0.3 * rng.random(count) ** 1.5).astype(np.int64),
        0,
        calendar.days - 1,
    )
    teams = _teams(plot, team_base, hosts, max(count // 6, len(hosts) * 2))
    team = _team_of(rng, campaigns, campaign, teams)
    ids = page_base + np.cumsum(rng.integers(1, 40, count))
    _write_pages(plot, ids, campaign, owner=owner, day=day, team=team)
    start = np.searchsorted(campaign, np.arange(len(campaigns.ids) + 1))
    return Pages(ids, team, day, start)


def _teams(plot: Plot, base: int, hosts: list[int], count: int) -> dict[int, Ints]:
    """Fill about *count* teams; return their ids by the position of their campaign."""
    rng, campaigns = plot.rng, plot.campaigns
    hosts = [n for n in hosts if campaigns.kinds[n] != "crowdfunding"]
    campaign = np.sort(np.concatenate([hosts, rng.choice(hosts, max(count - len(hosts), 0))]))
    ids = base + np.cumsum(rng.integers(1, 20, len(campaign)))
    _write_teams(plot, ids, campaign)
    return {int(c): ids[campaign == c] for c in np.unique(campaign)}


def _write_teams(plot: Plot, ids: Ints, campaign: Ints) -> None:
    rng, calendar, campaigns, people = plot.rng, plot.calendar, plot.campaigns, plot.people
    count = len(ids)
    lead = rng.choice(np.flatnonzero(people.member_ids), count)
    first = np.clip(campaigns.first[campaign], 0, calendar.days - 1)
    created = np.array([calendar.seconds(int(day)) for day in first])
    goal = rng.choice([250_000, 500_050, 1_000_000], count)
    whole = _whole_team(ids, campaign)
    status = [_STATUSES[n % 10] for n in range(count)]
    plot.store.insert(
        "fundraising_teams",
        {
            "id": ids,
            "organization_id": [plot.organization] * count,
            "campaign_id": campaigns.ids[campaign],
            "parent_id": whole,
            "root_id": whole,
            "team_lead_id": people.member_ids[lead],
            "team_lead_supporter_id": people.ids[lead],
            "designation_id": [
                int(d) if n % 3 else None for n, d in enumerate(campaigns.designation[campaign])
            ],
            "team_policy_id": [2354 if n % 2 else None for n in range(count)],
            "logo_id": [1100 + n if n % 3 == 0 else None for n in range(count)],
            "cover_photo_id": [None] * count,
            **_team_texts(count),
            "raw_currency_code": [campaigns.currency[n] for n in campaign],
            "status": ["active" if word == "inactive" else word for word in status],
            "created_at": created,
            "updated_at": created + rng.integers(0, 90 * DAY, count),
            "goal": goal,
            "raw_goal": goal,
        },
    )


def _whole_team(ids: Ints, campaign: Ints) -> list[int | None]:
    """Of every fifth team the campaign's first team, which it is a part of."""
    first = ids[np.searchsorted(campaign, campaign)]
    part = (np.arange(len(ids)) % 5 == 4) & (first != ids)
    return [int(whole) if p else None for whole, p in zip(first, part, strict=True)]


def _team_texts(count: int) -> dict[str, list[str | None]]:
    return {
        "name": [f'Team "{CAUSES[n % len(CAUSES)]}" {n}' for n in range(count)],
        "description": [None if n % 4 == 0 else "We run, we walk, we give.\nJoin us!" for n in range(count)],
        "city": ["Boston" if n % 2 else None for n in range(count)],
        "state": ["MA" if n % 2 else None for n in range(count)],
        "postal_code": ["02139" if n % 2 else None for n in range(count)],
    }


def _team_of(rng: np.random.Generator, campaigns: Campaigns, campaign: Ints, teams: dict[int, Ints]) -> Ints:
    team = np.zeros(len(campaign), dtype=np.int64)
    for position, ids in teams.items():
        mine = np.flatnonzero(campaign == position)
        share = 1.0 if campaigns.kinds[position] == "reg_w_fund" else 0.6
        team[mine] = np.where(rng.random(len(mine)) < share, rng.choice(ids, len(mine)), 0)
    return team


def _write_pages(plot: Plot, ids: Ints, campaign: Ints, *, owner: Ints, day: Ints, team: Ints) -> None:
    rng, calendar, campaigns, people = plot.rng, plot.calendar, plot.campaigns, plot.people
    count = len(ids)
    created = np.array([calendar.seconds(int(d)) for d in day]) + rng.integers(0, DAY, count)
    goal = rng.choice([25_000, 50_000, 100_000, 123_45], count)
    ended = [calendar.seconds(int(campaigns.last[c])) if n % 3 == 0 else None for n, c in enumerate(campaign)]
    plot.store.insert(
        "fundraising_pages",
        {
            "id": ids,
            "organization_id": [plot.organization] * count,
            "campaign_id": campaigns.ids[campaign],
            "fundraising_team_id": [int(t) or None for t in team],
            "member_id": people.member_ids[owner],
            "supporter_id": people.ids[owner],
            "designation_id": [
                int(d) if n % 4 else None for n, d in enumerate(campaigns.designation[campaign])
            ],
            "commitment_id": [
                98_000 + int(c) if campaigns.kinds[c] == "fund_for_entry" else None for c in campaign
            ],
            "is_primary": [1] * count,
            "is_tribute": [(None, 0, 1)[n % 3] for n in range(count)],
            "logo_id": [1000 + n if n % 3 == 0 else None for n in range(count)],
            "cover_photo_id": [None] * count,
            **_page_texts(rng, count),
            "raw_currency_code": [campaigns.currency[c] for c in campaign],
            "status": [_STATUSES[n % 10] for n in range(count)],
            "team_role": [
                ("primary-captain" if n % 8 == 0 else None) if t else None for n, t in enumerate(team)
            ],
            "questions": ["[]"] * count,
            "created_at": created,
            "updated_at": [int(c) + DAY if n % 7 else None for n, c in enumerate(created)],
            "ended_at": ended,
            "goal": goal,
            "raw_goal": goal,
        },
    )


def _page_texts(rng: np.random.Generator, count: int) -> dict[str, list[str | None]]:
    names = [FIRST[n] for n in rng.integers(0, len(FIRST), count)]
    return {
        "alias": [f"{name} gives back" for name in names],
        "title": [f"{name}'s page, for all" if n % 9 else f"=Page of {name}" for n, name in enumerate(names)],
        "intro_text": ['Thanks for visiting "my" page!<br>'] * count,
        "thankyou_email_text": ["<p>Thank you</p>" if n % 2 else None for n in range(count)],
    }
