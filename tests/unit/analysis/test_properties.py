"""What must hold for any history of gifts and plans."""

from collections import Counter
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.giving import plans, transactions

from classy_nb import analysis

START = date(2020, 1, 1)
TODAY = "2026-11-23"
few = settings(max_examples=15)
STATUSES = ["success", "success", "success", "refunded", "test", "failed"]


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    rows = draw(
        st.lists(
            st.tuples(
                st.one_of(st.none(), st.integers(1, 6)),
                st.integers(0, 2200),
                st.one_of(st.integers(0, 120), st.integers(0, 50_000)),
                st.sampled_from(STATUSES),
                st.booleans(),
            ),
            max_size=40,
        )
    )
    return transactions(
        *(
            {
                "by": donor,
                "on": str(START + timedelta(days=days)),
                "amount": cents / 100,
                "status": status,
                "recurring_donation_plan_id": 5 if of_plan else None,
            }
            for donor, days, cents, status, of_plan in rows
        ),
        fields=analysis.FIELDS,
    )


def donors_of(gifts: pd.DataFrame, year: int) -> set[int]:
    known = gifts[gifts["donor_id"].notna()]
    return set(known.loc[known["date"].dt.year == year, "donor_id"])


def cents_by_year(gifts: pd.DataFrame) -> dict[int, Counter[int]]:
    """Return what each donor gave in each year, counted by hand."""
    found: dict[int, Counter[int]] = {}
    for donor, day, amount in zip(gifts["donor_id"], gifts["date"], gifts["amount"], strict=True):
        if not pd.isna(donor):
            found.setdefault(int(donor), Counter())[day.year] += round(100 * amount)
    return found


@few
@given(frames())
def test_every_transaction_is_a_gift_or_left_out(frame: pd.DataFrame) -> None:
    table, gifts = analysis.left_out(frame), analysis.gifts(frame)
    assert table["transactions"].sum() == len(frame)
    assert table.loc[table["counted"], "transactions"].sum() == len(gifts)
    assert table.loc[table["counted"], "amount"].sum() == pytest.approx(gifts["amount"].sum())


@few
@given(frames(), st.sampled_from(["D", "W", "M", "Q", "Y"]))
def test_periods_add_up_to_all_gifts(frame: pd.DataFrame, length: str) -> None:
    gifts = analysis.gifts(frame)
    table = analysis.by_period(gifts, length)
    assert table["gifts"].sum() == len(gifts)
    assert table["amount"].sum() == pytest.approx(gifts["amount"].sum())
    parts = table["one_time_amount"] + table["recurring_amount"]
    assert np.allclose(parts.astype(float), table["amount"].astype(float))


@few
@given(frames(), st.integers(1, 12))
def test_new_retained_and_recaptured_are_all_donors(frame: pd.DataFrame, first_month: int) -> None:
    table = analysis.retention(analysis.gifts(frame), first_month=first_month, today=TODAY)
    assert (table["new"] + table["retained"] + table["recaptured"] == table["donors"]).all()
    last = table["donors"].shift(fill_value=0)
    assert (table["retained"] + table["lapsed"] == last).all()
    assert table["retention_rate"].dropna().between(0, 1).all()
    assert table["amount_retention_rate"].dropna().between(0, 1).all()
    known = analysis.gifts(frame).dropna(subset="donor_id")
    assert table["new"].sum() == known["donor_id"].nunique()
    assert table["amount"].sum() == pytest.approx(known["amount"].sum())


@few
@given(frames(), st.integers(2020, 2026))
def test_gains_less_losses_are_the_growth(frame: pd.DataFrame, year: int) -> None:
    gifts = analysis.gifts(frame)
    table = analysis.gain_loss(gifts, year)
    known = gifts.dropna(subset="donor_id")
    sums = known.groupby(known["date"].dt.year)["amount"].sum()
    assert table["change"].sum() == pytest.approx(sums.get(year, 0) - sums.get(year - 1, 0), abs=1e-6)
    assert table["donors"].sum() == len(donors_of(gifts, year) | donors_of(gifts, year - 1))


@few
@given(frames(), st.integers(2020, 2026))
def test_each_donor_counts_in_the_group_of_their_two_years(frame: pd.DataFrame, year: int) -> None:
    gifts = analysis.gifts(frame)
    table = analysis.gain_loss(gifts, year)
    expected = {group: [0, 0, 0] for group in table["group"]}
    for cents in cents_by_year(gifts).values():
        now, last = cents[year], cents[year - 1]
        if now and last:
            group = "upgraded" if now > last else "downgraded" if now < last else "same"
        elif now:
            group = "recaptured" if min(cents) < year else "new"
        elif last:
            group = "lapsed, repeat" if min(cents) < year - 1 else "lapsed, new"
        else:
            continue
        expected[group] = [a + b for a, b in zip(expected[group], (1, last, now), strict=True)]
    columns = (table[name] for name in ("group", "donors", "amount_before", "amount"))
    found = {
        group: [donors, round(100 * before), round(100 * amount)]
        for group, donors, before, amount in zip(*columns, strict=True)
    }
    assert found == expected


@few
@given(frames(), st.integers(2020, 2026))
def test_who_gave_last_year_but_not_in_this_one_gave_so_much(frame: pd.DataFrame, year: int) -> None:
    gifts = analysis.gifts(frame)
    table = analysis.lybunt(gifts, year)
    found = dict(zip(table["donor_id"], (table["last_year_amount"] * 100).round(6), strict=True))
    assert found == {
        donor: cents[year - 1]
        for donor, cents in cents_by_year(gifts).items()
        if cents[year - 1] and not cents[year]
    }


@few
@given(frames(), st.integers(2020, 2027))
def test_lybunt_and_retained_are_last_years_donors(frame: pd.DataFrame, year: int) -> None:
    gifts = analysis.gifts(frame)
    last, some = analysis.lybunt(gifts, year), analysis.sybunt(gifts, year)
    now = donors_of(gifts, year)
    assert set(last["donor_id"]) == donors_of(gifts, year - 1) - now
    earlier = set().union(*(donors_of(gifts, y) for y in range(2020, year)))
    assert set(last["donor_id"]) | set(some["donor_id"]) == earlier - now
    assert not set(last["donor_id"]) & set(some["donor_id"])
    assert (last["last_year_amount"] <= last["amount"]).all()


@few
@given(frames())
def test_cohorts_add_up_to_each_years_donors_and_amount(frame: pd.DataFrame) -> None:
    gifts = analysis.gifts(frame)
    donors, amounts = analysis.cohorts(gifts), analysis.cohorts(gifts, "amount")
    table = analysis.retention(gifts, today=TODAY).set_index("year")
    for year in donors.index:
        cells = [(first, year - first) for first in donors.index if first <= year]
        assert sum(donors.loc[first, later] for first, later in cells) == table.loc[year, "donors"]
        total = sum(amounts.loc[first, later] for first, later in cells)
        assert total == pytest.approx(table.loc[year, "amount"], abs=0.005 * len(cells) + 1e-6)
    assert donors[0].tolist() == table["new"].tolist() if len(donors) else donors.empty


@few
@given(frames(), st.integers(1, 800))
def test_second_gifts_are_counted_once(frame: pd.DataFrame, within: int) -> None:
    table = analysis.second_gift(analysis.gifts(frame), within=within, today=TODAY)
    parts = [
        analysis.second_gift(analysis.gifts(frame), first=first, within=within, today=TODAY)
        for first in ("one-time", "recurring")
    ]
    for name in ("donors", "gave_again", "observed", "within"):
        assert table[name].sum() == sum(part[name].sum() for part in parts)
    assert (table["within"] <= table["observed"]).all()
    assert (table["gave_again"] <= table["donors"]).all()


@few
@given(frames())
def test_rfm_scores_every_donor_once_and_in_order(frame: pd.DataFrame) -> None:
    gifts = analysis.gifts(frame)
    table = analysis.rfm(gifts, today=TODAY)
    assert sorted(table["donor_id"]) == sorted(gifts["donor_id"].dropna().unique())
    for score, value in (("recency", -table["days_since"]), ("frequency", table["gifts"])):
        for points in range(1, 6):
            better, worse = value[table[score] >= points], value[table[score] < points]
            assert not len(better) or not len(worse) or better.min() > worse.max()
    assert table["amount"].sum() == pytest.approx(gifts.dropna(subset="donor_id")["amount"].sum(), abs=0.01)


@st.composite
def some_plans(draw: st.DrawFn) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for began, length, status, frequency in draw(
        st.lists(
            st.tuples(
                st.integers(0, 2500),
                st.integers(0, 900),
                st.sampled_from(["active", "failing", "paused", "canceled", "failed", "ended"]),
                st.sampled_from(["monthly", "quarterly", "yearly", "weekly"]),
            ),
            max_size=15,
        )
    ):
        day = START + timedelta(days=began)
        over = min(day + timedelta(days=length), date.fromisoformat(TODAY))
        rows.append(
            {"began": str(day), "status": status, "over": str(max(over, day)), "frequency": frequency}
        )
    return plans(*rows)


@few
@given(some_plans())
def test_plans_neither_appear_nor_vanish(frame: pd.DataFrame) -> None:
    table = analysis.churn(frame, today=TODAY)
    lost = table["canceled"] + table["failed"] + table["ran_out"]
    assert (table["at_start"] + table["started"] - lost == table["at_end"]).all()
    assert (table["at_start"] == table["at_end"].shift(fill_value=0)).all()
    assert (table["lost_from_start"] <= table["at_start"]).all()
    for row in table[table["complete"]].tail(1).itertuples():
        last_day = row.month + pd.offsets.MonthEnd(0)
        assert len(analysis.active_plans(frame, last_day)) == row.at_end


@few
@given(some_plans(), st.integers(1, 24))
def test_a_forecast_loses_something_each_month(frame: pd.DataFrame, months: int) -> None:
    table = analysis.forecast(frame, months, today=TODAY)
    begun = analysis.plan_lives(frame)["started"] <= TODAY
    assert (
        len(table) == (months if len(analysis.active_plans(frame)) and begun.any() else 0) or not begun.all()
    )
    assert (table["expected"] <= table["scheduled"] + 0.005).all()
    assert (table["with_new"] + 0.005 >= table["expected"]).all()
    assert (table["plans"].diff().dropna() <= 1e-9).all()
