"""Where Python runs: who could be asked for credentials there, and how."""

from __future__ import annotations

import os
import sys
from enum import Enum

from classy_nb.progress import in_notebook, shell


class Place(Enum):
    """Who is there."""

    NOTEBOOK = "a notebook that shows forms"
    TERMINAL = "a terminal"
    NOBODY = "nobody"


def place() -> Place:
    """Tell where this runs.

    A notebook that is executed without a front end (nbclient, papermill) allows no input, and neither does
    Voila, which shows forms all the same.
    """
    if in_notebook():
        asks = getattr(getattr(shell(), "kernel", None), "_allow_stdin", False)
        return Place.NOTEBOOK if asks or in_voila() else Place.NOBODY
    terminal = all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))
    return Place.TERMINAL if terminal else Place.NOBODY


def in_voila() -> bool:
    """Tell whether Voila shows this notebook."""
    return os.environ.get("SERVER_SOFTWARE", "").startswith("voila/")
