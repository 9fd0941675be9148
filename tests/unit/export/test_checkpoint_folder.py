"""The hidden folder beside a file: one export at a time, and nothing of anybody else's is touched."""

import os
from pathlib import Path

import pyarrow as pa
import pytest
from filelock import FileLock

from classy_nb.errors import ExportError
from classy_nb.export.atomic import hidden_name
from classy_nb.export.checkpoint import Checkpoint

QUESTION = {"path": "/organizations/7/transactions"}


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "gifts.csv"


@pytest.fixture
def folder(target: Path) -> Path:
    return target.with_name(".gifts.csv.partial")


def opened(target: Path) -> Checkpoint:
    kept = Checkpoint(target, QUESTION)
    kept.open()
    return kept


def filled(folder: Path) -> dict[str, str]:
    """Put a person's files into a folder."""
    (folder / "sub").mkdir(parents=True)
    for name in ("notes.txt", "sub/y", "a.arrow", "question.json.bak", ".other.csv." + "0" * 32 + ".tmp"):
        (folder / name).write_text(name)
    return contents(folder)


def contents(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_a_file_stands_in_the_way(target: Path, folder: Path) -> None:
    folder.write_text("mine")
    with pytest.raises(ExportError, match=r"gifts\.csv\.partial is in the way"):
        opened(target)
    assert folder.read_text() == "mine"


@pytest.mark.parametrize("there", [True, False])
def test_a_link_stands_in_the_way(target: Path, folder: Path, *, there: bool) -> None:
    precious = target.with_name("precious")
    before = filled(precious) if there else {}
    folder.symlink_to(precious)
    with pytest.raises(ExportError, match=r"gifts\.csv\.partial is in the way"):
        opened(target)
    assert contents(precious) == before
    assert folder.is_symlink()


@pytest.mark.parametrize("name", ["lock", "question.json", "question.json.new", f"part-{1:020}.arrow"])
@pytest.mark.parametrize("kind", ["link", "folder"])
def test_something_else_has_the_name_of_a_file_of_ours(
    target: Path, folder: Path, name: str, kind: str
) -> None:
    precious = target.with_name("precious.txt")
    precious.write_text("mine")
    folder.mkdir()
    if kind == "link":
        (folder / name).symlink_to(precious)
    else:
        (folder / name).mkdir()
        (folder / name / "mine").touch()
    with pytest.raises(ExportError, match=f"{name} is in the way"):
        opened(target)
    assert precious.read_text() == "mine"
    assert (folder / name).is_symlink() if kind == "link" else (folder / name / "mine").exists()


@pytest.mark.parametrize("keep", [True, False])
def test_what_a_person_has_put_there_stays(target: Path, folder: Path, *, keep: bool) -> None:
    before = filled(folder)
    for path in (folder / f"part-{1:020}.arrow.new", folder / f".gifts.csv.{'0' * 32}.tmp"):
        path.write_text("half of something of ours")
    kept = opened(target)
    assert {name: text for name, text in contents(folder).items() if name != "lock"} == before
    kept.add(pa.table({"id": [1]}))
    kept.close(keep=keep)
    left = contents(folder) if not keep else before
    assert left == before
    kept = opened(target)
    assert kept.rows == (1 if keep else 0)
    kept.close(keep=False)
    assert contents(folder) == before


@pytest.mark.skipif(os.name != "posix", reason="there are no such permissions here")
def test_nobody_else_may_read_a_batch_whoever_made_the_folder(target: Path, folder: Path) -> None:
    folder.mkdir(mode=0o755)
    kept = opened(target)
    kept.add(pa.table({"id": [1]}))
    modes = {path.suffix: path.stat().st_mode & 0o777 for path in folder.iterdir() if path.name != "lock"}
    assert modes == {".arrow": 0o600, ".json": 0o600}
    kept.close(keep=False)


def test_another_export_removes_the_folder_between_two_steps(
    target: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    acquire, gone = FileLock.acquire, []

    def too_late(self: FileLock, *given: object, **options: object) -> object:
        if not gone:
            folder.rmdir()
            gone.append(folder)
            raise FileNotFoundError(2, "No such file or directory")
        return acquire(self, *given, **options)

    monkeypatch.setattr(FileLock, "acquire", too_late)
    kept = opened(target)
    assert gone == [folder]
    kept.add(pa.table({"id": [1]}))
    kept.close(keep=False)
    assert not folder.exists()


def test_a_lock_that_was_removed_while_one_waited_for_it_locks_nothing(target: Path, folder: Path) -> None:
    """What the lowest version of filelock is for: it looks whether the lock still has a name."""
    if os.name != "posix":
        pytest.skip("an open file cannot be removed here")
    import fcntl

    flock, opened_by_third = fcntl.flock, []

    def removed_meanwhile(number: int, how: int) -> None:
        flock(number, how)
        if not opened_by_third and how & fcntl.LOCK_EX:
            (folder / "lock").unlink()
            opened_by_third.append(number)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fcntl, "flock", removed_meanwhile)
        with pytest.raises(ExportError, match="is running"):
            opened(target)
    assert len(opened_by_third) == 1
    first = opened(target)
    with pytest.raises(ExportError, match="is running"):
        opened(target)
    first.close(keep=False)
    assert not folder.exists()


def test_what_cannot_be_read_lets_go_of_the_lock(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Checkpoint, "_load", lambda _: (_ for _ in ()).throw(MemoryError))
        with pytest.raises(MemoryError):
            opened(target)
    opened(target).close(keep=False)


@pytest.mark.parametrize("letter", ["x", "é", "花"])
def test_long_names_that_begin_alike_share_nothing(tmp_path: Path, letter: str) -> None:
    stem = letter * (235 // len(letter.encode()))
    names = [tmp_path / f"{stem}{end}" for end in ("-2025.csv", "-2026.csv")]
    assert hidden_name(names[0], "partial") != hidden_name(names[1], "partial")
    assert all(len(os.fsencode(hidden_name(name, f"{'0' * 32}.tmp"))) <= 255 for name in names)
    all_kept = [opened(name) for name in names]
    for number, kept in enumerate(all_kept, start=1):
        kept.add(pa.table({"id": [number]}))
        kept.close(keep=True)
    again = [opened(name) for name in names]
    assert [kept.last for kept in again] == [1, 2]
    for kept in again:
        kept.close(keep=False)
    assert list(tmp_path.iterdir()) == []
