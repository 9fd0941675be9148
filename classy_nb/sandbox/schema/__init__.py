"""The tables of the main story: how each kind of record is stored and shown."""

from __future__ import annotations

from .campaigns import CAMPAIGNS, DESIGNATIONS, ORGANIZATIONS, QUESTIONS, TICKET_TYPES
from .derived import DERIVED as _DERIVED
from .fundraising import PAGES, TEAMS
from .people import MEMBERS, SUPPORTERS
from .plans import PLANS
from .social import SOCIAL
from .traces import TRACES
from .transactions import DONORS, ITEMS, LOOKUPS, REGISTRATIONS, TRANSACTIONS

STORED = (
    ORGANIZATIONS,
    MEMBERS,
    SUPPORTERS,
    CAMPAIGNS,
    DESIGNATIONS,
    QUESTIONS,
    TICKET_TYPES,
    TEAMS,
    PAGES,
    PLANS,
    TRANSACTIONS,
    ITEMS,
    REGISTRATIONS,
)
"""Tables that the world fills."""

DERIVED = (*_DERIVED, *TRACES, *SOCIAL)
"""Tables that follow from those."""

SHOWN = (DONORS,)
"""Further views of stored tables."""

__all__ = ["DERIVED", "LOOKUPS", "SHOWN", "STORED", "TRANSACTIONS"]
