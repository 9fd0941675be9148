"""When a token is renewed, by whom, and what happens while that fails. Clocks and exchanges are fakes."""

import threading
from collections.abc import Mapping
from typing import Any

import pytest
from support.tokens import Clock, Tokens, auth_with, sent_by

from classy_nb.errors import ConnectionFailedError, ServerError, UnexpectedAnswerError
from classy_nb.redact import Secret


def test_64_threads_on_one_expired_token_ask_once(clock: Clock) -> None:
    tokens = Tokens()
    inside, go = threading.Event(), threading.Event()

    def slow(url: str, fields: Mapping[str, str | Secret]) -> dict[str, Any]:
        answer = tokens(url, fields)
        if len(tokens.posted) > 1:
            inside.set()
            assert go.wait(10)
        return answer

    auth = auth_with(slow, clock)
    sent_by(auth)
    clock.pass_(7200)
    start = threading.Barrier(65)
    found: list[str | None] = []

    def ask() -> None:
        start.wait(10)
        found.append(sent_by(auth))

    threads = [threading.Thread(target=ask) for _ in range(64)]
    for thread in threads:
        thread.start()
    start.wait(10)
    assert inside.wait(10)
    go.set()
    for thread in threads:
        thread.join(10)
    assert found == ["Bearer token-2"] * 64
    assert len(tokens.posted) == 2


def test_a_refused_token_is_replaced() -> None:
    auth = auth_with(Tokens())
    auth.discard(Secret(str(sent_by(auth))))
    assert auth.describe() == "token renews with the next request"
    assert sent_by(auth) == "Bearer token-2"


def test_a_late_refusal_of_an_old_token_does_not_discard_a_newer_one() -> None:
    tokens = Tokens()
    auth = auth_with(tokens)
    old = Secret(str(sent_by(auth)))
    auth.discard(old)
    assert sent_by(auth) == "Bearer token-2"
    auth.discard(old)
    auth.discard(None)
    auth.discard(Secret("token-2"))
    assert sent_by(auth) == "Bearer token-2"
    assert len(tokens.posted) == 2


def test_a_refresh_token_is_used_and_rotated(clock: Clock) -> None:
    tokens = Tokens(refresh_token=True)
    auth = auth_with(tokens, clock)
    for number in (1, 2, 3):
        assert sent_by(auth) == f"Bearer token-{number}"
        clock.pass_(7200)
    assert tokens.grants == ["client_credentials", "refresh_token", "refresh_token"]
    assert [fields.get("refresh_token") for _, fields in tokens.posted] == [
        None,
        Secret("refresh-1"),
        Secret("refresh-2"),
    ]
    assert set(tokens.posted[1][1]) == {"grant_type", "refresh_token", "client_id", "client_secret"}


def test_a_refused_refresh_token_falls_back_to_the_credentials(clock: Clock) -> None:
    tokens = Tokens(refresh_token=True)
    auth = auth_with(tokens, clock)
    sent_by(auth)
    tokens.refuse_refresh = True
    clock.pass_(7200)
    assert sent_by(auth) == "Bearer token-3"
    assert tokens.grants == ["client_credentials", "refresh_token", "client_credentials"]


def test_a_discarded_token_leaves_its_refresh_token(clock: Clock) -> None:
    tokens = Tokens(refresh_token=True)
    auth = auth_with(tokens, clock)
    auth.discard(Secret(str(sent_by(auth))))
    sent_by(auth)
    assert tokens.grants == ["client_credentials", "refresh_token"]


def test_without_a_refresh_token_the_credentials_are_used_again(clock: Clock) -> None:
    tokens = Tokens()
    auth = auth_with(tokens, clock)
    sent_by(auth)
    clock.pass_(7200)
    sent_by(auth)
    assert tokens.grants == ["client_credentials", "client_credentials"]


def test_a_failed_renewal_is_tried_again_by_the_next_request(clock: Clock) -> None:
    tokens, failures = Tokens(), [ServerError("The API failed."), None]

    def flaky(url: str, fields: Mapping[str, str | Secret]) -> dict[str, Any]:
        if failure := failures.pop(0):
            raise failure
        return tokens(url, fields)

    auth = auth_with(flaky, clock)
    with pytest.raises(ServerError):
        auth.token()
    assert sent_by(auth) == "Bearer token-1"


def test_while_the_login_is_down_a_token_serves_to_its_end(clock: Clock) -> None:
    tokens, down = Tokens(), [False]

    def exchange(url: str, fields: Mapping[str, str | Secret]) -> dict[str, Any]:
        if down[0]:
            raise ConnectionFailedError("The server could not be reached.")
        return tokens(url, fields)

    auth = auth_with(exchange, clock)
    sent_by(auth)
    down[0] = True
    clock.pass_(7200 - 59)
    assert sent_by(auth) == "Bearer token-1"
    clock.pass_(59)
    with pytest.raises(ConnectionFailedError):
        auth.token()
    down[0] = False
    assert sent_by(auth) == "Bearer token-2"


def test_while_the_login_is_down_it_is_not_asked_for_each_request(clock: Clock) -> None:
    """Each try may take all its repeats, while everybody waits for it."""
    tokens, tries = Tokens(), []

    def exchange(url: str, fields: Mapping[str, str | Secret]) -> dict[str, Any]:
        if not tries:
            tries.append(clock.monotonic)
            return tokens(url, fields)
        clock.pass_(7.5)
        tries.append(clock.monotonic)
        raise ServerError("The API failed.")

    auth = auth_with(exchange, clock)
    sent_by(auth)
    clock.pass_(7200 - 60)
    sent = []
    while (now := clock.monotonic) < tries[0] + 7200 - 20:
        assert sent_by(auth) == "Bearer token-1"
        sent.append(clock.monotonic - now)
        clock.pass_(0.5)
    assert sum(waited > 0 for waited in sent) == len(tries) - 1 == 3
    assert len(sent) > 30
    clock.pass_(20)
    for _ in range(2):  # nothing is left to send: each request asks
        with pytest.raises(ServerError):
            auth.token()
    assert len(tries) == 6


def test_while_one_renews_a_token_the_others_go_on_with_it(clock: Clock) -> None:
    tokens = Tokens()
    inside, go = threading.Event(), threading.Event()

    def slow(url: str, fields: Mapping[str, str | Secret]) -> dict[str, Any]:
        if tokens.posted:
            inside.set()
            assert go.wait(10)
        return tokens(url, fields)

    auth = auth_with(slow, clock)
    sent_by(auth)
    clock.pass_(7200 - 59)
    renewing = threading.Thread(target=auth.token)
    renewing.start()
    assert inside.wait(10)
    try:
        found: list[str | None] = []
        other = threading.Thread(target=lambda: found.append(sent_by(auth)))
        other.start()
        other.join(5)
        assert found == ["Bearer token-1"]
    finally:
        go.set()
        renewing.join(10)
    assert sent_by(auth) == "Bearer token-2"
    assert len(tokens.posted) == 2


def test_a_refused_token_does_not_serve_on(clock: Clock) -> None:
    tokens, answers = Tokens(), [None, ServerError("The API failed.")]

    def exchange(url: str, fields: Mapping[str, str | Secret]) -> dict[str, Any]:
        if failure := answers.pop(0):
            raise failure
        return tokens(url, fields)

    auth = auth_with(exchange, clock)
    auth.discard(Secret(str(sent_by(auth))))
    with pytest.raises(ServerError):
        auth.token()


@pytest.mark.parametrize(
    "answer", [{}, {"access_token": None}, {"access_token": ""}, {"access_token": 5}, {"token": "x"}]
)
def test_an_answer_without_a_token_is_an_error(answer: dict[str, Any]) -> None:
    auth = auth_with(lambda *_: answer)
    with pytest.raises(UnexpectedAnswerError, match="without a token"):
        sent_by(auth)
