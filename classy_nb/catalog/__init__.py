"""What the API offers, as data: every GET, its parameters and the columns of its records.

``catalog.json`` is made from the vendor's OpenAPI document and ``corrections.toml`` by
``tools/build_catalog.py``. Nothing here talks to the network.
"""

from __future__ import annotations

from .catalog import Catalog, load
from .endpoint import Endpoint, Parameter, ResourceSpec
from .overview import DEFAULT_KEYS, summary
from .record import KINDS, Column, Record

__all__ = [
    "DEFAULT_KEYS",
    "KINDS",
    "Catalog",
    "Column",
    "Endpoint",
    "Parameter",
    "Record",
    "ResourceSpec",
    "load",
    "summary",
]
