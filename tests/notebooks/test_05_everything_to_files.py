"""The numbers of 05_everything_to_files, counted again in SQL before and after the same night."""

import pytest
from support.notebooks import ORGANIZATION, cents, whole

from classy_nb.sandbox import Sandbox

TWO_DAYS = 2 * 86_400
LISTS = (
    "transactions",
    "supporters",
    "recurring_donation_plans",
    "campaigns",
    "designations",
    "fundraising_pages",
    "fundraising_teams",
    "transaction_items",
)
DATED = LISTS[:3]


@pytest.fixture(scope="module")
def files(shown):
    return shown("05")


@pytest.fixture(scope="module")
def nights(files):
    """The data before and after the night, and the ids of the gifts that were refunded in it."""
    assert "insert_transactions(25)" in files.source("night")
    assert "refund_transactions(3)" in files.source("night")
    box = Sandbox(transactions=files.transactions)
    before = box.database
    box.insert_transactions(25)
    refunded = box.refund_transactions(3)
    after = box.database
    box.stop()
    return before, after, refunded


def rows(data, name, condition="1"):
    statement = f"SELECT COUNT(*) FROM base_{name} WHERE organization_id = {ORGANIZATION} AND {condition}"
    return data.execute(statement).fetchone()[0]


def test_each_list_is_whole_today(files, nights):
    before, _, _ = nights
    found = [
        (r["list"], whole(r["rows in the file"]), whole(r["rows at Classy"])) for r in files.table("read")
    ]
    assert found == [(name, rows(before, name), rows(before, name)) for name in LISTS]


def test_what_changed_overnight(files, nights):
    _, after, refunded = nights
    found = [(whole(r["id"]), cents(r["total_gross_amount"])) for r in files.table("changed")]
    marks = ", ".join(map(str, refunded))
    expected = after.execute(
        f"""SELECT id, donation + overhead + adjustment FROM base_transactions
            WHERE id IN ({marks}) ORDER BY id"""
    ).fetchall()
    assert found == expected
    states = {(r["status yesterday"], r["status today"]) for r in files.table("changed")}
    assert states == {("success", "refunded")}


@pytest.mark.parametrize("name", LISTS)
def test_each_list_is_whole_tomorrow(files, nights, name):
    before, after, _ = nights
    (row,) = [r for r in files.table("check") if r["list"] == name]
    fetched = rows(after, name)
    if name in DATED:
        (latest,) = before.execute(
            f"SELECT MAX(updated_at) FROM base_{name} WHERE organization_id = {ORGANIZATION}"
        ).fetchone()
        fetched = rows(after, name, f"updated_at >= {latest - TWO_DAYS}")
    assert row == {
        "": str(LISTS.index(name)),
        "list": name,
        "yesterday": str(rows(before, name)),
        "fetched": str(fetched),
        "new": str(rows(after, name) - rows(before, name)),
        "today": str(rows(after, name)),
        "at Classy": str(rows(after, name)),
        "complete": "yes",
    }


def test_little_was_fetched_again(files):
    (row,) = [r for r in files.table("check") if r["list"] == "transactions"]
    assert 25 + 3 <= whole(row["fetched"]) < whole(row["today"]) / 50
