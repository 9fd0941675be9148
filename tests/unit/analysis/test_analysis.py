"""Which transactions count as gifts, and what is said of bad input and of frames without rows."""

import inspect
from typing import Any

import pandas as pd
import pytest
from support.giving import dtypes, instant, plans, transactions

import classy_nb as cn
from classy_nb import analysis

BACKENDS = ["numpy_nullable", "pyarrow"]
STATUSES = [
    "success", "refunded", "failed", "incomplete", "canceled", "test", "voided", "pending", "cb_lost",
    "cb_initiated",
]  # fmt: skip
TODAY = "2026-11-23"
ON_GIFTS: dict[str, Any] = {
    "by_period": analysis.by_period,
    "retention": lambda gifts: analysis.retention(gifts, today=TODAY),
    "gain_loss": lambda gifts: analysis.gain_loss(gifts, 2026),
    "cohorts": analysis.cohorts,
    "second_gift": lambda gifts: analysis.second_gift(gifts, today=TODAY),
    "lybunt": lambda gifts: analysis.lybunt(gifts, 2026),
    "sybunt": lambda gifts: analysis.sybunt(gifts, 2026),
    "rfm": lambda gifts: analysis.rfm(gifts, today=TODAY),
    "leaderboard": analysis.leaderboard,
}
ON_PLANS: dict[str, Any] = {
    "plan_lives": analysis.plan_lives,
    "active_plans": analysis.active_plans,
    "churn": lambda frame: analysis.churn(frame, today=TODAY),
    "forecast": lambda frame: analysis.forecast(frame, today=TODAY),
}
ON_TRANSACTIONS: dict[str, Any] = {
    "gifts": analysis.gifts,
    "left_out": analysis.left_out,
    "failed_payments": analysis.failed_payments,
    "gross_fees_net": analysis.gross_fees_net,
    "gross_fees_net by month": lambda frame: analysis.gross_fees_net(frame, by="month"),
    "reconcile": analysis.reconcile,
}


def some_transactions(backend: str = "numpy_nullable") -> pd.DataFrame:
    money = {
        "total_gross_amount": 12.0, "overhead_net_amount": 0.0, "adjustment_amount": 2.0, "fees_amount": 1.0,
        "classy_fees_amount": 0.4, "pp_fees_amount": 0.6, "donation_net_amount": 11.0, "amount": 10.0,
    }  # fmt: skip
    return transactions(
        {**money, "on": "2024-03-05", "by": 1, "fundraising_page_id": 7},
        {**money, "on": "2025-03-05", "by": 1, "recurring_donation_plan_id": 5},
        {**money, "on": "2025-04-05", "by": 1, "recurring_donation_plan_id": 5, "status": "failed"},
        {**money, "on": "2025-07-09", "by": 2, "total_gross_amount": 12.01},
        {**money, "on": "2026-07-09", "by": 3},
        {**money, "on": "2024-08-01", "by": 4},
        backend=backend,
    )


def some_plans(backend: str = "numpy_nullable") -> pd.DataFrame:
    return plans({}, {"began": "2025-02-03", "status": "canceled", "over": "2026-03-04"}, backend=backend)


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


def test_the_day_is_that_of_the_frames_zone() -> None:
    evening = {"purchased_at": instant("2025-12-31T20:30:00")}
    assert evening["purchased_at"] == "2026-01-01T04:30:00+0000"
    local, utc = analysis.gifts(transactions(evening)), analysis.gifts(transactions(evening, zone="UTC"))
    assert local["date"].tolist() == [pd.Timestamp("2025-12-31")]
    assert utc["date"].tolist() == [pd.Timestamp("2026-01-01")]
    assert local["purchased_at"].iloc[0] == utc["purchased_at"].iloc[0]


def test_gifts_come_oldest_first_whatever_the_order() -> None:
    gifts = analysis.gifts(transactions({"on": "2026-05-01"}, {"on": "2026-04-01"}, {"on": "2026-04-01"}))
    assert gifts["id"].tolist() == [1002, 1003, 1001]
    assert gifts.index.tolist() == [0, 1, 2]


def test_another_amount_brings_its_own_currency() -> None:
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


def test_the_fields_that_are_enough() -> None:
    frame = some_transactions()[list(analysis.FIELDS)]
    assert len(analysis.gifts(frame)) == 5
    assert len(analysis.failed_payments(frame)) == 2
    assert len(analysis.active_plans(some_plans()[list(analysis.PLAN_FIELDS)])) == 1


def test_a_missing_column_is_named_with_what_brings_it() -> None:
    frame = some_transactions().drop(columns=["supporter_id"])
    with pytest.raises(cn.UsageError, match=r"no column 'supporter_id'.*classy\.transactions\(\) brings it"):
        analysis.gifts(frame)
    with pytest.raises(cn.UsageError, match=r"no columns 'donor_id', 'amount'.*analysis\.gifts\("):
        analysis.retention(analysis.gifts(some_transactions()).drop(columns=["amount", "donor_id"]))
    with pytest.raises(cn.UsageError, match=r"'started_at'.*classy\.recurring_donation_plans\(\) brings it"):
        analysis.churn(some_plans().drop(columns="started_at"))
    with pytest.raises(cn.UsageError, match=r"DataFrame was expected, not list"):
        analysis.gifts([])  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [*ON_GIFTS, *ON_PLANS, *ON_TRANSACTIONS])
def test_every_function_refuses_a_frame_of_something_else(name: str) -> None:
    function = {**ON_GIFTS, **ON_PLANS, **ON_TRANSACTIONS}[name]
    with pytest.raises(cn.UsageError, match="has no column"):
        function(pd.DataFrame({"color": ["red"]}))


def test_instants_without_a_zone_are_refused() -> None:
    frame = some_transactions()
    frame["purchased_at"] = frame["purchased_at"].dt.tz_localize(None)
    with pytest.raises(cn.UsageError, match=r"'purchased_at' holds datetime64\[us\], not instants"):
        analysis.gifts(frame)
    with pytest.raises(cn.UsageError, match="status= is empty"):
        analysis.gifts(some_transactions(), status=[])


@pytest.mark.parametrize(
    "name", ["retention", "cohorts", "second_gift", "lybunt", "sybunt", "rfm", "gain_loss"]
)
def test_amounts_in_two_currencies_are_not_added(name: str) -> None:
    frame = transactions({}, {"currency_code": "CAD"})
    with pytest.raises(cn.UsageError, match=r"2 currencies \(CAD, USD\); they are not added"):
        ON_GIFTS[name](analysis.gifts(frame))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", [*ON_TRANSACTIONS, *ON_GIFTS, *ON_PLANS])
def test_no_rows_give_no_rows_of_the_same_columns(name: str, backend: str) -> None:
    if name in ON_GIFTS:
        full, function = analysis.gifts(some_transactions(backend)), ON_GIFTS[name]
    else:
        full = some_plans(backend) if name in ON_PLANS else some_transactions(backend)
        function = {**ON_PLANS, **ON_TRANSACTIONS}[name]
    found, nothing = function(full), function(full.iloc[:0])
    assert len(found) > 0
    if name == "cohorts":  # its columns are the years that there are
        assert nothing.shape == (0, 0)
        assert nothing.index.name == "first_year"
        return
    assert dtypes(nothing) == dtypes(found)
    assert len(nothing) == (7 if name == "gain_loss" else 0)


@pytest.mark.parametrize("name", [*ON_TRANSACTIONS, *ON_GIFTS, *ON_PLANS])
def test_both_backends_give_the_same(name: str) -> None:
    found = []
    for backend in BACKENDS:
        if name in ON_GIFTS:
            found.append(ON_GIFTS[name](analysis.gifts(some_transactions(backend))))
        elif name in ON_PLANS:
            found.append(ON_PLANS[name](some_plans(backend)))
        else:
            found.append(ON_TRANSACTIONS[name](some_transactions(backend)))
    pd.testing.assert_frame_equal(*found)


def test_what_is_given_is_not_changed() -> None:
    frame, some = some_transactions(), some_plans()
    gifts = analysis.gifts(frame)
    before = frame.copy(), some.copy(), gifts.copy()
    for function in ON_TRANSACTIONS.values():
        function(frame)
    for function in ON_PLANS.values():
        function(some)
    for function in ON_GIFTS.values():
        function(gifts)
    for now, then in zip((frame, some, gifts), before, strict=True):
        pd.testing.assert_frame_equal(now, then)


def test_every_function_says_what_it_takes_gives_and_refuses() -> None:
    for name in analysis.__all__:
        value = getattr(analysis, name)
        if callable(value):
            text = inspect.getdoc(value) or ""
            for section in ("Parameters\n", "Returns\n", "Raises\n"):
                assert section in text, (name, section)
    for name in ("retention", "gain_loss", "cohorts", "second_gift", "lybunt"):
        text = " ".join((inspect.getdoc(getattr(analysis, name)) or "").split())
        assert "Fundraising Effectiveness Project (FEP" in text, name
    assert "Hughes" in (inspect.getdoc(analysis.rfm) or "")


def test_it_hangs_at_the_package() -> None:
    assert cn.analysis is analysis
    assert set(ON_GIFTS) | set(ON_PLANS) | {"with_contacts"} < set(analysis.__all__)
