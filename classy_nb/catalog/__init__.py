"""What the API offers, as data: every GET, its parameters and the columns of its records.

``catalog.json`` goes in, made by ``tools/build_catalog.py`` from the vendor's OpenAPI document and
``corrections.toml``; a :class:`Catalog` comes out of :func:`load`, and what columns mean out of
:func:`meaning`, in our own words; :func:`find` looks for them by words of yours. Queries are checked against
it, frames get their columns from it, and the sandbox serves it; nothing here talks to the network.
"""

from __future__ import annotations

from .catalog import DEFAULT_KEYS, Catalog, load, summary
from .finding import Found, example_call, find, find_resources, meant
from .meanings import DescribedColumn, described_columns, joins_to, meaning, meanings, resource_meaning
from .model import (
    KINDS,
    Column,
    Endpoint,
    Parameter,
    Record,
    ResourceSpec,
    flat_names,
    with_decimals,
)

__all__ = [
    "DEFAULT_KEYS",
    "KINDS",
    "Catalog",
    "Column",
    "DescribedColumn",
    "Endpoint",
    "Found",
    "Parameter",
    "Record",
    "ResourceSpec",
    "described_columns",
    "example_call",
    "find",
    "find_resources",
    "flat_names",
    "joins_to",
    "load",
    "meaning",
    "meanings",
    "meant",
    "resource_meaning",
    "summary",
    "with_decimals",
]
