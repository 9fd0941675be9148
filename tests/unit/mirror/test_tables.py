"""Which lists a mirror holds, and how each is kept up to date: derived from the catalog."""

from __future__ import annotations

from pathlib import Path

import pytest

import classy_nb as cn
from classy_nb.mirror import DEFAULT, mirrored_lists


def test_each_list_has_its_strategy() -> None:
    assert {one.name: one.strategy for one in mirrored_lists()} == {
        "transactions": "changed",
        "transaction_items": "included",
        "supporters": "changed",
        "campaigns": "changed",
        "recurring_donation_plans": "changed",
        "recurring_donation_history": "appended",
        "fundraising_pages": "changed",
        "fundraising_teams": "changed",
        "designations": "changed",
        "registrations": "changed",
        "answers": "changed",
    }


def test_items_alone_are_counted_and_after_their_gifts_included() -> None:
    (alone,) = mirrored_lists("transaction_items")
    assert (alone.strategy, alone.parent) == ("counted", None)
    gifts, items = mirrored_lists(["transaction_items", "transactions"])
    assert (gifts.name, items.parent, items.include, items.link) == (
        "transactions",
        "transactions",
        "items",
        "transaction_id",
    )


def test_dates_decide_what_since_cuts_off() -> None:
    assert {one.name: one.date for one in mirrored_lists() if one.date} == {
        "transactions": "purchased_at",
        "recurring_donation_history": "created_at",
        "registrations": "created_at",
        "answers": "created_at",
    }


def test_columns_have_flat_names_between_those_of_the_mirror() -> None:
    (one,) = mirrored_lists(["transactions"])
    names = list(one.kinds)
    assert names[:3] == ["_organization_id", "id", "purchased_at"]
    assert names[-4:] == ["_unknown", "_row_hash", "_synced_at", "_deleted_at"]
    assert one.kinds["total_gross_amount"] == "decimal"
    assert "context_source_campaign_id" in names


def test_default_holds_what_can_be_mirrored() -> None:
    assert [one.name for one in mirrored_lists(",".join(DEFAULT))].count("answers") == 1
    with pytest.raises(cn.UsageError, match="'payouts' cannot be mirrored"):
        mirrored_lists(["payouts"])


def test_personal_columns_go_but_not_those_that_a_refresh_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLASSY_HASH_KEY", "sixteen letters at least")
    (supporters,) = mirrored_lists("supporters", exclude="personal", hash="email_address")
    assert "city" not in supporters.kinds
    assert "updated_at" in supporters.kinds
    assert supporters.hashed == {"email_address"}


def test_the_guide_has_the_budget_of_each_list() -> None:
    guide = (Path(__file__).parents[3] / "docs" / "mirror.md").read_text()
    for one in mirrored_lists():
        (line,) = [line for line in guide.splitlines() if line.startswith(f"| `{one.name}` |")]
        _, _, _, requests, unseen, _ = (cell.strip() for cell in line.split("|"))
        assert (int(requests), unseen) == (one.requests, one.unseen)
        assert one.requests <= 3


def test_a_column_is_hashed_wherever_its_name_ends_so(monkeypatch: pytest.MonkeyPatch) -> None:
    key = "sixteen letters at least"
    monkeypatch.setenv("CLASSY_HASH_KEY", key)
    lists = mirrored_lists(["supporters", "fundraising_pages"], hash="email_address")
    for one in lists:
        alike = {flat for flat, path in one.paths if path.rpartition(".")[2] == "email_address"}
        assert one.hashed == alike
        assert key not in repr(one)
    assert "email_address" in lists[0].hashed
    for value, message in (("", "is not set"), ("15 letters only", "shorter than 16")):
        monkeypatch.setenv("CLASSY_HASH_KEY", value)
        with pytest.raises(cn.UsageError, match=message):
            mirrored_lists(hash="email_address")
