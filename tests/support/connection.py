"""Connections, transports and paginators for tests against the scripted server."""

import warnings
from collections.abc import Sequence
from typing import Any

from classy_nb.client import Classy, connect
from classy_nb.credentials import Credentials
from classy_nb.http import HttpClient, RateLimit, RetryPolicy, TokenAuth
from support.server import ScriptedServer

CLIENT_ID = "idForTheTests123"
CANARY = "canarySecret9f8e7d6c5b4a"
"""The secret of all tests: it must never show."""
WRONG_CANARY = "wrongSecret1f2e3d4c5b6a7988"
CANARY_TOKEN = "canaryToken0a1b2c3d4e5f6a7b8c9d"
CANARIES = (CANARY, CANARY_TOKEN)


def paginator(
    rows: Sequence[Any], *, total: int | None = None, page: int = 1, last: int | None = None
) -> dict[str, Any]:
    """A page as the API sends it; by default the only one."""
    return {
        "current_page": page,
        "data": list(rows),
        "first_page_url": None,
        "from": 1 if rows else None,
        "last_page": last or page,
        "last_page_url": None,
        "links": [],
        "next_page_url": None,
        "path": None,
        "per_page": 100,
        "prev_page_url": None,
        "to": len(rows) or None,
        "total": len(rows) if total is None else total,
    }


def orgs(names: dict[int, str]) -> dict[str, Any]:
    """The answer that lists an application's organizations."""
    return paginator([{"id": id_, "name": name, "timezone_identifier": "UTC"} for id_, name in names.items()])


def connected_to(server: ScriptedServer, **options: Any) -> Classy:
    """Connect to the scripted server."""
    return connect(CLIENT_ID, CANARY, base_url=server.base_url, token_url=server.token_url, **options)


class Pauses:
    """Notes the seconds that somebody wants to wait, and waits none; its clock moves on by them."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self.now = 1000.0

    def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)
        self.now += seconds

    def clock(self) -> float:
        return self.now


def credentials_for(server: ScriptedServer) -> Credentials:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return Credentials(CLIENT_ID, CANARY, base_url=server.base_url, token_url=server.token_url)


def transport_to(
    server: ScriptedServer, *, login: bool = False, pauses: Pauses | None = None, **options: Any
) -> HttpClient:
    """A transport that waits for nothing; with *login* it fetches tokens first."""
    pauses = pauses or Pauses()
    seconds = options.pop("seconds", 300.0)
    options.setdefault("rate_limit", RateLimit(100_000, clock=pauses.clock, sleep=pauses))
    options.setdefault("timeout", (2.0, 2.0))
    http = HttpClient(
        server.base_url, retry=RetryPolicy(seconds=seconds, sleep=pauses, clock=pauses.clock), **options
    )
    if login:
        http.auth = TokenAuth(credentials_for(server), http.post_token, http.origin)
    return http
