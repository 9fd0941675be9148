"""The two sides of a tape: the sandbox that is recorded, and the connection that plays it back."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from cassette.hooks import ORIGIN
from support.connection import Pauses

from classy_nb.client import Classy, connect
from classy_nb.http import DEFAULT_LIMIT, Cancel, HttpClient, RateLimit, RetryPolicy

if TYPE_CHECKING:
    import pytest

    from classy_nb.sandbox import Sandbox

CLIENT_ID = "standInClientId1"
CLIENT_SECRET = "standInSecret2b4d6f8a0c1e3"
ORGANIZATION = 64531


class Stage:
    """Sets up a test's scene: faults of the sandbox while recording, nothing on replay.

    Waits are noted in :attr:`pauses` and not waited, on either side.
    """

    def __init__(self, box: Sandbox | None, monkeypatch: pytest.MonkeyPatch) -> None:
        self.box = box
        self.pauses = Pauses()
        monkeypatch.setattr("classy_nb.client.connecting.RateLimit", self._rate_limit)
        noting = functools.partial(HttpClient, retry=self._retry())
        monkeypatch.setattr("classy_nb.client.connecting.HttpClient", noting)
        monkeypatch.setattr(Cancel, "sleep", lambda _cancel, seconds: self.pauses(seconds))
        if box is not None:
            box.faults.clear()
            box.revoke_tokens()

    def _rate_limit(self, requests_per_minute: int = DEFAULT_LIMIT) -> RateLimit:
        return RateLimit(requests_per_minute, clock=self.pauses.clock, sleep=self.pauses)

    def _retry(self) -> RetryPolicy:
        return RetryPolicy(sleep=self.pauses, clock=self.pauses.clock)

    @property
    def origin(self) -> str:
        return ORIGIN if self.box is None else f"http://{self.box.netloc}"

    def data(self, *faults: str) -> None:
        """Let the coming data requests fail so."""
        if self.box is not None:
            self.box.faults.then(*faults)

    def logins(self, *faults: str) -> None:
        """Let the coming token requests fail so."""
        if self.box is not None:
            self.box.faults.then_token(*faults)

    def switch(self, **faults: Any) -> None:
        """Set attributes of the sandbox's faults."""
        if self.box is not None:
            for name, value in faults.items():
                setattr(self.box.faults, name, value)

    def connect(self, client_secret: str = CLIENT_SECRET, **options: Any) -> Classy:
        """Connect, with one worker: tapes have an order."""
        return connect(
            CLIENT_ID,
            client_secret,
            base_url=f"{self.origin}/2.0",
            token_url=f"{self.origin}/oauth2/auth",
            workers=1,
            **options,
        )

    def http(self, path: str = "/2.0") -> HttpClient:
        """Return a bare transport without a token."""
        return HttpClient(f"{self.origin}{path}", rate_limit=self._rate_limit(), retry=self._retry())
