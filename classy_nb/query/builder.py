"""What a caller asks for, checked against the catalog before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from typing import TYPE_CHECKING

from classy_nb.errors import UsageError

from .filters import find_column, period, read_conditions, suggestion
from .paths import choose, describe, fill
from .query import MOST_PER_PAGE, Query
from .values import parameter_text

if TYPE_CHECKING:
    from classy_nb.catalog import Catalog, Column, Endpoint, ResourceSpec

    from .dates import Moment

__all__ = ["MOST_PER_PAGE", "Names", "Query", "QueryBuilder"]

Names = str | Iterable[str] | None


@dataclass(frozen=True)
class QueryBuilder:
    """What every question needs to know of its connection."""

    catalog: Catalog
    timezone: str = "UTC"
    defaults: Mapping[str, object] | None = None
    """Path keys to fill in: the organization's id and the application's."""

    def for_list(
        self,
        resource: ResourceSpec,
        *,
        since: Moment | None = None,
        until: Moment | None = None,
        by: str | None = None,
        where: Names = None,
        fields: Names = None,
        include: Names = None,
        aggregates: bool = False,
        sort: Names = None,
        limit: int | None = None,
        **keywords: object,
    ) -> Query:
        """Return the query for a list of *resource*; see :class:`classy_nb.Resource` for the keywords.

        Raises
        ------
        UsageError
            Something the API does not know: it would ignore it and answer something else.
        """
        include = _names(include, "include")
        query = self._start(resource, resource.lists, keywords, fields, include, aggregates=aggregates)
        every = self.catalog.columns(query.endpoint, include)
        filterable = {column.name: column for column in every}
        conditions = read_conditions(where, filterable, self.timezone)
        if since is not None or until is not None or by is not None:
            conditions += period(since, until, self._date(query.endpoint, by, filterable), self.timezone)
        if limit is not None and (isinstance(limit, bool) or not isinstance(limit, Integral) or limit < 1):
            raise UsageError(f"limit={limit!r} must be a whole number from 1.")
        order = self._sort(query.endpoint, _names(sort, "sort"), aggregates=aggregates)
        left_out = [name for name, _ in order if name not in {column.name for column in query.columns}]
        if left_out and limit is None:
            raise UsageError(
                f"sort= names {left_out[0]!r}, which fields= leaves out.",
                advice="Add it to fields=: the whole list is sorted when it is here.",
            )
        limit = None if limit is None else int(limit)
        return replace(query, conditions=conditions, sort=order, limit=limit)

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
        """Return the query for one record of *resource*."""
        if id is not None and resource.objects:
            keys = {endpoint.key for endpoint in resource.objects if endpoint.key}
            if len(keys) != 1:
                raise UsageError(f"{resource.name}.get() takes no id, but its parents as keywords.")
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
        if not endpoints:
            has = "one record: use .get()" if resource.objects else "lists only: call it"
            raise UsageError(f"{resource.name} answers {has}.")
        keys = {key for endpoint in endpoints for key in endpoint.keys}
        keywords = _filled(keywords, keys)
        endpoint = choose(resource, endpoints, self._path_keys(resource, endpoints, keywords, keys))
        path = fill(endpoint, {**(self.defaults or {}), **keywords})
        included = _names(include, "include")
        for name in included:
            if name not in endpoint.include:
                raise _unknown("include", name, endpoint.include, endpoint)
        if aggregates and not endpoint.aggregates:
            raise UsageError(f"{endpoint.path} has no aggregates.")
        columns = self.catalog.columns(endpoint, included, aggregates=aggregates)
        parameters = self._parameters(endpoint, keywords, keys)
        if included:
            parameters.append(("with", ",".join(included)))
        if aggregates:
            parameters.append(("aggregates", "true"))
        chosen = self._fields(endpoint, _names(fields, "fields"))
        if chosen:
            parameters.append(("fields", ",".join(chosen)))
            own = {c.name for c in self.catalog.columns(endpoint)} - set(included)
            columns = tuple(c for c in columns if c.name.split(".")[0] in chosen or c.name not in own)
        return Query(endpoint, path, columns, tuple(parameters))

    def _path_keys(
        self,
        resource: ResourceSpec,
        endpoints: Sequence[Endpoint],
        keywords: Mapping[str, object],
        keys: set[str],
    ) -> dict[str, object]:
        known = keys | {p.keyword for endpoint in endpoints for p in endpoint.parameters}
        for keyword in keywords:
            if keyword not in known and keyword in self._all_keys():
                ways = describe(endpoints)
                raise UsageError(f"{resource.name} has no parent {keyword}=.", advice=f"It takes {ways}.")
            if keyword not in known:
                raise UsageError(
                    f"{resource.name} takes no keyword {keyword!r}.",
                    advice=suggestion(keyword, known | _KEYWORDS),
                )
        return {key: value for key, value in keywords.items() if key in keys}

    def _all_keys(self) -> set[str]:
        return {key for endpoint in self.catalog.endpoints for key in endpoint.keys}

    def _parameters(
        self, endpoint: Endpoint, keywords: Mapping[str, object], keys: set[str]
    ) -> list[tuple[str, str]]:
        found = []
        known = {parameter.keyword: parameter for parameter in endpoint.parameters}
        for keyword in keywords:
            if keyword not in known and keyword not in keys:
                raise _unknown("keyword", keyword, known, endpoint)
        own_zone = keywords.get("timezone") if "timezone" in known else None
        timezone = own_zone if isinstance(own_zone, str) else self.timezone
        for keyword, parameter in known.items():
            value = keywords.get(keyword, parameter.default)
            if value is not None:
                found.append((parameter.name, parameter_text(parameter, value, timezone)))
            elif parameter.required:
                choices = f" (one of {', '.join(parameter.choices)})" if parameter.choices else ""
                raise UsageError(f"{endpoint.path} needs {keyword}={choices}.")
        return found

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
        found: list[tuple[str, bool]] = []
        for text in names:
            name, _, direction = text.strip().partition(":")
            if name.startswith("-") and not direction:
                name, direction = name[1:], "desc"
            if direction not in ("", "asc", "desc"):
                raise UsageError(f"sort={text!r}: the direction is asc or desc.")
            find_column(name, known, "sort")
            if name in dict(found):
                raise UsageError(f"sort= names {name!r} twice.", advice="Give it once: the first decides.")
            found.append((name, direction == "desc"))
        return tuple(found)

    def _date(self, endpoint: Endpoint, by: str | None, columns: Mapping[str, Column]) -> Column:
        dates = [c.name for c in columns.values() if c.kind in ("datetime", "date") and "." not in c.name]
        name = by or endpoint.date
        if name is None:
            advice = f"Choose one with by=: {', '.join(dates)}." if dates else "Fetch all of it."
            raise UsageError(f"{endpoint.path} has no business date for since= and until=.", advice=advice)
        column = find_column(name, columns, "by")
        if column.kind not in ("datetime", "date"):
            raise UsageError(f"by={name!r} is no date.", advice=f"Dates are {', '.join(dates) or 'none'}.")
        return column


def _filled(keywords: Mapping[str, object], keys: set[str]) -> dict[str, object]:
    """Leave out keywords that are None; refuse it for parents.

    A variable that was never filled would silently fetch the whole organization.
    """
    for key in sorted(keys & keywords.keys()):
        if keywords[key] is None:
            raise UsageError(
                f"{key}=None names no parent.", advice=f"Leave {key}= out, or give the id that is missing."
            )
    return {key: value for key, value in keywords.items() if value is not None}


_KEYWORDS = frozenset(
    (
        "since",
        "until",
        "by",
        "where",
        "fields",
        "include",
        "aggregates",
        "sort",
        "limit",
        "dtype_backend",
        "progress",
    )
)


def _unknown(keyword: str, name: str, known: Iterable[str], endpoint: Endpoint) -> UsageError:
    said = f"{keyword}={name!r}" if keyword != "keyword" else f"{name}="
    return UsageError(f"{endpoint.path} does not know {said}.", advice=suggestion(name, known))


def _names(value: Names, keyword: str) -> tuple[str, ...]:
    """Read one name, a comma list or several names, each once."""
    if value is None:
        return ()
    listed = value.split(",") if isinstance(value, str) else value
    listed = list(listed) if isinstance(listed, Iterable) else [listed]
    if not all(isinstance(name, str) and name.strip() for name in listed):
        raise UsageError(f"{keyword}= takes names, none of them empty.")
    return tuple(dict.fromkeys(name.strip() for name in listed))
