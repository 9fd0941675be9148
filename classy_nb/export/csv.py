"""CSV files that spreadsheets and pandas read alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa
import pyarrow.compute as pc

from classy_nb.errors import UsageError
from classy_nb.redact import clear_tracebacks

from .atomic import AtomicFile, telling_reasons
from .cells import column_text, header_text, with_days
from .tables import as_frame, flat_table

if TYPE_CHECKING:
    import os
    from pathlib import Path
    from types import TracebackType

    import pandas as pd

_BOM = b"\xef\xbb\xbf"
_ROWS_AT_ONCE = 10_000


@clear_tracebacks
def to_csv(
    frame: pd.DataFrame | pd.Series[Any],
    path: str | os.PathLike[str],
    *,
    excel: bool = False,
    neutralize: bool = True,
) -> Path:
    """Write a frame to a CSV file that is safe to open in a spreadsheet.

    UTF-8, one header line, commas. Instants are ISO 8601 with their offset
    (``2026-01-31T18:30:00-08:00``; in UTC where that was not in whole minutes, as before 1900), days
    ``2026-01-31``, flags ``true`` and ``false``, nested cells JSON; a missing value is an empty cell, an
    empty text ``""``. Leading zeros and long ids are kept as they are (a spreadsheet may still drop them
    when it opens the file: import the column as text).

    Parameters
    ----------
    frame
        What to write; a Series becomes its only column. Its index is written where it is not just a count.
    path
        The file. It appears when it is complete and replaces an older one only then.
    excel
        Begin the file with a byte-order mark: without it Excel takes the file for another encoding
        and shows accents and emoji wrongly. Other programs may show the mark in the first column's name.
    neutralize
        Put an apostrophe before text that a spreadsheet would take for a formula: text that begins
        with ``=``, ``+``, ``-``, ``@``, a tab or a carriage return, also behind blanks, quotes or
        apostrophes. Donors type text; run as a formula it could send your data elsewhere. Numbers (also
        text that is nothing but a negative number) and dates are never changed. To undo it, take one
        apostrophe off each text that has one in front of such a beginning.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    UsageError
        *frame* is neither a DataFrame nor a Series.
    ExportError
        The file cannot be written (no such folder, no permission, disk full); nothing half-written is left.

    Notes
    -----
    pandas reads it back with the same values when it is told the dtypes, and to take empty cells only for
    missing (or a donor named "NA" would be)::

        back = pd.read_csv(path, dtype=dtypes, parse_dates=dates, keep_default_na=False, na_values=[""])
    """
    table = as_frame(frame)
    with CsvWriter(path, excel=excel, neutralize=neutralize) as writer:
        writer.write(table)
    return writer.path


class CsvWriter:
    """Writes frames of the same columns into one CSV file, one after the other.

    A context manager: the file is renamed to its name at the end, and removed if an error passes.

    Parameters
    ----------
    path, excel, neutralize
        As in :func:`to_csv`; also a file that is open already.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | AtomicFile,
        *,
        excel: bool = False,
        neutralize: bool = True,
    ) -> None:
        self._atomic = path if isinstance(path, AtomicFile) else AtomicFile(path)
        self._neutralize = neutralize
        self._excel = excel
        self._names: list[str] | None = None
        self.rows = 0

    @property
    def path(self) -> Path:
        """The file to be written."""
        return self._atomic.path

    def write(self, frame: pd.DataFrame) -> None:
        """Write the rows of *frame*; the header is written with the first one."""
        self.write_table(flat_table(frame))

    def write_table(self, table: pa.Table) -> None:
        """Write the rows of an Arrow table of plain columns."""
        with telling_reasons(self.path):
            if self._names is None:
                self._names = table.column_names
                header = ",".join(header_text(name, neutralize=self._neutralize) for name in self._names)
                self._atomic.file.write((_BOM if self._excel else b"") + f"{header}\n".encode())
            elif self._names != table.column_names:
                raise UsageError("All frames of one CSV file need the same columns.")
            table = with_days(table)
            for start in range(0, len(table), _ROWS_AT_ONCE):
                self._write_rows(table.slice(start, _ROWS_AT_ONCE))
        self.rows += len(table)

    def _write_rows(self, table: pa.Table) -> None:
        if not table.num_columns:
            return
        cells = [column_text(_whole(column), neutralize=self._neutralize) for column in table.columns]
        if len(cells) == 1:  # an empty line would be no row at all
            cells = [pc.fill_null(cells[0], '""')]
        lines = pc.binary_join_element_wise(*cells, ",", null_handling="replace", null_replacement="")
        self._atomic.file.write("\n".join([*lines.to_pylist(), ""]).encode())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._atomic.commit()
        else:
            self._atomic.abort()


def _whole(column: pa.ChunkedArray) -> pa.Array:
    array = column.combine_chunks()
    return array if isinstance(array, pa.Array) else pa.concat_arrays(array.chunks)
