"""Fundraising teams and pages of the campaigns that allow them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .campaigns import PAGE_TYPES, cause_of
from .scene import DAY, KNOBS, Ints, Scene

_KNOBS = KNOBS["fundraising"]


@dataclass(frozen=True)
class Pages:
    """What the gifts need to know of the pages, ordered by campaign."""

    ids: Ints
    team_ids: Ints
    """0 for a page without a team."""
    day: Ints
    """The day each was made on."""
    start: Ints
    """Per campaign: the position of its first page; the last entry is the number of pages."""

    def choose(self, rng: np.random.Generator, campaign: Ints, day: Ints) -> Ints:
        """Choose a page of each gift's campaign, the first ones often; -1 where there are none yet."""
        low, high = self.start[campaign], self.start[campaign + 1]
        chosen = low + ((high - low) * rng.random(len(campaign)) ** 2.5).astype(np.int64)
        chosen = np.where(high > low, chosen, -1)
        return np.where((chosen >= 0) & (self.day[chosen] <= day), chosen, -1)


def build(scene: Scene, team_base: int, page_base: int, count: int) -> Pages:
    """Fill *count* pages and about a sixth as many teams."""
    rng, calendar, campaigns, people = scene.rng, scene.calendar, scene.campaigns, scene.people
    hosts = campaigns.of_kind(*PAGE_TYPES)
    campaign = np.sort(rng.choice(hosts, count))
    members = np.flatnonzero(people.member_ids)
    owner = members[(len(members) * rng.random(count) ** 1.6).astype(np.int64)]
    length = np.maximum(campaigns.last - campaigns.first, 4)[campaign]
    day = campaigns.first[campaign] + (length * 0.3 * rng.random(count) ** 1.5).astype(np.int64)
    day = np.clip(day, 0, calendar.days - 1)

    teams = _write_teams(scene, team_base, hosts, max(count // _KNOBS["pages_per_team"], len(hosts) * 2))
    team = np.zeros(count, dtype=np.int64)
    for position, team_ids in teams.items():
        mine = np.flatnonzero(campaign == position)
        share = 1.0 if campaigns.kinds[position] == "reg_w_fund" else _KNOBS["in_team_share"]
        team[mine] = np.where(rng.random(len(mine)) < share, rng.choice(team_ids, len(mine)), 0)

    ids = page_base + np.cumsum(rng.integers(1, 40, count))
    _write_pages(scene, ids, campaign, owner=owner, day=day, team=team)
    start = np.searchsorted(campaign, np.arange(len(campaigns.ids) + 1))
    return Pages(ids, team, day, start)


def _write_teams(scene: Scene, base: int, hosts: list[int], count: int) -> dict[int, Ints]:
    """Fill about *count* teams; return their ids by the position of their campaign."""
    rng, calendar, campaigns, people = scene.rng, scene.calendar, scene.campaigns, scene.people
    hosts = [n for n in hosts if campaigns.kinds[n] != "crowdfunding"]
    campaign = np.sort(np.concatenate([hosts, rng.choice(hosts, max(count - len(hosts), 0))]))
    count = len(campaign)
    ids = base + np.cumsum(rng.integers(1, 20, count))
    lead = rng.choice(np.flatnonzero(people.member_ids), count)
    goal = rng.choice(_KNOBS["team_goals"], count)
    age = rng.integers(0, 90 * DAY, count)
    names = _KNOBS["team_names"]
    first_team = ids[np.searchsorted(campaign, campaign)]
    rows = []
    for n in range(count):
        c = campaign[n]
        created = calendar.seconds(int(np.clip(campaigns.first[c], 0, calendar.days - 1)))
        # Every fifth team is a part of its campaign's first team.
        whole = int(first_team[n]) if n % 5 == 4 and first_team[n] != ids[n] else None
        status = _KNOBS["statuses"][n % 10]
        row = {
            "id": int(ids[n]),
            "organization_id": scene.organization,
            "campaign_id": int(campaigns.ids[c]),
            "parent_id": whole,
            "root_id": whole,
            "team_lead_id": int(people.member_ids[lead[n]]),
            "team_lead_supporter_id": int(people.ids[lead[n]]),
            "designation_id": int(campaigns.designation[c]) if n % 3 else None,
            "team_policy_id": 2354 if n % 2 else None,
            "logo_id": 1100 + n if n % 3 == 0 else None,
            "name": names[n % len(names)].replace("{cause}", cause_of(int(c))),
            "description": None if n % 4 == 0 else "We run, we walk, we give.\nJoin us!",
            "city": "Boston" if n % 2 else None,
            "state": "MA" if n % 2 else None,
            "postal_code": "02139" if n % 2 else None,
            "raw_currency_code": campaigns.currency[c],
            "status": "active" if status == "inactive" else status,
            "created_at": created,
            "updated_at": created + int(age[n]),
            "goal": int(goal[n]),
            "raw_goal": int(goal[n]),
        }
        rows.append(row)
    scene.store.insert_rows("fundraising_teams", rows)
    return {int(c): ids[campaign == c] for c in np.unique(campaign)}


def _write_pages(scene: Scene, ids: Ints, campaign: Ints, *, owner: Ints, day: Ints, team: Ints) -> None:
    """Fill the pages. Their people are named last, so ``sql/names.sql`` replaces {first} and {last} then."""
    rng, calendar, campaigns, people = scene.rng, scene.calendar, scene.campaigns, scene.people
    count, titles, aliases = len(ids), _KNOBS["page_titles"], _KNOBS["aliases"]
    second = rng.integers(0, DAY, count)
    goal = rng.choice(_KNOBS["page_goals"], count)
    title = rng.integers(0, len(titles), count)
    rows = []
    for n in range(count):
        c = campaign[n]
        created = calendar.seconds(int(day[n])) + int(second[n])
        row = {
            "id": int(ids[n]),
            "organization_id": scene.organization,
            "campaign_id": int(campaigns.ids[c]),
            "fundraising_team_id": int(team[n]) or None,
            "member_id": int(people.member_ids[owner[n]]),
            "supporter_id": int(people.ids[owner[n]]),
            "designation_id": int(campaigns.designation[c]) if n % 4 else None,
            "commitment_id": 98_000 + int(c) if campaigns.kinds[c] == "fund_for_entry" else None,
            "is_primary": 1,
            "is_tribute": (None, 0, 1)[n % 3],
            "logo_id": 1000 + n if n % 3 == 0 else None,
            "alias": aliases[n % len(aliases)],
            "title": titles[title[n]].replace("{cause}", cause_of(int(c))) if n % 9 else "=Page of {first}",
            "intro_text": 'Thanks for visiting "my" page!<br>',
            "thankyou_email_text": "<p>Thank you</p>" if n % 2 else None,
            "raw_currency_code": campaigns.currency[c],
            "status": _KNOBS["statuses"][n % 10],
            "team_role": "primary-captain" if team[n] and n % 8 == 0 else None,
            "questions": "[]",
            "created_at": created,
            "updated_at": created + DAY if n % 7 else None,
            "ended_at": calendar.seconds(int(campaigns.last[c])) if n % 3 == 0 else None,
            "goal": int(goal[n]),
            "raw_goal": int(goal[n]),
        }
        rows.append(row)
    scene.store.insert_rows("fundraising_pages", rows)
