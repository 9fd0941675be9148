"""Transactions that arrive, are refunded and are deleted while the sandbox runs, and records that change."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

    from .faults import Faults
    from .store import Store

_STEP = 7
"""Transactions arrive this many seconds apart."""


def drift(store: Store, organization: int, faults: Faults) -> None:
    """Let rows arrive and vanish as *faults* says: before each list of transactions is answered."""
    if faults.insert_per_request:
        insert_transactions(store, organization, faults.count(faults.insert_per_request))
    if faults.delete_per_request:
        delete_transactions(store, organization, faults.count(faults.delete_per_request))


def insert_transactions(store: Store, organization: int, count: int) -> list[int]:
    """Add *count* gifts, copies of older ones, so that amounts and items agree; return their ids."""
    if count < 1:
        return []
    with store.writing() as connection:
        models = _chosen(
            connection,
            organization,
            count,
            where="status = 'success' AND batch IS NULL AND recurring_donation_plan_id IS NULL",
            shuffled="id * 7919 % 1000003",
        )
        (latest,) = connection.execute(
            "SELECT MAX(created_at) FROM base_transactions WHERE organization_id = ?", [organization]
        ).fetchone()
        changed = {"id": ":new"} | dict.fromkeys(
            ("created_at", "purchased_at", "charged_at", "updated_at"), ":now"
        )
        columns = [row[1] for row in connection.execute("PRAGMA table_info(base_transactions)")]
        copied = ", ".join(changed.get(name, f'"{name}"') for name in columns)
        last = _last_id(store, connection, "base_transactions", organization)
        ids = [last + 3 * (n + 1) for n in range(count)]
        for n, new in enumerate(ids):
            model = models[n % len(models)]
            connection.execute(
                f"INSERT INTO base_transactions SELECT {copied} FROM base_transactions WHERE id = :model",
                {"new": new, "now": latest + _STEP * (n + 1), "model": model},
            )
            _copy_items(store, connection, model, new)
    return ids


def refund_transactions(store: Store, organization: int, count: int) -> list[int]:
    """Refund *count* gifts from all over the list, later than everything before; return their ids."""
    with store.writing() as connection:
        (latest,) = connection.execute(
            "SELECT MAX(updated_at) FROM base_transactions WHERE organization_id = ?", [organization]
        ).fetchone()
        ids = _chosen(connection, organization, count, where="status = 'success' AND charged_at IS NOT NULL")
        connection.executemany(
            "UPDATE base_transactions SET status = 'refunded', refunded_at = :now, updated_at = :now"
            " WHERE id = :id",
            [{"now": latest + _STEP * (n + 1), "id": number} for n, number in enumerate(ids)],
        )
    return ids


def delete_transactions(store: Store, organization: int, count: int) -> list[int]:
    """Delete *count* transactions from all over the list, with their items; return their ids."""
    with store.writing() as connection:
        ids = _chosen(connection, organization, count)
        # An id is never used again, even if it was the last one.
        for table, owner in (("base_transactions", organization), ("base_transaction_items", None)):
            store.last_ids[table, owner] = _last_id(store, connection, table, owner)
        listed = ",".join(map(str, ids))
        for table in ("base_transaction_items", "base_registrations"):
            connection.execute(f"DELETE FROM {table} WHERE transaction_id IN ({listed})")
        connection.execute(f"DELETE FROM base_transactions WHERE id IN ({listed})")
    return ids


CHANGEABLE = {
    "transactions": "comment",
    "supporters": "nickname",
    "campaigns": "external_id",
    "fundraising_pages": "title",
    "fundraising_teams": "name",
}
"""Kinds of records of which some can be changed, and the column that changes."""


def change_records(store: Store, organization: int, kind: str, count: int, *, dated: bool) -> list[int]:
    """Change *count* records from all over a list, *dated* later than everything; return their ids."""
    table, column = f"base_{kind}", CHANGEABLE[kind]
    with store.writing() as connection:
        ids = _chosen(connection, organization, count, table=table)
        (latest,) = connection.execute(
            f"SELECT MAX(MAX(created_at), COALESCE(MAX(updated_at), 0)) FROM {table}"
            " WHERE organization_id = ?",
            [organization],
        ).fetchone()
        connection.executemany(
            f"UPDATE {table} SET {column} = COALESCE({column}, '') || '*' WHERE id = ?", [(i,) for i in ids]
        )
        if dated:
            moments = [(latest + _STEP * (n + 1), number) for n, number in enumerate(ids)]
            connection.executemany(f"UPDATE {table} SET updated_at = ? WHERE id = ?", moments)
    return ids


def _chosen(
    connection: sqlite3.Connection,
    organization: int,
    count: int,
    *,
    where: str = "1",
    shuffled: str = "id * 104729 % 999983",
    table: str = "base_transactions",
) -> list[int]:
    """Return the ids of *count* records from all over the list, the same ones each time."""
    rows = connection.execute(
        f"SELECT id FROM {table} WHERE organization_id = ? AND {where} ORDER BY {shuffled} LIMIT ?",
        [organization, count],
    )
    return [row[0] for row in rows]


def _last_id(
    store: Store, connection: sqlite3.Connection, table: str, organization: int | None = None
) -> int:
    """Return the highest id there ever was in *table*, of one organization or of all."""
    theirs = "" if organization is None else f"WHERE organization_id = {organization:d}"
    (last,) = connection.execute(f"SELECT MAX(id) FROM {table} {theirs}").fetchone()
    return max(last or 0, store.last_ids.get((table, organization), 0))


def _copy_items(store: Store, connection: sqlite3.Connection, model: int, new: int) -> None:
    last = _last_id(store, connection, "base_transaction_items")
    columns = [row[1] for row in connection.execute("PRAGMA table_info(base_transaction_items)")]
    changed = {"id": ":last + row_number() OVER ()", "transaction_id": ":new"}
    copied = ", ".join(changed.get(name, f'"{name}"') for name in columns)
    connection.execute(
        f"INSERT INTO base_transaction_items SELECT {copied} FROM base_transaction_items"
        " WHERE transaction_id = :model",
        {"last": last, "new": new, "model": model},
    )
