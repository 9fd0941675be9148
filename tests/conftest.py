"""What many tests need: a scripted server, and a connection to it."""

import os
import signal
import threading
from collections.abc import Iterator

import pytest
from hypothesis import settings
from support.connection import CANARY, CLIENT_ID, connected_to, orgs
from support.server import Reply, ScriptedServer
from support.threads import wait_for_none

from classy_nb.client import Classy

# What a shell starts in the background ignores Ctrl-C; the tests press it, also on what they start.
signal.signal(signal.SIGINT, signal.default_int_handler)
# Some systems let a group write new files, which a .env is warned about for.
os.umask(0o022)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A server on loopback that answers what the test tells it to."""
    with ScriptedServer() as started:
        yield started


@pytest.fixture
def connected(server: ScriptedServer) -> Iterator[Classy]:
    """A connection to `server`, for organization 7; what it asked while connecting is forgotten."""
    server.answers.append(Reply(body=orgs({7: "Helping Hands"})))
    with connected_to(server) as classy:
        server.asked.clear()
        yield classy


@pytest.fixture
def nobody_is_left_at_work() -> Iterator[None]:
    """Threads that the test begins end with it; those that were abandoned end by themselves."""
    before = threading.enumerate()
    yield
    wait_for_none(5, besides=before)


@pytest.fixture
def logged_in(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials for `server` are in the environment; it answers that they belong to organization 7."""
    for name, value in {
        "CLIENT_ID": CLIENT_ID,
        "CLIENT_SECRET": CANARY,
        "BASE_URL": server.base_url,
        "TOKEN_URL": server.token_url,
    }.items():
        monkeypatch.setenv(f"CLASSY_{name}", value)
    server.answers.append(Reply(body=orgs({7: "Helping Hands"})))


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the developer's own credentials and proxies out of the tests."""
    for name in list(os.environ):
        if name.startswith("CLASSY_") and name != "CLASSY_OPENAPI":
            monkeypatch.delenv(name)
        if name.lower() in ("http_proxy", "https_proxy", "all_proxy", "netrc"):
            monkeypatch.delenv(name)


# The same examples each time; a loaded machine is no reason to fail.
settings.register_profile("tests", derandomize=True, deadline=None, max_examples=60)
settings.load_profile("tests")
