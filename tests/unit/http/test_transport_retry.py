"""What is repeated, how often and how long; nobody sleeps here: waits are noted and a clock moves on."""

import random
import threading
from email.utils import formatdate
from typing import Any

import pytest
from support.connection import Pauses, transport_to
from support.server import OK, Reply, ScriptedServer

from classy_nb.errors import (
    BadRequestError,
    BlockedError,
    ClassyError,
    ConnectionFailedError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    ServerError,
    UnauthorizedError,
    UnexpectedAnswerError,
)

HTML = {"Content-Type": "text/html"}


def cut(body: Any = None) -> Reply:
    return Reply(body=body or {"a": "b" * 50}, cut=20)


@pytest.mark.parametrize(
    ("failure", "cls", "tries"),
    [
        (Reply(502, b"<html>", HTML), ServerError, 5),
        (Reply(503), ServerError, 5),
        (Reply(504, {"message": "An invalid response was received"}), ServerError, 5),
        (Reply(522, b"<html>", HTML), ServerError, 5),
        (Reply(500, {}), ServerError, 3),
        (Reply(500, b"Server error!"), ServerError, 3),
        (cut(), ConnectionFailedError, 5),
        (Reply(body=b'{"data": [1, 2'), UnexpectedAnswerError, 3),
        (Reply(body=b"<html>hello</html>", headers=HTML), UnexpectedAnswerError, 3),
        (Reply(body=b""), UnexpectedAnswerError, 3),
        (Reply(429, {"message": "Too Many Attempts.", "retry_after": 1}), RateLimitedError, 9),
        (Reply(400, {"error": "Bad filter"}), BadRequestError, 1),
        (Reply(401, {"error": "invalid_token"}), UnauthorizedError, 1),
        (Reply(403, {"error": "This action is unauthorized."}), PermissionDeniedError, 1),
        (Reply(403, b"<html>", HTML), BlockedError, 1),
        (Reply(404, {"error": "The resource cannot be found"}), NotFoundError, 1),
        (Reply(405, {}), BadRequestError, 1),
        (Reply(422, {"errors": []}), BadRequestError, 1),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else None,
)
def test_trap_26_what_is_repeated_and_how_often(
    server: ScriptedServer, pauses: Pauses, failure: Reply, cls: type[ClassyError], tries: int
) -> None:
    server.handler = lambda _: failure
    with pytest.raises(ClassyError) as caught:
        transport_to(server, pauses=pauses).get("/campaigns")
    assert type(caught.value) is cls
    assert len(server.asked) == tries
    assert len(pauses.asked) == tries - 1
    assert sum(pauses.asked) < 60


@pytest.mark.parametrize(
    "failure",
    [Reply(502), Reply(503), Reply(500), cut(), Reply(body=b"{"), Reply(429, {"retry_after": 3})],
    ids=["502", "503", "500", "broken off", "half JSON", "429"],
)
def test_one_failure_is_got_over(server: ScriptedServer, pauses: Pauses, failure: Reply) -> None:
    server.answers += [failure, OK]
    assert transport_to(server, pauses=pauses).get("/campaigns") == {"ok": True}
    assert len(server.asked) == 2


def test_a_repeat_is_the_same_request(server: ScriptedServer, pauses: Pauses) -> None:
    server.answers += [Reply(502), OK]
    transport_to(server, pauses=pauses).get("/campaigns", [("page", "3"), ("filter", "a>b+c")])
    first, second = server.asked
    assert (first.path, first.raw_query) == (second.path, second.raw_query)


def test_waits_grow_and_vary_a_little(server: ScriptedServer, pauses: Pauses) -> None:
    server.handler = lambda _: Reply(502)
    with pytest.raises(ServerError):
        transport_to(server, pauses=pauses).get("/campaigns")
    for seconds, middle in zip(pauses.asked, (0.5, 1, 2, 4), strict=True):
        assert 0.74 * middle < seconds < 1.26 * middle


def test_users_random_numbers_are_left_alone(server: ScriptedServer, pauses: Pauses) -> None:
    before = random.getstate()
    test_waits_grow_and_vary_a_little(server, pauses)
    assert random.getstate() == before


def test_trap_23_the_header_is_waited_for_to_the_second(server: ScriptedServer, pauses: Pauses) -> None:
    server.answers += [Reply(429, {"retry_after": 99}, {"Retry-After": "42"}), OK]
    transport_to(server, pauses=pauses).get("/campaigns")
    assert pauses.asked == [pytest.approx(42, abs=0.5)]
    assert pauses.asked[0] >= 42


def test_trap_23_else_the_body_says_how_long(server: ScriptedServer, pauses: Pauses) -> None:
    server.answers += [Reply(429, {"message": "Too Many Attempts.", "retry_after": 17}), OK]
    transport_to(server, pauses=pauses).get("/campaigns")
    assert pauses.asked == [pytest.approx(17, abs=0.5)]


def test_trap_23_a_date_is_understood(server: ScriptedServer, pauses: Pauses) -> None:
    import time

    server.answers += [Reply(429, {}, {"Retry-After": formatdate(time.time() + 60, usegmt=True)}), OK]
    transport_to(server, pauses=pauses).get("/campaigns")
    assert pauses.asked == [pytest.approx(60, abs=3)]


def test_trap_23_a_429_that_says_nothing_is_waited_for_all_the_same(
    server: ScriptedServer, pauses: Pauses
) -> None:
    server.answers += [Reply(429, {}), OK]
    transport_to(server, pauses=pauses).get("/campaigns")
    assert len(pauses.asked) == 1
    assert pauses.asked[0] >= 1


def test_trap_23_503_as_the_old_rate_limit_is_waited_for(server: ScriptedServer, pauses: Pauses) -> None:
    server.answers += [Reply(503, {}, {"Retry-After": "20"}), OK]
    transport_to(server, pauses=pauses).get("/campaigns")
    assert pauses.asked == [20]


def test_trap_23_24_hours_are_not_waited_for(server: ScriptedServer, pauses: Pauses) -> None:
    server.answers.append(Reply(429, {"message": "Too Many Attempts."}, {"Retry-After": "86400"}))
    with pytest.raises(RateLimitedError, match=r"It asks to wait 24 h\.") as caught:
        transport_to(server, pauses=pauses).get("/campaigns")
    assert caught.value.retry_after == 86400
    assert pauses.asked == []
    assert len(server.asked) == 1


def test_after_24_hours_were_asked_for_the_next_call_fails_at_once(
    server: ScriptedServer, pauses: Pauses, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    monkeypatch.setattr(time, "sleep", lambda seconds: pytest.fail(f"it sleeps {seconds} s"))
    server.answers.append(Reply(429, {}, {"Retry-After": "86400"}))
    http = transport_to(server, pauses=pauses)
    with pytest.raises(RateLimitedError, match="-> 429"):
        http.get("/campaigns")
    with pytest.raises(RateLimitedError, match="asked to wait, 24 h from now; nothing was sent"):
        http.get("/campaigns")
    assert len(server.asked) == 1
    assert pauses.asked == []
    pauses.now += 86_401
    assert http.get("/campaigns") == {}


def test_all_waits_together_are_bounded(server: ScriptedServer, pauses: Pauses) -> None:
    server.handler = lambda _: Reply(429, {}, {"Retry-After": "50"})
    with pytest.raises(RateLimitedError):
        transport_to(server, pauses=pauses, seconds=120.0).get("/campaigns")
    assert len(pauses.asked) == 2
    assert sum(pauses.asked) <= 120


def test_different_failures_are_bounded_together(server: ScriptedServer, pauses: Pauses) -> None:
    kinds = [Reply(502), Reply(body=b"{"), cut(), Reply(429, {"retry_after": 1}), Reply(500)]
    replies = iter(kinds * 20)
    server.handler = lambda _: next(replies)
    with pytest.raises(ClassyError):
        transport_to(server, pauses=pauses).get("/campaigns")
    assert len(server.asked) <= 13


def test_broken_gzip_is_repeated(server: ScriptedServer, pauses: Pauses) -> None:
    server.answers += [Reply(body=b"no gzip at all", headers={"Content-Encoding": "gzip"}), OK]
    assert transport_to(server, pauses=pauses).get("/campaigns") == {"ok": True}


def test_logins_are_repeated_in_the_same_way(server: ScriptedServer, pauses: Pauses) -> None:
    server.logins += [Reply(502), Reply(429, {"retry_after": 5})]
    server.answers.append(OK)
    assert transport_to(server, login=True, pauses=pauses).get("/campaigns") == {"ok": True}
    assert [asked.path for asked in server.asked] == ["/oauth2/auth"] * 3 + ["/2.0/campaigns"]


def test_a_login_that_keeps_failing_is_not_repeated_again_by_its_request(
    server: ScriptedServer, pauses: Pauses
) -> None:
    server.login_handler = lambda _: Reply(502)
    with pytest.raises(ServerError, match=r"\[POST /oauth2/auth -> 502\]"):
        transport_to(server, login=True, pauses=pauses).get("/campaigns")
    assert len(server.token_requests) == 5
    assert server.data_requests == []


def test_an_interruptible_pause_ends_the_repeats(server: ScriptedServer) -> None:
    from classy_nb.errors import InterruptedFetchError
    from classy_nb.http.cancel import Cancel

    stop = Cancel()
    server.handler = lambda _: Reply(503, {}, {"Retry-After": "100"})
    timer = threading.Timer(0.05, stop.set)
    timer.start()
    with pytest.raises(InterruptedFetchError):
        transport_to(server).get("/campaigns", cancel=stop)
    timer.join()
    assert len(server.asked) == 1
