"""How a message shows an argument."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import pandas as pd
import pytest

from classy_nb.arguments import checked_flag, is_one_of, shown
from classy_nb.errors import UsageError


@pytest.mark.parametrize(
    "value",
    [
        *(None, True, 7, -1.5, float("nan"), Decimal("10.50"), np.int64(3), "", "it's", 'say "x"', "naïve"),
        *(date(2026, 1, 31), datetime(2026, 1, 31, 18, tzinfo=UTC), timedelta(days=2), pd.Timestamp("2026")),
        *(pd.NaT, PurePosixPath("a/b.csv"), [], ["a", 5], ("a",), ("a", None), {"a"}, [["a"], (1, 2)]),
    ],
    ids=repr,
)
def test_plain_values_are_shown_as_python_writes_them(value: Any) -> None:
    assert shown(value) == repr(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (pd.DataFrame({"name": ["Ana"]}), "a DataFrame"),
        (pd.Series(["Ana"]), "a Series"),
        (pd.Index(["Ana"]), "an Index"),
        (np.array(["Ana"]), "a ndarray"),
        ({"name": "Ana"}, "a dict"),
        ([{"name": "Ana"}], "[a dict]"),
        ([pd.DataFrame({"name": ["Ana"]}), 2026], "[a DataFrame, 2026]"),
        (["Ana"] * 21, "a list"),
        (b"Ana", "a bytes"),
        (object(), "an object"),
        (str, "a type"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_anything_else_is_shown_as_its_type(value: Any, text: str) -> None:
    assert shown(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("ana@example.org", "'***'"),
        ("email_address = ana@example.org", "'email_address = ***'"),
        (["ana@example.org", "2026"], "['***', '2026']"),
        ('"ana@example.org"', "'\"***\"'"),
    ],
    ids=str,
)
def test_addresses_are_masked(value: Any, text: str) -> None:
    assert shown(value) == text


def test_long_texts_are_cut() -> None:
    assert shown("x" * 598) == repr("x" * 598)
    assert shown("x" * 599) == "'" + "x" * 598 + "…"
    assert shown([["x" * 100] * 9]) == ("[[" + ", ".join(["'" + "x" * 100 + "'"] * 9))[:599] + "…"


@pytest.mark.parametrize(
    "value", ["b", 1, [], ["a"], pd.Series(["a"]), pd.DataFrame(), np.array(["a", "a"])], ids=str
)
def test_one_of_some_names(value: Any) -> None:
    assert is_one_of("a", ("a", None))
    assert is_one_of(None, ("a", None))
    assert not is_one_of(None, ("a",))
    assert not is_one_of(value, ("a", None))


@pytest.mark.parametrize("value", [None, 0, 1, "true", [], pd.Series([True]), np.bool_(True)], ids=repr)
def test_a_flag_is_true_or_false(value: Any) -> None:
    assert checked_flag("flat", True) is True
    assert checked_flag("flat", False) is False
    with pytest.raises(UsageError, match=r"^flat=.* must be True or False\.$"):
        checked_flag("flat", value)
