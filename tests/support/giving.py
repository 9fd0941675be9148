"""Invented transactions and plans as the toolkit returns them, for the tests of calculations."""

from collections.abc import Sequence
from datetime import datetime
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

import classy_nb as cn
from classy_nb.catalog import load
from classy_nb.frames import TableBuilder, to_frame
from classy_nb.sandbox import Sandbox

ZONE = "America/Los_Angeles"
Row = dict[str, Any]


def _frame(kind: str, records: list[Row], backend: str, zone: str, fields: Sequence[str]) -> pd.DataFrame:
    columns = [column for column in load().records[kind].columns if not fields or column.name in fields]
    records = [{k: v for k, v in row.items() if not fields or k in fields} for row in records]
    builder = TableBuilder(columns, timezone=zone)
    builder.add(records)
    return to_frame(builder.table(), dtype_backend=backend)  # type: ignore[arg-type]


def instant(text: str, zone: str = ZONE) -> str:
    """Return a local day or time as the API spells it: ``2026-01-01T20:00:00+0000``."""
    moment = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(ZoneInfo("UTC"))
    return moment.strftime("%Y-%m-%dT%H:%M:%S+0000")


def transactions(
    *rows: Row, backend: str = "numpy_nullable", zone: str = ZONE, fields: Sequence[str] = ()
) -> pd.DataFrame:
    """Return transactions; each row says what is not as usual: ``on`` its local day or time, ``by`` who."""
    ids = count(1001)
    records = []
    for row in rows:
        usual: Row = {
            "id": next(ids),
            "status": "success",
            "purchased_at": instant(row.get("on", "2026-01-01"), zone),
            "donation_gross_amount": row.get("amount", 10.0),
            "currency_code": "USD",
            "raw_currency_code": "USD",
            "supporter_id": row.get("by", 1),
            "payment_method": "Stripe",
            "is_anonymous": False,
        }
        records.append(usual | {k: v for k, v in row.items() if k not in {"on", "by", "amount"}})
    return _frame("Transaction", records, backend, zone, fields)


def plans(
    *rows: Row, backend: str = "numpy_nullable", zone: str = ZONE, fields: Sequence[str] = ()
) -> pd.DataFrame:
    """Return plans; ``began`` and ``over`` (canceled, failed or ended, by the status) are local days."""
    ids = count(501)
    records = []
    for row in rows:
        status = row.get("status", "active")
        usual: Row = {
            "id": next(ids),
            "status": status,
            "supporter_id": 1,
            "frequency": "monthly",
            "donation_amount": row.get("amount", 10.0),
            "currency_code": "USD",
            "started_at": instant(row.get("began", "2026-01-15"), zone),
            "updated_at": instant("2026-06-01", zone),
            "is_paused": False,
        }
        over = row.get("over")
        column = {"canceled": "canceled_at", "failed": "failed_at", "ended": "recur_until"}.get(status)
        if over and column:
            usual[column] = over if column == "recur_until" else instant(over, zone)
        records.append(usual | {k: v for k, v in row.items() if k not in {"began", "over", "amount"}})
    return _frame("RecurringDonationPlan", records, backend, zone, fields)


def records(kind: str, *rows: Row, backend: str = "numpy_nullable", zone: str = ZONE) -> pd.DataFrame:
    """Return records of any kind, such as ``"Registration"``, as a list of them comes."""
    return _frame(kind, list(rows), backend, zone, ())


def dtypes(frame: pd.DataFrame) -> dict[str, str]:
    """Return the dtypes by name, as text."""
    return {str(name): str(dtype) for name, dtype in frame.dtypes.items()}


def rows(frame: pd.DataFrame, *names: object) -> list[list[Any]]:
    """Return the cells of some columns, row by row; None where one is missing."""
    cells = frame[list(names)].to_numpy().tolist()
    return [[None if cell is pd.NA else cell for cell in row] for row in cells]


def connected(box: Sandbox) -> cn.Classy:
    """Connect to a sandbox, in the organization's zone."""
    return cn.connect(
        box.client_id, box.client_secret, base_url=box.base_url, token_url=box.token_url, timezone=ZONE
    )
