"""Batches on disk: what counts is taken up again, whatever a crash or a careless hand has left."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
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
    stage = opened(target)
    for frame in (gifts(1, 2), gifts(5), gifts(7, 8, 9)):
        stage.add(frame)
    stage.close(keep=True)
    return stage.folder


def parts(folder: Path) -> list[Path]:
    checkpoint = json.loads((folder / "checkpoint.json").read_text())
    return [folder / name for name in checkpoint["parts"]]


def rewrite(folder: Path, **changed: Any) -> None:
    path = folder / "checkpoint.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changed}))


def test_what_was_kept_is_taken_up(target: Path, left: Path) -> None:
    assert left == target.with_name(".gifts.csv.partial")
    stage = opened(target)
    assert (stage.rows, stage.last) == (6, 9)
    stage.add(gifts(12))
    assert (stage.rows, stage.last) == (7, 12)
    assert ids_in(stage) == [1, 2, 5, 7, 8, 9, 12]
    stage.close(keep=False)
    assert list(target.parent.iterdir()) == []


def test_it_is_left_alone_where_nothing_is_to_be_resumed(target: Path, left: Path) -> None:
    stage = opened(target, resume=False)
    assert (stage.rows, stage.last, ids_in_files(left)) == (0, None, 0)
    stage.close(keep=False)


def ids_in_files(folder: Path) -> int:
    return sum(1 for _ in folder.glob("*.arrow"))


def shorten(path: Path, by: int = 1) -> None:
    path.write_bytes(path.read_bytes()[:-by])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "too old": lambda left: rewrite(left, begun_at=time.time() - MAX_AGE - 60),
    "from a newer clock": lambda left: rewrite(left, begun_at=time.time() + 60),
    "another question": lambda left: rewrite(left, question="0" * 64),
    "no checkpoint": lambda left: (left / "checkpoint.json").unlink(),
    "an empty checkpoint": lambda left: (left / "checkpoint.json").write_bytes(b""),
    "half a checkpoint": lambda left: shorten(left / "checkpoint.json", 40),
    "no text": lambda left: (left / "checkpoint.json").write_bytes(b"\xff\xfe\0"),
    "a list": lambda left: (left / "checkpoint.json").write_text("[]"),
    "a number": lambda left: (left / "checkpoint.json").write_text("3"),
    "other keys": lambda left: rewrite(left, more=1),
    "no parts": lambda left: rewrite(left, parts=None),
    "parts of an older version": lambda left: rewrite(left, parts=[p.name for p in parts(left)]),
    "no last id": lambda left: rewrite(left, last=None),
    "rows as text": lambda left: rewrite(left, rows="6"),
    "a time as text": lambda left: rewrite(left, begun_at="now"),
    "a part is missing": lambda left: parts(left)[1].unlink(),
    "a part is cut off": lambda left: shorten(parts(left)[2]),
    "a part is empty": lambda left: parts(left)[0].write_bytes(b""),
    "a part has rotted": lambda left: flip(parts(left)[0]),
    "a part is another one": lambda left: parts(left)[0].write_bytes(parts(left)[1].read_bytes()),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_what_cannot_be_gone_on_with_begins_anew(
    target: Path, left: Path, damage: Callable[[Path], object]
) -> None:
    damage(left)
    stage = opened(target)
    assert (stage.rows, stage.last) == (0, None)
    assert names_in(left) == set()
    assert ids_in_files(left) == 0, "what does not count takes no room"
    stage.add(gifts(3))
    stage.close(keep=True)
    again = opened(target)
    assert (ids_in(again), again.last) == ([3], 3)
    again.close(keep=False)


def test_a_part_elsewhere_is_not_taken_and_not_removed(target: Path, left: Path) -> None:
    elsewhere = target.with_name("0" * 32 + ".arrow")
    elsewhere.write_bytes(b"mine")
    rewrite(left, parts={f"../{elsewhere.name}": 0})
    stage = opened(target)
    assert stage.rows == 0
    stage.close(keep=False)
    assert elsewhere.read_bytes() == b"mine"


@pytest.mark.parametrize("changed", [{"version": "2"}, {"path": "/organizations/8/transactions"}])
@pytest.mark.parametrize("resume", [True, False])
def test_only_the_same_question_goes_on(
    target: Path, left: Path, changed: dict[str, str], *, resume: bool
) -> None:
    stage = opened(target, {**QUESTION, **changed}, resume=resume)
    assert (stage.rows, stage.last) == (0, None)
    assert stage.dropped is not None
    assert (stage.dropped.rows, stage.why_dropped.split(" (")[0]) == (6, "answer another question")
    stage.close(keep=False)


def test_the_order_of_a_question_does_not_matter(target: Path, left: Path) -> None:
    stage = opened(target, dict(reversed(QUESTION.items())))
    assert stage.rows == 6
    stage.close(keep=False)


def test_what_a_crash_has_left_is_swept_away(target: Path, left: Path) -> None:
    (left / ("f" * 32 + ".arrow")).write_bytes(b"half a")
    (left / "checkpoint.json.new").write_text("{")
    for ending in ("tmp", "mode"):
        (left / f".gifts.csv.{'0' * 32}.{ending}").write_text("half a file")
    stage = opened(target)
    assert ids_in(stage) == [1, 2, 5, 7, 8, 9]
    assert names_in(left) == {"checkpoint.json"}
    assert ids_in_files(left) == 3
    stage.close(keep=False)


def test_two_at_the_same_time(target: Path, left: Path) -> None:
    first = opened(target)
    for _ in range(2):
        with pytest.raises(ExportError, match="is under way") as caught:
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
    stage = opened(tmp_path / name)
    stage.add(gifts(1))
    with CsvWriter(AtomicFile(tmp_path / name, drafts=stage.folder)) as writer:
        for table in stage.tables():
            writer.write_table(table)
    stage.close(keep=False)
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
    stage = opened(target)
    for ids in batches:
        stage.add(gifts(*ids))
    assert stage.last == last
    stage.close(keep=True)
    again = opened(target)
    assert (again.last, again.rows) == ((last, sum(map(len, batches))) if last else (None, 0))
    again.close(keep=False)


@pytest.mark.parametrize("ids", [[None], ["a"], [1.5], [[1]]])
def test_ids_that_are_no_numbers_cannot_be_gone_on_behind(target: Path, ids: list[Any]) -> None:
    for frame in (pd.DataFrame({"id": ids}), pd.DataFrame({"name": ["a"]}), gifts(1).assign(id=pd.NA)):
        stage = opened(target)
        stage.add(frame)
        assert (stage.rows, stage.last) == (1, None)
        stage.close(keep=False)


@pytest.mark.parametrize("at", ["part", "checkpoint", "rename"])
def test_a_batch_counts_when_all_of_it_is_on_the_disk(
    target: Path, left: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    stage = opened(target)
    synced = []

    def sync(number: int) -> None:
        synced.append(number)
        if len(synced) == (1 if at == "part" else 2) and at != "rename":
            raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", sync)
    if at == "rename":
        monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.raises((KeyboardInterrupt, OSError)):
        stage.add(gifts(20, 21))
    monkeypatch.undo()
    assert (stage.rows, stage.last) == (6, 9)
    assert ids_in_files(left) == 3
    stage.add(gifts(20))
    stage.close(keep=True)
    again = opened(target)
    assert ids_in(again) == [1, 2, 5, 7, 8, 9, 20]
    again.close(keep=False)


@pytest.mark.parametrize("earlier", [0, 6])
def test_a_batch_counts_from_the_moment_that_the_checkpoint_names_it(
    target: Path, left: Path, monkeypatch: pytest.MonkeyPatch, earlier: int
) -> None:
    stage = opened(target, resume=bool(earlier))
    replace = Path.replace

    def replaced(path: Path, there: Path) -> None:
        replace(path, there)
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", replaced)
    with pytest.raises(KeyboardInterrupt):
        stage.add(gifts(20, 21))
    monkeypatch.undo()
    assert (stage.rows, stage.last) == (earlier + 2, 21)
    stage.close(keep=True)
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
        stage = opened(target)
        assert stage.begun_at == begun
        stage.add(gifts(*ids))
        stage.close(keep=True)
    monkeypatch.setattr(checkpoint.time, "time", lambda: begun + MAX_AGE + 1)
    stage = opened(target)
    assert (stage.rows, stage.last, stage.begun_at) == (0, None, begun + MAX_AGE + 1)
    stage.close(keep=False)


def test_nobody_else_may_look_in(left: Path) -> None:
    if os.name == "posix":
        assert left.stat().st_mode & 0o777 == 0o700
