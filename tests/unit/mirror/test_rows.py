"""Fetched records as rows of a mirror, and the hash of a row."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa

from classy_nb.mirror import mirrored_lists
from classy_nb.mirror.rows import rows_of

NOW = datetime(2026, 11, 28, tzinfo=UTC)


def rows(**columns: list[object]) -> pa.Table:
    (one,) = mirrored_lists("designations")
    return rows_of(pa.table(columns), one, 7, NOW)


def test_rows_have_all_columns_and_what_the_catalog_does_not_know_as_json() -> None:
    made = rows(id=[1, 2], name=["Wells", None], shoe=['{"size": 43}', None])
    assert made["_organization_id"].to_pylist() == [7, 7]
    assert made["_unknown"].to_pylist() == ['{"shoe": {"size": 43}}', None]
    assert made["_synced_at"].to_pylist() == [NOW, NOW]
    assert made["_deleted_at"].null_count == 2
    assert made["goal"].to_pylist() == [None, None]


def test_a_hash_depends_on_every_cell_and_on_nothing_else() -> None:
    hashes = [
        rows(id=[1], **cells)["_row_hash"][0].as_py()
        for cells in (
            {"name": ["Wells"]},
            {"name": [""]},
            {"name": [None]},
            {"description": ["Wells"]},
            {"goal": [Decimal("1.00")]},
            {"shoe": ["43"]},
        )
    ]
    assert len(set(hashes)) == len(hashes)
    (one,) = mirrored_lists("designations")
    later = rows_of(pa.table({"id": [1], "name": ["Wells"]}), one, 8, datetime.now(UTC))
    assert later["_row_hash"][0].as_py() == hashes[0]


def test_the_hash_is_that_of_texts_which_no_version_changes() -> None:
    made = rows(
        id=[1],
        name=["Wells"],
        goal=[Decimal("12.50")],
        created_at=pa.array(
            [datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)], pa.timestamp("us", "America/Denver")
        ),
        is_active=[True],
    )
    (one,) = mirrored_lists("designations")
    texts = {
        "id": "1",
        "name": "Wells",
        "goal": "12.50",
        "created_at": "1767323045000000",
        "is_active": "true",
    }
    house = ("_organization_id", "_row_hash", "_synced_at", "_deleted_at")
    parts = [texts.get(name, "\x1e") for name in one.kinds if name not in house]
    expected = hashlib.md5("\x1f".join(parts).encode()).hexdigest()
    assert made["_row_hash"].to_pylist() == [expected]
