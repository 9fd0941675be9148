"""with= puts related records into the row; every declared name does."""

import pytest

from classy_nb import catalog

LISTS = [
    e for e in catalog.load().endpoints if e.include and e.kind == "list" and e.parents == ("organization",)
]


@pytest.mark.parametrize("endpoint", LISTS, ids=lambda e: e.path)
def test_all_names_of_a_list(api, endpoint):
    path = endpoint.path.removeprefix("/organizations/{organization}")
    plain = api.org(path, per_page=2).json()["data"][0]
    row = api.org(path, per_page=2, with_=",".join(endpoint.include)).json()["data"][0]
    assert set(row) == set(plain) | set(endpoint.include)


def test_all_names_of_one_transaction(box, api):
    endpoint = catalog.load().find("/transactions/1")
    number = next(row["id"] for row in box.truth("transactions") if row["in_honor_of"] and row["member_id"])
    row = api.get(f"/transactions/{number}", with_=",".join(endpoint.include)).json()
    assert set(endpoint.include) <= set(row)
    assert row["member"]["id"] == row["member_id"]
    assert row["supporter"]["id"] == row["supporter_id"]
    assert row["campaign"]["id"] == row["campaign_id"]
    assert row["organization"]["id"] == box.organization_id
    assert row["dedication"]["transaction_id"] == number
    assert [item["transaction_id"] for item in row["items"]] == [number] * len(row["items"])
    assert row["fundraising_page"] is None or row["fundraising_page"]["id"] == row["fundraising_page_id"]


def test_numbers_that_a_float_cannot_hold(box, api):
    gift = next(row for row in box.truth("transactions") if row["donation_match_id"])
    match = api.get(f"/transactions/{gift['id']}", with_="order_donation_match").json()[
        "order_donation_match"
    ]
    assert match["id"] == gift["donation_match_id"]
    assert match["claim_number"] == 2**53 + 1 + 2 * match["id"]


@pytest.mark.edge(9)
def test_what_only_the_vendors_examples_send(box, api):
    plan = next(row["id"] for row in box.truth("recurring_donation_plans"))
    rows = api.get(f"/recurring-donation-plans/{plan}/transactions", with_="items").json()["data"]
    assert rows
    assert all(row["items"] for row in rows)
    assert all(item["transaction_id"] == row["id"] for row in rows for item in row["items"])
    team = next(row["id"] for row in box.truth("fundraising_teams"))
    found = api.get(f"/fundraising-teams/{team}", with_="source_tracking_codes").json()
    codes = found["source_tracking_codes"]
    assert {(code["trackable_type"], code["trackable_id"]) for code in codes} <= {("fundraising_team", team)}
    assert "items" not in api.get(f"/fundraising-teams/{team}", with_="items").json()


def test_a_comma_list_and_repeated_names(api):
    both = [
        api.org("/transactions", per_page=1, with_="items,supporter").json()["data"],
        api.org("/transactions", per_page=1, with_=["items", "supporter"]).json()["data"],
        api.org("/transactions", per_page=1, **{"with[]": ["items", "supporter"]}).json()["data"],
        api.org("/transactions", per_page=1, **{"with[0]": "items", "with[1]": "supporter"}).json()["data"],
    ]
    assert both[0] == both[1] == both[2] == both[3]
    assert {"items", "supporter"} <= set(both[0][0])


def test_unknown_names(box, api):
    plain = api.org("/transactions", per_page=1).json()["data"]
    assert api.org("/transactions", per_page=1, with_="nonsense").json()["data"] == plain
    box.faults.unknown_include = "reject"
    assert api.org("/transactions", per_page=1, with_="nonsense").status_code == 400


def test_offline_gifts_have_payment_info(api):
    rows = api.rows("/transactions", filter="payment_method=Offline", with_="offline_payment_info")
    assert rows
    assert all(len(row["offline_payment_info"]["check_number"]) == 5 for row in rows)


def test_activity_holds_its_records(box, api):
    row = api.org("/activity", filter="type=donation_created").json()["data"][0]
    assert row["campaign"]["id"] == row["campaign_id"]
    assert row["member"]["id"] == row["member_id"]
    assert row["organization"]["id"] == box.organization_id
    assert row["business"]["name"] == "Example & Sons, Inc."
