"""The classes that Spark registers; :func:`classy_nb.spark_source` chooses one of them.

Spark pickles a class by its name, an instance with its options, and a reader with both: they hold nothing
else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyspark.sql import SparkSession
from pyspark.sql.datasource import DataSource, DataSourceReader, InputPartition

from classy_nb.errors import UsageError
from classy_nb.redact import clear_tracebacks

from .columns import column_types, schema
from .options import Options, read_options
from .planning import plan
from .pushdown import Pushed, push
from .reading import read

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pyarrow as pa

PUSHDOWN = "spark.sql.python.filterPushdown.enabled"


def source_class(pushdown: bool | None) -> type[ClassySource]:  # noqa: FBT001 - documented where users see it
    """Return the source that offers Spark to push filters down, or the one that does not."""
    if pushdown is None:
        session = SparkSession.getActiveSession()
        pushdown = session is not None and str(session.conf.get(PUSHDOWN, "false")).lower() == "true"
    return PushdownSource if pushdown else ClassySource


class ClassySource(DataSource):  # type: ignore[misc]
    """The source ``classy``."""

    @classmethod
    def name(cls) -> str:
        """Return what ``spark.read.format`` takes."""
        return "classy"

    @clear_tracebacks
    def schema(self) -> str:
        """Return the columns, and refuse options that make no sense."""
        return schema(read_options(self.options).query())

    @clear_tracebacks
    def reader(self, schema: Any) -> ClassyReader:
        """Return what plans and reads."""
        return ClassyReader(self._checked(schema))

    def _checked(self, schema: Any) -> Options:
        options = read_options(self.options)
        ours = [(name, spark) for name, (spark, _) in column_types(options.query()).items()]
        if [(field.name, field.dataType.simpleString()) for field in schema] != ours:
            raise UsageError(
                "The columns are the catalog's: they cannot be given by schema().",
                advice="Leave schema() out; choose columns with the option fields, cast them with select().",
            )
        return options


class ClassyReader(DataSourceReader):  # type: ignore[misc]
    """Plans beside the driver, and reads on the executors."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._pushed = Pushed()

    @clear_tracebacks
    def partitions(self) -> list[InputPartition]:
        """Return one partition for each range of ids of each organization."""
        return [InputPartition(part) for part in plan(self._options, self._pushed)]

    def read(self, partition: InputPartition | None) -> Iterator[pa.RecordBatch]:
        """Yield the rows of a partition; where there are none, Spark asks for one that it made up."""
        part = None if partition is None else partition.value
        return iter(()) if part is None else read(part)


class PushdownSource(ClassySource):
    """The same for sessions in which Spark pushes filters down."""

    @clear_tracebacks
    def reader(self, schema: Any) -> ClassyReader:
        """Return what takes filters, too."""
        return PushdownReader(self._checked(schema))


class PushdownReader(ClassyReader):
    """The same, and takes filters."""

    @clear_tracebacks
    def pushFilters(self, filters: list[Any]) -> Iterable[Any]:  # noqa: N802 - Spark's name
        """Ask the API for fewer rows; Spark applies all *filters* to what comes."""
        self._pushed = push(filters, self._options.query())
        return filters
