"""Endpoints (one GET each) and the resources they make up."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_CAMEL = re.compile(r"(?<=[a-z0-9])([A-Z])")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One query parameter; *name* is the API's spelling, :attr:`keyword` is ours."""

    name: str
    type: str
    choices: tuple[str, ...] = ()
    required: bool = False
    default: bool | None = None

    @property
    def keyword(self) -> str:
        """The Python keyword: ``fundraisingTeams`` is ``fundraising_teams``."""
        return _CAMEL.sub(r"_\1", self.name).lower()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One GET of the API."""

    path: str
    """Path below ``/2.0`` with its keys in braces: ``/campaigns/{campaign}/transactions``."""
    kind: str
    """``list`` (paginated), ``bare`` (a JSON array), ``envelope`` (payouts) or ``object``."""
    record: str
    """Name of the record answered; a column kind where the items are plain values."""
    resource: str
    key: str | None = None
    """The path key that is the record's own id: ``transaction`` in ``/transactions/{transaction}``."""
    id: str | None = None
    """The integer column that identifies a record, or None."""
    date: str | None = None
    """The business date that ``since`` and ``until`` refer to, or None."""
    include: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    text_keys: tuple[str, ...] = ()
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
            )
            for name, spec in data.get("parameters", {}).items()
        )
        converted: dict[str, Any] = {
            "parameters": parameters,
            "choices": {k: tuple(v) for k, v in data.get("choices", {}).items()},
            "include": tuple(data.get("include", ())),
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
        """Whether the answer becomes a frame (many records) rather than a Series (one)."""
        return self.kind != "object"

    @property
    def deprecated(self) -> bool:
        """Whether the vendor announced the end of this endpoint."""
        return "deprecated" in self.flags

    @property
    def member_only(self) -> bool:
        """Whether the vendor declares that an application's token is not enough."""
        return "member_only" in self.flags

    @property
    def listed(self) -> bool:
        """Whether the vendor's document lists this endpoint."""
        return "unlisted" not in self.flags


@dataclass(frozen=True, slots=True)
class ResourceSpec:
    """A kind of record and the endpoints that answer it."""

    name: str
    endpoints: tuple[Endpoint, ...]

    @property
    def lists(self) -> tuple[Endpoint, ...]:
        """Endpoints that answer many records."""
        return tuple(e for e in self.endpoints if e.is_list)

    @property
    def objects(self) -> tuple[Endpoint, ...]:
        """Endpoints that answer one record."""
        return tuple(e for e in self.endpoints if not e.is_list)
