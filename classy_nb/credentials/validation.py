"""Check client ids, secrets and the settings beside them, as people paste them.

Each ``checked_*`` function takes what somebody typed and returns the form that is kept, or raises. Copying
leaves white space, quotes and invisible characters around a value; these are removed without a word. A
client id or secret is never refused for its length or its alphabet: ids of 16 letters and digits exist, and
so do ids of 32 hexadecimal digits.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from typing import Final
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo

from classy_nb.arguments import shown
from classy_nb.errors import CredentialsError, CredentialsWarning, UsageError, warn
from classy_nb.redact import Secret

BASE_URL: Final = "https://api.classy.org/2.0"
TOKEN_URL: Final = "https://api.classy.org/oauth2/auth"  # noqa: S105 - an address
"""Where tokens come from. It is not below ``BASE_URL``, and neither of the two follows the other."""

VENDOR_HOSTS: Final = frozenset({"api.classy.org", "pro.gofundme.com"})
"""The vendor's own servers; any other host is a stand-in or a proxy."""

_NETLOC: Final = re.compile(r"([a-z0-9_-]+(\.[a-z0-9_-]+)*\.?|\[[0-9a-f:.]+\])(:[0-9]*)?", re.IGNORECASE)
"""Host and port in plain letters: every parser reads the same host out of them, also the one that sends."""

_QUOTES: Final = frozenset({'""', "''", "``", "“”", "‘’", "„“", "«»", "””", "’’"})  # noqa: RUF001 - all meant
_ORGANIZATION: Final = re.compile(r"[0-9]{1,18}")

# What is pasted in place of a client id or secret, each with the advice that fits.
_TEMPLATE: Final = re.compile(r"\$\{\w+\}|\$\w*CLIENT_(ID|SECRET)|\{\{.*\}\}|%\w+%", re.IGNORECASE)
_PLACEHOLDER: Final = re.compile(
    r"(your|insert|enter|paste|put|add|replace)(with)?(your|the|my)?(classy)?(api|app)?(client)?(id|secret|key)(here)?"
    r"|change(me|this)|replace(me|this)|pastehere|placeholder|todo|tbd|none|null|undefined|redacted"
)
_ASSIGNMENT: Final = re.compile(r"(export\s+)?(classy_)?client_?(id|secret)[\"']?\s*[=:]", re.IGNORECASE)
_MASKED: Final = re.compile(r"[*•●∙·.…xX_-]{3,}|.*…", re.DOTALL)
_AUTHORIZATION: Final = re.compile(r"(bearer|basic)\s", re.IGNORECASE)


def checked_secret(label: str, value: object) -> Secret:
    """Return a client id or secret without what copying left around it.

    Parameters
    ----------
    label
        What the value is called in messages: ``client secret``.
    value
        What was pasted: text or a `Secret`. The client id comes masked too: people paste the secret there.

    Raises
    ------
    CredentialsError
        It is not text, or is blank, a placeholder, masked, several lines, or a token. The message names
        *label*, never the value.
    """
    text = value.reveal() if isinstance(value, Secret) else value
    if not isinstance(text, str):
        raise CredentialsError(f"The {label} must be text, not {type(text).__name__}.")
    text, had_brackets = _unwrap(text)
    if not text:
        raise CredentialsError(f"The {label} is blank.")
    if any(unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} for c in text):
        raise CredentialsError(
            f"The {label} has a line break or a control character inside: copy it again, alone."
        )
    if _TEMPLATE.fullmatch(text):
        raise CredentialsError(f"The {label} is a name, not a value: variables are not filled in.")
    if _PLACEHOLDER.fullmatch(re.sub(r"[\W_]+", "", text).lower()):
        raise CredentialsError(f"The {label} is a placeholder: replace it with the real one.")
    if _ASSIGNMENT.match(text):
        raise CredentialsError(f"The {label} was copied with its name: keep only what follows the sign.")
    if _MASKED.fullmatch(text):
        raise CredentialsError(f"The {label} is masked or cut off: copy all of it.")
    if _AUTHORIZATION.match(text):
        raise CredentialsError(
            f"The {label} is the header of a token: use the application's client id and secret."
        )
    if had_brackets:
        warn(f"The {label} came in angle brackets; they were removed.", CredentialsWarning)
    if any(c.isspace() for c in text):
        warn(f"The {label} has a space inside; if the login fails, copy it again.", CredentialsWarning)
    return Secret(text)


def is_blank(text: str) -> bool:
    """Tell whether nothing is left of *text* without white space, quotes and the like."""
    return not bare(text)


def bare(text: str) -> str:
    """Return *text* without white space, quotes and the like around it."""
    return _unwrap(text)[0]


def checked_organization(value: object) -> int | None:
    """Return an organization's id as a number; None stays None.

    Raises
    ------
    UsageError
        It is not a whole number above zero.
    """
    if value is None:
        return None
    text = _unwrap(str(value))[0]
    if isinstance(value, bool) or not _ORGANIZATION.fullmatch(text) or int(text) == 0:
        raise UsageError(
            "The organization must be its numeric id.",
            advice="It is in the address of the Classy admin: /admin/12345. Leave it out to have it found.",
        )
    return int(text)


def checked_timezone(value: object) -> str:
    """Return the name of a time zone that exists.

    Raises
    ------
    UsageError
        The time zone does not exist.
    """
    name = _unwrap(value)[0] if isinstance(value, str) else ""
    try:
        ZoneInfo(name)
    except (OSError, KeyError, ValueError):
        raise UsageError(
            f"The time zone {shown(name)} does not exist.",
            advice='Use a name such as "America/Los_Angeles" or "UTC".',
        ) from None
    return name


def checked_fiscal_year_start(value: object) -> int:
    """Return the month in which fiscal years begin as a number.

    Raises
    ------
    UsageError
        It is not a whole number from 1 to 12.
    """
    text = _unwrap(value)[0] if isinstance(value, str) else str(value)
    if isinstance(value, bool) or not re.fullmatch("0?[1-9]|1[0-2]", text):
        raise UsageError(
            f"fiscal_year_start={shown(value)} must be the number of a month, 1 to 12.",
            advice="Write 7 for fiscal years that begin in July.",
        )
    return int(text)


def checked_url(name: str, value: object) -> str:
    """Return an address in its one form: no slash at the end, none doubled.

    Raises
    ------
    UsageError
        The address is not https (http is for this computer only), or it holds a user name, a query or a
        fragment.
    """
    text = _unwrap(value)[0] if isinstance(value, str) else ""
    advice = f"Leave {name} out to use the vendor's."
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises where the port is not a number
    except ValueError:
        raise UsageError(f"{name} is not an address.", advice=advice) from None
    problem = _problem_of_url(text, parts)
    path = re.sub(r"/{2,}", "/", parts.path).rstrip("/")
    if problem is None and name == "token_url":
        # Two mistakes that the vendor's documents invite; both answer 404, which says nothing.
        if parts.hostname == "pro.gofundme.com":
            problem = f"is on a host that issues no tokens; they come from {TOKEN_URL}"
        elif parts.hostname == "api.classy.org" and path != "/oauth2/auth":
            problem = f"is not where tokens come from; that is {TOKEN_URL}"
    if problem is not None:
        raise UsageError(f"{name} {problem}.", advice=advice)
    return f"{parts.scheme}://{parts.netloc.lower()}{path}"


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


def _problem_of_url(text: str, parts: SplitResult) -> str | None:
    place = parts.netloc.rpartition("@")[2]
    if not _NETLOC.fullmatch(place) or re.search(r"[^!-~]|[\\<>]", text):
        return "is not an address such as https://api.classy.org"
    if "@" in parts.netloc:
        return "must not contain a user name or password"
    if "?" in text or "#" in text:
        return "must not contain a query or a fragment"
    if parts.scheme == "https" or (parts.scheme == "http" and is_loopback(text)):
        return None
    return "must start with https:// (http:// is for this computer only)"


def _unwrap(text: str) -> tuple[str, bool]:
    """Remove white space, invisible characters, quotes and angle brackets, however they are nested.

    Returns
    -------
    str
        What is left. Unwrapping it again changes nothing.
    bool
        Whether there were angle brackets: unlike the rest they might belong to the value, so people are told.
    """
    had_brackets = False
    before = None
    while text != before:
        before = text
        text = "".join(c for c in text if unicodedata.category(c) != "Cf").strip()
        if len(text) > 1 and text[0] + text[-1] in _QUOTES:
            text = text[1:-1]
        elif len(text) > 1 and text[0] + text[-1] == "<>":
            text = text[1:-1]
            had_brackets = True
    return text, had_brackets
