"""Supporters and members: invented people at example.org."""

# The shares, odds and turns are the data of this file; a name for each would say less.
# ruff: noqa: PLR2004

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .calendar import DAY, Ints
from .names import FIRST, LAST, PLACES, STREETS

if TYPE_CHECKING:
    from .scene import Scene

_MEMBER_SHARE = 0.86
_ORIGINS = ("donation", "registration", "import", "fundraising_page")


@dataclass(frozen=True)
class People:
    """What the gifts need to know of the supporters; positions count from 0."""

    ids: Ints
    member_ids: Ints
    """0 where a supporter never logged in."""
    card: Ints

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self.ids)


def invent(rng: np.random.Generator, base: int, member_base: int, count: int) -> People:
    """Give ids to *count* people (gaps between them, as in a database shared by many organizations)."""
    ids = base + np.cumsum(rng.integers(1, 9, count))
    has_login = rng.random(count) < _MEMBER_SHARE
    members = np.where(has_login, member_base + np.cumsum(rng.integers(1, 5, count)), 0)
    return People(ids, members, rng.integers(0, 10_000, count))


def write(scene: Scene, people: People, *, first: Ints, last: Ints, campaign: Ints) -> None:
    """Fill supporters and members; *first* and *last* are the instants of their first and last gift."""
    store, rng, size = scene.store, scene.rng, people.size
    who = _who(rng, size, people.ids)
    address = _addresses(rng, size)
    created = first - rng.integers(0, 60, size)
    updated = np.maximum(last, created) + rng.integers(0, 5 * DAY, size)
    pick = rng.integers(0, 1000, size)
    shared = {
        **who,
        **address,
        "phone": [
            f"0{n:03d}-555-{n:04d}" if n % 5 == 0 else f"619-555-{n:04d}" if n % 2 else None for n in pick
        ],
        "gender": [("F", "M", None, "F")[n % 4] for n in pick],
    }
    store.insert(
        "supporters",
        {
            **shared,
            "id": people.ids,
            "organization_id": [scene.organization] * size,
            "member_id": [int(member) or None for member in people.member_ids],
            "source_campaign_id": [int(c) if n % 6 else None for c, n in zip(campaign, pick, strict=True)],
            "source_fundraising_page_id": [None] * size,
            "opt_in": [int(n % 3 > 0) for n in pick],
            "card_last_four": people.card,
            "cell_phone": [f"619-555-{n:04d}" if n % 4 == 0 else None for n in pick],
            "birthday": [f"{1 + n % 12}/{1 + n % 28}" if n % 3 == 0 else None for n in pick],
            "nickname": ["=SUM(A1)" if n == 7 else "Bee" if n % 40 == 1 else None for n in pick],
            "location": [None] * size,
            "last_emailed_at": [
                _emailed(int(moment)) if n % 2 else None for moment, n in zip(last, pick, strict=True)
            ],
            "origin": [_ORIGINS[0 if n % 10 < 7 else n % 4] for n in pick],
            "metadata": [_METADATA.get(int(n) % 50) for n in pick],
            "created_at": created,
            "updated_at": updated,
        },
    )
    _write_members(scene, shared, people, created, updated)


_METADATA = {
    0: '{"salesforce_id":"003xx000004TmiQ"}',
    1: "\"{foo: 'bar'}\"",
    2: '""',
    3: '{"tags":["vip","2024"],"score":7}',
}


def _emailed(moment: int) -> str:
    return np.datetime_as_string(np.datetime64(moment, "s")).__str__() + "Z"


def _write_members(
    scene: Scene, shared: dict[str, list[Any]], people: People, created: Ints, updated: Ints
) -> None:
    chosen = np.flatnonzero(people.member_ids)
    size = len(chosen)
    columns: dict[str, Any] = {name: [values[n] for n in chosen] for name, values in shared.items()}
    scene.store.insert(
        "members",
        {
            **columns,
            "id": people.member_ids[chosen],
            "organization_id": [scene.organization] * size,
            "title": [("Ms", None, "Dr", None)[n % 4] for n in range(size)],
            "status": [("active", "active", "active", "unclaimed")[n % 4] for n in range(size)],
            "date_of_birth": [-n * 911 * DAY // 40 if n % 3 else None for n in range(size)],
            "created_at": created[chosen],
            "last_login_at": [int(moment) if n % 4 else None for n, moment in enumerate(updated[chosen])],
        },
    )


def _who(rng: np.random.Generator, size: int, ids: Ints) -> dict[str, list[Any]]:
    first = [FIRST[n] for n in rng.integers(0, len(FIRST), size)]
    last = [LAST[n] for n in rng.integers(0, len(LAST), size)]
    for n in range(0, size, 61):
        last[n] = f"{last[n]}, Jr."
    for n in range(30, size, 211):
        first[n] = f'{first[n]} "Sunny"'
    for n in range(90, size, 997):
        last[n] = "=Null"
    emails = [
        f"{_ascii(a)}.{_ascii(b)}{int(number) % 100000}@example.org"
        for a, b, number in zip(first, last, ids, strict=True)
    ]
    return {"first_name": first, "last_name": last, "email_address": emails}


def _ascii(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return "".join(letter for letter in plain if letter.isalnum())


def _addresses(rng: np.random.Generator, size: int) -> dict[str, list[Any]]:
    share = np.array([place[4] for place in PLACES], dtype=float)
    places = [PLACES[n] for n in rng.choice(len(PLACES), size, p=share / share.sum())]
    known = rng.random(size) < 0.93
    number = rng.integers(1, 9_999, size)
    street = rng.integers(0, len(STREETS), size)
    return {
        "address1": [
            f"{n} {STREETS[s]}" if k else None for n, s, k in zip(number, street, known, strict=True)
        ],
        "address2": [
            f"Unit {n % 90:03d}" if n % 8 == 0 and k else None for n, k in zip(number, known, strict=True)
        ],
        "city": [p[0] if k else None for p, k in zip(places, known, strict=True)],
        "state": [p[1] if k else None for p, k in zip(places, known, strict=True)],
        "country": [p[2] if k else None for p, k in zip(places, known, strict=True)],
        "postal_code": [p[3] if k else None for p, k in zip(places, known, strict=True)],
    }
