"""Fetches a list into a file in a process of its own, which a test ends in the middle.

It takes one line of JSON on standard input: ``way``, ``target``, ``connect`` (keywords), and at most one of
``stop_at`` (say so and wait when the n-th file is to be made sure of; 0: the final one) and ``most_bytes``
(the system allows no larger files).
"""

import json
import os
import sys
from collections.abc import Callable
from typing import Any

import classy_nb as cn
from classy_nb.client import resource as resources
from classy_nb.export.atomic import AtomicFile


def waiting(then: Callable[..., Any], at: int) -> Callable[..., Any]:
    """Return what waits for ever at the n-th call, and says so."""
    calls = 0

    def wait(*given: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == at:
            sys.stdout.write("here\n")
            sys.stdout.flush()
            sys.stdin.readline()
        return then(*given)

    return wait


def main() -> int:
    asked = json.loads(sys.stdin.readline())
    resources.BATCH_ROWS = 200
    if asked.get("stop_at") == 0:
        AtomicFile.commit = waiting(AtomicFile.commit, 1)  # type: ignore[method-assign]
    elif "stop_at" in asked:
        os.fsync = waiting(os.fsync, asked["stop_at"])
    elif "most_bytes" in asked:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (asked["most_bytes"], resource.RLIM_INFINITY))
    with cn.connect(**asked["connect"]) as classy:
        try:
            getattr(classy.transactions, asked["way"])(asked["target"])
        except cn.ExportError as error:
            sys.stdout.write(str(error))
            return 7
    return 0


if __name__ == "__main__":
    sys.exit(main())
