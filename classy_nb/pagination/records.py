"""Records that do not show: tracebacks with locals are printed, and saved with notebooks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, overload


class Records(Sequence[Any]):  # noqa: PLW1641 - equal by what it holds, which has no hash
    """A sequence of records whose ``repr`` says how many there are, and nothing else.

    Parameters
    ----------
    records
        What it holds; read once.
    """

    __slots__ = ("_held",)

    def __init__(self, records: Iterable[Any] = ()) -> None:
        self._held: list[Any] = records._held if isinstance(records, Records) else list(records)  # noqa: SLF001

    def __len__(self) -> int:
        return len(self._held)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._held)

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> Records: ...
    def __getitem__(self, index: int | slice) -> Any:
        return Records(self._held[index]) if isinstance(index, slice) else self._held[index]

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Records):
            return self._held == other._held
        return self._held == other if isinstance(other, list) else NotImplemented

    def __repr__(self) -> str:
        return f"<{len(self)} records>"
