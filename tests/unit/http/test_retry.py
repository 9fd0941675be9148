"""What is repeated, how often and for how long. Nobody sleeps: a clock moves on by the waits."""

import random
import socket
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
    TimedOutError,
    UnauthorizedError,
    UnexpectedAnswerError,
)
from classy_nb.http.client import HttpClient
from classy_nb.http.rate_limit import RateLimit
from classy_nb.http.retry import MOST_REPEATS, RetryPolicy, same_failure

HTML = {"Content-Type": "text/html"}


def faked(pauses: Pauses) -> dict[str, Any]:
    """The options of a client that waits for nothing."""
    return {
        "retry": RetryPolicy(sleep=pauses, clock=pauses.clock),
        "rate_limit": RateLimit(clock=pauses.clock, sleep=pauses),
    }


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
def test_one_failure_is_overcome(server: ScriptedServer, pauses: Pauses, failure: Reply) -> None:
    server.answers += [failure, OK]
    assert transport_to(server, pauses=pauses).get("/campaigns") == {"ok": True}
    assert len(server.asked) == 2


def test_the_same_request_is_repeated(server: ScriptedServer, pauses: Pauses) -> None:
    server.answers += [Reply(502), OK]
    transport_to(server, pauses=pauses).get("/campaigns", [("page", "3"), ("filter", "a>b+c")])
    first, second = server.asked
    assert (first.path, first.raw_query) == (second.path, second.raw_query)


def test_waits_double_with_some_jitter(server: ScriptedServer, pauses: Pauses) -> None:
    server.handler = lambda _: Reply(502)
    with pytest.raises(ServerError):
        transport_to(server, pauses=pauses).get("/campaigns")
    for seconds, middle in zip(pauses.asked, (0.5, 1, 2, 4), strict=True):
        assert 0.74 * middle < seconds < 1.26 * middle


def test_the_user_s_seeded_random_numbers_are_left_alone(server: ScriptedServer, pauses: Pauses) -> None:
    before = random.getstate()
    test_waits_double_with_some_jitter(server, pauses)
    assert random.getstate() == before


def test_trap_23_the_wait_is_what_the_header_says(server: ScriptedServer, pauses: Pauses) -> None:
    server.answers += [Reply(429, {"retry_after": 99}, {"Retry-After": "42"}), OK]
    transport_to(server, pauses=pauses).get("/campaigns")
    assert pauses.asked == [pytest.approx(42, abs=0.5)]
    assert pauses.asked[0] >= 42


def test_trap_23_without_a_header_the_wait_is_what_the_body_says(
    server: ScriptedServer, pauses: Pauses
) -> None:
    server.answers += [Reply(429, {"message": "Too Many Attempts.", "retry_after": 17}), OK]
    transport_to(server, pauses=pauses).get("/campaigns")
    assert pauses.asked == [pytest.approx(17, abs=0.5)]


def test_trap_23_a_date_is_understood(server: ScriptedServer, pauses: Pauses) -> None:
    import time

    server.answers += [Reply(429, {}, {"Retry-After": formatdate(time.time() + 60, usegmt=True)}), OK]
    transport_to(server, pauses=pauses).get("/campaigns")
    assert pauses.asked == [pytest.approx(60, abs=3)]


def test_trap_23_a_429_without_a_hint_is_waited_for_too(server: ScriptedServer, pauses: Pauses) -> None:
    server.answers += [Reply(429, {}), OK]
    transport_to(server, pauses=pauses).get("/campaigns")
    assert len(pauses.asked) == 1
    assert pauses.asked[0] >= 1


def test_trap_23_503_as_the_old_rate_limit_is_waited_for(server: ScriptedServer, pauses: Pauses) -> None:
    server.answers += [Reply(503, {}, {"Retry-After": "20"}), OK]
    transport_to(server, pauses=pauses).get("/campaigns")
    assert pauses.asked == [pytest.approx(20, abs=0.5)]
    assert pauses.asked[0] >= 20


def test_trap_23_nobody_waits_for_24_hours(server: ScriptedServer, pauses: Pauses) -> None:
    server.answers.append(Reply(429, {"message": "Too Many Attempts."}, {"Retry-After": "86400"}))
    with pytest.raises(
        RateLimitedError, match=r"It asks to wait 24 h \(until \d\d:\d\d UTC tomorrow\)\."
    ) as caught:
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
    with pytest.raises(RateLimitedError, match=r"another 24 h \(until .*; nothing was sent"):
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


def test_a_server_that_fails_in_many_ways_is_given_up_too(server: ScriptedServer, pauses: Pauses) -> None:
    kinds = [Reply(502), Reply(body=b"{"), cut(), Reply(429, {"retry_after": 1}), Reply(500)]
    replies = iter(kinds * 20)
    server.handler = lambda _: next(replies)
    with pytest.raises(ClassyError):
        transport_to(server, pauses=pauses).get("/campaigns")
    assert len(server.asked) == MOST_REPEATS + 1
    assert pauses.now - 1000 < 300


def test_failures_of_several_kinds_are_overcome_although_each_is_frequent(
    server: ScriptedServer, pauses: Pauses
) -> None:
    """No kind of failure comes more often in a row than it may, and in the end the answer comes."""
    bad = [
        Reply(500),
        Reply(502),
        Reply(500),
        cut(),
        Reply(body=b"{"),
        Reply(429, {}),
        Reply(503),
        Reply(500),
    ]
    server.answers += [*bad, OK]
    assert transport_to(server, pauses=pauses).get("/campaigns") == {"ok": True}
    assert len(server.asked) == 9


@pytest.mark.parametrize(
    ("failure", "cls", "tries"),
    [
        (Reply(500, {}), ServerError, 5),
        (Reply(502), ServerError, 5),
        (Reply(body=b"{"), UnexpectedAnswerError, 5),
        (
            Reply(401, {"error": "invalid_token"}),
            UnauthorizedError,
            6,
        ),  # two tokens for each of three attempts
        (Reply(400, {}), BadRequestError, 1),
    ],
)
def test_a_path_that_was_read_before_is_repeated_more_often(
    server: ScriptedServer, pauses: Pauses, failure: Reply, cls: type[ClassyError], tries: int
) -> None:
    """Its question has been answered, so the failure is more likely the server's."""
    http = transport_to(server, login=True, pauses=pauses)
    http.get("/campaigns", [("page", "1")])
    server.handler = lambda _: failure
    with pytest.raises(cls):
        http.get("/campaigns", [("page", "2")])
    assert len(server.data_requests) == 1 + tries


@pytest.mark.parametrize(("failure", "tries"), [(Reply(body=b"{"), 5), (Reply(500, {}), 3)])
def test_damaged_answers_of_a_new_path_are_repeated_as_often_once_the_api_has_answered(
    server: ScriptedServer, pauses: Pauses, failure: Reply, tries: int
) -> None:
    """Damage says nothing of the question; a 500 may be all that a server has to say about it."""
    http = transport_to(server, pauses=pauses)
    http.get("/organizations")
    server.handler = lambda _: failure
    with pytest.raises(ClassyError):
        http.get("/campaigns")
    assert len(server.data_requests) == 1 + tries


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


def test_a_cancel_ends_the_repeats(server: ScriptedServer) -> None:
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


def test_a_server_that_is_not_there(pauses: Pauses) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
        address = f"http://127.0.0.1:{taken.getsockname()[1]}/2.0"
        http = HttpClient(
            address,
            retry=RetryPolicy(sleep=pauses, clock=pauses.clock),
            rate_limit=RateLimit(clock=pauses.clock, sleep=pauses),
        )
        with pytest.raises(ConnectionFailedError) as caught:
            http.get("/campaigns")
    assert type(caught.value) is ConnectionFailedError
    assert str(caught.value) == (
        "The server could not be reached or hung up. [GET /campaigns] "
        "Check the network connection and try again."
    )
    assert len(pauses.asked) == 4


def test_a_server_that_hangs_up(pauses: Pauses) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        hung_up: list[int] = []

        def hang_up() -> None:
            for number in range(5):
                connection, _ = listening.accept()
                hung_up.append(number)
                connection.close()

        thread = threading.Thread(target=hang_up, daemon=True)
        thread.start()
        address = f"http://127.0.0.1:{listening.getsockname()[1]}/2.0"
        http = HttpClient(
            address,
            retry=RetryPolicy(sleep=pauses, clock=pauses.clock),
            rate_limit=RateLimit(clock=pauses.clock, sleep=pauses),
        )
        with pytest.raises(ConnectionFailedError):
            http.get("/campaigns")
        thread.join(5)
    assert hung_up == [0, 1, 2, 3, 4]


def test_trap_22_time_outs_are_repeated_only_if_the_caller_wants_it(
    server: ScriptedServer, pauses: Pauses
) -> None:
    release = threading.Event()
    server.handler = lambda _: Reply(body={}, delay=release)
    http = transport_to(server, pauses=pauses, timeout=(2.0, 0.05))
    with pytest.raises(TimedOutError):
        http.get("/supporters", retry_timeouts=False)
    assert len(server.arrived(1)) == 1
    with pytest.raises(TimedOutError):
        http.get("/supporters")
    assert len(server.arrived(4)) == 4
    release.set()


def test_a_time_out_in_the_middle_of_the_body(pauses: Pauses) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def dawdle() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
                done.wait(10)

        done = threading.Event()
        thread = threading.Thread(target=dawdle, daemon=True)
        thread.start()
        address = f"http://127.0.0.1:{listening.getsockname()[1]}/2.0"
        http = HttpClient(
            address,
            retry=RetryPolicy(sleep=pauses, clock=pauses.clock),
            timeout=(2.0, 0.05),
            rate_limit=RateLimit(clock=pauses.clock, sleep=pauses),
        )
        with pytest.raises(TimedOutError):
            http.get("/supporters", retry_timeouts=False)
        done.set()
        thread.join(5)


POLICY = RetryPolicy(seconds=100.0)


@pytest.mark.parametrize(
    ("attempt", "seconds"), [(1, 0.5), (2, 1), (3, 2), (4, 4), (5, 8), (6, 10), (20, 10)]
)
def test_the_policy_s_backoff(attempt: int, seconds: float) -> None:
    delay = POLICY.delay(ServerError("x", status=502), attempt, 1)
    assert delay == pytest.approx(seconds, rel=0.26)


def test_the_policy_gives_up_when_the_wait_would_end_too_late() -> None:
    error = ServerError("x", status=503)
    assert POLICY.delay(error, 1, 1, elapsed=99.0) is not None
    assert POLICY.delay(error, 1, 1, elapsed=99.9) is None
    error.retry_after = 50.0
    assert POLICY.delay(error, 1, 1, elapsed=49.0) is not None
    assert POLICY.delay(error, 1, 1, elapsed=51.0) is None


def test_the_policy_leaves_the_wait_of_a_429_to_the_rate_limit() -> None:
    error = RateLimitedError("x", status=429)
    assert POLICY.delay(error, 1, 1) == 0
    error.retry_after = 5.0
    assert POLICY.delay(error, 1, 1) == 0
    assert POLICY.delay(error, 1, 1, method="POST") == 5, "the rate limit is about GETs"
    error.retry_after = 0.0
    assert POLICY.delay(error, 2, 2) == pytest.approx(1, rel=0.26), (
        "else it would be repeated at once, again and again"
    )


def test_the_policy_does_not_repeat_what_another_method_has_repeated() -> None:
    error = ServerError("x", status=502, method="POST")
    assert POLICY.delay(error, 1, 1, method="GET") is None
    assert POLICY.delay(error, 1, 1, method="POST") is not None


def test_500_and_502_are_different_failures() -> None:
    assert same_failure(ServerError("x", status=502), ServerError("y", status=503))
    assert not same_failure(ServerError("x", status=500), ServerError("y", status=503))
    assert not same_failure(None, ServerError("y", status=503))
    assert not same_failure(TimedOutError("x"), ConnectionFailedError("y"))
