"""What the form offers: resources, and for one of them parents, parameters, columns and includes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from classy_nb.progress import counted

from .asked import endpoint_of, kind_of, label_of, own_keys

if TYPE_CHECKING:
    from classy_nb.catalog import Catalog, Column, Endpoint, Parameter, ResourceSpec
    from classy_nb.query import QueryBuilder

    from .form import Form

_OFTEN = (
    *("success", "active", "attending", "enabled", "published"),
    *("refunded", "failed", "canceled", "incomplete", "pending", "unpublished", "inactive", "deleted"),
)
"""What most records are, in order: counted first, for there may be no others."""

_SHORT = {"transactions": "gifts"}


def values_of(column: Column) -> list[str]:
    """Return the values that are known of a column, the most frequent ones first. The API may have others."""
    known = ("true", "false") if column.kind == "bool" else column.known
    return [
        *(value for value in _OFTEN if value in known),
        *(value for value in known if value not in _OFTEN),
    ]


def resources(catalog: Catalog) -> list[dict[str, Any]]:
    """Return all resources that have lists: name, one line of facts, flags."""
    return [
        {"name": name, "fact": _fact(kind, catalog), "flags": _flags(kind.lists)}
        for name, kind in sorted(catalog.resources.items())
        if kind.lists
    ]


def _fact(kind: ResourceSpec, catalog: Catalog) -> str:
    parents = dict.fromkeys(parent_text(endpoint) for endpoint in sorted(kind.lists, key=_plainest))
    dates = dict.fromkeys(endpoint.date for endpoint in kind.lists if endpoint.date)
    columns = len(catalog.columns(kind.lists[0]))
    facts = [f"under {', '.join(parents).lower()}", counted(columns, "column")]
    if dates:
        facts.append(f"dated by {', '.join(dates)}")
    return " · ".join(facts)


def _flags(endpoints: tuple[Endpoint, ...]) -> list[str]:
    found = []
    if all(endpoint.deprecated for endpoint in endpoints):
        found.append("deprecated")
    if all(endpoint.member_only for endpoint in endpoints):
        found.append("members only")
    return found


def parent_text(endpoint: Endpoint) -> str:
    """Name a list's parent for people."""
    own = [key.replace("_", " ") for key in own_keys(endpoint)]
    if not own or own in (["scope"], ["payout type"]):
        own = ["organization", *own]
    return " and ".join(own).capitalize()


def shape(form: Form, queries: QueryBuilder) -> dict[str, Any]:
    """Return what the form offers for the chosen resource, parent and includes.

    Raises
    ------
    FormError
        No such resource.
    """
    kind, endpoint = kind_of(form, queries), endpoint_of(form, queries)
    include = [name for name in form.include if name in endpoint.include]
    columns = queries.catalog.columns(endpoint, include)
    return {
        "resource": form.resource,
        "fact": _fact(kind, queries.catalog),
        "flags": _flags((endpoint,)),
        "parent": ",".join(own_keys(endpoint)),
        "parents": [
            {"value": ",".join(own_keys(e)), "text": " ".join([parent_text(e), *_bracketed(_flags((e,)))])}
            for e in sorted(kind.lists, key=_plainest)
        ],
        "fields": [_key(endpoint, key) for key in own_keys(endpoint)]
        + [_parameter(parameter) for parameter in endpoint.parameters],
        "date": endpoint.date,
        "dates": [c.name for c in columns if c.kind in ("datetime", "date") and "." not in c.name],
        "timezone": queries.timezone,
        "columns": [
            [c.name, c.kind, values_of(c)] for c in columns if c.kind not in ("list", "json", "object")
        ],
        "include": list(endpoint.include),
        "aggregates": bool(endpoint.aggregates),
    }


def _plainest(endpoint: Endpoint) -> tuple[bool, int, str]:
    return endpoint.deprecated, len(own_keys(endpoint)), parent_text(endpoint)


def _bracketed(flags: list[str]) -> list[str]:
    return [f"({', '.join(flags)})"] if flags else []


def _key(endpoint: Endpoint, key: str) -> dict[str, Any]:
    choices = list(endpoint.choices.get(key, ()))
    kind = "choice" if choices else "text" if key in endpoint.text_keys else "int"
    return {
        "name": key,
        "label": label_of(key, endpoint),
        "type": kind,
        "choices": choices,
        "required": True,
        "default": None,
    }


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.keyword,
        "label": parameter.keyword.replace("_", " ").capitalize(),
        "type": "choice" if parameter.choices else parameter.type,
        "choices": list(parameter.choices),
        "required": parameter.required,
        "default": parameter.default,
    }


def variable_for(resource: str) -> str:
    """Return a name for the frame."""
    return _SHORT.get(resource, resource)
