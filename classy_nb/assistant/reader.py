"""Reading for the tools: from a connection or a mirror, with the same calls, and remembered for a while.

Names, conditions and periods come in as an assistant writes them and are checked; what is wrong is refused in
sentences that do not quote it: a :class:`Refusal`. Frames go out, with their age. Only the columns that a
calculation needs are fetched; the reader never holds a name or an address that may not leave.
"""

from __future__ import annotations

import re
import threading
import time
from collections import OrderedDict
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from classy_nb.catalog import DEFAULT_KEYS, load
from classy_nb.client import Classy, Demo
from classy_nb.errors import ClassyError, UsageError, kept_warnings
from classy_nb.query import Period, holds_several, instant, nearest, read_conditions, read_period, zone

from .disclosure import Disclosure, name_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import pandas as pd

    from classy_nb.catalog import Column, Endpoint, ResourceSpec
    from classy_nb.mirror import Mirror

_FRESH = 300.0
"""Seconds for which fetched data is reused for further questions."""
_KEPT = 6
"""How many frames are kept."""
_OPERATOR = re.compile(r"\s*([A-Za-z_][\w.]*)\s*(?:<=|>=|<>|!=|==|=|<|>)")
_LIKE_A_NAME = re.compile(r"[A-Za-z][\w. -]{0,39}")
"""What is worth comparing with all names, which takes time."""
_PEOPLE_PARENTS = frozenset({"member", "supporter"})
WHEN = (
    "a day (2026-10-31), a month (2026-10), a year (2026), a moment (2026-10-31T12:00), or a period in "
    "words: today, last month, this quarter, last 30 days, last year, this fiscal year, year to date, Q1 "
    "2026, January 2026, year 2025, giving tuesday 2025"
)


class Refusal(Exception):  # noqa: N818 - an answer, and not a fault
    """A question that is not answered; the message is our own, and goes to the assistant as it is."""


@dataclass(frozen=True)
class Span:
    """The days that a question is about, in the organization's time zone."""

    period: Period
    first_day: str | None
    """None if it has no beginning."""
    last_day: str | None
    """The last day, included; None if it has no end."""

    @property
    def keywords(self) -> dict[str, Any]:
        """The keywords for it in the call of a list; an open end has none."""
        ends = {"since": self.period.since, "until": self.period.until}
        return {name: moment for name, moment in ends.items() if moment is not None}


@dataclass(frozen=True)
class Reading:
    """A frame, when it was fetched, and notes about it."""

    frame: pd.DataFrame
    as_of: datetime
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Facts:
    """What there is to read, and where it comes from."""

    source: str
    """Where the numbers come from."""
    organization: dict[str, Any]
    """Its id and name."""
    timezone: str
    fiscal_year_start: int
    as_of: datetime
    """When the data that can be read now were fetched."""
    begins: str | None
    """The moment at which a mirror of recent rows begins; None if it has all rows."""
    lists: dict[str, ResourceSpec]
    """The lists that can be read, by name."""


class Reader:
    """Reads lists of one organization, in a connection or a mirror.

    Parameters
    ----------
    source
        A connection; or a mirror, which needs none.
    allow_personal
        As for :class:`Disclosure`.
    """

    def __init__(self, source: Classy | Mirror, *, allow_personal: bool = False) -> None:
        self._source = source
        self.disclosure = Disclosure(allow_personal=allow_personal)
        self._lock = threading.Lock()  # one fetch at a time: the same question again gets what it brings
        self._frames: OrderedDict[str, tuple[float, Reading]] = OrderedDict()
        self._facts: tuple[int, Facts] | None = None

    def facts(self) -> Facts:
        """Return what answers state about the source; for a mirror, looked up once for each refresh."""
        state = self._state()
        if isinstance(self._source, Classy):
            kind = "sandbox (all data are invented)" if isinstance(self._source, Demo) else "API"
            name, held, begins = self._source.organization_name, None, None
            start, as_of = self._source.fiscal_year_start, datetime.now(UTC)
        else:
            if self._facts is not None and self._facts[0] == state:
                return self._facts[1]
            about, kind = self._source.about, "mirror (a local copy)"
            name, held, begins = about.get("organization_name"), set(dir(self._source)), about.get("since")
            start, as_of = int(about.get("fiscal_year_start") or 1), self._source.refreshed_at
        lists = {key: spec for key, spec in sorted(load().resources.items()) if spec.lists}
        found = Facts(
            source=kind,
            organization={"id": self._source.organization, "name": name_of(name) if name else None},
            timezone=self._source.timezone,
            fiscal_year_start=start,
            as_of=as_of,
            begins=begins or None,
            lists={key: spec for key, spec in lists.items() if held is None or key in held},
        )
        self._facts = (state, found)
        return found

    # What there is

    def resource(self, name: str) -> ResourceSpec:
        """Return a resource of the catalog."""
        found = load().resources.get(name)
        if found is None:
            raise Refusal(
                f"No list has that name. {_meant(name, load().resources)}list_resources names all, and find "
                "looks for them by other words."
            )
        return found

    def list_of(self, name: str, parents: Iterable[str] = ()) -> Endpoint:
        """Return the list of a resource that has these parents, if it can be read here."""
        spec = self.resource(name)
        here = self.facts().lists
        if name in here:
            # Lists of one resource may hold different records: channels of a campaign, of the organization.
            matching = [endpoint for endpoint in spec.lists if _parents_of(endpoint) == set(parents)]
            return (matching or spec.lists)[0]
        if not spec.lists:
            raise Refusal("This resource has single records only, and no list.")
        raise Refusal(f"This mirror does not hold that list. It holds: {', '.join(here)}.")

    # Questions, checked

    def span(self, since: str | None, until: str | None) -> Span:
        """Return the days between two texts; a period in words as *since* sets both ends."""
        facts = self.facts()
        timezone = facts.timezone
        try:
            period = read_period(since, until, timezone=timezone, fiscal_year_start=facts.fiscal_year_start)
            begin, end = (
                None if moment is None or isinstance(moment, Period) else instant(moment, timezone)
                for moment in (period.since, period.until)
            )
        except UsageError:
            raise Refusal(
                f"'since' or 'until' is not a date or a period. Each is {WHEN}. 'until' as a date is the "
                "first day that is no longer counted; as a period in words, it ends with the last day of it."
            ) from None
        if begin is not None and end is not None and begin >= end:
            raise Refusal("'since' is not before 'until', which is the first day that is no longer counted.")
        here = zone(timezone)
        return Span(
            period,
            None if begin is None else begin.astimezone(here).date().isoformat(),
            None if end is None else (end - timedelta(microseconds=1)).astimezone(here).date().isoformat(),
        )

    def conditions(self, endpoint: Endpoint, where: Sequence[str]) -> list[str]:
        """Return conditions on a list after checking that all are understood and allowed."""
        columns = {column.name: column for column in load().columns(endpoint)}
        for text in where:
            match = _OPERATOR.match(text)
            if match is None:
                raise Refusal(
                    "A condition in 'where' is not one. Write a column, one of = != < <= > >= and a value, "
                    "such as 'status = success'; all conditions must hold, and there is no OR."
                )
            column = self.column(endpoint, match[1])
            if not self.disclosure.shows(endpoint.record, column):
                raise Refusal(
                    f"'{column.name}' is personal or was typed by the public: here, nothing can be asked by "
                    "it. describe_resource says which columns can be used."
                )
            if holds_several(text):
                raise Refusal(
                    f"The condition on '{column.name}' looks like several in one text. Give each as a text "
                    "of its own in the list 'where': all must hold, and there is no OR. If all of it is one "
                    "value, put the value in quotes."
                )
            try:
                read_conditions([text], columns, self.facts().timezone)
            except UsageError:
                raise Refusal(f"The condition on '{column.name}' has {_faults(column)}.") from None
        return list(where)

    def remarks(self, endpoint: Endpoint, where: Sequence[str]) -> list[str]:
        """Return remarks about values that a column is not known to have."""
        columns = {column.name: column for column in load().columns(endpoint)}
        found = read_conditions(where, columns, self.facts().timezone)
        return [
            f"'{one.column.name}' is not known to have the value that was asked for. Known: "
            f"{', '.join(one.column.known)}."
            for one in found
            if one.column.known and one.operator in ("=", "!=") and one.value not in one.column.known
        ]

    def column(self, endpoint: Endpoint, column: str) -> Column:
        """Return a column of a list."""
        columns = {one.name: one for one in load().columns(endpoint)}
        if column not in columns:
            raise Refusal(
                f"'{endpoint.resource}' has no such column. {_meant(column, columns)}describe_resource has "
                "them all."
            )
        return columns[column]

    def parents(self, name: str, given: Mapping[str, int]) -> dict[str, int]:
        """Return the parents of a list, all of which it has and needs."""
        self.list_of(name)
        lists = [_parents_of(endpoint) for endpoint in self.resource(name).lists]
        people = frozenset() if self.disclosure.allow_personal else _PEOPLE_PARENTS
        known = sorted({key for keys in lists for key in keys if key not in people})
        if any(key not in known for key in given):
            listed = f"It has: {', '.join(known)}." if known else "It has none."
            raise Refusal(f"'{name}' has no such parent, or one that is a person. {listed}")
        if set(given) not in lists:
            choices = ", ".join(" and ".join(sorted(keys)) for keys in lists if keys and keys <= set(known))
            if not choices:
                raise Refusal(f"'{name}' can only be asked for a person, which is not possible here.")
            raise Refusal(f"'{name}' needs the id of a parent in 'parents', one at a time: {choices}.")
        return dict(given)

    def date_column(self, endpoint: Endpoint, by: str | None, span: Span) -> str | None:
        """Return the column that a period refers to; None without a period."""
        name, chosen = endpoint.resource, by or endpoint.date
        if by is not None:
            column = self.column(endpoint, by)
            if column.kind not in ("datetime", "date") or not self.disclosure.shows(endpoint.record, column):
                raise Refusal("'by' must name a column with dates that are not personal.")
        if span.period == Period(None, None):
            if endpoint.daily is not None:
                raise Refusal(f"'{name}' needs 'since': it is asked day by day.")
            return None
        if chosen is None:
            dates = [
                column.name
                for column in load().columns(endpoint)
                if column.kind in ("datetime", "date") and self.disclosure.shows(endpoint.record, column)
            ]
            raise Refusal(
                f"'{name}' has no business date: name one in 'by' ({', '.join(dates)})."
                if dates
                else f"'{name}' has no date that a period could refer to."
            )
        return chosen

    # Answers

    def count(self, name: str, **keywords: Any) -> int:
        """Return the number of records that match."""
        with self._lock, failing(), kept_warnings():
            return int(getattr(self._source, name).count(progress=False, **keywords))

    def read(self, name: str, **keywords: Any) -> Reading:
        """Return a list, or what was recently fetched for the same question."""
        self.list_of(name)
        with self._lock:
            key = f"{name} {sorted(keywords.items(), key=lambda pair: pair[0])!r} {self._state()}"
            kept = self._frames.get(key)
            if kept is not None and time.monotonic() - kept[0] < _FRESH:
                self._frames.move_to_end(key)
                return kept[1]
            as_of = self.facts().as_of
            with failing(), kept_warnings() as warned:
                frame = getattr(self._source, name)(progress=False, **keywords)
            reading = Reading(frame, as_of, notes_of(warned))
            self._frames[key] = (time.monotonic(), reading)
            while len(self._frames) > _KEPT:
                self._frames.popitem(last=False)
            return reading

    def _state(self) -> int:
        """Return a number that changes when a mirror is refreshed."""
        return 0 if isinstance(self._source, Classy) else self._source.path.stat().st_mtime_ns


def notes_of(warned: Sequence[str]) -> tuple[str, ...]:
    """Return the text of warnings that are about the calculation and quote no values; name the rest."""
    own = dict.fromkeys(text.removeprefix("analysis.") for text in warned if text.startswith("analysis."))
    others = len(warned) > len([text for text in warned if text.startswith("analysis.")])
    general = "The data or the question made classy_nb warn; the same call in a notebook shows the warning."
    return (*own, *([general] if others else ()))


@contextmanager
def failing() -> Iterator[None]:
    """Turn the package's errors into refusals that quote neither the question nor the data."""
    try:
        yield
    except UsageError:
        raise Refusal(
            "The list cannot be asked that way here. describe_resource says what it is; a notebook shows the "
            "whole error."
        ) from None
    except ClassyError as error:
        status = "" if error.status is None else f", status {error.status}"
        what = f"The data could not be read ({type(error).__name__}{status})."
        raise Refusal(f"{what} {type(error).default_advice}".strip()) from None


def _parents_of(endpoint: Endpoint) -> set[str]:
    """Return the parents that a list requires: not those with a default, and not those that are words."""
    return set(endpoint.parents) - set(DEFAULT_KEYS) - set(endpoint.choices)


def _meant(name: str, known: Mapping[str, Any]) -> str:
    """Return the known names that may be meant, as the beginning of advice."""
    found = nearest(name, sorted(known)) if _LIKE_A_NAME.fullmatch(name) else ""
    return f"{found} " if found else ""


def _faults(column: Column) -> str:
    """Say what is wrong with a value for a column."""
    return {
        "int": "no whole number",
        "float": "no plain number such as 1250.50",
        "bool": "neither true nor false",
        "datetime": "no date such as 2026-10-31",
        "date": "no date such as 2026-10-31",
    }.get(column.kind, "a value that cannot be compared: plain text without commas is needed")
