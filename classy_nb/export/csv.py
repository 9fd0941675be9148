"""CSV files that spreadsheets and pandas read alike: ISO dates, nested cells as JSON, no live formulas.

:func:`to_csv` writes a frame of any kind; :class:`CsvWriter` writes plain Arrow tables one after the other,
which is how whole lists reach the disk. The text of the cells, with the formula guard, is made column by
column in the second half of this file.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa
import pyarrow.compute as pc

from classy_nb.errors import UsageError
from classy_nb.frames import computes_with_arrow
from classy_nb.redact import clear_tracebacks

from .atomic import AtomicFile, explained_errors
from .tables import as_frame, table_of

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
        What to write; a Series becomes its only column. Its index is written unless it only counts rows.
    path
        The file. It appears once it is complete, and replaces an older one only then.
    excel
        Begin the file with a byte-order mark: without it, Excel assumes another encoding and shows
        accents and emoji wrongly. Other programs may show the mark in the first column's name.
    neutralize
        Put an apostrophe before text that a spreadsheet would take for a formula: text that begins
        with ``=``, ``+``, ``-``, ``@``, a tab or a carriage return, also behind blanks, quotes or
        apostrophes. Donors type text; run as a formula, it could send your data elsewhere. Numbers (and
        text that is only a negative number) and dates are never changed. To undo it, remove one
        apostrophe from each text that has one before such a beginning.

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
    with CsvWriter(path, excel=excel, neutralize=neutralize) as writer:
        writer.write(table_of(as_frame(frame)))
    return writer.path


class CsvWriter:
    """Writes tables with the same columns into one CSV file, one after the other.

    A context manager: the file gets its name at the end, and is removed if an error passes.

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

    def write(self, table: pa.Table) -> None:
        """Write the rows of a table of plain columns; the header is written with the first one."""
        with explained_errors(self.path):
            if self._names is None:
                self._names = table.column_names
                header = ",".join(header_text(name, neutralize=self._neutralize) for name in self._names)
                self._atomic.file.write((_BOM if self._excel else b"") + f"{header}\n".encode())
            elif self._names != table.column_names:
                raise UsageError("All parts of one CSV file need the same columns.")
            table = with_days(table)
            for start in range(0, len(table), _ROWS_AT_ONCE):
                self._write_rows(table.slice(start, _ROWS_AT_ONCE))
        self.rows += len(table)

    @computes_with_arrow
    def _write_rows(self, table: pa.Table) -> None:
        if not table.num_columns:
            return
        cells = [column_text(_whole(column), neutralize=self._neutralize) for column in table.columns]
        if len(cells) == 1:  # an empty line would be no row at all
            cells = [pc.fill_null(cells[0], '""')]
        lines = pc.binary_join_element_wise(*cells, ",", null_handling="replace", null_replacement="")
        lines = pc.binary_join_element_wise(lines, "", "\n")
        # The bytes of all lines lie one after the other in the array's own buffer: no text object is made.
        size = pc.sum(pc.binary_length(lines)).as_py() or 0
        self._atomic.file.write(memoryview(lines.buffers()[2])[:size])

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


# The text of the cells

_FULL_WIDTH = "\uff1d\uff0b\uff0d\uff20"  # the same four, as East Asian keyboards write them
FORMULA = rf"^['\"\s]*[=+\-@\t\r{_FULL_WIDTH}]"
"""Text that a spreadsheet may take for a formula: an operator first, even behind blanks or quotes."""
_NUMBER = r"^-(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$"
"""A negative number, which is not a formula."""
_WHOLE_MINUTES = datetime(1972, 2, 1, tzinfo=UTC)
"""Since then, every zone's offset has been in whole minutes (Liberia was the last)."""
_NEEDS_QUOTES = r"[\",\r\n]|^$|^\s|\s$"


def column_text(column: pa.Array, *, neutralize: bool) -> pa.Array:
    """Return a column's cells as they are written; missing ones stay missing."""
    kind = column.type
    if pa.types.is_timestamp(kind):
        return _instants(column)
    if pa.types.is_date(kind):
        return pc.strftime(column.cast(pa.timestamp("s")), format="%Y-%m-%d")
    if pa.types.is_floating(kind):
        return _floats(column)
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_decimal(kind):
        return column.cast(pa.string())
    if pa.types.is_null(kind):
        return pa.nulls(len(column), pa.string())
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        column = pa.array([None if cell is None else str(cell) for cell in column.to_pylist()], pa.string())
    return quoted(column.cast(pa.string()), neutralize=neutralize)


def quoted(text: pa.Array, *, neutralize: bool) -> pa.Array:
    """Put an apostrophe before whatever looks like a formula, and quotes around whatever needs them."""
    if neutralize:
        formula, number = (pc.match_substring_regex(text, pattern) for pattern in (FORMULA, _NUMBER))
        risky = pc.fill_null(pc.and_not(formula, number), False)
        if pc.any(risky).as_py():
            text = pc.if_else(risky, pc.binary_join_element_wise("'", text, ""), text)
    needy = pc.fill_null(pc.match_substring_regex(text, _NEEDS_QUOTES), False)
    if pc.any(needy).as_py():
        escaped = pc.replace_substring(text, '"', '""')
        text = pc.if_else(needy, pc.binary_join_element_wise('"', escaped, '"', ""), text)
    return text


def header_text(name: str, *, neutralize: bool) -> str:
    """Return a column's name as it is written."""
    if neutralize and re.match(FORMULA, name):
        name = f"'{name}"
    return '"' + name.replace('"', '""') + '"' if re.search(_NEEDS_QUOTES, name) else name


def _floats(column: pa.Array) -> pa.Array:
    """Write the shortest text that reads back as the same number; NaN is missing."""
    column = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
    text = column.cast(pa.string())
    whole = pc.fill_null(pc.match_substring_regex(text, r"^-?\d+$"), False)
    # A whole amount keeps its ".0": a reader that guesses then guesses a number with decimals.
    return pc.if_else(whole, pc.binary_join_element_wise(text, ".0", ""), text)


def with_days(table: pa.Table) -> pa.Table:
    """Return *table* with columns of instants without a zone as days, if all of them are midnights."""
    for place, column in enumerate(table.schema):
        if pa.types.is_timestamp(column.type) and column.type.tz is None:
            days = table[place].cast(pa.date32(), safe=False)
            if pc.all(pc.equal(days.cast(column.type), table[place])).as_py() is not False:
                table = table.set_column(place, column.name, days)
    return table


def _instants(column: pa.Array) -> pa.Array:
    """Write ISO 8601, with the offset if there is a zone; with a fraction only in cells that have one."""
    if column.type.tz is None:
        return _iso(column, "")
    text = pc.replace_substring_regex(_iso(column, "%z"), r"([+-]\d\d)(\d\d)$", r"\1:\2")
    if pc.any(pc.less(column, pa.scalar(_WHOLE_MINUTES, column.type))).as_py():
        # Long ago, offsets had seconds, which ISO 8601 does not allow: those cells are written in UTC.
        utc = column.cast(pa.timestamp(column.type.unit, "UTC"))
        text = pc.if_else(
            _has_seconds(column, utc), pc.binary_join_element_wise(_iso(utc, ""), "+00:00", ""), text
        )
    return text


def _iso(column: pa.Array, offset: str) -> pa.Array:
    whole = column.cast(pa.timestamp("s", column.type.tz), safe=False)
    text = pc.strftime(whole, format=f"%Y-%m-%dT%H:%M:%S{offset}")
    is_whole = pc.equal(whole.cast(column.type), column)
    if pc.all(is_whole).as_py() is not False:
        return text
    return pc.if_else(is_whole, text, pc.strftime(column, format=f"%Y-%m-%dT%H:%M:%S{offset}"))


def _has_seconds(local: pa.Array, utc: pa.Array) -> pa.Array:
    """Whether the offset of each cell is not in whole minutes."""
    walls = (pc.local_timestamp(column).cast(pa.timestamp("s"), safe=False) for column in (local, utc))
    offset = pc.subtract(*walls).cast(pa.int64())
    return pc.not_equal(pc.multiply(pc.divide(offset, 60), 60), offset)
