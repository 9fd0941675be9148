"""Answers, and the bodies of all refusals."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import orjson

JSON = "application/json"
JSON_UTF8 = "application/json; charset=utf-8"
HTML = "text/html; charset=UTF-8"


@dataclass
class Answer:
    """A status, a body (an object still to be written as JSON, or bytes) and headers of its own."""

    status: int
    body: Any = None
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    from_gateway: bool = False
    """Answered before the API was reached: the header with the API's own time is missing."""
    milliseconds: float = 0.0
    """What making it took."""

    def encoded(self) -> bytes:
        """Return the body's bytes."""
        if isinstance(self.body, bytes):
            return self.body
        if self.status == HTTPStatus.NO_CONTENT:
            return b""
        return orjson.dumps(self.body)


class Refusal(Exception):  # noqa: N818 - no failure: an answer that ends the work early
    """An answer other than the one that was asked for."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def bad_request(message: str) -> Refusal:
    """400 with one message."""
    return Refusal(Answer(400, {"error": message}))


def invalid_field(name: str, message: str) -> Refusal:
    """400 of a validation: an object of lists."""
    return Refusal(Answer(400, {"error": {name: [message]}}))


def token_missing() -> Answer:
    """401 without a token."""
    body = {"error": "invalid_request", "error_description": "The access token is missing"}
    return Answer(401, body, JSON_UTF8, {"WWW-Authenticate": 'Bearer realm="service"'}, from_gateway=True)


def token_invalid() -> Answer:
    """401 with a token that is unknown, expired or revoked."""
    text = "The access token is invalid or has expired"
    challenge = f'Bearer realm="service" error="invalid_token" error_description="{text}"'
    body = {"error": "invalid_token", "error_description": text}
    return Answer(401, body, JSON_UTF8, {"WWW-Authenticate": challenge}, from_gateway=True)


def forbidden(entity: str, action: str = "fetch") -> Refusal:
    """403 of the API, saying which permission lacks."""
    permissions = [{"action": action, "entity": entity}]
    return Refusal(Answer(403, {"error": "This action is unauthorized.", "permissions": permissions}))


def not_found() -> Refusal:
    """404 of the API: no such record."""
    return Refusal(Answer(404, {"error": "The resource cannot be found"}))


def no_route() -> Refusal:
    """404 of the gateway: no such path."""
    body = {"message": "no Route matched with those values"}
    return Refusal(Answer(404, body, JSON_UTF8, from_gateway=True))


def method_not_allowed(allowed: str) -> Answer:
    """405: the sandbox reads only; the token is asked for by POST."""
    return Answer(405, {}, headers={"Allow": allowed})


def too_many(seconds: int, reset: int, style: str) -> Answer:
    """429 (or the old 503) in one of its styles: ``headers``, ``body``, ``bare`` or ``503``."""
    if style == "503":
        return Answer(503, b"", "text/plain", from_gateway=True)
    body = (
        {"message": "Too Many Attempts."}
        if style == "bare"
        else {"message": "Too Many Attempts.", "retry_after": seconds}
    )
    headers = {"Retry-After": str(seconds), "X-RateLimit-Reset": str(reset)} if style == "headers" else {}
    return Answer(429, body, headers=headers)


def cloudflare() -> Answer:
    """403 of the firewall: a page, not JSON."""
    page = (
        b'<!DOCTYPE html><html lang="en-US"><head><title>Just a moment...</title></head><body>'
        b"<h1>Checking the connection</h1><p>Stand-in of a challenge page.</p></body></html>"
    )
    return Answer(403, page, HTML, {"cf-mitigated": "challenge"}, from_gateway=True)


def server_error(style: str) -> Answer:
    """500 in one of its bodies: ``empty``, ``message``, ``error`` or ``text``."""
    if style == "text":
        return Answer(500, b"Server error!", "text/plain")
    bodies = {
        "message": {"success": False, "message": "Something went wrong"},
        "error": {"error": "Server Error", "message": "Something went wrong"},
    }
    return Answer(500, bodies.get(style, {}))


def gateway_error(status: int) -> Answer:
    """502, 503 or 504 of the gateway: JSON for 503, a page for the others."""
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        return Answer(503, {"message": "name resolution failed"}, JSON_UTF8, from_gateway=True)
    title = f"{status} {HTTPStatus(status).phrase}"
    page = f"<html><head><title>{title}</title></head><body><h1>{title}</h1><hr>cloudflare</body></html>"
    return Answer(status, page.encode(), HTML, from_gateway=True)
