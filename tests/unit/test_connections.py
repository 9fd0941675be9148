"""Hanging up: at once, and without a word in plain text."""

import socket
import ssl
import threading
from collections.abc import Iterator

import pytest

from classy_nb import _connections
from classy_nb._connections import hang_up


class Taken:
    """A connection that the current thread has taken from a pool."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock


@pytest.fixture
def encrypted() -> Iterator[tuple[ssl.SSLSocket, ssl.SSLSocket]]:
    """Both ends of an encrypted connection, without certificates."""
    contexts = [ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)]
    for context in contexts:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("aNULL:@SECLEVEL=0")
    here, there = socket.socketpair()
    ends = []
    accepting = threading.Thread(target=lambda: ends.append(contexts[1].wrap_socket(there, server_side=True)))
    accepting.start()
    with contexts[0].wrap_socket(here) as client:
        accepting.join(10)
        with ends[0] as server:
            yield client, server


def test_what_is_hung_up_stays_encrypted(encrypted: tuple[ssl.SSLSocket, ssl.SSLSocket]) -> None:
    """A worker may be about to send its token: it must fail, not go out in plain text."""
    client, server = encrypted
    client.sendall(b"hello")
    assert server.recv(5) == b"hello"
    here = threading.Thread(target=print)
    here.start()
    here.join()
    _connections._in_use[here.ident or 0] = Taken(client)
    hang_up([here])
    assert client.version() == "TLSv1.2", "else it would send plain text from now on"
    with pytest.raises(OSError, match=r"(?i)eof|shut|pipe"):
        client.sendall(b"Authorization: Bearer secret")
    assert server.recv(100) == b""
