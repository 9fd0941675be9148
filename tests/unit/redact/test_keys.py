"""Which keys are secret or personal, and copies without their values."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classy_nb import catalog
from classy_nb.redact import PERSONAL_KEYS, SECRET_HEADERS, SECRET_KEYS, is_personal, redact

TOKEN_ANSWER = {
    "access_token": "t0k3n",
    "expires_in": 7200,
    "token_type": "bearer",
    "queries_log": [{"query": "q"}],
}

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "token", "Token", "x"]), inner)
    ),
    max_leaves=12,
)


def test_trap_41_only_the_shape_of_a_token_response_stays():
    assert redact(TOKEN_ANSWER, SECRET_KEYS) == {
        "access_token": "REDACTED",
        "expires_in": 7200,
        "token_type": "bearer",
        "queries_log": [{"query": "REDACTED"}],
    }


@pytest.mark.parametrize("key", ["client_secret", "Client_Secret", "client-secret", "CLIENT-SECRET"])
def test_trap_41_a_token_request_is_masked_in_any_letter_case(key):
    assert redact({"grant_type": "client_credentials", key: "s"}, SECRET_KEYS) == {
        "grant_type": "client_credentials",
        key: "REDACTED",
    }


def test_nested_values_are_masked_one_by_one_and_none_stays():
    given_ = {"data": [{"id": 1, "metadata": {"a": [1, None], "b": {"c": "x"}}, "comment": None}], "total": 1}
    before = copy.deepcopy(given_)
    assert redact(given_, PERSONAL_KEYS, mask="-") == {
        "data": [{"id": 1, "metadata": {"a": ["-", None], "b": {"c": "-"}}, "comment": None}],
        "total": 1,
    }
    assert given_ == before


def test_a_function_can_choose_the_keys():
    row = {"id": 7, "billing_last_name": "Doe", "member.phone": "555", "status": "success"}
    assert redact(row, is_personal) == {
        "id": 7,
        "billing_last_name": "REDACTED",
        "member.phone": "REDACTED",
        "status": "success",
    }


def test_tuples_stay_tuples():
    assert redact(({"token": ("a", "b")},), {"token"}) == ({"token": ("REDACTED", "REDACTED")},)


@given(JSON)
def test_redacting_twice_changes_nothing(value):
    once = redact(value, {"token"})
    assert redact(once, {"token"}) == once
    assert shape(once) == shape(value)


def shape(value):
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    return [shape(item) for item in value] if isinstance(value, list) else value is None


@pytest.mark.parametrize(
    "header", ["authorization", "set-cookie", "cookie", "cf-ray", "x-integration-id", "proxy-authorization"]
)
def test_trap_41_secret_headers(header):
    assert header in SECRET_HEADERS


def test_the_lists_are_in_the_normalized_form():
    assert all(key == key.lower().replace("-", "_") for key in SECRET_KEYS | PERSONAL_KEYS)
    assert all(header == header.lower() for header in SECRET_HEADERS)


@pytest.mark.parametrize(
    "column",
    [
        "first_name",
        "billing_last_name",
        "member_email_address",
        "email",
        "phone",
        "member_cell_phone",
        "billing_address1",
        "billing_postal_code",
        "city",
        "honoree_first_name",
        "browser_info",
        "comment",
        "metadata",
        "metadata.anything",
        "context.vendor_name",
        "member.last_name",
        "card_last_four",
        "ach_last_four",
        "date_of_birth",
        "company_name",
        "in_honor_of",
        # keys that the catalog doesn't have
        "second_phone_number",
        "spouse_first_name",
        "Email",
        "recipient_email",
    ],
)
def test_trap_45_personal_columns(column):
    assert is_personal(column)


@pytest.mark.parametrize(
    "column",
    [
        "id",
        "member_id",
        "supporter_id",
        "status",
        "total_gross_amount",
        "purchased_at",
        "name",
        "product_name",
        "vendor_name",
        "channel_name",
        "timezone_identifier",
        "email_opt_in",
        "emails_per_day",
        "comments_count",
        "virtual_support_phone",
        "member_email_text",
        "application_fee_amount",
        "is_anonymous",
        "state_id",
    ],
)
def test_columns_that_are_not_personal(column):
    assert not is_personal(column)


def test_every_column_of_the_catalog_that_sounds_personal_is_masked():
    """A new catalog may bring new columns: their names decide, and the exceptions are listed here."""
    harmless = {"default_page_appeal_email", "default_page_thank_you_email", "virtual_support_phone"} | {
        "default_team_appeal_email",
        "default_team_thank_you_email",
    }
    names = {column.name for record in catalog.load().records.values() for column in record.columns}
    sounds = {n for n in names if n.endswith(("_email", "email_address", "phone", "first_name", "last_name"))}
    assert len(sounds) > 15
    assert {n for n in sounds - harmless if not is_personal(n)} == set()
