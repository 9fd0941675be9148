"""What the explorer's buttons do, each in a job's thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from classy_nb.errors import ExportError, InterruptedFetchError, UsageError
from classy_nb.query import read_conditions

from .facts import values_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import pandas as pd

    from classy_nb.catalog import Column
    from classy_nb.progress import Watcher
    from classy_nb.query import Query

    from .jobs import Job
    from .share import Share

PREVIEW_ROWS = 5


class Source(Protocol):
    """What the explorer needs of a resource of the connection."""

    def __call__(self, *, progress: Watcher, **asked: Any) -> pd.DataFrame:
        """Fetch a list."""
        ...

    def count(self, *, progress: Watcher, **asked: Any) -> int:
        """Count a list."""
        ...

    def to_csv(self, path: Path, *, progress: Watcher, **asked: Any) -> Path:
        """Fetch a list into a file."""
        ...


def preview(source: Source, asked: Mapping[str, Any], job: Job) -> pd.DataFrame:
    """Fetch the first few rows."""
    return source(limit=PREVIEW_ROWS, progress=job.watch, **asked)


def prepare(source: Source, share: Share, asked: Mapping[str, Any], job: Job) -> int:
    """Fetch a list into a file that the browser will be handed; return the number of its rows.

    What raises leaves nothing behind, and says nothing of the file, which is of no use to anybody.
    """
    try:
        source.to_csv(share.path, progress=job.watch, **asked)
        share.seal(job.check)
    except InterruptedFetchError:
        share.drop()
    except ExportError as error:
        share.drop()
        what = error.what.replace(str(share.path), share.name)
        raise ExportError(what, advice=error.advice) from None
    except BaseException as error:
        share.drop()
        vars(error).pop("__notes__", None)  # that the same call goes on
        raise
    else:
        return job.rows
    raise InterruptedFetchError("Cancelled; nothing was kept.")


def statuses_of(query: Query, seen: Iterable[str]) -> list[str]:
    """Return the statuses to count: those that are known, and those that were *seen* in rows.

    Empty where there is no such column, or where the question is about one status already.
    """
    column = next((column for column in query.columns if column.name == "status"), None)
    asked = [condition for condition in query.conditions if condition.column.name == "status"]
    if column is None or any(condition.operator == "=" for condition in asked):
        return []
    return [status for status in dict.fromkeys([*values_of(column), *seen]) if _can_be_asked(status, column)]


def _can_be_asked(status: str, column: Column) -> bool:
    try:
        read_conditions(f"status = {status}", {"status": column}, "UTC")
    except UsageError:
        return False
    return True


def count(source: Source, asked: Mapping[str, Any], statuses: Iterable[str], job: Job) -> dict[str, Any]:
    """Count all, and then status by status until everything is accounted for.

    Returns
    -------
    dict
        ``total``; ``rows``, pairs of status and number (those there are none of left out); ``other``,
        how many have yet another status; ``ignored``, whether the API did not look at the condition;
        ``requests``.
    """
    statuses = list(statuses)

    def quiet(_rows: int, _total: int | None, _note: str, /) -> None:
        job.check()

    where = asked.get("where", [])
    given = [where] if isinstance(where, str) else list(where)
    job.unit = "statuses"
    job.watch(0, None, "counting all")
    total = source.count(progress=quiet, **asked)
    rows: list[tuple[str, int]] = []
    left, requests, ignored = total, 1, False
    for place, status in enumerate(statuses):
        # Where the first status takes all, a second one tells whether the API looks at the condition.
        if left < 0 or (left == 0 and (place > 1 or not total)):
            break
        job.watch(place, len(statuses), f"counting {status}")
        number = source.count(progress=quiet, **{**asked, "where": [*given, f"status = {status}"]})
        requests += 1
        left -= number
        if number:
            rows.append((status, number))
    if left < 0:
        rows, left, ignored = [], 0, True
    return {
        "total": total,
        "rows": sorted(rows, key=lambda pair: -pair[1]),
        "other": left if rows else 0,
        "ignored": ignored,
        "requests": requests,
    }
