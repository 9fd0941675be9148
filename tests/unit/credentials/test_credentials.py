"""`Credentials` as a value, and `Credentials.load`: arguments, environment, ``.env``."""

import copy
import dataclasses
import os
import socket
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


pytestmark = pytest.mark.usefixtures("folder")


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
    with pytest.raises(CredentialsError, match=r"not in a \.env file"):
        Credentials.load(environ={}, start=below)
    (folder / "repository" / ".env").write_text(FILE)
    assert pair(Credentials.load(environ={}, start=below)) == ("file-id", "file-secret")


def test_the_search_ends_at_home(folder):
    (folder.parent.parent / ".env").write_text(FILE)
    with pytest.raises(CredentialsError, match=r"not in a \.env file"):
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
        "Found no client id and no client secret: not in the arguments, not in the environment, "
        "and not in a .env file (there is none in this folder or above it)."
    )
    assert "CLASSY_CLIENT_ID" in caught.value.advice


def test_a_folder_in_the_place_of_the_file_is_pointed_out(folder):
    (folder / ".env").mkdir()
    with pytest.raises(CredentialsError, match=r"the \.env in this folder is itself a folder, not a file"):
        Credentials.load(environ={})
    with pytest.raises(CredentialsError, match=r"is itself a folder, not a file"):
        Credentials.load(environ={}, start=folder)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('CLASSY_CLIENT_ID=file-id\nCLASSY_CLIENT_SECRET="file-secret\n', "Its line 2 cannot be read"),
        ("CLASSY_CLIENT_ID file-id\nCLASSY_CLIENT_SECRET: file-secret\n", "Its lines 1 and 2 cannot be read"),
    ],
)
def test_the_error_names_the_lines_that_cannot_be_read(folder, text, named):
    (folder / ".env").write_text(text)
    with pytest.warns(CredentialsWarning), pytest.raises(CredentialsError) as caught:
        Credentials.load(environ={})
    assert f"{named}; write NAME=value, and close every quote." in caught.value.what
    assert "file-secret" not in str(caught.value)


def test_the_unfilled_example_and_misspelt_names_are_pointed_out(folder):
    (folder / ".env").write_text("CLASSY_CLIENT_ID=\nCLASSY_CLIENT_SECERT=abcdef\nOTHER=x\n")
    with pytest.raises(CredentialsError) as caught:
        Credentials.load(environ={"CLASSY_ORG_ID": "7", "UNRELATED": "x"})
    assert caught.value.what == (
        f"Found no client id and no client secret: not in the arguments, not in the environment, "
        f"and not in {folder / '.env'}. Blank there: CLASSY_CLIENT_ID. "
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
        CredentialsError,
        match=rf"{name} in line 1 of .*\.env would send a client secret that does not come from this file "
        r"to collect\.example\.org",
    ):
        Credentials.load(environ=ENV)
    with pytest.raises(CredentialsError, match=r"to collect\.example\.org"):
        Credentials.load("a", "b", environ={})
    argument = name.removeprefix("CLASSY_").lower()
    meant = "https://proxy.example.org/x"
    assert getattr(Credentials.load(environ=ENV, **{argument: meant}), argument) == meant
    assert getattr(Credentials.load(environ=ENV | {name: meant}), argument) == meant


def test_a_file_may_name_the_vendor_s_hosts(folder):
    url = "https://pro.gofundme.com/api/2.0"
    (folder / ".env").write_text(f"CLASSY_BASE_URL={url}\n")
    assert Credentials.load(environ=ENV).base_url == url


@pytest.mark.edge(26)
@pytest.mark.parametrize("name", ["CLASSY_TOKEN_URL", "CLASSY_BASE_URL"])
@pytest.mark.parametrize("url", ["http://127.0.0.1:8765/x", "http://localhost:1", "http://[::1]:8765/x"])
def test_a_port_of_this_computer_is_no_better_than_another_host(folder, name, url):
    (folder / ".env").write_text(f"{name}={url}\n")
    for arguments, environ in (((), ENV), (("a", "b"), {})):
        with pytest.raises(
            CredentialsError, match=rf"{name} in line 1 of .*\.env would send a client secret"
        ):
            Credentials.load(*arguments, environ=environ)


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


# --- who may decide what


SETTINGS = (
    "CLASSY_ORGANIZATION_ID=9\nCLASSY_TIMEZONE=Asia/Tokyo\n"
    "CLASSY_BASE_URL=https://proxy.example.org/2.0\nCLASSY_TOKEN_URL=https://proxy.example.org/token\n"
)
STRANGER = 12345


@pytest.fixture
def stranger_s(folder):
    """Give a path to another user, as far as ``os.stat`` can tell."""
    if os.geteuid() != 0:
        pytest.skip("only the administrator can give files away")
    return lambda path: os.chown(path, STRANGER, STRANGER, follow_symlinks=False)


@pytest.mark.edge(26)
@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("place", [".env", "../.env"])
def test_a_file_of_another_user_gives_a_pair_and_nothing_else(folder, stranger_s, place, named):
    file = (folder / place).resolve()
    file.write_text(FILE + SETTINGS)
    stranger_s(file)
    with pytest.warns(
        CredentialsWarning,
        match=rf"{file} belongs to another user: only a client id and secret are taken from it, not "
        "CLASSY_ORGANIZATION_ID, CLASSY_BASE_URL, CLASSY_TOKEN_URL, CLASSY_TIMEZONE",
    ):
        found = Credentials.load(env_file=file if named else None, environ={})
    assert found == Credentials("file-id", "file-secret")


@pytest.mark.edge(26)
@pytest.mark.parametrize("arguments", [(), ("arg-id", "arg-secret")])
def test_a_file_of_another_user_sets_nothing_for_a_pair_from_elsewhere(folder, stranger_s, arguments):
    (folder / ".env").write_text(SETTINGS)
    stranger_s(folder / ".env")
    with pytest.warns(CredentialsWarning, match="belongs to another user"):
        found = Credentials.load(*arguments, environ=ENV)
    assert found == Credentials(*(arguments or ("env-id", "env-secret")))


@pytest.mark.edge(26)
def test_a_link_that_another_user_made_counts_as_theirs(folder, stranger_s):
    (folder / "other-project.env").write_text(FILE + SETTINGS)
    (folder / ".env").symlink_to("other-project.env")
    assert Credentials.load(environ={}).organization == 9
    stranger_s(folder / ".env")
    with pytest.warns(CredentialsWarning, match="belongs to another user"):
        assert Credentials.load(environ={}).organization is None


@pytest.mark.edge(26)
def test_a_file_of_the_administrator_is_trusted(folder, monkeypatch):
    (folder / ".env").write_text(FILE + "CLASSY_TIMEZONE=Asia/Tokyo\n")
    os.chown(folder / ".env", 0, 0) if os.geteuid() == 0 else pytest.skip("only the administrator")
    monkeypatch.setattr(os, "geteuid", lambda: STRANGER)
    assert Credentials.load(environ={}).timezone == "Asia/Tokyo"


@pytest.mark.edge(26)
def test_where_all_files_have_one_owner_and_mode_they_say_nothing(folder, monkeypatch):
    """As on FAT, on network shares, and on Windows drives in WSL."""
    (folder / ".env").write_text(FILE + "CLASSY_TIMEZONE=Asia/Tokyo\n")
    real = os.fstat

    def of_the_mount(descriptor):
        status = list(real(descriptor))
        status[0], status[4] = status[0] | 0o777, STRANGER
        return os.stat_result(status)

    monkeypatch.setattr(os, "fstat", of_the_mount)
    assert Credentials.load(environ={}).timezone == "Asia/Tokyo"
    assert [path.name for path in folder.iterdir()] == [".env"]


@pytest.mark.edge(26)
def test_on_windows_owners_and_modes_say_nothing(folder, monkeypatch):
    (folder / ".env").write_text(FILE + "CLASSY_TIMEZONE=Asia/Tokyo\n")
    (folder / ".env").chmod(0o666)
    monkeypatch.delattr(os, "geteuid")
    assert Credentials.load(environ={}).timezone == "Asia/Tokyo"


@pytest.mark.edge(26)
@pytest.mark.parametrize("mode", [0o666, 0o602, 0o777])
@pytest.mark.parametrize("place", [".env", "../.env", "live.env"])
def test_a_file_that_everybody_may_write_is_refused(folder, place, mode):
    file = (folder / place).resolve()
    file.write_text(FILE)
    file.chmod(mode)
    for arguments, environ in (((), {}), ((), ENV), (("a", "b"), {})):
        with pytest.raises(CredentialsError, match=rf"{file} can be changed by anyone .* chmod 600 {file}"):
            Credentials.load(*arguments, env_file=file if place == "live.env" else None, environ=environ)


@pytest.mark.edge(26)
@pytest.mark.parametrize("mode", [0o660, 0o664])
def test_a_file_that_its_group_may_write_is_warned_about(folder, mode):
    (folder / ".env").write_text(FILE)
    (folder / ".env").chmod(mode)
    with pytest.warns(CredentialsWarning, match=r"\.env can be changed by its group.*chmod 600"):
        assert pair(Credentials.load(environ={})) == ("file-id", "file-secret")


@pytest.mark.edge(26)
def test_a_pipe_that_nobody_fills_does_not_block(folder):
    os.mkfifo(folder / ".env", 0o600)
    with pytest.raises(CredentialsError, match=r"\.env cannot be read \(a pipe that delivered no text"):
        Credentials.load(environ={})
    with pytest.warns(CredentialsWarning, match="It was skipped"):
        assert pair(Credentials.load(environ=ENV)) == ("env-id", "env-secret")


@pytest.mark.edge(26)
def test_devices_and_sockets_are_not_opened(folder):
    (folder / ".env").symlink_to("/dev/zero")
    assert pair(Credentials.load(environ=ENV)) == ("env-id", "env-secret")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("live.env")
        for name in (".env", "live.env"):
            with pytest.raises(CredentialsError, match=r"cannot be read \(it is a device or a socket"):
                Credentials.load(env_file=name, environ=ENV)


@pytest.mark.edge(26)
def test_a_file_that_is_too_large_is_refused(folder):
    with (folder / ".env").open("wb") as file:
        file.truncate(3_000_000_000)
    with pytest.raises(CredentialsError, match="larger than 1 MB"):
        Credentials.load(environ={})


# --- where it came from


@pytest.mark.edge(11)
def test_an_error_about_a_value_names_the_variable_that_held_it(folder):
    with pytest.raises(CredentialsError) as caught:
        Credentials.load(environ=ENV | {"CLASSY_CLIENT_SECRET": "********"})
    assert str(caught.value).endswith(
        "Sources: client id from CLASSY_CLIENT_ID in the environment; "
        "client secret from CLASSY_CLIENT_SECRET in the environment; defaults otherwise."
    )
    (folder / ".env").write_text(f"# mine\n\n{FILE}\nCLASSY_TIMEZONE=Mars/Olympus\n")
    with pytest.raises(UsageError) as caught:
        Credentials.load(environ={})
    assert str(caught.value).endswith(
        f"Sources: timezone from CLASSY_TIMEZONE in line 6 of {folder / '.env'}; defaults otherwise."
    )


@pytest.mark.edge(11)
def test_what_is_passed_directly_is_an_argument():
    error = CredentialsError("Refused.", advice="")
    Credentials("a", "b", organization=7).name_sources(error)
    assert str(error) == (
        "Refused. Sources: client id from the argument client_id=; client secret from the argument "
        "client_secret=; organization from the argument organization=; defaults otherwise."
    )


@pytest.mark.edge(11)
def test_where_one_half_is_missing_the_source_of_the_other_is_named(folder):
    (folder / ".env").write_text("CLASSY_CLIENT_ID=file-id\n")
    with pytest.raises(CredentialsError, match="Found no client secret") as caught:
        Credentials.load(environ={})
    said = f"Sources: client id from CLASSY_CLIENT_ID in line 1 of {folder / '.env'}; defaults otherwise."
    assert str(caught.value).endswith(said)


@pytest.mark.edge(11)
def test_places_that_disagree_are_named(folder):
    (folder / ".env").write_text("CLASSY_CLIENT_ID='env-id'\nCLASSY_CLIENT_SECRET=new-secret\n")
    error = CredentialsError("Refused.", advice="")
    Credentials.load(environ=ENV).name_sources(error)
    said = (
        "Refused. Sources: client id from CLASSY_CLIENT_ID in the environment; client secret from "
        "CLASSY_CLIENT_SECRET in the environment (although CLASSY_CLIENT_SECRET in line 2 of "
        f"{folder / '.env'} has another one); defaults otherwise."
    )
    assert str(error) == said
    Credentials.load(environ=ENV).name_sources(error)
    assert str(error) == said
