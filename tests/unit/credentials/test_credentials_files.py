"""`Credentials.load`: ``.env`` files as other editors leave them, and those that cannot be read."""

import codecs
import os
from pathlib import Path

import pytest

from classy_nb.credentials import Credentials
from classy_nb.errors import CredentialsError, CredentialsWarning

ENV = {"CLASSY_CLIENT_ID": "env-id", "CLASSY_CLIENT_SECRET": "env-secret"}
FILE = "CLASSY_CLIENT_ID=file-id\nCLASSY_CLIENT_SECRET=file-secret\n"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Work in ``home/work``, where nothing outside is in reach."""
    work = tmp_path / "home" / "work"
    work.mkdir(parents=True)
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    monkeypatch.chdir(work)
    for name in os.environ:
        if name.startswith("CLASSY_"):
            monkeypatch.delenv(name)
    return work


def pair(credentials):
    return credentials.client_id, credentials.client_secret.reveal()


@pytest.mark.parametrize("name", ["missing.env", "a-folder"])
def test_a_named_file_that_cannot_be_read_is_an_error_whatever_else_there_is(folder, name):
    (folder / "a-folder").mkdir()
    with pytest.raises(CredentialsError, match=rf"{folder / name} cannot be read \(.+\)"):
        Credentials.load(env_file=name, environ=ENV)


def test_a_found_file_that_cannot_be_read_is_an_error_only_if_it_is_needed(folder, monkeypatch):
    (folder / ".env").write_text(FILE)

    def denied(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", denied)
    with pytest.raises(CredentialsError, match=r"\.env cannot be read \(Permission denied\)"):
        Credentials.load(environ={})
    with pytest.warns(
        CredentialsWarning, match=r"\.env cannot be read \(Permission denied\)\. It was passed over"
    ):
        found = Credentials.load(environ=ENV)
    assert pair(found) == ("env-id", "env-secret")


@pytest.mark.parametrize(
    "data",
    [
        FILE.replace("\n", "\r\n").encode(),
        codecs.BOM_UTF8 + FILE.encode(),
        FILE.rstrip().encode(),
        FILE.replace("=", " = ").encode(),
        b"# caf\xc3\xa9\n\n\n" + FILE.encode(),
        FILE.replace("=", "='").replace("\n", "'\n").encode(),
    ],
)
def test_trap_03_files_of_other_editors_are_read(folder, data):
    (folder / ".env").write_bytes(data)
    assert pair(Credentials.load(environ={})) == ("file-id", "file-secret")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_trap_03_a_utf_16_file_is_read_with_a_warning(folder, encoding):
    bom = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}.get(encoding, b"")
    (folder / ".env").write_bytes(bom + FILE.replace("\n", "\r\n").encode(encoding))
    with pytest.warns(CredentialsWarning, match=r"\.env is UTF-16, .* save it as UTF-8"):
        found = Credentials.load(environ={})
    assert pair(found) == ("file-id", "file-secret")


@pytest.mark.parametrize("data", [FILE.encode("utf-16-le"), b"CLASSY_CLIENT_ID=caf\xe9\n", b"\xff\xfeo"])
def test_trap_03_a_file_that_is_no_text_is_refused_with_what_to_do(folder, data):
    (folder / ".env").write_bytes(data)
    with pytest.raises(CredentialsError, match=r"\.env is not UTF-8 text: .* save it as UTF-8"):
        Credentials.load(environ={})


def test_trap_03_a_line_that_cannot_be_read_is_named_by_its_number(folder):
    (folder / ".env").write_text("CLASSY_CLIENT_ID=file-id\n\nCLASSY_CLIENT_SECRET='file-secret\n")
    with (
        pytest.warns(CredentialsWarning, match=r"cannot be read: line 3; check its quotes") as caught,
        pytest.raises(CredentialsError, match="There is no client secret"),
    ):
        Credentials.load(environ={})
    assert "file-secret" not in str(caught[0].message)


def test_somebody_else_s_bad_line_is_nobody_s_business_here(folder):
    (folder / ".env").write_text("OTHER='x\n" + FILE)
    assert pair(Credentials.load(environ={})) == ("file-id", "file-secret")
