"""The calculations about donors, against SQL over the sandbox's own tables."""

from collections.abc import Iterator
from statistics import median

import pandas as pd
import pytest
from support.giving import connected, rows
from support.giving_sql import TODAY, Data

import classy_nb as cn
from classy_nb import analysis
from classy_nb.sandbox import Sandbox

SIZE = 4_000


@pytest.fixture(scope="module")
def big_box() -> Iterator[Sandbox]:
    with Sandbox(transactions=SIZE, requests_per_minute=0) as started:
        yield started


@pytest.fixture(scope="module")
def data(big_box: Sandbox) -> Data:
    return Data(big_box.database)


@pytest.fixture(scope="module", params=["numpy_nullable", "pyarrow"])
def transactions(request, big_box: Sandbox) -> pd.DataFrame:
    with connected(big_box) as classy:
        return classy.transactions(fields=analysis.FIELDS, dtype_backend=request.param, progress=False)


@pytest.fixture(scope="module")
def gifts(transactions: pd.DataFrame) -> pd.DataFrame:
    return analysis.gifts(transactions)


def cents(amounts) -> list[int]:
    return [round(amount * 100) for amount in amounts]


def test_the_world_is_worth_counting(data: Data) -> None:
    years = data.retention()
    assert [year for year, *_ in years] == [2021, 2022, 2023, 2024, 2025, 2026]
    assert all(min(new, retained) > 20 for _, _, new, retained, *_ in years[1:])
    assert sum(recaptured for _, _, _, _, recaptured, *_ in years) > 20


def test_left_out(transactions: pd.DataFrame, data: Data) -> None:
    table = analysis.left_out(transactions).sort_values("reason")
    found = zip(table["reason"], table["transactions"], cents(table["amount"]), strict=True)
    assert list(found) == data.left_out()
    assert table["transactions"].sum() == SIZE


def test_retention(gifts: pd.DataFrame, data: Data) -> None:
    table = analysis.retention(gifts, today=TODAY)
    expected = data.retention()
    found = zip(
        *(table[name] for name in ("year", "donors", "new", "retained", "recaptured")),
        cents(table["amount"]),
        cents(table["amount_retained"]),
        strict=True,
    )
    assert list(found) == [row[:7] for row in expected]
    for row, last, now in zip(table.iloc[1:].itertuples(), expected, expected[1:], strict=False):
        assert row.lapsed == last[1] - now[3]
        assert row.retention_rate == pytest.approx(now[3] / last[1])
        assert row.new_donor_retention_rate == pytest.approx(now[7] / last[2])
        assert row.amount_retention_rate == pytest.approx(now[6] / last[5])
        if last[1] > last[2]:
            assert row.repeat_donor_retention_rate == pytest.approx((now[3] - now[7]) / (last[1] - last[2]))
    assert table["complete"].tolist() == [True] * 5 + [False]


@pytest.mark.parametrize("year", [2022, 2025, 2026])
def test_gain_loss(gifts: pd.DataFrame, data: Data, year: int) -> None:
    table = analysis.gain_loss(gifts, year)
    found = zip(table["donors"], cents(table["amount_before"]), cents(table["amount"]), strict=True)
    expected = data.gain_loss(year)
    assert len(expected) >= 5
    assert list(found) == [expected.get(group, (0, 0, 0)) for group in table["group"]]


def test_cohorts(gifts: pd.DataFrame, data: Data) -> None:
    donors, amounts = analysis.cohorts(gifts), analysis.cohorts(gifts, "amount")
    expected = data.cohorts()
    assert len(expected) == 21
    for first, later, count, amount in expected:
        assert donors.loc[first, later] == count
        assert cents([amounts.loc[first, later]]) == [amount]
    assert donors.notna().to_numpy().sum() == 21


@pytest.mark.parametrize("first", [None, "one-time", "recurring"])
def test_second_gift(gifts: pd.DataFrame, data: Data, first: str | None) -> None:
    table = analysis.second_gift(gifts, first=first, today=TODAY)  # type: ignore[arg-type]
    found = rows(table, "first_year", "donors", "gave_again", "observed", "within")
    assert [tuple(row) for row in found] == data.second_gift(first or "")
    assert dict(zip(table["first_year"], table["median_days"], strict=True)) == {
        year: median(days) for year, days in data.waits(first or "").items()
    }


@pytest.mark.parametrize("year", [2023, 2026])
def test_lybunt_and_sybunt(gifts: pd.DataFrame, data: Data, year: int) -> None:
    expected = data.lapsed(year)
    for table, wanted in (
        (analysis.lybunt(gifts, year), [row for row in expected if row[1] == year - 1]),
        (analysis.sybunt(gifts, year), [row for row in expected if row[1] < year - 1]),
    ):
        found = zip(
            table["donor_id"],
            table["last_year"],
            cents(table["last_year_amount"]),
            table["gifts"],
            cents(table["amount"]),
            table["last_gift"].dt.strftime("%Y-%m-%d"),
            table["anonymous"].astype(int),
            strict=True,
        )
        assert list(found) == wanted
        assert len(wanted) > 10


def test_by_year_and_by_page(gifts: pd.DataFrame, data: Data) -> None:
    years = analysis.by_period(gifts, "Y")
    found = zip(years["period"].dt.year, years["gifts"], years["donors"], cents(years["amount"]), strict=True)
    assert list(found) == data.ask(
        "SELECT year, COUNT(*), COUNT(DISTINCT who), SUM(cents) FROM gift GROUP BY 1 ORDER BY 1"
    )
    days = analysis.by_period(gifts, "D")
    assert (
        dict(zip(days["period"].dt.strftime("%Y-%m-%d"), cents(days["amount"]), strict=True)).items()
        >= dict(data.ask("SELECT day, SUM(cents) FROM gift GROUP BY 1")).items()
    )
    best = analysis.leaderboard(gifts, "campaign_id", top=3)
    assert list(zip(best["campaign_id"], best["gifts"], cents(best["amount"]), strict=True)) == data.ask(
        """SELECT campaign_id, COUNT(*), SUM(cents) FROM gift JOIN base_transactions USING (id)
        GROUP BY 1 ORDER BY 3 DESC, 1 LIMIT 3"""
    )


def test_names_come_from_the_supporters(big_box: Sandbox, gifts: pd.DataFrame, data: Data) -> None:
    with connected(big_box) as classy:
        found = cn.analysis.with_contacts(analysis.lybunt(gifts, 2026), classy.supporters(progress=False))
    known = {row[0]: row[1:] for row in data.ask("SELECT id, email_address, last_name FROM base_supporters")}
    assert len(found) > 10
    for row in found.itertuples():
        assert (row.email_address, row.last_name) == known[row.donor_id]
