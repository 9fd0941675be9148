"""What the API offers, as data: every GET, its parameters and the columns of its records.

``catalog.json`` is made from the vendor's OpenAPI document and ``corrections.toml`` by
``tools/build_catalog.py``. Nothing here talks to the network.
"""

from __future__ import annotations

from ._catalog import Catalog, load
from ._endpoint import Endpoint, Parameter, Resource
from ._record import KINDS, Column, Record
from ._summary import DEFAULT_KEYS, summary

__all__ = [
    "DEFAULT_KEYS",
    "KINDS",
    "Catalog",
    "Column",
    "Endpoint",
    "Parameter",
    "Record",
    "Resource",
    "load",
    "summary",
]
