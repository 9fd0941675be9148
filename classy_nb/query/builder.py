"""A caller's keywords become a query, checked against the catalog before anything is sent.

In come a resource, the keywords that every list takes (:class:`ListOptions`) and the resource's own (its
parents, its endpoint's parameters); out comes a :class:`~classy_nb.query.query.Query`. Every resource's
call, ``.get``, ``.count`` and export goes through here, and so does the explorer. The API ignores what it
does not know, so whatever is not known is refused, with a suggestion.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from numbers import Integral, Number
from typing import TYPE_CHECKING, Any

from classy_nb.arguments import checked_flag, is_one_of, shown
from classy_nb.errors import UsageError

from .dates import day, instant, is_date_text, zone
from .filters import find_column, nearest, period, read_conditions, suggestion
from .paths import choose_endpoint, describe_parents, fill_path
from .periods import named_period, read_period, today_in
from .query import Query

if TYPE_CHECKING:
    from datetime import date

    from classy_nb.catalog import Catalog, Column, Endpoint, Parameter, ResourceSpec

    from .dates import Moment
    from .periods import Period

Names = str | Iterable[str] | None
"""One name, several in a comma list, or an iterable of names."""

_BOUNDS = ("start_date", "end_date")
"""Parameters of some endpoints that bound a period; the second is the first moment after it."""
_OF_THE_CALL = ("dtype_backend", "progress")
"""Keywords of a resource's call that are not part of the question; only a suggestion needs them here."""


_OF_A_RECORD = frozenset(("fields", "include", "aggregates"))
"""Keywords that ``.get`` takes of those that every list takes."""


@dataclass(frozen=True, kw_only=True)
class ListOptions:
    """The keywords that every list takes.

    This is where a new one is declared; CONTRIBUTING.md says what else it needs.
    :meth:`classy_nb.Resource.__call__` has it in its signature and hands it on, and the docstring of
    :class:`classy_nb.Resource` explains it (a test compares signature and docstring with this class).
    """

    since: Moment | Period | None = None
    """First moment of the period on the business date; or the whole period in words, "last month"."""
    until: Moment | None = None
    """First moment after it: the period is half-open; or a period in words, which is included."""
    by: str | None = None
    """The date column of *since* and *until*, if it is not the business date."""
    where: Names = None
    """Conditions, all of which must hold."""
    fields: Names = None
    """Only these columns; the id is always added."""
    include: Names = None
    """Related records in the same row: the API's ``with``."""
    aggregates: bool = False
    """Whether to add the totals of pages and teams."""
    sort: Names = None
    """Columns to sort by: ``created_at``, ``created_at:desc``, ``-created_at``."""
    limit: int | None = None
    """Only this many rows, the first ones."""
    accept_incomplete: bool = False
    """Whether rows that two complete reads agree on will do, even if the API's total says more."""
    flat: bool = False
    """Whether names come without dots: ``supporter_city``."""

    @classmethod
    def names(cls) -> frozenset[str]:
        """Return the names of the keywords."""
        return frozenset(field.name for field in dataclasses.fields(cls))

    @classmethod
    def split(cls, keywords: Mapping[str, Any]) -> tuple[ListOptions, dict[str, object]]:
        """Tell the keywords of every list from those of a resource."""
        names = cls.names()
        own = {name: value for name, value in keywords.items() if name not in names}
        return cls(**{name: value for name, value in keywords.items() if name in names}), own


@dataclass(frozen=True)
class QueryBuilder:
    """Builds queries for one connection."""

    catalog: Catalog
    timezone: str = "UTC"
    """Time zone of dates that have none."""
    defaults: Mapping[str, object] | None = None
    """Path keys to fill in: the ids of the organization and the application."""
    fiscal_year_start: int = 1
    """The month in which fiscal years begin, for periods in words."""

    def for_list(self, resource: ResourceSpec, **keywords: Any) -> Query:
        """Return the query for a list of *resource*.

        Parameters
        ----------
        resource
            What to list.
        **keywords
            The fields of :class:`ListOptions`, parents (``campaign=123``) and parameters of the endpoint.

        Raises
        ------
        UsageError
            The API does not know something: it would ignore it and answer another question.
        """
        options, own = ListOptions.split(keywords)
        daily = next((endpoint for endpoint in resource.lists if endpoint.daily), None)
        if daily is not None:
            return self._day_by_day(resource, daily, options, own)
        return self._one_list(resource, options, own)

    def _one_list(self, resource: ResourceSpec, options: ListOptions, own: Mapping[str, object]) -> Query:
        include = _names(options.include, "include")
        query = self._start(
            resource, resource.lists, own, options.fields, include, aggregates=options.aggregates
        )
        # Conditions may name columns that fields= leaves out, but no aggregates: the API cannot filter those.
        filterable = {column.name: column for column in self.catalog.columns(query.endpoint, include)}
        conditions = read_conditions(options.where, filterable, self.timezone)
        note = None
        if options.since is not None or options.until is not None or options.by is not None:
            column = _date_column(query.endpoint, options.by, filterable)
            dates = self.period(options.since, options.until)
            conditions += period(dates.since, dates.until, column, self.timezone)
            note = dates.note
        limit = _limit(options.limit)
        sort = self._sort(query.endpoint, _names(options.sort, "sort"), aggregates=options.aggregates)
        if limit is not None:
            _check_sortable(query.endpoint, [name for name, _ in sort])
        left_out = [name for name, _ in sort if name not in {column.name for column in query.columns}]
        if left_out and limit is None:
            raise UsageError(
                f"sort= names {shown(left_out[0])}, which fields= leaves out.",
                advice="Add it to fields=: a whole list is sorted after it has arrived.",
            )
        checked_flag("accept_incomplete", options.accept_incomplete)
        checked_flag("flat", options.flat)
        return replace(
            query,
            conditions=conditions,
            sort=sort,
            limit=limit,
            accept_incomplete=options.accept_incomplete,
            period=note,
            flat=options.flat,
        )

    def _day_by_day(
        self, resource: ResourceSpec, endpoint: Endpoint, options: ListOptions, own: Mapping[str, object]
    ) -> Query:
        """Return the query for a list that the API gives one day, and one kind, at a time.

        Its parts are the lists of the days and kinds. What sorts and cuts it has to wait for all of them.
        """
        assert endpoint.daily is not None  # noqa: S101 - the caller has looked
        name = endpoint.daily.keyword
        own = _without_none(own, {key for key in endpoint.keys if key not in endpoint.choices})
        for_all = options
        if is_one_of(options.by, (None, name)):
            if own.get(name) is not None and (options.since is not None or options.until is not None):
                raise UsageError(
                    f"{name}= is one day, and since= and until= are several.", advice="Give one or the other."
                )
            for_all = replace(options, since=None, until=None, by=None)
        elif own.get(name) is None:
            raise UsageError(
                f"by={shown(options.by)} needs {name}=, too.", advice=f"Or leave by= out: it is {name}."
            )
        if own.get(name) is None:
            first, last, note = self._days(resource, name, options.since, options.until)
        else:
            first, last, note = self._one_day(own[name], name)
        kinds: list[dict[str, object]] = [{}]
        for key, values in endpoint.choices.items():
            if own.get(key) is None:
                kinds = [{**kind, key: value} for value in values for kind in kinds]
        lists = [
            self._one_list(
                resource, replace(for_all, sort=None, limit=None), {**own, **kind, name: first.isoformat()}
            )
            for kind in kinds
        ]
        parts = [
            replace(one, parameters=_with_parameter(one.parameters, endpoint.daily.name, day.isoformat()))
            for day in (first + timedelta(days=number) for number in range((last - first).days + 1))
            for one in lists
        ]
        # Sort and limit are checked as for any list.
        whole = self._one_list(resource, for_all, {**own, **kinds[0], name: first.isoformat()})
        conditions, parameters = whole.conditions, whole.parameters
        if own.get(name) is None:
            column = next(column for column in self.catalog.columns(endpoint) if column.name == name)
            conditions += period(first, last + timedelta(days=1), column, self.timezone)
            parameters = tuple(pair for pair in parameters if pair[0] != endpoint.daily.name)
        ways = [one.path.rpartition("/") for one in lists]
        return replace(
            whole,
            # Ids of different kinds may be equal, and days come before ids.
            endpoint=replace(endpoint, id=None),
            path=f"{ways[0][0]}/{','.join(way[2] for way in ways)}",
            parameters=parameters,
            conditions=conditions,
            parts=tuple(parts),
            period=note,
        )

    def _days(
        self, resource: ResourceSpec, name: str, since: Any, until: Any
    ) -> tuple[date, date, str | None]:
        """Return the first and the last day of a period; without ``until=``, today is the last."""
        dates = self.period(since, until)
        if dates.since is None:
            raise UsageError(
                f"{resource.name} needs since=, or {name}=: the API lists them by day.",
                advice="Such as since='last month', or since='2026-01-01', until='2026-02-01'.",
            )
        first = day(dates.since, "since")
        if dates.until is None:
            last = max(first, today_in(self.timezone))
        else:
            last = day(dates.until, "until") - timedelta(days=1)
        if last < first:
            raise UsageError(
                f"since={shown(since)} is not before until={shown(until)}.",
                advice="The period is half-open: until= is the first moment after it.",
            )
        return first, last, dates.note

    def _one_day(self, value: Any, name: str) -> tuple[date, date, str | None]:
        """Return a day twice; it may be a period in words that is one day."""
        if not isinstance(value, str) or is_date_text(value):
            one = day(value, name)
            return one, one, None
        first, last = named_period(
            value,
            today=today_in(self.timezone),
            fiscal_year_start=self.fiscal_year_start,
            keyword=name,
        )
        if first != last:
            raise UsageError(
                f"{name}={shown(value)} is not one day: {first} to {last}.",
                advice=f"Use since={shown(value)}.",
            )
        return first, last, f"{' '.join(value.split())}: {first}"

    def period(self, since: Moment | Period | None, until: Moment | None) -> Period:
        """Return both ends of a period; words become days of this connection's zone and fiscal year.

        Raises
        ------
        UsageError
            As for :func:`read_period`.
        """
        return read_period(since, until, timezone=self.timezone, fiscal_year_start=self.fiscal_year_start)

    def for_record(
        self,
        resource: ResourceSpec,
        id: object = None,  # noqa: A002 - the word users know
        *,
        fields: Names = None,
        include: Names = None,
        aggregates: bool = False,
        **keywords: object,
    ) -> Query:
        """Return the query for one record of *resource*.

        Raises
        ------
        UsageError
            As for :meth:`for_list`.
        """
        if id is not None and resource.objects:
            keys = {endpoint.key for endpoint in resource.objects if endpoint.key}
            if len(keys) != 1:
                raise UsageError(f"{resource.name}.get() takes its parent as a keyword, not an id.")
            keywords = {**keywords, keys.pop(): id}
        return self._start(resource, resource.objects, keywords, fields, include, aggregates=aggregates)

    def _start(
        self,
        resource: ResourceSpec,
        endpoints: Sequence[Endpoint],
        keywords: Mapping[str, object],
        fields: Names,
        include: Names,
        *,
        aggregates: bool,
    ) -> Query:
        """Choose the endpoint and fill in all that lists and records have in common."""
        if not endpoints:
            if resource.objects:
                raise UsageError(f"{resource.name} has no list.", advice="Fetch its one record with .get().")
            raise UsageError(f"{resource.name} has lists only.", advice="Call it instead of .get().")
        keys = {key for endpoint in endpoints for key in endpoint.keys}
        keywords = _without_none(keywords, keys)
        self._check_known(resource, endpoints, keywords, keys)
        given = {key: value for key, value in keywords.items() if key in keys}
        endpoint = choose_endpoint(resource, endpoints, given)
        path = fill_path(endpoint, {**(self.defaults or {}), **given})

        included = _names(include, "include")
        for name in included:
            if name not in (*endpoint.include, *endpoint.include_elsewhere):
                raise UsageError(
                    f"{endpoint.path} does not know include={shown(name)}.",
                    advice=self._include_advice(name, endpoint),
                )
        undocumented = tuple(name for name in included if name in endpoint.include_elsewhere)
        warnings = [
            f"include={shown(name)} is sent, although the API's document lists it for other calls than "
            f"{endpoint.path}: if the API ignores it, its columns stay empty."
            for name in undocumented
        ]
        warnings += [
            warning
            for key, known in endpoint.known.items()
            if (warning := _unlisted_value(key, str(given[key]).strip(), known))
        ]
        warnings += [
            warning
            for parameter in endpoint.parameters
            if parameter.known and parameter.keyword in keywords
            if (warning := _unlisted_value(parameter.keyword, keywords[parameter.keyword], parameter.known))
        ]
        if checked_flag("aggregates", aggregates) and not endpoint.aggregates:
            raise UsageError(f"{endpoint.path} has no aggregates.")
        columns = self.catalog.columns(endpoint, included, aggregates=aggregates)
        parameters = self._parameters(endpoint, keywords, keys)
        if included:
            parameters.append(("with", ",".join(included)))
        if aggregates:
            parameters.append(("aggregates", "true"))
        named = _names(fields, "fields")
        if fields is not None and not named:
            raise UsageError(
                "fields= is empty.", advice="Name columns, or leave fields= out for all of them."
            )
        chosen = self._fields(endpoint, named)
        if chosen:
            parameters.append(("fields", ",".join(chosen)))
            # What was included or aggregated stays: fields= chooses among the record's own columns. They come
            # in the caller's order, behind the id if the caller did not name that.
            own = {column.name for column in self.catalog.columns(endpoint)} - set(included)
            order = dict.fromkeys((*(name for name in chosen if name not in named), *named))
            mine = [c for name in order for c in columns if c.name.split(".")[0] == name]
            columns = (*mine, *(c for c in columns if c.name not in own and c not in mine))
        return Query(
            endpoint, path, columns, tuple(parameters), undocumented=undocumented, warnings=tuple(warnings)
        )

    def _include_advice(self, name: str, endpoint: Endpoint) -> str:
        """Say what an endpoint includes, and what only other calls of its resource are said to include."""
        listed, elsewhere = endpoint.include, endpoint.include_elsewhere
        # The name of an include is no mistake for another one, even if they mean alike.
        if name not in self.catalog.includes and (close := nearest(name, (*listed, *elsewhere))):
            return close
        advice = f"It takes {', '.join(listed)}." if listed else "It takes none." if not elsewhere else ""
        if elsewhere:
            advice += (
                f" Listed for other calls of the same record, sent with a warning: {', '.join(elsewhere)}."
            )
        return advice.strip()

    def _check_known(
        self,
        resource: ResourceSpec,
        endpoints: Sequence[Endpoint],
        keywords: Mapping[str, object],
        keys: set[str],
    ) -> None:
        """Refuse keywords that none of the *endpoints* takes."""
        known = keys | {p.keyword for endpoint in endpoints for p in endpoint.parameters}
        for keyword in (keyword for keyword in keywords if keyword not in known):
            if any(keyword in endpoint.keys for endpoint in self.catalog.endpoints):
                raise UsageError(
                    f"{resource.name} has no parent {keyword}=.",
                    advice=f"It takes {describe_parents(endpoints)}.",
                )
            options = ListOptions.names() | {*_OF_THE_CALL} if endpoints[0].is_list else _OF_A_RECORD
            names = sorted(known | options)
            columns = [column.name for column in self.catalog.columns(endpoints[0])]
            if keyword in columns:
                advice = f"{keyword} is a column: where='{keyword} = ...' filters by it."
            elif not (advice := nearest(keyword, names)) and (advice := nearest(keyword, columns)):
                advice = f"Columns are filtered by where=. {advice}"
            raise UsageError(
                f"{resource.name} takes no keyword {shown(keyword)}.",
                advice=advice or suggestion(keyword, names),
            )

    def _parameters(
        self, endpoint: Endpoint, keywords: Mapping[str, object], keys: set[str]
    ) -> list[tuple[str, str]]:
        """Return the endpoint's own parameters, as the API spells and takes them."""
        known = {parameter.keyword: parameter for parameter in endpoint.parameters}
        for keyword in keywords:
            if keyword not in known and keyword not in keys:
                raise UsageError(
                    f"{endpoint.path} does not know {keyword}=.", advice=suggestion(keyword, known)
                )
        # Some endpoints have a parameter of this name; the moments beside it are in that time zone.
        moments = {p.keyword for p in endpoint.parameters if p.type == "moment"}
        if "timezone" in known and moments & keywords.keys():
            # Without it the API would read them in a zone of its own: the campaign's.
            keywords = {"timezone": self.timezone, **keywords}
        own_zone = keywords.get("timezone") if "timezone" in known else None
        timezone = own_zone if isinstance(own_zone, str) else self.timezone
        if moments == set(_BOUNDS):
            given: list[Any] = [keywords.get(name) for name in _BOUNDS]
            dates = read_period(
                *given, timezone=timezone, fiscal_year_start=self.fiscal_year_start, names=_BOUNDS
            )
            both = zip(_BOUNDS, (dates.since, dates.until), strict=True)
            keywords = {**keywords, **{name: value for name, value in both if value is not None}}
        pairs = []
        for keyword, parameter in known.items():
            value = keywords.get(keyword, parameter.default)
            if value is not None:
                pairs.append((parameter.name, _parameter_text(parameter, value, timezone)))
            elif parameter.required:
                choices = f" (one of {', '.join(parameter.choices)})" if parameter.choices else ""
                raise UsageError(f"{endpoint.path} needs {keyword}={choices}.")
        return pairs

    def _fields(self, endpoint: Endpoint, names: tuple[str, ...]) -> tuple[str, ...]:
        if not names:
            return ()
        record = self.catalog.records.get(endpoint.record)
        known = {column.name: column for column in record.columns} if record else {}
        for name in names:
            find_column(name, known, "fields")
        own_id = ("id",) if "id" in known else ()  # without ids nothing can be joined or de-duplicated
        return tuple(dict.fromkeys((*own_id, *names)))

    def _sort(
        self, endpoint: Endpoint, names: tuple[str, ...], *, aggregates: bool
    ) -> tuple[tuple[str, bool], ...]:
        columns = self.catalog.columns(endpoint, aggregates=aggregates)
        known = {c.name: c for c in columns if "." not in c.name and c.kind not in ("list", "json")}
        order: dict[str, bool] = {}
        for text in names:
            name, _, direction = text.strip().partition(":")
            if name.startswith("-") and not direction:
                name, direction = name[1:], "desc"
            if direction not in ("", "asc", "desc"):
                raise UsageError(f"sort={shown(text)}: the direction is asc or desc.")
            find_column(name, known, "sort")
            if name in order:
                raise UsageError(
                    f"sort= names {shown(name)} twice.", advice="Give it once: the first decides."
                )
            order[name] = direction == "desc"
        return tuple(order.items())


def _unlisted_value(keyword: str, value: object, known: Sequence[str]) -> str | None:
    """Return what to warn about where the document's examples of a parameter do not have *value*."""
    if value in known:
        return None
    return (
        f"{keyword}={shown(value)}: the API's document does not list this value. Known: {', '.join(known)}."
    )


def _check_sortable(endpoint: Endpoint, names: Sequence[str]) -> None:
    """Refuse a sort that the API would ignore: the first rows would be others."""
    if endpoint.sortable and (len(names) > 1 or not set(names) <= set(endpoint.sortable)):
        raise UsageError(
            f"{endpoint.path} sorts by one of {', '.join(endpoint.sortable)}, not by {', '.join(names)}.",
            advice="Leave limit= out: a whole list is sorted after it has arrived.",
        )


def _date_column(endpoint: Endpoint, by: str | None, columns: Mapping[str, Column]) -> Column:
    """Return the column that ``since=`` and ``until=`` refer to."""
    dates = [c.name for c in columns.values() if c.kind in ("datetime", "date") and "." not in c.name]
    name = endpoint.date if is_one_of(by, (None, "")) else by
    if name is None:
        advice = f"Choose one with by=: {', '.join(dates)}." if dates else "Fetch all of it."
        raise UsageError(f"{endpoint.path} has no business date for since= and until=.", advice=advice)
    column = find_column(name, columns, "by")
    if column.kind not in ("datetime", "date"):
        raise UsageError(
            f"by={shown(name)} is not a date.", advice=f"The dates are {', '.join(dates)}." if dates else ""
        )
    return column


_WITHOUT_EFFECT_ON_A_COUNT = ("limit", "sort", "fields", "flat", "accept_incomplete")


def check_count(keywords: Mapping[str, object]) -> None:
    """Refuse keywords that would not change how many records a list has.

    Raises
    ------
    UsageError
        One of them is given.
    """
    for name in _WITHOUT_EFFECT_ON_A_COUNT:
        if keywords.get(name) is not None:
            raise UsageError(f"count() takes no {name}=.", advice="It counts all matching records.")


def check_order_of_id(keywords: Mapping[str, object]) -> None:
    """Refuse an order that batches and files, which come in order of id, could have only with a limit.

    Raises
    ------
    UsageError
        *keywords* have ``sort=`` without ``limit=``.
    """
    if keywords.get("sort") is not None and keywords.get("limit") is None:
        raise UsageError("Batches and files take sort= only with limit=.", advice="They are in order of id.")


def check_batches(rows: object, *, arrow: object, decimal: object, keep_misfits: object = False) -> None:
    """Refuse batches of no size, and exact amounts and misfits where batches are frames.

    Raises
    ------
    UsageError
        *rows* is not a number of rows, or *decimal* or *keep_misfits* is not a flag or goes without *arrow*.
    """
    if isinstance(rows, bool) or not isinstance(rows, int) or rows < 1:
        raise UsageError(f"rows={shown(rows)} must be a whole number, 1 or more.")
    if checked_flag("decimal", decimal) and not arrow:
        raise UsageError(
            "decimal=True needs arrow=True.",
            advice="Money in frames is Float64; to_arrow() has decimals.",
        )
    if checked_flag("keep_misfits", keep_misfits) and not arrow:
        raise UsageError(
            "keep_misfits=True needs arrow=True.",
            advice="In frames, values that do not fit are missing, with a warning.",
        )


def _limit(limit: object) -> int | None:
    if limit is None:
        return None
    if isinstance(limit, bool) or not isinstance(limit, Integral) or limit < 1:
        raise UsageError(f"limit={shown(limit)} must be a whole number, 1 or more.")
    return int(limit)  # NumPy's integers are Integral, too


def _without_none(keywords: Mapping[str, object], keys: set[str]) -> dict[str, object]:
    """Leave out keywords that are None, except for parents, where it is refused.

    ``campaign=campaign_id`` with a variable that was never set would quietly fetch the whole organization.
    """
    for key in sorted(keys & keywords.keys()):
        if keywords[key] is None:
            raise UsageError(f"{key}=None names no parent.", advice=f"Give an id, or leave {key}= out.")
    return {key: value for key, value in keywords.items() if value is not None}


def _with_parameter(
    parameters: tuple[tuple[str, str], ...], name: str, value: str
) -> tuple[tuple[str, str], ...]:
    return tuple((key, value if key == name else old) for key, old in parameters)


def _names(value: Names, keyword: str) -> tuple[str, ...]:
    """Read one name, a comma list or several names, without duplicates."""
    if value is None:
        return ()
    names: Iterable[Any] = value.split(",") if isinstance(value, str) else value
    names = list(names) if isinstance(names, Iterable) else [names]
    if not all(isinstance(name, str) and name.strip() for name in names):
        raise UsageError(f"{keyword}= takes names, none of them empty.")
    return tuple(dict.fromkeys(name.strip() for name in names))


def _parameter_text(parameter: Parameter, value: Any, timezone: str) -> str:
    """Write the value of an endpoint's parameter the way the API takes it; *timezone*: of its moments."""
    name = parameter.keyword
    if parameter.type == "bool":
        if not isinstance(value, bool):
            raise UsageError(f"{name}= takes True or False, not {shown(value)}.")
        return "true" if value else "false"
    if parameter.type == "zone":
        zone(value)
        return str(value)
    if parameter.type == "date":
        return day(value, name).isoformat()
    if parameter.type == "moment":
        # Unlike filters, these take local time without an offset: "2026-01-31 18:30:00".
        local = instant(value, timezone, name).astimezone(zone(timezone))
        return local.replace(tzinfo=None, microsecond=0).isoformat(" ")
    text = str(value) if isinstance(value, str | Number) and not isinstance(value, bool) else ""
    if parameter.type == "int" and not re.fullmatch("[0-9]+", text):
        raise UsageError(f"{name}= takes a whole number, not {shown(value)}.")
    if parameter.range and not parameter.range[0] <= int(text) <= parameter.range[1]:
        raise UsageError(f"{name}={shown(value)} must be from {parameter.range[0]} to {parameter.range[1]}.")
    if parameter.choices and text not in parameter.choices:
        raise UsageError(f"{name}={shown(value)} must be one of {', '.join(parameter.choices)}.")
    if not text or not text.isprintable():
        raise UsageError(f"{name}= takes plain text that is not empty.")
    return text
