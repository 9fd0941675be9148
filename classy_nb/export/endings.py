"""What the ending of a file's name promises, held against what is about to be written or read.

``to_csv``, ``to_parquet``, ``to_excel``, ``read_csv``, the command line and the explorer ask here before they
do anything.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from classy_nb.errors import UsageError
from classy_nb.files import checked_path

if TYPE_CHECKING:
    from collections.abc import Callable

Format = Literal["csv", "parquet", "excel"]

COMPRESSIONS: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
"""Endings after ``.csv`` or ``.txt`` that compress the file, and what opens it."""
_OURS: dict[Format, frozenset[str]] = {
    "csv": frozenset({".csv", ".txt"}),
    "parquet": frozenset({".parquet", ".pq"}),
    "excel": frozenset({".xlsx"}),
}
_CALLED: dict[Format, str] = {"csv": "CSV", "parquet": "Parquet", "excel": "Excel"}
_PANDAS = {
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
    frozenset(
        {
            ".xls",
            ".xlsm",
            ".xlsb",
            ".numbers",
            ".arrow",
            ".ipc",
            ".avro",
            ".htm",
            ".pickle",
            ".h5",
            ".hdf",
            ".hdf5",
        }
    )
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


def check_ending(path: str | os.PathLike[str], wanted: Format, *, to_read: bool = False) -> None:
    """Raise where the name of a file promises another format than *wanted*.

    An ending that promises nothing is fine, except for Excel, which opens ``.xlsx`` only.

    Raises
    ------
    UsageError
        It does (the advice names what writes that format, if anything does), or it is not a path of a file.
    """
    ending = checked_path(path).suffix.lower()
    promises = frozenset().union(*_OURS.values(), COMPRESSIONS, _PANDAS, _OTHERS)
    if has_ending(path, wanted) or (ending not in promises and wanted != "excel"):
        return
    own = f'end the name in "{".xlsx" if wanted == "excel" else f".{wanted}"}"'
    other = next((kind for kind in _OURS if has_ending(path, kind)), None)
    if to_read:
        advice = "Read it with pandas." if other is None else f"Read it with pandas.read_{other}."
    elif other is not None:
        advice = f"Use to_{other}, or {own}."
    elif ending in _PANDAS:
        advice = f"Fetch a frame and use frame.{_PANDAS[ending]}, or {own}."
    elif wanted == "csv" and ending in COMPRESSIONS:
        advice = f'Compressed CSV ends in ".csv{ending}".'
    else:
        advice = f"{own[0].upper()}{own[1:]}."
    shown = f"ends in {ending!r}" if ending else "has no ending"
    a = "an" if wanted == "excel" else "a"
    raise UsageError(f"{os.fspath(path)!r} {shown}: that is not {a} {_CALLED[wanted]} file.", advice=advice)
