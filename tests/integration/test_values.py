"""Frames against the sandbox's own knowledge of its data, cell by cell."""

from __future__ import annotations

import json
import math
from collections import Counter
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

import classy_nb as cn
from classy_nb import catalog

if TYPE_CHECKING:
    from collections.abc import Callable

    from classy_nb.sandbox import Sandbox

ZONE = "America/Los_Angeles"
LISTED = catalog.load()


def organization_list(resource: str) -> catalog.Endpoint:
    return next(e for e in LISTED.resources[resource].lists if e.parents == ("organization",))


def expected(column: catalog.Column, value: Any) -> Any:
    """Read a wire value by means that the package does not use; None for a missing one."""
    if value is None or (value == "" and column.kind not in ("text", "json")):
        return None
    readers: dict[str, Callable[[Any], Any]] = {
        "int": int,
        "float": float,
        "bool": lambda v: {0: False, 1: True}[v],
        "last4": lambda v: f"{v:04d}" if isinstance(v, int) else v,
        "datetime": moment,
        "date": lambda v: datetime.combine(date.fromisoformat(v[:10]), datetime.min.time()),
    }
    return readers.get(column.kind, lambda v: v)(value)


def moment(text: str) -> datetime:
    """Read an instant; without a zone it is in UTC."""
    zoned = text.replace("Z", "+0000") if "T" in text else f"{text.replace(' ', 'T')}+0000"
    return datetime.strptime(zoned, "%Y-%m-%dT%H:%M:%S%z").astimezone(UTC)


def cell(record: dict[str, Any], column: catalog.Column) -> Any:
    outer, _, inner = column.name.partition(".")
    value = record.get(outer)
    return (value or {}).get(inner) if inner else value


def assert_same(frame: pd.DataFrame, truth: list[dict[str, Any]], columns: tuple[catalog.Column, ...]) -> int:
    """Compare all cells; return how many were not missing."""
    assert list(frame["id"]) == [record["id"] for record in truth]
    compared = 0
    for column in columns:
        for got, record in zip(frame[column.name].tolist(), truth, strict=True):
            want = expected(column, cell(record, column))
            if want is None:
                assert got is pd.NA or got is pd.NaT, (column.name, got)
                continue
            if column.kind == "json":  # text that is JSON itself may stay as it came
                same = want in (json.loads(got), got)
            else:
                same = math.isclose(got, want) if column.kind == "float" else got == want
            assert same, (column.name, record["id"], got, want)
            compared += 1
    return compared


@pytest.mark.parametrize(
    "resource",
    ["transactions", "campaigns", "supporters", "recurring_donation_plans", "fundraising_pages"],
)
def test_trap_08_every_cell(box: Sandbox, classy: cn.Classy, resource: str) -> None:
    frame = getattr(classy, resource)()
    truth = sorted(box.truth(resource), key=lambda record: record["id"])
    assert len(truth) > 0
    compared = assert_same(frame, truth, LISTED.columns(organization_list(resource)))
    assert compared > 5 * len(truth)


def test_trap_09_ids_stay_whole_numbers(box: Sandbox, classy: cn.Classy) -> None:
    frame = classy.transactions(fields=["fundraising_page_id", "supporter_id"])
    assert frame["fundraising_page_id"].isna().any()
    assert frame["fundraising_page_id"].notna().any()
    assert {str(frame[name].dtype) for name in ("id", "fundraising_page_id", "supporter_id")} == {"Int64"}
    pages = {record["id"] for record in box.truth("fundraising_pages")}
    assert set(frame["fundraising_page_id"].dropna()) <= pages


def test_numbers_beyond_53_bits_keep_their_digits(box: Sandbox, classy: cn.Classy) -> None:
    matched = {record["id"]: record["donation_match_id"] for record in box.truth("transactions")}
    frame = classy.transactions(include="order_donation_match")
    claims = frame.set_index("id")["order_donation_match"].dropna().map(json.loads)
    assert len(claims) == sum(match is not None for match in matched.values()) > 0
    for key, claim in claims.items():
        assert claim["id"] == matched[key]
        assert claim["claim_number"] == 2**53 + 1 + 2 * claim["id"]
        assert float(claim["claim_number"]) != claim["claim_number"]


def test_trap_10_digits_stay_text(box: Sandbox, classy: cn.Classy) -> None:
    frame = classy.transactions()
    truth = {record["id"]: record for record in box.truth("transactions")}
    codes = frame.set_index("id")["billing_postal_code"].dropna()
    assert codes.str.startswith("0").any()
    assert all(truth[key]["billing_postal_code"] == code for key, code in codes.items())
    last_four = frame["card_last_four"].dropna()
    assert (last_four.str.len() == 4).all()
    assert last_four.str.startswith("0").any(), "the wire has lost these zeros"


def test_trap_13_amounts_add_up_to_the_cent(classy: cn.Classy) -> None:
    gifts = classy.transactions(where="status = success")
    difference = gifts["total_gross_amount"] - gifts["fees_amount"] - gifts["donation_net_amount"]
    online = gifts["fees_amount"] > 0
    assert online.sum() > 100
    assert (difference[online].abs() < 0.005).mean() > 0.9
    assert {"currency_code", "raw_currency_code", "charged_currency_code"} <= set(gifts.columns)
    foreign = gifts["raw_currency_code"] != gifts["currency_code"]
    assert (gifts.loc[foreign, "raw_total_gross_amount"] != gifts.loc[foreign, "total_gross_amount"]).any()


def test_trap_07_every_status_comes(box: Sandbox, classy: cn.Classy) -> None:
    counts = Counter(record["status"] for record in box.truth("transactions"))
    frame = classy.transactions(fields="status")
    assert frame["status"].value_counts().to_dict() == counts
    assert len(counts) > 3
    assert len(classy.transactions(where="status = success", fields="status")) == counts["success"]


def test_trap_46_deleted_and_inactive_rows_come(box: Sandbox, classy: cn.Classy) -> None:
    designations = classy.designations()
    truth = {record["id"]: record["is_active"] for record in box.truth("designations")}
    assert dict(zip(designations["id"], designations["is_active"], strict=True)) == truth
    pages = classy.fundraising_pages(fields="status")
    assert pages["status"].value_counts().to_dict() == Counter(
        record["status"] for record in box.truth("fundraising_pages")
    )


def test_trap_45_anonymous_gifts_keep_their_data(box: Sandbox, classy: cn.Classy) -> None:
    frame = classy.transactions(where="is_anonymous = true")
    truth = {r["id"]: r for r in box.truth("transactions") if r["is_anonymous"]}
    assert set(frame["id"]) == set(truth)
    assert len(truth) > 0
    assert all(
        (row.billing_first_name is pd.NA and truth[row.id]["billing_first_name"] is None)
        or row.billing_first_name == truth[row.id]["billing_first_name"]
        for row in frame.itertuples()
    )


def test_trap_14_a_typo_never_returns_everything(box: Sandbox, classy: cn.Classy) -> None:
    for wrong in ({"statuss": "success"}, {"created_gte": "2026-01-01"}, {"order": "DESC"}, {"start": 5}):
        with pytest.raises(cn.UsageError):
            classy.transactions(**wrong)
    with pytest.raises(cn.UsageError, match="status"):
        classy.transactions(where="statu = success")
    assert box.requests == []


@pytest.mark.edge(7)
def test_trap_11_evening_gifts_stay_in_their_year(box: Sandbox, connecting: Callable[..., cn.Classy]) -> None:
    here = ZoneInfo(ZONE)
    bought = {r["id"]: moment(r["purchased_at"]) for r in box.truth("transactions")}
    local = {key: when.astimezone(here) for key, when in bought.items()}
    evenings = {k for k, when in local.items() if when.year != bought[k].year}
    assert evenings, "the sandbox has no gift in the last hours of a year"
    year = min(local[k].year for k in evenings)
    with connecting(box, timezone=ZONE) as classy:
        frame = classy.transactions(since=year, until=year + 1, fields="purchased_at")
    assert set(frame["id"]) == {k for k, when in local.items() if when.year == year}
    assert evenings & set(frame["id"])
    assert set(frame["purchased_at"].dt.year) == {year}
    with connecting(box) as classy:  # the organization's zone is the same
        assert classy.timezone == ZONE
        pd.testing.assert_frame_equal(
            classy.transactions(since=year, until=year + 1, fields="purchased_at"), frame
        )
    with connecting(box, timezone="UTC") as classy:
        world = classy.transactions(since=year, until=year + 1, fields="purchased_at")
    assert set(world["id"]) == {k for k, when in bought.items() if when.year == year}
    assert set(world["id"]) != set(frame["id"])


def test_trap_12_by_another_date(box: Sandbox, classy: cn.Classy) -> None:
    since = "2026-10-01"
    first = datetime(2026, 10, 1, tzinfo=ZoneInfo(ZONE))
    truth = box.truth("transactions")
    for by in ("updated_at", "created_at", "purchased_at"):
        frame = classy.transactions(since=since, by=by, fields=by)
        assert set(frame["id"]) == {r["id"] for r in truth if r[by] and moment(r[by]) >= first}
    with pytest.raises(cn.UsageError, match="business date"):
        classy.activity(since=since)


def test_periods_are_half_open_and_meet(box: Sandbox, classy: cn.Classy) -> None:
    edge = moment(box.truth("transactions")[300]["purchased_at"])
    before = classy.transactions(until=edge, fields="purchased_at")
    after = classy.transactions(since=edge, fields="purchased_at")
    assert (before["purchased_at"] < edge).all()
    assert (after["purchased_at"] >= edge).all()
    assert after["purchased_at"].min() == edge
    assert len(before) + len(after) == 600


@pytest.mark.parametrize(
    ("where", "keep"),
    [
        ("total_gross_amount >= 100", lambda r: r["total_gross_amount"] >= 100),
        ("total_gross_amount < 25.5", lambda r: r["total_gross_amount"] < 25.5),
        ("status != success", lambda r: r["status"] != "success"),
        (
            ["status = success", "total_gross_amount > 50"],
            lambda r: r["status"] == "success" and r["total_gross_amount"] > 50,
        ),
        ("is_anonymous = true", lambda r: r["is_anonymous"]),
    ],
)
def test_trap_17_conditions_select_what_they_say(
    box: Sandbox, classy: cn.Classy, where: Any, keep: Callable[[dict[str, Any]], bool]
) -> None:
    frame = classy.transactions(where=where, fields="status")
    chosen = {record["id"] for record in box.truth("transactions") if keep(record)}
    assert set(frame["id"]) == chosen
    assert 0 < len(chosen) < 600
    assert classy.transactions.count(where=where) == len(chosen)


def test_fields_are_all_that_comes(box: Sandbox, classy: cn.Classy) -> None:
    frame = classy.transactions(fields=["total_gross_amount", "status"])
    assert set(frame.columns) == {"id", "total_gross_amount", "status"}
    assert "fields=id,total_gross_amount,status" in frame.attrs["classy"]["asked"]


def test_trap_31_included_records_are_the_right_ones(box: Sandbox, classy: cn.Classy) -> None:
    frame = classy.transactions(include=["supporter", "items"])
    supporters = {record["id"]: record for record in box.truth("supporters")}
    known = frame.dropna(subset=["supporter_id"])
    assert len(known) > 400
    for row in known[["supporter_id", "supporter.id", "supporter.email_address"]].itertuples(index=False):
        assert row[0] == row[1]
        assert row[2] == supporters[row[0]]["email_address"]
    items = Counter(item["transaction_id"] for item in box.truth("transaction_items"))
    assert dict(zip(frame["id"], frame["items"].map(len), strict=True)) == {
        key: items[key] for key in frame["id"]
    }


def test_trap_29_exploding_lists(box: Sandbox, classy: cn.Classy) -> None:
    frame = classy.transactions(include="items", fields="status")
    table = cn.explode(frame, "items")
    truth = {item["id"]: item["transaction_id"] for item in box.truth("transaction_items")}
    assert dict(zip(table["id"], table["transaction_id"], strict=True)) == truth
    again = classy.transaction_items()
    assert set(table["id"]) == set(again["id"])


def test_trap_19_totals_of_pages(box: Sandbox, classy: cn.Classy) -> None:
    frame = classy.fundraising_pages(aggregates=True)
    raised: Counter[int] = Counter()
    for record in box.truth("transactions"):
        if record["status"] == "success" and record["fundraising_page_id"]:
            raised[record["fundraising_page_id"]] += record["total_gross_amount"]
    assert frame["total_raised"].dtype == pd.Float64Dtype()
    assert frame["total_donors"].dtype == pd.Int64Dtype()
    with_gifts = frame[frame["id"].isin(list(raised))]
    assert (with_gifts["total_raised"] > 0).mean() > 0.9
    with pytest.raises(cn.UsageError, match="aggregates"):
        classy.campaigns(aggregates=True)
