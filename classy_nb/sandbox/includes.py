"""``with``: related records inside the row."""

# The statements are put together from the names of our own tables and columns and from numbers;
# what a client sends goes in as parameters.
# ruff: noqa: S608

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .store import Record, Store
    from .table import Table

_ONE: Mapping[str, tuple[str, str]] = {
    "campaign": ("campaign_id", "campaigns"),
    "designation": ("designation_id", "designations"),
    "ecard": ("ecard_id", "ecards"),
    "fundraising_page": ("fundraising_page_id", "fundraising_pages"),
    "fundraising_team": ("fundraising_team_id", "fundraising_teams"),
    "member": ("member_id", "members"),
    "organization": ("organization_id", "organizations"),
    "promo_code": ("promo_code_id", "promo_codes"),
    "recurring_donation_plan": ("recurring_donation_plan_id", "recurring_donation_plans"),
    "supporter": ("supporter_id", "supporters"),
    "team_lead": ("team_lead_id", "members"),
    "team_policy": ("team_policy_id", "fundraising_team_policies"),
    "ticket_type": ("ticket_type_id", "ticket_types"),
    "transaction": ("transaction_id", "transactions"),
}
"""One related record: the column that holds its id, and its table."""

_MANY: Mapping[tuple[str, str], tuple[str, str, str]] = {
    ("Transaction", "items"): ("transaction_items", "transaction_id", "1"),
    ("Transaction", "answers"): ("answers", "answerable_id", "t.answerable_type = 'transaction'"),
    ("Transaction", "source_tracking_codes"): ("source_tracking_codes", "trackable_id",
                                               "t.trackable_type = 'transaction'"),
    ("FundraisingPage", "answers"): ("answers", "answerable_id", "t.answerable_type = 'fundraising_page'"),
    ("FundraisingPage", "source_tracking_codes"): ("source_tracking_codes", "trackable_id",
                                                   "t.trackable_type = 'fundraising_page'"),
}  # fmt: skip
"""Related records that name the row: their table, the column, and a further condition."""

_FIRST: Mapping[tuple[str, str], tuple[str, str]] = {
    ("Transaction", "dedication"): ("dedications", "transaction_id"),
    ("FundraisingPage", "registration"): ("registrations", "fundraising_page_id"),
}
"""One related record that names the row, or null."""


def _asset(column: str) -> Callable[[Record], Any]:
    def build(record: Record) -> Any:
        number = record.get(column)
        return (
            None
            if number is None
            else {"id": number, "url": f"https://cdn.example.org/{number}.png", "type": "image"}
        )

    return build


def _offline(record: Record) -> dict[str, Any] | None:
    if record.get("payment_method") != "Offline":
        return None
    return {"id": record["id"], "payment_type": "check", "check_number": f"{record['id'] % 10_000:05d}",
            "description": 'Typed in by "mailroom"', "sync": False}  # fmt: skip


def _decline(record: Record) -> dict[str, Any] | None:
    code = record.get("processor_decline_code")
    return None if code is None else {"code": code, "message": "Declined, insufficient funds"}


def _match(record: Record) -> dict[str, Any] | None:
    number = record.get("donation_match_id")
    return (
        None
        if number is None
        else {"id": number, "amount": record["donation_gross_amount"], "status": "matched"}
    )


def _scope(record: Record) -> dict[str, Any]:
    return {"id": record.get("scope_id"), "type": record.get("scope_type")}


_MADE: Mapping[str, Callable[[Record], Any]] = {
    "channel_transaction": lambda r: (
        {"channel_name": "facebook"} if r.get("payment_method") == "Facebook" else None
    ),
    "commitment": lambda r: {"id": r["commitment_id"], "value": "250.00"} if r.get("commitment_id") else None,
    "cover_photo": _asset("cover_photo_id"),
    "decline_reason": _decline,
    "domain": lambda r: {"id": r.get("domain_id"), "value": "give.example.org"},
    "fundraising_entity": lambda r: {
        "id": r.get("fundraising_entity_id"),
        "type": r.get("fundraising_entity_type"),
    },
    "logo": _asset("logo_id"),
    "offline_payment_info": _offline,
    "order_donation_match": _match,
    "receipt_serial": lambda r: r.get("receipt_serial"),
    "reprocess_attempt_info": lambda r: (
        {"attempts": r["reprocess_attempts"]} if r.get("reprocess_attempts") else None
    ),
    "reprocess_history": lambda r: [{"attempt": n + 1} for n in range(r.get("reprocess_attempts") or 0)],
    "reprocess_status": lambda r: "reprocessed" if r.get("reprocess_attempts") else None,
    "scope": _scope,
}
_EMBEDDED = {"Activity": ("campaign", "designation", "member", "organization"), "Dedication": ("ecard",)}
"""Records that always hold related ones."""


def related_tables(store: Store, names: Sequence[str], table: Table) -> dict[str, tuple[str, Table]]:
    """Return the associations among *names* that a filter may use: column and table of each."""
    return {
        name: (_ONE[name][0], store.table(_ONE[name][1]))
        for name in names
        if name in _ONE and (_ONE[name][0] in table.stored or _ONE[name][0] in table.computed)
    }


def add(store: Store, records: list[Record], table: Table, names: Sequence[str]) -> None:
    """Put the related records called *names* (and those that are always there) into *records*."""
    for name in (*_EMBEDDED.get(table.record, ()), *names):
        key = (table.record, name)
        if key in _MANY:
            _add_many(store, records, name, _MANY[key])
        elif key in _FIRST:
            _add_many(store, records, name, (*_FIRST[key], "1"), first=True)
        elif name == "designation" and table.record == "Activity":
            _add_one(store, records, name, name, "designations")  # the row holds its id only here
        elif name in _ONE and _ONE[name][0] in (records[0] if records else ()):
            _add_one(store, records, name, *_ONE[name])
        elif (name in _ONE and name == "ticket_type") or name in _MADE:
            for record in records:
                record[name] = _MADE[name](record) if name in _MADE else None


def _add_one(store: Store, records: list[Record], name: str, column: str, owner: str) -> None:
    table = store.table(owner)
    numbers = sorted({record[column] for record in records if record[column] is not None})
    found = {record["id"]: record for record in store.records(table, numbers)}
    for record in records:
        record[name] = found.get(record[column])


def _add_many(
    store: Store, records: list[Record], name: str, source: tuple[str, str, str], *, first: bool = False
) -> None:
    owner, column, condition = source
    table = store.table(owner)
    marks = ",".join(str(int(record["id"])) for record in records)
    pairs = store.execute(
        f"SELECT t.{column}, t.rowid FROM {table.rows} t WHERE t.{column} IN ({marks}) AND {condition}"
    )
    found = {row["id"]: row for row in store.records(table, [number for _, number in pairs])}
    for record in records:
        mine = [found[number] for parent, number in pairs if parent == record["id"]]
        record[name] = (mine[0] if mine else None) if first else mine
