"""Files that appear when they are whole: who may read them on the way, and in the end."""

import os
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from classy_nb.export._atomic import AtomicFile
from classy_nb.export._csv import to_csv

pytestmark = pytest.mark.skipif(os.name != "posix", reason="there are no such permissions here")


@pytest.fixture(params=[0o022, 0o077, 0o002])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


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


@pytest.mark.parametrize("older", [0o600, 0o640, 0o664])
def test_an_older_file_gives_the_new_one_its_permissions(tmp_path: Path, umask: int, older: int) -> None:
    target = tmp_path / "gifts.csv"
    target.touch()
    target.chmod(older)
    to_csv(pd.DataFrame({"id": [1]}), target)
    assert (mode(target), target.read_text()) == (older, "id\n1\n")


def test_a_new_file_has_the_permissions_of_any_other(tmp_path: Path, umask: int) -> None:
    target, other = tmp_path / "gifts.csv", tmp_path / "other"
    other.touch()
    to_csv(pd.DataFrame({"id": [1]}), target)
    assert mode(target) == mode(other) == 0o666 & ~umask
    assert sorted(tmp_path.iterdir()) == [target, other]
