"""Keeping queries out of the log of urllib3: filters may hold donors' addresses."""

from __future__ import annotations

import logging
import re

from classy_nb.redact import safe_path

_ADDRESS = re.compile(r"/|https?://[^/]+/")  # the latter is what a proxy is asked for


class _NoQuery(logging.Filter):
    """Cuts the query off the URLs that urllib3 logs at DEBUG."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                safe_path(arg) if isinstance(arg, str) and _ADDRESS.match(arg) else arg for arg in record.args
            )
        return True


_NO_QUERY = _NoQuery()


def mute_queries() -> None:
    """Add the filter to the loggers that write URLs; once, however often it is called."""
    for name in ("urllib3.connectionpool", "urllib3.util.retry"):
        logging.getLogger(name).addFilter(_NO_QUERY)
