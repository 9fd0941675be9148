"""What the explorer's form holds, as it was filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from classy_nb.errors import UsageError

OPERATORS = ("=", "!=", "<", "<=", ">", ">=")
_LONGEST = 1000
"""Characters of one field: nobody types more."""
_MOST = 100
"""Conditions and includes."""


class FormError(UsageError):
    """The form cannot be sent as it stands; *field* is where to look (empty: nowhere in particular)."""

    def __init__(self, what: str, field: str = "") -> None:
        self.field = field
        super().__init__(what)


@dataclass(frozen=True)
class Row:
    """One condition as it was filled in."""

    column: str = ""
    operator: str = "="
    value: str = ""

    def __str__(self) -> str:
        return f"{self.column} {self.operator} {self.value}"


@dataclass(frozen=True)
class Form:
    """All fields, as text."""

    resource: str = "transactions"
    parent: str = ""
    """The path keys of the list, joined by commas; empty for the organization's own."""
    values: Mapping[str, str] = field(default_factory=dict)
    """Ids of parents and the endpoint's parameters, by keyword."""
    since: str = ""
    until: str = ""
    by: str = ""
    where: tuple[Row, ...] = ()
    include: tuple[str, ...] = ()
    aggregates: bool = False
    variable: str = ""
    """What the frame is called; empty for the default name."""
    file: str = ""
    """What the file is called; empty for the default name."""
    incomplete: tuple[str, ...] = ()
    """Fields with a date that is half typed or impossible: the browser keeps what is in them to itself."""
    excess: tuple[str, str] | None = None
    """What is wrong with a form that holds more than is read, and in which field."""

    @classmethod
    def read(cls, data: object) -> Form:
        """Read a message of the browser's; what is no text where text belongs counts as empty."""
        found: Mapping[str, Any] = data if isinstance(data, Mapping) else {}
        values = found.get("values")
        return cls(
            resource=_text(found.get("resource")),
            parent=_text(found.get("parent")),
            values={
                str(key): _text(value)
                for key, value in (values.items() if isinstance(values, Mapping) else ())
                if _text(value)
            },
            since=_text(found.get("since")),
            until=_text(found.get("until")),
            by=_text(found.get("by")),
            where=tuple(_row(row) for row in _listed(found.get("where"))),
            include=tuple(dict.fromkeys(_text(name) for name in _listed(found.get("include")))),
            aggregates=found.get("aggregates") is True,
            variable=_text(found.get("variable")),
            file=_text(found.get("file")),
            incomplete=tuple(_text(name) for name in _listed(found.get("incomplete"))),
            excess=_excess(found),
        )

    def written(self) -> dict[str, Any]:
        """Return it as the browser takes it."""
        return {
            "resource": self.resource,
            "parent": self.parent,
            "values": dict(self.values),
            "since": self.since,
            "until": self.until,
            "by": self.by,
            "where": [[row.column, row.operator, row.value] for row in self.where],
            "include": list(self.include),
            "aggregates": self.aggregates,
            "variable": self.variable,
            "file": self.file,
        }


def _text(value: object) -> str:
    return value[:_LONGEST] if isinstance(value, str) else ""


def _excess(found: Mapping[str, Any]) -> tuple[str, str] | None:
    rows, values = found.get("where"), found.get("values")
    texts = {name: found.get(name) for name in ("since", "until", "by", "variable", "file")}
    texts |= {f"value:{key}": value for key, value in (values if isinstance(values, Mapping) else {}).items()}
    texts |= {f"where:{number}": part for number, row in enumerate(_listed(rows)) for part in _listed(row)}
    if isinstance(rows, list) and len(rows) > _MOST:
        return f"There are more than {_MOST} conditions.", ""
    for name, text in texts.items():
        if isinstance(text, str) and len(text) > _LONGEST:
            return f"A field holds more than {_LONGEST:,} characters.", name
    return None


def _listed(value: object) -> list[Any]:
    return value[:_MOST] if isinstance(value, list) else []


def _row(value: object) -> Row:
    parts = [_text(part) for part in _listed(value)]
    return Row(*(parts + ["", "=", ""][len(parts) :])[:3])
