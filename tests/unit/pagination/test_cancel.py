"""However a fetch ends, nobody is left at work."""

import gc
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from support.keyed import Keyed
from support.threads import walkers
from support.walks import query

from classy_nb.pagination import Paginator


@pytest.fixture(autouse=True)
def _nobody_is_left() -> Iterator[None]:
    yield
    assert walkers() == []


def in_the_middle(paginator: Paginator, act: Callable[[Any], object]) -> None:
    parts = paginator.parts()
    next(parts)
    next(parts)
    assert walkers() != []
    act(parts)


def thrown(parts: Any, error: type[BaseException]) -> None:
    with pytest.raises(error):
        parts.throw(error)


@pytest.mark.parametrize(
    "act",
    [
        lambda parts: parts.close(),
        lambda parts: None,
        lambda parts: thrown(parts, KeyboardInterrupt),
        lambda parts: thrown(parts, MemoryError),
    ],
    ids=["closed", "dropped", "interrupted", "failed"],
)
def test_an_early_end_leaves_nobody_at_work(act: Callable[[Any], object]) -> None:
    listed = Keyed(range(1, 20_001))
    in_the_middle(Paginator(query(), listed.fetch, workers=8), act)
    gc.collect()
    assert walkers() == []
    asked = len(listed.asked)
    assert asked < 100
    assert len(listed.asked) == asked


@pytest.mark.parametrize("error", [KeyError("odd"), MemoryError(), RecursionError(), SystemExit(3)])
def test_whatever_ends_a_worker_ends_the_walk(error: BaseException) -> None:
    listed = Keyed(range(1, 5001))

    def fetch(parameters: Any, *_: object) -> Any:
        if len(listed.asked) > 10:
            raise error
        return listed.fetch(parameters)

    with pytest.raises(type(error)):
        fetched_from(fetch)


def fetched_from(fetch: Any) -> list[Any]:
    return [row for page in Paginator(query(), fetch, workers=8).pages() for row in page]


def test_a_consumer_that_is_slow_does_not_let_pages_pile_up() -> None:
    listed = Keyed(range(1, 20_001))
    parts = Paginator(query(), listed.fetch, workers=4).parts()
    for _ in range(3):
        next(parts)
    end = time.monotonic() + 2
    asked = -1
    while len(listed.asked) != asked and time.monotonic() < end:
        asked = len(listed.asked)
        time.sleep(0.05)
    assert asked <= 3 + 2 * 4 + 4 + 4 + 3, "what waits to be taken is bounded"
    parts.close()
