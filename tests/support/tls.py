"""Servers on loopback that speak TLS with certificates of a test's own making, and a proxy that tunnels."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    import trustme


@dataclass
class TlsServer:
    """Answers every request with ``{"ok": true}``, or with a token where one is asked for."""

    port: int
    handshakes: list[object] = field(default_factory=list)

    def url(self, host: str = "localhost") -> str:
        """Its address, by one of the names that lead to this computer."""
        return f"https://{host}:{self.port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b'{"access_token": "t", "expires_in": 7200}' if self.command == "POST" else b'{"ok": true}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = _answer  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that distrust the certificate hang up."""


@contextlib.contextmanager
def tls_server(
    authority: trustme.CA, *names: str, expired: bool = False, handler: type = _Handler
) -> Iterator[TlsServer]:
    """A server whose certificate *authority* has issued for *names*."""
    past = datetime(2020, 1, 1, tzinfo=UTC)
    certificate = authority.issue_cert(*(names or ("localhost",)), **({"not_after": past} if expired else {}))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    server = _Quiet(("127.0.0.1", 0), handler)
    described = TlsServer(server.server_port)

    accept = server.get_request

    def counted() -> Any:
        connection, address = accept()
        described.handshakes.append(address)
        return context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address

    server.get_request = counted  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield described
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@contextlib.contextmanager
def raw_server(answer: Any) -> Iterator[tuple[int, list[bytes]]]:
    """A server that hands each connection, and the first bytes that come, to *answer* (in a thread)."""
    listening = socket.create_server(("127.0.0.1", 0))
    heard: list[bytes] = []
    ended = threading.Event()

    def serve(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            heard.append(connection.recv(65536))
            answer(connection, ended)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listening.accept()
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1], heard
    finally:
        ended.set()
        # Closing alone would leave the thread in accept().
        with contextlib.suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(5)
