"""All errors and warnings of this package, :func:`warn`, and the versions that a report needs.

One root: ``except ClassyError`` covers every failure. Each message says what happened, what was requested
(method, path, status) and what to do next; none contains a body, a query, a secret or a donor.

::

    ClassyError
    ├── UsageError                 bad input; nothing was sent
    │   └── NotPicklableError      this connection cannot go to another process in a pickle
    ├── CredentialsError           no usable client id and secret; nothing was sent
    │   ├── LoginError             they were sent and refused
    │   └── NotLoggedInError       there is no login: the form has not been submitted yet
    │       └── ConnectionClosedError  the connection was closed
    ├── ConnectionFailedError      no response arrived
    │   ├── TimedOutError          no response arrived in time
    │   └── ConnectionSetupError   certificates or a proxy are in the way; not repeated
    ├── ResponseError              a response arrived, and it is a refusal
    │   ├── BadRequestError        400, 405, 409, 422
    │   ├── UnauthorizedError      401, twice
    │   ├── PermissionDeniedError  403; ``permissions`` says which
    │   │   └── MemberOnlyError    403 from an endpoint that requires a member's token
    │   ├── BlockedError           403 from the firewall in front of the API
    │   ├── NotFoundError          404 from the API: the record does not exist
    │   │   └── NoSuchPathError    404 from the gateway: the endpoint does not exist
    │   ├── RateLimitedError       429, even after waiting
    │   ├── ServerError            5xx, even after retries
    │   ├── RedirectRefusedError   3xx to another host, or in circles
    │   └── UnexpectedAnswerError  200 with something other than the documented response
    ├── IncompleteResultError      fewer rows than the API promised
    ├── InterruptedFetchError      stopped by the user
    ├── ExportError                a file could not be written
    └── MirrorError                a mirror cannot be opened or refreshed as asked
"""

from __future__ import annotations

import sys
import warnings
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class ClassyError(Exception):
    """Root of all errors of this package.

    Parameters
    ----------
    what
        What happened, in one sentence.
    advice
        What to do next.
    method, path, status
        The request that failed, if there was one.
    """

    default_advice: str = ""

    def __init__(
        self,
        what: str,
        *,
        advice: str | None = None,
        method: str | None = None,
        path: str | None = None,
        status: int | None = None,
    ) -> None:
        self.what = what
        self.advice = self.default_advice if advice is None else advice
        self.method = method
        self.path = path
        self.status = status
        super().__init__(self._message())

    def __str__(self) -> str:
        return self._message()  # callers may have added to the advice

    def _message(self) -> str:
        request = " ".join(part for part in (self.method, self.path) if part)
        if self.status is not None:
            request = f"{request} -> {self.status}".strip()
        return " ".join(part for part in (self.what, f"[{request}]" if request else "", self.advice) if part)

    def __reduce__(self) -> tuple[object, ...]:
        # By default, unpickling would call the class with the finished message instead of its parts.
        return (_revive, (type(self), self.args, self.__dict__))


def _revive(cls: type[ClassyError], args: tuple[object, ...], state: dict[str, object]) -> ClassyError:
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class UsageError(ClassyError, ValueError):
    """The call is invalid; nothing was sent."""


class NotPicklableError(UsageError, TypeError):
    """A connection cannot be pickled without its secret; nothing was written."""

    default_advice = (
        "Call connect() in the other process instead, or connect with client id and secret from the "
        "environment or a .env file, which the other process can read, too. Forked processes can use a "
        "connection that they inherit, such as a global variable."
    )


class CredentialsError(ClassyError):
    """There is no usable client id and secret; nothing was sent."""

    default_advice = (
        "Pass client_id= and client_secret=, or set CLASSY_CLIENT_ID and CLASSY_CLIENT_SECRET "
        "in the environment or in a .env file (see .env.example)."
    )


class LoginError(CredentialsError):
    """The client id and secret were sent and refused."""

    default_advice = (
        "Check that both come from the same application and were pasted whole, "
        "without brackets, quotes or spaces."
    )


class NotLoggedInError(CredentialsError):
    """A connection from ``login()`` was used before its form was submitted; nothing was sent."""

    default_advice = "Fill in the form above and choose Connect, then run this cell again."


class ConnectionClosedError(NotLoggedInError):
    """A connection was used after it was closed: it has forgotten its token; nothing was sent."""

    default_advice = "Open a new one with connect(), login() or demo()."

    def __init__(self, what: str = "This connection is closed.", **details: Any) -> None:
        super().__init__(what, **details)


class ConnectionFailedError(ClassyError):
    """No response arrived."""

    default_advice = "Check the network connection and try again."


class TimedOutError(ConnectionFailedError):
    """No response arrived in time."""

    default_advice = "The server is slow; try again later, or fetch less."


class ConnectionSetupError(ConnectionFailedError):
    """Certificates or a proxy keep this computer from connecting; repeating would not help."""

    default_advice = "Check the proxy and the certificates that this computer uses."


class ResponseError(ClassyError):
    """A response arrived, and it is a refusal.

    Attributes
    ----------
    retry_after
        Seconds to wait before the next request, if the API said so, or None.
    """

    retry_after: float | None = None


class BadRequestError(ResponseError):
    """The API rejected the request (400, 405, 409, 422); repeating it would not help."""

    default_advice = "Check the columns and values of where=, since=, sort= and the parameters."


class UnauthorizedError(ResponseError):
    """The API refused the token, and a new one too (401)."""

    # Not "connect again": where an application's newest token is the only good one, that ends the other's.
    default_advice = (
        "If another program uses the same application, it may have ended the token: let one finish before "
        "the other starts. Otherwise, check in the Classy admin whether the application is still active."
    )


class PermissionDeniedError(ResponseError):
    """The application may not read this (403).

    Attributes
    ----------
    permissions
        What the API says is missing, such as ``"fetch transaction"``.
    """

    permissions: Sequence[str] = ()
    default_advice = (
        "The application can see only its own organization: check the id, "
        "or ask the organization's administrator for the permission."
    )


class MemberOnlyError(PermissionDeniedError):
    """The endpoint requires a member's token; an application's is refused (403)."""

    default_advice = "This endpoint is for logged-in members; an application's credentials cannot read it."


class BlockedError(ResponseError):
    """The firewall in front of the API stopped the request (an HTML page instead of JSON)."""

    default_advice = (
        "This is not about your credentials. Try from another network (cloud notebooks are often blocked), "
        "or ask the vendor's support for an x-integration-id and pass it in headers=."
    )


class NotFoundError(ResponseError):
    """The record does not exist, or the application cannot see it (404)."""

    default_advice = "Check the id."


class NoSuchPathError(NotFoundError):
    """The endpoint does not exist (404 from the gateway)."""

    default_advice = "Check the path (hyphens, not underscores); a deprecated endpoint may be gone."


class RateLimitedError(ResponseError):
    """Too many requests (429), even after waiting; or the wait would be too long: see the message."""

    default_advice = "Wait, or lower requests_per_minute=; other programs may share the application's limit."


class ServerError(ResponseError):
    """The API failed (5xx), even after retries."""

    default_advice = "Try again later; if it persists, report the path and the time to the vendor's support."


class RedirectRefusedError(ResponseError):
    """The API redirected to another host, to another question or in circles; the token was not sent there."""

    default_advice = "Check base_url= and token_url=."


class UnexpectedAnswerError(ResponseError):
    """The response is not what the API documents: not JSON, an error under status 200, or data missing.

    If nothing better can be advised than a report, a note (``__notes__``) has the versions for it.
    """

    default_advice = "Try again; if it persists, please report it with the path."

    def __init__(self, what: str, **details: Any) -> None:
        super().__init__(what, **details)
        if self.advice == self.default_advice:
            self.add_note(f"For a report at {ISSUES}: {versions()}")


class IncompleteResultError(ClassyError):
    """Fewer rows arrived than the API promised. No partial frame is returned.

    The message says so if two complete reads agree: then ``accept_incomplete=True`` takes what they agree on.

    Attributes
    ----------
    expected, received
        Rows that were promised, and rows that arrived.
    """

    expected: int | None = None
    received: int | None = None
    default_advice = "Try again; records may be changing while they are read."


class InterruptedFetchError(ClassyError, KeyboardInterrupt):
    """The user stopped a fetch; *what* says how many rows had arrived."""

    default_advice = ""


class ExportError(ClassyError, OSError):
    """A file could not be written; nothing half-written was left behind."""

    default_advice = "Check the folder, its permissions and the free disk space."


class MirrorError(ClassyError):
    """A mirror cannot be opened or refreshed as asked; what is in it stays as it was."""

    default_advice = "classy.mirror(path).refresh() makes one; docs/mirror.md says what it needs."


class ClassyWarning(UserWarning):
    """Something is worth knowing, but nothing is lost."""


class DataWarning(ClassyWarning):
    """The data are not what they should be, such as values that did not fit their column and are missing."""


class QueryWarning(ClassyWarning):
    """The API may not take the question as it is meant.

    A value or an include is not in its document, or conditions exclude each other.
    """


class DeprecatedEndpointWarning(ClassyWarning):
    """The vendor has announced the end of an endpoint."""


class CredentialsWarning(ClassyWarning):
    """Credentials look damaged, or are stored carelessly."""


ISSUES = "https://github.com/classy-nb/classy-nb/issues"


@cache
def versions() -> str:
    """Return the versions that a report needs, in one line.

    They come from the packages' metadata, so that nothing is imported; no path, host or user is among them.
    """
    import platform
    from importlib.metadata import PackageNotFoundError, version

    from . import __version__

    found = [f"classy-nb {__version__}", f"{platform.python_implementation()} {platform.python_version()}"]
    for name in ("pandas", "pyarrow"):
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"no {name}")
    return ", ".join([*found, f"{platform.system()} {platform.machine()}".strip()])


def show_versions() -> None:
    """Print the versions of classy_nb, Python, pandas, pyarrow and the system in one line, for a report.

    Nothing personal is in it, so it can be pasted into an issue as it is.

    Examples
    --------
    >>> cn.show_versions()  # doctest: +SKIP
    classy-nb 0.1.0, CPython 3.13.1, pandas 3.0.0, pyarrow 22.0.0, Linux x86_64
    """
    sys.stdout.write(f"{versions()}\n")


def ask_for_report(bug: BaseException) -> None:
    """Add a note to an error that nobody expected: where to report it, and the versions."""
    ask = "This looks like a bug in classy_nb. Please report the lines above, without donors' data, at"
    if not any(ask in note for note in getattr(bug, "__notes__", ())):
        bug.add_note(f"{ask} {ISSUES}, with: {versions()}")


_kept: ContextVar[list[str] | None] = ContextVar("kept", default=None)
"""Where this thread's warnings go instead of ``warnings``, which all threads share."""


@contextmanager
def kept_warnings() -> Iterator[list[str]]:
    """Collect this thread's warnings in a list, for a widget to show."""
    messages: list[str] = []
    token = _kept.set(messages)
    try:
        yield messages
    finally:
        _kept.reset(token)


def warn(message: str, category: type[Warning]) -> None:
    """Warn, pointing at the first line outside this package: the one that the reader can change."""
    kept = _kept.get()
    if kept is not None:
        kept.append(message)
        return
    package = __name__.partition(".")[0]
    level, frame = 1, sys._getframe()  # noqa: SLF001 - skip_file_prefixes= is new in 3.12
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == package:
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)
