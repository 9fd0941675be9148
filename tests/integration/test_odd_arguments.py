"""A frame of donors in place of any argument: an error that names the argument, and never a donor."""

from __future__ import annotations

import inspect
import traceback
import warnings
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

import classy_nb as cn
from classy_nb.query import ListOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

KEYWORDS = (*sorted(ListOptions.names()), "dtype_backend", "progress", "campaign", "nothing")
ANALYSIS = [name for name in cn.analysis.__all__ if inspect.isfunction(getattr(cn.analysis, name))]
OURS = ("to_csv", "to_excel", "to_parquet", "read_csv", "explode", "find", "open_mirror", "connect")
LIST = ("__call__", "get", "count", "to_arrow", "batches", "to_csv", "to_parquet", "to_excel")
ENDINGS = {"to_csv": "a.csv", "to_excel": "a.xlsx", "to_parquet": "a.parquet"}


@pytest.fixture(scope="module")
def connection() -> Iterator[cn.Classy]:
    with cn.demo(transactions=600) as classy:
        yield classy


@pytest.fixture(scope="module")
def good(connection: cn.Classy) -> dict[str, Any]:
    """What each argument that must be given is like."""
    transactions = connection.transactions(include="items")
    gifts = cn.analysis.gifts(transactions)
    supporters = connection.supporters()
    return {
        **dict.fromkeys(("transactions", "frame", "frames"), transactions),
        "gifts": gifts,
        "supporters": supporters,
        "people": cn.analysis.lybunt(gifts, 2026),
        "plans": connection.recurring_donation_plans(),
        "records": connection.registrations(),
        "answers": connection.answers(),
        "questions": connection.questions(campaign=int(connection.campaigns(limit=1)["id"].iloc[0])),
        "year": 2026,
        "path": "a.csv",
        "column": "items",
        "text": "refund",
        "id": int(transactions["id"].iloc[0]),
        "client_id": "idForTheTests123",
        "client_secret": "secretForTheTests456",
        "base_url": "http://127.0.0.1:9/2.0",
        "token_url": "http://127.0.0.1:9/oauth2/auth",
    }


@pytest.fixture(scope="module")
def donors(good: dict[str, Any]) -> pd.DataFrame:
    columns = ["id", "first_name", "last_name", "email_address"]
    found: pd.DataFrame = good["supporters"].dropna(subset=columns)[columns].head(20)
    return found


def in_place_of(donors: pd.DataFrame) -> dict[str, Any]:
    """Donors in the shapes that a slip has."""
    emails = donors["email_address"]
    return {
        "a frame": donors,
        "a column": emails,
        "a row": donors.iloc[0],
        "rows": donors.to_dict("records"),
        "addresses": emails.tolist(),
        "an address": emails.iloc[0],
        "an array": donors.to_numpy(),
        "an index": pd.Index(emails),
    }


def check(
    call: Callable[..., Any], good: dict[str, Any], donors: pd.DataFrame, more: tuple[str, ...] = ()
) -> None:
    """Put donors in place of each argument, one after the other."""
    parameters = inspect.signature(call).parameters
    named = [
        name for name, one in parameters.items() if one.kind not in (one.VAR_KEYWORD, one.VAR_POSITIONAL)
    ]
    needed = {
        name: good[name]
        for name, one in parameters.items()
        if name in good and (one.default is one.empty or name == "id" or call is cn.connect)
    }
    if (ending := ENDINGS.get(call.__name__)) is not None:
        needed["path"] = ending
    personal = {*donors["email_address"], *(name for name in donors["last_name"] if len(name) > 4)}
    for name in dict.fromkeys((*named, *more)):
        for what, odd in in_place_of(donors).items():
            said = outcome(call, {**needed, name: odd})
            # A path is shown as it is, and so is the file's text if it is one.
            if what != "an address" or name not in ("path", "env_file"):
                assert not [text for text in personal if text in said], (name, what, said)


def outcome(call: Callable[..., Any], keywords: dict[str, Any]) -> str:
    """Return all that is said: warnings, or an error that is ours or Python's word for a wrong call."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = call(**keywords)
            if inspect.isgenerator(result):
                list(result)
        except (cn.ClassyError, TypeError, AttributeError) as error:
            return "".join(traceback.format_exception_only(error)) + str(error.__cause__ or "")
    return " ".join(str(one.message) for one in caught)


@pytest.fixture(autouse=True)
def _shows_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    with pd.option_context("display.width", 250, "display.max_columns", 40, "display.max_colwidth", 60):
        yield


@pytest.mark.edge(28)
@pytest.mark.parametrize("name", ANALYSIS)
def test_no_calculation_quotes_a_donor(name: str, good: dict[str, Any], donors: pd.DataFrame) -> None:
    check(getattr(cn.analysis, name), good, donors)


@pytest.mark.edge(28)
@pytest.mark.parametrize("by", [5, None, pd.DataFrame({"id": [1]}), []], ids=lambda by: type(by).__name__)
def test_duplicates_are_found_by_what_is_known(by: Any, good: dict[str, Any]) -> None:
    with pytest.raises(cn.UsageError, match="must be one or several of 'email'"):
        cn.analysis.duplicates(good["supporters"], by=by)


@pytest.mark.edge(28)
@pytest.mark.parametrize("name", OURS)
def test_no_function_quotes_a_donor(name: str, good: dict[str, Any], donors: pd.DataFrame) -> None:
    check(getattr(cn, name), good, donors)


@pytest.mark.edge(28)
@pytest.mark.parametrize("name", LIST)
def test_no_list_quotes_a_donor(
    name: str, connection: cn.Classy, good: dict[str, Any], donors: pd.DataFrame
) -> None:
    check(getattr(connection.transactions, name), good, donors, KEYWORDS)


@pytest.mark.edge(28)
def test_a_mirror_does_not_quote_a_donor(
    connection: cn.Classy, good: dict[str, Any], donors: pd.DataFrame
) -> None:
    pytest.importorskip("duckdb")
    check(connection.mirror, good, donors)
    mirror = connection.mirror("classy.duckdb", resources="supporters")
    mirror.refresh()
    needed = {"resource": "supporters", "since": "2020", "supporter": 1}
    for call in (mirror.refresh, mirror.changes, mirror.as_of, mirror.forget):
        check(call, needed, donors)


@pytest.mark.edge(5)
@pytest.mark.parametrize("status", ["succes", "Success", ["success", "refundd"]], ids=str)
@pytest.mark.parametrize("name", ["gifts", "left_out", "gross_fees_net", "designation_totals"])
def test_a_status_that_does_not_exist_is_warned_of(name: str, status: Any, good: dict[str, Any]) -> None:
    meant = "refunded" if isinstance(status, list) else "success"
    with pytest.warns(cn.QueryWarning, match=rf"no transaction has status='.*'\. Did you mean '{meant}'\?"):
        getattr(cn.analysis, name)(good["transactions"], status=status)


@pytest.mark.edge(6)
@pytest.mark.parametrize(
    ("name", "frame", "column"),
    [
        ("gifts", "transactions", "status"),
        ("gifts", "transactions", "donation_gross_amount"),
        ("left_out", "transactions", "status"),
        ("gross_fees_net", "transactions", "total_gross_amount"),
        ("designation_totals", "transactions", "status"),
        ("refunds", "transactions", "status"),
        ("failed_payments", "transactions", "status"),
        ("plan_lives", "plans", "status"),
        ("churn", "plans", "donation_amount"),
    ],
)
def test_a_column_that_the_api_no_longer_fills_is_warned_of(
    name: str, frame: str, column: str, good: dict[str, Any]
) -> None:
    given = good[frame].copy()
    given[column] = pd.Series(pd.NA, index=given.index, dtype=given[column].dtype)
    with pytest.warns(cn.DataWarning, match=f"no row has a value in {column}, so nothing counts"):
        getattr(cn.analysis, name)(given)
