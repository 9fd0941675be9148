"""The last step of an export breaks off: the old file or the new one, never half of one."""

import errno
import os
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from support.streams import Batches, beside, kept, resuming, ways

from classy_nb.errors import ExportError, InterruptedFetchError
from classy_nb.export import atomic, checkpoint


@ways
def test_an_interrupt_in_the_middle_of_the_final_file(
    target: Path,
    undisturbed: Callable[..., bytes],
    write: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    expected, synced = undisturbed(write), []

    def sync(number: int) -> None:
        synced.append(number)
        if len(synced) == 6:
            raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", sync)
    with pytest.raises(InterruptedFetchError, match="Stopped: 40 rows are kept"):
        write(Batches(), target)
    monkeypatch.undo()
    assert target.read_text() == "older"
    batches = Batches()
    with resuming(40):
        write(batches, target)
    assert batches.asked == [40]
    assert target.read_bytes() == expected
    assert beside(target) == []


def small_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    even = checkpoint.even
    monkeypatch.setattr(checkpoint, "even", lambda tables, schema: even(tables, schema, 10))


@ways
@pytest.mark.parametrize("at", range(1, 6))
def test_a_cancel_while_the_final_file_is_made_leaves_the_old_one(
    target: Path,
    undisturbed: Callable[..., bytes],
    write: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    at: int,
) -> None:
    """It is asked for before each of the four tables and once all of the file is on the disk."""
    small_tables(monkeypatch)
    expected, told, states = undisturbed(write), [], []
    synced = []
    monkeypatch.setattr(os, "fsync", synced.append)

    def watcher(*state: Any) -> None:
        told.append(state)
        states.append(len(synced))
        if len(told) == at:
            raise InterruptedFetchError("Cancelled.")

    with pytest.raises(InterruptedFetchError, match="Stopped: 40 rows are kept beside"):
        write(Batches(), target, watcher=watcher)
    assert told == [(40, 40, "writing the file")] * at
    assert states == [5, 5, 5, 5, 6][:at]
    assert target.read_text() == "older"
    assert list(target.parent.glob("**/*.tmp")) == []
    with resuming(40):
        write(Batches(), target)
    assert target.read_bytes() == expected


@ways
def test_an_interrupt_when_the_file_has_its_name_says_that_it_is_saved(
    target: Path,
    undisturbed: Callable[..., bytes],
    write: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    expected, replace = undisturbed(write), Path.replace

    def then_ctrl_c(self: Path, other: Path) -> None:
        replace(self, other)
        if other.name == target.name:
            raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", then_ctrl_c)
    with pytest.raises(InterruptedFetchError) as caught:
        write(Batches(), target)
    assert str(caught.value) == f"Stopped, but {target} was complete by then: it is saved."
    assert target.read_bytes() == expected
    assert beside(target) == []


@ways
@pytest.mark.parametrize("at", range(1, 7))
def test_a_full_disk_at_whatever_moment(
    target: Path,
    undisturbed: Callable[..., bytes],
    write: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    at: int,
) -> None:
    """The question, four parts, then the file: six files are synced."""
    expected, synced = undisturbed(write), []

    def sync(number: int) -> None:
        synced.append(number)
        if len(synced) == at:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", sync)
    with pytest.raises(ExportError, match="could not be written: the disk is full") as caught:
        write(Batches(), target)
    monkeypatch.undo()
    whole_batches = max(0, at - 2)
    assert "Make room" in str(caught.value)
    assert target.read_text() == "older"
    assert kept(target) == whole_batches
    assert beside(target) == ([".gifts.file.partial"] if whole_batches else [])
    batches = Batches()
    with resuming(10 * whole_batches) if whole_batches else nullcontext():
        write(batches, target)
    assert batches.asked == [10 * whole_batches or None]
    assert target.read_bytes() == expected
    assert beside(target) == []


class Small:
    """A file on a disk with little room."""

    def __init__(self, file: Any, room: int) -> None:
        self.file, self.room = file, room

    def write(self, content: Any) -> int:
        self.room -= len(content)
        if self.room < 0:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
        return int(self.file.write(content))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)


@ways
@pytest.mark.parametrize("room", [0, 100, 400])
def test_the_final_file_breaks_off(
    target: Path, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    made = atomic.AtomicFile.__init__

    def small(self: Any, *given: Any, **options: Any) -> None:
        made(self, *given, **options)
        self.file = Small(self.file, room)

    monkeypatch.setattr(atomic.AtomicFile, "__init__", small)
    with pytest.raises(ExportError, match="larger than your system allows"):
        write(Batches(), target)
    assert target.read_text() == "older"
    assert beside(target) == [".gifts.file.partial"]
    assert [path.suffix for path in (target.parent / ".gifts.file.partial").glob("*.tmp")] == []
