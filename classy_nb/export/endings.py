"""What the ending of a file's name promises, held against what is about to be written or read.

``to_csv``, ``to_parquet``, ``read_csv``, the command line and the explorer ask here before they do anything.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from classy_nb.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

Format = Literal["csv", "parquet"]

COMPRESSIONS: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
"""Endings after ``.csv`` or ``.txt`` that compress the file, and what opens it."""
_ENDINGS: dict[Format, frozenset[str]] = {
    "csv": frozenset({".csv", ".txt"}),
    "parquet": frozenset({".parquet", ".pq"}),
}
_ENDING = re.compile(r"\.[A-Za-z][A-Za-z0-9_-]*")
"""What is an ending: ``gifts.2026`` has none."""


def fits(path: str | os.PathLike[str], wanted: Format) -> bool:
    """Whether a file of this name may hold *wanted*: it has one of its endings, or none at all."""
    endings = [ending.lower() for ending in Path(path).suffixes]
    if wanted == "csv" and endings and endings[-1] in COMPRESSIONS:
        return len(endings) > 1 and endings[-2] in _ENDINGS["csv"]
    return not (endings and _ENDING.fullmatch(endings[-1])) or endings[-1] in _ENDINGS[wanted]


def has_ending(path: str | os.PathLike[str], wanted: Format) -> bool:
    """Whether the name ends as files of this format do."""
    return Path(path).suffix.lower() in _ENDINGS[wanted]


def check_ending(path: str | os.PathLike[str], wanted: Format) -> None:
    """Raise where the name of a file promises another format than *wanted*.

    Raises
    ------
    UsageError
        It does; the advice names what writes that format, if anything does.
    """
    if fits(path, wanted):
        return
    ending = Path(path).suffix
    what = {"csv": "CSV", "parquet": "Parquet"}[wanted]
    if has_ending(path, "parquet"):
        advice = 'Use classy.<resource>.to_parquet, or frame.to_parquet of pandas; or end the name in ".csv".'
    elif has_ending(path, "csv"):
        advice = 'Use to_csv, or end the name in ".parquet".'
    elif ending.lower() in _ELSEWHERE:
        advice = (
            f"For this format, fetch a frame and use its {_ELSEWHERE[ending.lower()]} of pandas; "
            f'or end the name in ".{wanted}".'
        )
    elif ending.lower() in COMPRESSIONS and wanted == "csv":
        advice = f'Compressed CSV ends in ".csv{ending.lower()}".'
    else:
        advice = f'End the name in ".{wanted}".'
    raise UsageError(f"{os.fspath(path)!r} ends in {ending!r}, but what is written is {what}.", advice=advice)


_ELSEWHERE = {
    ".xlsx": "to_excel",
    ".xls": "to_excel",
    ".xlsm": "to_excel",
    ".ods": "to_excel",
    ".feather": "to_feather",
    ".json": "to_json",
    ".jsonl": "to_json",
    ".html": "to_html",
    ".pkl": "to_pickle",
    ".tsv": 'to_csv(sep="\\t")',
}
