"""Values of another type than their column's: kept beside it, hashed, reported, read and forgotten."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from support.mirrors import send

import classy_nb as cn
from classy_nb.mirror import sync
from classy_nb.redact import MASK

if TYPE_CHECKING:
    from pathlib import Path

    from classy_nb.sandbox import Sandbox

NAMES = ["transactions", "transaction_items", "designations", "supporters"]
NUL = "a\0b"


@pytest.fixture
def box(own_box: Sandbox) -> Sandbox:
    return own_box


@pytest.fixture
def ids(classy: cn.Classy) -> dict[str, list[int]]:
    return {name: getattr(classy, name)(fields="id")["id"].tolist() for name in NAMES}


@pytest.fixture
def odd(monkeypatch: pytest.MonkeyPatch, ids: dict[str, list[int]]) -> dict[int, dict[str, Any]]:
    """What the API sends in place of some values, by the id of the record."""
    sent: dict[int, dict[str, Any]] = {
        ids["transactions"][0]: {"total_gross_amount": 10**17, "purchased_at": "yesterday", "comment": NUL},
        ids["transactions"][7]: {"status": {"code": 5}, "context": "none"},
        ids["transaction_items"][3]: {"product_name": ["tea"], "quantity": "two", "price": "free"},
        ids["designations"][2]: {"goal": "a lot", "is_active": "maybe"},
        ids["supporters"][4]: {"birthday": "1 May", "member_id": "Ann Onymous"},
    }

    send(monkeypatch, sent)
    return sent


def misfits(report: pd.DataFrame) -> dict[str, str]:
    return report.set_index("list")["misfits"].dropna().to_dict()


def variants(copy: cn.Mirror, name: str, number: int) -> dict[str, Any]:
    row = copy.sql(f"SELECT * FROM {name} WHERE id = {number}").iloc[0]
    return {name: value for name, value in row.dropna().items() if str(name).endswith("__v_text")}


def test_values_that_do_not_fit_are_kept_reported_and_read(
    classy: cn.Classy, ids: dict[str, list[int]], odd: dict[int, dict[str, Any]], tmp_path: Path
) -> None:
    copy = classy.mirror(tmp_path / "m.duckdb", resources=NAMES)
    report = copy.refresh()
    assert report["equal"].all()
    assert misfits(report) == {
        "transactions": "comment (1), context (1), purchased_at (1), status (1), total_gross_amount (1)",
        "transaction_items": "price (1), product_name (1), quantity (1)",
        "designations": "goal (1), is_active (1)",
        "supporters": "member_id (1)",
    }
    gift = ids["transactions"]
    assert variants(copy, "transactions", gift[0]) == {
        "total_gross_amount__v_text": "100000000000000000",
        "purchased_at__v_text": "yesterday",
        "comment__v_text": '"a\\u0000b"',
    }
    assert variants(copy, "transactions", gift[7]) == {
        "status__v_text": '{"code":5}',
        "context__v_text": "none",
    }
    assert variants(copy, "transaction_items", ids["transaction_items"][3]) == {
        "price__v_text": "free",
        "product_name__v_text": '["tea"]',
        "quantity__v_text": "two",
    }
    # A frame out of the mirror is the live one, and warns of the same values.
    for name, options in (
        ("transactions", {}),
        ("designations", {}),
        ("transactions", {"include": "items", "fields": ["id"]}),
    ):
        frames, warned = [], []
        for source in (classy, copy):
            with pytest.warns(cn.DataWarning) as caught:
                frames.append(getattr(source, name)(**options))
            warned.append({str(w.message) for w in caught})
        assert warned[0] == warned[1]
        if "include" not in options:
            pd.testing.assert_frame_equal(*frames)
    assert copy.transactions.get(gift[7], fields=["id", "status"])["status"] == '{"code":5}'

    # Nothing is new, and a value that fits again leaves nothing behind.
    quiet = copy.refresh(verify="full")
    assert not quiet[["inserted", "changed", "vanished"]].to_numpy().any()
    odd.pop(ids["designations"][2])
    odd[ids["transaction_items"][3]]["quantity"] = "three"
    report = copy.refresh(verify="full").set_index("list")
    assert report.loc["designations", "differed"] == "goal (1), is_active (1)"
    assert report.loc["transaction_items", "differed"] == "quantity (1)"
    assert pd.isna(report.loc["designations", "misfits"])
    assert variants(copy, "designations", ids["designations"][2]) == {}
    changes = copy.changes("designations", since=report_time(copy, 0), columns="goal__v_text")
    assert changes[["before", "after"]].to_numpy().tolist() == [["a lot", pd.NA]]
    with pytest.warns(cn.DataWarning, match="'goal' are not numbers"):
        copy.as_of(report_time(copy, 0)).designations(fields=["id", "goal"])


def report_time(copy: cn.Mirror, number: int) -> Any:
    return copy.sql("SELECT _synced_at FROM _refreshes ORDER BY 1")["_synced_at"][number].to_pydatetime()


def test_a_variant_changed_by_hand_is_found(
    classy: cn.Classy, odd: dict[int, dict[str, Any]], tmp_path: Path
) -> None:
    import duckdb

    copy = classy.mirror(tmp_path / "m.duckdb", resources="supporters")
    first = copy.refresh()
    with duckdb.connect(str(copy.path)) as connection:
        connection.execute("UPDATE supporters SET member_id__v_text = 'Bob' WHERE member_id__v_text <> ''")
    report = copy.refresh()
    assert report["differed"].tolist() == ["member_id (1)"]
    assert report["misfits"].tolist() == first["misfits"].tolist()
    assert len(odd) == 5


def test_what_is_personal_is_not_in_a_variant_either(
    classy: cn.Classy,
    ids: dict[str, list[int]],
    odd: dict[int, dict[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    copy = classy.mirror(tmp_path / "m.duckdb", resources="supporters")
    copy.refresh()
    copy.forget(ids["supporters"][4])
    assert variants(copy, "supporters", ids["supporters"][4]) == {}
    odd[ids["supporters"][4]]["nickname"] = "new"
    report = copy.refresh(verify="full")
    assert report["equal"].all()
    assert variants(copy, "supporters", ids["supporters"][4]) == {}

    monkeypatch.setenv("CLASSY_HASH_KEY", "sixteen letters at least")
    odd[ids["supporters"][4]]["email_address"] = {"work": "ann@example.org"}
    path = tmp_path / "h.duckdb"
    report = sync(classy, path, resources="supporters", exclude="personal", hash="email_address")
    assert misfits(report) == {"supporters": "email_address (1), member_id (1)"}
    held = variants(cn.open_mirror(path), "supporters", ids["supporters"][4])
    assert held["member_id__v_text"] == MASK
    assert len(held["email_address__v_text"]) == 64


def test_to_arrow_and_batches_keep_misfits_if_asked(
    classy: cn.Classy, ids: dict[str, list[int]], odd: dict[int, dict[str, Any]], tmp_path: Path
) -> None:
    table = classy.designations.to_arrow(keep_misfits=True)
    assert table.column_names[-1] == "_misfits"
    kept = {row["id"]: json.loads(row["_misfits"]) for row in table.to_pylist() if row["_misfits"]}
    assert kept == {ids["designations"][2]: {"goal": "a lot", "is_active": "maybe"}}
    reader = classy.designations.batches(arrow=True, keep_misfits=True)
    assert reader.read_all()["_misfits"].drop_null().to_pylist() == table["_misfits"].drop_null().to_pylist()
    with pytest.raises(cn.UsageError, match="needs arrow=True"):
        classy.designations.batches(keep_misfits=True)
    copy = classy.mirror(tmp_path / "m.duckdb", resources="designations")
    copy.refresh()
    with pytest.raises(cn.UsageError, match=r"classy.designations.to_arrow\(keep_misfits=True\) asks"):
        copy.designations.to_arrow(keep_misfits=True)
    assert len(odd) == 5
