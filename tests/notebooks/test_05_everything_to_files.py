"""The numbers of 05_everything_to_files, counted again in SQL before and after the same night."""

import pytest
from support.notebooks import ORGANIZATION, cents, whole

from classy_nb.mirror import DEFAULT
from classy_nb.sandbox import Sandbox

RAISED = f"organization_id = {ORGANIZATION} AND status = 'success' AND donation > 0"


@pytest.fixture(scope="module")
def files(shown):
    return shown("05")


@pytest.fixture(scope="module")
def nights(files):
    """The data before and after the night, and the ids of the gifts that were deleted or refunded in it."""
    night = files.source("night")
    assert night.index("insert_transactions(25)") < night.index("delete_transactions(2)")
    assert night.index("delete_transactions(2)") < night.index("refund_transactions(3)")
    box = Sandbox(transactions=files.transactions)
    before = box.database
    box.insert_transactions(25)
    deleted = box.delete_transactions(2)
    refunded = box.refund_transactions(3)
    after = box.database
    box.stop()
    return before, after, deleted, refunded


def ids(data, name):
    """Return the ids of a list; items and answers belong to whoever their parents belong to."""
    columns = {row[1] for row in data.execute(f"PRAGMA table_info(base_{name})")}
    mine = f"organization_id = {ORGANIZATION}"
    condition = mine if "organization_id" in columns else "1"
    return {row[0] for row in data.execute(f"SELECT id FROM base_{name} WHERE {condition}")}


def test_each_list_is_whole_today(files, nights):
    before, *_ = nights
    rows = files.table("fetch")
    assert {r["list"] for r in rows} == set(DEFAULT)
    for row, written in zip(rows, files.table("files"), strict=True):
        count = len(ids(before, row["list"]))
        assert whole(row["rows_here"]) == whole(row["count_at_api"]) == whole(row["inserted"]) == count
        assert whole(written["rows in the file"]) == whole(written["rows at Classy"]) == count
        assert (row["changed"], row["vanished"], row["equal"]) == ("0", "0", "True")


def test_each_list_is_whole_tomorrow(files, nights):
    before, after, _, refunded = nights
    for row in files.table("refresh"):
        then, now = (ids(data, row["list"]) for data in (before, after))
        assert whole(row["rows_here"]) == whole(row["count_at_api"]) == len(now)
        assert whole(row["inserted"]) == len(now - then)
        assert whole(row["vanished"]) == len(then - now)
        assert whole(row["changed"]) == (len(refunded) if row["list"] == "transactions" else 0)
        assert row["equal"] == "True"
    assert {r["equal"] for r in files.table("check")} == {"True"}
    shown = {r["list"]: r["shown_by"] for r in files.table("check")}
    assert all("every cell compared" in shown[name] for name in DEFAULT)


def test_what_changed_overnight(files, nights):
    before, _, deleted, refunded = nights
    found = {
        (whole(r["transaction_id"]), r["change"], cents(r["difference"])) for r in files.table("changed")
    }
    marks = ", ".join(map(str, (*deleted, *refunded)))
    raised = dict(
        before.execute(f"SELECT id, donation FROM base_transactions WHERE {RAISED} AND id IN ({marks})")
    )
    assert found >= {
        (gift, "gone" if gift in deleted else "changed", -amount) for gift, amount in raised.items()
    }
    assert {gift for gift, _, amount in found if amount} == set(raised)


def test_why_the_number_changed(files, nights):
    before, after, *_ = nights
    then, now = (
        data.execute(f"SELECT SUM(donation) FROM base_transactions WHERE {RAISED}").fetchone()[0]
        for data in (before, after)
    )
    first, *steps, last = (cents(r["amount"]) for r in files.table("why"))
    assert (first, last) == (then, now)
    assert first + sum(steps) == last
    assert sum(cents(r["raised"]) for r in files.table("questions")) == then
