"""Text and paths that are safe to show.

What a server sent goes through :func:`scrub`, and the path of a request through :func:`safe_path`, before
either is part of a message or a log.
"""

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
"""What replaces a masked piece of a text or a path."""

CUT = 200
"""Length of the longest text that `scrub` returns, in characters."""

_READ = 20_000
"""Characters in which known secrets are looked for."""
_SCANNED = 2_000
"""Characters in which patterns are looked for: regular expressions are slow on long hostile text."""

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
    # Base64 and its URL form: unlike words, paths and snake_case, it has digits and both cases in one run.
    r"(?<![\w+/=.~-])(?=[\w+/=.~-]*[0-9])(?=[\w+/=.~-]*[a-z])(?=[\w+/=.~-]*[A-Z])[\w+/=.~-]{16,}",
    re.ASCII,
)
_PHONE = re.compile(
    # Seven or more digits with the usual separators, except for a date: 2026-01-31 is worth reading.
    r"(?<![\w.-])(?!\d{4}-\d{2}-\d{2}(?!\d))\+?\(?\d(?:[\s().-]{0,2}\d){6,}"
)


def scrub(text: object, secrets: Iterable[Secret | str] = ()) -> str:
    """Make text from a server safe to show in a message, a log or a notebook.

    ``***`` replaces the known secrets (including percent-encoded, base64, JSON and HTML forms), e-mail
    addresses, what follows ``Bearer`` and the like, queries of URLs, runs of 16 or more letters and
    digits, and telephone numbers. Whitespace and control characters become one space.

    Parameters
    ----------
    text
        Anything; bytes are read as UTF-8, and everything else is converted with ``str``.
    secrets
        Texts that must not appear, no matter what they look like.

    Returns
    -------
    str
        At most 200 characters, shortened with ``…``. Empty for empty text.
    """
    shown = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    whole = len(shown) <= _READ
    shown = shown[:_READ]
    for form in _forms(secrets):
        shown = re.sub(re.escape(form), HIDDEN, shown, flags=re.IGNORECASE)
    shown = " ".join("".join(c if c.isprintable() else " " for c in shown).split())
    if not whole or len(shown) > _SCANNED:
        # The last word may have been cut, and be the beginning of a secret that no pattern recognizes.
        shown = shown[:_SCANNED].rpartition(" ")[0]
    shown = _USERINFO.sub(f"{HIDDEN}@", shown)
    shown = _QUERY.sub(f"?{HIDDEN}", shown)
    shown = _BEARER.sub(rf"\1{HIDDEN}", shown)
    shown = _NAMED.sub(rf"\1{HIDDEN}", shown)
    for pattern in (_EMAIL, _UUID, _MIXED_TOKEN, _TOKEN, _PHONE):
        shown = pattern.sub(HIDDEN, shown)
    return shown if len(shown) <= CUT else shown[: CUT - 1] + "…"


def _forms(secrets: Iterable[Secret | str]) -> list[str]:
    """Return the known secrets in every form in which a server might echo them, longest first."""
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
    """Return the path of a request in a form that is safe for messages and logs.

    Host, query and fragment are dropped; the client id in ``/apps/{id}``, the address in
    ``/campaigns/custom-url/{url}`` and e-mail addresses are masked.
    """
    shown = urlsplit(path).path if "://" in path else re.split(r"[?#]", path, maxsplit=1)[0]
    shown = _APP.sub(rf"\1{HIDDEN}", _CUSTOM_URL.sub(rf"\1{HIDDEN}", shown))
    segments = (HIDDEN if "@" in unquote(unquote(part)) else part for part in shown.split("/"))
    return "".join(c if c.isprintable() else " " for c in "/".join(segments))
