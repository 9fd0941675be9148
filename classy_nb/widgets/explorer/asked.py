"""What a form asks for: the keywords of a call, checked before anything is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from classy_nb.catalog import DEFAULT_KEYS
from classy_nb.errors import UsageError

from .form import OPERATORS, Form, FormError, Row
from .plain import FOR_WHAT_IS_MISSING, plainly

if TYPE_CHECKING:
    from collections.abc import Mapping

    from classy_nb.catalog import Endpoint, Parameter, ResourceSpec
    from classy_nb.query import Query, QueryBuilder


def own_keys(endpoint: Endpoint) -> tuple[str, ...]:
    """Return the path keys that a caller has to name."""
    return tuple(key for key in endpoint.keys if key not in DEFAULT_KEYS)


def kind_of(form: Form, queries: QueryBuilder) -> ResourceSpec:
    """Return the resource that was chosen.

    Raises
    ------
    FormError
        There is no such list.
    """
    kind = queries.catalog.resources.get(form.resource)
    if kind is None or not kind.lists:
        raise FormError("Choose a resource from the list.", "resource")
    return kind


def endpoint_of(form: Form, queries: QueryBuilder) -> Endpoint:
    """Return the list that was chosen; another parent's where this resource has none of that name."""
    lists = kind_of(form, queries).lists
    fitting = [endpoint for endpoint in lists if ",".join(own_keys(endpoint)) == form.parent]
    return (fitting or sorted(lists, key=lambda e: (len(own_keys(e)), e.deprecated)))[0]


def keywords(form: Form, queries: QueryBuilder) -> dict[str, Any]:
    """Return what the form asks for, as keywords of the resource's call, in the order of their use.

    Raises
    ------
    FormError
        A field that is needed is empty.
    """
    _refuse_unread(form)
    endpoint = endpoint_of(form, queries)
    asked: dict[str, Any] = {}
    for key in own_keys(endpoint):
        asked[key] = _key(endpoint, key, form.values.get(key, "").strip())
    for parameter in endpoint.parameters:
        value = _parameter(parameter, form.values.get(parameter.keyword, "").strip())
        if value is not None:
            asked[parameter.keyword] = value
    asked.update(_period(form, endpoint))
    if form.where:
        asked["where"] = _one_or_more([_condition(number, row) for number, row in enumerate(form.where)])
    if form.include:
        asked["include"] = _one_or_more([name for name in endpoint.include if name in form.include])
    if form.aggregates and endpoint.aggregates:
        asked["aggregates"] = True
    return {name: value for name, value in asked.items() if value != []}


def _refuse_unread(form: Form) -> None:
    if form.excess is not None:
        raise FormError(*form.excess)
    if form.incomplete:
        name = form.incomplete[0]
        label = name.removeprefix("value:").replace("_", " ").capitalize()
        raise FormError(f"The date under “{label}” is not complete.", name)


def _period(form: Form, endpoint: Endpoint) -> dict[str, str]:
    period = {name: value for name in ("since", "until") if (value := getattr(form, name).strip())}
    if not period:
        return {}  # a date to choose by would be nothing to choose with
    by = form.by.strip()
    if not by and endpoint.date is None:
        raise FormError("Choose the date that since and until refer to.", "by")
    return {**period, "by": by} if by else period


def check(form: Form, queries: QueryBuilder) -> tuple[dict[str, Any], Query]:
    """Return the keywords and the query that they make.

    Raises
    ------
    FormError
        The package would refuse the call, or a field is empty; nothing was sent.
    """
    kind, asked = kind_of(form, queries), keywords(form, queries)
    try:
        return asked, queries.for_list(kind, **asked)
    except UsageError as error:
        problem = str(error)
    field = _where_to_look(form, queries, asked)
    endpoint = endpoint_of(form, queries)
    columns = queries.catalog.columns(endpoint, form.include, aggregates=form.aggregates)
    raise FormError(plainly(form, endpoint, columns, field) or problem, field)


def _where_to_look(form: Form, queries: QueryBuilder, asked: Mapping[str, Any]) -> str:
    """Find the first field without which the call would pass."""
    kind = kind_of(form, queries)
    period = {name: asked[name] for name in ("since", "until", "by") if name in asked}
    base = {name: value for name, value in asked.items() if name not in {*period, "where"}}
    if not _passes(kind, queries, base):
        fields = [name for name in base if name not in ("include", "aggregates")]
        lone = [name for name in fields if _complains_of(kind, queries, base, name)]
        return f"value:{lone[0]}" if lone else ""
    for number, row in enumerate(form.where):
        if not _passes(kind, queries, {**base, "where": str(row)}):
            return f"where:{number}"
    for name in ("since", "until"):
        alone = {key: value for key, value in period.items() if key in (name, "by")}
        if name in alone and not _passes(kind, queries, {**base, **alone}):
            return name
    return "until" if "until" in period else ""


def _complains_of(kind: ResourceSpec, queries: QueryBuilder, base: Mapping[str, Any], name: str) -> bool:
    try:
        queries.for_list(kind, **base)
    except UsageError as error:
        return f"{name}=" in str(error)
    return False


def _passes(kind: ResourceSpec, queries: QueryBuilder, asked: Mapping[str, Any]) -> bool:
    try:
        queries.for_list(kind, **asked)
    except UsageError:
        return False
    return True


def _key(endpoint: Endpoint, key: str, value: str) -> int | str:
    if not value:
        what = label_of(key, endpoint).lower()
        raise FormError(f"Fill in the {what}.", f"value:{key}")
    plain = key not in endpoint.text_keys and value.isascii() and value.isdigit()
    return int(value) if plain else value


def label_of(key: str, endpoint: Endpoint) -> str:
    """Name a field for people: ``Campaign id``, ``Scope``."""
    words = key.replace("_", " ").capitalize()
    return words if key in endpoint.text_keys else f"{words} id"


def _parameter(parameter: Parameter, value: str) -> bool | int | str | None:
    if not value:
        if parameter.required:
            words = parameter.keyword.replace("_", " ")
            raise FormError(f"Fill in the {words}.", f"value:{parameter.keyword}")
        return None
    if parameter.type == "bool" and value in ("true", "false"):
        return value == "true"
    if parameter.type == "int" and value.isascii() and value.isdigit():
        return int(value)
    return value


def _condition(number: int, row: Row) -> str:
    if not row.column:
        raise FormError(f"Condition {number + 1} needs a column.", f"where:{number}")
    if row.operator not in OPERATORS:
        raise FormError(f"Condition {number + 1} needs one of {' '.join(OPERATORS)}.", f"where:{number}")
    if not row.value.strip():
        raise FormError(f"Condition {number + 1} needs a value. {FOR_WHAT_IS_MISSING}", f"where:{number}")
    return f"{row.column} {row.operator} {row.value.strip()}"


def _one_or_more(texts: list[str]) -> str | list[str]:
    return texts[0] if len(texts) == 1 else texts
