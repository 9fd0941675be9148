"""Secret stores, each with a stand-in: Colab's secrets, a Databricks scope, the system's keyring."""

import pickle
import subprocess
import sys
import warnings
from types import ModuleType, SimpleNamespace

import pytest

import classy_nb as cn
from classy_nb.client import HttpOptions, Login
from classy_nb.client.pickling import Recipe
from classy_nb.credentials import Credentials
from classy_nb.errors import CredentialsError, CredentialsWarning, NotPicklableError, UsageError

CANARY = "c4n4ry-9fK2/x$Q"
BOTH = {"CLASSY_CLIENT_ID": "store-id", "CLASSY_CLIENT_SECRET": CANARY}
DATABRICKS = {"DATABRICKS_RUNTIME_VERSION": "16.4"}
FILE = "CLASSY_CLIENT_ID=file-id\nCLASSY_CLIENT_SECRET=file-secret\n"


@pytest.fixture(autouse=True)
def _nowhere(folder, monkeypatch):
    monkeypatch.delenv("DATABRICKS_RUNTIME_VERSION", raising=False)


class SecretNotFoundError(Exception):
    """As Colab's: the name says it."""


class NotebookAccessError(Exception):
    """As Colab's."""


class TimeoutException(Exception):  # noqa: N818
    """As Colab's."""


@pytest.fixture
def colab(monkeypatch):
    """Colab, with these secrets; an exception among them is raised."""
    secrets, asked = {}, []

    def get(name):
        asked.append(name)
        found = secrets.get(name, SecretNotFoundError(f"Secret {name} does not exist, but {CANARY}"))
        if isinstance(found, Exception):
            raise found
        return found

    module = ModuleType("google.colab")
    module.userdata = SimpleNamespace(get=get)
    monkeypatch.setitem(sys.modules, "google.colab", module)
    return SimpleNamespace(secrets=secrets, asked=asked)


@pytest.fixture
def databricks(monkeypatch):
    """A Databricks runtime whose scopes have these secrets; an exception among them is raised."""
    scopes = {}

    def get(scope, key):
        if scope not in scopes or key not in scopes[scope]:
            raise RuntimeError(f"Secret does not exist with scope: {scope} and key: {key}")
        if isinstance(scopes[scope][key], Exception):
            raise scopes[scope][key]
        return scopes[scope][key]

    dbutils = SimpleNamespace(secrets=SimpleNamespace(get=get))
    runtime = ModuleType("databricks.sdk.runtime")
    runtime.dbutils = dbutils
    for name in ("databricks", "databricks.sdk"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, "databricks.sdk.runtime", runtime)
    monkeypatch.setenv("DATABRICKS_RUNTIME_VERSION", "16.4")
    monkeypatch.setitem(sys.modules, "IPython", None)
    return SimpleNamespace(scopes=scopes, dbutils=dbutils)


class NoKeyringError(RuntimeError):
    """As the library's."""


@pytest.fixture
def keyring(monkeypatch):
    """Put a keyring in memory in the place of the library."""
    entries, failures = {}, {}
    module = ModuleType("keyring")

    def call(what, change):
        def called(service, name, *value):
            if (what, name) in failures:
                raise failures[what, name]
            return change((service, name), *value)

        return called

    module.get_password = call("get", entries.get)
    module.set_password = call("set", entries.__setitem__)
    module.delete_password = call("delete", entries.__delitem__)
    monkeypatch.setitem(sys.modules, "keyring", module)
    return SimpleNamespace(entries=entries, failures=failures)


def pair(credentials):
    return credentials.client_id, credentials.client_secret.reveal()


# --- Colab


def test_colab_has_the_pair_and_the_settings(colab):
    colab.secrets.update(BOTH, CLASSY_ORGANIZATION_ID="34", CLASSY_TIMEZONE="Europe/Vienna")
    found = Credentials.load(environ={})
    assert pair(found) == ("store-id", CANARY)
    assert (found.organization, found.timezone) == (34, "Europe/Vienna")
    assert found.source == "Colab's secrets"
    assert found.sources["timezone"] == "Colab's secrets"
    assert found.sources["base_url"] == "default"
    assert repr(found).endswith("timezone='Europe/Vienna', from Colab's secrets>")
    assert CANARY not in repr(found)


def test_pasted_secrets_of_colab_are_repaired(colab):
    colab.secrets.update(CLASSY_CLIENT_ID=" store-id\n", CLASSY_CLIENT_SECRET=f'"{CANARY}"\n')
    assert pair(Credentials.load(environ={})) == ("store-id", CANARY)


@pytest.mark.parametrize("where", ["arguments", "environment", "file"])
def test_colab_is_not_asked_where_the_pair_is_known(colab, folder, where):
    colab.secrets.update(BOTH)
    (folder / ".env").write_text(FILE if where == "file" else "")
    mine = {"CLASSY_CLIENT_ID": "my-id", "CLASSY_CLIENT_SECRET": "my-secret"}
    arguments = ("my-id", "my-secret") if where == "arguments" else ()
    found = Credentials.load(*arguments, environ=mine if where == "environment" else {})
    assert pair(found) == (("file-id", "file-secret") if where == "file" else ("my-id", "my-secret"))
    assert colab.asked == []


def test_the_settings_of_colab_are_asked_for_only_if_it_has_one_of_the_pair(colab):
    with pytest.raises(CredentialsError) as caught:
        Credentials.load(environ={})
    assert colab.asked == ["CLASSY_CLIENT_ID", "CLASSY_CLIENT_SECRET"]
    assert caught.value.what == (
        "Found no client id and no client secret: not in the arguments, not in the environment, "
        "not in a .env file (there is none in this folder or above it), and not in Colab's secrets."
    )
    assert caught.value.__context__ is None


def test_the_id_of_the_environment_goes_with_the_secret_of_colab(colab):
    colab.secrets["CLASSY_CLIENT_SECRET"] = CANARY
    with pytest.warns(CredentialsWarning, match="client id comes from environment, .* from Colab's secrets"):
        found = Credentials.load(environ={"CLASSY_CLIENT_ID": "my-id"})
    assert pair(found) == ("my-id", CANARY)
    assert found.source == "environment and Colab's secrets"


def test_the_same_id_in_two_places_is_worth_no_warning(colab):
    colab.secrets.update(BOTH)
    found = Credentials.load(environ={"CLASSY_CLIENT_ID": '"store-id"'})
    assert pair(found) == ("store-id", CANARY)


def test_a_secret_of_another_application_is_refused(colab):
    colab.secrets.update(BOTH)
    with pytest.raises(
        CredentialsError, match="client id from the environment is not the one that"
    ) as caught:
        Credentials.load(environ={"CLASSY_CLIENT_ID": "my-id"})
    assert "client secret from Colab's secrets" in caught.value.what
    assert "Leave CLASSY_CLIENT_ID out of the environment" in str(caught.value.advice)


@pytest.mark.parametrize(("half", "missing"), [("ID", "client secret"), ("SECRET", "client id")])
def test_half_a_pair_in_colab_is_named(colab, half, missing):
    colab.secrets[f"CLASSY_CLIENT_{half}"] = "one-half"
    with pytest.raises(
        CredentialsError, match=f"^Found no {missing}: .* and not in Colab's secrets"
    ) as caught:
        Credentials.load(environ={})
    assert f"CLASSY_CLIENT_{half} in Colab's secrets" in str(caught.value.advice)


def test_half_a_pair_in_a_file_stays_what_it_was(folder):
    (folder / ".env").write_text("CLASSY_CLIENT_ID=file-id\n")
    with pytest.raises(
        CredentialsError, match=r"^Found no client secret: .*, and not in .*\.env\."
    ) as caught:
        Credentials.load(environ={})
    assert "client id from CLASSY_CLIENT_ID in line 1 of" in str(caught.value.advice)


def test_blank_secrets_of_colab_count_as_missing(colab):
    colab.secrets.update(CLASSY_CLIENT_ID="store-id", CLASSY_CLIENT_SECRET="  ")
    with pytest.raises(CredentialsError, match=r"^Found no client secret"):
        Credentials.load(environ={})


@pytest.mark.parametrize("name", ["CLASSY_CLIENT_ID", "CLASSY_CLIENT_SECRET", "CLASSY_TIMEZONE"])
def test_a_secret_that_the_notebook_may_not_read_is_named(colab, name):
    colab.secrets.update(BOTH | {name: NotebookAccessError(CANARY)})
    with pytest.raises(CredentialsError, match=f"^{name} is among Colab's secrets, but") as caught:
        Credentials.load(environ={})
    assert '"Notebook access"' in str(caught.value.advice)
    assert caught.value.__context__ is None


def test_colab_without_a_browser_is_named(colab):
    colab.secrets["CLASSY_CLIENT_ID"] = TimeoutException("Requesting secret timed out")
    with pytest.raises(
        CredentialsError, match=r"^Colab did not answer when asked for CLASSY_CLIENT_ID"
    ) as caught:
        Credentials.load(environ={})
    assert "open in a browser" in str(caught.value.advice)


def test_colab_out_of_order_is_named_among_the_places(colab):
    colab.secrets.update(dict.fromkeys(BOTH, AttributeError(CANARY)))
    with pytest.raises(CredentialsError) as caught:
        Credentials.load(environ={})
    assert caught.value.what.endswith("and not in Colab's secrets, which could not be read (AttributeError).")


def test_a_connection_from_colabs_secrets_cannot_be_pickled(colab):
    colab.secrets.update(BOTH, CLASSY_ORGANIZATION_ID="34", CLASSY_TIMEZONE="UTC")
    credentials = Credentials.load(environ={})
    http = HttpOptions().open(credentials.base_url)
    session = Login(credentials, http, 4, {34: ""}, {34: None}).session()
    with pytest.raises(NotPicklableError, match="only the notebook itself can read Colab's secrets"):
        Recipe.of(session)
    session.close()


# --- Databricks


def test_a_secret_scope_has_the_pair_and_the_settings(databricks):
    databricks.scopes["classy"] = BOTH | {"CLASSY_FISCAL_YEAR_START": "7"}
    found = Credentials.load()
    assert pair(found) == ("store-id", CANARY)
    assert found.fiscal_year_start == 7
    assert found.source == "the secret scope classy"


def test_the_environment_names_another_scope(databricks):
    databricks.scopes["fundraising"] = BOTH
    found = Credentials.load(environ=DATABRICKS | {"CLASSY_SECRET_SCOPE": "fundraising"})
    assert found.source == "the secret scope fundraising"


def test_the_dbutils_of_the_notebook_are_used_first(databricks, monkeypatch):
    databricks.scopes["classy"] = BOTH
    monkeypatch.setitem(sys.modules, "databricks.sdk.runtime", None)
    shell = SimpleNamespace(user_ns={"dbutils": databricks.dbutils})
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    assert pair(Credentials.load()) == ("store-id", CANARY)


def test_without_a_scope_the_message_says_where_it_looked(databricks):
    with pytest.raises(CredentialsError) as caught:
        Credentials.load(environ=DATABRICKS | {"CLASSY_SECRET_SCOPE": "nothing-here"})
    assert caught.value.what.endswith("and not in the secret scope nothing-here.")


@pytest.mark.parametrize("refusal", ["PERMISSION_DENIED: User lacks READ", "403 Forbidden"])
def test_a_scope_without_permission_is_named(databricks, refusal):
    databricks.scopes["classy"] = dict.fromkeys(BOTH, RuntimeError(f"{refusal} {CANARY}"))
    with pytest.raises(
        CredentialsError, match="CLASSY_CLIENT_ID of the secret scope classy may not"
    ) as caught:
        Credentials.load()
    assert "CLASSY_SECRET_SCOPE" in str(caught.value.advice)
    assert caught.value.__context__ is None


def test_a_runtime_that_cannot_read_scopes_is_named_among_the_places(monkeypatch):
    monkeypatch.setitem(sys.modules, "databricks", None)
    with pytest.raises(CredentialsError) as caught:
        Credentials.load(environ=DATABRICKS)
    assert caught.value.what.endswith("not in the secret scope classy, as databricks-sdk does not work here.")


@pytest.mark.parametrize("name", ["a b", "x" * 129, "scope/key", "é"])
def test_what_cannot_be_a_scope_is_refused(databricks, name):
    with pytest.raises(UsageError, match="CLASSY_SECRET_SCOPE is not the name of a secret scope"):
        Credentials.load(environ=DATABRICKS | {"CLASSY_SECRET_SCOPE": name})


def test_the_variable_of_the_scope_is_not_strange(databricks):
    with pytest.raises(CredentialsError) as caught:
        Credentials.load(environ=DATABRICKS | {"CLASSY_SECRET_SCOPE": "x", "CLASSY_SECRET": "y"})
    assert "Set, but not a name that is read: CLASSY_SECRET." in caught.value.what


@pytest.mark.parametrize("name", ["CLASSY_BASE_URL", "CLASSY_TOKEN_URL"])
def test_a_scope_does_not_decide_where_a_secret_from_elsewhere_goes(databricks, name):
    databricks.scopes["classy"] = {"CLASSY_CLIENT_ID": "store-id", name: "https://x.example.org"}
    with (
        pytest.warns(CredentialsWarning, match="client id comes from the secret scope classy"),
        pytest.raises(
            CredentialsError, match=f"{name} in the secret scope classy would send a client secret"
        ),
    ):
        Credentials.load(environ=DATABRICKS | {"CLASSY_CLIENT_SECRET": CANARY})


def test_a_file_does_not_decide_where_a_stores_secret_goes(colab, folder):
    colab.secrets.update(BOTH)
    (folder / ".env").write_text("CLASSY_TOKEN_URL=https://x.example.org\n")
    with pytest.raises(CredentialsError, match=r"does not come from this file to x\.example\.org"):
        Credentials.load(environ={})


def test_a_store_decides_where_its_own_secret_goes(databricks):
    databricks.scopes["classy"] = BOTH | {"CLASSY_BASE_URL": "https://proxy.example.org/2.0"}
    assert Credentials.load().base_url == "https://proxy.example.org/2.0"


# --- the keyring


def test_what_was_saved_is_found_where_it_is_asked_for(keyring):
    saved = Credentials("my-id", CANARY, organization=34, timezone="Europe/Vienna")
    saved.save_to_keyring()
    assert keyring.entries == {
        ("classy_nb", "CLASSY_CLIENT_ID"): "my-id",
        ("classy_nb", "CLASSY_CLIENT_SECRET"): CANARY,
        ("classy_nb", "CLASSY_ORGANIZATION_ID"): "34",
        ("classy_nb", "CLASSY_TIMEZONE"): "Europe/Vienna",
    }
    found = Credentials.load(environ={}, keyring=True)
    assert found == saved
    assert found.source == "the system's keyring"
    with pytest.raises(CredentialsError, match="Found no client id and no client secret"):
        Credentials.load(environ={})


def test_saving_again_removes_what_has_its_default(keyring):
    Credentials("my-id", CANARY, organization=34).save_to_keyring()
    Credentials("other-id", "other-secret").save_to_keyring()
    assert keyring.entries == {
        ("classy_nb", "CLASSY_CLIENT_ID"): "other-id",
        ("classy_nb", "CLASSY_CLIENT_SECRET"): "other-secret",
    }


@pytest.mark.parametrize("failing", ["CLASSY_CLIENT_SECRET", "CLASSY_TIMEZONE"])
def test_a_keyring_that_refuses_keeps_what_it_had(keyring, failing):
    Credentials("my-id", CANARY, organization=34).save_to_keyring()
    before = dict(keyring.entries)
    real = sys.modules["keyring"].set_password
    calls = []

    def once(service, name, value):
        calls.append(name)
        if calls.count(failing) == 1 and name == failing:
            raise RuntimeError(f"no room for {value}")
        real(service, name, value)

    sys.modules["keyring"].set_password = once
    with pytest.raises(CredentialsError, match=r"keyring could not be written to \(RuntimeError\)") as caught:
        Credentials("other-id", "other-secret", timezone="UTC").save_to_keyring()
    assert caught.value.__context__ is None
    assert keyring.entries == before


def test_the_keyring_comes_before_a_file_and_after_the_environment(keyring, folder):
    Credentials("my-id", CANARY).save_to_keyring()
    (folder / ".env").write_text(FILE + "CLASSY_TIMEZONE=UTC\n")
    found = Credentials.load(environ={}, keyring=True)
    assert (pair(found), found.timezone) == (("my-id", CANARY), "UTC")
    environ = {"CLASSY_CLIENT_ID": "env-id", "CLASSY_CLIENT_SECRET": "env-secret"}
    assert pair(Credentials.load(environ=environ, keyring=True)) == ("env-id", "env-secret")
    assert pair(Credentials.load(environ={})) == ("file-id", "file-secret")


def test_an_empty_keyring_leaves_it_to_the_next_place(keyring, folder):
    (folder / ".env").write_text(FILE)
    assert pair(Credentials.load(environ={}, keyring=True)) == ("file-id", "file-secret")


def test_an_empty_keyring_is_named_among_the_places(keyring):
    with pytest.raises(CredentialsError, match="and not in the system's keyring\\."):
        Credentials.load(environ={}, keyring=True)


@pytest.mark.parametrize("use", ["load", "save"])
def test_a_machine_without_a_keyring_is_named(keyring, use):
    keyring.failures["get", "CLASSY_CLIENT_ID"] = NoKeyringError(CANARY)
    load = lambda: Credentials.load(environ={}, keyring=True)  # noqa: E731
    with pytest.raises(CredentialsError, match=r"keyring could not be read \(NoKeyringError\)") as caught:
        (load if use == "load" else Credentials("my-id", CANARY).save_to_keyring)()
    assert "This machine has none" in str(caught.value.advice)
    assert caught.value.__context__ is None


def test_without_the_package_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(ImportError, match=r"pip install 'classy-nb\[keyring\]'"):
        Credentials.load(environ={}, keyring=True)
    with pytest.raises(ImportError, match=r"pip install 'classy-nb\[keyring\]'"):
        cn.connect(keyring=True)
    assert pair(Credentials.load("my-id", "my-secret", environ={}, keyring=True)) == ("my-id", "my-secret")


def test_the_real_library_with_a_keyring_in_memory(monkeypatch):
    keyring = pytest.importorskip("keyring")
    from keyring.backend import KeyringBackend

    class InMemory(KeyringBackend):
        priority = 1

        def __init__(self):
            super().__init__()
            self.entries = {}

        def get_password(self, service, username):
            return self.entries.get((service, username))

        def set_password(self, service, username, password):
            self.entries[service, username] = password

        def delete_password(self, service, username):
            del self.entries[service, username]

    before = keyring.core._keyring_backend
    keyring.set_keyring(InMemory())
    try:
        saved = Credentials("my-id", CANARY, organization=34)
        saved.save_to_keyring()
        assert Credentials.load(environ={}, keyring=True) == saved
        Credentials("my-id", CANARY).save_to_keyring()
        assert Credentials.load(environ={}, keyring=True).organization is None
        keyring.set_keyring(keyring.backends.fail.Keyring())
        with pytest.raises(CredentialsError, match="NoKeyringError"):
            Credentials.load(environ={}, keyring=True)
    finally:
        keyring.core._keyring_backend = before


def test_a_connection_from_the_keyring_is_found_there_again(keyring):
    Credentials("my-id", CANARY, organization=34, timezone="UTC").save_to_keyring()
    credentials = Credentials.load(environ={}, keyring=True)
    session = Login(credentials, HttpOptions().open(credentials.base_url), 4, {34: ""}, {34: None}).session()
    recipe = Recipe.of(session)
    assert (recipe.keyring, recipe.env_file) == (True, None)
    assert CANARY.encode() not in pickle.dumps(recipe)
    session.close()


# --- nothing is imported that is not there


def test_no_store_is_imported_to_find_out(folder):
    code = (
        "import sys, classy_nb as cn\n"
        "try: cn.connect()\n"
        "except cn.CredentialsError: pass\n"
        "loaded = {name.split('.')[0] for name in sys.modules}\n"
        "found = {'google', 'databricks', 'keyring', 'IPython', 'pyspark'} & loaded\n"
        "assert not found, found\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=folder, timeout=60)


@pytest.mark.parametrize("place", ["colab", "databricks", "keyring"])
def test_no_store_shows_its_secret(place, request, caplog, capfd):
    stand_in = request.getfixturevalue(place)
    if place == "colab":
        stand_in.secrets.update(BOTH)
    elif place == "databricks":
        stand_in.scopes["classy"] = BOTH
    else:
        Credentials("store-id", CANARY).save_to_keyring()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        credentials = Credentials.load(keyring=place == "keyring")
        error = CredentialsError("x")
        credentials.name_sources(error)
    shown = f"{credentials!r} {credentials} {error} {vars(error)} {told} {caplog.text} {capfd.readouterr()}"
    assert CANARY not in shown
    assert "CLASSY_CLIENT_SECRET in" in str(error)
