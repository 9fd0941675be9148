"""A few rows as text for a table, personal columns masked."""

from __future__ import annotations

import json
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

import pandas as pd

from .masks import HIDDEN, hidden, reaches_somebody, without_people

if TYPE_CHECKING:
    from collections.abc import Collection

_LONGEST = 80
_FEW = 8
_FEW_MASKED = 3
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
"""Columns to see first, where there are any of them."""


def table(
    frame: pd.DataFrame, resource: str, *, known: Collection[str], date_column: str | None, personal: bool
) -> dict[str, Any]:
    """Return *frame* as text: column names, which of them come first, cells and what was masked.

    Parameters
    ----------
    frame
        A few rows.
    resource
        Which records they are.
    known
        Columns of the catalog. What the API sends beyond them counts as personal unless it is a number.
    date_column
        The business date, which is among the first columns.
    personal
        Whether personal columns are shown.
    """
    masked = [_masked(frame[name], name, resource, known) for name in frame.columns]
    hide = (
        [] if personal else [name for name, is_masked in zip(frame.columns, masked, strict=True) if is_masked]
    )
    rows = [
        [
            HIDDEN if name in hide and not _missing(value) else _text(value, personal=personal)
            for name, value in zip(frame.columns, values, strict=True)
        ]
        for values in frame.astype(object).itertuples(index=False, name=None)
    ]
    return {
        "columns": [str(name) for name in frame.columns],
        "numeric": [
            pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_bool_dtype(kind)
            for kind in frame.dtypes
        ],
        "first": first_columns([str(name) for name in frame.columns], masked, date_column),
        "masked": [str(name) in hide for name in frame.columns],
        "personal": sum(masked),
        "rows": rows,
    }


def _masked(column: pd.Series[Any], name: object, resource: str, known: Collection[str]) -> bool:
    text = str(name)
    unknown = text not in known and not pd.api.types.is_numeric_dtype(column.dtype)
    return hidden(text, resource) or unknown


def first_columns(names: list[str], masked: list[bool], date_column: str | None) -> list[int]:
    """Choose a few columns to show first, by their place; only some of them personal."""
    wanted = dict.fromkeys([*_FIRST[:2], date_column, *_FIRST[2:]])
    places = [names.index(name) for name in wanted if name is not None and name in names]
    too_many = [place for place in places if masked[place]][_FEW_MASKED:]
    rest = [place for place, name in enumerate(names) if "." not in name and not masked[place]]
    return list(dict.fromkeys([place for place in [*places, *rest] if place not in too_many]))[:_FEW]


def _missing(value: Any) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float | datetime) and value != value)  # noqa: PLR0124


def _text(value: Any, *, personal: bool) -> str:
    """Write one cell; nested ones, and free text, without what is personal."""
    if _missing(value) or value is pd.NaT:
        return ""
    if isinstance(value, dict | list):
        shown = value if personal else without_people(value)
        text = json.dumps(shown, ensure_ascii=False, default=str)
    elif isinstance(value, date):  # a datetime is one
        text = _moment(value)
    elif isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, float):
        text = f"{value:,.2f}" if round(value, 2) == value else f"{value:,}"
    else:
        text = str(value)
        if not personal and reaches_somebody(text):
            return HIDDEN
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _moment(value: date) -> str:
    whole_day = not isinstance(value, datetime) or (value.tzinfo is None and value.time() == time.min)
    return value.strftime("%Y-%m-%d" if whole_day else "%Y-%m-%d %H:%M")
