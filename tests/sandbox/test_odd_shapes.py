"""The lists and objects that are not ordinary."""

import requests


def test_tracking_codes_are_empty_without_a_flag(asker):
    assert asker.org("/source-tracking-codes").json()["total"] == 0
    kinds = {}
    for flag in ("transactions", "fundraisingPages", "fundraisingTeams"):
        rows = asker.rows("/source-tracking-codes", **{flag: "true"})
        kinds[flag] = {row["trackable_type"] for row in rows}
    assert kinds == {
        "transactions": {"transaction"},
        "fundraisingPages": {"fundraising_page"},
        "fundraisingTeams": {"fundraising_team"},
    }
    both = asker.org("/source-tracking-codes", transactions="true", fundraisingPages="true").json()["total"]
    single = [
        asker.org("/source-tracking-codes", **{flag: "true"}).json()["total"] for flag in list(kinds)[:2]
    ]
    assert both == sum(single)


def test_payouts(box, asker):
    day = "2026-10-01"
    first = asker.org("/payouts/stripe", payout_date=day).json()
    assert {"links", "path", "prev_page_url", "first_page_url", "last_page_url"}.isdisjoint(first)
    path = f"/organizations/{box.organization_id}/payouts/stripe?payout_date={day}&page="
    assert (first["next_page_url"], first["pre_page_url"]) == (f"{path}2", f"{path}1")
    assert isinstance(first["data"], dict)
    second = asker.org("/payouts/stripe", payout_date=day, page=2).json()
    assert second["next_page_url"] is None
    assert second["data"]["id"] != first["data"]["id"]
    known = {row["id"]: row for row in box.truth("transactions")}
    for payout in (first["data"], second["data"]):
        total = sum(t["transaction_amount"] - t["transaction_fee"] for t in payout["transactions"])
        assert payout["payout_amount"] == total
        for row in payout["transactions"]:
            gift = known[row["classy_transaction_id"]]
            assert row["transaction_amount"] == round(gift["total_gross_amount"] * 100)


def test_the_one_bare_list(box, asker):
    number = next(row["id"] for row in box.truth("supporters") if row["id"] % 4 == 3)
    body = asker.org(f"/supporters/{number}/messages/asrs").json()
    assert isinstance(body, list)
    assert [row["year"] for row in body] == [2023, 2024, 2025]
    assert all(len(row["id"]) == 24 for row in body)


def test_roles_are_words(box, asker):
    number = next(row["id"] for row in box.truth("members") if row["id"] % 3 == 2)
    assert asker.get(f"/members/{number}/roles").json()["data"] == [
        "organization_admin", "campaign_manager", "reporting"]  # fmt: skip


def test_feed_items_come_in_five_kinds(asker):
    assert {row["type"] for row in asker.rows("/feed-items")} == {
        "comment", "onboarding", "creation", "update", "association"}  # fmt: skip
    direct = asker.org("/feed-items/direct").json()["total"]
    assert 0 < direct < asker.org("/feed-items/all").json()["total"]
    assert asker.org("/feed-items/sideways").status_code == 404


def test_moments_may_be_no_content(box, asker):
    pages = [row["id"] for row in box.truth("fundraising_pages")]
    for what in ("moments", "fitness-metrics"):
        odd = asker.get(f"/fundraising-pages/{next(n for n in pages if n % 2)}/{what}")
        assert (odd.status_code, odd.content) == (204, b"")
        assert "Content-Type" not in odd.headers
        assert (
            asker.get(f"/fundraising-pages/{next(n for n in pages if not n % 2)}/{what}").status_code == 200
        )


def test_signed_files_live_elsewhere_and_want_no_token(box, asker):
    supporter = box.truth("supporters")[0]["id"]
    for path, start in [
        ("/gfm-npo-page/download-donations-report", b"id,name"),
        ("/gfm-npo-page/download-fundraisers-report", b"id,name"),
        (f"/annual-summary-reports/2025/supporters/{supporter}/download", b"%PDF"),
    ]:
        url = asker.org(path).json()["download_url"]
        assert url.startswith(box.other_url)
        assert not url.startswith(box.base_url.removesuffix("/2.0"))
        good = requests.get(url, timeout=5)
        assert good.status_code == 200
        assert good.content.startswith(start)
        assert requests.get(url, headers={"Authorization": "Bearer x"}, timeout=5).status_code == 400
        assert requests.get(url.partition("?")[0], timeout=5).status_code == 403
    assert box.log[-2].origin == "other"
    assert box.log[-2].authorized
    report = asker.org("/gfm-npo-page/download-donations-report", environment="space")
    assert (report.status_code, report.json()["success"]) == (400, False)


def test_the_unlisted_ones_live(box, asker):
    organization = asker.org("").json()
    assert organization["id"] == box.organization_id
    assert "stand-in" in organization["description"]
    campaign = box.truth("campaigns")[0]["id"]
    overview = asker.get(f"/campaigns/{campaign}/overview").json()
    gifts = [r for r in box.truth("transactions") if (r["campaign_id"], r["status"]) == (campaign, "success")]
    cents = sum(round(row["total_gross_amount"] * 100) for row in gifts)
    assert overview["total_gross_amount"] == f"{cents / 100:.2f}"
    assert overview["transactions_count"] == len(gifts)
    assert overview["donors_count"] == len({row["supporter_id"] for row in gifts if row["supporter_id"]})


def test_overviews_of_pages_and_teams(box, asker):
    gifts = [r for r in box.truth("transactions") if r["status"] == "success"]
    for column, path in [
        ("fundraising_page_id", "fundraising-pages"),
        ("fundraising_team_id", "fundraising-teams"),
    ]:
        number = next(row[column] for row in gifts if row[column])
        mine = [row for row in gifts if row[column] == number]
        metrics = asker.get(f"/{path}/{number}/overview").json()["metrics"]
        assert metrics["transactions_count"] == len(mine)
        assert round(metrics["donations_amount"] * 100) == sum(
            round(r["donation_gross_amount"] * 100) for r in mine
        )
        later = asker.get(
            f"/{path}/{number}/overview", start_date="2031-01-01 00:00:00", timezone="UTC"
        ).json()
        assert later["metrics"]["transactions_count"] == 0
        assert (later["start_time"], later["timezone"]) == ("2031-01-01T00:00:00+0000", "UTC")


def test_availability_checks(box, asker):
    slug = asker.org("/domain-slugs").json()["data"][0]["value"]
    assert asker.get(f"/domain-slugs/availability-check/{slug}").json() == {"result": False}
    assert asker.get("/domain-slugs/availability-check/never-used").json() == {"result": True}
    url = next(row["custom_url"] for row in box.truth("campaigns") if row["custom_url"])
    quoted = url.replace(":", "%3A").replace("/", "%2F")
    assert asker.get(f"/campaigns/custom-url/{quoted}").json() == {"available": False}
    assert asker.get("/campaigns/custom-url/https%3A%2F%2Fnever.example").json() == {"available": True}


def test_aggregates_mix_numbers_and_text(box, asker):
    gifts = [r for r in box.truth("transactions") if r["status"] == "success"]
    rows = asker.rows("/fundraising-pages", aggregates="true", sort="total_raised:desc")
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
    team = asker.org("/fundraising-teams", aggregates="true").json()["data"][0]
    assert isinstance(team["total_donations"], str)
    second = asker.org("/fundraising-pages", aggregates2="true", sort="id").json()["data"][0]
    assert round(second["raised_amount"] * 100) == raised.get(second["id"], 0)
    assert "total_raised" not in second
    assert "total_raised" not in asker.org("/fundraising-pages").json()["data"][0]


def test_misspelt_urls_of_three_team_lists(box, asker):
    number = box.truth("fundraising_teams")[0]["id"]
    for what in ("answers", "stories", "updates"):
        body = asker.get(f"/fundraising-teams/{number}/{what}").json()
        assert (body["first_team_url"], body["last_team_url"]) == (
            body["first_page_url"],
            body["last_page_url"],
        )
    assert "first_team_url" not in asker.get(f"/fundraising-teams/{number}/feed-items").json()


def test_what_older_clients_ask_for(box, asker):
    member = box.truth("members")[0]
    assert asker.get(f"/members/{member['id']}").json() == member
    campaign = box.truth("campaigns")[0]["id"]
    found = asker.get(f"/campaigns/{campaign}/designations", per_page=100).json()["data"]
    assert {row["id"] for row in found} == {
        row["id"] for row in box.truth("designations") if row["is_active"]
    }
