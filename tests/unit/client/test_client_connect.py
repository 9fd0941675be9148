"""Connecting: arguments, organizations, cards; nothing secret shows."""

import traceback
from pathlib import Path
from typing import Any

import pytest
from support.connection import CANARY, CLIENT_ID, connected_to, orgs, paginator
from support.server import TOKEN, Reply, ScriptedServer
from support.threads import together

import classy_nb as cn
from classy_nb.client import Classy
from classy_nb.errors import ClassyError, CredentialsError, LoginError, ServerError, UsageError

TWO = {7: "Helping Hands", 9: "Second <b>Chance</b>"}


def answer_orgs(server: ScriptedServer, names: dict[int, str]) -> None:
    server.answers.append(Reply(body=orgs(names)))


def test_trap_05_the_organization_is_found(server: ScriptedServer) -> None:
    answer_orgs(server, {7: "Helping Hands"})
    with connected_to(server) as classy:
        assert (classy.organization, classy.organization_name, classy.timezone) == (7, "Helping Hands", "UTC")
    login, listed = server.asked
    assert login.path == "/oauth2/auth"
    assert listed.path == f"/2.0/apps/{CLIENT_ID}/organizations"
    assert listed.query == {"sort": ["id"], "page": ["1"], "per_page": ["100"]}


def test_trap_05_of_several_organizations_one_has_to_be_chosen(server: ScriptedServer) -> None:
    answer_orgs(server, TWO)
    with pytest.raises(UsageError) as caught:
        connected_to(server)
    assert str(caught.value) == (
        "The application sees 2 organizations. "
        "Choose with organization=: Helping Hands: 7; Second <b>Chance</b>: 9."
    )


@pytest.mark.parametrize("chosen", [9, "9"])
def test_an_organization_may_be_chosen(server: ScriptedServer, chosen: Any) -> None:
    answer_orgs(server, TWO)
    with connected_to(server, organization=chosen) as classy:
        assert classy.organization == 9
        server.answers.append(Reply(body=paginator([])))
        assert classy.transactions.count() == 0
    assert server.asked[-1].path == "/2.0/organizations/9/transactions"


def test_an_organization_that_is_not_seen_is_refused(server: ScriptedServer) -> None:
    answer_orgs(server, TWO)
    with pytest.raises(UsageError, match=r"does not see an organization with id 5. It sees Helping Hands: 7"):
        connected_to(server, organization=5)
    answer_orgs(server, {})
    with pytest.raises(UsageError, match="It sees none"):
        connected_to(server, organization=5)


def test_no_organization_at_all(server: ScriptedServer) -> None:
    answer_orgs(server, {})
    with pytest.raises(ClassyError, match=r"sees no organization\. Ask the organization's administrator"):
        connected_to(server)


@pytest.mark.parametrize("status", [403, 404])
def test_where_organizations_may_not_be_listed_the_id_is_believed(
    server: ScriptedServer, status: int
) -> None:
    server.answers.append(Reply(status, {"error": "This action is unauthorized."}))
    with connected_to(server, organization=7) as classy:
        assert (classy.organization, classy.organization_name) == (7, None)
        assert "name unknown (id 7)" in repr(classy)
    server.answers.append(Reply(status, {"error": "This action is unauthorized."}))
    with pytest.raises(ClassyError):
        connected_to(server)


def test_other_failures_are_not_overlooked(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    from classy_nb.http.retry import Retry

    monkeypatch.setattr("classy_nb.http.client.Retry", lambda: Retry(pause=lambda _: None))
    server.handler = lambda _: Reply(500, {})
    with pytest.raises(ServerError):
        connected_to(server, organization=7)


def test_names_that_are_missing_and_ids_that_are_text(server: ScriptedServer) -> None:
    server.answers.append(Reply(body=paginator([{"id": "7", "name": None}])))
    with connected_to(server) as classy:
        assert (classy.organization, classy.organization_name) == (7, None)


def test_settings_come_from_a_file(server: ScriptedServer, tmp_path: Path) -> None:
    file = tmp_path / "settings.env"
    file.write_text(
        f"CLASSY_CLIENT_ID={CLIENT_ID}\nCLASSY_CLIENT_SECRET={CANARY}\nCLASSY_ORGANIZATION_ID=9\n"
        f"CLASSY_BASE_URL={server.base_url}\nCLASSY_TOKEN_URL={server.token_url}\n"
        "CLASSY_TIMEZONE=America/Los_Angeles\n"
    )
    file.chmod(0o600)
    answer_orgs(server, TWO)
    with cn.connect(env_file=file) as classy:
        assert classy.organization == 9
        assert classy.timezone == "America/Los_Angeles"
    answer_orgs(server, TWO)
    with cn.connect(env_file=file, organization=7, timezone="UTC") as classy:
        assert classy.organization == 7
        assert classy.timezone == "UTC"


def test_without_credentials_nothing_is_sent(
    server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(CredentialsError) as caught:
        cn.connect(base_url=server.base_url, token_url=server.token_url)
    assert not isinstance(caught.value, LoginError)
    assert server.asked == []


@pytest.mark.parametrize("workers", [0, 65, -1, 1.5, "8", True, None])
def test_workers_are_checked(server: ScriptedServer, workers: Any) -> None:
    with pytest.raises(UsageError, match="workers="):
        connected_to(server, workers=workers)
    assert server.asked == []


def test_other_arguments_are_checked(server: ScriptedServer) -> None:
    for bad in (
        {"requests_per_minute": 0},
        {"headers": {"Authorization": "x"}},
        {"timezone": "Mars/Olympus"},
        {"organization": "seven"},
    ):
        with pytest.raises(UsageError):
            connected_to(server, **bad)
    assert server.asked == []


def test_headers_go_with_logins_and_data(server: ScriptedServer) -> None:
    answer_orgs(server, {7: "x"})
    with connected_to(server, headers={"x-integration-id": "abc"}):
        assert [asked.headers["x-integration-id"] for asked in server.asked] == ["abc", "abc"]


def test_the_limit_reaches_the_pacer(server: ScriptedServer) -> None:
    answer_orgs(server, {7: "x"})
    with connected_to(server, requests_per_minute=300) as classy:
        assert classy._session.http.rate_limit.limit == 300


def test_the_card(server: ScriptedServer) -> None:
    server.answers.append(Reply(body=orgs({9: TWO[9]}), headers={"X-RateLimit-Remaining": "1741"}))
    with connected_to(server, timezone="Europe/Berlin") as classy:
        text, html = repr(classy), classy._repr_html_()
    assert text.splitlines() == [
        "Classy connection",
        "  organization   Second <b>Chance</b> (id 9)",
        "  token          token renews in 119 min",
        "  requests left  1,741 this minute",
        "  time zone      Europe/Berlin",
        f"  data           {server.base_url} (read-only)",
        "  next           .resources() lists what there is; .transactions says what one is",
    ]
    assert "Second &lt;b&gt;Chance&lt;/b&gt; (id 9)" in html
    assert "<b>" not in html
    for shown in (text, html):
        for hidden in (CANARY, CLIENT_ID, TOKEN["access_token"]):
            assert str(hidden) not in shown


def test_the_card_where_the_api_says_no_limit(connected: Classy) -> None:
    assert "the API does not say" in repr(connected)


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


def test_the_card_of_a_resource(connected: Classy) -> None:
    text = repr(connected.transactions)
    lines = {line[:16].strip(): line[16:].strip() for line in text.splitlines()[1:]}
    assert text.splitlines()[0] == "transactions"
    assert "transactions(campaign=...)" in lines["lists"]
    assert lines["records"] == "transactions.get(transaction)"
    assert lines["business date"] == "purchased_at"
    assert "supporter" in lines["include"]
    assert "holds every status" in lines["mind"]
    assert "id (Int64)" in text
    html = connected.transactions._repr_html_()
    assert html.startswith("<div><strong>transactions</strong>")
    assert "where=&#x27;status = success&#x27;" in html


def test_the_card_says_what_is_required_deprecated_and_for_members(connected: Classy) -> None:
    assert "payouts(payout_type=..., payout_date=...)" in repr(connected.payouts)
    assert "deprecated" in repr(connected.matched_transactions)
    assert "members only" in repr(connected.me)
    assert "none: since= needs by=" in repr(connected.activity)
    for name in connected.resources()["resource"]:
        resource = getattr(connected, name)
        assert repr(resource).startswith(name)
        assert resource.name == name
        assert resource._repr_html_().count("<table>") == 1


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
    assert len(columns) == len(
        connected._session.queries.catalog.columns(connected.transactions._kind.lists[0])
    )


def test_the_signature_has_this_resources_keywords(connected: Classy) -> None:
    import inspect

    names = list(inspect.signature(connected.transactions).parameters)
    assert names[:3] == ["since", "until", "by"]
    assert {"campaign", "recurring_donation_plan", "organization"} <= set(names)
    assert "fundraising_teams" in inspect.signature(connected.source_tracking_codes).parameters
