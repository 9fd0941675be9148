"""The garbage collector while records are read."""

import gc

import pytest

from classy_nb.frames import collector_eased

# --- the garbage collector ----------------------------------------------------------------------


def test_the_collector_is_eased_and_restored() -> None:
    usual = gc.get_threshold()
    with collector_eased():
        with collector_eased():
            assert gc.get_threshold()[0] == 20_000
        assert gc.get_threshold()[0] == 20_000
    assert gc.get_threshold() == usual


@pytest.mark.parametrize("chosen", [0, 50_000])
def test_a_collector_that_is_off_or_rare_stays_so(chosen: int) -> None:
    usual = gc.get_threshold()
    try:
        gc.set_threshold(chosen, *usual[1:])
        with collector_eased():
            assert gc.get_threshold()[0] == chosen
        assert gc.get_threshold()[0] == chosen
    finally:
        gc.set_threshold(*usual)
