"""CSV files of what donors typed: safe to open, and the same when read back."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pandas as pd
import pytest

import classy_nb as cn

if TYPE_CHECKING:
    from pathlib import Path

    from classy_nb.sandbox import Sandbox

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def pages(classy: cn.Classy) -> pd.DataFrame:
    frame = classy.fundraising_pages()
    assert frame["title"].str.startswith("=").any(), "the sandbox has no title like a formula"
    return frame


def texts(frame: pd.DataFrame) -> list[str]:
    return [name for name, dtype in frame.dtypes.items() if str(dtype) == "string"]


def test_trap_44_nothing_begins_like_a_formula(pages: pd.DataFrame, tmp_path: Path) -> None:
    rows = rows_of(cn.to_csv(pages, tmp_path / "pages.csv"))
    assert len(rows) == len(pages)
    assert [row[name] for row in rows for name in texts(pages) if row[name].startswith(FORMULA)] == []
    raw = rows_of(cn.to_csv(pages, tmp_path / "raw.csv", neutralize=False))
    titles = [row["title"] for row in raw]
    assert titles == pages["title"].fillna("").tolist()
    assert [row["title"] for row in rows] == [f"'{t}" if t.startswith(FORMULA) else t for t in titles]


def test_trap_44_what_donors_typed_comes_back(box: Sandbox, classy: cn.Classy, tmp_path: Path) -> None:
    frame = classy.transactions()
    truth = {str(record["id"]): record for record in box.truth("transactions")}
    typed = ("comment", "billing_first_name", "billing_last_name", "billing_postal_code")
    rows = rows_of(cn.to_csv(frame, tmp_path / "gifts.csv", neutralize=False))
    for row in rows:
        for name in typed:
            assert row[name] == (truth[row["id"]][name] or ""), name
    assert any(
        not row["comment"].isascii() or "\n" in row["comment"] or '"' in row["comment"] for row in rows
    )
    assert any(row["billing_postal_code"].startswith("0") for row in rows)


def test_trap_44_numbers_are_left_alone(classy: cn.Classy, tmp_path: Path) -> None:
    frame = classy.transactions(fields=["total_gross_amount", "purchased_at", "is_anonymous"], limit=50)
    frame["total_gross_amount"] = -frame["total_gross_amount"]
    rows = rows_of(cn.to_csv(frame, tmp_path / "negative.csv"))
    assert [float(row["total_gross_amount"]) for row in rows] == frame["total_gross_amount"].tolist()
    assert [pd.Timestamp(row["purchased_at"]) for row in rows] == frame["purchased_at"].tolist()
    assert {row["is_anonymous"] for row in rows} <= {"true", "false"}


def test_trap_44_excel_gets_its_mark(pages: pd.DataFrame, tmp_path: Path) -> None:
    marked = cn.to_csv(pages, tmp_path / "excel.csv", excel=True).read_bytes()
    plain = cn.to_csv(pages, tmp_path / "plain.csv").read_bytes()
    assert marked == b"\xef\xbb\xbf" + plain


def test_a_streamed_file_is_the_frame_s(classy: cn.Classy, tmp_path: Path) -> None:
    streamed = classy.transactions.to_csv(tmp_path / "streamed.csv", since=2026)
    written = cn.to_csv(classy.transactions(since=2026), tmp_path / "written.csv")
    assert streamed.read_bytes() == written.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["streamed.csv", "written.csv"]


MAIN = (
    *("transactions", "campaigns", "supporters", "recurring_donation_plans", "fundraising_pages"),
    *(
        "fundraising_teams",
        "designations",
        "transaction_items",
        "answers",
        "activity",
        "ticket_types",
        "faqs",
    ),
)


@pytest.mark.edge(21)
@pytest.mark.parametrize("resource", MAIN)
def test_the_main_lists_come_back_from_files(classy: cn.Classy, tmp_path: Path, resource: str) -> None:
    keywords = {"campaign": int(classy.campaigns(limit=1)["id"].iloc[0])} if resource == "faqs" else {}
    frame = getattr(classy, resource)(**keywords)
    path = getattr(classy, resource).to_csv(tmp_path / "streamed.csv.gz", **keywords)
    zone = "America/Los_Angeles" if frame.empty else None  # without rows, the file has no offsets
    for written in (path, cn.to_csv(frame, tmp_path / "frame.csv")):
        again = cn.read_csv(written, timezone=zone)
        pd.testing.assert_frame_equal(again, frame)
        assert again.attrs.get("classy_lists") == frame.attrs.get("classy_lists")
