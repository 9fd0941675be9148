"""What the form offers: the resources, and the parents, parameters, columns and includes of one of them.

All of it comes from the catalog and goes to the browser, which draws its fields accordingly.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from classy_nb.catalog import find_resources, meaning, resource_meaning
from classy_nb.progress import counted
from classy_nb.query import PERIODS, named_period, today_in

from .form import caller_keys, endpoint_of, key_label, own_columns, resource_of
from .named import kind_of

if TYPE_CHECKING:
    from classy_nb.catalog import Catalog, Column, Endpoint, Parameter, ResourceSpec
    from classy_nb.query import QueryBuilder

    from .form import Form

_COMMON = (
    *("success", "active", "attending", "enabled", "published"),
    *("refunded", "failed", "canceled", "incomplete", "pending", "unpublished", "inactive", "deleted"),
)
"""The statuses most records have, most frequent first: counted first, there may be nothing left to count."""


def known_values(column: Column) -> list[str]:
    """Return the documented values of a column, the most frequent ones first. The API may have others."""
    known = ("true", "false") if column.kind == "bool" else column.known
    return [
        *(value for value in _COMMON if value in known),
        *(value for value in known if value not in _COMMON),
    ]


def resource_choices(catalog: Catalog) -> list[dict[str, Any]]:
    """Return all resources that have lists: name, one line about each, what it holds, flags."""
    return [
        {
            "name": name,
            "about": _about(resource, catalog),
            "meaning": resource_meaning(name),
            "flags": _flags(resource.lists),
        }
        for name, resource in sorted(catalog.resources.items())
        if resource.lists
    ]


def search_resources(text: str, catalog: Catalog) -> list[str]:
    """Return the resources with lists that *text* may mean, best first, by synonyms (``cn.find``), too."""
    return [name for name in find_resources(catalog, text) if catalog.resources[name].lists]


def _about(resource: ResourceSpec, catalog: Catalog) -> str:
    parents = dict.fromkeys(_parent_label(endpoint) for endpoint in sorted(resource.lists, key=_plainest))
    dates = dict.fromkeys(endpoint.date for endpoint in resource.lists if endpoint.date)
    columns = len(catalog.columns(resource.lists[0]))
    parts = [f"under {', '.join(parents).lower()}", counted(columns, "column")]
    if dates:
        parts.append(f"dated by {', '.join(dates)}")
    return " · ".join(parts)


def _flags(endpoints: tuple[Endpoint, ...]) -> list[str]:
    flags = []
    if all(endpoint.deprecated for endpoint in endpoints):
        flags.append("deprecated")
    if all(endpoint.member_only for endpoint in endpoints):
        flags.append("members only")
    return flags


def _plainest(endpoint: Endpoint) -> tuple[bool, int, str]:
    return endpoint.deprecated, len(caller_keys(endpoint)), _parent_label(endpoint)


def _parent_label(endpoint: Endpoint) -> str:
    keys = [key.replace("_", " ") for key in caller_keys(endpoint)]
    if not keys or keys in (["scope"], ["payout type"]):  # these two are not parents
        keys = ["organization", *keys]
    return " and ".join(keys).capitalize()


def _parent_choice(endpoint: Endpoint) -> dict[str, str]:
    flags = _flags((endpoint,))
    marks = f" ({', '.join(flags)})" if flags else ""
    return {"value": ",".join(caller_keys(endpoint)), "text": f"{_parent_label(endpoint)}{marks}"}


def form_choices(form: Form, queries: QueryBuilder) -> dict[str, Any]:
    """Return what the form offers for the chosen resource, parent and includes.

    Raises
    ------
    FormError
        The resource does not exist.
    """
    resource, endpoint = resource_of(form, queries), endpoint_of(form, queries)
    include = [name for name in form.include if name in endpoint.include]
    columns = queries.catalog.columns(endpoint, include)

    def means(column: Column) -> str:
        return meaning(queries.catalog, endpoint.record, column.name)

    return {
        "resource": form.resource,
        "about": _about(resource, queries.catalog),
        "flags": _flags((endpoint,)),
        "parent": ",".join(caller_keys(endpoint)),
        "parents": [_parent_choice(one) for one in sorted(resource.lists, key=_plainest)],
        "fields": [
            *(_key_field(endpoint, key) for key in caller_keys(endpoint)),
            *(_parameter_field(parameter, endpoint) for parameter in endpoint.parameters),
        ],
        "date": endpoint.date,
        "dates": [c.name for c in columns if c.kind in ("datetime", "date") and "." not in c.name],
        "timezone": queries.timezone,
        "periods": _periods(queries),
        "columns": [
            [c.name, c.kind, known_values(c)] for c in columns if c.kind not in ("list", "json", "object")
        ],
        "meanings": {c.name: means(c) for c in columns},
        "named": {c.name: kind for c in columns if (kind := kind_of(c.name))},
        "own": [[c.name, means(c)] for c in own_columns(endpoint, queries)],
        "include": list(endpoint.include),
        "aggregates": bool(endpoint.aggregates),
    }


def _periods(queries: QueryBuilder) -> list[list[str]]:
    """Return the periods that can be chosen by name: the words, the first and last day, and the day after."""
    today = today_in(queries.timezone)
    offered = []
    for words in PERIODS:
        first, last = named_period(words, today=today, fiscal_year_start=queries.fiscal_year_start)
        offered.append([words, first.isoformat(), last.isoformat(), (last + timedelta(days=1)).isoformat()])
    return offered


def _key_field(endpoint: Endpoint, key: str) -> dict[str, Any]:
    choices = list(endpoint.choices.get(key, ()))
    return {
        "name": key,
        "label": key_label(key, endpoint),
        "type": "choice" if choices else "text" if key in endpoint.text_keys else "int",
        "choices": choices,
        "required": not endpoint.daily,  # all types, if none is chosen
        "default": None,
        "named": kind_of(key),
    }


def _parameter_field(parameter: Parameter, endpoint: Endpoint) -> dict[str, Any]:
    return {
        "name": parameter.keyword,
        "label": parameter.keyword.replace("_", " ").capitalize(),
        "type": "choice" if parameter.choices else parameter.type,
        "choices": list(parameter.choices),
        "required": parameter.required and parameter != endpoint.daily,  # since= does as well
        "default": parameter.default,
        "named": None,
    }
