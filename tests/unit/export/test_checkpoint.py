"""Rows on disk until a file is whole: they are resumed, whatever a crash or a careless hand has left."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from support.stages import QUESTION, gifts, ids_in, opened

from classy_nb.errors import ExportError
from classy_nb.export import checkpoint
from classy_nb.export.atomic import AtomicFile
from classy_nb.export.checkpoint import MAX_AGE
from classy_nb.export.csv import CsvWriter


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.suffix != ".arrow"} - {"lock"}


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "gifts.csv"


@pytest.fixture
def left(target: Path) -> Path:
    """The folder that an export of three batches has left."""
    kept = opened(target)
    for frame in (gifts(1, 2), gifts(5), gifts(7, 8, 9)):
        kept.add(frame)
    kept.close(keep=True)
    return kept.folder


def parts(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.arrow"))


def rewrite(folder: Path, **changed: Any) -> None:
    path = folder / "question.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changed}))


def test_what_was_kept_is_taken_up(target: Path, left: Path) -> None:
    assert left == target.with_name(".gifts.csv.partial")
    kept = opened(target)
    assert (kept.rows, kept.last) == (6, 9)
    kept.add(gifts(12))
    assert (kept.rows, kept.last) == (7, 12)
    assert ids_in(kept) == [1, 2, 5, 7, 8, 9, 12]
    kept.close(keep=False)
    assert list(target.parent.iterdir()) == []


def test_it_is_left_alone_where_nothing_is_to_be_resumed(target: Path, left: Path) -> None:
    kept = opened(target, resume=False)
    assert (kept.rows, kept.last, ids_in_files(left)) == (0, None, 0)
    kept.close(keep=False)


def ids_in_files(folder: Path) -> int:
    return sum(1 for _ in folder.glob("*.arrow"))


def shorten(path: Path, by: int = 1) -> None:
    path.write_bytes(path.read_bytes()[:-by])


DAMAGES: dict[str, Callable[[Path], object]] = {
    "too old": lambda left: rewrite(left, begun_at=time.time() - MAX_AGE - 60),
    "from a newer clock": lambda left: rewrite(left, begun_at=time.time() + 60),
    "another question": lambda left: rewrite(left, question="0" * 64),
    "no question": lambda left: (left / "question.json").unlink(),
    "an empty question": lambda left: (left / "question.json").write_bytes(b""),
    "half a question": lambda left: shorten(left / "question.json", 40),
    "not text": lambda left: (left / "question.json").write_bytes(b"\xff\xfe\0"),
    "a list": lambda left: (left / "question.json").write_text("[]"),
    "a number": lambda left: (left / "question.json").write_text("3"),
    "a time as text": lambda left: rewrite(left, begun_at="now"),
    "no parts": lambda left: [part.unlink() for part in parts(left)],
    "a part is cut off": lambda left: shorten(parts(left)[2]),
    "a part is empty": lambda left: parts(left)[0].write_bytes(b""),
    "a part in no order": lambda left: parts(left)[0].rename(left / "unordered-000000000.arrow"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_what_cannot_be_gone_on_with_begins_anew(
    target: Path, left: Path, damage: Callable[[Path], object]
) -> None:
    damage(left)
    kept = opened(target)
    assert (kept.rows, kept.last) == (0, None)
    assert names_in(left) == set()
    assert ids_in_files(left) == 0, "what does not count takes no room"
    kept.add(gifts(3))
    kept.close(keep=True)
    again = opened(target)
    assert (ids_in(again), again.last) == ([3], 3)
    again.close(keep=False)


@pytest.mark.parametrize("changed", [{"version": "2"}, {"path": "/organizations/8/transactions"}])
@pytest.mark.parametrize("resume", [True, False])
def test_only_the_same_question_goes_on(
    target: Path, left: Path, changed: dict[str, str], *, resume: bool
) -> None:
    kept = opened(target, {**QUESTION, **changed}, resume=resume)
    assert (kept.rows, kept.last) == (0, None)
    assert kept.dropped is not None
    assert (kept.dropped.rows, kept.dropped.why.split(" (")[0]) == (6, "answer another question")
    kept.close(keep=False)


def test_the_order_of_a_question_does_not_matter(target: Path, left: Path) -> None:
    kept = opened(target, dict(reversed(QUESTION.items())))
    assert kept.rows == 6
    kept.close(keep=False)


def test_what_a_crash_has_left_is_swept_away(target: Path, left: Path) -> None:
    (left / "part-00000000000000000012.arrow.new").write_bytes(b"half a")
    (left / "question.json.new").write_text("{")
    for ending in ("tmp", "mode"):
        (left / f".gifts.csv.{'0' * 32}.{ending}").write_text("half a file")
    kept = opened(target)
    assert ids_in(kept) == [1, 2, 5, 7, 8, 9]
    assert names_in(left) == {"question.json"}
    assert ids_in_files(left) == 3
    kept.close(keep=False)


def test_two_at_the_same_time(target: Path, left: Path) -> None:
    first = opened(target)
    for _ in range(2):
        with pytest.raises(ExportError, match="is running") as caught:
            opened(target)
    assert "Wait for it" in str(caught.value)
    assert ids_in(first) == [1, 2, 5, 7, 8, 9]
    first.close(keep=True)
    second = opened(target)
    assert second.rows == 6
    second.close(keep=False)
    assert not left.exists()


@pytest.mark.parametrize("name", ["g" * 251 + ".csv", "é" * 125 + ".csv", "花" * 83 + ".csv"])
def test_a_long_name(tmp_path: Path, name: str) -> None:
    kept = opened(tmp_path / name)
    kept.add(gifts(1))
    with CsvWriter(AtomicFile(tmp_path / name, drafts=kept.folder)) as writer:
        for table in kept.tables():
            writer.write(table)
    kept.close(keep=False)
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    ("batches", "last"),
    [
        ([(1, 2), (3,)], 3),
        ([(2, 1)], None),
        ([(1, 1)], None),
        ([(1, 3), (2, 4)], None),
        ([(1, 3), (3, 4)], None),
        ([(4, 1), (5, 6)], None),
        ([(), (5, 6)], 6),
        ([(5, 6), ()], 6),
    ],
)
def test_only_rows_in_order_of_ids_can_be_gone_on_behind(
    target: Path, batches: list[tuple[int, ...]], last: int | None
) -> None:
    kept = opened(target)
    for ids in batches:
        kept.add(gifts(*ids))
    assert kept.last == last
    kept.close(keep=True)
    again = opened(target)
    assert (again.last, again.rows) == ((last, sum(map(len, batches))) if last else (None, 0))
    again.close(keep=False)


@pytest.mark.parametrize(
    "table",
    [
        pa.table({"id": pa.array([None], pa.int64())}),
        pa.table({"id": ["a"]}),
        pa.table({"id": [1.5]}),
        pa.table({"id": [-1]}),
        pa.table({"name": ["a"]}),
    ],
)
def test_nothing_resumes_behind_ids_that_are_not_numbers(target: Path, table: pa.Table) -> None:
    kept = opened(target)
    kept.add(table)
    assert (kept.rows, kept.last) == (1, None)
    kept.close(keep=False)


@pytest.mark.parametrize("at", ["sync", "rename"])
def test_a_part_counts_once_all_of_it_is_on_the_disk(
    target: Path, left: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    kept = opened(target)

    def fail(*_: object) -> None:
        raise KeyboardInterrupt if at == "sync" else OSError(28, "full")

    monkeypatch.setattr(*((os, "fsync", fail) if at == "sync" else (Path, "replace", fail)))
    with pytest.raises((KeyboardInterrupt, OSError)):
        kept.add(gifts(20, 21))
    monkeypatch.undo()
    assert (kept.rows, kept.last) == (6, 9)
    assert ids_in_files(left) == 3
    kept.add(gifts(20))
    kept.close(keep=True)
    again = opened(target)
    assert ids_in(again) == [1, 2, 5, 7, 8, 9, 20]
    again.close(keep=False)


@pytest.mark.parametrize("earlier", [0, 6])
def test_a_part_counts_from_the_moment_that_it_has_its_name(
    target: Path, left: Path, monkeypatch: pytest.MonkeyPatch, earlier: int
) -> None:
    """Even if Ctrl-C comes in between: the message tells how many rows are kept."""
    kept = opened(target, resume=bool(earlier))
    replace = Path.replace

    def replaced(path: Path, there: Path) -> None:
        replace(path, there)
        if there.suffix == ".arrow":
            raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", replaced)
    with pytest.raises(KeyboardInterrupt):
        kept.add(gifts(20, 21))
    monkeypatch.undo()
    assert (kept.rows, kept.last) == (earlier + 2, 21)
    kept.close(keep=True)
    again = opened(target)
    assert (again.rows, again.dropped) == (earlier + 2, None)
    assert ids_in(again)[-2:] == [20, 21]
    again.close(keep=False)
    assert not left.exists()


def test_the_age_counts_from_the_beginning_of_the_first_call(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often it is interrupted: what is older than a day is not gone on with."""
    begun = time.time()
    for hours, ids in ((0, [1, 2]), (9, [5]), (23, [7])):
        monkeypatch.setattr(checkpoint.time, "time", lambda hours=hours: begun + 3600 * hours)
        kept = opened(target)
        assert kept.begun_at == begun
        kept.add(gifts(*ids))
        kept.close(keep=True)
    monkeypatch.setattr(checkpoint.time, "time", lambda: begun + MAX_AGE + 1)
    kept = opened(target)
    assert (kept.rows, kept.last, kept.begun_at) == (0, None, begun + MAX_AGE + 1)
    kept.close(keep=False)


def test_nobody_else_may_look_in(left: Path) -> None:
    if os.name == "posix":
        assert left.stat().st_mode & 0o777 == 0o700
