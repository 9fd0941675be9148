"""Counting by status: one request for all records, then one for each status until none are left over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from classy_nb.errors import UsageError

from .choices import known_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from classy_nb.catalog import ResourceSpec
    from classy_nb.client import Resource
    from classy_nb.query import Query, QueryBuilder

    from .jobs import Job


def statuses_to_count(
    spec: ResourceSpec,
    queries: QueryBuilder,
    query: Query,
    keywords: Mapping[str, Any],
    seen: Iterable[str],
) -> list[str]:
    """Return the statuses to count: the documented ones and those *seen* in rows.

    Empty if the records have no status, or if the query is about one status already.
    """
    column = next((column for column in query.columns if column.name == "status"), None)
    if column is None or any(c.column.name == "status" and c.operator == "=" for c in query.conditions):
        return []

    def can_be_asked_for(status: str) -> bool:
        try:
            queries.for_list(spec, **{**keywords, "where": f"status = {status}"})
        except UsageError:  # such as a status with a comma
            return False
        return True

    return [status for status in dict.fromkeys([*known_values(column), *seen]) if can_be_asked_for(status)]


def count_by_status(
    resource: Resource, keywords: Mapping[str, Any], statuses: Sequence[str], job: Job
) -> dict[str, Any]:
    """Count all records, then status by status.

    Returns
    -------
    dict
        ``total``; ``rows``, pairs of status and number, largest first, without zeros; ``other``, how many
        records have yet another status; ``ignored``, whether the API ignored the condition on the status;
        ``requests``.
    """

    def check_only(_rows: int, _total: int | None, _note: str, /) -> None:
        job.check()

    where = keywords.get("where", [])
    conditions = [where] if isinstance(where, str) else list(where)
    job.unit = "statuses"
    job.progress(0, None, "counting all")
    total = resource.count(progress=check_only, **keywords)
    rows: list[tuple[str, int]] = []
    left, requests = total, 1
    for place, status in enumerate(statuses):
        # If the first status accounts for all records, that may be true, or the API may have ignored the
        # condition: the second status tells (its number makes the rest negative).
        if left < 0 or (left == 0 and (place > 1 or not total)):
            break
        job.progress(place, len(statuses), f"counting {status}")
        number = resource.count(
            progress=check_only, **{**keywords, "where": [*conditions, f"status = {status}"]}
        )
        requests += 1
        left -= number
        if number:
            rows.append((status, number))
    ignored = left < 0
    if ignored:
        rows = []
    return {
        "total": total,
        "rows": sorted(rows, key=lambda pair: -pair[1]),
        "other": left if rows else 0,
        "ignored": ignored,
        "requests": requests,
    }
