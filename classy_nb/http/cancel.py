"""The signal that ends a fetch: one per fetch, shared by everything that works for it.

Whoever wants the fetch to end calls :meth:`Cancel.set`, from any thread. The HTTP client checks the signal
before it sends anything and after each answer, and wakes from its waits. A GET that is waiting for its answer
is cut off: left alone, it would keep one of the few connections until the read time-out, a minute later, and
with all of them waiting the next fetch could not begin.
"""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress

from classy_nb.errors import InterruptedFetchError

# Python on Windows does not see Ctrl-C while it waits for an event, only between two waits.
_SLICE = 0.25


class Cancel:
    """Set once, for good, by any thread; from then on :meth:`check` and :meth:`sleep` raise."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._waiting: set[socket.socket] = set()

    def set(self) -> None:
        """End the fetch, and the answers that are still being waited for."""
        with self._lock:
            self._event.set()
            for sock in self._waiting:
                _cut(sock)

    def waits_on(self, sock: socket.socket) -> None:
        """Cut this connection off if the signal comes before :meth:`done_with`, or has come already."""
        with self._lock:
            self._waiting.add(sock)
            if self._event.is_set():
                _cut(sock)

    def done_with(self, sock: socket.socket) -> None:
        """Leave this connection alone from now on: others may use it next."""
        with self._lock:
            self._waiting.discard(sock)

    def is_set(self) -> bool:
        """Tell whether the fetch should end."""
        return self._event.is_set()

    def check(self) -> None:
        """Raise InterruptedFetchError if the fetch should end."""
        if self._event.is_set():
            raise InterruptedFetchError("Stopped.")

    def sleep(self, seconds: float) -> None:
        """Sleep; raise InterruptedFetchError as soon as the fetch should end."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._event.wait(min(left, _SLICE))
            self.check()
        self.check()


def _cut(sock: socket.socket) -> None:
    """Let whoever reads from a connection find its end there.

    Not ``sock.shutdown``: that of a TLS connection also takes apart what its reader is using in this moment.
    Nor ``sock.close``, which does not wake a reader.
    """
    with suppress(OSError):  # the server may have closed it
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
