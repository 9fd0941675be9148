"""Lists as frames: what is sent, what comes back, warnings, batches."""

import warnings
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from support.connection import connected_to, orgs, paginator
from support.lists import Faults, Listed, rows, serve
from support.server import Reply, ScriptedServer

import classy_nb as cn
from classy_nb.catalog import load
from classy_nb.client import Classy
from classy_nb.errors import (
    DataWarning,
    DeprecatedEndpointWarning,
    IncompleteResultError,
    QueryWarning,
    UsageError,
)

CATALOG = load()


def dtypes(frame: pd.DataFrame) -> list[str]:
    return [str(dtype) for dtype in frame.dtypes]


def test_a_list_is_a_frame(connected: Classy, server: ScriptedServer) -> None:
    serve(server, 350)
    gifts = connected.transactions()
    assert gifts["id"].tolist() == [row["id"] for row in rows(350)]
    assert gifts["fees_amount"].tolist() == [float(row["fees_amount"]) for row in rows(350)]
    columns = CATALOG.columns(connected.transactions._spec.lists[1])
    assert [c.name for c in columns] == gifts.columns.tolist()
    assert str(gifts["id"].dtype) == "Int64"
    assert str(gifts["purchased_at"].dtype) == "datetime64[us, UTC]"
    assert gifts.index.tolist() == list(range(350))


def test_trap_28_an_empty_list_has_the_same_dtypes(connected: Classy, server: ScriptedServer) -> None:
    serve(server, 3)
    full = connected.transactions()
    serve(server, 0)
    empty = connected.transactions()
    assert len(empty) == 0
    assert empty.columns.tolist() == full.columns.tolist()
    assert dtypes(empty) == dtypes(full)


def test_a_frame_says_what_was_asked(connected: Classy, server: ScriptedServer) -> None:
    serve(server, 350)
    gifts = connected.transactions(where="status = success", campaign=5, include="items")
    about = gifts.attrs["classy"]
    assert about["resource"] == "transactions"
    assert about["path"] == "/campaigns/5/transactions"
    assert about["asked"] == ["with=items", "filter=status=success"]
    assert about["total"] == 175
    assert about["requests"] == 2
    assert pd.Timestamp(about["fetched_at"]).tz is not None


def test_a_count_is_one_request(connected: Classy, server: ScriptedServer) -> None:
    listed = serve(server, 350)
    assert connected.transactions.count(where="status = success") == 175
    assert listed.asked == [{"filter": "status=success", "page": "1", "per_page": "1"}]


def test_nothing_is_sent_where_the_question_makes_no_sense(connected: Classy, server: ScriptedServer) -> None:
    for asked in ({"sincee": 1}, {"where": "x = 1"}, {"fundraising_page": 1}, {"dtype_backend": "numpy"}):
        with pytest.raises(UsageError):
            connected.transactions(**asked)
    with pytest.raises(UsageError):
        connected.transactions.count(sortt="x")
    assert server.asked == []


@pytest.mark.parametrize(("name", "value"), [("limit", 5), ("sort", "id"), ("fields", "status")])
def test_a_count_takes_nothing_that_it_would_leave_out(
    connected: Classy, server: ScriptedServer, name: str, value: Any
) -> None:
    with pytest.raises(UsageError, match=rf"count\(\) takes no {name}="):
        connected.transactions.count(**{name: value})
    assert server.asked == []
    listed = serve(server, 350)
    assert connected.transactions.count(**{name: None}) == 350
    assert len(listed.asked) == 1


@pytest.mark.parametrize("progress", ["yes", 1, 0, [], "False"])
def test_progress_is_a_flag_or_a_function(
    connected: Classy, server: ScriptedServer, tmp_path: Path, progress: Any
) -> None:
    gifts = connected.transactions
    for call in (
        gifts,
        gifts.count,
        gifts.batches,
        partial(gifts.to_csv, tmp_path / "a.csv"),
        partial(gifts.to_parquet, tmp_path / "a.parquet"),
    ):
        with pytest.raises(UsageError, match="must be True, False, None or a function"):
            call(progress=progress)
    assert (server.asked, list(tmp_path.iterdir())) == ([], [])


def test_arrow_dtypes(connected: Classy, server: ScriptedServer) -> None:
    serve(server, 3)
    gifts = connected.transactions(dtype_backend="pyarrow")
    assert str(gifts["id"].dtype) == "int64[pyarrow]"
    assert gifts["id"].tolist() == [1, 4, 7]


def test_trap_18_an_ignored_filter_is_noticed(connected: Classy, server: ScriptedServer) -> None:
    serve(server, 10, Faults(filters=False))
    with pytest.warns(DataWarning, match=r"5 of 10 rows do not satisfy 'status = \.\.\.'"):
        connected.transactions(where="status = success")
    with pytest.warns(DataWarning, match="rows do not satisfy 'fees_amount > "):
        connected.transactions(where="fees_amount > 50", dtype_backend="pyarrow")


def test_trap_18_a_filter_that_holds_is_not_warned_of(connected: Classy, server: ScriptedServer) -> None:
    some = [
        {
            "id": 12,
            "status": "Success ",
            "fees_amount": "100.00",
            "is_anonymous": 1,
            "purchased_at": "2026-01-31T00:00:00+0000",
            "card_last_four": 42,
            "billing_city": None,
        }
    ]
    server.handler = lambda _: Reply(body=paginator(some))
    for backend in ("numpy_nullable", "pyarrow"):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = connected.transactions(
                where=[
                    "id = 12",
                    "id != 13",
                    "status = success",
                    "status != failed",
                    "status >= a",
                    "fees_amount <= 100",
                    "is_anonymous = true",
                    "purchased_at >= 2026-01-31",
                    "purchased_at <= 2026-01-31",
                    "card_last_four = 42",
                    "card_last_four = 0042",
                    "billing_city = Bonn",
                ],
                since="2026-01-31",
                until="2026-01-31T00:00:01Z",
                dtype_backend=backend,
            )
        assert len(found) == 1


@pytest.mark.parametrize(
    "condition",
    [
        "id = 13",
        "id != 12",
        "fees_amount < 100",
        "is_anonymous = false",
        "purchased_at > 2026-01-31",
        "purchased_at < 2026-01-31",
        "status = failed",
    ],
)
@pytest.mark.parametrize("backend", ["numpy_nullable", "pyarrow"])
def test_trap_18_each_kind_of_condition_is_checked(
    connected: Classy, server: ScriptedServer, condition: str, backend: Any
) -> None:
    some = {"id": 12, "status": "success", "fees_amount": 100, "is_anonymous": True}
    server.handler = lambda _: Reply(body=paginator([{**some, "purchased_at": "2026-01-31T00:00:00Z"}]))
    with pytest.warns(DataWarning, match="1 of 1 rows do not satisfy"):
        connected.transactions(where=condition, dtype_backend=backend)


@pytest.mark.parametrize("backend", ["numpy_nullable", "pyarrow"])
def test_trap_18_days_are_checked(connected: Classy, server: ScriptedServer, backend: Any) -> None:
    some = [{"id": 1, "next_processing_date": "2026-01-31"}, {"id": 2, "next_processing_date": None}]
    server.handler = lambda _: Reply(body=paginator(some))
    plans = connected.recurring_donation_plans
    assert len(plans(where="next_processing_date = 2026-01-31", dtype_backend=backend)) == 2
    with pytest.warns(DataWarning, match="1 of 2 rows"):
        plans(where="next_processing_date < 2026-01-31", dtype_backend=backend)


def test_the_warning_names_no_value(connected: Classy, server: ScriptedServer) -> None:
    server.handler = lambda _: Reply(body=paginator([{"id": 1, "email_address": "bob@example.org"}]))
    with pytest.warns(DataWarning) as caught:
        connected.supporters(where="email_address = ann@example.org")
    assert "example.org" not in str(caught[0].message)


def test_trap_40_deprecated_endpoints_are_warned_of(connected: Classy, server: ScriptedServer) -> None:
    serve(server, 0)
    with pytest.warns(DeprecatedEndpointWarning, match="/activity is deprecated") as caught:
        connected.activity(fundraising_team=5)
    assert caught[0].filename == __file__
    with pytest.warns(DeprecatedEndpointWarning) as caught:
        connected.activity.count(fundraising_team=5)
    assert caught[0].filename == __file__
    server.handler = lambda _: Reply(body={"id": 5})
    with pytest.warns(DeprecatedEndpointWarning):
        connected.matched_transactions.get(5)


@pytest.mark.parametrize("number", [0, 1, 350, 5100])
def test_batches(connected: Classy, server: ScriptedServer, number: int) -> None:
    serve(server, number)
    frames = list(connected.transactions.batches(rows=2500))
    assert len(frames) == max(1, round(number / 2500))
    assert pd.concat(frames)["id"].tolist() == [row["id"] for row in rows(number)]
    serve(server, 0)
    whole = connected.transactions()
    for frame in frames:
        assert dtypes(frame) == dtypes(whole)
        assert frame.attrs["classy"]["path"] == "/organizations/7/transactions"


def test_batches_are_as_small_as_asked_for(server: ScriptedServer) -> None:
    server.answers.append(Reply(body=orgs({7: "x"})))
    with connected_to(server, workers=1) as classy:
        serve(server, 350)
        assert [len(frame) for frame in classy.transactions.batches(rows=200)] == [200, 150]


def test_batches_come_in_order_of_ids_however_many_workers_there_are(
    connected: Classy, server: ScriptedServer
) -> None:
    serve(server, 3000)
    ids = [i for frame in connected.transactions.batches(rows=500) for i in frame["id"].tolist()]
    assert ids == [row["id"] for row in rows(3000)]


def test_batches_are_checked_at_once(connected: Classy, server: ScriptedServer) -> None:
    for asked in ({"rows": 0}, {"rows": True}, {"rows": 1.5}, {"sort": "id"}, {"sincee": 1}):
        with pytest.raises(UsageError):
            connected.transactions.batches(**asked)
    assert server.asked == []


def test_a_short_list_is_an_error_and_no_frame(connected: Classy, server: ScriptedServer) -> None:
    serve(server, 250, Faults(total="+5"))
    with pytest.raises(IncompleteResultError, match="250 of 255"):
        connected.transactions()


def test_trap_33_flags_are_sent_by_default(connected: Classy, server: ScriptedServer) -> None:
    serve(server, 0)
    connected.source_tracking_codes()
    sent = server.asked[0].query
    assert [sent[name] for name in ("fundraisingTeams", "fundraisingPages", "transactions")] == [["true"]] * 3


def test_a_value_that_the_document_does_not_name_is_warned_of_and_asked_for(
    connected: Classy, server: ScriptedServer
) -> None:
    serve(server, 0)
    told = r"'status = succes': the API's document does not list this value\. Did you mean 'success'\?"
    with pytest.warns(QueryWarning, match=told) as caught:
        connected.transactions(where="status = succes")
    assert caught[0].filename == __file__
    assert server.asked[0].query["filter"] == ["status=succes"]
    with pytest.warns(QueryWarning, match=r"'frequency != never': .* Known: .*monthly"):
        connected.transactions.count(where="frequency != never")


@pytest.mark.parametrize(
    "where", ["status = success", "status = cb_lost", "status > a", "billing_city = succes", "id = 5"]
)
def test_what_may_well_match_is_not_warned_of(connected: Classy, server: ScriptedServer, where: str) -> None:
    serve(server, 0)
    connected.transactions(where=where)  # a warning would fail this
    assert len(server.asked) == 1


@pytest.mark.edge(15)
def test_a_count_cannot_accept_what_is_incomplete(connected: Classy, server: ScriptedServer) -> None:
    with pytest.raises(UsageError, match=r"count\(\) takes no accept_incomplete="):
        connected.transactions.count(accept_incomplete=True)
    assert server.asked == []


@pytest.mark.edge(15)
def test_a_total_that_is_wrong_for_good_can_be_accepted_everywhere(
    connected: Classy, server: ScriptedServer, tmp_path: Path
) -> None:
    gifts, expected = connected.transactions, [row["id"] for row in rows(350)]
    calls = (
        gifts,
        lambda **asked: pd.concat(gifts.batches(rows=100, **asked)),
        lambda **asked: pd.read_csv(gifts.to_csv(tmp_path / "a.csv", **asked)),
        lambda **asked: pd.read_parquet(gifts.to_parquet(tmp_path / "a.parquet", **asked)),
        partial(connected.get, "/organizations/7/transactions"),
        partial(connected.get, "/organizations/7/members"),
    )
    for call in calls:
        serve(server, 350, Faults(total="+1"))
        with pytest.raises(IncompleteResultError, match="350 of 351 records arrived, the same ones in two"):
            call()
        with pytest.warns(DataWarning, match="350 of 351 records arrived"):
            assert call(accept_incomplete=True)["id"].tolist() == expected
        assert all("accept_incomplete" not in asked.query for asked in server.asked)


@pytest.mark.edge(4)
def test_a_value_in_another_case_and_conditions_that_exclude_each_other_are_warned_of(
    connected: Classy, server: ScriptedServer, tmp_path: Path
) -> None:
    serve(server, 0)
    gifts = connected.transactions
    calls = (gifts, gifts.count, gifts.batches, partial(gifts.to_csv, tmp_path / "a.csv"))
    for call in calls:
        with pytest.warns(QueryWarning, match=r"'status = Success': .* Did you mean 'success'\?"):
            call(where="status = Success")
        with pytest.warns(QueryWarning, match="No value of 'status' satisfies all conditions on it"):
            call(where=["status = success", "status = failed"])
        with pytest.warns(QueryWarning, match="No value of 'purchased_at' satisfies"):
            call(since="2026-02-01", where="purchased_at < 2026-02-01")


@pytest.mark.edge(4)
def test_a_day_is_a_whole_day_wherever_it_is_asked_for(server: ScriptedServer, tmp_path: Path) -> None:
    server.answers.append(Reply(body=orgs({7: "Helping Hands"})))
    with connected_to(server, timezone="America/Los_Angeles") as classy:
        gifts, where = classy.transactions, "purchased_at = 2026-01-28"
        server.handler = lambda _: Reply(body=paginator([]))
        server.asked.clear()
        gifts(where=where)
        gifts.count(where=where)
        list(gifts.batches(where=where))
        gifts.to_csv(tmp_path / "a.csv", where=where)
        gifts.to_parquet(tmp_path / "a.parquet", where=where)
        asked = {asked.query["filter"][0] for asked in server.asked}
        assert asked == {"purchased_at>=2026-01-28T08:00:00+0000,purchased_at<2026-01-29T08:00:00+0000"}
        before = len(server.asked)
        with pytest.raises(UsageError, match="no OR"):
            gifts.count(where="purchased_at != 2026-01-28")
        assert len(server.asked) == before


def test_trap_15_16_dates_arrive_encoded_once(connected: Classy, server: ScriptedServer) -> None:
    serve(server, 0)
    connected.transactions(since="2026-01-31", where="billing_city = a+b%")
    assert "purchased_at%3E%3D2026-01-31T00%3A00%3A00%2B0000" in server.asked[0].raw_query
    assert server.asked[0].query["filter"] == ["billing_city=a+b%,purchased_at>=2026-01-31T00:00:00+0000"]


@pytest.mark.edge(9)
def test_an_include_of_other_calls_is_warned_of_before_and_after(
    connected: Classy, server: ScriptedServer
) -> None:
    server.handler = Listed([{"id": 1, "items": [{"id": 11}, {"id": 12}]}]).reply
    with pytest.warns(QueryWarning, match="include='items' is sent, although") as seen:
        gifts = connected.transactions(recurring_donation_plan=5, include="items")
    assert len(seen) == 1
    assert cn.explode(gifts, "items")["id"].tolist() == [11, 12]
    assert server.asked[-1].query["with"] == ["items"]

    server.handler = Listed([{"id": 1}]).reply  # as an API answers that ignores it
    with (
        pytest.warns(QueryWarning, match="include='items' is sent"),
        pytest.warns(DataWarning, match="No row has 'items': the API seems to ignore include='items' here"),
    ):
        connected.transactions(recurring_donation_plan=5, include="items")
    with pytest.warns(QueryWarning, match="include='campaign' is sent"):
        connected.transactions.count(include="campaign")


@pytest.mark.edge(8)
def test_a_payouts_day_is_not_moved_by_a_zone(server: ScriptedServer) -> None:
    server.answers.append(Reply(body=orgs({7: "x"})))
    with connected_to(server, timezone="America/Los_Angeles") as classy:
        payout = {"id": 1, "payout_date": "2021-08-27T00:00:00.000Z"}
        page = {"current_page": 1, "data": payout, "last_page": 1, "per_page": 1, "total": 1}
        server.handler = lambda _: Reply(body=page)
        payouts = classy.payouts(payout_type="paypal", payout_date="2021-08-27")
    assert payouts["payout_date"].tolist() == [pd.Timestamp("2021-08-27")]


@pytest.mark.edge(30)
@pytest.mark.parametrize(
    "faults",
    [
        {"key_filter": "400"},
        {"key_filter": "ignored"},
        {"key_filter": "ignored", "sort": "ignored"},
        {"key_filter": "400", "sort": "400"},
    ],
)
@pytest.mark.parametrize("way", ["batches", "to_csv", "to_parquet"])
def test_batches_and_files_are_in_order_of_ids_if_only_page_numbers_work(
    connected: Classy, server: ScriptedServer, tmp_path: Path, faults: dict[str, str], way: str
) -> None:
    shuffled = sorted(rows(1250), key=lambda row: row["id"] * 7919 % 997)
    server.handler = Listed(shuffled, Faults(**faults)).reply
    if way == "batches":
        frames = list(connected.transactions.batches(rows=500))
        assert [len(frame) for frame in frames] == [500, 500, 250]
        ids = [i for frame in frames for i in frame["id"].tolist()]
    elif way == "to_csv":
        ids = cn.read_csv(connected.transactions.to_csv(tmp_path / "a.csv"))["id"].tolist()
    else:
        ids = pd.read_parquet(connected.transactions.to_parquet(tmp_path / "a.parquet"))["id"].tolist()
    assert ids == [row["id"] for row in rows(1250)]
