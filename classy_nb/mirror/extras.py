"""DuckDB and dlt, imported when first used: they come with the extra ``mirror``."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

_ADVICE = "A mirror needs DuckDB and dlt: pip install 'classy-nb[mirror]'"


def import_duckdb() -> Any:
    """Return the module ``duckdb``.

    Raises
    ------
    ImportError
        The extra is not installed.
    """
    return _imported("duckdb")


def import_dlt() -> Any:
    """Return the module ``dlt``, which tells nobody that it is used.

    Raises
    ------
    ImportError
        The extra is not installed.
    """
    # dlt reads its settings from the environment when a pipeline is made. Its telemetry is on by default.
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    os.environ.setdefault("RUNTIME__LOG_LEVEL", "ERROR")
    return _imported("dlt")


def _imported(name: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise ImportError(_ADVICE) from None
