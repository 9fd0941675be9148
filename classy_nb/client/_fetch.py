"""From a query to frames: one place that walks, builds and checks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from classy_nb.frames import FrameBuilder
from classy_nb.walk import Walk

from ._verify import warn_where_ignored

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

    from classy_nb.query import Query
    from classy_nb.transport import Transport

Backend = Literal["numpy_nullable", "pyarrow"]
BATCH_ROWS = 10_000


class Fetcher:
    """Fetches queries over one transport, into frames of one time zone."""

    def __init__(self, transport: Transport, timezone: str) -> None:
        self._transport = transport
        self.timezone = timezone

    def json(self, query: Query) -> Any:
        """Return the JSON of an object; None for an answer without content."""
        return self._transport.get(query.path, query.parameters, member_only=query.endpoint.member_only)

    def walk(self, query: Query) -> Walk:
        """Return the walk over a list."""

        def fetch(parameters: Sequence[tuple[str, str]], patient: bool) -> Any:  # noqa: FBT001
            return self._transport.get(
                query.path, parameters, member_only=query.endpoint.member_only, patient=patient
            )

        return Walk(query, fetch)

    def frame(self, query: Query, backend: Backend) -> pd.DataFrame:
        """Return a whole list as one frame, in the order asked for."""
        walk = self.walk(query)
        builder = self._builder(query, backend)
        for records in walk.pages():
            builder.add(list(records))
        frame = builder.frame()
        warn_where_ignored(frame, query.conditions)
        if query.sort and query.limit is None and len(frame):
            names = [name for name, _ in query.sort]
            if set(names) <= set(frame.columns):
                frame = frame.sort_values(
                    names, ascending=[not down for _, down in query.sort], kind="stable", ignore_index=True
                )
        frame.attrs["classy"] = self._about(query, walk)
        return frame

    def batches(self, query: Query, backend: Backend, rows: int) -> Iterator[pd.DataFrame]:
        """Yield a list as frames of about *rows* rows each; at least one, maybe empty."""
        walk = self.walk(query)
        builder, yielded = self._builder(query, backend), False
        for records in walk.pages():
            builder.add(list(records))
            if builder.rows >= rows:
                yield self._finished(builder, query, walk)
                builder, yielded = self._builder(query, backend), True
        if builder.rows or not yielded:
            yield self._finished(builder, query, walk)

    def _finished(self, builder: FrameBuilder, query: Query, walk: Walk) -> pd.DataFrame:
        frame = builder.frame()
        warn_where_ignored(frame, query.conditions)
        frame.attrs["classy"] = self._about(query, walk)
        return frame

    def _builder(self, query: Query, backend: Backend) -> FrameBuilder:
        return FrameBuilder(
            query.columns, timezone=self.timezone, dtype_backend=backend, label=query.endpoint.resource
        )

    def _about(self, query: Query, walk: Walk) -> dict[str, Any]:
        asked = [("filter", str(condition)) for condition in query.conditions]
        asked += [("sort", f"{name}:desc" if down else name) for name, down in query.sort]
        return {
            "resource": query.endpoint.resource,
            "path": query.path,
            "asked": [f"{name}={value}" for name, value in (*query.parameters, *asked)],
            "fetched_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "requests": walk.requests,
            "total": walk.total,
        }
