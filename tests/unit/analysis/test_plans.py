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
        [4, 2, 0.5, 40.0, 0, 40.0],
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
