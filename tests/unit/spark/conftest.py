"""A sandbox whose application Spark would find in the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from classy_nb.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def shared_box() -> Iterator[Sandbox]:
    with Sandbox(transactions=4_500) as started:
        yield started


@pytest.fixture
def box(shared_box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    monkeypatch.setenv("CLASSY_CLIENT_ID", shared_box.client_id)
    monkeypatch.setenv("CLASSY_CLIENT_SECRET", shared_box.client_secret)
    monkeypatch.setenv("CLASSY_BASE_URL", shared_box.base_url)
    monkeypatch.setenv("CLASSY_TOKEN_URL", shared_box.token_url)
    shared_box.reset_log()
    return shared_box
