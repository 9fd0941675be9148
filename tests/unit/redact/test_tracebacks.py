"""An exception that leaves a public entry carries no local variables."""

import threading
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd
import pytest

from classy_nb import analysis, errors
from classy_nb.errors import ClassyError
from classy_nb.redact import clear_tracebacks

ROW = "ann@donors.example"


def fail(row: str) -> None:
    raise ValueError("it failed")


def chained(row: str) -> None:
    try:
        fail(row)
    except ValueError as error:
        raise ClassyError("What happened.") from error


def suppressed(row: str) -> None:
    try:
        fail(row)
    except ValueError:
        raise ClassyError("What happened.") from None


def in_another_thread(row: str) -> None:
    caught: list[BaseException] = []

    def work() -> None:
        held = row
        try:
            fail(held)
        except ValueError as error:
            caught.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    raise caught[0]


def in_a_group(row: str) -> None:
    try:
        fail(row)
    except ValueError as error:
        raise ExceptionGroup("several", [error]) from None


def locals_of(error: BaseException) -> str:
    """Everything a debugger could show of an error and the errors behind it, except in the tests."""
    seen, waiting, text = set(), [error], ""
    while waiting:
        found = waiting.pop()
        if found is None or id(found) in seen:
            continue
        seen.add(id(found))
        for frame, _ in traceback.walk_tb(found.__traceback__):
            if not frame.f_code.co_name.startswith("test_"):
                text += repr(frame.f_locals)
        waiting += [found.__cause__, found.__context__, *getattr(found, "exceptions", ())]
    return text


@pytest.mark.parametrize("function", [fail, chained, suppressed, in_another_thread, in_a_group])
def test_no_frame_keeps_its_locals(function: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        globals(), "__name__", "classy_nb.test"
    )  # only what came through the package is cleared
    with pytest.raises((ValueError, ClassyError, ExceptionGroup)) as caught:
        clear_tracebacks(function)(ROW)
    assert ROW not in locals_of(caught.value)


def test_no_frame_of_a_generator_keeps_its_locals() -> None:
    @clear_tracebacks
    def rows(row: str) -> Iterator[int]:
        yield 1
        fail(row)

    steps = rows(row=ROW)
    assert next(steps) == 1
    with pytest.raises(ValueError, match="it failed") as caught:
        next(steps)
    assert ROW not in locals_of(caught.value)


def test_an_exception_raised_before_the_call_keeps_its_locals() -> None:
    def theirs() -> None:
        mine = "their own variable"
        raise KeyError(mine[:5])

    with pytest.raises(KeyError) as caught:  # noqa: PT012 - they call us while handling their own error
        try:
            theirs()
        except KeyError:
            with pytest.raises(ValueError, match="it failed"):
                clear_tracebacks(fail)(ROW)
            raise
    assert "their own variable" in locals_of(caught.value)


def test_a_calculation_that_fails_shows_no_donors() -> None:
    frame = pd.DataFrame({"id": [1], "email_address": [ROW], "donor_id": [7]})
    with pytest.raises(ClassyError, match="has no column") as caught:
        analysis.with_contacts(frame, frame)
    assert ROW not in locals_of(caught.value)


def test_frames_can_be_kept_for_development(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLASSY_NB_KEEP_FRAMES", "1")
    with pytest.raises(ValueError, match="it failed") as caught:
        clear_tracebacks(fail)(ROW)
    assert ROW in locals_of(caught.value)


def test_the_public_entries_are_covered() -> None:
    import classy_nb as cn

    entries = [cn.connect, cn.demo, cn.login, cn.to_csv, cn.explode, cn.Classy.get]
    entries += [getattr(cn.Resource, name) for name in ("__call__", "get", "count", "batches", "to_csv")]
    entries += [cn.Resource.to_parquet, cn.Resource.to_excel, cn.to_parquet, cn.to_excel]
    entries += [function for name in cn.analysis.__all__ if callable(function := getattr(cn.analysis, name))]
    for entry in entries:
        assert entry.__wrapped__.__code__ is not entry.__code__, entry
        assert entry.__code__.co_filename.endswith("tracebacks.py"), entry


def in_the_package(source: str) -> Callable[..., object]:
    """Return a function as if the package defined it."""
    namespace: dict[str, Any] = {"__name__": "classy_nb.made_up", "ClassyError": ClassyError}
    exec(f"def function():\n    {source}", namespace)
    return namespace["function"]


def test_a_bug_says_once_where_to_report_it_and_with_which_versions() -> None:
    nested = clear_tracebacks(clear_tracebacks(in_the_package("{}['id']")))
    with pytest.raises(KeyError) as caught:
        nested()
    [note] = caught.value.__notes__
    assert note == (
        "This looks like a bug in classy_nb. Please report the lines above, without donors' data, at "
        f"{errors.ISSUES}, with: {errors.versions()}"
    )


@pytest.mark.parametrize(
    "source",
    ["raise ClassyError('It failed.')", "raise OSError", "raise ImportError", "raise UserWarning"],
)
def test_what_is_not_a_bug_asks_for_no_report(source: str) -> None:
    with pytest.raises((ClassyError, OSError, ImportError, UserWarning)) as caught:
        clear_tracebacks(in_the_package(source))()
    assert not getattr(caught.value, "__notes__", [])


def test_an_error_of_a_callers_own_function_asks_for_no_report() -> None:
    with pytest.raises(ValueError, match="it failed") as caught:
        clear_tracebacks(fail)("row")
    assert not getattr(caught.value, "__notes__", [])


def test_a_call_with_the_wrong_arguments_asks_for_no_report() -> None:
    with pytest.raises(TypeError) as caught:
        clear_tracebacks(in_the_package("pass"))("one too many")
    assert not getattr(caught.value, "__notes__", [])
