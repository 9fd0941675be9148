"""From an answer to bytes on the wire, with the headers of the gateway and the firewall in front."""

from __future__ import annotations

import gzip
import importlib
import secrets
import zlib
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from aiohttp import web
from multidict import CIMultiDict

if TYPE_CHECKING:
    from .answers import Answer

MARK = "classy_nb stand-in"
_FIXED = {
    "Cache-Control": "no-cache, private",
    "via": "kong/3.2.2",
    "CF-Cache-Status": "DYNAMIC",
    "Server": "cloudflare",
    "Strict-Transport-Security": "max-age=15724800; includeSubDomains",
    "vary": "Origin",
    "access-control-allow-origin": "*",
    "access-control-allow-credentials": "true",
    "x-frame-options": "SAMEORIGIN",
    "x-xss-protection": "1; mode=block",
    "x-content-type-options": "nosniff",
    "X-Sandbox": MARK,
}


def headers(answer: Answer) -> CIMultiDict[str]:
    """Return the headers of an answer."""
    found: CIMultiDict[str] = CIMultiDict(_FIXED)
    if answer.status != HTTPStatus.NO_CONTENT:
        found["Content-Type"] = answer.content_type
    found["CF-RAY"] = f"{secrets.token_hex(8)}-SAN"
    found["Set-Cookie"] = f"__cf_bm={secrets.token_hex(16)}; path=/; HttpOnly; Secure; SameSite=None"
    if answer.from_gateway:
        found["x-kong-response-latency"] = "1"
    else:
        found["x-kong-limit"] = f"time-consumed={answer.milliseconds:.0f}"
        found["x-kong-upstream-latency"] = f"{answer.milliseconds:.0f}"
        found["x-kong-proxy-latency"] = "1"
    found.update(answer.headers)
    return found


def compressed(body: bytes, accepted: str, found: CIMultiDict[str]) -> bytes:
    """Compress *body* in the best way the client offers: brotli (where installed), gzip, or not at all."""
    offers = {
        part.split(";")[0].strip().lower()
        for part in accepted.split(",")
        if "q=0" not in part.replace(" ", "")
    }
    brotli = _brotli() if "br" in offers else None
    if brotli is not None:
        found["Content-Encoding"] = "br"
        return bytes(brotli.compress(body, quality=1))
    if "gzip" in offers:
        found["Content-Encoding"] = "gzip"
        return gzip.compress(body, compresslevel=1)
    return body


def _brotli() -> Any:
    for name in ("brotli", "brotlicffi"):
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    return None


def half_gzip(body: bytes) -> bytes:
    """Return the first half of *body*, compressed, without its end."""
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    packed = packer.compress(body) + packer.flush()
    return packed[: max(12, len(packed) // 2)]


def response(answer: Answer, body: bytes, found: CIMultiDict[str]) -> web.Response:
    """Build the response: chunked, as the API sends data."""
    built = web.Response(status=answer.status, body=body, headers=found)
    if body and answer.status not in {204, 304}:
        built.enable_chunked_encoding()
    return built
