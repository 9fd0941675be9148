"""Lists, played back: by key, by number, empty, filtered; complete each time."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import pytest
from cassette.stage import Stage

from classy_nb import catalog

pytestmark = [pytest.mark.vcr, pytest.mark.usefixtures("whole_tape")]


def pages(vcr: Any, resource: str) -> list[dict[str, str]]:
    """Return the parameters of each request for a list."""
    return [
        {k: v[0] for k, v in parse_qs(urlsplit(request.uri).query).items()}
        for request in vcr.requests
        if request.path.endswith(f"/{resource}")
    ]


def test_trap_06_three_pages_by_key(stage: Stage, vcr: Any) -> None:
    with stage.connect() as classy:
        frame = classy.transactions(fields=["status", "total_gross_amount"])
    assert frame.shape == (250, 3)
    assert frame["id"].is_monotonic_increasing
    asked = pages(vcr, "transactions")
    assert [page.get("filter") for page in asked] == [
        None,
        f"id>{frame['id'].iloc[99]}",
        f"id>{frame['id'].iloc[199]}",
    ]
    assert {(page["sort"], page["page"], page["per_page"]) for page in asked} == {("id", "1", "100")}
    assert frame.attrs["classy"]["requests"] == 3


def test_trap_20_three_pages_by_number_where_the_key_is_refused(stage: Stage, vcr: Any) -> None:
    stage.switch(key_filter="reject")
    with stage.connect() as classy:
        frame = classy.transactions(fields=["status"])
    assert len(frame) == 250
    assert frame["id"].is_unique
    asked = pages(vcr, "transactions")
    # Each page begins with records that the one before ended with: nothing was lost in between.
    numbered = [(page["page"], page["per_page"]) for page in asked if "filter" not in page][1:]
    assert numbered == [("1", "100"), ("2", "94"), ("3", "91")]


@pytest.mark.parametrize("fault", ["page_only", "relative", "other_host", "missing"])
def test_trap_24_whatever_next_page_url_says(stage: Stage, vcr: Any, fault: str) -> None:
    stage.switch(next_page_url=fault)
    with stage.connect() as classy:
        frame = classy.activity(fields="id")
    assert len(frame) == frame.attrs["classy"]["total"] > 200
    assert {request.host for request in vcr.requests} == {"sandbox.example.org"}


def test_trap_28_an_empty_list_has_all_columns(stage: Stage) -> None:
    with stage.connect(timezone="America/Los_Angeles") as classy:
        frame = classy.transactions(where="total_gross_amount > 99999999")
    listed = catalog.load()
    (endpoint,) = [e for e in listed.endpoints if e.path == "/organizations/{organization}/transactions"]
    expected = {c.name: c.dtype("America/Los_Angeles") for c in listed.columns(endpoint)}
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == expected
    assert frame.shape == (0, len(expected))
    assert frame.attrs["classy"]["total"] == 0


def test_whole_transactions(stage: Stage) -> None:
    with stage.connect(timezone="America/Los_Angeles") as classy:
        frame = classy.transactions(where="status = success", limit=3)
    assert frame["status"].tolist() == ["success"] * 3
    assert (frame["donation_net_amount"] <= frame["total_gross_amount"]).all()
    assert frame["purchased_at"].dtype == pd.DatetimeTZDtype("us", "America/Los_Angeles")
    assert frame["id"].dtype == pd.Int64Dtype()
    assert frame["total_gross_amount"].dtype == pd.Float64Dtype()
    assert frame["card_last_four"].dropna().str.len().eq(4).all()


def test_trap_31_includes_in_the_same_row(stage: Stage, vcr: Any) -> None:
    with stage.connect() as classy:
        frame = classy.transactions(
            include=["supporter", "items"], fields=["supporter_id", "total_gross_amount"],
            where="status = success", limit=3
        )  # fmt: skip
    assert pages(vcr, "transactions")[0]["with"] == "supporter,items"
    have = frame.dropna(subset=["supporter_id"])
    assert (have["supporter.id"] == have["supporter_id"]).all()
    assert all(item["transaction_id"] == row.id for row in frame.itertuples() for item in row.items)


def test_trap_15_a_period_as_the_api_takes_it(stage: Stage, vcr: Any) -> None:
    with stage.connect(timezone="America/Los_Angeles") as classy:
        frame = classy.transactions(since="2025-12-01", until=2026, fields="purchased_at")
    assert pages(vcr, "transactions")[0]["filter"] == (
        "purchased_at>=2025-12-01T08:00:00+0000,purchased_at<2026-01-01T08:00:00+0000"
    )
    assert len(frame) > 0
    assert set(frame["purchased_at"].dt.strftime("%Y-%m")) == {"2025-12"}


def test_trap_19_largest_first_with_totals(stage: Stage, vcr: Any) -> None:
    with stage.connect() as classy:
        frame = classy.fundraising_pages(aggregates=True, sort="total_raised:desc", limit=5)
    assert pages(vcr, "fundraising-pages") == [
        {"aggregates": "true", "sort": "total_raised:desc,id", "page": "1", "per_page": "5"}
    ]
    assert frame["total_raised"].is_monotonic_decreasing
    assert frame["total_raised"].iloc[0] > 0


def test_counting_takes_one_request(stage: Stage, vcr: Any) -> None:
    with stage.connect() as classy:
        assert classy.transactions.count() == 250
    assert pages(vcr, "transactions") == [{"page": "1", "per_page": "1"}]
