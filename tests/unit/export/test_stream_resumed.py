"""The same call after one that ended early: it goes on where that ended, or says why not."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pytest
from support import streams
from support.streams import QUESTION, Batches, beside, fetched, raising, resuming, rows_kept, ways

from classy_nb.errors import (
    ConnectionFailedError,
    DataWarning,
    IncompleteResultError,
    InterruptedFetchError,
    ServerError,
    TimedOutError,
)
from classy_nb.export import atomic, checkpoint
from classy_nb.export.checkpoint import Checkpoint


@ways
@pytest.mark.parametrize("at", [1, 2, 4])
@pytest.mark.parametrize(
    "error",
    [
        InterruptedFetchError("Stopped: 20 of 40 rows had come; nothing was kept."),
        ServerError("no", status=500),
    ],
)
def test_the_same_call_goes_on_behind_the_last_row(
    target: Path, undisturbed: Callable[..., bytes], write: Callable[..., Path], at: int, error: BaseException
) -> None:
    with pytest.raises(type(error)) as caught:
        write(Batches(before=raising(error, at)), target)
    told = "".join([str(caught.value), *getattr(caught.value, "__notes__", [])])
    assert target.read_text() == "older"
    if at == 1:
        assert beside(target) == []
        assert "kept beside" not in told
    else:
        assert f"{10 * (at - 1)} rows are kept beside {target}; the same call resumes there." in told
    batches = Batches()
    with resuming(10 * (at - 1)) if at > 1 else nullcontext():
        assert write(batches, target) == target
    assert batches.asked == [10 * (at - 1) or None]
    assert target.read_bytes() == undisturbed(write)
    assert beside(target) == []


@ways
def test_rows_of_an_earlier_call_are_told_and_since_when(
    target: Path, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They may have changed since: a refund of the night is not in them."""
    question = {**QUESTION, "timezone": "America/Los_Angeles"}
    begun = 1_769_878_800.0  # 2026-01-31 09:00 in Los Angeles
    monkeypatch.setattr(checkpoint.time, "time", lambda: begun)
    with pytest.raises(InterruptedFetchError):
        write(Batches(before=raising(KeyboardInterrupt(), 3)), target, question=question)
    monkeypatch.setattr(checkpoint.time, "time", lambda: begun + 23 * 3600)
    with pytest.warns(DataWarning) as caught:
        write(Batches(), target, question=question)
    [warning] = caught
    assert str(warning.message) == (
        "Resuming with 20 rows fetched since 2026-01-31 09:00 PST; what changed since then is "
        f"not in them. Delete {target.with_name('.gifts.file.partial')} to start over."
    )
    assert warning.filename == streams.__file__


@ways
def test_rows_older_than_a_day_are_dropped_aloud(
    target: Path, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = 1_769_878_800.0  # 2026-01-31 17:00 UTC
    monkeypatch.setattr(checkpoint.time, "time", lambda: begun)
    with pytest.raises(InterruptedFetchError, match="Stopped: 20 rows are kept"):
        write(Batches(before=raising(KeyboardInterrupt(), 3)), target)
    monkeypatch.setattr(checkpoint.time, "time", lambda: begun + checkpoint.MAX_AGE + 1)
    batches = Batches()
    with pytest.warns(DataWarning) as caught:
        write(batches, target)
    [warning] = caught
    assert str(warning.message) == (
        "20 rows fetched since 2026-01-31 17:00 UTC are older than a day and were dropped: "
        "all is fetched again."
    )
    assert batches.asked == [None]
    assert beside(target) == []


@ways
def test_rows_of_another_question_are_dropped_aloud(
    target: Path, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint.time, "time", lambda: 1_769_878_800.0)  # 2026-01-31 17:00 UTC
    with pytest.raises(InterruptedFetchError, match="Stopped: 20 rows are kept"):
        write(Batches(before=raising(KeyboardInterrupt(), 3)), target)
    batches = Batches()
    with pytest.warns(DataWarning) as caught:
        write(batches, target, question={**QUESTION, "limit": 3}, resumable=False)
    [warning] = caught
    assert str(warning.message) == (
        "20 rows fetched since 2026-01-31 17:00 UTC answer another question (other arguments, "
        "organization, time zone or version of classy_nb) and were dropped: all is fetched again."
    )
    assert batches.asked == [None]
    assert beside(target) == []


@ways
def test_rows_of_a_period_in_words_resume_while_it_means_the_same_days(
    target: Path, write: Callable[..., Path]
) -> None:
    october = {**QUESTION, "conditions": ["purchased_at>=2026-10-01", "purchased_at<2026-11-01"]}
    said = {**october, "period": "last month: 2026-10-01 to 2026-10-31"}
    with pytest.raises(InterruptedFetchError, match="Stopped: 20 rows are kept"):
        write(Batches(before=raising(KeyboardInterrupt(), 3)), target, question=said)
    with resuming(20), pytest.raises(InterruptedFetchError, match="Stopped: 20 rows are kept"):
        # The same days in other words, or without any, are the same question.
        write(Batches(before=raising(KeyboardInterrupt(), 1)), target, question={**october, "period": None})
    november = {**QUESTION, "conditions": ["purchased_at>=2026-11-01", "purchased_at<2026-12-01"]}
    batches = Batches()
    with pytest.warns(DataWarning) as caught:
        write(batches, target, question={**november, "period": "last month: 2026-11-01 to 2026-11-30"})
    [warning] = caught
    assert str(warning.message).partition(" UTC ")[2] == (
        "answer another question (then last month: 2026-10-01 to 2026-10-31; now last month: 2026-11-01 to "
        "2026-11-30) and were dropped: all is fetched again."
    )
    assert batches.asked == [None]


@ways
@pytest.mark.parametrize(
    ("there", "dropped"), [(19, False), (20, False), (21, True), (None, False), (TimedOutError("no"), False)]
)
def test_more_records_than_rows_of_an_earlier_call(
    target: Path, undisturbed: Callable[..., bytes], write: Callable[..., Path], there: Any, *, dropped: bool
) -> None:
    with pytest.raises(InterruptedFetchError):
        write(Batches(before=raising(KeyboardInterrupt(), 3)), target)
    asked = []

    def count_until(last: int) -> int | None:
        asked.append(last)
        if isinstance(there, Exception):
            raise there
        return cast("int | None", there)

    batches = Batches()
    told = "were dropped, as the API now counts 21 up to the last of them: all is fetched again.$"
    with pytest.warns(DataWarning, match=told) if dropped else resuming(20):
        write(batches, target, count_until=count_until)
    assert (asked, batches.asked) == ([20], [None if dropped else 20])
    assert target.read_bytes() == undisturbed(write)
    assert beside(target) == []


@ways
@pytest.mark.parametrize("error", [KeyboardInterrupt(), ConnectionFailedError("No answer.")])
def test_what_ends_the_question_how_many_there_are_keeps_the_rows(
    target: Path, write: Callable[..., Path], error: BaseException
) -> None:
    with pytest.raises(InterruptedFetchError):
        write(Batches(before=raising(KeyboardInterrupt(), 3)), target)
    batches = Batches()
    with pytest.raises((InterruptedFetchError, ConnectionFailedError)) as caught:
        write(batches, target, count_until=lambda _: raising(error, 0)(0))
    told = "".join([str(caught.value), *getattr(caught.value, "__notes__", [])])
    assert "20 rows are kept beside" in told
    assert (batches.asked, rows_kept(target)) == ([], 20)


@ways
def test_nothing_is_kept_of_a_list_that_misses_rows(target: Path, write: Callable[..., Path]) -> None:
    """They may be missing among those that had come."""
    with pytest.raises(IncompleteResultError) as caught:
        write(Batches(before=raising(IncompleteResultError("39 of 40 records arrived."), 3)), target)
    assert not hasattr(caught.value, "__notes__")
    assert (target.read_text(), beside(target)) == ("older", [])


@ways
def test_a_crash_before_the_first_row_leaves_nothing_but_the_folder(
    target: Path, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is made on trial stands in there, where the next call removes it."""

    def killed(self: Checkpoint, **_: object) -> None:
        raise SystemExit(9)

    monkeypatch.setattr(Checkpoint, "open", killed)
    monkeypatch.setattr(atomic.AtomicFile, "abort", lambda _: None)
    with pytest.raises(SystemExit):
        write(Batches(), target)
    assert beside(target) == []


@ways
def test_who_takes_the_warning_for_an_error_keeps_the_rows(target: Path, write: Callable[..., Path]) -> None:
    with pytest.raises(InterruptedFetchError):
        write(Batches(before=raising(KeyboardInterrupt(), 3)), target)
    batches = Batches()
    with pytest.raises(DataWarning, match="Resuming with 20 rows"):
        write(batches, target)
    assert (batches.asked, rows_kept(target), target.read_text()) == ([], 20, "older")


@ways
def test_again_and_again(target: Path, undisturbed: Callable[..., bytes], write: Callable[..., Path]) -> None:
    """Batches of other sizes each time: the file does not show it."""
    starts: list[int | None] = []
    for size in (3, 7, 4, 11):
        batches = Batches(before=raising(KeyboardInterrupt(), 2), size=size)
        with (
            resuming(kept_rows) if (kept_rows := rows_kept(target)) else nullcontext(),
            pytest.raises(InterruptedFetchError, match="rows are kept"),
        ):
            write(batches, target)
        starts += batches.asked
    assert starts == [None, 3, 10, 14]
    with resuming(25):
        write(Batches(), target)
    assert target.read_bytes() == undisturbed(write)


@ways
@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), InterruptedFetchError("Stopped: nothing was kept."), SystemExit(3)]
)
def test_where_nothing_can_be_gone_on_with_nothing_is_left(
    target: Path, write: Callable[..., Path], error: BaseException
) -> None:
    expected = SystemExit if isinstance(error, SystemExit) else InterruptedFetchError
    with pytest.raises(expected) as caught:
        write(Batches(before=raising(error, 3)), target, resumable=False)
    assert "are kept" not in str(caught.value)
    assert "from there" not in str(caught.value)
    if expected is InterruptedFetchError:
        assert "nothing was kept" in str(caught.value)
    assert (target.read_text(), beside(target)) == ("older", [])
    batches = Batches()
    write(batches, target, resumable=False)
    assert batches.asked == [None]


@ways
def test_rows_out_of_order_are_fetched_anew(target: Path, write: Callable[..., Path]) -> None:
    """Where the server refuses the key and the sort, nothing can be gone on behind."""

    def unsorted(after: int | None) -> Iterator[pa.Table]:
        yield fetched([3, 1])
        yield fetched([2, 4])
        raise ServerError("no", status=500)

    with pytest.raises(ServerError) as caught:
        write(unsorted, target)
    assert not hasattr(caught.value, "__notes__")
    assert (target.read_text(), beside(target)) == ("older", [])
