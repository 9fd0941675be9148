"""Spark reads Classy in parallel: ``spark.read.format("classy").option("resource", "transactions").load()``.

Options come in, as texts; a data source for PySpark 4 goes out, whose partitions are ranges of ids of one
organization each. Spark calls it: in a Python process beside the driver it checks the options and plans, on
the executors it reads. So it holds names only: where credentials are, never what they are.

The room stands above the client, because an executor has to log in by itself: no connection can travel there.
PySpark is imported by :func:`spark_source` alone; everything else here works without it.
"""

from __future__ import annotations

from typing import Any

__all__ = ["spark_source"]


def spark_source(*, pushdown: bool | None = None) -> Any:
    """Return the data source for ``spark.dataSource.register(cn.spark_source())``.

    ::

        spark.dataSource.register(cn.spark_source())
        gifts = (
            spark.read.format("classy")
            .option("resource", "transactions")
            .option("since", "2024-01-01")
            .option("where", "status = success")
            .load()
        )

    ``docs/spark.md`` lists the options, and says where the executors find the credentials.

    Parameters
    ----------
    pushdown
        Whether Spark may hand filters over (``gifts.filter("campaign_id = 7")``), so that fewer rows are
        fetched; the rows of the result are the same either way. Spark 4.1 and later refuses a source that
        offers this unless ``spark.sql.python.filterPushdown.enabled`` is on, and earlier ones do not know it.
        None: as the session that is active now has it, so switch it on before you register. The options
        ``where``, ``since`` and ``until`` always work.

    Returns
    -------
    type[pyspark.sql.datasource.DataSource]
        The source ``classy``. Its frames have ``_organization_id`` (bigint), the columns of the resource
        under their flat names (``supporter_city``), and ``_unknown``: ids and counts ``bigint``, money
        ``decimal(18,2)``, other numbers ``double``, flags ``boolean``, instants ``timestamp``, days ``date``,
        text ``string``; lists and values without a declared shape are JSON text. ``_unknown`` holds the keys
        that the catalog does not know as a JSON object, and is null where there are none. An empty list gives
        an empty frame with the same columns.

    Raises
    ------
    ImportError
        PySpark 4 is missing: ``pip install 'classy-nb[spark]'``.
    UsageError
        *pushdown* is neither True, False nor None.
    """
    from classy_nb.arguments import shown
    from classy_nb.errors import UsageError

    if pushdown is not None and not isinstance(pushdown, bool):
        raise UsageError(f"pushdown={shown(pushdown)} must be True, False or None.")
    try:
        from pyspark.sql.datasource import DataSource  # noqa: F401 - since PySpark 4
    except ImportError:
        raise ImportError("The Spark source needs PySpark 4: pip install 'classy-nb[spark]'") from None
    from .source import source_class

    return source_class(pushdown)
