"""One GET and its answer, over a real socket."""

import logging
import threading
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.connection import Pauses, transport_to
from support.server import Asked, Reply, ScriptedServer
from support.threads import together

from classy_nb import __version__
from classy_nb.errors import (
    BadRequestError,
    InterruptedFetchError,
    NotFoundError,
    TimedOutError,
    UnexpectedAnswerError,
    UsageError,
)
from classy_nb.http.client import TIMEOUT, HttpClient
from classy_nb.http.rate_limit import RateLimit


def test_what_the_server_gets(server: ScriptedServer) -> None:
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
def test_headers_that_make_no_sense_are_refused(headers: Any) -> None:
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


@pytest.mark.parametrize("body", [[], {}, [1, 2], "text", 5, None, True, {"a": 2**60}])
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
        http.get("/x", patient=False)
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
        HttpClient("http://127.0.0.1:9/2.0", timeout=(3.25, 60.0)).get("/x", patient=False)
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
def test_a_no_is_an_error_with_the_exchange(
    server: ScriptedServer, status: int, body: Any, cls: type[Exception]
) -> None:
    server.answers.append(Reply(status, body))
    with pytest.raises(cls, match=rf"\[GET /campaigns/1 -> {status}\]"):
        transport_to(server).get("/campaigns/1", [("filter", "email=ann@example.org")])


def test_trap_04_a_firewall_page_under_200_is_noticed(server: ScriptedServer) -> None:
    from classy_nb.errors import BlockedError

    server.answers.append(Reply(200, b"<html>", {"cf-mitigated": "challenge", "Content-Type": "text/html"}))
    with pytest.raises(BlockedError):
        transport_to(server).get("/x")
    assert len(server.asked) == 1


def test_a_very_deep_answer_is_an_error_of_ours(server: ScriptedServer) -> None:
    server.handler = lambda _: Reply(body=b"[" * 5000 + b"]" * 5000)
    with pytest.raises(UnexpectedAnswerError):
        transport_to(server).get("/x")


def test_the_pacer_is_asked_for_every_request_and_told_of_every_answer(server: ScriptedServer) -> None:
    class Noting(RateLimit):
        def __init__(self) -> None:
            super().__init__()
            self.told: list[Any] = []

        def acquire(self, *_pause: Any) -> float:
            self.told.append("acquire")
            return 0.0

        def release(self, headers: Any = None) -> None:
            self.told.append(headers and headers.get("X-RateLimit-Remaining"))

    rate_limit = Noting()
    server.answers += [
        Reply(502),
        Reply(body={"a": 1}, cut=3),
        Reply(body={}, headers={"X-RateLimit-Remaining": "41"}),
    ]
    transport_to(server, rate_limit=rate_limit).get("/x")
    assert rate_limit.told == ["acquire", None, "acquire", None, "acquire", "41"]


def test_ctrl_c_in_a_request_stops_it_cleanly(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    import requests

    def interrupted(*_args: Any, **_more: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(requests.Session, "send", interrupted)
    pauses = Pauses()
    with pytest.raises(InterruptedFetchError, match="Stopped"):
        transport_to(server, pauses=pauses).get("/x")
    assert pauses.asked == []


def test_the_end_of_the_program_is_not_swallowed(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    import requests

    def leaving(*_args: Any, **_more: Any) -> Any:
        raise SystemExit(3)

    monkeypatch.setattr(requests.Session, "send", leaving)
    with pytest.raises(SystemExit) as caught:
        transport_to(server).get("/x")
    assert caught.value.code == 3


def test_requests_are_counted(server: ScriptedServer) -> None:
    server.answers.append(Reply(502))
    http = transport_to(server)
    http.get("/x")
    http.get("/y")
    assert http.requests_sent == 3


def test_threads_share_one_transport(server: ScriptedServer) -> None:
    server.handler = lambda asked: Reply(body=int(asked.path.rpartition("/")[2]))
    http = transport_to(server, connections=4)
    found: dict[int, Any] = {}

    def ask(number: int) -> None:
        found[number] = http.get(f"/x/{number}")

    together(ask, [(number,) for number in range(40)], seconds=10)
    assert found == {number: number for number in range(40)}
    assert http.requests_sent == 40


def test_the_environment_of_a_proxy_is_respected(
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
