"""Files that appear when they are whole: who may read them on the way, and in the end."""

import os
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from classy_nb.errors import ExportError
from classy_nb.export.atomic import AtomicFile
from classy_nb.export.csv import to_csv

posix = pytest.mark.skipif(os.name != "posix", reason="there are no such permissions here")


@pytest.fixture(params=[0o022, 0o077, 0o002])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@posix
def test_nobody_else_may_read_a_draft(tmp_path: Path, umask: int) -> None:
    """It may be left for good: by kill -9."""
    target = tmp_path / "gifts.csv"
    target.touch()
    target.chmod(0o600)
    draft = AtomicFile(target)
    [path] = [path for path in tmp_path.iterdir() if path != target]
    assert mode(path) == 0o600
    draft.commit()
    assert mode(target) == 0o600
    assert list(tmp_path.iterdir()) == [target]


@posix
@pytest.mark.parametrize("older", [0o600, 0o640, 0o664])
def test_an_older_file_gives_the_new_one_its_permissions(tmp_path: Path, umask: int, older: int) -> None:
    target = tmp_path / "gifts.csv"
    target.touch()
    target.chmod(older)
    to_csv(pd.DataFrame({"id": [1]}), target)
    assert (mode(target), target.read_text()) == (older, "id\n1\n")


@posix
def test_a_new_file_has_the_permissions_of_any_other(tmp_path: Path, umask: int) -> None:
    target, other = tmp_path / "gifts.csv", tmp_path / "other"
    other.touch()
    to_csv(pd.DataFrame({"id": [1]}), target)
    assert mode(target) == mode(other) == 0o666 & ~umask
    assert sorted(tmp_path.iterdir()) == [target, other]


@posix
@pytest.mark.parametrize("mode", [0o444, 0o400])
def test_a_write_protected_file_stays(tmp_path: Path, mode: int) -> None:
    target = tmp_path / "gifts.csv"
    target.write_text("precious")
    target.chmod(mode)
    with pytest.raises(ExportError) as caught:
        to_csv(pd.DataFrame({"id": [1]}), target)
    assert str(caught.value) == (
        f"{target} could not be written: it is write-protected. "
        "Choose another name, or change its permissions."
    )
    assert target.read_text() == "precious"
    assert list(tmp_path.iterdir()) == [target]


@posix
def test_a_folder_that_may_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, _: Path(path) != tmp_path)
    with pytest.raises(ExportError, match="you may not write there"):
        to_csv(pd.DataFrame({"id": [1]}), tmp_path / "gifts.csv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["gifts\0.csv", "\0", "~no-such-person-here/gifts.csv"])
def test_a_name_that_no_file_can_have(name: str) -> None:
    with pytest.raises(ExportError) as caught:
        to_csv(pd.DataFrame({"id": [1]}), name)
    assert str(caught.value).startswith(f"{name!r} could not be written: ")
    assert str(caught.value).endswith(" Check the path.")
    assert "\0" not in str(caught.value)
