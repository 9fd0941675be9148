"""Files: CSV and Parquet, atomic, streamed."""

from .csv import CsvWriter, to_csv
from .stream import stream_csv, stream_parquet

__all__ = ["CsvWriter", "stream_csv", "stream_parquet", "to_csv"]
