"""Instants as the clocks of their zone show them, on Windows too.

The export calls this where it writes or reads dates. Arrow needs a time zone database in its own format,
which Windows does not have and pyarrow looks for in the Downloads folder. Python and pandas have theirs
everywhere: the package ``tzdata`` brings it to Windows. They also know the clocks after 2037.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
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
    zone = instants.type.tz
    if not _is_past_the_table(instants):
        with suppress(pa.ArrowInvalid):
            return pc.local_timestamp(instants)
    try:
        ZoneInfo(zone or "")
    except (OSError, KeyError, ValueError):
        return pc.local_timestamp(instants)  # Python does not know the zone either: Arrow says so
    import pandas as pd

    unit = instants.type.unit
    # The same moments come again and again, and pandas asks Python for the offset of each one.
    moments = instants.cast(pa.int64()).dictionary_encode()
    if isinstance(moments, pa.ChunkedArray):
        moments = moments.combine_chunks()
    index = pd.DatetimeIndex(
        moments.dictionary.to_numpy(zero_copy_only=False).view(f"datetime64[{unit}]"), tz="UTC"
    )
    local = index.tz_convert(ZoneInfo(zone)).tz_localize(None).to_numpy().astype(f"datetime64[{unit}]")
    return pa.array(local, pa.timestamp(unit)).take(moments.indices)


# Time zone files list the changes of the clocks up to 2037, and have a rule for what comes later. Arrow does
# not read the rule: it is an hour slow in the summers from 2038 on.
_END_OF_TABLE = pa.scalar(datetime(2037, 12, 31, tzinfo=UTC), pa.timestamp("us", "UTC"))


def _is_past_the_table(instants: pa.Array) -> bool:
    if instants.type.tz == "UTC":
        return False
    last = pc.max(instants.cast(pa.timestamp("us", "UTC"), safe=False))
    return bool(pc.greater(last, _END_OF_TABLE).as_py())
