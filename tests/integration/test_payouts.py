"""A month's payouts as one list, held against the sandbox's own books."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import classy_nb as cn
from classy_nb.errors import UsageError

DAY = 86_400


@pytest.fixture(scope="module")
def classy() -> Any:
    with cn.demo(transactions=6_000, timezone="America/Los_Angeles") as demo:
        yield demo


@pytest.fixture(scope="module")
def payouts(classy: Any) -> pd.DataFrame:
    return classy.payouts(since="2026-10-01", until="2026-11-01")  # type: ignore[no-any-return]


def charged(classy: Any, first: str, after: str) -> pd.DataFrame:
    """What was charged from one day on, up to another: the sandbox pays it out three days later."""
    rows = pd.DataFrame(classy.sandbox.truth("transactions"))
    rows = rows[(rows["status"] == "success") & rows["charged_at"].notna()]
    moments = pd.to_datetime(rows["charged_at"], utc=True) + pd.Timedelta(days=3)
    return rows[(moments >= pd.Timestamp(first, tz="UTC")) & (moments < pd.Timestamp(after, tz="UTC"))]


def test_gross_fees_and_net_are_those_of_the_books(classy: Any, payouts: pd.DataFrame) -> None:
    truth = charged(classy, "2026-10-01", "2026-11-01")
    lines = cn.explode(payouts, "transactions")
    assert len(truth) > 100
    assert sorted(lines["classy_transaction_id"]) == sorted(truth["id"])
    gross = round(truth["total_gross_amount"].sum() * 100)
    fees = round(truth["fees_amount"].sum() * 100)
    assert lines["transaction_amount"].sum() == gross
    assert lines["transaction_fee"].sum() == fees
    assert payouts["payout_amount"].sum() == gross - fees
    net = lines["transaction_amount"] - lines["transaction_fee"]
    by_payout = net.groupby(lines["parent_id"]).sum()
    assert by_payout.to_dict() == payouts.set_index("id")["payout_amount"].to_dict()


def test_a_row_for_each_payout(payouts: pd.DataFrame) -> None:
    assert payouts["id"].is_unique
    assert payouts["payout_date"].is_monotonic_increasing
    assert set(payouts["payout_type"]) == {"paypal", "stripe"}
    assert payouts["payout_date"].between("2026-10-01", "2026-10-31").all()
    about = payouts.attrs["classy"]
    assert about["total"] == len(payouts)
    assert about["path"].endswith("/payouts/paypal,stripe")
    assert about["asked"] == ["filter=payout_date>=2026-10-01", "filter=payout_date<2026-11-01"]


def test_each_page_is_requested_once(classy: Any, payouts: pd.DataFrame) -> None:
    by_day = payouts.groupby(["payout_date", "payout_type"]).size()
    assert payouts.attrs["classy"]["requests"] == 62 + (by_day - 1).sum()
    notes: list[str] = []
    classy.payouts(since="2026-10-01", until="2026-10-11", progress=lambda *now: notes.append(now[2]))
    assert any(" of at least 20 requests" in note for note in notes)


def test_it_is_what_the_days_hold_one_by_one(classy: Any, payouts: pd.DataFrame) -> None:
    days = [
        classy.payouts(payout_type=kind, payout_date=day)
        for day in pd.date_range("2026-10-05", "2026-10-07").strftime("%Y-%m-%d")
        for kind in ("paypal", "stripe")
    ]
    some = classy.payouts(since="2026-10-05", until="2026-10-08")
    together = pd.concat(days, ignore_index=True)
    pd.testing.assert_frame_equal(some, together)
    assert list(some["id"]) == list(
        payouts.loc[payouts["payout_date"].between("2026-10-05", "2026-10-07"), "id"]
    )
    both = classy.payouts(payout_date="2026-10-05")
    pd.testing.assert_frame_equal(both, pd.concat(days[:2], ignore_index=True))


def test_one_type(classy: Any, payouts: pd.DataFrame) -> None:
    stripe = classy.payouts(payout_type="stripe", since="October 2026")
    expected = payouts[payouts["payout_type"] == "stripe"].reset_index(drop=True)
    pd.testing.assert_frame_equal(stripe, expected)
    assert stripe.attrs["classy"]["period"] == "October 2026: 2026-10-01 to 2026-10-31"


@pytest.mark.parametrize("backend", ["numpy_nullable", "pyarrow"])
def test_a_period_without_payouts_has_the_columns(classy: Any, payouts: pd.DataFrame, backend: str) -> None:
    none = classy.payouts(since="2000-01-01", until="2000-01-05", dtype_backend=backend)
    assert none.shape == (0, payouts.shape[1])
    assert list(none.columns) == list(payouts.columns)
    if backend == "numpy_nullable":
        assert none.dtypes.to_dict() == payouts.dtypes.to_dict()
    assert cn.explode(none, "transactions").shape[0] == 0
    assert list(cn.explode(none, "transactions").columns) == list(cn.explode(payouts, "transactions").columns)


def test_counts_batches_and_files(classy: Any, payouts: pd.DataFrame, tmp_path: Path) -> None:
    asked: dict[str, Any] = {"since": "2026-10-01", "until": "2026-11-01"}
    assert classy.payouts.count(**asked) == len(payouts)
    batches = list(classy.payouts.batches(rows=50, **asked))
    pd.testing.assert_frame_equal(pd.concat(batches, ignore_index=True), payouts)
    back = cn.read_csv(classy.payouts.to_csv(tmp_path / "payouts.csv", **asked))
    assert list(back["id"]) == list(payouts["id"])
    assert back["payout_amount"].sum() == payouts["payout_amount"].sum()
    lines = cn.explode(back, "transactions")
    assert lines["transaction_fee"].sum() == cn.explode(payouts, "transactions")["transaction_fee"].sum()
    file = pd.read_parquet(classy.payouts.to_parquet(tmp_path / "payouts.parquet", **asked))
    assert list(file["id"]) == list(payouts["id"])


def test_sort_and_limit(classy: Any, payouts: pd.DataFrame) -> None:
    asked: dict[str, Any] = {"since": "2026-10-01", "until": "2026-11-01"}
    first = classy.payouts(**asked, limit=7)
    assert list(first["id"]) == list(payouts["id"][:7])
    largest = payouts.sort_values("payout_amount", ascending=False, kind="stable")
    assert list(classy.payouts(**asked, sort="-payout_amount")["id"]) == list(largest["id"])
    assert list(classy.payouts(**asked, sort="-payout_amount", limit=5)["id"]) == list(largest["id"][:5])


def test_only_some_columns(classy: Any, payouts: pd.DataFrame) -> None:
    some = classy.payouts(since="2026-10-01", until="2026-11-01", fields="payout_amount")
    assert list(some.columns) == ["id", "payout_amount"]
    assert some["payout_amount"].sum() == payouts["payout_amount"].sum()


@pytest.mark.parametrize(
    ("keywords", "said"),
    [
        ({}, "payouts needs since=, or payout_date="),
        ({"until": "2026-10-01"}, "payouts needs since=, or payout_date="),
        ({"payout_type": "stripe"}, "payouts needs since=, or payout_date="),
        ({"payout_date": "2026-10-01", "since": "last month"}, "Give one or the other."),
        ({"payout_date": "last month"}, "is not one day: "),
        ({"payout_date": "soon"}, "payout_date='soon' is not a date or a period"),
        ({"since": "2026-10-02", "until": "2026-10-02"}, "is not before until="),
        ({"since": "2026-10-01T10:00"}, "has a time, but is compared with days"),
        ({"since": "last month", "payout_type": "banana"}, "must be one of paypal, stripe"),
        ({"since": "last month", "by": "payout_created_at"}, "needs payout_date=, too"),
        ({"since": "last month", "sort": "transactions"}, "sort= names an unknown column"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_is_sent(
    classy: Any, keywords: dict[str, Any], said: str
) -> None:
    for call in (classy.payouts, classy.payouts.count):
        if "sort" in keywords and call is not classy.payouts:
            continue
        with pytest.raises(UsageError) as caught:
            call(**keywords)
        assert said in str(caught.value)


def test_without_an_end_today_is_the_last_day(classy: Any) -> None:
    today = pd.Timestamp.now("America/Los_Angeles")
    since = (today - pd.Timedelta(days=3)).strftime("%Y-%m-%d")
    assert classy.payouts(since=since).attrs["classy"]["asked"] == [
        f"filter=payout_date>={since}",
        f"filter=payout_date<{(today + pd.Timedelta(days=1)).strftime('%Y-%m-%d')}",
    ]


def test_words_for_one_day(classy: Any) -> None:
    yesterday = (pd.Timestamp.now("America/Los_Angeles") - pd.Timedelta(days=1)).strftime("%Y-%m-%d")
    about = classy.payouts(payout_date="yesterday").attrs["classy"]
    assert about["asked"] == [f"payout_date={yesterday}"]
    assert about["period"] == f"yesterday: {yesterday}"
