"""One partition, read on an executor: it comes in, and all of its rows go out as Arrow batches.

Spark keeps nothing of a task that fails, so rows may leave before the last check.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from classy_nb.catalog import load
from classy_nb.client import HttpOptions
from classy_nb.errors import DataWarning, IncompleteResultError, warn
from classy_nb.redact import clear_tracebacks, safe_path

from .applications import open_session
from .columns import BATCH_ROWS, batches

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from classy_nb.client import Session
    from classy_nb.query import Query

    from .planning import Part


@clear_tracebacks
def read(part: Part) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a partition, in order of id.

    Raises
    ------
    CredentialsError
        There are no usable credentials where the plan says, or they were refused.
    IncompleteResultError
        Other rows came than the range holds.
    ClassyError
        The API could not be reached or refused.
    """
    credentials = part.application.credentials(part.settings)
    session = open_session(
        credentials, part.organization, HttpOptions(part.workers, part.requests_per_minute)
    )
    try:
        bounds = [] if part.until is None else [f"id <= {part.until}"]
        where = [*part.question.get("where", ()), *bounds]
        query = session.queries.for_list(
            load().resources[part.resource], **{**part.question, "where": where}
        ).with_decimals()
        received, last = 0, part.after
        for table in session.fetcher.tables(query, BATCH_ROWS, progress=False, after=part.after):
            received += len(table)
            if part.until is not None:
                last = _checked_ids(table, last, part, query)
            yield from batches(table, query, part.organization)
        _check_number(received, part, query, session)
    finally:
        session.close()


def _checked_ids(table: pa.Table, last: int | None, part: Part, query: Query) -> int | None:
    """Return the last id of a table; raise where an id came twice, or lies outside of the range."""
    for id_ in table["id"].to_pylist():
        if id_ is None or (last is not None and id_ <= last) or id_ > part.until:
            what = f"Rows came that do not belong to the range of ids {_range(part)}, or came twice."
            raise IncompleteResultError(what, method="GET", path=safe_path(query.path))
        last = id_
    return last


def _check_number(received: int, part: Part, query: Query, session: Session) -> None:
    """Raise where the range does not hold as many rows as came.

    A gift that was deleted, or that no longer matches, since the plan was made is not missing: the API counts
    the range once more, and it is right if that is what came.
    """
    if part.rows in (None, received) or query.accept_incomplete:
        return
    now = session.fetcher.paginate(query, after=part.after).count()
    if now != received:
        error = IncompleteResultError(
            f"{received:,} rows came of the range of ids {_range(part)}, which holds {now:,}.",
            method="GET",
            path=safe_path(query.path),
        )
        error.expected, error.received = now, received
        raise error
    warn(
        f"{query.endpoint.resource}: the range of ids {_range(part)} had {part.rows:,} rows when it was "
        f"planned, and has {received:,} now.",
        DataWarning,
    )


def _range(part: Part) -> str:
    return f"{(part.after or 0) + 1} to {part.until}"
