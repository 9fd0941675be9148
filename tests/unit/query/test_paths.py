"""Parents and ids become one path; anything else is refused."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classy_nb.catalog import Catalog, Endpoint, load
from classy_nb.errors import UsageError
from classy_nb.query.paths import choose_endpoint, describe_parents, fill_path, raw_path

IDS = "/transactions/{transaction}/items"


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load()


def endpoint(catalog: Catalog, path: str) -> Endpoint:
    return next(e for e in catalog.endpoints if e.path == path)


@pytest.mark.parametrize(
    "value", [12, "12", " 12 ", "0012", 12.0, np.int64(12), np.uint8(12), np.float64(12), True + 11]
)
def test_ids(catalog: Catalog, value: Any) -> None:
    assert fill_path(endpoint(catalog, IDS), {"transaction": value}) == "/transactions/12/items"


@pytest.mark.parametrize("value", [2**53 + 1, str(2**53 + 1), np.int64(2**53 + 1)])
def test_trap_09_large_ids_are_exact(catalog: Catalog, value: Any) -> None:
    assert fill_path(endpoint(catalog, IDS), {"transaction": value}) == "/transactions/9007199254740993/items"


@pytest.mark.parametrize(
    "value",
    [
        1.5,
        -1,
        -1.0,
        "-1",
        "+1",
        "1.5",
        "1e3",
        "",
        " ",
        True,
        False,
        None,
        "a",
        "a/b",
        "12/34",
        "..",
        "12?x=1",
        "12#x",
        "12%2F3",
        "\u0663",
        "\u00b2",
        2.0**53 + 2,
        1e300,
        float("nan"),
        float("inf"),
        np.float64("nan"),
        np.bool_(True),
        np.array([12]),
        np.array([1, 2]),
        pd.NA,
        pd.Series([12]),
        [12],
        (12,),
        {"id": 12},
        b"12",
        12 + 0j,
    ],
    ids=repr,
)
def test_trap_47_what_is_not_an_id(catalog: Catalog, value: Any) -> None:
    with pytest.raises(UsageError, match=r"^transaction= takes one id"):
        fill_path(endpoint(catalog, IDS), {"transaction": value})


def test_trap_47_a_whole_url_is_encoded_as_one_segment(catalog: Catalog) -> None:
    path = fill_path(
        endpoint(catalog, "/campaigns/custom-url/{url}"), {"url": " https://example.org/a b/../c?d=é&e#f%41 "}
    )
    assert (
        path == "/campaigns/custom-url/https%3A%2F%2Fexample.org%2Fa%20b%2F..%2Fc%3Fd%3D%C3%A9%26e%23f%2541"
    )
    assert path.count("/") == 3


@pytest.mark.parametrize("value", ["", " ", ".", "..", 5, None, "a\nb", "\ud800", ["a"]])
def test_trap_47_what_is_not_a_url(catalog: Catalog, value: Any) -> None:
    with pytest.raises(UsageError, match=r"^url="):
        fill_path(endpoint(catalog, "/campaigns/custom-url/{url}"), {"url": value})


@pytest.mark.parametrize("value", ["a/b", "a?b", "a#b", "a%2Fb", "a\\b", "..", ".", "", 5])
def test_trap_47_what_is_not_a_word(catalog: Catalog, value: Any) -> None:
    with pytest.raises(UsageError, match=r"^app="):
        fill_path(endpoint(catalog, "/apps/{app}"), {"app": value})


def test_text_keys_are_encoded(catalog: Catalog) -> None:
    assert (
        fill_path(endpoint(catalog, "/apps/{app}"), {"app": "a b+c&{x}é"})
        == "/apps/a%20b%2Bc%26%7Bx%7D%C3%A9"
    )
    assert (
        fill_path(endpoint(catalog, "/apps/{app}"), {"app": "idForTheTests123"}) == "/apps/idForTheTests123"
    )


def test_choices_are_checked(catalog: Catalog) -> None:
    scoped = endpoint(catalog, "/campaigns/{campaign}/feed-items/{scope}")
    assert fill_path(scoped, {"campaign": 1, "scope": "direct"}) == "/campaigns/1/feed-items/direct"
    with pytest.raises(UsageError, match=r"scope='dircet' must be one of direct, all. Did you mean 'direct'"):
        fill_path(scoped, {"campaign": 1, "scope": "dircet"})


def chosen(catalog: Catalog, resource: str, *given_keys: str) -> str:
    kind = catalog.resources[resource]
    return choose_endpoint(kind, kind.lists, dict.fromkeys(given_keys, 1)).path


@pytest.mark.parametrize(
    ("resource", "keys", "path"),
    [
        ("transactions", (), "/organizations/{organization}/transactions"),
        ("transactions", ("organization",), "/organizations/{organization}/transactions"),
        ("transactions", ("campaign",), "/campaigns/{campaign}/transactions"),
        (
            "transactions",
            ("recurring_donation_plan",),
            "/recurring-donation-plans/{recurring_donation_plan}/transactions",
        ),
        ("feed_items", (), "/organizations/{organization}/feed-items"),
        ("feed_items", ("scope",), "/organizations/{organization}/feed-items/{scope}"),
        ("feed_items", ("campaign", "scope"), "/campaigns/{campaign}/feed-items/{scope}"),
        ("organizations", (), "/apps/{app}/organizations"),
        ("organizations", ("member",), "/members/{member}/organizations"),
        (
            "asr_messages",
            ("supporter",),
            "/organizations/{organization}/supporters/{supporter}/messages/asrs",
        ),
    ],
)
def test_parents_choose_the_path(catalog: Catalog, resource: str, keys: tuple[str, ...], path: str) -> None:
    assert chosen(catalog, resource, *keys) == path


def test_a_missing_parent_is_answered_with_the_known_ones(catalog: Catalog) -> None:
    with pytest.raises(UsageError) as caught:
        chosen(catalog, "likes")
    assert str(caught.value) == ("likes needs an id or a parent. Give feed_item=; story=; update=.")


def test_parents_that_no_endpoint_combines_are_refused(catalog: Catalog) -> None:
    with pytest.raises(UsageError, match="transactions has no endpoint for campaign= and recurring"):
        chosen(catalog, "transactions", "campaign", "recurring_donation_plan")


def test_every_endpoint_is_chosen_by_its_own_keys(catalog: Catalog) -> None:
    for kind in catalog.resources.values():
        for endpoints in (kind.lists, kind.objects):
            for one in endpoints:
                assert choose_endpoint(kind, endpoints, dict.fromkeys(one.keys, 1)).keys == one.keys
    assert "no parent" in describe_parents(catalog.resources["transactions"].lists)


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("/campaigns/123/overview", "/campaigns/123/overview"),
        ("campaigns/123/overview", "/campaigns/123/overview"),
        (" /campaigns/123/overview/ ", "/campaigns/123/overview"),
        ("/2.0/campaigns/123", "/campaigns/123"),
        ("2.0/campaigns/123", "/campaigns/123"),
        ("/members/ann@example.org", "/members/ann@example.org"),
        ("/x/a b", "/x/a%20b"),
        ("/x/é", "/x/%C3%A9"),
        (
            "/campaigns/custom-url/https%3A%2F%2Fexample.org",
            "/campaigns/custom-url/https%3A%2F%2Fexample.org",
        ),
        ("/x/a...b", "/x/a...b"),
    ],
)
def test_raw_paths(written: str, path: str) -> None:
    assert raw_path(written) == path


@pytest.mark.parametrize(
    "written",
    [
        "",
        " ",
        "/",
        None,
        5,
        b"/x",
        "https://evil.example.org/x",
        "//evil.example.org/x",
        "/x?a=b",
        "/x#a",
        "/../oauth2/auth",
        "/x/../y",
        "/x/./y",
        "/x//y",
        "/x/%2e%2e/%2E./y",
        "/%2e/x",
        "/x\\y",
        "/x/a\nb",
        "/x/\ud800",
    ],
)
def test_what_is_not_a_raw_path(written: Any) -> None:
    with pytest.raises(UsageError, match=r"get\(\)"):
        raw_path(written)


@given(st.text(st.characters(codec="utf-8"), max_size=30))
def test_a_raw_path_never_leaves_the_api(text: str) -> None:
    import requests

    try:
        path = raw_path(text)
    except UsageError:
        return
    url = requests.Request("GET", f"https://api.classy.org/2.0{path}").prepare().url
    assert url is not None
    assert url.startswith("https://api.classy.org/2.0/")
    assert "/../" not in url
    assert "?" not in url
    assert "#" not in url
