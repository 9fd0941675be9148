"""One GET and its answer: session, time limits, bounded repeats, errors.

What a caller gets is JSON or an error of this package, never anything of ``requests``.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, urlencode, urljoin, urlsplit

import orjson
import requests
from requests.structures import CaseInsensitiveDict

from classy_nb import __version__
from classy_nb.errors import ClassyError, ConnectionFailedError, RateLimitedError, UnexpectedAnswerError
from classy_nb.redact import Secret, safe_path

from .auth import TokenAuth, origin_of
from .cancel import Cancel, NeverCancelled
from .connections import Adapter
from .exchange import Answer, Exchange, NoAuth, NoCookies, checked_headers
from .logs import mute_queries
from .rate_limit import RateLimit
from .responses import closed_for, error_for, is_blocked, login_error_for, parse
from .retry import Retry

log = logging.getLogger("classy_nb")

USER_AGENT = f"classy_nb/{__version__} (+https://pypi.org/project/classy-nb/)"
TIMEOUT = (10.0, 60.0)
"""Seconds: to connect, and between two bytes of an answer (supporter lists are slow)."""
_MAX_REDIRECTS = 3
_OK, _NO_CONTENT = 200, 204
_TOKEN_KEYS = ("access_token", "refresh_token")
_LOGIN_KEYS = (*_TOKEN_KEYS, "expires_in", "token_type")

_NEVER = NeverCancelled()
Query = Iterable[tuple[str, str]]


class HttpClient:
    """Sends GETs to one API host, and POSTs to its token URL; nothing else, nowhere else.

    Parameters
    ----------
    base_url
        Where paths are looked up, such as ``https://api.classy.org/2.0``.
    pacer
        Shared by all who send for this application.
    headers
        Extra headers, such as an ``x-integration-id`` that the vendor's support gave out.
    connections
        Connections kept open: as many as there are workers.
    timeout
        Seconds to connect and to read.
    retry
        How often and how long to repeat.
    """

    def __init__(
        self,
        base_url: str,
        *,
        rate_limit: RateLimit | None = None,
        headers: Mapping[str, str | Secret] | None = None,
        connections: int = 8,
        timeout: tuple[float, float] = TIMEOUT,
        retry: Retry | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.origin = origin_of(self.base_url)
        self.rate_limit = rate_limit or RateLimit()
        self.auth: TokenAuth | None = None
        self.requests_sent = 0
        self._retry = retry or Retry()
        self._count = threading.Lock()
        self._asking = threading.local()
        """Of a thread: ``stop``, which ends a login made on the way, too, and when it has ``sent``."""
        self._secrets: list[Secret] = []
        self._session = requests.Session()
        self._session.cookies = NoCookies()
        self._session.headers = CaseInsensitiveDict(
            {
                "User-Agent": USER_AGENT,
                "Accept": "application/json",
                # No brotli: what it needs to be read differs from machine to machine.
                "Accept-Encoding": "gzip, deflate",
                **checked_headers(headers or {}),
            }
        )
        adapter = Adapter(pool_connections=2, pool_maxsize=connections, pool_block=True)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)
        self._exchange = Exchange(self._session, self.base_url, timeout)
        mute_queries()

    def close(self) -> None:
        """Close all connections."""
        self._session.close()

    def get(
        self,
        path: str,
        query: Query = (),
        *,
        member_only: bool = False,
        patient: bool = True,
        cancel: Cancel = _NEVER,
    ) -> Any:
        """Return the JSON of ``GET base_url + path``; None for an answer without content.

        Parameters
        ----------
        path
            Path below the base URL, encoded.
        query
            Parameters, not encoded.
        member_only
            Whether the endpoint is one for members (a clearer error on 401 and 403).
        patient
            Whether a time-out is repeated; False where the caller will ask for less instead.
        stop
            Ends waits and repeats when it is set.

        Raises
        ------
        ResponseError, ConnectionFailedError
            After bounded repeats, where repeating makes sense at all.
        """
        encoded = urlencode(list(query), quote_via=quote, safe="")
        url = f"{self.base_url}{path}" + (f"?{encoded}" if encoded else "")
        self._asking.cancel = cancel
        try:
            return self._retry.call(
                lambda: self._get_once(url, path, cancel, member_only=member_only),
                patient=patient,
                pause=None if cancel is _NEVER else cancel.pause,
            )
        finally:
            self._asking.cancel = _NEVER

    def post_token(self, url: str, fields: Mapping[str, str | Secret]) -> dict[str, Any]:
        """Post a token request (form-encoded) and return what it answers, tokens sealed as Secret.

        Raises
        ------
        LoginError
            The credentials were refused.
        ResponseError, ConnectionFailedError
            Anything else went wrong.
        """
        self._secrets = [value for value in fields.values() if isinstance(value, Secret)]
        cancel: Cancel = getattr(self._asking, "cancel", _NEVER)
        return self._retry.call(
            lambda: self._login_once(url, fields, cancel),
            method="POST",
            pause=None if cancel is _NEVER else cancel.pause,
        )

    def _login_once(self, url: str, fields: Mapping[str, str | Secret], cancel: Cancel) -> dict[str, Any]:
        cancel.check()  # it may have waited for somebody else's login
        path = urlsplit(url).path
        outcome = _read_login(self._send("POST", url, path, fields), path, self._secrets)
        if isinstance(outcome, ClassyError):
            raise outcome  # from here, where no local holds an answer: servers echo what they are sent
        self._secrets += [value for value in outcome.values() if isinstance(value, Secret)]
        return outcome

    def _get_once(self, url: str, path: str, cancel: Cancel, *, member_only: bool) -> Any:
        outcome = _read(self._follow(url, path, cancel), path, self._secrets, member_only=member_only)
        if isinstance(outcome, RateLimitedError):
            # How long is for the pacer to say, who knows what else was refused.
            outcome.pause = self.rate_limit.throttled(outcome.retry_after, self._asking.sent)
        if isinstance(outcome, ClassyError):
            raise outcome  # from here, as above
        self.rate_limit.succeeded(self._asking.sent)
        return outcome

    def _follow(self, url: str, path: str, cancel: Cancel) -> Answer:
        """Return the answer; with a new token where one is needed, from where redirects lead to."""
        answer = self._paced(url, path, cancel)
        if answer.status == 401 and _token_is_stale(answer) and self.auth is not None:  # noqa: PLR2004
            self.auth.discard(answer.authorization)
            answer = self._paced(url, path, cancel)
        for _ in range(_MAX_REDIRECTS):
            location = answer.headers.get("Location")
            if not 300 <= answer.status < 400 or not location:  # noqa: PLR2004
                break
            target = _inside(self.origin, url, location)
            if target is None:
                break  # refused by its status
            url = target
            answer = self._paced(url, path, cancel)
        return answer

    def _paced(self, url: str, path: str, cancel: Cancel) -> Answer:
        wait = self.rate_limit.waiting()
        if wait > self._retry.seconds:
            # An earlier answer asked for it: nobody waits a day for a cell.
            raise closed_for(wait, path)
        self._asking.sent = self.rate_limit.acquire(cancel.pause)
        headers: Mapping[str, str] | None = None
        try:
            cancel.check()
            answer = self._send("GET", url, path)
            headers = answer.headers
        except ConnectionFailedError:
            cancel.check()  # it was hung up from here
            raise
        finally:
            self.rate_limit.release(headers)
        return answer

    def _send(
        self, method: str, url: str, path: str, fields: Mapping[str, str | Secret] | None = None
    ) -> Answer:
        """Send one request; errors are raised from here, where no local holds a secret."""
        auth: requests.auth.AuthBase = NoAuth()
        if fields is None and self.auth is not None:
            self.auth.token()  # outside of the guarded part: a login error is an error of its own
            auth = self.auth
        with self._count:
            self.requests_sent += 1
        started = time.perf_counter()
        outcome = self._exchange(method, url, auth=auth, fields=fields)
        elapsed = (time.perf_counter() - started) * 1e3
        if isinstance(outcome, Answer):
            log.debug("%s %s -> %s in %.0f ms", method, safe_path(path), outcome.status, elapsed)
            return outcome
        if isinstance(outcome, SystemExit):
            raise outcome
        cls, what = outcome
        log.debug("%s %s -> %s after %.0f ms", method, safe_path(path), cls.__name__, elapsed)
        raise cls(what, method=method, path=safe_path(path))


def _inside(origin: str, url: str, location: str) -> str | None:
    """Return where a redirect points to, or None where that is another host or no address."""
    try:
        target = urljoin(url, location)
        return target if origin_of(target) == origin else None
    except ValueError:
        return None


def _read(answer: Answer, path: str, secrets: list[Secret], *, member_only: bool) -> Any:
    """Return the JSON of an answer, or the error that it is."""
    status, headers = answer.status, answer.headers
    if status == _NO_CONTENT:
        return None
    if status != _OK or is_blocked(status, headers):
        return error_for(status, headers, answer.body, path=path, member_only=member_only, secrets=secrets)
    try:
        return orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        what = "The API answered something that is not JSON, or broke off."
    return UnexpectedAnswerError(what, method="GET", path=safe_path(path), status=status)


def _read_login(answer: Answer, path: str, secrets: list[Secret]) -> dict[str, Any] | ClassyError:
    """Return what is needed of a login's answer, its tokens sealed; or the error that it is."""
    status, headers = answer.status, answer.headers
    if status != _OK or is_blocked(status, headers):
        return login_error_for(status, headers, answer.body, path=path, secrets=secrets)
    body = parse(answer.body)
    if isinstance(body, dict):
        return {key: _sealed(key, body[key]) for key in _LOGIN_KEYS if key in body}
    what = "The login answered something that is not JSON."
    return UnexpectedAnswerError(what, method="POST", path=path, status=status)


def _sealed(key: str, value: object) -> object:
    usable = key in _TOKEN_KEYS and isinstance(value, str) and value.strip()
    return Secret(str(value)) if usable else value


def _token_is_stale(answer: Answer) -> bool:
    """Whether a 401 is about the token that was sent, so that a new one may help."""
    body = parse(answer.body)
    error = body.get("error") if isinstance(body, dict) else None
    return error in (None, "invalid_token")
