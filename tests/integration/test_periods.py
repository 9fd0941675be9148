"""Periods in words, from the call to the frame, the file and the checkpoint, against the sandbox."""

import pickle
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import classy_nb as cn
from classy_nb.errors import DataWarning, UsageError
from classy_nb.query import periods

LA = "America/Los_Angeles"


class Clock(datetime):
    """A clock that stands still, in the middle of what the sandbox has."""

    moment = datetime(2026, 11, 1, 6, 30, tzinfo=UTC)  # still October in Los Angeles

    @classmethod
    def now(cls, tz: Any = None) -> Any:
        return cls.moment.astimezone(tz)


@pytest.fixture(scope="module")
def classy() -> Any:
    with cn.demo(transactions=4_000, timezone=LA, fiscal_year_start=7) as demo:
        yield demo


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(periods, "datetime", Clock)
    return monkeypatch


PERIODS = [
    ("last month", "2026-09-01", "2026-10-01", "2026-09-30"),
    ("This Month", "2026-10-01", "2026-11-01", "2026-10-31"),
    ("last fiscal year", "2025-07-01", "2026-07-01", "2026-06-30"),
    ("last 30 days", "2026-10-02", "2026-11-01", "2026-10-31"),
    ("giving tuesday", "2025-12-02", "2025-12-03", "2025-12-02"),
]


@pytest.mark.parametrize(("words", "since", "until", "last"), PERIODS)
@pytest.mark.parametrize("backend", ["numpy_nullable", "pyarrow"])
def test_the_frame_is_that_of_the_dates(  # noqa: PLR0917 - a row of the table above
    classy: Any, words: str, since: str, until: str, last: str, backend: str
) -> None:
    found = classy.transactions(since=words, dtype_backend=backend)
    expected = classy.transactions(since=since, until=until, dtype_backend=backend)
    assert len(found) > 0
    pd.testing.assert_frame_equal(found, expected)
    days = since if since == last else f"{since} to {last}"
    assert found.attrs["classy"]["period"] == f"{words}: {days}"
    assert found.attrs["classy"]["asked"] == expected.attrs["classy"]["asked"]
    assert expected.attrs["classy"]["period"] is None
    assert classy.transactions.count(since=words) == len(expected)
    assert sum(map(len, classy.transactions.batches(since=words))) == len(expected)
    by_period = cn.analysis.by_period(found[found["status"] == "success"], "D")
    assert len(by_period) > 0


def test_until_ends_with_the_last_day(classy: Any) -> None:
    found = classy.transactions(since="this fiscal year", until="last month")
    expected = classy.transactions(since="2026-07-01", until="2026-10-01")
    pd.testing.assert_frame_equal(found, expected)


def test_the_progress_line_shows_the_dates(classy: Any, capsys: pytest.CaptureFixture[str]) -> None:
    classy.transactions(since="last month", progress=True)
    shown = capsys.readouterr()
    assert "transactions (last month: 2026-09-01 to 2026-09-30)" in shown.err + shown.out


def test_nothing_is_sent_for_what_is_not_a_period(classy: Any) -> None:
    before = len(classy.sandbox.requests)
    for call in (classy.transactions, classy.transactions.count, classy.transactions.batches):
        with pytest.raises(UsageError, match="Did you mean 'last month'"):
            call(since="lst month")
    with pytest.raises(UsageError, match=r"since='this month' \(from 2026-10-01\) is not before until="):
        classy.transactions.to_csv("x.csv", since="this month", until="last month")
    assert len(classy.sandbox.requests) == before


def test_files_hold_the_period(classy: Any, tmp_path: Path) -> None:
    expected = classy.transactions(since="2026-09-01", until="2026-10-01")
    back = cn.read_csv(classy.transactions.to_csv(tmp_path / "gifts.csv", since="last month"))
    assert list(back["id"]) == list(expected["id"])
    file = classy.transactions.to_parquet(tmp_path / "gifts.parquet", since="last month")
    assert list(pd.read_parquet(file)["id"]) == list(expected["id"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("last 60 days", "then last 60 days: 2026-09-02 to 2026-10-31; now last 60 days: 2026-09-03"),
        ("this quarter", "^Resuming with"),
    ],
)
def test_an_export_that_is_continued_tomorrow(
    classy: Any, clock: pytest.MonkeyPatch, tmp_path: Path, words: str, message: str
) -> None:
    class StopError(Exception):
        pass

    def stop(rows: int, _total: Any, note: str) -> None:
        if "writing" in note:
            raise StopError

    with pytest.raises(StopError):
        classy.transactions.to_csv(tmp_path / "gifts.csv", since=words, progress=stop)
    clock.setattr(Clock, "moment", datetime(2026, 11, 1, 7, 30, tzinfo=UTC))  # past midnight
    with pytest.warns(DataWarning, match=message):
        file = classy.transactions.to_csv(tmp_path / "gifts.csv", since=words)
    expected = classy.transactions(since=words)
    assert list(cn.read_csv(file)["id"]) == list(expected["id"])


def test_another_process_has_the_same_fiscal_year(classy: Any) -> None:
    assert classy._require_session().queries.fiscal_year_start == 7
    with pytest.raises(cn.NotPicklableError):
        pickle.dumps(classy)
