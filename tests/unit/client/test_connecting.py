"""Connecting: the token first, then the organization; arguments are checked before anything is sent."""

import re
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from support.connection import CANARY, CLIENT_ID, WRONG_CANARY, connected_to, orgs, paginator
from support.lists import Listed
from support.server import Reply, ScriptedServer

import classy_nb as cn
from classy_nb.errors import (
    ClassyError,
    CredentialsError,
    DataWarning,
    IncompleteResultError,
    LoginError,
    ServerError,
    UsageError,
)
from classy_nb.http import RetryPolicy

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
        "Choose with organization=: Helping Hands: 7; Second <b>Chance</b>: 9. "
        "Sources: client id from the argument client_id=; client secret from the argument client_secret=; "
        "base_url from the argument base_url=; token_url from the argument token_url=; defaults otherwise."
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


def test_an_application_without_organization_is_refused(server: ScriptedServer) -> None:
    answer_orgs(server, {})
    with pytest.raises(ClassyError, match=r"sees no organization\. Ask the organization's administrator"):
        connected_to(server)


@pytest.mark.edge(10)
@pytest.mark.parametrize("status", [200, 400, 401, 403, 404])
def test_without_a_listing_the_error_names_organization(server: ScriptedServer, status: int) -> None:
    server.handler = lambda _: Reply(status, orgs({}) if status == 200 else {"error": "Not for you."})
    with pytest.raises(ClassyError, match=r"pass organization= to connect\(\) .*CLASSY_ORGANIZATION_ID"):
        connected_to(server)


@pytest.mark.edge(15)
def test_a_listing_that_hides_organizations_is_not_needed_for_one(server: ScriptedServer) -> None:
    server.handler = lambda asked: (
        Reply(body={**orgs({7: "Helping Hands"}), "total": 2})
        if asked.path.endswith("/organizations")
        else Reply(body={"id": 7, "name": "Helping Hands", "timezone_identifier": "America/New_York"})
    )
    with pytest.raises(IncompleteResultError) as caught:
        connected_to(server)
    assert "1 of 2 records arrived" in str(caught.value)
    assert "or use --organization in a shell: then nothing has to be listed." in str(caught.value)
    assert "accept_incomplete" not in str(caught.value), "which connect() does not take"
    with connected_to(server, organization=7) as classy:
        assert (classy.organization, classy.organization_name) == (7, "Helping Hands")


UNKNOWN = r"Dates and times are in UTC: the organization's is unknown\. Pass timezone="


@pytest.mark.edge(10)
@pytest.mark.parametrize("status", [200, 400, 401, 403, 404])
def test_where_organizations_may_not_be_listed_the_id_is_believed(
    server: ScriptedServer, status: int
) -> None:
    server.handler = lambda asked: (
        Reply(status, orgs({}) if status == 200 else {"error": "This action is unauthorized."})
        if asked.path.endswith("/organizations")
        else Reply(403, {"error": "This action is unauthorized."})
    )
    with pytest.warns(DataWarning, match=UNKNOWN):
        classy = connected_to(server, organization=7)
    with classy:
        assert (classy.organization, classy.organization_name) == (7, None)
        assert "name unknown (id 7)" in repr(classy)
        assert "UTC (the organization's is unknown)" in repr(classy)
    with connected_to(server, organization=7, timezone="Asia/Tokyo") as classy:
        assert classy.timezone == "Asia/Tokyo"


@pytest.mark.edge(10)
@pytest.mark.edge(7)
@pytest.mark.parametrize("status", [200, 403, 500])
def test_an_organization_that_is_not_listed_is_looked_up(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setattr("classy_nb.http.client.RetryPolicy", lambda: RetryPolicy(base=0))
    record = {"id": 7, "name": "Helping Hands", "timezone_identifier": "America/New_York"}
    server.handler = lambda asked: (
        Reply(body=record)
        if asked.path == "/2.0/organizations/7"
        else Reply(status, orgs({}) if status == 200 else {})
    )
    with connected_to(server, organization=7) as classy:
        assert (classy.organization_name, classy.timezone) == ("Helping Hands", "America/New_York")


@pytest.mark.edge(10)
def test_the_environment_names_the_organization_too(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLASSY_ORGANIZATION_ID", "7")
    server.answers.append(Reply(403, {"error": "This action is unauthorized."}))
    with connected_to(server, timezone="UTC") as classy:
        assert classy.organization == 7


def zoned(server: ScriptedServer, *zones: Any) -> None:
    records = [{"id": 7 + n, "name": "x", "timezone_identifier": zone} for n, zone in enumerate(zones)]
    server.answers.append(Reply(body=paginator(records)))


@pytest.mark.edge(7)
def test_the_time_zone_is_the_organizations(server: ScriptedServer) -> None:
    zoned(server, "America/Los_Angeles")
    with connected_to(server) as classy:
        assert classy.timezone == "America/Los_Angeles"
        assert "  time zone      America/Los_Angeles (the organization's)\n" in repr(classy)
        gift = {"id": 5, "status": "success", "purchased_at": "2026-01-01T02:00:00+0000"}
        server.handler = Listed([gift]).reply
        gifts = classy.transactions(since=2025, until=2026)
        assert gifts["purchased_at"].dt.year.tolist() == [2025]
        server.answers.append(Reply(body=gift))
        assert classy.transactions.get(5)["purchased_at"].year == 2025
        about = gifts.attrs["classy"]
        assert (about["timezone"], about["fiscal_year_start"]) == ("America/Los_Angeles", 1)
    assert "2025-01-01T08:00:00+0000" in server.asked[2].query["filter"][0]


@pytest.mark.edge(7)
def test_a_time_zone_of_ones_own_comes_first(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    zoned(server, "America/Los_Angeles")
    with connected_to(server, timezone="UTC") as classy:
        assert "  time zone      UTC (timezone=)\n" in repr(classy)
    file = tmp_path / ".env"
    file.write_text("CLASSY_TIMEZONE=Asia/Tokyo\nCLASSY_FISCAL_YEAR_START=4\n")
    file.chmod(0o600)
    zoned(server, "America/Los_Angeles")
    with connected_to(server, env_file=file) as classy:
        assert classy.fiscal_year_start == 4
        assert "  time zone      Asia/Tokyo (CLASSY_TIMEZONE in .env)\n" in repr(classy)
    monkeypatch.setenv("CLASSY_TIMEZONE", "Europe/Berlin")
    zoned(server, "America/Los_Angeles")
    with connected_to(server) as classy:
        assert "  time zone      Europe/Berlin (CLASSY_TIMEZONE in the environment)\n" in repr(classy)


@pytest.mark.edge(7)
def test_of_several_organizations_the_chosen_ones_zone_counts(server: ScriptedServer) -> None:
    zoned(server, "America/Los_Angeles", "America/New_York")
    with connected_to(server, organization=8) as classy:
        assert classy.timezone == "America/New_York"


@pytest.mark.edge(7)
@pytest.mark.parametrize("zone", ["Mars/Olympus", "Pacific Time (US & Canada)", "../etc/passwd", 5, ["x"]])
def test_a_time_zone_that_does_not_exist_is_said_and_is_utc(server: ScriptedServer, zone: Any) -> None:
    zoned(server, zone)
    with pytest.warns(DataWarning, match=r"in UTC: the organization's.* does not exist\. Pass timezone="):
        classy = connected_to(server)
    with classy:
        assert classy.timezone == "UTC"
        assert re.search(r"  time zone      UTC \(the organization's.* does not exist\)\n", repr(classy))


@pytest.mark.edge(7)
@pytest.mark.parametrize("zone", [None, ""])
def test_an_organization_without_a_time_zone_is_in_utc(server: ScriptedServer, zone: Any) -> None:
    zoned(server, zone)
    with connected_to(server) as classy:
        assert "  time zone      UTC (the organization has none)\n" in repr(classy)


@pytest.mark.edge(7)
@pytest.mark.parametrize("month", [0, 13, "July", True, 7.5])
def test_a_fiscal_year_start_is_checked_before_anything_is_sent(server: ScriptedServer, month: Any) -> None:
    with pytest.raises(UsageError, match="must be the number of a month"):
        connected_to(server, fiscal_year_start=month)
    with pytest.raises(UsageError, match="must be the number of a month"):
        cn.login(fiscal_year_start=month)
    assert server.asked == []


@pytest.mark.edge(7)
def test_frames_know_when_fiscal_years_begin(server: ScriptedServer) -> None:
    zoned(server, "America/Los_Angeles")
    with connected_to(server, fiscal_year_start=7) as classy:
        assert classy.fiscal_year_start == 7
        server.handler = Listed([{"id": 5}]).reply
        batches = list(classy.transactions.batches())
        for frame in (classy.transactions(), classy.get("/organizations/7/transactions"), *batches):
            assert frame.attrs["classy"]["fiscal_year_start"] == 7
            assert frame.attrs["classy"]["timezone"] == "America/Los_Angeles"


def test_other_failures_of_the_listing_are_raised(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:

    monkeypatch.setattr("classy_nb.http.client.RetryPolicy", lambda: RetryPolicy(base=0))
    server.handler = lambda _: Reply(500, {})
    with pytest.raises(ServerError):
        connected_to(server, organization=7)


def test_an_organization_may_have_no_name_and_an_id_as_text(server: ScriptedServer) -> None:
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


@pytest.fixture
def old_secret(server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Put an old secret into the environment beside a file with the new one; what errors must say of it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setattr("classy_nb.http.client.RetryPolicy", lambda: RetryPolicy(base=0))
    monkeypatch.setenv("CLASSY_CLIENT_ID", CLIENT_ID)
    monkeypatch.setenv("CLASSY_CLIENT_SECRET", WRONG_CANARY)
    monkeypatch.setenv("CLASSY_ORGANIZATION_ID", "5")
    monkeypatch.setenv("CLASSY_BASE_URL", server.base_url)
    monkeypatch.setenv("CLASSY_TOKEN_URL", server.token_url)
    file = tmp_path / ".env"
    file.write_text(f"CLASSY_CLIENT_ID={CLIENT_ID}\nCLASSY_CLIENT_SECRET={CANARY}\n")
    file.chmod(0o600)
    return (
        "Sources: client id from CLASSY_CLIENT_ID in the environment; "
        "client secret from CLASSY_CLIENT_SECRET in the environment "
        f"(although CLASSY_CLIENT_SECRET in line 2 of {file} has another one); "
        "organization from CLASSY_ORGANIZATION_ID in the environment; "
        "base_url from CLASSY_BASE_URL in the environment; "
        "token_url from CLASSY_TOKEN_URL in the environment; defaults otherwise."
    )


@pytest.mark.edge(11)
@pytest.mark.parametrize(
    "reply",
    [
        Reply(400, {"error": "invalid_client", "error_description": "Invalid client authentication"}),
        Reply(400, {"error": "invalid_request"}),
        Reply(401, {"error": "Unauthorized"}),
        Reply(403, b"<html>Cloudflare</html>", {"Content-Type": "text/html"}),
        Reply(404, {"message": "no Route matched with those values"}),
        Reply(302, b"", {"Location": "https://elsewhere.example.org/"}),
        Reply(500, b""),
        Reply(200, {"queries_log": []}),
        Reply(200, b"<html>Sign in</html>", {"Content-Type": "text/html"}),
    ],
    ids=lambda reply: str(reply.status),
)
def test_a_failed_login_says_where_each_part_came_from(
    server: ScriptedServer, old_secret: str, reply: Reply
) -> None:
    server.login_handler = lambda _: reply
    with pytest.raises(ClassyError) as caught:
        cn.connect()
    assert str(caught.value).endswith(old_secret)
    assert CANARY not in str(caught.value)
    assert WRONG_CANARY not in str(caught.value)


@pytest.mark.edge(11)
def test_a_server_that_is_not_there_is_traced_to_its_variable(
    old_secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLASSY_TOKEN_URL", "http://127.0.0.1:9/oauth2/auth")
    with pytest.raises(ClassyError) as caught:
        cn.connect()
    assert str(caught.value).endswith(old_secret)


@pytest.mark.edge(11)
@pytest.mark.parametrize("reply", [Reply(body=orgs(TWO)), Reply(500, b"")], ids=["another one", "failed"])
def test_a_login_without_its_organization_says_where_each_part_came_from(
    server: ScriptedServer, old_secret: str, reply: Reply
) -> None:
    server.handler = lambda _: reply
    with pytest.raises(ClassyError) as caught:
        cn.connect()
    assert str(caught.value).endswith(old_secret)


@pytest.mark.edge(11)
def test_a_renewal_that_is_refused_says_where_each_part_came_from(server: ScriptedServer) -> None:
    answer_orgs(server, {7: "Helping Hands"})
    with connected_to(server) as classy:
        server.login_handler = lambda _: Reply(400, {"error": "invalid_client"})
        server.handler = lambda _: Reply(401, {"error": "invalid_token"})
        with pytest.raises(LoginError, match="Sources: client id from the argument client_id=; "):
            classy.campaigns()


def test_without_credentials_nothing_is_sent(
    server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(CredentialsError) as caught:
        cn.connect(base_url=server.base_url, token_url=server.token_url)
    assert not isinstance(caught.value, LoginError)
    assert server.asked == []


@pytest.mark.parametrize("workers", [0, 65, -1, 1.5, "8", True, False])
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


def test_requests_per_minute_reach_the_rate_limit(server: ScriptedServer) -> None:
    answer_orgs(server, {7: "x"})
    with connected_to(server, requests_per_minute=300) as classy:
        assert classy._session.http.rate_limit.limit == 300


def test_the_token_is_asked_for_first_and_by_itself(server: ScriptedServer) -> None:
    """A refused login is an error of the login, and nothing else is sent."""
    server.logins.append(Reply(400, {"error": "invalid_client"}))
    with pytest.raises(LoginError):
        connected_to(server, organization=7)
    assert [asked.path for asked in server.asked] == ["/oauth2/auth"]


def test_organizations_on_several_pages_are_all_seen(server: ScriptedServer) -> None:
    names = {n: f"Organization {n}" for n in range(1, 131)}
    server.handler = Listed([{"id": id_, "name": name} for id_, name in names.items()]).reply
    with connected_to(server, organization=130) as classy:
        assert classy.organization_name == "Organization 130"


def test_a_demo_ends_with_its_sandbox() -> None:
    with cn.demo(transactions=60) as classy:
        assert isinstance(classy, cn.Demo)
        assert classy.timezone == "America/Los_Angeles"
        assert classy.organization == classy.sandbox.organization_id
        assert classy.transactions.count() == 60
        address = urlsplit(classy.sandbox.base_url)
    with socket.socket() as probe:
        assert probe.connect_ex((address.hostname, address.port)) != 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"transactions": 10}, "transactions must be at least 60"),
        ({"transactions": -5}, "transactions must be at least 60"),
        ({"transactions": "many"}, "transactions='many' must be a whole number"),
        ({"seed": 1.5}, "seed=1.5 must be a whole number"),
        ({"port": 99_999}, "port must be below 65536"),
        ({"latency_ms": -1}, "latency_ms, token_lifetime and window_seconds"),
    ],
)
def test_a_demo_that_cannot_be_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        cn.demo(**options)


def test_an_env_file_that_is_not_a_path_is_refused(server: ScriptedServer) -> None:
    for call in (cn.connect, cn.login):
        with pytest.raises(UsageError, match=r"env_file=5 is not a path. Give the name of a file"):
            call(env_file=5)
    assert server.asked == []
