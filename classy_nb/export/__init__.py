"""Files: CSV, Parquet and Excel, atomic, streamed, resumable; and a CSV file back into a frame.

Frames come in from a notebook (:func:`to_csv`, :func:`to_excel`, :func:`to_parquet`), Arrow tables from a
fetch (``stream_csv``, ``stream_excel``, ``stream_parquet``); out goes a file that is complete or not there,
of the format that the ending of its name promises (``check_ending``). ``client`` calls it, and so do users,
also for the way back (:func:`read_csv`).
"""

from .atomic import AtomicFile
from .csv import CsvWriter, to_csv
from .endings import check_ending, has_ending
from .excel import to_excel
from .parquet import to_parquet
from .reading import read_csv
from .stream import stream_csv, stream_excel, stream_parquet

__all__ = [
    "AtomicFile",
    "CsvWriter",
    "check_ending",
    "has_ending",
    "read_csv",
    "stream_csv",
    "stream_excel",
    "stream_parquet",
    "to_csv",
    "to_excel",
    "to_parquet",
]
