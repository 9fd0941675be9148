"""What a frame's attrs tell: conditions that make an answer meaningless, limits, and the fiscal year."""

from typing import Any

import pandas as pd
import pytest
from support.calculations import MONEY, ON_GIFTS, TODAY
from support.giving import instant, plans, rows, transactions

import classy_nb as cn
from classy_nb import analysis


def fetched(frame: pd.DataFrame, *conditions: str, **about: Any) -> pd.DataFrame:
    """Return a frame as if it had been fetched with these conditions."""
    frame = frame.copy()
    asked = [f"filter={condition}" for condition in conditions]
    frame.attrs["classy"] = {"asked": asked, "limit": None, "total": 3000, **about}
    return frame


def some_plans(*conditions: str, **about: Any) -> pd.DataFrame:
    return fetched(plans({"began": "2025-01-01"}), *conditions, **about)


def some_transactions(*conditions: str, **about: Any) -> pd.DataFrame:
    frame = transactions(
        {**MONEY, "on": "2024-09-09"}, {**MONEY, "on": "2025-09-09", "recurring_donation_plan_id": 5},
        {**MONEY, "on": "2026-09-09"},
    )  # fmt: skip
    return fetched(frame, *conditions, **about)


def some_gifts(*conditions: str, **about: Any) -> pd.DataFrame:
    return analysis.gifts(some_transactions(*conditions, **about))


ON_TRANSACTIONS: dict[str, Any] = {
    "gifts": analysis.gifts,
    "left_out": analysis.left_out,
    "failed_payments": analysis.failed_payments,
    "gross_fees_net": analysis.gross_fees_net,
    "reconcile": analysis.reconcile,
}
ON_PLANS: dict[str, Any] = {
    "plan_lives": analysis.plan_lives,
    "active_plans": analysis.active_plans,
    "churn": lambda frame: analysis.churn(frame, today=TODAY),
    "forecast": lambda frame: analysis.forecast(frame, today=TODAY),
}


@pytest.mark.edge(6)
@pytest.mark.parametrize("name", ["churn", "forecast"])
@pytest.mark.parametrize(
    "condition",
    [
        "status=active", "status!=canceled", "status!=failed", "is_paused=false", "created_at>=2026-01-01",
        "started_at>=2026-01-01", "updated_at>=2026-01-01", "next_processing_date>=2026-11-23",
        "canceled_at>=2026-01-01",
    ],
)  # fmt: skip
def test_churn_of_some_plans_only_is_refused(name: str, condition: str) -> None:
    with pytest.raises(
        cn.UsageError, match=rf"analysis\.{name}: the frame was fetched with where='\w+ .*Fetch it"
    ):
        ON_PLANS[name](some_plans(condition))


@pytest.mark.edge(6)
@pytest.mark.parametrize(
    "condition", ["status!=draft", "campaign_id=5", "frequency=monthly", "donation_amount>=5"]
)
@pytest.mark.parametrize("name", list(ON_PLANS))
def test_conditions_that_leave_the_answer_right_are_fine(name: str, condition: str) -> None:
    pd.testing.assert_frame_equal(ON_PLANS[name](some_plans(condition)), ON_PLANS[name](some_plans()))


@pytest.mark.edge(6)
def test_active_plans_of_one_status_warn_and_of_a_past_day_are_refused() -> None:
    with pytest.warns(cn.DataWarning, match="failing and paused plans are active, too"):
        assert len(analysis.active_plans(some_plans("status=active"))) == 1
    with pytest.raises(cn.UsageError, match="plans that ended since that day were not fetched"):
        analysis.active_plans(some_plans("status=active"), "2026-01-31")


@pytest.mark.edge(6)
@pytest.mark.parametrize(
    "condition",
    ["status=success", "status=failed", "status!=failed", "status!=cb_lost", "updated_at>=2026-01-01"],
)
def test_failed_payments_of_one_outcome_are_refused(condition: str) -> None:
    with pytest.raises(cn.UsageError, match=r"analysis\.failed_payments: the frame was fetched with"):
        analysis.failed_payments(some_transactions(condition))
    # get(path, filter=...) takes several conditions as one text
    with pytest.raises(cn.UsageError, match=r"analysis\.failed_payments: the frame was fetched with"):
        analysis.failed_payments(some_transactions(f"campaign_id=5,{condition}"))


@pytest.mark.edge(6)
def test_failed_payments_of_some_days_warn() -> None:
    with pytest.warns(cn.DataWarning, match="attempts before or after that are not known"):
        analysis.failed_payments(some_transactions("purchased_at>=2026-01-01"))
    assert len(analysis.failed_payments(some_transactions("status!=test"))) == 1


@pytest.mark.edge(6)
def test_gifts_of_a_status_that_was_not_fetched_are_refused() -> None:
    assert len(analysis.gifts(some_transactions("status=success"))) == 3
    for function in (analysis.gifts, analysis.gross_fees_net):
        with pytest.raises(
            cn.UsageError, match="where='status = refunded': a status that should count was not"
        ):
            function(some_transactions("status=refunded"))
        with pytest.raises(cn.UsageError, match="a status that should count was not fetched"):
            function(some_transactions("status=success"), status=["success", "refunded"])
    with pytest.warns(cn.DataWarning, match="transactions of other statuses are not accounted for"):
        analysis.left_out(some_transactions("status=success"))


@pytest.mark.edge(6)
@pytest.mark.parametrize("about", [{"limit": 100}, {"batch": 100}])
@pytest.mark.parametrize("name", [*ON_GIFTS, *ON_TRANSACTIONS, *ON_PLANS])
def test_the_first_rows_only_warn_in_every_function(name: str, about: dict[str, int]) -> None:
    if name in ON_GIFTS:
        with pytest.warns(cn.DataWarning, match=r"analysis\.gifts: the frame was fetched .*100"):
            frame = some_gifts(**about)
    else:
        frame = (some_plans if name in ON_PLANS else some_transactions)(**about)
    with pytest.warns(cn.DataWarning, match=rf"analysis\.{name}: the frame was fetched .*100, and describes"):
        found = {**ON_GIFTS, **ON_TRANSACTIONS, **ON_PLANS}[name](frame)
    assert len(found) > 0 or name in ("lybunt", "sybunt", "reconcile")


@pytest.mark.edge(6)
def test_a_limit_that_holds_all_rows_does_not_warn() -> None:
    assert len(some_gifts(limit=100, total=3)) == 3


@pytest.mark.edge(6)
@pytest.mark.parametrize("name", ["retention", "cohorts"])
def test_retention_of_one_year_is_refused(name: str) -> None:
    one = fetched(
        transactions({"on": "2026-09-09"}, {"on": "2026-10-09", "by": 2}), "purchased_at>=2026-01-01"
    )
    with pytest.raises(
        cn.UsageError, match=r"begins on 2026-01-01 .* holds one year, with nothing to compare"
    ):
        ON_GIFTS[name](analysis.gifts(one))
    whole = fetched(transactions({"on": "2026-09-09"}))  # an organization in its first year
    assert len(ON_GIFTS[name](analysis.gifts(whole))) == 1


@pytest.mark.edge(6)
@pytest.mark.parametrize("name", ["retention", "cohorts", "second_gift", "gain_loss", "sybunt", "lybunt"])
def test_a_frame_that_begins_late_warns_that_earlier_donors_look_new(name: str) -> None:
    gifts = some_gifts("purchased_at>=2024-06-01T07:00:00+0000")
    with pytest.warns(
        cn.DataWarning, match=rf"analysis\.{name}: the frame begins on 2024-06-01 .*may look new"
    ):
        ON_GIFTS[name](gifts)


@pytest.mark.edge(6)
@pytest.mark.parametrize("name", ["gain_loss", "lybunt", "sybunt"])
def test_a_year_that_was_not_fetched_is_not_compared(name: str) -> None:
    with pytest.raises(cn.UsageError, match=r"begins on 2025-02-01 .* after the first day .* 2025-01-01"):
        ON_GIFTS[name](some_gifts("purchased_at>=2025-02-01T08:00:00+0000"))
    with pytest.raises(cn.UsageError, match=r"ends before 2026-01-01 .*everybody would look lapsed"):
        ON_GIFTS[name](some_gifts("purchased_at<2026-01-01T08:00:00+0000"))
    with pytest.warns(cn.DataWarning, match="who gave later in that year looks lapsed"):
        ON_GIFTS[name](some_gifts("purchased_at<2026-10-01T07:00:00+0000"))


@pytest.mark.edge(6)
def test_a_year_whose_end_was_not_fetched_is_not_complete() -> None:
    table = analysis.retention(some_gifts("purchased_at<2025-10-01T07:00:00+0000"), today="2030-01-01")
    assert rows(table, "year", "complete") == [[2024, True], [2025, False], [2026, False]]


@pytest.mark.edge(6)
@pytest.mark.parametrize("column", ["updated_at", "created_at", "refunded_at"])
@pytest.mark.parametrize(
    "name", ["retention", "gain_loss", "cohorts", "second_gift", "lybunt", "sybunt", "rfm"]
)
def test_changes_say_nothing_about_donors(name: str, column: str) -> None:
    with pytest.raises(cn.UsageError, match=rf"analysis\.{name}: .*where='{column} >= 2026-11-01'"):
        ON_GIFTS[name](some_gifts(f"{column}>=2026-11-01"))


@pytest.mark.edge(6)
def test_a_frame_that_lost_its_attrs_is_taken_as_it_is() -> None:
    frame = some_plans("status=active")
    for lost in (pd.DataFrame(frame.to_dict("series")), frame.copy()):
        lost.attrs.clear()
        assert len(analysis.churn(lost, today=TODAY)) == 23
    for unreadable in ({"classy": "x"}, {"classy": {"asked": 5}}, {"classy": {"asked": [5, "filter=?"]}}):
        lost.attrs = unreadable
        assert len(analysis.churn(lost, today=TODAY)) == 23


# The fiscal year

BY_YEAR: dict[str, Any] = {
    "by_period": lambda gifts, **start: analysis.by_period(gifts, "Y", **start),
    "by_period by quarter": lambda gifts, **start: analysis.by_period(gifts, "Q", **start),
    "retention": lambda gifts, **start: analysis.retention(gifts, today=TODAY, **start),
    "gain_loss": lambda gifts, **start: analysis.gain_loss(gifts, 2026, **start),
    "cohorts": analysis.cohorts,
    "second_gift": lambda gifts, **start: analysis.second_gift(gifts, today=TODAY, **start),
    "lybunt": lambda gifts, **start: analysis.lybunt(gifts, 2026, **start),
    "sybunt": lambda gifts, **start: analysis.sybunt(gifts, 2027, **start),
}


def gifts_over_years(**about: Any) -> pd.DataFrame:
    days = {
        1: ("2024-09-09", "2025-03-03"),
        2: ("2025-09-09",),
        3: ("2025-02-02", "2025-12-12", "2026-05-05"),
    }
    given = [{"by": donor, "on": day} for donor, on in days.items() for day in on]
    return analysis.gifts(fetched(transactions(*given), **about))


@pytest.mark.edge(7)
@pytest.mark.parametrize("name", list(BY_YEAR))
def test_every_function_that_knows_years_knows_the_connections_fiscal_year(name: str) -> None:
    function = BY_YEAR[name]
    calendar, fiscal = gifts_over_years(), gifts_over_years(fiscal_year_start=8)
    by_keyword = function(calendar, fiscal_year_start=8)
    pd.testing.assert_frame_equal(function(fiscal), by_keyword)
    pd.testing.assert_frame_equal(function(fiscal, fiscal_year_start=1), function(calendar))
    assert not function(calendar).equals(by_keyword)
    if not name.startswith("by_period"):
        pd.testing.assert_frame_equal(function(calendar, first_month=8), by_keyword)


@pytest.mark.edge(7)
def test_fees_by_year_know_the_fiscal_year() -> None:
    def starts(frame: pd.DataFrame, **start: int) -> list[str]:
        return [f"{day:%Y-%m-%d}" for day in analysis.gross_fees_net(frame, by="year", **start)["year"]]

    assert starts(some_transactions()) == ["2024-01-01", "2025-01-01", "2026-01-01"]
    fiscal = some_transactions(fiscal_year_start=10)
    assert starts(fiscal) == ["2023-10-01", "2024-10-01", "2025-10-01"]
    assert starts(fiscal, fiscal_year_start=7) == ["2024-07-01", "2025-07-01", "2026-07-01"]


@pytest.mark.edge(7)
def test_fiscal_quarters_and_years_begin_where_the_year_does() -> None:
    gifts = analysis.gifts(transactions({"on": "2025-04-30"}, {"on": "2025-05-01"}, {"on": "2025-08-01"}))
    quarters = analysis.by_period(gifts, "Q", fiscal_year_start=2)
    assert [f"{day:%Y-%m-%d}" for day in quarters["period"]] == ["2025-02-01", "2025-05-01", "2025-08-01"]
    years = analysis.by_period(gifts, "Y", fiscal_year_start=5)
    assert [f"{day:%Y-%m-%d}" for day in years["period"]] == ["2024-05-01", "2025-05-01"]
    assert rows(years, "gifts") == [[1], [2]]


@pytest.mark.edge(7)
@pytest.mark.parametrize("month", [0, 13, True, 7.0, "7"])
def test_a_fiscal_year_starts_in_a_month(month: Any) -> None:
    for function in BY_YEAR.values():
        with pytest.raises(
            cn.UsageError, match=rf"fiscal_year_start={month!r} must be a whole number from 1 to 12"
        ):
            function(some_gifts(), fiscal_year_start=month)
    with pytest.raises(cn.UsageError, match="fiscal_year_start=7 and first_month=4 say different things"):
        analysis.retention(some_gifts(), fiscal_year_start=7, first_month=4)


@pytest.mark.edge(24)
def test_raised_is_the_gift_itself_everywhere() -> None:
    gift = {**MONEY, "amount": 10.0, "overhead_net_amount": 3.0, "total_gross_amount": 15.0}
    frame = transactions(
        *({**gift, "on": f"{year}-05-05"} for year in (2025, 2026)),
        {**gift, "on": "2026-05-06", "payment_method": "Offline"},
        *({**gift, "on": "2026-05-07", "status": status} for status in ("refunded", "cb_lost", "canceled")),
    )  # fmt: skip
    gifts = analysis.gifts(frame)
    assert analysis.RAISED == "donation_gross_amount"
    assert analysis.by_period(gifts, "Y")["amount"].tolist() == [10.0, 20.0]
    assert analysis.leaderboard(gifts)["amount"].tolist() == [30.0]
    assert analysis.retention(gifts, today=TODAY)["amount"].tolist() == [10.0, 20.0]
    assert analysis.cohorts(gifts, "amount").loc[2025].tolist() == [10.0, 20.0]
    assert analysis.gain_loss(gifts, 2026)["amount"].sum() == 20.0
    assert analysis.rfm(gifts, today=TODAY)["amount"].tolist() == [30.0]
    assert analysis.lybunt(gifts, 2027)["amount"].tolist() == [30.0]
    left = analysis.left_out(frame)
    assert left.loc[left["counted"], "amount"].sum() == 30.0
    assert rows(analysis.gross_fees_net(frame), "donations", "gross") == [[30.0, 45.0]]
    assert "gross amount raised from donations" in " ".join((analysis.__doc__ or "").split())


@pytest.mark.edge(24)
def test_instants_around_the_turn_of_a_fiscal_year_belong_to_the_local_day() -> None:
    evening = {"purchased_at": instant("2026-06-30T20:30:00")}  # July 1 in UTC
    gifts = analysis.gifts(transactions(evening))
    assert analysis.retention(gifts, fiscal_year_start=7, today=TODAY)["year"].tolist() == [2026]
    assert analysis.by_period(gifts, "Y", fiscal_year_start=7)["period"].tolist() == [
        pd.Timestamp("2025-07-01")
    ]
