"""The views of a copy against cn.analysis, over frames as dirty as real ones, in two time zones."""
# ruff: noqa: E501 - a line of SQL says one thing

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from support.dirty import cells, dirty
from support.giving import connected
from support.mirrors import HandMade

from classy_nb import analysis
from classy_nb.mirror.views import KEYS, create_views
from classy_nb.sandbox import Sandbox

ZONES = {"America/Los_Angeles": 1, "Asia/Kolkata": 7}
LISTS = (
    "transaction_items", "recurring_donation_history", "supporters", "campaigns", "fundraising_pages",
    "fundraising_teams", "designations",
)  # fmt: skip
World = tuple[HandMade, pd.DataFrame, pd.DataFrame, pd.DataFrame]


@pytest.fixture(scope="module")
def fetched() -> Iterator[dict[str, Any]]:
    with Sandbox(transactions=4_000, requests_per_minute=0) as box, connected(box) as classy:
        lists = {name: getattr(classy, name).to_arrow(decimal=True, flat=True, progress=False) for name in LISTS}
        payouts = classy.payouts.to_arrow(decimal=True, flat=True, since="2026-08-01", progress=False)
        yield {
            **lists,
            "payouts": payouts,
            "transactions": classy.transactions(progress=False),
            "recurring_donation_plans": classy.recurring_donation_plans(progress=False),
            "items": classy.transaction_items(progress=False),
            "payout_frame": classy.payouts(since="2026-08-01", progress=False),
        }


@pytest.fixture(scope="module", params=ZONES)
def world(
    request: pytest.FixtureRequest, fetched: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> World:
    """A copy, and the transactions, items and plans that it holds."""
    zone = request.param
    transactions = dirty(fetched["transactions"], 7).drop_duplicates("id")
    draw = np.random.default_rng(3)
    transactions.loc[draw.random(len(transactions)) < 0.02, "currency_code"] = " usd "
    transactions.loc[draw.random(len(transactions)) < 0.01, "currency_code"] = "  "
    transactions.loc[draw.random(len(transactions)) < 0.01, "purchased_at"] = pd.NaT
    transactions.loc[draw.random(len(transactions)) < 0.02, "donation_gross_amount"] = 0.0
    plans = fetched["recurring_donation_plans"].copy()
    plans.loc[draw.random(len(plans)) < 0.3, "currency_code"] = "CAD"
    plans.loc[draw.random(len(plans)) < 0.2, "donation_amount"] = 25.05
    for frequency in ("bi-monthly", "semi-annually", "weekly", "yearly"):
        plans.loc[draw.random(len(plans)) < 0.05, "frequency"] = frequency
    now = pd.Timestamp.now().normalize()
    days = now + pd.to_timedelta(draw.integers(-200, 400, len(plans)), unit="D")
    plans["recur_until"] = plans["recur_until"].mask(draw.random(len(plans)) < 0.3, days)
    plans["canceled_at"] = plans["canceled_at"].mask(draw.random(len(plans)) < 0.1)
    plans.loc[draw.random(len(plans)) < 0.05, "status"] = "draft"
    plans.loc[draw.random(len(plans)) < 0.1, "failed_at"] = now.tz_localize(zone) + pd.Timedelta(days=90)
    items = fetched["items"].copy()
    items.loc[draw.random(len(items)) < 0.05, "designation_id"] = pd.NA
    items.loc[draw.random(len(items)) < 0.05, "final_price"] += 1.25
    items = items[draw.random(len(items)) > 0.02]
    for frame in (transactions, plans):
        for name in frame.columns:
            if isinstance(frame[name].dtype, pd.DatetimeTZDtype):
                frame[name] = frame[name].dt.tz_convert(zone)
    copy = HandMade(
        tmp_path_factory.mktemp("copy") / "classy.duckdb", timezone=zone, fiscal_year_start=ZONES[zone]
    )
    lists = {name: fetched[name] for name in (*LISTS, "payouts")}
    lists |= {"transactions": transactions, "recurring_donation_plans": plans, "transaction_items": items}
    everything = lists | {
        name: pd.concat([lists[name], lists[name].iloc[:50].assign(id=range(1, 51))])
        for name in ("transactions", "recurring_donation_plans", "transaction_items")
    }
    copy.put(datetime(2026, 11, 1, tzinfo=UTC), **everything)
    copy.put(datetime(2026, 11, 2, tzinfo=UTC), **lists)  # the fifty of each were deleted
    with copy.writing() as database:
        assert create_views(database) == list(KEYS)
    return copy, transactions, items, plans


def ask(world: World, statement: str) -> list[tuple[Any, ...]]:
    return world[0].ask(statement)


def cents(name: str) -> str:
    return f"CAST(100 * SUM({name}) AS BIGINT)"


def test_deleted_rows_are_left_out(world: World) -> None:
    assert ask(world, "SELECT COUNT(*), COUNT(_deleted_at) FROM transactions") == [(4_050, 50)]
    assert ask(world, "SELECT COUNT(*) FROM report_gifts") == [(4_000,)]
    assert ask(world, "SELECT COUNT(*) FROM report_gifts WHERE transaction_id <= 50") == [(0,)]


def test_what_is_raised(world: World) -> None:
    gifts = analysis.gifts(world[1]).sort_values("id")
    names = ("id", "date", "amount", "currency", "donor_id", "recurring", "anonymous", "offline")
    assert cells(gifts, *names, cents=("amount",)) == ask(
        world,
        """SELECT transaction_id, purchased_day, CAST(100 * raised_amount AS BIGINT), currency, supporter_id,
            is_recurring, is_anonymous, is_offline FROM report_gifts WHERE is_raised ORDER BY transaction_id""",
    )
    assert ask(world, "SELECT SUM(raised_amount) FROM report_gifts WHERE NOT is_raised") == [(0,)]
    left_out = analysis.left_out(world[1])
    assert left_out.loc[~left_out["counted"], "transactions"].sum() > 400


@pytest.mark.parametrize("by", [None, "campaign_id", "fundraising_page_id", "fundraising_team_id"])
def test_raised_by_month(world: World, by: str | None) -> None:
    table = analysis.by_period(analysis.gifts(world[1]), "M", by=by)
    table = table[table["gifts"] > 0]
    names = [*([by] if by else []), "currency", "period", "gifts", "donors", "amount", "recurring_amount"]
    found = cells(table, *names, cents=("amount", "recurring_amount"))
    also = f"{by}, " if by else ""
    expected = ask(
        world,
        f"""SELECT {also}currency, purchased_month, COUNT(*), COUNT(DISTINCT supporter_id), {cents("raised_amount")},
            COALESCE({cents("raised_amount")[:-11]} FILTER (is_recurring) AS BIGINT), 0)
        FROM report_gifts WHERE is_raised GROUP BY ALL ORDER BY ALL NULLS LAST""",
    )
    assert sorted(found, key=str) == sorted(expected, key=str)
    assert len(expected) > 100


@pytest.mark.parametrize("by", ["day", "month", "year", "payment_method"])
def test_gross_fees_net(world: World, by: str) -> None:
    start = ZONES[str(world[1]["purchased_at"].dt.tz)]
    table = analysis.gross_fees_net(world[1], by=by, fiscal_year_start=start)
    if by == "year":
        table["year"] = (table["year"].dt.year + (start > 1)).astype("Int64")
    sums = ("gross", "donations", "tickets", "covered_fees", "platform_fees", "processor_fees", "fees", "net")
    stored = ("gross", "donation", "ticket", "covered_fees", "platform_fees", "processor_fees", "fees", "net")
    column = {"day": "purchased_day", "month": "purchased_month", "year": "purchased_fiscal_year"}.get(by, by)
    expected = ask(
        world,
        f"""SELECT {column}, currency, COUNT(*), {", ".join(cents(f"{name}_amount") for name in stored)}
        FROM report_gifts WHERE is_paid GROUP BY ALL""",
    )
    found = cells(table, by, "currency", "transactions", *sums, cents=sums)
    assert sorted(found, key=str) == sorted(expected, key=str)


@pytest.mark.parametrize("date", ["refunded_at", "purchased_at"])
def test_refunds(world: World, date: str) -> None:
    table = analysis.refunds(world[1], date=date)  # type: ignore[arg-type]
    table = table[(table["refunds"] > 0) | (table["chargebacks"] > 0)]
    names = ("currency", "period", "refunds", "refunded_amount", "chargebacks", "charged_back_amount")
    found = cells(table, *names, cents=("refunded_amount", "charged_back_amount"))
    expected = ask(
        world,
        f"""SELECT currency, {date[:-3]}_month, COUNT(*) FILTER (status = 'refunded'),
            CAST(100 * COALESCE(SUM(given_back_amount) FILTER (status = 'refunded'), 0) AS BIGINT),
            COUNT(*) FILTER (status = 'cb_lost'),
            CAST(100 * COALESCE(SUM(given_back_amount) FILTER (status = 'cb_lost'), 0) AS BIGINT)
        FROM report_gifts WHERE is_given_back GROUP BY ALL""",
    )
    assert sorted(found, key=str) == sorted(expected, key=str)
    assert sum(row[4] for row in expected) > 50


def test_designations(world: World) -> None:
    table = analysis.designation_totals(world[1], world[2])
    sums = ("gross", "donations", "tickets", "covered_fees", "fees", "net")
    stored = ("gross", "donation", "ticket", "covered_fees", "fees", "net")
    found = cells(
        table, "designation_id", "part", "currency", "transactions", "items", *sums, "refunded",
        cents=(*sums, "refunded"),
    )  # fmt: skip
    paid = ", ".join(
        f"CAST(100 * COALESCE(SUM({name}_amount) FILTER (is_paid), 0) AS BIGINT)" for name in stored
    )
    expected = ask(
        world,
        f"""SELECT designation_id, part, currency, COUNT(DISTINCT transaction_id) FILTER (is_paid),
            COUNT(item_id) FILTER (is_paid), {paid},
            CAST(100 * COALESCE(SUM(gross_amount) FILTER (is_taken_back), 0) AS BIGINT)
        FROM report_gift_items WHERE is_paid OR is_taken_back GROUP BY ALL""",
    )
    assert sorted(found, key=str) == sorted(expected, key=str)
    assert {row[1] for row in expected} == {"designation", "no designation", "not in items"}


def test_items_add_up_to_their_gifts(world: World) -> None:
    both = ask(
        world,
        """SELECT (SELECT SUM(gross_amount) FROM report_gift_items WHERE is_paid),
            (SELECT SUM(gross_amount) FROM report_gifts WHERE is_paid)""",
    )
    assert both[0][0] == both[0][1] > 0


def test_plan_lives(world: World) -> None:
    lives = analysis.plan_lives(world[3]).sort_values("id")
    names = ("id", "started", "ended", "monthly_amount", "currency", "donor_id")
    assert cells(lives, *names, cents=("monthly_amount",)) == ask(
        world,
        """SELECT recurring_donation_plan_id, started_day, ended_day, CAST(100 * monthly_amount AS BIGINT), currency,
            supporter_id FROM report_plan_events WHERE event = 'started' AND source = 'plan' ORDER BY 1""",
    )
    ended = lives.dropna(subset="ended").assign(ending=lambda some: some["ending"].str.replace(" ", "_"))
    assert cells(ended, "id", "ended", "ending") == ask(
        world,
        """SELECT recurring_donation_plan_id, event_day, event FROM report_plan_events
        WHERE source = 'plan' AND event <> 'started' ORDER BY 1""",
    )


def test_churn_and_recurring_revenue(world: World) -> None:
    table = analysis.churn(world[3])
    names = (
        "currency", "month", "at_start", "started", "canceled", "failed", "ran_out", "at_end", "lost_from_start",
        "monthly_amount",
    )  # fmt: skip
    endings = ", ".join(
        f"COUNT(*) FILTER (event = '{name}' AND event_month = month)"
        for name in ("started", "canceled", "failed", "ran_out")
    )
    expected = ask(
        world,
        f"""WITH event AS (SELECT * FROM report_plan_events WHERE source = 'plan'
                AND event_day <= CAST(now() AT TIME ZONE '{world[3]["started_at"].dt.tz}' AS DATE)),
            month AS (SELECT currency, CAST(UNNEST(generate_series(MIN(event_month), date_trunc('month',
                now() AT TIME ZONE '{world[3]["started_at"].dt.tz}'), INTERVAL 1 MONTH)) AS DATE) AS month
                FROM event GROUP BY 1)
        SELECT currency, month, COALESCE(SUM(plans_change) FILTER (event_month < month), 0), {endings},
            SUM(plans_change), COUNT(*) FILTER (plans_change < 0 AND event_month = month
                AND date_trunc('month', started_day) < month), CAST(100 * SUM(monthly_amount_change) AS BIGINT)
        FROM month JOIN event USING (currency) WHERE event_month <= month GROUP BY ALL ORDER BY ALL""",
    )
    assert cells(table, *names, cents=("monthly_amount",)) == expected
    assert all(sum(row[column] for row in expected) > 10 for column in range(3, 9))


@pytest.mark.parametrize("currency", ["USD", "CAD"])
def test_retention(world: World, currency: str) -> None:
    gifts = analysis.gifts(world[1])
    start = ZONES[str(world[1]["purchased_at"].dt.tz)]
    table = analysis.retention(gifts[gifts["currency"] == currency], fiscal_year_start=start)
    found = cells(
        table, "year", "donors", "new", "retained", "recaptured", "lapsed", "amount", cents=("amount",)
    )
    expected = ask(
        world,
        f"""WITH given AS (SELECT supporter_id AS who, purchased_fiscal_year AS year, SUM(raised_amount) AS amount
                FROM report_gifts WHERE is_raised AND currency = '{currency}' AND supporter_id IS NOT NULL GROUP BY ALL),
            pair AS (SELECT given.*, last.who IS NOT NULL AS before, MIN(given.year) OVER (PARTITION BY given.who) AS began
                FROM given LEFT JOIN given last ON last.who = given.who AND last.year = given.year - 1),
            year AS (SELECT year, COUNT(*) AS donors, COUNT(*) FILTER (year = began) AS new,
                COUNT(*) FILTER (before) AS retained, COUNT(*) FILTER (year > began AND NOT before) AS recaptured,
                CAST(100 * SUM(amount) AS BIGINT) AS cents FROM pair GROUP BY 1)
        SELECT year, donors, new, retained, recaptured, COALESCE(LAG(donors) OVER (ORDER BY year), 0) - retained, cents
        FROM year ORDER BY 1""",
    )
    assert found == expected
    assert len(expected) >= 6


def test_payout_lines(world: World, fetched: dict[str, Any]) -> None:
    frame = fetched["payout_frame"]
    assert ask(
        world,
        """SELECT payout_record_id, payout_id, payout_day, CAST(SUM(net_units) AS BIGINT) FROM report_payout_lines
        GROUP BY ALL ORDER BY 1""",
    ) == cells(frame.sort_values("id"), "id", "payout_id", "payout_date", "payout_amount")
    both = ask(
        world,
        """SELECT COUNT(*), COUNT(gift.transaction_id), COUNT(*) FILTER (line.gross_units = 100 * gift.gross_amount)
        FROM report_payout_lines line LEFT JOIN report_gifts gift USING (organization_id, transaction_id)""",
    )
    assert both[0][0] == both[0][1] == both[0][2] > 20
    assert ask(
        world,
        """SELECT currency, COUNT(*) > 0, BOOL_AND(gross_amount = gross_units / CASE currency WHEN 'JPY' THEN 1 ELSE 100 END)
        FROM report_payout_lines WHERE currency IN ('JPY', 'USD') GROUP BY 1 ORDER BY 1""",
    ) == [("JPY", True, True), ("USD", True, True)]


@pytest.mark.parametrize(
    ("view", "table"),
    [
        ("report_supporters", "supporters"),
        ("report_campaigns", "campaigns"),
        ("report_pages", "fundraising_pages"),
        ("report_teams", "fundraising_teams"),
        ("report_designations", "designations"),
    ],
)
def test_records_have_local_days(world: World, view: str, table: str) -> None:
    key = KEYS[view][0]
    zone = str(world[1]["purchased_at"].dt.tz)
    assert ask(world, f"SELECT COUNT(*), COUNT(DISTINCT {key}) FROM {view}") == [
        ask(world, f"SELECT COUNT(*), COUNT(*) FROM {table}")[0]
    ]
    assert ask(
        world,
        f"""SELECT COUNT(*) FROM {view} JOIN {table} ON {key} = id
        WHERE created_day IS DISTINCT FROM CAST(timezone('{zone}', {table}.created_at) AS DATE)
            OR created_month IS DISTINCT FROM date_trunc('month', created_day)""",
    ) == [(0,)]


def test_what_identifies_a_row(world: World) -> None:
    for view, key in KEYS.items():
        listed = ", ".join(("organization_id", *key))
        assert ask(world, f"SELECT {listed} FROM {view} GROUP BY ALL HAVING COUNT(*) > 1") == [], view


def test_no_name_needs_quotes(world: World) -> None:
    names = ask(world, "SELECT column_name FROM duckdb_columns() WHERE table_name LIKE 'report_%'")
    reserved = {row[0] for row in ask(world, "SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category = 'reserved'")}
    assert len(names) > 150
    assert all(name.isidentifier() and name.islower() and name not in reserved for (name,) in names)


def test_views_follow_a_file_that_is_renamed(world: World, tmp_path: Path) -> None:
    import duckdb

    for name in ("classy.duckdb", "other name.duckdb"):
        path = tmp_path / name
        path.write_bytes(world[0].path.read_bytes())
        with duckdb.connect(str(path), read_only=True) as database:
            (catalog,) = database.execute("SELECT current_database()").fetchone() or ("",)
            statement = f'SELECT COUNT(*) FROM "{catalog}".main.report_gift_items WHERE is_raised'
            assert database.execute(statement).fetchall()[0][0] > 1_000
