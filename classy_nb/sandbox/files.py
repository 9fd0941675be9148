"""Files behind signed URLs: they live at the other origin and want no token."""

from __future__ import annotations

import secrets
import time
from urllib.parse import urlsplit

from .answers import Answer
from .filler import moment

_LIFETIME = 900
PREFIX = "/signed-files/"


def signed(other: str, name: str) -> str:
    """Return a URL of the file at the origin of *other*, good for a quarter of an hour."""
    origin = urlsplit(other)
    return (
        f"{origin.scheme}://{origin.netloc}{PREFIX}{name}?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires={_LIFETIME}"
        f"&X-Amz-Date={int(time.time())}&X-Amz-Signature={secrets.token_hex(32)}"
    )


def expires() -> str:
    """Return when a URL made now ends."""
    return moment(int(time.time()) + _LIFETIME)


def content(name: str) -> bytes:
    """Return the file's bytes."""
    if name.endswith(".pdf"):
        return b"%PDF-1.4\n% stand-in\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
    return b'id,name,amount\r\n1,"Stand-in, invented",10.00\r\n2,=1+1,20.00\r\n'


def answer(path: str, query: str, *, authorized: bool) -> Answer:
    """Answer a request for a file; a request that brings a token is refused, as object stores do."""
    if authorized:
        return Answer(400, b"<Error><Code>InvalidArgument</Code></Error>", "application/xml")
    if "X-Amz-Signature=" not in query:
        return Answer(403, b"<Error><Code>AccessDenied</Code></Error>", "application/xml")
    name = path.removeprefix(PREFIX)
    kind = "application/pdf" if name.endswith(".pdf") else "text/csv"
    return Answer(200, content(name), kind, {"Content-Disposition": f'attachment; filename="{name}"'})
