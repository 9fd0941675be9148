"""401, 403, 404 and 405: bodies and headers to the letter."""

import pytest
import requests

MISSING = {"error": "invalid_request", "error_description": "The access token is missing"}
INVALID = {"error": "invalid_token", "error_description": "The access token is invalid or has expired"}


def test_a_request_without_a_token_is_refused(box):
    answer = requests.get(f"{box.base_url}/organizations/{box.organization_id}/campaigns", timeout=5)
    assert (answer.status_code, answer.json()) == (401, MISSING)
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="service"'
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert "x-kong-response-latency" in answer.headers
    assert "x-kong-upstream-latency" not in answer.headers


def test_a_wrong_token_is_refused(box):
    answer = requests.get(f"{box.base_url}/me", headers={"Authorization": "Bearer nope"}, timeout=5)
    assert (answer.status_code, answer.json()) == (401, INVALID)
    assert answer.headers["WWW-Authenticate"] == (
        'Bearer realm="service" error="invalid_token" '
        'error_description="The access token is invalid or has expired"'
    )


@pytest.mark.parametrize("word", ["Bearer", "bearer", "BEARER", "token", "Token"])
def test_the_word_before_the_token_may_vary(box, api, word):
    token = api.session.headers["Authorization"].split()[1]
    url = f"{box.base_url}/organizations/{box.organization_id}"
    assert requests.get(url, headers={"Authorization": f"{word} {token}"}, timeout=5).status_code == 200


def test_the_token_may_come_in_the_query_or_the_body(box, api):
    token = api.session.headers["Authorization"].split()[1]
    url = f"{box.base_url}/organizations/{box.organization_id}/campaigns"
    answer = requests.get(url, params={"access_token": token, "per_page": 1}, timeout=5)
    assert answer.status_code == 200
    assert token not in answer.text
    assert requests.get(url, data={"access_token": token}, timeout=5).status_code == 200


@pytest.mark.parametrize(
    ("path", "entity"),
    [
        ("/transactions", "transaction"),
        ("/campaigns", "campaign"),
        ("/organizations/{foreign}/transactions", "organization"),
        ("/organizations/{foreign}", "organization"),
        ("/apps/somebody-else/organizations", "api_app"),
    ],
)
def test_forbidden_paths_say_which_permission_is_missing(box, api, path, entity):
    answer = api.get(path.format(foreign=box.foreign_organization_id))
    permissions = [{"action": "fetch", "entity": entity}]
    assert answer.status_code == 403
    assert answer.json() == {"error": "This action is unauthorized.", "permissions": permissions}
    assert answer.headers["Content-Type"] == "application/json"


def test_another_organizations_records_are_403(box, api):
    for kind, path in [
        ("transactions", "transactions"),
        ("campaigns", "campaigns"),
        ("supporters", "supporters"),
    ]:
        number = box.truth(kind, box.foreign_organization_id)[0]["id"]
        answer = api.get(f"/{path}/{number}")
        assert answer.status_code == 403
        assert answer.json()["permissions"] == [{"action": "fetch", "entity": kind.removesuffix("s")}]


@pytest.mark.parametrize(
    "path",
    [
        "/campaigns/1",
        "/transactions/999999999999",
        "/organizations/7/campaigns",
        "/campaigns/x",
        "/supporters/-1",
        "/campaigns/99999999999999999999",
    ],
)
def test_an_unknown_id_is_the_apis_404(api, path):
    answer = api.get(path)
    assert (answer.status_code, answer.json()) == (404, {"error": "The resource cannot be found"})


@pytest.mark.parametrize("path", ["/nothing", "/fundraising_pages/1", "/organizations/1/secrets", "/", ""])
def test_an_unknown_path_is_the_gateways_404(api, path):
    answer = api.get(path)
    assert (answer.status_code, answer.json()) == (404, {"message": "no Route matched with those values"})


def test_outside_the_api_is_the_gateways_404_even_without_a_token(box):
    answer = requests.get(box.base_url.removesuffix("/2.0") + "/elsewhere", timeout=5)
    assert (answer.status_code, answer.json()) == (404, {"message": "no Route matched with those values"})


def test_writing_is_not_allowed(box, api):
    url = f"{box.base_url}/organizations/{box.organization_id}/campaigns"
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        answer = api.session.request(method, url, json={"name": "x"}, timeout=5)
        assert (answer.status_code, answer.json()) == (405, {})


@pytest.mark.parametrize(("switch", "status"), [("answer", 200), ("401", 401), ("403", 403)])
def test_member_only_endpoints_can_be_refused(box, api, switch, status):
    box.faults.member_only = switch
    assert api.get("/me").status_code == status
    assert api.org("/campaigns").status_code == 200


def test_deprecated_endpoints_can_be_gone(box, api):
    assert api.org("/notifications").status_code == 200
    box.faults.deprecated = "gone"
    answer = api.org("/notifications")
    assert (answer.status_code, answer.json()) == (404, {"message": "no Route matched with those values"})


def test_missing_required_parameters_are_refused(api):
    assert api.get("/social-videos/entity").status_code == 400
    answer = api.org("/payouts/stripe")
    assert (answer.status_code, answer.json()) == (400, {"errors": ["The payout date field is required."]})


def test_the_gateway_adds_its_headers(box, api):
    answer = api.org("/campaigns", per_page=1)
    for name, value in {
        "Content-Type": "application/json",
        "Cache-Control": "no-cache, private",
        "via": "kong/3.2.2",
        "CF-Cache-Status": "DYNAMIC",
        "Server": "cloudflare",
        "vary": "Origin",
        "X-Sandbox": "classy_nb stand-in",
    }.items():
        assert answer.headers[name] == value
    assert answer.headers["Set-Cookie"].startswith("__cf_bm=")
    assert answer.headers["CF-RAY"]
    assert answer.headers["x-kong-limit"].startswith("time-consumed=")
    assert int(answer.headers["x-kong-upstream-latency"]) >= 0
    assert "Content-Encoding" not in answer.headers
    assert "ETag" not in answer.headers
