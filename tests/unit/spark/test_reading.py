"""One partition, read as an executor reads it: all rows of its range, or an error."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

import classy_nb as cn
from classy_nb.errors import CredentialsError, DataWarning, IncompleteResultError
from classy_nb.sandbox import Sandbox
from classy_nb.spark import reading
from classy_nb.spark.options import read_options
from classy_nb.spark.planning import Part, plan
from classy_nb.spark.reading import read

if TYPE_CHECKING:
    from collections.abc import Iterator


def planned(**options: str) -> list[Part]:
    return plan(read_options({"resource": "transactions", **options}))


def table(parts: list[Part]) -> pa.Table:
    return pa.Table.from_batches([batch for part in parts for batch in read(part)])


def assert_equal_to_the_frame(found: pa.Table, expected: pa.Table) -> None:
    assert found.column_names[1:-1] == expected.column_names
    for name in expected.column_names:
        assert found[name].cast(expected[name].type).equals(expected[name]), name


@pytest.mark.parametrize(
    ("options", "keywords"),
    [
        ({}, {}),
        ({"since": "2025"}, {"since": 2025}),
        ({"since": "last year"}, {"since": "last year"}),
        (
            {"where": "status = success, total_gross_amount >= 50", "fields": "status,purchased_at"},
            {"where": ["status = success", "total_gross_amount >= 50"], "fields": ["status", "purchased_at"]},
        ),
        ({"include": "supporter", "until": "2024"}, {"include": "supporter", "until": 2024}),
    ],
)
def test_all_partitions_together_are_the_frame(
    box: Sandbox, options: dict[str, str], keywords: dict[str, object]
) -> None:
    found = table(planned(**options))
    with cn.connect() as classy:
        expected = classy.transactions.to_arrow(flat=True, decimal=True, **keywords)
    assert len(found) > 100
    assert set(found["_organization_id"].to_pylist()) == {box.organization_id}
    assert found["_unknown"].null_count == len(found)
    assert_equal_to_the_frame(found, expected)


def test_a_list_that_is_not_cut_is_read_whole(box: Sandbox) -> None:
    parts = planned(resource="payouts", since="2026-11-01", until="2026-11-20")
    with cn.connect() as classy:
        expected = classy.payouts.to_arrow(since="2026-11-01", until="2026-11-20", flat=True, decimal=True)
    found = table(parts)
    assert len(found) == len(expected) > 0
    assert found["payout_date"].to_pylist() == expected["payout_date"].to_pylist()


def test_the_same_partition_read_twice_gives_the_same_rows(box: Sandbox) -> None:
    (part, *_) = planned()
    assert table([part]).equals(table([part]))


def test_a_reader_keeps_to_its_share_of_the_quota(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []
    real = reading.HttpOptions

    def noted(workers: int, requests_per_minute: int) -> object:
        opened.append((workers, requests_per_minute))
        return real(workers, requests_per_minute)

    monkeypatch.setattr(reading, "HttpOptions", noted)
    (part, *_) = planned(requests_per_minute="1000", workers="3")
    list(read(part))
    assert opened == [(3, 225)]


@pytest.fixture
def own_box(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A sandbox of the test's own, whose records may change."""
    with Sandbox(transactions=300) as started:
        monkeypatch.setenv("CLASSY_CLIENT_ID", started.client_id)
        monkeypatch.setenv("CLASSY_CLIENT_SECRET", started.client_secret)
        monkeypatch.setenv("CLASSY_BASE_URL", started.base_url)
        monkeypatch.setenv("CLASSY_TOKEN_URL", started.token_url)
        yield started


def test_gifts_that_arrive_after_the_plan_are_left_to_the_next_one(own_box: Sandbox) -> None:
    parts = planned()
    new = own_box.insert_transactions(3)
    found = table(parts)
    assert len(found) == 300
    assert not {*found["id"].to_pylist()} & {*new}


def test_gifts_that_are_deleted_after_the_plan_are_not_missing(own_box: Sandbox) -> None:
    parts = planned()
    gone = own_box.delete_transactions(2)
    with pytest.warns(DataWarning, match="had 300 rows when it was planned, and has 298 now"):
        found = table(parts)
    assert len(found) == 298
    assert not {*found["id"].to_pylist()} & {*gone}


def test_rows_that_are_missing_are_an_error(own_box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    (part,) = planned()
    monkeypatch.setattr(reading, "batches", lambda *_: iter(()))
    real = reading.open_session

    def losing(*arguments: object) -> object:
        session = real(*arguments)
        tables = session.fetcher.tables
        session.fetcher.tables = lambda *a, **k: (t.slice(0, 250) for t in tables(*a, **k))
        return session

    monkeypatch.setattr(reading, "open_session", losing)
    with pytest.raises(IncompleteResultError, match="250 rows came of the range of ids"):
        list(read(part))


@pytest.mark.parametrize("wrong", ["after", "until"])
def test_rows_from_outside_of_the_range_are_an_error(
    own_box: Sandbox, wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (part,) = planned()
    assert part.after is not None
    assert part.until is not None
    real = reading.open_session

    def other_list(*arguments: object) -> object:
        session = real(*arguments)
        tables = session.fetcher.tables
        query = session.queries.for_list(read_options({"resource": "transactions"}).spec).with_decimals()
        session.fetcher.tables = lambda _query, rows, **_: tables(query, rows, progress=False)
        return session

    monkeypatch.setattr(reading, "open_session", other_list)
    part = replace(part, after=part.after + 50) if wrong == "after" else replace(part, until=part.until - 50)
    with pytest.raises(IncompleteResultError, match="do not belong to the range of ids"):
        list(read(part))


def test_an_executor_without_credentials_says_so(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    (part, *_) = planned()
    monkeypatch.delenv("CLASSY_CLIENT_ID")
    with pytest.raises(CredentialsError, match="CLASSY_CLIENT_ID is not set in the environment of"):
        list(read(part))


def test_keys_that_the_catalog_does_not_know_are_kept(own_box: Sandbox) -> None:
    own_box.faults.extra_keys = {"shoe_size": 43}
    found = table(planned())
    assert {*found["_unknown"].to_pylist()} == {'{"shoe_size": 43}'}
