"""Questions are checked in our own words, and what was fetched is remembered for a while."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

pytest.importorskip("mcp")

from support.giving import connected

from classy_nb.assistant import Reader, reader
from classy_nb.assistant.reader import Refusal
from classy_nb.sandbox import Sandbox


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox(transactions=120, requests_per_minute=0) as started:
        yield started


@pytest.fixture
def live(box: Sandbox) -> Iterator[Reader]:
    with connected(box) as classy:
        box.reset_log()
        yield Reader(classy)


def test_what_was_fetched_is_good_for_a_while(
    live: Reader, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = live.read("transactions", fields=["id", "status"])
    requests = len(box.requests)
    assert live.read("transactions", fields=["id", "status"]) is first
    assert len(box.requests) == requests
    assert live.read("transactions", fields=["id"]) is not first
    monkeypatch.setattr(reader, "_FRESH", 0.0)
    assert live.read("transactions", fields=["id", "status"]) is not first


def test_only_some_frames_are_kept(live: Reader) -> None:
    for limit in range(1, 10):
        live.read("transactions", limit=limit)
    assert len(live._frames) == reader._KEPT


class Copy:
    """What a reader asks of a mirror."""

    organization, timezone = 7, "America/Los_Angeles"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.about = {
            "organization_name": "Helping\nHands",
            "fiscal_year_start": "7",
            "since": "2026-01-01T08:00Z",
        }
        self.refresh()

    def refresh(self) -> None:
        self.refreshed_at = datetime.now(UTC)
        self.path.write_text("")
        os.utime(self.path, ns=(0, time.perf_counter_ns()))

    def __dir__(self) -> list[str]:
        return ["path", "transactions"]

    def transactions(self, **keywords: Any) -> pd.DataFrame:
        return pd.DataFrame({"id": [1]})


def test_a_refreshed_mirror_is_read_again(tmp_path: Path) -> None:
    mirror = Copy(tmp_path / "classy.duckdb")
    copy = Reader(mirror)  # type: ignore[arg-type]
    facts, before = copy.facts(), copy.read("transactions", fields=["id"])
    assert (facts.source, facts.organization["name"]) == ("mirror (a local copy)", "Helping Hands")
    assert (facts.fiscal_year_start, facts.begins, list(facts.lists)) == (
        7,
        "2026-01-01T08:00Z",
        ["transactions"],
    )
    assert copy.facts() is facts
    assert copy.read("transactions", fields=["id"]) is before
    mirror.refresh()
    after = copy.read("transactions", fields=["id"])
    assert after is not before
    assert after.as_of == mirror.refreshed_at > before.as_of
    with pytest.raises(Refusal, match=r"^This mirror does not hold that list\. It holds: transactions\.$"):
        copy.list_of("campaigns")
    with pytest.raises(Refusal, match=r"^This resource has single records only"):
        copy.list_of("me")


def test_days_of_a_period(live: Reader) -> None:
    span = live.span("2026-03-08", "2026-03-09T12:00")
    assert (span.first_day, span.last_day) == ("2026-03-08", "2026-03-09")
    span = live.span("January 2026", None)
    assert (span.first_day, span.last_day) == ("2026-01-01", "2026-01-31")
    assert (live.span(None, "2026").first_day, live.span(None, "2026").last_day) == (None, "2025-12-31")


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("status", "A condition in 'where' is not one."),
        ("stauts = success", "'transactions' has no such column. Did you mean 'status'"),
        (
            "total_gross_amount > lots",
            "The condition on 'total_gross_amount' has no plain number such as 1250.50.",
        ),
        ("campaign_id = one", "The condition on 'campaign_id' has no whole number."),
        ("purchased_at > soon", "The condition on 'purchased_at' has no date such as 2026-10-31."),
        ("status = a,b", "The condition on 'status' has a value that cannot be compared"),
        ("status = success and comment = a", "The condition on 'status' looks like several in one text."),
        ("comment = hello", "'comment' is personal or was typed by the public"),
    ],
)
def test_a_condition_that_is_refused(live: Reader, condition: str, said: str) -> None:
    with pytest.raises(Refusal) as caught:
        live.conditions(live.list_of("transactions"), [condition])
    assert str(caught.value).startswith(said)


def test_personal_conditions_if_the_server_was_started_so(box: Sandbox) -> None:
    with connected(box) as classy:
        one = Reader(classy, allow_personal=True)
        assert one.conditions(one.list_of("supporters"), ["last_name = Rivera"]) == ["last_name = Rivera"]
        assert one.parents("campaigns", {"member": 7}) == {"member": 7}


def test_what_a_list_is_not_known_to_have_is_remarked(live: Reader) -> None:
    [remark] = live.remarks(live.list_of("transactions"), ["status = Success", "status != failed"])
    assert remark.startswith("'status' is not known to have the value that was asked for. Known: test, ")


def test_parents(live: Reader) -> None:
    assert live.parents("transactions", {}) == {}
    assert live.parents("transactions", {"campaign": 5}) == {"campaign": 5}
    for given, said in (
        (
            {"supporter": 5},
            "'transactions' has no such parent, or one that is a person. It has: campaign, recurring",
        ),
        (
            {"campaign": 5, "recurring_donation_plan": 6},
            "'transactions' needs the id of a parent in 'parents'",
        ),
    ):
        with pytest.raises(Refusal) as caught:
            live.parents("transactions", given)
        assert str(caught.value).startswith(said)
    with pytest.raises(Refusal, match=r"^'ecards' needs the id of a parent"):
        live.parents("ecards", {})
    with pytest.raises(Refusal, match=r"can only be asked for a person"):
        live.parents("asr_messages", {})


def test_lists_of_one_resource_may_hold_different_records(live: Reader) -> None:
    assert live.list_of("channels").record == "OrganizationChannel"
    assert live.list_of("channels", {"campaign": 5}).record == "CampaignChannel"


def test_a_date_that_a_period_refers_to(live: Reader) -> None:
    this_year = live.span("2026", None)
    assert live.date_column(live.list_of("transactions"), None, this_year) == "purchased_at"
    assert live.date_column(live.list_of("transactions"), "refunded_at", this_year) == "refunded_at"
    assert live.date_column(live.list_of("transactions"), None, live.span(None, None)) is None
    with pytest.raises(Refusal, match=r"must name a column with dates that are not personal"):
        live.date_column(live.list_of("registrations"), "date_of_birth", this_year)
    with pytest.raises(
        Refusal, match=r"^'designations' has no business date: name one in 'by' \(|has no date"
    ):
        live.date_column(live.list_of("transaction_items"), None, this_year)
    with pytest.raises(Refusal, match=r"^'payouts' needs 'since'"):
        live.date_column(live.list_of("payouts"), None, live.span(None, None))
