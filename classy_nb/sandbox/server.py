"""What happens to a request: firewall, token, rate limit, route, answer, faults, log.

A :class:`Server` serves a :class:`Service` (the data, the tokens, the rate limit, the faults) with aiohttp in
its own thread, at two ports of loopback: the API, and another origin that signed files and redirects lead to.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import socket
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

from . import responses
from .arrivals import drift
from .failures import BROKEN, instead, reshape, send_broken
from .lists import LARGEST_PAGE, USUAL_PAGE, answer_list
from .objects import FILES, answer_file, answer_object
from .query import Query
from .responses import Refusal, Response
from .routes import Call, Router
from .token import read_fields

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web

    from .faults import Faults
    from .store import Store
    from .token import Tokens

HOST = "127.0.0.1"
_OWN_NAMES = (HOST, "localhost", "[::1]")
_HTTP_PORT = 80
"""Clients leave it out of the name."""
TOKEN_PATH = "/oauth2/auth"  # noqa: S105 - a path
_LOG = logging.getLogger("classy_nb.sandbox")
_DATA = ("/2.0/", "/api/2.0/")
_LOGGED = 100_000
_STOP_SECONDS = 0.2
_DEFAULT_AGENTS = (
    "python-requests",
    "python-urllib",
    "python/",
    "curl/",
    "go-http-client",
    "axios/",
    "node",
    "okhttp",
)


class Request(NamedTuple):
    """One request and how it was answered, for the log."""

    method: str
    path: str
    query: str
    status: int
    fault: str | None
    """Name of what went wrong with it on purpose (connection faults and ``revoke``)."""
    milliseconds: float
    """How long it took to make the answer, without waits, compression and sending."""
    size: int
    origin: str
    """``api``, or ``other`` for the second origin (signed files, redirects)."""
    authorized: bool
    """Whether an Authorization header came along."""
    user_agent: str


@dataclass
class Window:
    """The rate limit: a fixed window that starts with the first request after the last one ended.

    Parameters
    ----------
    limit
        Requests in a window; 0 for no limit.
    clock
        Seconds, monotonic.
    seconds
        Length of the window.
    """

    limit: int
    clock: Callable[[], float]
    seconds: float = 60.0
    used: int = 0
    started: float = -math.inf

    def take(self) -> bool:
        """Count one request; tell whether it is within the limit."""
        now = self.clock()
        if now - self.started >= self.seconds:
            self.started, self.used = now, 0
        self.used += 1
        return not self.limit or self.used <= self.limit

    @property
    def remaining(self) -> int:
        """Requests left in this window."""
        return max(0, self.limit - self.used)

    @property
    def wait(self) -> int:
        """Whole seconds until the next window."""
        return max(1, math.ceil(self.started + self.seconds - self.clock()))

    @property
    def reset(self) -> int:
        """Unix time of the next window."""
        return int(time.time()) + self.wait


@dataclass(eq=False, repr=False)
class Service:
    """What the requests of one sandbox share. All of it may be changed while it runs."""

    store: Store
    faults: Faults
    tokens: Tokens
    window: Window
    organization_ids: tuple[int, ...]
    """What the application may see."""
    compression: bool
    log: deque[Request] = field(default_factory=lambda: deque(maxlen=_LOGGED))


class Server:
    """Answers the requests for a service until it is stopped."""

    def __init__(self, service: Service, port: int) -> None:
        self._service = service
        self._router = Router()
        self._sockets = _bound(port, 0)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="classy_nb sandbox", daemon=True)
        self._runner: web.ServerRunner | None = None
        self._under_way = 0
        """Data requests; only the loop's thread counts them."""

    @property
    def port(self) -> int:
        """Port of the API."""
        return int(self._sockets[0].getsockname()[1])

    @property
    def other_port(self) -> int:
        """Port of the other origin."""
        return int(self._sockets[1].getsockname()[1])

    @property
    def other_url(self) -> str:
        """URL of the other origin."""
        return f"http://{HOST}:{self.other_port}"

    def start(self) -> None:
        """Start serving; requests are answered when this returns."""
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result(30)

    def stop(self) -> None:
        """Stop serving: open connections are closed, answers under way are dropped."""
        if not self._thread.is_alive():
            return
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        self._loop.close()

    async def _open(self) -> None:
        from aiohttp import web

        server = web.Server(self._handle, access_log=None)
        self._runner = web.ServerRunner(server, shutdown_timeout=_STOP_SECONDS)
        await self._runner.setup()
        for bound in self._sockets:
            await web.SockSite(self._runner, bound, backlog=512).start()

    async def _close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in rest:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*rest, return_exceptions=True)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        target, _, query = request.raw_path.partition("?")
        # A client that takes us for its proxy sends a whole URL.
        origin, path = ("", target) if target.startswith("/") else _split(target)
        if request.headers.get("Expect", "").lower() == "100-continue" and request.transport is not None:
            request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        fault: str | None = None
        if not self._is_meant(request, origin):
            response = responses.misdirected()
        elif self._at_other_origin(request):
            response = _other_origin(request, path, query)
        elif path.rstrip("/") == TOKEN_PATH:
            response, fault = await self._token(request, query)
        elif _is_data(path):
            response, fault = await self._data(request, path, query)
        else:
            response = responses.no_route().response
        return await self._send(request, (path, query), response, fault)

    def _is_meant(self, request: web.BaseRequest, origin: str) -> bool:
        """Tell whether the client knows whom it talks to.

        A web page may point a name of its own at loopback (DNS rebinding); the browser then takes our answers
        for that page's, but still sends the page's name.
        """
        port = self.other_port if self._at_other_origin(request) else self.port
        own = {f"{host}:{port}" for host in _OWN_NAMES} | (set(_OWN_NAMES) if port == _HTTP_PORT else set())
        named = [*request.headers.getall("Host", [""]), *([origin] if origin else [])]
        return all(name.lower() in own for name in named)

    def _at_other_origin(self, request: web.BaseRequest) -> bool:
        name = request.transport.get_extra_info("sockname") if request.transport else None
        return name is not None and name[1] == self.other_port

    def _firewall(self, request: web.BaseRequest) -> Response | None:
        mode = self._service.faults.cloudflare
        agent = request.headers.get("User-Agent", "").lower()
        is_default = not agent or agent.startswith(_DEFAULT_AGENTS)
        blocked = mode == "all" or (mode == "default_agents" and is_default)
        return responses.cloudflare() if blocked else None

    async def _token(self, request: web.BaseRequest, query: str) -> tuple[Response, str | None]:
        service = self._service
        fault = service.faults.draw_token()
        blocked = self._firewall(request) or instead(fault, service.faults, self.other_url)
        if blocked is not None:
            return blocked, None
        if request.method != "POST":
            return responses.method_not_allowed("POST"), fault
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        basic = value.strip() if scheme.lower() == "basic" else None
        if request.content_type == "multipart/form-data":
            try:
                fields = {name: str(value) for name, value in (await request.post()).items()}
            except (LookupError, ValueError):
                fields = {}  # cut off, or in an encoding that does not exist
        else:
            fields = read_fields(await request.read(), request.content_type, query)
        return service.tokens.answer(fields, basic, service.faults), fault

    async def _data(self, request: web.BaseRequest, path: str, raw_query: str) -> tuple[Response, str | None]:
        """Answer, but not before the latency is over: the work done meanwhile is a part of it."""
        faults, others = self._service.faults, self._under_way
        if faults.most_at_once and others >= faults.most_at_once:
            reset = int(time.time()) + faults.retry_after
            return responses.too_many(faults.retry_after, reset, faults.rate_limit_style), None
        arrived = time.perf_counter()
        self._under_way += 1
        try:
            query = Query(raw_query)
            found = await self._data_at_once(request, path, query)
            try:
                rows = min(query.number("per_page", USUAL_PAGE), LARGEST_PAGE)
            except Refusal:
                rows = 0
            wait = faults.wait_ms(path, rows, others) / 1000
            if (left := wait - (time.perf_counter() - arrived)) > 0:
                await asyncio.sleep(left)
        finally:
            self._under_way -= 1
        return found

    async def _data_at_once(
        self, request: web.BaseRequest, path: str, query: Query
    ) -> tuple[Response, str | None]:
        service = self._service
        fault = service.faults.draw()
        blocked = self._firewall(request) or instead(fault, service.faults, f"{self.other_url}{path}")
        if blocked is not None:
            return blocked, None
        token = await _presented_token(request, query)
        if token is None:
            return responses.token_missing(), fault
        if fault == "revoke":
            service.tokens.revoke(token)
        if not service.tokens.good(token):
            return responses.token_invalid(), fault
        started = time.perf_counter()
        response = self._within_limit(request, path, query)
        response.body = response.encoded()
        response.milliseconds = (time.perf_counter() - started) * 1000
        return response, fault

    def _within_limit(self, request: web.BaseRequest, path: str, query: Query) -> Response:
        window, faults = self._service.window, self._service.faults
        if window.take():
            response = self._answer(request, path, query)
        else:
            response = responses.too_many(window.wait, window.reset, faults.rate_limit_style)
        if window.limit and faults.rate_headers:
            response.headers["X-RateLimit-Limit"] = str(window.limit)
            response.headers["X-RateLimit-Remaining"] = str(window.remaining)
        return response

    def _answer(self, request: web.BaseRequest, path: str, query: Query) -> Response:
        if request.method not in {"GET", "HEAD"}:
            return responses.method_not_allowed("GET, HEAD")
        try:
            body = self._body(request, path, query)
        except Refusal as refusal:
            return refusal.response
        except Exception:  # noqa: BLE001 - whatever it is, the client gets an answer
            _LOG.exception("The sandbox failed at %s", path)
            return responses.server_error("empty")
        return Response(200, reshape(body, self._service.faults))

    def _body(self, request: web.BaseRequest, path: str, query: Query) -> Any:
        service = self._service
        segments = [unquote(part) for part in path.split("/") if part]
        segments = segments[2:] if segments[0] == "api" else segments[1:]
        if segments in (["transactions"], ["campaigns"]):
            raise responses.forbidden(segments[0].removesuffix("s"))
        match = self._router.match(segments)
        if match is None or (match[0].deprecated and service.faults.deprecated == "gone"):
            raise responses.no_route()
        endpoint, keys = match
        if endpoint.member_only and service.faults.member_only == "401":
            raise Refusal(responses.token_invalid())
        if endpoint.member_only and service.faults.member_only == "403":
            raise responses.forbidden("member", "fetch_as_member")
        host = request.headers.get("Host", f"{HOST}:{self.port}")
        call = Call(
            endpoint=endpoint,
            keys=keys,
            query=query,
            url=f"http://{host}{path.rstrip('/')}",
            other_url=f"{self.other_url}{path.rstrip('/')}",
            store=service.store,
            faults=service.faults,
            client_id=service.tokens.client_id,
            organizations=frozenset(service.organization_ids),
        )
        call.check()
        if endpoint.record == "Transaction" and endpoint.kind == "list":
            drift(service.store, service.organization_ids[0], service.faults)
        return answer_list(call) if endpoint.kind == "list" else answer_object(call)

    async def _send(
        self, request: web.BaseRequest, asked: tuple[str, str], response: Response, fault: str | None
    ) -> web.StreamResponse:
        from aiohttp import web

        body = response.encoded()
        headers = responses.headers(response)
        if self._service.compression and body and fault not in BROKEN:
            accepted = request.headers.get("Accept-Encoding", "")
            body, encoding = responses.compressed(body, accepted)
            headers |= {"Content-Encoding": encoding} if encoding else {}
        self._service.log.append(
            Request(
                method=request.method,
                path=unquote(asked[0]),
                query=asked[1],
                status=response.status,
                fault=fault,
                milliseconds=response.milliseconds,
                size=len(body),
                origin="other" if self._at_other_origin(request) else "api",
                authorized="Authorization" in request.headers,
                user_agent=request.headers.get("User-Agent", ""),
            )
        )
        if fault in BROKEN:
            stall = self._service.faults.stall_seconds
            return await send_broken(str(fault), request, response.status, body, headers, stall_seconds=stall)
        built = web.Response(status=response.status, body=body, headers=headers)
        if body and response.status not in {204, 304}:
            built.enable_chunked_encoding()  # as the API sends data
        return built


def _split(url: str) -> tuple[str, str]:
    """Return host and port, and the path, of a URL."""
    host, _, path = url.partition("://")[2].partition("/")
    return host or "?", f"/{path}"


def _is_data(path: str) -> bool:
    clean = "/" + "/".join(part for part in path.split("/") if part) + "/"
    return clean.startswith(_DATA)


def _other_origin(request: web.BaseRequest, path: str, query: str) -> Response:
    authorized = "Authorization" in request.headers or "access_token" in query
    if path.startswith(FILES):
        return answer_file(path, query, authorized=authorized)
    return Response(200, {"message": "another host", "authorized": authorized})


async def _presented_token(request: web.BaseRequest, query: Query) -> str | None:
    """Return the token a request brings: in the header (as Bearer or token), the query or a form."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() in {"bearer", "token"} and value.strip():
        return value.strip()
    given = query.last("access_token")
    if given is None and request.can_read_body:
        given = read_fields(await request.read(), request.content_type, "").get("access_token")
    return given or None


def _bound(*ports: int) -> list[socket.socket]:
    found: list[socket.socket] = []
    try:
        for port in ports:
            found.append(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            # On Windows, SO_REUSEADDR would let a second program have the same port.
            option = getattr(socket, "SO_EXCLUSIVEADDRUSE", socket.SO_REUSEADDR)
            found[-1].setsockopt(socket.SOL_SOCKET, option, 1)
            found[-1].bind((HOST, port))
    except OSError:
        for bound in found:
            bound.close()
        raise
    return found
