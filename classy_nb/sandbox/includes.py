"""``with``: related records inside a record, as rows of another table or made up from the record itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from .routes import tables_of_names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from classy_nb.catalog import Endpoint

    from .store import Record, Store, Table

_MANY: Mapping[tuple[str, str], tuple[str, str, str]] = {
    ("Transaction", "items"): ("transaction_items", "transaction_id", "1"),
    ("Transaction", "answers"): ("answers", "answerable_id", "t.answerable_type = 'transaction'"),
    ("Transaction", "source_tracking_codes"): ("source_tracking_codes", "trackable_id",
                                               "t.trackable_type = 'transaction'"),
    ("FundraisingPage", "answers"): ("answers", "answerable_id", "t.answerable_type = 'fundraising_page'"),
    ("FundraisingPage", "source_tracking_codes"): ("source_tracking_codes", "trackable_id",
                                                   "t.trackable_type = 'fundraising_page'"),
    ("FundraisingTeam", "source_tracking_codes"): ("source_tracking_codes", "trackable_id",
                                                   "t.trackable_type = 'fundraising_team'"),
}  # fmt: skip
"""Related records that name the row: their table, the column, and a further condition."""

_FIRST: Mapping[tuple[str, str], tuple[str, str]] = {
    ("Transaction", "dedication"): ("dedications", "transaction_id"),
    ("FundraisingPage", "registration"): ("registrations", "fundraising_page_id"),
}
"""One related record that names the row, or null."""


_EMBEDDED = {"Activity": ("campaign", "designation", "member", "organization"), "Dedication": ("ecard",)}
"""Records that always hold related ones."""


_UNDOCUMENTED = {
    "/recurring-donation-plans/{recurring_donation_plan}/transactions": ("items",),
    "/fundraising-teams/{fundraising_team}": ("source_tracking_codes",),
}
"""What the API takes, as the vendor's own examples show, although its document does not say so."""


def taken_by(endpoint: Endpoint) -> tuple[str, ...]:
    """Return the names that an endpoint's ``with`` takes."""
    return (*endpoint.include, *_UNDOCUMENTED.get(endpoint.path, ()))


def related_tables(store: Store, names: Sequence[str], table: Table) -> dict[str, Table]:
    """Return the tables of the associations among *names* whose columns a filter may name."""
    owners = tables_of_names()
    return {
        name: store.table(owners[name])
        for name in names
        if name in owners and f"{name}_id" in table.in_source
    }


def add(store: Store, records: list[Record], table: Table, names: Sequence[str]) -> None:
    """Put the related records called *names* (and those that are always there) into *records*."""
    if not records:
        return
    for name in (*_EMBEDDED.get(table.record, ()), *names):
        key = (table.record, name)
        if key in _MANY:
            _add_many(store, records, name, _MANY[key])
        elif key in _FIRST:
            _add_many(store, records, name, (*_FIRST[key], "1"), first=True)
        elif key == ("Activity", "designation"):
            _add_one(store, records, name, name)  # the record holds the id itself
        elif name in tables_of_names() and f"{name}_id" in records[0]:
            _add_one(store, records, name, f"{name}_id")
        else:
            _add_made(store, records, table, name)


def _add_one(store: Store, records: list[Record], name: str, column: str) -> None:
    numbers = sorted({record[column] for record in records if record[column] is not None})
    table = store.table(tables_of_names()[name])
    found = {record["id"]: record for record in store.records(table, numbers)}
    for record in records:
        record[name] = found.get(record[column])


def _add_made(store: Store, records: list[Record], table: Table, name: str) -> None:
    """Add what follows from the record itself, by the view ``with_<table>``."""
    numbers = orjson.dumps([record["id"] for record in records]).decode()
    view = f"with_{table.name} WHERE id IN (SELECT value FROM json_each(?))"
    found = dict(store.execute(f'SELECT id, "{name}" FROM {view}', [numbers]))
    for record in records:
        record[name] = orjson.loads(found[record["id"]] or b"null")


def _add_many(
    store: Store, records: list[Record], name: str, source: tuple[str, str, str], *, first: bool = False
) -> None:
    owner, column, condition = source
    table = store.table(owner)
    listed = ",".join(str(int(record["id"])) for record in records)
    pairs = store.execute(
        f"SELECT t.{column}, t.id FROM {table.rows} t WHERE t.{column} IN ({listed}) AND {condition}"
    )
    found = {row["id"]: row for row in store.records(table, [number for _, number in pairs])}
    children: dict[int, list[Record]] = {record["id"]: [] for record in records}
    for parent, number in pairs:
        children[parent].append(found[number])
    for record in records:
        mine = children[record["id"]]
        record[name] = (mine[0] if mine else None) if first else mine
