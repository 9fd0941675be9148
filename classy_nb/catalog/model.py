"""What the API offers: columns and records, parameters, endpoints and resources.

These are the parts of the catalog, each read from the short form that ``catalog.json`` has for it. Every
room that names a column or a path uses them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

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

``text`` is never read as a number (postal codes keep their zeros), ``last4`` is text that is padded with
zeros to four characters, ``datetime`` is an instant, ``date`` is a day without a time zone (naive midnight),
``list`` and ``json`` hold Python objects. ``object`` (a nested record) has no dtype: its columns are in the
frame as ``name.column``.
"""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a record or of a frame."""

    name: str
    kind: str
    nullable: bool = False
    record: str | None = None
    """The record of a nested object or of a list's items."""
    known: tuple[str, ...] = ()
    """The texts that the vendor's document lists, if any. Others may occur."""

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
        """Return the name of the column's pandas dtype in a frame."""
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


@dataclass(frozen=True, slots=True)
class Parameter:
    """One query parameter; *name* is the API's spelling, :attr:`keyword` is ours."""

    name: str
    type: str
    choices: tuple[str, ...] = ()
    """The only values, if the document says so."""
    required: bool = False
    default: bool | None = None
    known: tuple[str, ...] = ()
    """Values that the document gives as examples. Others may work."""
    range: tuple[int, int] | None = None
    """The smallest and the largest number, if the document says so."""

    @property
    def keyword(self) -> str:
        """The Python keyword: ``fundraisingTeams`` becomes ``fundraising_teams``."""
        return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", self.name).lower()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One GET of the API."""

    path: str
    """Path below ``/2.0`` with its keys in braces: ``/campaigns/{campaign}/transactions``."""
    kind: str
    """``list`` (paginated), ``bare`` (a JSON array), ``envelope`` (payouts) or ``object``."""
    record: str
    """Name of the record in the response, or a column kind if the items are plain values."""
    resource: str
    key: str | None = None
    """The path key that is the record's own id: ``transaction`` in ``/transactions/{transaction}``."""
    id: str | None = None
    """The integer column that identifies a record, or None."""
    date: str | None = None
    """The business date that ``since`` and ``until`` refer to, or None."""
    include: tuple[str, ...] = ()
    """What the document lists for this endpoint's ``with``."""
    include_elsewhere: tuple[str, ...] = ()
    """What it lists for other endpoints of the same record only; some of it is known to work."""
    parameters: tuple[Parameter, ...] = ()
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The only values of a path key."""
    known: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Values that the document gives as examples of a path key. Others may work."""
    text_keys: tuple[str, ...] = ()
    sortable: tuple[str, ...] = ()
    """The only columns that the API sorts by, one at a time; empty where it takes any."""
    aggregates: str | None = None
    flags: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, data: dict[str, Any]) -> Endpoint:
        """Read one endpoint of ``catalog.json``."""
        parameters = tuple(
            Parameter(
                name,
                spec["type"],
                tuple(spec.get("choices", ())),
                spec.get("required", False),
                spec.get("default"),
                tuple(spec.get("known", ())),
                (spec["range"][0], spec["range"][1]) if "range" in spec else None,
            )
            for name, spec in data.get("parameters", {}).items()
        )
        converted: dict[str, Any] = {
            "parameters": parameters,
            "choices": {k: tuple(v) for k, v in data.get("choices", {}).items()},
            "known": {k: tuple(v) for k, v in data.get("known", {}).items()},
            "include": tuple(data.get("include", ())),
            "include_elsewhere": tuple(data.get("include_elsewhere", ())),
            "sortable": tuple(data.get("sortable", ())),
            "text_keys": tuple(data.get("text_keys", ())),
            "flags": frozenset(data.get("flags", ())),
        }
        return cls(**{**data, **converted})

    @property
    def keys(self) -> tuple[str, ...]:
        """All path keys, in the order of the path."""
        return tuple(re.findall(r"{(\w+)}", self.path))

    @property
    def parents(self) -> tuple[str, ...]:
        """Path keys other than the record's own id."""
        return tuple(key for key in self.keys if key != self.key)

    @property
    def is_list(self) -> bool:
        """Whether the response becomes a frame (many records) instead of a Series (one)."""
        return self.kind != "object"

    @property
    def daily(self) -> Parameter | None:
        """The parameter that takes the one day that an answer is about (payouts); None for other lists."""
        days = (p for p in self.parameters if p.type == "date" and p.required and self.is_list)
        return next(days, None)

    @property
    def deprecated(self) -> bool:
        """Whether the vendor announced the end of this endpoint."""
        return "deprecated" in self.flags

    @property
    def member_only(self) -> bool:
        """Whether the vendor declares that it takes a member's token; an application's is not enough."""
        return "member_only" in self.flags

    @property
    def listed(self) -> bool:
        """Whether the vendor's document lists this endpoint."""
        return "unlisted" not in self.flags


@dataclass(frozen=True, slots=True)
class ResourceSpec:
    """A kind of record and the endpoints that return it."""

    name: str
    endpoints: tuple[Endpoint, ...]

    @property
    def lists(self) -> tuple[Endpoint, ...]:
        """Endpoints that return many records."""
        return tuple(e for e in self.endpoints if e.is_list)

    @property
    def objects(self) -> tuple[Endpoint, ...]:
        """Endpoints that return one record."""
        return tuple(e for e in self.endpoints if not e.is_list)
