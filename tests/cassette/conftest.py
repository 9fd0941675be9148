"""Tapes: played back by default, recorded from the sandbox with ``python tests/record.py``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cassette import hooks
from cassette.stage import CLIENT_ID, CLIENT_SECRET, Stage

from classy_nb.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

TAPES = Path(os.environ.get("RECORD_TAPES_TO") or Path(__file__).parents[2] / "cassettes")


@pytest.fixture(scope="module")
def vcr_config() -> dict[str, Any]:
    return {
        "before_record_request": hooks.scrub_request,
        "before_record_response": hooks.scrub_response,
        "decode_compressed_response": True,
        "match_on": ["method", "scheme", "host", "path", "query"],
    }


@pytest.fixture(scope="module")
def vcr_cassette_dir(request: pytest.FixtureRequest) -> str:
    return str(TAPES / request.path.stem.removeprefix("test_"))


@pytest.fixture
def default_cassette_name(request: pytest.FixtureRequest) -> str:
    name = request.node.name.removeprefix("test_")
    return "".join(c if c.isalnum() else "_" for c in name).strip("_")


@pytest.fixture(scope="session")
def box(record_mode: str) -> Iterator[Sandbox | None]:
    """The sandbox while recording, None on replay."""
    if record_mode == "none":
        yield None
        return
    with Sandbox(
        transactions=250,
        requests_per_minute=0,
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
    ) as started:
        hooks.ORIGINS[f"http://{started.netloc}"] = hooks.ORIGIN
        hooks.ORIGINS[started.other_url] = hooks.OTHER_ORIGIN
        yield started
        hooks.ORIGINS.clear()


@pytest.fixture
def stage(box: Sandbox | None, monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(box, monkeypatch)


@pytest.fixture
def whole_tape(request: pytest.FixtureRequest, vcr: Any, record_mode: str) -> Iterator[None]:
    """See to it that a test asks for everything on its tape, once."""
    yield
    if record_mode == "none":
        assert vcr.play_count == len(vcr) > 0
