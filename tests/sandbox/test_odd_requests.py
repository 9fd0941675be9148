"""Odd numbers and the names of other hosts: they are refused, and nothing makes the sandbox fail."""

import http.client
from urllib.parse import quote, urlsplit

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from classy_nb import catalog

ODD = [
    "1" + "0" * 35,
    "9" * 5000,
    "9" * 40,
    str(2**63),
    str(2**31),
    "-1",
    "-0",
    "0",
    "1e3",
    "1.5",
    "+1",
    "0x10",
    "1_000",
    " 1",
    "NaN",
    "-inf",
    "²",
    "١٢٣",
    "\uff11",
    "\x00",
    "\ud800",
    "[]",
    "null",
]
"""Texts that are not the number of a page, nor an id."""
FAR_AWAY = [
    "0000-00-00",
    "0001-01-01",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "10000-01-01",
]
ENDPOINTS = catalog.load().endpoints
KINDS = {kind: [e for e in ENDPOINTS if e.kind == kind] for kind in {e.kind for e in ENDPOINTS}}
fuzzed = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def written(text: str) -> str:
    return quote(text, safe="", errors="surrogatepass")


odd = (
    st.sampled_from(ODD)
    | st.integers().map(str)
    | st.floats().map(str)
    | st.text("0123456789٣²-+.eE ", max_size=50)
)


def ask(api, path: str, *parameters: tuple[str, str]) -> requests.Response:
    query = "&".join(f"{written(name)}={written(value)}" for name, value in parameters)
    url = f"{api.box.base_url}{path}?{query}"
    answer = api.session.get(url, timeout=10, allow_redirects=False)
    assert answer.status_code < 500, (url, answer.status_code)
    return answer


def filled(api, endpoint: catalog.Endpoint, value: str = "1") -> str:
    """The path of an endpoint, with an organization that exists and *value* for all other keys."""
    keys = dict.fromkeys(endpoint.keys, written(value))
    keys |= {name: values[0] for name, values in endpoint.choices.items()}
    keys |= {"organization": api.box.organization_id} if value == "1" else {}
    return endpoint.path.format_map(keys)


@pytest.mark.edge(31)
@pytest.mark.parametrize("number", ODD)
@pytest.mark.parametrize("name", ["page", "per_page"])
def test_an_odd_page_number_is_a_bad_request(api, name, number):
    organization = f"/organizations/{api.box.organization_id}"
    answer = ask(api, f"{organization}/transactions", (name, number))
    assert (answer.status_code, list(answer.json()["error"])) == (400, [name])
    if name == "page":
        path = f"{organization}/payouts/stripe"
        assert ask(api, path, ("payout_date", "2026-11-20"), (name, number)).status_code == 400


@pytest.mark.edge(31)
@pytest.mark.parametrize("number", [n for n in ODD if n not in {"0", "-0"}])
def test_an_odd_id_is_not_found(api, number):
    for path in ("/transactions/{}", "/organizations/{}/campaigns", "/fundraising-pages/{}/overview"):
        assert ask(api, path.format(written(number))).status_code in {400, 404}, path


@pytest.mark.edge(31)
@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda e: e.path)
def test_no_endpoint_fails_at_an_odd_number(api, endpoint):
    for number in ODD:
        if endpoint.keys:
            ask(api, filled(api, endpoint, number))
    path = filled(api, endpoint)
    for number in ODD:
        named = [parameter.name for parameter in endpoint.parameters]
        ask(api, path, *((name, number) for name in named))


@pytest.mark.edge(31)
@fuzzed
@given(data=st.data(), operator=st.sampled_from(["<", "<=", "=", "!=", ">", ">="]))
def test_no_filter_makes_it_fail(api, data, operator):
    endpoint = data.draw(st.sampled_from(KINDS["list"]))
    names = [column.name for column in catalog.load().records.get(endpoint.record, _NONE).columns] or ["id"]
    value = data.draw(odd | st.sampled_from(FAR_AWAY) | st.text(max_size=20))
    text = f"{data.draw(st.sampled_from(names))}{operator}{value}"
    ask(api, filled(api, endpoint), ("filter", text), ("sort", f"{names[-1]}:{value[:9]}"), ("per_page", "1"))


_NONE = catalog.load().records["Campaign"]


@pytest.mark.edge(31)
@fuzzed
@given(
    page=odd,
    per_page=odd,
    names=st.lists(st.sampled_from(["with", "fields", "aggregates", "search", "start_date", "payout_date"])),
    value=odd | st.sampled_from(FAR_AWAY),
)
def test_no_parameter_makes_it_fail(api, page, per_page, names, value):
    path = f"/organizations/{api.box.organization_id}/transactions"
    ask(api, path, ("page", page), ("per_page", per_page), *((name, value) for name in names))


@pytest.mark.edge(31)
@pytest.mark.parametrize("date", FAR_AWAY)
def test_dates_far_away_do_not_make_it_fail(api, date):
    page = api.rows("/fundraising-pages")[0]["id"]
    for name in ("start_date", "end_date"):
        ask(api, f"/fundraising-pages/{page}/overview", (name, date))
    ask(api, f"/organizations/{api.box.organization_id}/payouts/stripe", ("payout_date", date))
    ask(api, f"/organizations/{api.box.organization_id}/transactions", ("filter", f"purchased_at>={date}"))


@pytest.mark.edge(31)
@pytest.mark.parametrize("literal", ["NaN", "inf", "1" + "0" * 400, "٣", "1e3", "0x10"])
@pytest.mark.parametrize("column", ["id", "total_gross_amount"])
def test_a_condition_on_what_is_not_a_number_is_a_bad_request(api, column, literal):
    assert api.org("/transactions", filter=f"{column}>{literal}").status_code == 400


@pytest.mark.edge(31)
@pytest.mark.parametrize(("name", "part"), [("filter", "id>1"), ("sort", "id")])
def test_a_huge_filter_is_a_bad_request(api, name, part):
    assert api.org("/transactions", **{name: ",".join([part] * 100)}).status_code == 200
    assert api.org("/transactions", **{name: ",".join([part] * 1200)}).status_code == 400


@pytest.mark.edge(31)
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data; boundary=x", b"--x\r\n"),
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\n\xff"),
        ("application/json", b"[1, 2]"),
        ("application/json", b"\xff{"),
        ("application/json; charset=none", b"[" * 100_000),
        ("application/x-www-form-urlencoded", b"client_id=%ff&&;=="),
    ],
)
def test_an_odd_login_is_a_bad_request(box, kind, body):
    answer = requests.post(box.token_url, data=body, headers={"Content-Type": kind}, timeout=10)
    assert answer.status_code == 400


# --- other hosts' names


def status_for(box, target: str, *hosts: str, port: int | None = None) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port or urlsplit(box.base_url).port, timeout=5)
    try:
        connection.putrequest("GET", target, skip_host=True)
        for host in hosts:
            connection.putheader("Host", host.format(box=box))
        connection.endheaders()
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.edge(31)
@pytest.mark.parametrize("target", ["/2.0/me", "/oauth2/auth", "/"])
@pytest.mark.parametrize(
    "host",
    [
        "evil.example.org",
        "evil.example.org:{box._running.port}",
        "127.0.0.1",
        "127.0.0.1:1",
        "",
        "api.classy.org",
    ],
)
def test_a_request_for_another_host_is_refused(box, target, host):
    assert status_for(box, target, host) == 421


@pytest.mark.edge(31)
def test_a_request_that_names_no_host_or_two_is_refused(box):
    assert status_for(box, "/2.0/me") in {400, 421}
    assert status_for(box, "/2.0/me", "{box.netloc}", "evil.example.org") in {400, 421}
    assert status_for(box, "http://evil.example.org/2.0/me", "{box.netloc}") == 421
    assert status_for(box, "http://", "{box.netloc}") in {400, 421}
    assert status_for(box, f"http://{box.netloc}/2.0/me", "{box.netloc}") == 401


@pytest.mark.edge(31)
def test_the_names_of_this_computer_are_known(box):
    port = urlsplit(box.base_url).port
    for name in ("127.0.0.1", "localhost", "LocalHost", "[::1]"):
        assert status_for(box, "/2.0/me", f"{name}:{port}") == 401


@pytest.mark.edge(31)
def test_the_other_origin_knows_its_own_name_only(box):
    assert status_for(box, "/x", f"127.0.0.1:{box.other_port}", port=box.other_port) == 200
    assert status_for(box, "/x", "{box.netloc}", port=box.other_port) == 421


@pytest.mark.edge(31)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
@pytest.mark.parametrize("url", ["{0.base_url}/me", "{0.token_url}", "{0.other_url}/x"])
def test_no_web_page_may_read_an_answer(box, method, url):
    headers = {"Origin": "https://evil.example.org", "Access-Control-Request-Method": "GET"}
    answer = requests.request(method, url.format(box), headers=headers, timeout=5)
    assert not [name for name in answer.headers if name.lower().startswith("access-control-")]
