"""The form: what people typed, turned into the keywords of a call.

The browser sends all fields as text. What comes out is the keywords of a resource's call and the query
that they make, or a :class:`FormError` that names the field at fault. Everything here is a function of the
form and the catalog: nothing is sent and nothing is remembered.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from classy_nb.catalog import DEFAULT_KEYS
from classy_nb.errors import UsageError
from classy_nb.query import holds_several

if TYPE_CHECKING:
    from collections.abc import Iterable

    from classy_nb.catalog import Column, Endpoint, Parameter, ResourceSpec
    from classy_nb.query import Query, QueryBuilder

OPERATORS = ("=", "!=", "<", "<=", ">", ">=")
_MAX_LENGTH = 1000
"""Characters in one field. Nobody types more, and a page gone wild must not fill the kernel's memory."""
_MAX_ITEMS = 100
"""Conditions, and names of includes."""
_MAX_FIELDS = 1000
"""Columns: several times as many as the widest record has."""
_MISSING = "The API cannot search for missing values; filter the frame in pandas instead."
_DATE = "write the date as 2026-01-31"
_EXPECTED = {
    "int": "is a whole number: write 1000, without commas or a decimal point",
    "float": "is a number: write 1000.50, without commas",
    "bool": "is either true or false",
    "date": f"is a date: {_DATE}",
    "datetime": f"is a date: {_DATE} or 2026-01-31T18:30",
}
"""What a column of each kind takes."""


class FormError(UsageError):
    """The form cannot be sent as it stands; *field* says where to look (empty: nowhere in particular)."""

    def __init__(self, what: str, field: str = "") -> None:
        self.field = field
        super().__init__(what)


@dataclass(frozen=True)
class Condition:
    """One condition, as it was filled in."""

    column: str = ""
    operator: str = "="
    value: str = ""

    def __str__(self) -> str:
        return f"{self.column} {self.operator} {self.value}"


@dataclass(frozen=True)
class Form:
    """All fields, as text."""

    resource: str = "transactions"
    parent: str = ""
    """The path keys of the list, joined by commas; empty for the organization's own list."""
    values: Mapping[str, str] = field(default_factory=dict)
    """Ids of parents and the endpoint's parameters, by keyword."""
    since: str = ""
    until: str = ""
    by: str = ""
    where: tuple[Condition, ...] = ()
    fields: tuple[str, ...] = ()
    """The record's own columns to fetch, in this order; empty for all of them."""
    include: tuple[str, ...] = ()
    aggregates: bool = False
    variable: str = ""
    """The name of the frame; empty for the default name."""
    file: str = ""
    """The name of the file; empty for the default name."""
    format: str = "csv"
    """``csv`` or ``xlsx``; a name that ends like one of them decides by itself."""
    incomplete: tuple[str, ...] = ()
    """Fields with a half-typed or impossible date: the browser does not reveal what is in them."""
    excess: tuple[str, str] | None = None
    """What is wrong with a form that holds more than is read, and in which field."""

    @classmethod
    def read(cls, data: object) -> Form:
        """Read a message from the browser; anything that is not text where text belongs counts as empty."""
        found: Mapping[str, Any] = data if isinstance(data, Mapping) else {}
        values = found.get("values")
        values = values if isinstance(values, Mapping) else {}
        return cls(
            resource=_text(found.get("resource")),
            parent=_text(found.get("parent")),
            values={str(key): _text(value) for key, value in values.items() if _text(value)},
            since=_text(found.get("since")),
            until=_text(found.get("until")),
            by=_text(found.get("by")),
            where=tuple(_read_condition(row) for row in _items(found.get("where"))),
            fields=_names(found.get("fields"), _MAX_FIELDS),
            include=_names(found.get("include")),
            aggregates=found.get("aggregates") is True,
            variable=_text(found.get("variable")),
            file=_text(found.get("file")),
            format="xlsx" if found.get("format") == "xlsx" else "csv",
            incomplete=tuple(_text(name) for name in _items(found.get("incomplete"))),
            excess=_find_excess(found),
        )

    def as_message(self) -> dict[str, Any]:
        """Return the form the way the browser sends and takes it."""
        return {
            "resource": self.resource,
            "parent": self.parent,
            "values": dict(self.values),
            "since": self.since,
            "until": self.until,
            "by": self.by,
            "where": [[row.column, row.operator, row.value] for row in self.where],
            "fields": list(self.fields),
            "include": list(self.include),
            "aggregates": self.aggregates,
            "variable": self.variable,
            "file": self.file,
            "format": self.format,
        }


def _text(value: object) -> str:
    return value[:_MAX_LENGTH] if isinstance(value, str) else ""


def _items(value: object, most: int = _MAX_ITEMS) -> list[Any]:
    return value[:most] if isinstance(value, list) else []


def _names(value: object, most: int = _MAX_ITEMS) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_text(name) for name in _items(value, most)))


def _read_condition(value: object) -> Condition:
    parts = [_text(part) for part in _items(value)]
    return Condition(*(parts + ["", "=", ""][len(parts) :])[:3])


def _find_excess(found: Mapping[str, Any]) -> tuple[str, str] | None:
    """Say what does not fit: cut off silently, it would ask for something other than what was typed."""
    rows, values = found.get("where"), found.get("values")
    if isinstance(rows, list) and len(rows) > _MAX_ITEMS:
        return f"There are more than {_MAX_ITEMS} conditions.", ""
    texts = {name: found.get(name) for name in ("since", "until", "by", "variable", "file")}
    texts |= {f"value:{key}": value for key, value in (values if isinstance(values, Mapping) else {}).items()}
    texts |= {f"where:{number}": part for number, row in enumerate(_items(rows)) for part in _items(row)}
    for name, text in texts.items():
        if isinstance(text, str) and len(text) > _MAX_LENGTH:
            return f"A field holds more than {_MAX_LENGTH:,} characters.", name
    return None


def caller_keys(endpoint: Endpoint) -> tuple[str, ...]:
    """Return the path keys that a caller has to name; the connection fills in the others."""
    return tuple(key for key in endpoint.keys if key not in DEFAULT_KEYS)


def resource_of(form: Form, queries: QueryBuilder) -> ResourceSpec:
    """Return the resource that was chosen.

    Raises
    ------
    FormError
        It does not exist or has no lists.
    """
    resource = queries.catalog.resources.get(form.resource)
    if resource is None or not resource.lists:
        raise FormError("Choose a resource from the list.", "resource")
    return resource


def endpoint_of(form: Form, queries: QueryBuilder) -> Endpoint:
    """Return the list that was chosen; the resource's plainest one if it has none under that parent."""
    lists = resource_of(form, queries).lists
    matching = [endpoint for endpoint in lists if ",".join(caller_keys(endpoint)) == form.parent]
    return (matching or sorted(lists, key=lambda e: (len(caller_keys(e)), e.deprecated)))[0]


def own_columns(endpoint: Endpoint, queries: QueryBuilder) -> tuple[Column, ...]:
    """Return the columns of a list's records that ``fields=`` can choose."""
    record = queries.catalog.records.get(endpoint.record)
    return record.columns if record is not None else ()


def tidy(form: Form, queries: QueryBuilder) -> Form:
    """Drop what the chosen list does not have: the form may still hold another resource's choices."""
    endpoint = endpoint_of(form, queries)
    own = {column.name for column in own_columns(endpoint, queries)}
    return replace(
        form,
        parent=",".join(caller_keys(endpoint)),
        fields=tuple(name for name in form.fields if name in own),
        include=tuple(name for name in form.include if name in endpoint.include),
        aggregates=form.aggregates and bool(endpoint.aggregates),
    )


def check(form: Form, queries: QueryBuilder) -> tuple[dict[str, Any], Query]:
    """Return the keywords of the call and the query that they make.

    Raises
    ------
    FormError
        A field is empty, or the package would refuse the call.
    """
    resource, keywords = resource_of(form, queries), read_keywords(form, queries)
    try:
        return keywords, queries.for_list(resource, **keywords)
    except UsageError as error:
        problem = str(error)
    at_fault = _field_at_fault(form, queries, keywords)
    raise FormError(_explain(form, queries, at_fault) or problem, at_fault)


def read_keywords(form: Form, queries: QueryBuilder) -> dict[str, Any]:
    """Return what the form asks for as keywords of the resource's call, in the order people write them.

    Raises
    ------
    FormError
        A required field is empty.
    """
    if form.excess is not None:
        raise FormError(*form.excess)
    if form.incomplete:
        name = form.incomplete[0]
        label = name.removeprefix("value:").replace("_", " ").capitalize()
        raise FormError(f"The date under “{label}” is incomplete.", name)
    endpoint = endpoint_of(form, queries)
    keywords: dict[str, Any] = {}
    for key in caller_keys(endpoint):
        text = form.values.get(key, "").strip()
        if text or not endpoint.daily:  # without a type, a list by day has all of them
            keywords[key] = _key_value(endpoint, key, text)
    for parameter in endpoint.parameters:
        text = form.values.get(parameter.keyword, "").strip()
        if parameter == endpoint.daily and not text:
            if not form.since.strip():
                raise FormError(
                    f"Fill in the {parameter.keyword.replace('_', ' ')}, or “Since”.",
                    f"value:{parameter.keyword}",
                )
            continue
        value = _parameter_value(parameter, text)
        if value is not None:
            keywords[parameter.keyword] = value
    keywords.update(_period(form, endpoint))
    if form.where:
        keywords["where"] = _one_or_more([_condition_text(n, row) for n, row in enumerate(form.where, 1)])
    return {**keywords, **_columns(form, endpoint)}


def count_keywords(keywords: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keywords of a count: which columns come makes no difference to it, so it takes none."""
    return {name: value for name, value in keywords.items() if name != "fields"}


def key_label(key: str, endpoint: Endpoint) -> str:
    """Name a path key for people: ``Campaign id``, ``Scope``."""
    words = key.replace("_", " ").capitalize()
    return words if key in endpoint.text_keys else f"{words} id"


def _key_value(endpoint: Endpoint, key: str, value: str) -> int | str:
    if not value:
        raise FormError(f"Fill in the {key_label(key, endpoint).lower()}.", f"value:{key}")
    is_id = key not in endpoint.text_keys and value.isascii() and value.isdigit()
    return int(value) if is_id else value


def _parameter_value(parameter: Parameter, value: str) -> bool | int | str | None:
    if not value:
        if parameter.required:
            label = parameter.keyword.replace("_", " ")
            raise FormError(f"Fill in the {label}.", f"value:{parameter.keyword}")
        return None
    if parameter.type == "bool" and value in ("true", "false"):
        return value == "true"
    if parameter.type == "int" and value.isascii() and value.isdigit():
        return int(value)
    return value


def _period(form: Form, endpoint: Endpoint) -> dict[str, str]:
    period = {name: value for name in ("since", "until") if (value := getattr(form, name).strip())}
    if not period:
        return {}  # without a period, the date that it would apply to says nothing
    by = form.by.strip()
    if not by and endpoint.date is None:
        raise FormError("Choose the date that “Since” and “Until” apply to.", "by")
    return {**period, "by": by} if by else period


def _columns(form: Form, endpoint: Endpoint) -> dict[str, Any]:
    """Return the keywords that say which columns come."""
    keywords: dict[str, Any] = {}
    if form.fields:
        keywords["fields"] = _one_or_more(list(form.fields))
    include = [name for name in endpoint.include if name in form.include]
    if include:
        keywords["include"] = _one_or_more(include)
    if form.aggregates and endpoint.aggregates:
        keywords["aggregates"] = True
    return keywords


def _condition_text(number: int, row: Condition) -> str:
    at = f"where:{number - 1}"
    if not row.column:
        raise FormError(f"Condition {number} needs a column.", at)
    if row.operator not in OPERATORS:
        raise FormError(f"Condition {number} needs one of {' '.join(OPERATORS)}.", at)
    if not row.value.strip():
        raise FormError(f"Condition {number} needs a value. {_MISSING}", at)
    return f"{row.column} {row.operator} {row.value.strip()}"


def _one_or_more(texts: list[str]) -> str | list[str]:
    return texts[0] if len(texts) == 1 else texts


def _field_at_fault(form: Form, queries: QueryBuilder, keywords: Mapping[str, Any]) -> str:
    """Find the field to point at, by trying the keywords one group after the other.

    The query builder's errors speak of Python keywords and name no field, and a field can be wrong only
    together with others (*until* before *since*), so what it refuses decides.
    """
    resource = resource_of(form, queries)

    def refusal(**tried: Any) -> str | None:
        try:
            queries.for_list(resource, **tried)
        except UsageError as error:
            return str(error)
        return None

    period = {name: keywords[name] for name in ("since", "until", "by") if name in keywords}
    base = {name: value for name, value in keywords.items() if name not in {*period, "where"}}
    daily = endpoint_of(form, queries).daily
    if daily and daily.keyword not in base:  # it needs a period before anything else can be tried
        for name in ("since", "until"):
            if name in period and refusal(**{**base, "since": 2000, name: period[name]}) is not None:
                return name
        base |= period
        period = {}
    problem = refusal(**base)
    if problem is not None:
        named = [
            name for name in base if name not in ("fields", "include", "aggregates") and f"{name}=" in problem
        ]
        return f"value:{named[0]}" if named else ""
    for number, row in enumerate(form.where):
        if refusal(**base, where=str(row)) is not None:
            return f"where:{number}"
    by = {name: value for name, value in period.items() if name == "by"}
    for name in ("since", "until"):
        if name in period and refusal(**base, **by, **{name: period[name]}) is not None:
            return name
    return "until" if "until" in period else ""


def _explain(form: Form, queries: QueryBuilder, at_fault: str) -> str | None:
    """Say what is wrong with a field in the form's words; None where the query builder's have to do."""
    endpoint = endpoint_of(form, queries)
    columns = queries.catalog.columns(endpoint, form.include, aggregates=form.aggregates)
    kinds = _kinds(columns)
    place, _, which = at_fault.partition(":")
    if place in ("since", "until"):
        return _explain_period(form, place) if kinds.get(form.by, "date") in ("date", "datetime") else None
    if place == "value" and which in endpoint.keys and which not in endpoint.text_keys:
        return f"The {which.replace('_', ' ')} id is a whole number."
    if place == "where":
        row = form.where[int(which)]
        kind = kinds.get(row.column, "")
        if holds_several(str(row)):
            wrong: str | None = (
                "the value looks like another condition. Add a condition for it (all of them must hold), or "
                "put the value in quotes if all of it is meant."
            )
        elif row.operator == "!=" and kind in ("date", "datetime") and _is_date(row.value):
            wrong = "the API cannot leave out a period. Filter the frame in pandas instead."
        else:
            wrong = _explain_condition(row.value.strip(), row.column, kind)
        return wrong and f"Condition {int(which) + 1}: {wrong}"
    return None


def _kinds(columns: Iterable[Column]) -> dict[str, str]:
    return {column.name: column.kind for column in columns}


def _explain_period(form: Form, place: str) -> str:
    if place == "until" and _is_date(form.since) and _is_date(form.until):
        return "“Until” must be later than “Since”."
    return f"“{place.capitalize()}”: {_DATE}."


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text.strip())
    except ValueError:
        return re.fullmatch(r"\d+(-\d\d)?", text.strip()) is not None  # a year or a month
    return True


def _explain_condition(value: str, column: str, kind: str) -> str | None:
    if value.lower() in ("null", "none", "nan"):
        return _MISSING
    if not value.isprintable():
        return "the value contains an invisible character, such as a line break. Remove it."
    if kind in _EXPECTED:
        return f"{column} {_EXPECTED[kind]}."
    return _explain_text(value)


def _explain_text(value: str) -> str | None:
    if "," in value:
        return "the API cannot search for text with a comma. Filter the frame in pandas instead."
    if re.search("%[0-9A-Fa-f]{2}", value):
        return "write the value as plain text, without codes such as %20."
    if value[:1] in ("=", "<", ">", "!"):
        return "the value cannot start with =, <, > or !."
    return None
