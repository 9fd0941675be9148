"""Records to one Arrow table: they come in as pages of JSON objects and are converted some pages at a time.

The client fills a :class:`TableBuilder` for each range of a list, puts the builders one behind the other, and
takes the table.

Time goes into memory here, not into arithmetic. So a row is taken apart while it is still in the processor's
cache: its cells go into a tuple and its dict is freed for the next page. The tuples become columns several
pages at a time, because a column costs some microseconds however short it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa

from classy_nb.errors import DataWarning, warn

from .convert import Converter, drop_impossible, json_text
from .forks import computes_with_arrow
from .garbage import fewer_collections
from .kinds import ARROW, MISFITS, POOL, WORDS, field_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from classy_nb.catalog import Column

GROUP_ROWS = 500
"""Rows that become columns at once: enough to be fast, few enough to use little memory."""
PAGE_ROWS = 100
"""Rows that are taken apart at once."""

Record = dict[str, Any] | list[Any] | str | float | bool | None
"""One parsed JSON value; normally a dict."""

Row = dict[str, Any]
Place = tuple[int, int, int]
"""Where an undeclared key first appeared: row, object, position in the object."""

_SEPARATOR = "\0"
"""Between an object and its key in the columns' names inside the builder. A key may have a dot in it:
``{"a.b": 1}`` and ``{"a": {"b": 1}}`` are two columns, and get different names at the end."""
_NO_KEYS: Row = {}
_CUT = {
    "date": "which holds days, have a time; the day is the one that is written.",
    "decimal": "which holds cents, have more than two decimals; they are rounded.",
}
"""What is said of values that lost something."""


class TableBuilder:
    """Collect records and turn them into one Arrow table.

    Memory stays near the size of the table: what is added is converted every few pages. A builder belongs to
    one thread.

    Parameters
    ----------
    columns
        The table's columns, flat (``context.source_campaign_id``), in order. If there are none, the columns
        are what the records have, and nested objects become ``name.key`` columns.
    timezone
        IANA name of the zone in which instants are shown.
    label
        What the records are called in warnings.
    group_rows
        Rows that become columns at once; fewer where many builders wait for their last rows together.
    keep_misfits
        Whether values that do not fit are kept: the last column, :data:`MISFITS`, has them as the JSON text
        of an object, by the names of their columns; missing where all fit. Nothing warns of them then.
        Objects and lists in a column of text are among them; otherwise, they are JSON text there.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        timezone: str = "UTC",
        label: str = "records",
        group_rows: int = GROUP_ROWS,
        keep_misfits: bool = False,
    ) -> None:
        self._columns = tuple(columns)
        self._timezone = timezone
        self._label = label
        self._group_rows = group_rows
        self._keep_misfits = keep_misfits
        self._start_over()

    def _start_over(self) -> None:
        self._rows = 0
        self._pending: list[Row | None] = []
        self._pieces: list[pa.Table] = []
        self._misfits: dict[str, int] = {}
        self._cut: dict[str, int] = {}
        self._not_objects = 0
        self._begin_piece()

    def _begin_piece(self) -> None:
        """Begin the columns of the next rows, and put the flat columns back into their objects."""
        zone = self._timezone if self._keep_misfits else None
        self._declared = [
            _Column(_path(column.name), column.kind, keep_misfits_in=zone) for column in self._columns
        ]
        self._extras: list[_Column] = []
        parts: dict[str, _Column | _Object] = {}
        nested: dict[str, dict[str, _Column]] = {}
        for column in self._declared:
            outer, inside, inner = column.name.partition(_SEPARATOR)
            if inside:
                nested.setdefault(outer, {})[inner] = column
            else:
                parts[outer] = column
        self._objects = [
            _Object(name, rank, inner, self._new_column, self._group_rows)
            for rank, (name, inner) in enumerate(nested.items(), start=1)
        ]
        parts |= {part.name: part for part in self._objects}
        self._top = _Object("", 0, parts, self._new_column, self._group_rows)

    def _new_column(self, name: str, place: Place, missing: int) -> _Column:
        column = _Column(name, "undeclared", place)
        column.add_missing(missing)
        self._extras.append(column)
        return column

    @property
    def rows(self) -> int:
        """Records added so far."""
        return self._rows

    @computes_with_arrow
    def add(self, records: Iterable[Record]) -> None:
        """Add parsed JSON records, of any number of pages.

        A record that is not an object keeps its row: as ``value`` if that is the only column or if no
        columns are declared, else as a row of missing values that a warning counts.
        """
        pending = self._pending
        before = len(pending)
        records = list(records)
        if self._columns and set(map(type, records)) == {dict}:  # as almost all are
            pending.extend(cast("list[Row]", records))
        else:
            pending.extend(map(self._row, records))
        self._rows += len(pending) - before
        full = len(pending) - len(pending) % PAGE_ROWS
        with fewer_collections():
            for start in range(0, full, PAGE_ROWS):
                self._top.add(pending[start : start + PAGE_ROWS])
        del pending[:full]

    def _row(self, record: Record) -> Row | None:
        if isinstance(record, dict):
            return record if self._columns else _flat(record)
        if not self._columns or [column.name for column in self._columns] == ["value"]:
            return {"value": record}
        self._not_objects += 1
        return None

    @computes_with_arrow
    def convert(self) -> None:
        """Convert what is pending now: for a moment in which nobody waits for it."""
        if self._pending:
            self._top.add(self._pending)
            self._pending = []
        rows = self._top.finish()
        if not rows:
            return
        # The pages of a nested object are converted later than those around it, hence the sorting.
        columns = [*self._declared, *sorted(self._extras, key=lambda extra: extra.place)]
        fields = [pa.field(column.name, ARROW[column.kind]) for column in columns]
        if fields:
            piece = pa.table([column.values() for column in columns], pa.schema(fields))
        else:
            piece = _without_columns(rows)
        parts: list[_Column | _Object] = [*self._declared, *self._objects]
        if self._keep_misfits:
            piece = piece.append_column(MISFITS, _misfits_as_json(parts, rows))
        self._pieces.append(piece)
        for part in parts:
            if part.misfits and not self._keep_misfits:
                self._misfits[part.name] = self._misfits.get(part.name, 0) + part.misfits
        for column in self._declared:
            if column.cut:
                self._cut[column.name] = self._cut.get(column.name, 0) + column.cut
        self._begin_piece()

    @computes_with_arrow
    def extend(self, other: TableBuilder) -> None:
        """Put the rows of *other* behind these; *other* starts over.

        Cheap: nothing is converted again. The table is the one that a single builder would have made.

        Parameters
        ----------
        other
            A builder of the same columns and time zone.
        """
        if (other._columns, other._timezone, other._keep_misfits) != (
            self._columns,
            self._timezone,
            self._keep_misfits,
        ):
            raise TypeError("The builders have different columns or time zones.")
        self.convert()
        other.convert()
        self._pieces += other._pieces
        self._rows += other._rows
        self._not_objects += other._not_objects
        for name, count in other._misfits.items():
            self._misfits[name] = self._misfits.get(name, 0) + count
        for name, count in other._cut.items():
            self._cut[name] = self._cut.get(name, 0) + count
        other._start_over()

    @computes_with_arrow
    def table(self) -> pa.Table:
        """Return the table of all that was added, and start over.

        Returns
        -------
        pyarrow.Table
            The declared columns in their order and with their types, even without any rows; then the
            undeclared ones in the order in which they first appeared. Text is ``large_string``, instants are
            ``timestamp[us, timezone]``, days ``date32``. Lists, free-form values and undeclared columns are
            JSON text, and the field's metadata says so.

        Warns
        -----
        DataWarning
            For each column in which values did not fit: its name and their number.
        """
        self.convert()
        kinds = {_path(column.name): column for column in self._columns}
        whole = pa.concat_tables(self._pieces, promote_options="default") if self._pieces else None
        self._pieces = []
        paths = list(kinds) if whole is None else whole.column_names
        if self._keep_misfits:  # behind the undeclared columns of all pieces
            paths = [*(path for path in paths if path != MISFITS), MISFITS]
        chunks = {} if whole is None else dict(zip(paths, whole.columns, strict=True))
        rows = self._rows
        del whole  # so that each column can be freed as soon as it is put together
        fields: dict[str, pa.Field] = {}
        arrays = []
        for path in paths:
            column = kinds.get(path)
            kind = column.kind if column is not None else "json" if path == MISFITS else "undeclared"
            array = _joined(chunks.pop(path, None), kind)
            array, impossible = drop_impossible(array, kind, self._timezone)
            if impossible:
                self._misfits[path] = self._misfits.get(path, 0) + impossible
            name = path.replace(_SEPARATOR, ".", 1)
            while name in fields:  # a key with a dot in it, beside the object that it imitates
                name += "_"
            fields[name] = field_of(name, kind, self._timezone, column.record if column is not None else None)
            arrays.append(array.cast(fields[name].type) if kind == "datetime" else array)
        messages = self._complaints()
        self._start_over()
        for message in messages:
            warn(message, DataWarning)
        if not fields:
            return _without_columns(rows)
        table = pa.table(arrays, pa.schema(list(fields.values())))
        return table if self._columns else _without_empty_parents(table)

    def _complaints(self) -> list[str]:
        messages = []
        if self._not_objects:
            messages.append(
                f"{self._label}: {self._not_objects} of {self._rows} records are not objects; "
                "their rows hold missing values."
            )
        kinds = {_path(column.name): column.kind for column in self._columns}
        messages += [
            misfit_message(
                self._label, self._misfits[path], self._rows, path.replace(_SEPARATOR, ".", 1), kind
            )
            for path, kind in (kinds | {part.name: "object" for part in self._objects}).items()
            if path in self._misfits
        ]
        messages += [
            f"{self._label}: {count} of {self._rows} values of {path.replace(_SEPARATOR, '.', 1)!r}, "
            f"{_CUT[kinds[path]]}"
            for path, count in self._cut.items()
        ]
        return messages


def misfit_message(label: str, misfits: int, rows: int, name: str, kind: str) -> str:
    """Return what is said of values that did not fit their column."""
    return f"{label}: {misfits} of {rows} values of {name!r} are not {WORDS[kind]}; they became missing."


def _misfits_as_json(parts: Sequence[_Column | _Object], rows: int) -> pa.Array:
    """Return the values that did not fit as the JSON text of one object a row."""
    found: dict[int, dict[str, Any]] = {}
    for part in parts:
        for row, value in part.kept:
            found.setdefault(row, {})[part.name.replace(_SEPARATOR, ".", 1)] = value
    if not found:
        return pa.nulls(rows, ARROW["json"], memory_pool=POOL)
    cells = [json_text(found[row]).decode() if row in found else None for row in range(rows)]
    return pa.array(cells, ARROW["json"], memory_pool=POOL)


class _Column:
    """The values of one column, in chunks of Arrow arrays.

    With *keep_misfits_in*, a time zone, values that do not fit are kept, and so are those that pandas could
    not show there.
    """

    def __init__(
        self, name: str, kind: str, place: Place = (0, 0, 0), *, keep_misfits_in: str | None = None
    ) -> None:
        self.name = name
        self.kind = kind
        self.place = place
        self.misfits = 0
        self.kept: list[tuple[int, Any]] = []
        """The row of each value that did not fit, and that value."""
        self._zone = keep_misfits_in
        self._converter = Converter(kind, objects_are_text=keep_misfits_in is None)
        self._chunks: list[pa.Array] = []
        self._rows = 0

    def add(self, values: Sequence[Any]) -> None:
        """Take the values of some rows, None where missing."""
        chunk, misfits = self._converter.convert(values)
        if self._zone is not None:
            chunk, impossible = drop_impossible(chunk, self.kind, self._zone)
            misfits += impossible
            if misfits:
                missing = enumerate(chunk.is_null().to_pylist(), self._rows)
                self.kept += [
                    (row, value)
                    for (row, is_missing), value in zip(missing, values, strict=True)
                    if is_missing and value is not None and not (isinstance(value, str) and not value.strip())
                ]
        self._chunks.append(chunk)
        self._rows += len(values)
        self.misfits += misfits

    @property
    def cut(self) -> int:
        """Values that lost something."""
        return self._converter.cut

    def add_missing(self, count: int) -> None:
        """Take *count* rows that lack the value."""
        self._chunks.append(pa.nulls(count, ARROW[self.kind], memory_pool=POOL))
        self._rows += count

    def values(self) -> pa.ChunkedArray:
        """Return all that was added."""
        return pa.chunked_array(self._chunks, ARROW[self.kind])


class _Object:
    """The columns of the record itself (an empty name), or of an object nested in it.

    Most rows have the same keys in the same order, the layout; a row that deviates is also kept as it is, in
    case it has keys that the layout lacks. When most rows of a page deviate, the layout changes.

    Parameters
    ----------
    name
        Name of the nested object, empty for the record itself.
    rank
        Place among the objects; orders the undeclared keys of one row.
    parts
        What becomes of each declared key.
    new_column
        Makes a column for an undeclared key: its name, where it first appeared, missing rows before that.
    group_rows
        Rows that become columns at once.
    """

    def __init__(
        self,
        name: str,
        rank: int,
        parts: Mapping[str, _Column | _Object],
        new_column: Callable[[str, Place, int], _Column],
        group_rows: int,
    ) -> None:
        self.name = name
        self.misfits = 0
        self.kept: list[tuple[int, Any]] = []
        """The row of each value that was not an object, and that value."""
        self._rank = rank
        self._parts = dict(parts)
        self._new_column = new_column
        self._group_rows = group_rows
        self._layout: tuple[str, ...] = ()
        self._cells: list[tuple[Any, ...]] = []
        self._deviating: list[tuple[int, Row]] = []
        self._done = 0

    def add(self, values: Sequence[Any]) -> None:
        """Take the objects of some rows; None and ``[]`` (PHP's empty object) have no keys."""
        rows: Sequence[Row] = values
        if set(map(type, values)) != {dict}:
            rows = [value if type(value) is dict else _NO_KEYS for value in values]
            first = self._done + len(self._cells)
            strays = [
                (row, value)
                for row, value in enumerate(values, first)
                if type(value) is not dict and value is not None and value != []
            ]
            self.misfits += len(strays)
            self.kept += strays
        cells, deviating = _take_apart(rows, self._layout)
        if 2 * len(deviating) > len(rows):
            self._to_columns()
            self._layout = tuple(deviating[0][1])
            cells, deviating = _take_apart(rows, self._layout)
        unseen = set(self._layout).union(*(row for _, row in deviating)) - self._parts.keys()
        if unseen:
            self._add_columns(rows, unseen)
        before = len(self._cells)
        self._deviating += [(before + position, row) for position, row in deviating]
        self._cells += cells
        if len(self._cells) >= self._group_rows:
            self._to_columns()

    def add_missing(self, count: int) -> None:
        """Take *count* rows that lack the object."""
        self._to_columns()
        for part in self._parts.values():
            part.add_missing(count)
        self._done += count

    def finish(self) -> int:
        """Complete the columns with the rows kept so far; return how many rows they have."""
        self._to_columns()
        for part in self._parts.values():
            if isinstance(part, _Object):
                part.finish()
        return self._done

    def _to_columns(self) -> None:
        """Turn the rows kept so far into columns."""
        cells, self._cells = self._cells, []
        deviating, self._deviating = self._deviating, []
        parts = dict(self._parts)
        if cells:
            for key, column in zip(self._layout, zip(*cells, strict=True), strict=True):
                parts.pop(key).add(column)
        found: set[str] = set().union(*(row for _, row in deviating))
        for key, part in parts.items():
            if key in found:  # only deviating rows have it
                values: list[Any] = [None] * len(cells)
                for position, row in deviating:
                    values[position] = row.get(key)
                part.add(values)
            elif cells:
                part.add_missing(len(cells))
        self._done += len(cells)

    def _add_columns(self, rows: Sequence[Row], unseen: set[str]) -> None:
        """Make columns for the keys that appear for the first time."""
        for number, row in enumerate(rows, self._done + len(self._cells)):
            for position, key in enumerate(row if not unseen.isdisjoint(row) else ()):
                if key in unseen:
                    unseen.discard(key)
                    name = f"{self.name}{_SEPARATOR}{key}" if self.name else key
                    self._parts[key] = self._new_column(name, (number, self._rank, position), self._done)


def _take_apart(
    rows: Sequence[Row], layout: tuple[str, ...]
) -> tuple[list[tuple[Any, ...]], list[tuple[int, Row]]]:
    """Return the cells of each row in the order of *layout*, and the rows that have other keys."""
    cells = [tuple(row.values()) for row in rows]  # right for every row that has just these keys
    keys = list(map(tuple, rows))
    deviating = []
    if keys.count(layout) < len(rows):
        for position, row in enumerate(rows):
            if keys[position] != layout:
                cells[position] = tuple(map(row.get, layout))
                if row:
                    deviating.append((position, row))
    return cells, deviating


def _path(name: str) -> str:
    """Return a declared column's name inside the builder."""
    return name.replace(".", _SEPARATOR, 1)


def _joined(chunks: pa.ChunkedArray | None, kind: str) -> pa.Array:
    """Return a column in one piece: pandas takes that over much faster than hundreds."""
    if chunks is None or not chunks.num_chunks:
        return pa.nulls(0, ARROW[kind])
    return pa.concat_arrays(chunks.chunks, memory_pool=POOL)


def _flat(record: Row) -> Row:
    """Flatten nested objects by one level; an empty one leaves its name."""
    flat: Row = {}
    for key, value in record.items():
        cells = {f"{key}.{inner}": cell for inner, cell in value.items()} if type(value) is dict else {}
        for name, cell in (cells or {key: None if value == {} else value}).items():
            # A key with a dot in it may stand beside the object that it imitates.
            flat[name if name not in flat else f"{name}_"] = cell
    return flat


def _without_columns(rows: int) -> pa.Table:
    """Return a table of rows only, as of records without any key; Arrow offers no plainer way."""
    batch = pa.RecordBatch.from_struct_array(pa.array([{}] * rows, pa.struct([])))
    return pa.Table.from_batches([batch])


def _without_empty_parents(table: pa.Table) -> pa.Table:
    """Leave out ``x`` where it is always null and ``x.y`` holds the values."""
    parents = {name.partition(".")[0] for name in table.column_names if "." in name}
    empty = [name for name in parents if name in table.column_names and table[name].null_count == len(table)]
    return table.drop_columns(empty)
