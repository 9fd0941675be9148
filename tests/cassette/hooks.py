"""What of an exchange goes on a tape: requests and answers, scrubbed and the same on every machine.

The lists of what is secret and what is personal are those of ``classy_nb.redact``. What these hooks do
not understand is not recorded: they raise, and the recording fails.
"""

from __future__ import annotations

import copy
import json
import logging
import re
from typing import Any
from urllib.parse import parse_qsl, urlencode

from classy_nb.redact import SECRET_HEADERS, SECRET_KEYS, is_personal, redact

# vcr logs whole answers at INFO, before these hooks have seen them.
logging.getLogger("vcr").setLevel(logging.WARNING)

ORIGIN = "https://sandbox.example.org"
"""What the tapes call the sandbox: it exists nowhere, so a replay that goes astray cannot get out."""
OTHER_ORIGIN = "https://other.example.org"
MASK = "REDACTED"

ORIGINS: dict[str, str] = {}
"""Real origin -> its name on the tapes; filled while recording."""

_REQUEST_HEADERS = {"accept", "accept-encoding", "content-type"}
_SENT_SECRETS = SECRET_KEYS | {"code", "username"}
_ANSWER_HEADERS = {
    "allow",
    "cf-mitigated",
    "content-type",
    "location",
    "retry-after",
    "www-authenticate",
    "x-sandbox",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
}
_APP = re.compile(r"(?<=/apps/)[^/?#\"\s]+")
_DAY = re.compile(r"\d{4}-\d\d-\d\d([T ].*)?")
_EPHEMERAL = {"expires_at": "2026-11-24T00:00:00Z"}
"""Keys whose values depend on when the tape was made."""


def scrub_request(request: Any) -> Any:
    """Return a copy of a vcr request that may be kept (vcr also matches by it)."""
    kept = copy.deepcopy(request)
    kept.uri = _text(kept.uri)
    kept.headers = {k: v for k, v in kept.headers.items() if k.lower() in _REQUEST_HEADERS - SECRET_HEADERS}
    kept.body = _sent(kept.body)
    return kept


def scrub_response(response: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of a vcr response that may be kept.

    Raises
    ------
    ValueError
        The body is nothing that can be scrubbed: neither JSON nor a text.
    """
    headers = {k.lower(): v for k, v in response["headers"].items()}
    kept_headers = {
        k: [_text(value) for value in _several(v)]
        for k, v in sorted(headers.items())
        if k in _ANSWER_HEADERS - SECRET_HEADERS
    }
    kind = " ".join(_several(headers.get("content-type", ""))).lower()
    body = _received(response["body"]["string"], kind)
    return {"status": dict(response["status"]), "headers": kept_headers, "body": {"string": body}}


def _several(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _text(text: str) -> str:
    for origin, name in ORIGINS.items():
        text = text.replace(origin, name)
    return _APP.sub(MASK, text)


def _sent(body: Any) -> str | None:
    """Scrub the fields of a token request, a form or JSON."""
    if not body:
        return None
    text = body.decode() if isinstance(body, bytes) else str(body)
    if text.lstrip().startswith("{"):
        return json.dumps(redact(json.loads(text), _SENT_SECRETS, MASK))
    fields = parse_qsl(text, keep_blank_values=True, strict_parsing=True)
    return urlencode([(k, MASK if v and k.lower() in _SENT_SECRETS else v) for k, v in fields])


def _received(body: bytes | str, kind: str) -> bytes:
    text = body.decode() if isinstance(body, bytes) else body  # raises ValueError where it is no text
    if not text:
        return b""
    if "json" in kind:
        try:
            value = json.loads(text)
        except ValueError:
            raise ValueError("The answer calls itself JSON and is not: it cannot be scrubbed.") from None
        return json.dumps(_kept(redact(value, SECRET_KEYS, MASK)), ensure_ascii=False).encode()
    if kind.startswith(("text/html", "text/plain")):
        return _text(text).encode()
    raise ValueError(f"An answer of type {kind or 'unknown'} is not recorded.")


def _kept(value: Any, key: str = "", *, personal: bool = False) -> Any:
    """Mask what is personal, also inside of objects and lists that are; give the rest its tape's form."""
    personal = personal or is_personal(key)
    if isinstance(value, dict):
        return {name: _kept(item, name, personal=personal) for name, item in value.items()}
    if isinstance(value, list):
        return [_kept(item, key, personal=personal) for item in value]
    if isinstance(value, str):
        if key in _EPHEMERAL:
            return _EPHEMERAL[key]
        return _masked(value) if personal else _text(value)
    return 0 if isinstance(value, int) and not isinstance(value, bool) and is_personal(key) else value


def _masked(text: str) -> str:
    """Mask what a person typed, by something of the same form: frames must stay typed on replay."""
    if "@" in text[1:]:
        return "person@example.org"
    if _DAY.fullmatch(text):
        return "1970-01-01"
    return "".join("0" if c.isdigit() else c for c in text) if text.isdigit() else MASK
