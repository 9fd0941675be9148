"""What a mirror knows of its past: earlier states, and what changed between any two of five refreshes."""
# ruff: noqa: E501 - a line of SQL says one thing

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import combinations
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from support.copies import HandMade
from support.giving import connected

from classy_nb import analysis
from classy_nb.errors import UsageError
from classy_nb.mirror import Mirror, open_mirror
from classy_nb.mirror.views import create_views
from classy_nb.sandbox import Sandbox

FIRST = datetime(2026, 10, 1, 4, tzinfo=UTC)  # September 30, 21:00, in Los Angeles
REFRESHES = [FIRST + timedelta(days=10 * number) for number in range(5)]
AMOUNTS = ("total_gross_amount", "donation_gross_amount", "fees_amount")
LISTS = ("transactions", "transaction_items", "supporters", "recurring_donation_plans")


@pytest.fixture(scope="module")
def states() -> Iterator[list[dict[str, pa.Table]]]:
    """What the API had at each of five refreshes: gifts come, are refunded, changed and deleted."""
    with Sandbox(transactions=1_500, requests_per_minute=0) as box, connected(box) as classy:
        found = []
        for number in range(len(REFRESHES)):
            if number:
                box.insert_transactions(20)
                box.refund_transactions(7 + number)
                box.delete_transactions(number)
            found.append(
                {
                    name: getattr(classy, name).to_arrow(decimal=True, flat=True, progress=False)
                    for name in LISTS
                }
            )
        yield found


def edited(table: pa.Table, number: int) -> pa.Table:
    """Change amounts, texts and flags of a few records in place, as corrections do."""
    columns = {name: table[name].to_pylist() for name in ("donation_gross_amount", "comment", "is_anonymous")}
    for place in range(number * 3, number * 3 + 5):
        columns["donation_gross_amount"][place] = Decimal(f"{number}0.{place:02}")
        columns["comment"][place] = None if place % 2 else f"corrected {number}"
        columns["is_anonymous"][place] = bool(number % 2)
    for name, cells in columns.items():
        index = table.column_names.index(name)
        table = table.set_column(
            index, table.schema.field(name), pa.array(cells, table.schema.field(name).type)
        )
    return table


@pytest.fixture(scope="module")
def tables(states: list[dict[str, pa.Table]]) -> list[dict[str, pa.Table]]:
    """The same, and one gift of the first refresh vanishes in the second and is back in the fourth."""
    found = []
    for number, lists in enumerate(states):
        gifts = edited(lists["transactions"], number)
        if number in (1, 2):
            gifts = gifts.filter(pa.array([place != 100 for place in range(len(gifts))]))
        found.append({**lists, "transactions": gifts})
    return found


@pytest.fixture(scope="module")
def copy(tables: list[dict[str, pa.Table]], tmp_path_factory: pytest.TempPathFactory) -> Mirror:
    made = HandMade(tmp_path_factory.mktemp("copy") / "classy.duckdb", fiscal_year_start=7)
    for at, lists in zip(REFRESHES, tables, strict=True):
        made.put(at, **lists)
    other = HandMade(made.path, organization=7, timezone="Asia/Kolkata")  # another one in the same file
    for at, number in ((REFRESHES[0] - timedelta(days=9), 0), (REFRESHES[2] + timedelta(hours=1), 2)):
        other.put(at, transactions=tables[number]["transactions"][:50])
    with made.writing() as database:
        create_views(database)
    return open_mirror(made.path, organization=64531)


def total(table: pa.Table, name: str) -> Decimal:
    return sum((cell for cell in table[name].to_pylist() if cell is not None), Decimal(0))


PAIRS = list(combinations(range(5), 2))


@pytest.mark.parametrize(("one", "two"), PAIRS)
def test_changes_add_up_to_the_difference_of_the_totals(
    copy: Mirror, tables: list[dict[str, pa.Table]], one: int, two: int
) -> None:
    before, after = tables[one]["transactions"], tables[two]["transactions"]
    found = copy.changes("transactions", REFRESHES[one], REFRESHES[two], columns=AMOUNTS)
    for name in AMOUNTS:
        listed = sum(map(Decimal, map("{:.2f}".format, found.loc[found["column"] == name, "difference"])))
        assert listed == total(after, name) - total(before, name), name
    then, now = set(before["id"].to_pylist()), set(after["id"].to_pylist())
    for change, ids in (("new", now - then), ("gone", then - now)):
        assert set(found.loc[found["change"] == change, "id"]) == ids
        assert ids


@pytest.mark.parametrize(("one", "two"), PAIRS)
def test_changes_of_a_view_explain_what_was_raised(
    copy: Mirror, tables: list[dict[str, pa.Table]], one: int, two: int
) -> None:
    def raised(number: int) -> float:
        frame = tables[number]["transactions"].to_pandas(types_mapper=pd.ArrowDtype)
        return analysis.gifts(frame)["amount"].sum()

    found = copy.changes("report_gifts", REFRESHES[one], REFRESHES[two], columns="raised_amount")
    assert round(found["difference"].sum(), 2) == round(raised(two) - raised(one), 2) != 0
    assert list(found) == ["transaction_id", "change", "column", "before", "after", "difference", "seen_at"]
    assert round((found["after"].fillna(0) - found["before"].fillna(0)).sum(), 2) == round(
        found["difference"].sum(), 2
    )


@pytest.mark.parametrize(("one", "two"), PAIRS[::4])
def test_each_changed_cell_is_listed_with_both_values(
    copy: Mirror, tables: list[dict[str, pa.Table]], one: int, two: int
) -> None:
    names = ("status", "comment", "is_anonymous", "refunded_at", "donation_gross_amount")
    before, after = (
        {row["id"]: row for row in tables[number]["transactions"].select(["id", *names]).to_pylist()}
        for number in (one, two)
    )
    for name in names:
        found = copy.changes("transactions", REFRESHES[one], REFRESHES[two], columns=[name])
        found = found[found["change"] == "changed"]
        expected = {
            key: (before[key][name], after[key][name])
            for key in before.keys() & after.keys()
            if before[key][name] != after[key][name]
        }
        shown = {
            row.id: tuple(None if pd.isna(cell) else cell for cell in (row.before, row.after))
            for row in found.itertuples()
        }
        if name == "donation_gross_amount":
            expected = {key: tuple(map(float, cells)) for key, cells in expected.items()}
        assert shown == expected
        assert expected or name in ("comment", "is_anonymous")


def test_dtypes(copy: Mirror) -> None:
    kinds = {"donation_gross_amount": "Float64", "status": "string", "is_anonymous": "boolean"}
    kinds |= {"campaign_id": "Int64", "refunded_at": "datetime64[us, America/Los_Angeles]"}
    for name, kind in kinds.items():
        for found in (
            copy.changes("transactions", REFRESHES[0], REFRESHES[4], columns=name),
            copy.changes("transactions", REFRESHES[4], REFRESHES[4], columns=name),
        ):
            assert found.dtypes.astype(str).to_dict() == {
                "id": "Int64",
                "change": "string",
                "column": "string",
                "before": kind,
                "after": kind,
                "difference": "Float64",
                "seen_at": "datetime64[us, America/Los_Angeles]",
            }
    assert len(found) == 0
    several = copy.changes("transactions", REFRESHES[0], columns=["campaign_id", "status"])
    assert several.dtypes.astype(str)["before"] == "string"
    assert several["difference"].isna().all()  # neither an id nor a text is an amount
    arrow = copy.changes("transactions", REFRESHES[0], columns="status", dtype_backend="pyarrow")
    assert all(isinstance(dtype, pd.ArrowDtype) for dtype in arrow.dtypes)


def test_instants_are_texts_in_the_zone_of_the_mirror(copy: Mirror) -> None:
    found = copy.changes("transactions", REFRESHES[0], columns=["refunded_at", "status"])
    found = found[(found["column"] == "refunded_at") & (found["change"] == "changed")]
    assert found["after"].str.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d-0[78]").all()


def test_seen_at_is_the_refresh_that_saw_it(copy: Mirror) -> None:
    found = copy.changes("transactions", REFRESHES[1], REFRESHES[3], columns="status")
    assert set(found["seen_at"]) == {pd.Timestamp(REFRESHES[number]) for number in (2, 3)}


def test_a_record_that_came_back(copy: Mirror, tables: list[dict[str, pa.Table]]) -> None:
    gift = tables[0]["transactions"]["id"][100].as_py()

    def change(one: int, two: int) -> set[str]:
        found = copy.changes("transactions", REFRESHES[one], REFRESHES[two], columns="status")
        return set(found.loc[found["id"] == gift, "change"])

    assert change(0, 1) == change(0, 2) == {"gone"}
    assert change(2, 3) == change(1, 4) == {"new"}
    assert change(1, 2) == change(0, 4) == set()


@pytest.mark.parametrize("number", range(5))
def test_as_of_answers_as_the_copy_did_then(
    copy: Mirror, tables: list[dict[str, pa.Table]], number: int
) -> None:
    for moment in (REFRESHES[number], REFRESHES[number] + timedelta(days=9)):
        past = copy.as_of(moment)
        with past.connect() as database:
            for name in LISTS:
                there = tables[number][name]
                rows = database.sql(f"FROM {name} ORDER BY id").to_arrow_table().select(there.column_names)
                assert rows.cast(there.schema) == there.sort_by("id"), name
            assert database.sql(
                "SELECT count(*) FROM transactions WHERE _deleted_at IS NOT NULL"
            ).fetchall() == [(0,)]
            assert database.sql("SELECT max(_synced_at) FROM _refreshes").fetchall() == [(REFRESHES[number],)]
            raised = database.sql("SELECT sum(raised_amount) FROM report_gifts").fetchall()[0][0]
            refused = database.sql("SELECT sum(net_amount) FROM report_gift_items WHERE is_paid").fetchall()[
                0
            ][0]
        frame = tables[number]["transactions"].to_pandas(types_mapper=pd.ArrowDtype)
        assert float(raised) == round(analysis.gifts(frame)["amount"].sum(), 2)
        assert float(refused) == round(analysis.gross_fees_net(frame)["net"].sum(), 2)
        assert past.timezone == "America/Los_Angeles"
        assert past.organization == 64531


def count(past: Mirror) -> int:
    with past.connect() as database:
        return database.sql("SELECT count(*) FROM transactions").fetchall()[0][0]


def test_a_day_means_its_end_where_the_organization_is(
    copy: Mirror, tables: list[dict[str, pa.Table]]
) -> None:
    sizes = [len(lists["transactions"]) for lists in tables]
    assert len(set(sizes)) == 5
    # The second refresh was at 21:00 on October 10 in Los Angeles, when it was October 11 in UTC.
    for when in (
        "2026-10-10",
        date(2026, 10, 10),
        "2026-10-10T21:00",
        datetime(2026, 10, 10, 21),  # noqa: DTZ001 - as people write it
        pd.Timestamp("2026-10-11T04:00Z"),
    ):
        assert count(copy.as_of(when)) == sizes[1], when
    assert count(copy.as_of("2026-10-10T20:59:59")) == count(copy.as_of("2026-10-09")) == sizes[0]
    assert count(copy.as_of("2026-10")) == count(copy.as_of("October 2026")) == sizes[3]
    assert count(copy.as_of(2026)) == count(copy.as_of("2030-01-01")) == sizes[4]
    assert count(copy.as_of("2026-10-20").as_of("2026-12-31")) == sizes[2]


def test_an_earlier_state_has_changes_of_its_own(copy: Mirror) -> None:
    past = copy.as_of(REFRESHES[3])
    found = past.changes("transactions", REFRESHES[1], columns="status")
    pd.testing.assert_frame_equal(
        found, copy.changes("transactions", REFRESHES[1], REFRESHES[3], columns="status")
    )
    assert found.attrs["classy"]["until"] == REFRESHES[3].isoformat()


@pytest.mark.parametrize("when", ["2026-09-29", datetime(2026, 10, 1, 3, 59, tzinfo=UTC), 2025])
def test_before_the_first_refresh(copy: Mirror, when: Any) -> None:
    for call in (copy.as_of, lambda moment: copy.changes("transactions", moment)):
        with pytest.raises(
            UsageError, match="history begins with the refresh of 2026-09-30 21:00:00"
        ) as caught:
            call(when)
        assert "'2026-09-30T21:00:01'" in str(caught.value)
        assert count(copy.as_of("2026-09-30T21:00:01")) == 1_500


@pytest.mark.parametrize(
    ("arguments", "keywords", "message"),
    [
        (("transaction", "2026-10-10"), {}, "Did you mean 'transactions'"),
        (("payouts", "2026-10-10"), {}, "holds no 'payouts'"),
        (("_refreshes", "2026-10-10"), {}, "holds no '_refreshes'"),
        (("transactions_versions", "2026-10-10"), {}, "holds no 'transactions_versions'"),
        (("transactions", "2026-10-10"), {"columns": "staus"}, "Did you mean 'status'"),
        (("transactions", "2026-10-10"), {"columns": []}, "columns= is empty"),
        (("transactions", "2026-10-10"), {"columns": "_row_hash"}, "no column '_row_hash'"),
        (("transactions", "2026-10-10", "2026-10-01"), {}, "since='2026-10-10' is after until='2026-10-01'"),
        (("transactions", "2026-13-10"), {}, "is not a date"),
        (("transactions", None), {}, "since=None is not a date"),
        (("transactions", 1.5), {}, "since=1.5 is not a date"),
    ],
)
def test_what_cannot_be_compared(copy: Mirror, arguments: Any, keywords: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        copy.changes(*arguments, **keywords)


def test_a_list_that_was_added_later(tmp_path: Path, states: list[dict[str, pa.Table]]) -> None:
    made = HandMade(tmp_path / "classy.duckdb")
    made.put(REFRESHES[0], transactions=states[0]["transactions"])
    made.put(REFRESHES[1], **states[1])
    copy = open_mirror(made.path)
    with pytest.raises(UsageError, match="On 2026-09-30 21:00, the mirror did not hold 'supporters' yet"):
        copy.changes("supporters", REFRESHES[0])
    assert len(copy.changes("transactions", REFRESHES[0], columns="status")) > 20


def test_a_mirror_without_history(tmp_path: Path, states: list[dict[str, pa.Table]]) -> None:
    made = HandMade(tmp_path / "classy.duckdb", history=False)
    made.put(REFRESHES[0], **states[0])
    copy = open_mirror(made.path)
    for call in (copy.as_of, lambda moment: copy.changes("transactions", moment)):
        with pytest.raises(UsageError, match="keeps no history") as caught:
            call("2026-10-31")
        assert "history=True" in str(caught.value)


def test_two_organizations_in_one_file_have_their_own_past(copy: Mirror) -> None:
    other = open_mirror(copy.path, organization=7)
    assert count(other.as_of(REFRESHES[0] - timedelta(days=1))) == 50
    assert set(other.changes("transactions", REFRESHES[0])["change"]) <= {"changed", "new", "gone"}
    with other.connect() as database:
        zones = database.sql(
            """SELECT organization_id, purchased_at::TIMESTAMPTZ, purchased_day, purchased_fiscal_year FROM report_gifts
            WHERE transaction_id IN (SELECT id FROM transactions WHERE _organization_id = 7)"""
        ).fetchall()
    for organization, at, day, year in zones:
        local = pd.Timestamp(at).tz_convert("Asia/Kolkata" if organization == 7 else "America/Los_Angeles")
        assert local.date() == day
        assert year == day.year + (organization != 7 and day.month >= 7)
    assert {row[0] for row in zones} == {7, 64531}


def test_all_columns_of_a_list(copy: Mirror, tables: list[dict[str, pa.Table]]) -> None:
    before, after = tables[0]["transactions"], tables[4]["transactions"]
    found = copy.changes("transactions", REFRESHES[0], REFRESHES[4])
    for name in AMOUNTS:
        difference = found.loc[found["column"] == name, "difference"].sum()
        assert round(difference, 2) == float(total(after, name) - total(before, name))
    new = set(after["id"].to_pylist()) - set(before["id"].to_pylist())
    cells = sum(cell is not None for row in after.to_pylist() if row["id"] in new for cell in row.values())
    assert (found["change"] == "new").sum() == cells  # a row for each value of a new record
    assert found["column"].nunique() > 50


def test_after_real_refreshes(tmp_path: Path) -> None:
    with Sandbox(transactions=300, requests_per_minute=0) as box, connected(box) as classy:
        copy = classy.mirror(tmp_path / "classy.duckdb", resources="transactions")
        moments, totals, frames = [], [], []
        for number in range(5):
            if number:
                box.insert_transactions(10)
                box.delete_transactions(number)
                box.refund_transactions(3 + number)
            assert copy.refresh()["equal"].all()
            moments.append(copy.refreshed_at)
            gifts = classy.transactions(progress=False)
            totals.append((gifts["total_gross_amount"].sum(), analysis.gifts(gifts)["amount"].sum()))
            frames.append(gifts)
    copy = open_mirror(copy.path)
    for one, two in PAIRS:
        for place, (name, column) in enumerate(
            (("transactions", "total_gross_amount"), ("report_gifts", "raised_amount"))
        ):
            found = copy.changes(name, moments[one], moments[two], columns=column)
            assert round(found["difference"].sum(), 2) == round(totals[two][place] - totals[one][place], 2)
    for moment, frame in zip(moments, frames, strict=True):
        pd.testing.assert_frame_equal(copy.as_of(moment).transactions(), frame)
    with pytest.raises(UsageError, match="earlier state"):
        copy.as_of(moments[0]).refresh()


def test_history_that_begins_later_knows_nothing_from_before(tmp_path: Path) -> None:
    with Sandbox(transactions=300, requests_per_minute=0) as box, connected(box) as classy:
        path, only = tmp_path / "classy.duckdb", ["transactions"]
        moments = []
        for history in (False, True, True):
            box.insert_transactions(5)
            box.delete_transactions(2)
            copy = classy.mirror(path, resources=only, history=history)
            copy.refresh()
            moments.append(copy.refreshed_at)
        with pytest.raises(UsageError, match="history begins with the refresh of"):
            copy.as_of(moments[0])
        found = copy.changes("transactions", moments[1], columns="status")
        assert found["change"].value_counts().to_dict() == {"new": 5, "gone": 2}
        assert len(copy.as_of(moments[1]).transactions()) == 306
