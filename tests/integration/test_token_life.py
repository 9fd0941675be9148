"""The token under stress: expired for 64 threads, revoked in the middle, short-lived, oddly described."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

import classy_nb as cn
from classy_nb.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

THREADS = 64


def all_at_once(call: Callable[[], Any]) -> list[Any]:
    gate = threading.Barrier(THREADS)

    def run(_: int) -> Any:
        gate.wait(30)
        return call()

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


def test_trap_21_64_threads_and_a_token_that_ended_early(
    own_box: Sandbox, connecting: Callable[..., cn.Classy]
) -> None:
    with connecting(own_box) as classy:
        own_box.revoke_tokens()
        own_box.reset_log()
        assert all_at_once(classy.campaigns.count) == [15] * THREADS
    assert own_box.token_requests == 1


def test_trap_21_64_threads_and_a_token_known_to_have_expired(
    own_box: Sandbox, connecting: Callable[..., cn.Classy]
) -> None:
    with connecting(own_box) as classy:
        later = 8_000.0
        own_box.advance(later)
        classy._session.http.auth._clock = lambda: time.monotonic() + later
        own_box.reset_log()
        assert all_at_once(classy.campaigns.count) == [15] * THREADS
    assert own_box.token_requests == 1
    assert [request.status for request in own_box.requests] == [200] * THREADS


@pytest.mark.parametrize("workers", [1, 8])
def test_trap_21_token_revoked_in_the_middle_of_a_list(
    own_box: Sandbox, connecting: Callable[..., cn.Classy], workers: int
) -> None:
    with connecting(own_box, workers=workers) as classy:
        own_box.reset_log()
        own_box.faults.then("ok", "revoke")
        frame = classy.transactions()
    assert list(frame["id"]) == sorted(record["id"] for record in own_box.truth("transactions"))
    assert own_box.token_requests == 1
    assert 401 in {request.status for request in own_box.requests}


def test_trap_21_every_token_dies_after_one_page(
    own_box: Sandbox, connecting: Callable[..., cn.Classy]
) -> None:
    with connecting(own_box, workers=1) as classy:
        own_box.faults.then("ok", *["revoke", "ok"] * 3)
        frame = classy.transactions(fields="status")
    assert len(frame) == 300


def test_trap_21_renewed_before_it_ends(connecting: Callable[..., cn.Classy]) -> None:
    with (
        Sandbox(transactions=120, requests_per_minute=0, token_lifetime=120) as box,
        connecting(box) as classy,
    ):
        box.reset_log()
        for later in (0.0, 100.0, 110.0, 230.0):
            # 12 seconds before its end (a tenth of so short a life) a token is renewed.
            box.advance(later - box._ahead)
            classy._session.http.auth._clock = lambda later=later: time.monotonic() + later
            assert classy.campaigns.count() == 15
        assert [request.status for request in box.requests] == [200] * 4
        assert box.token_requests == 2


@pytest.mark.parametrize("expires_in", ["text", "missing"])
@pytest.mark.parametrize("token_type", ["bearer", "Bearer", "BEARER"])
def test_odd_token_answers(
    own_box: Sandbox, connecting: Callable[..., cn.Classy], expires_in: Any, token_type: str
) -> None:
    own_box.faults.expires_in = expires_in
    own_box.faults.token_type = token_type
    with connecting(own_box) as classy:
        assert classy.campaigns.count() == 15
        minutes = {"text": 119, "missing": 59}[expires_in]
        assert f"renews in {minutes} min" in repr(classy)


def test_a_new_token_may_end_the_others(own_box: Sandbox, connecting: Callable[..., cn.Classy]) -> None:
    own_box.faults.one_token = True
    with connecting(own_box) as first, connecting(own_box) as second:
        for _ in range(2):
            assert first.campaigns.count() == 15
            assert second.campaigns.count() == 15


def test_trap_48_one_login_for_many_cells(own_box: Sandbox, connecting: Callable[..., cn.Classy]) -> None:
    with connecting(own_box) as classy:
        for _ in range(3):
            classy.campaigns()
            classy.supporters(limit=5)
    assert own_box.token_requests == 1


def test_trap_03_a_wrong_pair_is_refused_once(own_box: Sandbox, connecting: Callable[..., cn.Classy]) -> None:
    with pytest.raises(cn.LoginError, match="same application"):
        connecting(own_box, client_secret="0123456789abcdef")
    assert own_box.token_requests == 1
    with pytest.warns(cn.CredentialsWarning), pytest.raises(cn.LoginError):
        connecting(own_box, client_secret="<0123 456789abcdef>")


def test_trap_01_the_two_addresses_do_not_follow_each_other(
    own_box: Sandbox, connecting: Callable[..., cn.Classy]
) -> None:
    with pytest.raises(cn.ClassyError) as caught:
        cn.connect(
            own_box.client_id,
            own_box.client_secret,
            base_url=own_box.base_url,
            token_url=f"{own_box.base_url}/oauth2/auth",
        )
    assert not isinstance(caught.value, cn.UnexpectedAnswerError)
    assert caught.value.path == "/2.0/oauth2/auth"
    other = own_box.base_url.replace("/2.0", "/api/2.0")
    with cn.connect(
        own_box.client_id, own_box.client_secret, base_url=other, token_url=own_box.token_url
    ) as classy:
        assert classy.campaigns.count() == 15
