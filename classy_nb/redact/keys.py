"""Which keys, headers and columns are secret or personal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

SECRET_KEYS = frozenset(
    {
        "access_token",
        "api_key",
        "apikey",
        "assertion",
        "authorization",
        "client_id",
        "client_secret",
        "cookie",
        "download_url",
        "id_token",
        "password",
        "queries_log",
        "refresh_token",
        "secret",
        "secret_key",
        "set_cookie",
        "token",
        "x_integration_id",
    }
)
"""JSON keys and form fields whose values grant access, or reveal the server's internals.

``client_id`` is not a secret in itself, but neither a message nor a recording needs to identify the
application. A signed ``download_url`` works for anyone who has it.
"""

SECRET_HEADERS = frozenset(
    {
        "authorization",
        "cf-connecting-ip",
        "cf-ray",
        "cookie",
        "proxy-authorization",
        "set-cookie",
        "x-api-key",
        "x-forwarded-for",
        "x-integration-id",
        "x-real-ip",
    }
)
"""HTTP headers, in lower case, that are never shown or recorded."""

PERSONAL_KEYS = frozenset(
    {
        # names
        "agent_name",
        "alias",
        "author_display_name",
        "commenter_name",
        "company",
        "company_name",
        "display_name",
        "family_name",
        "first_name",
        "full_name",
        "given_name",
        "honoree_name",
        "in_honor_of",
        "last_name",
        "liker_name",
        "matched_name",
        "member_name",
        "middle_name",
        "nickname",
        "poster_name",
        "signature_name",
        "supporter_name",
        # how to reach somebody
        "blog",
        "cell",
        "cell_phone",
        "contact_email",
        "contact_phone",
        "custom_caller_id",
        "email",
        "email_address",
        "facebook",
        "fax",
        "phone",
        "phone_number",
        "phone_numbers",
        "twitter",
        "website",
        # where somebody lives
        "address",
        "address1",
        "address2",
        "city",
        "country",
        "location",
        "postal_code",
        "state",
        "zip",
        # what somebody is, writes, or pays with
        "account_number",
        "ach_last_four",
        "answer",
        "birthday",
        "body",
        "browser_info",
        "cancel_reason_text",
        "card_expiration",
        "card_last_four",
        "cc_card_exp",
        "cc_last_four",
        "comment",
        "context",
        "date_of_birth",
        "descope_user_id",
        "ecard_message",
        "gender",
        "ip",
        "ip_address",
        "latest_comments",
        "memo",
        "metadata",
        "okta_id",
        "picture",
        "pp_response",
        "transaction_last_four",
        "tshirt_size",
        "user_agent",
    }
)
"""Columns that hold data about donors and members, or what they wrote.

``name``, ``title`` and ``description`` are not included: far more often than people, they describe
campaigns, pages and teams.
"""

_PERSONAL_WORD = re.compile(
    r"(first|last|middle|given|family|full|maiden)_?name|e_?mail_address|^(?!virtual_).*phone|address_?[0-9]"
    r"|^(billing|shipping|mailing|member|honoree|recipient|sender|donor|supporter)"
    r"_(name|email|address|city|state|zip|country)$|postal_?code|last_four$"
)


def _plain(key: object) -> str:
    return str(key).lower().replace("-", "_")


def is_personal(column: str) -> bool:
    """Tell whether a column holds personal data, such as ``billing_last_name`` or ``member.phone``.

    Each part of the name of a nested record's column counts; columns that the catalog does not know are
    recognized by the words in their names.
    """
    parts = [_plain(part) for part in column.split(".")]
    return any(part in PERSONAL_KEYS or _PERSONAL_WORD.search(part) for part in parts)


def redact(value: Any, keys: Collection[str] | Callable[[str], object], mask: str = "REDACTED") -> Any:
    """Copy a JSON-like value, masking the values of some keys.

    Parameters
    ----------
    value
        Anything that ``json.loads`` returns. It is not changed.
    keys
        Names (neither case nor ``-`` versus ``_`` matters), or a function that is called with each name,
        such as `is_personal`.
    mask
        What replaces a masked value. Nested objects and lists keep their shape, and their values are
        masked one by one; ``None`` stays ``None``.
    """
    if callable(keys):
        return _redact(value, keys, mask)
    names = frozenset(map(_plain, keys))
    return _redact(value, lambda key: _plain(key) in names, mask)


def _redact(value: Any, hidden: Callable[[str], object], mask: str) -> Any:
    if isinstance(value, dict):
        return {k: _masked(v, mask) if hidden(k) else _redact(v, hidden, mask) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return type(value)([_redact(item, hidden, mask) for item in value])
    return value


def _masked(value: Any, mask: str) -> Any:
    if isinstance(value, dict):
        return {key: _masked(item, mask) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)([_masked(item, mask) for item in value])
    return value if value is None else mask
