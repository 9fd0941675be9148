"""Paging: the envelope's thirteen keys, every row once, and what can go wrong."""

import pytest

KEYS = {
    "current_page",
    "data",
    "first_page_url",
    "from",
    "last_page",
    "last_page_url",
    "links",
    "next_page_url",
    "path",
    "per_page",
    "prev_page_url",
    "to",
    "total",
}


def test_the_envelope(box, api):
    body = api.org("/transactions", per_page=50, page=2, sort="id").json()
    here = f"{box.base_url}/organizations/{box.organization_id}/transactions"
    assert set(body) == KEYS
    assert (body["current_page"], body["per_page"], body["last_page"], body["total"]) == (2, 50, 12, 600)
    assert (body["from"], body["to"], len(body["data"])) == (51, 100, 50)
    assert body["path"] == here
    assert body["next_page_url"] == f"{here}?per_page=50&sort=id&page=3"
    assert body["prev_page_url"] == f"{here}?per_page=50&sort=id&page=1"
    assert body["last_page_url"] == f"{here}?per_page=50&sort=id&page=12"
    assert body["links"][0] == {"url": body["prev_page_url"], "label": "&laquo; Previous", "active": False}
    assert body["links"][-1] == {"url": body["next_page_url"], "label": "Next &raquo;", "active": False}
    assert [link["label"] for link in body["links"][1:-1]] == [str(n) for n in range(1, 13)]
    assert [link["active"] for link in body["links"][1:-1]] == [n == 2 for n in range(1, 13)]


def test_many_pages_have_dots_among_their_links(api):
    labels = [link["label"] for link in api.org("/transactions", per_page=10, page=30).json()["links"][1:-1]]
    assert labels == ["1", "2", "...", "27", "28", "29", "30", "31", "32", "33", "...", "59", "60"]
    labels = [link["label"] for link in api.org("/transactions", per_page=10, page=60).json()["links"][1:-1]]
    assert labels == ["1", "2", "...", *map(str, range(51, 61))]


def test_a_page_has_twenty_rows_by_default(api):
    body = api.org("/transactions").json()
    assert (body["per_page"], len(body["data"]), body["last_page"]) == (20, 20, 30)


def test_an_empty_list(api):
    body = api.org("/transactions", filter="id<0").json()
    assert (body["data"], body["total"], body["last_page"]) == ([], 0, 1)
    assert (body["from"], body["to"], body["next_page_url"], body["prev_page_url"]) == (
        None,
        None,
        None,
        None,
    )


def test_an_empty_list_as_the_hand_written_example(box, api):
    box.faults.empty_as_one = True
    body = api.org("/transactions", filter="id<0").json()
    assert (body["data"], body["from"], body["to"], body["total"]) == ([], 1, 1, 1)


@pytest.mark.parametrize("params", [{}, {"sort": "id"}, {"sort": "purchased_at:desc,id"}, {"sort": "status"}])
def test_all_pages_hold_every_row_once(box, api, params):
    found = [row["id"] for row in api.rows("/transactions", **params)]
    assert len(found) == 600
    assert set(found) == {row["id"] for row in box.truth("transactions")}


@pytest.mark.parametrize("descending", [False, True])
def test_fetching_by_keyset_finds_every_row_in_order(box, api, descending):
    found: list[int] = []
    filter_ = "id>0"
    while True:
        sort = "id:desc" if descending else "id"
        body = api.org("/transactions", per_page=100, sort=sort, filter=filter_).json()
        assert body["total"] == 600 - len(found)
        found += [row["id"] for row in body["data"]]
        if not body["data"]:
            break
        filter_ = f"id{'<' if descending else '>'}{found[-1]}"
    assert found == sorted((row["id"] for row in box.truth("transactions")), reverse=descending)


def test_next_page_url_can_be_followed(api):
    url = api.org("/supporters", per_page=30, filter="opt_in=true").json()["first_page_url"]
    found = []
    while url:
        body = api.session.get(url, timeout=5).json()
        found += [row["id"] for row in body["data"]]
        url = body["next_page_url"]
    assert len(found) == len(set(found)) == body["total"] > 30


def test_not_every_list_is_ordered_by_id(api):
    for path in ("/transactions", "/supporters", "/campaigns"):
        ids = [row["id"] for row in api.rows(path)]
        assert ids != sorted(ids), path
    bought = [row["purchased_at"] for row in api.rows("/transactions")]
    assert bought == sorted(bought, reverse=True)


def test_a_blank_page_number_means_the_first_page(api):
    body = api.org("/transactions", page="", per_page="").json()
    assert (body["current_page"], body["per_page"]) == (1, 20)


def test_per_page_above_100(box, api):
    body = api.org("/transactions", per_page=1000).json()
    assert (body["per_page"], len(body["data"])) == (100, 100)
    box.faults.per_page_over = "reject"
    answer = api.org("/transactions", per_page=101)
    assert (answer.status_code, list(answer.json()["error"])) == (400, ["per_page"])


def test_beyond_the_last_page(box, api):
    body = api.org("/transactions", per_page=100, page=9).json()
    assert (body["data"], body["current_page"], body["last_page"]) == ([], 9, 6)
    box.faults.page_beyond = "404"
    answer = api.org("/transactions", per_page=100, page=9)
    assert (answer.status_code, answer.json()) == (404, {"error": "The resource cannot be found"})
    assert api.org("/transactions", filter="id<0").status_code == 200


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ("page_only", "{path}?page=2"),
        ("relative", "/2.0/organizations/{org}/transactions?sort=id&page=2"),
        ("other_host", "{other}/2.0/organizations/{org}/transactions?sort=id&page=2"),
        ("missing", None),
    ],
)
def test_variants_of_next_page_url(box, api, style, expected):
    box.faults.next_page_url = style
    body = api.org("/transactions", sort="id").json()
    values = {"path": body["path"], "org": box.organization_id, "other": box.other_url}
    assert body["next_page_url"] == (expected and expected.format(**values))


def test_other_faults_of_lists(box, api):
    box.faults.total_off_by = -5
    assert api.org("/transactions").json()["total"] == 595
    box.faults.clear()
    box.faults.ignore_page = True
    one, two = (api.org("/transactions", page=n).json()["data"] for n in (1, 2))
    assert one == two
    box.faults.clear()
    box.faults.duplicate_rows = 3
    ids = [row["id"] for row in api.org("/transactions", per_page=10).json()["data"]]
    assert (len(ids), len(set(ids)), ids[-3:]) == (10, 7, ids[:3])
    box.faults.clear()
    box.faults.active_as_text = True
    assert api.org("/transactions").json()["links"][1]["active"] == "true"
    box.faults.queries_log = True
    assert set(api.org("/transactions").json()) == KEYS | {"queries_log"}


def test_faults_of_rows(box, api):
    good = api.org("/transactions", sort="id", per_page=6).json()["data"]
    box.faults.missing_keys = ("status", "utm")
    box.faults.extra_keys = {"brand_new": 7}
    row = api.org("/transactions", sort="id").json()["data"][0]
    assert set(good[0]) - set(row) == {"status", "utm"}
    assert set(row) - set(good[0]) == {"brand_new"}
    box.faults.clear()
    box.faults.flip_types = True
    flipped = api.org("/transactions", sort="id", per_page=6).json()["data"]
    assert flipped[1:3] == good[1:3]
    assert flipped[0]["campaign_id"] == str(good[0]["campaign_id"])
    assert flipped[0]["total_gross_amount"] == str(good[0]["total_gross_amount"])
    box.faults.clear()
    box.faults.null_where_never = True
    rows = api.org("/transactions", sort="id", per_page=6).json()["data"]
    assert [row["status"] is None for row in rows] == [True, False, False, False, False, True]
