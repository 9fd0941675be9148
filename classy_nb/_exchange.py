"""One request, one answer: the only place where ``requests`` is spoken.

No exception of ``requests`` or ``urllib3`` leaves this module: their tracebacks hold headers and bodies,
which is where the token and the secret are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import requests

from .errors import (
    ClassyError,
    ConnectionFailedError,
    InterruptedFetchError,
    RedirectRefusedError,
    TimedOutError,
)
from .redact import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping


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
        return request


def exchange(
    session: requests.Session,
    method: str,
    url: str,
    *,
    auth: requests.auth.AuthBase,
    fields: Mapping[str, str | Secret] | None,
    timeout: tuple[float, float],
) -> Answer | tuple[type[ClassyError], str] | SystemExit:
    """Exchange one request for an answer, or for what to raise.

    Exceptions end here, their tracebacks with them: the frames below hold the token and the secret.
    """
    try:
        form = fields and {k: v.reveal() if isinstance(v, Secret) else v for k, v in fields.items()}
        response = session.request(method, url, data=form, auth=auth, timeout=timeout, allow_redirects=False)
        sent = response.request.headers.get("Authorization")
        return Answer(
            response.status_code, response.headers, response.content, Secret(str(sent)) if sent else None
        )
    except SystemExit as leaving:
        return SystemExit(leaving.code)  # such as that of a signal handler: no failure of the request
    except BaseException as error:  # noqa: BLE001 - whatever it is, its traceback must not get out
        return _reason(error)


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
