"""Credentials by name: from the environment of the process, or from a secret scope."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from classy_nb.client import HttpOptions
from classy_nb.errors import CredentialsError, LoginError
from classy_nb.spark.applications import Application, open_session

if TYPE_CHECKING:
    from classy_nb.sandbox import Sandbox

CANARY = "canarySecret9f8e7d6c5b4a"
NOTHING: dict[str, str | int | None] = {}


def test_the_environment_has_id_secret_and_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NORTH_CLIENT_ID", "idForTheTests123")
    monkeypatch.setenv("NORTH_CLIENT_SECRET", CANARY)
    monkeypatch.setenv("NORTH_ORGANIZATION_ID", "12")
    monkeypatch.setenv("NORTH_TIMEZONE", "Europe/Paris")
    found = Application("NORTH").credentials({"timezone": None, "organization": None})
    assert found.client_secret.reveal() == CANARY
    assert (found.organization, found.timezone) == (12, "Europe/Paris")
    assert found.base_url == "https://api.classy.org/2.0"


def test_options_win_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NORTH_CLIENT_ID", "idForTheTests123")
    monkeypatch.setenv("NORTH_CLIENT_SECRET", CANARY)
    monkeypatch.setenv("NORTH_TIMEZONE", "Europe/Paris")
    found = Application("NORTH").credentials({"timezone": "UTC", "fiscal_year_start": 7, "organization": 5})
    assert (found.timezone, found.fiscal_year_start, found.organization) == ("UTC", 7, 5)


@pytest.mark.parametrize("missing", ["NORTH_CLIENT_ID", "NORTH_CLIENT_SECRET"])
def test_a_missing_variable_is_named(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NORTH_CLIENT_ID", "NORTH_CLIENT_SECRET"):
        monkeypatch.setenv(name, CANARY if name != missing else "  ")
    with pytest.raises(CredentialsError, match=f"{missing} is not set in the environment of") as caught:
        Application("NORTH").credentials(NOTHING)
    assert CANARY not in str(caught.value)


def databricks(monkeypatch: pytest.MonkeyPatch, **secrets: str) -> None:
    """Put a Databricks runtime in place that has these secrets in the scope ``classy``."""

    def get(*, scope: str, key: str) -> str:
        if scope != "classy":
            raise RuntimeError(f"no scope {scope}, but {CANARY}")
        return secrets[key]

    runtime = ModuleType("databricks.sdk.runtime")
    runtime.dbutils = SimpleNamespace(secrets=SimpleNamespace(get=get))  # type: ignore[attr-defined]
    for name in ("databricks", "databricks.sdk"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, "databricks.sdk.runtime", runtime)


def test_a_secret_scope_has_id_and_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    databricks(monkeypatch, NORTH_CLIENT_ID="idForTheTests123", NORTH_CLIENT_SECRET=CANARY)
    found = Application("NORTH", "classy").credentials(NOTHING)
    assert (found.client_id, found.client_secret.reveal()) == ("idForTheTests123", CANARY)


def test_a_scope_that_cannot_be_read_says_what_else_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    databricks(monkeypatch)
    with pytest.raises(CredentialsError, match="NORTH_CLIENT_ID of the secret scope other") as caught:
        Application("NORTH", "other").credentials(NOTHING)
    assert "NORTH_CLIENT_ID={{secrets/other/NORTH_CLIENT_ID}}" in str(caught.value)
    assert CANARY not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None  # the runtime's error, which may quote what it found


def test_without_databricks_a_scope_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "databricks", None)
    with pytest.raises(CredentialsError, match="Secret scopes cannot be read"):
        Application("NORTH", "classy").credentials(NOTHING)


def test_a_reader_logs_in_without_listing_organizations(box: Sandbox) -> None:
    credentials = Application().credentials({"timezone": "America/New_York"})
    session = open_session(credentials, box.organization_id, HttpOptions(2, 90))
    assert (session.organization, session.timezone, session.workers) == (
        box.organization_id,
        "America/New_York",
        2,
    )
    assert session.http.rate_limit.requests_per_minute == 90
    assert box.requests == []
    assert box.token_requests == 1
    session.close()


def test_a_refused_login_names_the_variables(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLASSY_CLIENT_SECRET", CANARY)
    credentials = Application().credentials(NOTHING)
    with pytest.raises(LoginError, match="CLASSY_CLIENT_SECRET in the environment of") as caught:
        open_session(credentials, box.organization_id, HttpOptions(1, 90))
    assert CANARY not in str(caught.value)
