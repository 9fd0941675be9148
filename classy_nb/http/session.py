"""What `HttpClient` adds to requests: no proxy here, redirects left alone, a total time, an end from outside.

A read time-out bounds the silence between two bytes only, so a server that sends a byte now and then could
keep a fetch waiting forever. Here the whole response, headers and body, has to come within a total time,
and within :func:`cut_off_by` a `Cancel` ends it.
"""

from __future__ import annotations

import functools
import http.client
import io
import ipaddress
import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from urllib3 import PoolManager
    from urllib3.connectionpool import HTTPConnectionPool

    from .cancel import Cancel


class Session(requests.Session):
    """Never sends to this computer through a proxy, no matter what the environment says.

    Redirects are left alone, even unread: requests parses them, and reads their bodies without bounds.
    """

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Return None, for every answer."""
        del resp

    def merge_environment_settings(self, url: Any, *args: Any, **options: Any) -> Any:
        """Return what the environment says about proxies and certificates."""
        settings = super().merge_environment_settings(url, *args, **options)
        if is_this_computer(str(url)):
            settings["proxies"] = {}
        return settings


def is_this_computer(url: str) -> bool:
    """Tell whether an address leads to this computer, in any of its spellings."""
    name = (urlsplit(url).hostname or "").rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        try:
            # 127.1 and 2130706433 are 127.0.0.1, too.
            return ipaddress.ip_address(socket.inet_aton(name)).is_loopback
        except OSError:
            return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


class _Exchange(threading.local):
    """What this thread is sending; three libraries lie between the client and a response."""

    def __init__(self) -> None:
        self.cancel: Cancel | None = None
        self.sockets: list[socket.socket] = []


_exchange = _Exchange()


@contextmanager
def cut_off_by(cancel: Cancel | None) -> Iterator[None]:
    """Let *cancel* cut off whatever response this thread waits for meanwhile."""
    _exchange.cancel = cancel
    try:
        yield
    finally:
        if cancel is not None:
            for sock in _exchange.sockets:
                cancel.done_with(sock)
        _exchange.cancel = None
        _exchange.sockets.clear()


class TotalTimeError(TimeoutError):
    """A response did not end within its total time."""


class Adapter(HTTPAdapter):
    """Bounds the total time of each response.

    Parameters
    ----------
    seconds
        From the end of the request to the last byte of the response.
    **options
        Those of HTTPAdapter.
    """

    __attrs__ = (*HTTPAdapter.__attrs__, "_seconds")

    def __init__(self, seconds: float, **options: Any) -> None:
        self._seconds = seconds
        super().__init__(**options)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Create the pools of connections."""
        super().init_poolmanager(*args, **options)
        self._bound(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        """Return the pools of connections through a proxy."""
        known = proxy in self.proxy_manager
        manager = super().proxy_manager_for(proxy, **options)
        if not known:
            self._bound(manager)
        return manager

    def _bound(self, manager: PoolManager) -> None:
        classes: Mapping[str, Any] = manager.pool_classes_by_scheme
        bounded: dict[str, Any] = {scheme: _bounded(pool, self._seconds) for scheme, pool in classes.items()}
        manager.pool_classes_by_scheme = bounded


def _bounded(pool: type[HTTPConnectionPool], seconds: float) -> type[HTTPConnectionPool]:
    """Return a kind of pool whose connections read their responses within *seconds*."""

    class Bounded(pool):  # type: ignore[misc, valid-type]
        def _new_conn(self) -> Any:
            connection = super()._new_conn()
            connection.response_class = functools.partial(_Response, seconds=seconds)
            return connection

    return Bounded


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, seconds: float, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        raw: Any = self.fp.detach()
        self.fp = io.BufferedReader(_Stream(raw, sock, seconds))
        if _exchange.cancel is not None and isinstance(sock, socket.socket):
            _exchange.sockets.append(sock)
            _exchange.cancel.waits_on(sock)


class _Stream(io.RawIOBase):
    """The bytes of a socket, up to a moment."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, seconds: float) -> None:
        self._raw = raw
        self._sock = sock
        self._silence = sock.gettimeout()
        self._seconds = seconds
        self._ends = time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._ends - time.monotonic()
        if left > 0:
            self._sock.settimeout(left if self._silence is None else min(left, self._silence))
            try:
                return self._raw.readinto(buffer)
            except TimeoutError:
                if time.monotonic() < self._ends:
                    raise
        raise TotalTimeError(f"timed out after {self._seconds:.0f} s in all")

    def close(self) -> None:
        self._raw.close()
        super().close()
