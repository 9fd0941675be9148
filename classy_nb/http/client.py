"""One request and its answer: the only place where ``requests`` is spoken.

In come a path and its parameters, out goes JSON or an error of this package. Between them stand the rate
limit, the token, the retry policy and redirects. Pagination and the client call `HttpClient.get`, `TokenAuth`
calls `HttpClient.post_token`; nothing else is ever sent, and nowhere else.
"""

from __future__ import annotations

import copy
import logging
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl, quote, urlencode, urljoin, urlsplit

import numpy as np
import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.util import parse_url

from classy_nb import __version__
from classy_nb.arguments import shown
from classy_nb.decoding import Repairs, decode
from classy_nb.errors import (
    ClassyError,
    ConnectionClosedError,
    ConnectionFailedError,
    InterruptedFetchError,
    RedirectRefusedError,
    ResponseError,
    TimedOutError,
    UnexpectedAnswerError,
    UsageError,
)
from classy_nb.redact import Secret, safe_path

from .auth import origin_of
from .fork import renew_after_fork
from .rate_limit import RateLimit
from .responses import (
    charset_of,
    error_for,
    is_blocked,
    kind_of,
    login_error_for,
    parse,
    retry_after_of,
    unreadable_error,
)
from .retry import RetryPolicy, same_failure
from .session import Adapter, Session, TotalTimeError, cut_off_by
from .setup_errors import causes_of, setup_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .auth import TokenAuth
    from .cancel import Cancel
    from .concurrency import Concurrency

T = TypeVar("T")

log = logging.getLogger("classy_nb")

USER_AGENT = f"classy_nb/{__version__} (+https://pypi.org/project/classy-nb/)"
TIMEOUT = (10.0, 60.0)
"""Seconds: to connect, and between two bytes of an answer (supporter lists are slow)."""
TOTAL_TIME = 90.0
"""Seconds from a request to the last byte of its response, which may otherwise come byte by byte forever."""
_MAX_REDIRECTS = 3
_REDIRECTS = (301, 302, 303, 307, 308)
"""Statuses that name another address; 300, 304, 305 and 306 do not, or not one to follow."""
MOST_BYTES = 256 << 20
"""Bytes of one answer, decompressed: a page has 300 kB, but 1 MB of gzip may hold a gigabyte of nothing."""
MOST_NESTED = 100
"""Levels of lists and objects in one answer; the API needs six. Recursion goes down each of them."""
# Left to itself, requests reads an answer in pieces of 10 kB; a page has 300 kB.
_CHUNK = 1 << 20
_MOST_PROVEN = 1000
_HEADER_NAME = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII)
_TOKEN_KEYS = ("access_token", "refresh_token")
_LOGIN_KEYS = (*_TOKEN_KEYS, "expires_in", "token_type")


@dataclass(frozen=True)
class _Answer:
    """What came back, the body read to its end; ``authorization`` is the header that was sent."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    authorization: Secret | None


class HttpClient:
    """Sends GETs to one API and POSTs to its token URL; threads may share it.

    Parameters
    ----------
    base_url
        What paths are appended to, such as ``https://api.classy.org/2.0``.
    rate_limit
        How fast to send GETs.
    headers
        Extra headers, such as an ``x-integration-id`` from the vendor's support.
    connections
        Connections that are kept open: one for each worker.
    concurrency
        Finds how many requests may be under way; None for as many as there are workers.
    timeout
        Seconds to connect, and between two bytes of a response.
    total_time
        Seconds from a request to the last byte of its response.
    retry
        How often and how long to repeat. Tests pass ``RetryPolicy(base=0)``, or patch
        ``classy_nb.http.client.RetryPolicy`` to return it.

    Attributes
    ----------
    auth
        Adds the token to each GET; None for none.
    requests_sent
        How many requests there have been, token requests and repeats included.
    has_own_headers
        Whether it was given extra headers.
    """

    def __init__(
        self,
        base_url: str,
        *,
        rate_limit: RateLimit | None = None,
        headers: Mapping[str, str | Secret] | None = None,
        connections: int = 8,
        concurrency: Concurrency | None = None,
        timeout: tuple[float, float] = TIMEOUT,
        total_time: float = TOTAL_TIME,
        retry: RetryPolicy | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.origin = origin_of(self.base_url)
        self.rate_limit = rate_limit or RateLimit()
        self.concurrency = concurrency
        self.timeout = timeout
        self.retry = retry or RetryPolicy()
        self.auth: TokenAuth | None = None
        self.requests_sent = 0
        self._count_lock = threading.Lock()
        self._proven: set[str] = set()
        """Paths that have been read (the first thousand of them)."""
        self._secrets: list[Secret] = []
        """What error messages must not show, although the server may echo it."""
        self._closed = False
        own = {} if headers is None else _checked_headers(headers)
        self.has_own_headers = bool(own)
        self._session = Session()
        self._session.cookies = _NoCookies()
        self._session.headers = CaseInsensitiveDict(
            {
                "User-Agent": USER_AGENT,
                "Accept": "application/json",
                # No brotli: whether it can be decoded differs from machine to machine.
                "Accept-Encoding": "gzip, deflate",
                **own,
            }
        )
        # Blocking: a worker waits for a connection of the pool rather than opening one that is thrown away.
        adapter = Adapter(total_time, pool_connections=2, pool_maxsize=connections, pool_block=True)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)
        address = parse_url(self.base_url)
        self._root = f"{address.scheme}://{address.netloc}"
        self._prefix = address.path or ""
        self._model: requests.PreparedRequest | None = None
        self._send_options: Mapping[str, Any] = {}
        _mask_queries_in_logs()
        renew_after_fork(self, HttpClient._after_fork)

    def close(self) -> None:
        """Close all connections, forget the token and the credentials, and refuse whatever comes later."""
        self._closed = True
        if self.auth is not None:
            self.auth.forget()
        self._secrets = []
        self._session.close()

    def _after_fork(self) -> None:
        """Open connections of this process's own: the parent goes on reading from those that are open."""
        self._count_lock = threading.Lock()
        for prefix, adapter in list(self._session.adapters.items()):
            if isinstance(adapter, HTTPAdapter):
                _drop_connections(adapter)
                self._session.mount(prefix, copy.copy(adapter))  # with the same settings and no connections

    def get(
        self,
        path: str,
        parameters: Iterable[tuple[str, str]] = (),
        *,
        member_only: bool = False,
        retry_timeouts: bool = True,
        cancel: Cancel | None = None,
        repairs: Repairs | None = None,
    ) -> Any:
        """Return the JSON of ``GET base_url + path``; None for an answer without content.

        Parameters
        ----------
        path
            Path below the base URL, encoded.
        parameters
            Names and values, not encoded.
        member_only
            Whether the endpoint is one for members (a clearer error on 401 and 403).
        retry_timeouts
            Whether to repeat a request that timed out; False if the caller would rather ask for less.
        cancel
            Ends waits and repeats, and cuts off an answer that is being waited for.
        repairs
            Counts what had to be changed in a response so that it could be read.

        Raises
        ------
        ResponseError, ConnectionFailedError
            The request failed, after repeats where they make sense.
        InterruptedFetchError
            It was canceled, by *cancel* or by Ctrl-C.
        """
        encoded = urlencode(list(parameters), quote_via=quote, safe="")
        target = f"{self._prefix}{path}" + (f"?{encoded}" if encoded else "")

        def attempt() -> Any:
            answer = self._follow(target, path, cancel)
            return _json_of(answer, path, encoded, self._secrets, repairs, member_only=member_only)

        body = self._with_retries(
            attempt, "GET", cancel, retry_timeouts=retry_timeouts, proven=path in self._proven
        )
        if len(self._proven) < _MOST_PROVEN:
            self._proven.add(path)
        return body

    def post_token(
        self, url: str, fields: Mapping[str, str | Secret], cancel: Cancel | None = None
    ) -> dict[str, Any]:
        """Post a token request (form-encoded) and return its answer, with the tokens in it as `Secret`.

        Raises
        ------
        LoginError
            The credentials were refused.
        ResponseError, ConnectionFailedError
            Anything else went wrong.
        """
        if self._closed:
            raise ConnectionClosedError
        self._secrets = [value for value in fields.values() if isinstance(value, Secret)]
        path = urlsplit(url).path

        def attempt() -> dict[str, Any]:
            if cancel is not None:
                cancel.check()  # it may have waited for somebody else's login
            return _tokens_of(self._send("POST", url, path, fields), url, path, self._secrets)

        tokens = self._with_retries(attempt, "POST", cancel)
        self._secrets += [value for value in tokens.values() if isinstance(value, Secret)]
        return tokens

    def _with_retries(
        self,
        attempt: Callable[[], T],
        method: str,
        cancel: Cancel | None,
        *,
        retry_timeouts: bool = True,
        proven: bool = False,
    ) -> T:
        """Call *attempt* until it succeeds or the retry policy gives up."""
        started = self.retry.clock()
        attempts = in_a_row = 0
        last: ClassyError | None = None
        while True:
            try:
                return attempt()
            except ClassyError as error:
                attempts += 1
                in_a_row = in_a_row + 1 if same_failure(last, error) else 1
                delay = self.retry.delay(
                    error,
                    attempts,
                    in_a_row,
                    method=method,
                    elapsed=self.retry.clock() - started,
                    retry_timeouts=retry_timeouts,
                    proven=proven,
                    connected=bool(self._proven),
                )
                if delay is None:
                    raise
                # Its frames hold this one and the page that came: without them they go at once.
                last = error.with_traceback(None)
            if delay and cancel is not None:
                cancel.sleep(delay)
            elif delay:
                self.retry.sleep(delay)

    def _follow(self, target: str, path: str, cancel: Cancel | None) -> _Answer:
        """Return the answer from where redirects lead to, with a new token if the API wants one."""
        answer = self._send_at_rate(target, path, cancel)
        if (
            answer.status == 401
            and self.auth is not None
            and _may_be_about_the_token(answer)
            and self.auth.discard(answer.authorization)
        ):
            answer = self._send_at_rate(target, path, cancel)
        followed = 0
        while answer.status in _REDIRECTS:
            next_target = self._redirect_target(answer, target, path)
            if followed == _MAX_REDIRECTS:
                what = "The API redirects in circles on its own host, and never answers."
                advice = "Try again later; if it persists, report the path to the vendor's support."
                asked: Any = {"method": "GET", "path": safe_path(path), "status": answer.status}
                raise RedirectRefusedError(what, advice=advice, **asked)
            target = next_target
            followed += 1
            answer = self._send_at_rate(target, path, cancel)
        return answer

    def _redirect_target(self, answer: _Answer, target: str, path: str) -> str:
        """Return the path and query that a redirect leads to, on our own origin.

        Only path and query are taken from the server: host and port stay those of the base URL, so no second
        parser can read another host out of the same text.

        Raises
        ------
        RedirectRefusedError
            It leads to another origin, or to the answer of another question.
        """
        here = f"{self._root}{target}"
        address = _address(here, answer.headers.get("Location", ""))
        if address is None or origin_of(address) != self.origin:
            raise _refused_redirect(answer, "GET", here, path)
        found = parse_url(address)
        asked = urlsplit(target)
        kept = set(parse_qsl(found.query or "", keep_blank_values=True))
        same_path = (found.path or "").rstrip("/").endswith(path.rstrip("/"))
        if not same_path or not kept.issuperset(parse_qsl(asked.query, keep_blank_values=True)):
            what = "The API redirected to something else than what was asked for."
            raise RedirectRefusedError(
                what, method="GET", path=safe_path(path), status=answer.status, advice=_REPORT
            )
        return found.request_uri

    def _send_at_rate(self, target: str, path: str, cancel: Cancel | None) -> _Answer:
        """Send a GET as soon as the rate limit permits it."""
        if self.auth is not None:
            self.auth.token(cancel)  # first: a login takes its time, and a permit is for now
        permit = self.rate_limit.acquire(
            path, cancel, longest=self.retry.seconds, concurrency=self.concurrency
        )
        answer: _Answer | None = None
        try:
            if cancel is not None:
                cancel.check()
            with cut_off_by(cancel):
                answer = self._send("GET", target, path)
        except ClassyError:
            if cancel is not None:
                cancel.check()  # the failure is that of an answer which was cut off
            raise
        finally:
            if self.concurrency is not None and permit.slot is not None:
                status, size = (None, 0) if answer is None else (answer.status, len(answer.body))
                cut_off = cancel is not None and cancel.is_set()
                self.concurrency.release(permit.slot, path, status, size, ended=not cut_off)
            if answer is None:
                self.rate_limit.release(permit)
            else:
                failed = answer.status == 429 or answer.status >= 500
                hint = retry_after_of(answer.status, answer.headers, parse(answer.body)) if failed else None
                self.rate_limit.release(permit, answer.status, answer.headers, hint)
        if cancel is not None:
            cancel.check()  # nobody wants this answer anymore
        return answer

    def _send(
        self, method: str, target: str, path: str, fields: Mapping[str, str | Secret] | None = None
    ) -> _Answer:
        """Send one request and read its answer to the end; *target*: path and query, for a POST the URL."""
        if self._closed:
            raise ConnectionClosedError
        with self._count_lock:
            self.requests_sent += 1
        started = time.perf_counter()
        failure: ClassyError
        try:
            # Closed on every way out: an answer that is left open keeps its connection, and the pool has few.
            with self._get(target) if fields is None else self._post(target, fields) as response:
                body = _read(response, method, path)
        except ClassyError:
            raise  # a login that failed, or an answer that is too large
        except KeyboardInterrupt:
            failure = InterruptedFetchError("Stopped.", method=method, path=safe_path(path))
        except Exception as error:  # noqa: BLE001 - what a hostile answer raises in the libraries below has no end
            failure = _failure(error, method, path)
        else:
            elapsed = (time.perf_counter() - started) * 1e3
            log.debug("%s %s -> %s in %.0f ms", method, safe_path(path), response.status_code, elapsed)
            sent = response.request.headers.get("Authorization")
            authorization = None if sent is None else Secret(str(sent))
            return _Answer(response.status_code, response.headers, body, authorization)
        elapsed = (time.perf_counter() - started) * 1e3
        log.debug("%s %s -> %s after %.0f ms", method, safe_path(path), type(failure).__name__, elapsed)
        # Raised here, outside of the except block: else the error of requests would stay behind this one as
        # its context, and its message holds the URL with the query, which may hold donors' addresses.
        raise failure

    def _get(self, target: str) -> requests.Response:
        # Preparing each request from scratch is a third of what requests costs, and looks up proxies and
        # certificates anew. All GETs are the same but for path and query, which are encoded already.
        if self._model is None:
            self._send_options = self._session.merge_environment_settings(self.base_url, {}, True, None, None)
            self._model = self._session.prepare_request(
                requests.Request("GET", self.base_url, auth=_NoAuth())
            )
        request = self._model.copy()
        request.url = self._root + target
        request = (self.auth or _NoAuth())(request)
        return self._session.send(request, timeout=self.timeout, allow_redirects=False, **self._send_options)

    def _post(self, url: str, fields: Mapping[str, str | Secret]) -> requests.Response:
        return self._session.post(
            url,
            data={name: Secret(value).reveal() for name, value in fields.items()},
            auth=_NoAuth(),
            timeout=self.timeout,
            allow_redirects=False,
            stream=True,
        )


class _NoAuth(requests.auth.AuthBase):
    """Without any auth requests looks into ``.netrc`` and sends what it finds there."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


class _NoCookies(requests.cookies.RequestsCookieJar):
    """Keeps no cookie and sends none: the token is all that says who sends."""

    def extract_cookies(self, response: Any, request: Any) -> None:
        """Leave them in the answer."""

    def add_cookie_header(self, request: Any) -> None:
        """Add none."""


def _checked_headers(headers: Mapping[str, str | Secret]) -> Mapping[str, str]:
    """Return what a caller wants to be sent along, in plain text.

    Raises
    ------
    UsageError
        It cannot be sent, or is not the caller's to send.
    """
    if not isinstance(headers, Mapping):
        raise UsageError(f"headers= takes a dict of names and texts, not {shown(headers)}.")
    for name, value in headers.items():
        if not (isinstance(name, str) and _HEADER_NAME.fullmatch(name)):
            raise UsageError(f"headers= holds {shown(name)}, which is not the name of a header.")
        if name.lower() in ("authorization", "cookie", "host"):
            raise UsageError(f"headers= must not hold {name!r}: the token is added by the connection.")
        text: object = Secret(value).reveal()
        if not (isinstance(text, str) and text.isascii() and text.isprintable()):
            raise UsageError(f"headers= holds a value for {name!r} that is not plain text.")
    return {name: Secret(value).reveal() for name, value in headers.items()}


_REASONS: tuple[tuple[type[Exception], type[ClassyError], str], ...] = (
    (requests.Timeout, TimedOutError, "The server did not answer in time."),
    (requests.exceptions.SSLError, ConnectionFailedError, "The encrypted connection (TLS) failed."),
    (requests.exceptions.ProxyError, ConnectionFailedError, "The proxy failed to connect to the server."),
    (requests.exceptions.ChunkedEncodingError, ConnectionFailedError, "The answer broke off."),
    (
        requests.exceptions.ContentDecodingError,
        UnexpectedAnswerError,
        "The response says that it is compressed, but it cannot be decompressed.",
    ),
    (requests.ConnectionError, ConnectionFailedError, "The server could not be reached or hung up."),
)


def _failure(error: Exception, method: str, path: str) -> ClassyError:
    """Say in our words what went wrong; never in those of *error*, which hold addresses and more."""
    if (found := setup_error(error, method, path)) is not None:
        return found
    cls: type[ClassyError] = ConnectionFailedError
    what = f"The request failed ({type(error).__name__})."
    if any(isinstance(cause, TotalTimeError) for cause in causes_of(error)):
        cls, what = (
            TimedOutError,
            "The response did not end in time: the server sends it too slowly, or forever.",
        )
    elif isinstance(error, requests.ConnectionError) and "timed out" in str(error):
        cls, what = TimedOutError, "The server did not answer in time."  # while the body was read
    else:
        for kind, cls_of_kind, reason in _REASONS:
            if isinstance(error, kind):
                cls, what = cls_of_kind, reason
                break
    return cls(what, method=method, path=safe_path(path))


def _read(response: requests.Response, method: str, path: str) -> bytes:
    """Return the body of an answer, decompressed.

    Raises
    ------
    ResponseError
        It is too large. Not an `UnexpectedAnswerError`: that would be asked for again, and again as large.
    """
    chunks: list[bytes] = []
    size = 0
    for chunk in response.iter_content(_CHUNK):
        size += len(chunk)
        if size > MOST_BYTES:
            what = f"The API's answer is larger than {MOST_BYTES >> 20} MB; it was not read to its end."
            asked: Any = {"method": method, "path": safe_path(path), "status": response.status_code}
            raise ResponseError(what, advice=_REPORT, **asked)
        chunks.append(chunk)
    return b"".join(chunks)


_REPORT = "This is not an answer of the API: check base_url= and proxies; if it persists, report the path."
_HOST = re.compile(r"[a-z0-9.-]{1,80}|\[[0-9a-f:.]+\]")


def _address(here: str, location: str) -> str | None:
    """Return where a redirect leads to, in the one form that would be sent; None if that is not an address.

    Browsers, Python and urllib3 disagree about backslashes, tabs and user names: none of these is followed.
    """
    if not (location.isascii() and location.isprintable()) or re.search(r"[\\\s]", location):
        return None
    try:
        parts = parse_url(urljoin(here, location))
    except ValueError:
        return None
    if not location or parts.auth is not None or not _HOST.fullmatch(parts.host or ""):
        return None
    return parts.url


def _refused_redirect(answer: _Answer, method: str, here: str, path: str) -> RedirectRefusedError:
    """Return the error for a redirect that is not followed; of where it leads to, it names the host only."""
    location = answer.headers.get("Location", "")
    address = _address(here, location)
    whereto = "something that is not an address" if location else "nowhere"
    if address is not None and origin_of(address) == origin_of(here):
        whereto = "another path of its host"
    elif address is not None:
        whereto = f"another origin ({parse_url(address).host})"
    kept = "the token was not sent there" if method == "GET" else "id and secret were not sent there"
    what = f"The API redirected to {whereto}; {kept}."
    return RedirectRefusedError(what, method=method, path=safe_path(path), status=answer.status)


def _json_of(
    answer: _Answer,
    path: str,
    encoded: str,
    secrets: Iterable[Secret],
    repairs: Repairs | None,
    *,
    member_only: bool,
) -> Any:
    """Return the JSON of an answer of the API, or raise the error that it is; *encoded*: what was asked."""
    status, headers, body = answer.status, answer.headers, answer.body
    if status == 204:
        return None
    if status != 200 or is_blocked(status, headers, body):
        raise error_for(
            status, headers, body, path=path, query=encoded, member_only=member_only, secrets=secrets
        )
    if _nesting(body) > MOST_NESTED:
        what = f"The API's answer is nested deeper than {MOST_NESTED} levels."
        raise UnexpectedAnswerError(what, method="GET", path=safe_path(path), status=status)
    found, readable = None, True
    try:
        found = decode(body, repairs, charset_of(headers))
    except ValueError:
        readable = False
    if not readable:  # raised here for the same reason as above
        raise unreadable_error(status, headers, body, path=path)
    if found is None:  # else it would pass for 204, which is an empty list
        what = "The API answered null in place of data."
        raise UnexpectedAnswerError(what, method="GET", path=safe_path(path), status=status)
    return found


_TEXTS = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)


def _nesting(body: bytes) -> int:
    """Return how deep lists and objects are nested: without recursion, and before anything is built."""
    deepest = _deepest(body)
    # A comment may be full of brackets; to look for texts first would cost more than to decode the body.
    return deepest if deepest <= MOST_NESTED else _deepest(_TEXTS.sub(b"", body))


def _deepest(text: bytes) -> int:
    # Every page is read here: NumPy takes about half the time of bytes.translate.
    characters = np.frombuffer(text, np.uint8)
    places = characters | 0x20  # makes "{" of "[" and "}" of "]"
    places -= ord("{")  # all but "{", "|" and "}" wrap around, or are greater
    found = np.flatnonzero(np.less_equal(places, 2, out=places.view(np.bool_)))
    steps = ord("|") - (characters[found] | 0x20).astype(np.int8)  # 1, 0 and -1
    return int(steps.cumsum(dtype=np.int64).max(initial=0))


def _tokens_of(answer: _Answer, url: str, path: str, secrets: Iterable[Secret]) -> dict[str, Any]:
    """Return an answer of the token URL, the tokens in it as `Secret`; or raise the error that it is."""
    status, headers, body = answer.status, answer.headers, answer.body
    if status in _REDIRECTS:  # never followed: id and secret go to the one address that they are for
        raise _refused_redirect(answer, "POST", url, path)
    if status != 200 or is_blocked(status, headers, body):
        raise login_error_for(status, headers, body, path=path, secrets=secrets)
    found = parse(body)
    if found is None:
        raise unreadable_error(status, headers, body, path=path, method="POST")
    if not isinstance(found, dict):
        what = f"The login answered {kind_of(found)} in place of a token."
        raise UnexpectedAnswerError(what, method="POST", path=path, status=status)
    tokens = {key: found[key] for key in _LOGIN_KEYS if key in found}
    for key in _TOKEN_KEYS:
        if isinstance(tokens.get(key), str) and tokens[key].strip():
            tokens[key] = Secret(tokens[key])
    return tokens


def _may_be_about_the_token(answer: _Answer) -> bool:
    """Tell whether a new token may help against a 401: yes, unless OAuth's words say what else is wrong.

    Gateways write "expired_token", "Unauthorized", a page of HTML or nothing at all where a token is too old.
    """
    body = parse(answer.body)
    error = body.get("error") if isinstance(body, dict) else None
    return error not in ("invalid_request", "insufficient_scope")


def _drop_connections(adapter: HTTPAdapter) -> None:
    """Close a forked process's copies of its parent's connections, without a word to the server.

    The parent's other threads may have held the locks of the pools when it forked, so these are made anew
    before anybody waits for them. That is what urllib3 itself does when a pool is closed or let go.
    """
    for manager in (adapter.poolmanager, *adapter.proxy_manager.values()):
        manager.pools.lock = threading.RLock()
        for key in manager.pools.keys():  # noqa: SIM118 - it refuses to be iterated over
            queue = manager.pools[key].pool
            if queue is not None:
                connections = [connection for connection in queue.queue if connection is not None]
                type(queue).__init__(queue, queue.maxsize)
                for connection in connections:
                    connection.close()  # this process's descriptor; TLS says goodbye only when asked to


class _MaskQueries(logging.Filter):
    """Cuts the query off the URLs that urllib3 logs at DEBUG: filters may hold donors' addresses."""

    address = re.compile(r"/|https?://[^/]+/")  # the latter is what a proxy is sent

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                safe_path(arg) if isinstance(arg, str) and self.address.match(arg) else arg
                for arg in record.args
            )
        return True


_MASK_QUERIES = _MaskQueries()


def _mask_queries_in_logs() -> None:
    # Loggers keep each filter once, however often it is added.
    for name in ("urllib3.connectionpool", "urllib3.util.retry"):
        logging.getLogger(name).addFilter(_MASK_QUERIES)
