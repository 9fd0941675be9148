"""Kept-open connections that can be hung up from another thread: an interrupt must not wait for a server."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Any

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from .cancel import dismiss, is_dismissed

if TYPE_CHECKING:
    from collections.abc import Iterable

_in_use: dict[int, Any] = {}
"""The connection that each thread last took from a pool."""


class _Noted:
    """Notes which thread has taken which connection."""

    def _get_conn(self, timeout: float | None = None) -> Any:
        connection = super()._get_conn(timeout)  # type: ignore[misc]
        _in_use[threading.get_ident()] = connection
        return connection

    def _validate_conn(self, conn: Any) -> None:
        super()._validate_conn(conn)  # type: ignore[misc]
        if conn.is_closed:
            conn.connect()
        if is_dismissed():  # while it connected, or waited for a connection, there was nothing to hang up
            raise ConnectionAbortedError("It was hung up from here.")

    def _put_conn(self, conn: Any) -> None:
        _in_use.pop(threading.get_ident(), None)
        super()._put_conn(conn)  # type: ignore[misc]


class _Pool(_Noted, HTTPConnectionPool):
    pass


class _TLSPool(_Noted, HTTPSConnectionPool):
    pass


_POOLS = {"http": _Pool, "https": _TLSPool}


class Adapter(HTTPAdapter):
    """An adapter of requests whose pools note who uses what."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """Return what makes the pools behind a proxy."""
        manager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager

    def build_response(self, req: PreparedRequest, resp: Any) -> Response:
        """Return what came as requests has it, but look for no cookies: none is kept."""
        response = Response()
        response.status_code, response.reason = resp.status, resp.reason
        response.headers = CaseInsensitiveDict(resp.headers)
        response.url = req.url or ""
        response.raw, response.request, response.connection = resp, req, self
        return response


def hang_up(threads: Iterable[threading.Thread]) -> None:
    """Break off what these threads are sending or reading, and let them send nothing more, ever."""
    for thread in threads:
        dismiss([thread])  # first: a connection that is made meanwhile is seen here or there
        connection = _in_use.pop(thread.ident or 0, None)
        sock = getattr(connection, "sock", None)
        if isinstance(sock, socket.socket):
            with contextlib.suppress(OSError):
                # Not the socket's own: that of ``ssl`` turns encryption off first, and what its thread is
                # just about to send (a token, say) would go out in plain text.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
