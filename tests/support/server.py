"""A scripted HTTP server on loopback: answers what a test tells it to, and keeps what it was asked."""

from __future__ import annotations

import json
import sys
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that hung up: that is what some tests do."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@dataclass
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, list[str]]
    raw_query: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Reply:
    """One answer. ``body`` may be bytes, or anything JSON can hold; ``cut`` hangs up after so many bytes.

    ``delay`` is waited for before the answer, or after the first ``early`` bytes of its body.
    """

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    delay: threading.Event | None = None
    early: int | None = None

    def payload(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


OK = Reply(body={"ok": True})
TOKEN = {"access_token": "t" * 32, "expires_in": 7200, "token_type": "bearer", "queries_log": []}


class ScriptedServer:
    """``answers`` are given in turn; when they are used up, ``handler`` decides (default: ``{}``)."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.answers: list[Reply] = []
        self.logins: list[Reply] = []
        self.handler: Callable[[Asked], Reply] = lambda _: Reply(body={})
        self.login_handler: Callable[[Asked], Reply] = lambda _: Reply(body=TOKEN)
        self._lock = threading.Condition()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def _serve(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                parts = urlsplit(self.path)
                asked = Asked(
                    self.command,
                    parts.path,
                    parse_qs(parts.query, keep_blank_values=True),
                    parts.query,
                    dict(self.headers),
                    self.rfile.read(length),
                )
                reply = outer._next(asked)
                if reply.delay is not None and reply.early is None:
                    reply.delay.wait(30)
                self._write(reply)

            def _write(self, reply: Reply) -> None:
                payload = reply.payload() if reply.status != 204 else b""
                self.send_response(reply.status)
                headers = {"Content-Type": "application/json", **reply.headers}
                for name, value in headers.items():
                    self.send_header(name, value)
                if reply.status != 204:
                    self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                if reply.delay is not None and reply.early is not None:
                    self.wfile.write(payload[: reply.early])
                    payload = payload[reply.early :]
                    reply.delay.wait(30)
                self.wfile.write(payload if reply.cut is None else payload[: reply.cut])
                if reply.cut is not None:
                    self.close_connection = True

            do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815

            def log_message(self, *_args: object) -> None:
                pass

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def _next(self, asked: Asked) -> Reply:
        with self._lock:
            self.asked.append(asked)
            self._lock.notify_all()
            login = asked.path == "/oauth2/auth"
            queue = self.logins if login else self.answers
            if queue:
                return queue.pop(0)
        return (self.login_handler if login else self.handler)(asked)

    def arrived(self, count: int) -> list[Asked]:
        """Return all requests as soon as there are so many: a client that hangs up may be ahead of this."""
        with self._lock:
            assert self._lock.wait_for(lambda: len(self.asked) >= count, 20), self.asked
            return self.asked.copy()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def base_url(self) -> str:
        return f"{self.origin}/2.0"

    @property
    def token_url(self) -> str:
        return f"{self.origin}/oauth2/auth"

    @property
    def data_requests(self) -> list[Asked]:
        return [asked for asked in self.asked if asked.path != "/oauth2/auth"]

    @property
    def token_requests(self) -> list[Asked]:
        return [asked for asked in self.asked if asked.path == "/oauth2/auth"]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)
