"""What a preview hides until somebody asks for it: rather too much than too little."""

from __future__ import annotations

import re
from typing import Any

from classy_nb.redact import is_personal

HIDDEN = "hidden"
_WRITTEN_BY_PEOPLE = frozenset(
    {
        "activity",
        "dedications",
        "domain_slugs",
        "feed_items",
        "fundraising_pages",
        "fundraising_teams",
        "leading_fundraising_teams",
        "past_donors",
        "stories",
        "subteams",
        "updates",
    }
)
"""Resources whose titles, texts and pictures are donors' and fundraisers' own, or name them."""
_OF_PEOPLE = (
    "dedication.",
    "fundraising_page.",
    "fundraising_team.",
    "member.",
    "supporter.",
    "team_lead.",
)
_OF_THE_ORGANIZATION = ("campaign.", "organization.")
_THEIR_WORDS = ("name", "title", "_text", "description", "_value", "value", "_url", "logo", "cover_photo")
_TELLING = frozenset(
    {
        "commitment",
        "error_msg",
        "feedable_value",
        "linkable_value",
        "offline_payment_info",
        "referrer",
        "signature_title",
        "signature_url",
    }
)
"""Columns of any resource: what somebody wrote about a payment, and where somebody came from."""
_HARMLESS = ("status", "type", "frequency", "currency", "currency_code", "_at", "_date")
"""How the names of nested texts end that are no words of anybody's."""

_ADDRESS = re.compile(r"\S@\S")
_DATE = re.compile(r"\d{4}-\d\d-\d\d([T ][\d:.+Z-]+)?")
_NUMBER = re.compile(r"[-+]?[\d.,]+")
_TELEPHONE = re.compile(r"(?<![\w-])(?:[+(]?\d(?:[\s()./-]{0,3}\d){8,}|\d{3}[-. ]\d{4})(?!\w)")


def hidden(column: str, resource: str) -> bool:
    """Tell whether a column is masked unless its reader asks for it."""
    if is_personal(column) or column.split(".", maxsplit=1)[0] in _TELLING:
        return True
    written = resource in _WRITTEN_BY_PEOPLE and not column.startswith(_OF_THE_ORGANIZATION)
    if not (written or column.startswith(_OF_PEOPLE)):
        return False
    return column.endswith(_THEIR_WORDS) or "thumbnail" in column


def reaches_somebody(text: str) -> bool:
    """Tell whether free text seems to hold an e-mail address or a telephone number."""
    if _ADDRESS.search(text):
        return True
    return not _NUMBER.fullmatch(text) and _TELEPHONE.search(_DATE.sub("", text)) is not None


def without_people(value: Any, *, shown: bool = False) -> Any:
    """Copy a nested value with all texts masked whose names do not say that they are harmless.

    Parameters
    ----------
    value
        What ``json.loads`` returns.
    shown
        Whether a text that stands here is shown.
    """
    if isinstance(value, dict):
        return {key: _nested(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [without_people(inner, shown=shown) for inner in value]
    return (
        HIDDEN if isinstance(value, str) and value and not (shown and not reaches_somebody(value)) else value
    )


def _nested(key: str, value: Any) -> Any:
    if not is_personal(key) and key not in _TELLING:
        return without_people(value, shown=key.endswith(_HARMLESS))
    return _all_hidden(value)


def _all_hidden(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _all_hidden(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_all_hidden(inner) for inner in value]
    return value if value is None else HIDDEN
