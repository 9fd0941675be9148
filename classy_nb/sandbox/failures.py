"""How single requests go wrong: another response, a connection that breaks, rows other than declared.

:mod:`.faults` says what goes wrong. The server calls ``instead`` before it answers, ``reshape`` on a
body, and ``send_broken`` to send it.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import time
import zlib
from typing import TYPE_CHECKING, Any

from . import responses
from .responses import Response

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aiohttp import web

    from .faults import Faults

BROKEN = frozenset({"reset", "reset_body", "short", "stall", "drip", "truncated", "truncated_gzip"})
"""Faults of the connection: each sends a part of the right answer, or none of it."""
_ERRORS: Mapping[str, Callable[[], Response]] = {
    "500": lambda: responses.server_error("empty"),
    "500_message": lambda: responses.server_error("message"),
    "500_error": lambda: responses.server_error("error"),
    "500_text": lambda: responses.server_error("text"),
    "502": lambda: responses.gateway_error(502),
    "503": lambda: responses.gateway_error(503),
    "504": lambda: responses.gateway_error(504),
    "401": responses.token_invalid,
    "cloudflare": responses.cloudflare,
    "html": lambda: Response(
        200, b"<html><body>Stand-in of a maintenance page</body></html>", responses.HTML
    ),
    "empty_body": lambda: Response(200, b""),
    "error_200": lambda: Response(200, {"error": "Something went wrong"}),
}
_EXACT = 15
"""A number of this many digits survives as a float."""
_THROTTLES = {"429": "headers", "429_body": "body", "429_bare": "bare", "throttle_503": "503"}


def instead(name: str | None, faults: Faults, other: str) -> Response | None:
    """Return the answer that fault *name* gives in place of the right one, or None."""
    if name is None:
        return None
    if name in _ERRORS:
        return _ERRORS[name]()
    if name in _THROTTLES:
        return responses.too_many(faults.retry_after, int(time.time()) + faults.retry_after, _THROTTLES[name])
    if name == "redirect":
        return Response(302, b"", "text/plain", {"Location": other})
    return None


async def send_broken(
    name: str,
    request: web.BaseRequest,
    status: int,
    body: bytes,
    headers: dict[str, str],
    *,
    stall_seconds: float,
) -> web.StreamResponse:
    """Send a good *body* the way that fault *name* of :data:`BROKEN` does."""
    from aiohttp import web

    half = body[: len(body) // 2]
    if name == "truncated":
        return web.Response(status=status, body=half, headers=headers)
    if name == "truncated_gzip":
        packer = zlib.compressobj(6, zlib.DEFLATED, 31)
        packed = packer.compress(body) + packer.flush()
        packed = packed[: max(12, len(packed) // 2)]
        return web.Response(status=status, body=packed, headers=headers | {"Content-Encoding": "gzip"})
    if name == "reset":
        _reset(request)
        return web.Response()
    if name == "stall":
        await asyncio.sleep(stall_seconds)
        _hang_up(request)
        return web.Response()

    stream = web.StreamResponse(status=status, headers=headers)
    stream.content_length = len(body)
    await stream.prepare(request)
    if name == "drip":
        drops = min(20, len(body))
        for number in range(drops):
            await stream.write(body[number : number + 1])
            await asyncio.sleep(stall_seconds / drops)
        await stream.write(body[drops:])
        await stream.write_eof()
        return stream
    await stream.write(half)
    if name == "reset_body":
        await asyncio.sleep(0.02)  # let the half arrive before the reset overtakes it
        _reset(request)
    else:
        _hang_up(request)
    return web.Response()


def _hang_up(request: web.BaseRequest) -> None:
    if request.transport is not None:
        request.transport.close()


def _reset(request: web.BaseRequest) -> None:
    transport = request.transport
    if transport is None:
        return
    connection = transport.get_extra_info("socket")
    if connection is not None:
        # Closing with a linger of zero seconds sends a reset instead of an orderly end.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


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
