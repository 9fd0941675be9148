"""Lists straight into files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._fetch import BATCH_ROWS, Fetcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pandas as pd

    from classy_nb.query import Query


class Files:
    """What a resource writes: CSV and Parquet, streamed, atomic, resumable."""

    _fetcher: Fetcher

    def _batched(self, **asked: Any) -> Query:
        raise NotImplementedError

    def to_csv(
        self,
        path: str | Path,
        *,
        excel: bool = False,
        neutralize: bool = True,
        progress: bool | None = None,
        **asked: Any,
    ) -> Path:
        """Fetch a list straight into a CSV file, in constant memory.

        After a crash, an interrupt or a lost connection the same call goes on where it ended (within a
        day); until then what has come stands in a hidden folder beside the file.

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
        """
        from classy_nb.export import stream_csv

        batches, question, resumable = self._stream(progress=progress, **asked)
        return stream_csv(batches, path, question, resumable=resumable, excel=excel, neutralize=neutralize)

    def to_parquet(self, path: str | Path, *, progress: bool | None = None, **asked: Any) -> Path:
        """Fetch a list straight into a Parquet file (zstd), in constant memory.

        Nested cells become JSON text. ``pd.read_parquet(path, dtype_backend="numpy_nullable")`` reads
        it back with the dtypes of a frame. A crash is survived as with :meth:`to_csv`.

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
        """
        from classy_nb.export import stream_parquet

        batches, question, resumable = self._stream(progress=progress, **asked)
        return stream_parquet(batches, path, question, resumable=resumable)

    def _stream(
        self, *, progress: bool | None, **asked: Any
    ) -> tuple[Callable[[int | None], Iterator[pd.DataFrame]], dict[str, Any], bool]:
        """Return what makes the batches behind an id, the question, and whether ids can be gone on from."""
        query = self._batched(**asked)
        by_id = query.endpoint.id is not None and query.limit is None

        def batches(after: int | None) -> Iterator[pd.DataFrame]:
            return self._fetcher.batches(query, "numpy_nullable", BATCH_ROWS, progress=progress, after=after)

        return batches, self._fetcher.question(query), by_id
