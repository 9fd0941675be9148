"""Responses: what is answered, the bodies of all refusals, and the gateway's headers around them.

Lists, objects and the token endpoint return a :class:`Response` or raise a :class:`Refusal`; the server sends
it.
"""

from __future__ import annotations

import gzip
import importlib
import secrets
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import orjson

JSON = "application/json"
JSON_UTF8 = "application/json; charset=utf-8"
HTML = "text/html; charset=UTF-8"


@dataclass
class Response:
    """A status, a body (bytes, or an object to be written as JSON) and headers beside the usual ones."""

    status: int
    body: Any = None
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    from_gateway: bool = False
    """Answered before the API was reached: the header with the API's own time is missing."""
    milliseconds: float = 0.0
    """How long it took to make."""

    def encoded(self) -> bytes:
        """Return the body's bytes."""
        if isinstance(self.body, bytes):
            return self.body
        if self.status == HTTPStatus.NO_CONTENT:
            return b""
        return orjson.dumps(self.body)


class Refusal(Exception):  # noqa: N818 - not a failure: a response that ends the work early
    """A response other than the one that was asked for."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


def bad_request(message: str) -> Refusal:
    """400 with one message."""
    return Refusal(Response(400, {"error": message}))


def invalid_field(name: str, message: str) -> Refusal:
    """400 of a validation: an object of lists."""
    return Refusal(Response(400, {"error": {name: [message]}}))


def token_missing() -> Response:
    """401 without a token."""
    body = {"error": "invalid_request", "error_description": "The access token is missing"}
    return Response(401, body, JSON_UTF8, {"WWW-Authenticate": 'Bearer realm="service"'}, from_gateway=True)


def token_invalid() -> Response:
    """401 with a token that is unknown, expired or revoked."""
    text = "The access token is invalid or has expired"
    challenge = f'Bearer realm="service" error="invalid_token" error_description="{text}"'
    body = {"error": "invalid_token", "error_description": text}
    return Response(401, body, JSON_UTF8, {"WWW-Authenticate": challenge}, from_gateway=True)


def forbidden(entity: str, action: str = "fetch") -> Refusal:
    """403 of the API, saying which permission is missing."""
    permissions = [{"action": action, "entity": entity}]
    return Refusal(Response(403, {"error": "This action is unauthorized.", "permissions": permissions}))


def not_found() -> Refusal:
    """404 of the API: no such record."""
    return Refusal(Response(404, {"error": "The resource cannot be found"}))


def no_route() -> Refusal:
    """404 of the gateway: no such path."""
    body = {"message": "no Route matched with those values"}
    return Refusal(Response(404, body, JSON_UTF8, from_gateway=True))


def method_not_allowed(allowed: str) -> Response:
    """405: data is only read, and a token is only asked for by POST."""
    return Response(405, {}, headers={"Allow": allowed})


def misdirected() -> Response:
    """421: the request was meant for another host."""
    body = {"message": "The sandbox answers to its own address only."}
    return Response(421, body, JSON_UTF8, from_gateway=True)


def too_many(seconds: int, reset: int, style: str) -> Response:
    """429 (or the old 503) in one of its styles: ``headers``, ``body``, ``bare`` or ``503``."""
    if style == "503":
        return Response(503, b"", "text/plain", from_gateway=True)
    body = (
        {"message": "Too Many Attempts."}
        if style == "bare"
        else {"message": "Too Many Attempts.", "retry_after": seconds}
    )
    headers = {"Retry-After": str(seconds), "X-RateLimit-Reset": str(reset)} if style == "headers" else {}
    return Response(429, body, headers=headers)


def cloudflare() -> Response:
    """403 of the firewall: a page, not JSON."""
    page = (
        b'<!DOCTYPE html><html lang="en-US"><head><title>Just a moment...</title></head><body>'
        b"<h1>Checking the connection</h1><p>Stand-in of a challenge page.</p></body></html>"
    )
    return Response(403, page, HTML, {"cf-mitigated": "challenge"}, from_gateway=True)


def server_error(style: str) -> Response:
    """500 in one of its bodies: ``empty``, ``message``, ``error`` or ``text``."""
    if style == "text":
        return Response(500, b"Server error!", "text/plain")
    bodies = {
        "message": {"success": False, "message": "Something went wrong"},
        "error": {"error": "Server Error", "message": "Something went wrong"},
    }
    return Response(500, bodies.get(style, {}))


def gateway_error(status: int) -> Response:
    """502, 503 or 504 of the gateway: JSON for 503, a page for the others."""
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        return Response(503, {"message": "name resolution failed"}, JSON_UTF8, from_gateway=True)
    title = f"{status} {HTTPStatus(status).phrase}"
    page = f"<html><head><title>{title}</title></head><body><h1>{title}</h1><hr>cloudflare</body></html>"
    return Response(status, page.encode(), HTML, from_gateway=True)


_FIXED = {
    "Cache-Control": "no-cache, private",
    "via": "kong/3.2.2",
    "CF-Cache-Status": "DYNAMIC",
    "Server": "cloudflare",
    "Strict-Transport-Security": "max-age=15724800; includeSubDomains",
    "vary": "Origin",
    "x-frame-options": "SAMEORIGIN",
    "x-xss-protection": "1; mode=block",
    "x-content-type-options": "nosniff",
    "X-Sandbox": "classy_nb stand-in",
}


def headers(response: Response) -> dict[str, str]:
    """Return the headers that the gateway and the firewall put around a response.

    All but those that let web pages read it: the sandbox is for programs on this computer, not for every page
    that its browser shows.
    """
    found = dict(_FIXED)
    if response.status != HTTPStatus.NO_CONTENT:
        found["Content-Type"] = response.content_type
    found["CF-RAY"] = f"{secrets.token_hex(8)}-SAN"
    found["Set-Cookie"] = f"__cf_bm={secrets.token_hex(16)}; path=/; HttpOnly; Secure; SameSite=None"
    if response.from_gateway:
        found["x-kong-response-latency"] = "1"
    else:
        found["x-kong-limit"] = f"time-consumed={response.milliseconds:.0f}"
        found["x-kong-upstream-latency"] = f"{response.milliseconds:.0f}"
        found["x-kong-proxy-latency"] = "1"
    return found | response.headers


def compressed(body: bytes, accepted: str) -> tuple[bytes, str | None]:
    """Compress *body* in the best way the client accepts; also return the name of that encoding.

    Brotli (where it is installed), else gzip, else none.
    """
    offers = {
        part.split(";")[0].strip().lower()
        for part in accepted.split(",")
        if "q=0" not in part.replace(" ", "")
    }
    brotli = _brotli() if "br" in offers else None
    if brotli is not None:
        return bytes(brotli.compress(body, quality=1)), "br"
    if "gzip" in offers:
        return gzip.compress(body, compresslevel=1), "gzip"
    return body, None


def _brotli() -> Any:
    for name in ("brotli", "brotlicffi"):
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    return None
