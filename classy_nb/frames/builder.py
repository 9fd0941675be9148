"""Build a frame from records, some pages at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from classy_nb.errors import DataWarning, warn

from .block import Block, Leaf
from .collector import collector_eased
from .columns import ObjectColumn, Place, TypedColumn
from .kinds import ARROW, WORDS, Backend

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from classy_nb.catalog import Column

GROUP_ROWS = 1000
"""Rows that become columns at once: enough to be fast, few enough to cost no memory."""
PAGE_ROWS = 100
"""Rows that are taken apart at once."""

LISTS = "classy_lists"
"""Key in ``frame.attrs``: column of lists -> record of its items, for :func:`explode`."""

Record = dict[str, Any] | list[Any] | str | float | bool | None
"""One parsed JSON value; normally a dict."""


class FrameBuilder:
    """Collect records and turn them into one typed frame.

    Memory stays near the size of the frame: what is added is converted every few pages. A builder
    belongs to one thread.

    Parameters
    ----------
    columns
        The frame's columns, flat (``context.source_campaign_id``), in order. None at all: the
        columns are what the records have, with the dtypes that their values share, and nested
        objects become ``name.key`` columns.
    timezone
        IANA name of the zone in which instants are shown.
    dtype_backend
        ``"numpy_nullable"``, or ``"pyarrow"`` for Arrow dtypes.
    label
        What the records are called in warnings.
    group_rows
        Rows that become columns at once; fewer where many builders wait for their last rows together.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        timezone: str = "UTC",
        dtype_backend: Backend = "numpy_nullable",
        label: str = "records",
        group_rows: int = GROUP_ROWS,
    ) -> None:
        self._columns = tuple(columns)
        self._timezone = timezone
        self._backend = dtype_backend
        self._label = label
        self._group_rows = group_rows
        self._start_over()

    def _start_over(self) -> None:
        self._rows = 0
        self._misfits = 0
        self._pending: list[dict[str, Any] | None] = []
        self._extras: list[ObjectColumn] = []
        self._leaves = [_leaf(column) for column in self._columns]
        self._blocks: list[Block] = []
        self._top = self._plan()

    def _plan(self) -> Block:
        """Put the flat columns back into the objects that they come from."""
        parts: dict[str, Leaf | Block] = {}
        nested: dict[str, dict[str, Leaf]] = {}
        for leaf in self._leaves:
            outer, dot, inner = leaf.name.partition(".")
            if dot:
                nested.setdefault(outer, {})[inner] = leaf
            else:
                parts[outer] = leaf
        for rank, (name, inner_parts) in enumerate(nested.items(), start=1):
            block = Block(name, rank, inner_parts, self._new_column, self._group_rows)
            self._blocks.append(block)
            parts[name] = block
        return Block("", 0, parts, self._new_column, self._group_rows)

    def _new_column(self, name: str, place: Place, missing: int) -> ObjectColumn:
        column = ObjectColumn(name, "unknown", place)
        column.add_missing(missing)
        self._extras.append(column)
        return column

    @property
    def rows(self) -> int:
        """Records added so far."""
        return self._rows

    def add(self, records: Iterable[Record]) -> None:
        """Add parsed JSON records, of any number of pages.

        A record that is no object keeps its row: as ``value`` where that is the only column or
        where no columns are declared, else as a row of missing values that is warned of.
        """
        pending = self._pending
        before = len(pending)
        pending.extend(map(self._row, records))
        self._rows += len(pending) - before
        full = len(pending) - len(pending) % PAGE_ROWS
        with collector_eased():
            for start in range(0, full, PAGE_ROWS):
                self._top.add(pending[start : start + PAGE_ROWS])
        del pending[:full]

    def _row(self, record: Record) -> dict[str, Any] | None:
        if isinstance(record, dict):
            return record if self._columns else _flat(record)
        if not self._columns or [column.name for column in self._columns] == ["value"]:
            return {"value": record}
        self._misfits += 1
        return None

    def settle(self) -> None:
        """Turn what is kept back into columns now: for a moment in which nobody waits for it."""
        self._settled().finish()

    def absorb(self, other: FrameBuilder) -> None:
        """Take over all that *other* has, behind its own; *other* starts over.

        Cheap: nothing is converted again. The frame is the one that a single builder would have made.

        Parameters
        ----------
        other
            A builder of the same columns, zone and dtypes.
        """
        top, rows, misfits = other.hand_over()
        self._settled().absorb(top)
        self._rows += rows
        self._misfits += misfits

    def hand_over(self) -> tuple[Block, int, int]:
        """Let go of all that was added: the columns, the rows, and how many were no objects."""
        held = self._settled(), self._rows, self._misfits
        self._start_over()
        return held

    def _settled(self) -> Block:
        """Return the columns with nothing kept back."""
        if self._pending:
            self._top.add(self._pending)
            self._pending = []
        return self._top

    def frame(self) -> pd.DataFrame:
        """Return the frame of all that was added, and start over.

        Returns
        -------
        DataFrame, shape (rows, columns or more)
            The declared columns in their order and with their dtypes, also without any rows; then
            the undeclared ones in the order in which they were first seen. The index counts from 0.

        Warns
        -----
        DataWarning
            For each column in which values did not fit: its name and their number.
        """
        self.settle()
        data: dict[str, Any] = {}
        for leaf in (*self._leaves, *sorted(self._extras, key=lambda extra: extra.place)):
            name = leaf.name
            while name in data:  # a key with a dot in it, beside the object it imitates
                name += "_"
            data[name] = leaf.finish(self._timezone, self._backend)
        if not self._columns:
            data = _without_empty_parents(data)
        frame = _assembled(data, self._rows)
        lists = {c.name: c.record for c in self._columns if c.kind == "list" and c.record}
        if lists:
            frame.attrs[LISTS] = lists
        messages = self._complaints()
        self._start_over()
        for message in messages:
            warn(message, DataWarning)
        return frame

    def _complaints(self) -> list[str]:
        messages = []
        if self._misfits:
            messages.append(
                f"{self._label}: {self._misfits} of {self._rows} records are no objects; "
                "their rows hold missing values."
            )
        messages += [
            f"{self._label}: {part.misfits} of {self._rows} values of {part.name!r} "
            f"are not {WORDS[part.kind]}; they became missing."
            for part in (*self._leaves, *self._blocks)
            if part.misfits
        ]
        return messages


def _leaf(column: Column) -> Leaf:
    typed = column.kind in ARROW
    return TypedColumn(column.name, column.kind) if typed else ObjectColumn(column.name, column.kind)


def _flat(record: dict[str, Any]) -> dict[str, Any]:
    """Flatten nested objects one level; an empty one leaves its name."""
    flat: dict[str, Any] = {}
    for key, value in record.items():
        cells = {f"{key}.{inner}": cell for inner, cell in value.items()} if type(value) is dict else {}
        for name, cell in (cells or {key: None if value == {} else value}).items():
            # A key with a dot in it may stand beside the object it imitates.
            flat[name if name not in flat else f"{name}_"] = cell
    return flat


def _assembled(data: dict[str, Any], rows: int) -> pd.DataFrame:
    index = pd.RangeIndex(rows)
    for name, array in data.items():
        if array.dtype == object:
            # Left to itself pandas 3 makes text of a column that happens to hold nothing else.
            data[name] = pd.Series(array, index=index, dtype=object, copy=False)
    return pd.DataFrame(data, index=index, copy=False)


def _without_empty_parents(data: dict[str, Any]) -> dict[str, Any]:
    """Leave out ``x`` where it is never more than null and ``x.y`` holds its values."""
    parents = {name.partition(".")[0] for name in data if "." in name}
    return {name: array for name, array in data.items() if name not in parents or not pd.isna(array).all()}


def empty_frame(
    columns: Sequence[Column], *, timezone: str = "UTC", dtype_backend: Backend = "numpy_nullable"
) -> pd.DataFrame:
    """Return a frame without rows: the columns and dtypes that a full one has."""
    return FrameBuilder(columns, timezone=timezone, dtype_backend=dtype_backend).frame()
