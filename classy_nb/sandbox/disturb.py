"""How single requests go wrong: answers instead of the right one, and connections that break."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web
from multidict import CIMultiDict

from . import answers
from .answers import Answer
from .faults import Faults
from .wire import half_gzip

_ERRORS: Mapping[str, Callable[[], Answer]] = {
    "500": lambda: answers.server_error("empty"),
    "500_message": lambda: answers.server_error("message"),
    "500_error": lambda: answers.server_error("error"),
    "500_text": lambda: answers.server_error("text"),
    "502": lambda: answers.gateway_error(502),
    "503": lambda: answers.gateway_error(503),
    "504": lambda: answers.gateway_error(504),
    "401": answers.token_invalid,
    "cloudflare": answers.cloudflare,
    "html": lambda: Answer(200, b"<html><body>Stand-in of a maintenance page</body></html>", answers.HTML),
    "empty_body": lambda: Answer(200, b""),
    "error_200": lambda: Answer(200, {"error": "Something went wrong"}),
}
_EXACT = 15
"""So many digits survive as a number."""
_THROTTLES = {"429": "headers", "429_body": "body", "429_bare": "bare", "throttle_503": "503"}


def instead(name: str | None, faults: Faults, other: str) -> Answer | None:
    """Return the answer that fault *name* gives in place of the right one, or None."""
    if name is None:
        return None
    if name in _ERRORS:
        return _ERRORS[name]()
    if name in _THROTTLES:
        return answers.too_many(faults.retry_after, int(time.time()) + faults.retry_after, _THROTTLES[name])
    if name == "redirect":
        return Answer(302, b"", "text/plain", {"Location": other})
    return None


def _break(request: web.BaseRequest) -> None:
    transport = request.transport
    if transport is None:
        return
    connection = transport.get_extra_info("socket")
    if connection is not None:
        # Closing with a linger of zero seconds sends a reset rather than an orderly end.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


async def _reset(
    request: web.BaseRequest, _answer: Answer, _body: bytes, _found: CIMultiDict[str], _faults: Faults
) -> None:
    _break(request)


async def _begin(
    request: web.BaseRequest, answer: Answer, size: int, found: CIMultiDict[str]
) -> web.StreamResponse:
    stream = web.StreamResponse(status=answer.status, headers=found)
    stream.content_length = size
    await stream.prepare(request)
    return stream


async def _part(
    request: web.BaseRequest, answer: Answer, body: bytes, found: CIMultiDict[str], _faults: Faults
) -> None:
    stream = await _begin(request, answer, len(body), found)
    await stream.write(body[: len(body) // 2])


async def _reset_body(
    request: web.BaseRequest, answer: Answer, body: bytes, found: CIMultiDict[str], faults: Faults
) -> None:
    await _part(request, answer, body, found, faults)
    await asyncio.sleep(0.02)  # let the half arrive before the reset overtakes it
    _break(request)


async def _short(
    request: web.BaseRequest, answer: Answer, body: bytes, found: CIMultiDict[str], faults: Faults
) -> None:
    await _part(request, answer, body, found, faults)
    if request.transport is not None:
        request.transport.close()


async def _stall(
    request: web.BaseRequest, _answer: Answer, _body: bytes, _found: CIMultiDict[str], faults: Faults
) -> None:
    await asyncio.sleep(faults.stall_seconds)
    if request.transport is not None:
        request.transport.close()


async def _drip(
    request: web.BaseRequest, answer: Answer, body: bytes, found: CIMultiDict[str], faults: Faults
) -> web.StreamResponse:
    stream = await _begin(request, answer, len(body), found)
    drops = min(20, len(body))
    for number in range(drops):
        await stream.write(body[number : number + 1])
        await asyncio.sleep(faults.stall_seconds / drops)
    await stream.write(body[drops:])
    await stream.write_eof()
    return stream


async def _truncated(
    _request: web.BaseRequest, answer: Answer, body: bytes, found: CIMultiDict[str], _faults: Faults
) -> web.Response:
    return web.Response(status=answer.status, body=body[: len(body) // 2], headers=found)


async def _truncated_gzip(
    _request: web.BaseRequest, answer: Answer, body: bytes, found: CIMultiDict[str], _faults: Faults
) -> web.Response:
    found["Content-Encoding"] = "gzip"
    return web.Response(status=answer.status, body=half_gzip(body), headers=found)


Sender = Callable[[web.BaseRequest, Answer, bytes, CIMultiDict[str], Faults], Awaitable[Any]]
SENDERS: Mapping[str, Sender] = {
    "reset": _reset,
    "reset_body": _reset_body,
    "short": _short,
    "stall": _stall,
    "drip": _drip,
    "truncated": _truncated,
    "truncated_gzip": _truncated_gzip,
}
"""Faults of the connection: each sends (a part of) the right answer."""


def reshape(body: Any, faults: Faults) -> Any:
    """Return a good body with what *faults* says about its rows done to it."""
    if not isinstance(body, dict) or not isinstance(body.get("data"), list):
        return body
    rows = body["data"]
    for number, row in enumerate(rows):
        if isinstance(row, dict):
            _reshape_row(row, number, faults)
    if faults.duplicate_rows and len(rows) > 1:
        many = min(faults.duplicate_rows, len(rows) // 2)
        rows[-many:] = rows[:many]
    return body


def _reshape_row(row: dict[str, Any], number: int, faults: Faults) -> None:
    for name in faults.missing_keys:
        row.pop(name, None)
    row.update(faults.extra_keys)
    if faults.flip_types and number % 3 == 0:
        for name, value in row.items():
            row[name] = _flipped(name, value)
    if faults.null_where_never and number % 5 == 0:
        for name in ("status", "created_at", "name", "organization_id", "currency_code", "is_anonymous"):
            if name in row:
                row[name] = None


def _flipped(name: str, value: Any) -> Any:
    if isinstance(value, bool) or name == "id":
        return value
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _EXACT:
        return int(value)
    return value
