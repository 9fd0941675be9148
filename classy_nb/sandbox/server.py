"""The HTTP server: aiohttp in a thread of its own, on loopback, at two ports (the API and another origin)."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Awaitable, Callable

from aiohttp import web

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
HOST = "127.0.0.1"
_STOP_SECONDS = 0.2


class Server:
    """Serves *handler* until it is stopped."""

    def __init__(self, handler: Handler, port: int) -> None:
        self._handler = handler
        self._sockets = _bound(port, 0)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="classy_nb sandbox", daemon=True)
        self._runner: web.ServerRunner | None = None

    @property
    def port(self) -> int:
        """Port of the API."""
        return int(self._sockets[0].getsockname()[1])

    @property
    def other_port(self) -> int:
        """Port of the other origin."""
        return int(self._sockets[1].getsockname()[1])

    def start(self) -> None:
        """Start serving; requests are answered when this returns."""
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result(30)

    async def _open(self) -> None:
        server = web.Server(self._handler, access_log=None)
        self._runner = web.ServerRunner(server, shutdown_timeout=_STOP_SECONDS)
        await self._runner.setup()
        for bound in self._sockets:
            await web.SockSite(self._runner, bound, backlog=512).start()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        self._loop.close()

    def stop(self) -> None:
        """Stop serving: open connections are closed, answers under way are dropped."""
        if not self._thread.is_alive():
            return
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    async def _close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in rest:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*rest, return_exceptions=True)


def _bound(*ports: int) -> list[socket.socket]:
    found: list[socket.socket] = []
    try:
        for port in ports:
            found.append(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            found[-1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            found[-1].bind((HOST, port))
    except OSError:
        for bound in found:
            bound.close()
        raise
    return found
