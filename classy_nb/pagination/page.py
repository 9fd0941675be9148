"""One page of a list, read by its shape: the API's envelopes differ from path to path."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from classy_nb.errors import UnexpectedAnswerError
from classy_nb.http import message_of
from classy_nb.redact import safe_path, scrub

from .records import Records

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence


@dataclass(frozen=True)
class Page:
    """Records of one answer and what it says of the whole list (None where it says nothing)."""

    records: Sequence[Any]
    total: int | None = None
    last_page: int | None = None
    size: int | None = None
    """How many records were asked for."""

    def __post_init__(self) -> None:
        if not isinstance(self.records, Records):
            object.__setattr__(self, "records", Records(self.records))

    @property
    def ends_the_list(self) -> bool:
        """Whether nothing follows, where the key is behind this page's records.

        A full page is never believed to be the last, whatever the server says it promised.
        """
        count = len(self.records)
        if count == 0:
            return True
        full = self.size is not None and count >= self.size
        return not full and self.total is not None and self.total <= count

    def ids(self) -> list[int] | None:
        """Return the records' integer ids, or None where one has none."""
        try:
            numbers = [record["id"] for record in self.records]
        except (TypeError, KeyError):
            return None
        if set(map(type, numbers)) <= {int}:  # as almost always
            return numbers
        found = [_id(record) for record in self.records]
        return None if None in found else [id_ for id_ in found if id_ is not None]

    def keys(self) -> list[Hashable]:
        """Return what tells each record from the others: its id, or a digest of it where it has none."""
        return [_digest(record) if (id_ := _id(record)) is None else id_ for record in self.records]


def _id(record: Any) -> int | None:
    value = record.get("id") if isinstance(record, dict) else None
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _digest(record: Any) -> bytes:
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).digest()


def read_page(body: Any, path: str) -> Page:
    """Read a list's answer: a paginator, a bare array, an envelope of one record, or no content.

    Raises
    ------
    UnexpectedAnswerError
        It is none of these, such as an error under status 200.
    """
    if body is None:
        return Page((), 0, 1)
    if isinstance(body, list):
        return Page(body, len(body), 1)
    if isinstance(body, dict) and "data" in body:
        data = body["data"]
        if isinstance(data, dict):
            return Page([data], _count(body.get("total")), _count(body.get("last_page")))
        if isinstance(data, list) or data is None:
            return Page(data or (), _count(body.get("total")), _count(body.get("last_page")))
        del data
    said = scrub(message_of(body))
    del body  # a traceback may show what is left here
    what = f"The API answered without data{f' and says {said!r}' if said else ''}."
    raise UnexpectedAnswerError(what, method="GET", path=safe_path(path), status=200)


def looks_like_list(body: Any) -> bool:
    """Whether an answer is a list of records, by its shape."""
    return isinstance(body, list) or (
        isinstance(body, dict) and isinstance(body.get("data"), list) and "current_page" in body
    )


def _count(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
