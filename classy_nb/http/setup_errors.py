"""Errors of certificates and proxies: what keeps this computer from connecting, and the remedy.

In comes an exception of requests; out comes a `ConnectionSetupError`, or None if it is of another kind, which
a repeat may cure. `HttpClient` asks before it calls an error a failed connection.
"""

from __future__ import annotations

import os
import re
import ssl
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import getproxies

import requests
import urllib3

from classy_nb.errors import ConnectionSetupError
from classy_nb.redact import safe_path

if TYPE_CHECKING:
    from collections.abc import Iterator

_PROXY_ADVICE = (
    "Check HTTPS_PROXY, HTTP_PROXY and ALL_PROXY in the environment, or the system's proxy settings; "
    "NO_PROXY lists hosts that need no proxy."
)
_PROXY_LOGIN_ADVICE = (
    "Put the proxy's user name and password into HTTPS_PROXY (http://user:password@host:port); "
    "these are not the credentials of the API."
)
_OWN_CERTIFICATE_ADVICE = (
    "A company's proxy, a virus scanner or a network's sign-in page may stand in between. Set "
    "REQUESTS_CA_BUNDLE to the path of a PEM file with its certificate, or let Python use the system's store "
    "(pip install pip-system-certs, or truststore)."
)
_BUNDLE_ADVICE = (
    "Set it to the path of a readable PEM file, or remove it and let Python use the system's store "
    "(pip install pip-system-certs, or truststore)."
)
_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
# OpenSSL's numbers, which ssl does not name.
_NOT_YET_VALID, _EXPIRED = 9, 10
_OTHER_NAME, _OTHER_ADDRESS = 62, 64
# Of the many reasons in OpenSSL's errors, those that are the same at each attempt.
_LASTING_REASONS = re.compile(
    "VERSION|PROTOCOL|HANDSHAKE|HTTP_REQUEST|HTTPS_PROXY|RECORD_LAYER|UNKNOWN_CA|CERTIFICATE"
)
_TUNNEL_STATUS = re.compile(r"Tunnel connection failed: (\d{3})")


def setup_error(error: Exception, method: str, path: str) -> ConnectionSetupError | None:
    """Return the error for a connection that cannot be made; None if repeating may help."""
    causes = list(causes_of(error))
    found = _of_proxies(error, causes) or _of_certificates(error, causes)
    if found is None:
        return None
    what, advice = found
    return ConnectionSetupError(what, advice=advice, method=method, path=safe_path(path))


def causes_of(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception of requests and all that lie below it, the outermost first.

    requests and urllib3 put the exceptions that they wrap among their arguments, or chain them.
    """
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting:
        found = waiting.pop(0)
        if isinstance(found, BaseException) and id(found) not in seen:
            seen.add(id(found))
            yield found
            below = (getattr(found, "reason", None), getattr(found, "original_error", None))
            waiting += [*found.args, *below, found.__cause__, found.__context__]


def _of_certificates(error: Exception, causes: list[BaseException]) -> tuple[str, str] | None:
    bundle = next((name for name in _BUNDLES if os.environ.get(name)), None)
    if bundle is not None and type(error) is OSError and not Path(os.environ[bundle]).exists():
        return f"{bundle} names a certificate file that does not exist.", _BUNDLE_ADVICE
    if not any(isinstance(cause, urllib3.exceptions.SSLError | ssl.SSLError) for cause in causes):
        return None
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _untrusted(cause, bundle)
        library, reason = "", ""
        if isinstance(cause, ssl.SSLError):  # those that OpenSSL did not raise lack both
            library, reason = getattr(cause, "library", None) or "", getattr(cause, "reason", None) or ""
        unreadable = isinstance(cause, PermissionError | IsADirectoryError) or library in ("X509", "PEM")
        if bundle is not None and unreadable:
            return f"{bundle} names a file that cannot be read as certificates.", _BUNDLE_ADVICE
        if _LASTING_REASONS.search(reason):
            what = f"No encrypted connection (TLS) could be made ({reason.lower().replace('_', ' ')})."
            return what, f"Check scheme and port in base_url= and token_url=. {_PROXY_ADVICE}"
    return None


def _untrusted(cause: ssl.SSLCertVerificationError, bundle: str | None) -> tuple[str, str]:
    # OpenSSL's own words: "self-signed certificate in certificate chain", "certificate has expired".
    code, words = getattr(cause, "verify_code", None), getattr(cause, "verify_message", "").rstrip(".")
    what = f"The server's certificate is not trusted{f' ({words})' if words else ''}."
    if code in (_NOT_YET_VALID, _EXPIRED):
        return (
            what,
            "Check this computer's clock; if it is right, whoever runs the server has to act.",
        )
    if code in (_OTHER_NAME, _OTHER_ADDRESS):
        advice = "a proxy or a network's sign-in page may answer in the server's place."
        return what, f"Check base_url= and token_url=; {advice}"
    missing = f" {bundle} is set, but its file does not hold that certificate." if bundle else ""
    return what, f"{_OWN_CERTIFICATE_ADVICE}{missing}"


_PROXY_FAULTS: tuple[tuple[type[BaseException], str, str], ...] = (
    (urllib3.exceptions.NameResolutionError, "The proxy's host name is not known.", _PROXY_ADVICE),
    (urllib3.exceptions.NewConnectionError, "The proxy could not be reached.", _PROXY_ADVICE),
    (
        urllib3.exceptions.SSLError,
        "The proxy does not speak TLS.",
        f"Its address probably begins with http://, not https://. {_PROXY_ADVICE}",
    ),
)


def _of_proxies(error: Exception, causes: list[BaseException]) -> tuple[str, str] | None:
    if isinstance(error, requests.exceptions.ProxyError):
        return _of_tunnels(causes)
    if isinstance(error, requests.exceptions.InvalidSchema) and "SOCKS" in str(error):
        what = "The proxy is a SOCKS proxy, and the package that such a proxy needs is missing."
        return what, f'Run: pip install "requests[socks]". {_PROXY_ADVICE}'
    if any(type(cause).__module__ == "socks" for cause in causes):
        return "The SOCKS proxy could not be reached or refused the connection.", _PROXY_ADVICE
    if isinstance(error, requests.exceptions.InvalidURL) and getproxies():
        # base_url= and token_url= were checked before.
        return "The proxy's address is not valid.", _PROXY_ADVICE
    return None


def _of_tunnels(causes: list[BaseException]) -> tuple[str, str] | None:
    tunnel = next(filter(None, (_TUNNEL_STATUS.search(str(cause)) for cause in causes)), None)
    if tunnel is None:
        faults = (
            (what, advice)
            for kind, what, advice in _PROXY_FAULTS
            if any(isinstance(cause, kind) for cause in causes)
        )
        return next(faults, None)
    status = int(tunnel[1])
    if status == 407:
        return "The proxy wants a user name and a password (407).", _PROXY_LOGIN_ADVICE
    # A proxy that fails to reach the server (502, 503, 504) may do so later.
    return None if status >= 500 else (f"The proxy refused the connection ({status}).", _PROXY_ADVICE)
