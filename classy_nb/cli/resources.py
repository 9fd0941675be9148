"""List what can be fetched, or say what one resource is; needs no account and no network."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from classy_nb.catalog import load, summary
from classy_nb.errors import UsageError
from classy_nb.query import suggestion

if TYPE_CHECKING:
    import argparse

    from classy_nb.catalog import Catalog


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("resource", nargs="?", help="one resource, with its columns")


def run(asked: argparse.Namespace) -> None:
    """Print the table, or one resource."""
    catalog = load()
    if asked.resource is None:
        sys.stdout.write(_table(catalog))
    elif asked.resource in catalog.resources:
        sys.stdout.write(_one(catalog, asked.resource))
    else:
        raise UsageError(
            f"There is no resource {asked.resource!r}.", advice=suggestion(asked.resource, catalog.resources)
        )


def _table(catalog: Catalog) -> str:
    rows = [
        (
            row["resource"],
            row["parents"] or "-",
            ", ".join(word for word, on in (("list", row["parents"]), (".get", row["one"])) if on),
            str(row["columns"]),
            row["date"] or "-",
            ", ".join(word for word in ("deprecated", "member_only") if row[word]),
        )
        for row in summary(catalog)
    ]
    rows.insert(0, ("RESOURCE", "PARENTS", "WAYS", "COLUMNS", "DATE", "REMARKS"))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _one(catalog: Catalog, name: str) -> str:
    from classy_nb.client.cards import resource_text
    from classy_nb.query import QueryBuilder

    kind = catalog.resources[name]
    lines = [resource_text(kind, QueryBuilder(catalog)), "", "columns"]
    columns = catalog.columns((kind.lists or kind.objects)[0])
    width = max(len(column.name) for column in columns)
    lines += [f"  {column.name:<{width}}  {column.dtype()}" for column in columns]
    return "\n".join(lines) + "\n"
