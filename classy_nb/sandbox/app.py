"""What happens to a request: firewall, token, rate limit, route, answer, faults, log."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from aiohttp import web

from . import answers, files, wire
from .answers import Answer, Refusal
from .call import Access, Call
from .disturb import SENDERS, instead, reshape
from .lists import answer_list
from .objects import answer_object
from .query import Query
from .requests import Request
from .routes import Router
from .token import read_fields

if TYPE_CHECKING:
    from .sandbox import Sandbox

_LOG = logging.getLogger("classy_nb.sandbox")
_DATA = ("/2.0/", "/api/2.0/")
_TOKEN = "/oauth2/auth"  # noqa: S105 - a path
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


class App:
    """The handler of all requests of one sandbox."""

    def __init__(self, box: Sandbox) -> None:
        self._box = box
        self._router = Router()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        path, _, query = request.raw_path.partition("?")
        if request.headers.get("Expect", "").lower() == "100-continue" and request.transport is not None:
            request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if request.raw_path.startswith("http"):
            path = "/" + path.split("/", 3)[3]
        if self._at_other_origin(request):
            answer, fault = self._other(request, path, query), None
        elif path.rstrip("/") == _TOKEN:
            answer, fault = await self._token(request, query)
        elif self._is_data(path):
            answer, fault = await self._data(request, path, query)
        else:
            answer, fault = answers.no_route().answer, None
        return await self._send(request, (path, query), answer, fault)

    def _is_data(self, path: str) -> bool:
        clean = "/" + "/".join(part for part in path.split("/") if part) + "/"
        return clean.startswith(_DATA)

    def _at_other_origin(self, request: web.BaseRequest) -> bool:
        name = request.transport.get_extra_info("sockname") if request.transport else None
        return name is not None and name[1] == self._box.other_port

    def _other(self, request: web.BaseRequest, path: str, query: str) -> Answer:
        authorized = "Authorization" in request.headers or "access_token" in query
        if path.startswith(files.PREFIX):
            return files.answer(path, query, authorized=authorized)
        return Answer(200, {"message": "another host", "authorized": authorized})

    def _firewall(self, request: web.BaseRequest) -> Answer | None:
        mode = self._box.faults.cloudflare
        agent = request.headers.get("User-Agent", "").lower()
        blocked = mode == "all" or (
            mode == "default_agents" and (not agent or agent.startswith(_DEFAULT_AGENTS))
        )
        return answers.cloudflare() if blocked else None

    async def _token(self, request: web.BaseRequest, query: str) -> tuple[Answer, str | None]:
        box = self._box
        fault = box.faults.draw_token()
        blocked = self._firewall(request) or instead(fault, box.faults, box.other_url)
        if blocked is not None:
            return blocked, None
        if request.method != "POST":
            return answers.method_not_allowed("POST"), fault
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        basic = value.strip() if scheme.lower() == "basic" else None
        if request.content_type == "multipart/form-data":
            fields = {name: str(value) for name, value in (await request.post()).items()}
        else:
            fields = read_fields(await request.read(), request.content_type, query)
        return box.tokens.answer(fields, basic, box.faults), fault

    async def _data(self, request: web.BaseRequest, path: str, raw_query: str) -> tuple[Answer, str | None]:
        """Answer, but not before the latency is over: the work done meanwhile is a part of it."""
        arrived = time.perf_counter()
        query = Query(raw_query)
        found = await self._data_now(request, path, query)
        wait = self._box.faults.wait_ms(path, min(query.number("per_page", 20), 100)) / 1000
        if (left := wait - (time.perf_counter() - arrived)) > 0:
            await asyncio.sleep(left)
        return found

    async def _data_now(self, request: web.BaseRequest, path: str, query: Query) -> tuple[Answer, str | None]:
        box = self._box
        fault = box.faults.draw()
        blocked = self._firewall(request) or instead(fault, box.faults, f"{box.other_url}{path}")
        if blocked is not None:
            return blocked, None
        token = await _presented(request, query)
        if fault == "revoke" and token:
            box.tokens.revoke(token)
        if token is None:
            return answers.token_missing(), fault
        if not box.tokens.good(token):
            return answers.token_invalid(), fault
        started = time.perf_counter()
        answer = self._limited(request, path, query)
        answer.body = answer.encoded()
        answer.milliseconds = (time.perf_counter() - started) * 1000
        return answer, fault

    def _limited(self, request: web.BaseRequest, path: str, query: Query) -> Answer:
        box = self._box
        window = box.window
        if not window.take():
            answer = answers.too_many(window.wait, window.reset, box.faults.rate_limit_style)
        else:
            answer = self._answer(request, path, query)
        if window.limit and box.faults.rate_headers:
            answer.headers["X-RateLimit-Limit"] = str(window.limit)
            answer.headers["X-RateLimit-Remaining"] = str(window.remaining)
        return answer

    def _answer(self, request: web.BaseRequest, path: str, query: Query) -> Answer:
        if request.method not in {"GET", "HEAD"}:
            return answers.method_not_allowed("GET, HEAD")
        try:
            body = self._body(request, path, query)
        except Refusal as refusal:
            return refusal.answer
        except Exception:  # noqa: BLE001 - whatever it is, the client gets an answer
            _LOG.exception("The sandbox failed at %s", path)
            return answers.server_error("empty")
        return Answer(200, reshape(body, self._box.faults))

    def _body(self, request: web.BaseRequest, path: str, query: Query) -> Any:
        box = self._box
        segments = [unquote(part) for part in path.split("/") if part]
        segments = segments[2:] if segments[0] == "api" else segments[1:]
        if segments in (["transactions"], ["campaigns"]):
            raise answers.forbidden(segments[0].removesuffix("s"))
        match = self._router.match(segments)
        if match is None or (match.endpoint.deprecated and box.faults.deprecated == "gone"):
            raise answers.no_route()
        if match.endpoint.member_only and box.faults.member_only != "answer":
            raise (
                Refusal(answers.token_invalid())
                if box.faults.member_only == "401"
                else answers.forbidden("member", "fetch_as_member")
            )
        here = f"http://{request.headers.get('Host', box.netloc)}{path.rstrip('/')}"
        access = Access(box.client_id, frozenset(box.organization_ids))
        call = Call(
            match.endpoint,
            match.keys,
            query,
            here,
            f"{box.other_url}{path.rstrip('/')}",
            box.store,
            box.faults,
            access,
        )
        call.check()
        if call.endpoint.record == "Transaction" and call.endpoint.kind == "list":
            box.drift()
        return answer_list(call) if call.endpoint.kind == "list" else answer_object(call)

    async def _send(
        self, request: web.BaseRequest, asked: tuple[str, str], answer: Answer, fault: str | None
    ) -> web.StreamResponse:
        body = answer.encoded()
        found = wire.headers(answer)
        sender = SENDERS.get(fault or "")
        if self._box.compression and body and sender is None:
            body = wire.compressed(body, request.headers.get("Accept-Encoding", ""), found)
        self._box.log.append(
            Request(
                method=request.method,
                path=unquote(asked[0]),
                query=asked[1],
                status=answer.status,
                fault=fault,
                milliseconds=answer.milliseconds,
                size=len(body),
                origin="other" if self._at_other_origin(request) else "api",
                authorized="Authorization" in request.headers,
                user_agent=request.headers.get("User-Agent", ""),
            )
        )
        if sender is not None:
            sent = await sender(request, answer, body, found, self._box.faults)
            return sent if sent is not None else web.Response()
        return wire.response(answer, body, found)


async def _presented(request: web.BaseRequest, query: Query) -> str | None:
    """Return the token a request brings: in the header (as Bearer or token), the query or a form."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() in {"bearer", "token"} and value.strip():
        return value.strip()
    given = query.last("access_token")
    if given is None and request.can_read_body:
        given = read_fields(await request.read(), request.content_type, "").get("access_token")
    return given or None
