"""A refresh: the first load in windows, what changed, what vanished, and the proof that all is equal.

In come a connection, the lists and a destination; out comes a report, one row a list. `sync` is the engine of
``Mirror.refresh`` and of the command ``classy-nb sync``.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from classy_nb.errors import UnexpectedAnswerError

from .destination import Package, of_organization
from .rows import rows_of, schema_of
from .tables import KEY, ORGANIZATION, SYNCED, VERSIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .destination import Destination
    from .source import Connection
    from .tables import MirroredList

WINDOW_ROWS = 20_000
"""Rows of a package of a first load: what a kill may cost."""

CURSORS = "_cursors"
CURSOR_KINDS = {
    ORGANIZATION: "int",
    "resource": "text",
    "last_id": "int",
    "is_loaded": "bool",
    "created": "datetime",
    "updated": "datetime",
}
CURSOR_KEY = (ORGANIZATION, "resource")
ABOUT = "_mirror"
ABOUT_KINDS = {ORGANIZATION: "int", "key": "text", "value": "text"}
ABOUT_KEY = (ORGANIZATION, "key")
REFRESHES = "_refreshes"
REFRESH_KINDS = {ORGANIZATION: "int", SYNCED: "datetime", "report": "text"}
REFRESH_KEY = (ORGANIZATION, SYNCED)


def table_of(kinds: dict[str, str], rows: list[dict[str, Any]]) -> pa.Table:
    """Return rows as an Arrow table of the given kinds."""
    return pa.Table.from_pylist(rows, schema=schema_of(kinds))


class Refresh:
    """One refresh of one organization's rows."""

    def __init__(
        self,
        classy: Connection,
        lists: list[MirroredList],
        destination: Destination,
        *,
        about: dict[str, str],
        history: bool = True,
    ) -> None:
        self.classy = classy
        self.lists = lists
        self.destination = destination
        self.history = history
        self.about = about
        self.organization = classy.organization
        self.synced = datetime.now(UTC)

    def run(self) -> list[dict[str, Any]]:
        """Load everything that is not there yet."""
        package = Package()
        report: list[dict[str, Any]] = []
        for one in self.lists:
            if one.parent is not None:
                continue
            children = [child for child in self.lists if child.parent == one.name]
            last = 0
            for fetched in self._stream(one, children):
                self._put(package, one, fetched)
                last = fetched["id"][-1].as_py() if len(fetched) else last
                self._cursor(package, one, last, is_loaded=False)
                if package.rows >= WINDOW_ROWS:
                    self.destination.write(package)
                    package = Package()
            self._cursor(package, one, last, is_loaded=True)
        about = [{ORGANIZATION: self.organization, "key": k, "value": v} for k, v in self.about.items()]
        package.add(ABOUT, table_of(ABOUT_KINDS, about), ABOUT_KINDS, ABOUT_KEY)
        row = {ORGANIZATION: self.organization, SYNCED: self.synced, "report": json.dumps(report)}
        package.add(REFRESHES, table_of(REFRESH_KINDS, [row]), REFRESH_KINDS, REFRESH_KEY)
        self.destination.write(package)
        return report

    def _cursor(self, package: Package, one: MirroredList, last: int, *, is_loaded: bool) -> None:
        row = {ORGANIZATION: self.organization, "resource": one.name, "last_id": last, "is_loaded": is_loaded}
        if CURSORS in package.tables:
            rows = [r for r in package.tables.pop(CURSORS)[0].to_pylist() if r["resource"] != one.name]
        else:
            rows = []
        package.add(CURSORS, table_of(CURSOR_KINDS, [*rows, row]), CURSOR_KINDS, CURSOR_KEY)

    def _put(self, package: Package, one: MirroredList, fetched: pa.Table) -> None:
        children = [child for child in self.lists if child.parent == one.name]
        for child in children:
            self._rows(package, child, items_of(fetched, str(child.include)))
            fetched = fetched.drop_columns([str(child.include)])
        self._rows(package, one, fetched)

    def _rows(self, package: Package, one: MirroredList, fetched: pa.Table) -> None:
        rows = rows_of(fetched, one, self.organization, self.synced)
        package.add(one.name, rows, one.kinds, KEY)
        if self.history:
            package.add(one.name + VERSIONS, rows, one.kinds, (*KEY, SYNCED))

    def _stream(
        self, one: MirroredList, children: list[MirroredList], after: int | None = None
    ) -> Iterator[pa.Table]:
        """Yield the records after an id in order of id, some thousand at a time."""
        resource = getattr(self.classy, one.name)
        include = [str(child.include) for child in children]
        while True:
            where = [] if after is None else [f"id > {after}"]
            try:
                for batch in resource.batches(
                    arrow=True, decimal=True, flat=True, include=include, where=where, progress=False
                ):
                    table = pa.Table.from_batches([batch])
                    yield table
                    after = table["id"][-1].as_py()
            except UnexpectedAnswerError:
                # The columns of a stream are those of its first batch. Later ones may have columns more that
                # the catalog does not know: begin another stream where they appeared.
                if after is None:
                    raise
                continue
            return


def items_of(fetched: pa.Table, include: str) -> pa.Table:
    """Return the records that an include brought, as a table."""
    lists = fetched[include].combine_chunks()
    structs = lists.flatten()
    return pa.Table.from_arrays(structs.flatten(), names=[field.name for field in structs.type])


def condition(organization: int) -> str:
    """Return the SQL condition for one organization's rows."""
    return of_organization(organization)
