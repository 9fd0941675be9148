"""Designations, refunds, answers and duplicates against SQL that DuckDB runs over the same frames.

The frames come from the sandbox and are made dirtier: a second currency, items without a designation or lost,
overlapping fetches, answers that are blank or given twice, supporters in other spellings.
"""
# ruff: noqa: E501 - a line of SQL says one thing

from collections.abc import Iterator
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from support.giving import connected

import classy_nb as cn
from classy_nb import analysis
from classy_nb.sandbox import Sandbox

ZONE = "America/Los_Angeles"
Frames = dict[str, pd.DataFrame]


@pytest.fixture(scope="module")
def frames() -> Frames:
    draw = np.random.default_rng(11)
    with Sandbox(transactions=3_000, requests_per_minute=0) as box, connected(box) as classy:
        found = {
            "transactions": classy.transactions(progress=False, include="items"),
            **{
                name: getattr(classy, name)(progress=False)
                for name in ("registrations", "answers", "questions", "supporters", "campaigns")
            },
        }
    transactions = found["transactions"]
    some = draw.random(len(transactions))
    transactions.loc[some < 0.2, "currency_code"] = "CAD"
    transactions.loc[(some > 0.2) & (some < 0.25), "status"] = "refunded"
    transactions.loc[(some > 0.25) & (some < 0.28), "status"] = "cb_lost"
    when = transactions["purchased_at"] + pd.to_timedelta(draw.integers(1, 90, len(some)), unit="D")
    is_back = transactions["status"] == "refunded"
    transactions["refunded_at"] = when.where(is_back)
    items = cn.explode(transactions, "items").drop(columns="parent_id", errors="ignore")
    chance = draw.random(len(items))
    items.loc[chance < 0.1, "designation_id"] = pd.NA
    items.loc[(chance > 0.1) & (chance < 0.2), "designation_id"] += 1
    items.loc[(chance > 0.2) & (chance < 0.25), "final_price"] += 0.01
    found["items"] = items.loc[chance < 0.97]
    found["transactions"] = pd.concat(
        [transactions.drop(columns="items"), transactions.drop(columns="items")[:200]]
    )

    answers = found["answers"]
    chance = draw.random(len(answers))
    answers.loc[chance < 0.1, "answer"] = " "
    answers.loc[(chance > 0.1) & (chance < 0.15), "answer"] = pd.NA
    again = answers.loc[chance > 0.9].assign(answer="again", id=lambda some: some["id"] + 10_000_000)
    found["answers"] = pd.concat([answers, again.astype(answers.dtypes), answers[:100]])

    people = found["supporters"]
    chance = draw.random(len(people))
    twins = people.loc[chance < 0.05].assign(id=lambda some: some["id"] + 10_000_000)
    twins["email_address"] = " " + twins["email_address"].str.upper()
    found["supporters"] = pd.concat([people, twins])
    return found


@pytest.fixture(scope="module")
def database(frames: Frames) -> Iterator[duckdb.DuckDBPyConnection]:
    opened = duckdb.connect(
        config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
    )
    for name, frame in frames.items():
        plain = frame.drop(columns=[column for column in frame if frame[column].dtype == object])
        opened.register(f"given_{name}", plain.convert_dtypes(dtype_backend="pyarrow"))
        opened.execute(f"CREATE TABLE {name} AS SELECT DISTINCT ON (id) * FROM given_{name}")
    yield opened
    opened.close()


def cells(table: pd.DataFrame, *names: str, cents: tuple[str, ...] = ()) -> list[tuple[Any, ...]]:
    columns = []
    for name in names:
        column = (table[name] * 100).round().astype("Int64") if name in cents else table[name]
        days = column.dtype.kind == "M"
        columns.append([None if pd.isna(cell) else cell.date() if days else cell for cell in column.tolist()])
    return list(zip(*columns, strict=True))


def by_text(found: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return sorted(found, key=str)


def test_designations(frames: Frames, database: duckdb.DuckDBPyConnection) -> None:
    table = analysis.designation_totals(frames["transactions"], frames["items"])
    money = ("gross", "donations", "tickets", "fees", "net", "refunded")
    of_items = table[table["part"] != "not in items"]
    found = cells(of_items, "designation_id", "currency", "transactions", "items", *money, cents=money)
    expected = database.execute(
        """WITH line AS (
            SELECT i.designation_id AS fund, currency_code AS currency, t.id AS paid, status = 'success' AS good,
                CAST(ROUND(100 * i.final_price) AS BIGINT) AS gross,
                CAST(ROUND(100 * i.donation_gross_amount) AS BIGINT) AS gift,
                CAST(ROUND(100 * i.overhead_amount) AS BIGINT) AS ticket,
                CAST(ROUND(100 * i.fees_amount) AS BIGINT) AS fee
            FROM items i JOIN transactions t ON t.id = i.transaction_id
            WHERE status IN ('success', 'refunded', 'cb_lost', 'cb_initiated'))
        SELECT fund, currency, COUNT(DISTINCT paid) FILTER (good), COUNT(*) FILTER (good),
            COALESCE(SUM(gross) FILTER (good), 0), COALESCE(SUM(gift) FILTER (good), 0),
            COALESCE(SUM(ticket) FILTER (good), 0), COALESCE(SUM(fee) FILTER (good), 0),
            COALESCE(SUM(gross - fee) FILTER (good), 0), COALESCE(SUM(gross) FILTER (NOT good), 0)
        FROM line GROUP BY ALL"""
    ).fetchall()
    assert by_text(found) == by_text(expected)
    assert len(found) > 6


def test_designations_add_up_to_the_transactions(frames: Frames) -> None:
    table = analysis.designation_totals(frames["transactions"], frames["items"])
    names = ["gross", "donations", "tickets", "covered_fees", "fees", "net"]
    whole = analysis.gross_fees_net(frames["transactions"]).set_index("currency")[names]
    pd.testing.assert_frame_equal(table.groupby("currency")[names].sum().round(2), whole)
    assert set(table["part"]) == {"designation", "no designation", "not in items"}


@pytest.mark.parametrize("length", ["D", "M", "Y"])
@pytest.mark.parametrize("date", ["refunded_at", "purchased_at"])
def test_refunds(frames: Frames, database: duckdb.DuckDBPyConnection, length: str, date: Any) -> None:
    table = analysis.refunds(frames["transactions"], length, date=date)
    table = table[(table["refunds"] > 0) | (table["chargebacks"] > 0)]
    money = ("refunded_amount", "charged_back_amount")
    found = cells(table, "period", "currency", "refunds", money[0], "chargebacks", money[1], cents=money)
    unit = {"D": "day", "M": "month", "Y": "year"}[length]
    expected = database.execute(
        f"""SELECT CAST(date_trunc('{unit}', timezone('{ZONE}', {date})) AS DATE), currency_code,
            COUNT(*) FILTER (status = 'refunded'),
            COALESCE(SUM(CAST(ROUND(100 * total_gross_amount) AS BIGINT)) FILTER (status = 'refunded'), 0),
            COUNT(*) FILTER (status = 'cb_lost'),
            COALESCE(SUM(CAST(ROUND(100 * total_gross_amount) AS BIGINT)) FILTER (status = 'cb_lost'), 0)
        FROM transactions WHERE status IN ('refunded', 'cb_lost') GROUP BY ALL"""
    ).fetchall()
    assert by_text(found) == by_text(expected)
    assert len(found) > 5


def test_totals_by_campaign(frames: Frames, database: duckdb.DuckDBPyConnection) -> None:
    gifts = analysis.gifts(frames["transactions"])
    table = analysis.by_period(gifts, "Y", by="campaign_id", names=frames["campaigns"], fiscal_year_start=7)
    found = cells(table, "campaign_id", "name", "period", "currency", "gifts", "amount", cents=("amount",))
    expected = database.execute(
        f"""SELECT c.id, name, CAST(date_trunc('year', date_trunc('month', timezone('{ZONE}', purchased_at))
                - INTERVAL 6 MONTH) + INTERVAL 6 MONTH AS DATE), t.currency_code, COUNT(*),
            SUM(CAST(ROUND(100 * donation_gross_amount) AS BIGINT))
        FROM transactions t JOIN campaigns c ON c.id = t.campaign_id
        WHERE t.status = 'success' AND donation_gross_amount > 0 GROUP BY ALL"""
    ).fetchall()
    assert by_text(found) == by_text(expected)


def test_answers(frames: Frames, database: duckdb.DuckDBPyConnection) -> None:
    given = frames["registrations"]
    table = analysis.wide_answers(given, frames["answers"], frames["questions"], by="label")
    assert table["id"].tolist() == given["id"].tolist()
    added = [name for name in table if name not in given]
    long = table.melt("id", added, "label", "answer").dropna(subset="answer")
    found = cells(long, "id", "label", "answer")
    expected = database.execute(
        """SELECT answerable_id, label, string_agg(answer, '; ' ORDER BY a.id)
        FROM answers a JOIN questions q ON q.id = a.question_id JOIN registrations r ON r.id = answerable_id
        WHERE answerable_type = 'campaign_registration' AND TRIM(answer) <> '' GROUP BY ALL"""
    ).fetchall()
    assert by_text(found) == by_text(expected)
    assert len(found) > 100
    apart = analysis.wide_answers(given, frames["answers"], frames["questions"])
    assert apart.drop(columns=given.columns).notna().sum().sum() == len(found)


def test_supporters_who_share_an_email(frames: Frames, database: duckdb.DuckDBPyConnection) -> None:
    table = analysis.duplicates(frames["supporters"], "email")
    groups = table.groupby("group")["id"].agg(lambda ids: tuple(sorted(ids)))
    expected = database.execute(
        """SELECT list(id ORDER BY id) FROM supporters WHERE email_address LIKE '%@%'
        GROUP BY LOWER(TRIM(email_address)) HAVING COUNT(*) > 1"""
    ).fetchall()
    assert sorted(groups) == sorted(tuple(row[0]) for row in expected)
    assert len(groups) > 20


def test_donors_of_a_year(frames: Frames, database: duckdb.DuckDBPyConnection) -> None:
    gifts = analysis.gifts(frames["transactions"])
    table = analysis.retention_donors(
        gifts[gifts["currency"] == "USD"], 2026, supporters=frames["supporters"]
    )
    money = ("amount_before", "amount")
    found = cells(table, "donor_id", "group", *money, "email_address", cents=money)
    expected = database.execute(
        f"""WITH gift AS (SELECT supporter_id AS who, year(timezone('{ZONE}', purchased_at)) AS y,
                CAST(ROUND(100 * donation_gross_amount) AS BIGINT) AS cents FROM transactions
                WHERE status = 'success' AND donation_gross_amount > 0 AND currency_code = 'USD' AND supporter_id <> 0),
            donor AS (SELECT who, COALESCE(SUM(cents) FILTER (y = 2025), 0) AS last,
                COALESCE(SUM(cents) FILTER (y = 2026), 0) AS now, MIN(y) AS began FROM gift GROUP BY who)
        SELECT who, CASE WHEN now = 0 THEN 'lapsed' WHEN last > 0 THEN 'retained' WHEN began = 2026 THEN 'new'
            ELSE 'recaptured' END, last, now, email_address
        FROM donor LEFT JOIN supporters s ON s.id = who WHERE last > 0 OR now > 0"""
    ).fetchall()
    assert by_text(found) == by_text(expected)
    assert {row[1] for row in found} == {"lapsed", "retained", "new", "recaptured"}
