"""The catalog as a table, for ``classy.resources()`` and the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from classy_nb.paths import DEFAULT_KEYS

if TYPE_CHECKING:
    from classy_nb.catalog import Catalog


def resources_table(catalog: Catalog) -> pd.DataFrame:
    """Return one row a resource, in alphabetical order."""
    rows = []
    for name, kind in sorted(catalog.resources.items()):
        parents = dict.fromkeys(
            next((key for key in reversed(e.parents) if key not in DEFAULT_KEYS), "organization")
            for e in kind.lists
        )
        rows.append(
            {
                "resource": name,
                "parents": ", ".join(parents),
                "one": bool(kind.objects),
                "columns": len(catalog.columns((kind.lists or kind.objects)[0])),
                "include": ", ".join(dict.fromkeys(i for e in kind.endpoints for i in e.include)),
                "date": ", ".join(sorted({e.date for e in kind.endpoints if e.date})),
                "deprecated": all(e.deprecated for e in kind.endpoints),
                "member_only": all(e.member_only for e in kind.endpoints),
            }
        )
    return pd.DataFrame(rows)
