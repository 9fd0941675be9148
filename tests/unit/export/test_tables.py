"""Plain columns for files: how rows were cut into tables does not show in a file."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from support.stages import fetched, opened

from classy_nb.export.csv import CsvWriter
from classy_nb.export.tables import ROWS, even

# What undeclared columns hold: in a single batch they get one type of all values.
MOMENTS = st.sampled_from(
    [None, "2026-01-31T18:30:00+0000", "2026-01-31T18:30:00.25Z", "1850-06-01T00:00:00Z"]
)
UNDECLARED = st.one_of(
    *(
        st.lists(st.sampled_from([None, *values]), min_size=1, max_size=12)
        for values in (
            [1, 2**60],
            [1, 0.5, -3.0],
            [2**60, 0.5],
            [True, "a", "-5", "=1"],
            ["a", 7],
            [1.0, "1.0"],
            [True, 1],
            [{"a": 1}, [1, "x"], 7],
            [],
        )
    )
)
quick = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)


@quick
@given(
    late=UNDECLARED,
    later=UNDECLARED,
    moments=st.lists(MOMENTS, min_size=1, max_size=12),
    cuts=st.lists(st.integers(0, 12), max_size=3),
)
@example(late=[None, None, 1], later=[None, 2**60, 0.5], moments=["2026-01-31T18:30:00Z"] * 3, cuts=[1, 2])
@example(late=[None, None, "a"], later=[1.0, None, "x"], moments=[None] * 3, cuts=[1, 2])
def test_how_rows_were_cut_into_batches_does_not_show(
    tmp_path: Path, late: list[Any], later: list[Any], moments: list[Any], cuts: list[int]
) -> None:
    records: list[dict[str, Any]] = [{"id": n, "purchased_at": at} for n, at in enumerate(moments)]
    for name, values in (("late", late), ("later", later)):
        for record, value in zip(records, values, strict=False):
            record.update({} if value is None else {name: value})
    split = [0, *sorted(min(cut, len(records)) for cut in cuts), len(records)]
    files = []
    for name, bounds in (("cut", split), ("whole", [0, len(records)])):
        kept = opened(tmp_path / name)
        for start, end in pairwise(bounds):
            kept.add(fetched(records[start:end]))
        csv, parquet = tmp_path / f"{name}.csv", tmp_path / f"{name}.parquet"
        with CsvWriter(csv) as writer:
            for table in kept.tables():
                writer.write(table)
        with pq.ParquetWriter(parquet, kept.schema()) as parquet_writer:
            for table in kept.tables():
                parquet_writer.write_table(table)
        kept.close(keep=False)
        files.append((csv.read_bytes(), pq.read_schema(parquet), parquet.read_bytes()))
    (csv_of_cut, schema_of_cut, parquet_of_cut), (csv_of_whole, schema_of_whole, parquet_of_whole) = files
    assert csv_of_cut.decode() == csv_of_whole.decode()
    assert schema_of_cut == schema_of_whole
    assert parquet_of_cut == parquet_of_whole


@quick
@given(lengths=st.lists(st.integers(0, 25), max_size=8), rows=st.integers(1, 12))
def test_tables_of_equal_length(lengths: list[int], rows: int) -> None:
    numbers = iter(range(1000))
    schema = pa.schema([("n", pa.int64())])
    tables = [pa.table([[next(numbers) for _ in range(length)]], schema=schema) for length in lengths]
    found = list(even(tables, schema, rows))
    assert [n for table in found for n in table["n"].to_pylist()] == list(range(sum(lengths)))
    assert all(len(table) == rows for table in found[:-1])
    assert (0 < len(found[-1]) <= rows) or (len(found) == 1 and sum(lengths) == 0)
    assert all(table.schema == schema and table["n"].num_chunks <= 1 for table in found)


def test_a_row_group_is_a_batch() -> None:
    schema = pa.schema([("n", pa.int64())])
    table = pa.table([list(range(2 * ROWS + 1))], schema=schema)
    assert [len(part) for part in even([table], schema)] == [ROWS, ROWS, 1]
