"""Forks wait while a thread computes with Arrow, whose locks a child could not open."""

import os
import threading
import time

import pytest
from support.processes import forked

from classy_nb.frames import TableBuilder, computes_with_arrow, to_frame

pytestmark = [
    pytest.mark.edge(2),
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork"),
    pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning"),
]


def frame_of(rows: int) -> int:
    builder = TableBuilder((), timezone="UTC", label="gifts")
    builder.add({"id": n, "name": f"gift {n}"} for n in range(rows))
    return len(to_frame(builder.table()))


def test_a_fork_waits_for_a_thread_that_computes_with_arrow() -> None:
    begun, done = threading.Event(), threading.Event()

    @computes_with_arrow
    def compute() -> None:
        begun.set()
        time.sleep(0.3)
        done.set()

    thread = threading.Thread(target=compute)
    thread.start()
    begun.wait(5)
    assert forked(lambda: (done.is_set(), frame_of(100))) == (True, 100)
    thread.join(5)


def test_a_fork_in_the_middle_of_a_computation_leaves_both_processes_working() -> None:
    @computes_with_arrow
    def compute() -> object:
        return forked(lambda: frame_of(100))

    assert compute() == 100
    assert forked(lambda: frame_of(50)) == 50
    assert frame_of(10) == 10
