"""Instants as the clocks of their zone show them, on Windows too.

The export calls this where it writes or reads dates. Arrow needs a time zone database in its own format,
which Windows does not have and pyarrow looks for in the Downloads folder. Python and pandas have theirs
everywhere: the package ``tzdata`` brings it to Windows.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc


def local_timestamp(instants: pa.Array) -> pa.Array:
    """Return instants without their zone, as its clocks show them: ``pyarrow.compute.local_timestamp``.

    Raises
    ------
    pyarrow.ArrowInvalid
        The zone does not exist.
    """
    try:
        return pc.local_timestamp(instants)
    except pa.ArrowInvalid as error:
        zone = instants.type.tz
        try:
            ZoneInfo(zone or "")
        except (OSError, KeyError, ValueError):
            raise error from None  # Python does not know the zone either
    import pandas as pd

    unit = instants.type.unit
    # The same moments come again and again, and pandas asks Python for the offset of each one.
    moments = instants.cast(pa.int64()).dictionary_encode()
    if isinstance(moments, pa.ChunkedArray):
        moments = moments.combine_chunks()
    index = pd.DatetimeIndex(
        moments.dictionary.to_numpy(zero_copy_only=False).view(f"datetime64[{unit}]"), tz="UTC"
    )
    local = index.tz_convert(zone).tz_localize(None).to_numpy().astype(f"datetime64[{unit}]")
    return pa.array(local, pa.timestamp(unit)).take(moments.indices)
