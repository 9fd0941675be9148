"""``.env`` files: read as other editors leave them, written for the owner alone, hidden from git."""

import codecs
import os
import shutil
import subprocess
import warnings
from pathlib import Path

import dotenv
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from classy_nb.credentials import Credentials
from classy_nb.errors import CredentialsError, CredentialsWarning

ENV = {"CLASSY_CLIENT_ID": "env-id", "CLASSY_CLIENT_SECRET": "env-secret"}
FILE = "CLASSY_CLIENT_ID=file-id\nCLASSY_CLIENT_SECRET=file-secret\n"
SECRET = "s3cret-c4nary"
MINE = Credentials("the-id", SECRET)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    return tmp_path


def pair(credentials):
    return credentials.client_id, credentials.client_secret.reveal()


def files(folder):
    return sorted(p.name for p in folder.iterdir())


# --- reading


@pytest.mark.parametrize("name", ["missing.env", "a-folder"])
def test_a_named_file_that_cannot_be_read_is_an_error_whatever_else_there_is(folder, name):
    (folder / "a-folder").mkdir()
    with pytest.raises(CredentialsError, match=rf"{folder / name} cannot be read \(.+\)"):
        Credentials.load(env_file=name, environ=ENV)


def test_a_found_file_that_cannot_be_read_is_an_error_only_if_it_is_needed(folder, monkeypatch):
    (folder / ".env").write_text(FILE)

    def denied(path, flags):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", denied)
    with pytest.raises(CredentialsError, match=r"\.env cannot be read \(Permission denied\)"):
        Credentials.load(environ={})
    with pytest.warns(
        CredentialsWarning, match=r"\.env cannot be read \(Permission denied\)\. It was skipped"
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
def test_trap_03_a_file_that_is_not_text_is_refused_with_advice(folder, data):
    (folder / ".env").write_bytes(data)
    with pytest.raises(CredentialsError, match=r"\.env is not UTF-8 text: .* save it as UTF-8"):
        Credentials.load(environ={})


def test_trap_03_a_line_that_cannot_be_read_is_named_by_its_number(folder):
    (folder / ".env").write_text("CLASSY_CLIENT_ID=file-id\n\nCLASSY_CLIENT_SECRET='file-secret\n")
    with (
        pytest.warns(CredentialsWarning, match=r"line 3 cannot be read; write NAME=value") as caught,
        pytest.raises(CredentialsError, match="Found no client secret"),
    ):
        Credentials.load(environ={})
    assert "file-secret" not in str(caught[0].message)


def test_a_bad_line_of_another_program_is_ignored(folder):
    (folder / ".env").write_text("OTHER='x\n" + FILE)
    assert pair(Credentials.load(environ={})) == ("file-id", "file-secret")


# --- writing


def mode(path):
    return oct(path.stat().st_mode & 0o777)


def test_a_new_file_belongs_to_its_owner_alone(folder):
    before = os.umask(0)
    try:
        assert MINE.save() == folder / ".env"
    finally:
        os.umask(before)
    assert mode(folder / ".env") == "0o600"
    assert (folder / ".env").read_text() == f"CLASSY_CLIENT_ID='the-id'\nCLASSY_CLIENT_SECRET='{SECRET}'\n"
    assert files(folder) == [".env"]


def test_what_is_saved_loads_again(folder):
    full = Credentials(
        "the-id",
        SECRET,
        organization=34,
        base_url="http://127.0.0.1:1/2.0",
        token_url="http://127.0.0.1:1/oauth2/auth",
        timezone="Asia/Tokyo",
    )
    assert Credentials.load(env_file=full.save("live.env"), environ={}) == full


def test_settings_with_their_default_value_are_removed(folder):
    (folder / ".env").write_text("CLASSY_ORGANIZATION_ID=9\nexport CLASSY_TIMEZONE=Asia/Tokyo\nOTHER=x\n")
    MINE.save()
    assert Credentials.load(environ={}) == MINE
    assert "OTHER=x" in (folder / ".env").read_text().splitlines()


def test_the_other_lines_stay_as_they_are(folder):
    others = "# mine\n\nexport A=1 # one\nB='two\nlines'\n  C = ${A}\nnot a line\n#CLASSY_CLIENT_ID=old\n"
    (folder / ".env").write_text(others + "CLASSY_CLIENT_SECRET=old\nD=4")
    MINE.save()
    assert (folder / ".env").read_text() == (
        others + f"CLASSY_CLIENT_SECRET='{SECRET}'\nD=4\nCLASSY_CLIENT_ID='the-id'\n"
    )


def test_a_second_save_replaces_the_first(folder):
    Credentials("older", "older-secret", organization=1).save()
    MINE.save()
    assert (folder / ".env").read_text() == f"CLASSY_CLIENT_ID='the-id'\nCLASSY_CLIENT_SECRET='{SECRET}'\n"


def test_windows_line_ends_stay_and_a_byte_order_mark_goes(folder):
    (folder / ".env").write_bytes(b"\xef\xbb\xbfA=1\r\nCLASSY_CLIENT_ID=old\r\n")
    MINE.save()
    expected = f"A=1\r\nCLASSY_CLIENT_ID='the-id'\r\nCLASSY_CLIENT_SECRET='{SECRET}'\r\n"
    assert (folder / ".env").read_bytes() == expected.encode()
    assert Credentials.load(environ={}) == MINE


def test_a_utf_16_file_becomes_utf_8(folder):
    (folder / ".env").write_text("A=é\n", encoding="utf-16")
    MINE.save()
    assert (folder / ".env").read_text(encoding="utf-8").startswith("A=é\nCLASSY_CLIENT_ID=")


def test_a_loose_file_is_tightened_and_never_holds_the_secret_before(folder):
    loose = folder / ".env"
    loose.write_text("A=1\n")
    loose.chmod(0o644)
    with loose.open() as opened_before:
        MINE.save()
        assert opened_before.read() == "A=1\n"
    assert mode(loose) == "0o600"
    assert loose.read_text().startswith("A=1\n")


def test_while_it_is_written_only_the_owner_can_look(folder, monkeypatch):
    seen = []
    real = dotenv.set_key

    def looking(path, *arguments, **options):
        done = real(path, *arguments, **options)
        seen.append((mode(Path(path)), mode(Path(path).parent), Path(path).name))
        return done

    monkeypatch.setattr(dotenv, "set_key", looking)
    MINE.save()
    assert seen == [("0o600", "0o700", ".env")] * 2


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1))
def test_any_printable_secret_comes_back(folder, text):
    roundtrip(folder, text)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text("ab '\"`#\\${}=é;&|<>n", min_size=1))
def test_any_awkward_secret_comes_back(folder, text):
    roundtrip(folder, text)


def roundtrip(folder, text):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CredentialsWarning)
        try:
            credentials = Credentials("the id", text)
        except CredentialsError:
            assume(False)
        (folder / ".env").write_text("A='1'\n")
        assert Credentials.load(env_file=credentials.save(), environ={}) == credentials
    assert dotenv.dotenv_values(folder / ".env", interpolate=False)["A"] == "1"


# --- what is refused


def test_a_link_is_refused_and_its_target_untouched(folder):
    (folder / "target").write_text("A=1\n")
    (folder / ".env").symlink_to("target")
    with pytest.raises(CredentialsError, match="is not a plain file"):
        MINE.save()
    assert (folder / "target").read_text() == "A=1\n"
    (folder / "target").unlink()
    with pytest.raises(CredentialsError, match="is not a plain file"):
        MINE.save()
    assert files(folder) == [".env"]


def test_a_folder_is_refused(folder):
    (folder / ".env").mkdir()
    with pytest.raises(CredentialsError, match="is not a plain file"):
        MINE.save()


def test_a_pipe_is_refused(folder):
    os.mkfifo(folder / ".env")
    with pytest.raises(CredentialsError, match="is not a plain file"):
        MINE.save()


@pytest.mark.parametrize("place", ["nowhere/.env", "a-file/.env"])
def test_a_folder_that_does_not_exist_is_named(folder, place):
    (folder / "a-file").write_text("")
    with pytest.raises(CredentialsError, match=f"The folder {(folder / place).parent} does not exist"):
        MINE.save(place)


def test_a_file_that_is_not_text_is_left_alone(folder):
    (folder / ".env").write_bytes(b"A=caf\xe9\n")
    with pytest.raises(CredentialsError, match=r"\.env is not UTF-8 text: .* save it as UTF-8"):
        MINE.save()
    assert (folder / ".env").read_bytes() == b"A=caf\xe9\n"


@pytest.mark.parametrize("existing", [None, "A=1\n"])
@pytest.mark.parametrize("call", ["set_key", "replace", "mkdtemp", "second set_key", "lost"])
def test_a_failure_leaves_the_file_as_it_was_and_nothing_beside_it(folder, monkeypatch, existing, call):
    if existing is not None:
        (folder / ".env").write_text(existing)
    before = files(folder)
    fail_at(call, monkeypatch)
    with pytest.raises(
        CredentialsError, match=r"\.env could not be written: .* The file is unchanged"
    ) as caught:
        MINE.save()
    assert files(folder) == before
    assert existing is None or (folder / ".env").read_text() == existing
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def fail_at(call, monkeypatch):
    real, calls = dotenv.set_key, []

    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    def second_fails(path, name, *arguments, **options):
        calls.append(name)
        return real(path, name, *arguments, **options) if len(calls) == 1 else full()

    def loses(path, name, value, **options):
        return real(path, name, value[:-1], **options)

    targets = {
        "set_key": (dotenv, "set_key", full),
        "second set_key": (dotenv, "set_key", second_fails),
        "lost": (dotenv, "set_key", loses),
        "replace": (Path, "replace", full),
        "mkdtemp": (os, "mkdir", full),
    }
    monkeypatch.setattr(*targets[call])


# --- git


@pytest.fixture
def repository(folder):
    git("init", "-q")
    (folder / ".gitignore").write_text(".env\n")
    return folder


def git(*arguments):
    subprocess.run(
        ["git", "-c", "user.name=x", "-c", "user.email=x@example.org", *arguments],
        check=True,
        capture_output=True,
    )


def test_git_tracks_the_file(repository):
    (repository / ".env").write_text("A=1\n")
    git("add", "-f", ".env")
    with pytest.raises(
        CredentialsError, match=r"git tracks .*\.env: the secret would be committed.* rm --cached"
    ):
        MINE.save()
    assert (repository / ".env").read_text() == "A=1\n"


def test_git_does_not_ignore_the_file(repository):
    (repository / ".gitignore").unlink()
    with pytest.raises(
        CredentialsError, match=r"git does not ignore .*\.env.* Add the line \.env to \.gitignore"
    ):
        MINE.save()
    assert files(repository) == [".git"]


def test_git_ignores_the_file(repository):
    below = repository / "notebooks"
    below.mkdir()
    assert MINE.save(below / ".env") == below / ".env"
    assert Credentials.load(environ={}, start=below) == MINE


def test_a_file_name_is_not_taken_for_a_pattern(repository):
    """``[.]env`` is another file than ``.env``, whatever git's patterns would make of it."""
    (repository / ".env").write_text("A=1\n")
    (repository / ".gitignore").write_text("*env*\n")
    git("add", "-f", ".env")
    MINE.save("[.]env")
    assert Credentials.load(env_file="[.]env", environ={}) == MINE


def test_the_variables_of_a_git_hook_are_ignored(repository, monkeypatch, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    subprocess.run(["git", "init", "-q", str(elsewhere)], check=True)
    (repository / ".gitignore").unlink()
    monkeypatch.setenv("GIT_DIR", str(elsewhere / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(elsewhere))
    with pytest.raises(CredentialsError, match="git does not ignore"):
        MINE.save()


def test_git_is_not_installed_and_there_is_no_repository(folder, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert Credentials.load(env_file=MINE.save(), environ={}) == MINE


@pytest.mark.parametrize("failure", ["absent", "refusing", "hanging"])
def test_where_git_cannot_tell_there_is_a_warning(repository, monkeypatch, failure):
    def hanging(*arguments, **options):
        raise subprocess.TimeoutExpired("git", 20)

    if failure == "absent":
        monkeypatch.setattr(shutil, "which", lambda name: None)
    elif failure == "refusing":
        (repository / ".git" / "HEAD").unlink()
    else:
        monkeypatch.setattr(subprocess, "run", hanging)
    with pytest.warns(CredentialsWarning, match=r"git did not say whether it ignores .*: make sure"):
        MINE.save()
    assert Credentials.load(environ={}) == MINE


def test_inside_the_git_folder_there_is_nothing_to_commit(repository):
    assert Credentials.load(env_file=MINE.save(".git/x.env"), environ={}) == MINE
