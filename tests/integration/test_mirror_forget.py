"""A person is erased from a mirror: from all tables and versions, for good, and totals stay."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd
import pytest

import classy_nb as cn
from classy_nb.redact import is_personal

if TYPE_CHECKING:
    from pathlib import Path

    from classy_nb.sandbox import Sandbox

TOTALS = "SELECT status, sum(total_gross_amount) AS total FROM transactions GROUP BY 1 ORDER BY 1"


@pytest.fixture
def box(own_box: Sandbox) -> Sandbox:
    return own_box


def texts_in(path: Path, schema: str = "main") -> set[str]:
    """Return all texts of a file's tables."""
    found: set[str] = set()
    with duckdb.connect(str(path), read_only=True) as connection:
        tables = connection.execute(
            "SELECT table_name, column_name FROM duckdb_columns() JOIN duckdb_tables() USING (table_name)"
            " WHERE data_type = 'VARCHAR' AND NOT duckdb_tables.internal"
        ).fetchall()
        for table, column in tables:
            rows = connection.execute(f'SELECT DISTINCT "{column}" FROM {schema}."{table}"').fetchall()
            found.update(text for (text,) in rows if text)
    return found


def giver(copy: Any) -> pd.Series[Any]:
    """Return the supporter with the most gifts."""
    number = copy.sql(
        "SELECT supporter_id FROM transactions WHERE supporter_id IS NOT NULL"
        " GROUP BY 1 ORDER BY count(*) DESC, 1"
    ).iloc[0, 0]
    return copy.supporters.get(int(number))


def test_a_person_is_erased_everywhere_and_stays_erased(
    classy: cn.Classy, box: Sandbox, tmp_path: Path
) -> None:
    copy = classy.mirror(tmp_path / "copy.duckdb")
    copy.refresh()
    box.refund_transactions(40)
    copy.refresh()
    person = giver(copy)
    number, address = int(person["id"]), str(person["email_address"])
    before, totals = copy.transactions(), copy.sql(TOTALS)
    assert address in texts_in(copy.path)

    report = copy.forget(number)

    assert report.set_index("table").loc["supporters", "rows"] == 1
    gifts = before["supporter_id"] == number
    assert report.set_index("table").loc["transactions", "rows"] == gifts.sum()
    assert report.set_index("table").loc["transactions_versions", "rows"] >= gifts.sum()
    assert address not in texts_in(copy.path)
    assert address.encode() not in copy.path.read_bytes()
    row = copy.supporters.get(number)
    assert row["id"] == number
    assert row[[name for name in row.index if is_personal(name)]].isna().all()
    after = copy.transactions()
    personal = [name for name in after if is_personal(name)]
    assert after.loc[gifts, personal].isna().all(axis=None)
    pd.testing.assert_frame_equal(after.drop(columns=personal), before.drop(columns=personal))
    pd.testing.assert_frame_equal(after[~gifts], before[~gifts])
    pd.testing.assert_frame_equal(copy.sql(TOTALS), totals)
    assert stat.S_IMODE(copy.path.stat().st_mode) == 0o600

    for verify in ("quick", "full"):
        again = copy.refresh(verify=verify)
        assert again["equal"].all(), again
        assert again[["inserted", "changed", "vanished"]].sum().sum() == 0, again
        assert address not in texts_in(copy.path)
    assert copy.supporters.get(number)["email_address"] is pd.NA


def test_what_cannot_be_forgotten_is_refused(classy: cn.Classy, tmp_path: Path) -> None:
    copy = classy.mirror(tmp_path / "copy.duckdb")
    with pytest.raises(cn.ClassyError, match="does not exist"):
        copy.forget(5)
    copy.refresh()
    content = copy.path.read_bytes()
    with pytest.raises(cn.NotFoundError, match="about supporter 5"):
        copy.forget(5)
    for wrong in ("ada@example.org", 5.5, True, None):
        with pytest.raises(cn.UsageError, match="ids of supporters"):
            copy.forget(wrong)
    assert copy.path.read_bytes() == content
    number = int(giver(copy)["id"])
    opened = cn.open_mirror(copy.path)
    with pytest.raises(cn.UsageError, match="earlier state"):
        opened.as_of("2100-01-01").forget(number)
    assert len(opened.forget([number]))
