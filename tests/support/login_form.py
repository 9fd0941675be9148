"""The login form with a test in place of the browser and of the notebook's output."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import classy_nb as cn
from support.connection import CANARY, CLIENT_ID
from support.viewer import Viewer

if TYPE_CHECKING:
    import pytest

    from support.server import ScriptedServer


class Output:
    """A notebook's output, as `display` hands it out."""

    def __init__(self) -> None:
        self.shown: list[dict[str, Any]] = []
        self.metadata: Any = None

    def display(self, data: dict[str, Any], *, metadata: Any = None, **_: Any) -> Output:
        self.shown.append(data)
        self.metadata = metadata
        return self

    def update(self, data: dict[str, Any], **_: Any) -> None:
        self.shown.append(data)


class Form(Viewer):
    """A login form that was shown for a connection."""

    def __init__(self, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, **options: Any) -> None:
        self._others = set(threading.enumerate())
        self.output = Output()
        monkeypatch.setattr("IPython.display.display", self.output.display)
        urls = {"base_url": server.base_url, "token_url": server.token_url}
        self.classy: Any = cn.login(prompt=False, **{**urls, **options})
        super().__init__(self.classy._form)
        self.say("hello")

    @property
    def phases(self) -> list[str]:
        """What the form went through; what did not change counts once."""
        found: list[str] = []
        for message in self.of("state"):
            if found[-1:] != [message["phase"]]:
                found.append(message["phase"])
        return found

    def submit(self, client_id: str = CLIENT_ID, client_secret: str = CANARY, **fields: Any) -> None:
        self.say("submit", client_id=client_id, client_secret=client_secret, **fields)

    def error(self) -> dict[str, Any]:
        """Return the error that is shown, as soon as one is."""
        with self._news:
            assert self._news.wait_for(lambda: "error" in self.told[-1][0], 20), self.told[-3:]
            return dict(self.told[-1][0]["error"])

    def connected(self) -> dict[str, Any]:
        """Return what is shown in the end."""
        return self.wait_until("state", phase="connected")

    def join_background(self) -> None:
        """Wait until what this form has begun has ended; other tests may have left a login that retries."""
        for thread in set(threading.enumerate()) - self._others:
            if thread.name == "classy_nb panel":
                thread.join(20)
                assert not thread.is_alive()
