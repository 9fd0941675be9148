"""The ending of a name decides what is written, or it is refused by name; wherever a file is written."""

import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from support.streams import Batches, beside, to_csv, to_parquet

import classy_nb as cn
from classy_nb.errors import UsageError

FRAME = pd.DataFrame({"id": [1, 2], "name": ["Zoë", "=1"]})
OTHERS = [
    "xlsx",
    "XLSX",
    "xls",
    "ods",
    "json",
    "feather",
    "tsv",
    "zip",
    "csv.zip",
    "csv.zst",
    "gz",
    "pkl",
    "html",
]


@pytest.mark.edge(17)
@pytest.mark.parametrize("ending", [*OTHERS, "parquet", "pq", "Parquet", "parquet.gz"])
@pytest.mark.parametrize("as_path", [str, Path])
def test_another_format_is_refused(tmp_path: Path, ending: str, as_path: Callable[[Path], Any]) -> None:
    with pytest.raises(UsageError) as caught:
        cn.to_csv(FRAME, as_path(tmp_path / f"gifts.{ending}"))
    last = ending.rpartition(".")[2].lower()
    assert f"gifts.{ending}' ends in '.{last}': that is not a CSV file." in str(caught.value)
    assert caught.value.advice
    assert list(tmp_path.iterdir()) == []


@pytest.mark.edge(17)
@pytest.mark.parametrize("ending", [*OTHERS, "parquet"])
def test_nothing_is_fetched_for_a_csv_file_with_the_ending_of_another_format(
    tmp_path: Path, ending: str
) -> None:
    batches = Batches()
    with pytest.raises(UsageError, match="that is not a CSV file"):
        to_csv(batches, tmp_path / f"gifts.{ending}")
    assert (batches.asked, list(tmp_path.iterdir())) == ([], [])


@pytest.mark.edge(17)
@pytest.mark.parametrize("ending", [*OTHERS, "csv", "txt", "csv.gz", "parquet.gz"])
def test_nor_for_a_parquet_file(tmp_path: Path, ending: str) -> None:
    batches = Batches()
    with pytest.raises(UsageError, match="that is not a Parquet file"):
        to_parquet(batches, tmp_path / f"gifts.{ending}")
    assert (batches.asked, list(tmp_path.iterdir())) == ([], [])


@pytest.mark.edge(17)
def test_the_advice_names_what_writes_that_format(tmp_path: Path) -> None:
    for name, advice in (("a.parquet", "to_parquet"), ("a.xlsx", "to_excel"), ("a.gz", ".csv.gz")):
        with pytest.raises(UsageError, match=advice):
            cn.to_csv(FRAME, tmp_path / name)
    with pytest.raises(UsageError, match="Use to_csv"):
        to_parquet(Batches(), tmp_path / "a.csv")


@pytest.mark.edge(17)
@pytest.mark.parametrize(
    "name", ["gifts", "gifts.csv", "gifts.CSV", "gifts.txt", "gifts.2026-01", ".csv", "a.b"]
)
def test_csv_has_its_own_ending_or_one_that_promises_nothing(tmp_path: Path, name: str) -> None:
    assert cn.to_csv(FRAME, tmp_path / name).read_text("utf-8") == "id,name\n1,Zoë\n2,'=1\n"


@pytest.mark.edge(17)
@pytest.mark.parametrize("name", ["gifts", "gifts.parquet", "gifts.PQ", "gifts.2026"])
def test_so_does_parquet(tmp_path: Path, name: str) -> None:
    assert pq.read_table(to_parquet(Batches(), tmp_path / name)).num_rows == 40


@pytest.mark.edge(17)
@pytest.mark.parametrize(
    ("ending", "expand"), [("gz", gzip.decompress), ("bz2", bz2.decompress), ("XZ", lzma.decompress)]
)
@pytest.mark.parametrize("excel", [False, True])
def test_compressed_csv_is_compressed(
    tmp_path: Path, ending: str, expand: Callable[[bytes], bytes], excel: Any
) -> None:
    plain = cn.to_csv(FRAME, tmp_path / "a.csv", excel=excel)
    packed = cn.to_csv(FRAME, tmp_path / f"a.csv.{ending}", excel=excel)
    assert expand(packed.read_bytes()) == plain.read_bytes()
    fetched = to_csv(Batches(), tmp_path / "b.csv", excel=excel)
    streamed = to_csv(Batches(), tmp_path / f"b.csv.{ending}", excel=excel)
    assert expand(streamed.read_bytes()) == fetched.read_bytes()
    pd.testing.assert_frame_equal(cn.read_csv(streamed), cn.read_csv(fetched))
    assert beside(fetched) == sorted(["a.csv", f"a.csv.{ending}", f"b.csv.{ending}"])


@pytest.mark.edge(17)
@pytest.mark.parametrize("name", ["a.xlsx", "a.parquet", "a.csv.zip"])
def test_reading_another_format_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="that is not a CSV file"):
        cn.read_csv(tmp_path / name)
