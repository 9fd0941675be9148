"""Excel workbooks: real dates and numbers, ids and postal codes whole, text that is only text.

:func:`to_excel` writes frames of any kind, one sheet each; :class:`ExcelWriter` writes plain Arrow tables
one after the other, which is how whole lists reach the disk. XlsxWriter writes the XML, row by row; the
second half of this file says what becomes of a cell. The last sheet, "About", says what was asked, and when.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pandas.api.types import is_object_dtype

from classy_nb import __version__
from classy_nb.errors import DataWarning, UsageError, warn
from classy_nb.frames import computes_with_arrow, local_timestamp
from classy_nb.query import zone
from classy_nb.redact import SECRET_KEYS, clear_tracebacks, is_personal, safe_path, scrub

from .atomic import AtomicFile, explained_errors
from .csv import FORMULA, column_text
from .endings import check_ending
from .tables import array_of, as_frame, as_utf8, cell_text, header_name, named_columns

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Sequence
    from types import TracebackType

MOST_ROWS = 1_048_576
"""Of a sheet, with the header; what follows goes on in another sheet."""
_MOST_COLUMNS = 16_384
_MOST_CHARACTERS = 32_767
"""Of a cell, counted in UTF-16, where an emoji is two."""
_MOST_OF_A_NAME = 31
_NOT_IN_A_NAME = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
_ROWS_AT_ONCE = 1000
"""Rows that are Python objects at the same time."""
_NEVER_FETCHED = datetime(1980, 1, 1)  # noqa: DTZ001 - as the ZIP file says
"""When a workbook was made of which that is not known: the same frame gives the same file."""


@clear_tracebacks
def to_excel(
    frames: pd.DataFrame | pd.Series[Any] | Mapping[Any, pd.DataFrame | pd.Series[Any]],
    path: str | os.PathLike[str],
) -> Path:
    r"""Write frames to an Excel workbook, one sheet each.

    Numbers are numbers, with two decimals where they are money. Days and instants are dates; Excel has no
    time zones, so instants are shown as the clock of their column's zone did, and the sheet "About" names the
    zone. Text is text, whatever it looks like: no formula and no link comes alive, and leading zeros stay.
    Numbers of more than 15 digits, which Excel would round, are text with all of their digits. Flags are TRUE
    and FALSE, durations hours, lists and dicts JSON text; periods, intervals and infinities are the text that
    pandas writes, and a missing value is an empty cell. The header is frozen and has a filter.

    Parameters
    ----------
    frames
        What to write: a frame, a Series (it becomes the only column), or a dict of them by the name of the
        sheet. An index is written, as the first columns, unless it only counts rows, as for :func:`to_csv`.
        Names of several levels are joined with dots.
    path
        The file, which must end in ``.xlsx``. It appears once it is complete, and replaces an older one only
        then.

    Returns
    -------
    Path
        The file that was written. The last sheet, "About", says what was asked of the API and when, as far as
        ``frame.attrs`` tell; values that are personal are masked. A frame without rows gives its header.

    Raises
    ------
    UsageError
        *frames* is none of these, a sheet has a name that Excel refuses (empty, more than 31 characters, one
        of ``[ ] : * ? / \``, an apostrophe at an end, "History", or twice the same but for upper and lower
        case), a frame has more than 16,384 columns, or *path* does not end in ``.xlsx``.
    ExportError
        The file cannot be written (no such folder, no permission, disk full, open in Excel); nothing
        half-written is left, and an older file stays.

    Warns
    -----
    DataWarning
        Something does not fit into Excel: more than 1,048,575 rows, which go on in a second sheet,
        "name (2)"; text of more than 32,767 characters, which is cut; dates before March 1900 or after the
        year 9999, which are text.

    See Also
    --------
    to_csv, to_parquet : Formats without these limits.
    """
    check_ending(path, "excel")
    sheets = _sheets(frames)
    with ExcelWriter(path, taken=sheets) as writer:
        for name, frame in sheets.items():
            columns = named_columns(frame)
            writer.add_sheet(name, [label for label, _ in columns], frame.attrs.get("classy"))
            kinds = [_Kind.of(label, column) for label, column in columns]
            for start in range(0, len(frame), _ROWS_AT_ONCE):
                writer.write_rows(
                    [
                        _column_cells(column.iloc[start : start + _ROWS_AT_ONCE], kind)
                        for (_, column), kind in zip(columns, kinds, strict=True)
                    ],
                )
    return writer.path


def _sheets(frames: Any) -> dict[str, pd.DataFrame]:
    """Return the frames by the names of their sheets, once Excel would take all of it."""
    if isinstance(frames, Mapping):
        if not frames:
            raise UsageError(
                "A workbook needs a sheet, and no frame was given.",
                advice="Pass a frame, or a dict such as {'Gifts': frame}.",
            )
        names = [key if isinstance(key, str) else header_name(key) for key in frames]
        sheets = [as_frame(frame) for frame in frames.values()]
        _check_names(names)
    else:
        sheets = [as_frame(frames)]
        about = sheets[0].attrs.get("classy")
        resource = about.get("resource") if isinstance(about, dict) else None
        names = [_possible_name(str(resource or "Sheet1"))]
    for name, frame in zip(names, sheets, strict=True):
        if (count := len(named_columns(frame.iloc[:0]))) > _MOST_COLUMNS:
            raise UsageError(
                f"Sheet {name!r} would have {count:,} columns; Excel has {_MOST_COLUMNS:,}.",
                advice="Choose columns (frame[[...]]), or use to_csv or to_parquet.",
            )
    return dict(zip(names, sheets, strict=True))


def _check_names(names: Sequence[str]) -> None:
    seen: dict[str, str] = {}
    for name in names:
        problem = None
        if not name.strip():
            problem = "is empty"
        elif len(name.encode("utf-16-le")) > 2 * _MOST_OF_A_NAME:
            problem = f"has more than {_MOST_OF_A_NAME} characters"
        elif found := _NOT_IN_A_NAME.search(name):
            problem = f"has {found[0]!r} in it"
        elif name.startswith("'") or name.endswith("'"):
            problem = "begins or ends with an apostrophe"
        elif name.casefold() == "history":
            problem = "is one that Excel keeps for itself"
        elif name.casefold() in seen:
            problem = f"is the same as {seen[name.casefold()]!r} to Excel"
        if problem is not None:
            raise UsageError(
                f"Excel does not allow the name of the sheet {name!r}: it {problem}.",
                advice=f"Choose another one, such as {_possible_name(name, seen)!r}.",
            )
        seen[name.casefold()] = name


def _possible_name(name: str, taken: Iterable[str] = ()) -> str:
    """Return the name for a sheet that comes closest to *name*; *taken* ones are case-folded."""
    name = _NOT_IN_A_NAME.sub("-", name).strip().strip("'") or "Sheet"
    name = f"{name} sheet" if name.casefold() == "history" else name
    cut, number, taken = _cut(name, _MOST_OF_A_NAME), 1, set(taken)
    while cut.casefold() in taken:
        number += 1
        end = f" ({number})"
        cut = _cut(name, _MOST_OF_A_NAME - len(end)) + end
    return cut


def _cut(text: str, most: int) -> str:
    """Return the first *most* characters as Excel counts them, and no half of one."""
    return text.encode("utf-16-le")[: 2 * most].decode("utf-16-le", "ignore")


@dataclass
class _Sheet:
    """A frame's sheet, or sheets where it has more rows than one holds."""

    label: str
    columns: list[str]
    about: Any
    names: list[str]
    widths: list[int]
    sheet: Any = None
    next_row: int = 1
    rows: int = 0
    digits: set[int] = field(default_factory=set)
    """Columns with text that looks like a number, which Excel would mark as a mistake."""
    zones: set[str] = field(default_factory=set)


class ExcelWriter:
    """Writes one sheet after the other into a workbook, in constant memory.

    A context manager: the file gets its name at the end, and is removed if an error passes.

    Parameters
    ----------
    path
        The file, also one that is open already.
    taken
        The names of all sheets to come.
    """

    def __init__(self, path: str | os.PathLike[str] | AtomicFile, taken: Iterable[str] = ()) -> None:
        import xlsxwriter

        self._atomic = path if isinstance(path, AtomicFile) else AtomicFile(path)
        self._taken = {name.casefold() for name in taken}
        self._sheets: list[_Sheet] = []
        self._problems: dict[str, Counter[str]] = {"cut": Counter(), "dates": Counter()}
        self._folder: TemporaryDirectory[str] | None = None
        self._book: Any = None
        try:
            # XlsxWriter keeps rows in temporary files, and ZIP files are written by seeking, which shares and
            # mounted buckets may refuse: so the workbook is made here, in a folder for its owner only.
            self._folder = TemporaryDirectory(prefix="classy_nb-", ignore_cleanup_errors=True)
            self._place = Path(self._folder.name)
            options = {
                "constant_memory": True,
                "tmpdir": self._folder.name,
                "strings_to_numbers": False,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "use_zip64": True,  # only where a sheet needs it: from 4 GB on
            }
            self._book = xlsxwriter.Workbook(str(self._place / "book.xlsx"), options)
        except BaseException:
            self._abort()
            raise
        add = self._book.add_format
        self._header = add({"bold": True, "bottom": 1, "bg_color": "#EFEFEF", "valign": "top"})
        self._number_formats: dict[str, Any] = {}
        self._whole = self._number_format(_WHOLE)
        self._text_formats: dict[type[Any], Any] = {
            # So that a cell stays text even if somebody edits it. (The prefix shows as an apostrophe in the
            # formula bar, and Excel may draw a long text of format "@" as "####", so each has its place.)
            _Digits: add({"num_format": "@"}),
            _Formula: add({"quote_prefix": True}),
        }

    @property
    def path(self) -> Path:
        """The file to be written."""
        return self._atomic.path

    def add_sheet(self, name: str, columns: Iterable[str], about: Any = None) -> None:
        """Begin a sheet: its name, the names of its columns, and what ``frame.attrs["classy"]`` says."""
        self._finish_sheet()
        columns = list(columns)
        self._taken.add(name.casefold())
        self._sheets.append(_Sheet(name, columns, about, [], [_width(column) + 2 for column in columns]))
        with explained_errors(self._place):
            self._begin_sheet(_possible_name(name))

    def _begin_sheet(self, name: str) -> None:
        now = self._sheets[-1]
        now.sheet, now.next_row = self._book.add_worksheet(name), 1
        now.names.append(name)
        now.sheet.freeze_panes(1, 0)
        for place, column in enumerate(now.columns):
            text = self._fitting(as_utf8(column, column), column)
            now.sheet.write_string(0, place, text, self._header)

    def _finish_sheet(self) -> None:
        """Set what depends on all rows of the last sheet."""
        now = self._sheets[-1] if self._sheets else None
        if now is None or not now.columns:
            return
        now.sheet.autofilter(0, 0, now.next_row - 1, len(now.columns) - 1)
        for place, width in enumerate(now.widths):
            now.sheet.set_column(place, place, min(max(width, _LEAST_WIDTH), _MOST_WIDTH))
        if now.digits and now.next_row > 1:
            from xlsxwriter.utility import xl_col_to_name as name

            ranges = " ".join(f"{name(c)}2:{name(c)}{now.next_row}" for c in sorted(now.digits))
            now.sheet.ignore_errors({"number_stored_as_text": ranges})

    def write_table(self, table: pa.Table) -> None:
        """Write the rows of a table of plain columns to the sheet that was added last."""
        kinds = [_Kind.of(name) for name in table.column_names]
        for start in range(0, len(table), _ROWS_AT_ONCE):
            rows = table.slice(start, _ROWS_AT_ONCE)
            self.write_rows(
                [
                    _array_cells(column.combine_chunks(), kind)
                    for column, kind in zip(rows.columns, kinds, strict=True)
                ]
            )

    def write_rows(self, columns: Sequence[_Cells]) -> None:
        """Write rows, given by columns, to the sheet that was added last."""
        now = self._sheets[-1]
        for place, cells in enumerate(columns):
            now.widths[place] = max(now.widths[place], cells.width)
            now.zones |= cells.zones
            if cells.has_digits:
                now.digits.add(place)
            if cells.old_dates:
                self._problems["dates"][now.columns[place]] += cells.old_dates
        formats = [self._number_format(cells.format) for cells in columns]
        with explained_errors(self._place):
            for row in zip(*(cells.content for cells in columns), strict=True):
                if now.next_row == MOST_ROWS:
                    self._finish_sheet()
                    self._begin_sheet(_possible_name(now.label, self._taken))
                    self._taken.add(now.names[-1].casefold())
                self._write_row(now, row, formats)
                now.next_row += 1
                now.rows += 1

    def _write_row(self, now: _Sheet, row: tuple[Any, ...], formats: Sequence[Any]) -> None:
        sheet, number = now.sheet, now.next_row
        for place, value in enumerate(row):
            kind = type(value)
            if value is None:
                continue
            if kind is float:
                sheet.write_number(number, place, value, formats[place])
            elif kind is int:
                sheet.write_number(number, place, value, self._whole)
            elif kind is bool:
                sheet.write_boolean(number, place, value)
            elif isinstance(value, _Moment):
                sheet.write_number(number, place, value, self._number_format(value.format))
            else:
                text = value if len(value) <= _SURELY_FITS else self._fitting(value, now.columns[place])
                sheet.write_string(number, place, text, self._text_formats.get(kind))

    def _number_format(self, text: str) -> Any:
        if text not in self._number_formats:
            self._number_formats[text] = self._book.add_format({"num_format": text}) if text else None
        return self._number_formats[text]

    def _fitting(self, text: str, column: str) -> str:
        """Return as much of a text as a cell holds."""
        if len(text.encode("utf-16-le")) <= 2 * _MOST_CHARACTERS:
            return text
        self._problems["cut"][column] += 1
        return _cut(text, _MOST_CHARACTERS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._save()
        except BaseException:
            self._abort()
            raise
        if kind is not None:
            self._abort()

    def _save(self) -> None:
        from xlsxwriter.exceptions import XlsxFileError

        self._finish_sheet()
        self._warn()
        with explained_errors(self._place):
            self._write_about()
            try:
                self._book.close()
            except XlsxFileError as error:
                raise next((e for e in error.args if isinstance(e, OSError)), error) from None
        with explained_errors(self.path), (self._place / "book.xlsx").open("rb") as made:
            shutil.copyfileobj(made, self._atomic.file, 1 << 20)
        self._clean_up()
        self._atomic.commit()

    def _abort(self) -> None:
        self._atomic.abort()
        self._clean_up()

    def _clean_up(self) -> None:
        if self._folder is None:
            return
        for sheet in self._book.worksheets() if self._book is not None else ():
            with suppress(AttributeError, OSError):
                sheet.row_data_fh.close()  # Windows removes no file that is open
        self._folder.cleanup()

    def _warn(self) -> None:
        for now in self._sheets:
            if len(now.names) > 1:
                warn(
                    f"{self.path.name}: the {now.rows:,} rows of {now.label!r} are more than a sheet of "
                    f"Excel holds ({MOST_ROWS - 1:,}); they go on in {', '.join(map(repr, now.names[1:]))}.",
                    DataWarning,
                )
        for counts, what in (
            (self._problems["cut"], f"texts of more than {_MOST_CHARACTERS:,} characters were cut"),
            (self._problems["dates"], "dates before March 1900 or after 9999 are text"),
        ):
            if counts:
                columns = ", ".join(f"{count:,} in {name!a}" for name, count in counts.items())
                warn(f"{self.path.name}: {what}, as Excel has no others: {columns}.", DataWarning)

    # What was asked

    def _write_about(self) -> None:
        bold, wrap = self._book.add_format({"bold": True}), self._book.add_format({"text_wrap": True})
        sheet = self._book.add_worksheet(_possible_name("About", {*self._taken}))
        sheet.set_column(0, 0, 24, bold)
        sheet.set_column(1, 1, 90, wrap)
        row = 0
        for now in self._sheets:
            for label, text in _about(now):
                sheet.write_string(row, 0, label, bold)
                sheet.write_string(row, 1, _cut(text, _MOST_CHARACTERS), wrap)
                row += 1
            row += 1
        sheet.write_string(row, 0, "Written by", bold)
        sheet.write_string(row, 1, f"classy_nb {__version__}", wrap)
        fetched = [moment for now in self._sheets if (moment := _fetched_at(now.about)) is not None]
        made = max(fetched).astimezone(UTC).replace(tzinfo=None) if fetched else _NEVER_FETCHED
        self._book.set_properties({"created": made})


def _about(now: _Sheet) -> Iterable[tuple[str, str]]:
    """Yield what the last sheet says of another one: a label and a text for each line."""
    about = now.about if isinstance(now.about, dict) else {}
    yield "Sheet", ", ".join(now.names)
    yield "Rows", f"{now.rows:,}"
    moment = _fetched_at(about)
    if "resource" in about:
        yield "Resource", str(about["resource"])
        yield "Asked of the API", safe_path(str(about.get("path", "")))
        asked = about.get("asked")
        for text in asked if isinstance(asked, list) else ():
            yield from _asked(str(text))
        if about.get("limit") is not None:
            yield "Limit", f"the first {about['limit']:,} rows" if isinstance(about["limit"], int) else ""
        if isinstance(about.get("total"), int):
            yield "Rows of the list", f"{about['total']:,}, as the API counted them"
        if moment is not None:
            yield "Fetched", f"{moment:%Y-%m-%d %H:%M:%S %Z}"
        yield "Note", "Rows and columns may have been chosen or changed in Python since."
    for name in sorted(now.zones):
        yield "Times", f"as the clock showed in {name} (Excel has no time zones)"


def _fetched_at(about: Any) -> datetime | None:
    if not isinstance(about, dict):
        return None
    try:
        moment = datetime.fromisoformat(str(about.get("fetched_at")))
        return moment.astimezone(zone(str(about.get("timezone", "UTC"))))
    except (ValueError, UsageError, OverflowError):
        return None


_CONDITION = re.compile(r"([\w.]+) *(<=|>=|!=|=|<|>)(.*)", re.DOTALL)
_PLAIN_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]+)?")


def _asked(text: str) -> Iterable[tuple[str, str]]:
    """Yield a parameter that was sent, or the conditions in it, without what is secret or personal."""
    name, _, value = text.partition("=")
    if name != "filter":
        yield "Parameter", f"{name} = {_shown(name, value)}"
        return
    for part in value.split(","):
        if found := _CONDITION.fullmatch(part.strip()):
            yield "Condition", f"{found[1]} {found[2]} {_shown(found[1], found[3].strip())}"


def _shown(name: str, value: str) -> str:
    if is_personal(name) or name.lower().replace("-", "_") in SECRET_KEYS:
        return "***"
    return value if _PLAIN_NUMBER.fullmatch(value) else scrub(value)


# The cells

_MONEY = re.compile(
    r"(^|[_. ])(amounts?|fees?|prices?|goal|gross|net|raised|donations?|revenue|payouts?|balance|credits?"
    r"|cost|refund(s|ed)?|given|paid|mrr)($|[_. ])",
    re.IGNORECASE,
)
_NO_MONEY = re.compile(r"percent|pct|share|ratio|rate$|per_|count|number", re.IGNORECASE)
_WHOLE, _CENTS, _ANY = "0", "#,##0.00", ""
_DAY, _INSTANT, _FRACTION, _HOURS = (
    "yyyy-mm-dd",
    "yyyy-mm-dd hh:mm:ss",
    "yyyy-mm-dd hh:mm:ss.000",
    "[h]:mm:ss",
)
_LEAST_WIDTH, _MOST_WIDTH = 8, 50
_SURELY_FITS = _MOST_CHARACTERS // 2

_MOST_CENTS, _NOISE = 1e12, 1e-5
"""Amounts of which a float knows the cents, and what sums of floats may be off by."""
_MOST_DIGITS = 15
_MOST_INTEGER = 10**_MOST_DIGITS - 1
_MOST_FLOAT = 9.99999999999999e307
_MICROSECONDS = 86_400_000_000
"""Of a day."""
_EPOCH = 25_569
"""Days from Excel's zero to 1970. Before March 1900 there is a day in Excel that never was, 1900-02-29, so
that programs disagree on what is earlier."""
_FIRST_DAY, _LAST_DAY = 61 - _EPOCH, 2_958_466 - _EPOCH
_LOOKS_LIKE_A_NUMBER = r"^\s*[-+(.,$€£¥]*[0-9]|^(?i:true|false)$"
_MOST_AS_TEXT = 255
"""Characters of a cell of format "@" that every Excel draws."""


class _Digits(str):
    """Text that Excel would take for a number, a date or a flag, such as a postal code."""

    __slots__ = ()


class _Formula(str):
    """Text that Excel would take for a formula."""

    __slots__ = ()


class _Moment(float):
    """A date or a duration among objects of other types, with a format of its own."""

    format = _ANY
    __slots__ = ()


class _Day(_Moment):
    """A day."""

    format = _DAY
    __slots__ = ()


class _Instant(_Moment):
    """A day with a time."""

    format = _INSTANT
    __slots__ = ()


class _Hours(_Moment):
    """A duration, in days."""

    format = _HOURS
    __slots__ = ()


@dataclass(frozen=True)
class _Kind:
    """What is known of a column before its cells are looked at."""

    name: str
    number_format: str = _ANY
    days: bool | None = None
    """Whether instants without a zone are all midnights; None if that is not known."""

    @classmethod
    def of(cls, name: str, column: pd.Series[Any] | None = None) -> _Kind:
        """Return what the name tells, and the values of a whole column if they are at hand."""
        is_money = _MONEY.search(name) and not (_NO_MONEY.search(name) and not name.endswith("amount"))
        number_format = _CENTS if is_money or (column is not None and _has_cents(column)) else _ANY
        days = None
        if column is not None and _holds_instants(column) and column.dt.tz is None:
            days = bool((column.dropna().dt.normalize() == column.dropna()).all())
        return cls(name, number_format, days)


def _holds_instants(column: pd.Series[Any]) -> bool:
    dtype = column.dtype
    if isinstance(dtype, pd.ArrowDtype):
        return bool(pa.types.is_timestamp(dtype.pyarrow_dtype))  # to pandas, days are of the same kind
    return dtype.kind == "M"


def _has_cents(column: pd.Series[Any]) -> bool:
    """Whether numbers have cents and nothing smaller, as sums by campaign or month have."""
    dtype = column.dtype
    if dtype.kind == "f":
        values = column.to_numpy(float, na_value=np.nan)
    elif is_object_dtype(dtype) or (
        isinstance(dtype, pd.ArrowDtype) and pa.types.is_decimal(dtype.pyarrow_dtype)
    ):
        values = np.array([float(v) for v in column if isinstance(v, (Decimal, float)) and v == v])  # noqa: PLR0124
    else:
        return False
    values = np.abs(values[np.isfinite(values)])
    values = values[values < _MOST_CENTS]
    return bool(
        (np.abs(values - values.round(2)) < _NOISE).all() and (np.abs(values - values.round()) > _NOISE).any()
    )


@dataclass
class _Cells:
    """Some cells of a column: None, flags, numbers and text, which carry their format by type."""

    content: list[Any]
    format: str = _ANY
    """Of plain numbers."""
    width: int = 0
    has_digits: bool = False
    old_dates: int = 0
    zones: set[str] = field(default_factory=set)


def _column_cells(column: pd.Series[Any], kind: _Kind) -> _Cells:  # noqa: PLR0911 - a way out for each dtype
    """Return some cells of a frame's column."""
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        used = column.cat.remove_unused_categories()
        cells = _column_cells(pd.Series(used.cat.categories), kind)
        cells.content = [None if code < 0 else cells.content[code] for code in used.cat.codes]
        return cells
    if isinstance(dtype, pd.SparseDtype):
        return _column_cells(pd.Series(np.asarray(column)), kind)
    if is_object_dtype(dtype):
        return _object_cells(column, kind)
    if dtype.kind == "m":
        return _object_cells(column.astype(object), kind)
    if dtype in {np.dtype("float16"), np.dtype("longdouble")} - {np.dtype("float64")}:
        return _array_cells(array_of(column, kind.name).cast(pa.float64()), kind)  # by its text
    if _holds_instants(column) and (timezone := column.dt.tz) is not None:
        # By pandas, which knows zones that Arrow does not. pandas 2.2 takes the zone from its Arrow dtype
        # without moving the clock.
        if isinstance(column.dtype, pd.ArrowDtype):
            column = column.astype(pd.DatetimeTZDtype(column.dtype.pyarrow_dtype.unit, timezone))
        cells = _array_cells(array_of(column.dt.tz_localize(None), kind.name), replace(kind, days=False))
        cells.zones = {str(timezone)} if column.notna().any() else set()
        return cells
    return _array_cells(array_of(column, kind.name), kind)


@computes_with_arrow
def _array_cells(array: Any, kind: _Kind) -> _Cells:  # noqa: PLR0911 - a way out for each type
    """Return the cells of an Arrow column."""
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    of = array.type
    if pa.types.is_null(of):
        return _Cells([None] * len(array))
    if pa.types.is_boolean(of):
        return _Cells(array.to_pylist(), width=5)
    if pa.types.is_integer(of):
        return _numbers([_whole(v) for v in array.to_pylist()])
    if pa.types.is_floating(of):
        if of != pa.float64():  # by its text: 0.1 stays 0.1
            array = array.cast(pa.float32()).cast(pa.string()).cast(pa.float64())
        return _numbers([_float(v) for v in array.to_pylist()], kind.number_format)
    if pa.types.is_decimal(of):
        return _numbers([_decimal(v) for v in array.to_pylist()], kind.number_format)
    if pa.types.is_timestamp(of) or pa.types.is_date(of):
        return _dates(array, kind)
    if not (pa.types.is_string(of) or pa.types.is_large_string(of)):
        array = column_text(array, neutralize=False)
    return _texts(array.cast(pa.large_string()))


def _numbers(values: list[Any], number_format: str = _WHOLE) -> _Cells:
    width = max((len(_drawn(v, number_format)) for v in values if v is not None), default=0)
    return _Cells(values, number_format, width, any(type(v) is _Digits for v in values))


def _drawn(value: Any, number_format: str) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,.2f}" if number_format == _CENTS else f"{value:.{_MOST_DIGITS}g}"


def _whole(value: int | None) -> Any:
    return value if value is None or -_MOST_INTEGER <= value <= _MOST_INTEGER else _Digits(value)


def _float(value: float | None) -> Any:
    if value is None or value != value:  # noqa: PLR0124 - NaN alone does not equal itself
        return None
    return value if -_MOST_FLOAT <= value <= _MOST_FLOAT else _Digits(value)


def _decimal(value: Decimal | None) -> Any:
    if value is None or value.is_nan():
        return None
    digits = len(value.normalize().as_tuple().digits) if value.is_finite() else _MOST_DIGITS + 1
    number = float(value)
    return number if digits <= _MOST_DIGITS and abs(number) <= _MOST_FLOAT else _Digits(value)


def _dates(array: pa.Array, kind: _Kind) -> _Cells:
    """Return days and instants as numbers of days; those that Excel does not have as text."""
    zones: set[str] = set()
    of = array.type
    is_day = pa.types.is_date(of)
    if is_day:
        array = array.cast(pa.date32())
    elif of.tz is not None:
        zones = {of.tz} if array.null_count < len(array) else set()
        array = local_timestamp(array)
    array = array.cast(pa.timestamp("us"), safe=False)
    micros = array.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    valid = pc.is_valid(array).to_numpy(zero_copy_only=False)
    is_day = is_day or (of.tz is None and (kind.days is True or (kind.days is None and _midnights(micros))))
    number_format = _DAY if is_day else _INSTANT if not (micros % 1_000_000).any() else _FRACTION
    inside = (micros >= _FIRST_DAY * _MICROSECONDS) & (micros < _LAST_DAY * _MICROSECONDS)
    values: list[Any] = (micros / _MICROSECONDS + _EPOCH).tolist()
    for place in np.flatnonzero(~valid):
        values[place] = None
    old = np.flatnonzero(valid & ~inside)
    if len(old):
        texts = array.take(pa.array(old)).cast(pa.string()).to_pylist()
        for place, text in zip(old, texts, strict=True):
            values[place] = _Digits(
                text[: -len(" 00:00:00.000000")] if is_day else text.removesuffix(".000000")
            )
    return _Cells(values, number_format, len(number_format) + 1, bool(len(old)), len(old), zones)


def _midnights(micros: Any) -> bool:
    return not (micros % _MICROSECONDS).any()


def _texts(array: pa.Array) -> _Cells:
    array = pc.replace_substring(
        pc.replace_substring(array, "\r\n", "\n"), "\r", "\n"
    )  # as Excel breaks lines
    values = array.to_pylist()
    has_digits = False
    for pattern, kind in ((FORMULA, _Formula), (_LOOKS_LIKE_A_NUMBER, _Digits)):
        found = pc.fill_null(pc.match_substring_regex(array, pattern), False)
        if kind is _Digits:
            found = pc.and_(found, pc.fill_null(pc.less_equal(pc.utf8_length(array), _MOST_AS_TEXT), False))
        for place in pc.indices_nonzero(found).to_pylist():
            values[place] = kind(values[place])
            has_digits = has_digits or kind is _Digits
    longest = pc.max(pc.utf8_length(array)).as_py() or 0
    if longest > _MOST_WIDTH or pc.any(pc.match_substring(array, "\n")).as_py():
        longest = max((_width(v) for v in values if v is not None), default=0)
    return _Cells(values, width=longest, has_digits=has_digits)


def _width(text: str) -> int:
    """Return the length of the longest line."""
    return max(map(len, text[:_MOST_CHARACTERS].split("\n")))


def _object_cells(column: pd.Series[Any], kind: _Kind) -> _Cells:
    """Return the cells of Python objects, each by its own type."""
    cells = _Cells([], kind.number_format)
    for value, missing in zip(column, column.isna(), strict=True):
        cells.content.append(None if missing else _object_cell(value, kind, cells))
    texts = [place for place, value in enumerate(cells.content) if type(value) is str]
    if texts:
        found = _texts(pa.array([cells.content[place] for place in texts], pa.large_string()))
        for place, text in zip(texts, found.content, strict=True):
            cells.content[place] = text
        cells.width, cells.has_digits = found.width, found.has_digits
    for value in cells.content:
        if value is None or isinstance(value, str):
            cells.has_digits = cells.has_digits or type(value) is _Digits
        else:
            cells.width = max(cells.width, len(getattr(value, "format", _drawn(value, cells.format))))
    return cells


def _object_cell(value: Any, kind: _Kind, cells: _Cells) -> Any:  # noqa: PLR0911 - a line for each type
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return _whole(int(value))
    if isinstance(value, (float, np.floating)):
        return _float(float(value))
    if isinstance(value, Decimal):
        return _decimal(value)
    if isinstance(value, np.datetime64):
        value = pd.Timestamp(value)
    if isinstance(value, date):  # a datetime and a Timestamp are dates, too
        return _object_date(value, cells)
    if isinstance(value, (timedelta, np.timedelta64)):
        days = pd.Timedelta(value) / pd.Timedelta(days=1)
        return _Hours(days) if days >= 0 else str(pd.Timedelta(value))
    return as_utf8(cell_text(value), kind.name)


def _object_date(value: date, cells: _Cells) -> Any:
    if isinstance(value, datetime):
        if value.tzinfo is not None:
            cells.zones.add(str(value.tzinfo))
        wall = value.replace(tzinfo=None)
    else:
        wall = datetime(value.year, value.month, value.day)  # noqa: DTZ001 - a day has no zone
    if _FIRST_MOMENT <= wall <= _LAST_MOMENT:
        days = (wall - _MOMENT_ZERO) / timedelta(days=1)
        return _Instant(days) if isinstance(value, datetime) else _Day(days)
    cells.old_dates += 1
    return _Digits(wall.isoformat(" ") if isinstance(value, datetime) else value.isoformat())


_MOMENT_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001
_FIRST_MOMENT = datetime(1900, 3, 1)  # noqa: DTZ001
_LAST_MOMENT = datetime(9999, 12, 31, 23, 59, 59, 999_999)  # noqa: DTZ001
