"""The settings beside id and secret: organization, addresses, time zone."""

from __future__ import annotations

import ipaddress
import re
from typing import Final
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo

from classy_nb.errors import UsageError

from .validation import mend

BASE_URL: Final = "https://api.classy.org/2.0"
TOKEN_URL: Final = "https://api.classy.org/oauth2/auth"  # noqa: S105 - an address
"""Where tokens come from: not below the data's address; neither of the two follows the other."""
TIMEZONE: Final = "UTC"

VENDOR_HOSTS: Final = frozenset({"api.classy.org", "pro.gofundme.com"})
"""Whose servers hold organizations' own data; any other host is a stand-in or something in between."""
_DECIMAL: Final = re.compile(r"[0-9]{1,18}")


def checked_organization(value: object) -> int | None:
    """Return an organization's id as a number; None stays None.

    Raises
    ------
    UsageError
        It is something else than a whole number above zero.
    """
    if value is None:
        return None
    text = mend(str(value)).text.reveal()
    if isinstance(value, bool) or not _DECIMAL.fullmatch(text) or int(text) == 0:
        raise UsageError(
            "The organization must be its numeric id.",
            advice="The address of the Classy admin holds it: /admin/12345. Left out, it is found.",
        )
    return int(text)


def checked_timezone(value: object) -> str:
    """Return the name of a time zone that exists.

    Raises
    ------
    UsageError
        There is no such time zone.
    """
    name = mend(value).text.reveal()
    try:
        ZoneInfo(name)
    except (OSError, KeyError, ValueError):
        known = False
    else:
        known = True
    if not known:
        raise UsageError(
            f"There is no time zone {name!r}.", advice='Use a name such as "America/Los_Angeles" or "UTC".'
        )
    return name


def checked_url(name: str, value: object) -> str:
    """Return an address in one form: no slash at the end, none doubled.

    Raises
    ------
    UsageError
        The address is not https (http is for this computer only), or holds a user, a query or a fragment.
    """
    text = mend(value).text.reveal()
    problem, url = _url(text)
    if not problem and name == "token_url":
        problem = _token_url_problem(url)
    if problem:
        raise UsageError(f"{name} {problem}.", advice=f"Leave {name} out to use the vendor's.")
    return url


def host(url: str) -> str:
    """Return the host of an address, in lower case."""
    return urlsplit(url).hostname or ""


def is_loopback(url: str) -> bool:
    """Tell whether an address is on this computer."""
    name = host(url)
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def _url(text: str) -> tuple[str | None, str]:
    """Return what is wrong with an address, or None, and its one form."""
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return "is not an address", ""
    netloc = parts.netloc.lower()
    path = re.sub(r"/{2,}", "/", parts.path).rstrip("/")
    return _problem(text, parts), f"{parts.scheme}://{netloc}{path}"


def _problem(text: str, parts: SplitResult) -> str | None:
    if not parts.hostname or re.search(r"[\s\\<>]", text):
        return "is not an address such as https://api.classy.org"
    if "@" in parts.netloc:
        return "must not hold a user name or password"
    if "?" in text or "#" in text:
        return "must not hold a query or a fragment"
    if parts.scheme == "https" or (parts.scheme == "http" and is_loopback(text)):
        return None
    return "must start with https:// (http:// is for this computer only)"


def _token_url_problem(url: str) -> str | None:
    parts = urlsplit(url)
    if parts.hostname == "pro.gofundme.com":
        return f"is on a host that gives no tokens; they come from {TOKEN_URL}"
    if parts.hostname == "api.classy.org" and parts.path != "/oauth2/auth":
        return f"is not where tokens come from; that is {TOKEN_URL}"
    return None
