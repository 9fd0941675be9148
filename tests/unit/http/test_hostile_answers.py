"""Redirects, sizes and shapes that a hostile or broken server may answer with: refused by name."""

import gzip
import re
import zlib

import pytest
from support.connection import CANARY, Pauses, transport_to
from support.server import OK, TOKEN, Reply, ScriptedServer

from classy_nb.errors import (
    BlockedError,
    ClassyError,
    RedirectRefusedError,
    ResponseError,
    UnexpectedAnswerError,
)
from classy_nb.http import client as http_client
from classy_nb.http import origin_of

HTML = {"Content-Type": "text/html"}


# Where a redirect may lead to


@pytest.mark.edge(27)
@pytest.mark.parametrize(
    "location",
    [
        "http://{other}\\@{api}/2.0/campaigns",
        "http://{other}\\\\@{api}/2.0/campaigns",
        "//{other}/2.0/campaigns",
        "\\\\{other}/2.0/campaigns",
        "/\\{other}/2.0/campaigns",
        "http://{other}#@{api}/2.0/campaigns",
        "http://{other}?@{api}/2.0/campaigns",
        "http://{api}@{other}/2.0/campaigns",
        "http://ann:pw@{api}/2.0/campaigns",
        "http://{other}\t@{api}/2.0/campaigns",
        "ht\ttp://{other}/2.0/campaigns",
        "http://%6cocalhost/2.0/campaigns",
        "http://[::ffff:127.0.0.1]/2.0/campaigns",
        "http://ⓛocalhost/2.0/campaigns",
        "https://{api}/2.0/campaigns",
        "file:///etc/passwd",
        "data:application/json,[]",
        "",
        " ",
    ],
)
@pytest.mark.parametrize("status", [302, 308])
def test_a_redirect_is_followed_to_the_same_origin_only(
    server: ScriptedServer, location: str, status: int
) -> None:
    with ScriptedServer() as other:
        places = {"other": other.origin.removeprefix("http://"), "api": server.origin.removeprefix("http://")}
        header = location.format(**places).encode().decode("latin-1")
        server.handler = lambda _: Reply(status, b"", {"Location": header})
        with pytest.raises(RedirectRefusedError, match="the token was not sent there") as caught:
            transport_to(server, login=True).get("/campaigns")
        assert other.asked == []
    assert len(server.data_requests) == 1
    assert "ann" not in str(caught.value)
    assert caught.value.status == status


@pytest.mark.edge(27)
def test_a_refused_redirect_names_the_host_and_nothing_else_of_the_address(server: ScriptedServer) -> None:
    server.answers.append(Reply(302, b"", {"Location": "http://evil.example.org/ann?email=ann@example.org"}))
    with pytest.raises(RedirectRefusedError, match=re.escape("another origin (evil.example.org);")) as caught:
        transport_to(server).get("/campaigns")
    assert "ann" not in str(caught.value)


@pytest.mark.edge(27)
@pytest.mark.parametrize(
    "location",
    [
        "/2.0/organizations/8/transactions?page=2",
        "/2.0/organizations/7/transactions",
        "/2.0/organizations/7/transactions?page=3",
        "?page=3",
        "/",
    ],
)
def test_a_redirect_to_another_question_is_refused(server: ScriptedServer, location: str) -> None:
    server.answers += [Reply(302, b"", {"Location": location}), OK]
    with pytest.raises(RedirectRefusedError, match="something else than what was asked for"):
        transport_to(server).get("/organizations/7/transactions", [("page", "2")])
    assert len(server.asked) == 1


@pytest.mark.edge(27)
def test_a_redirect_in_circles_is_named(server: ScriptedServer) -> None:
    server.handler = lambda _: Reply(302, b"", {"Location": "/2.0/campaigns"})
    with pytest.raises(RedirectRefusedError, match="in circles on its own host") as caught:
        transport_to(server).get("/campaigns")
    assert "another" not in str(caught.value)
    assert len(server.asked) == 4


@pytest.mark.edge(27)
@pytest.mark.parametrize(("status", "says"), [(304, "not modified"), (300, "neither"), (305, "neither")])
def test_other_answers_of_the_300_family_are_not_called_redirects(
    server: ScriptedServer, status: int, says: str
) -> None:
    server.handler = lambda _: Reply(status, b"", {"Location": "http://evil.example.org/"})
    with pytest.raises(UnexpectedAnswerError, match=says) as caught:
        transport_to(server).get("/campaigns")
    assert caught.value.status == status
    assert "redirect" not in str(caught.value)


@pytest.mark.edge(27)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ["{other}/oauth2/auth", "/oauth2/auth", "/oauth2/auth/", ""])
def test_credentials_are_never_sent_after_a_redirect(
    server: ScriptedServer, status: int, location: str
) -> None:
    with ScriptedServer() as other:
        server.logins.append(Reply(status, b"", {"Location": location.format(other=other.origin)}))
        with pytest.raises(RedirectRefusedError, match="id and secret were not sent there") as caught:
            transport_to(server, login=True).get("/campaigns")
        assert other.asked == []
    assert [asked.method for asked in server.asked] == ["POST"]
    assert CANARY not in str(caught.value)


@pytest.mark.edge(27)
@pytest.mark.parametrize(
    "reply",
    [
        Reply(302, b"x" * 5000, {"Location": "http://evil.example.org\\@x/"}),
        Reply(302, b"x" * 5000, {"Location": "http://["}),
        Reply(302, b"not gzip", {"Location": "http://evil.example.org/", "Content-Encoding": "gzip"}),
        Reply(304, b""),
        Reply(200, b"not gzip", {"Content-Encoding": "gzip"}),
        Reply(200, b"[" * 5000),
        Reply(200, b"x" * 3_000_000),
        Reply(403, b"<html>" * 9000, HTML),
        Reply(404, b"x" * 100_000),
    ],
    ids=lambda reply: f"{reply.status}-{len(reply.body)}",
)
def test_every_answer_is_closed_and_the_next_call_works(
    server: ScriptedServer, reply: Reply, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one connection in the pool, a single answer that is left open blocks the next call for good."""
    monkeypatch.setattr(http_client, "MOST_BYTES", 2_000_000)
    http = transport_to(server, connections=1)
    for _ in range(9):
        server.handler = lambda _: reply
        with pytest.raises(ClassyError):
            http.get("/campaigns")
        server.handler = lambda _: OK
        assert http.get("/campaigns") == {"ok": True}


@pytest.mark.edge(27)
@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("http://other\\@api.classy.org/2.0", "http://other:80"),
        ("https://a@API.classy.org/2.0", "https://api.classy.org:443"),
        ("https://api.classy.org:443/2.0", "https://api.classy.org:443"),
    ],
)
def test_origins_are_read_as_requests_reads_them(url: str, origin: str) -> None:
    assert origin_of(url) == origin


# A page of the firewall

INCAPSULA = b'<html><iframe src="/_Incapsula_Resource?xinfo=5-1">Incapsula incident ID: 5</iframe></html>'
STRAYS = [
    Reply(403, b"<html>Just a moment...</html>", HTML),
    Reply(403, {}, {"cf-mitigated": "challenge"}),
    Reply(200, INCAPSULA, HTML),
    Reply(503, b'<script src="/cdn-cgi/challenge-platform/x.js">', HTML),
    Reply(202, b"", {"x-amzn-waf-action": "challenge"}),
]


@pytest.mark.edge(29)
@pytest.mark.parametrize("stray", STRAYS)
def test_a_stray_page_of_the_firewall_is_asked_for_again_slowly(server: ScriptedServer, stray: Reply) -> None:
    pauses = Pauses()
    server.answers += [OK, stray, stray, OK]
    http = transport_to(server, pauses=pauses)
    http.get("/campaigns")
    assert http.get("/designations") == {"ok": True}
    assert [round(pause) for pause in pauses.asked] == [pytest.approx(5, abs=2), pytest.approx(10, abs=3)]


@pytest.mark.edge(29)
@pytest.mark.parametrize("stray", STRAYS)
def test_a_firewall_that_stays_is_an_error_after_a_few_tries(server: ScriptedServer, stray: Reply) -> None:
    server.answers.append(OK)
    server.handler = lambda _: stray
    http = transport_to(server)
    http.get("/campaigns")
    with pytest.raises(BlockedError, match="x-integration-id"):
        http.get("/campaigns")
    assert len(server.asked) == 1 + 4


@pytest.mark.edge(29)
def test_a_firewall_at_the_first_request_is_not_asked_again(server: ScriptedServer) -> None:
    server.handler = lambda _: STRAYS[0]
    with pytest.raises(BlockedError):
        transport_to(server).get("/campaigns")
    assert len(server.asked) == 1


@pytest.mark.edge(29)
def test_a_stray_page_in_front_of_a_token_is_asked_for_again_too(server: ScriptedServer) -> None:
    server.answers += [OK, Reply(401, {"error": "invalid_token"}), OK]
    server.logins += [Reply(body=TOKEN), STRAYS[0], Reply(body=TOKEN)]
    http = transport_to(server, login=True)
    http.get("/campaigns")
    assert http.get("/campaigns") == {"ok": True}


# How much an answer may be


@pytest.mark.edge(28)
@pytest.mark.parametrize("coding", ["gzip", "deflate", "identity"])
def test_an_answer_has_a_largest_size(
    server: ScriptedServer, coding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_client, "MOST_BYTES", 8 << 20)
    body = b'["' + b"a" * (16 << 20) + b'"]'
    packed = {"gzip": gzip.compress, "deflate": zlib.compress, "identity": bytes}[coding](body)
    server.handler = lambda _: Reply(200, packed, {"Content-Encoding": coding})
    with pytest.raises(ResponseError, match="larger than 8 MB"):
        transport_to(server).get("/x")
    assert len(server.asked) == 1, "it would be as large again"
    server.handler = lambda _: OK
    server.login_handler = lambda _: Reply(200, packed, {"Content-Encoding": coding})
    with pytest.raises(ResponseError, match="larger than 8 MB"):
        transport_to(server, login=True).get("/x")


@pytest.mark.edge(28)
@pytest.mark.parametrize("body", [b"[" * 150 + b"]" * 150, b'{"a":' * 150 + b"1" + b"}" * 150])
def test_nesting_is_bounded(server: ScriptedServer, body: bytes) -> None:
    server.handler = lambda _: Reply(body=body)
    with pytest.raises(UnexpectedAnswerError, match="nested deeper than 100 levels"):
        transport_to(server).get("/x")


@pytest.mark.edge(28)
def test_brackets_in_a_comment_are_not_nesting(server: ScriptedServer) -> None:
    comment = 'so "good" [' * 500
    server.answers.append(Reply(body={"comment": comment}))
    assert transport_to(server).get("/x") == {"comment": comment}
