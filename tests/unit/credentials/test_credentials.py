"""`Credentials` as a value, and `Credentials.load`: arguments, environment, ``.env``."""

import copy
import dataclasses
import os
import threading
import warnings
from pathlib import Path

import pytest

from classy_nb.credentials import BASE_URL, TOKEN_URL, Credentials
from classy_nb.errors import CredentialsError, CredentialsWarning, UsageError
from classy_nb.redact import Secret

ID = "aBcD1234eFgH5678"
SECRET = "0123456789abcdef0123456789ABCDEF"
ENV = {"CLASSY_CLIENT_ID": "env-id", "CLASSY_CLIENT_SECRET": "env-secret"}
FILE = "CLASSY_CLIENT_ID=file-id\nCLASSY_CLIENT_SECRET=file-secret\n"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Work in ``home/work``, where nothing outside is in reach."""
    work = tmp_path / "home" / "work"
    work.mkdir(parents=True)
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    monkeypatch.chdir(work)
    return work


def pair(credentials):
    return credentials.client_id, credentials.client_secret.reveal()


def test_defaults():
    credentials = Credentials(ID, SECRET)
    assert credentials.client_id == ID
    assert credentials.client_secret == Secret(SECRET)
    assert credentials.organization is None
    assert credentials.base_url == BASE_URL == "https://api.classy.org/2.0"
    assert credentials.token_url == TOKEN_URL == "https://api.classy.org/oauth2/auth"
    assert credentials.timezone is None
    assert credentials.fiscal_year_start == 1
    assert credentials.source == "arguments"


def test_credentials_are_values():
    one, same, other = (
        Credentials(ID, SECRET),
        Credentials(Secret(ID), Secret(SECRET)),
        Credentials(ID, "other"),
    )
    assert one == same
    assert hash(one) == hash(same)
    assert one != other
    assert copy.deepcopy(one) == copy.copy(one) == one
    assert dataclasses.replace(one, organization=7) == Credentials(ID, SECRET, organization=7)
    assert dataclasses.asdict(one)["client_secret"] == Secret(SECRET)
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.client_id = "x"


def test_repr_shows_part_of_the_id_and_where_it_came_from():
    assert repr(Credentials(ID, SECRET)) == (
        "<Credentials client_id='aBcD…', client_secret=********, from arguments>"
    )
    assert repr(Credentials("ab", SECRET, organization=5, timezone="America/Los_Angeles")) == (
        "<Credentials client_id='a…', client_secret=********, organization=5, "
        "timezone='America/Los_Angeles', from arguments>"
    )


# --- load: which place wins


def test_arguments_beat_the_environment_which_beats_the_file(folder):
    (folder / ".env").write_text(FILE + "CLASSY_TIMEZONE=Europe/Paris\nCLASSY_ORGANIZATION_ID=3\n")
    environ = ENV | {"CLASSY_ORGANIZATION_ID": "2"}
    found = Credentials.load("arg-id", "arg-secret", organization=1, environ=environ)
    assert pair(found) == ("arg-id", "arg-secret")
    assert (found.organization, found.timezone) == (1, "Europe/Paris")
    assert found.sources == {
        "client_id": "arguments",
        "client_secret": "arguments",
        "organization": "arguments",
        "base_url": "default",
        "token_url": "default",
        "timezone": str(folder / ".env"),
        "fiscal_year_start": "default",
    }
    found = Credentials.load(environ=environ)
    assert pair(found) == ("env-id", "env-secret")
    assert (found.organization, found.source) == (2, "environment")
    found = Credentials.load(environ={})
    assert pair(found) == ("file-id", "file-secret")
    assert (found.organization, found.source) == (3, str(folder / ".env"))
    assert repr(found).endswith(f"from {folder / '.env'}>")


def test_the_real_environment_is_read_and_not_changed(folder, monkeypatch):
    (folder / ".env").write_text(FILE + "CLASSY_TIMEZONE=Europe/Paris\n")
    for name, value in ENV.items():
        monkeypatch.setenv(name, value)
    before = dict(os.environ)
    assert pair(Credentials.load()) == ("env-id", "env-secret")
    assert dict(os.environ) == before


@pytest.mark.parametrize("blank", ["", "  ", "''", "\ufeff"])
def test_a_blank_variable_does_not_hide_the_file(folder, blank):
    (folder / ".env").write_text(FILE)
    assert pair(Credentials.load(environ=dict.fromkeys(ENV, blank))) == ("file-id", "file-secret")


def test_a_blank_argument_is_refused_rather_than_passed_over():
    with pytest.raises(CredentialsError, match="client secret is blank"):
        Credentials.load("arg-id", "", environ=ENV)


def test_all_settings_come_from_a_file(folder):
    (folder / "live.env").write_text(
        f"# mine\nexport {FILE}CLASSY_ORGANIZATION_ID=34\nCLASSY_BASE_URL=http://127.0.0.1:1/2.0\n"
        "CLASSY_TOKEN_URL='http://127.0.0.1:1/oauth2/auth'\nCLASSY_TIMEZONE=Asia/Tokyo # zone\n"
    )
    found = Credentials.load(env_file="live.env", environ={})
    assert found == Credentials(
        "file-id",
        "file-secret",
        organization=34,
        base_url="http://127.0.0.1:1/2.0",
        token_url="http://127.0.0.1:1/oauth2/auth",
        timezone="Asia/Tokyo",
    )
    assert found.source == str(folder / "live.env")


def test_dollars_in_a_file_stay_as_they_are(folder):
    (folder / ".env").write_text("CLASSY_CLIENT_ID=a\nCLASSY_CLIENT_SECRET=x${HOME}y$HOME\n")
    assert pair(Credentials.load(environ={})) == ("a", "x${HOME}y$HOME")


# --- where the file is looked for


def test_the_nearest_file_above_is_taken(folder):
    below = folder / "a" / "b"
    below.mkdir(parents=True)
    (folder / ".env").write_text(FILE)
    assert Credentials.load(environ={}, start=below).source == str(folder / ".env")
    (folder / "a" / ".env").write_text(FILE.replace("file-", "near-"))
    assert pair(Credentials.load(environ={}, start=below)) == ("near-id", "near-secret")


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_the_search_ends_at_the_root_of_the_repository(folder, kind):
    below = folder / "repository" / "notebooks"
    below.mkdir(parents=True)
    git = folder / "repository" / ".git"
    git.mkdir() if kind == "folder" else git.write_text("gitdir: elsewhere\n")
    (folder / ".env").write_text(FILE)
    with pytest.raises(CredentialsError, match=r"in no \.env file"):
        Credentials.load(environ={}, start=below)
    (folder / "repository" / ".env").write_text(FILE)
    assert pair(Credentials.load(environ={}, start=below)) == ("file-id", "file-secret")


def test_the_search_ends_at_home(folder):
    (folder.parent.parent / ".env").write_text(FILE)
    with pytest.raises(CredentialsError, match=r"in no \.env file"):
        Credentials.load(environ={})
    (folder.parent / ".env").write_text(FILE)
    assert Credentials.load(environ={}).source == str(folder.parent / ".env")


def test_a_folder_called_env_is_skipped(folder):
    (folder / ".env").mkdir()
    (folder.parent / ".env").write_text(FILE)
    assert Credentials.load(environ={}).source == str(folder.parent / ".env")


def test_a_pipe_of_a_password_manager_is_read(folder):
    os.mkfifo(folder / ".env")
    manager = threading.Thread(target=(folder / ".env").write_text, args=(FILE,), daemon=True)
    manager.start()  # waits for the reader
    assert pair(Credentials.load(environ={})) == ("file-id", "file-secret")
    manager.join(5)
    assert not manager.is_alive()


def test_a_deleted_working_folder_is_no_obstacle(folder, monkeypatch):
    def gone():
        raise FileNotFoundError

    monkeypatch.setattr(Path, "cwd", gone)
    assert pair(Credentials.load(environ=ENV)) == ("env-id", "env-secret")


# --- what is missing, mixed or dangerous


def test_what_is_missing_is_named_with_the_places_that_were_searched(folder):
    with pytest.raises(CredentialsError) as caught:
        Credentials.load(environ={})
    assert caught.value.what == (
        "There is no client id and no client secret: not in the arguments, not in the environment, "
        "in no .env file (there is none here or above)."
    )
    assert "CLASSY_CLIENT_ID" in caught.value.advice


def test_the_unfilled_example_and_misspelt_names_are_pointed_out(folder):
    (folder / ".env").write_text("CLASSY_CLIENT_ID=\nCLASSY_CLIENT_SECERT=abcdef\nOTHER=x\n")
    with pytest.raises(CredentialsError) as caught:
        Credentials.load(environ={"CLASSY_ORG_ID": "7", "UNRELATED": "x"})
    assert caught.value.what == (
        f"There is no client id and no client secret: not in the arguments, not in the environment, "
        f"not in {folder / '.env'}. Blank there: CLASSY_CLIENT_ID. "
        "Set, but not a name that is read: CLASSY_CLIENT_SECERT, CLASSY_ORG_ID."
    )


@pytest.mark.parametrize(
    ("given", "environ", "places"),
    [
        ({}, {"CLASSY_CLIENT_ID": "x"}, "client id comes from environment, the client secret from {file}"),
        ({"client_secret": "x"}, ENV, "client id comes from environment, the client secret from arguments"),
        ({"client_id": "x"}, {}, "client id comes from arguments, the client secret from {file}"),
    ],
)
def test_trap_03_a_pair_from_two_places_is_warned_about(folder, given, environ, places):
    (folder / ".env").write_text(FILE)
    with pytest.warns(
        CredentialsWarning, match="make sure that both belong to the same application"
    ) as caught:
        Credentials.load(**given, environ=environ)
    assert places.format(file=folder / ".env") in str(caught[0].message)
    assert caught[0].filename == __file__


@pytest.mark.parametrize("name", ["CLASSY_TOKEN_URL", "CLASSY_BASE_URL"])
def test_a_file_does_not_send_a_secret_from_elsewhere_to_its_own_host(folder, name):
    (folder / ".env").write_text(f"{name}=https://collect.example.org/x\n")
    with pytest.raises(
        CredentialsError, match=rf"{name} in .*\.env would send .* environment to collect\.example\.org"
    ):
        Credentials.load(environ=ENV)
    with pytest.raises(CredentialsError, match="client secret from the arguments to"):
        Credentials.load("a", "b", environ={})
    argument = name.removeprefix("CLASSY_").lower()
    meant = "https://proxy.example.org/x"
    assert getattr(Credentials.load(environ=ENV, **{argument: meant}), argument) == meant
    assert getattr(Credentials.load(environ=ENV | {name: meant}), argument) == meant


@pytest.mark.parametrize("url", ["http://127.0.0.1:8765/2.0", "https://pro.gofundme.com/api/2.0"])
def test_a_file_may_name_the_vendor_s_hosts_and_this_computer(folder, url):
    (folder / ".env").write_text(f"CLASSY_BASE_URL={url}\n")
    assert Credentials.load(environ=ENV).base_url == url


def test_a_file_may_send_its_own_secret_where_it_says(folder):
    (folder / ".env").write_text(FILE + "CLASSY_TOKEN_URL=https://proxy.example.org/token\n")
    assert Credentials.load(environ={}).token_url == "https://proxy.example.org/token"


def test_a_senseless_setting_in_a_file_is_refused(folder):
    (folder / ".env").write_text(FILE + "CLASSY_ORGANIZATION_ID=mine\n")
    with pytest.raises(UsageError, match="must be its numeric id"):
        Credentials.load(environ={})


def test_nothing_is_warned_about_when_nothing_is_wrong(folder):
    (folder / ".env").write_text(FILE)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        Credentials.load(environ={})
    assert caught == []
