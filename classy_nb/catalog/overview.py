"""The catalog as rows, for ``classy.resources()`` and the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .catalog import Catalog
    from .endpoint import Endpoint

DEFAULT_KEYS = ("organization", "app")
"""Path keys that the connection fills in where the caller names no parent."""


def summary(catalog: Catalog) -> list[dict[str, Any]]:
    """Return one row a resource, in alphabetical order; see ``Classy.resources`` for the columns."""
    return [
        {
            "resource": name,
            "parents": ", ".join(dict.fromkeys(_parent(e) for e in kind.lists)),
            "one": bool(kind.objects),
            "columns": len(catalog.columns((kind.lists or kind.objects)[0])),
            "include": ", ".join(dict.fromkeys(i for e in kind.endpoints for i in e.include)),
            "date": ", ".join(sorted({e.date for e in kind.endpoints if e.date})),
            "deprecated": all(e.deprecated for e in kind.endpoints),
            "member_only": all(e.member_only for e in kind.endpoints),
        }
        for name, kind in sorted(catalog.resources.items())
    ]


def _parent(endpoint: Endpoint) -> str:
    return next((key for key in reversed(endpoint.parents) if key not in DEFAULT_KEYS), "organization")
