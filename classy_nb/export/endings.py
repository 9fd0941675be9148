"""What the ending of a file's name promises, held against what is about to be written or read.

``to_csv``, ``to_parquet``, ``read_csv``, the command line and the explorer ask here before they do anything.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from classy_nb.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

Format = Literal["csv", "parquet"]

COMPRESSIONS: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
"""Endings after ``.csv`` or ``.txt`` that compress the file, and what opens it."""
_OURS: dict[Format, frozenset[str]] = {
    "csv": frozenset({".csv", ".txt"}),
    "parquet": frozenset({".parquet", ".pq"}),
}
_PANDAS = {
    ".xlsx": "to_excel",
    ".xls": "to_excel",
    ".xlsm": "to_excel",
    ".ods": "to_excel",
    ".feather": "to_feather",
    ".json": "to_json",
    ".jsonl": "to_json",
    ".ndjson": "to_json",
    ".html": "to_html",
    ".xml": "to_xml",
    ".pkl": "to_pickle",
    ".orc": "to_orc",
    ".dta": "to_stata",
    ".md": "to_markdown",
    ".tsv": 'to_csv(..., sep="\\t")',
    ".tab": 'to_csv(..., sep="\\t")',
}
"""Endings of formats that pandas writes, and the method."""
_OTHERS = (
    frozenset({".xlsb", ".numbers", ".arrow", ".ipc", ".avro", ".htm", ".pickle", ".h5", ".hdf", ".hdf5"})
    | {".sav", ".por", ".xpt", ".sas7bdat", ".rds", ".rdata", ".db", ".sqlite", ".sqlite3", ".duckdb"}
    | {".mdb", ".accdb", ".sql", ".yaml", ".yml", ".toml", ".npy", ".npz", ".tex", ".pdf", ".doc", ".docx"}
    | {".zip", ".zst", ".lz4", ".br", ".7z", ".rar", ".tar", ".tgz"}
)
"""Endings of what else programs take a file for. Any other ending promises nothing."""


def has_ending(path: str | os.PathLike[str], wanted: Format) -> bool:
    """Whether the name ends as files of this format do; compressed CSV is CSV."""
    endings = [ending.lower() for ending in Path(path).suffixes]
    if wanted == "csv" and len(endings) > 1 and endings[-1] in COMPRESSIONS:
        del endings[-1]
    return bool(endings) and endings[-1] in _OURS[wanted]


def check_ending(path: str | os.PathLike[str], wanted: Format) -> None:
    """Raise where the name of a file promises another format than *wanted*.

    Raises
    ------
    UsageError
        It does; the advice names what writes that format, if anything does.
    """
    ending = Path(path).suffix.lower()
    promises = _OURS["csv"] | _OURS["parquet"] | COMPRESSIONS.keys() | _PANDAS.keys() | _OTHERS
    if has_ending(path, wanted) or ending not in promises:
        return
    if ending in _OURS["parquet"]:
        advice = f'Use classy.<resource>.to_parquet or frame.to_parquet, or end the name in ".{wanted}".'
    elif has_ending(path, "csv"):
        advice = f'Use to_csv, or end the name in ".{wanted}".'
    elif ending in _PANDAS:
        advice = f'Fetch a frame and use frame.{_PANDAS[ending]}, or end the name in ".{wanted}".'
    elif wanted == "csv" and ending in COMPRESSIONS:
        advice = f'Compressed CSV ends in ".csv{ending}".'
    else:
        advice = f'End the name in ".{wanted}".'
    what = {"csv": "CSV", "parquet": "Parquet"}[wanted]
    raise UsageError(f"{os.fspath(path)!r} ends in {ending!r}, as no {what} file does.", advice=advice)
