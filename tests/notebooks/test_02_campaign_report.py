"""The numbers of 02_campaign_report, counted again in SQL over the sandbox's own data."""

import pytest
from support.notebooks import LOCAL_DAY, ORGANIZATION, cents, money, whole

CAMPAIGN = 210_111
GIFT = f"organization_id = {ORGANIZATION} AND status = 'success' AND donation > 0"
MINE = f"campaign_id = {CAMPAIGN} AND {GIFT}"
TOTAL = "donation + overhead + adjustment"


@pytest.fixture(scope="module")
def report(shown):
    return shown("02")


@pytest.fixture(scope="module")
def ask(database, report):
    """Run a statement, return its rows."""

    def rows(statement):
        return database(report.transactions).execute(statement).fetchall()

    return rows


@pytest.fixture(scope="module")
def goal(ask):
    return ask(f"SELECT goal FROM base_campaigns WHERE id = {CAMPAIGN}")[0][0]


@pytest.fixture(scope="module")
def raised(ask):
    return ask(f"SELECT SUM(donation) FROM base_transactions WHERE {MINE}")[0][0]


def test_the_campaign(report, ask, goal):
    name, start, end = ask(
        f"""SELECT name, date(started_at - 7 * 3600, 'unixepoch'), date(ended_at - 8 * 3600, 'unixepoch')
            FROM base_campaigns WHERE id = {CAMPAIGN}"""
    )[0]
    assert (name, start, end) == ("Otter Rescue Peer To Peer 2026", "2026-07-20", "2027-02-19")
    assert report.text("choose") == (
        f"{name}: goal {money(goal)} USD\nfrom July 20, 2026 to February 19, 2027 (America/Los_Angeles)\n"
    )
    assert f"CAMPAIGN = {CAMPAIGN}\n" in report.source("choose")


def test_the_latest_campaigns(report, ask):
    expected = ask(
        f"""SELECT id, name, goal FROM base_campaigns WHERE organization_id = {ORGANIZATION}
            ORDER BY started_at DESC, id LIMIT 5"""
    )
    found = [(whole(r["id"]), r["name"], cents(r["goal"])) for r in report.table("campaigns")]
    assert sorted(found) == sorted(expected)


def test_what_counts(report, ask):
    expected = {
        (
            f"status {status}"
            if status != "success"
            else "gift without a supporter: counted as money only"
            if nobody
            else "gift"
        ): (count, amount)
        for status, nobody, count, amount in ask(
            f"""SELECT status, status = 'success' AND supporter_id IS NULL, COUNT(*), SUM(donation)
                FROM base_transactions WHERE campaign_id = {CAMPAIGN} GROUP BY 1, 2"""
        )
    }
    found = {r["reason"]: (whole(r["transactions"]), cents(r["amount"])) for r in report.table("counts")}
    assert found == expected
    assert {r["reason"] for r in report.table("counts") if r["counted"] == "True"} == {
        reason for reason in expected if reason.startswith("gift")
    }


def test_progress_and_days(report, ask, goal, raised):
    gifts, moved = ask(
        f"""SELECT COUNT(*), SUM({LOCAL_DAY} <> date(purchased_at, 'unixepoch'))
            FROM base_transactions WHERE {MINE}"""
    )[0]
    assert report.text("days") == (
        f"Raised: {money(raised)} USD, {raised / goal:.1%} of the goal of {money(goal)} USD.\n"
        f"In UTC {moved} of {gifts} gifts would be counted on another day.\n"
    )


@pytest.mark.parametrize(("cell", "what"), [("pages", "fundraising_page"), ("teams", "fundraising_team")])
def test_leaderboards(report, ask, cell, what):
    title = "title" if what == "fundraising_page" else "name"
    expected = ask(
        f"""SELECT t.{what}_id, n.{title}, COUNT(*), COUNT(DISTINCT t.supporter_id), SUM(t.donation),
                ROUND(100.0 * SUM(t.donation) / SUM(SUM(t.donation)) OVER ())
            FROM base_transactions t JOIN base_{what}s n ON n.id = t.{what}_id
            WHERE t.campaign_id = {CAMPAIGN} AND t.status = 'success' AND t.donation > 0
            GROUP BY 1 ORDER BY 5 DESC, 1 LIMIT 5"""
    )
    found = [
        (
            whole(r[f"{what}_id"]),
            r["name"],
            whole(r["gifts"]),
            whole(r["donors"]),
            cents(r["amount"]),
            cents(r["share"]),
        )
        for r in report.table(cell)
    ]
    assert found == expected
    assert [r["rank"] for r in report.table(cell)] == list("12345")


def test_one_time_against_recurring(report, ask):
    rows = ask(
        f"""SELECT CASE campaign_id WHEN {CAMPAIGN} THEN 'this campaign' ELSE 'all others' END,
                CASE WHEN recurring_donation_plan_id IS NULL THEN 'one-time' ELSE 'recurring' END, donation
            FROM base_transactions
            WHERE {GIFT} AND purchased_at >=
                (SELECT started_at FROM base_campaigns WHERE id = {CAMPAIGN})
            ORDER BY 1, 2, 3"""
    )
    groups = {}
    for campaign, kind, amount in rows:
        groups.setdefault((campaign, kind), []).append(amount)
    expected = []
    for (campaign, kind), amounts in groups.items():
        middle = amounts[(len(amounts) - 1) // 2] + amounts[len(amounts) // 2]
        expected.append((campaign, kind, len(amounts), sum(amounts), middle / 2))
    found = [
        (
            r["campaign"],
            r["kind"],
            whole(r["gifts"]),
            cents(r["raised, USD"]),
            cents(r["median gift, USD"]),
        )
        for r in report.table("recurring")
    ]
    assert found == expected


def test_fees_by_way_to_pay(report, ask):
    expected = ask(
        f"""SELECT payment_method, COUNT(*), SUM({TOTAL}), SUM(adjustment), SUM(classy + pp),
                SUM({TOTAL} - classy - pp)
            FROM base_transactions t JOIN payments y ON y.code = t.pay
            WHERE campaign_id = {CAMPAIGN} AND status = 'success' GROUP BY 1 ORDER BY 1"""
    )
    found = [
        (
            r["payment_method"],
            whole(r["transactions"]),
            *(cents(r[name]) for name in ("gross", "covered_fees", "fees", "net")),
        )
        for r in report.table("fees")
    ]
    assert found == expected


LOST = f"campaign_id = {CAMPAIGN} AND status IN ('refunded', 'cb_lost', 'cb_initiated')"


def test_refunds(report, ask):
    expected = ask(f"SELECT status, COUNT(*), SUM({TOTAL}) FROM base_transactions WHERE {LOST} GROUP BY 1")
    found = [(r["status"], whole(r["transactions"]), cents(r["gross"])) for r in report.table("refunds")]
    assert found == expected


def test_the_report(report, ask, goal, raised):
    gifts, donors, recurring, pages = ask(
        f"""SELECT COUNT(*), COUNT(DISTINCT supporter_id), COUNT(recurring_donation_plan_id),
                COUNT(DISTINCT fundraising_page_id) FROM base_transactions WHERE {MINE}"""
    )[0]
    covered, fees, net = ask(
        f"""SELECT SUM(adjustment), SUM(classy + pp), SUM({TOTAL} - classy - pp) FROM base_transactions
            WHERE campaign_id = {CAMPAIGN} AND status = 'success'"""
    )[0]
    lost = ask(f"SELECT SUM({TOTAL}) FROM base_transactions WHERE {LOST}")[0][0]
    all_pages = ask(f"SELECT COUNT(*) FROM base_fundraising_pages WHERE campaign_id = {CAMPAIGN}")[0][0]
    found = {r[""]: r["Otter Rescue Peer To Peer 2026"] for r in report.table("report")}
    assert found == {
        "Goal, USD": money(goal),
        "Raised, USD": money(raised),
        "Of the goal": f"{raised / goal:.1%}",
        "Gifts": f"{gifts}",
        "Donors": f"{donors}",
        "Average gift, USD": f"{raised / gifts / 100:,.2f}",
        "Recurring": f"{recurring / gifts:.1%}",
        "Pages with a gift": f"{pages} of {all_pages}",
        "Covered fees, USD": money(covered),
        "Fees, USD": money(fees),
        "Net, USD": money(net),
        "Refunded or charged back, USD": money(lost),
    }
