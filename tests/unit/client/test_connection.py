"""A connection: shared by threads, with resources as attributes and errors that help."""

import copy
import gc
import pickle
import traceback
import weakref
from pathlib import Path
from typing import Any

import pytest
from support.connection import CLIENT_ID, connected_to, orgs, paginator
from support.lists import Listed, rows
from support.server import Reply, ScriptedServer
from support.threads import together

from classy_nb.catalog import load
from classy_nb.client import Classy
from classy_nb.errors import ConnectionClosedError, NotLoggedInError


def test_threads_share_a_connection(connected: Classy, server: ScriptedServer) -> None:
    server.handler = lambda asked: Reply(body=paginator([], total=int(asked.path.split("/")[3])))
    found: dict[int, int] = {}

    def ask(number: int) -> None:
        found[number] = connected.transactions.count(campaign=number)

    together(ask, [(number,) for number in range(1, 33)])
    assert found == {number: number for number in range(1, 33)}
    assert server.token_requests == []


def test_closing_twice_is_fine(connected: Classy) -> None:
    connected.close()
    connected.close()


def test_the_resources_table(connected: Classy, server: ScriptedServer) -> None:
    table = connected.resources()
    assert list(table.columns) == [
        "resource",
        "parents",
        "one",
        "columns",
        "include",
        "include_one",
        "date",
        "deprecated",
        "member_only",
    ]
    gifts = table.set_index("resource").loc["transactions"]
    assert (gifts["parents"], gifts["date"]) == (
        "campaign, organization, recurring_donation_plan",
        "purchased_at",
    )
    assert len(table) == 73
    assert server.asked == []


def test_unknown_attributes_are_attribute_errors(connected: Classy) -> None:
    with pytest.raises(
        AttributeError, match=r"'transaction'\. Did you mean 'transactions'\? resources\(\) "
    ) as one:
        _ = connected.transaction  # type: ignore[attr-defined]
    assert "".join(traceback.format_exception(one.value)).count("Did you mean") == 1
    with pytest.raises(
        AttributeError,
        match=r"'zzqx'\. resources\(\) lists what there is, find\('zzqx'\) searches all of it\.$",
    ):
        _ = connected.zzqx  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match=r"has no attribute '_repr_png_'$"):
        _ = connected._repr_png_  # type: ignore[attr-defined]
    with pytest.raises(AttributeError):
        _ = connected.transactions.all  # type: ignore[attr-defined]


def test_columns_are_a_frame(connected: Classy) -> None:
    columns = connected.transactions.columns.set_index("column")
    assert columns.loc["id", "dtype"] == "Int64"
    assert columns.loc["purchased_at", "dtype"] == "datetime64[us, UTC]"
    assert columns.loc["billing_postal_code", "dtype"] == "string"
    assert bool(columns.loc["fundraising_page_id", "nullable"]) is True
    assert columns.loc["payment_type", "values"] == ("Credit Card", "ACH", "PayPal", "Venmo", "Crypto")
    assert columns.loc["billing_city", "values"] == ()
    assert columns.loc["campaign_id", "joins_to"] == "campaigns.id"
    assert columns.loc["purchased_at", "meaning"] == "When the donor gave: the date to report by"
    assert len(columns) == len(load().columns(load().resources["transactions"].lists[0]))


def test_the_signature_has_this_resources_keywords(connected: Classy) -> None:
    import inspect

    names = list(inspect.signature(connected.transactions).parameters)
    assert names[:3] == ["since", "until", "by"]
    assert {"campaign", "recurring_donation_plan", "organization"} <= set(names)
    assert "fundraising_teams" in inspect.signature(connected.source_tracking_codes).parameters


@pytest.mark.edge(30)
def test_a_closed_connection_refuses_every_call_by_name(connected: Classy, server: ScriptedServer) -> None:
    server.handler = lambda _: Reply(body=paginator([{"id": 1}]))
    gifts, panel = connected.transactions, connected.explore()
    batches = gifts.batches()
    connected.close()
    connected.close()
    uses: list[Any] = [
        gifts,
        lambda: connected.campaigns(limit=1),
        lambda: gifts.get(1),
        gifts.count,
        lambda: next(batches),
        lambda: list(gifts.batches()),
        lambda: gifts.to_csv("never.csv"),
        lambda: gifts.columns,
        lambda: connected.get("/campaigns/1"),
        lambda: connected.organization,
        lambda: connected.timezone,
        connected.explore,
        lambda: connected.__enter__().transactions(),
        lambda: copy.copy(connected),
        lambda: pickle.dumps(connected),
    ]
    for use in uses:
        with pytest.raises(ConnectionClosedError) as caught:
            use()
        assert str(caught.value) == (
            "This connection is closed. Open a new one with connect(), login() or demo()."
        )
        assert isinstance(caught.value, NotLoggedInError)
    assert server.asked == []
    assert repr(connected) == str(caught.value)
    assert repr(gifts) == f"transactions: {caught.value}"
    panel.close()


@pytest.mark.edge(30)
def test_a_closed_connection_has_forgotten_token_and_secret(server: ScriptedServer) -> None:
    server.handler = lambda _: Reply(body=orgs({7: "Helping Hands"}))
    classy = connected_to(server)
    session: Any = classy._session
    token, kept = weakref.ref(session.http.auth._token), weakref.ref(session.credentials)
    del session
    gifts = classy.transactions
    classy.close()
    gc.collect()
    assert token() is None
    assert kept() is None
    assert gifts.name == "transactions"


@pytest.mark.edge(30)
def test_a_fetch_that_is_under_way_ends_with_the_connection(
    connected: Classy, server: ScriptedServer
) -> None:
    server.handler = Listed(rows(2500)).reply
    batches = connected.transactions.batches(rows=100)
    next(batches)
    connected.close()
    with pytest.raises(ConnectionClosedError):
        list(batches)


@pytest.mark.edge(30)
def test_the_client_id_is_in_no_frame_s_attrs(
    connected: Classy, server: ScriptedServer, tmp_path: Path
) -> None:
    server.handler = lambda _: Reply(body=paginator([{"id": 1, "name": "Helping Hands"}]))
    frames = [
        connected.organizations(),
        connected.organizations(app=CLIENT_ID),
        connected.get(f"/apps/{CLIENT_ID}/organizations"),
        next(iter(connected.organizations.batches())),
        connected.organizations(limit=1),
    ]
    for frame in frames:
        assert frame.attrs["classy"]["path"] == "/apps/***/organizations"
        assert CLIENT_ID not in str(frame.attrs)
    for file in (
        connected.organizations.to_parquet(tmp_path / "a.parquet"),
        connected.organizations.to_csv(tmp_path / "a.csv"),
    ):
        assert CLIENT_ID.encode() not in file.read_bytes()
