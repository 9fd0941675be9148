"""One request, one answer: the only place where ``requests`` is spoken.

No exception of ``requests`` or ``urllib3`` leaves this module: their tracebacks hold headers and bodies,
which is where the token and the secret are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import requests

from classy_nb.errors import (
    ClassyError,
    ConnectionFailedError,
    InterruptedFetchError,
    RedirectRefusedError,
    TimedOutError,
    UsageError,
)
from classy_nb.redact import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping


_PIECE = 1 << 20
_HEADER = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII)


@dataclass(frozen=True)
class Answer:
    """What came back: status, headers (whatever their case) and the whole body."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    authorization: Secret | None


class NoAuth(requests.auth.AuthBase):
    """Keeps ``.netrc`` entries off the token request."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Leave the request as it is."""
        return request


class NoCookies(requests.cookies.RequestsCookieJar):
    """Keeps no cookie and sends none: the token is all that says who asks."""

    def extract_cookies(self, response: Any, request: Any) -> None:
        """Leave them where they are."""

    def add_cookie_header(self, request: Any) -> None:
        """Add none."""


class Exchange:
    """Sends requests of one session; what is the same for all of them is prepared once.

    Parameters
    ----------
    session
        Whose headers and connections are used.
    base_url
        What almost all addresses begin with. Proxies and certificates are looked up for it, once.
    timeout
        Seconds to connect and to read.
    """

    def __init__(self, session: requests.Session, base_url: str, timeout: tuple[float, float]) -> None:
        self._session = session
        self._base = base_url
        self._timeout = timeout
        self._model: requests.PreparedRequest | None = None
        self._settings: Mapping[str, Any] = {}

    def __call__(
        self,
        method: str,
        url: str,
        *,
        auth: requests.auth.AuthBase,
        fields: Mapping[str, str | Secret] | None = None,
    ) -> Answer | tuple[type[ClassyError], str] | SystemExit:
        """Exchange one request for an answer, or for what to raise.

        Exceptions end here, their tracebacks with them: the frames below hold the token and the secret.
        """
        try:
            if fields is None and url.startswith(self._base):
                response = self._get(url, auth)
            else:
                form = fields and {k: v.reveal() if isinstance(v, Secret) else v for k, v in fields.items()}
                options: dict[str, Any] = {"timeout": self._timeout, "allow_redirects": False, "stream": True}
                response = self._session.request(method, url, data=form, auth=auth, **options)
            # Left to itself requests reads in pieces of 10 kB; a page is 300 kB.
            body = b"".join(response.iter_content(_PIECE))
            sent = response.request.headers.get("Authorization")
            return Answer(response.status_code, response.headers, body, Secret(str(sent)) if sent else None)
        except SystemExit as leaving:
            return SystemExit(leaving.code)  # such as that of a signal handler: no failure of the request
        except BaseException as error:  # noqa: BLE001 - whatever it is, its traceback must not get out
            return _reason(error)

    def _get(self, url: str, auth: requests.auth.AuthBase) -> requests.Response:
        """Send a GET below the base URL: the path and the query come encoded already."""
        if self._model is None:
            self._settings = self._session.merge_environment_settings(self._base, {}, True, None, None)
            self._model = self._session.prepare_request(requests.Request("GET", self._base, auth=NoAuth()))
        request = self._model.copy()
        request.url = (self._model.url or "").rstrip("/") + url.removeprefix(self._base)
        request = auth(request)
        return self._session.send(request, timeout=self._timeout, allow_redirects=False, **self._settings)


_REASONS: tuple[tuple[tuple[type[BaseException], ...], type[ClassyError], str], ...] = (
    ((requests.Timeout,), TimedOutError, "The server did not answer in time."),
    ((requests.exceptions.SSLError,), ConnectionFailedError, "The server's certificate is not trusted."),
    ((requests.exceptions.ProxyError,), ConnectionFailedError, "The proxy refused the connection."),
    (
        (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError),
        ConnectionFailedError,
        "The answer broke off.",
    ),
    ((requests.ConnectionError,), ConnectionFailedError, "The server could not be reached or hung up."),
    ((KeyboardInterrupt,), InterruptedFetchError, "Stopped."),
)


def _reason(error: BaseException) -> tuple[type[ClassyError], str]:
    """Say in our words what went wrong; never in those of *error*, which hold addresses and more."""
    if isinstance(error, requests.ConnectionError) and "timed out" in str(error):
        return TimedOutError, "The server did not answer in time."  # reading the body, not the head
    if isinstance(error, ClassyError):
        return type(error), error.what  # of the login, made in the middle of the request
    if type(error) is ValueError:
        # requests looks at where a redirect points, even where it isn't to follow it.
        return RedirectRefusedError, "The API pointed at something that is no address."
    for kinds, cls, what in _REASONS:
        if isinstance(error, kinds):
            return cls, what
    return ConnectionFailedError, f"The request failed ({type(error).__name__})."


def checked_headers(headers: Mapping[str, str | Secret]) -> Mapping[str, str]:
    """Return what a caller wants to be sent along, in plain text.

    Raises
    ------
    UsageError
        It cannot be sent, or is not the caller's to send.
    """
    for name, value in headers.items():
        if not (isinstance(name, str) and _HEADER.fullmatch(name)):
            raise UsageError(f"headers= holds {name!r}, which is no name of a header.")
        if name.lower() in ("authorization", "cookie", "host"):
            raise UsageError(f"headers= must not hold {name!r}: the token is added by the connection.")
        text: object = Secret(value).reveal()
        if not (isinstance(text, str) and text.isascii() and text.isprintable()):
            raise UsageError(f"headers= holds a value for {name!r} that is no plain text.")
    return {name: Secret(value).reveal() for name, value in headers.items()}
