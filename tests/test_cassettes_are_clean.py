"""Reads every tape as a stranger would, knowing nothing of the hooks that wrote it."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

TAPES = Path(__file__).parents[1] / "cassettes"
ALL = sorted(TAPES.rglob("*"))
FILES = [path for path in ALL if path.is_file()]
MOST_BYTES = 100_000

_SECRET_NAMES = re.compile(
    r"^(access_token|refresh_token|id_token|token|client_id|client_secret|secret_key|secret|password|api_key"
    r"|authorization|code|download_url)$"
)
_PERSONAL_NAMES = re.compile(
    r"(^|_)(first|last|middle)_name$|^(member|billing|honoree|supporter|agent|commenter|liker)_name$|(^|_)(e_?mail|e_?mail_address|phone|phone_number)$"
    r"|^(company|company_name|comment|browser_info|ip|ip_address|user_agent|birthday|date_of_birth)$"
    r"|(^|_)(address|address1|address2|city|postal_code|zip|last_four)$"
)
_MASKED = {"REDACTED", "", "person@example.org", "1970-01-01"}
_EMAIL = re.compile(r"[\w.+%-]+(?:@|%40)([\w-]+(?:\.[\w-]+)+)")
_ADDRESS = re.compile(r"\b[a-z][a-z0-9+.-]*://([^/\s\"'<>\\?#]*)", re.IGNORECASE)
_PRIVATE = re.compile(
    r"\b(localhost|127\.\d+\.\d+\.\d+|10\.\d+\.\d+\.\d+|192\.168\.\d+\.\d+|172\.(1[6-9]|2\d|3[01])\.\d+\.\d+"
    r"|0\.0\.0\.0)\b|\[::1\]"
)
_COOKIE = re.compile(r"set-cookie|\bcookie\b|__cf_bm|cf-ray", re.IGNORECASE)
_BEARER = re.compile(r"\b(bearer|basic)\s+(?!realm=)[\w+/=.~-]{6,}", re.IGNORECASE)
_RUN = re.compile(r"[A-Za-z0-9]{16,}")
_STAND_IN = {"x-sandbox": ["classy_nb stand-in"]}


def problems(path: Path) -> list[str]:
    """Say everything that is wrong with one file."""
    unreadable = _unreadable(path)
    if unreadable:
        return [unreadable]
    try:
        tape = yaml.safe_load(path.read_text("utf-8"))
    except yaml.YAMLError:
        return ["is no safe YAML"]
    if not isinstance(tape, dict) or not tape.get("interactions"):
        return ["holds nothing"]
    found = list(_in_text(json.dumps(tape, ensure_ascii=False)))
    for number, entry in enumerate(tape["interactions"]):
        found += [f"{problem} (exchange {number})" for problem in _in_entry(entry)]
    return found


def _unreadable(path: Path) -> str | None:
    if path.suffix != ".yaml":
        return "is no tape"
    if path.stat().st_size > MOST_BYTES:
        return "is too large to be read by anybody"
    text = path.read_bytes().decode("utf-8", "replace")
    if "\ufffd" in text or "\x00" in text:
        return "is no text"
    if re.search(r"!(!|<)?\W*(binary|python|tag:)", text):
        return "holds what is no text, or code"
    return None


def _in_text(text: str) -> Iterator[str]:
    for what, pattern in {"a cookie": _COOKIE, "a bearer": _BEARER, "a private host": _PRIVATE}.items():
        yield from (f"holds {what}: {match.group(0)[:12]}..." for match in pattern.finditer(text))
    yield from (f"holds an e-mail address at {host}" for host in _EMAIL.findall(text) if not _ours(host))
    yield from (f"holds the address {host}" for host in _ADDRESS.findall(text) if not _ours(host))
    yield from (f"holds something like a token: {run[:4]}..." for run in _RUN.findall(text) if _random(run))


def _ours(host: str) -> bool:
    return re.fullmatch(r"([\w-]+\.)*example\.org", host) is not None


def _random(run: str) -> bool:
    """Whether letters and digits look drawn by lot: both kinds, and many different ones."""
    if not (re.search(r"\d", run) and re.search(r"[A-Za-z]", run)):
        return False
    counts = Counter(run)
    return -sum(n / len(run) * math.log2(n / len(run)) for n in counts.values()) > 2.8


def _in_entry(entry: Any) -> Iterator[str]:
    request, response = entry["request"], entry["response"]
    for side in (request, response):
        for name in side["headers"]:
            if name.lower() in (
                "authorization",
                "cookie",
                "set-cookie",
                "x-integration-id",
                "x-api-key",
                "date",
            ):
                yield f"keeps the header {name}"
    if not _STAND_IN.items() <= response["headers"].items():
        yield "does not say that it was recorded from a stand-in"
    yield from _in_uri(request["uri"])
    yield from _in_fields(_sent(request["body"]))
    body = response["body"]["string"]
    if not isinstance(body, str):
        yield "holds a body that is no text"
    elif body.startswith(("{", "[")):
        yield from _in_fields(_pairs(json.loads(body)))


def _in_uri(uri: str) -> Iterator[str]:
    parts = urlsplit(uri)
    if parts.scheme != "https" or parts.port is not None or not _ours(parts.hostname or ""):
        yield "went to an address of somebody"
    application = re.search(r"/apps/([^/?]+)", uri)
    if application and application.group(1) != "REDACTED":
        yield "holds the client id in a path"
    yield from _in_fields(parse_qsl(parts.query))


def _sent(body: str | None) -> list[tuple[str, Any]]:
    if not body:
        return []
    return list(_pairs(json.loads(body))) if body.startswith("{") else parse_qsl(body, strict_parsing=True)


def _pairs(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _pairs(item, key)
    elif isinstance(value, list):
        for item in value:
            yield from _pairs(item, name)
    else:
        yield name, value


def _in_fields(fields: Any) -> Iterator[str]:
    for name, value in fields:
        open_text = isinstance(value, str) and value not in _MASKED and value.strip("0")
        explains = isinstance(value, str) and "field is required" in value
        if _SECRET_NAMES.search(name) and open_text and not explains:
            yield f"shows the secret {name}"
        if _PERSONAL_NAMES.search(name) and open_text:
            yield f"shows the personal {name}"


def test_there_are_tapes() -> None:
    assert len(FILES) > 50


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_trap_41_tape_is_clean(path: Path) -> None:
    assert problems(path) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_trap_43_every_body_is_what_its_type_says(path: Path) -> None:
    """Recorded, not written by hand: JSON is JSON, and no place holder is left."""
    text = path.read_text("utf-8")
    assert not re.search(r"\{\{|\{\$|\{host\}", text)
    for entry in yaml.safe_load(text)["interactions"]:
        response = entry["response"]
        kind = " ".join(response["headers"].get("content-type", []))
        if "json" in kind and response["body"]["string"]:
            body = json.loads(response["body"]["string"])
            pages = isinstance(body, dict) and isinstance(body.get("data"), list)
            assert not pages or (len(body["data"]) <= body["per_page"] and len(body["data"]) <= body["total"])


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_trap_42_no_tape_needs_brotli(path: Path) -> None:
    for entry in yaml.safe_load(path.read_text("utf-8"))["interactions"]:
        assert entry["request"]["headers"]["Accept-Encoding"] == ["gzip, deflate"]
        assert "content-encoding" not in {name.lower() for name in entry["response"]["headers"]}


def _tape(**changes: Any) -> str:
    request = {"method": "GET", "uri": "https://sandbox.example.org/2.0/me", "headers": {}, "body": None}
    response = {
        "status": {"code": 200, "message": "OK"},
        "headers": {"x-sandbox": ["classy_nb stand-in"]},
        "body": {"string": "{}"},
    }
    for key, value in changes.items():
        side, _, name = key.partition("_")
        (request if side == "request" else response)[name] = value
    return yaml.safe_dump({"version": 1, "interactions": [{"request": request, "response": response}]})


def _body(**fields: Any) -> dict[str, str]:
    return {"string": json.dumps(fields)}


_MARK = {"x-sandbox": ["classy_nb stand-in"]}
BAD = {
    "python": "!!python/object/apply:os.system ['true']",
    "binary": _tape() + "more: !!binary aGVsbG8=\n",
    "not yaml": "interactions: [",
    "nothing": "version: 1\ninteractions: []\n",
    "latin-1": "é".encode("latin-1"),
    "huge": _tape(response_body={"string": "x " * 60_000}),
    "authorization": _tape(request_headers={"Authorization": ["REDACTED"]}),
    "bearer": _tape(response_body=_body(message="sent Bearer abcdef123")),
    "cookie": _tape(response_headers={**_MARK, "Set-Cookie": ["a=b"]}),
    "no mark": _tape(response_headers={}),
    "token": _tape(response_body=_body(access_token="abc")),
    "token in a text": _tape(response_body=_body(message="0a1b2c3d4e5f60718293a4b5c6d7e8f9")),
    "secret in a form": _tape(request_body="client_id=REDACTED&client_secret=hush"),
    "secret in json": _tape(request_body='{"client_secret": "hush"}'),
    "client id in a path": _tape(request_uri="https://sandbox.example.org/2.0/apps/me/organizations"),
    "token in the query": _tape(request_uri="https://sandbox.example.org/2.0/me?access_token=abc"),
    "real host": _tape(request_uri="https://api.classy.org/2.0/me"),
    "look-alike host": _tape(request_uri="https://sandbox.example.org.evil.net/2.0/me"),
    "real address in a body": _tape(response_body=_body(url="https://www.classy.org/x")),
    "private host": _tape(request_uri="http://127.0.0.1:8765/2.0/me"),
    "private host in a body": _tape(response_body=_body(note="see localhost:8765")),
    "port": _tape(request_uri="https://sandbox.example.org:8443/2.0/me"),
    "e-mail": _tape(response_body=_body(note="ada@lovelace.net")),
    "personal e-mail": _tape(response_body=_body(email_address="ada@example.org")),
    "encoded e-mail": _tape(request_uri="https://sandbox.example.org/2.0/members/ada%40lovelace.net"),
    "person": _tape(response_body=_body(data=[{"first_name": "Ada"}])),
    "signed address": _tape(response_body=_body(download_url="https://files.example.org/x?sig=1")),
}


@pytest.mark.parametrize("name", BAD)
def test_trap_41_the_audit_sees_a_bad_tape(tmp_path: Path, name: str) -> None:
    path = tmp_path / "bad.yaml"
    text = BAD[name]
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    assert problems(path)


def test_the_audit_passes_a_good_tape(tmp_path: Path) -> None:
    path = tmp_path / "good.yaml"
    path.write_text(_tape(request_body="client_id=REDACTED", response_body=_body(id=7, name="Gala")))
    assert problems(path) == []
    stray = tmp_path / "notes.txt"
    stray.write_text("hello")
    assert problems(stray) == ["is no tape"]


def test_every_tape_is_played() -> None:
    """A tape that no test asks for any more is deleted: ``python tests/record.py`` begins with none."""
    source = "\n".join(p.read_text() for p in (Path(__file__).parent / "cassette").glob("test_*.py"))
    names = set(re.findall(r"def test_(\w+)", source))
    orphans = [p for p in FILES if not any(p.stem == n or p.stem.startswith(f"{n}_") for n in names)]
    assert orphans == []
