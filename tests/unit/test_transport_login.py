"""Logging in over a real socket: what is sent, what refusals become, 401 in the middle, threads."""

import threading
from typing import Any
from urllib.parse import parse_qs

import pytest
from support.connection import CANARY, CANARY_TOKEN, CLIENT_ID, Pauses, transport_to
from support.server import TOKEN, Asked, Reply, ScriptedServer

from classy_nb.errors import (
    BlockedError,
    ClassyError,
    LoginError,
    MemberOnlyError,
    PermissionDeniedError,
    RedirectRefusedError,
    ServerError,
    UnauthorizedError,
    UnexpectedAnswerError,
)
from classy_nb.tokens import TokenAuth

STALE = Reply(
    401,
    {"error": "invalid_token", "error_description": "The access token is invalid or has expired"},
    {"WWW-Authenticate": 'Bearer realm="service" error="invalid_token"'},
)
OK = Reply(body={"ok": True})
HTML = {"Content-Type": "text/html; charset=UTF-8"}


def numbered(server: ScriptedServer) -> None:
    """Hand out token0001, token0002, ..."""
    server.login_handler = lambda _: Reply(
        body={**TOKEN, "access_token": f"token{len(server.token_requests):04}"}
    )


def bearer(asked: Asked) -> str | None:
    return asked.headers.get("Authorization")


def test_the_login_is_one_form_encoded_post(server: ScriptedServer) -> None:
    server.answers.append(OK)
    transport_to(server, login=True).get("/campaigns")
    login, data = server.asked
    assert (login.method, login.path, login.raw_query) == ("POST", "/oauth2/auth", "")
    assert login.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert parse_qs(login.body.decode(), strict_parsing=True) == {
        "grant_type": ["client_credentials"],
        "client_id": [CLIENT_ID],
        "client_secret": [CANARY],
    }
    assert bearer(login) is None
    assert login.headers["User-Agent"].startswith("classy_nb/")
    assert bearer(data) == f"Bearer {TOKEN['access_token']}"


def test_a_secret_of_odd_characters_arrives_whole(server: ScriptedServer) -> None:
    from classy_nb.redact import Secret

    odd = "a+b&c=d%20 é€"
    transport_to(server).post_login(server.token_url, {"client_secret": Secret(odd)})
    assert parse_qs(server.asked[0].body.decode()) == {"client_secret": [odd]}


def test_the_answer_is_sealed(server: ScriptedServer) -> None:
    from classy_nb.redact import Secret

    server.logins.append(Reply(body={**TOKEN, "refresh_token": "r" * 32}))
    answer = transport_to(server).post_login(server.token_url, {})
    assert answer == {
        "access_token": Secret("t" * 32),
        "refresh_token": Secret("r" * 32),
        "expires_in": 7200,
        "token_type": "bearer",
    }
    assert "tttt" not in repr(answer)
    assert "rrrr" not in repr(answer)


REFUSALS = [
    (
        "no id",
        400,
        {"error": {"client_id": ["The client id field is required."]}, "queries_log": []},
        "client_id is missing or empty",
    ),
    (
        "no secret",
        400,
        {
            "error": {
                "secret_key": ["The secret key field is required when client secret is not present."],
                "client_secret": ["The client secret field is required when secret key is not present."],
            },
            "queries_log": [],
        },
        "client_secret is missing or empty",
    ),
    (
        "nothing",
        400,
        {"error": {"grant_type": ["x"], "client_id": ["x"], "secret_key": ["x"], "client_secret": ["x"]}},
        "client_id and client_secret and grant_type are missing or empty",
    ),
    (
        "wrong pair",
        400,
        {"error": "invalid_client", "error_description": "Invalid client authentication"},
        "(invalid_client: Invalid client authentication)",
    ),
    (
        "wrong pair, Basic",
        401,
        {"error": "invalid_client", "error_description": "Invalid client authentication"},
        "(invalid_client: Invalid client authentication)",
    ),
    (
        "grant",
        400,
        {"error": "unsupported_grant_type", "error_description": "Invalid grant_type"},
        "(unsupported_grant_type: Invalid grant_type)",
    ),
    ("scope", 400, {"error": "invalid_scope"}, "(invalid_scope)"),
    (
        "code",
        400,
        {"error": "invalid_request", "error_description": "Invalid code"},
        "(invalid_request: Invalid code)",
    ),
    (
        "member",
        401,
        {"error": "access_denied_x", "error_description": "Invalid user credentials"},
        "Invalid user credentials",
    ),
    (
        "no https",
        400,
        {"error": "access_denied", "error_description": "You must use HTTPS"},
        "You must use HTTPS",
    ),
    ("nothing said", 400, b"", "The login was refused."),
    ("text", 401, b"denied", "The login was refused."),
]


@pytest.mark.parametrize(("status", "body", "says"), [r[1:] for r in REFUSALS], ids=[r[0] for r in REFUSALS])
def test_trap_02_every_refusal_of_a_login_is_a_login_error(
    server: ScriptedServer, status: int, body: Any, says: str
) -> None:
    server.login_handler = lambda _: Reply(status, body)
    with pytest.raises(LoginError) as caught:
        transport_to(server, login=True).get("/campaigns")
    error = caught.value
    assert says in str(error)
    assert (error.status, error.method, error.path) == (status, "POST", "/oauth2/auth")
    assert error.advice
    assert CANARY not in str(error)
    assert len(server.asked) == 1  # refused once, and nothing asked without a token


def test_trap_03_the_first_hint_is_how_it_was_pasted(server: ScriptedServer) -> None:
    server.logins.append(Reply(400, REFUSALS[3][2]))
    with pytest.raises(LoginError, match="same application and were pasted whole, without brackets"):
        transport_to(server, login=True).get("/campaigns")


def test_plain_http_has_its_own_advice(server: ScriptedServer) -> None:
    server.logins.append(Reply(400, {"error": "access_denied", "error_description": "You must use HTTPS"}))
    with pytest.raises(LoginError, match="Use an https:// address in token_url="):
        transport_to(server, login=True).get("/campaigns")


@pytest.mark.parametrize(
    "headers", [{**HTML, "cf-mitigated": "challenge"}, HTML, {"cf-mitigated": "challenge"}]
)
def test_trap_04_the_firewall_is_no_login_error(server: ScriptedServer, headers: dict[str, str]) -> None:
    server.login_handler = lambda _: Reply(403, b"<html>Just a moment...</html>", headers)
    with pytest.raises(BlockedError, match=r"x-integration-id") as caught:
        transport_to(server, login=True).get("/campaigns")
    assert not isinstance(caught.value, LoginError)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("reply", "cls"),
    [
        (Reply(403, {"error": "no"}), PermissionDeniedError),
        (Reply(500, {}), ServerError),
        (Reply(302, b"", {"Location": "https://login.example.org/"}), RedirectRefusedError),
        (Reply(200, b"<html>", HTML), UnexpectedAnswerError),
        (Reply(200, []), UnexpectedAnswerError),
        (Reply(200, {"token_type": "bearer"}), UnexpectedAnswerError),
        (Reply(200, {"access_token": ""}), UnexpectedAnswerError),
        (Reply(200, {"access_token": None}), UnexpectedAnswerError),
    ],
)
def test_other_answers_of_the_token_url(server: ScriptedServer, reply: Reply, cls: type[ClassyError]) -> None:
    server.login_handler = lambda _: reply
    with pytest.raises(ClassyError) as caught:
        transport_to(server, login=True).get("/campaigns")
    assert type(caught.value) is cls
    assert server.data_requests == []


@pytest.mark.parametrize("status", [404, 405])
def test_trap_01_a_wrong_token_url_is_named(server: ScriptedServer, status: int) -> None:
    server.login_handler = lambda _: Reply(status, {"message": "no Route matched with those values"})
    with pytest.raises(ClassyError, match="Check token_url="):
        transport_to(server, login=True).get("/campaigns")


def test_trap_03_a_secret_that_the_server_echoes_is_masked(server: ScriptedServer) -> None:
    server.login_handler = lambda _: Reply(
        400, {"error": f"bad {CANARY}", "error_description": f"client_secret={CANARY}&client_id={CLIENT_ID}"}
    )
    with pytest.raises(LoginError) as caught:
        transport_to(server, login=True).get("/campaigns")
    assert CANARY not in str(caught.value)
    assert CLIENT_ID not in str(caught.value)
    assert CANARY not in repr(vars(caught.value))


def test_trap_21_a_stale_token_is_renewed_and_the_same_request_repeated(server: ScriptedServer) -> None:
    numbered(server)
    server.answers += [OK, STALE, OK]
    transport = transport_to(server, login=True)
    transport.get("/campaigns")
    assert transport.get("/campaigns", [("page", "2")]) == {"ok": True}
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
    transport = transport_to(server, login=True, connections=64)
    assert isinstance(transport.auth, TokenAuth)
    transport.auth.token()
    start, found = threading.Barrier(64), []

    def ask() -> None:
        start.wait(20)
        found.append(transport.get("/campaigns"))

    threads = [threading.Thread(target=ask) for _ in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
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
    transport = transport_to(server, login=True)
    assert isinstance(transport.auth, TokenAuth)
    transport.auth.token()
    server.login_handler = lambda _: Reply(400, REFUSALS[3][2])
    looks = iter([0.0, 1e9])
    transport.auth._clock = lambda: next(looks, 1e9)
    with pytest.raises(LoginError, match="refused"):
        transport.get("/campaigns")
    assert CANARY_TOKEN not in str(server.data_requests)
