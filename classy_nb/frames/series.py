"""One record as a Series."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .builder import FrameBuilder, Record
from .kinds import object_array

if TYPE_CHECKING:
    from collections.abc import Sequence

    from classy_nb.catalog import Column


def to_series(
    record: Record,
    columns: Sequence[Column],
    *,
    timezone: str = "UTC",
    name: object = None,
    label: str = "record",
) -> pd.Series[Any]:
    """Return one record as a Series of dtype object.

    Parameters
    ----------
    record
        The parsed JSON object.
    columns
        As in :class:`FrameBuilder`; without any, the Series has what the record has.
    timezone
        IANA name of the zone in which instants are shown.
    name
        Name of the Series.
    label
        What the record is called in warnings.

    Returns
    -------
    Series
        Indexed by column name in the columns' order. Ids are ``int``, money is ``float``, flags are
        ``bool``, instants are ``Timestamp`` in *timezone*, days are ``Timestamp`` without a zone;
        whatever is missing is ``pd.NA``.

    Warns
    -----
    DataWarning
        As :meth:`FrameBuilder.frame`.
    """
    builder = FrameBuilder(columns, timezone=timezone, label=label)
    builder.add([record])
    frame = builder.frame()
    values = [_scalar(frame[column].array[0]) for column in frame.columns]
    return pd.Series(object_array(values), index=frame.columns, name=name, dtype=object)


def _scalar(value: Any) -> Any:
    if value is pd.NaT:
        return pd.NA
    return value.item() if isinstance(value, np.generic) else value
