"""The numbers of 03_donor_retention, counted again in SQL over the sandbox's own data."""

from statistics import median

import pandas as pd
import pytest
from support.giving_sql import TODAY, Data
from support.notebooks import cents, money, whole

from classy_nb.analysis import SEGMENTS, cohorts

YEAR, LAST = TODAY.year, TODAY.year - 1


@pytest.fixture(scope="module")
def report(shown):
    return shown("03")


@pytest.fixture(scope="module")
def data(database, report):
    return Data(database(report.transactions))


@pytest.fixture(scope="module")
def by_year(data):
    """Year to donors, new, retained, recaptured, cents, cents kept, retained of last year's new."""
    return {year: rest for year, *rest in data.retention()}


def share(part, total):
    return f"{part / total:.1%}"


def table(report, cell):
    """Rows of a table whose index has a name, which HTML shows in a row of its own."""
    names, *rest = report.table(cell)
    return [{**row, names[""]: row[""]} for row in rest]


def test_it_stands_at_the_end_of_the_data(report, data):
    assert f'TODAY = pd.Timestamp("{TODAY}")' in report.source("connect")
    assert data.ask("SELECT MAX(day) FROM gift")[0][0] == str(TODAY)


def test_every_transaction_is_accounted_for(report, data):
    reasons = report.table("counts")
    found = sorted((r["reason"], whole(r["transactions"]), cents(r["amount"])) for r in reasons)
    assert found == data.left_out()
    assert sum(count for _, count, _ in found) == report.transactions
    assert {r["reason"] for r in reasons if r["counted"] == "True"} == {
        reason for reason, *_ in found if reason.startswith("gift")
    }


def test_who_counts_is_said_and_shown(report, data):
    gifts, amount, known, donors, anonymous, hidden, offline = data.ask(
        """SELECT COUNT(*), SUM(cents), COUNT(who), COUNT(DISTINCT who),
            SUM(who IS NOT NULL AND anonymous > 0), COUNT(DISTINCT CASE WHEN anonymous > 0 THEN who END),
            SUM(pay IN (SELECT code FROM payments WHERE payment_method = 'Offline')) FROM gift"""
    )[0]
    assert report.text("donors") == (
        f"{gifts:,} gifts, {money(amount)} USD\n"
        f"{known:,} of them from {donors:,} known donors\n"
        f"{gifts - known:,} without a supporter: not used below\n"
        f"{anonymous:,} anonymous, of {hidden:,} donors: used like any other\n"
        f"{offline:,} offline: used like any other\n"
    )


def test_retention(report, by_year):
    found = table(report, "retention")
    assert [r["year"] for r in found] == ["2021", "2022", "2023", "2024", "2025", "2026 to date"]
    assert [r["retained: all donors"] for r in found[:1]] == [""]
    for row, year in zip(found, by_year, strict=True):
        donors, new, retained, recaptured, amount, kept, kept_new = by_year[year]
        assert [whole(row[n]) for n in ("donors", "new", "retained", "recaptured")] == [
            donors,
            new,
            retained,
            recaptured,
        ]
        assert cents(row["amount, USD"]) == amount
        if year - 1 in by_year:
            last_donors, last_new, *_, last_amount, _, _ = by_year[year - 1]
            assert whole(row["lapsed"]) == last_donors - retained
            assert row["retained: all donors"] == share(retained, last_donors)
            assert row["retained: last year new"] == share(kept_new, last_new)
            assert row["retained: amount"] == share(kept, last_amount)
            repeat = last_donors - last_new
            assert row["retained: last year repeat"] == (share(retained - kept_new, repeat) if repeat else "")


def test_growth(report, data):
    found = {
        r["group"]: (whole(r["donors"]), cents(r["amount_before"]), cents(r["amount"]))
        for r in report.table("growth")
    }
    total = found.pop("all")
    assert found == data.gain_loss(LAST)
    assert total == tuple(map(sum, zip(*found.values(), strict=True)))
    for row in report.table("growth"):
        assert cents(row["change"]) == cents(row["amount"]) - cents(row["amount_before"])


def test_cohorts(report, data):
    """They are in a picture: what it draws is calculated here once more from the same gifts."""
    columns = ["id", "donor_id", "date", "amount", "recurring", "anonymous"]
    gifts = pd.DataFrame(
        data.ask("SELECT id, who, day, cents / 100.0, plan IS NOT NULL, anonymous > 0 FROM gift"),
        columns=columns,
    ).assign(currency="USD")
    gifts["date"] = pd.to_datetime(gifts["date"])
    gifts["purchased_at"] = gifts["date"].dt.tz_localize("UTC")
    rates = cohorts(gifts, "rate")
    sizes = {first: donors for first, later, donors, _ in data.cohorts() if later == 0}
    expected = {(first, later): donors / sizes[first] for first, later, donors, _ in data.cohorts()}
    assert rates.stack().dropna().to_dict() == pytest.approx(expected)
    assert 'share = cn.analysis.cohorts(gifts, "rate").astype(float) * 100\n' in report.source("cohorts")


def test_second_gifts(report, data):
    waits = data.waits("one-time")
    for row, expected in zip(table(report, "second"), data.second_gift("one-time"), strict=True):
        year, donors, again, observed, within = expected
        names = ("first_year", "donors", "gave_again", "observed", "within")
        assert tuple(whole(row[name]) for name in names) == expected
        assert row["share_again"] == share(again, donors)
        assert row["share_within"] == (share(within, observed) if observed else "")
        assert float(row["median_days"]) == median(waits[year])


@pytest.mark.parametrize("cell", ["lybunt", "sybunt"])
def test_whom_to_win_back(report, data, cell):
    lapsed = [row for row in data.lapsed(YEAR) if (row[1] == LAST) == (cell == "lybunt")]
    people = {
        row[0]: row[1:] for row in data.ask("SELECT id, first_name, email_address FROM base_supporters")
    }
    found = report.table(cell)
    assert len(found) == 5
    for row, (who, _, last_amount, gifts, amount, day, anonymous) in zip(found, lapsed[:5], strict=True):
        assert (row["first_name"], row["email_address"]) == people[who]
        assert (cents(row["last_year_amount"]), cents(row["amount"])) == (last_amount, amount)
        assert (whole(row["gifts"]), row["last_gift"]) == (gifts, day)
        assert row["anonymous"] == str(bool(anonymous))
    years = sorted({row[1] for row in lapsed})
    assert report.text(cell) == (
        f"{len(lapsed):,} LYBUNTs gave {money(sum(row[2] for row in lapsed))} USD in {LAST}. The first 5:\n"
        if cell == "lybunt"
        else f"{len(lapsed):,} SYBUNTs gave for the last time from {years[0]} to {years[-1]}. The first 5:\n"
    )


def segment(recency, frequency):
    """The segment of two scores, in words of its own: not the package's grid."""
    if recency <= 2:
        return "Hibernating" if frequency <= 2 else "Can't lose" if frequency == 5 else "At risk"
    if frequency >= 4:
        return "Champions" if recency == 5 else "Loyal"
    if recency == 3:
        return "Need attention" if frequency == 3 else "About to lapse"
    if frequency == 1:
        return "New" if recency == 5 else "Promising"
    return "Potential loyal"


def test_segments(report, data):
    members = {name: [] for name in SEGMENTS}
    for _, recency, frequency, _, days, gifts, amount in data.rfm():
        members[segment(recency, frequency)].append((amount, gifts, days))
    found = table(report, "rfm")
    assert [row["segment"] for row in found] == list(SEGMENTS)
    for row in found:
        amounts, gifts, days = zip(*members[row["segment"]], strict=True)
        assert (whole(row["donors"]), cents(row["amount"])) == (len(amounts), sum(amounts))
        assert abs(whole(row["median_gifts"]) - median(gifts)) <= 0.5
        assert abs(whole(row["median_days_since"]) - median(days)) <= 0.5


def test_the_report(report, data, by_year):
    donors, new, retained, recaptured, amount, kept, kept_new = by_year[LAST]
    last_donors, last_new, *_, last_amount, _, _ = by_year[LAST - 1]
    lybunt = [row for row in data.lapsed(YEAR) if row[1] == LAST]
    observed, within = next(row[3:] for row in data.second_gift("one-time") if row[0] == LAST - 1)
    found = {row[""]: row[f"Donor retention {LAST}"] for row in report.table("report")}
    assert found == {
        "Donors in 2025": f"{donors:,}",
        "of them new": f"{new:,}",
        "of them retained": f"{retained:,}",
        "of them recaptured": f"{recaptured:,}",
        "Retention rate": share(retained, last_donors),
        "New donors retained": share(kept_new, last_new),
        "Repeat donors retained": share(retained - kept_new, last_donors - last_new),
        "Given, USD": money(amount),
        "Amount retained": share(kept, last_amount),
        "Began in 2024 with a one-time gift, gave again within a year": share(within, observed),
        "LYBUNTs as of November 23, 2026": f"{len(lybunt):,}",
        "What they gave in 2025, USD": money(sum(row[2] for row in lybunt)),
    }
