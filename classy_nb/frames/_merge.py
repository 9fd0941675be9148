"""Builders filled side by side, put one behind the other."""

# ruff: noqa: SLF001 - one thing with the builder, in a file of its own

from __future__ import annotations

from typing import TYPE_CHECKING

from ._columns import ObjectColumn, TypedColumn

if TYPE_CHECKING:
    from ._builder import FrameBuilder


def absorb(mine: FrameBuilder, other: FrameBuilder) -> None:
    """Let *mine* take over all that *other* has, behind its own; *other* is empty then.

    Cheap: nothing is converted again. A builder that has absorbed can absorb more, but no longer
    ``add``.

    Parameters
    ----------
    mine, other
        Builders of the same columns, zone and dtypes.
    """
    for builder in (mine, other):
        if builder._pending:
            builder._top.add(builder._pending)
            builder._pending = []
        builder._top.finish()
    for leaf, its in zip(mine._leaves, other._leaves, strict=True):
        _append(leaf, its)
    for block, its_block in zip(mine._blocks, other._blocks, strict=True):
        block.misfits += its_block.misfits
    _append_undeclared(mine, other)
    mine._rows += other._rows
    mine._misfits += other._misfits
    other._start_over()


def _append_undeclared(mine: FrameBuilder, other: FrameBuilder) -> None:
    own = {column.name: column for _, column in mine._extras}
    theirs = {column.name for _, column in other._extras}
    for (row, rank, position), column in other._extras:
        if column.name not in own:
            place = (mine._rows + row, rank, position)
            own[column.name] = mine._new_column(column.name, place, mine._rows)
        own[column.name]._values += column._values
    for name, column in own.items():
        if name not in theirs:
            column.add_missing(other._rows)


def _append(leaf: TypedColumn | ObjectColumn, other: TypedColumn | ObjectColumn) -> None:
    if isinstance(leaf, TypedColumn) and isinstance(other, TypedColumn):
        leaf._chunks += other._chunks
        leaf.misfits += other.misfits
    elif isinstance(leaf, ObjectColumn) and isinstance(other, ObjectColumn):
        leaf._values += other._values
