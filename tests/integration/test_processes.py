"""One connection and several processes: forked ones that inherit it, others that get it in a pickle."""

import concurrent.futures
import copy
import multiprocessing
import os
import pickle
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from support.connection import CANARY, CLIENT_ID, connected_to, paginator
from support.processes import TlsServer, campaigns_of_their_own, count_in, forked, own_rows
from support.server import Reply, ScriptedServer
from support.threads import together

import classy_nb as cn

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork"),
    pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning"),
]
TASKS = 40


@pytest.fixture(params=["http", "https"])
def either_server(request: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    if request.param == "http":
        chosen = ScriptedServer()
    elif shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate")
    else:
        tls = chosen = TlsServer(tmp_path)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tls.certificate))
    chosen.handler = campaigns_of_their_own
    with chosen:
        yield chosen


@pytest.fixture
def from_environment(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[cn.Classy]:
    """A connection whose credentials other processes find, too."""
    server.handler = campaigns_of_their_own
    monkeypatch.setenv("CLASSY_CLIENT_ID", CLIENT_ID)
    monkeypatch.setenv("CLASSY_CLIENT_SECRET", CANARY)
    with cn.connect(base_url=server.base_url, token_url=server.token_url, timezone="Europe/Vienna") as classy:
        yield classy


@contextmanager
def fetching_meanwhile(classy: cn.Classy) -> Iterator[list[bool]]:
    """Fetch one campaign's gifts all the time in three threads; the list tells whether they were its own."""
    over, found = threading.Event(), list[bool]()

    def fetch(campaign: int) -> None:
        while not over.is_set():
            found.append(own_rows(classy, campaign))

    threads = [threading.Thread(target=fetch, args=(900 + n,)) for n in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield found
    finally:
        over.set()
        for thread in threads:
            thread.join(20)


@pytest.mark.edge(2)
@pytest.mark.edge(25)
def test_forked_processes_get_their_own_answers(either_server: ScriptedServer) -> None:
    with connected_to(either_server, requests_per_minute=1_000_000) as classy:
        with fetching_meanwhile(classy) as here:
            context = multiprocessing.get_context("fork")
            with concurrent.futures.ProcessPoolExecutor(8, mp_context=context) as pool:
                global _inherited  # noqa: PLW0603 - as people do: workers inherit it
                _inherited = classy
                there = list(pool.map(_own_rows_of_the_inherited, range(1, TASKS + 1), timeout=120))
        assert there == [True] * TASKS
        assert all(here)
        assert own_rows(classy, 5)


_inherited: cn.Classy


def _own_rows_of_the_inherited(campaign: int) -> bool:
    return own_rows(_inherited, campaign)


@pytest.mark.edge(2)
def test_forked_processes_fork_again(either_server: ScriptedServer) -> None:
    with connected_to(either_server) as classy:
        assert forked(
            lambda: (own_rows(classy, 1), forked(lambda: own_rows(classy, 2)), own_rows(classy, 3))
        ) == (
            True,
            True,
            True,
        )
        assert own_rows(classy, 4)


@pytest.mark.edge(2)
def test_locks_that_other_threads_hold_at_a_fork_do_not_stop_the_child(connected: cn.Classy) -> None:
    session: Any = connected._session
    http = session.http
    locks = [http._count_lock, http.rate_limit._lock, http.auth._lock, connected._lock]
    held, over = threading.Event(), threading.Event()

    def hold() -> None:
        for lock in locks:
            lock.acquire()
        held.set()
        over.wait(30)
        for lock in locks:
            lock.release()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(5)

    def use() -> str:
        http.auth.discard(None)
        http.requests_sent = 0
        connected.close()
        return repr(connected)

    try:
        assert forked(use).startswith("This connection is closed.")
    finally:
        over.set()
        thread.join(5)


@pytest.mark.edge(2)
def test_requests_under_way_at_a_fork_do_not_hold_up_the_child(
    connected: cn.Classy, server: ScriptedServer
) -> None:
    answer = threading.Event()
    server.handler = lambda asked: Reply(
        body=paginator([{"id": 1}]),
        headers={"X-RateLimit-Remaining": "2"},
        delay=answer if "campaigns/99" in asked.path else None,
    )
    connected.transactions.count(campaign=1)
    threads = [
        threading.Thread(target=connected.transactions.count, kwargs={"campaign": 99}) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    server.arrived(3)
    assert forked(lambda: connected.transactions.count(campaign=2)) == 1
    answer.set()
    for thread in threads:
        thread.join(20)


@pytest.mark.edge(2)
def test_each_process_renews_its_token(either_server: ScriptedServer) -> None:
    with connected_to(either_server) as classy:
        auth: Any = classy._session.http.auth  # type: ignore[union-attr]

        def renewed() -> bool:
            auth._token = None
            return own_rows(classy, 3)

        before = len(either_server.token_requests)
        assert forked(renewed)
        assert len(either_server.token_requests) == before + 1
        assert own_rows(classy, 4)
        assert len(either_server.token_requests) == before + 1


@pytest.mark.edge(2)
def test_a_fetch_does_not_go_on_in_a_forked_process(connected: cn.Classy, server: ScriptedServer) -> None:
    rows = [{"id": n} for n in range(1, 251)]

    def pages(asked: Any) -> Reply:
        after = int(asked.query.get("filter", ["id>0"])[0].removeprefix("id>"))
        left = [row for row in rows if row["id"] > after]
        return Reply(body=paginator(left[: int(asked.query["per_page"][0])], total=len(left)))

    server.handler = pages
    batches = connected.transactions.batches(rows=100)
    first = next(batches)
    error = forked(lambda: next(batches))
    assert isinstance(error, cn.UsageError)
    assert "begun before the process was forked" in str(error)
    assert len(first) + sum(len(batch) for batch in batches) == 250


@pytest.mark.edge(2)
def test_a_forked_process_closes_only_its_own_connections() -> None:
    with cn.demo(transactions=60) as demo:
        campaigns = demo.campaigns(progress=False)["id"].tolist()
        forked(demo.close)
        assert demo.campaigns(progress=False)["id"].tolist() == campaigns


@pytest.mark.edge(2)
def test_spawned_processes_log_in_once_and_get_their_own_answers(
    from_environment: cn.Classy, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Spawning looks at the main module, of which parallel test runs have one without a spec.
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", None, raising=False)
    before = len(server.token_requests)
    tasks = [(from_environment, campaign) for campaign in range(1, 31)]
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        found = pool.map_async(count_in, tasks, chunksize=1).get(120)
    assert [own for _, own in found] == [True] * 30
    assert len(server.token_requests) - before == len({process for process, _ in found})


@pytest.mark.edge(2)
def test_a_pickle_holds_neither_secret_nor_token_nor_client_id(from_environment: cn.Classy) -> None:
    token = from_environment._session.http.auth.token().value.reveal()  # type: ignore[union-attr]
    for thing in (from_environment, from_environment.transactions, {"nested": [from_environment]}):
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            data = pickle.dumps(thing, protocol)
            assert not [text for text in (CANARY, CLIENT_ID, token) if text.encode() in data]


@pytest.mark.edge(2)
def test_what_comes_out_of_a_pickle(from_environment: cn.Classy, server: ScriptedServer) -> None:
    asked = len(server.asked)
    twin = pickle.loads(pickle.dumps(from_environment))
    assert repr(twin) == "This connection came from another process and logs in when it is first used."
    assert repr(twin.transactions).startswith("transactions: This connection came from another process")
    assert pickle.loads(pickle.dumps(twin)) is twin
    assert copy.copy(twin) is twin
    assert len(server.asked) == asked, "nothing is sent before it is used"
    assert (twin.organization, twin.timezone, twin.workers) == (7, "Europe/Vienna", None)
    resource = pickle.loads(pickle.dumps(from_environment.transactions))
    assert resource.count(campaign=5) == 30
    twin.close()
    with pytest.raises(cn.ConnectionClosedError):
        twin.transactions.count(campaign=5)
    with pytest.raises(cn.ConnectionClosedError):
        pickle.dumps(twin)
    again = pickle.loads(pickle.dumps(from_environment))
    assert own_rows(again, 3)
    again.close()


@pytest.mark.edge(2)
def test_threads_that_share_an_unpickled_connection_log_in_once(
    from_environment: cn.Classy, server: ScriptedServer
) -> None:
    before = len(server.token_requests)
    twin = pickle.loads(pickle.dumps(from_environment))
    found: list[bool] = []
    together(lambda campaign: found.append(own_rows(twin, campaign)), [(n,) for n in range(1, 9)])
    assert found == [True] * 8
    assert len(server.token_requests) == before + 1
    twin.close()


@pytest.mark.edge(2)
def test_an_unpickled_connection_refuses_other_credentials(
    from_environment: cn.Classy, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = pickle.dumps(from_environment)
    monkeypatch.setenv("CLASSY_CLIENT_ID", "another0application")
    with pytest.raises(cn.CredentialsError, match="another application's credentials"):
        pickle.loads(data).transactions.count(campaign=5)
    monkeypatch.delenv("CLASSY_CLIENT_SECRET")
    with pytest.raises(cn.CredentialsError, match="no client secret"):
        pickle.loads(data).transactions.count(campaign=5)


@pytest.mark.edge(2)
def test_credentials_from_a_file_are_read_from_that_file(
    server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.handler = campaigns_of_their_own
    file = tmp_path / "settings" / ".env"
    file.parent.mkdir()
    cn.Credentials(CLIENT_ID, CANARY, base_url=server.base_url, token_url=server.token_url).save(file)
    with cn.connect(env_file=file) as classy:
        data = pickle.dumps(classy)
    assert CANARY.encode() not in data
    monkeypatch.chdir(tmp_path)
    with pickle.loads(data) as twin:
        assert own_rows(twin, 5)


@pytest.mark.edge(2)
def test_a_connection_whose_secret_was_typed_in_is_not_pickled(connected: cn.Classy) -> None:
    for thing in (connected, connected.transactions):
        with pytest.raises(
            cn.NotPicklableError, match=r"passed or typed in.*Call connect\(\) in the other"
        ) as caught:
            pickle.dumps(thing)
        assert isinstance(caught.value, TypeError)
        assert CANARY not in str(caught.value)
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(connected._session)
    assert copy.deepcopy(connected) is connected
    assert copy.deepcopy({"resource": connected.transactions})["resource"].name == "transactions"


@pytest.mark.edge(2)
def test_neither_a_demo_nor_secret_headers_are_pickled(
    server: ScriptedServer, from_environment: cn.Classy
) -> None:
    del from_environment  # only its environment is wanted
    with (
        cn.connect(base_url=server.base_url, token_url=server.token_url, headers={"x-a": "b"}) as classy,
        pytest.raises(cn.NotPicklableError, match="headers="),
    ):
        pickle.dumps(classy)
    with cn.demo(transactions=60) as demo, pytest.raises(cn.NotPicklableError, match="classy-nb sandbox"):
        pickle.dumps(demo)
