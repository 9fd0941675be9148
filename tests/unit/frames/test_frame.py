"""One record as a typed series."""

import pandas as pd
from support.frames import COLUMNS

from classy_nb import catalog
from classy_nb.frames import to_series

ITEM = [column.name for column in catalog.load().records["TransactionItem"].columns]


def test_a_series_is_typed_as_a_row() -> None:
    record = {
        "id": 2**53 + 1,
        "amount": "12.50",
        "context": {"source_campaign_id": 5, "day": "2026-02-01", "newkey": "x"},
        "created_at": "2026-01-31T18:30:00+0000",
        "fee_on_top": 0,
        "items": [{"id": 1}],
    }
    series = to_series(record, COLUMNS, timezone="America/Los_Angeles", name=7)
    assert series.name == 7
    assert series.dtype == object
    assert list(series.index) == [*(column.name for column in COLUMNS), "context.newkey"]
    assert series.to_list() == [
        *(2**53 + 1, 12.5, 5, pd.NA, pd.Timestamp("2026-02-01")),
        *(
            pd.Timestamp("2026-01-31T10:30:00", tz="America/Los_Angeles"),
            False,
            pd.NA,
            [{**dict.fromkeys(ITEM), "id": 1}],
            pd.NA,
            "x",
        ),
    ]
    assert [type(value) for value in series.iloc[[0, 1, 6]]] == [int, float, bool]


def test_a_series_of_nothing_is_missing_everywhere() -> None:
    assert [value is pd.NA for value in to_series({}, COLUMNS)] == [True] * len(COLUMNS)
    assert to_series({"a": {"b": 1}}, []).to_dict() == {"a.b": 1}
