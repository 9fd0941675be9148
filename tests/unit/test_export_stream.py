"""Lists straight into files: whole or not there, gone on with where they ended, the same in the end."""

import errno
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, cast

import pandas as pd
import pyarrow.parquet as pq
import pytest

from classy_nb.catalog import Column
from classy_nb.errors import (
    ConnectionFailedError,
    DataWarning,
    ExportError,
    IncompleteResultError,
    InterruptedFetchError,
    ServerError,
    TimedOutError,
)
from classy_nb.export import _atomic, _stage, stream_csv, stream_parquet
from classy_nb.export._stage import Stage
from classy_nb.frames import FrameBuilder

COLUMNS = (Column("id", "int"), Column("name", "text"), Column("items", "list"))
QUESTION = {"path": "/organizations/7/transactions"}
Change = Callable[[int], object]


def frame_of(ids: Sequence[int]) -> pd.DataFrame:
    builder = FrameBuilder(COLUMNS)
    # The undeclared column appears late, and its values share no type.
    builder.add(
        [{"id": i, "name": f"Zoë {i}", **({"late": i if i % 2 else "x"} if i > 25 else {})} for i in ids]
    )
    return builder.frame()


class Batches:
    """Forty rows, in batches of ten; ``before`` is called with the number of each batch (from 1)."""

    def __init__(self, rows: int = 40, before: Change = lambda _: None, size: int = 10) -> None:
        self.rows, self.before, self.size = rows, before, size
        self.asked: list[int | None] = []

    def __call__(self, after: int | None) -> Iterator[pd.DataFrame]:
        self.asked.append(after)
        ids = range((after or 0) + 1, self.rows + 1)
        for number, start in enumerate(range(0, max(len(ids), 1), self.size), start=1):
            self.before(number)
            yield frame_of(ids[start : start + self.size])


def raising(error: BaseException, at: int) -> Change:
    def before(number: int) -> None:
        if number == at:
            raise error

    return before


def to_csv(batches: Any, path: Path, *, question: Any = QUESTION, **options: Any) -> Path:
    asked = {"resumable": True, "excel": False, "neutralize": True, **options}
    return stream_csv(batches, path, question, **asked)


def to_parquet(batches: Any, path: Path, *, question: Any = QUESTION, **options: Any) -> Path:
    return stream_parquet(batches, path, question, **{"resumable": True, **options})


def going_on(rows: int) -> Any:
    """Expect to be told that so many rows are of an earlier call."""
    return pytest.warns(DataWarning, match=f"^Going on with {rows} rows that were fetched from ")


ways = pytest.mark.parametrize("write", [to_csv, to_parquet])


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A file of which there is an older one."""
    path = tmp_path / "there" / "gifts.file"
    path.parent.mkdir()
    path.write_text("older")
    return path


@pytest.fixture
def undisturbed(tmp_path: Path) -> Callable[[Callable[..., Path]], bytes]:
    return lambda write: cast("Path", write(Batches(), tmp_path / "undisturbed")).read_bytes()


def beside(target: Path) -> list[str]:
    return sorted(path.name for path in target.parent.iterdir() if path != target)


def rows_kept(target: Path) -> int:
    found = list(target.parent.glob(".*.partial/checkpoint.json"))
    return int(json.loads(found[0].read_text())["rows"]) if found else 0


def kept(target: Path) -> int:
    return len(list(target.parent.glob(".*.partial/*.arrow")))


@ways
@pytest.mark.parametrize("at", [1, 2, 4])
@pytest.mark.parametrize(
    "error",
    [
        InterruptedFetchError("Stopped: 20 of 40 rows had come; nothing was kept."),
        ServerError("no", status=500),
    ],
)
def test_the_same_call_goes_on_behind_the_last_row(
    target: Path, undisturbed: Callable[..., bytes], write: Callable[..., Path], at: int, error: BaseException
) -> None:
    with pytest.raises(type(error)) as caught:
        write(Batches(before=raising(error, at)), target)
    told = "".join([str(caught.value), *getattr(caught.value, "__notes__", [])])
    assert target.read_text() == "older"
    if at == 1:
        assert beside(target) == []
        assert "kept beside" not in told
    else:
        assert f"{10 * (at - 1)} rows are kept beside {target}; the same call goes on from there." in told
    batches = Batches()
    with going_on(10 * (at - 1)) if at > 1 else nullcontext():
        assert write(batches, target) == target
    assert batches.asked == [10 * (at - 1) or None]
    assert target.read_bytes() == undisturbed(write)
    assert beside(target) == []


@ways
def test_rows_of_an_earlier_call_are_told_and_since_when(
    target: Path, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They may have changed since: a refund of the night is not in them."""
    question = {**QUESTION, "timezone": "America/Los_Angeles"}
    begun = 1_769_878_800.0  # 2026-01-31 09:00 in Los Angeles
    monkeypatch.setattr(_stage.time, "time", lambda: begun)
    with pytest.raises(InterruptedFetchError):
        write(Batches(before=raising(KeyboardInterrupt(), 3)), target, question=question)
    monkeypatch.setattr(_stage.time, "time", lambda: begun + 23 * 3600)
    with pytest.warns(DataWarning) as caught:
        write(Batches(), target, question=question)
    [warning] = caught
    assert str(warning.message) == (
        "Going on with 20 rows that were fetched from 2026-01-31 09:00 PST on; what changed since then is "
        f"not in them. Delete {target.with_name('.gifts.file.partial')} to begin anew."
    )
    assert warning.filename == __file__


@ways
def test_rows_older_than_a_day_are_dropped_aloud(
    target: Path, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = 1_769_878_800.0  # 2026-01-31 17:00 UTC
    monkeypatch.setattr(_stage.time, "time", lambda: begun)
    with pytest.raises(InterruptedFetchError, match="Stopped: 20 rows are kept"):
        write(Batches(before=raising(KeyboardInterrupt(), 3)), target)
    monkeypatch.setattr(_stage.time, "time", lambda: begun + _stage.MAX_AGE + 1)
    batches = Batches()
    with pytest.warns(DataWarning) as caught:
        write(batches, target)
    [warning] = caught
    assert str(warning.message) == (
        "20 rows that were fetched from 2026-01-31 17:00 UTC on are older than a day and were dropped: "
        "all is fetched anew."
    )
    assert batches.asked == [None]
    assert beside(target) == []


@ways
def test_rows_of_another_question_are_dropped_aloud(
    target: Path, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_stage.time, "time", lambda: 1_769_878_800.0)  # 2026-01-31 17:00 UTC
    with pytest.raises(InterruptedFetchError, match="Stopped: 20 rows are kept"):
        write(Batches(before=raising(KeyboardInterrupt(), 3)), target)
    batches = Batches()
    with pytest.warns(DataWarning) as caught:
        write(batches, target, question={**QUESTION, "limit": 3}, resumable=False)
    [warning] = caught
    assert str(warning.message) == (
        "20 rows that were fetched from 2026-01-31 17:00 UTC on answer another question (other arguments, "
        "organization, time zone or version of classy_nb) and were dropped: all is fetched anew."
    )
    assert batches.asked == [None]
    assert beside(target) == []


@ways
@pytest.mark.parametrize(
    ("there", "dropped"), [(19, False), (20, False), (21, True), (None, False), (TimedOutError("no"), False)]
)
def test_more_records_than_rows_of_an_earlier_call(
    target: Path, undisturbed: Callable[..., bytes], write: Callable[..., Path], there: Any, *, dropped: bool
) -> None:
    with pytest.raises(InterruptedFetchError):
        write(Batches(before=raising(KeyboardInterrupt(), 3)), target)
    asked = []

    def count_until(last: int) -> int | None:
        asked.append(last)
        if isinstance(there, Exception):
            raise there
        return cast("int | None", there)

    batches = Batches()
    told = "were dropped, as the API counts 21 up to the last of them by now: all is fetched anew.$"
    with pytest.warns(DataWarning, match=told) if dropped else going_on(20):
        write(batches, target, count_until=count_until)
    assert (asked, batches.asked) == ([20], [None if dropped else 20])
    assert target.read_bytes() == undisturbed(write)
    assert beside(target) == []


@ways
@pytest.mark.parametrize("error", [KeyboardInterrupt(), ConnectionFailedError("No answer.")])
def test_what_ends_the_question_how_many_there_are_keeps_the_rows(
    target: Path, write: Callable[..., Path], error: BaseException
) -> None:
    with pytest.raises(InterruptedFetchError):
        write(Batches(before=raising(KeyboardInterrupt(), 3)), target)
    batches = Batches()
    with pytest.raises((InterruptedFetchError, ConnectionFailedError)) as caught:
        write(batches, target, count_until=lambda _: raising(error, 0)(0))
    told = "".join([str(caught.value), *getattr(caught.value, "__notes__", [])])
    assert "20 rows are kept beside" in told
    assert (batches.asked, rows_kept(target)) == ([], 20)


@ways
def test_nothing_is_kept_of_a_list_that_misses_rows(target: Path, write: Callable[..., Path]) -> None:
    """They may be missing among those that had come."""
    with pytest.raises(IncompleteResultError) as caught:
        write(Batches(before=raising(IncompleteResultError("39 of 40 records arrived."), 3)), target)
    assert not hasattr(caught.value, "__notes__")
    assert (target.read_text(), beside(target)) == ("older", [])


@ways
def test_a_crash_before_the_first_row_leaves_nothing_but_the_folder(
    target: Path, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is made on trial stands in there, where the next call removes it."""

    def killed(self: Stage, **_: object) -> None:
        raise SystemExit(9)

    monkeypatch.setattr(Stage, "open", killed)
    monkeypatch.setattr(_atomic.AtomicFile, "abort", lambda _: None)
    with pytest.raises(SystemExit):
        write(Batches(), target)
    assert beside(target) == []


@ways
def test_who_takes_the_warning_for_an_error_keeps_the_rows(target: Path, write: Callable[..., Path]) -> None:
    with pytest.raises(InterruptedFetchError):
        write(Batches(before=raising(KeyboardInterrupt(), 3)), target)
    batches = Batches()
    with pytest.raises(DataWarning, match="Going on with 20 rows"):
        write(batches, target)
    assert (batches.asked, rows_kept(target), target.read_text()) == ([], 20, "older")


@ways
def test_again_and_again(target: Path, undisturbed: Callable[..., bytes], write: Callable[..., Path]) -> None:
    """Batches of other sizes each time: the file does not show it."""
    starts: list[int | None] = []
    for size in (3, 7, 4, 11):
        batches = Batches(before=raising(KeyboardInterrupt(), 2), size=size)
        with (
            going_on(kept_rows) if (kept_rows := rows_kept(target)) else nullcontext(),
            pytest.raises(InterruptedFetchError, match="rows are kept"),
        ):
            write(batches, target)
        starts += batches.asked
    assert starts == [None, 3, 10, 14]
    with going_on(25):
        write(Batches(), target)
    assert target.read_bytes() == undisturbed(write)


@ways
@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), InterruptedFetchError("Stopped: nothing was kept."), SystemExit(3)]
)
def test_where_nothing_can_be_gone_on_with_nothing_is_left(
    target: Path, write: Callable[..., Path], error: BaseException
) -> None:
    expected = SystemExit if isinstance(error, SystemExit) else InterruptedFetchError
    with pytest.raises(expected) as caught:
        write(Batches(before=raising(error, 3)), target, resumable=False)
    assert "are kept" not in str(caught.value)
    assert "from there" not in str(caught.value)
    if expected is InterruptedFetchError:
        assert "nothing was kept" in str(caught.value)
    assert (target.read_text(), beside(target)) == ("older", [])
    batches = Batches()
    write(batches, target, resumable=False)
    assert batches.asked == [None]


@ways
def test_rows_out_of_order_are_fetched_anew(target: Path, write: Callable[..., Path]) -> None:
    """Where the server refuses the key and the sort, nothing can be gone on behind."""

    def unsorted(after: int | None) -> Iterator[pd.DataFrame]:
        yield frame_of([3, 1])
        yield frame_of([2, 4])
        raise ServerError("no", status=500)

    with pytest.raises(ServerError) as caught:
        write(unsorted, target)
    assert not hasattr(caught.value, "__notes__")
    assert (target.read_text(), beside(target)) == ("older", [])


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
        if len(synced) == 9:
            raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", sync)
    with pytest.raises(InterruptedFetchError, match="Stopped: 40 rows are kept"):
        write(Batches(), target)
    monkeypatch.undo()
    assert target.read_text() == "older"
    batches = Batches()
    with going_on(40):
        write(batches, target)
    assert batches.asked == [40]
    assert target.read_bytes() == expected
    assert beside(target) == []


def small_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    even = _stage.even
    monkeypatch.setattr(_stage, "even", lambda tables, schema: even(tables, schema, 10))


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
    assert states == [8, 8, 8, 8, 9][:at]
    assert target.read_text() == "older"
    assert list(target.parent.glob("**/*.tmp")) == []
    with going_on(40):
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
    assert str(caught.value) == f"Stopped, but {target} was whole by then: it is saved."
    assert target.read_bytes() == expected
    assert beside(target) == []


@ways
@pytest.mark.parametrize("at", range(1, 10))
def test_a_full_disk_at_whatever_moment(
    target: Path,
    undisturbed: Callable[..., bytes],
    write: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    at: int,
) -> None:
    """Four batches and their checkpoints, then the file: nine files are made sure of."""
    expected, synced = undisturbed(write), []

    def sync(number: int) -> None:
        synced.append(number)
        if len(synced) == at:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", sync)
    with pytest.raises(ExportError, match="could not be written: the disk is full") as caught:
        write(Batches(), target)
    monkeypatch.undo()
    whole_batches = (at - 1) // 2
    assert "Make room" in str(caught.value)
    assert target.read_text() == "older"
    assert kept(target) == whole_batches
    assert beside(target) == ([".gifts.file.partial"] if whole_batches else [])
    batches = Batches()
    with going_on(10 * whole_batches) if whole_batches else nullcontext():
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
    made = _atomic.AtomicFile.__init__

    def small(self: Any, *given: Any, **options: Any) -> None:
        made(self, *given, **options)
        self.file = Small(self.file, room)

    monkeypatch.setattr(_atomic.AtomicFile, "__init__", small)
    with pytest.raises(ExportError, match="larger than your system allows"):
        write(Batches(), target)
    assert target.read_text() == "older"
    assert beside(target) == [".gifts.file.partial"]
    assert [path.suffix for path in (target.parent / ".gifts.file.partial").glob("*.tmp")] == []


@ways
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("nowhere/gifts.file", "the folder does not exist"),
        ("there/gifts.file/gifts.csv", "a part of the path is no folder"),
        ("there", "it is a folder"),
        ("x" * 256, "the name is too long"),
    ],
)
def test_a_place_that_cannot_be_written_is_noticed_before_anything_is_fetched(
    target: Path, tmp_path: Path, write: Callable[..., Path], name: str, reason: str
) -> None:
    batches = Batches()
    with pytest.raises(ExportError, match=reason):
        write(batches, tmp_path / name)
    assert batches.asked == []
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["gifts.file", "there"]


@ways
def test_a_device_is_no_place(write: Callable[..., Path]) -> None:
    batches = Batches()
    with pytest.raises(ExportError, match="a device or a pipe"):
        write(batches, Path(os.devnull))
    assert batches.asked == []


@ways
def test_two_exports_to_one_file(
    target: Path, undisturbed: Callable[..., bytes], write: Callable[..., Path]
) -> None:
    def meanwhile(number: int) -> None:
        if number == 3:
            batches = Batches()
            with pytest.raises(ExportError, match=f"Another export to {target} is under way"):
                write(batches, target)
            assert batches.asked == []

    write(Batches(before=meanwhile), target)
    assert target.read_bytes() == undisturbed(write)
    assert beside(target) == []


def test_a_link_stays_and_the_batches_are_where_the_file_is(tmp_path: Path) -> None:
    """The other folder may be another disk: from there nothing could be renamed."""
    (tmp_path / "disk").mkdir()
    link, real = tmp_path / "gifts.csv", tmp_path / "disk" / "real.csv"
    link.symlink_to(real)
    seen = []
    to_csv(Batches(before=lambda _: seen.append([p.name for p in real.parent.iterdir()])), link)
    assert seen[0] == [".real.csv.partial"]
    assert link.is_symlink()
    assert len(pd.read_csv(real)) == 40
    assert [path.name for path in real.parent.iterdir()] == ["real.csv"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["disk", "gifts.csv"]


def test_an_empty_list(tmp_path: Path) -> None:
    assert to_csv(Batches(rows=0), tmp_path / "a.csv").read_text() == "id,name,items\n"
    table = pq.read_table(to_parquet(Batches(rows=0), tmp_path / "a.parquet"))
    assert table.column_names == ["id", "name", "items"]
    assert [str(field.type) for field in table.schema] == ["int64", "large_string", "large_string"]
    assert len(table) == 0
    assert len(list(tmp_path.iterdir())) == 2


def test_nothing_at_all(tmp_path: Path) -> None:
    """Batches always are at least one; where there are none the file is there all the same."""
    assert to_csv(lambda _: [], tmp_path / "a.csv").read_text() == "\n"


def test_a_column_that_appears_late_after_an_interrupt(tmp_path: Path) -> None:
    path = tmp_path / "gifts.parquet"
    with pytest.raises(InterruptedFetchError):
        to_parquet(Batches(before=raising(KeyboardInterrupt(), 3)), path)
    with going_on(20):
        to_parquet(Batches(size=5), path)
    table = pq.read_table(path)
    assert table.column_names == ["id", "name", "items", "late"]
    assert table["id"].to_pylist() == list(range(1, 41))
    assert table["late"].to_pylist() == [None] * 25 + ["x" if i % 2 == 0 else str(i) for i in range(26, 41)]
    assert pq.ParquetFile(path).metadata.num_row_groups == 1


def test_csv_and_parquet_share_what_has_come(tmp_path: Path) -> None:
    """What is asked is the same: the other kind of file goes on with it."""
    path = tmp_path / "gifts"
    with pytest.raises(InterruptedFetchError):
        to_parquet(Batches(before=raising(KeyboardInterrupt(), 3)), path)
    batches = Batches()
    with going_on(20):
        to_csv(batches, path)
    assert batches.asked == [20]
    assert len(pd.read_csv(path)) == 40


def test_no_more_than_a_batch_is_kept_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    even = _stage.even

    def watched(tables: Any, schema: Any) -> Any:
        for table in even(tables, schema, 10):
            sizes.append(len(table))
            yield table

    monkeypatch.setattr(_stage, "even", watched)
    to_csv(Batches(rows=100, size=25), tmp_path / "a.csv")
    assert sizes == [10] * 10
