"""The calculations about recurring plans and fees, against SQL over the sandbox's own tables."""

from collections.abc import Iterator

import pandas as pd
import pytest
from support.giving import connected
from support.giving_sql import ORGANIZATION, TODAY, Data

import classy_nb as cn
from classy_nb import analysis
from classy_nb.sandbox import Sandbox

SIZE = 6_000


@pytest.fixture(scope="module")
def big_box() -> Iterator[Sandbox]:
    with Sandbox(transactions=SIZE, requests_per_minute=0) as started:
        yield started


@pytest.fixture(scope="module")
def data(big_box: Sandbox) -> Data:
    return Data(big_box.database)


@pytest.fixture(scope="module")
def frames(big_box: Sandbox) -> tuple[pd.DataFrame, pd.DataFrame]:
    with connected(big_box) as classy:
        return classy.recurring_donation_plans(progress=False), classy.transactions(progress=False)


@pytest.fixture(scope="module")
def plans(frames) -> pd.DataFrame:
    return frames[0]


@pytest.fixture(scope="module")
def transactions(frames) -> pd.DataFrame:
    return frames[1]


def cents(amounts) -> list[int]:
    return [round(amount * 100) for amount in amounts]


def days(column) -> list[str | None]:
    return [None if pd.isna(day) else f"{day:%Y-%m-%d}" for day in column]


def test_lives(plans: pd.DataFrame, data: Data) -> None:
    lives = analysis.plan_lives(plans).sort_values("id")
    found = zip(
        lives["id"], days(lives["started"]), days(lives["ended"]), cents(lives["monthly_amount"]), strict=True
    )
    expected = data.ask(
        "SELECT id, began, ended, CAST(ROUND(1.0 * cents / step) AS INTEGER) FROM plan ORDER BY 1"
    )
    assert list(found) == expected
    assert len({row[2] is None for row in expected}) == 2


@pytest.mark.parametrize("day", ["2024-02-29", "2026-10-31"])
def test_active_on_a_day(plans: pd.DataFrame, data: Data, day: str) -> None:
    expected = data.ask(
        f"SELECT id FROM plan WHERE began <= '{day}' AND (ended IS NULL OR ended > '{day}') ORDER BY 1"
    )
    assert sorted(analysis.active_plans(plans, day)["id"]) == [row[0] for row in expected]
    assert len(expected) > 20


def test_active_now(plans: pd.DataFrame, data: Data) -> None:
    found = analysis.active_plans(plans)["status"].value_counts().to_dict()
    assert found == dict(
        data.ask(
            "SELECT status, COUNT(*) FROM plan WHERE status IN ('active', 'failing', 'paused') GROUP BY 1"
        )
    )


def test_churn(plans: pd.DataFrame, data: Data) -> None:
    table = analysis.churn(plans, today=TODAY)
    names = ("at_start", "started", "canceled", "failed", "ran_out", "at_end", "lost_from_start")
    found = zip(
        days(table["month"]), *(table[name] for name in names), cents(table["monthly_amount"]), strict=True
    )
    expected = data.churn()
    assert list(found) == expected
    assert sum(row[3] for row in expected) > 50
    rates = [row[7] / row[1] if row[1] else None for row in expected]
    assert table["churn_rate"].astype(object).where(table["churn_rate"].notna(), None).tolist() == rates


def test_failed_payments(transactions: pd.DataFrame, data: Data) -> None:
    table = analysis.failed_payments(transactions)
    found = zip(
        days(table["month"]),
        table["charges"],
        table["failed"],
        cents(table["failed_amount"]),
        table["recovered"],
        cents(table["recovered_amount"]),
        strict=True,
    )
    expected = data.failed_payments()
    assert list(found) == expected
    assert sum(row[4] for row in expected) > 5


def test_forecast(plans: pd.DataFrame, data: Data) -> None:
    table = analysis.forecast(plans, today=TODAY)
    assert list(zip(days(table["month"]), table["charges"], cents(table["scheduled"]), strict=True)) == (
        data.schedule("2027-11-01")
    )
    year = data.churn()[-13:-1]
    stay = 1 - sum(row[7] for row in year) / sum(row[1] for row in year)
    fresh = data.begun_since("2025-11-01") / 12 / 100
    assert table["churn_rate"].tolist() == pytest.approx([1 - stay] * 12)
    new = 0.0
    for number, row in enumerate(table.itertuples(), start=1):
        new = new * stay + fresh
        assert row.expected == pytest.approx(row.scheduled * stay**number, abs=0.006)
        assert row.with_new == pytest.approx(row.scheduled * stay**number + new, abs=0.006)


@pytest.mark.parametrize(
    ("prefix", "amounts", "currency"),
    [
        ("", "donation + overhead + adjustment", "'USD'"),
        ("raw_", "raw_donation + raw_overhead + raw_adjustment", "raw_currency_code"),
    ],
)
def test_gross(transactions: pd.DataFrame, data: Data, prefix: str, amounts: str, currency: str) -> None:
    table = analysis.gross_fees_net(transactions, prefix=prefix)
    found = zip(table["currency"], table["transactions"], cents(table["gross"]), strict=True)
    assert list(found) == data.ask(
        f"""SELECT {currency}, COUNT(*), SUM({amounts}) FROM base_transactions
        WHERE organization_id = {ORGANIZATION} AND status = 'success' GROUP BY 1 ORDER BY 1"""
    )


def test_fees_and_net_by_month(transactions: pd.DataFrame, data: Data) -> None:
    table = analysis.gross_fees_net(transactions, by="month")
    found = zip(days(table["month"]), cents(table["fees"]), cents(table["net"]), strict=True)
    assert list(found) == data.ask(
        f"""SELECT substr(local_day(purchased_at), 1, 7) || '-01', SUM(classy + pp),
            SUM(donation + overhead + adjustment - classy - pp) FROM base_transactions
        WHERE organization_id = {ORGANIZATION} AND status = 'success' GROUP BY 1 ORDER BY 1"""
    )


def test_all_amounts_add_up(transactions: pd.DataFrame) -> None:
    assert analysis.reconcile(transactions).empty
    changed = transactions.copy()
    changed.loc[7, "fees_amount"] += 0.01
    found = analysis.reconcile(changed)
    assert set(found["id"]) == {changed.loc[7, "id"]}
    assert len(found) == 2


@pytest.mark.edge(6)
def test_what_was_asked_of_the_api_is_known_to_the_calculations(big_box: Sandbox) -> None:
    with connected(big_box) as classy:
        active = classy.recurring_donation_plans(where="status = active", progress=False)
        with pytest.raises(cn.UsageError, match="where='status = active': plans that ended were not fetched"):
            analysis.churn(active, today=TODAY)
        this_year = classy.transactions(since=2026, fields=analysis.FIELDS, progress=False)
        with pytest.raises(cn.UsageError, match=r"begins on 2026-01-01 .*holds one year"):
            analysis.retention(analysis.gifts(this_year), today=TODAY)
        good = classy.transactions(since=2026, where="status = success", progress=False)
        with pytest.raises(cn.UsageError, match="where='status = success'"):
            analysis.failed_payments(good)
        first = classy.transactions(limit=100, progress=False)
        with pytest.warns(cn.DataWarning, match="with limit=100, and describes those rows only"):
            analysis.gross_fees_net(first)
        batch = next(classy.transactions.batches(rows=500, progress=False))
        with pytest.warns(cn.DataWarning, match="as a batch of .*, and describes those rows only"):
            analysis.gross_fees_net(batch)
        whole = next(classy.recurring_donation_plans.batches(rows=10_000, progress=False))
        assert len(analysis.churn(whole, today=TODAY)) > 50
