"""Bytes to JSON values: as much as can be read, and a count of what had to change."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classy_nb.decoding import Repairs, decode, loads, rows_of

pytestmark = pytest.mark.edge(12)


def decoded(body: bytes, charset: str | None = None) -> tuple[Any, str]:
    repairs = Repairs()
    return decode(body, repairs, charset), repairs.message()


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (rb'"a\ud83cb"', "a\ufffdb"),
        (rb'"a\udf81b"', "a\ufffdb"),
        (rb'"\uD83C"', "\ufffd"),
        (rb'{"\ud83c": 1}', {"\ufffd": 1}),
        (rb'"\ud83c\udf81 \ud83c"', "\U0001f381 \ufffd"),
        (rb'"\ud83c\ud83c\udf81"', "\ufffd\U0001f381"),
        (rb'"\\ud83c \ud83c"', "\\ud83c \ufffd"),
        (rb'"\ud83c\u0041"', "\ufffdA"),
        (rb'"\ud83c\n"', "\ufffd\n"),
    ],
)
def test_half_an_emoji_becomes_a_replacement_character(body: bytes, value: Any) -> None:
    found, message = decoded(body)
    assert found == value
    assert message == (
        "1 response was not valid JSON but could be read: 1 half of an emoji (or the like) became U+FFFD."
    )


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_what_is_not_a_number_becomes_missing(constant: str) -> None:
    found, message = decoded(f'{{"a": {constant}, "b": [1.5, {constant}]}}'.encode())
    assert found == {"a": None, "b": [1.5, None]}
    assert message.endswith("2 values (NaN or Infinity) became missing.")


def test_control_characters_stay() -> None:
    found, message = decoded(b'{"a": "one\ntwo\tthree\x00"}')
    assert found == {"a": "one\ntwo\tthree\x00"}
    assert message.endswith("control characters in texts were kept.")


def test_unreadable_bytes_are_counted() -> None:
    found, message = decoded(b'{"a": "Jos\xe9", "b": "Ren\xe9e \xef\xbf\xbd \xc3\xa9"}')
    assert found == {"a": "Jos\ufffd", "b": "Ren\ufffde \ufffd \xe9"}
    assert message.endswith("2 characters that could not be read became U+FFFD.")


@pytest.mark.parametrize(
    ("body", "charset"),
    [
        ('{"a": "José 🎁"}'.encode("utf-8-sig"), None),
        ('{"a": "José 🎁"}'.encode("utf-16"), None),
        ('{"a": "José 🎁"}'.encode("utf-16-le"), None),
        ('{"a": "José 🎁"}'.encode("utf-32"), None),
        ('{"a": "José 🎁"}'.encode(), "iso-8859-1"),
        ('{"a": "José 🎁"}'.encode(), "no-such-encoding"),
    ],
)
def test_other_encodings_are_read_without_a_warning(body: bytes, charset: str | None) -> None:
    assert decoded(body, charset) == ({"a": "José 🎁"}, "")


@pytest.mark.parametrize("charset", ["iso-8859-1", "windows-1252"])
def test_a_declared_encoding_is_used_where_the_body_is_not_utf_8(charset: str) -> None:
    assert decoded('{"a": "José"}'.encode("latin-1"), charset) == ({"a": "José"}, "")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("123456789012345678901234567890", 123456789012345678901234567890),
        ("-99999999999999999999", -99999999999999999999),
        ("18446744073709551616", 2**64),
        ("18446744073709551615", 2**64 - 1),
        ("9007199254740993", 2**53 + 1),
        ("0.12345678901234567890123", Decimal("0.12345678901234567890123")),
        ("12345678901234567890.5", Decimal("12345678901234567890.5")),
        ("1e400", Decimal("1e400")),
        ("123456789012345678e3", Decimal("123456789012345678e3")),
        # Floats of languages that write all 17 digits, and zeros that say nothing.
        ("0.10000000000000001", 0.1),
        ("33.330000000000005", 33.330000000000005),
        ("0.50000000000000000000000", 0.5),
        ("1.5", 1.5),
    ],
)
@pytest.mark.parametrize("around", ["%s", "[%s]", '{"a": %s}', '{"a":%s,"b":1}', '[1, {"a" : [0,\n%s]}]'])
def test_numbers_keep_their_digits(text: str, value: Any, around: str) -> None:
    body = around % text
    found, message = decoded(body.encode())
    assert message == ""
    numbers = [found]
    while isinstance(numbers[0], list | dict):
        inner = numbers[0]
        numbers = list(inner.values()) if isinstance(inner, dict) else [inner[-1]]
    assert (type(numbers[0]), numbers[0]) == (type(value), value)


@pytest.mark.parametrize("offset", range(9))
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("-99999999999999999999", -99999999999999999999),
        ("0.12345678901234567890123", Decimal("0.12345678901234567890123")),
        ("12345678901234.567", Decimal("12345678901234.567")),
        ("123456789012345678e3", Decimal("123456789012345678e3")),
    ],
)
def test_numbers_keep_their_digits_in_a_whole_page(text: str, value: Any, offset: int) -> None:
    others = ["2026/01/31 18:30:00.123456", 12345678, 1.5, "18446744073709551616"] * 50
    before = f"[{' ' * offset}{json.dumps(others)[1:-1]}, "
    for body in (f"{before}{text}]", f"{before}{text}, 2]", f"{before}{text}, {'0, ' * 500}3]"):
        found, message = decoded(body.encode())
        assert message == ""
        assert found[: len(others)] == others
        assert (type(found[len(others)]), found[len(others)]) == (type(value), value)


def test_a_number_of_thousands_of_digits_is_read() -> None:
    digits = "7" * 6000
    assert str(decoded(b'{"a": %s}' % digits.encode())[0]["a"]) == digits


@pytest.mark.parametrize("exponent", ["e99999999999999999999", "e-99999999999999999999"])
def test_an_exponent_beyond_all_measure_does_no_harm(exponent: str) -> None:
    assert decoded(f"[1{exponent}, NaN]".encode())[0][0] in (float("inf"), 0.0)


@pytest.mark.parametrize(
    "body",
    [b"", b" ", b"<html>", b"{", b'{"a": 1,}', b"'a'", b"[" * 100_000, b"\xff\xfe", b"{} {}", b'{"a": 1'],
)
def test_what_cannot_be_read_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match="not JSON") as caught:
        decode(body)
    assert caught.value.__context__ is None


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    )
)
def test_proper_json_is_read_as_the_standard_library_reads_it(value: Any) -> None:
    text = json.dumps(value)
    if "Infinity" not in text:
        assert decoded(text.encode()) == (json.loads(text), "")


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        value = decode(body)
    except ValueError:
        return
    json.dumps(value, default=str, ensure_ascii=False).encode()


def test_cells_keep_their_digits() -> None:
    assert loads("[123456789012345678901234567890, 1]") == [123456789012345678901234567890, 1]


def test_repairs_add_up_over_responses() -> None:
    repairs = Repairs()
    for body in (rb'["\ud83c", "\ud83c"]', b"[1]", b"[NaN]"):
        decode(body, repairs)
    assert repairs.message() == (
        "2 responses were not valid JSON but could be read: 2 halves of an emoji (or the like) became "
        "U+FFFD; 1 value (NaN or Infinity) became missing."
    )


@pytest.mark.edge(13)
@pytest.mark.parametrize(
    ("value", "rows"),
    [
        ({"0": "a", "1": "b"}, ["a", "b"]),
        ({"10": "c", "2": "b", "0": "a"}, ["a", "b", "c"]),
        ({}, []),
        ({"0": "a", "id": 1}, None),
        ({"-1": "a"}, None),
        ({"²": "a"}, None),
        ({"": "a"}, None),
    ],
)
def test_rows_of_a_list_that_came_as_an_object(value: dict[str, Any], rows: list[Any] | None) -> None:
    assert rows_of(value) == rows


@pytest.mark.parametrize("text", ["99999999999999.99", "123456789012345.67", "-10000000000000.01"])
def test_large_amounts_keep_their_cents(text: str) -> None:
    found = decoded(b'{"a": %s}' % text.encode())[0]["a"]
    assert Decimal(str(found)) == Decimal(text)
