"""One small sandbox for all tests that only read, a fresh one for those that disturb it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.connection import connected_to
from support.lists import Listed
from support.resuming import BATCH, ROWS, WAYS, Place, serve
from support.server import ScriptedServer

import classy_nb as cn
from classy_nb.client import resource
from classy_nb.http import RetryPolicy
from classy_nb.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

SIZE = 600


def connect(box: Sandbox, **options: Any) -> cn.Classy:
    """Connect to a sandbox as a user would."""
    return cn.connect(
        options.pop("client_id", box.client_id),
        options.pop("client_secret", box.client_secret),
        base_url=box.base_url,
        token_url=box.token_url,
        **options,
    )


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call() -> Generator[None, object, object]:
    """Let a fetch that stopped by itself fail its test: an interrupt would end the whole run."""
    try:
        return (yield)
    except cn.InterruptedFetchError as error:
        raise AssertionError("A fetch was interrupted though nobody interrupted it.") from error


@pytest.fixture(scope="session")
def shared_box() -> Iterator[Sandbox]:
    with Sandbox(transactions=SIZE, requests_per_minute=0) as started:
        yield started


@pytest.fixture
def box(shared_box: Sandbox) -> Iterator[Sandbox]:
    """The shared sandbox without faults; its data are read only."""
    shared_box.faults.clear()
    shared_box.reset_log()
    yield shared_box
    shared_box.faults.clear()


@pytest.fixture
def own_box() -> Iterator[Sandbox]:
    """A sandbox that a test may change for good."""
    with Sandbox(transactions=300, requests_per_minute=0) as started:
        yield started


@pytest.fixture
def classy(box: Sandbox) -> Iterator[cn.Classy]:
    with connect(box, timezone="America/Los_Angeles") as connection:
        box.reset_log()
        yield connection


@pytest.fixture
def connecting() -> Callable[..., cn.Classy]:
    return connect


@pytest.fixture
def place(server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setattr(resource, "BATCH_ROWS", BATCH)
    listed, folder = Listed(ROWS), tmp_path / "files"
    folder.mkdir()
    serve(server, listed)
    with connected_to(server, workers=4) as classy:
        classy._session.http.retry = RetryPolicy(base=0)
        yield Place(server, listed, classy, folder / "gifts")


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("undisturbed")
    with ScriptedServer() as server:
        serve(server, Listed(ROWS))
        with connected_to(server, workers=1) as classy:
            return {way: getattr(classy.transactions, way)(folder / way).read_bytes() for way in WAYS}
