"""From an answer that is not what was asked for to the error that says why.

The API writes its errors in two dozen shapes: strings, objects of lists, ``success: false``, HTML, nothing at
all. `HttpClient` hands each of them to :func:`error_for`, those of the token URL to :func:`login_error_for`,
and gets the error to raise. What a server wrote is scrubbed before it is shown. `RateLimit` reads waiting
times here, too.
"""

from __future__ import annotations

import email.utils
import math
import re
import time
from datetime import UTC, datetime, timedelta
from email.message import Message
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from classy_nb.catalog import load
from classy_nb.decoding import decode
from classy_nb.errors import (
    BadRequestError,
    BlockedError,
    LoginError,
    MemberOnlyError,
    NoSuchPathError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    ResponseError,
    ServerError,
    UnauthorizedError,
    UnexpectedAnswerError,
)
from classy_nb.redact import Secret, safe_path, scrub

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_BY_STATUS: Mapping[int, tuple[type[ResponseError], str]] = {
    304: (
        UnexpectedAnswerError,
        "The API answered 'not modified' to an unconditional request.",
    ),
    401: (UnauthorizedError, "The API refused the token."),
    403: (PermissionDeniedError, "The API denied access."),
    404: (NotFoundError, "The API has no such record."),
    407: (BlockedError, "A proxy in front of the API wants a user name and a password."),
    429: (RateLimitedError, "The API asks for fewer requests."),
    511: (BlockedError, "The network wants somebody to sign in first."),
}
_BY_FAMILY: Mapping[int, tuple[type[ResponseError], str]] = {
    2: (UnexpectedAnswerError, "The API answered with something unexpected."),
    3: (UnexpectedAnswerError, "The API answered neither with data nor with another address for them."),
    4: (BadRequestError, "The API rejected the request."),
    5: (ServerError, "The API failed."),
}


def parse(body: bytes) -> Any:
    """Return the JSON of an error *body*, or None if it isn't JSON."""
    try:
        return decode(body)
    except ValueError:
        return None


def charset_of(headers: Mapping[str, str]) -> str | None:
    """Return the encoding that a response declares, if any."""
    message = Message()
    message["Content-Type"] = headers.get("Content-Type", "")
    return message.get_content_charset()


def kind_of(value: object) -> str:
    """Return what a JSON value is, in words."""
    if value is None:
        return "null"
    words: tuple[tuple[type, str], ...] = (
        (dict, "an object"),
        (list, "a list"),
        (str, "a text"),
        (bool, "true or false"),
    )
    return next((word for kind, word in words if isinstance(value, kind)), "a number")


def unreadable_error(
    status: int, headers: Mapping[str, str], body: bytes, *, path: str, method: str = "GET"
) -> UnexpectedAnswerError:
    """Return the error for a successful response whose body is not JSON; it names what came instead.

    Nothing of the body is shown: somebody else may have written it.
    """
    who = "The login" if method == "POST" else "The API"
    encoding = headers.get("Content-Encoding", "").strip().lower()
    start = body.lstrip(b"\xef\xbb\xbf \t\r\n")
    html = "html" in headers.get("Content-Type", "").lower() or b"<html" in start[:_MARKUP].lower()
    compressed = next((name for magic, name in _COMPRESSED.items() if body.startswith(magic)), None)
    advice = None
    if not start:
        what = f"{who} answered with an empty body."
    elif compressed or encoding not in _ENCODINGS_THAT_ARE_UNDONE:
        # What requests undoes is undone here: this is another kind, or it was done twice.
        named = compressed or encoding
        what = f"{who} answered with a compressed body ({named}), which was not asked for."
        advice = "A proxy in between may compress what it passes on; try from another network."
    elif html or start.startswith(b"<"):
        page = "web page" if html else "document of markup (XML or HTML)"
        if b'type="password"' in body or b"type='password'" in body or b"type=password" in body:
            page = "sign-in page"
        what = f"A {page} came in place of {'a token' if method == 'POST' else 'the data'}."
        advice = _PAGE_ADVICE
    elif start[:1] in (b"{", b"["):
        what = f"{who} answered with damaged JSON, or the answer broke off."
    else:
        what = f"{who} answered with something that is not JSON."
    return UnexpectedAnswerError(what, advice=advice, method=method, path=safe_path(path), status=status)


_MARKUP = 1000
"""Bytes in which a web page says that it is one."""
_ENCODINGS_THAT_ARE_UNDONE = ("", "identity", "gzip", "x-gzip", "deflate")
_COMPRESSED: Mapping[bytes, str] = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x78\x01": "deflate",
    b"\x78\x5e": "deflate",
    b"\x78\x9c": "deflate",
    b"\x78\xda": "deflate",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
}
_PAGE_ADVICE = (
    "A network's sign-in page, a proxy or a firewall answers in the server's place: open any address in this "
    "computer's browser and sign in, try from another network, and check base_url= and token_url=."
)
_PROXY_LOGIN_ADVICE = (
    "Put the proxy's user name and password into HTTPS_PROXY (http://user:password@host:port)."
)


def message_of(body: object) -> str:
    """Return the server's own words in an error body; empty if it has none.

    Looked up in this order: ``error`` (text), ``error_description``, ``error`` (object of lists),
    ``message``, ``errors`` (list or object).
    """
    if not isinstance(body, dict):
        return ""
    error, description = body.get("error"), body.get("error_description")
    if isinstance(error, str) and error:
        return f"{error}: {description}" if isinstance(description, str) and description else error
    for candidate in (description, error, body.get("message"), body.get("errors")):
        if text := _flatten(candidate):
            return text
    return ""


def _flatten(value: object, depth: int = 3) -> str:
    if isinstance(value, str):
        return value
    if not depth:
        return ""
    if isinstance(value, dict):
        texts = ((key, _flatten(first, depth - 1)) for key, first in value.items())
        return "; ".join(f"{key}: {text}" for key, text in texts if text)
    if isinstance(value, list):
        return _flatten(value[0], depth - 1) if value else ""
    return ""


_PLAIN_WORDS = frozenset(
    """
    a access action after again aggregates allowed already an and application are arguments at attempts
    attributes authentication authorization authorized bad be before between body broke broken by cannot
    characters client code column columns conflict contain could count create credentials data date
    delete denied deprecated descending does empty endpoint error errors exceeded exceeds exist exists
    expected expired failed fetch field fields filter filters for forbidden format found from gateway get
    given greater has have header host http https id ids in incorrect integer internal invalid is it
    json key large later least less limit list malformed many match matched maximum message method
    minimum missing more most must no not null number object of offline on one only operator or page
    parameter parameters parse password path payload per per_page permission permissions permitted
    please query rate received record records refused rejected request requested requests required
    requires resolution resource response route scope secret server short should size small something
    sort string supported than that the there this those throttled time timeout to token too try type
    unauthorized unavailable unexpected unknown unsupported update upstream url use user using valid
    validation value values was went were with within without wrong you your yours access_denied
    access_token client_id client_secret expired_token grant_type insufficient_scope invalid_client
    invalid_grant invalid_request invalid_scope invalid_token refresh_token secret_key server_error
    temporarily_unavailable unauthorized_client unsupported_grant_type
    """.split()  # noqa: SIM905 - a list of them would be two hundred lines
)
"""What errors of such APIs are made of. No word that is also a name of people (may, will, long, grant)."""


@cache
def _known_words() -> frozenset[str]:
    """Return the words that the server may be quoted with: the catalog's names, and plain ones."""
    catalog = load()
    columns = [column for record in catalog.records.values() for column in record.columns]
    names = {name for column in columns for name in (column.name, *column.known)}
    paths = " ".join((*catalog.resources, *(endpoint.path for endpoint in catalog.endpoints)))
    names |= {word for path in paths.split() for word in re.split(r"\W", path)}
    names |= {part for path in paths.split() for part in re.split(r"[\W_]", path)}
    names |= {p.name for endpoint in catalog.endpoints for p in endpoint.parameters}
    names |= {name for endpoint in catalog.endpoints for name in endpoint.include}
    return _PLAIN_WORDS | {name.lower() for name in names}


def words_of(body: object, question: str = "", secrets: Iterable[Secret] = ()) -> str:
    """Return what an error body says, as far as it may be shown; empty if that is nothing.

    A server echoes what it was sent or what it holds, such as a donor's name. Only words of the question and
    of the catalog, and those that errors are made of, are kept; ``…`` stands for the others.

    Parameters
    ----------
    body
        The JSON of the answer.
    question
        Path and query of the request, encoded.
    secrets
        What must not appear in any case.
    """
    path, _, query = question.partition("?")
    asked = re.findall(r"\w+", safe_path(path))
    # Values that look like names of columns or of states; not what may be a donor's address or name.
    asked += re.findall(r"(?<![\w@.%'-])[a-z0-9_]+(?![\w@.%'-])", unquote_plus(query), re.ASCII)
    known = _known_words() | {word.lower() for word in asked}
    shown: list[str] = []
    for token in message_of(body)[:_READ].split():
        core = re.sub(r"^\W+|\W+$", "", token)
        if core.lower() in known or all(word.lower() in known for word in re.split(r"\W+", core)):
            shown.append(token)
        elif core and shown[-1:] != ["…"]:
            shown.append("…")
    text = scrub(" ".join(shown), secrets)
    return text if re.search(r"\w", text) else ""


_READ = 2_000


def retry_after_of(status: int, headers: Mapping[str, str], body: object) -> float | None:
    """Return the seconds that an answer asks to wait; None if it does not say.

    Looked up in this order: ``Retry-After`` (seconds or a date), ``retry_after`` in the body, and for a 429
    ``X-RateLimit-Reset``.
    """
    header = headers.get("Retry-After", "").strip()
    found = _seconds(header)
    if found is None:
        found = _seconds_until(_moment(header), headers)
    if found is None and isinstance(body, dict):
        found = _seconds(body.get("retry_after"))
    if found is None and status == 429:
        found = seconds_until_reset(headers)
    return found


def seconds_until_reset(headers: Mapping[str, str]) -> float | None:
    """Return the seconds until the API's window ends, by ``X-RateLimit-Reset``, which is a Unix time."""
    return _seconds_until(_seconds(headers.get("X-RateLimit-Reset", "")), headers)


def _seconds(value: object) -> float | None:
    try:
        found = float(value) if isinstance(value, int | float | str) else math.nan
    except (ValueError, OverflowError):
        return None
    return max(0.0, found) if math.isfinite(found) else None


def _seconds_until(moment: float | None, headers: Mapping[str, str]) -> float | None:
    """Return the seconds until a Unix time, by the server's clock where it tells it: ours may be wrong."""
    if moment is None:
        return None
    now = _moment(headers.get("Date", ""))
    return max(0.0, moment - (time.time() if now is None else now))


def _moment(date: str) -> float | None:
    try:
        moment = email.utils.parsedate_to_datetime(date)
        return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
    except (ValueError, OverflowError):
        return None


_FIREWALL_PAGES = re.compile(
    rb"_?Incapsula|cf-challenge|challenge-platform|Attention Required! \| Cloudflare"
)


def is_blocked(status: int, headers: Mapping[str, str], body: bytes) -> bool:
    """Tell whether a firewall in front of the API answered in its place."""
    if "cf-mitigated" in headers or "x-amzn-waf-action" in headers:
        return True
    # The page is searched last: most responses are JSON, and the search takes longer than all else here.
    html = "text/html" in headers.get("Content-Type", "").lower()
    return html and (status == 403 or _FIREWALL_PAGES.search(body[:20_000]) is not None)


def error_for(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    path: str,
    query: str = "",
    method: str = "GET",
    member_only: bool = False,
    secrets: Iterable[Secret] = (),
) -> ResponseError:
    """Return the error for an answer of the data host.

    Parameters
    ----------
    status, headers, body
        The answer; *headers* must ignore case.
    path, query, method
        What was requested; the query is not shown, and the ids of applications are masked in the message.
    member_only
        Whether the catalog marks the endpoint as one for members.
    secrets
        What must not appear in the message even if the server echoes it.
    """
    data = parse(body)
    cls, what = _classify(status, headers, body, data, member_only=member_only)
    if said := words_of(data, f"{path}?{query}", secrets):
        what = f"{what} It says: {said.rstrip('.')!r}."
    permissions = _permissions(data, secrets)
    if permissions:
        what = f"{what} Missing permission: {', '.join(permissions)}."
    retry_after = retry_after_of(status, headers, data)
    if status == 429 and retry_after:
        what = f"{what} It asks to wait {_until(retry_after)}."
    advice = {407: _PROXY_LOGIN_ADVICE, 511: _PAGE_ADVICE}.get(status)
    if cls is UnexpectedAnswerError and status == 404:
        advice = _PAGE_ADVICE
    error = cls(what, advice=advice, method=method, path=safe_path(path), status=status)
    if isinstance(error, PermissionDeniedError):
        error.permissions = permissions
    error.retry_after = retry_after
    return error


def closed_gate_error(seconds: float, path: str) -> RateLimitedError:
    """Return the error for a request that is not sent, because the API asked to wait too long before it."""
    what = f"The API asked to wait, for another {_until(seconds)}; nothing was sent."
    error = RateLimitedError(what, method="GET", path=safe_path(path))
    error.retry_after = seconds
    return error


def _until(seconds: float) -> str:
    """Return ``42 s``, ``10 min (until 14:05 UTC)`` or ``24 h (until 14:05 UTC tomorrow)``."""
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            now = datetime.now(UTC)
            try:
                end = now + timedelta(seconds=seconds)
            except OverflowError:
                return f"{seconds / length:.0f} {unit}"
            day = {0: "", 1: " tomorrow"}.get((end.date() - now.date()).days, f" on {end:%Y-%m-%d}")
            return f"{seconds / length:.0f} {unit} (until {end:%H:%M} UTC{day})"
    return f"{seconds:.0f} s"


def _classify(
    status: int, headers: Mapping[str, str], body: bytes, data: object, *, member_only: bool
) -> tuple[type[ResponseError], str]:
    if is_blocked(status, headers, body):
        return BlockedError, "A firewall in front of the API stopped the request."
    if status == 404 and "html" in headers.get("Content-Type", "").lower():
        # The API's own 404 is JSON or empty, and ends a list that is read by page numbers.
        return UnexpectedAnswerError, "A web page came in place of the data."
    if status in (401, 403) and member_only:
        return MemberOnlyError, "The API denied access to an endpoint for members."
    if status == 404 and _is_gateway(data):
        return NoSuchPathError, "The API has no such path."
    family = status // 100
    return _BY_STATUS.get(status) or _BY_FAMILY.get(family) or _BY_FAMILY[2]


def _is_gateway(data: object) -> bool:
    return isinstance(data, dict) and "no Route" in str(data.get("message", ""))


def _permissions(data: object, secrets: Iterable[Secret]) -> tuple[str, ...]:
    listed = data.get("permissions") if isinstance(data, dict) else None
    if not isinstance(listed, list):
        return ()
    words = ((p.get("action"), p.get("entity")) for p in listed if isinstance(p, dict))
    shown = (words_of({"error": f"{action} {entity}"}, "", secrets) for action, entity in words)
    return tuple(text for text in shown if text)


def login_error_for(
    status: int, headers: Mapping[str, str], body: bytes, *, path: str, secrets: Iterable[Secret] = ()
) -> ResponseError | LoginError:
    """Return the error for an answer of the token URL.

    Refused credentials come as 400 as well as 401; a missing field comes as an object that names it. The
    names of fields are shown, their values never.
    """
    error = error_for(status, headers, body, path=path, method="POST", secrets=secrets)
    asked: dict[str, Any] = {"method": "POST", "path": error.path, "status": status}
    if status in (404, 405):
        advice = "Check token_url=: it is not below the address of the data."
        return type(error)(error.what, advice=advice, **asked)
    if not isinstance(error, BadRequestError | UnauthorizedError):
        return error
    data = parse(body)
    named = data.get("error") if isinstance(data, dict) else None
    if isinstance(named, dict):
        return LoginError(f"The login was refused: {_fields(named, secrets)} missing or empty.", **asked)
    said = words_of(data, "", secrets)
    what = f"The login was refused ({said})." if said else "The login was refused."
    if named == "access_denied":
        return LoginError(what, advice="Use an https:// address in token_url=.", **asked)
    return LoginError(what, **asked)


def _fields(named: dict[str, Any], secrets: Iterable[Secret]) -> str:
    # The API calls the secret by two names; the user knows one.
    keys = ("client_secret" if key == "secret_key" else key for key in named)
    names = sorted({words_of({"error": key}, "", secrets) or "a field" for key in keys})
    return f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'}"
