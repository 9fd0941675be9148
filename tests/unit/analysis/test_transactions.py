"""Which transactions count as gifts."""

import pandas as pd
import pytest
from support.giving import instant, transactions

import classy_nb as cn
from classy_nb import analysis

STATUSES = [
    "success", "refunded", "failed", "incomplete", "canceled", "test", "voided", "pending", "cb_lost",
    "cb_initiated",
]  # fmt: skip


def test_only_successful_gifts_with_an_amount_count() -> None:
    frame = transactions(*({"status": status} for status in STATUSES), {"amount": 0.0}, {"amount": None})
    assert analysis.gifts(frame)["id"].tolist() == [1001]
    assert analysis.gifts(frame, status=["success", "pending"])["id"].tolist() == [1001, 1008]
    assert analysis.gifts(frame, status="refunded")["id"].tolist() == [1002]


def test_every_transaction_is_accounted_for() -> None:
    frame = transactions(
        {"amount": 10.0}, {"amount": 5.5}, {"amount": 3.0, "by": None}, {"amount": 0.0},
        {"status": "refunded", "amount": 20.0}, {"status": None, "amount": 1.0}, {"purchased_at": None},
        {"currency_code": None},
    )  # fmt: skip
    table = analysis.left_out(frame)
    assert table[["reason", "counted", "transactions", "amount"]].to_numpy().tolist() == [
        ["gift", True, 2, 15.5],
        ["gift without a supporter: counted as money only", True, 1, 3.0],
        ["no currency", False, 1, 10.0],
        ["no date", False, 1, 10.0],
        ["no gift in it: free registration or ticket", False, 1, 0.0],
        ["status missing", False, 1, 1.0],
        ["status refunded", False, 1, 20.0],
    ]
    assert table["currency"].isna().tolist() == [False, False, True, False, False, False, False]
    assert table["transactions"].sum() == len(frame)


def test_anonymous_donors_are_known_and_marked() -> None:
    frame = transactions({"by": 4, "is_anonymous": True}, {"by": None}, {"by": 5, "is_anonymous": None})
    gifts = analysis.gifts(frame)
    assert gifts["donor_id"].tolist() == [4, pd.NA, 5]
    assert gifts["anonymous"].tolist() == [True, False, False]


def test_offline_and_recurring_gifts_are_marked() -> None:
    frame = transactions(
        {"payment_method": "Offline"}, {"payment_method": None, "recurring_donation_plan_id": 9}
    )
    gifts = analysis.gifts(frame)
    assert gifts["offline"].tolist() == [True, False]
    assert gifts["recurring"].tolist() == [False, True]


def test_the_day_is_in_the_frames_time_zone() -> None:
    evening = {"purchased_at": instant("2025-12-31T20:30:00")}
    assert evening["purchased_at"] == "2026-01-01T04:30:00+0000"
    local, utc = analysis.gifts(transactions(evening)), analysis.gifts(transactions(evening, zone="UTC"))
    assert local["date"].tolist() == [pd.Timestamp("2025-12-31")]
    assert utc["date"].tolist() == [pd.Timestamp("2026-01-01")]
    assert local["purchased_at"].iloc[0] == utc["purchased_at"].iloc[0]


def test_gifts_are_sorted_oldest_first() -> None:
    gifts = analysis.gifts(transactions({"on": "2026-05-01"}, {"on": "2026-04-01"}, {"on": "2026-04-01"}))
    assert gifts["id"].tolist() == [1002, 1003, 1001]
    assert gifts.index.tolist() == [0, 1, 2]


def test_another_amount_has_its_own_currency() -> None:
    frame = transactions(
        {"raw_donation_gross_amount": 12.5, "raw_currency_code": "CAD"},
        {"raw_donation_gross_amount": 10.0},
    )
    gifts = analysis.gifts(frame, amount="raw_donation_gross_amount")
    assert gifts[["amount", "currency"]].to_numpy().tolist() == [[12.5, "CAD"], [10.0, "USD"]]


def test_donors_may_be_told_apart_by_text() -> None:
    frame = transactions({"by": 1, "member_email_address": "a@example.org"}, {"by": 2})
    gifts = analysis.gifts(frame, donor="member_email_address")
    assert gifts["donor_id"].tolist() == ["a@example.org", pd.NA]
    assert str(gifts["donor_id"].dtype) == "string"


def test_instants_without_a_zone_are_refused() -> None:
    frame = transactions({})
    frame["purchased_at"] = frame["purchased_at"].dt.tz_localize(None)
    with pytest.raises(cn.UsageError, match=r"'purchased_at' holds datetime64\[us\], not instants"):
        analysis.gifts(frame)


def test_at_least_one_status_must_count() -> None:
    with pytest.raises(cn.UsageError, match="status= is empty"):
        analysis.gifts(transactions({}), status=[])
