"""Which threads the package has left, and threads of a test's own."""

import threading
import time
from collections.abc import Callable, Collection, Iterable
from typing import Any


def ours(besides: Collection[threading.Thread] = ()) -> list[str]:
    """Return the names of the package's threads that have not ended; sandboxes are the tests' own."""
    names = [thread.name for thread in threading.enumerate() if thread not in besides]
    return [name for name in names if name.startswith("classy_nb") and name != "classy_nb sandbox"]


def wait_for_none(seconds: float = 20, *, besides: Collection[threading.Thread] = ()) -> None:
    """Wait until the package has no threads *besides* those of earlier tests; a busy machine is slow."""
    end = time.monotonic() + seconds
    while ours(besides) and time.monotonic() < end:
        time.sleep(0.01)
    assert ours(besides) == []


def workers_left() -> list[str]:
    """Return the names of the threads that send the requests of lists."""
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("classy_nb-")]


def together(work: Callable[..., object], arguments: Iterable[tuple[Any, ...]], seconds: float = 20) -> None:
    """Call *work* with each of the arguments, all at the same time; wait for each so many seconds at most."""
    threads = [threading.Thread(target=work, args=given) for given in arguments]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(seconds)
