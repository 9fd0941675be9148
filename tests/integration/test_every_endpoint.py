"""Each GET of the catalog through the public interface: typed frames, full or empty, and Series."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest
from integration.asking import ask, deprecation, keywords

from classy_nb import catalog
from classy_nb.errors import DeprecatedEndpointWarning

if TYPE_CHECKING:
    from classy_nb import Classy
    from classy_nb.catalog import Endpoint
    from classy_nb.sandbox import Sandbox

LISTED = catalog.load()
LISTS = [e for e in LISTED.endpoints if e.is_list]
OBJECTS = [e for e in LISTED.endpoints if not e.is_list]
ZONE = "America/Los_Angeles"


def path_of(endpoint: Endpoint) -> str:
    return endpoint.path


def declared(endpoint: Endpoint) -> dict[str, str]:
    return {column.name: column.dtype(ZONE) for column in LISTED.columns(endpoint)}


def dtypes(frame: pd.DataFrame) -> dict[str, str]:
    return {name: str(dtype) for name, dtype in frame.dtypes.items()}


def nothing(endpoint: Endpoint) -> dict[str, str] | None:
    """A condition that no row satisfies; None where a list cannot be filtered."""
    if endpoint.kind != "list" or endpoint.record in catalog.KINDS:
        return None
    if endpoint.id:
        return {"where": f"{endpoint.id} < 0"}
    text = next(c for c in LISTED.records[endpoint.record].columns if c.kind == "text")
    return {"where": f"{text.name} = nobody has this"}


def test_there_are_as_many_as_the_vendor_lists() -> None:
    assert (len(LISTS), len(OBJECTS)) == (101, 53)
    assert sum(not e.listed for e in OBJECTS) == 2
    assert {e.kind for e in LISTS} == {"list", "bare", "envelope"}


@pytest.mark.parametrize("endpoint", LISTS, ids=path_of)
def test_list(box: Sandbox, classy: Classy, endpoint: Endpoint) -> None:
    frame = pd.DataFrame()
    for given in keywords(box, endpoint):
        with deprecation(endpoint):
            frame = ask(classy, endpoint, given)
        assert LISTED.find(frame.attrs["classy"]["path"]) is endpoint
        assert dtypes(frame) == declared(endpoint)
        if len(frame):
            break
    assert len(frame) > 0, "no parent in the sandbox has rows"
    if endpoint.id:
        assert frame[endpoint.id].is_unique
        assert frame[endpoint.id].is_monotonic_increasing
        assert frame[endpoint.id].notna().all()
    assert frame.attrs["classy"]["total"] == len(frame)


@pytest.mark.parametrize("endpoint", [e for e in LISTS if nothing(e)], ids=path_of)
def test_trap_28_list_without_rows(box: Sandbox, classy: Classy, endpoint: Endpoint) -> None:
    given = next(keywords(box, endpoint))
    with deprecation(endpoint):
        frame = ask(classy, endpoint, given, **(nothing(endpoint) or {}))
    assert len(frame) == 0
    assert dtypes(frame) == declared(endpoint)


def test_trap_28_bare_list_without_rows(box: Sandbox, classy: Classy) -> None:
    (endpoint,) = [e for e in LISTS if e.kind == "bare"]
    frames = [ask(classy, endpoint, given) for given in list(keywords(box, endpoint))[:8]]
    empty = [frame for frame in frames if not len(frame)]
    assert empty
    assert all(dtypes(frame) == declared(endpoint) for frame in empty)


@pytest.mark.parametrize("endpoint", OBJECTS, ids=path_of)
def test_object(box: Sandbox, classy: Classy, endpoint: Endpoint) -> None:
    given = next(keywords(box, endpoint))
    with deprecation(endpoint):
        record = ask(classy, endpoint, given)
    if "url" not in given:  # the sandbox logs it decoded
        assert LISTED.find(box.requests[-1].path.removeprefix("/2.0")) is endpoint
    assert isinstance(record, pd.Series)
    assert record.dtype == object
    assert list(record.index) == list(declared(endpoint))
    if "may_be_empty" not in endpoint.flags:
        assert record.notna().any()
    if endpoint.key in given and "id" in record.index:
        assert record["id"] == given[endpoint.key]


@pytest.mark.parametrize("scope", ["all", "direct"])
def test_trap_47_scope_is_a_word(box: Sandbox, classy: Classy, scope: str) -> None:
    every, some = len(box.truth("feed_items")), classy.feed_items(scope=scope)
    assert 0 < len(some) <= every
    assert (len(some) == every) is (scope == "all")


def test_trap_47_a_whole_address_in_the_path(box: Sandbox, classy: Classy) -> None:
    with pytest.warns(DeprecatedEndpointWarning, match="custom-url"):
        classy.custom_url_availability.get(url="https://standin.example.org/gala?x=1&y=/2")
    assert box.requests[-1].path == "/2.0/campaigns/custom-url/https://standin.example.org/gala?x=1&y=/2"
    assert box.requests[-1].query == ""
