"""Certificates and proxies that are in the way: named at once, with the remedy, and not repeated."""

import os
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
import trustme
import urllib3
from support.connection import CANARY, Pauses
from support.tls import raw_server, tls_server

from classy_nb.errors import ClassyError, ConnectionFailedError, ConnectionSetupError
from classy_nb.http import HttpClient, RetryPolicy
from classy_nb.http.setup_errors import setup_error
from classy_nb.redact import Secret

pytestmark = pytest.mark.edge(14)

SEND: dict[str, Callable[[HttpClient, str], object]] = {
    "GET": lambda http, _: http.get("/supporters", [("filter", "email_address=ann@example.org")]),
    "POST": lambda http, url: http.post_token(f"{url}/oauth2/auth", {"client_secret": Secret(CANARY)}),
}
METHODS = list(SEND)


def error_of(base_url: str, method: str, pauses: Pauses) -> ClassyError:
    """Return what a request ends with; *pauses* notes the waits before repeats."""
    http = HttpClient(
        base_url, timeout=(5, 5), retry=RetryPolicy(seconds=60, sleep=pauses, clock=pauses.clock)
    )
    try:
        with pytest.raises(ClassyError) as caught:
            SEND[method](http, base_url)
    finally:
        http.close()
    assert "@example.org" not in str(caught.value)
    assert CANARY not in str(caught.value)
    return caught.value


def refused(base_url: str, method: str) -> ConnectionSetupError:
    """Return the error of a request that must not be repeated."""
    pauses = Pauses()
    error = error_of(base_url, method, pauses)
    assert isinstance(error, ConnectionSetupError)
    assert pauses.asked == []
    assert error.method == method
    assert str(error.path).endswith("/supporters" if method == "GET" else "/oauth2/auth")
    return error


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(autouse=True)
def _no_bundle(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("method", METHODS)
def test_a_company_certificate_is_named_with_both_remedies(authority: trustme.CA, method: str) -> None:
    with tls_server(authority) as server:
        error = refused(server.url(), method)
        assert len(server.handshakes) == 1
    assert "not trusted (unable to get local issuer certificate)" in error.what
    assert "REQUESTS_CA_BUNDLE" in error.advice
    assert "truststore" in error.advice


@pytest.mark.parametrize("method", METHODS)
def test_the_bundle_that_the_advice_names_helps(
    authority: trustme.CA, method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "company.pem"
    authority.cert_pem.write_to_path(bundle)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    with tls_server(authority) as server:
        http = HttpClient(server.url())
        if method == "GET":
            assert http.get("/x") == {"ok": True}
        else:
            assert http.post_token(f"{server.url()}/oauth2/auth", {})["expires_in"] == 7200
        http.close()


def test_a_bundle_of_somebody_else_is_named(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "company.pem"
    trustme.CA().cert_pem.write_to_path(bundle)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    with tls_server(authority) as server:
        assert "REQUESTS_CA_BUNDLE is set, but" in refused(server.url(), "GET").advice


def trust(authority: trustme.CA, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority.cert_pem.write_to_path(folder / "company.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(folder / "company.pem"))


@pytest.mark.parametrize("method", METHODS)
def test_an_expired_certificate_asks_for_a_look_at_the_clock(
    authority: trustme.CA, method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust(authority, tmp_path, monkeypatch)
    with tls_server(authority, expired=True) as server:
        error = refused(server.url(), method)
    assert "certificate has expired" in error.what
    assert "clock" in error.advice


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_certificate_for_another_name_asks_for_a_look_at_the_address(
    authority: trustme.CA, host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust(authority, tmp_path, monkeypatch)
    with tls_server(authority, "other.example.org") as server:
        error = refused(server.url(host), "GET")
    assert "mismatch" in error.what
    assert "base_url=" in error.advice


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_bundle_that_does_not_exist_is_named(
    monkeypatch: pytest.MonkeyPatch, method: str, variable: str
) -> None:
    monkeypatch.setenv(variable, "/nowhere/company.pem")
    error = refused("https://localhost:9", method)
    assert error.what == f"{variable} names a certificate file that does not exist."
    assert "PEM" in error.advice


@pytest.mark.parametrize("held", [b"", b"no certificate", bytes(range(256))])
def test_a_bundle_that_holds_no_certificates_is_named(
    authority: trustme.CA, held: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "company.pem"
    bundle.write_bytes(held)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    with tls_server(authority) as server:
        error = refused(server.url(), "GET")
    assert error.what == "REQUESTS_CA_BUNDLE names a file that cannot be read as certificates."


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_bundle_that_must_not_be_read_is_named(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust(authority, tmp_path, monkeypatch)
    (tmp_path / "company.pem").chmod(0)
    with tls_server(authority) as server:
        assert "cannot be read" in refused(server.url(), "GET").what


@pytest.mark.parametrize("method", METHODS)
def test_a_server_without_tls_is_named(method: str) -> None:
    def plain(connection: socket.socket, _: threading.Event) -> None:
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with raw_server(plain) as (port, _):
        error = refused(f"https://localhost:{port}", method)
    assert "(TLS)" in error.what
    assert "base_url=" in error.advice


def test_a_connection_that_breaks_in_the_handshake_is_tried_again() -> None:
    pauses = Pauses()
    with raw_server(lambda connection, _: connection.close()) as (port, heard):
        error = error_of(f"https://localhost:{port}", "GET", pauses)
        assert len(heard) == 5
    assert isinstance(error, ConnectionFailedError)
    assert not isinstance(error, ConnectionSetupError)
    assert len(pauses.asked) == 4


# Proxies

ELSEWHERE = "https://api.example.invalid/2.0"


def proxied(monkeypatch: pytest.MonkeyPatch, address: str, variable: str = "HTTPS_PROXY") -> None:
    monkeypatch.setenv(variable, address)


def answering(status: bytes) -> Callable[[socket.socket, threading.Event], None]:
    def answer(connection: socket.socket, _: threading.Event) -> None:
        connection.sendall(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n")

    return answer


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("status", "says", "advice"),
    [
        (
            b"407 Proxy Authentication Required",
            "wants a user name and a password (407)",
            "user:password@host:port",
        ),
        (b"403 Forbidden", "The proxy refused the connection (403)", "HTTPS_PROXY"),
    ],
)
def test_a_proxy_that_refuses_is_named(
    monkeypatch: pytest.MonkeyPatch, method: str, status: bytes, says: str, advice: str
) -> None:
    with raw_server(answering(status)) as (port, heard):
        proxied(monkeypatch, f"http://ann:{CANARY}@127.0.0.1:{port}")
        error = refused(ELSEWHERE, method)
        assert len(heard) == 1
        assert heard[0].startswith(b"CONNECT api.example.invalid:443 ")
    assert says in error.what
    assert advice in error.advice


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("status", [b"500 Internal Server Error", b"503 Service Unavailable"])
def test_a_proxy_in_trouble_is_asked_again(
    monkeypatch: pytest.MonkeyPatch, method: str, status: bytes
) -> None:
    pauses = Pauses()
    with raw_server(answering(status)) as (port, heard):
        proxied(monkeypatch, f"http://127.0.0.1:{port}")
        error = error_of(ELSEWHERE, method, pauses)
        assert len(heard) == 5
    assert "proxy" in error.what
    assert not isinstance(error, ConnectionSetupError)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "ALL_PROXY"])
def test_a_proxy_where_nobody_listens_is_named(
    monkeypatch: pytest.MonkeyPatch, method: str, variable: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    proxied(monkeypatch, f"http://127.0.0.1:{port}", variable)
    error = refused(ELSEWHERE, method)
    assert error.what == "The proxy could not be reached."
    assert "NO_PROXY" in error.advice


def test_a_proxy_whose_name_is_unknown_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    proxied(monkeypatch, "http://proxy.example.invalid:3128")
    assert refused(ELSEWHERE, "GET").what == "The proxy's host name is not known."


def test_a_proxy_that_does_not_speak_tls_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with raw_server(answering(b"400 Bad Request")) as (port, _):
        proxied(monkeypatch, f"https://127.0.0.1:{port}")
        error = refused(ELSEWHERE, "GET")
    assert error.what == "The proxy does not speak TLS."
    assert "http://, not https://" in error.advice


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("scheme", ["socks5", "socks5h", "socks4"])
def test_a_socks_proxy_without_its_package_is_named(
    monkeypatch: pytest.MonkeyPatch, method: str, scheme: str
) -> None:
    proxied(monkeypatch, f"{scheme}://127.0.0.1:1080", "ALL_PROXY")
    error = refused(ELSEWHERE, method)
    assert "SOCKS" in error.what
    assert "requests[socks]" in error.advice


@pytest.mark.parametrize("address", ["ftp://127.0.0.1:21", "http://:3128", "http://127.0.0.1:port"])
def test_a_proxy_address_that_cannot_be_used_is_named(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    proxied(monkeypatch, address)
    assert refused(ELSEWHERE, "GET").what == "The proxy's address is not valid."


def test_a_failing_socks_proxy_is_recognized_by_its_package() -> None:
    kind = type("ProxyConnectionError", (OSError,), {"__module__": "socks"})
    inner = urllib3.exceptions.NewConnectionError(None, "failed")  # type: ignore[arg-type]
    inner.__cause__ = kind("Error connecting to SOCKS5 proxy")
    error = setup_error(requests.ConnectionError(inner), "GET", "/x")
    assert error is not None
    assert "SOCKS" in error.what


@pytest.mark.parametrize(
    "error",
    [
        requests.ConnectionError("refused"),
        requests.Timeout(),
        requests.exceptions.SSLError(ssl.SSLEOFError(8, "EOF occurred in violation of protocol")),
        OSError("broken pipe"),
    ],
)
def test_what_may_pass_is_not_taken_for_a_setting(error: Exception) -> None:
    assert setup_error(error, "GET", "/x") is None
