"""Logging in over a real socket: what is sent, what refusals become."""

from typing import Any
from urllib.parse import parse_qs

import pytest
from support.connection import CANARY, CLIENT_ID, transport_to
from support.logins import bearer
from support.server import OK, TOKEN, Reply, ScriptedServer

from classy_nb.errors import (
    BlockedError,
    ClassyError,
    LoginError,
    PermissionDeniedError,
    RedirectRefusedError,
    ServerError,
    UnexpectedAnswerError,
)

HTML = {"Content-Type": "text/html; charset=UTF-8"}


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
    transport_to(server).post_token(server.token_url, {"client_secret": Secret(odd)})
    assert parse_qs(server.asked[0].body.decode()) == {"client_secret": [odd]}


def test_the_answer_is_sealed(server: ScriptedServer) -> None:
    from classy_nb.redact import Secret

    server.logins.append(Reply(body={**TOKEN, "refresh_token": "r" * 32}))
    answer = transport_to(server).post_token(server.token_url, {})
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
