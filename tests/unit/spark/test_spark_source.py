"""What users call, where PySpark is missing; `tests/spark` has the rest."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

import classy_nb as cn


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pyspark", "pyspark.sql", "pyspark.sql.datasource"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=r"needs PySpark 4: pip install 'classy-nb\[spark\]'"):
        cn.spark_source()


@pytest.mark.parametrize("wrong", ["true", 1])
def test_pushdown_is_true_false_or_none(wrong: Any) -> None:
    with pytest.raises(cn.UsageError, match=r"pushdown=.* must be True, False or None"):
        cn.spark_source(pushdown=wrong)


def test_pyspark_is_imported_when_the_source_is_asked_for() -> None:
    program = (
        "import sys, classy_nb.spark.planning, classy_nb.spark.reading; classy_nb.spark_source;"
        "assert not any(name.startswith('pyspark') for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
