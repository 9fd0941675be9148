"""Every calculation against SQL that DuckDB runs over the same frames, as the API gave them.

The frames come from the sandbox, in three time zones, and are made as dirty as real ones: gifts in a second
currency, overlapping fetches, donors that are blank or zero, more refunds, chargebacks and retries. The SQL is
written from the documentation of the functions, and turns instants into days by itself.
"""
# ruff: noqa: E501 - a line of SQL says one thing

from collections.abc import Iterator
from datetime import date
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from support.dirty import cells, dirty
from support.giving import connected

from classy_nb import analysis
from classy_nb.sandbox import Sandbox

ZONES = ["America/Los_Angeles", "Asia/Kolkata", "UTC"]
STARTS = [1, 4, 7, 10]
TODAY = date(2026, 11, 23)
Rows = list[tuple[Any, ...]]

GIFTS = """
    CREATE TABLE gift AS
    SELECT id, NULLIF(supporter_id, 0) AS who, CAST(ROUND(100 * donation_gross_amount) AS BIGINT) AS cents,
        currency_code AS currency, CAST(timezone('{zone}', purchased_at) AS DATE) AS day, purchased_at,
        COALESCE(recurring_donation_plan_id, 0) <> 0 AS recurring, COALESCE(is_anonymous, FALSE) AS anonymous,
        fundraising_page_id AS page, campaign_id AS campaign,
        NULLIF(LOWER(TRIM(member_email_address)), '') AS email
    FROM (SELECT DISTINCT ON (id) * FROM transactions) WHERE status = 'success' AND donation_gross_amount > 0;
"""
YEARS = """
    CREATE TABLE mine AS SELECT *, year(day) + CASE WHEN {start} > 1 AND month(day) >= {start} THEN 1 ELSE 0 END
        AS year FROM gift WHERE currency = '{currency}';
    CREATE TABLE given AS SELECT who, year, SUM(cents) AS cents FROM mine WHERE who IS NOT NULL GROUP BY ALL;
    CREATE TABLE began AS SELECT who, MIN(year) AS year FROM given GROUP BY ALL;
"""
PLANS = """
    CREATE TABLE plan AS
    SELECT *, CASE WHEN over THEN GREATEST(began, CASE status WHEN 'canceled' THEN canceled
        WHEN 'failed' THEN failed ELSE until END) END AS ended_on
    FROM (SELECT id, status, frequency, currency_code AS currency,
            CAST(ROUND(100 * donation_amount) AS BIGINT) AS cents, is_paused AS paused,
            CAST(timezone('{zone}', started_at) AS DATE) AS began,
            CAST(timezone('{zone}', canceled_at) AS DATE) AS canceled,
            CAST(timezone('{zone}', failed_at) AS DATE) AS failed,
            CAST(recur_until AS DATE) AS until, CAST(pause_until AS DATE) AS pause,
            CAST(next_processing_date AS DATE) AS next,
            CASE frequency WHEN 'monthly' THEN 1 WHEN 'quarterly' THEN 3 WHEN 'semi-annually' THEN 6
                WHEN 'yearly' THEN 12 END AS step,
            status IN ('canceled', 'failed', 'ended') OR COALESCE(until <= DATE '{today}', FALSE) AS over
        FROM (SELECT DISTINCT ON (id) * FROM plans) WHERE status NOT IN ('draft', 'attempted'));
"""


class Database:
    """DuckDB over frames, in memory and without extensions from elsewhere."""

    def __init__(self, zone: str, transactions: pd.DataFrame, plans: pd.DataFrame) -> None:
        self.zone = zone
        self._database = duckdb.connect(
            config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
        )
        plain = transactions.drop(
            columns=[name for name in transactions if transactions[name].dtype == object]
        )
        self._database.register("given_transactions", plain.convert_dtypes(dtype_backend="pyarrow"))
        plain = plans.drop(columns=[name for name in plans if plans[name].dtype == object])
        self._database.register("given_plans", plain.convert_dtypes(dtype_backend="pyarrow"))
        self._database.execute("CREATE TABLE transactions AS FROM given_transactions")
        self._database.execute("CREATE TABLE plans AS FROM given_plans")
        self._database.execute(GIFTS.format(zone=zone))
        self._database.execute(PLANS.format(zone=zone, today=TODAY))

    def by_year(self, start: int, currency: str) -> None:
        """Make the tables of a fiscal year and a currency anew."""
        self._database.execute(
            "DROP TABLE IF EXISTS mine; DROP TABLE IF EXISTS given; DROP TABLE IF EXISTS began"
        )
        self._database.execute(YEARS.format(start=start, currency=currency))

    def ask(self, statement: str) -> Rows:
        return self._database.execute(statement).fetchall()

    def close(self) -> None:
        self._database.close()


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox(transactions=4_000, requests_per_minute=0) as started:
        yield started


@pytest.fixture(scope="module", params=ZONES)
def world(
    request: pytest.FixtureRequest, box: Sandbox
) -> Iterator[tuple[Database, pd.DataFrame, pd.DataFrame]]:
    with connected(box) as classy:
        transactions = dirty(classy.transactions(progress=False), 7)
        plans = classy.recurring_donation_plans(progress=False)
    draw = np.random.default_rng(5)
    plans.loc[draw.random(len(plans)) < 0.3, "currency_code"] = "CAD"
    # Terms that are over while the status does not say so yet, and terms and pauses that end before a charge.
    is_open = plans["status"].isin(["active", "failing", "paused"]).to_numpy()
    days = pd.Timestamp(TODAY) + pd.to_timedelta(draw.integers(-200, 400, len(plans)), unit="D")
    plans["recur_until"] = plans["recur_until"].mask(is_open & (draw.random(len(plans)) < 0.5), days)
    pauses = pd.Timestamp(TODAY) + pd.to_timedelta(draw.integers(1, 90, len(plans)), unit="D")
    plans["pause_until"] = plans["pause_until"].mask(is_open & (draw.random(len(plans)) < 0.3), pauses)
    plans = pd.concat([plans, plans.iloc[:20]])
    for frame in (transactions, plans):
        for name in frame.columns:
            if isinstance(frame[name].dtype, pd.DatetimeTZDtype):
                frame[name] = frame[name].dt.tz_convert(request.param)
    database = Database(request.param, transactions, plans)
    yield database, transactions, plans
    database.close()


@pytest.fixture(scope="module")
def gifts(world: tuple[Database, pd.DataFrame, pd.DataFrame]) -> pd.DataFrame:
    return analysis.gifts(world[1])


@pytest.fixture
def database(world: tuple[Database, pd.DataFrame, pd.DataFrame]) -> Database:
    return world[0]


@pytest.fixture(params=[(start, currency) for start in STARTS for currency in ("USD", "CAD")])
def mine(request: pytest.FixtureRequest, database: Database, gifts: pd.DataFrame) -> tuple[int, pd.DataFrame]:
    """The first month of the fiscal year, and the gifts in one currency; the database has the same."""
    start, currency = request.param
    database.by_year(start, currency)
    return start, gifts[gifts["currency"] == currency]


def test_the_frames_are_worth_counting(database: Database) -> None:
    assert database.ask("SELECT COUNT(*) > COUNT(DISTINCT id) FROM transactions") == [(True,)]
    counts = database.ask(
        "SELECT currency, COUNT(*), COUNT(*) - COUNT(who), COUNT(DISTINCT who) FROM gift GROUP BY 1"
    )
    assert {row[0] for row in counts} == {"USD", "CAD"}
    assert all(row[1] > 800 and row[2] > 30 and row[3] > 100 for row in counts)
    assert (
        database.ask("SELECT COUNT(*) FROM transactions WHERE status LIKE 'cb%' OR status = 'refunded'")[0][0]
        > 200
    )
    assert database.ask("SELECT COUNT(*) FROM plan WHERE until IS NOT NULL AND status = 'active'")[0][0] > 10


def test_left_out(database: Database, world: tuple[Database, pd.DataFrame, pd.DataFrame]) -> None:
    table = analysis.left_out(world[1])
    found = cells(table, "reason", "transactions", "amount", "currency", cents=("amount",))
    assert sorted(found) == database.ask(
        """SELECT CASE WHEN status <> 'success' THEN 'status ' || status
                WHEN COALESCE(donation_gross_amount, 0) <= 0 THEN 'no gift in it: free registration or ticket'
                WHEN COALESCE(supporter_id, 0) = 0 THEN 'gift without a supporter: counted as money only'
                ELSE 'gift' END AS reason,
            COUNT(*), CAST(SUM(ROUND(100 * donation_gross_amount)) AS BIGINT), currency_code
        FROM (SELECT DISTINCT ON (id) * FROM transactions) GROUP BY ALL ORDER BY ALL"""
    )


@pytest.mark.parametrize("length", ["D", "W", "M", "Q", "Y"])
@pytest.mark.parametrize("start", STARTS)
def test_by_period(database: Database, gifts: pd.DataFrame, length: str, start: int) -> None:
    table = analysis.by_period(gifts, length, fiscal_year_start=start)
    money = ("amount", "one_time_amount", "recurring_amount")
    found = cells(table[table["gifts"] > 0], "currency", "period", "gifts", "donors", *money, cents=money)
    unit = {"D": "day", "W": "week", "M": "month", "Q": "quarter", "Y": "year"}[length]
    # A fiscal quarter or year is a calendar one of days that are moved back by as many months.
    moved = start - 1 if length in "QY" else 0
    assert found == database.ask(
        f"""SELECT currency, CAST(date_trunc('{unit}', date_trunc('month', day) - INTERVAL {moved} MONTH)
                + INTERVAL {moved} MONTH AS DATE) AS period, COUNT(*), COUNT(DISTINCT who), SUM(cents),
            COALESCE(SUM(cents) FILTER (NOT recurring), 0), COALESCE(SUM(cents) FILTER (recurring), 0)
        FROM gift GROUP BY ALL ORDER BY ALL""".replace(
            "date_trunc('month', day)", "day" if length in "DW" else "date_trunc('month', day)"
        )
    )


def test_leaderboard(database: Database, gifts: pd.DataFrame) -> None:
    table = analysis.leaderboard(gifts, top=None)
    found = cells(
        table, "currency", "rank", "fundraising_page_id", "gifts", "donors", "amount", cents=("amount",)
    )
    assert found == database.ask(
        """SELECT currency, RANK() OVER (PARTITION BY currency ORDER BY SUM(cents) DESC) AS place, page,
            COUNT(*), COUNT(DISTINCT who), SUM(cents)
        FROM gift WHERE page IS NOT NULL GROUP BY currency, page ORDER BY currency, place, page"""
    )


def test_donors_by_email(database: Database, world: tuple[Database, pd.DataFrame, pd.DataFrame]) -> None:
    table = analysis.by_period(analysis.gifts(world[1], donor="member_email_address"), "Y")
    assert cells(table[table["gifts"] > 0], "currency", "period", "donors") == database.ask(
        "SELECT currency, CAST(date_trunc('year', day) AS DATE), COUNT(DISTINCT email) FROM gift GROUP BY ALL ORDER BY ALL"
    )


@pytest.mark.parametrize("start", STARTS)
def test_fees_by_year(
    database: Database, world: tuple[Database, pd.DataFrame, pd.DataFrame], start: int
) -> None:
    table = analysis.gross_fees_net(world[1], by="year", fiscal_year_start=start)
    money = ("gross", "donations", "tickets", "covered_fees", "fees", "net")
    found = cells(table, "year", "currency", "transactions", *money, cents=money)
    sums = ("total_gross_amount", "donation_gross_amount", "overhead_net_amount", "adjustment_amount")
    paid = [f"SUM(ROUND(100 * COALESCE({name}, 0)))" for name in sums]
    fees = "SUM(ROUND(100 * COALESCE(classy_fees_amount, 0)) + ROUND(100 * COALESCE(pp_fees_amount, 0)))"
    expected = database.ask(
        f"""SELECT CAST(date_trunc('year', date_trunc('month', timezone('{database.zone}', purchased_at))
                - INTERVAL {start - 1} MONTH) + INTERVAL {start - 1} MONTH AS DATE),
            currency_code, COUNT(*), {", ".join(paid)}, {fees}, {paid[0]} - {fees}
        FROM (SELECT DISTINCT ON (id) * FROM transactions) WHERE status = 'success' GROUP BY ALL ORDER BY 1, 2"""
    )
    assert found == expected


def test_retention(database: Database, mine: tuple[int, pd.DataFrame]) -> None:
    start, gifts = mine
    table = analysis.retention(gifts, fiscal_year_start=start, today=TODAY)
    names = ("year", "donors", "new", "retained", "recaptured", "amount", "amount_retained")
    found = cells(table, *names, "lapsed", cents=("amount", "amount_retained"))
    assert found == database.ask(
        """SELECT year, COUNT(now.who), COUNT(*) FILTER (now.who IS NOT NULL AND began = year),
            COUNT(*) FILTER (now.cents > 0 AND last.cents > 0),
            COUNT(*) FILTER (now.cents > 0 AND last.cents IS NULL AND began < year),
            SUM(now.cents), COALESCE(SUM(LEAST(now.cents, last.cents)) FILTER (now.cents > 0 AND last.cents > 0), 0),
            COUNT(*) FILTER (last.cents > 0 AND now.cents IS NULL)
        FROM (SELECT who, b.year AS began, y.year FROM began b, (SELECT DISTINCT year FROM given) y)
        LEFT JOIN given now USING (who, year)
        LEFT JOIN (SELECT who, year + 1 AS year, cents FROM given) last USING (who, year)
        GROUP BY year ORDER BY year"""
    )
    for rate, part, whole in (
        ("retention_rate", "now.cents > 0", "TRUE"),
        ("new_donor_retention_rate", "now.cents > 0 AND began = last.year", "began = last.year"),
        ("repeat_donor_retention_rate", "now.cents > 0 AND began < last.year", "began < last.year"),
    ):
        expected = database.ask(
            f"""SELECT last.year + 1, COUNT(*) FILTER ({part}) / NULLIF(COUNT(*) FILTER ({whole}), 0)
            FROM given last JOIN (SELECT who, year AS began FROM began) USING (who)
            LEFT JOIN given now ON now.who = last.who AND now.year = last.year + 1
            WHERE last.year < (SELECT MAX(year) FROM given) GROUP BY 1 ORDER BY 1"""
        )
        rates = dict(cells(table.iloc[1:], "year", rate))
        assert rates == pytest.approx(dict(expected))
    first_days = [date(year + (start == 1), start, 1) for year in table["year"]]
    assert table["complete"].tolist() == [day <= TODAY for day in first_days]


@pytest.mark.parametrize("year", [2023, 2026])
def test_gain_loss(database: Database, mine: tuple[int, pd.DataFrame], year: int) -> None:
    start, gifts = mine
    table = analysis.gain_loss(gifts, year, fiscal_year_start=start)
    money = ("amount_before", "amount", "change")
    found = cells(table[table["donors"] > 0], "group", "donors", *money, cents=money)
    expected = database.ask(
        f"""SELECT CASE WHEN last IS NULL AND began = {year} THEN 'new' WHEN last IS NULL THEN 'recaptured'
                WHEN now IS NULL AND began = {year - 1} THEN 'lapsed, new'
                WHEN now IS NULL THEN 'lapsed, repeat'
                WHEN now > last THEN 'upgraded' WHEN now < last THEN 'downgraded' ELSE 'same' END,
            COUNT(*), COALESCE(SUM(last), 0), COALESCE(SUM(now), 0), COALESCE(SUM(now), 0) - COALESCE(SUM(last), 0)
        FROM (SELECT who, SUM(cents) FILTER (year = {year}) AS now, SUM(cents) FILTER (year = {year - 1}) AS last
            FROM given GROUP BY who)
        JOIN (SELECT who, year AS began FROM began) USING (who)
        WHERE now IS NOT NULL OR last IS NOT NULL GROUP BY 1"""
    )
    assert sorted(found) == sorted(expected)


def test_cohorts(database: Database, mine: tuple[int, pd.DataFrame]) -> None:
    start, gifts = mine
    donors = analysis.cohorts(gifts, fiscal_year_start=start)
    amounts = analysis.cohorts(gifts, "amount", fiscal_year_start=start)
    expected = database.ask(
        """SELECT began.year, given.year - began.year, COUNT(*), SUM(cents)
        FROM given JOIN began USING (who) GROUP BY 1, 2"""
    )
    for first, later, count, cents in expected:
        assert donors.loc[first, later] == count
        assert round(amounts.loc[first, later] * 100) == cents
    assert donors.sum().sum() == sum(row[2] for row in expected)


@pytest.mark.parametrize("first", [None, "one-time", "recurring"])
def test_second_gift(database: Database, mine: tuple[int, pd.DataFrame], first: Any) -> None:
    start, gifts = mine
    table = analysis.second_gift(gifts, first=first, within=200, fiscal_year_start=start, today=TODAY)
    names = ("first_year", "donors", "gave_again", "observed", "within", "median_days")
    kind = {None: "TRUE", "one-time": "NOT recurring", "recurring": "recurring"}[first]
    assert cells(table, *names) == database.ask(
        f"""WITH first AS (SELECT DISTINCT ON (who) who, day, year, recurring FROM mine WHERE who IS NOT NULL
                ORDER BY who, purchased_at, id),
            second AS (SELECT first.who, MIN(mine.day) AS day FROM first JOIN mine
                ON mine.who = first.who AND mine.day > first.day GROUP BY ALL)
        SELECT year, COUNT(*), COUNT(second.day),
            COUNT(*) FILTER (first.day <= DATE '{TODAY}' - 200),
            COUNT(*) FILTER (first.day <= DATE '{TODAY}' - 200 AND second.day - first.day <= 200),
            MEDIAN(second.day - first.day)
        FROM first LEFT JOIN second USING (who) WHERE {kind} GROUP BY 1 ORDER BY 1"""
    )


@pytest.mark.parametrize("year", [2024, 2026])
def test_lybunt_and_sybunt(database: Database, mine: tuple[int, pd.DataFrame], year: int) -> None:
    start, gifts = mine
    names = (
        "donor_id",
        "first_gift",
        "last_gift",
        "gifts",
        "amount",
        "last_year",
        "last_year_amount",
        "anonymous",
    )
    expected = database.ask(
        f"""SELECT who, MIN(day), MAX(day), COUNT(*), SUM(cents), last.year,
            SUM(cents) FILTER (mine.year = last.year) AS latest, BOOL_OR(anonymous)
        FROM mine JOIN (SELECT who, MAX(year) AS year FROM given WHERE year <= {year} GROUP BY who) last USING (who)
        WHERE mine.year <= {year} AND last.year < {year} GROUP BY who, last.year ORDER BY latest DESC, who"""
    )
    for function, wanted in (
        (analysis.lybunt, [row for row in expected if row[5] == year - 1]),
        (analysis.sybunt, [row for row in expected if row[5] < year - 1]),
    ):
        table = function(gifts, year, fiscal_year_start=start)
        assert cells(table, *names, cents=("amount", "last_year_amount")) == wanted


def test_rfm(database: Database, mine: tuple[int, pd.DataFrame]) -> None:
    _, gifts = mine
    table = analysis.rfm(gifts, today=TODAY).sort_values("donor_id")
    assert len(set(table["segment"])) >= len(analysis.SEGMENTS) - 2
    names = ("donor_id", "days_since", "gifts", "amount", "recency", "frequency", "monetary")

    def score(value: str, upper: str) -> str:
        """The fifth that holds most of those who are alike; of several, the outermost."""
        return f"""(SELECT k FROM range(1, 6) AS fifth(k) ORDER BY LEAST(5 * (n - {value}_better), k * n)
            - GREATEST(5 * {value}_worse, (k - 1) * n) DESC,
            CASE WHEN {value}_worse {upper} {value}_better THEN -k ELSE k END LIMIT 1)"""

    ranks = ", ".join(
        f"RANK() OVER (ORDER BY {value} ASC) - 1 AS {value}_worse, RANK() OVER (ORDER BY {value} DESC) - 1 AS {value}_better"
        for value in ("day", "gifts", "cents")
    )
    assert cells(table, *names, cents=("amount",)) == database.ask(
        f"""SELECT who, DATE '{TODAY}' - day, gifts, cents, {score("day", ">=")}, {score("gifts", ">")},
            {score("cents", ">")}
        FROM (SELECT *, COUNT(*) OVER () AS n, {ranks}
            FROM (SELECT who, MAX(day) AS day, COUNT(*) AS gifts, SUM(cents) AS cents FROM mine
                WHERE who IS NOT NULL GROUP BY who)) ORDER BY who"""
    )


def test_failed_payments(database: Database, world: tuple[Database, pd.DataFrame, pd.DataFrame]) -> None:
    table = analysis.failed_payments(world[1])
    names = ("currency", "month", "charges", "failed", "failed_amount", "recovered", "recovered_amount")
    found = cells(table, *names, "lost_amount", cents=("failed_amount", "recovered_amount", "lost_amount"))
    expected = database.ask(
        f"""WITH RECURSIVE attempt AS (
            SELECT DISTINCT ON (id) id, parent_transaction_id AS parent, status, purchased_at,
                currency_code AS currency, CAST(ROUND(100 * COALESCE(donation_gross_amount, 0)) AS BIGINT) AS cents
            FROM transactions WHERE recurring_donation_plan_id IS NOT NULL),
        chain AS (
            SELECT *, id AS root FROM attempt
            WHERE parent IS NULL OR parent NOT IN (SELECT id FROM attempt
                WHERE status NOT IN ('success', 'refunded', 'cb_lost', 'cb_initiated'))
            UNION ALL SELECT retry.*, chain.root FROM attempt retry JOIN chain ON retry.parent = chain.id
                AND chain.status NOT IN ('success', 'refunded', 'cb_lost', 'cb_initiated')),
        installment AS (
            SELECT root, ARG_MIN(currency, purchased_at) AS currency, ARG_MIN(cents, purchased_at) AS cents,
                CAST(date_trunc('month', timezone('{database.zone}', MIN(purchased_at))) AS DATE) AS month,
                BOOL_OR(status = 'failed') AS failed, BOOL_OR(status <> 'failed') AS paid
            FROM chain WHERE status IN ('success', 'refunded', 'cb_lost', 'cb_initiated', 'failed') GROUP BY root)
        SELECT currency, month, COUNT(*), COUNT(*) FILTER (failed), COALESCE(SUM(cents) FILTER (failed), 0),
            COUNT(*) FILTER (failed AND paid), COALESCE(SUM(cents) FILTER (failed AND paid), 0),
            COALESCE(SUM(cents) FILTER (failed AND NOT paid), 0)
        FROM installment GROUP BY ALL ORDER BY ALL"""
    )
    assert found == expected
    assert sum(row[5] for row in expected) > 10


def test_plans(database: Database, world: tuple[Database, pd.DataFrame, pd.DataFrame]) -> None:
    plans = world[2]
    table = analysis.plan_lives(plans, today=TODAY).sort_values("id")
    found = cells(table, "id", "started", "ended", "monthly_amount", "currency", cents=("monthly_amount",))
    assert found == database.ask(
        "SELECT id, began, ended_on, CAST(ROUND(cents / step) AS BIGINT), currency FROM plan ORDER BY id"
    )
    for day in ("2024-02-29", "2026-10-31", "2027-05-01"):
        expected = database.ask(
            f"""SELECT id FROM plan WHERE began <= DATE '{day}' AND COALESCE(ended_on, until, DATE '9999-01-01')
                > DATE '{day}' ORDER BY id"""
        )
        assert cells(analysis.active_plans(plans, day).sort_values("id"), "id") == expected


def test_churn(database: Database, world: tuple[Database, pd.DataFrame, pd.DataFrame]) -> None:
    table = analysis.churn(world[2], today=TODAY)
    names = (
        "currency",
        "month",
        "at_start",
        "started",
        "canceled",
        "failed",
        "ran_out",
        "at_end",
        "lost_from_start",
    )
    found = cells(table, *names, "monthly_amount", cents=("monthly_amount",))
    open_at = "COUNT(*) FILTER (began < {0} AND (ended_on IS NULL OR ended_on >= {0}))"
    assert found == database.ask(
        f"""SELECT currency, month, {open_at.format("month")}, COUNT(*) FILTER (began >= month AND began < later),
            COUNT(*) FILTER (ended_on >= month AND ended_on < later AND status = 'canceled'),
            COUNT(*) FILTER (ended_on >= month AND ended_on < later AND status = 'failed'),
            COUNT(*) FILTER (ended_on >= month AND ended_on < later AND status NOT IN ('canceled', 'failed')),
            {open_at.format("later")}, COUNT(*) FILTER (began < month AND ended_on >= month AND ended_on < later),
            COALESCE(CAST(SUM(ROUND(cents / step)) FILTER (began < later AND (ended_on IS NULL OR ended_on >= later))
                AS BIGINT), 0)
        FROM (SELECT currency, CAST(month AS DATE) AS month, CAST(month + INTERVAL 1 MONTH AS DATE) AS later
            FROM (SELECT currency, UNNEST(generate_series(date_trunc('month', MIN(began)), TIMESTAMP '{TODAY}',
                INTERVAL 1 MONTH)) AS month FROM plan GROUP BY currency))
        JOIN plan USING (currency) GROUP BY ALL ORDER BY ALL"""
    )


def test_forecast(database: Database, world: tuple[Database, pd.DataFrame, pd.DataFrame]) -> None:
    table = analysis.forecast(world[2], today=TODAY, churn_rate=0.1)
    found = cells(table, "currency", "month", "charges", "scheduled", cents=("scheduled",))
    expected = database.ask(
        """WITH charge AS (
            SELECT currency, cents, GREATEST(next, pause) AS earliest, until,
                CAST(COALESCE(next, began) + to_months(CAST(n * step AS INTEGER)) AS DATE) AS day, began
            FROM plan, range(0, 200) AS numbers(n)
            WHERE NOT over AND NOT (paused AND pause IS NULL))
        SELECT currency, CAST(date_trunc('month', day) AS DATE), COUNT(*), SUM(cents) FROM charge
        WHERE day >= COALESCE(earliest, began) AND day <= COALESCE(until, DATE '9999-01-01')
            AND day >= DATE '2026-12-01' AND day < DATE '2027-12-01'
        GROUP BY ALL ORDER BY ALL"""
    )
    assert [row for row in found if row[2]] == expected
    assert len(expected) == 24
    left = database.ask(
        f"""SELECT currency, COUNT(*) FILTER (until IS NULL OR until > DATE '2026-12-31') FROM plan
        WHERE NOT over AND began <= DATE '{TODAY}' GROUP BY 1 ORDER BY 1"""
    )
    first = table[table["month"] == pd.Timestamp("2026-12-01")]
    assert cells(first, "currency", "plans") == [
        (currency, pytest.approx(count * 0.9)) for currency, count in left
    ]
    for row in table.itertuples():
        months = (row.month.year - 2026) * 12 + row.month.month - 11
        assert row.expected == pytest.approx(row.scheduled * 0.9**months, abs=0.006)
