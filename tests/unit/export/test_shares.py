"""Office shares and mounted buckets: what is cosmetic warns, what stops the file is named."""

import errno
import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from support.streams import Batches, beside, resuming, to_csv, ways

import classy_nb as cn
from classy_nb.errors import DataWarning, ExportError

FRAME = pd.DataFrame({"id": [1]})


def refusing(number: int) -> Callable[..., Any]:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return refuse


@pytest.mark.edge(20)
@pytest.mark.parametrize("number", [errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.ENOSYS, errno.EIO])
def test_refused_permissions_only_warn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    monkeypatch.setattr(os, "chmod", refusing(number))
    monkeypatch.setattr(Path, "chmod", refusing(number))
    with pytest.warns(
        DataWarning, match=r"a\.csv: its permissions could not be set \(.*\)\. Its content is complete"
    ):
        path = cn.to_csv(FRAME, tmp_path / "a.csv")
    assert path.read_text() == "id\n1\n"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.edge(20)
@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP, errno.ENOSYS])
def test_a_disk_that_does_not_sync_only_warns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(os, "fsync", refusing(number))
    with pytest.warns(DataWarning, match="does not confirm what it has stored. Its content is complete"):
        path = to_csv(Batches(), tmp_path / "a.csv")
    assert len(cn.read_csv(path)) == 40
    assert beside(path) == []


@pytest.mark.edge(20)
@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC])
def test_a_disk_that_fails_to_sync_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(os, "fsync", refusing(number))
    with pytest.raises(ExportError):
        cn.to_csv(FRAME, tmp_path / "a.csv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.edge(20)
@pytest.mark.parametrize("number", [errno.ENOTSUP, errno.ENOLCK, errno.EINVAL])
@ways
def test_missing_locks_only_warn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[..., Path], number: int
) -> None:
    monkeypatch.setattr(fcntl, "flock", refusing(number))
    with pytest.warns(DataWarning, match="has no locks: run only one export to this file at a time"):
        path = write(Batches(), tmp_path / "gifts")
    assert path.stat().st_size
    assert beside(path) == []


@pytest.mark.edge(20)
@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.EBUSY])
def test_a_file_that_another_program_holds_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    path = cn.to_csv(FRAME, tmp_path / "a.csv")
    monkeypatch.setattr(os, "replace", refusing(number))
    with pytest.raises(
        ExportError, match=r"a\.csv could not be replaced: .*open in another program\?"
    ) as caught:
        cn.to_csv(FRAME + 1, path)
    assert "Close it" in str(caught.value.advice)
    assert path.read_text() == "id\n1\n"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.edge(20)
@ways
def test_rows_that_came_while_it_was_open_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[..., Path]
) -> None:
    target, replace = tmp_path / "gifts", os.replace
    target.write_text("older")

    def refuse(source: Any, there: Any, **options: Any) -> None:
        if Path(there) == target:
            refusing(errno.EACCES)()
        replace(source, there, **options)

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(ExportError, match=r"open in another program\?") as caught:
        write(Batches(), target)
    assert f"40 rows are kept beside {target}" in caught.value.__notes__[0]
    monkeypatch.undo()
    with resuming(40):
        write(Batches(), target)
    assert target.read_bytes() != b"older"


@pytest.mark.edge(20)
@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOTSUP, errno.EINVAL])
@pytest.mark.parametrize("older", [False, True])
@ways
def test_a_bucket_that_cannot_rename_is_written_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[..., Path], older: Any, number: int
) -> None:
    target = tmp_path / "gifts"
    if older:
        target.write_text("older")
    expected = write(Batches(), tmp_path / "expected").read_bytes()
    monkeypatch.setattr(os, "replace", refusing(number))
    monkeypatch.setattr(os, "rename", refusing(number))
    with pytest.warns(DataWarning, match="cannot rename files, so it was written in place"):
        write(Batches(), target)
    assert target.read_bytes() == expected
    assert beside(target) == ["expected"]


@pytest.mark.edge(20)
def test_half_a_file_does_not_stay_in_a_bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def half(_: Any, there: Path) -> None:
        there.write_text("id")
        refusing(errno.ENOSPC)()

    monkeypatch.setattr(os, "replace", refusing(errno.ENOSYS))
    monkeypatch.setattr(shutil, "copyfile", half)
    with pytest.raises(ExportError, match="the disk is full"):
        cn.to_csv(FRAME, tmp_path / "a.csv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.edge(20)
@pytest.mark.parametrize(
    "path", ["s3://bucket/gifts.csv", "gs://bucket/gifts.csv", "https://example.org/a.csv"]
)
def test_a_url_is_not_a_path(path: str) -> None:
    with pytest.raises(ExportError, match="it is a URL"):
        cn.to_csv(FRAME, path)


@pytest.mark.edge(30)
@ways
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_says_where_the_rows_are_or_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[..., Path], number: int
) -> None:
    target, synced = tmp_path / "gifts", 0

    def fsync(_: int) -> None:
        nonlocal synced
        synced += 1
        if synced == full_at:
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fsync)
    folder = tmp_path / ".gifts.partial"
    for full_at in range(1, 7):
        synced = 0
        with pytest.raises(ExportError, match=r"the disk is full|quota") as caught:
            write(Batches(), target, question={"full": full_at})
        told = "".join(getattr(caught.value, "__notes__", []))
        assert folder.exists() == (f"They are in {folder}" in told) == ("the same call resumes there" in told)
        shutil.rmtree(folder, ignore_errors=True)
        assert list(tmp_path.iterdir()) == []


@pytest.mark.edge(30)
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_a_disk_without_room_for_the_lock_leaves_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    opened = os.open

    def full(path: Any, *arguments: Any, **options: Any) -> int:
        if Path(os.fsdecode(path)).name == "lock":
            raise OSError(number, os.strerror(number))
        return opened(path, *arguments, **options)

    monkeypatch.setattr(os, "open", full)
    with pytest.raises(ExportError):
        to_csv(Batches(), tmp_path / "gifts.csv")
    assert list(tmp_path.iterdir()) == []
