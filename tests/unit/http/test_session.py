"""No proxy for this computer, and a total time for each response: over real sockets."""

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from support.connection import CANARY, CLIENT_ID, Pauses, connected_to, orgs, transport_to
from support.lists import Listed, rows
from support.server import Reply, ScriptedServer
from support.tls import raw_server

import classy_nb as cn
from classy_nb.errors import TimedOutError
from classy_nb.http import HttpClient, RetryPolicy
from classy_nb.http.session import is_this_computer

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.fixture
def wrong_proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """A proxy for everything, which must not be asked; what it hears."""

    def refuse(connection: socket.socket, _: threading.Event) -> None:
        connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n")

    with raw_server(refuse) as (port, heard):
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.setenv(name, "example.org")
        yield heard


@pytest.mark.edge(14)
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST"])
def test_no_proxy_is_asked_for_this_computer(
    server: ScriptedServer, wrong_proxy: list[bytes], host: str
) -> None:
    server.answers.append(Reply(body=orgs({7: "Helping Hands"})))
    origin = server.origin.replace("127.0.0.1", host)
    with cn.connect(CLIENT_ID, CANARY, base_url=f"{origin}/2.0", token_url=f"{origin}/oauth2/auth") as classy:
        server.handler = Listed(rows(3)).reply
        assert len(classy.transactions()) == 3
    assert wrong_proxy == []


@pytest.mark.edge(14)
def test_no_proxy_is_asked_after_a_redirect_on_this_computer(
    server: ScriptedServer, wrong_proxy: list[bytes]
) -> None:
    server.answers += [Reply(302, headers={"Location": "/elsewhere/x"}), Reply(body={"id": 1})]
    assert transport_to(server).get("/x") == {"id": 1}
    assert wrong_proxy == []


@pytest.mark.edge(14)
def test_the_demo_works_where_the_environment_names_a_proxy(wrong_proxy: list[bytes]) -> None:
    with cn.demo(transactions=60) as classy:
        assert classy.campaigns.count() > 0
    assert wrong_proxy == []


@pytest.mark.edge(14)
@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("api.localhost", True),
        ("localhost.", True),
        ("127.0.0.1", True),
        ("127.9.8.7", True),
        ("127.1", True),
        ("[::1]", True),
        ("[::ffff:127.0.0.1]", True),
        ("api.classy.org", False),
        ("localhost.example.org", False),
        ("notlocalhost", False),
        ("10.0.0.1", False),
        ("[fe80::1]", False),
    ],
)
def test_spellings_of_this_computer(host: str, expected: bool) -> None:  # noqa: FBT001
    assert is_this_computer(f"http://{host}:8080/2.0") is expected


def dripping(first: bytes, drop: bytes) -> Callable[[socket.socket, threading.Event], None]:
    def answer(connection: socket.socket, ended: threading.Event) -> None:
        connection.sendall(first)
        while not ended.wait(0.05):
            connection.sendall(drop)

    return answer


DRIPS = {
    "in the body": dripping(HEAD + b"Content-Length: 100000\r\n\r\n", b" "),
    "without a length": dripping(HEAD + b"Connection: close\r\n\r\n{", b" "),
    "in chunks": dripping(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "in the headers": dripping(HEAD, b"X-Filler: 1\r\n"),
    "in one header": dripping(HEAD + b"X-Filler: ", b"x"),
}


@pytest.mark.edge(13)
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("drip", DRIPS)
def test_a_response_that_never_ends_is_given_up(drip: str, method: str) -> None:
    with raw_server(DRIPS[drip]) as (port, _):
        http = HttpClient(
            f"http://127.0.0.1:{port}", timeout=(5, 5), total_time=0.4, retry=RetryPolicy(seconds=0)
        )
        started = time.monotonic()
        token_url = f"http://127.0.0.1:{port}/oauth2/auth"
        with pytest.raises(TimedOutError, match="did not end in time") as caught:
            http.get("/x") if method == "GET" else http.post_token(token_url, {"grant_type": "x"})
        http.close()
    assert 0.3 < time.monotonic() - started < 3
    assert (caught.value.method, caught.value.path) == (method, "/x" if method == "GET" else "/oauth2/auth")


@pytest.mark.edge(13)
def test_silence_is_still_told_apart() -> None:
    with raw_server(lambda _, ended: ended.wait(20)) as (port, _):
        http = HttpClient(
            f"http://127.0.0.1:{port}", timeout=(5, 0.2), total_time=30, retry=RetryPolicy(seconds=0)
        )
        with pytest.raises(TimedOutError, match="did not answer in time"):
            http.get("/x")
        http.close()


@pytest.mark.edge(13)
def test_progress_hears_of_a_list_that_never_ends(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("classy_nb.progress._NOTABLE_SILENCE", 0.2)
    server.answers.append(Reply(body=orgs({7: "Helping Hands"})))
    notes: list[str] = []
    with raw_server(DRIPS["in the body"]) as (port, _), connected_to(server) as classy:
        http = HttpClient(
            f"http://127.0.0.1:{port}", timeout=(5, 5), total_time=0.4, retry=RetryPolicy(seconds=0)
        )
        classy._session.fetcher._http = http
        with pytest.raises(TimedOutError):
            classy.transactions(progress=lambda _rows, _total, note: notes.append(note))
    assert any("no answer for" in note for note in notes)


def test_responses_within_the_total_time_come_whole(server: ScriptedServer) -> None:
    pauses = Pauses()
    http = transport_to(server, pauses=pauses, total_time=30.0)
    big = {"text": "x" * 3_000_000}
    server.answers += [Reply(body=big), Reply(body=big)]
    assert http.get("/x") == http.get("/x") == big
