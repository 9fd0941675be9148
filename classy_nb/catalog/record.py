"""Records and their columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

KINDS: Mapping[str, str] = {
    "int": "Int64",
    "float": "Float64",
    "bool": "boolean",
    "text": "string",
    "last4": "string",
    "datetime": "datetime64[us, {timezone}]",
    "date": "datetime64[us]",
    "list": "object",
    "json": "object",
}
"""Column kinds and the pandas dtype of each.

``text`` is never read as a number (postal codes keep their zeros), ``last4`` is text padded with
zeros to four characters, ``datetime`` is an instant, ``date`` a day without a time zone (midnight,
naive), ``list`` and ``json`` hold Python objects. ``object`` (a nested record) has no dtype of its
own: its columns stand in the frame as ``name.column``.
"""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a record or of a frame."""

    name: str
    kind: str
    nullable: bool = False
    record: str | None = None
    """The record that a nested object is, or that a list's items are."""
    known: tuple[str, ...] = ()
    """The texts that the vendor's document names; none where it names none. Others may come."""

    @classmethod
    def parse(cls, name: str, text: str) -> Column:
        """Read the catalog's short form: ``int?``, ``{Supporter}``, ``[TransactionItem]``, ``text:a|b``."""
        text, _, known = text.partition(":")
        nullable = text.endswith("?")
        text = text.removesuffix("?")
        if text[0] == "{":
            return cls(name, "object", nullable, text[1:-1])
        if text[0] == "[":
            item = text[1:-1]
            return cls(name, "list", nullable, None if item in KINDS else item)
        return cls(name, text, nullable, known=tuple(known.split("|")) if known else ())

    def dtype(self, timezone: str = "UTC") -> str:
        """Name the pandas dtype that this column has in a frame."""
        return KINDS[self.kind].format(timezone=timezone)


@dataclass(frozen=True, slots=True)
class Record:
    """One kind of JSON object, with its columns in the catalog's order."""

    name: str
    columns: tuple[Column, ...]

    @classmethod
    def parse(cls, name: str, columns: Mapping[str, str]) -> Record:
        """Read one record of ``catalog.json``."""
        return cls(name, tuple(Column.parse(key, text) for key, text in columns.items()))

    def column(self, name: str) -> Column | None:
        """Return the column called *name*, or None."""
        return next((c for c in self.columns if c.name == name), None)
