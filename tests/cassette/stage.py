"""The two sides of a tape: the sandbox that is recorded, and the connection that plays it back."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from cassette.hooks import ORIGIN
from support.connection import Pauses

from classy_nb.client import Classy, connect
from classy_nb.http.cancel import Stop, Unstoppable
from classy_nb.http.client import Transport
from classy_nb.http.rate_limit import DEFAULT_LIMIT, Pacer
from classy_nb.http.retry import Retry

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
        monkeypatch.setattr("classy_nb.client.connecting.Pacer", self._pacer)
        patient = functools.partial(Transport, retry=Retry(pause=self.pauses))
        monkeypatch.setattr("classy_nb.client.connecting.Transport", patient)
        for waiting in (Stop, Unstoppable):
            monkeypatch.setattr(waiting, "pause", lambda _stop, seconds: self.pauses(seconds))
        if box is not None:
            box.faults.clear()
            box.revoke_tokens()

    def _pacer(self, requests_per_minute: int = DEFAULT_LIMIT) -> Pacer:
        return Pacer(requests_per_minute, clock=self.pauses.clock)

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

    def transport(self, path: str = "/2.0") -> Transport:
        """Return a bare transport without a token."""
        return Transport(f"{self.origin}{path}", pacer=self._pacer(), retry=Retry(pause=self.pauses))
