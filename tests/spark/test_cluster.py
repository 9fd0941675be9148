"""Three organizations, read side by side by a cluster: equal, within their limits, and no secret anywhere."""

from __future__ import annotations

import pickle
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from support.canaries import forms, tokens_of

import classy_nb as cn
from classy_nb.spark.source import ClassySource

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import DataFrame, SparkSession

    from classy_nb.sandbox import Sandbox

THREE = "NORTH,SOUTH,WEST"
PUSHDOWN = "spark.sql.python.filterPushdown.enabled"


@pytest.fixture(autouse=True)
def _begin_anew(boxes: dict[str, Sandbox], spark: SparkSession) -> None:
    """Begin a new minute at every sandbox, with an empty log."""
    for box in boxes.values():
        box.advance(61)
        box.reset_log()
    spark.dataSource.register(cn.spark_source())


def frame(spark: SparkSession, **options: Any) -> DataFrame:
    reader = spark.read.format("classy").option("resource", "transactions").option("credentials", THREE)
    return reader.options(**options).load()


def live(box: Sandbox, resource: str = "transactions", **keywords: Any) -> pa.Table:
    """Return a sandbox's list as the client has it."""
    with cn.connect(
        box.client_id, box.client_secret, base_url=box.base_url, token_url=box.token_url
    ) as classy:
        return getattr(classy, resource).to_arrow(flat=True, decimal=True, **keywords)


def in_order(table: pa.Table, names: list[str]) -> pa.Table:
    """Return columns with the types of plain Arrow, sorted: ids repeat between sandboxes."""
    columns = [
        table[name].cast(
            pa.timestamp("us", "UTC")
            if pa.types.is_timestamp(table[name].type)
            else pa.string()
            if pa.types.is_large_string(table[name].type)
            else table[name].type
        )
        for name in names
    ]
    plain = pa.table(columns, names=names)
    return plain.take(pc.sort_indices(plain, sort_keys=[("id", "ascending"), ("purchased_at", "ascending")]))


def spans(prefix: str, box: Sandbox) -> dict[tuple[str, str], tuple[float, float]]:
    """Return when the first and the last page of each partition came; its largest id tells them apart."""
    found: dict[tuple[str, str], list[float]] = {}
    for moment, request in zip(box.log.moments, box.log, strict=True):  # type: ignore[attr-defined]
        asked = parse_qs(request.query)
        until = re.findall(r"id<=(\d+)", asked.get("filter", [""])[0])
        if until and asked["per_page"] == ["100"]:
            found.setdefault((prefix, until[0]), []).append(moment)
    return {partition: (min(moments), max(moments)) for partition, moments in found.items()}


def test_three_organizations_are_the_three_frames(
    spark: SparkSession, boxes: dict[str, Sandbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        # Reading a partition takes longer than starting a task, so that no executor falls behind by one.
        for box in boxes.values():
            patch.setattr(box.faults, "latency_ms", 300)
        found = frame(spark).toArrow()
    logs = {prefix: list(box.requests) for prefix, box in boxes.items()}
    partitions = {key: span for prefix, box in boxes.items() for key, span in spans(prefix, box).items()}
    expected = pa.concat_tables([live(box) for box in boxes.values()])

    assert len(found) == sum(len(box.truth("transactions")) for box in boxes.values())
    assert found.column_names == ["_organization_id", *expected.column_names, "_unknown"]
    assert found["_unknown"].null_count == len(found)
    assert in_order(found, expected.column_names).equals(in_order(expected, expected.column_names))

    for log in logs.values():
        assert not any(request.status == 429 for request in log)
        assert len(log) < 1_800
    # Four partitions of each organization, and two executors that always had one each.
    assert len(partitions) == 12
    together = {
        (one, other)
        for one, (begun, ended) in partitions.items()
        for other, (other_begun, other_ended) in partitions.items()
        if one < other and begun < other_ended and other_begun < ended
    }
    assert len(together) >= 6
    assert {(one[0], other[0]) for one, other in together if one[0] != other[0]}, "of several organizations"


@pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning")
def test_a_task_that_is_retried_gives_the_same_rows(spark: SparkSession, boxes: dict[str, Sandbox]) -> None:
    def fail_once(batches: Any) -> Any:
        from pyspark import TaskContext

        task = TaskContext.get()
        if task.partitionId() == 1 and task.attemptNumber() == 0:
            rows = sum(batch.num_rows for batch in batches)
            raise RuntimeError(f"lost after {rows} rows")
        yield from batches

    read = frame(spark, credentials="NORTH", since="2025", fields="status")
    found = read.mapInArrow(fail_once, read.schema).toArrow()
    assert found["id"].to_pylist() == live(boxes["NORTH"], since="2025", fields="status")["id"].to_pylist()
    assert read.rdd.getNumPartitions() > 1


def test_options_that_always_work(spark: SparkSession, boxes: dict[str, Sandbox]) -> None:
    read = frame(
        spark,
        credentials="SOUTH",
        since="2025-01-01",
        until="2026-01-01",
        where="status = success, total_gross_amount >= 100",
        fields="purchased_at,total_gross_amount",
    )
    expected = live(
        boxes["SOUTH"],
        since="2025-01-01",
        until="2026-01-01",
        where=["status = success", "total_gross_amount >= 100"],
        fields=["purchased_at", "total_gross_amount"],
    )
    found = read.toArrow()
    assert read.schema.simpleString() == (
        "struct<_organization_id:bigint,id:bigint,purchased_at:timestamp,total_gross_amount:decimal(18,2),"
        "_unknown:string>"
    )
    assert in_order(found, expected.column_names).equals(in_order(expected, expected.column_names))
    total = read.selectExpr("sum(total_gross_amount)").first()
    assert total is not None
    assert total[0] == pc.sum(expected["total_gross_amount"]).as_py()


def test_an_empty_list_is_an_empty_frame(spark: SparkSession) -> None:
    read = frame(spark, credentials="WEST", where="total_gross_amount > 99999999", fields="status")
    assert read.collect() == []
    assert read.columns == ["_organization_id", "id", "status", "_unknown"]


@pytest.mark.parametrize("switched_on", [False, True])
def test_a_filter_gives_the_same_rows_with_and_without_pushdown(
    switched_on: bool,  # noqa: FBT001
    spark: SparkSession,
    boxes: dict[str, Sandbox],
) -> None:
    spark.conf.set(PUSHDOWN, str(switched_on).lower())
    try:
        spark.dataSource.register(cn.spark_source())
        read = frame(spark, credentials="NORTH", fields="status,purchased_at,total_gross_amount")
        chosen = read.filter(
            "status = 'refunded' and purchased_at >= '2025-03-01 07:30:00.5' and total_gross_amount < 500.5"
        )
        found = chosen.toArrow()
    finally:
        spark.conf.unset(PUSHDOWN)
    truth = {
        record["id"]
        for record in boxes["NORTH"].truth("transactions")
        if record["status"] == "refunded"
        and record["purchased_at"] >= "2025-03-01T07:30:01"
        and record["total_gross_amount"] < 500.5
    }
    assert {*found["id"].to_pylist()} == truth
    assert len(truth) > 10
    pages = [request for request in boxes["NORTH"].requests if "per_page=100" in request.query]
    assert len(pages) < 10 if switched_on else len(pages) > 190


def test_a_source_that_offers_pushdown_needs_it_switched_on(spark: SparkSession) -> None:
    spark.dataSource.register(cn.spark_source(pushdown=True))
    with pytest.raises(Exception, match=PUSHDOWN):
        frame(spark, credentials="NORTH").count()


def test_errors_are_ours_and_come_before_anything_is_sent(
    spark: SparkSession, boxes: dict[str, Sandbox]
) -> None:
    for options, message in (
        ({"where": "stauts = success"}, "Did you mean 'status'"),
        ({"resource": "gifts"}, "Did you mean 'transactions'"),
        ({"client_secret": "canaryOption1a2b3c"}, "event log"),
    ):
        with pytest.raises(Exception, match=message) as caught:
            frame(spark, **options)
        assert "canaryOption" not in str(caught.value)
    with pytest.raises(Exception, match="EAST_CLIENT_ID is not set in the environment of the Spark driver"):
        frame(spark, credentials="EAST").count()
    assert not any(box.log for box in boxes.values())


def test_no_secret_is_in_any_plan_log_or_file(
    spark: SparkSession, boxes: dict[str, Sandbox], home: Path
) -> None:
    read = frame(spark, fields="status", where="status = refunded")
    grouped = read.groupBy("status").count()
    assert [row["status"] for row in grouped.collect()] == ["refunded"]
    with pytest.raises(Exception, match="neither"):  # an error that an executor logs
        read.selectExpr("raise_error('neither')").collect()
    source = ClassySource({"resource": "transactions", "credentials": THREE})  # type: ignore[arg-type]
    reader = source.reader(read_schema(spark))
    shown = [
        grouped._jdf.queryExecution().toString().encode(),
        read._jdf.queryExecution().toString().encode(),
        pickle.dumps(source),
        pickle.dumps(reader),
        pickle.dumps(reader.partitions()),
    ]
    files = [path for path in home.rglob("*") if path.is_file()]
    events = [path for path in files if "events" in path.parts]
    assert any(b"SparkListenerSQLExecutionStart" in path.read_bytes() for path in events)
    assert any(path.name == "stderr" for path in files), "what the executors print"
    shown += [path.read_bytes() for path in files]
    for box in boxes.values():
        canaries = {"secret": box.client_secret, "id": box.client_id, **tokens_of(box)}
        for what, canary in canaries.items():
            for form in forms(canary, box.client_id):
                assert not any(form in content for content in shown), what


def read_schema(spark: SparkSession) -> Any:
    return frame(spark).schema
