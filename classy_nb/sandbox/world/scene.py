"""What every part of the world needs: the knobs, chance, the days, where to write, and whose data it is."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from importlib import resources
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from classy_nb.sandbox.store import Store

    from .campaigns import Campaigns
    from .people import People

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Objects = npt.NDArray[np.object_]
DAY = 86_400
KNOBS: dict[str, Any] = tomllib.loads(
    resources.files(__package__).joinpath("knobs.toml").read_text(encoding="utf-8")
)
METADATA: list[str] = KNOBS["metadata"]["shapes"]
_SEASONS = KNOBS["seasons"]
YEARS: int = _SEASONS["years"]
ZONES: list[str] = _SEASONS["zones"]


@dataclass
class Scene:
    """One organization while it is being invented."""

    store: Store
    rng: np.random.Generator
    dirt: np.random.Generator
    """Chance for what people and imports do to the data; apart from *rng*, so that it moves no amount."""
    calendar: Calendar
    organization: int
    position: int
    """0 for the first organization; ids start elsewhere for each."""
    campaigns: Campaigns = field(init=False)
    people: People = field(init=False)


class Calendar:
    """The days from the first of January, five years before *today*'s, to *today*.

    Days are counted from the first one. Their weights say when people give: seasons, weekdays, GivingTuesday,
    the last days of the year; the clock says at what time of their campaign's local day.
    """

    def __init__(self, today: date) -> None:
        self.today = today
        self.start = date(today.year - YEARS + 1, 1, 1)
        self.days = (today - self.start).days + 1
        self.first_day = (self.start - date(1970, 1, 1)).days
        dates = [self.start + timedelta(days=n) for n in range(self.days)]
        self.weight = np.array([_weight(day, self.start) for day in dates])
        self._sum = np.concatenate([[0.0], np.cumsum(self.weight)])
        self._is_last_of_year = np.array([(d.month, d.day) == (12, 31) for d in dates])
        self._offset = np.array([[_offset(day, ZoneInfo(zone)) for day in dates] for zone in ZONES])

    @property
    def end(self) -> int:
        """The last second of the data."""
        return self.seconds(self.days) - 1

    def draw(self, rng: np.random.Generator, low: Ints, high: Ints) -> Ints:
        """Draw one day in each half-open window, by the season's weight."""
        low = np.clip(low, 0, self.days - 1)
        high = np.clip(high, low + 1, self.days)
        at = self._sum[low] + rng.random(len(low)) * (self._sum[high] - self._sum[low])
        found: Ints = np.clip(np.searchsorted(self._sum, at, side="right") - 1, low, high - 1)
        return found

    def clock(self, rng: np.random.Generator, days: Ints) -> Ints:
        """Draw a second of the local day: evenings more often, late on the last day of the year."""
        hours, last_hours = (
            rng.choice(24, size=len(days), p=np.array(share, dtype=float) / sum(share))
            for share in (_SEASONS["hours"], _SEASONS["last_hours"])
        )
        hours = np.where(self._is_last_of_year[days], last_hours, hours)
        return hours * 3600 + rng.integers(0, 3600, len(days))

    def instant(self, days: Ints, seconds: Ints, zones: Ints) -> Ints:
        """Return seconds since 1970, UTC, of local days and seconds; *zones* are positions in ``ZONES``."""
        found: Ints = (days + self.first_day) * DAY + seconds - self._offset[zones, days]
        return found

    def day_of(self, day: date) -> int:
        """Return the number of *day*."""
        return (day - self.start).days

    def seconds(self, day: int) -> int:
        """Return midnight UTC of a day."""
        return (day + self.first_day) * DAY


def giving_tuesday(year: int) -> date:
    """Return the Tuesday after the fourth Thursday of November."""
    first = date(year, 11, 1)
    return first + timedelta(days=(3 - first.weekday()) % 7 + 21 + 5)


def _weight(day: date, start: date) -> float:
    is_weekend = day.weekday() >= 5
    weight: float = _SEASONS["months"][day.month - 1] * _SEASONS["weekend" if is_weekend else "weekday"]
    weight *= 1.0 + _SEASONS["yearly_growth"] * (day - start).days / 365.25
    if day == giving_tuesday(day.year):
        weight *= _SEASONS["giving_tuesday"]
    if day.month == 12:
        weight *= _SEASONS["last_days_of_december"].get(str(day.day), 1.0)
    return weight


def _offset(day: date, zone: ZoneInfo) -> int:
    offset = datetime(day.year, day.month, day.day, 20, tzinfo=UTC).astimezone(zone).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0
