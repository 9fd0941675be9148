"""Kept-open connections that can be hung up from another thread: an interrupt must not wait for a server."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Any

from requests.adapters import HTTPAdapter
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

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

    def _put_conn(self, conn: Any) -> None:
        _in_use.pop(threading.get_ident(), None)
        super()._put_conn(conn)  # type: ignore[misc]


class _Pool(_Noted, HTTPConnectionPool):
    pass


class _TLSPool(_Noted, HTTPSConnectionPool):
    pass


class Adapter(HTTPAdapter):
    """An adapter of requests whose pools note who uses what."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}


def hang_up(threads: Iterable[int]) -> None:
    """Break off what these threads (by their ident) are sending or reading."""
    for ident in threads:
        connection = _in_use.pop(ident, None)
        sock = getattr(connection, "sock", None)
        if isinstance(sock, socket.socket):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
