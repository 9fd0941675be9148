"""`Credentials.save`: into a ``.env`` file that only the owner can read."""

import os
import warnings
from pathlib import Path

import dotenv
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from classy_nb.credentials import Credentials
from classy_nb.errors import CredentialsError, CredentialsWarning

SECRET = "s3cret-c4nary"
MINE = Credentials("the-id", SECRET)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    return tmp_path


def mode(path):
    return oct(path.stat().st_mode & 0o777)


def files(folder):
    return sorted(p.name for p in folder.iterdir())


def test_a_new_file_is_the_owner_s_alone(folder):
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


def test_settings_that_have_their_default_are_taken_out(folder):
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


def test_line_ends_of_windows_stay_and_a_byte_order_mark_goes(folder):
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
    with pytest.raises(CredentialsError, match=f"There is no folder {(folder / place).parent}"):
        MINE.save(place)


def test_a_file_that_is_no_text_is_left_alone(folder):
    (folder / ".env").write_bytes(b"A=caf\xe9\n")
    with pytest.raises(
        CredentialsError, match=r"could not be written: is not UTF-8 text.* The file is as it was"
    ):
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
        CredentialsError, match=r"\.env could not be written: .* The file is as it was"
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
