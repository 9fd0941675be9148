"""docs/spark.md: every block runs on a cluster, and reads what its text says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest
    from pyspark.sql import SparkSession

    from classy_nb.sandbox import Sandbox

PAGE = (Path(__file__).parents[2] / "docs" / "spark.md").read_text("utf-8")
BLOCKS = re.findall(r"(?ms)^```python\n(.*?)^```", PAGE)
SWITCH = "spark.sql.python.filterPushdown.enabled"


def test_every_block_runs(
    spark: SparkSession,
    boxes: dict[str, Sandbox],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    box = boxes["NORTH"]
    box.advance(61)
    monkeypatch.setenv("CLASSY_CLIENT_ID", box.client_id)
    monkeypatch.setenv("CLASSY_CLIENT_SECRET", box.client_secret)
    monkeypatch.setenv("CLASSY_BASE_URL", box.base_url)
    monkeypatch.setenv("CLASSY_TOKEN_URL", box.token_url)
    spark.sql("CREATE DATABASE fundraising")
    namespace: dict[str, Any] = {"spark": spark}
    reading, table, pushdown = (block.replace("2024-01-01", "2026-10-01") for block in BLOCKS)  # faster
    try:
        for block in (reading, table.replace("12345", str(box.organization_id)), pushdown):
            exec(compile(block, "docs/spark.md", "exec"), namespace)
    finally:
        spark.conf.unset(SWITCH)
    assert "sum(donation_gross_amount)" in capsys.readouterr().out
    gifts = [gift for gift in box.truth("transactions") if gift["purchased_at"] >= "2026-10-01T07:00:00"]
    assert spark.table("fundraising.transactions").count() == len(gifts)
    large = [
        gift for gift in gifts if gift["status"] == "success" and float(gift["total_gross_amount"]) >= 100
    ]
    assert namespace["gifts"].count() == len(large) > 0
