"""Lists straight into files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from classy_nb.errors import UsageError
from classy_nb.progress import Progress
from classy_nb.redact import clear_tracebacks

from .fetch import BATCH_ROWS, Fetcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pandas as pd

    from classy_nb.progress import Watcher
    from classy_nb.query.builder import Query


class Files:
    """What a resource writes: CSV and Parquet, streamed, atomic, resumable."""

    @property
    def _fetcher(self) -> Fetcher:
        raise NotImplementedError

    def _batched(self, **asked: Any) -> Query:
        raise NotImplementedError

    @clear_tracebacks
    def to_csv(
        self,
        path: str | Path,
        *,
        excel: bool = False,
        neutralize: bool = True,
        progress: bool | Watcher | None = None,
        **asked: Any,
    ) -> Path:
        """Fetch a list straight into a CSV file, in constant memory where :meth:`batches` has it.

        After a crash, an interrupt or a lost connection the same call goes on where it ended, within a day
        of the first call's beginning; until then what has come stands in a hidden folder beside the file.
        Those rows are as they were then: a gift that was refunded since is not seen. A warning says so; to
        begin anew, delete the folder that it names. Where the API counts more records by then than had come
        (a gift that matches ``where=`` only since), they are dropped, and all is fetched anew.

        Parameters
        ----------
        path
            The file; it appears when it is complete and replaces an older one only then.
        excel, neutralize
            As in :func:`classy_nb.to_csv`.
        progress, **asked
            As for :meth:`batches`.

        Returns
        -------
        Path
            The file that was written.

        Raises
        ------
        ExportError
            The file cannot be written; nothing half-written is left.
        ClassyError
            The list cannot be fetched.

        Warns
        -----
        DataWarning
            It goes on with rows of an earlier call, which may have changed since; or drops them, and says
            why.
        """
        from classy_nb.export import stream_csv

        batches, question, options = self._stream(progress=progress, **asked)
        return stream_csv(batches, path, question, excel=excel, neutralize=neutralize, **options)

    @clear_tracebacks
    def to_parquet(self, path: str | Path, *, progress: bool | Watcher | None = None, **asked: Any) -> Path:
        """Fetch a list straight into a Parquet file (zstd), in constant memory where :meth:`batches` has it.

        Nested cells become JSON text. ``pd.read_parquet(path, dtype_backend="numpy_nullable")`` reads
        it back with the dtypes of a frame. After a crash, an interrupt or a lost connection the same call
        goes on where it ended, as with :meth:`to_csv`: rows that came before are as they were then, a
        warning says so, and to begin anew, delete the folder that it names.

        Parameters
        ----------
        path
            The file; it appears when it is complete and replaces an older one only then.
        progress, **asked
            As for :meth:`batches`.

        Returns
        -------
        Path
            The file that was written.

        Raises
        ------
        ExportError
            The file cannot be written; nothing half-written is left.
        ClassyError
            The list cannot be fetched.

        Warns
        -----
        DataWarning
            It goes on with rows of an earlier call, which may have changed since; or drops them, and says
            why.
        """
        from classy_nb.export import stream_parquet

        batches, question, options = self._stream(progress=progress, **asked)
        return stream_parquet(batches, path, question, **options)

    def _stream(
        self, *, progress: bool | Watcher | None, **asked: Any
    ) -> tuple[Callable[[int | None], Iterator[pd.DataFrame]], dict[str, Any], dict[str, Any]]:
        """Return what makes the batches behind an id, the question, and how to stream."""
        query = self._batched(**asked)
        by_id = query.endpoint.id is not None and query.limit is None
        watcher = progress if callable(watchable(progress)) else None
        line = Progress(query.endpoint.resource, wanted=watcher or False)

        def batches(after: int | None) -> Iterator[pd.DataFrame]:
            return self._fetcher.batches(query, "numpy_nullable", BATCH_ROWS, progress=progress, after=after)

        def count_until(last: int) -> int | None:
            return self._fetcher.paginate(query, line).count_until(last)

        options = {"resumable": by_id, "count_until": count_until, "watcher": watcher}
        return batches, self._fetcher.question(query), options


def watchable(progress: object) -> bool | Watcher | None:
    """Return what says whom to show the progress; refuse what only looks like it."""
    if progress is None or isinstance(progress, bool) or callable(progress):
        return progress
    raise UsageError(f"progress={progress!r} is neither True, False, None nor a function.")
