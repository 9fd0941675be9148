"""The invented organization hangs together: sums to the cent, times, people, ids."""

import re
from collections import Counter
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from classy_nb.sandbox import Sandbox
from classy_nb.sandbox.world import giving_tuesday, sizes


@pytest.fixture(scope="module")
def big():
    """Big enough for shares and seasons; not served."""
    box = Sandbox(transactions=12_000)
    yield box
    box.stop()


@pytest.fixture(scope="module")
def gifts(big):
    return big.truth("transactions")


def cents(value):
    return round(float(value) * 100)


def test_the_size_of_a_real_organization():
    assert sizes(60_100) == {"supporters": 9_480, "campaigns": 75, "plans": 1_965, "pages": 1_450}
    box = Sandbox(transactions=1_000)
    assert len(box.truth("transactions")) == 1_000
    assert len(box.truth("supporters")) == round(1_000 / 60_100 * 9_480)
    assert len(box.truth("recurring_donation_plans")) == round(1_000 / 60_100 * 1_965)
    box.stop()


def test_fees_add_up_to_the_cent(gifts):
    for row in gifts:
        assert cents(row["fees_amount"]) == cents(row["classy_fees_amount"]) + cents(row["pp_fees_amount"])
        total = cents(row["total_gross_amount"])
        assert total == (
            cents(row["donation_gross_amount"])
            + cents(row["overhead_net_amount"])
            + cents(row["adjustment_amount"])
        )
        assert cents(row["donation_net_amount"]) == total - cents(row["overhead_net_amount"]) - cents(
            row["fees_amount"]
        )
        if row["charged_total_gross_amount"] is not None:
            charged = cents(row["charged_classy_fees_amount"]) + cents(row["charged_pp_fees_amount"])
            assert cents(row["charged_fees_amount"]) == charged
        if row["status"] not in {"success", "refunded", "cb_lost", "cb_initiated"}:
            assert row["fees_amount"] == 0
            assert row["charged_at"] is None


def test_without_tickets_and_covered_fees_net_is_gross_less_fees(gifts):
    plain = [r for r in gifts if not r["overhead_net_amount"] and not r["adjustment_amount"]]
    assert len(plain) > 3_000
    for row in plain:
        assert row["total_gross_amount"] == row["donation_gross_amount"]
        assert cents(row["donation_net_amount"]) == cents(row["donation_gross_amount"]) - cents(
            row["fees_amount"]
        )


def test_items_add_up_to_their_transaction(big, gifts):
    sums: dict[int, Counter] = {}
    for item in big.truth("transaction_items"):
        total = sums.setdefault(item["transaction_id"], Counter())
        for name in (
            "final_price",
            "donation_gross_amount",
            "donation_net_amount",
            "fees_amount",
            "overhead_amount",
            "raw_final_price",
        ):
            total[name] += cents(item[name])
    assert set(sums) == {row["id"] for row in gifts}
    for row in gifts:
        total = sums[row["id"]]
        assert total["final_price"] == cents(row["total_gross_amount"])
        assert total["raw_final_price"] == cents(row["raw_total_gross_amount"])
        assert total["donation_gross_amount"] == cents(row["donation_gross_amount"])
        assert total["donation_net_amount"] == cents(row["donation_net_amount"])
        assert total["fees_amount"] == cents(row["fees_amount"])
        assert total["overhead_amount"] == cents(row["overhead_net_amount"])


def test_every_reference_leads_somewhere(big, gifts):
    kinds = {
        "campaign_id": "campaigns",
        "supporter_id": "supporters",
        "member_id": "members",
        "designation_id": "designations",
        "fundraising_page_id": "fundraising_pages",
        "fundraising_team_id": "fundraising_teams",
        "recurring_donation_plan_id": "recurring_donation_plans",
        "parent_transaction_id": "transactions",
    }
    for column, kind in kinds.items():
        known = {row["id"] for row in big.truth(kind)}
        used = {row[column] for row in gifts} - {None}
        assert used, column
        assert used <= known, column


def test_statuses_and_payments(gifts):
    statuses = Counter(row["status"] for row in gifts)
    assert set(statuses) == {
        "test",
        "canceled",
        "incomplete",
        "success",
        "refunded",
        "cb_lost",
        "cb_initiated",
        "voided",
        "pending",
        "failed",
    }
    assert 0.9 < statuses["success"] / len(gifts) < 0.97
    assert all((row["refunded_at"] is not None) == (row["status"] == "refunded") for row in gifts)
    gateways = {row["payment_gateway"] for row in gifts}
    assert {"stripe", "Stripe", None} <= gateways
    free = [row for row in gifts if row["total_gross_amount"] == 0]
    assert free
    assert all(row["payment_gateway"] is None for row in free)
    offline = [row for row in gifts if row["payment_method"] == "Offline"]
    assert all(
        row["created_at"].endswith("T00:00:00+0000") or row["created_at"] == row["purchased_at"]
        for row in offline
    )
    assert max(Counter(row["created_at"] for row in offline).values()) > 3
    assert all(re.fullmatch(r"\d{3}", row["context"]["vendor_batch_sequence"]) for row in offline)


def test_currencies(gifts):
    found = {row["raw_currency_code"] for row in gifts}
    assert {"USD", "CAD", "JPY"} <= found
    assert {row["currency_code"] for row in gifts} == {"USD"}
    foreign = [r for r in gifts if r["raw_currency_code"] == "JPY"]
    assert all(row["raw_donation_gross_amount"] > 90 * row["donation_gross_amount"] for row in foreign)


def test_seasons(gifts):
    zone = ZoneInfo("America/Los_Angeles")
    moments = [
        datetime.fromisoformat(row["purchased_at"].replace("+0000", "+00:00"))
        for row in gifts
        if row["frequency"] == "one-time"
    ]
    local = [moment.astimezone(zone) for moment in moments]
    assert max(moment.date() for moment in local) <= date(2026, 11, 24)
    months = Counter((day.year, day.month) for day in local)
    for year in range(2021, 2026):
        assert months[year, 12] > 1.5 * months[year, 6]
    days = Counter(day.date() for day in local)
    for year in (2023, 2024, 2025):
        assert days[giving_tuesday(year)] > 5 * days[giving_tuesday(year).replace(day=10)]
    evening = sum(day.hour >= 17 for day in local if (day.month, day.day) == (12, 31))
    assert evening > 10
    moved = [m for m, day in zip(moments, local, strict=True) if m.year != day.year]
    assert moved


@pytest.mark.parametrize(("year", "day"), [(2023, 28), (2022, 29), (2020, None)])
def test_giving_tuesday(year, day):
    found = giving_tuesday(year)
    assert found == (date(2020, 12, 1) if day is None else date(year, 11, day))


def test_donors_return_and_lapse(gifts):
    years: dict[int, set[int]] = {}
    for row in gifts:
        if row["status"] == "success" and row["supporter_id"]:
            years.setdefault(int(row["purchased_at"][:4]), set()).add(row["supporter_id"])
    kept = len(years[2023] & years[2024]) / len(years[2023])
    assert 0.3 < kept < 0.75
    counts = Counter(row["supporter_id"] for row in gifts if row["supporter_id"])
    assert sum(n == 1 for n in counts.values()) > 0.05 * len(counts)
    assert max(counts.values()) > 20
    assert any(row["supporter_id"] is None for row in gifts)


def test_supporters_begin_with_their_first_gift(big, gifts):
    first: dict[int, str] = {}
    for row in gifts:
        who = row["supporter_id"]
        if who:
            first[who] = min(first.get(who, "9"), row["created_at"])
    for row in big.truth("supporters"):
        if row["id"] in first and row["created_at"] is not None:
            assert row["created_at"] <= first[row["id"]]


def test_plans_have_their_charges(big, gifts):
    plans = {row["id"]: row for row in big.truth("recurring_donation_plans")}
    charges = [row for row in gifts if row["recurring_donation_plan_id"]]
    assert 0.3 < len(charges) / len(gifts) < 0.5
    for row in charges:
        plan = plans[row["recurring_donation_plan_id"]]
        assert row["raw_donation_gross_amount"] == float(plan["raw_donation_amount"])
        assert row["supporter_id"] in {plan["supporter_id"], None}
        assert row["frequency"].replace("annual", "annually") in {plan["frequency"], plan["frequency"] + "ly"}
    assert {row["status"] for row in plans.values()} == {
        "active",
        "canceled",
        "ended",
        "failed",
        "failing",
        "paused",
    }
    history = big.truth("recurring_donation_history")
    paid = Counter(row["type"] for row in history)
    assert paid["created"] == len(plans)
    done = sum(paid[kind] for kind in ("payment", "payment_failed", "reprocess_payment"))
    assert done == len(charges)
    assert all((row["canceled_at"] is not None) == (row["status"] == "canceled") for row in plans.values())


def test_registrations_follow_tickets(big, gifts):
    tickets = {t["id"]: t for t in big.truth("ticket_types")}
    registrations = big.truth("registrations")
    items = {item["id"]: item for item in big.truth("transaction_items")}
    sold = Counter(items[row["transaction_item_id"]]["product_id"] for row in registrations)
    assert registrations
    assert {
        number: ticket["quantity_sold"] for number, ticket in tickets.items() if ticket["quantity_sold"]
    } == sold
    per_item = Counter(row["transaction_item_id"] for row in registrations)
    assert all(items[number]["quantity"] == count for number, count in per_item.items())


def test_awkward_values(big, gifts):
    comments = {row["comment"] for row in gifts} - {None}
    assert any(text.startswith("=") for text in comments)
    assert any("\n" in text for text in comments)
    assert any('"' in text for text in comments)
    assert any(ord(letter) > 0xFFFF for text in comments for letter in text)
    supporters = big.truth("supporters")
    assert any((row["postal_code"] or "").startswith("0") for row in supporters)
    assert any("," in row["last_name"] for row in supporters)
    assert all(row["card_last_four"] is None or 0 <= row["card_last_four"] <= 9999 for row in gifts)
    assert any((row["card_last_four"] or 9999) < 1000 for row in gifts)


def test_ids(gifts):
    ids = [row["id"] for row in gifts]
    assert ids == sorted(set(ids))
    assert ids[0] < 2**31 < ids[-1]
    created = [row["created_at"] for row in gifts]
    assert created == sorted(created)
    bought = [row["purchased_at"] for row in gifts]
    assert bought != sorted(bought)


def test_numbers_as_text_and_forms_of_dates(big, gifts):
    campaign = big.truth("campaigns")[0]
    assert re.fullmatch(r"\d+\.\d{3}", campaign["raw_goal"])
    assert campaign["is_general"] == 1
    assert type(campaign["is_general"]) is int
    assert campaign["created_at"].endswith("Z")
    assert re.fullmatch(r"\d+\.\d\d", big.truth("recurring_donation_plans")[0]["raw_donation_amount"])
    designation = big.truth("designations")[1]
    assert re.fullmatch(r"\d+\.\d", designation["goal"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", designation["start_time"])
    assert isinstance(big.truth("organizations")[0]["logo_id"], str)
    assert gifts[0]["purchased_at"].endswith("+0000")


def test_the_database_agrees_with_the_rows(big, gifts):
    database = big.database
    count, total = database.execute(
        "SELECT COUNT(*), SUM(total_gross_amount) FROM transactions"
        " WHERE organization_id = ? AND status = 'success'",
        [big.organization_id],
    ).fetchone()
    good = [row for row in gifts if row["status"] == "success"]
    assert count == len(good)
    assert cents(total) == sum(cents(row["total_gross_amount"]) for row in good)
    with pytest.raises(Exception, match="readonly"):
        database.execute("DELETE FROM base_transactions")
    database.close()
