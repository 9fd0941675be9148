"""One column of given values."""

from datetime import datetime

import pandas as pd
from hypothesis import strategies as st

from classy_nb.catalog import Column
from support.frames import build

moments = st.datetimes(datetime(1700, 1, 2), datetime(9999, 12, 30))  # noqa: DTZ001 - of UTC, or of a zone to come


def column_of(values: list[object], kind: str, zone: str = "UTC") -> pd.Series:
    return build([{"x": value} for value in values], [Column("x", kind)], timezone=zone)["x"]
