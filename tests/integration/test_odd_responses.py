"""Odd bytes and shapes in responses: the rows, or an error that names what came, at every entry point."""

import gzip
import json
import zlib
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from support.connection import CANARY, CLIENT_ID, connected_to, orgs, paginator
from support.server import TOKEN, Asked, Reply, ScriptedServer

import classy_nb as cn
from classy_nb import Classy, DataWarning, UnexpectedAnswerError
from classy_nb.http import RetryPolicy


def answering(server: ScriptedServer, body: bytes, **headers: str) -> None:
    """Answer every GET with these bytes."""
    server.handler = lambda _: Reply(body=body, headers={k.replace("_", "-"): v for k, v in headers.items()})


def page(*records: str) -> bytes:
    """A page of records that are JSON text already."""
    envelope = json.dumps(paginator([{}] * len(records)))
    return envelope.replace(json.dumps([{}] * len(records)), f"[{', '.join(records)}]").encode()


HALF = page(
    *[f'{{"id": {i}, "comment": "thanks {chr(92)}ud83c"}}' for i in (1, 2)], '{"id": 3, "comment": "x"}'
)


@pytest.mark.edge(12)
def test_half_an_emoji_costs_no_row_of_a_list(connected: Classy, server: ScriptedServer) -> None:
    answering(server, HALF)
    with pytest.warns(DataWarning, match=r"transactions: 1 response was .* 2 halves of an emoji") as told:
        frame = connected.transactions()
    assert len(told) == 1
    assert told[0].filename == __file__
    assert frame["comment"].to_list() == ["thanks \ufffd", "thanks \ufffd", "x"]


@pytest.mark.edge(12)
def test_half_an_emoji_costs_no_row_of_a_file(
    connected: Classy, server: ScriptedServer, tmp_path: Path
) -> None:
    answering(server, HALF)
    with pytest.warns(DataWarning, match="2 halves of an emoji"):
        connected.transactions.to_csv(tmp_path / "a.csv")
    with pytest.warns(DataWarning, match="2 halves of an emoji"):
        connected.transactions.to_parquet(tmp_path / "a.parquet")
    assert pq.read_table(tmp_path / "a.parquet")["comment"].to_pylist() == ["thanks \ufffd"] * 2 + ["x"]
    assert (tmp_path / "a.csv").read_text("utf-8-sig").count("thanks \ufffd") == 2
    with pytest.warns(DataWarning, match="2 halves of an emoji"):
        assert sum(map(len, connected.transactions.batches())) == 3


@pytest.mark.edge(12)
def test_half_an_emoji_in_one_record_and_in_a_key(connected: Classy, server: ScriptedServer) -> None:
    answering(server, rb'{"id": 5, "comment": "\ud83c", "new \udf81": 1}')
    with pytest.warns(DataWarning, match="transactions: 1 response was .* 2 halves"):
        record = connected.transactions.get(5)
    assert (record["comment"], record["new \ufffd"]) == ("\ufffd", 1)
    with pytest.warns(DataWarning, match="2 halves"):
        assert connected.get("/nowhere/known")["new \ufffd"] == 1


@pytest.mark.edge(12)
def test_bytes_and_constants_that_json_lacks_cost_no_row(connected: Classy, server: ScriptedServer) -> None:
    answering(
        server,
        page('{"id": 1, "comment": "Jos\xe9\n", "total_gross_amount": NaN}').decode().encode("latin-1"),
    )
    with pytest.warns(DataWarning, match="1 character that .* 1 value .* control characters"):
        frame = connected.transactions()
    assert frame["comment"].to_list() == ["Jos\ufffd\n"]
    assert frame["total_gross_amount"].isna().all()
    answering(server, b"\xef\xbb\xbf" + page('{"id": 1, "comment": "plain"}'))
    assert connected.transactions()["comment"].to_list() == ["plain"]  # without any warning


BIG = "123456789012345678901234567890"
LONG = "0.12345678901234567890123"


@pytest.mark.edge(12)
def test_long_numbers_keep_their_digits_where_the_column_is_text(
    connected: Classy, server: ScriptedServer, tmp_path: Path
) -> None:
    rows = [f'{{"id": {i}, "comment": {n}, "brand_new": {n}}}' for i, n in enumerate((BIG, LONG), 1)]
    answering(server, page(*rows))
    frame = connected.transactions()
    assert frame["comment"].to_list() == [BIG, LONG]
    assert [str(value) for value in frame["brand_new"]] == [BIG, LONG]
    cn.to_csv(frame, tmp_path / "a.csv")
    connected.transactions.to_csv(tmp_path / "b.csv")
    for name in ("a.csv", "b.csv"):
        text = (tmp_path / name).read_text("utf-8-sig")
        assert (text.count(BIG), text.count(LONG)) == (2, 2)


@pytest.mark.edge(12)
def test_long_numbers_elsewhere_are_named_and_never_wrong(connected: Classy, server: ScriptedServer) -> None:
    answering(
        server, page(f'{{"id": 1, "campaign_id": {BIG}, "total_gross_amount": 1.00000000000000000001}}')
    )
    with pytest.warns(DataWarning, match="'campaign_id' are not whole numbers"):
        frame = connected.transactions()
    assert frame["campaign_id"].isna().all()
    assert frame["total_gross_amount"].to_list() == [1.0]


# Shapes

NUMBERED = {"0": {"id": 1}, "2": {"id": 3}, "10": {"id": 11}}


@pytest.mark.edge(13)
@pytest.mark.parametrize(
    "body", [{**paginator([]), "data": NUMBERED, "total": 3}, NUMBERED, {"data": NUMBERED}]
)
def test_a_list_that_came_as_an_object_has_its_rows(
    connected: Classy, server: ScriptedServer, body: Any
) -> None:
    answering(server, json.dumps(body).encode())
    assert connected.transactions()["id"].to_list() == [1, 3, 11]
    assert connected.get("/organizations/7/transactions")["id"].to_list() == [1, 3, 11]
    if "current_page" in body:
        assert connected.get("/organizations/7/transactions", page=1)["id"].to_list() == [1, 3, 11]


@pytest.mark.edge(13)
@pytest.mark.parametrize(
    ("items", "ids"),
    [({"0": {"id": 5}, "3": {"id": 6}}, [5, 6]), ({}, []), ({"id": 5}, [5]), ([{"id": 5}], [5])],
)
def test_nested_items_that_came_as_an_object_are_rows(
    connected: Classy, server: ScriptedServer, items: Any, ids: list[int]
) -> None:
    answering(server, json.dumps(paginator([{"id": 1, "items": items}])).encode())
    frame = connected.transactions(include=["items"])
    assert cn.explode(frame, "items")["id"].to_list() == ids
    answering(server, json.dumps({"id": 1, "items": items}).encode())
    record = connected.transactions.get(1, include=["items"])
    assert len(cn.explode(pd.DataFrame([record]), "items")) == len(ids)


PAGES = {
    "a portal": (b"<!DOCTYPE html><html><body>Welcome to the hotel</body></html>", {}, "A web page came"),
    "a page without its type": (b"\n  <html lang=en><h1>Proxy</h1>", {}, "A web page came"),
    "a page by its type": (b"Please wait", {"Content_Type": "text/html"}, "A web page came"),
    "a sign-in page": (
        b'<html><form><input name="p" type="password"></form></html>',
        {"Content_Type": "text/html"},
        "A sign-in page came",
    ),
    "XML": (b"<?xml version='1.0'?><Error/>", {"Content_Type": "application/xml"}, "markup"),
    "nothing": (b"", {}, "an empty body"),
    "blanks": (b" \n", {}, "an empty body"),
    "gzip": (gzip.compress(b'{"id": 1}', mtime=0), {}, r"compressed body \(gzip\)"),
    "gzip twice": (
        gzip.compress(gzip.compress(b'{"id": 1}', mtime=0), mtime=0),
        {"Content_Encoding": "gzip"},
        r"compressed body \(gzip\)",
    ),
    "deflate": (zlib.compress(b'{"id": 1}'), {}, r"compressed body \(deflate\)"),
    "zstd": (b"\x28\xb5\x2f\xfd\x04\x00\x00", {}, r"compressed body \(zstd\)"),
    "another encoding": (b"\x0b\x05\x80{}", {"Content_Encoding": "lzw"}, r"compressed body \(lzw\)"),
    "not what it says": (b'{"id": 1}', {"Content_Encoding": "gzip"}, "cannot be decompressed"),
    "cut": (b'{"data": [{"id": 1}, {"i', {}, "damaged JSON, or the answer broke off"),
    "words": (b"Server error!", {}, "something that is not JSON"),
    "null": (b"null", {}, "null in place of data"),
}


@pytest.mark.edge(13)
@pytest.mark.parametrize("what", PAGES)
def test_what_is_not_the_response_is_named(
    connected: Classy, server: ScriptedServer, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connected._session.http, "retry", RetryPolicy(base=0))  # type: ignore[union-attr]
    body, headers, says = PAGES[what]
    answering(server, body, **headers)
    for ask in (
        connected.transactions,
        connected.transactions.count,
        lambda: list(connected.transactions.batches()),
        lambda: connected.transactions.get(5),
        lambda: connected.get("/transactions/5"),
    ):
        with pytest.raises(UnexpectedAnswerError, match=says) as caught:
            ask()
        assert "hotel" not in str(caught.value)
        assert caught.value.advice


@pytest.mark.edge(13)
@pytest.mark.parametrize("what", PAGES)
def test_what_is_not_a_token_is_named(
    server: ScriptedServer, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("classy_nb.http.client.RetryPolicy", lambda: RetryPolicy(base=0))
    body, headers, _ = PAGES[what]
    server.login_handler = lambda _: Reply(
        body=body, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )
    says = "sign-in page" if "sign-in" in what else "web page|markup|login answered|decompressed"
    with pytest.raises(UnexpectedAnswerError, match=says):
        connected_to(server)


@pytest.mark.edge(13)
@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'"sign in first"', "a text"),
        (b"5", "a number"),
        (b"true", "true or false"),
        (b"false", "true or false"),
        (b"[]", "a list"),
    ],
)
def test_other_json_is_named(connected: Classy, server: ScriptedServer, body: bytes, kind: str) -> None:
    answering(server, body)
    with pytest.raises(UnexpectedAnswerError, match=f"answered {kind} where one record"):
        connected.transactions.get(5)
    if body != b"[]":
        with pytest.raises(UnexpectedAnswerError, match=rf"without data \({kind} in place of a list\)"):
            connected.transactions()
    server.login_handler = lambda _: Reply(body=body)
    with pytest.raises(UnexpectedAnswerError, match=f"login answered {kind} in place of a token"):
        cn.connect(CLIENT_ID, CANARY, base_url=server.base_url, token_url=server.token_url)


@pytest.mark.edge(13)
@pytest.mark.parametrize("body", [{"login": "required"}, {"status": "ok", "url": "https://x.example"}])
def test_an_object_that_is_not_the_record_is_refused(
    connected: Classy, server: ScriptedServer, body: Any
) -> None:
    answering(server, json.dumps(body).encode())
    with pytest.raises(UnexpectedAnswerError, match="without data"):
        connected.designations.get(5)


@pytest.mark.edge(13)
def test_a_proxy_or_network_that_wants_a_sign_in_is_named(connected: Classy, server: ScriptedServer) -> None:
    for status, says in ((407, "HTTPS_PROXY"), (511, "sign in")):
        server.asked.clear()
        server.handler = lambda _, status=status: Reply(status, b"<html>", {"Content-Type": "text/html"})
        with pytest.raises(cn.BlockedError, match=says):
            connected.transactions()
        assert len(server.data_requests) == 1


@pytest.mark.edge(13)
def test_a_web_page_under_404_does_not_end_a_list(
    connected: Classy, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connected._session.http, "retry", RetryPolicy(base=0))  # type: ignore[union-attr]
    full = {"data": [{"name": f"{i}"} for i in range(100)]}  # neither ids nor a total

    def answer(asked: Asked) -> Reply:
        first = asked.query["page"] == ["1"]
        return Reply(body=full) if first else Reply(404, b"<html>", {"Content-Type": "text/html"})

    server.handler = answer
    with pytest.raises(UnexpectedAnswerError, match="A web page came"):
        connected.donor_emails(fundraising_page=5)


def test_a_stray_page_of_a_portal_is_asked_for_again(server: ScriptedServer) -> None:
    def answer(asked: Asked) -> Reply:
        first = len(server.token_requests) == 1
        return Reply(body=b"<html>") if first else Reply(body=TOKEN)

    server.login_handler = answer
    server.handler = lambda _: Reply(body=orgs({7: "Helping Hands"}))
    with connected_to(server) as classy:
        assert classy.organization == 7
