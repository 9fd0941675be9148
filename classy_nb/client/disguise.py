"""Noticing answers that say no under status 200."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from classy_nb.errors import UnexpectedAnswerError
from classy_nb.http import message_of
from classy_nb.redact import safe_path, scrub

if TYPE_CHECKING:
    from classy_nb.query import Query

_OF_ERRORS = frozenset(
    ("error", "error_description", "message", "errors", "success", "status", "code", "queries_log")
)


def disguised_error(body: Any, query: Query) -> UnexpectedAnswerError | None:
    """Return the error that an answer for an object is, or None where it is no error.

    An error has words and nothing of the record that was asked for; where the catalog does not know
    the record, it has nothing but the keys of errors.
    """
    if not isinstance(body, dict) or not (body.get("success") is False or _words(body)):
        return None
    known = {column.name.partition(".")[0] for column in query.columns} - _OF_ERRORS
    if known & set(body) or (not known and not set(body) <= _OF_ERRORS):
        return None
    said = scrub(message_of(body))
    what = f"The API answered without data{f' and says {said!r}' if said else ''}."
    return UnexpectedAnswerError(what, method="GET", path=safe_path(query.path), status=200)


def _words(body: dict[str, Any]) -> str:
    return message_of({key: body[key] for key in ("error", "error_description", "errors") if key in body})
