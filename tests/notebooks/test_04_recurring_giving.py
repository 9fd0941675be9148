"""The numbers of 04_recurring_giving, counted again in SQL over the sandbox's own data."""

from statistics import median

import pytest
from support.giving_sql import TODAY, Data
from support.notebooks import cents, money, whole

OPEN = "plan WHERE ended IS NULL"
WORTH = "CAST(ROUND(1.0 * cents / step) AS INTEGER)"


@pytest.fixture(scope="module")
def report(shown):
    return shown("04")


@pytest.fixture(scope="module")
def data(database, report):
    return Data(database(report.transactions))


@pytest.fixture(scope="module")
def churn(data):
    """The last 13 months; the last one is still running."""
    return data.churn()[-13:]


@pytest.fixture(scope="module")
def stay(churn):
    """The share of plans that a month leaves, by the 12 whole months before today's."""
    return 1 - sum(row[7] for row in churn[:-1]) / sum(row[1] for row in churn[:-1])


def table(report, cell):
    """Rows of a table whose index has a name, which HTML shows in a row of its own."""
    names, *rest = report.table(cell)
    return [{**row, names[""]: row[""]} for row in rest]


def test_active_plans(report, data):
    ever, active, worth = data.ask(
        f"SELECT COUNT(*), SUM(ended IS NULL), SUM(CASE WHEN ended IS NULL THEN {WORTH} END) FROM plan"
    )[0]
    assert report.text("active") == (
        f"{ever:,} plans ever; {active:,} are active: {money(worth)} USD a month\n"
    )
    charges = {}
    for status, frequency, amount, month in data.ask(f"SELECT status, frequency, cents, {WORTH} FROM {OPEN}"):
        charges.setdefault((status, frequency), []).append((amount, month))
    found = report.table("active")
    assert [(row["status"], row["frequency"]) for row in found] == sorted(charges)
    for row in found:
        amounts, months = zip(*charges[row["status"], row["frequency"]], strict=True)
        assert whole(row["plans"]) == len(amounts)
        assert cents(row["monthly_amount"]) == sum(months)
        assert cents(row["median_charge"]) == median(amounts)


def test_churn(report, churn):
    found = table(report, "churn")
    for row, expected in zip(found, churn, strict=True):
        month, start, started, canceled, failed, ran_out, end, lost, amount = expected
        assert row["month"] == month[:7]
        names = ("at_start", "started", "canceled", "failed", "ran_out", "at_end")
        assert [whole(row[name]) for name in names] == [start, started, canceled, failed, ran_out, end]
        assert row["churn_rate"] == f"{lost / start:.1%}"
        assert cents(row["monthly_amount"]) == amount
    assert found[-1]["month"] == f"{TODAY:%Y-%m}"


def test_failed_payments(report, data):
    expected = data.failed_payments()[-13:]
    for row, (month, charges, failed, amount, recovered, back) in zip(
        table(report, "failed"), expected, strict=True
    ):
        assert row["month"] == month[:7]
        assert [whole(row[name]) for name in ("charges", "failed", "recovered")] == [
            charges,
            failed,
            recovered,
        ]
        assert row["failure_rate"] == f"{failed / charges:.1%}"
        money_of = [cents(row[name]) for name in ("failed_amount", "recovered_amount", "lost_amount")]
        assert money_of == [amount, back, amount - back]
    lost = sum(row[3] - row[5] for row in expected[:-1])
    assert report.text("failed") == f"Not recovered in the last 12 whole months: {money(lost)} USD\n"


def test_plans_that_fail_now(report, data):
    count, worth = data.ask(f"SELECT COUNT(*), SUM({WORTH}) FROM {OPEN} AND status = 'failing'")[0]
    assert report.text("failing") == (
        f"Failing now: {count:,} plans, {money(worth)} USD a month. The first 5:\n"
    )
    failing = {row[0]: row[1:] for row in data.ask(
        f"SELECT id, who, cents, began, next, {WORTH} FROM {OPEN} AND status = 'failing'"
    )}  # fmt: skip
    found = report.table("failing")
    assert len(found) == 5
    for row in found:
        who, amount, began, charged, _ = failing.pop(whole(row["id"]))
        assert (whole(row["donor_id"]), cents(row["amount"])) == (who, amount)
        assert (row["started"], row["next_charge"]) == (began, charged)
    assert max(row[-1] for row in failing.values()) <= min(cents(row["amount"]) for row in found)


def test_forecast(report, data, churn, stay):
    found = table(report, "report")
    rate = f"{1 - stay:.1%}"
    assert report.text("report") == f"Amounts in USD, before fees. Churn rate used: {rate} a month.\n"
    fresh = data.begun_since(churn[0][0]) / 12
    active = data.ask(f"SELECT COUNT(*) FROM {OPEN}")[0][0]
    new, totals = 0.0, [0, 0, 0.0, 0.0]
    for number, (row, (month, charges, scheduled)) in enumerate(
        zip(found[:-1], data.schedule("2027-11-01"), strict=True), start=1
    ):
        new = new * stay + fresh
        expected = scheduled * stay**number
        assert row["month"] == month[:7]
        assert whole(row["plans"]) == round(active * stay**number)
        assert (whole(row["charges"]), cents(row["scheduled"])) == (charges, scheduled)
        assert abs(cents(row["expected"]) - expected) <= 0.51
        assert abs(cents(row["with_new"]) - expected - new) <= 0.51
        totals = [a + b for a, b in zip(totals, (charges, scheduled, expected, expected + new), strict=True)]
    total = found[-1]
    assert (total["month"], total["plans"]) == ("12 months", "")
    assert (whole(total["charges"]), cents(total["scheduled"])) == tuple(totals[:2])
    assert abs(cents(total["expected"]) - totals[2]) <= 12
    assert abs(cents(total["with_new"]) - totals[3]) <= 12
