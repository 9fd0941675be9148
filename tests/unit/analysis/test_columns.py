"""What the calculations share: a record counts once, and a donor is one person in any spelling."""

from typing import Any

import pandas as pd
import pytest
from support.calculations import MONEY, ON_TRANSACTIONS, TODAY
from support.giving import plans, rows, transactions

import classy_nb as cn
from classy_nb import analysis

ON_GIFTS: dict[str, Any] = {
    "by_period": analysis.by_period,
    "leaderboard": analysis.leaderboard,
    "retention": lambda gifts: analysis.retention(gifts, today=TODAY),
    "gain_loss": lambda gifts: analysis.gain_loss(gifts, 2026),
    "cohorts": lambda gifts: analysis.cohorts(gifts, "amount"),
    "second_gift": lambda gifts: analysis.second_gift(gifts, today=TODAY),
    "lybunt": lambda gifts: analysis.lybunt(gifts, 2026),
    "sybunt": lambda gifts: analysis.sybunt(gifts, 2026),
    "rfm": lambda gifts: analysis.rfm(gifts, today=TODAY),
}
ON_PLANS: dict[str, Any] = {
    "plan_lives": lambda frame: analysis.plan_lives(frame, today=TODAY),
    "active_plans": analysis.active_plans,
    "churn": lambda frame: analysis.churn(frame, today=TODAY),
    "forecast": lambda frame: analysis.forecast(frame, today=TODAY),
}


def some_transactions() -> pd.DataFrame:
    return transactions(
        {**MONEY, "on": "2024-03-05", "by": 1, "amount": 60.0},
        {**MONEY, "on": "2025-03-05", "by": 2, "amount": 40.0},
        {**MONEY, "on": "2025-04-05", "by": 1, "recurring_donation_plan_id": 5, "status": "failed"},
        {**MONEY, "on": "2026-07-09", "by": 1, "amount": 40.0, "total_gross_amount": 99.0},
    )


def some_plans() -> pd.DataFrame:
    return plans({}, {"began": "2025-02-03", "status": "canceled", "over": "2026-03-04"})


def with_items(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a merge with items: two rows for each record."""
    items = pd.DataFrame({"parent_id": [*frame["id"], *frame["id"]], "product_name": "Meal", "quantity": 1})
    return frame.merge(items, left_on="id", right_on="parent_id")


def twice(frame: pd.DataFrame) -> pd.DataFrame:
    """Return two overlapping fetches in one frame, with their indexes."""
    return pd.concat([frame.iloc[:-1], frame.iloc[1:]])


@pytest.mark.edge(5)
@pytest.mark.parametrize("repeated", [with_items, twice])
@pytest.mark.parametrize("name", [*ON_TRANSACTIONS, *ON_GIFTS, *ON_PLANS])
def test_a_record_that_is_there_twice_counts_once(name: str, repeated: Any) -> None:
    function = {**ON_TRANSACTIONS, **ON_GIFTS, **ON_PLANS}[name]
    frame = some_plans() if name in ON_PLANS else some_transactions()
    if name in ON_GIFTS:
        frame = analysis.gifts(frame)
    pd.testing.assert_frame_equal(function(repeated(frame)), function(frame))


@pytest.mark.parametrize("name", ON_GIFTS)
def test_transactions_are_not_gifts_yet(name: str) -> None:
    with pytest.raises(
        cn.UsageError, match=r"These are transactions.*Pass cn\.analysis\.gifts\(transactions\)"
    ):
        ON_GIFTS[name](some_transactions())


@pytest.mark.edge(5)
def test_overlapping_fetches_do_not_double_money() -> None:
    frame = transactions({"amount": 40.0}, {"amount": 60.0}, {"amount": 40.0})
    for repeated in (twice(frame), with_items(frame), pd.concat([frame, frame], ignore_index=True)):
        assert analysis.gifts(repeated)["amount"].sum() == 140.0
        assert analysis.by_period(analysis.gifts(repeated))["amount"].tolist() == [140.0]
        gifts = pd.concat([analysis.gifts(frame), analysis.gifts(frame)])
        assert analysis.by_period(gifts)["amount"].tolist() == [140.0]


@pytest.mark.edge(5)
@pytest.mark.parametrize("name", [*ON_TRANSACTIONS, *ON_PLANS])
def test_rows_of_one_record_that_differ_are_refused(name: str) -> None:
    function = {**ON_TRANSACTIONS, **ON_PLANS}[name]
    frame = some_plans() if name in ON_PLANS else some_transactions()
    column = {"reconcile": "fees_amount"}.get(name, "status")
    later = frame.copy()
    later.loc[1, column] = 5.0 if column == "fees_amount" else "refunded"
    both = pd.concat([frame, later])
    with pytest.raises(cn.UsageError, match=rf"same id differ in '{column}' \(1 ids\).*keep='last'"):
        function(both)
    pd.testing.assert_frame_equal(function(both.drop_duplicates("id", keep="last")), function(later))


@pytest.mark.edge(5)
@pytest.mark.parametrize("name", list(ON_GIFTS))
def test_gifts_of_one_id_that_differ_are_refused(name: str) -> None:
    gifts = analysis.gifts(some_transactions())
    later = gifts.assign(amount=gifts["amount"] + 1)
    with pytest.raises(cn.UsageError, match="same id differ in 'amount'"):
        ON_GIFTS[name](pd.concat([gifts, later]))


@pytest.mark.edge(5)
def test_columns_that_do_not_matter_may_differ() -> None:
    frame = transactions({"amount": 40.0})
    both = pd.concat([frame, frame.assign(updated_at=pd.Timestamp("2026-11-11", tz="UTC"), comment="new")])
    assert analysis.gifts(both)["amount"].tolist() == [40.0]


@pytest.mark.edge(5)
@pytest.mark.parametrize("name", [*ON_TRANSACTIONS, *ON_GIFTS, *ON_PLANS])
def test_a_frame_without_ids_is_refused(name: str) -> None:
    function = {**ON_TRANSACTIONS, **ON_GIFTS, **ON_PLANS}[name]
    frame = some_plans() if name in ON_PLANS else some_transactions()
    if name in ON_GIFTS:
        frame = analysis.gifts(frame)
    with pytest.raises(cn.UsageError, match="no column 'id'"):
        function(frame.drop(columns="id"))
    with pytest.raises(cn.UsageError, match=r"'id' holds .*, not whole numbers"):
        function(frame.assign(id="A-" + frame["id"].astype(str)))


@pytest.mark.edge(5)
def test_rows_without_an_id_all_count() -> None:
    gifts = analysis.gifts(transactions({"amount": 40.0}, {"amount": 40.0}))
    assert analysis.by_period(gifts.assign(id=pd.NA))["amount"].tolist() == [80.0]


@pytest.mark.edge(5)
def test_names_and_contacts_of_one_id_that_differ_are_refused() -> None:
    gifts = analysis.gifts(transactions({"fundraising_page_id": 5}))
    pages = pd.DataFrame({"id": [5, 5], "title": ["Run", "Run"]})
    assert analysis.leaderboard(gifts, names=pages)["name"].tolist() == ["Run"]
    with pytest.raises(cn.UsageError, match="same id differ in 'title'"):
        analysis.leaderboard(gifts, names=pages.assign(title=["Run", "Walk"]))
    people = pd.DataFrame(
        {
            "id": [1, 1],
            "first_name": "Ana",
            "last_name": "Li",
            "email_address": "a@example.org",
            "opt_in": True,
        }
    )
    assert analysis.with_contacts(analysis.lybunt(gifts, 2027), people)["first_name"].tolist() == ["Ana"]
    moved = people.assign(email_address=["a@example.org", "b@example.org"])
    with pytest.raises(cn.UsageError, match="same id differ in 'email_address'"):
        analysis.with_contacts(analysis.lybunt(gifts, 2027), moved)


SPELLINGS = ["Ana@Example.org", "ana@example.org", "  ANA@example.ORG\t", "ana@example.org\u00a0"]
NOBODY = ["", "   ", "\t\n", "\u00a0", "0", " 0 ", "nan", "None", "NULL", "<NA>", None]


@pytest.mark.edge(22)
@pytest.mark.parametrize("name", list(ON_GIFTS))
def test_spellings_of_an_email_address_are_one_donor(name: str) -> None:
    def gifts_of(emails: list[str]) -> pd.DataFrame:
        given = [
            {"member_email_address": email, "on": f"202{3 + n}-05-05", "fundraising_page_id": 7}
            for n, email in enumerate(emails)
        ]
        return analysis.gifts(transactions(*given), donor="member_email_address")

    spelled, plain = gifts_of(SPELLINGS), gifts_of(["ana@example.org"] * 4)
    pd.testing.assert_frame_equal(ON_GIFTS[name](spelled), ON_GIFTS[name](plain))
    by_hand = plain.assign(donor_id=SPELLINGS)  # a frame that did not come from analysis.gifts
    pd.testing.assert_frame_equal(ON_GIFTS[name](by_hand), ON_GIFTS[name](plain))


@pytest.mark.edge(22)
@pytest.mark.parametrize("name", list(ON_GIFTS))
@pytest.mark.parametrize("nobody", [NOBODY, [0], [float("nan"), 0.0, None], [pd.NA, 0]])
def test_blanks_and_zero_are_nobody(name: str, nobody: list[Any]) -> None:
    someone = "ana@example.org" if nobody is NOBODY else 7
    gifts = analysis.gifts(
        transactions(
            *(
                {"on": f"{year}-05-05", "fundraising_page_id": 7}
                for year in (2024, 2025, 2026)
                for _ in nobody
            ),
            {"on": "2025-06-06", "fundraising_page_id": 7},
        )
    )
    missing = pd.Series([None] * (len(gifts) - 1) + [someone])
    keys = pd.Series([*nobody * 3, someone], dtype=object if nobody is NOBODY else "Float64")
    keys = keys.iloc[[*range(2 * len(nobody)), len(gifts) - 1, *range(2 * len(nobody), 3 * len(nobody))]]
    missing = missing.iloc[keys.index].reset_index(drop=True)
    keys = keys.reset_index(drop=True)
    dtype = "string[pyarrow]" if nobody is NOBODY else "Int64"
    expected = ON_GIFTS[name](gifts.assign(donor_id=missing.astype(dtype)))
    pd.testing.assert_frame_equal(ON_GIFTS[name](gifts.assign(donor_id=keys)), expected)


@pytest.mark.edge(22)
def test_gifts_of_nobody_are_counted_as_money_only() -> None:
    emails = [{"member_email_address": email, "by": 0} for email in NOBODY]
    frame = transactions(*emails, {"by": 7, "member_email_address": "Ana@example.org"})
    for donor in ("supporter_id", "member_email_address"):
        gifts = analysis.gifts(frame, donor=donor)
        assert gifts["donor_id"].notna().tolist() == [False] * len(NOBODY) + [True]
        assert analysis.retention(gifts, today=TODAY)["donors"].tolist() == [1]
        assert analysis.by_period(gifts, "Y")["donors"].tolist() == [1]
        table = analysis.left_out(frame, donor=donor)
        assert rows(table, "reason", "transactions") == [
            ["gift without a supporter: counted as money only", len(NOBODY)], ["gift", 1],
        ]  # fmt: skip


@pytest.mark.edge(22)
def test_fees_by_donor_know_nobody_and_spellings() -> None:
    whose = [(0, ""), (None, None), (0, " "), (1, "Ana@example.org"), (1, "ana@example.org ")]
    given = [{**MONEY, "by": by, "member_email_address": email} for by, email in whose]
    frame = transactions(*given)
    by_id = analysis.gross_fees_net(frame, by="supporter_id")
    assert rows(by_id, "supporter_id", "transactions") == [[1, 2], [None, 3]]
    by_email = analysis.gross_fees_net(frame, by="member_email_address")
    assert rows(by_email, "member_email_address", "transactions") == [["ana@example.org", 2], [None, 3]]


@pytest.mark.edge(22)
def test_ids_of_two_fetches_with_different_dtypes_are_the_same_donors() -> None:
    arrow, nullable = (
        transactions({"on": "2025-05-05"}, backend=name) for name in ("pyarrow", "numpy_nullable")
    )
    frame = pd.concat([arrow, nullable.assign(id=5)])
    gifts = analysis.gifts(frame.assign(purchased_at=nullable["purchased_at"].iloc[0]))
    assert gifts["donor_id"].tolist() == [1, 1]
    assert str(gifts["donor_id"].dtype) == "Int64"


@pytest.mark.edge(22)
def test_a_page_team_or_plan_with_the_id_zero_is_none() -> None:
    gifts = analysis.gifts(transactions({"fundraising_page_id": 0, "recurring_donation_plan_id": 0}))
    assert gifts["fundraising_page_id"].isna().all()
    assert gifts["recurring"].tolist() == [False]
    assert analysis.leaderboard(gifts.assign(fundraising_page_id=0)).empty
    assert analysis.failed_payments(transactions({"recurring_donation_plan_id": 0})).empty


@pytest.mark.edge(24)
def test_spellings_of_a_currency_are_one() -> None:
    frame = transactions({"on": "2026-01-05"}, {"on": "2026-01-06", "currency_code": "usd "})
    assert rows(analysis.by_period(analysis.gifts(frame)), "currency", "amount") == [["USD", 20.0]]
    assert analysis.gifts(transactions({"currency_code": " "})).empty
    assert analysis.retention(analysis.gifts(frame), today=TODAY)["currency"].tolist() == ["USD"]
