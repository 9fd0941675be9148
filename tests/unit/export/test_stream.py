"""Lists straight into files: whole or not there, gone on with where they ended, the same in the end."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from support.streams import Batches, beside, raising, resuming, to_csv, to_parquet, ways

from classy_nb.errors import ExportError, InterruptedFetchError
from classy_nb.export import checkpoint


@ways
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("nowhere/gifts.file", "the folder does not exist"),
        ("there/gifts.file/gifts", "a part of the path is not a folder"),
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
            with pytest.raises(ExportError, match=f"Another export to {target} is running"):
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
    with resuming(20):
        to_parquet(Batches(size=5), path)
    table = pq.read_table(path)
    assert table.column_names == ["id", "name", "items", "late"]
    assert table["id"].to_pylist() == list(range(1, 41))
    assert table["late"].to_pylist() == [None] * 25 + ['"x"' if i % 2 == 0 else str(i) for i in range(26, 41)]
    assert pq.ParquetFile(path).metadata.num_row_groups == 1


def test_csv_and_parquet_share_what_has_come(tmp_path: Path) -> None:
    """What is asked is the same: the other kind of file goes on with it."""
    path = tmp_path / "gifts"
    with pytest.raises(InterruptedFetchError):
        to_parquet(Batches(before=raising(KeyboardInterrupt(), 3)), path)
    batches = Batches()
    with resuming(20):
        to_csv(batches, path)
    assert batches.asked == [20]
    assert len(pd.read_csv(path)) == 40


def test_no_more_than_a_batch_is_kept_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    even = checkpoint.even

    def watched(tables: Any, schema: Any) -> Any:
        for table in even(tables, schema, 10):
            sizes.append(len(table))
            yield table

    monkeypatch.setattr(checkpoint, "even", watched)
    to_csv(Batches(rows=100, size=25), tmp_path / "a.csv")
    assert sizes == [10] * 10
