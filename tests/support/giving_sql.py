"""The calculations on gifts and plans once more, in SQL over the sandbox's own tables (cents, seconds).

Nothing here uses the package's calculations: it is what they are compared with.
"""

import sqlite3
import weakref
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

ORGANIZATION = 64_531
TODAY = date(2026, 11, 23)
Rows = list[tuple[Any, ...]]

TABLES = f"""
    CREATE TABLE gift AS
        SELECT id, supporter_id AS who, donation AS cents, local_day(purchased_at) AS day,
            CAST(substr(local_day(purchased_at), 1, 4) AS INTEGER) AS year, purchased_at,
            recurring_donation_plan_id AS plan, flags & 4 AS anonymous, pay
        FROM base_transactions
        WHERE organization_id = {ORGANIZATION} AND status = 'success' AND donation > 0;
    CREATE INDEX gift_who ON gift (who);
    CREATE TABLE given AS SELECT who, year, SUM(cents) AS cents FROM gift WHERE who IS NOT NULL GROUP BY 1, 2;
    CREATE INDEX given_who ON given (who, year);
    CREATE TABLE began AS SELECT who, MIN(year) AS year FROM given GROUP BY 1;
    CREATE INDEX began_who ON began (who);
    CREATE TABLE plan AS
        SELECT id, supporter_id AS who, status, frequency, donation AS cents, is_paused,
            CASE frequency WHEN 'monthly' THEN 1 WHEN 'quarterly' THEN 3 WHEN 'semi-annually' THEN 6
                WHEN 'yearly' THEN 12 END AS step,
            local_day(started_at) AS began,
            MAX(local_day(started_at), CASE status WHEN 'canceled' THEN local_day(canceled_at)
                WHEN 'failed' THEN local_day(failed_at) WHEN 'ended' THEN date(recur_until, 'unixepoch')
                END) AS ended,
            date(next_processing_date, 'unixepoch') AS next, date(pause_until, 'unixepoch') AS pause
        FROM base_recurring_donation_plans WHERE organization_id = {ORGANIZATION};
    CREATE TABLE month AS
        WITH RECURSIVE month AS (
            SELECT MIN(date(began, 'start of month')) AS first FROM plan
            UNION ALL SELECT date(first, '+1 month') FROM month WHERE date(first, '+1 month') <= '{TODAY}')
        SELECT first FROM month;
"""


def local_day(seconds: int | None, zone: str = "America/Los_Angeles") -> str | None:
    """Return the day of an instant in the organization's zone."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).astimezone(ZoneInfo(zone)).date().isoformat()


class Data:
    """The tables of a sandbox."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._own = sqlite3.connect(":memory:")
        weakref.finalize(self, self._own.close)
        connection.backup(self._own)
        self._own.create_function("local_day", 1, local_day, deterministic=True)
        self._own.executescript(TABLES)

    def ask(self, statement: str) -> Rows:
        """Run a statement; it may use ``gift``, ``given``, ``began``, ``plan`` and ``month``."""
        return self._own.execute(statement).fetchall()

    def left_out(self) -> Rows:
        """Reason, number and cents of every transaction."""
        return self.ask(
            f"""SELECT CASE WHEN status <> 'success' THEN 'status ' || status
                    WHEN donation <= 0 THEN 'no gift in it: free registration or ticket'
                    WHEN supporter_id IS NULL THEN 'gift without a supporter: counted as money only'
                    ELSE 'gift' END AS reason, COUNT(*), SUM(donation)
                FROM base_transactions WHERE organization_id = {ORGANIZATION} GROUP BY 1 ORDER BY 1"""
        )

    def retention(self) -> Rows:
        """Year, donors, new, retained, recaptured, cents, cents kept, retained of last year's new."""
        return self.ask(
            """SELECT now.year, COUNT(*), SUM(began.year = now.year), SUM(last.who IS NOT NULL),
                SUM(began.year < now.year AND last.who IS NULL), SUM(now.cents),
                SUM(COALESCE(MIN(last.cents, now.cents), 0)),
                SUM(last.who IS NOT NULL AND began.year = now.year - 1)
            FROM given now JOIN began USING (who)
            LEFT JOIN given last ON last.who = now.who AND last.year = now.year - 1
            GROUP BY 1 ORDER BY 1"""
        )

    def gain_loss(self, year: int) -> dict[str, tuple[int, int, int]]:
        """Group to donors, cents of the year before and cents of the year."""
        rows = self.ask(
            f"""SELECT CASE WHEN last IS NULL AND began.year = {year} THEN 'new'
                    WHEN last IS NULL THEN 'recaptured'
                    WHEN now IS NULL AND began.year = {year - 1} THEN 'lapsed, new'
                    WHEN now IS NULL THEN 'lapsed, repeat'
                    WHEN now > last THEN 'upgraded' WHEN now < last THEN 'downgraded' ELSE 'same' END,
                COUNT(*), SUM(COALESCE(last, 0)), SUM(COALESCE(now, 0))
            FROM (SELECT who, SUM(CASE WHEN year = {year - 1} THEN cents END) AS last,
                    SUM(CASE WHEN year = {year} THEN cents END) AS now
                FROM given WHERE year IN ({year - 1}, {year}) GROUP BY who)
            JOIN began USING (who) GROUP BY 1"""
        )
        return {group: (donors, before, now) for group, donors, before, now in rows}

    def cohorts(self) -> Rows:
        """First year, years later, donors, cents."""
        return self.ask(
            """SELECT began.year, given.year - began.year, COUNT(*), SUM(cents)
            FROM given JOIN began USING (who) GROUP BY 1, 2 ORDER BY 1, 2"""
        )

    def second_gift(self, first: str, within: int = 365) -> Rows:
        """First year, donors, gave again, observed, in time; only donors whose first gift was so (or any)."""
        kind = {"one-time": "AND one.plan IS NULL", "recurring": "AND one.plan IS NOT NULL"}.get(first, "")
        return self.ask(
            f"""SELECT CAST(substr(one.day, 1, 4) AS INTEGER), COUNT(*), COUNT(two.day),
                SUM(julianday('{TODAY}') - julianday(one.day) >= {within}),
                SUM(julianday('{TODAY}') - julianday(one.day) >= {within}
                    AND COALESCE(julianday(two.day) - julianday(one.day) <= {within}, 0))
            FROM (SELECT who, day, plan, ROW_NUMBER() OVER (PARTITION BY who ORDER BY purchased_at, id) AS n
                FROM gift WHERE who IS NOT NULL) one
            LEFT JOIN (SELECT who, day, ROW_NUMBER() OVER (PARTITION BY who ORDER BY day) AS n
                FROM (SELECT DISTINCT who, day FROM gift WHERE who IS NOT NULL)) two
                ON two.who = one.who AND two.n = 2
            WHERE one.n = 1 {kind} GROUP BY 1 ORDER BY 1"""
        )

    def waits(self, first: str = "") -> dict[int, list[int]]:
        """Days from the first gift to the second, by the year of the first, in order."""
        kind = {"one-time": "AND one.plan IS NULL", "recurring": "AND one.plan IS NOT NULL"}.get(first, "")
        found: dict[int, list[int]] = {}
        for year, days in self.ask(
            f"""SELECT CAST(substr(one.day, 1, 4) AS INTEGER),
                CAST(MIN(julianday(later.day) - julianday(one.day)) AS INTEGER)
            FROM (SELECT who, day, plan, ROW_NUMBER() OVER (PARTITION BY who ORDER BY purchased_at, id) AS n
                FROM gift WHERE who IS NOT NULL) one
            JOIN gift later ON later.who = one.who AND later.day > one.day
            WHERE one.n = 1 {kind} GROUP BY one.who ORDER BY 2"""
        ):
            found.setdefault(year, []).append(days)
        return found

    def lapsed(self, year: int) -> Rows:
        """Donor, last year, its cents, gifts, cents, last day, anonymous; of who didn't give in *year*."""
        return self.ask(
            f"""SELECT gift.who, MAX(gift.year), SUM(CASE WHEN gift.year = last THEN cents END), COUNT(*),
                SUM(cents), MAX(day), MAX(anonymous) > 0
            FROM gift JOIN (SELECT who, MAX(year) AS last FROM given WHERE year <= {year} GROUP BY who)
                USING (who)
            WHERE last < {year} AND gift.year <= {year} GROUP BY 1 ORDER BY 3 DESC, 1"""
        )

    def rfm(self) -> Rows:
        """Donor, recency, frequency, monetary, days since, gifts, cents."""
        ranks = ", ".join(
            f"RANK() OVER (ORDER BY {value}) - 1, RANK() OVER (ORDER BY {value} DESC) - 1"
            for value in ("day", "gifts", "cents")
        )
        found = self.ask(
            f"""SELECT who, CAST(julianday('{TODAY}') - julianday(day) AS INTEGER), gifts, cents, {ranks}
            FROM (SELECT who, MAX(day) AS day, COUNT(*) AS gifts, SUM(cents) AS cents FROM gift
                WHERE who IS NOT NULL GROUP BY who) ORDER BY who"""
        )

        def fifth(worse: int, better: int, *, is_upper: bool) -> int:
            """The fifth that holds most of those who are alike; of several, the outermost."""
            n = len(found)
            inside = {k: min(5 * (n - better), k * n) - max(5 * worse, (k - 1) * n) for k in range(1, 6)}
            return max(inside, key=lambda k: (inside[k], k if is_upper else -k))

        return [
            (
                who,
                fifth(older, newer, is_upper=older >= newer),
                fifth(fewer, more, is_upper=fewer > more),
                fifth(less, larger, is_upper=less > larger),
                *rest,
            )
            for who, *rest, older, newer, fewer, more, less, larger in found
        ]

    def churn(self) -> Rows:
        """Month, at start, started, canceled, failed, ran out, at end, lost from start, cents a month."""
        there = "(ended IS NULL OR ended >= {})"
        inside = "ended >= first AND ended < date(first, '+1 month')"
        return self.ask(
            f"""SELECT first, SUM(began < first AND {there.format("first")}),
                SUM(began >= first AND began < date(first, '+1 month')),
                SUM(COALESCE({inside} AND status = 'canceled', 0)),
                SUM(COALESCE({inside} AND status = 'failed', 0)),
                SUM(COALESCE({inside} AND status = 'ended', 0)),
                SUM(began < date(first, '+1 month') AND {there.format("date(first, '+1 month')")}),
                SUM(COALESCE(began < first AND {inside}, 0)),
                SUM(CASE WHEN began < date(first, '+1 month') AND {there.format("date(first, '+1 month')")}
                    THEN ROUND(1.0 * cents / step) ELSE 0 END)
            FROM month CROSS JOIN plan GROUP BY 1 ORDER BY 1"""
        )

    def failed_payments(self) -> Rows:
        """Month, installments, failed, failed cents, recovered, recovered cents."""
        return self.ask(
            f"""WITH RECURSIVE attempt AS (
                SELECT id, parent_transaction_id AS parent, status, purchased_at, donation,
                    status IN ('success', 'refunded', 'cb_lost', 'cb_initiated') AS paid
                FROM base_transactions
                WHERE organization_id = {ORGANIZATION} AND recurring_donation_plan_id IS NOT NULL),
            chain AS (
                SELECT *, id AS root FROM attempt
                WHERE parent IS NULL OR parent NOT IN (SELECT id FROM attempt WHERE NOT paid)
                UNION ALL SELECT retry.*, root FROM attempt retry JOIN chain
                    ON retry.parent = chain.id AND NOT chain.paid)
            SELECT month, COUNT(*), SUM(failed), SUM(failed * cents), SUM(failed * paid),
                SUM(failed * paid * cents)
            FROM (SELECT substr(local_day(MIN(purchased_at)), 1, 7) || '-01' AS month,
                    donation AS cents, MAX(status = 'failed') AS failed, MAX(paid) AS paid
                FROM chain WHERE paid OR status = 'failed' GROUP BY root)
            GROUP BY 1 ORDER BY 1"""
        )

    def schedule(self, last: str) -> Rows:
        """Month (its first day), charges and cents of the open plans, from next month to *last*."""
        return self.ask(
            f"""WITH RECURSIVE charge AS (
                SELECT step, cents, date(COALESCE(next, began), 'start of month') AS month,
                    CAST(strftime('%d', COALESCE(next, began)) AS INTEGER) - 1 AS days,
                    COALESCE(MAX(next, pause), next, pause, began) AS lowest
                FROM plan WHERE ended IS NULL AND NOT (is_paused AND pause IS NULL)
                UNION ALL SELECT step, cents, date(month, '+' || step || ' months'), days, lowest FROM charge
                WHERE date(month, '+' || step || ' months') <= '{last}')
            SELECT month, COUNT(*), SUM(cents) FROM charge
            WHERE month > '{TODAY}' AND month <= '{last}'
                AND MIN(date(month, '+' || days || ' days'), date(month, '+1 month', '-1 day')) >= lowest
            GROUP BY 1 ORDER BY 1"""
        )

    def begun_since(self, day: str) -> int:
        """Cents a month of the plans that began in whole months from *day* on."""
        return self.ask(
            f"""SELECT SUM(ROUND(1.0 * cents / step)) FROM plan
                WHERE began >= '{day}' AND began < date('{TODAY}', 'start of month')"""
        )[0][0]
