"""Sums by period and page, gross, fees and net, and amounts that do not add up."""

from typing import Any

import pandas as pd
import pytest
from support.giving import instant, records, rows, transactions

import classy_nb as cn
from classy_nb import analysis
from classy_nb.errors import UsageError


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


def test_a_link_of_the_names_is_shown() -> None:
    gifts = analysis.gifts(transactions({"fundraising_page_id": 5}, {"fundraising_page_id": 6}))
    pages = pd.DataFrame({"id": [5], "title": ["Run"], "link": ["https://give.example.org/run"]})
    table = analysis.leaderboard(gifts, names=pages)
    assert rows(table, "name", "link") == [["Run", "https://give.example.org/run"], [None, None]]
    assert str(table["link"].dtype) == "string"
    assert "link" not in analysis.leaderboard(gifts, names=pages[["id", "title"]])


def test_periods_of_each_campaign() -> None:
    gifts = analysis.gifts(
        transactions(
            {"on": "2025-06-30", "campaign_id": 5, "amount": 1.0},
            {"on": "2025-07-01", "campaign_id": 5, "amount": 2.0, "by": 2},
            {"on": "2026-03-01", "campaign_id": 4, "amount": 4.0},
            {"on": "2026-03-01", "campaign_id": 4, "amount": 8.0, "currency_code": "CAD"},
            {"on": "2026-03-01", "campaign_id": None, "amount": 16.0},
        )
    )
    campaigns = pd.DataFrame({"id": [4, 5], "name": ["Run", "Gala"]})
    years = analysis.by_period(gifts, "Y", by="campaign_id", names=campaigns, fiscal_year_start=1)
    first = years["period"].dt.year.tolist()
    assert rows(years, "campaign_id", "name", "currency", "gifts", "amount") == [
        [4, "Run", "CAD", 1, 8.0],
        [4, "Run", "USD", 1, 4.0],
        [5, "Gala", "USD", 2, 3.0],
        [None, None, "USD", 1, 16.0],
    ]
    assert first == [2026, 2026, 2025, 2026]
    fiscal = analysis.by_period(gifts, "Y", by="campaign_id", fiscal_year_start=7)
    assert rows(fiscal.iloc[2:], "campaign_id", "name", "amount") == [
        [5, None, 1.0],
        [5, None, 2.0],
        [None, None, 16.0],
    ]
    assert [f"{day:%Y-%m-%d}" for day in fiscal["period"]] == [
        "2025-07-01", "2025-07-01", "2024-07-01", "2025-07-01", "2025-07-01",
    ]  # fmt: skip
    nothing = analysis.by_period(gifts.iloc[:0], "Y", by="campaign_id", names=campaigns)
    assert len(nothing) == 0
    assert nothing.dtypes.tolist() == years.dtypes.tolist()
    with pytest.raises(cn.UsageError, match="by='team' must be one of 'campaign_id', 'fundraising_page_id'"):
        analysis.by_period(gifts, by="team")


TAKEN = {
    "total_gross_amount": 100.0, "amount": 80.0, "overhead_net_amount": 15.0, "adjustment_amount": 5.0,
    "classy_fees_amount": 2.0, "pp_fees_amount": 3.0,
}  # fmt: skip


def item(number: int, transaction: int, designation: int | None, *amounts: float) -> dict[str, object]:
    names = ("final_price", "donation_gross_amount", "overhead_amount", "fees_amount")
    of_amounts = dict(zip(names, amounts, strict=True))
    return {"id": number, "transaction_id": transaction, "designation_id": designation, **of_amounts}


ITEMS = (
    item(1, 1001, 7, 60.0, 55.0, 0.0, 3.0),
    item(2, 1001, 8, 40.0, 25.0, 15.0, 2.0),
    item(3, 1002, None, 100.0, 80.0, 15.0, 5.0),
    item(4, 1003, 7, 90.1, 80.0, 10.1, 5.0),
    item(5, 1004, 7, 100.0, 80.0, 15.0, 5.0),
    item(6, 1005, 7, 100.0, 80.0, 15.0, 5.0),
    item(7, 4444, 9, 100.0, 80.0, 15.0, 5.0),
)
DESIGNATED = ("designation_id", "part", "currency", "transactions", "items")
PAID = ("gross", "donations", "tickets", "covered_fees", "fees", "net", "refunded")


def designated(backend: str = "numpy_nullable") -> pd.DataFrame:
    return transactions(
        TAKEN,
        {**TAKEN, "designation_id": 7},
        TAKEN,  # 9.9 of it are in no item
        {**TAKEN, "status": "refunded"},
        {**TAKEN, "currency_code": "CAD"},
        {**TAKEN, "status": "failed"},
        backend=backend,
    )


@pytest.mark.parametrize("backend", ["numpy_nullable", "pyarrow"])
def test_designations_by_the_items_of_transactions(backend: str) -> None:
    items = records("TransactionItem", *ITEMS, backend=backend)
    funds = records("Designation", {"id": 7, "name": "Water"}, {"id": 8, "name": "Food"}, backend=backend)
    table = analysis.designation_totals(designated(backend), items, designations=funds)
    assert rows(table, *DESIGNATED, *PAID) == [
        [7, "designation", "CAD", 1, 1, 100.0, 80.0, 15.0, 5.0, 5.0, 95.0, 0.0],
        [7, "designation", "USD", 2, 2, 150.1, 135.0, 10.1, 5.0, 8.0, 142.1, 100.0],
        [8, "designation", "USD", 1, 1, 40.0, 25.0, 15.0, 0.0, 2.0, 38.0, 0.0],
        [None, "no designation", "USD", 1, 1, 100.0, 80.0, 15.0, 5.0, 5.0, 95.0, 0.0],
        [None, "not in items", "USD", 1, 0, 9.9, 0.0, 4.9, 5.0, 0.0, 9.9, 0.0],
    ]
    assert table["name"].isna().tolist() == [False, False, False, True, True]
    sums = table.groupby("currency")[["gross", "donations", "tickets", "covered_fees", "fees", "net"]].sum()
    whole = analysis.gross_fees_net(designated(backend)).set_index("currency")[sums.columns]
    pd.testing.assert_frame_equal(sums.round(2), whole, check_names=False)


def test_designations_that_took_the_same_stand_in_the_order_of_their_ids() -> None:
    amounts = (50.0, 40.0, 5.0, 0.0)
    items = records(
        "TransactionItem", item(1, 1001, 9, *amounts), item(2, 1001, 7, *amounts), item(3, 1002, 8, *amounts)
    )
    table = analysis.designation_totals(transactions(TAKEN, TAKEN), items)
    assert rows(table, "designation_id", "gross")[:3] == [[7, 50.0], [8, 50.0], [9, 50.0]]


def test_items_without_a_designation_may_go_where_their_transaction_goes() -> None:
    items = records("TransactionItem", *ITEMS)
    table = analysis.designation_totals(designated(), items, missing="transaction")
    assert rows(table, "designation_id", "part", "currency", "gross") == [
        [7, "designation", "CAD", 100.0],
        [7, "designation", "USD", 250.1],
        [8, "designation", "USD", 40.0],
        [None, "not in items", "USD", 9.9],
    ]
    assert table["name"].isna().all()


def test_items_may_come_inside_the_transactions() -> None:
    frame = designated()
    lists = [[one for one in ITEMS if one["transaction_id"] == number] for number in frame["id"]]
    frame = frame.assign(items=pd.Series(lists, index=frame.index))
    expected = analysis.designation_totals(frame.drop(columns="items"), records("TransactionItem", *ITEMS))
    pd.testing.assert_frame_equal(analysis.designation_totals(frame), expected)
    pd.testing.assert_frame_equal(analysis.designation_totals(pd.concat([frame, frame])), expected)
    nothing = analysis.designation_totals(frame.iloc[:0])
    assert len(nothing) == 0
    assert nothing.dtypes.tolist() == expected.dtypes.tolist()
    assert rows(analysis.designation_totals(frame.assign(items=None), frame.iloc[:0].assign(
        **{name: pd.Series(dtype="Float64") for name in ("final_price", "overhead_amount", "fees_amount")},
        transaction_id=pd.Series(dtype="Int64"))), "part", "currency", "gross", "refunded") == [
        ["not in items", "CAD", 100.0, 0.0], ["not in items", "USD", 300.0, 100.0],
    ]  # fmt: skip


def test_designations_that_cannot_be_summed_are_refused() -> None:
    frame, items = designated(), records("TransactionItem", *ITEMS)
    with pytest.raises(cn.UsageError, match=r"no column 'items'.*transactions\(include='items'\) brings it"):
        analysis.designation_totals(frame)
    with pytest.raises(cn.UsageError, match=r"no column 'transaction_id'.*transaction_items\(\) brings it"):
        analysis.designation_totals(frame, items.drop(columns="transaction_id"))
    with pytest.raises(cn.UsageError, match="missing='drop' must be"):
        analysis.designation_totals(frame, items, missing="drop")  # type: ignore[arg-type]
    frame.attrs["classy"] = {"asked": ["filter=status=success"]}
    assert analysis.designation_totals(frame, items)["refunded"].isna().all()  # not fetched, so not known
    with pytest.raises(cn.UsageError, match=r"analysis\.designation_totals: .*a status that should count"):
        analysis.designation_totals(frame, items, status="refunded")


def given_back(backend: str = "numpy_nullable") -> pd.DataFrame:
    return transactions(
        {**TAKEN, "on": "2025-12-30", "status": "refunded", "refunded_at": instant("2026-01-31T23:30:00")},
        {**TAKEN, "on": "2026-01-05", "status": "refunded", "refunded_at": instant("2026-03-01")},
        {**TAKEN, "on": "2026-01-06", "status": "cb_lost", "total_gross_amount": 0.1},
        {**TAKEN, "on": "2026-01-06", "status": "cb_initiated"},
        {**TAKEN, "on": "2026-01-07"},
        {**TAKEN, "on": "2026-02-07", "status": "refunded", "currency_code": "CAD",
         "refunded_at": instant("2026-02-08")},
        backend=backend,
    )  # fmt: skip


REFUNDS = ("currency", "refunds", "refunded_amount", "chargebacks", "charged_back_amount")


@pytest.mark.parametrize("backend", ["numpy_nullable", "pyarrow"])
def test_refunds_by_the_month_in_which_the_money_went_back(backend: str) -> None:
    table = analysis.refunds(given_back(backend))
    assert rows(table, *REFUNDS) == [
        ["CAD", 0, 0.0, 0, 0.0],
        ["CAD", 1, 100.0, 0, 0.0],
        ["CAD", 0, 0.0, 0, 0.0],
        ["USD", 1, 100.0, 0, 0.0],
        ["USD", 0, 0.0, 0, 0.0],
        ["USD", 1, 100.0, 0, 0.0],
        ["USD", 0, 0.0, 1, 0.1],
    ]
    assert table["period"].dt.month.tolist()[:6] == [1, 2, 3, 1, 2, 3]
    assert pd.isna(table["period"].iloc[6])
    nothing = analysis.refunds(given_back(backend).iloc[4:5])
    assert len(nothing) == 0
    assert nothing.dtypes.tolist() == table.dtypes.tolist()


def test_refunds_by_the_month_of_the_gift_and_by_fiscal_year() -> None:
    table = analysis.refunds(given_back().iloc[:3], date="purchased_at")
    assert rows(table, *REFUNDS) == [["USD", 1, 100.0, 0, 0.0], ["USD", 1, 100.0, 1, 0.1]]
    years = analysis.refunds(given_back().iloc[:2], "Y", fiscal_year_start=3)
    assert [f"{day:%Y-%m-%d}" for day in years["period"]] == ["2025-03-01", "2026-03-01"]
    undated = analysis.refunds(given_back().iloc[2:3])
    assert rows(undated, *REFUNDS) == [["USD", 0, 0.0, 1, 0.1]]
    assert undated.dtypes.tolist() == table.dtypes.tolist()
    blank = transactions({**TAKEN, "status": "cb_lost", "total_gross_amount": 0.1, "currency_code": " "})
    assert rows(analysis.refunds(blank), *REFUNDS) == [[None, 0, 0.0, 1, 0.1]]
    for options in ({"length": "month"}, {"date": "created_at"}):
        with pytest.raises(cn.UsageError, match="must be one of"):
            analysis.refunds(given_back(), **options)  # type: ignore[arg-type]


def test_refunds_that_were_not_all_fetched_are_refused() -> None:
    def fetched(*conditions: str) -> pd.DataFrame:
        frame = given_back()
        frame.attrs["classy"] = {"asked": [f"filter={condition}" for condition in conditions]}
        return frame

    with pytest.raises(cn.UsageError, match=r"analysis\.refunds: .*purchased_at >= 2026-01-01'.*not fetched"):
        analysis.refunds(fetched("purchased_at>=2026-01-01"))
    assert len(analysis.refunds(fetched("purchased_at>=2026-01-01"), date="purchased_at")) == 6
    with pytest.raises(cn.UsageError, match="gifts that were refunded at other times"):
        analysis.refunds(fetched("refunded_at>=2026-01-01"), date="purchased_at")
    with pytest.raises(cn.UsageError, match="a status that should count was not fetched"):
        analysis.refunds(fetched("status=success"))
    only = analysis.refunds(fetched("status=refunded", "refunded_at>=2026-01-01"))
    assert only[["chargebacks", "charged_back_amount"]].isna().all(axis=None)


@pytest.mark.parametrize("top", ["x", "3", 0, -1, 2.5, True])
def test_a_leaderboard_of_no_number_is_refused(top: Any) -> None:
    with pytest.raises(UsageError, match="must be a whole number, 1 or more, or None for all"):
        analysis.leaderboard(pd.DataFrame(), top=top)


@pytest.mark.parametrize("other", [5, ["M"], {}, None])
def test_words_of_another_type_are_refused_by_name(other: Any) -> None:
    frame = pd.DataFrame()
    for name, call in (
        ("length", lambda: analysis.by_period(frame, other)),
        ("length", lambda: analysis.refunds(frame, other)),
        ("date", lambda: analysis.refunds(frame, date=other)),
        ("prefix", lambda: analysis.gross_fees_net(frame, prefix=other)),
        ("by", lambda: analysis.leaderboard(frame, other)),
        ("amount", lambda: analysis.gifts(frame, amount=other)),
    ):
        with pytest.raises(UsageError, match=rf"^{name}="):
            call()


@pytest.mark.parametrize("status", [5, None, [5], []])
def test_a_status_that_is_no_text_is_refused(status: Any) -> None:
    with pytest.raises(UsageError, match=r"^status="):
        analysis.gifts(pd.DataFrame(), status=status)
