"""A connection: shared by threads, with resources as attributes and errors that help."""

import traceback

import pytest
from support.connection import paginator
from support.server import Reply, ScriptedServer
from support.threads import together

from classy_nb.catalog import load
from classy_nb.client import Classy


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
    with pytest.raises(AttributeError, match=r"'gifts'\. resources\(\) lists what there is\.$"):
        _ = connected.gifts  # type: ignore[attr-defined]
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
