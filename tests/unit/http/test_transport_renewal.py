"""A token refused in the middle of things, over a real socket; redirects do not get it."""

import threading
from typing import Any
from urllib.parse import parse_qs

import pytest
from support.connection import CANARY_TOKEN, Pauses, transport_to
from support.logins import bearer, numbered
from support.server import OK, TOKEN, Asked, Reply, ScriptedServer
from support.threads import together

from classy_nb.errors import LoginError, MemberOnlyError, RedirectRefusedError, UnauthorizedError
from classy_nb.http.auth import TokenAuth

STALE = Reply(
    401,
    {"error": "invalid_token", "error_description": "The access token is invalid or has expired"},
    {"WWW-Authenticate": 'Bearer realm="service" error="invalid_token"'},
)


def test_trap_21_a_stale_token_is_renewed_and_the_same_request_repeated(server: ScriptedServer) -> None:
    numbered(server)
    server.answers += [OK, STALE, OK]
    http = transport_to(server, login=True)
    http.get("/campaigns")
    assert http.get("/campaigns", [("page", "2")]) == {"ok": True}
    assert [(a.raw_query, bearer(a)) for a in server.data_requests] == [
        ("", "Bearer token0001"),
        ("page=2", "Bearer token0001"),
        ("page=2", "Bearer token0002"),
    ]
    assert len(server.token_requests) == 2


def test_trap_21_a_second_401_is_an_error(server: ScriptedServer) -> None:
    numbered(server)
    server.handler = lambda _: STALE
    pauses = Pauses()
    with pytest.raises(UnauthorizedError) as caught:
        transport_to(server, login=True, pauses=pauses).get("/campaigns")
    assert caught.value.status == 401
    assert len(server.data_requests) == 2
    assert len(server.token_requests) == 2
    assert pauses.asked == []


def test_a_401_that_is_not_about_the_token_is_not_repeated(server: ScriptedServer) -> None:
    server.handler = lambda _: Reply(401, {"error": "invalid_request", "error_description": "missing"})
    with pytest.raises(UnauthorizedError):
        transport_to(server, login=True).get("/campaigns")
    assert len(server.data_requests) == 1


def test_trap_37_a_member_only_401_says_so(server: ScriptedServer) -> None:
    server.handler = lambda _: STALE
    with pytest.raises(MemberOnlyError):
        transport_to(server, login=True).get("/me", member_only=True)


def test_without_a_login_nothing_is_renewed(server: ScriptedServer) -> None:
    server.handler = lambda _: STALE
    with pytest.raises(UnauthorizedError):
        transport_to(server).get("/campaigns")
    assert len(server.asked) == 1


def test_a_refresh_token_is_used_and_its_refusal_got_over(server: ScriptedServer) -> None:
    server.logins += [
        Reply(body={**TOKEN, "refresh_token": "refresh0001"}),
        Reply(400, {"error": "invalid_request", "error_description": "Invalid refresh_token"}),
    ]
    server.answers += [STALE, OK]
    transport_to(server, login=True).get("/campaigns")
    fields = [parse_qs(a.body.decode()) for a in server.token_requests]
    assert [f["grant_type"] for f in fields] == [
        ["client_credentials"],
        ["refresh_token"],
        ["client_credentials"],
    ]
    assert fields[1]["refresh_token"] == ["refresh0001"]
    assert "refresh_token" not in fields[2]


def test_64_threads_on_one_revoked_token_ask_for_one_new_token(server: ScriptedServer) -> None:
    numbered(server)

    def answer(asked: Asked) -> Reply:
        return OK if bearer(asked) != "Bearer token0001" else STALE

    server.handler = answer
    http = transport_to(server, login=True, connections=64)
    assert isinstance(http.auth, TokenAuth)
    http.auth.token()
    start, found = threading.Barrier(64), []

    def ask() -> None:
        start.wait(20)
        found.append(http.get("/campaigns"))

    together(ask, [()] * 64, seconds=30)
    assert found == [{"ok": True}] * 64
    assert len(server.token_requests) == 2
    assert len(server.data_requests) <= 128


def test_netrc_is_not_used(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login ann password wrong\ndefault login a password b\n")
    monkeypatch.setenv("NETRC", str(netrc))
    server.answers += [OK, OK]
    transport_to(server, login=True).get("/campaigns")
    transport_to(server).get("/campaigns")
    assert [bearer(a) for a in server.asked] == [None, f"Bearer {TOKEN['access_token']}", None]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_trap_24_a_redirect_to_another_host_is_refused(server: ScriptedServer, status: int) -> None:
    with ScriptedServer() as other:
        server.answers.append(Reply(status, b"", {"Location": f"{other.base_url}/campaigns"}))
        with pytest.raises(RedirectRefusedError, match="the token was not sent there") as caught:
            transport_to(server, login=True).get("/campaigns")
        assert other.asked == []
    assert caught.value.status == status
    assert len(server.data_requests) == 1


@pytest.mark.parametrize(
    "location", ["//127.0.0.2/x", "https://127.0.0.1/x", "http://[", "http://127.0.0.1:99999/", "ftp://x/"]
)
def test_trap_24_odd_redirects_are_refused(server: ScriptedServer, location: str) -> None:
    server.answers.append(Reply(302, b"", {"Location": location}))
    with pytest.raises(RedirectRefusedError):
        transport_to(server, login=True).get("/campaigns")
    assert len(server.data_requests) == 1


@pytest.mark.parametrize("absolute", [True, False])
def test_a_redirect_within_the_host_is_followed(server: ScriptedServer, *, absolute: bool) -> None:
    target = f"{server.origin if absolute else ''}/2.0/campaigns?page=2"
    server.answers += [Reply(301, b"", {"Location": target}), OK]
    assert transport_to(server, login=True).get("/campaigns/") == {"ok": True}
    assert [(a.method, a.path, a.raw_query) for a in server.data_requests] == [
        ("GET", "/2.0/campaigns/", ""),
        ("GET", "/2.0/campaigns", "page=2"),
    ]
    assert bearer(server.asked[-1]) == f"Bearer {TOKEN['access_token']}"


def test_redirects_do_not_go_on_for_ever(server: ScriptedServer) -> None:
    server.handler = lambda _: Reply(302, b"", {"Location": "/2.0/campaigns"})
    with pytest.raises(RedirectRefusedError):
        transport_to(server).get("/campaigns")
    assert len(server.asked) == 4


def test_a_refused_login_in_the_middle_of_a_request_stays_a_login_error(server: ScriptedServer) -> None:
    """The token runs out between the look at it and its use."""
    http = transport_to(server, login=True)
    assert isinstance(http.auth, TokenAuth)
    http.auth.token()
    refused = {"error": "invalid_client", "error_description": "Invalid client authentication"}
    server.login_handler = lambda _: Reply(400, refused)
    looks = iter([0.0, 1e9])
    http.auth._clock = lambda: next(looks, 1e9)
    with pytest.raises(LoginError, match="refused"):
        http.get("/campaigns")
    assert CANARY_TOKEN not in str(server.data_requests)
