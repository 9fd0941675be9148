"""Sums by period and page, gross, fees and net, and amounts that do not add up."""

import pandas as pd
import pytest
from support.giving import rows, transactions

import classy_nb as cn
from classy_nb import analysis


def test_periods_without_gifts_are_included_with_zeros() -> None:
    gifts = analysis.gifts(
        transactions(
            {"on": "2026-01-30", "by": 1, "amount": 10.1},
            {"on": "2026-01-31T23:59:00", "by": 1, "amount": 0.2, "recurring_donation_plan_id": 3},
            {"on": "2026-03-01", "by": None, "amount": 5.0},
        )
    )
    names = ("gifts", "donors", "amount", "one_time_amount", "recurring_amount")
    months = analysis.by_period(gifts, "M")
    assert [f"{day:%Y-%m-%d}" for day in months["period"]] == ["2026-01-01", "2026-02-01", "2026-03-01"]
    assert rows(months, *names) == [[2, 1, 10.3, 10.1, 0.2], [0, 0, 0.0, 0.0, 0.0], [1, 0, 5.0, 5.0, 0.0]]
    assert len(analysis.by_period(gifts, "D")) == 31
    assert analysis.by_period(gifts, "Q")["gifts"].tolist() == [3]
    assert analysis.by_period(gifts, "Y")["period"].tolist() == [pd.Timestamp("2026-01-01")]


def test_weeks_run_from_monday_to_sunday() -> None:
    gifts = analysis.gifts(transactions({"on": "2026-11-22"}, {"on": "2026-11-23"}, {"on": "2026-11-29"}))
    weeks = analysis.by_period(gifts, "W")
    assert rows(weeks, "gifts") == [[1], [2]]
    assert [f"{day:%A %m-%d}" for day in weeks["period"]] == ["Monday 11-16", "Monday 11-23"]
    with pytest.raises(cn.UsageError, match="length='day' must be one of 'D', 'W', 'M', 'Q', 'Y'"):
        analysis.by_period(gifts, "day")


def test_each_currency_has_its_own_rows() -> None:
    frame = transactions({"on": "2026-01-05"}, {"on": "2026-02-05", "currency_code": "CAD", "amount": 7.0})
    table = analysis.by_period(analysis.gifts(frame))
    assert rows(table, "currency", "gifts", "amount") == [
        ["CAD", 0, 0.0], ["CAD", 1, 7.0], ["USD", 1, 10.0], ["USD", 0, 0.0],
    ]  # fmt: skip


MONEY = {
    "total_gross_amount": 113.0, "amount": 100.0, "overhead_net_amount": 10.0, "adjustment_amount": 3.0,
    "classy_fees_amount": 3.39, "pp_fees_amount": 2.79, "fees_amount": 6.18, "donation_net_amount": 96.82,
    "raw_total_gross_amount": 150.0, "raw_donation_gross_amount": 130.0, "raw_overhead_net_amount": 16.0,
    "raw_adjustment_amount": 4.0, "raw_application_fee_amount": 4.5, "raw_processor_fee_amount": 3.7,
    "raw_currency_code": "CAD",
}  # fmt: skip
SUMS = ("gross", "donations", "tickets", "covered_fees", "platform_fees", "processor_fees", "fees", "net")


def test_gross_minus_fees_is_net() -> None:
    frame = transactions(MONEY, {**MONEY, "on": "2026-02-01"}, {**MONEY, "status": "refunded"})
    table = analysis.gross_fees_net(frame)
    assert rows(table, "currency", "transactions", *SUMS) == [
        ["USD", 2, 226.0, 200.0, 20.0, 6.0, 6.78, 5.58, 12.36, 213.64]
    ]
    raw = analysis.gross_fees_net(frame, prefix="raw_")
    assert rows(raw, "currency", *SUMS) == [["CAD", 300.0, 260.0, 32.0, 8.0, 9.0, 7.4, 16.4, 283.6]]
    both = analysis.gross_fees_net(frame, status=["success", "refunded"], by="month")
    assert rows(both, "transactions", "gross") == [[2, 226.0], [1, 113.0]]
    assert [f"{month:%Y-%m-%d}" for month in both["month"]] == ["2026-01-01", "2026-02-01"]
    assert rows(analysis.gross_fees_net(frame, by="supporter_id"), "supporter_id", "net") == [[1, 213.64]]


def test_charged_amounts_have_no_parts_and_skip_other_gifts() -> None:
    charged = {
        "charged_total_gross_amount": 150.0, "charged_classy_fees_amount": 4.5,
        "charged_pp_fees_amount": 3.7, "charged_currency_code": "CAD",
    }  # fmt: skip
    table = analysis.gross_fees_net(transactions({**MONEY, **charged}, MONEY), prefix="charged_")
    assert rows(table, "currency", "transactions", *SUMS) == [
        ["CAD", 1, 150.0, None, None, None, 4.5, 3.7, 8.2, 141.8]
    ]
    with pytest.raises(cn.UsageError, match="prefix='net_' must be one of '', 'raw_', 'charged_'"):
        analysis.gross_fees_net(transactions(), prefix="net_")


def test_amounts_that_do_not_add_up_are_found_to_the_cent() -> None:
    fine = {**MONEY, "id": 1}
    assert analysis.reconcile(transactions(fine)).empty
    wrong = {**MONEY, "id": 2, "total_gross_amount": 113.01}
    table = analysis.reconcile(transactions(fine, wrong, {**MONEY, "id": 3, "fees_amount": None}))
    assert rows(table, "id", "rule", "stated", "added_up", "difference") == [
        [
            2, "donation_net_amount = total_gross_amount - overhead_net_amount - fees_amount",
            96.82, 96.83, -0.01,
        ],
        [
            2, "total_gross_amount = donation_gross_amount + overhead_net_amount + adjustment_amount",
            113.01, 113.0, 0.01,
        ],
    ]  # fmt: skip


def test_leaderboard() -> None:
    gifts = analysis.gifts(
        transactions(
            {"fundraising_page_id": 5, "by": 1, "amount": 30.0},
            {"fundraising_page_id": 5, "by": 1, "amount": 20.0},
            {"fundraising_page_id": 6, "by": 2, "amount": 50.0},
            {"fundraising_page_id": 7, "by": 3, "amount": 25.0},
            {"fundraising_page_id": None, "amount": 900.0},
            {"fundraising_page_id": 7, "currency_code": "CAD", "amount": 1.0},
        )
    )
    pages = pd.DataFrame({"id": pd.array([5, 6], dtype="Int64"), "title": ["Run", "Walk"]})
    table = analysis.leaderboard(gifts, names=pages)
    assert rows(
        table, "currency", "rank", "fundraising_page_id", "name", "gifts", "donors", "amount", "share"
    ) == [
        ["CAD", 1, 7, None, 1, 1, 1.0, 1.0],
        ["USD", 1, 5, "Run", 2, 1, 50.0, 0.4],
        ["USD", 1, 6, "Walk", 1, 1, 50.0, 0.4],
        ["USD", 3, 7, None, 1, 1, 25.0, 0.2],
    ]
    assert analysis.leaderboard(gifts, top=1)["fundraising_page_id"].tolist() == [7, 5]
    assert len(analysis.leaderboard(gifts, top=None)) == 4
    with pytest.raises(cn.UsageError, match="no column 'team'"):
        analysis.leaderboard(gifts, "team")
