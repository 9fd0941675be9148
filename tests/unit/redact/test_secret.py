"""`Secret`: text that is never shown."""

import copy
import io
import json
import logging
import pickle
import pprint
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classy_nb.redact import MASK, Secret

CANARY = "canary-7Zq3/Hn+k=é"


def test_reveal_is_the_only_way_to_the_text():
    secret = Secret(CANARY)
    assert secret.reveal() == CANARY
    assert repr(secret) == f"Secret('{MASK}')"
    assert str(secret) == f"{secret}" == "%s" % secret == f"{secret:>40}" == MASK  # noqa: UP031
    assert ascii(secret) == repr(secret)


@pytest.mark.parametrize("length", [1, 8, 500])
def test_the_mask_does_not_reveal_the_length(length):
    assert repr(Secret("x" * length)) == repr(Secret(CANARY))


def test_a_secret_of_a_secret_is_the_same_secret():
    assert Secret(Secret(CANARY)) == Secret(CANARY)


@given(st.text(), st.text())
def test_equality_and_hash_follow_the_text(one, other):
    assert (Secret(one) == Secret(other)) is (one == other)
    assert hash(Secret(one)) == hash(Secret(one))


def test_a_lone_surrogate_does_not_break_the_comparison():
    assert Secret("\ud800x") == Secret("\ud800x")
    assert Secret("\ud800x") != Secret("\ud801x")


def test_a_secret_is_not_equal_to_its_text():
    assert Secret(CANARY) != CANARY


def test_an_empty_secret_is_false():
    assert not Secret("")
    assert Secret(CANARY)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickling_is_refused_and_leaves_nothing_in_the_bytes(protocol):
    written = io.BytesIO()
    with pytest.raises(TypeError, match="Secrets cannot be pickled"):
        pickle.Pickler(written, protocol).dump({"a": "kept", "secret": Secret(CANARY)})
    assert CANARY.encode() not in written.getvalue()


def test_state_is_refused_too():
    with pytest.raises(TypeError, match="Secrets cannot be pickled"):
        Secret(CANARY).__getstate__()


def test_json_refuses_it_or_shows_the_mask():
    with pytest.raises(TypeError) as caught:
        json.dumps({"secret": Secret(CANARY)})
    assert CANARY not in str(caught.value)
    assert json.dumps({"secret": Secret(CANARY)}, default=str) == json.dumps({"secret": MASK})


def test_copies_are_the_same_object():
    secret = Secret(CANARY)
    assert copy.copy(secret) is secret
    assert copy.deepcopy({"a": [secret]})["a"][0] is secret


def test_a_secret_is_immutable():
    secret = Secret(CANARY)
    with pytest.raises(AttributeError, match="cannot be changed"):
        secret._text = "other"
    with pytest.raises(AttributeError, match="cannot be changed"):
        del secret._text
    assert secret.reveal() == CANARY


@pytest.mark.parametrize("use", [len, iter, lambda s: "Bearer " + s, lambda s: s + "x", lambda s: s[0], vars])
def test_code_that_does_not_know_secrets_fails(use):
    with pytest.raises(TypeError) as caught:
        use(Secret(CANARY))
    assert CANARY not in str(caught.value)


def test_logs_and_prints_show_the_mask(caplog, capsys):
    secret = Secret(CANARY)
    caplog.set_level(logging.DEBUG)
    logging.getLogger("some.library").debug("%s %r %s", secret, secret, {"secret": [secret]})
    pprint.pprint({"secret": (secret,)})  # noqa: T203
    print(secret)  # noqa: T201
    assert CANARY not in caplog.text + capsys.readouterr().out
    assert caplog.text.count(MASK) == 3


def test_trap_48_a_traceback_with_locals_shows_the_mask():
    def fails(secret):
        return secret.reveal() and secret + 1

    try:
        fails(Secret(CANARY))
    except TypeError as error:
        text = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert "secret = Secret('********')" in text
    assert CANARY not in text


@pytest.mark.parametrize("value", [b"canary-bytes", 12345, None, ["canary"]])
def test_creating_one_never_raises_because_that_would_show_the_value(value):
    assert repr(Secret(value)) == f"Secret('{MASK}')"
