"""Partitions: ranges of ids that add up, shares of the quota that add up, and nothing secret."""

from __future__ import annotations

import pickle
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from classy_nb.errors import BadRequestError, CredentialsError, UsageError
from classy_nb.sandbox import Sandbox
from classy_nb.spark import planning
from classy_nb.spark.options import read_options
from classy_nb.spark.planning import plan
from classy_nb.spark.pushdown import Pushed

if TYPE_CHECKING:
    from classy_nb.spark.planning import Part


def planned(pushed: Pushed | None = None, **options: str) -> list[Part]:
    return plan(read_options({"resource": "transactions", **options}), pushed)


def name_application(monkeypatch: pytest.MonkeyPatch, prefix: str, box: Sandbox) -> None:
    """Put a sandbox's credentials and addresses into the environment."""
    for end, value in {
        "CLIENT_ID": box.client_id,
        "CLIENT_SECRET": box.client_secret,
        "BASE_URL": box.base_url,
        "TOKEN_URL": box.token_url,
    }.items():
        monkeypatch.setenv(f"{prefix}_{end}", value)


def test_ranges_of_ids_hold_every_row_once(box: Sandbox) -> None:
    parts = planned()
    ids = [record["id"] for record in box.truth("transactions")]
    assert len(parts) == 4
    assert sum(part.rows or 0 for part in parts) == len(ids)
    for part in parts:
        assert part.rows == sum(part.after < id_ <= part.until for id_ in ids)
        assert part.rows >= planning.LEAST_ROWS
    assert all(low.until == high.after for low, high in pairwise(parts))
    assert (parts[0].after, parts[-1].until) == (ids[0] - 1, ids[-1])


def test_a_gift_that_arrives_later_belongs_to_no_range() -> None:
    # The last range ends with the largest id of the plan: a task that runs twice reads the same rows.
    with Sandbox(transactions=60) as box, pytest.MonkeyPatch.context() as patch:
        name_application(patch, "CLASSY", box)
        (part,) = planned()
        (new,) = box.insert_transactions(1)
        assert part.until is not None
        assert part.until < new


def test_the_number_of_partitions_is_the_readers_to_choose(box: Sandbox) -> None:
    assert len(planned(partitions="1")) == 1
    assert len(planned(partitions="2")) == 2
    assert len(planned(partitions="100")) == len(box.truth("transactions")) // planning.LEAST_ROWS


def test_an_empty_list_has_no_partitions(box: Sandbox) -> None:
    assert planned(where="total_gross_amount > 99999999") == []


def test_a_list_without_ids_is_one_partition(box: Sandbox) -> None:
    (part,) = planned(resource="payouts", since="2026-11-01", until="2026-11-03")
    assert (part.after, part.until, part.rows) == (None, None, None)


def test_a_server_that_does_not_filter_by_id_gives_one_partition(
    box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "_record", lambda *_, **__: (4_500, 1))
    (part,) = planned()
    assert (part.after, part.until, part.rows) == (None, None, None)


def test_words_become_days_when_it_is_planned(box: Sandbox) -> None:
    part = planned(since="year 2025", partitions="1")[0]
    assert str(part.question["since"].since) == "2025-01-01"
    assert str(part.question["since"].until) == "2026-01-01"
    assert part.settings["timezone"] == "America/Los_Angeles"


def test_the_quota_is_shared_out_with_a_tenth_for_planning(box: Sandbox) -> None:
    parts = planned(requests_per_minute="1000")
    assert [part.requests_per_minute for part in parts] == [225] * 4


def test_a_small_quota_is_not_cut_into_crumbs(box: Sandbox) -> None:
    parts = planned(requests_per_minute="100")
    assert [part.requests_per_minute for part in parts] == [30, 30, 30]


def test_organizations_of_one_application_share_its_quota(monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox(transactions=2_000, organizations=2) as box:
        name_application(monkeypatch, "CLASSY", box)
        first, second = box.organization_ids
        parts = planned(organization=f"{first},{second}")
        assert [part.organization for part in parts] == [first, second, first]  # by turns
        assert [part.requests_per_minute for part in parts] == [540] * 3
        # Two names for one application are still one application.
        name_application(monkeypatch, "AGAIN", box)
        assert len(planned(organization=f"{first},{second}", credentials="CLASSY,AGAIN")) == 3
        with pytest.raises(UsageError, match="sees 2 organizations"):
            planned()
        with pytest.raises(UsageError, match="No application sees the organization 99999"):
            planned(organization=f"{first},{second},99999")
        with pytest.raises(UsageError, match="more organizations than the 1 requests a minute"):
            planned(organization=f"{first},{second}", requests_per_minute="2")


def test_each_application_has_its_own_quota_and_organization(
    box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Sandbox(transactions=2_000, seed=2) as other:
        name_application(monkeypatch, "NORTH", box)
        name_application(monkeypatch, "SOUTH", other)
        parts = planned(credentials="NORTH,SOUTH")
        # By turns, so that both quotas are used from the beginning.
        assert " ".join(str(part.application) for part in parts) == "NORTH SOUTH NORTH SOUTH NORTH NORTH"
        assert [part.requests_per_minute for part in parts] == [405, 810, 405, 810, 405, 405]
        # Both sandboxes call their organization the same: at different addresses it is not the same one.
        assert box.organization_id == other.organization_id
        assert parts[0].settings["base_url"] == box.base_url
        assert parts[1].settings["base_url"] == other.base_url


def test_an_organization_in_the_environment_chooses_what_an_application_reads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Sandbox(transactions=120, organizations=3) as box:
        for prefix, organization in zip(("A", "B", "C"), box.organization_ids, strict=True):
            name_application(monkeypatch, prefix, box)
            monkeypatch.setenv(f"{prefix}_ORGANIZATION_ID", str(organization))
        parts = planned(credentials="A,B,C")
        assert [part.organization for part in parts] == list(box.organization_ids)
        assert [str(part.application) for part in parts] == ["A", "B", "C"]
        wanted = box.organization_ids[1]
        assert [p.organization for p in planned(credentials="A,B,C", organization=str(wanted))] == [wanted]
        # One application alone: the option wins over the environment.
        assert [p.organization for p in planned(credentials="A", organization=str(wanted))] == [wanted]
        all_three = ",".join(map(str, box.organization_ids))
        assert len(planned(credentials="A", organization=all_three)) == 3


def test_pushed_conditions_are_part_of_the_question(box: Sandbox) -> None:
    pushed = Pushed(("status = refunded",))
    parts = planned(pushed, where="total_gross_amount >= 1")
    truth = [
        r for r in box.truth("transactions") if r["status"] == "refunded" and r["total_gross_amount"] >= 1
    ]
    assert sum(part.rows or 0 for part in parts) == len(truth) > 0
    assert parts[0].question["where"] == ["total_gross_amount >= 1", "status = refunded"]


def test_organizations_that_spark_filters_out_are_not_counted(box: Sandbox) -> None:
    assert planned(Pushed(organizations=frozenset({1}))) == []
    assert all("transactions" not in request.path for request in box.requests)


def test_a_pushed_condition_that_the_api_refuses_is_left_to_spark(
    box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    ranges = planning._ranges

    def refuse(session: Any, options: Any, question: Any, most: int) -> Any:
        if question.get("where"):
            raise BadRequestError("The API does not filter by that.")
        return ranges(session, options, question, most)

    monkeypatch.setattr(planning, "_ranges", refuse)
    assert sum(part.rows or 0 for part in planned(Pushed(("status = success",)))) == 4_500
    with pytest.raises(BadRequestError):
        planned(where="status = success")


def test_a_plan_holds_names_and_nothing_secret(box: Sandbox) -> None:
    content = pickle.dumps(planned())
    for secret in (box.client_secret, box.client_id, *box.tokens._ends):
        assert secret.encode() not in content
    assert b"CLASSY" in content


def test_planning_sends_few_requests(box: Sandbox) -> None:
    planned()
    assert len(box.requests) <= 12
    assert box.token_requests == 1
    box.reset_log()
    planned(partitions="1")
    assert len(box.requests) <= 5


def test_missing_credentials_are_an_error_before_anything_is_sent(
    box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CLASSY_CLIENT_SECRET")
    with pytest.raises(CredentialsError, match="CLASSY_CLIENT_SECRET is not set"):
        planned()
    assert box.token_requests == 0
