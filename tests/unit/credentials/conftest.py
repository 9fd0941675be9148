"""A home of its own for tests of where credentials are looked for."""

from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Work in ``home/work``, where nothing outside is in reach."""
    work = tmp_path / "home" / "work"
    work.mkdir(parents=True)
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    monkeypatch.chdir(work)
    return work
