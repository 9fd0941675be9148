"""The organization, its campaigns, designations, questions and ticket types."""

# The shares, odds and turns are the data of this file; a name for each would say less.
# ruff: noqa: PLR2004

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from .calendar import DAY, ZONES, Calendar, Ints, giving_tuesday
from .names import CAUSES

if TYPE_CHECKING:
    from classy_nb.sandbox.store import Store

    from .scene import Scene

_DESIGNATIONS = (
    "Where Needed Most",
    "Beach Cleanup",
    "Otter Nursery",
    "Scholarships, Grades 1-8",
    "Emergency Fund",
    'Boat "Hope"',
    "Night Shelter",
    "=Matching Pool",
    "Reef Lab",
    "Closed: 2022 Storm",
    "Library Vans",
    "Kitchen",
)
_TICKETS = {
    "ticketed": (
        ("General Admission", 15_000, 6_000),
        ("VIP Table", 100_000, 35_000),
        ("Student", 5_000, 3_000),
    ),
    "registration": (("5K Walk", 3_500, 2_000), ("Volunteer (free)", 0, 0)),
    "reg_w_fund": (("10K Run", 5_000, 2_500), ("Kids Dash (free)", 0, 0), ("Team Spot", 4_000, 2_000)),
    "fund_for_entry": (("Marathon Entry", 0, 0),),
}
PAGE_TYPES = ("peer_to_peer", "reg_w_fund", "fund_for_entry", "crowdfunding")
_TYPES = (
    "peer_to_peer",
    "ticketed",
    "reg_w_fund",
    "giving_tuesday",
    "year_end",
    "registration",
    "crowdfunding",
    "donation",
    "peer_to_peer",
    "fund_for_entry",
    "donation",
    "dynamic",
)
_EVERGREEN = (("Give Today", "donation"), ("Monthly Circle", "donation"), ("Studio Giving", "dynamic"))


@dataclass(frozen=True)
class Campaigns:
    """What the gifts need to know of the campaigns."""

    ids: Ints
    kinds: list[str]
    first: Ints
    last: Ints
    zone: Ints
    currency: list[str]
    designations: Ints
    designation: Ints
    tickets: dict[int, list[dict[str, Any]]]

    @property
    def general(self) -> Ints:
        """Positions of the campaigns that never end."""
        return np.arange(len(_EVERGREEN))

    def of_kind(self, *kinds: str) -> list[int]:
        """Positions of the campaigns of these types."""
        return [n for n, kind in enumerate(self.kinds) if kind in kinds]


def build(scene: Scene, base: int, count: int) -> Campaigns:
    """Fill campaigns, designations, questions and ticket types of one organization."""
    store = scene.store
    designations = _designations(scene, base)
    rows = [_campaign(n, scene, base, designations) for n in range(count)]
    plans = [row.pop("_plan") for row in rows]
    store.insert("campaigns", {name: [row[name] for row in rows] for name in rows[0]})
    _questions(store, rows)
    return Campaigns(
        ids=np.array([row["id"] for row in rows]),
        kinds=[row["type"] for row in rows],
        first=np.array([plan[0] for plan in plans]),
        last=np.array([plan[1] for plan in plans]),
        zone=np.array([ZONES.index(row["timezone_identifier"]) for row in rows]),
        currency=[row["raw_currency_code"] for row in rows],
        designations=np.array(designations),
        designation=np.array([row["designation_id"] for row in rows]),
        tickets=_ticket_types(store, rows, base),
    )


def _window(kind: str, year: int, rng: np.random.Generator, calendar: Calendar) -> tuple[int, int]:
    last_day = calendar.days - 1
    if kind == "giving_tuesday":
        center = calendar.day_of(giving_tuesday(year))
        return center - 20, center + 4
    if kind == "year_end":
        start = calendar.day_of(giving_tuesday(year)) + 6
        return start, start + 40
    start = calendar.day_of(calendar.start.replace(year=year) + timedelta(days=int(rng.integers(20, 260))))
    start = min(start, last_day - 30)
    longest = 240 if kind in PAGE_TYPES else 160
    return start, start + int(rng.integers(longest // 3, longest))


def _occasion(n: int, rng: np.random.Generator, calendar: Calendar) -> tuple[str, str, int, int | None]:
    """Name, type, first and last day of a campaign; no last day if it never ends."""
    if n < len(_EVERGREEN):
        return *_EVERGREEN[n], 0, None
    turn, slot = divmod(n - len(_EVERGREEN), len(_TYPES))
    year = calendar.today.year - 1 - turn % 5 if slot in {3, 4} else calendar.today.year - turn % 6
    kind = _TYPES[slot]
    window = _window(kind, year, rng, calendar)
    title = {"giving_tuesday": "GivingTuesday", "year_end": "Year-End Appeal"}.get(kind)
    if title:
        return f"{title} {year}", "donation", *window
    return f"{CAUSES[n % len(CAUSES)]} {kind.replace('_', ' ').title()} {year}", kind, *window


def _campaign(n: int, scene: Scene, base: int, designations: list[int]) -> dict[str, Any]:
    calendar = scene.calendar
    name, kind, first, last = _occasion(n, scene.rng, calendar)
    currency = {9: "CAD", 21: "GBP", 33: "EUR"}.get(n % 36, "USD")
    zone = {"CAD": "America/Toronto", "GBP": "Europe/London"}.get(currency, ZONES[(0, 0, 0, 1, 2)[n % 5]])
    over = last is not None and last < calendar.days
    return {
        "id": base + n * 37 + n % 3,
        "organization_id": scene.organization,
        "designation_id": designations[n % 5],
        "is_general": int(n < len(_EVERGREEN)),
        "logo_id": 10_000 + n if n % 4 == 0 else None,
        "team_cover_photo_id": None,
        "category_id": n % 6 or None,
        "channel_id": None,
        "name": name + (", with friends" if n % 11 == 5 else ""),
        "internal_name": f"#{n:03d} {name}" if n % 3 else None,
        "type": kind,
        "status": ("unpublished" if n % 2 else "deactivated") if over and n % 3 == 0 else "active",
        "timezone_identifier": zone,
        "raw_currency_code": currency,
        **_venue(n, kind),
        "contact_email": "events@example.org" if n % 2 else None,
        "external_id": f"{n * 7919 % 100000:05d}" if n % 7 == 0 else None,
        "custom_url": f"https://example.org/give/{n}" if n % 10 == 0 else None,
        "channel_keywords": None,
        **_goal(scene.rng, currency),
        **_moments(scene.rng, calendar, first, last),
        "_plan": (first, calendar.days if last is None else last),
    }


def _venue(n: int, kind: str) -> dict[str, str | None]:
    return {
        "venue": "Harbor Hall, 2nd floor" if kind == "ticketed" else None,
        "city": "San Diego" if kind in _TICKETS else None,
        "state": "CA" if kind in _TICKETS else None,
        "postal_code": ("92101", "02139", None)[n % 3],
        "country": "US" if kind in _TICKETS else None,
        "address1": None,
    }


def _goal(rng: np.random.Generator, currency: str) -> dict[str, int]:
    goal = int(rng.choice([5_000, 10_000, 25_000, 50_000, 100_000])) * 100
    rate = {"CAD": 0.74, "GBP": 1.27, "EUR": 1.08}.get(currency, 1.0)
    return {"goal": round(goal * rate), "raw_goal": goal}


def _moments(
    rng: np.random.Generator, calendar: Calendar, first: int, last: int | None
) -> dict[str, int | None]:
    created = calendar.seconds(max(first - 25, -200)) + int(rng.integers(0, DAY))
    return {
        "created_at": created,
        "updated_at": min(created + int(rng.integers(DAY, 300 * DAY)), calendar.seconds(calendar.days)),
        "started_at": calendar.seconds(first) + 8 * 3600,
        "ended_at": None if last is None else calendar.seconds(last) + 8 * 3600,
    }


def _designations(scene: Scene, base: int) -> list[int]:
    rng, calendar = scene.rng, scene.calendar
    count = len(_DESIGNATIONS)
    ids = [base // 10 + 11 * n for n in range(count)]
    created = [calendar.seconds(0) - DAY * int(day) for day in rng.integers(10, 900, count)]
    scene.store.insert(
        "designations",
        {
            "id": ids,
            "organization_id": [scene.organization] * count,
            "name": list(_DESIGNATIONS),
            "description": [
                None if n % 4 == 3 else f"Goes to {name.lower()}." for n, name in enumerate(_DESIGNATIONS)
            ],
            "external_reference_id": [f"{n:04d}" if n % 2 else None for n in range(count)],
            "city": ["San Diego" if n % 3 else None for n in range(count)],
            "state": ["CA" if n % 3 else None for n in range(count)],
            "postal_code": ["02139" if n % 3 == 2 else None for n in range(count)],
            "goal": [None if n % 5 == 4 else 100_000 * (n + 1) for n in range(count)],
            "is_active": [int(n != 9) for n in range(count)],
            "is_complete": [int(n == 9) for n in range(count)],
            "is_default": [int(n == 0) for n in range(count)],
            "created_at": created,
            "updated_at": [moment + 40 * DAY for moment in created],
            "start_time": [moment if n % 2 else None for n, moment in enumerate(created)],
            "end_time": [moment + 400 * DAY if n == 9 else None for n, moment in enumerate(created)],
        },
    )
    return ids


def _questions(store: Store, rows: list[dict[str, Any]]) -> None:
    asked = []
    for row in rows:
        places: list[tuple[str, str, str | None, str]] = [
            ("donation_page", "string", None, "How did you hear about us?")
        ]
        if row["type"] in PAGE_TYPES:
            places += [
                ("page_creation", "text", None, "Why do you fundraise?"),
                ("team_creation", "text", None, "What is your team's story?"),
            ]
        if row["type"] in _TICKETS:
            places += [
                ("campaign_registration", "boolean", None, "Any allergies, or other needs?"),
                ("campaign_registration", "integer", None, "Emergency number"),
                ("campaign_registration", "date", "birthdate", "Date of birth"),
            ]
        asked += [(row, weight, *place) for weight, place in enumerate(places)]
    columns: dict[str, list[Any]] = {
        "id": [row["id"] * 8 + weight for row, weight, *_ in asked],
        "organization_id": [row["organization_id"] for row, *_ in asked],
        "campaign_id": [row["id"] for row, *_ in asked],
        "is_deleted": [int(n % 17 == 16) for n in range(len(asked))],
        "is_required": [n % 2 for n in range(len(asked))],
        "is_pre_conversion": [0] * len(asked),
        "product_id": [None] * len(asked),
        "weight": [weight for _, weight, *_ in asked],
        "label": [label for *_, label in asked],
        "location": [location for _, _, location, *_ in asked],
        "type": [kind for _, _, _, kind, *_ in asked],
        "tag": [tag for *_, tag, _ in asked],
        "created_at": [row["created_at"] for row, *_ in asked],
        "updated_at": [row["created_at"] + DAY for row, *_ in asked],
        "deleted_at": [row["updated_at"] if n % 17 == 16 else None for n, (row, *_) in enumerate(asked)],
    }
    store.insert("questions", columns)


def _ticket_types(store: Store, rows: list[dict[str, Any]], base: int) -> dict[int, list[dict[str, Any]]]:
    tickets: dict[int, list[dict[str, Any]]] = {}
    for position, row in enumerate(rows):
        for weight, (name, price, overhead) in enumerate(_TICKETS.get(row["type"], ())):
            ticket = {
                "id": base // 5 + position * 4 + weight,
                "organization_id": row["organization_id"],
                "campaign_id": row["id"],
                "commitment_id": 98_000 + position if row["type"] == "fund_for_entry" else None,
                "is_active": 1,
                "quantity_available": 500 if weight == 1 else None,
                "quantity_sold": 0,
                "max_per_transaction": 10,
                "weight": weight,
                "name": name,
                "description": f'{name}, includes "the shirt"' if weight == 0 else None,
                "created_at": row["created_at"],
                "updated_at": row["updated_at"],
                "started_at": row["started_at"],
                "ended_at": row["ended_at"],
                "price": price,
                "overhead": overhead,
            }
            tickets.setdefault(position, []).append(ticket)
    flat = [ticket for group in tickets.values() for ticket in group]
    if flat:
        store.insert("ticket_types", {name: [ticket[name] for ticket in flat] for name in flat[0]})
    return tickets
