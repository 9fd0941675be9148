"""Recurring plans: lives, churn, failed charges and the forecast, on plans counted by hand."""

from typing import Any

import pandas as pd
import pytest
from support.giving import plans, rows, transactions

import classy_nb as cn
from classy_nb import analysis

TODAY = "2026-11-23"


def test_a_plan_ends_on_the_day_of_its_status() -> None:
    lives = analysis.plan_lives(
        plans(
            {"status": "active", "failed_at": "2026-02-02T00:00:00+0000"},
            {"status": "canceled", "over": "2026-03-04"},
            {"status": "failed", "over": "2026-04-05"},
            {"status": "ended", "over": "2026-05-06"},
            {"status": "canceled"},  # its day is missing: the last change
            {"status": "paused", "is_paused": None},
            {"status": "failing"},
            {"status": "draft"},
            {"status": "attempted"},
            {"status": "something new"},
        )
    )
    ends = [None if pd.isna(day) else f"{day:%m-%d}" for day in lives["ended"]]
    assert ends == [None, "03-04", "04-05", "05-06", "06-01", None, None, None]
    assert rows(lives, "ending") == [
        [None], ["canceled"], ["failed"], ["ran out"], ["canceled"], [None], [None], [None],
    ]  # fmt: skip
    assert lives["paused"].tolist() == [False] * 5 + [True, False, False]


def test_no_plan_ends_before_it_starts() -> None:
    lives = analysis.plan_lives(plans({"began": "2026-05-05", "status": "canceled", "over": "2026-05-01"}))
    assert lives["ended"].tolist() == [pd.Timestamp("2026-05-05")]


def test_what_a_plan_is_worth_per_month() -> None:
    frequencies = {
        "monthly": 12.0, "bi-monthly": 6.0, "quarterly": 4.0, "semi-annually": 2.0, "yearly": 1.0,
        "weekly": 52.18, "bi-weekly": 26.09, "daily": 365.25,
    }  # fmt: skip
    lives = analysis.plan_lives(plans(*({"frequency": name, "amount": 12.0} for name in frequencies)))
    assert lives["monthly_amount"].tolist() == list(frequencies.values())


def test_an_unknown_frequency_warns_and_has_no_monthly_amount() -> None:
    with pytest.warns(cn.DataWarning, match=r"1 plan has an unknown frequency \('hourly'\)"):
        lives = analysis.plan_lives(plans({"frequency": "hourly"}))
    assert lives["monthly_amount"].isna().all()


def test_amounts_may_be_in_the_donors_currency() -> None:
    frame = plans({"raw_donation_amount": "12.50", "raw_currency_code": "CAD"})
    assert rows(analysis.plan_lives(frame, amount="raw_donation_amount"), "amount", "currency") == [
        [12.5, "CAD"]
    ]


def test_plans_active_now_and_on_a_past_day() -> None:
    frame = plans(
        {"id": 1, "began": "2026-01-10"},
        {"id": 2, "began": "2026-01-10", "status": "canceled", "over": "2026-03-10"},
        {"id": 3, "began": "2026-02-10", "status": "paused"},
    )
    assert analysis.active_plans(frame)["id"].tolist() == [1, 3]
    assert analysis.active_plans(frame, "2026-01-09")["id"].tolist() == []
    assert analysis.active_plans(frame, "2026-01-10")["id"].tolist() == [1, 2]
    assert analysis.active_plans(frame, "2026-03-09")["id"].tolist() == [1, 2, 3]
    assert analysis.active_plans(frame, "2026-03-10")["id"].tolist() == [1, 3]
    with pytest.raises(cn.UsageError, match="on='never' is not a date"):
        analysis.active_plans(frame, "never")


def test_churn_by_month() -> None:
    frame = plans(
        {"began": "2026-08-31"},
        {"began": "2026-08-10", "status": "canceled", "over": "2026-09-01"},
        {"began": "2026-08-10", "status": "failed", "over": "2026-10-31", "amount": 30.0},
        {"began": "2026-10-02", "status": "canceled", "over": "2026-10-20"},  # began and ended in one month
        {"began": "2026-10-05", "frequency": "yearly", "amount": 120.0},
        {"began": "2026-11-30"},  # not yet
    )
    counts = ("at_start", "started", "canceled", "failed", "ran_out", "at_end", "lost_from_start")
    table = analysis.churn(frame, today=TODAY)
    assert [f"{month:%Y-%m-%d}" for month in table["month"]] == [f"2026-{m:02d}-01" for m in (8, 9, 10, 11)]
    assert rows(table, *counts, "churn_rate") == [
        [0, 3, 0, 0, 0, 3, 0, None],
        [3, 0, 1, 0, 0, 2, 1, 1 / 3],
        [2, 2, 1, 1, 0, 2, 1, 1 / 2],
        [2, 0, 0, 0, 0, 2, 0, 0.0],
    ]
    assert rows(table, "monthly_amount", "complete") == [
        [50.0, True], [40.0, True], [20.0, True], [20.0, False],
    ]  # fmt: skip


def test_months_begin_in_the_frames_zone_and_currencies_stay_separate() -> None:
    row = {"started_at": "2026-11-01T03:00:00+0000"}  # the evening of October 31 in Los Angeles
    table = analysis.churn(plans(row, {**row, "currency_code": "CAD", "amount": 7.0}), today=TODAY)
    assert rows(table[table["started"] > 0], "currency", "monthly_amount") == [["CAD", 7.0], ["USD", 10.0]]
    assert {f"{m:%m}" for m in table.loc[table["started"] > 0, "month"]} == {"10"}


def test_failed_charges_and_recovered_ones() -> None:
    plan = {"recurring_donation_plan_id": 5}
    table = analysis.failed_payments(
        transactions(
            {**plan, "on": "2026-09-01", "status": "failed", "amount": 30.0, "id": 1},
            {**plan, "on": "2026-10-01", "parent_transaction_id": 1},
            {**plan, "on": "2026-10-02", "status": "failed", "amount": 20.0, "id": 2},
            {**plan, "on": "2026-10-03", "status": "failed", "parent_transaction_id": 2, "amount": 20.0},
            {**plan, "on": "2026-10-04", "status": "refunded"},
            {**plan, "on": "2026-10-05", "status": "test"},
            {**plan, "on": "2026-10-05", "status": "pending"},
            {"on": "2026-10-06", "status": "failed"},  # of no plan
        )
    )
    assert rows(table, "charges", "failed", "failure_rate", "failed_amount", "recovered", "lost_amount") == [
        [1, 1, 1.0, 30.0, 1, 0.0],
        [2, 1, 0.5, 20.0, 0, 20.0],
    ]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({}, [1] * 12),
        ({"next_processing_date": "2027-02-05"}, [0, 0, *[1] * 10]),
        ({"next_processing_date": "2026-11-30", "frequency": "quarterly"}, [0, 0, 1] * 4),
        ({"frequency": "semi-annually"}, [0, 1, 0, 0, 0, 0] * 2),
        ({"frequency": "yearly", "next_processing_date": "2027-01-31"}, [0, 1, *[0] * 10]),
        ({"recur_until": "2027-02-28"}, [1, 1, 1, *[0] * 9]),
        ({"status": "paused", "pause_until": "2027-03-01"}, [0, 0, 0, *[1] * 9]),
        ({"status": "paused"}, [0] * 12),
        ({"frequency": "weekly", "next_processing_date": "2026-11-27"}, [4, 5, 4, 4, 5, 4, 4, 5, 4, 4, 5, 4]),
        (
            {"frequency": "bi-weekly", "next_processing_date": "2026-12-04", "recur_until": "2027-01-15"},
            [2, 2, *[0] * 10],
        ),
        ({"frequency": "one-time"}, [0] * 12),
    ],
)
@pytest.mark.filterwarnings("ignore:1 plan has an unknown frequency")
def test_when_a_plan_is_charged(row: dict[str, Any], expected: list[int]) -> None:
    table = analysis.forecast(plans({"began": "2025-01-31", **row}), 12, today=TODAY)
    assert table["charges"].tolist() == expected


def test_a_forecast_loses_plans_and_gains_new_ones() -> None:
    began = {"began": "2024-03-03"}
    frame = plans(
        *[began] * 9,
        {**began, "status": "canceled", "over": "2026-10-10"},
        {"began": "2026-02-02", "amount": 12.0, "status": "canceled", "over": "2026-02-20"},
    )
    table = analysis.forecast(frame, 3, today=TODAY)
    lost, there = 1, 12 * 10  # ten at each month's start
    stay = 1 - lost / there
    assert table["churn_rate"].tolist() == pytest.approx([lost / there] * 3)
    assert table["month"].tolist() == [
        pd.Timestamp(f"{month}-01") for month in ("2026-12", "2027-01", "2027-02")
    ]
    assert rows(table, "charges", "scheduled") == [[9, 90.0]] * 3
    assert table["expected"].tolist() == [round(90 * stay**k, 2) for k in (1, 2, 3)]
    assert table["plans"].tolist() == pytest.approx([9 * stay**k for k in (1, 2, 3)])
    new = [1.0, 1 + stay, 1 + stay + stay**2]  # 12 in twelve months
    assert table["with_new"].tolist() == [
        round(90 * stay**k + n, 2) for k, n in zip((1, 2, 3), new, strict=True)
    ]


def test_a_churn_rate_may_be_given() -> None:
    frame = plans({"began": "2024-03-03"})
    assert analysis.forecast(frame, 2, today=TODAY, churn_rate=0.5)["expected"].tolist() == [5.0, 2.5]
    assert analysis.forecast(frame, 2, today=TODAY, churn_rate=0)["expected"].tolist() == [10.0, 10.0]
    assert len(analysis.forecast(frame, today=TODAY)) == 12


def test_a_plan_without_a_currency_is_counted() -> None:
    frame = plans({"currency_code": None}, {})
    assert rows(analysis.churn(frame, today="2026-01-31"), "currency", "at_end") == [["?", 1], ["USD", 1]]
    assert analysis.forecast(frame, 1, today=TODAY)["currency"].tolist() == ["?", "USD"]
    charge = {"recurring_donation_plan_id": 5, "currency_code": None}
    assert rows(analysis.failed_payments(transactions(charge)), "currency", "charges") == [["?", 1]]


def test_each_currency_has_its_own_forecast() -> None:
    frame = plans({"began": "2024-03-03"}, {"began": "2024-03-03", "currency_code": "CAD", "amount": 4.0})
    table = analysis.forecast(frame, 1, today=TODAY)
    assert rows(table, "currency", "scheduled") == [["CAD", 4.0], ["USD", 10.0]]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"months": 0}, "months=0 must be a whole number from 1 to 120"),
        ({"months": 1.5}, r"months=1\.5 must be"),
        ({"months": "12"}, "months='12' must be a whole number from 1 to 120"),
        ({"churn_rate": "0.1"}, "churn_rate='0.1' must be between 0 and 1"),
        ({"churn_rate": 3}, r"churn_rate=3 must be between 0 and 1, such as 0\.03"),
        ({"today": None, "churn_rate": -0.1}, "churn_rate="),
        ({"today": "?"}, r"today='\?' is not a date"),
        ({"today": 2026}, "today=2026 is not a date"),
        ({"today": pd.NaT}, "today=NaT is not a date"),
    ],
)
def test_invalid_options_of_a_forecast_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(cn.UsageError, match=message):
        analysis.forecast(plans({}), **options)


PLAN = {"recurring_donation_plan_id": 5, "amount": 30.0}
FAILED_SUMS = ("charges", "failed", "failed_amount", "recovered", "recovered_amount", "lost_amount")


@pytest.mark.edge(23)
def test_failed_failed_paid_is_one_installment_and_nothing_is_lost() -> None:
    table = analysis.failed_payments(
        transactions(
            {**PLAN, "on": "2026-09-30", "status": "failed", "id": 1},
            {**PLAN, "on": "2026-10-02", "status": "failed", "id": 2, "parent_transaction_id": 1},
            {**PLAN, "on": "2026-10-04", "id": 3, "parent_transaction_id": 2},
        )
    )
    assert table["month"].tolist() == [pd.Timestamp("2026-09-01")]
    assert rows(table, *FAILED_SUMS) == [[1, 1, 30.0, 1, 30.0, 0.0]]


@pytest.mark.edge(23)
@pytest.mark.parametrize(
    ("status", "parents", "expected"),
    [
        ("success", (1, 1), [1, 1, 30.0, 1, 30.0, 0.0]),  # both retries name the first attempt
        ("failed", (1, 2), [1, 1, 30.0, 0, 0.0, 30.0]),  # lost once, not three times
        ("cb_lost", (1, 2), [1, 1, 30.0, 1, 30.0, 0.0]),  # it was paid, whatever came later
    ],
)
def test_a_chain_of_retries_is_one_installment(
    status: str, parents: tuple[int, int], expected: list[float]
) -> None:
    chain = transactions(
        {**PLAN, "on": "2026-10-01", "status": "failed", "id": 1},
        {**PLAN, "on": "2026-10-02", "status": "failed", "id": 2, "parent_transaction_id": parents[0]},
        {**PLAN, "on": "2026-10-03", "status": status, "id": 3, "parent_transaction_id": parents[1]},
    )
    assert rows(analysis.failed_payments(chain), *FAILED_SUMS) == [expected]


@pytest.mark.edge(23)
def test_parents_in_a_circle_end() -> None:
    circle = transactions(
        {**PLAN, "on": "2026-10-02", "status": "failed", "id": 2, "parent_transaction_id": 3},
        {**PLAN, "on": "2026-10-03", "status": "failed", "id": 3, "parent_transaction_id": 2},
    )
    assert analysis.failed_payments(circle)["lost_amount"].sum() in (30.0, 60.0)


@pytest.mark.edge(23)
def test_an_installment_that_names_a_paid_one_is_a_new_one() -> None:
    later = {**PLAN, "parent_transaction_id": 1}
    table = analysis.failed_payments(
        transactions(
            {**PLAN, "on": "2026-08-01", "id": 1},
            {**later, "on": "2026-09-01", "status": "failed", "id": 2},
            {**later, "on": "2026-10-01", "id": 3},
        )
    )
    assert rows(table, "charges", "failed", "recovered") == [[1, 0, 0], [1, 1, 0], [1, 0, 0]]


@pytest.mark.edge(23)
def test_a_hundred_retries_are_one_installment() -> None:
    chain = [
        {**PLAN, "on": f"2026-10-01T00:{n % 60:02}:00", "id": n, "parent_transaction_id": n - 1 or None,
         "status": "success" if n == 100 else "failed"}
        for n in range(1, 101)
    ]  # fmt: skip
    table = analysis.failed_payments(transactions(*reversed(chain)))
    assert rows(table, "charges", "failed", "recovered", "lost_amount") == [[1, 1, 1, 0.0]]


@pytest.mark.edge(23)
@pytest.mark.parametrize(
    ("row", "expected"),
    [
        # Due on the 20th, and the term ends on the 19th: the last charge is in February.
        ({"next_processing_date": "2026-12-20", "recur_until": "2027-03-19"}, [1, 1, 1, *[0] * 9]),
        ({"next_processing_date": "2026-12-20", "recur_until": "2027-03-20"}, [1, 1, 1, 1, *[0] * 8]),
        # Due on the 10th, and the pause ends on the 11th: not charged before the next month.
        (
            {"next_processing_date": "2026-12-10", "pause_until": "2027-01-11", "is_paused": True},
            [0, 0, *[1] * 10],
        ),
        (
            {"next_processing_date": "2026-12-10", "pause_until": "2027-01-10", "is_paused": True},
            [0, *[1] * 11],
        ),
        # The 31st becomes the last day of a shorter month, which is still in the term.
        ({"next_processing_date": "2026-12-31", "recur_until": "2027-02-28"}, [1, 1, 1, *[0] * 9]),
        (
            {"next_processing_date": "2026-12-15", "recur_until": "2027-06-14", "frequency": "quarterly"},
            [1, 0, 0, 1, *[0] * 8],
        ),
        (
            {"next_processing_date": "2026-12-15", "recur_until": "2027-12-14", "frequency": "yearly"},
            [1, *[0] * 11],
        ),
        (
            {"next_processing_date": "2026-12-05", "recur_until": "2026-12-18", "frequency": "weekly"},
            [2, *[0] * 11],
        ),
    ],
)
def test_no_charge_is_forecast_after_the_term_or_inside_the_pause(
    row: dict[str, Any], expected: list[int]
) -> None:
    table = analysis.forecast(plans({"began": "2025-01-31", **row}), 12, today=TODAY)
    assert table["charges"].tolist() == expected
    assert table["scheduled"].tolist() == [10.0 * count for count in expected]


@pytest.mark.edge(23)
@pytest.mark.parametrize("status", ["active", "failing", "paused", "ended"])
def test_a_plan_whose_term_is_over_is_not_active_anywhere(status: str) -> None:
    frame = plans(
        {"id": 1, "began": "2025-01-10", "status": status, "recur_until": "2026-09-30"},
        {"id": 2, "began": "2025-01-10"},
    )
    lives = analysis.plan_lives(frame, today=TODAY)
    assert rows(lives, "id", "ending") == [[1, "ran out"], [2, None]]
    assert lives["ended"].tolist() == [pd.Timestamp("2026-09-30"), pd.NaT]
    assert analysis.active_plans(frame)["id"].tolist() == [2]
    assert analysis.active_plans(frame, "2026-09-30")["id"].tolist() == [2]
    assert analysis.active_plans(frame, "2026-09-29")["id"].tolist() == [1, 2]
    month = analysis.churn(frame, today=TODAY).set_index("month").loc["2026-09-01"]
    assert month[["at_start", "ran_out", "at_end"]].tolist() == [2, 1, 1]
    table = analysis.forecast(frame, 2, today=TODAY, churn_rate=0)
    assert rows(table, "plans", "charges") == [[1.0, 1], [1.0, 1]]


@pytest.mark.edge(23)
def test_a_term_that_ends_later_ends_in_the_forecast() -> None:
    frame = plans({"began": "2025-01-10", "recur_until": "2027-01-31"}, {"began": "2025-01-10"})
    assert len(analysis.active_plans(frame)) == 2
    assert analysis.active_plans(frame, "2030-01-01")["id"].tolist() == [502]
    table = analysis.forecast(frame, 3, today=TODAY, churn_rate=0)
    assert rows(table, "plans", "charges") == [[2.0, 2], [1.0, 2], [1.0, 1]]


@pytest.mark.edge(23)
@pytest.mark.parametrize("status", ["ended", "canceled", "failed"])
def test_a_plan_that_is_over_is_not_charged_even_if_its_day_is_missing_or_still_to_come(status: str) -> None:
    frame = plans(
        {"began": "2026-01-10", "status": status, "recur_until": "2090-01-01", "updated_at": None},
        {"began": "2026-01-10", "status": status, "over": "2090-01-01"},
    )
    assert analysis.active_plans(frame).empty
    assert analysis.forecast(frame, today=TODAY).empty
    assert analysis.churn(frame, today=TODAY)["at_end"].iloc[-1] == 0


def test_an_unknown_amount_counts_as_nothing_and_its_plan_still_counts() -> None:
    frame = plans(
        {"began": "2026-09-01", "amount": None},
        {"began": "2026-09-01", "amount": 10.0},
        {"began": "2026-09-01", "amount": None, "status": "canceled", "over": "2026-10-20"},
    )
    table = analysis.churn(frame, today=TODAY)
    assert rows(table, "at_end", "canceled", "monthly_amount") == [[3, 0, 10.0], [2, 1, 10.0], [2, 0, 10.0]]
    forecast = analysis.forecast(frame, months=2, today=TODAY, churn_rate=0.0)
    # In the two whole months since the first plan began, plans worth 10 began: 5 a month.
    assert rows(forecast, "charges", "scheduled", "with_new") == [[2, 10.0, 15.0], [2, 10.0, 20.0]]


def test_a_failed_charge_of_an_unknown_amount_loses_nothing_and_still_counts() -> None:
    plan = {"recurring_donation_plan_id": 5, "status": "failed", "on": "2026-10-02"}
    table = analysis.failed_payments(transactions({**plan, "amount": None}, {**plan, "amount": 20.0}))
    assert rows(table, "charges", "failed", "failed_amount", "lost_amount") == [[2, 2, 20.0, 20.0]]
