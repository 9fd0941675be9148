"""Client id, secret and settings as people paste them: accepted, repaired or refused."""

import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classy_nb.credentials import BASE_URL, TOKEN_URL, Credentials
from classy_nb.errors import CredentialsError, CredentialsWarning, UsageError
from classy_nb.redact import Secret

ID = "aBcD1234eFgH5678"
SECRET = "0123456789abcdef0123456789ABCDEF"


@pytest.mark.parametrize(
    "pasted",
    [
        f" {SECRET}",
        f"{SECRET}\n",
        f"\t{SECRET}\r\n",
        f"\u00a0{SECRET}\u3000",
        f"\ufeff{SECRET}",
        f"\u200b{SECRET[:9]}\u200b{SECRET[9:]}\u2060",
        f"'{SECRET}'",
        f'"{SECRET}"',
        f"`{SECRET}`",
        f"“{SECRET}”",
        f"‘{SECRET}’",  # noqa: RUF001 - as word processors write it
        f"«{SECRET}»",
        f' " {SECRET} " ',
        f"\"'{SECRET}'\"",
    ],
)
def test_trap_03_damage_from_copying_is_repaired_silently(pasted):
    assert Credentials(pasted, "other").client_id == SECRET
    assert Credentials("other", pasted).client_secret == Secret(SECRET)


@pytest.mark.parametrize(
    "pasted", [f"<{SECRET}>", f"'<{SECRET}>'", f"< {SECRET} >", f"<'{SECRET}'>", f"<<{SECRET}>>"]
)
def test_trap_03_angle_brackets_are_removed_with_a_warning(pasted):
    with pytest.warns(CredentialsWarning, match="client secret came in angle brackets") as caught:
        credentials = Credentials(ID, pasted)
    assert credentials.client_secret == Secret(SECRET)
    assert len(caught) == 1
    assert SECRET not in str(caught[0].message)


def test_trap_03_an_inner_space_is_kept_with_a_warning_at_the_caller_s_line():
    with pytest.warns(CredentialsWarning, match="client id has a space inside") as caught:
        credentials = Credentials("abc def", SECRET)
    assert credentials.client_id == "abc def"
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    "value", [ID, SECRET, "a", "-", "ümläut", "p@ss#w\\o'r\"d$", "your", "mysecret", "<", "x<y>"]
)
def test_trap_03_length_and_alphabet_do_not_matter(value):
    assert Credentials("id", value).client_secret.reveal() == value


@pytest.mark.parametrize(
    ("pasted", "reason"),
    [
        ("", "is blank"),
        (" \n", "is blank"),
        ("''", "is blank"),
        ("\ufeff", "is blank"),
        ("<>", "is blank"),
        ("YOUR_CLIENT_SECRET", "is a placeholder"),
        ("<your client secret>", "is a placeholder"),
        ("your-client-id-here", "is a placeholder"),
        ("changeme", "is a placeholder"),
        ("None", "is a placeholder"),
        ("{{client_secret}}", "is a name, not a value"),
        ("${CLASSY_CLIENT_SECRET}", "is a name, not a value"),
        ("$CLASSY_CLIENT_SECRET", "is a name, not a value"),
        ("%CLASSY_CLIENT_SECRET%", "is a name, not a value"),
        ("********", "is masked or cut"),
        ("••••••", "is masked or cut"),
        ("abcd…", "is masked or cut"),
        ("Bearer abcdef", "is the header of a token"),
        ("CLASSY_CLIENT_SECRET=abcdef", "was copied with its name"),
        ('client_secret": "abcdef', "was copied with its name"),
        ("abc\ndef", "has a line break or a control character"),
        ("abc\x00def", "has a line break or a control character"),
        ("abc\u2028def", "has a line break or a control character"),
        ("abc\udc80def", "has a line break or a control character"),
        (12345, "must be text, not int"),
        (b"bytes", "must be text, not bytes"),
        (None, "must be text, not NoneType"),
    ],
)
def test_trap_03_an_impossible_value_is_refused_without_being_shown(pasted, reason):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CredentialsWarning)
        with pytest.raises(CredentialsError, match=f"^The client secret {reason}") as of_secret:
            Credentials(ID, pasted)
        with pytest.raises(CredentialsError, match=f"^The client id {reason}"):
            Credentials(pasted, SECRET)
    assert "client_id= and client_secret=" in of_secret.value.advice
    assert "abc" not in str(of_secret.value)
    assert "12345" not in str(of_secret.value)


def test_trap_03_the_same_text_twice_is_refused():
    with pytest.raises(CredentialsError, match="are the same: one was copied twice"):
        Credentials(SECRET, f" '{SECRET}'")


@given(st.text())
def test_repairing_a_repaired_value_changes_nothing(text):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CredentialsWarning)
        try:
            once = Credentials("the id", text)
        except CredentialsError:
            return
        assert Credentials("the id", once.client_secret) == once


@pytest.mark.parametrize(
    ("given_", "kept"),
    [
        ("https://api.classy.org/2.0/", "https://api.classy.org/2.0"),
        ("https://pro.gofundme.com/api/2.0", "https://pro.gofundme.com/api/2.0"),
        (" 'https://API.classy.org//2.0//' ", "https://api.classy.org/2.0"),
        ("http://127.0.0.1:8765/2.0", "http://127.0.0.1:8765/2.0"),
        ("http://localhost:8765", "http://localhost:8765"),
        ("http://[::1]:8765/2.0", "http://[::1]:8765/2.0"),
    ],
)
def test_base_url_has_one_form(given_, kept):
    credentials = Credentials(ID, SECRET, base_url=given_)
    assert credentials.base_url == kept
    assert credentials.token_url == TOKEN_URL


def test_trap_01_a_doubled_slash_in_the_token_url_is_repaired():
    credentials = Credentials(ID, SECRET, token_url="https://api.classy.org//oauth2//auth/")
    assert credentials.token_url == "https://api.classy.org/oauth2/auth"
    assert credentials.base_url == BASE_URL


@pytest.mark.parametrize(
    "url",
    [
        "https://pro.gofundme.com/oauth2/auth",
        "https://pro.gofundme.com/api/2.0/oauth2/auth",
        "https://api.classy.org/2.0/oauth2/auth",
    ],
)
def test_trap_01_known_wrong_token_urls_are_refused(url):
    with pytest.raises(UsageError, match=r"token_url is .* https://api\.classy\.org/oauth2/auth"):
        Credentials(ID, SECRET, token_url=url)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://api.classy.org/2.0", "must start with https://"),
        ("http://127.0.0.1.example.org/2.0", "must start with https://"),
        ("http://localhost.example.org", "must start with https://"),
        ("ftp://api.classy.org", "must start with https://"),
        ("https://me:pw@api.classy.org/2.0", "must not contain a user name"),
        ("https://api.classy.org@example.org/2.0", "must not contain a user name"),
        ("https://api.classy.org/2.0?x=1", "must not contain a query"),
        ("https://api.classy.org/2.0#x", "must not contain a query"),
        ("api.classy.org/2.0", "is not an address"),
        ("/2.0", "is not an address"),
        ("https:///2.0", "is not an address"),
        ("https://api.classy.org\\@example.org/2.0", "is not an address"),
        ("https://api classy.org/2.0", "is not an address"),
        ("https://api.classy.org:x/", "is not an address"),
        ("https://[::1/", "is not an address"),
        ("", "is not an address"),
        (None, "is not an address"),
    ],
)
@pytest.mark.parametrize("name", ["base_url", "token_url"])
def test_an_address_that_exposes_the_secret_or_makes_no_sense_is_refused(name, url, reason):
    with pytest.raises(UsageError, match=f"^{name} {reason}") as caught:
        Credentials(ID, SECRET, **{name: url})
    assert "pw" not in str(caught.value)
    assert caught.value.advice == f"Leave {name} out to use the vendor's."


@pytest.mark.parametrize(("given_", "kept"), [(34, 34), ("34", 34), (" '34' ", 34), (None, None)])
def test_an_organization_is_a_number(given_, kept):
    assert Credentials(ID, SECRET, organization=given_).organization == kept


@pytest.mark.parametrize("value", ["", "abc", "1.5", 1.5, True, 0, -3, "٣", "9" * 19, b"34"])
def test_an_organization_that_is_not_a_number_is_refused(value):
    with pytest.raises(UsageError, match="must be its numeric id"):
        Credentials(ID, SECRET, organization=value)


@pytest.mark.parametrize("value", ["Mars/Olympus", "", "../etc/passwd", 3])
def test_a_time_zone_that_does_not_exist_is_refused(value):
    with pytest.raises(UsageError, match=r"The time zone .* does not exist"):
        Credentials(ID, SECRET, timezone=value)


@pytest.mark.edge(7)
@pytest.mark.parametrize("value", [0, 13, -1, 7.0, True, None, "July", "", "7.5", b"7"])
def test_a_fiscal_year_begins_in_a_month(value):
    with pytest.raises(UsageError, match=r"must be the number of a month, 1 to 12\. Write 7"):
        Credentials(ID, SECRET, fiscal_year_start=value)


@pytest.mark.edge(7)
@pytest.mark.parametrize("value", [7, "7", " '07' "])
def test_a_fiscal_year_may_come_as_text(value):
    assert Credentials(ID, SECRET, fiscal_year_start=value).fiscal_year_start == 7
    assert Credentials.load(ID, SECRET, environ={"CLASSY_FISCAL_YEAR_START": "10"}).fiscal_year_start == 10


def test_a_time_zone_is_repaired_like_the_rest():
    assert Credentials(ID, SECRET, timezone=" 'America/Los_Angeles' ").timezone == "America/Los_Angeles"


@pytest.mark.edge(27)
@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example\\.api.classy.org/2.0",
        "https://api.classy.org\t.evil.example/2.0",
        "https://b\u00fccher.example/2.0",
        "https://\u24d0pi.classy.org/2.0",
        "https://ap%69.classy.org/2.0",
        "https://api.classy.org%2f.evil.example/2.0",
        "https://evil.example;.api.classy.org/2.0",
        "https://api.classy.org/2.0\x00",
        "https://a..b/2.0",
    ],
)
@pytest.mark.parametrize("name", ["base_url", "token_url"])
def test_a_host_that_two_parsers_may_read_differently_is_refused(name, address):
    with pytest.raises(UsageError, match=f"{name} is not an address"):
        Credentials(ID, SECRET, **{name: address})
