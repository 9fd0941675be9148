"""One request and its answer, over a real socket."""

import logging
import threading
from typing import Any
from urllib.parse import parse_qs, unquote

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.connection import CANARY, CANARY_TOKEN, CLIENT_ID, Pauses, transport_to
from support.logins import bearer, numbered
from support.server import OK, TOKEN, Asked, Reply, ScriptedServer
from support.threads import together

from classy_nb import __version__
from classy_nb.errors import (
    BadRequestError,
    BlockedError,
    ClassyError,
    ConnectionClosedError,
    ConnectionFailedError,
    InterruptedFetchError,
    LoginError,
    MemberOnlyError,
    NotFoundError,
    PermissionDeniedError,
    RedirectRefusedError,
    ServerError,
    TimedOutError,
    UnauthorizedError,
    UnexpectedAnswerError,
    UsageError,
)
from classy_nb.http.auth import TokenAuth
from classy_nb.http.client import TIMEOUT, HttpClient
from classy_nb.http.rate_limit import RateLimit

HTML = {"Content-Type": "text/html; charset=UTF-8"}


def test_a_get_is_sent_with_exactly_these_headers(server: ScriptedServer) -> None:
    server.answers.append(Reply(body={"id": 1}))
    assert transport_to(server).get("/campaigns/1", [("with", "a,b")]) == {"id": 1}
    (asked,) = server.asked
    assert (asked.method, asked.path, asked.raw_query, asked.body) == (
        "GET",
        "/2.0/campaigns/1",
        "with=a%2Cb",
        b"",
    )
    headers = {name.lower(): value for name, value in asked.headers.items()}
    assert headers.pop("connection", "keep-alive") == "keep-alive"
    assert headers == {
        "host": server.origin.removeprefix("http://"),
        "user-agent": f"classy_nb/{__version__} (+https://pypi.org/project/classy-nb/)",
        "accept": "application/json",
        "accept-encoding": "gzip, deflate",
    }


def test_trap_04_extra_headers_are_sent_along(server: ScriptedServer) -> None:
    transport_to(server, headers={"x-integration-id": "abc"}).get("/me")
    assert server.asked[0].headers["x-integration-id"] == "abc"
    assert server.asked[0].headers["User-Agent"].startswith("classy_nb/")


def test_cookies_are_neither_kept_nor_sent(server: ScriptedServer) -> None:
    server.answers += [Reply(200, {}, {"Set-Cookie": "__cf_bm=1; path=/"}) for _ in range(2)]
    http = transport_to(server)
    http.get("/me")
    http.get("/me")
    assert all("Cookie" not in asked.headers for asked in server.asked)
    assert not list(http._session.cookies)


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer x"},
        {"authorization": "x"},
        {"Cookie": "a=b"},
        {"HOST": "example.org"},
        {"x": "a\nb"},
        {"x": "a\r\nInjected: 1"},
        {"x": 5},
        {"x": "→"},
        {"a b": "c"},
        {"a\nb": "c"},
        {"": "c"},
        {5: "c"},
    ],
)
def test_headers_that_cannot_be_sent_are_refused(headers: Any) -> None:
    with pytest.raises(UsageError, match="headers="):
        HttpClient("https://api.classy.org/2.0", headers=headers)


def test_trap_42_no_brotli_is_asked_for_and_gzip_is_read(server: ScriptedServer) -> None:
    import gzip

    packed = Reply(body=gzip.compress(b'{"id": 1}'), headers={"Content-Encoding": "gzip"})
    server.answers.append(packed)
    assert transport_to(server).get("/campaigns/1") == {"id": 1}
    assert "br" not in server.asked[0].headers["Accept-Encoding"]


def test_trap_35_no_content_is_none(server: ScriptedServer) -> None:
    server.answers.append(Reply(status=204))
    assert transport_to(server).get("/fundraising-pages/1/moments") is None


@pytest.mark.parametrize("body", [[], {}, [1, 2], "text", 5, True, {"a": 2**60}])
def test_any_json_is_returned_as_it_came(server: ScriptedServer, body: Any) -> None:
    server.answers.append(Reply(body=body, headers={"Content-Type": "text/plain"}))
    assert transport_to(server).get("/x") == body


def test_trap_16_values_are_encoded_exactly_once(server: ScriptedServer) -> None:
    value = "purchased_at>=2026-01-31T00:00:00+0000,name=50% & more #1 ä€🎁"
    transport_to(server).get("/x", [("filter", value), ("page", "1")])
    assert server.asked[0].query == {"filter": [value], "page": ["1"]}
    raw = server.asked[0].raw_query
    assert "%2B0000" in raw
    assert "%3E%3D" in raw
    assert "50%25%20%26" in raw
    assert unquote(raw) == f"filter={value}&page=1"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=20))
def test_trap_16_any_text_arrives_unchanged(server: ScriptedServer, text: str) -> None:
    http = transport_to(server)
    http.get("/x", [("filter", text)])
    http.close()
    assert server.asked[-1].query == {"filter": [text]}


def test_trap_47_an_encoded_path_stays_encoded(server: ScriptedServer) -> None:
    transport_to(server).get("/campaigns/custom-url/https%3A%2F%2Fexample.org%2Fa%3Fb%23c%25d")
    assert server.asked[0].path == "/2.0/campaigns/custom-url/https%3A%2F%2Fexample.org%2Fa%3Fb%23c%25d"


def test_the_read_time_limit_reaches_the_socket(server: ScriptedServer) -> None:
    release = threading.Event()
    server.handler = lambda _: Reply(body={}, delay=release)
    http = transport_to(server, timeout=(2.0, 0.05))
    with pytest.raises(TimedOutError) as caught:
        http.get("/x", retry_timeouts=False)
    assert len(server.arrived(1)) == 1
    release.set()
    assert str(caught.value).startswith("The server did not answer in time. [GET /x]")


def test_the_connect_time_limit_reaches_the_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    import urllib3.util.connection

    seen: list[Any] = []

    def create(address: Any, timeout: Any, *_args: Any, **_more: Any) -> Any:
        seen.append(timeout)
        raise TimeoutError

    monkeypatch.setattr(urllib3.util.connection, "create_connection", create)
    with pytest.raises(TimedOutError):
        HttpClient("http://127.0.0.1:9/2.0", timeout=(3.25, 60.0)).get("/x", retry_timeouts=False)
    assert seen == [3.25]


def test_trap_22_the_default_time_limits() -> None:
    assert TIMEOUT == (10.0, 60.0)


@pytest.mark.parametrize(
    ("status", "body", "cls"),
    [
        (400, {"error": "Bad filter"}, BadRequestError),
        (404, {"error": "The resource cannot be found"}, NotFoundError),
    ],
)
def test_an_error_says_what_was_requested_and_what_came_back(
    server: ScriptedServer, status: int, body: Any, cls: type[Exception]
) -> None:
    server.answers.append(Reply(status, body))
    with pytest.raises(cls, match=rf"\[GET /campaigns/1 -> {status}\]"):
        transport_to(server).get("/campaigns/1", [("filter", "email=ann@example.org")])


def test_trap_04_a_firewall_page_with_status_200_is_noticed(server: ScriptedServer) -> None:
    from classy_nb.errors import BlockedError

    server.answers.append(Reply(200, b"<html>", {"cf-mitigated": "challenge", "Content-Type": "text/html"}))
    with pytest.raises(BlockedError):
        transport_to(server).get("/x")
    assert len(server.asked) == 1


def test_a_deeply_nested_answer_is_an_error(server: ScriptedServer) -> None:
    server.handler = lambda _: Reply(body=b"[" * 5000 + b"]" * 5000)
    with pytest.raises(UnexpectedAnswerError):
        transport_to(server).get("/x")


def test_each_request_needs_a_permit_and_each_answer_is_told_to_the_rate_limit(
    server: ScriptedServer,
) -> None:
    class Noting(RateLimit):
        def __init__(self) -> None:
            super().__init__()
            self.told: list[Any] = []

        def acquire(self, *args: Any, **options: Any) -> Any:
            self.told.append("acquire")
            return super().acquire(*args, **options)

        def release(self, permit: Any, status: Any = None, headers: Any = None, hint: Any = None) -> None:
            self.told.append((status, headers and headers.get("X-RateLimit-Remaining"), hint))
            super().release(permit, status, headers, hint)

    rate_limit = Noting()
    server.answers += [
        Reply(502),
        Reply(body={"a": 1}, cut=3),
        Reply(429, {"retry_after": 0}),
        Reply(body={"retry_after": 7}, headers={"X-RateLimit-Remaining": "41"}),
    ]
    transport_to(server, rate_limit=rate_limit).get("/x")
    answers = [(502, None, None), (None, None, None), (429, None, 0.0), (200, "41", None)]
    assert rate_limit.told == [each for answer in answers for each in ("acquire", answer)]


def test_ctrl_c_during_a_request_is_not_repeated(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_args: Any, **_more: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(requests.Session, "send", interrupted)
    pauses = Pauses()
    with pytest.raises(InterruptedFetchError, match="Stopped"):
        transport_to(server, pauses=pauses).get("/x")
    assert pauses.asked == []


def test_system_exit_is_not_swallowed(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    def leaving(*_args: Any, **_more: Any) -> Any:
        raise SystemExit(3)

    monkeypatch.setattr(requests.Session, "send", leaving)
    with pytest.raises(SystemExit) as caught:
        transport_to(server).get("/x")
    assert caught.value.code == 3


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (OSError("/x?filter=ann@example.org"), "The request failed (OSError). [GET /x]"),
        (ConnectionError(), "The request failed (ConnectionError). [GET /x]"),
        (requests.exceptions.SSLError("ann"), "The encrypted connection (TLS) failed. [GET /x]"),
        (requests.exceptions.ProxyError("ann"), "The proxy failed to connect to the server. [GET /x]"),
        (requests.exceptions.ChunkedEncodingError("ann"), "The answer broke off. [GET /x]"),
        (requests.exceptions.ConnectionError("ann"), "The server could not be reached or hung up. [GET /x]"),
    ],
)
def test_no_error_of_the_http_libraries_comes_out(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, error: Exception, says: str
) -> None:
    def failing(*_args: Any, **_more: Any) -> Any:
        raise error

    monkeypatch.setattr(requests.Session, "send", failing)
    with pytest.raises(ConnectionFailedError) as caught:
        transport_to(server).get("/x", [("filter", "email=ann@example.org")])
    assert str(caught.value).startswith(says)
    assert "ann" not in str(caught.value)
    assert caught.value.__cause__ is caught.value.__context__ is None


def test_requests_are_counted(server: ScriptedServer) -> None:
    server.answers.append(Reply(502))
    http = transport_to(server)
    http.get("/x")
    http.get("/y")
    assert http.requests_sent == 3


def test_threads_share_one_client(server: ScriptedServer) -> None:
    server.handler = lambda asked: Reply(body=int(asked.path.rpartition("/")[2]))
    http = transport_to(server, connections=4)
    found: dict[int, Any] = {}

    def ask(number: int) -> None:
        found[number] = http.get(f"/x/{number}")

    together(ask, [(number,) for number in range(40)], seconds=10)
    assert found == {number: number for number in range(40)}
    assert http.requests_sent == 40


def test_a_proxy_in_the_environment_is_used(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.origin)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    caplog.set_level(logging.DEBUG)
    http = HttpClient("http://api.example.org/2.0")
    assert http.get("/x", [("filter", "email=ann@example.org")]) == {}
    assert server.asked[0].headers["Host"] == "api.example.org"
    assert "ann" not in caplog.text


def test_trap_45_filters_are_not_logged(server: ScriptedServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    transport_to(server).get("/supporters", [("filter", "email_address=ann@example.org")])
    assert "GET /supporters -> 200 in" in caplog.text
    assert 'GET /2.0/supporters HTTP/1.1" 200' in caplog.text  # urllib3's own line
    for hidden in ("ann", "example.org", "email_address"):
        assert hidden not in caplog.text


def test_only_gets_and_logins_are_sent(server: ScriptedServer) -> None:
    public = {name for name in vars(HttpClient) if not name.startswith("_")}
    assert public == {"close", "get", "post_token"}
    http = transport_to(server, login=True)
    http.get("/x")
    seen: list[Asked] = server.asked
    assert [(a.method, a.path) for a in seen] == [("POST", "/oauth2/auth"), ("GET", "/2.0/x")]


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


def test_a_secret_with_special_characters_arrives_unchanged(server: ScriptedServer) -> None:
    from classy_nb.redact import Secret

    odd = "a+b&c=d%20 é€"
    transport_to(server).post_token(server.token_url, {"client_secret": Secret(odd)})
    assert parse_qs(server.asked[0].body.decode()) == {"client_secret": [odd]}


def test_the_tokens_in_a_login_s_answer_are_secrets(server: ScriptedServer) -> None:
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
    assert len(server.asked) == 1  # refused once, and nothing requested without a token


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
def test_trap_04_the_firewall_is_not_a_login_error(server: ScriptedServer, headers: dict[str, str]) -> None:
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


def test_a_refused_refresh_token_falls_back_to_the_credentials(server: ScriptedServer) -> None:
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


def test_64_threads_with_one_revoked_token_request_one_new_token(server: ScriptedServer) -> None:
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
def test_trap_24_redirects_to_something_else_are_refused(server: ScriptedServer, location: str) -> None:
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


def test_a_redirect_within_the_host_but_out_of_the_api_s_path_is_followed(server: ScriptedServer) -> None:
    server.answers += [Reply(302, b"", {"Location": "/3.0/campaigns?page=2"}), OK]
    assert transport_to(server, login=True).get("/campaigns") == {"ok": True}
    assert (server.asked[-1].path, server.asked[-1].raw_query) == ("/3.0/campaigns", "page=2")
    assert bearer(server.asked[-1]) == f"Bearer {TOKEN['access_token']}"
    assert server.asked[-1].headers["User-Agent"].startswith("classy_nb/")


def test_redirects_are_bounded(server: ScriptedServer) -> None:
    server.handler = lambda _: Reply(302, b"", {"Location": "/2.0/campaigns"})
    with pytest.raises(RedirectRefusedError):
        transport_to(server).get("/campaigns")
    assert len(server.asked) == 4


def test_a_refused_login_in_the_middle_of_a_request_stays_a_login_error(server: ScriptedServer) -> None:
    """The token expires between the check and its use."""
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


@pytest.mark.edge(16)
@pytest.mark.parametrize(
    "stale",
    [
        Reply(401, {"error": "expired_token"}),
        Reply(401, {"error": "Unauthorized"}),
        Reply(401, {"message": "Unauthenticated."}),
        Reply(401, {"error": {"code": 401, "message": "token expired"}}),
        Reply(401, ["expired"]),
        Reply(401, b"", {"WWW-Authenticate": "Bearer"}),
        Reply(401, b""),
        Reply(401, b"<html>401</html>", HTML),
    ],
    ids=lambda stale: str(stale.body)[:25],
)
def test_a_401_in_any_words_is_renewed_once(server: ScriptedServer, stale: Reply) -> None:
    numbered(server)
    server.answers += [stale, OK]
    http = transport_to(server, login=True)
    assert http.get("/campaigns") == {"ok": True}
    assert [bearer(a) for a in server.data_requests] == ["Bearer token0001", "Bearer token0002"]
    server.answers += [stale, stale]
    with pytest.raises(UnauthorizedError):
        http.get("/pages")
    assert len(server.data_requests) == 4


@pytest.mark.edge(16)
def test_advice_after_a_401_does_not_make_it_worse_for_another_program(server: ScriptedServer) -> None:
    server.handler = lambda _: STALE
    with pytest.raises(UnauthorizedError) as caught:
        transport_to(server, login=True).get("/campaigns")
    assert "another program uses the same application" in caught.value.advice
    for worse in ("again", "new token", "create", "connect"):
        assert worse not in caught.value.advice.lower()


@pytest.mark.edge(16)
def test_two_programs_that_end_each_others_token_do_not_storm_the_token_url(server: ScriptedServer) -> None:
    newest = [""]

    def login(_: Asked) -> Reply:
        newest[0] = f"token{len(server.token_requests):04}"
        return Reply(body={**TOKEN, "access_token": newest[0]})

    server.login_handler = login
    server.handler = lambda asked: OK if bearer(asked) == f"Bearer {newest[0]}" else STALE
    pair = [transport_to(server, login=True) for _ in range(2)]
    refused = 0
    for turn in range(200):
        try:
            pair[turn % 2].get("/campaigns")
        except UnauthorizedError:
            refused += 1
    assert refused > 0
    assert len(server.token_requests) <= 42


@pytest.mark.edge(30)
def test_a_closed_client_has_forgotten_its_secrets_and_sends_nothing(server: ScriptedServer) -> None:
    http = transport_to(server, login=True)
    http.get("/campaigns")
    auth = http.auth
    assert auth is not None
    http.close()
    http.close()
    asked = len(server.asked)
    for call in (
        lambda: http.get("/campaigns"),
        lambda: http.post_token(server.token_url, {"client_secret": CANARY}),
        auth.token,
    ):
        with pytest.raises(ConnectionClosedError, match="This connection is closed"):
            call()
    assert len(server.asked) == asked
    assert (auth._token, auth._credentials, http._secrets) == (None, None, [])
