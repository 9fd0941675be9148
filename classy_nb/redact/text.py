"""Text and paths that are safe to show."""

from __future__ import annotations

import base64
import html
import json
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus, unquote, urlsplit

from .secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

HIDDEN = "***"
"""What stands for a masked piece of a text or a path."""

CUT = 200
"""Longest text that `scrub` returns, in characters."""

_READ = 20_000
_SCANNED = 2_000

_EMAIL = re.compile(r"[^\s<>\"'(),;:/?&=|]{1,64}(?:@|%40)[^\s<>\"'(),;:/?&=|]+", re.IGNORECASE)
_QUERY = re.compile(r"(?<=[\w/)%])\?[^\s<>\"']+")
_USERINFO = re.compile(r"(?<=://)[^\s/@]+@")
_BEARER = re.compile(
    r"\b(bearer\s+(?!tokens?\b|realm\b)|(?:basic|token)\s+(?=\S*[\d+/=_-]))[^\s,;\"'<>]+", re.IGNORECASE
)
_NAMED = re.compile(
    r"\b((?:client_?secret|client_?id|secret_?key|access_?token|refresh_?token|token|password|api_?key"
    r"|authorization)[\"']?\s*[:=]\s*)(?:\"[^\"]*\"|'[^']*'|[^\s,;&\"'<>{}\[\]]+)",
    re.IGNORECASE,
)
_UUID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE)
_TOKEN = re.compile(r"[A-Za-z0-9]{16,}|\beyJ[\w.-]+")
_MIXED_TOKEN = re.compile(
    # Base64 and its URL form, which words, paths and snake_case are not: all three kinds in one run.
    r"(?<![\w+/=.~-])(?=[\w+/=.~-]*[0-9])(?=[\w+/=.~-]*[a-z])(?=[\w+/=.~-]*[A-Z])[\w+/=.~-]{16,}",
    re.ASCII,
)
_PHONE = re.compile(
    # Seven digits and more with the usual separators, except a date: 2026-01-31 is worth reading.
    r"(?<![\w.-])(?!\d{4}-\d{2}-\d{2}(?!\d))\+?\(?\d(?:[\s().-]{0,2}\d){6,}"
)


def scrub(text: object, secrets: Iterable[Secret | str] = ()) -> str:
    """Make a text that a server sent safe to show: in a message, a log, a notebook.

    Masked with ``***`` are the known secrets (also percent-encoded, in base64, in JSON and in HTML),
    e-mail addresses, what follows ``Bearer`` and the like, queries of URLs, runs of 16 and more
    letters and digits, and telephone numbers. White space and control characters become one space.

    Parameters
    ----------
    text
        Anything; its ``str`` is taken, and bytes are read as UTF-8.
    secrets
        Texts that must not appear, whatever they look like.

    Returns
    -------
    str
        At most 200 characters, cut with ``…``. Empty for an empty text.
    """
    shown = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    whole = len(shown) <= _READ
    shown = shown[:_READ]
    for form in _forms(secrets):
        shown = re.sub(re.escape(form), HIDDEN, shown, flags=re.IGNORECASE)
    shown = " ".join("".join(c if c.isprintable() else " " for c in shown).split())
    if not whole or len(shown) > _SCANNED:
        # What the cut leaves of the last word may be the head of a secret.
        shown = shown[:_SCANNED].rpartition(" ")[0]
    shown = _USERINFO.sub(f"{HIDDEN}@", shown)
    shown = _QUERY.sub(f"?{HIDDEN}", shown)
    shown = _BEARER.sub(rf"\1{HIDDEN}", shown)
    shown = _NAMED.sub(rf"\1{HIDDEN}", shown)
    for pattern in (_EMAIL, _UUID, _MIXED_TOKEN, _TOKEN, _PHONE):
        shown = pattern.sub(HIDDEN, shown)
    return shown if len(shown) <= CUT else shown[: CUT - 1] + "…"


def _forms(secrets: Iterable[Secret | str]) -> list[str]:
    """List the known secrets in every form that a server might send back, longest first."""
    texts = [s.reveal() if isinstance(s, Secret) else s for s in secrets]
    forms = {form for text in texts if text for form in _encoded(text)}
    return sorted(forms, key=len, reverse=True)


def _encoded(text: str) -> Iterator[str]:
    raw = text.encode("utf-8", "surrogatepass")
    yield from (text, quote(raw, safe=""), quote_plus(raw), quote(quote(raw, safe=""), safe=""))
    yield from (json.dumps(text)[1:-1], html.escape(text), repr(text)[1:-1], raw.hex())
    for code in (base64.b64encode, base64.urlsafe_b64encode):
        yield code(raw).decode().rstrip("=")


_APP = re.compile(r"((?:^|/)apps/)[^/]+", re.IGNORECASE)
_CUSTOM_URL = re.compile(r"((?:^|/)custom-url/).+", re.IGNORECASE)


def safe_path(path: str) -> str:
    """Return the path of a request as messages and logs may show it.

    Host, query and fragment are dropped; the client id in ``/apps/{id}``, the page address in
    ``/campaigns/custom-url/{url}`` and e-mail addresses are masked.
    """
    shown = urlsplit(path).path if "://" in path else re.split(r"[?#]", path, maxsplit=1)[0]
    shown = _APP.sub(rf"\1{HIDDEN}", _CUSTOM_URL.sub(rf"\1{HIDDEN}", shown))
    segments = (HIDDEN if "@" in unquote(unquote(part)) else part for part in shown.split("/"))
    return "".join(c if c.isprintable() else " " for c in "/".join(segments))
