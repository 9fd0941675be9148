"""The id space of a list, cut into ranges."""

import threading

import pytest
from classy_nb.pagination.ranges import Range, Ranges
from support.walks import ids

# The ranges alone.


def ranges(total: int = 10_000, cuts: list[int] | None = None, open_at_most: int = 4) -> Ranges:
    return Ranges(Range(0, 100, None, 100, total), cuts or [], open_at_most)


def test_the_larger_half_goes_to_whoever_is_idle() -> None:
    shared = ranges()
    first = shared.take()
    assert isinstance(first, Range)
    position = shared.take()
    assert position == 100 + 9900 // 2
    second = shared.cut(position, 5050)
    assert second is not None
    assert (second.start, second.end, second.left) == (5050, None, 4950)
    assert (first.end, first.left) == (5050, 4950)


def test_a_range_that_is_nearly_done_is_left_alone() -> None:
    shared = ranges(total=599)
    shared.take()
    helper = threading.Thread(target=shared.take)
    helper.start()
    helper.join(0.05)
    assert helper.is_alive(), "there is nothing to share: it waits"
    shared.close()
    helper.join(5)
    assert not helper.is_alive()


@pytest.mark.parametrize("boundary", [None, 50, 100])
def test_a_cut_in_what_has_come_already_is_none(boundary: int | None) -> None:
    shared = ranges()
    first = shared.take()
    assert isinstance(first, Range)
    position = shared.take()
    assert isinstance(position, int)
    assert shared.cut(position, boundary) is None
    assert not first.being_cut
    assert (first.end, first.left) == (None, 9900)


def test_records_behind_a_ranges_end_are_somebody_elses() -> None:
    shared = ranges()
    first = shared.take()
    assert isinstance(first, Range)
    second = shared.cut(150, 150)
    assert second is not None
    records = [{"id": i} for i in (120, 150, 151, 170)]
    assert ids(list(shared.accept(first, [120, 150, 151, 170], records, is_last=False))) == [120, 150]
    assert first.done
    assert first.last == 150
    assert not second.done
