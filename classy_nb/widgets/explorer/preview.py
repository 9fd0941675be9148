"""A preview: a few rows as text, with personal values masked until somebody asks to see them.

In comes a frame and what the catalog says of its columns; out goes what the browser draws. Masking happens
here, in the kernel: what is hidden never reaches the browser. When in doubt, a value is hidden.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

import pandas as pd

from classy_nb.redact import is_personal

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from classy_nb.query import Query

HIDDEN = "hidden"
_MAX_LENGTH = 80
_MAX_FIRST = 8
_MAX_FIRST_MASKED = 3
_FIRST = (
    "id",
    "status",
    "name",
    "title",
    "type",
    "first_name",
    "last_name",
    "email_address",
    "email",
    "billing_first_name",
    "billing_last_name",
    "member_email_address",
    "total_gross_amount",
    "donation_amount",
    "amount",
    "goal",
    "total_raised",
    "currency_code",
    "frequency",
    "campaign_id",
)
"""Columns to show first, where they exist."""


@dataclass(frozen=True)
class Preview:
    """The first rows of a list.

    Attributes
    ----------
    resource, query
        What was fetched.
    frame
        The rows.
    caption
        What they are, for people.
    key
        Equal for equal calls: tells whether the form has changed since.
    chosen
        The columns that were chosen, in order: all are shown first, with what came along. Empty where none
        were.
    """

    resource: str
    query: Query = field(repr=False)
    frame: pd.DataFrame = field(repr=False)
    caption: str
    key: str = field(repr=False)
    chosen: tuple[str, ...] = ()

    def as_message(self, *, personal: bool) -> dict[str, Any]:
        """Return what the browser draws; *personal* says whether personal columns are shown."""
        rows = table(
            self.frame,
            self.resource,
            known={column.name for column in self.query.columns},
            date_column=self.query.endpoint.date,
            personal=personal,
            chosen=self.chosen,
        )
        about = {"resource": self.resource, "caption": self.caption, "key": self.key}
        return {**about, **rows, "unmasked": personal}


def table(
    frame: pd.DataFrame,
    resource: str,
    *,
    known: Collection[str],
    date_column: str | None,
    personal: bool,
    chosen: Sequence[str] = (),
) -> dict[str, Any]:
    """Return *frame* as text: column names, which of them come first, cells, and which are masked.

    Parameters
    ----------
    frame
        A few rows.
    resource
        The kind of record.
    known
        Columns of the catalog. Any other column the API sends counts as personal unless it is numeric.
    date_column
        The business date, which is among the first columns.
    personal
        Whether personal columns are shown.
    chosen
        The columns that somebody chose, in order.
    """
    names = [str(name) for name in frame.columns]
    numeric = [
        pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype)
        for dtype in frame.dtypes
    ]
    is_personal_column = [
        is_masked(name, resource)
        or (name not in known and not pd.api.types.is_numeric_dtype(frame.dtypes.iloc[place]))
        for place, name in enumerate(names)
    ]
    masked = [column and not personal for column in is_personal_column]
    rows = [
        [
            HIDDEN if hide and not _is_missing(value) else _cell_text(value, personal=personal)
            for hide, value in zip(masked, values, strict=True)
        ]
        for values in frame.astype(object).itertuples(index=False, name=None)
    ]
    return {
        "columns": names,
        "numeric": numeric,
        "first": _in_order(names, chosen)
        if chosen
        else _first_columns(names, is_personal_column, date_column),
        "masked": masked,
        "personal": sum(is_personal_column),
        "rows": rows,
    }


def _in_order(names: list[str], chosen: Sequence[str]) -> list[int]:
    """Put the columns into the chosen order, by position: an id that nobody chose first, what else came last.

    A nested record that was chosen is several columns.
    """
    order = dict.fromkeys(["id", *chosen] if "id" not in chosen else chosen)
    rank = {name: place for place, name in enumerate(order)}
    return sorted(range(len(names)), key=lambda place: rank.get(names[place].split(".")[0], len(rank)))


def _first_columns(names: list[str], is_personal_column: list[bool], date_column: str | None) -> list[int]:
    """Choose the columns to show first, by position; only a few of them personal."""
    wanted = dict.fromkeys([*_FIRST[:2], date_column, *_FIRST[2:]])
    places = [names.index(name) for name in wanted if name is not None and name in names]
    too_many = [place for place in places if is_personal_column[place]][_MAX_FIRST_MASKED:]
    others = [place for place, name in enumerate(names) if "." not in name and not is_personal_column[place]]
    return [place for place in dict.fromkeys([*places, *others]) if place not in too_many][:_MAX_FIRST]


def _is_missing(value: Any) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float | datetime) and value != value)  # noqa: PLR0124


def _without_missing(value: Any) -> Any:
    """Leave out what is missing in a nested value: items of a list have all keys that the catalog knows."""
    if isinstance(value, dict):
        return {key: _without_missing(inner) for key, inner in value.items() if inner is not None}
    return [_without_missing(inner) for inner in value] if isinstance(value, list) else value


def _cell_text(value: Any, *, personal: bool) -> str:
    """Write one cell. Columns that are not masked may still hold people: in nested values and free text."""
    if _is_missing(value) or value is pd.NaT:
        return ""
    if isinstance(value, str) and value[:1] in ("{", "["):  # nested values are JSON text in a frame
        with suppress(ValueError):
            value = json.loads(value)
    if isinstance(value, dict | list):
        value = _without_missing(value)
        shown = value if personal else mask_nested(value)
        text = json.dumps(shown, ensure_ascii=False, default=str)
    elif isinstance(value, date):  # a datetime is one, too
        is_day = not isinstance(value, datetime) or (value.tzinfo is None and value.time() == time.min)
        text = value.strftime("%Y-%m-%d" if is_day else "%Y-%m-%d %H:%M")
    elif isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, float):
        text = f"{value:,.2f}" if round(value, 2) == value else f"{value:,}"
    else:
        text = str(value)
        if not personal and has_contact(text):
            return HIDDEN
    return text if len(text) <= _MAX_LENGTH else f"{text[: _MAX_LENGTH - 1]}…"


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
"""Resources whose titles, texts and pictures are written by donors and fundraisers, or name them."""
_OF_PEOPLE = (
    "dedication.",
    "fundraising_page.",
    "fundraising_team.",
    "member.",
    "supporter.",
    "team_lead.",
)
"""Prefixes of included records that are about people, in any resource."""
_OF_THE_ORGANIZATION = ("campaign.", "organization.")
_WORDS_AND_PICTURES = (
    *("name", "title", "_text", "description", "_value", "value", "_url", "logo", "cover_photo"),
)
"""How the names of columns end that hold such titles, texts and pictures."""
_REVEALING = frozenset(
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
"""How the names of nested texts end that nobody wrote by hand."""

_ADDRESS = re.compile(r"\S@\S")
_DATE = re.compile(r"\d{4}-\d\d-\d\d([T ][\d:.+Z-]+)?")
_NUMBER = re.compile(r"[-+]?[\d.,]+")
_TELEPHONE = re.compile(r"(?<![\w-])(?:[+(]?\d(?:[\s()./-]{0,3}\d){8,}|\d{3}[-. ]\d{4})(?!\w)")


def is_masked(column: str, resource: str) -> bool:
    """Tell whether a column is masked until its reader asks to see it."""
    if is_personal(column) or column.split(".", maxsplit=1)[0] in _REVEALING:
        return True
    by_people = resource in _WRITTEN_BY_PEOPLE and not column.startswith(_OF_THE_ORGANIZATION)
    if not (by_people or column.startswith(_OF_PEOPLE)):
        return False
    return column.endswith(_WORDS_AND_PICTURES) or "thumbnail" in column


def has_contact(text: str) -> bool:
    """Tell whether free text seems to hold an e-mail address or a telephone number."""
    if _ADDRESS.search(text):
        return True
    return not _NUMBER.fullmatch(text) and _TELEPHONE.search(_DATE.sub("", text)) is not None


def mask_nested(value: Any, *, harmless: bool = False) -> Any:
    """Copy a nested value (as ``json.loads`` returns it) with its texts masked.

    Numbers and flags stay, as do texts under keys that say they are harmless.

    Parameters
    ----------
    value
        The value.
    harmless
        Whether a text that stands right here is shown.
    """
    if isinstance(value, dict):
        return {
            key: _mask_all(inner)
            if is_personal(str(key)) or str(key) in _REVEALING
            else mask_nested(inner, harmless=str(key).endswith(_HARMLESS))
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [mask_nested(inner, harmless=harmless) for inner in value]
    if isinstance(value, str) and value and (not harmless or has_contact(value)):
        return HIDDEN
    return value


def _mask_all(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _mask_all(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_mask_all(inner) for inner in value]
    return value if value is None else HIDDEN
