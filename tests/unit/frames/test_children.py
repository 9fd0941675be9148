"""Lists in cells become a table of their own."""

import pandas as pd
import pytest
from support.frames import build

from classy_nb import catalog
from classy_nb.catalog import Column, Endpoint
from classy_nb.errors import UsageError
from classy_nb.frames import empty_frame, explode

KNOWN = catalog.load()
TRANSACTIONS = KNOWN.columns(KNOWN.find("/organizations/1/transactions"), ["items"])  # type: ignore[arg-type]
ITEMS = KNOWN.columns(Endpoint("", "list", "TransactionItem", ""))


def gifts(**options: str) -> pd.DataFrame:
    return build(
        [
            {
                "id": 2**53 + 1,
                "items": [{"id": 1, "quantity": "2"}, {"id": 2, "product_name": None}],
            },
            {"id": 8, "items": []},
            {"id": 9},
            {"id": 10, "items": {"id": 3, "unheard_of": True}},
            {"id": None, "items": [{"id": 4}]},
        ],
        TRANSACTIONS,
        **options,
    )


def test_trap_29_items_become_rows_with_their_parents_id() -> None:
    items = explode(gifts(), "items")
    assert list(items) == ["parent_id", *(column.name for column in ITEMS), "unheard_of"]
    assert items["parent_id"].to_list() == [2**53 + 1, 2**53 + 1, 10, pd.NA]
    assert items["id"].to_list() == [1, 2, 3, 4]
    assert items["unheard_of"].to_list() == [pd.NA, pd.NA, True, pd.NA]
    assert list(items.index) == [0, 1, 2, 3]


@pytest.mark.parametrize("backend", ["numpy_nullable", "pyarrow"])
def test_children_are_typed_by_the_catalog_with_rows_and_without(backend: str) -> None:
    options = {"timezone": "Asia/Tokyo", "dtype_backend": backend}
    expected = empty_frame(ITEMS, **options)  # type: ignore[arg-type]
    full = explode(gifts(**options), "items")
    none = explode(gifts(**options).iloc[1:3], "items")
    empty = explode(empty_frame(TRANSACTIONS, **options), "items")  # type: ignore[arg-type]
    for children, rows in ((full, 4), (none, 0), (empty, 0)):
        assert len(children) == rows
        assert children.dtypes[[*expected]].to_dict() == expected.dtypes.to_dict()
        assert children.dtypes["parent_id"] == gifts(**options).dtypes["id"]


def test_children_have_the_given_columns_or_what_the_items_have() -> None:
    frame = pd.DataFrame({"key": ["a", "b"], "tags": [[{"id": "1"}], [{"id": "2"}, {"id": None}]]})
    given = explode(frame, "tags", parent_id="key", columns=[Column("id", "int")])
    assert given["id"].to_list() == [1, 2, pd.NA]
    assert given["parent_id"].to_list() == ["a", "b", "b"]
    assert explode(frame, "tags", parent_id="key")["id"].to_list() == ["1", "2", pd.NA]


def test_items_that_are_not_objects_are_in_value() -> None:
    frame = pd.DataFrame({"id": [1, 2], "recipients": [["x", "y"], None]})
    children = explode(frame, "recipients")
    assert children["parent_id"].to_list() == [1, 1]
    assert children["value"].to_list() == ["x", "y"]


def test_a_parent_id_that_the_items_have_is_kept() -> None:
    frame = pd.DataFrame({"id": [1], "comments": [[{"id": 5, "parent_id": 4}]]})
    children = explode(frame, "comments")
    assert children.iloc[0].to_dict() == {"parent_id_": 1, "id": 5, "parent_id": 4}


@pytest.mark.parametrize(("column", "parent"), [("nothing", "id"), ("items", "nothing")])
def test_a_column_that_does_not_exist(column: str, parent: str) -> None:
    with pytest.raises(UsageError, match="no column 'nothing'"):
        explode(gifts(), column, parent_id=parent)
