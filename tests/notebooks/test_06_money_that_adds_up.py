"""The numbers of 06_money_that_adds_up, counted again in SQL over the sandbox's own data, in cents."""

import pytest
from support.notebooks import LOCAL_DAY, ORGANIZATION, cents, money, whole

TOTAL = "(t.donation + t.overhead + t.adjustment)"
RAW = "(t.raw_donation + t.raw_overhead + t.raw_adjustment)"
OWN = f"t.organization_id = {ORGANIZATION}"
MONTH = f"{OWN} AND {LOCAL_DAY} BETWEEN '2026-10-01' AND '2026-10-31'"
GOOD = f"{MONTH} AND t.status = 'success'"
FOREIGN = f"""{OWN} AND t.status = 'success' AND t.raw_currency_code <> 'USD'
    AND {LOCAL_DAY} BETWEEN '2026-01-01' AND '2026-10-31'"""


@pytest.fixture(scope="module")
def book(shown):
    return shown("06")


@pytest.fixture(scope="module")
def ask(database, book):
    """Run a statement about transactions (``t``) and ways to pay (``y``), return its rows."""

    def rows(columns, where, more=""):
        statement = f"""SELECT {columns} FROM base_transactions t JOIN payments y ON y.code = t.pay
            WHERE {where} {more}"""
        return database(book.transactions).execute(statement).fetchall()

    return rows


def test_one_gift_three_currencies(book, ask):
    columns = f"""t.raw_currency_code, {RAW}, CASE WHEN t.charged_at IS NOT NULL THEN {RAW} END,
        {TOTAL}, MAX(t.purchased_at)"""
    expected = ask(columns, FOREIGN, "GROUP BY 1 ORDER BY MAX(t.purchased_at) DESC")
    found = [
        (
            r["raw_currency_code"],
            cents(r["raw_total_gross_amount"]),
            cents(r["charged_total_gross_amount"]),
            cents(r["total_gross_amount"]),
        )
        for r in book.table("three")
    ]
    assert found == [row[:-1] for row in expected]
    assert all(r["charged_currency_code"] == r["raw_currency_code"] for r in book.table("three"))
    assert {r["currency_code"] for r in book.table("three")} == {"USD"}


def test_each_currency_for_itself(book, ask):
    expected = ask(
        f"t.raw_currency_code, COUNT(*), SUM({RAW}), SUM({TOTAL})", FOREIGN, "GROUP BY 1 ORDER BY 1"
    )
    found = [
        (r["currency"], whole(r["gifts"]), cents(r["raw, in that currency"]), cents(r["USD"]))
        for r in book.table("mixed")
    ]
    assert found == expected
    rates = [r["one of it in USD"] for r in book.table("mixed")]
    assert rates == [f"{usd / raw:.4f}" for _, _, raw, usd in expected]


def test_the_month_by_status(book, ask):
    expected = ask(f"t.status, COUNT(*), SUM({TOTAL})", MONTH, "GROUP BY 1")
    found = [(r["status"], whole(r["transactions"]), cents(r["gross, USD"])) for r in book.table("month")]
    assert sorted(found) == sorted(expected)


def test_the_month_ends_in_local_time(book, ask):
    late = ask(f"COUNT(*), SUM({TOTAL})", f"{GOOD} AND t.purchased_at >= unixepoch('2026-11-01')")[0]
    assert book.text("month").startswith(f"{late[0]} gifts over {money(late[1])} USD came so late")
    assert late[0] > 0


def test_every_transaction_was_checked(book, ask):
    count = ask("COUNT(*)", MONTH)[0][0]
    assert book.text("rules") == f"{count:,} transactions checked, 0 sums that do not agree.\n"


def test_gross_fees_net(book, ask):
    names = [
        "gross", "donations", "tickets", "covered_fees", "platform_fees", "processor_fees", "fees", "net",
    ]  # fmt: skip
    columns = f"""COUNT(*), SUM({TOTAL}), SUM(t.donation), SUM(t.overhead), SUM(t.adjustment),
        SUM(t.classy), SUM(t.pp), SUM(t.classy + t.pp), SUM({TOTAL} - t.classy - t.pp)"""
    count, *sums = ask(columns, GOOD)[0]
    found = {r["October 2026"]: r["USD"] for r in book.table("net")}
    assert whole(found.pop("transactions")) == count
    assert {name: cents(amount) for name, amount in found.items()} == dict(zip(names, sums, strict=True))


def test_refunds_of_the_month(book, ask):
    refunded = LOCAL_DAY.replace("purchased_at", "refunded_at")
    expected = ask(
        f"substr({LOCAL_DAY}, 1, 7), COUNT(*), SUM({TOTAL})",
        f"{OWN} AND t.status = 'refunded' AND {refunded} BETWEEN '2026-10-01' AND '2026-10-31'",
        "GROUP BY 1 ORDER BY 1",
    )
    found = [
        (r["month of the gift"], whole(r["refunds"]), cents(r["given back, USD"]))
        for r in book.table("refunds")
    ]
    assert found == expected


def test_payouts_hold_what_was_charged_three_days_before(book, ask):
    """The sandbox pays out on a day what was charged on the third day before it, in UTC."""
    count = ask(
        "COUNT(*)",
        f"""{OWN} AND t.status = 'success' AND t.charged_at >= unixepoch('2026-09-28')
            AND t.charged_at < unixepoch('2026-11-05')""",
    )[0][0]
    assert book.text("payouts").startswith(f"{count:,} transactions in ")
    assert book.text("payouts").endswith(" payouts, 2026-10-01 to 2026-11-07\n")


def test_every_charge_was_paid_out(book, ask):
    expected = ask(
        f"""COALESCE(y.payment_method, 'none: free'), COUNT(*), COUNT(t.charged_at), 0, SUM({TOTAL})""",
        GOOD,
        "GROUP BY 1 ORDER BY 1",
    )
    found = [
        (
            r["payment_method"],
            whole(r["transactions"]),
            whole(r["in a payout"]),
            whole(r["with another amount"]),
            cents(r["gross, USD"]),
        )
        for r in book.table("match")
    ]
    assert found == expected


def test_the_statement(book, ask):
    gross, uncharged, platform, processors, arrived = ask(
        f"""SUM({TOTAL}), SUM(CASE WHEN t.charged_at IS NULL THEN {TOTAL} ELSE 0 END),
            SUM(t.classy), SUM(t.pp),
            SUM(CASE WHEN t.charged_at IS NULL THEN 0 ELSE {TOTAL} - t.classy - t.pp END)""",
        GOOD,
    )[0]
    found = {r[""]: r["October 2026, USD"] for r in book.table("statement")}
    assert found == {
        "Paid by donors": money(gross),
        "Not through a processor": money(-uncharged),
        "Fees of the platform": money(-platform),
        "Fees of the processors": money(-processors),
        "Expected": money(arrived),
        "Paid out": money(arrived),
        "Difference": "0.00",
    }
