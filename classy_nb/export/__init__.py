"""Files: CSV and Parquet, atomic, streamed, resumable.

Frames come in from a notebook (:func:`to_csv`), Arrow tables from a fetch (``stream_csv``,
``stream_parquet``); out goes a file that is complete or not there. ``client`` calls it, and so do users.
"""

from .csv import CsvWriter, to_csv
from .stream import stream_csv, stream_parquet

__all__ = ["CsvWriter", "stream_csv", "stream_parquet", "to_csv"]
