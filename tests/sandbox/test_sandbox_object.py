"""Sandboxes as objects: repeatable, apart from each other, with a database to look into."""

from datetime import date

import pytest

from classy_nb.sandbox import Sandbox


def test_the_same_seed_gives_the_same_data():
    def everything(**changes):
        box = Sandbox(transactions=200, **changes)
        found = {kind: box.truth(kind) for kind in box.kinds}
        box.stop()
        return found

    first = everything(seed=5)
    assert first == everything(seed=5)
    assert first["transactions"] != everything(seed=6)["transactions"]
    assert first["transactions"] != everything(seed=5, today=date(2025, 6, 1))["transactions"]


def test_no_state_is_shared():
    with Sandbox(transactions=60) as one, Sandbox(transactions=60) as two:
        one.delete_transactions(5)
        one.faults.latency_ms = 9
        assert (len(one.truth("transactions")), len(two.truth("transactions"))) == (55, 60)
        assert two.faults.latency_ms == 0
        assert one.base_url != two.base_url
        assert one.client_secret != two.client_secret


def test_several_organizations():
    with Sandbox(transactions=1_200, organizations=3) as box:
        assert len(set(box.organization_ids)) == 3
        sizes = [len(box.truth("transactions", number)) for number in box.organization_ids]
        assert sizes == [1_200, 60, 60]
        seen = [row["id"] for number in box.organization_ids for row in box.truth("transactions", number)]
        assert len(seen) == len(set(seen))
        assert box.foreign_organization_id not in box.organization_ids


def test_too_few_transactions_are_refused():
    with pytest.raises(ValueError, match="at least 60"):
        Sandbox(transactions=3)
