"""`scrub` and `safe_path`: texts and paths that are safe to show."""

import base64
import json
import time
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classy_nb.redact import Secret, safe_path, scrub

SECRET = 'p/4+s "w&rd=é'


@pytest.mark.parametrize(
    "text",
    [
        "The access token is invalid or has expired",
        "The secret key field is required when client secret is not present.",
        "Invalid client authentication",
        "This action is unauthorized. list_source_tracking_codes on fundraising_page",
        "no Route matched with those values",
        "Validation failed: created_at must be like 2026-01-31T10:00:00+0000",
        "Too Many Attempts. Try again in 42 seconds",
        "/organizations/12345/fundraising-teams/99 was not found",
        "The per_page must not be greater than 100.",
        "",
    ],
)
def test_a_servers_message_stays_readable(text):
    assert scrub(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("no member ann.lee+x@mail.example.org here", "no member *** here"),
        ("no member ann%40example.org", "no member ***"),
        ("Authorization: Bearer abc", "Authorization: *** ***"),
        ("sent bearer abc-def", "sent bearer ***"),
        ("the bearer token is missing", "the bearer token is missing"),
        ("sent Basic aWQ6c2VjcmV0", "sent Basic ***"),
        ('{"client_secret":"short one","x":1}', '{"client_secret":***,"x":1}'),
        ("client_id=abc&grant_type=x", "client_id=***&grant_type=x"),
        ("token 0123456789abcdef0123456789abcdef is bad", "token *** is bad"),
        ("token abcdefghijklmnop is bad", "token *** is bad"),
        ("jwt eyJhbGciOi.eyJzdWIiOiIx.SflKxwRJSM", "jwt ***"),
        ("id 550e8400-e29b-41d4-a716-446655440000", "id ***"),
        ("see https://api.classy.org/x?client_id=1&y=2 now", "see https://api.classy.org/x?*** now"),
        ("see https://ann:pw@api.classy.org/x", "see https://***/x"),
        ("call +1 (555) 010-9999 today", "call *** today"),
        ("call 555 010 9999.", "call ***."),
        ("call 5550109999", "call ***"),
        ("a\n\tb\x00\x1b[31mc\u2028d", "a b [31mc d"),
    ],
)
def test_trap_35_possible_secrets_and_people_are_masked(text, shown):
    assert scrub(text) == shown


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        quote(SECRET, safe=""),
        quote(SECRET, safe="").lower(),
        quote_plus(SECRET),
        quote(quote(SECRET, safe=""), safe=""),
        json.dumps(SECRET)[1:-1],
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode().rstrip("="),
        SECRET.encode().hex(),
        SECRET.upper(),
        SECRET.replace("&", "&amp;").replace('"', "&quot;"),
    ],
)
def test_known_secrets_are_masked_in_every_form(form):
    for secrets in ([SECRET], [Secret(SECRET)], ["", "other", Secret(SECRET)]):
        assert scrub(f"said [{form}] twice [{form}]", secrets).replace("=", "") == "said [***] twice [***]"


def test_the_longest_of_several_secrets_is_masked_first():
    assert scrub("abcd-ef", ["abcd", "abcd-ef"]) == "***"


@given(st.text(min_size=1).filter(lambda s: not s.isspace()), st.text(max_size=30), st.text(max_size=30))
def test_no_known_secret_survives(secret, before, after):
    secret = f"K3{secret}9"
    assert secret not in scrub(before + secret + after, [secret])


def test_the_text_is_cut_at_two_hundred_characters():
    assert scrub("word " * 40) == ("word " * 40).strip()
    assert scrub("word " * 41) == "word " * 39 + "word…"
    assert len(scrub("word " * 41)) == 200


def test_white_space_is_collapsed_before_the_cut():
    assert scrub("a" + " " * 5000 + "b\r\n\r\nc") == "a b c"


@pytest.mark.parametrize("spaces", range(19_980, 20_001, 4))
def test_shortening_leaves_no_part_of_a_secret(spaces):
    assert scrub(" " * spaces + "abcdefghi-jklm-nop", ["abcdefghi-jklm-nop"]) in {"***", ""}


def test_bytes_are_read_as_text():
    assert scrub("caf\u00e9 a@example.org".encode()) == "café ***"
    assert scrub(b"\xff ok") == "\ufffd ok"


def test_hostile_text_takes_no_longer_than_plain_text():
    def seconds(text):
        start = time.perf_counter()
        for _ in range(3):
            scrub(text)
        return time.perf_counter() - start

    plain = seconds("word " * 4000)
    for hostile in (
        "a" * 20_000,
        "a_" * 10_000,
        "1 " * 10_000,
        "1a" * 10_000,
        "bearer " * 3000,
        "?" * 20_000,
    ):
        assert seconds(hostile) < 60 * plain + 0.5


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/2.0/apps/aBcD1234/organizations", "/2.0/apps/***/organizations"),
        ("/apps/aBcD1234", "/apps/***"),
        ("apps/aBcD1234?x=1", "apps/***"),
        ("/campaigns/custom-url/https%3A%2F%2Fx.example.org", "/campaigns/custom-url/***"),
        ("/campaigns/custom-url/https://x.example.org/ann", "/campaigns/custom-url/***"),
        ("/members/ann@example.org/roles", "/members/***/roles"),
        ("/members/ann%40example.org", "/members/***"),
        ("/members/ann%2540example.org", "/members/***"),
        ("/organizations/12/transactions?filter=email%3Dann", "/organizations/12/transactions"),
        ("/organizations/12/transactions#top", "/organizations/12/transactions"),
        ("https://api.classy.org/2.0/campaigns/7?with=a", "/2.0/campaigns/7"),
        ("/domain-slugs/availability-check/our-gala", "/domain-slugs/availability-check/our-gala"),
        ("/a\nb", "/a b"),
        ("", ""),
    ],
)
def test_trap_41_a_path_shows_neither_query_nor_client_id_nor_person(path, shown):
    assert safe_path(path) == shown
