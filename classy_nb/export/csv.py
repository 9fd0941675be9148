"""CSV files that spreadsheets and pandas read alike: ISO dates, nested cells as JSON, no live formulas.

:func:`to_csv` writes a frame of any kind; :class:`CsvWriter` writes plain Arrow tables one after the other,
which is how whole lists reach the disk. The text of the cells, with the formula guard, is made column by
column in the second half of this file; :mod:`.reading` undoes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa
import pyarrow.compute as pc

from classy_nb.arguments import checked_flag
from classy_nb.errors import UsageError
from classy_nb.frames import computes_with_arrow, local_timestamp
from classy_nb.redact import clear_tracebacks

from .atomic import AtomicFile, explained_errors
from .endings import COMPRESSIONS, check_ending
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
    empty text ``""``. Everything else (periods, bands of ``pd.cut``, decimals, durations) is the text that
    pandas writes. Leading zeros and long ids are kept as they are (a spreadsheet may still drop them
    when it opens the file: import the column as text).

    Parameters
    ----------
    frame
        What to write; a Series becomes its only column. Its index is written unless it only counts rows, as a
        ``RangeIndex`` does, and what filters and sorting leave of it (whole numbers without a name, beside a
        column ``id`` or ``donor_id``). Names of several levels are joined with dots.
    path
        The file: ``.csv``, ``.csv.gz`` and the like (``.bz2``, ``.xz``), or any ending that promises no other
        format. It appears once it is complete, and replaces an older one only then.
    excel
        Begin the file with a byte-order mark: without it, Excel assumes another encoding and shows
        accents and emoji wrongly. Other programs may show the mark in the first column's name.
    neutralize
        Put an apostrophe before text that a spreadsheet would take for a formula: text that begins
        with ``=``, ``+``, ``-``, ``@``, a tab or a carriage return, also behind blanks, quotes,
        apostrophes and invisible characters. The same goes for what follows a semicolon, a tab, a vertical
        bar or a line break within a text, since a program that splits the file there would see a cell of its
        own. Donors type text; run as a formula, it could send your data elsewhere. Numbers (and text that is
        only a negative number) and dates are never changed. :func:`read_csv` removes the apostrophes again.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    UsageError
        *frame* is neither a DataFrame nor a Series, or *path* has the ending of another format.
    ExportError
        The file cannot be written (no such folder, no permission, disk full, open in another program);
        nothing half-written is left.

    Warns
    -----
    DataWarning
        The file is complete, but something about it is not as usual: its permissions could not be set, or a
        text has half of a surrogate pair, which UTF-8 cannot hold and which is written as ``U+FFFD``.

    See Also
    --------
    read_csv : Reads the file with the values and dtypes that the frame had.
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
        checked_flag("excel", excel)
        checked_flag("neutralize", neutralize)
        if not isinstance(path, AtomicFile):
            check_ending(path, "csv")
            path = AtomicFile(path)
        self._atomic = path
        compress = COMPRESSIONS.get(path.path.suffix.lower())
        self._file: Any = path.file if compress is None else compress(path.file, "wb")
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
                names = pa.array(self._names, pa.string())
                header = ",".join(quoted(names, neutralize=self._neutralize).to_pylist())
                self._file.write((_BOM if self._excel else b"") + f"{header}\n".encode())
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
        self._file.write(memoryview(lines.buffers()[2])[:size])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._atomic.abort()
            return
        if self._file is not self._atomic.file:
            try:
                with explained_errors(self.path):
                    self._file.close()  # writes the rest of what is compressed; the file below stays open
            except BaseException:
                self._atomic.abort()
                raise
        self._atomic.commit()


def _whole(column: pa.ChunkedArray) -> pa.Array:
    array = column.combine_chunks()
    return array if isinstance(array, pa.Array) else pa.concat_arrays(array.chunks)


# The text of the cells

# Where a formula begins: the four operators, and what Unicode has for them (full width, small, superscript,
# subscript, the minus sign), which spreadsheets and input methods turn into them.
_OPERATORS = (
    r"=+\-@\x{ff1d}\x{ff0b}\x{ff0d}\x{ff20}\x{fe66}\x{fe62}\x{fe63}\x{fe6b}"
    r"\x{207c}\x{207a}\x{207b}\x{208c}\x{208a}\x{208b}\x{2212}\x{fb29}"
)
# What may stand before it and does not show, or is dropped: quotes, blanks, control and format characters
# (such as NUL, zero-width blanks and direction marks), combining marks, and letters drawn as nothing.
# Without tab and line breaks, since a cell may begin behind those.
_LEAD = (
    r"'\"\x00-\x08\x0b\x0c\x0e-\x20\x7f-\xa0"
    r"\p{Z}\p{Cf}\p{Co}\p{M}\x{115f}\x{1160}\x{2800}\x{3164}\x{ffa0}"
)
FORMULA = rf"^[{_LEAD}\t\r\n]*[{_OPERATORS}\t\r]"
"""Text that a spreadsheet may take for a formula: an operator first, even behind what cannot be seen."""
FORMULA_WITHIN = rf"([;|\t\r\n])([{_LEAD}]*[{_OPERATORS}])"
"""The same behind what separates cells or lines elsewhere. (A comma separates here, so it is always quoted.)

A file that is split at ``;`` although it has commas is not quoted as far as its reader can tell: quotes count
only where a cell begins. So every separator within a text may begin a cell, or even a line."""
_NUMBER = r"^-(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$"
"""A negative number, which is not a formula."""
_NEEDS_QUOTES = r"[\",;|\t\r\n]|^$|^\s|\s$|^\x{feff}"
"""Whatever separates cells in any usual reader, and a mark that would be lost at the beginning of a file."""


def column_text(column: pa.Array, *, neutralize: bool) -> pa.Array:
    """Return a column's cells as they are written; missing ones stay missing."""
    kind = column.type
    if pa.types.is_timestamp(kind):
        return _instants(column)
    if pa.types.is_date(kind):
        return column.cast(pa.date32()).cast(pa.string())
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
        if pc.any(pc.match_substring_regex(text, FORMULA_WITHIN)).as_py():
            text = pc.replace_substring_regex(text, FORMULA_WITHIN, r"\1'\2")
    needy = pc.fill_null(pc.match_substring_regex(text, _NEEDS_QUOTES), False)
    if pc.any(needy).as_py():
        escaped = pc.replace_substring(text, '"', '""')
        text = pc.if_else(needy, pc.binary_join_element_wise('"', escaped, '"', ""), text)
    return text


def unguarded(text: pa.Array) -> pa.Array:
    """Remove the apostrophes that :func:`quoted` has put before formulas, and no others."""
    guarded = pc.match_substring_regex(text, rf"^'{FORMULA[1:]}")
    text = pc.if_else(guarded, pc.utf8_slice_codeunits(text, 1), text)
    within = FORMULA_WITHIN.replace(")(", ")'(")
    return pc.replace_substring_regex(text, within, r"\1\2")


def _floats(column: pa.Array) -> pa.Array:
    """Write the shortest text that reads back as the same number; NaN is missing."""
    column = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
    text = column.cast(pa.string())
    whole = pc.fill_null(pc.match_substring_regex(text, r"^-?\d+$"), False)
    # A whole amount keeps its ".0": a reader that guesses then guesses a number with decimals.
    text = pc.if_else(whole, pc.binary_join_element_wise(text, ".0", ""), text)
    # Python, and so pandas, begins to use exponents elsewhere than Arrow does.
    size = pc.abs(column)
    other = pc.or_(pc.greater_equal(size, _LARGE), pc.and_(pc.less(size, _SMALL), pc.greater(size, 0)))
    other = pc.fill_null(other, False)
    if pc.any(other).as_py():
        values = column.filter(other).to_numpy(zero_copy_only=False)
        text = pc.replace_with_mask(text, other, pa.array([str(value) for value in values], text.type))
    return text


_LARGE, _SMALL = 1e15, 1e-4


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
        return _iso(column)
    in_utc = column.cast(pa.timestamp(column.type.unit, "UTC"))
    local, utc = local_timestamp(column), local_timestamp(in_utc)
    offset = pc.subtract(local, utc).cast(pa.duration("s")).cast(pa.int64())
    in_minutes = pc.equal(pc.multiply(pc.divide(offset, 60), 60), offset)
    if pc.all(in_minutes).as_py() is False:
        # Long ago, offsets had seconds, which ISO 8601 does not allow: those cells are written in UTC.
        local, offset = pc.if_else(in_minutes, local, utc), pc.if_else(in_minutes, offset, 0)
    # A column has a few offsets: formatting those, not each cell, takes a fifth of the time.
    few = offset.dictionary_encode()
    texts = [
        f"{'-' if seconds < 0 else '+'}{abs(seconds) // 3600:02}:{abs(seconds) // 60 % 60:02}"
        for seconds in few.dictionary.to_pylist()
    ]
    return pc.binary_join_element_wise(_iso(local), pa.array(texts, pa.string()).take(few.indices), "")


def _iso(column: pa.Array) -> pa.Array:
    whole = column.cast(pa.timestamp("s"), safe=False)
    is_whole = pc.equal(whole.cast(column.type), column)
    text = whole.cast(pa.string())
    if pc.all(is_whole).as_py() is False:
        text = pc.if_else(is_whole, text, column.cast(pa.string()))
    return pc.replace_substring(text, " ", "T", max_replacements=1)
