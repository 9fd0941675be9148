"""Servers that hang: what a time-out becomes, and who is patient."""

import socket
import threading

import pytest
from support.connection import Pauses, transport_to
from support.server import Reply, ScriptedServer

from classy_nb.errors import ConnectionFailedError, TimedOutError
from classy_nb.http.client import HttpClient
from classy_nb.http.rate_limit import RateLimit
from classy_nb.http.retry import Retry


def test_a_server_that_is_not_there(pauses: Pauses) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
        address = f"http://127.0.0.1:{taken.getsockname()[1]}/2.0"
        http = HttpClient(address, retry=Retry(pause=pauses), rate_limit=RateLimit(clock=pauses.clock))
        with pytest.raises(ConnectionFailedError) as caught:
            http.get("/campaigns")
    assert type(caught.value) is ConnectionFailedError
    assert str(caught.value) == (
        "The server could not be reached or hung up. [GET /campaigns] "
        "Check the network connection and try again."
    )
    assert len(pauses.asked) == 4


def test_a_server_that_hangs_up(pauses: Pauses) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        hung_up: list[int] = []

        def hang_up() -> None:
            for number in range(5):
                connection, _ = listening.accept()
                hung_up.append(number)
                connection.close()

        thread = threading.Thread(target=hang_up, daemon=True)
        thread.start()
        address = f"http://127.0.0.1:{listening.getsockname()[1]}/2.0"
        http = HttpClient(address, retry=Retry(pause=pauses), rate_limit=RateLimit(clock=pauses.clock))
        with pytest.raises(ConnectionFailedError):
            http.get("/campaigns")
        thread.join(5)
    assert hung_up == [0, 1, 2, 3, 4]


def test_trap_22_time_outs_are_repeated_only_where_the_caller_is_patient(
    server: ScriptedServer, pauses: Pauses
) -> None:
    release = threading.Event()
    server.handler = lambda _: Reply(body={}, delay=release)
    http = transport_to(server, pauses=pauses, timeout=(2.0, 0.05))
    with pytest.raises(TimedOutError):
        http.get("/supporters", patient=False)
    assert len(server.arrived(1)) == 1
    with pytest.raises(TimedOutError):
        http.get("/supporters")
    assert len(server.arrived(4)) == 4
    release.set()


def test_a_time_out_in_the_middle_of_the_body(pauses: Pauses) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def dawdle() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
                done.wait(10)

        done = threading.Event()
        thread = threading.Thread(target=dawdle, daemon=True)
        thread.start()
        address = f"http://127.0.0.1:{listening.getsockname()[1]}/2.0"
        http = HttpClient(
            address, retry=Retry(pause=pauses), timeout=(2.0, 0.05), rate_limit=RateLimit(clock=pauses.clock)
        )
        with pytest.raises(TimedOutError):
            http.get("/supporters", patient=False)
        done.set()
        thread.join(5)
