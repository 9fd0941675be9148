"""Files on Windows, with fakes: renames of open files, names that devices have, modes."""

import errno
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

import classy_nb as cn
from classy_nb import files
from classy_nb.credentials import Credentials
from classy_nb.widgets.explorer.files import file_path
from classy_nb.widgets.explorer.form import FormError

FRAME = pd.DataFrame({"id": [1]})


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> None:
    # Not sys.platform: the standard library asks that, too, and then misses modules of Windows.
    monkeypatch.setattr(files, "on_windows", lambda: True)


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let time pass at once; return the pauses."""
    pauses: list[float] = []
    clock = SimpleNamespace(sleep=pauses.append, monotonic=lambda: sum(pauses))
    monkeypatch.setattr(files, "time", clock)  # its own: others sleep as well
    return pauses


def refusing(times: int, number: int = errno.EACCES, real: Any = os.replace) -> Any:
    """Return an ``os.replace`` that refuses a few times, as Windows does while a scanner holds a file."""
    calls: list[Any] = []

    def replace(source: Any, target: Any) -> None:
        calls.append(target)
        if len(calls) <= times:
            raise OSError(number, os.strerror(number))
        real(source, target)

    replace.calls = calls  # type: ignore[attr-defined]
    return replace


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.EBUSY])
def test_a_rename_that_is_refused_twice_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slept: list[float], number: int
) -> None:
    path = cn.to_csv(FRAME, tmp_path / "a.csv")
    monkeypatch.setattr(os, "replace", refusing(2, number))
    cn.to_csv(FRAME + 1, path)
    assert path.read_text() == "id\n2\n"
    assert slept == [0.05, 0.1]


def test_a_rename_that_stays_refused_ends_in_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slept: list[float]
) -> None:
    path = cn.to_csv(FRAME, tmp_path / "a.csv")
    monkeypatch.setattr(os, "replace", refusing(99))
    with pytest.raises(cn.ExportError, match=r"open in another program\?"):
        cn.to_csv(FRAME + 1, path)
    assert 0.5 < sum(slept) <= 1
    assert path.read_text() == "id\n1\n"


def test_what_has_another_reason_is_not_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slept: list[float]
) -> None:
    replace = refusing(99, errno.ENOSPC)
    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(cn.ExportError, match="the disk is full"):
        cn.to_csv(FRAME, tmp_path / "a.csv")
    assert (len(replace.calls), slept) == (1, [])


def test_a_saved_env_file_waits_for_a_scanner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slept: list[float]
) -> None:
    path = tmp_path / ".env"
    monkeypatch.setattr(Path, "replace", refusing(2))  # the library that writes drafts has os.replace
    first = Credentials("my-id", "my-secret")
    first.save(path)
    assert slept == [0.05, 0.1]
    monkeypatch.setattr(Path, "replace", refusing(99))
    with pytest.raises(cn.CredentialsError, match=r"could not be written: .*open in another program\?"):
        Credentials("other-id", "other-secret").save(path)
    assert Credentials.load(environ={}, env_file=path) == first


BAD = [
    "con.csv",
    "NUL.csv",
    "com1.csv",
    "aux .csv",
    "LPT³.csv",
    "gifts:2026.csv",
    "who?.csv",
    'a"b.csv',
    "a<b.csv",
]
"""What Windows does not have, or takes for something else."""
DOTTED = ["gifts.csv.", "gifts.csv ", "folder./gifts.csv"]


@pytest.mark.parametrize("name", [*BAD, *DOTTED, "aux/gifts.csv"])
def test_windows_has_no_such_file(windows: None, tmp_path: Path, name: str) -> None:
    reason = files.why_not(tmp_path / name)
    assert reason is not None
    assert reason.startswith(("Windows keeps the name ", "Windows has no "))


@pytest.mark.parametrize(
    "name",
    [
        "gifts.csv",
        "console.csv",
        "com10.csv",
        "C:/Users/me/gifts.csv",
        "C:gifts.csv",
        r"\\?\C:\a.csv",
        "../a.csv",
        "é.csv",
    ],
)
def test_windows_has_such_a_file(windows: None, name: str) -> None:
    assert files.why_not(name) is None


@pytest.mark.parametrize("name", [*BAD, *DOTTED])
def test_other_systems_take_every_name(name: str) -> None:
    assert files.why_not(name) is None


@pytest.mark.parametrize("name", BAD)
def test_no_way_to_a_file_takes_a_name_that_windows_does_not_have(
    windows: None, tmp_path: Path, name: str
) -> None:
    with pytest.raises(cn.ExportError, match="could not be written: Windows "):
        cn.to_csv(FRAME, tmp_path / name)
    with pytest.raises(FormError, match=r"Windows .*: choose another name for the file"):
        file_path(str(tmp_path / name), "csv")
    with pytest.raises(cn.CredentialsError, match="could not be written: Windows "):
        Credentials("my-id", "my-secret").save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_credentials_outside_of_the_own_folder_are_saved_with_a_warning_on_windows(
    windows: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "me")
    for name in ("me", "shared"):
        (tmp_path / name).mkdir()
    credentials = Credentials("my-id", "my-secret")
    credentials.save(tmp_path / "me" / ".env")
    with pytest.warns(cn.CredentialsWarning, match=r"whoever may read .*shared may read it"):
        credentials.save(tmp_path / "shared" / ".env")
    assert Credentials.load(environ={}, env_file=tmp_path / "shared" / ".env") == credentials


def test_windows_is_known_by_its_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert files.on_windows()


def test_elsewhere_the_mode_closes_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "me")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        path = Credentials("my-id", "my-secret").save(tmp_path / ".env")
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "call",
    [
        lambda path: cn.to_csv(FRAME, path),
        lambda path: cn.to_excel(FRAME, path),
        lambda path: cn.to_parquet(FRAME, path),
        cn.read_csv,
        cn.open_mirror,
        lambda path: Credentials.load(env_file=path),
        lambda path: cn.connect(env_file=path),
        lambda path: Credentials("an-id", "a-secret").save(path),
    ],
)
@pytest.mark.parametrize(
    ("path", "message"), [(5, "=5 is not a path"), (b"a.csv", "is not a path"), ("folder/", "names a folder")]
)
def test_what_is_not_the_path_of_a_file_is_refused_by_name(
    call: Callable[[Any], object],
    path: object,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(cn.UsageError, match=message):
        call(path)
    assert list(tmp_path.iterdir()) == []
