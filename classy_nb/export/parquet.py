"""Parquet files, written batch by batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from .atomic import AtomicFile, telling_reasons

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable
    from pathlib import Path

    import pyarrow as pa


def write_parquet(
    tables: Iterable[pa.Table], schema: pa.Schema, path: str | os.PathLike[str] | AtomicFile
) -> Path:
    """Write *tables* of one *schema* to one file (zstd), atomically; return its path."""
    atomic = path if isinstance(path, AtomicFile) else AtomicFile(path)
    try:
        with (
            telling_reasons(atomic.path),
            pq.ParquetWriter(atomic.file, schema, compression="zstd") as writer,
        ):
            for table in tables:
                writer.write_table(table)
        atomic.commit()
    except BaseException:
        atomic.abort()
        raise
    return atomic.path
