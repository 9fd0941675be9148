"""Gifts that arrive, are refunded and vanish while the sandbox runs."""

# The statements are put together from the names of our own tables and columns and from numbers;
# what a client sends goes in as parameters.
# ruff: noqa: S608

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

    from .store import Store

_Key = tuple[str, int | None]
_STEP = 7
"""Arriving gifts are this many seconds apart."""


def insert_transactions(store: Store, organization: int, count: int) -> list[int]:
    """Add *count* gifts, each like one there is (so that amounts, fees and items agree); return their ids."""
    if count < 1:
        return []
    with store.writing() as connection:
        last = _last_id(store, connection, ("base_transactions", organization))
        (latest,) = connection.execute(
            "SELECT MAX(created_at) FROM base_transactions WHERE organization_id = ?", [organization]
        ).fetchone()
        models = [
            row[0]
            for row in connection.execute(
                "SELECT id FROM base_transactions WHERE organization_id = ? AND status = 'success' AND"
                " batch IS NULL"
                " AND recurring_donation_plan_id IS NULL ORDER BY id * 7919 % 1000003 LIMIT ?",
                [organization, count],
            )
        ]
        models = [models[n % len(models)] for n in range(count)]
        columns = [row[1] for row in connection.execute("PRAGMA table_info(base_transactions)")]
        own = {
            "id": ":new",
            **dict.fromkeys(("created_at", "purchased_at", "charged_at", "updated_at"), ":now"),
        }
        chosen = ", ".join(own.get(name, f'"{name}"') for name in columns)
        ids = [last + 3 * (n + 1) for n in range(count)]
        for n, (new, model) in enumerate(zip(ids, models, strict=True)):
            connection.execute(
                f"INSERT INTO base_transactions SELECT {chosen} FROM base_transactions WHERE id = :model",
                {"new": new, "now": latest + _STEP * (n + 1), "model": model},
            )
            _copy_items(store, connection, model, new)
    return ids


def _last_id(store: Store, connection: sqlite3.Connection, key: _Key) -> int:
    """Return the highest id ever, also of what vanished, in a table: of an organization or (None) of all."""
    table, organization = key
    theirs = "" if organization is None else f"WHERE organization_id = {organization:d}"
    (last,) = connection.execute(f"SELECT MAX(id) FROM {table} {theirs}").fetchone()
    return max(last or 0, store.last_ids.get(key, 0))


def _copy_items(store: Store, connection: sqlite3.Connection, model: int, new: int) -> None:
    connection.execute(
        """INSERT INTO base_transaction_items SELECT ? + row_number() OVER (),
             organization_id, ?, product_id, quantity, product_name, type, price, final, overhead,
               donation, fees,
             raw_final, raw_overhead
           FROM base_transaction_items WHERE transaction_id = ?""",
        [_last_id(store, connection, ("base_transaction_items", None)), new, model],
    )


def refund_transactions(store: Store, organization: int, count: int) -> list[int]:
    """Refund *count* gifts from all over the list, after all that happened before; return their ids."""
    with store.writing() as connection:
        (latest,) = connection.execute(
            "SELECT MAX(updated_at) FROM base_transactions WHERE organization_id = ?", [organization]
        ).fetchone()
        ids = [
            row[0]
            for row in connection.execute(
                "SELECT id FROM base_transactions WHERE organization_id = ? AND status = 'success' AND"
                " charged_at IS NOT NULL ORDER BY id * 104729 % 999983 LIMIT ?",
                [organization, count],
            )
        ]
        for n, refunded in enumerate(ids):
            connection.execute(
                "UPDATE base_transactions SET status = 'refunded', refunded_at = :now, updated_at = :now"
                " WHERE id = :id",
                {"now": latest + _STEP * (n + 1), "id": refunded},
            )
    return ids


def delete_transactions(store: Store, organization: int, count: int) -> list[int]:
    """Delete *count* transactions from all over the list, with their items; return their ids."""
    with store.writing() as connection:
        ids = [
            row[0]
            for row in connection.execute(
                "SELECT id FROM base_transactions WHERE organization_id = ? ORDER BY id * 104729 %"
                " 999983 LIMIT ?",
                [organization, count],
            )
        ]
        for key in (("base_transactions", organization), ("base_transaction_items", None)):
            store.last_ids[key] = _last_id(store, connection, key)
        marks = ",".join(map(str, ids))
        connection.execute(f"DELETE FROM base_transaction_items WHERE transaction_id IN ({marks})")
        connection.execute(f"DELETE FROM base_registrations WHERE transaction_id IN ({marks})")
        connection.execute(f"DELETE FROM base_transactions WHERE id IN ({marks})")
    return ids
