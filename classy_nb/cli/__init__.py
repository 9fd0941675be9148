"""The command line: ``classy-nb demo``, ``export``, ``resources`` and ``sandbox``."""

from ._main import main

__all__ = ["main"]
