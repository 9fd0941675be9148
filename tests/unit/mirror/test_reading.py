"""Reading a mirror that was made by hand: names, organizations, and what SQL gives."""

from __future__ import annotations

import inspect
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from support.copies import HandMade

import classy_nb as cn
from classy_nb.catalog import load
from classy_nb.client import Resource
from classy_nb.frames import TableBuilder

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

SEEN = datetime(2026, 11, 1, 12, tzinfo=UTC)


def campaigns(*records: dict[str, Any]) -> pa.Table:
    """Return records of campaigns as the client would."""
    endpoint = load().resources["campaigns"].lists[0]
    builder = TableBuilder(load().columns(endpoint))
    builder.add(records)
    return builder.table()


@pytest.fixture
def copy(tmp_path: Path) -> Any:
    path = tmp_path / "copy.duckdb"
    for organization, number in ((7, 1), (8, 2)):
        made = HandMade(path, organization=organization)
        named = {"id": number, "name": f"Gala {number}", "goal": 12.5, "organization_id": organization}
        made.put(SEEN, campaigns=campaigns(named, {"id": number + 10, "name": "gala"}))
    return cn.open_mirror(path, organization=8)


def test_each_organization_sees_its_own_rows(copy: Any) -> None:
    assert copy.campaigns()["id"].tolist() == [2, 12]
    assert copy.campaigns.count() == 2
    assert cn.open_mirror(copy.path, organization=7).campaigns()["name"].tolist() == ["Gala 1", "gala"]
    with pytest.raises(cn.NotFoundError):
        copy.campaigns.get(1)


def test_values_are_parameters_and_never_sql(copy: Any) -> None:
    assert copy.campaigns(where="name = x' OR '1'='1").empty
    assert copy.campaigns(where='name = "; DROP TABLE campaigns; --"').empty
    assert copy.campaigns.count() == 2


def test_text_is_compared_as_it_is_written(copy: Any) -> None:
    assert copy.campaigns(where="name = gala")["id"].tolist() == [12]
    assert copy.campaigns(where="name != gala")["id"].tolist() == [2]


def test_a_missing_value_satisfies_no_condition_and_is_the_lowest(copy: Any) -> None:
    assert copy.campaigns(where="goal != 1")["id"].tolist() == [2]
    assert copy.campaigns(sort="goal")["id"].tolist() == [12, 2]
    assert copy.campaigns(sort="goal:desc")["id"].tolist() == [2, 12]


def test_numbers_beyond_64_bits_can_be_compared_with(copy: Any) -> None:
    assert copy.campaigns(where=f"id < {10**30}")["id"].tolist() == [2, 12]


def test_the_frames_say_of_when_they_are(copy: Any) -> None:
    about = copy.campaigns().attrs["classy"]
    assert about["fetched_at"] == "2026-11-01T12:00:00+00:00"
    assert about["timezone"] == "America/Los_Angeles"
    assert "2026-11-01 04:00 PST" in repr(copy.campaigns)


@pytest.mark.parametrize("name", ["transactions", "answers", "fundraising_pages"])
def test_the_keywords_are_those_of_the_live_call(copy: Any, name: str) -> None:
    spec = load().resources[name]
    live = inspect.signature(Resource(spec, copy)).parameters
    parameters = {p.keyword for endpoint in spec.lists for p in endpoint.parameters}
    assert set(inspect.signature(getattr(copy, name)).parameters) == set(live) - parameters


def test_sql_has_a_dtype_for_everything(copy: Any) -> None:
    found = copy.sql(
        "SELECT 1::TINYINT AS a, 2::HUGEINT AS b, 170141183460469231731687303715884105727::HUGEINT AS c,"
        " 1.5::DECIMAL(9, 3) AS d, [1, 2] AS e, {'x': 'y'} AS f, DATE '2026-01-31' AS g,"
        " TIMESTAMP '2026-01-31 12:00' AS h, TIMESTAMPTZ '2026-01-31 12:00+00' AS i, TIME '10:00' AS j,"
        " uuid() AS k, NULL AS l, INTERVAL 2 DAY AS m, true AS n, 'a'::ENUM ('a', 'b') AS o, 1::FLOAT AS p"
    )
    assert {name: str(dtype) for name, dtype in found.dtypes.items()} == {
        "a": "Int64", "b": "Int64", "c": "Float64", "d": "Float64", "e": "string", "f": "string",
        "g": "datetime64[us]", "h": "datetime64[us]", "i": "datetime64[us, America/Los_Angeles]",
        "j": "string", "k": "string", "l": "string", "m": "string", "n": "boolean", "o": "string",
        "p": "Float64",
    }  # fmt: skip
    assert (found["e"][0], found["f"][0], str(found["i"][0])) == (
        "[1,2]", '{"x":"y"}', "2026-01-31 04:00:00-08:00",
    )  # fmt: skip


def test_sql_takes_parameters_of_both_kinds(copy: Any) -> None:
    text = "SELECT name FROM campaigns WHERE id = "
    assert copy.sql(text + "?", [2])["name"].tolist() == ["Gala 2"]
    assert copy.sql(text + "$number", {"number": 2})["name"].tolist() == ["Gala 2"]
    assert str(copy.sql(text + "2", dtype_backend="pyarrow")["name"].dtype) == "string[pyarrow]"


def test_an_error_of_sql_quotes_no_value(copy: Any) -> None:
    with pytest.raises(cn.UsageError) as caught:
        copy.sql("SELECT CAST(name AS INTEGER) FROM campaigns")
    assert "Gala" not in str(caught.value)
