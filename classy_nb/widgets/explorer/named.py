"""Campaigns, pages and teams by name: people know names, the API takes ids.

The API cannot search within a text, so a whole list comes once, with few of its columns, and is searched
here. The controller fetches it in a job and keeps it for a while.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from classy_nb.client import Classy, Resource
    from classy_nb.mirror import Mirror

    from .jobs import Job

MOST_MATCHES = 50
"""As many are shown; a longer list is not read, but searched again."""
_KEPT_FOR = 600.0
"""Seconds after which a list is fetched again: a colleague may have made a campaign meanwhile."""
_HOMES = {
    "campaign": ("campaigns", ("name", "internal_name")),
    "designation": ("designations", ("name",)),
    "fundraising_page": ("fundraising_pages", ("title",)),
    "fundraising_team": ("fundraising_teams", ("name",)),
}
"""The resource of each kind, and the columns that hold its names."""


def kind_of(name: str) -> str | None:
    """Return the kind of record whose id a parent (``campaign``) or a column (``campaign_id``) takes."""
    kind = name.rpartition(".")[2].removesuffix("_id")
    return kind if kind in _HOMES else None


def plural(kind: str) -> str:
    """Return what several of a kind are called."""
    return _HOMES[kind][0].replace("_", " ")


@dataclass(frozen=True)
class Named:
    """One record: its id, its name, and what tells it from others of the same name."""

    id: int
    name: str
    about: str
    searched: str = field(repr=False)


@dataclass(frozen=True, repr=False)
class Names:
    """All records of a kind, as they were when they were fetched."""

    kind: str
    entries: tuple[Named, ...]
    at: str = field(default_factory=lambda: datetime.now().strftime("%H:%M"))  # noqa: DTZ005 - the reader's clock
    _since: float = field(default_factory=monotonic)

    @property
    def is_fresh(self) -> bool:
        """Whether the list can still be searched."""
        return monotonic() - self._since < _KEPT_FOR

    def search(self, text: str) -> list[Named]:
        """Return the records that have all words of *text* in their name, or this id; the closest first."""
        wanted = _plain(text)
        words = wanted.split()
        found = [e for e in self.entries if str(e.id) == wanted or all(word in e.searched for word in words)]

        def distance(entry: Named) -> tuple[bool, bool, bool, str, int]:
            name = _plain(entry.name)
            return str(entry.id) != wanted, name != wanted, not name.startswith(wanted), name, entry.id

        return sorted(found, key=distance)


def fetch_names(connection: Classy | Mirror, kind: str, job: Job) -> Names:
    """Fetch the names of all records of a kind."""
    resource, columns = _HOMES[kind]
    listed: Resource = getattr(connection, resource)
    state = ["is_active"] if kind == "designation" else ["status"]
    frame = listed(fields=[*columns, *state], progress=job.progress)
    rows = frame[["id", *columns, *state]].astype(object).itertuples(index=False, name=None)
    return Names(kind, tuple(_named(row, len(columns)) for row in rows))


def _named(row: tuple[Any, ...], columns: int) -> Named:
    names = [str(name).strip() for name in row[1 : columns + 1] if not pd.isna(name) and str(name).strip()]
    name = names[0] if names else "(no name)"
    others = [other for other in dict.fromkeys(names[1:]) if other != name]
    state = row[-1]
    if not pd.isna(state):
        others.append({True: "active", False: "inactive"}.get(state, str(state)))
    return Named(int(row[0]), name, " · ".join(others), _plain(" ".join(names)))


def _plain(text: str) -> str:
    """Write text the way it is compared: small letters without accents, one space between words."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(letter for letter in letters if not unicodedata.combining(letter)).split())
