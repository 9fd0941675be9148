"""Retention, cohorts, second gifts, lapsed donors and RFM on histories small enough to count by hand."""

from typing import Any

import pandas as pd
import pytest
from support.giving import rows, transactions

import classy_nb as cn
from classy_nb import analysis

TODAY = "2026-11-23"
HISTORY = {
    1: {2023: 50, 2024: 60, 2025: 60, 2026: 40},  # always; same, then less
    2: {2023: 20, 2025: 30},  # back after a pause, then lapsed
    3: {2024: 100, 2025: 150},  # more, then lapsed
    4: {2024: 10},  # once
    5: {2025: 70},  # new, then lapsed
    6: {2026: 80},
    7: {2023: 5, 2026: 15},
}


def gifts_of(history: dict[int, dict[int, float]], day: str = "06-15") -> pd.DataFrame:
    rows = [
        {"by": donor, "on": f"{year}-{day}", "amount": float(amount)}
        for donor, years in history.items()
        for year, amount in years.items()
    ]
    return analysis.gifts(transactions(*rows, {"by": None, "on": "2025-06-15", "amount": 1000.0}))


def test_retention_counts_who_came_back() -> None:
    table = analysis.retention(gifts_of(HISTORY), today=TODAY)
    assert rows(table, "year", "donors", "new", "retained", "recaptured", "lapsed") == [
        [2023, 3, 3, 0, 0, 0],
        [2024, 3, 2, 1, 0, 2],
        [2025, 4, 1, 2, 1, 1],
        [2026, 3, 1, 1, 1, 3],
    ]
    assert rows(table, "retention_rate", "new_donor_retention_rate", "repeat_donor_retention_rate") == [
        [None, None, None],
        [1 / 3, 1 / 3, None],
        [2 / 3, 1 / 2, 1.0],
        [1 / 4, 0.0, 1 / 3],
    ]
    assert rows(table, "amount", "amount_retained", "amount_retention_rate", "complete") == [
        [75.0, 0.0, None, True],
        [170.0, 50.0, 50 / 75, True],
        [310.0, 160.0, 160 / 170, True],
        [135.0, 40.0, 40 / 310, False],
    ]
    assert set(table["currency"]) == {"USD"}


def test_a_year_is_complete_on_the_day_after_its_last() -> None:
    gifts = gifts_of({1: {2025: 1}})
    assert analysis.retention(gifts, today="2025-12-31")["complete"].tolist() == [False]
    assert analysis.retention(gifts, today="2026-01-01")["complete"].tolist() == [True]
    assert analysis.retention(gifts, first_month=7, today="2025-07-01")["complete"].tolist() == [True]
    assert analysis.retention(gifts)["complete"].dtype == "boolean"


def test_a_fiscal_year_is_named_for_the_year_it_ends_in() -> None:
    gifts = analysis.gifts(transactions({"on": "2025-06-30"}, {"on": "2025-07-01"}, {"on": "2026-06-30"}))
    assert rows(analysis.retention(gifts, first_month=7), "year", "donors", "retained", "amount") == [
        [2025, 1, 0, 10.0],
        [2026, 1, 1, 20.0],
    ]


def test_years_without_gifts_are_included() -> None:
    table = analysis.retention(gifts_of({1: {2022: 5, 2025: 5}}), today=TODAY)
    assert rows(table, "year", "donors", "recaptured", "lapsed") == [
        [2022, 1, 0, 0],
        [2023, 0, 0, 1],
        [2024, 0, 0, 0],
        [2025, 1, 1, 0],
    ]


def test_gains_and_losses_explain_the_growth() -> None:
    table = analysis.gain_loss(gifts_of(HISTORY), 2025)
    assert rows(table, "group", "donors", "amount_before", "amount", "change") == [
        ["new", 1, 0.0, 70.0, 70.0],
        ["recaptured", 1, 0.0, 30.0, 30.0],
        ["upgraded", 1, 100.0, 150.0, 50.0],
        ["same", 1, 60.0, 60.0, 0.0],
        ["downgraded", 0, 0.0, 0.0, 0.0],
        ["lapsed, new", 1, 10.0, 0.0, -10.0],
        ["lapsed, repeat", 0, 0.0, 0.0, 0.0],
    ]
    assert table["change"].sum() == 310 - 170
    later = analysis.gain_loss(gifts_of(HISTORY), 2026).set_index("group")["donors"]
    assert later[["downgraded", "lapsed, new", "lapsed, repeat"]].tolist() == [1, 1, 2]


def test_a_dollar_is_a_gift() -> None:
    history = {1: {2024: 1, 2025: 1}, 2: {2025: 0.5}, 3: {2023: 1, 2025: 1}, 4: {2024: 0.5}}
    table = analysis.retention_donors(gifts_of(history), 2025).set_index("donor_id")
    assert table["group"].to_dict() == {1: "retained", 2: "new", 3: "recaptured", 4: "lapsed"}
    history |= {5: {2024: 0.5, 2025: 1}, 6: {2024: 1, 2025: 0.5}, 7: {2023: 1, 2024: 0.5}}
    groups = analysis.gain_loss(gifts_of(history), 2025)
    assert rows(groups, "donors", "amount_before", "amount") == [
        [1, 0.0, 0.5],
        [1, 0.0, 1.0],
        [1, 0.5, 1.0],
        [1, 1.0, 1.0],
        [1, 1.0, 0.5],
        [1, 0.5, 0.0],
        [1, 0.5, 0.0],
    ]


def test_binary_fractions_do_not_make_a_donor_upgrade() -> None:
    year_before = [{"on": "2024-02-02", "amount": 0.1}, {"on": "2024-03-03", "amount": 0.2}]
    table = analysis.gain_loss(
        analysis.gifts(transactions(*year_before, {"on": "2025-02-02", "amount": 0.3})), 2025
    )
    assert table.set_index("group")["donors"][["upgraded", "same", "downgraded"]].tolist() == [0, 1, 0]


def test_cohorts_follow_the_first_year() -> None:
    gifts = gifts_of(HISTORY)
    donors = analysis.cohorts(gifts)
    assert donors.index.tolist() == [2023, 2024, 2025, 2026]
    assert donors.columns.tolist() == [0, 1, 2, 3]
    assert rows(donors, *donors.columns) == [
        [3, 1, 2, 2],
        [2, 1, 0, None],
        [1, 0, None, None],
        [1, None, None, None],
    ]
    assert analysis.cohorts(gifts, "rate").loc[2023].tolist() == [1.0, 1 / 3, 2 / 3, 2 / 3]
    assert analysis.cohorts(gifts, "amount").loc[2024].tolist() == [110.0, 150.0, 0.0, pd.NA]
    assert {str(d) for d in donors.dtypes} == {"Int64"}
    with pytest.raises(cn.UsageError, match="values='people' must be one of 'donors', 'rate', 'amount'"):
        analysis.cohorts(gifts, "people")  # type: ignore[arg-type]


def test_amounts_of_cohorts_are_to_the_cent() -> None:
    gifts = gifts_of({1: {2025: 10.333}, 2: {2025: 10.333}})
    assert analysis.cohorts(gifts, "amount").loc[2025].tolist() == [20.67]


def test_amounts_of_donors_are_to_the_cent() -> None:
    gifts = analysis.gifts(
        transactions(
            *({"by": 1, "on": f"{year}-02-02", "amount": 10.333} for year in (2023, 2023, 2024, 2024)),
            {"by": 2, "on": "2024-02-02", "amount": 1.0},
        )
    )
    kept = analysis.retention_donors(gifts, 2024).set_index("donor_id").loc[1]
    assert kept[["amount_before", "amount", "change"]].tolist() == [20.67, 20.67, 0.0]
    gone = analysis.retention_donors(gifts, 2025).set_index("donor_id").loc[1]
    assert gone[["amount_before", "amount", "change"]].tolist() == [20.67, 0.0, -20.67]
    lost = analysis.gain_loss(gifts, 2025).set_index("group")["amount_before"]
    assert lost[["lapsed, new", "lapsed, repeat"]].tolist() == [1.0, 20.67]
    assert analysis.lybunt(gifts, 2025)["last_year_amount"].tolist() == [20.67, 1.0]
    assert analysis.sybunt(gifts, 2026)["last_year_amount"].tolist() == [20.67, 1.0]


def test_a_cohort_year_without_newcomers_has_no_rate() -> None:
    rates = analysis.cohorts(gifts_of({1: {2024: 5, 2026: 5}}), "rate")
    assert rates.loc[2024].tolist() == [1.0, 0.0, 1.0]
    assert rates.loc[2025].isna().all()


def test_second_gifts() -> None:
    gifts = analysis.gifts(
        transactions(
            {"by": 1, "on": "2024-01-01T09:00:00"},
            {"by": 1, "on": "2024-01-01T10:00:00"},  # the same day: one occasion
            {"by": 1, "on": "2024-01-31"},
            {"by": 1, "on": "2024-05-31"},
            {"by": 2, "on": "2024-02-01"},
            {"by": 2, "on": "2025-12-31"},  # too late for within, but again
            {"by": 3, "on": "2024-03-01", "recurring_donation_plan_id": 9},
            {"by": 3, "on": "2024-04-01", "recurring_donation_plan_id": 9},
            {"by": 4, "on": "2025-11-23"},
            {"by": 5, "on": "2025-11-24"},  # not yet a year ago
            {"by": 5, "on": "2025-11-25"},
        )
    )
    names = (
        "first_year", "donors", "gave_again", "share_again", "median_days", "observed", "within",
        "share_within",
    )  # fmt: skip
    assert rows(analysis.second_gift(gifts, today=TODAY), *names) == [
        [2024, 3, 3, 1.0, 31.0, 3, 2, 2 / 3],
        [2025, 2, 1, 0.5, 1.0, 1, 0, 0.0],
    ]
    once = analysis.second_gift(gifts, first="one-time", today=TODAY)
    assert rows(once, "first_year", "donors", "median_days") == [[2024, 2, 364.5], [2025, 2, 1.0]]
    plan = analysis.second_gift(gifts, first="recurring", within=30, today=TODAY)
    assert rows(plan, "first_year", "donors", "within") == [[2024, 1, 0]]
    assert rows(analysis.second_gift(gifts, within=31, today=TODAY), "within", "observed") == [[2, 3], [1, 2]]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"first": "monthly"}, "first='monthly' must be"),
        ({"within": 0}, "within=0 must be"),
        ({"within": True}, "within=True must be"),
        ({"today": "soon"}, "today='soon' is not a date"),
        ({"first_month": 13}, "first_month=13 must be"),
    ],
)
def test_invalid_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(cn.UsageError, match=message):
        analysis.second_gift(gifts_of(HISTORY), **options)


def test_lybunt_and_sybunt() -> None:
    gifts = gifts_of(HISTORY)
    last = analysis.lybunt(gifts, 2026)
    assert rows(last, "donor_id", "last_year", "last_year_amount", "gifts", "amount") == [
        [3, 2025, 150.0, 2, 250.0],
        [5, 2025, 70.0, 1, 70.0],
        [2, 2025, 30.0, 2, 50.0],
    ]
    some = analysis.sybunt(gifts, 2026)
    assert rows(some, "donor_id", "last_year", "last_year_amount") == [[4, 2024, 10.0]]
    assert last["first_gift"].tolist()[0] == pd.Timestamp("2024-06-15")
    assert last["last_gift"].tolist()[0] == pd.Timestamp("2025-06-15")
    with pytest.raises(cn.UsageError, match="year='2026' must be a whole number"):
        analysis.lybunt(gifts, "2026")  # type: ignore[arg-type]


def test_gifts_after_the_year_are_ignored() -> None:
    gifts = gifts_of(HISTORY)
    assert analysis.lybunt(gifts, 2024)["donor_id"].tolist() == [2, 7]
    assert analysis.sybunt(gifts, 2025)["donor_id"].tolist() == [7]
    assert rows(analysis.lybunt(gifts, 2024), "gifts", "amount") == [[1, 20.0], [1, 5.0]]


def test_lapsed_donors_show_how_they_gave() -> None:
    gifts = analysis.gifts(
        transactions(
            {"on": "2025-01-02", "is_anonymous": True},
            {"on": "2025-01-03", "recurring_donation_plan_id": 8},
        )
    )
    assert rows(analysis.lybunt(gifts, 2026), "recurring", "anonymous") == [[True, True]]


def test_contacts_are_added_without_changing_the_order() -> None:
    people = analysis.lybunt(gifts_of(HISTORY), 2026)
    supporters = pd.DataFrame(
        {
            "id": pd.array([5, 3], dtype="Int64"),
            "first_name": ["Ada", "Bo"],
            "last_name": ["Fields", "Li"],
            "email_address": ["ada@example.org", None],
            "opt_in": [True, None],
        }
    )
    found = analysis.with_contacts(people, supporters)
    assert rows(found, "donor_id", "first_name", "email_address", "opt_in") == [
        [3, "Bo", None, None],
        [5, "Ada", "ada@example.org", True],
        [2, None, None, None],
    ]
    assert list(found.columns[: len(people.columns)]) == list(people.columns)
    with pytest.raises(cn.UsageError, match="no column 'email_address'"):
        analysis.with_contacts(people, supporters.drop(columns="email_address"))
    with pytest.raises(cn.UsageError, match="donor_id holds text"):
        analysis.with_contacts(people.astype({"donor_id": "string"}), supporters)


SUPPORTERS = pd.DataFrame(
    {
        "id": pd.array([5, 3, 1], dtype="Int64"),
        "first_name": ["Ada", "Bo", "Cy"],
        "last_name": ["Fields", "Li", "Ray"],
        "email_address": ["ada@example.org", "bo@example.org", None],
        "opt_in": [True, None, False],
    }
)


def test_lists_of_donors_bring_contacts_in_the_same_call() -> None:
    gifts = gifts_of(HISTORY)
    functions: list[Any] = [
        lambda **also: analysis.lybunt(gifts, 2026, **also),
        lambda **also: analysis.sybunt(gifts, 2026, **also),
        lambda **also: analysis.rfm(gifts, today=TODAY, **also),
        lambda **also: analysis.retention_donors(gifts, 2026, **also),
    ]
    for function in functions:
        plain, found = function(), function(supporters=SUPPORTERS)
        pd.testing.assert_frame_equal(found, analysis.with_contacts(plain, SUPPORTERS))
        pd.testing.assert_frame_equal(found[plain.columns], plain)
        nobody = function(supporters=SUPPORTERS.iloc[:0])
        assert len(nobody) == len(plain)
        assert nobody["email_address"].isna().all()
    found = functions[0](supporters=SUPPORTERS)
    assert rows(found, "donor_id", "first_name", "email_address") == [
        [3, "Bo", "bo@example.org"],
        [5, "Ada", "ada@example.org"],
        [2, None, None],
    ]
    with pytest.raises(cn.UsageError, match="no column 'email_address'"):
        functions[0](supporters=SUPPORTERS.drop(columns="email_address"))
    by_email = analysis.gifts(
        transactions({"on": "2025-01-05", "member_email_address": "a@example.org"}),
        donor="member_email_address",
    )
    with pytest.raises(cn.UsageError, match="donor_id holds text"):
        analysis.lybunt(by_email, 2026, supporters=SUPPORTERS)


def test_the_donors_behind_a_year_of_retention() -> None:
    gifts = gifts_of(HISTORY)
    found = analysis.retention_donors(gifts, 2026)
    assert rows(found, "donor_id", "group", "amount_before", "amount", "change", "gifts") == [
        [6, "new", 0.0, 80.0, 80.0, 1],
        [1, "retained", 60.0, 40.0, -20.0, 4],
        [7, "recaptured", 0.0, 15.0, 15.0, 2],
        [3, "lapsed", 150.0, 0.0, -150.0, 2],
        [5, "lapsed", 70.0, 0.0, -70.0, 1],
        [2, "lapsed", 30.0, 0.0, -30.0, 2],
    ]
    years = analysis.retention(gifts, today=TODAY).set_index("year")
    for year in (2023, 2024, 2025, 2026):
        counts = analysis.retention_donors(gifts, year)["group"].value_counts()
        for group in ("new", "retained", "recaptured", "lapsed"):
            assert counts.get(group, 0) == years.loc[year, group]
    assert analysis.retention_donors(gifts, 2024)["last_gift"].dt.year.max() == 2024
    assert len(analysis.retention_donors(gifts, 2030)) == 0
    with pytest.raises(cn.UsageError, match="year='2026' must be a whole number"):
        analysis.retention_donors(gifts, "2026")  # type: ignore[arg-type]


def test_rfm_scores_by_the_share_of_donors_who_are_worse() -> None:
    history = {donor: {2020 + n: 10.0 for n in range(donor)} for donor in range(1, 6)}
    table = analysis.rfm(gifts_of(history), today="2026-06-15").set_index("donor_id")
    assert rows(table.sort_index(), "recency", "frequency", "monetary", "score") == [
        [n, n, n, f"{n}{n}{n}"] for n in range(1, 6)
    ]
    assert table.loc[5, "days_since"] == 730
    assert table["segment"].sort_index().tolist() == [
        "Hibernating", "Hibernating", "Need attention", "Loyal", "Champions",
    ]  # fmt: skip


def test_a_gift_of_today_counts() -> None:
    table = analysis.rfm(gifts_of({1: {2026: 10.0}, 2: {2027: 10.0}}), today="2026-06-15")
    assert rows(table, "donor_id", "days_since", "frequency") == [[1, 0, 1]]


def test_donors_who_are_alike_score_alike() -> None:
    table = analysis.rfm(gifts_of({donor: {2026: 10.0} for donor in range(1, 8)}), today=TODAY)
    assert set(table["score"]) == {"511"}
    assert table["donor_id"].tolist() == list(range(1, 8))


def test_every_pair_of_scores_has_the_documented_segment() -> None:
    documented = {
        "Champions": ((5,), (4, 5)), "Loyal": ((3, 4), (4, 5)), "Potential loyal": ((4, 5), (2, 3)),
        "New": ((5,), (1,)), "Promising": ((4,), (1,)), "Need attention": ((3,), (3,)),
        "About to lapse": ((3,), (1, 2)), "Can't lose": ((1, 2), (5,)), "At risk": ((1, 2), (3, 4)),
        "Hibernating": ((1, 2), (1, 2)),
    }  # fmt: skip
    segments = {(r, f): name for name, (rs, fs) in documented.items() for r in rs for f in fs}
    assert len(segments) == 25
    # One donor for each pair of scores: 5 share each last day, and 5 share each number of gifts.
    donors = [{"by": 10 * r + f, "on": f"2026-0{r}-0{9 - n}"} for r, f in segments for n in range(f)]
    table = analysis.rfm(analysis.gifts(transactions(*donors)), today=TODAY)
    found = {(row.recency, row.frequency): row.segment for row in table.itertuples()}
    assert found == segments
    assert tuple(documented) == analysis.SEGMENTS


def test_gifts_after_today_are_not_scored() -> None:
    table = analysis.rfm(gifts_of({1: {2024: 5, 2026: 5}, 2: {2026: 5}}), today="2025-01-01")
    assert rows(table, "donor_id", "gifts", "days_since") == [[1, 1, 200]]


def given(day: str, donors: range, gifts: int = 1) -> list[dict[str, Any]]:
    return [{"by": donor, "on": day} for donor in donors for _ in range(gifts)]


@pytest.mark.edge(23)
def test_if_most_donors_gave_yesterday_they_are_recent() -> None:
    recent = given("2026-11-22", range(1, 61))
    earlier = [
        row for n in range(40) for row in given(f"2025-0{n % 9 + 1}-{n // 9 + 1:02}", range(61 + n, 62 + n))
    ]
    table = analysis.rfm(analysis.gifts(transactions(*recent, *earlier)), today=TODAY)
    yesterday = table["days_since"] == 1
    assert yesterday.sum() == 60
    assert set(table.loc[yesterday, "recency"]) == {5}
    assert set(table.loc[~yesterday, "recency"]) == {1, 2}


@pytest.mark.edge(23)
@pytest.mark.parametrize(
    ("old", "new", "of_the_old", "of_the_new"),
    [(60, 40, 1, 5), (80, 20, 1, 5), (20, 80, 1, 5), (50, 50, 1, 5)],
)
def test_donors_who_tie_share_the_outer_fifth(old: int, new: int, of_the_old: int, of_the_new: int) -> None:
    rows = [*given("2020-01-01", range(old)), *given("2026-11-22", range(100, 100 + new), gifts=3)]
    table = analysis.rfm(
        analysis.gifts(transactions(*(row | {"by": row["by"] + 1} for row in rows))), today=TODAY
    )
    fresh = table["days_since"] == 1
    for name in ("recency", "frequency", "monetary"):
        assert set(table.loc[fresh, name]) == {of_the_new}
        assert set(table.loc[~fresh, name]) == {of_the_old}


@pytest.mark.edge(22)
def test_contacts_are_not_looked_up_by_a_members_id() -> None:
    frame = transactions(
        {"by": 3, "member_id": 7, "on": "2025-05-05"}, {"by": 4, "member_id": 7, "on": "2026-05-05"}
    )
    supporters = pd.DataFrame(
        {
            "id": [3, 7],
            "first_name": ["Ana", "Bo"],
            "last_name": "Li",
            "email_address": "x@example.org",
            "opt_in": True,
        }
    )
    by_supporter = analysis.lybunt(analysis.gifts(frame), 2026)
    assert analysis.with_contacts(by_supporter, supporters)["first_name"].tolist() == ["Ana"]
    gifts = analysis.gifts(frame, donor="member_id")
    assert analysis.lybunt(gifts, 2026).empty
    for people in (analysis.lybunt(gifts, 2027), analysis.rfm(gifts, today=TODAY), gifts):
        with pytest.raises(cn.UsageError, match="donor_id holds values of 'member_id'"):
            analysis.with_contacts(people, supporters)
