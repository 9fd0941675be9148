"""One small sandbox for each file of tests, and a plain HTTP client of it."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from classy_nb.sandbox import Sandbox

SIZE = 600


class ApiClient:
    """Sends requests to a sandbox, with a token of its own."""

    def __init__(self, box: Sandbox) -> None:
        self.box = box
        self.session = requests.Session()
        self.session.trust_env = False
        self.login()

    def login(self) -> None:
        token = self.token().json()["access_token"]
        self.session.headers["Authorization"] = f"Bearer {token}"

    def token(self, **changes: Any) -> requests.Response:
        fields = {
            "grant_type": "client_credentials",
            "client_id": self.box.client_id,
            "client_secret": self.box.client_secret,
            **changes,
        }
        fields = {name: value for name, value in fields.items() if value is not None}
        return requests.post(self.box.token_url, data=fields, timeout=10)

    def get(self, path: str, **params: Any) -> requests.Response:
        params = {name.rstrip("_"): value for name, value in params.items()}
        return self.session.get(self.box.base_url + path, params=params, timeout=10, allow_redirects=False)

    def org(self, path: str, **params: Any) -> requests.Response:
        return self.get(f"/organizations/{self.box.organization_id}{path}", **params)

    def rows(self, path: str, **params: Any) -> list[Any]:
        """All rows of a list of the organization, page by page."""
        found: list[Any] = []
        page = 1
        while True:
            body = self.org(path, per_page=100, page=page, **params).json()
            found += body["data"]
            if page >= body["last_page"]:
                return found
            page += 1


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox(transactions=SIZE, requests_per_minute=0) as started:
        yield started


@pytest.fixture(scope="module")
def api(box: Sandbox) -> Iterator[ApiClient]:
    api = ApiClient(box)
    yield api
    api.session.close()


@pytest.fixture(autouse=True)
def _clear_faults(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "box" in request.fixturenames:
        request.getfixturevalue("box").faults.clear()
