"""A stand-in for a widget's side in the browser: says what the JavaScript would, keeps what it is told."""

from __future__ import annotations

import threading
from typing import Any, cast


class Viewer:
    """One view of a widget.

    Attributes
    ----------
    told
        All messages so far, with their binary buffers.
    """

    def __init__(self, panel: Any, name: str = "view-1") -> None:
        self.panel = panel
        self.name = name
        self.told: list[tuple[dict[str, Any], list[bytes]]] = []
        self._news = threading.Condition()
        self._before = 0
        panel.comm.send = self._hear

    def _hear(self, data: Any = None, metadata: Any = None, buffers: Any = None) -> None:
        if isinstance(data, dict) and data.get("method") == "custom":
            with self._news:
                self.told.append((data["content"], list(buffers or [])))
                self._news.notify_all()

    def say(self, kind: str, **fields: Any) -> None:
        """Send a message, the way the kernel receives it."""
        self._before = len(self.told)
        content = {"kind": kind, "view": self.name, **fields}
        self.panel._handle_msg({"content": {"data": {"method": "custom", "content": content}}, "buffers": []})

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Return all messages of a kind."""
        with self._news:
            return [message for message, _ in self.told if message["kind"] == kind]

    def last(self, kind: str) -> dict[str, Any]:
        """Return the last message of a kind."""
        return self.of(kind)[-1]

    def wait_for(self, kind: str, after: int = 0, seconds: float = 20) -> dict[str, Any]:
        """Wait for more than *after* messages of a kind; return the last one."""
        with self._news:
            heard = self._news.wait_for(
                lambda: sum(message["kind"] == kind for message, _ in self.told) > after, seconds
            )
        assert heard, f"no message {kind!r}; the last ones: {[m['kind'] for m, _ in self.told[-5:]]}"
        return self.last(kind)

    def wait_for_end(self) -> dict[str, Any]:
        """Wait for the end of what the last message started; return the status said then."""

        def ended() -> dict[str, Any] | None:
            said = [m for m, _ in self.told[self._before :] if m["kind"] == "status" and m["text"]]
            return said[-1] if said and not said[-1]["text"].endswith("…") else None

        with self._news:
            assert self._news.wait_for(ended, 20), self.told[self._before :]
            return cast("dict[str, Any]", ended())

    def wait_until(self, kind: str, seconds: float = 20, **fields: Any) -> dict[str, Any]:
        """Wait for a message of a kind with these fields; return the first."""

        def found() -> list[dict[str, Any]]:
            return [m for m in self.of(kind) if all(m.get(name) == value for name, value in fields.items())]

        with self._news:
            assert self._news.wait_for(found, seconds), f"no {kind!r} with {fields}: {self.of(kind)[-3:]}"
        return found()[0]
