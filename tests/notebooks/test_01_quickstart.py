"""What 01_quickstart shows, found again in SQL over the sandbox's own data."""

import pytest
from support.notebooks import LOCAL_DAY, ORGANIZATION, cents, money, whole

TOTAL = "t.donation + t.overhead + t.adjustment"
WEEK = f"t.organization_id = {ORGANIZATION} AND {LOCAL_DAY} BETWEEN '2026-11-16' AND '2026-11-22'"


@pytest.fixture(scope="module")
def quickstart(shown):
    return shown("01")


@pytest.fixture(scope="module")
def ask(database, quickstart):
    """Run a statement, return its rows."""

    def rows(statement):
        return database(quickstart.transactions).execute(statement).fetchall()

    return rows


def test_the_first_frame(quickstart, ask):
    expected = ask(
        f"""SELECT id, campaign_id, frequency, status, {TOTAL} FROM base_transactions t
            WHERE {WEEK} ORDER BY id LIMIT 5"""
    )
    found = [
        (
            whole(r["id"]),
            whole(r["campaign_id"]),
            r["frequency"],
            r["status"],
            cents(r["total_gross_amount"]),
        )
        for r in quickstart.table("first-frame")
    ]
    assert found == expected
    assert all(r["purchased_at"].startswith("2026-11-16 ") for r in quickstart.table("first-frame"))


def test_the_statuses(quickstart, ask):
    expected = ask(f"SELECT status, COUNT(*) FROM base_transactions t WHERE {WEEK} GROUP BY 1")
    found = [(r["status"], whole(r["count"])) for r in quickstart.table("statuses")]
    assert sorted(found) == sorted(expected)
    assert [count for _, count in found] == sorted((count for _, count in found), reverse=True)


def test_the_large_gifts(quickstart, ask):
    amounts = [
        row[0]
        for row in ask(
            f"""SELECT {TOTAL} FROM base_transactions t
                WHERE t.organization_id = {ORGANIZATION} AND t.status = 'success'
                  AND {LOCAL_DAY} >= '2026-01-01' AND {TOTAL} >= 100000 ORDER BY 1 DESC"""
        )
    ]
    assert quickstart.text("filter").startswith(f"{len(amounts)} transactions of 1,000 or more in 2026")
    assert [cents(r["total_gross_amount"]) for r in quickstart.table("filter")] == amounts[:5]


def test_five_invented_people(quickstart, ask):
    expected = ask(
        f"""SELECT s.first_name, s.last_name, s.email_address, {TOTAL} FROM base_transactions t
            JOIN base_supporters s ON s.id = t.supporter_id
            WHERE t.organization_id = {ORGANIZATION} AND t.status = 'success'
              AND {LOCAL_DAY} >= '2026-11-16' ORDER BY t.id LIMIT 5"""
    )
    found = [
        (
            r["supporter.first_name"],
            r["supporter.last_name"],
            r["supporter.email_address"],
            cents(r["total_gross_amount"]),
        )
        for r in quickstart.table("include")
    ]
    assert found == expected


def test_the_file(quickstart, ask):
    rows = ask(
        f"""SELECT COUNT(*) FROM base_transactions t WHERE t.organization_id = {ORGANIZATION}
            AND t.status = 'success' AND {LOCAL_DAY} >= '2026-11-16'"""
    )[0][0]
    assert quickstart.text("csv").startswith(f"gifts.csv: {rows} rows, ")


def test_the_months(quickstart, ask):
    expected = ask(
        f"""SELECT CAST(substr({LOCAL_DAY}, 6, 2) AS INTEGER) AS month,
                SUM(CASE WHEN recurring_donation_plan_id IS NULL THEN donation ELSE 0 END),
                SUM(CASE WHEN recurring_donation_plan_id IS NULL THEN 0 ELSE donation END)
            FROM base_transactions t WHERE t.organization_id = {ORGANIZATION} AND t.status = 'success'
              AND t.donation > 0 AND {LOCAL_DAY} >= '2026-01-01' GROUP BY 1 ORDER BY 1"""
    )
    names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov"]
    found = [(r["month"], r["one-time"], r["recurring"]) for r in quickstart.table("months")]
    assert found == [(names[month - 1], money(once), money(recurring)) for month, once, recurring in expected]
