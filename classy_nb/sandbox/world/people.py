"""Supporters, who give, and members, who log in: invented people at example.org."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from . import duplicates
from .scene import DAY, KNOBS, METADATA, Ints, Scene

_KNOBS = KNOBS["people"]
_FIRST_NAMES: list[str] = _KNOBS["first_names"].split()
_LAST_NAMES: list[str] = _KNOBS["last_names"].split()
_MEN = frozenset(_KNOBS["men"].split())


@dataclass(frozen=True)
class People:
    """What the gifts need to know of the supporters, by their position."""

    ids: Ints
    member_ids: Ints
    """0 for a supporter who never logged in."""
    card: Ints
    """The last four digits of their card."""

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self.ids)


def invent(rng: np.random.Generator, base: int, member_base: int, count: int) -> People:
    """Give ids to *count* people, with gaps between them, as in a database shared by many organizations."""
    ids = base + np.cumsum(rng.integers(1, 9, count))
    has_login = rng.random(count) < _KNOBS["member_share"]
    members = np.where(has_login, member_base + np.cumsum(rng.integers(1, 5, count)), 0)
    return People(ids, members, rng.integers(0, 10_000, count))


def write(scene: Scene, givers: Ints, given_at: Ints, campaign_ids: Ints) -> None:
    """Fill supporters and members from their gifts: positions of the givers, instants and campaigns.

    A supporter is created just before the first gift and updated after the last one.
    """
    rng, people = scene.rng, scene.people
    first = np.full(people.size, int(given_at.max()))
    last = np.full(people.size, int(given_at.min()))
    np.minimum.at(first, givers, given_at)
    np.maximum.at(last, givers, given_at)
    last = np.maximum(first, last)
    campaign = np.full(people.size, int(scene.campaigns.ids[0]))
    campaign[givers[::-1]] = campaign_ids[::-1]  # the first gift's is written last, and stays

    names = [_as_typed(n, *name) for n, name in enumerate(draw_names(rng, people.size))]
    addresses = _addresses(rng, people.size)
    created = first - rng.integers(0, 60, people.size)
    updated = np.maximum(last, created) + rng.integers(0, 5 * DAY, people.size)
    pick = rng.integers(0, 1000, people.size)
    persons = [
        _person(names[n], int(people.ids[n]), int(pick[n]))
        | {"organization_id": scene.organization, **addresses[n], "created_at": int(created[n])}
        for n in range(people.size)
    ]
    for second, original in duplicates.pairs(scene.dirt, people.member_ids):
        own = {"created_at": persons[second]["created_at"]}
        number, has_login = int(people.ids[second]), people.member_ids[second] > 0
        other = duplicates.respell(scene.dirt, persons[original], number, has_login=has_login)
        persons[second] = persons[original] | other | own
        pick[second] = pick[original]
    supporters: list[dict[str, Any]] = []
    members: list[dict[str, Any]] = []
    for n, person in enumerate(persons):
        chance, member = int(pick[n]), int(people.member_ids[n])
        emailed = datetime.fromtimestamp(int(last[n]), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        supporters.append(
            person
            | {
                "id": int(people.ids[n]),
                "member_id": member or None,
                "source_campaign_id": int(campaign[n]) if chance % 6 else None,
                "opt_in": int(chance % 3 > 0),
                "card_last_four": int(people.card[n]),
                "cell_phone": f"619-555-{chance:04d}" if chance % 4 == 0 else None,
                "birthday": f"{1 + chance % 12}/{1 + chance % 28}" if chance % 3 == 0 else None,
                "nickname": "=SUM(A1)" if chance == 7 else "Bee" if chance % 40 == 1 else None,
                "last_emailed_at": emailed if chance % 2 else None,
                "origin": _KNOBS["origins"][0 if chance % 10 < 7 else chance % 4],
                "metadata": dict(enumerate(METADATA)).get(chance % 50),
                "updated_at": int(updated[n]),
            }
        )
        if member:
            turn = len(members)
            address = {"F": "Ms", "M": "Mr"}.get(person["gender"])
            members.append(
                person
                | {
                    "id": member,
                    "title": (address, None, "Dr", None)[turn % 4],
                    "status": ("active", "active", "active", "unclaimed")[turn % 4],
                    "date_of_birth": -turn * 911 * DAY // 40 if turn % 3 else None,
                    "last_login_at": int(updated[n]) if turn % 4 else None,
                }
            )
    scene.store.insert_rows("supporters", supporters)
    scene.store.insert_rows("members", members)


def _person(name: tuple[str, str], number: int, chance: int) -> dict[str, Any]:
    """Return what supporter and member have in common."""
    first_name, last_name = name
    phone = f"619-555-{chance:04d}" if chance % 2 else None
    return {
        "first_name": first_name,
        "last_name": last_name,
        "email_address": "{}.{}{}@example.org".format(*map(duplicates.letters, name), number % 100_000),
        "phone": f"0{chance:03d}-555-{chance:04d}" if chance % 5 == 0 else phone,
        "gender": None if chance % 4 == 2 else "M" if first_name.split()[0] in _MEN else "F",
    }


def draw_names(rng: np.random.Generator, size: int) -> list[tuple[str, str]]:
    """Draw first and last names."""
    first = rng.integers(0, len(_FIRST_NAMES), size)
    last = rng.integers(0, len(_LAST_NAMES), size)
    return [(_FIRST_NAMES[f], _LAST_NAMES[n]) for f, n in zip(first, last, strict=True)]


def _as_typed(n: int, first_name: str, last_name: str) -> tuple[str, str]:
    """Make the names of some people hard to put into a file."""
    if n % 61 == 0:
        last_name = f"{last_name}, Jr."
    if n % 211 == 30:
        first_name = f'{first_name} "Sunny"'
    if n % 997 == 90:
        last_name = "=Null"
    return first_name, last_name


def _addresses(rng: np.random.Generator, size: int) -> list[dict[str, Any]]:
    places, streets = _KNOBS["places"], _KNOBS["streets"]
    share = np.array([place[-1] for place in places], dtype=float)
    chosen = rng.choice(len(places), size, p=share / share.sum()).tolist()
    is_known = (rng.random(size) < _KNOBS["address_share"]).tolist()
    numbers = rng.integers(1, 9_999, size).tolist()
    chosen_streets = rng.integers(0, len(streets), size).tolist()
    columns = ("address1", "address2", "city", "state", "country", "postal_code")
    nowhere = dict.fromkeys(columns)
    found = []
    for place, known, number, street in zip(chosen, is_known, numbers, chosen_streets, strict=True):
        city, state, country, postal_code, _ = places[place]
        unit = f"Unit {number % 90:03d}" if number % 8 == 0 else None
        values = (f"{number} {streets[street]}", unit, city, state or None, country, postal_code)
        found.append(dict(zip(columns, values, strict=True)) if known else nowhere)
    return found
