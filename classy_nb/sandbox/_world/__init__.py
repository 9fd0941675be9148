"""The synthetic organization: numbers that hang together, the same for the same seed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timezone

import numpy as np

from .._store import Store
from . import _campaigns, _fundraising, _gifts, _items, _ledger, _people, _plans
from ._calendar import Calendar

FULL = 60_100
"""Transactions of the organization that the other numbers are taken from."""
_NAMES = ("Stand-in Harbor Foundation", "Stand-in Hills Trust", "Stand-in Lakes Society", "Stand-in Plains Fund",
          "Stand-in Islands League", "Stand-in Forest Circle")  # fmt: skip


@dataclass(frozen=True)
class Size:
    """How many records of each kind an organization has."""

    transactions: int
    supporters: int
    campaigns: int
    plans: int
    pages: int

    @classmethod
    def of(cls, transactions: int) -> Size:
        """Scale a real organization: 60,100 transactions, 9,480 supporters, 75 campaigns, 1,965 plans."""
        share = transactions / FULL
        return cls(
            transactions,
            max(1, round(9_480 * share)),
            max(15, round(75 * (share if share < 1 else share**0.5))),
            max(1, round(1_965 * share)),
            max(20, round(1_450 * share)),
        )


def organization_id(position: int) -> int:
    """Id of the organization at this position."""
    return 64_531 + 97 * position


def build(store: Store, *, seed: int, today: date, transactions: int, position: int) -> Size:
    """Fill *store* with one organization of so many transactions; return the sizes."""
    size = Size.of(transactions)
    organization = organization_id(position)
    calendar = Calendar(today)
    rng = np.random.default_rng([seed, position])
    if position == 0:
        _lookups(store, calendar)
    _organization(store, calendar, organization, position)
    campaigns = _campaigns.build(store, rng, calendar, organization, 210_000 + 100_000 * position, size.campaigns)
    people = _people.invent(rng, 31_000_000 + 4_000_000 * position, 8_400_000 + 3_000_000 * position, size.supporters)
    plans = _plans.draw(rng, calendar, campaigns, people, 1_900_000 + 1_000_000 * position, size.plans, transactions)
    bases = (610_000 + 400_000 * position, 4_100_000 + 4_000_000 * position)
    pages = _fundraising.build(store, rng, calendar, campaigns, people, organization, bases, size.pages)
    tickets = round(0.08 * transactions)
    gifts = transactions - tickets - len(plans.charge_plan)
    sales = (
        _gifts.draw_gifts(rng, calendar, campaigns, people.size, gifts),
        _gifts.draw_tickets(rng, calendar, campaigns, people.size, tickets),
    )
    # Half of the ids lie above 2**31.
    base = 2**31 - 15 * transactions + 2**33 * position
    ledger = _ledger.assemble(rng, calendar, campaigns, people, pages, plans, sales, base)
    store.insert("transactions", {"organization_id": np.full(transactions, organization), **ledger.columns})
    _items.write(store, rng, ledger, campaigns, people, organization, (5 * 10**9 * (position + 1), 7 * 10**7 * (position + 1)))
    _plans.write(store, rng, calendar, campaigns, people, plans, organization)
    _write_people(store, rng, people, ledger, organization)
    return size


def _write_people(
    store: Store, rng: np.random.Generator, people: _people.People, ledger: _ledger.Ledger, organization: int
) -> None:
    known = ledger.supporter >= 0
    who, when = ledger.supporter[known], ledger.columns["created_at"][known]
    first = np.full(people.size, int(when.max()))
    last = np.full(people.size, int(when.min()))
    np.minimum.at(first, who, when)
    np.maximum.at(last, who, when)
    campaign = np.zeros(people.size, dtype=np.int64)
    campaign[who[::-1]] = ledger.columns["campaign_id"][known][::-1]
    campaign[campaign == 0] = ledger.columns["campaign_id"][0]
    _people.write(store, rng, people, organization, first, np.maximum(first, last), campaign)


def _lookups(store: Store, calendar: Calendar) -> None:
    with store.writing() as connection:
        connection.executemany("INSERT INTO payments VALUES (?,?,?,?,?,?)", _ledger.PAYMENTS)
        connection.executemany("INSERT INTO sources VALUES (?,?,?,?,?,?,?,?,?)", _ledger.SOURCES)
        first = (calendar.start.year - 1970) * 12
        rows = [
            (month - 300, "Mailroom, Inc.", f"B{month:05d}", f"{n % 12 + 1:03d}",
             f"{1970 + month // 12:04d}-{month % 12 + 1:02d}-01")
            for n, month in enumerate(range(first, first + 100))
        ]  # fmt: skip
        connection.executemany("INSERT INTO batches VALUES (?,?,?,?,?)", rows)


def _organization(store: Store, calendar: Calendar, organization: int, position: int) -> None:
    created = int(datetime(2014, 5, 6, 15, tzinfo=timezone.utc).timestamp())  # noqa: UP017
    store.insert(
        "organizations",
        {
            "id": [organization],
            "name": [_NAMES[position % len(_NAMES)]],
            "description": ["Invented for the sandbox of classy_nb: a stand-in, no real organization."],
            "mission": ["To be counted, filtered and sorted."],
            "city": ["San Diego"],
            "state": ["CA"],
            "postal_code": ["92101"],
            "timezone_identifier": ["America/Los_Angeles"],
            "url": ["https://standin.example.org/"],
            "created_at": [created],
            "updated_at": [calendar.seconds(calendar.days - 30)],
        },
    )
