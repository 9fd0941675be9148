"""Answers of an odd shape, played back: single objects, odd envelopes, no content."""

import json

import pandas as pd
import pytest
from cassette.stage import Stage

pytestmark = [pytest.mark.vcr, pytest.mark.usefixtures("whole_tape")]


def test_a_single_object(stage: Stage) -> None:
    with stage.connect() as classy:
        first = classy.campaigns(limit=1)
        campaign = classy.campaigns.get(first["id"].iloc[0])
    assert isinstance(campaign, pd.Series)
    assert campaign.name == f"campaigns {campaign['id']}"
    assert (campaign["id"], campaign["name"]) == (first["id"].iloc[0], first["name"].iloc[0])
    assert isinstance(campaign["id"], int)


def test_trap_40_an_object_that_no_document_lists(stage: Stage) -> None:
    with stage.connect() as classy:
        campaign = classy.campaigns(limit=1, fields="id")["id"].iloc[0]
        overview = classy.overviews.get(campaign=campaign)
        raw = classy.get(f"/campaigns/{campaign}/overview")
    assert isinstance(overview["total_gross_amount"], float)
    assert overview["transactions_count"] > 0
    assert list(raw.index) == list(overview.index)


def test_trap_34_payouts_have_an_envelope_of_their_own(stage: Stage) -> None:
    with stage.connect() as classy:
        frame = classy.payouts(payout_date="2026-10-16")  # of both types
    assert len(frame) == frame.attrs["classy"]["total"] == 2
    assert frame["id"].is_unique
    assert set(frame["payout_date"]) == {pd.Timestamp("2026-10-16")}
    assert list(frame["payout_type"]) == ["paypal", "stripe"]
    assert all(isinstance(json.loads(cell), list) for cell in frame["transactions"])


def test_trap_34_a_bare_array(stage: Stage) -> None:
    with stage.connect() as classy:
        supporters = classy.supporters(limit=8, fields="id")["id"]
        frames = [classy.asr_messages(supporter=supporter) for supporter in supporters]
    lengths = {len(frame) for frame in frames}
    assert 0 in lengths
    assert max(lengths) > 1
    assert all(frame["year"].dtype == pd.Int64Dtype() for frame in frames)


def test_trap_34_roles_are_words(stage: Stage) -> None:
    with stage.connect() as classy:
        members = classy.fundraising_pages(limit=3, fields="member_id")["member_id"]
        frame = classy.roles(member=members.iloc[0])
    assert list(frame.columns) == ["value"]
    assert frame["value"].iloc[0] == "organization_admin"


def test_trap_34_feed_items_of_several_kinds(stage: Stage) -> None:
    with stage.connect() as classy:
        frame = classy.feed_items(sort="type", limit=21)
    assert frame["type"].value_counts().to_dict() == {"association": 15, "comment": 5, "creation": 1}
    assert set(frame["feedable_type"]) == {"campaign", "fundraising_page", "fundraising_team"}
    assert frame["id"].is_unique


def test_trap_33_tracking_codes_come_with_their_switches(stage: Stage) -> None:
    with stage.connect() as classy:
        every = classy.source_tracking_codes()
        some = classy.source_tracking_codes(
            fundraising_teams=False, fundraising_pages=False, transactions=False
        )
    assert len(every) > 0
    assert len(some) == 0
    assert list(some.columns) == list(every.columns)


def test_trap_35_no_content(stage: Stage) -> None:
    with stage.connect() as classy:
        page = classy.fundraising_pages(limit=1, fields="id")["id"].iloc[0]
        moments = classy.moments.get(fundraising_page=page)
        metrics = classy.fitness_metrics.get(fundraising_page=page)
    assert len(moments) > 0
    assert moments.isna().all()
    assert len(metrics) > 0
    assert metrics.isna().all()


def test_trap_27_dates_in_several_forms(stage: Stage) -> None:
    with stage.connect() as classy:
        designations = classy.designations(limit=5)
        plans = classy.recurring_donation_plans(limit=5)
    assert str(designations["created_at"].dtype) == "datetime64[us, America/Los_Angeles]"
    assert designations["created_at"].notna().all()
    assert str(plans["next_processing_date"].dtype) == "datetime64[us]"
    assert plans["started_at"].notna().all()


def test_a_report_is_a_signed_address_that_no_tape_keeps(stage: Stage) -> None:
    with stage.connect() as classy:
        report = classy.donations_report.get()
    assert report["type"] == "donations"
    assert report["download_url"] == "REDACTED" or stage.box is not None
