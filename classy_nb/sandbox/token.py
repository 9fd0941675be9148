"""The token endpoint: ``POST /oauth2/auth`` with a form, JSON or a query string."""

from __future__ import annotations

import base64
import binascii
import contextlib
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import orjson

from .responses import JSON_UTF8, Response

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .faults import Faults

_SCOPES = {"read", "write"}
_SECRET_KEY = "The secret key field is required when client secret is not present."  # noqa: S105 - a message
_CLIENT_SECRET = "The client secret field is required when secret key is not present."  # noqa: S105 - a message


@dataclass
class Tokens:
    """Tokens that were issued and are still good.

    Parameters
    ----------
    client_id, client_secret
        The application's credentials.
    lifetime
        Seconds that a token lives.
    clock
        Seconds, monotonic.
    """

    client_id: str
    client_secret: str = field(repr=False)
    lifetime: float
    clock: Callable[[], float]
    _ends: dict[str, float] = field(default_factory=dict, repr=False)
    _refresh: dict[str, str] = field(default_factory=dict, repr=False)
    """Refresh token -> the access token it came with."""

    def good(self, token: str) -> bool:
        """Whether *token* was issued here, has not expired and has not been revoked."""
        return self._ends.get(token, 0.0) > self.clock()

    def revoke(self, token: str | None = None) -> None:
        """End one token, or all of them."""
        if token is None:
            self._ends.clear()
        else:
            self._ends.pop(token, None)

    def answer(self, fields: Mapping[str, str], basic: str | None, faults: Faults) -> Response:
        """Response a token request; *basic* is the value of a Basic Authorization header."""
        if basic is not None and "client_id" not in fields:
            return self._answer_basic(fields, basic, faults)
        missing = _missing(fields)
        if missing:
            return Response(400, {"error": missing, "queries_log": []}, JSON_UTF8)
        secret = fields.get("client_secret") or fields.get("secret_key")
        if (fields["client_id"], secret) != (self.client_id, self.client_secret):
            return _refused("invalid_client", "Invalid client authentication")
        return self._granted(fields, faults)

    def _answer_basic(self, fields: Mapping[str, str], basic: str, faults: Faults) -> Response:
        try:
            pair = base64.b64decode(basic, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            pair = ""
        if pair != f"{self.client_id}:{self.client_secret}":
            refused = _refused("invalid_client", "Invalid client authentication", 401)
            refused.headers["WWW-Authenticate"] = 'Basic realm="service"'
            return refused
        return self._granted(fields, faults)

    def _granted(self, fields: Mapping[str, str], faults: Faults) -> Response:
        if set((fields.get("scope") or "").split()) - _SCOPES:
            return _refused("invalid_scope", "The requested scope is invalid")
        grant = fields.get("grant_type")
        if grant == "client_credentials":
            return self._issue(faults)
        if grant == "refresh_token":
            return self._refreshed(fields, faults)
        if grant == "password":
            return _refused("invalid_request", "Invalid user credentials")
        if grant == "authorization_code":
            return _refused("invalid_request", "Invalid code")
        return _refused("unsupported_grant_type", "Invalid grant_type")

    def _refreshed(self, fields: Mapping[str, str], faults: Faults) -> Response:
        old = self._refresh.pop(fields.get("refresh_token") or "", None)
        if old is None:
            return _refused("invalid_request", "Invalid refresh_token")
        self.revoke(old)
        return self._issue(faults)

    def _issue(self, faults: Faults) -> Response:
        if faults.one_token:
            self.revoke()
        token = secrets.token_hex(16)
        self._ends[token] = self.clock() + self.lifetime
        body: dict[str, Any] = {
            "access_token": token,
            "expires_in": int(self.lifetime),
            "token_type": faults.token_type,
            "queries_log": [],
        }
        if faults.expires_in == "text":
            body["expires_in"] = str(body["expires_in"])
        elif faults.expires_in == "missing":
            del body["expires_in"]
        if faults.refresh_tokens:
            body["refresh_token"] = secrets.token_hex(16)
            self._refresh[body["refresh_token"]] = token
        return Response(200, body, JSON_UTF8)


def _missing(fields: Mapping[str, str]) -> dict[str, list[str]]:
    found = {}
    if not fields.get("client_id"):
        found["client_id"] = ["The client id field is required."]
    if not (fields.get("client_secret") or fields.get("secret_key")):
        found |= {"secret_key": [_SECRET_KEY], "client_secret": [_CLIENT_SECRET]}
    return found


def _refused(error: str, description: str, status: int = 400) -> Response:
    return Response(status, {"error": error, "error_description": description}, JSON_UTF8)


def read_fields(body: bytes, content_type: str, query: str) -> dict[str, str]:
    """Return the fields of a token request; the body wins over the query string."""
    fields = dict(parse_qsl(query, keep_blank_values=True))
    if content_type.startswith("application/json") or body.lstrip()[:1] == b"{":
        with contextlib.suppress(orjson.JSONDecodeError):
            given = orjson.loads(body or b"{}")
            found = given.items() if isinstance(given, dict) else ()
            return fields | {name: str(value) for name, value in found if value is not None}
    # Some clients call a form JSON.
    return fields | dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
