"""The garbage collector runs less often while records are read."""

import gc

import pytest

from classy_nb.frames import fewer_collections


def test_the_threshold_is_raised_and_restored() -> None:
    usual = gc.get_threshold()
    try:
        gc.set_threshold(700, *usual[1:])
        before = gc.get_threshold()
        for _ in range(2):
            with fewer_collections():
                with fewer_collections():
                    assert gc.get_threshold()[0] == 20_000
                assert gc.get_threshold()[0] == 20_000
            assert gc.get_threshold() == before
    finally:
        gc.set_threshold(*usual)


@pytest.mark.parametrize("chosen", [0, 50_000])
def test_a_collector_that_is_off_or_runs_rarely_is_left_alone(chosen: int) -> None:
    usual = gc.get_threshold()
    try:
        gc.set_threshold(chosen, *usual[1:])
        with fewer_collections():
            assert gc.get_threshold()[0] == chosen
        assert gc.get_threshold()[0] == chosen
    finally:
        gc.set_threshold(*usual)
