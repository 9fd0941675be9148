"""What may go to an assistant: which columns, which of their values, and how text is cleaned.

A catalog column and a value come in; the value, or a mask, goes out. The tools ask here before they show a
cell, name something, or accept a condition: anyone who may filter by a column can find out what is in it.

This is an allowlist, so a column that the API adds tomorrow stays here. By default, these may leave: numbers,
flags and dates that are not about a person; text with a fixed vocabulary; codes; and the names that an
organization's own staff give to campaigns, designations, ticket types and questions. Everything else was, or
may have been, typed by the public: it may identify people or contain instructions for the assistant that
reads it.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any

from classy_nb.redact import SECRET_KEYS, is_personal

if TYPE_CHECKING:
    from classy_nb.catalog import Column

HIDDEN = "[hidden]"
"""Stands for a value that may not leave, whether there is one or not."""
_UNLISTED = "[another value]"
_PLAIN_KINDS = frozenset({"int", "float", "decimal", "bool", "datetime", "date"})
_PERSON_ID = re.compile(
    r"(^|_)(supporter|member|donor|payer|agent|user|recipient|owner|developer)_ids?$|^created_by$"
)
"""Ids that stand for a person: with one, everything that this person gave could be counted."""
_PEOPLE = frozenset({"Supporter", "Member", "PastDonor", "DonorEmail"})
"""Records of people, whose own id therefore also stands for a person."""
_NESTED_PEOPLE = frozenset({"member", "supporter"})
_NAMED_BY_STAFF = frozenset(
    {
        ("Campaign", "name"),
        ("Designation", "name"),
        ("TicketType", "name"),
        ("Question", "label"),
        ("Organization", "name"),
    }
)
_CODES = {
    "currency_code": re.compile(r"[A-Z]{3}"),
    "timezone_identifier": re.compile(r"[A-Za-z_]{1,30}(/[A-Za-z_]{1,30}){0,2}"),
    "payment_method": re.compile(r"[A-Za-z][A-Za-z -]{0,29}"),
    "card_type": re.compile(r"[A-Za-z][A-Za-z -]{0,29}"),
}
"""Text that the vendor's software writes: the end of the column's name, and the form of the text."""
_ADDRESS = re.compile(r"\S+@\S+")
_LONGEST_NAME, _LONGEST_TEXT = 80, 300


class Disclosure:
    """Decides what may leave.

    Parameters
    ----------
    allow_personal
        Whether the server was started with ``--allow-personal``: then, only secrets stay here.
    """

    def __init__(self, *, allow_personal: bool = False) -> None:
        self.allow_personal = allow_personal

    def shows(self, record: str, column: Column) -> bool:
        """Tell whether a column's values may leave, and whether conditions on it are allowed."""
        parts = column.name.split(".")
        if any(part in SECRET_KEYS for part in parts):
            return False
        if self.allow_personal:
            return True
        if is_personal(column.name) or (parts[0] in _NESTED_PEOPLE and len(parts) > 1):
            return False
        if _PERSON_ID.search(parts[-1]) or (column.name == "id" and record in _PEOPLE):
            return False
        if column.kind in _PLAIN_KINDS or column.known:
            return True
        return (record, column.name) in _NAMED_BY_STAFF or _code(parts[-1]) is not None

    def cell(self, record: str, column: Column, value: Any) -> Any:
        """Return as much of a column's value as may leave."""
        if not self.shows(record, column):
            return HIDDEN
        if value is None or column.kind in _PLAIN_KINDS:
            return value
        value = str(value)
        if self.allow_personal:
            return cleaned(value, _LONGEST_TEXT)
        if column.known:
            return value if value in column.known else _UNLISTED
        form = _code(column.name.rpartition(".")[2])
        if form is not None:
            return value if form.fullmatch(value) else _UNLISTED
        return name_of(value)


def _code(name: str) -> re.Pattern[str] | None:
    return next((form for end, form in _CODES.items() if name.endswith(end)), None)


def name_of(text: str) -> str:
    """Return a name that staff gave: short, on one line, without invisible characters or e-mail addresses."""
    return _ADDRESS.sub(HIDDEN, cleaned(text, _LONGEST_NAME))


def cleaned(text: str, longest: int) -> str:
    """Return text on one line, without control or formatting characters, cut to a length."""
    kept = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in text)
    line = " ".join(kept.split())
    return line if len(line) <= longest else f"{line[: longest - 3]}..."
