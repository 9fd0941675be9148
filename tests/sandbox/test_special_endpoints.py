"""Endpoints whose answers differ from the usual list or record."""

import pytest
import requests


def test_tracking_codes_are_empty_without_a_flag(api):
    assert api.org("/source-tracking-codes").json()["total"] == 0
    kinds = {}
    for flag in ("transactions", "fundraisingPages", "fundraisingTeams"):
        rows = api.rows("/source-tracking-codes", **{flag: "true"})
        kinds[flag] = {row["trackable_type"] for row in rows}
    assert kinds == {
        "transactions": {"transaction"},
        "fundraisingPages": {"fundraising_page"},
        "fundraisingTeams": {"fundraising_team"},
    }
    both = api.org("/source-tracking-codes", transactions="true", fundraisingPages="true").json()["total"]
    single = [api.org("/source-tracking-codes", **{flag: "true"}).json()["total"] for flag in list(kinds)[:2]]
    assert both == sum(single)


def test_payouts(box, api):
    day = "2026-10-01"
    first = api.org("/payouts/stripe", payout_date=day).json()
    assert {"links", "path", "prev_page_url", "first_page_url", "last_page_url"}.isdisjoint(first)
    path = f"/organizations/{box.organization_id}/payouts/stripe?payout_date={day}&page="
    assert (first["next_page_url"], first["pre_page_url"]) == (f"{path}2", f"{path}1")
    assert isinstance(first["data"], dict)
    second = api.org("/payouts/stripe", payout_date=day, page=2).json()
    assert second["next_page_url"] is None
    assert second["data"]["id"] != first["data"]["id"]
    known = {row["id"]: row for row in box.truth("transactions")}
    for payout in (first["data"], second["data"]):
        total = sum(t["transaction_amount"] - t["transaction_fee"] for t in payout["transactions"])
        assert payout["payout_amount"] == total
        for row in payout["transactions"]:
            gift = known[row["classy_transaction_id"]]
            assert row["transaction_amount"] == round(gift["total_gross_amount"] * 100)


@pytest.mark.edge(8)
def test_overviews_are_of_days_in_a_time_zone(box, api):
    path = f"/fundraising-pages/{box.truth('fundraising_pages')[0]['id']}/overview"
    asked = {"start_date": "2031-01-01 00:00:00", "timezone": "Asia/Tokyo"}
    assert api.get(path, **asked).json()["start_time"] == "2030-12-31T15:00:00+0000"
    assert api.get(path, **{**asked, "timezone": "Mars/Olympus"}).status_code == 400


@pytest.mark.edge(8)
def test_payouts_of_a_type_that_does_not_exist(api):
    assert api.org("/payouts/paypal", payout_date="2026-10-01").status_code == 200
    assert api.org("/payouts/banana", payout_date="2026-10-01").status_code == 404


def test_the_one_bare_list(box, api):
    number = next(row["id"] for row in box.truth("supporters") if row["id"] % 4 == 3)
    body = api.org(f"/supporters/{number}/messages/asrs").json()
    assert isinstance(body, list)
    assert [row["year"] for row in body] == [2023, 2024, 2025]
    assert all(len(row["id"]) == 24 for row in body)


def test_roles_are_words(box, api):
    number = next(row["id"] for row in box.truth("members") if row["id"] % 3 == 2)
    assert api.get(f"/members/{number}/roles").json()["data"] == [
        "organization_admin", "campaign_manager", "reporting"]  # fmt: skip


def test_feed_items_come_in_five_kinds(api):
    assert {row["type"] for row in api.rows("/feed-items")} == {
        "comment", "onboarding", "creation", "update", "association"}  # fmt: skip
    direct = api.org("/feed-items/direct").json()["total"]
    assert 0 < direct < api.org("/feed-items/all").json()["total"]
    assert api.org("/feed-items/sideways").status_code == 404


def test_moments_and_fitness_metrics_may_be_empty(box, api):
    pages = [row["id"] for row in box.truth("fundraising_pages")]
    for what in ("moments", "fitness-metrics"):
        odd = api.get(f"/fundraising-pages/{next(n for n in pages if n % 2)}/{what}")
        assert (odd.status_code, odd.content) == (204, b"")
        assert "Content-Type" not in odd.headers
        assert api.get(f"/fundraising-pages/{next(n for n in pages if not n % 2)}/{what}").status_code == 200


def test_signed_files_are_at_another_origin_and_need_no_token(box, api):
    supporter = box.truth("supporters")[0]["id"]
    for path, start in [
        ("/gfm-npo-page/download-donations-report", b"id,name"),
        ("/gfm-npo-page/download-fundraisers-report", b"id,name"),
        (f"/annual-summary-reports/2025/supporters/{supporter}/download", b"%PDF"),
    ]:
        url = api.org(path).json()["download_url"]
        assert url.startswith(box.other_url)
        assert not url.startswith(box.base_url.removesuffix("/2.0"))
        good = requests.get(url, timeout=5)
        assert good.status_code == 200
        assert good.content.startswith(start)
        assert requests.get(url, headers={"Authorization": "Bearer x"}, timeout=5).status_code == 400
        assert requests.get(url.partition("?")[0], timeout=5).status_code == 403
    assert box.log[-2].origin == "other"
    assert box.log[-2].authorized
    report = api.org("/gfm-npo-page/download-donations-report", environment="space")
    assert (report.status_code, report.json()["success"]) == (400, False)


def test_endpoints_missing_from_the_document_answer(box, api):
    organization = api.org("").json()
    assert organization["id"] == box.organization_id
    assert "stand-in" in organization["description"]
    campaign = box.truth("campaigns")[0]["id"]
    overview = api.get(f"/campaigns/{campaign}/overview").json()
    gifts = [r for r in box.truth("transactions") if (r["campaign_id"], r["status"]) == (campaign, "success")]
    cents = sum(round(row["total_gross_amount"] * 100) for row in gifts)
    assert overview["total_gross_amount"] == f"{cents / 100:.2f}"
    assert overview["transactions_count"] == len(gifts)
    assert overview["donors_count"] == len({row["supporter_id"] for row in gifts if row["supporter_id"]})


def test_overviews_of_pages_and_teams(box, api):
    gifts = [r for r in box.truth("transactions") if r["status"] == "success"]
    for column, path in [
        ("fundraising_page_id", "fundraising-pages"),
        ("fundraising_team_id", "fundraising-teams"),
    ]:
        number = next(row[column] for row in gifts if row[column])
        mine = [row for row in gifts if row[column] == number]
        metrics = api.get(f"/{path}/{number}/overview").json()["metrics"]
        assert metrics["transactions_count"] == len(mine)
        assert round(metrics["donations_amount"] * 100) == sum(
            round(r["donation_gross_amount"] * 100) for r in mine
        )
        later = api.get(f"/{path}/{number}/overview", start_date="2031-01-01 00:00:00", timezone="UTC").json()
        assert later["metrics"]["transactions_count"] == 0
        assert (later["start_time"], later["timezone"]) == ("2031-01-01T00:00:00+0000", "UTC")


def test_availability_checks(box, api):
    slug = api.org("/domain-slugs").json()["data"][0]["value"]
    assert api.get(f"/domain-slugs/availability-check/{slug}").json() == {"result": False}
    assert api.get("/domain-slugs/availability-check/never-used").json() == {"result": True}
    url = next(row["custom_url"] for row in box.truth("campaigns") if row["custom_url"])
    quoted = url.replace(":", "%3A").replace("/", "%2F")
    assert api.get(f"/campaigns/custom-url/{quoted}").json() == {"available": False}
    assert api.get("/campaigns/custom-url/https%3A%2F%2Fnever.example").json() == {"available": True}


def test_aggregates_mix_numbers_and_text(box, api):
    gifts = [r for r in box.truth("transactions") if r["status"] == "success"]
    rows = api.rows("/fundraising-pages", aggregates="true", sort="total_raised:desc")
    raised = {}
    for gift in gifts:
        page = gift["fundraising_page_id"]
        raised[page] = raised.get(page, 0) + round(gift["donation_gross_amount"] * 100)
    assert [round(row["total_raised"] * 100) for row in rows] == sorted(
        (raised.get(row["id"], 0) for row in rows), reverse=True
    )
    assert isinstance(rows[0]["total_donations"], int)
    assert isinstance(rows[0]["total_donors"], str)
    assert rows[0]["progress_bar_amount"] == f"{rows[0]['total_raised']:.2f}"
    team = api.org("/fundraising-teams", aggregates="true").json()["data"][0]
    assert isinstance(team["total_donations"], str)
    second = api.org("/fundraising-pages", aggregates2="true", sort="id").json()["data"][0]
    assert round(second["raised_amount"] * 100) == raised.get(second["id"], 0)
    assert "total_raised" not in second
    assert "total_raised" not in api.org("/fundraising-pages").json()["data"][0]


def test_misspelt_urls_of_three_team_lists(box, api):
    number = box.truth("fundraising_teams")[0]["id"]
    for what in ("answers", "stories", "updates"):
        body = api.get(f"/fundraising-teams/{number}/{what}").json()
        assert (body["first_team_url"], body["last_team_url"]) == (
            body["first_page_url"],
            body["last_page_url"],
        )
    assert "first_team_url" not in api.get(f"/fundraising-teams/{number}/feed-items").json()


def test_what_older_clients_ask_for(box, api):
    member = box.truth("members")[0]
    assert api.get(f"/members/{member['id']}").json() == member
    campaign = box.truth("campaigns")[0]["id"]
    found = api.get(f"/campaigns/{campaign}/designations", per_page=100).json()["data"]
    assert {row["id"] for row in found} == {
        row["id"] for row in box.truth("designations") if row["is_active"]
    }
