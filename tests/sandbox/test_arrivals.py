"""Gifts that are refunded while the sandbox runs: what a refresh by `updated_at` has to notice."""

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
