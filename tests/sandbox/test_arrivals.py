"""Transactions that arrive, are refunded or are deleted while the sandbox runs."""

from classy_nb.sandbox import Sandbox


def test_a_refund_changes_the_status_and_both_dates_and_nothing_else() -> None:
    with Sandbox(transactions=300) as box:
        before = {row["id"]: row for row in box.truth("transactions")}
        refunded = box.refund_transactions(3)
        after = {row["id"]: row for row in box.truth("transactions")}
    assert len(set(refunded)) == 3
    assert before.keys() == after.keys()
    assert {number for number in after if after[number] != before[number]} == set(refunded)
    latest = max(row["updated_at"] for row in before.values())
    for number in refunded:
        assert before[number]["status"] == "success"
        changed = {name for name, value in after[number].items() if value != before[number][name]}
        assert changed == {"status", "refunded_at", "updated_at"}
        assert after[number]["status"] == "refunded"
        assert after[number]["refunded_at"] == after[number]["updated_at"] > latest


def test_there_are_no_more_refunds_than_charged_gifts() -> None:
    with Sandbox(transactions=300) as box:
        charged = [r["id"] for r in box.truth("transactions") if r["status"] == "success" and r["charged_at"]]
        assert sorted(box.refund_transactions(1_000)) == charged
        assert box.refund_transactions(1) == []


def test_rows_that_arrive_shift_the_pages(box, api):
    before = api.org("/transactions", per_page=100).json()
    arrived = box.insert_transactions(4)
    after = api.org("/transactions", per_page=100, page=2).json()
    assert after["total"] == before["total"] + 4
    assert [row["id"] for row in after["data"][:4]] == [row["id"] for row in before["data"][-4:]]
    assert min(arrived) > max(row["id"] for row in before["data"])
    items = api.get(f"/transactions/{arrived[0]}/items").json()["data"]
    gift = api.get(f"/transactions/{arrived[0]}").json()
    assert sum(round(item["final_price"] * 100) for item in items) == round(gift["total_gross_amount"] * 100)
    deleted = box.delete_transactions(4)
    assert api.get(f"/transactions/{deleted[0]}").status_code == 404
    assert api.org("/transactions").json()["total"] == before["total"]


def test_rows_arrive_between_pages(box, api):
    box.faults.insert_per_request = 2
    totals = [api.org("/transactions").json()["total"] for _ in range(3)]
    assert totals[1] - totals[0] == totals[2] - totals[1] == 2
    box.faults.clear()
    box.faults.delete_per_request = 3
    assert api.org("/transactions").json()["total"] == totals[2] - 3


def test_ids_of_deleted_rows_are_not_reused(box):
    came, went = [], []
    for _ in range(300):
        came += box.insert_transactions(1)
        went += box.delete_transactions(1)
    assert len(set(came)) == len(set(went)) == 300
    assert sorted(came) == came
