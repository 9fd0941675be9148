"""Tests with a real Spark: ``pytest tests/spark``, a run of their own.

PySpark and what it needs take 850 MB, and a cluster some seconds to start, so plain ``pytest`` leaves this
folder out (``norecursedirs``). Install the extra ``spark``; in Debian, Java is ``openjdk-17-jre-headless``.
Where either is missing the tests are skipped; where ``CI`` is set they fail instead.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections import deque
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from classy_nb.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import SparkSession

IN_CI = os.environ.get("CI", "").lower() not in ("", "0", "false")
GIFTS = 20_000
PREFIXES = ("NORTH", "SOUTH", "WEST")


class TimedLog(deque[Any]):
    """A sandbox's log that notes when each request was answered."""

    def __init__(self) -> None:
        super().__init__()
        self.moments: list[float] = []

    def append(self, entry: Any) -> None:
        self.moments.append(time.monotonic())
        super().append(entry)

    def clear(self) -> None:
        self.moments.clear()
        super().clear()


@pytest.fixture(scope="session")
def boxes() -> Iterator[dict[str, Sandbox]]:
    """Three organizations, each with an application, a secret and a rate limit of its own."""
    started = {}
    try:
        for prefix, seed in zip(PREFIXES, count(1), strict=False):
            box = Sandbox(
                transactions=GIFTS,
                seed=seed,
                client_id=f"canaryId{prefix}0f1e2d3c",
                client_secret=f"canarySecret{prefix}9f8e7d6c5b4a",
            )
            box.log = TimedLog()
            box.start()
            started[prefix] = box
        yield started
    finally:
        for box in started.values():
            box.stop()


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where Spark keeps its event log, its executors' output and everything else."""
    return tmp_path_factory.mktemp("spark")


def spark_home(home: Path) -> Path:
    """Return a folder with PySpark's programs, in which a cluster writes what its executors print."""
    import pyspark

    found = home / "spark-home"
    found.mkdir()
    for part in Path(pyspark.__file__).parent.iterdir():
        if part.name != "work":
            (found / part.name).symlink_to(part)
    return found


@pytest.fixture(scope="session")
def spark(boxes: dict[str, Sandbox], home: Path) -> Iterator[SparkSession]:
    """Return a session on a cluster of two executors, which find the credentials in their environment."""
    missing = [
        name
        for name, found in (("pyspark", find_spec("pyspark")), ("java", shutil.which("java")))
        if not found
    ]
    if missing:
        (pytest.fail if IN_CI else pytest.skip)(f"{' and '.join(missing)} must be here")
    from pyspark.sql import SparkSession

    with pytest.MonkeyPatch.context() as patch:
        for prefix, box in {**boxes, "CLASSY": boxes["NORTH"]}.items():
            patch.setenv(f"{prefix}_CLIENT_ID", box.client_id)
            patch.setenv(f"{prefix}_CLIENT_SECRET", box.client_secret)
            patch.setenv(f"{prefix}_BASE_URL", box.base_url)
            patch.setenv(f"{prefix}_TOKEN_URL", box.token_url)
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.setenv("SPARK_HOME", str(spark_home(home)))
        (home / "events").mkdir()
        session = (
            SparkSession.builder.master("local-cluster[2,1,1024]")
            # A standalone cluster starts with the first executor that registers; "side by side" needs both.
            .config("spark.scheduler.minRegisteredResourcesRatio", "1.0")
            .config("spark.scheduler.maxRegisteredResourcesWaitingTime", "120s")
            .config("spark.driver.memory", "1g")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.ui.enabled", "false")
            .config("spark.eventLog.enabled", "true")
            .config("spark.eventLog.dir", (home / "events").as_uri())
            .config("spark.eventLog.compress", "false")
            .config("spark.sql.shuffle.partitions", "4")
            .config("spark.sql.session.timeZone", "UTC")
            .config("spark.local.dir", str(home / "local"))
            .config("spark.sql.warehouse.dir", str(home / "warehouse"))
            .getOrCreate()
        )
        session.sparkContext.setLogLevel("ERROR")
        yield session
        session.stop()
