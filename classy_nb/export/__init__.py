"""Files: CSV and Parquet, atomic, streamed."""

from ._csv import CsvWriter, to_csv

__all__ = ["CsvWriter", "to_csv"]
