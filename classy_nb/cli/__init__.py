"""The command line: ``classy-nb demo``, ``export``, ``resources`` and ``sandbox``."""

from .main import main

__all__ = ["main"]
