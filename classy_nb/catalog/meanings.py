"""The data dictionary: what resources, columns and values mean, and which resource an id leads to.

``meanings.toml`` holds our own words, by kind of record; cards, ``Resource.columns``, the explorer and
``cn.find`` show them. The catalog's names
and types come from the vendor's document, these do not.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .catalog import Catalog
    from .model import Endpoint

_SAME_MONEY = {
    "raw_": "in the donor's currency",
    "charged_": "in the currency of the settlement",
}
_OWN_CURRENCY = "in the organization's currency"


def meaning(catalog: Catalog, record: str, column: str) -> str:
    """Return what *column* means in a record of this kind; an empty text where the dictionary is silent.

    Parameters
    ----------
    record
        Name of the record, as in ``Endpoint.record``.
    column
        Name of the column in a frame: ``goal``, or ``campaign.goal`` for one of a nested record.
    """
    words = _dictionary()
    same = words["same"].get(record, record)
    if found := words.get(record, {}).get(column) or words.get(same, {}).get(column):
        return found
    for prefix, currency in _SAME_MONEY.items():
        if column.startswith(prefix):
            own = meaning(catalog, record, column.removeprefix(prefix))
            if _OWN_CURRENCY in own:
                return own.replace(_OWN_CURRENCY, currency)
    outer, _, inner = column.partition(".")
    if inner:
        nested = _nested_record(catalog, record, outer)
        return meaning(catalog, nested, inner) if nested else ""
    return words["any"].get(column, "")


def meanings(catalog: Catalog, endpoint: Endpoint, include: Iterable[str] = ()) -> dict[str, str]:
    """Return what each column of a frame of *endpoint* means, by name; as :func:`meaning` has it."""
    columns = catalog.columns(endpoint, include)
    return {column.name: meaning(catalog, endpoint.record, column.name) for column in columns}


def resource_meaning(resource: str) -> str:
    """Return what a resource holds, in a line."""
    return _dictionary()["resources"].get(resource, "")


def value_meaning(record: str, column: str, value: str) -> str:
    """Return what a value of a column says (``status = cb_lost``); an empty text where there are no words."""
    words = _dictionary()
    return words["values"].get(f"{words['same'].get(record, record)}.{column} = {value}", "")


def joins_to(column: str) -> str:
    """Return the resource and column that an id leads to (``campaigns.id``); an empty text for others."""
    return _dictionary()["joins"].get(column.rpartition(".")[2], "")


class DescribedColumn(NamedTuple):
    """What ``.columns`` tells of one column of a frame."""

    column: str
    dtype: str
    nullable: bool
    values: tuple[str, ...]
    meaning: str
    joins_to: str


def described_columns(catalog: Catalog, endpoint: Endpoint, timezone: str) -> list[DescribedColumn]:
    """Describe the columns of a frame of *endpoint*, whose instants are in *timezone*."""
    words = meanings(catalog, endpoint)
    return [
        DescribedColumn(c.name, c.dtype(timezone), c.nullable, c.known, words[c.name], joins_to(c.name))
        for c in catalog.columns(endpoint)
    ]


def _nested_record(catalog: Catalog, record: str, name: str) -> str | None:
    known = catalog.records.get(record)
    column = (known and known.column(name)) or catalog.includes.get(name)
    return column.record if column else None


@cache
def _dictionary() -> dict[str, dict[str, str]]:
    return tomllib.loads(files(__package__).joinpath("meanings.toml").read_text("utf-8"))
