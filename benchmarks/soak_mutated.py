"""Answers that are cut, repeated, reordered, foreign or broken: ``python benchmarks/soak.py mutated``.

A call (a list by key or by page number, a record, a count, batches, a file, a login) runs against answers of
the sandbox that were recorded over a socket; some of them are changed on their way back. Then either the call
returns what it returns without changes, or an error of the package says what is wrong. Everything is drawn
from one seed, per call and request, so that threads change nothing: ``--seed`` repeats a run.
"""

from __future__ import annotations

import gzip
import io
import json
import random
import re
import socket
import tempfile
import threading
import time
import traceback
import warnings
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import parse_qsl, urlsplit

import pandas as pd
import requests
import urllib3
from requests.adapters import HTTPAdapter

import classy_nb as cn
from classy_nb.http import Cancel, RateLimit, RetryPolicy
from classy_nb.pagination.page import MOST_RECORDS
from classy_nb.sandbox import Sandbox

Key = tuple[str, str, str]
"""Method, path with query, and how the sandbox treats the key filter."""


@dataclass(frozen=True)
class Answer:
    """What goes over the wire."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def having(self, body: bytes | None = None, status: int | None = None, **headers: str) -> Answer:
        """Return another answer; ``Content_Type="x"`` replaces that header, and the length is the body's."""
        body = self.body if body is None else body
        new = {name.replace("_", "-"): value for name, value in headers.items()}
        new.setdefault("Content-Length", str(len(body)))
        kept = [pair for pair in self.headers if pair[0].lower() not in {name.lower() for name in new}]
        return Answer(self.status if status is None else status, (*kept, *new.items()), body)


@dataclass
class Exchange:
    """One request that was answered with something else."""

    key: Key
    kind: str
    lie: bool
    """Whether rows and total of the answer agree: nobody can see that it is wrong."""


class Wire(HTTPAdapter):
    """Stands where requests opens sockets: plays recorded answers, and changes some of them."""

    def __init__(self, box: Sandbox, mutations: Mapping[str, Mutation] | None = None) -> None:
        super().__init__(pool_maxsize=8)
        self._mutations = MUTATIONS if mutations is None else mutations
        self.way = "work"
        self.recorded: dict[Key, Answer] = {}
        self.mutated: list[Exchange] = []
        self.others: list[Key] = []
        """Where foreign rows and answers come from: the same ones for each call, in any order of calls."""
        self._box = box
        self._lock = threading.Lock()
        self._seed = ""
        self._rate = 0.0
        self._without_lies = False
        self._seen: Counter[Key] = Counter()
        self._given: defaultdict[Key, list[Answer]] = defaultdict(list)

    def begin(self, seed: str, rate: float, *, without_lies: bool = False) -> None:
        """Change this share of the coming answers, drawn from *seed*; leave alone what would become a lie."""
        self._seed, self._rate, self._without_lies = seed, rate, without_lies
        self._seen.clear()
        self._given.clear()
        self.mutated = []

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        parts = urlsplit(request.url or "")
        assert parts.netloc == self._box.netloc, "a request to another host"
        key = (request.method or "", f"{parts.path}?{parts.query}", self.way)
        with self._lock:
            answer = self.recorded.get(key) or self._record(key, request)
            self._seen[key] += 1
            draw = random.Random(f"{self._seed} {key} {self._seen[key]}")
            if draw.random() < self._rate:
                answer = self._mutated(key, answer, draw)
        raw = urllib3.HTTPResponse(
            io.BytesIO(answer.body),
            urllib3.HTTPHeaderDict(answer.headers),
            answer.status,
            preload_content=False,
            decode_content=False,
            request_method=request.method,
        )
        return self.build_response(request, raw)

    def _record(self, key: Key, request: requests.PreparedRequest) -> Answer:
        self._box.faults.key_filter = self.way  # type: ignore[assignment]
        response = super().send(request, timeout=60)
        self.recorded[key] = Answer(
            response.status_code,
            (
                ("Content-Type", response.headers["Content-Type"]),
                ("Content-Length", str(len(response.content))),
            ),
            response.content,
        )
        return self.recorded[key]

    def _mutated(self, key: Key, answer: Answer, draw: random.Random) -> Answer:
        kind = draw.choice(list(self._mutations))
        others = [other for other in self.others if other != key]
        near = [other for other in others if other[1].split("?")[0] == key[1].split("?")[0]]
        other = (
            self.recorded[draw.choice(near if near and draw.random() < 0.7 else others)] if others else answer
        )
        try:
            changed = self._mutations[kind](answer, other, draw)
        except (ValueError, KeyError, IndexError, TypeError, AttributeError):
            return answer  # this answer has nothing of the kind
        except OSError:
            self.mutated.append(Exchange(key, kind, lie=False))
            raise
        # A page of another size or number is asked for again, and believed if the same comes: some servers
        # ignore what they are asked for.
        again = changed in self._given[key] and _is_page(changed)
        lie = again or _is_lie(key, answer, changed)
        if changed == answer or (lie and self._without_lies):
            return answer
        self.mutated.append(Exchange(key, kind, lie))
        self._given[key].append(changed)
        return changed


def _is_lie(key: Key, answer: Answer, changed: Answer) -> bool:
    """Tell whether the API could have given this answer to this request.

    Then page, path and conditions are those of the request, the ids ascend within the range that was asked
    for, and there are as many records as the answer's own total says.
    """
    try:
        was, now = _value(answer), _value(changed)
    except (ValueError, RecursionError):
        return False
    if not (isinstance(now, dict) and isinstance(was, dict)):
        return False
    if "data" not in was:  # a record without an id is not another record, but a cell that lies
        return "id" in was and _number(now.get("id")) is None
    rows, total = now.get("data"), _number(now.get("total"))
    if not isinstance(rows, list) or total is None or not 0 <= total <= MOST_RECORDS:
        return False
    # A server need not repeat conditions in its links; where they are missing, they say nothing.
    links = ("first_page_url",) if "filter=" in str(now.get("first_page_url")) else ()
    claims = ("path", *links, "current_page", "per_page")
    asked = dict(parse_qsl(urlsplit(key[1]).query))
    number, size = int(asked.get("page", 1)), int(was["per_page"])
    ids = [id_ for row in rows if isinstance(row, dict) and (id_ := _number(row.get("id"))) is not None]
    after, order = re.search(r"\bid>(\d+)", asked.get("filter", "")), asked.get("sort")
    return (
        changed.status == HTTPStatus.OK
        and (was["data"] != rows or was["total"] != total)
        and all(str(now[name]) == str(was.get(name)) for name in claims if now.get(name) is not None)
        and len(set(ids)) == len(ids)
        and not (after and min(ids, default=10**400) <= int(after[1]))
        and not (order in ("id", "id:desc") and ids != sorted(ids, reverse=order != "id"))
        and len(rows) == min(size, max(0, total - (number - 1) * size))
    )


def _is_page(answer: Answer) -> bool:
    try:
        value = _value(answer)
    except (ValueError, RecursionError):
        return False
    return answer.status == HTTPStatus.OK and isinstance(value, dict) and isinstance(value.get("data"), list)


def _value(answer: Answer) -> Any:
    return json.loads(answer.body.decode("utf-8", "replace"), strict=False)


def _number(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and not value.isascii():
        return None
    try:
        return int(value) if float(value).is_integer() else None
    except (ValueError, OverflowError):
        return None


# How answers are changed

Mutation = Callable[[Answer, Answer, random.Random], Answer]

JUNK: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1.5,
    10**12,
    10**30,
    10**400,
    1e308,
    "",
    "x",
    "7",
    "1" * 5000,
    "٣",
    "\u202e",
    [],
    {},
    [[]],
    [1],
    {"1": {"id": 1}},
    {"id": None},
    "a" * 100_000,
)


def _json(answer: Answer, body: Any) -> Answer:
    return answer.having(json.dumps(body).encode())


def _listed(answer: Answer) -> tuple[dict[str, Any], list[Any]]:
    body = json.loads(answer.body)
    return body, body["data"]


def _cut(answer: Answer, _other: Answer, draw: random.Random) -> Answer:
    at = draw.randrange(len(answer.body))
    length = str(len(answer.body)) if draw.random() < 0.5 else str(at)
    return answer.having(answer.body[:at], Content_Length=length)


def _rows(change: Callable[[list[Any], random.Random], list[Any]]) -> Mutation:
    def mutation(answer: Answer, _other: Answer, draw: random.Random) -> Answer:
        body, rows = _listed(answer)
        body["data"] = change(rows, draw)
        return _json(answer, body)

    return mutation


def _without(rows: list[Any], draw: random.Random) -> list[Any]:
    gone = draw.randrange(1, len(rows) + 1)
    start = draw.randrange(len(rows))
    return rows[:start] + rows[start + gone :]


def _repeated(rows: list[Any], draw: random.Random) -> list[Any]:
    start = draw.randrange(len(rows))
    part = rows[start : start + draw.randrange(1, 5)]
    at = draw.choice([start, len(rows), 0])
    return rows[:at] + part + rows[at:]


def _other_rows(answer: Answer, other: Answer, draw: random.Random) -> Answer:
    (body, rows), (_, foreign) = _listed(answer), _listed(other)
    count = draw.randrange(1, len(foreign) + 1)
    body["data"] = draw.choice(
        [foreign[:count], rows + foreign[:count], rows[: len(rows) // 2] + foreign[:count]]
    )
    return _json(answer, body)


def _total(answer: Answer, _other: Answer, draw: random.Random) -> Answer:
    body = json.loads(answer.body)
    total = body["total"]
    name = draw.choice(["total", "total", "last_page", "per_page", "current_page"])
    body[name] = draw.choice(
        [*JUNK, total + 1, max(total - 1, 0), total * 2, total // 2, -total, str(total), float(total)]
    )
    if draw.random() < 0.1:
        del body[name]
    return _json(answer, body)


def _type(answer: Answer, _other: Answer, draw: random.Random) -> Answer:
    body = json.loads(answer.body)
    holder: Any = body
    while draw.random() < 0.8 and isinstance(holder, dict | list) and holder:
        inner = [
            i
            for i in (holder.values() if isinstance(holder, dict) else holder)
            if isinstance(i, dict | list) and i
        ]
        if not inner:
            break
        holder = draw.choice(inner)
    keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
    key = "id" if "id" in keys and draw.random() < 0.3 else draw.choice(keys)
    holder[key] = draw.choice(JUNK)
    return _json(answer, body)


def _shape(answer: Answer, _other: Answer, draw: random.Random) -> Answer:
    body = json.loads(answer.body)
    data = body.get("data", body)
    shapes: list[Any] = [
        data,
        {"data": data},
        {**body, "data": {str(i): row for i, row in enumerate(data)}},
        {**body, "data": None},
        {**body, "data": "x"},
        {**body, "data": [data]},
        [body],
        {"error": "Zebulon Quick"},
        {"success": False},
        None,
        5,
        "text",
        [],
        {},
        {**body, "data": [*data, "x"]},
        {**body, "data": [*data, None]},
        {**body, "data": []},
    ]
    return _json(answer, draw.choice(shapes))


def _bytes(answer: Answer, _other: Answer, draw: random.Random) -> Answer:
    body = bytearray(answer.body)
    for _ in range(draw.choice([1, 1, 3, 50])):
        at = draw.randrange(len(body))
        way = draw.randrange(3)
        if way == 0:
            body[at] = draw.randrange(256)
        elif way == 1:
            body[at:at] = draw.choice(
                [b"\x00", b"\xff", b"\xed\xa0\xbc", b"\\ud83c", b"9" * 5000, b"[" * 3000, b'"', b"NaN", b"\n"]
            )
        else:
            del body[at : at + draw.randrange(1, 40)]
    return answer.having(bytes(body))


HEADERS: tuple[tuple[str, str], ...] = (
    ("Content-Type", "text/html"),
    ("Content-Type", "\xff;;;charset=\x80"),
    ("Content-Encoding", "gzip"),
    ("Content-Encoding", "br"),
    ("Content-Encoding", "zstd"),
    ("Content-Encoding", "deflate, gzip, " * 20),
    ("Content-Length", "5"),
    ("Content-Length", "-1"),
    ("Content-Length", "9" * 30),
    ("Content-Length", "x"),
    ("Content-Length", "5, 7"),
    ("Retry-After", "9" * 400),
    ("Retry-After", "nan"),
    ("X-RateLimit-Remaining", "-1e400"),
    ("X-RateLimit-Remaining", "x" * 9000),
    ("X-RateLimit-Limit", "0"),
    ("X-RateLimit-Reset", "inf"),
    ("Date", "31 Feb"),
    ("Set-Cookie", "a=b; expires=\x00; domain=;;"),
    ("Location", "http://["),
    ("Transfer-Encoding", "chunked"),
    ("WWW-Authenticate", "Bearer " * 999),
    ("Connection", "close"),
    ("cf-mitigated", "challenge"),
)


def _header(answer: Answer, _other: Answer, draw: random.Random) -> Answer:
    name, value = draw.choice(HEADERS)
    return answer.having(**{name: value})


def _encoding(answer: Answer, _other: Answer, draw: random.Random) -> Answer:
    text = answer.body.decode()
    coded: list[tuple[bytes, str | None]] = [
        (gzip.compress(answer.body), "gzip"),
        (zlib.compress(answer.body), "deflate"),
        (gzip.compress(gzip.compress(answer.body)), "gzip, gzip"),
        (gzip.compress(answer.body)[:-9], "gzip"),
        (gzip.compress(answer.body) + b"tail", "gzip"),
        (gzip.compress(answer.body), None),
        (text.encode("utf-16"), None),
        (text.encode("utf-8-sig"), None),
        (text.encode("utf-32"), None),
        (b" \n" + answer.body, None),
        (answer.body + b"\x00", None),
        (answer.body + answer.body, None),
        (text.encode("latin-1", "replace"), None),
    ]
    body, name = draw.choice(coded)
    return answer.having(body) if name is None else answer.having(body, Content_Encoding=name)


LOCATIONS = (
    "",
    "/",
    "http://other.example.org/2.0/x",
    "http://other.example.org\\@{host}/",
    "//other.example.org/",
    "?page=1",
    "http://{host}/2.0/organizations/1/transactions",
    "http://a:b@{host}/",
    "\tjavascript:x",
    "http://[",
    "x" * 9000,
    "http://{host}:99999/",
    "https://{host}/",
    "/2.0/../../x?y=\xff",
)


def _redirect(answer: Answer, _other: Answer, draw: random.Random) -> Answer:
    place = draw.choice(LOCATIONS).replace("{host}", "127.0.0.1")
    return answer.having(status=draw.choice([300, 301, 302, 303, 304, 305, 307, 308, 399]), Location=place)


def _status(answer: Answer, _other: Answer, draw: random.Random) -> Answer:
    body = draw.choice(
        [answer.body, b"", b"{}", b"<html>Zebulon</html>", b'{"error": {"Zebulon": ["Quick"]}}', b"[" * 9999]
    )
    status = draw.choice(
        [
            101,
            201,
            202,
            204,
            206,
            226,
            400,
            401,
            402,
            403,
            404,
            405,
            409,
            418,
            422,
            429,
            451,
            500,
            502,
            503,
            599,
            999,
        ]
    )
    return answer.having(body, status=status, Content_Type=draw.choice(["application/json", "text/html", ""]))


def _broken(_answer: Answer, _other: Answer, draw: random.Random) -> Answer:
    raise draw.choice(
        [
            requests.ConnectionError("refused"),
            requests.ReadTimeout("slow"),
            OSError(24, "Too many open files"),
            requests.exceptions.SSLError("certificate"),
            socket.gaierror(-2, "unknown"),
            requests.exceptions.InvalidURL("x"),
            ConnectionResetError(104, "reset"),
            urllib3.exceptions.ProtocolError("broken"),
        ]
    )


MUTATIONS: dict[str, Mutation] = {
    "cut": _cut,
    "repeated rows": _rows(_repeated),
    "missing rows": _rows(_without),
    "reordered rows": _rows(lambda rows, draw: draw.sample(rows, len(rows))),
    "foreign rows": _other_rows,
    "foreign answer": lambda _answer, other, _draw: other,
    "total": _total,
    "type": _type,
    "shape": _shape,
    "bytes": _bytes,
    "header": _header,
    "encoding": _encoding,
    "redirect": _redirect,
    "status": _status,
    "broken": _broken,
}


# What is called


def _csv(classy: cn.Classy, folder: Path, _campaign: int) -> Any:
    path = classy.campaigns.to_csv(folder / "c.csv", progress=False)
    return pd.read_csv(path)["id"].tolist()


def _parquet(classy: cn.Classy, folder: Path, _campaign: int) -> Any:
    path = classy.transactions.to_parquet(folder / "t.parquet", where="status = success", progress=False)
    return pd.read_parquet(path, columns=["id"])["id"].tolist()


CALLS: dict[str, Callable[[cn.Classy, Path, int], Any]] = {
    "list": lambda classy, *_: classy.transactions(fields="id,status", progress=False)["id"].tolist(),
    "list, conditions": lambda classy, *_: classy.transactions(
        where="status = success", include="items", progress=False
    )["id"].tolist(),
    "list, sorted": lambda classy, *_: classy.transactions(sort="-id", limit=150, progress=False)[
        "id"
    ].tolist(),
    "list of a path": lambda classy, *_: classy.get(f"/organizations/{classy.organization}/supporters")[
        "id"
    ].tolist(),
    "batches": lambda classy, *_: [
        id_ for frame in classy.transactions.batches(rows=100, progress=False) for id_ in frame["id"].tolist()
    ],
    "count": lambda classy, *_: classy.transactions.count(where="status = success"),
    "record": lambda classy, _, campaign: str(classy.campaigns.get(campaign)["id"]),
    "csv": _csv,
    "parquet": _parquet,
    "without ids": lambda classy, *_: len(classy.restricted_countries(progress=False)),
}


class _Clock:
    """Waits are not waited for: the clock moves on by them."""

    now = 1_000.0

    def sleep(self, seconds: float) -> None:
        self.now += max(0.0, seconds)

    def time(self) -> float:
        self.now += 1e-4
        return self.now


def _patched(wire: Wire) -> ExitStack:
    """Let every connection use the wire, and nobody wait."""
    clock = _Clock()
    stack = ExitStack()

    def waiting(_cancel: Cancel, seconds: float) -> None:
        clock.sleep(seconds)
        _cancel.check()

    replaced = {
        "classy_nb.http.client.Adapter": lambda *_, **__: wire,
        "classy_nb.http.client.RetryPolicy": lambda: RetryPolicy(sleep=clock.sleep, clock=clock.time),
        "classy_nb.client.connecting.RateLimit": lambda _limit: RateLimit(
            1_000_000, clock=clock.time, sleep=clock.sleep
        ),
        "classy_nb.http.cancel.Cancel.sleep": waiting,
    }
    for name, value in replaced.items():
        stack.enter_context(mock.patch(name, value))
    return stack


class Calls:
    """Calls against a wire that changes answers, and what became of them."""

    def __init__(self, box: Sandbox, folder: Path) -> None:
        self.outcomes: Counter[str] = Counter()
        self.exchanges: Counter[str] = Counter()
        self.lies = 0
        """Changed answers that the API could have given to the same request."""
        self.bad: list[str] = []
        self.wire = Wire(box)
        self._box = box
        self._folder = folder
        self._campaign = box.truth("campaigns")[0]["id"]
        self._clean: dict[tuple[str, str], Any] = {}
        """What each call returns where nothing is changed, by name and by how the key filter is treated."""

    def record(self) -> None:
        """Make each call without changes."""
        for way in ("work", "reject"):
            self.wire.way = way
            with self._connect(1) as classy:
                for name in CALLS:
                    self._clean[name, way] = self._call(name, classy)
        self.wire.others = sorted(key for key in self.wire.recorded if key[0] == "GET")

    def one(self, seed: str) -> None:
        """Make one call with changes, all drawn from *seed*."""
        draw = random.Random(seed)
        way, name = draw.choice(["work", "work", "reject"]), draw.choice(["login", *CALLS])
        workers, rate = draw.choice([1, 1, 3]), draw.choice([0.2, 0.5, 1.0])
        self.wire.way = way
        outcome, problem = self._outcome(name, workers, seed, rate)
        mutated = self.wire.mutated
        if outcome == "wrong" and any(exchange.lie for exchange in mutated):
            # Is it the lies that did it? Once more, with all the other changes.
            outcome, problem = self._outcome(name, workers, seed, rate, without_lies=True)
            if outcome != "wrong":
                outcome = "a lie that nobody can see"
        self.outcomes[outcome] += 1
        self.exchanges.update(exchange.kind for exchange in mutated)
        self.lies += sum(exchange.lie for exchange in mutated)
        if problem:
            kinds = sorted({exchange.kind for exchange in self.wire.mutated})
            self.bad.append(f"{seed}, {name} ({way}, {workers} workers): {problem}, after {kinds}")

    def _outcome(
        self, name: str, workers: int, seed: str, rate: float, *, without_lies: bool = False
    ) -> tuple[str, str]:
        """Make a call; return what became of it, and what must not be (empty: nothing)."""
        self.wire.begin(seed, rate if name == "login" else 0.0, without_lies=without_lies)
        try:
            with self._connect(workers) as classy:
                if name == "login":
                    found, expected = classy.organization, self._box.organization_id
                else:
                    self.wire.begin(seed, rate, without_lies=without_lies)
                    found, expected = self._call(name, classy), self._clean[name, self.wire.way]
        except cn.ClassyError as error:
            problem = ""
            if not error.advice:
                problem = f"an error without advice: {error}"
            elif re.search("zebulon|quick", str(error), re.IGNORECASE):
                problem = f"a name in a message: {error}"
            return type(error).__name__, problem
        except Exception as error:  # noqa: BLE001 - these are what is looked for
            where = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{Path(where.filename).name}:{where.lineno}"
            return "another exception", f"{type(error).__name__} at {place}: {str(error)[:80]}"
        return ("equal", "") if found == expected else ("wrong", _difference(found, expected))

    def _connect(self, workers: int) -> cn.Classy:
        addresses = {"base_url": self._box.base_url, "token_url": self._box.token_url}
        return cn.connect("soak", "soak-only", timezone="UTC", workers=workers, **addresses)

    def _call(self, name: str, classy: cn.Classy) -> Any:
        found = CALLS[name](classy, Path(tempfile.mkdtemp(dir=self._folder)), self._campaign)
        # By page number, batches and files have another order than by key.
        # An id of another type became missing: as text it equals no other, and nothing at all is compared.
        return sorted(map(str, found)) if isinstance(found, list) else found


def _difference(found: Any, expected: Any) -> str:
    if not isinstance(found, list):
        return f"{found!r} for {expected!r}"
    some, whole = Counter(found), Counter(expected)
    return f"{(whole - some).total()} missing, {(some - whole).total()} too many"


def mutated(count: int, seed: int, size: int = 250) -> list[str]:
    """Change *count* answers; print what became of the calls, and return what must not be."""
    begun = time.perf_counter()
    with (
        Sandbox(transactions=size, client_id="soak", client_secret="soak-only", requests_per_minute=0) as box,
        tempfile.TemporaryDirectory() as folder,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        calls = Calls(box, Path(folder))
        with _patched(calls.wire):
            calls.record()
            number = 0
            while calls.exchanges.total() < count:
                number += 1
                calls.one(f"{seed} {number}")
                if number > count:
                    raise RuntimeError("no answers are changed: the wire is not where the package sends")
    print(
        f"mutated, seed {seed}: {calls.exchanges.total():,} answers changed in {number:,} calls, "
        f"{calls.lies:,} of them so that nobody could see it; {time.perf_counter() - begun:.0f} s"
    )
    for title, counter in (("calls", calls.outcomes), ("answers", calls.exchanges)):
        for name, times in counter.most_common():
            print(f"  {times:7,} {title}: {name}")
    return calls.bad


# Odd bytes and odd shapes, now and then


def _in_a_text(odd: bytes) -> Mutation:
    """Append bytes to a text of one record."""

    def mutation(answer: Answer, _other: Answer, draw: random.Random) -> Answer:
        body, rows = _listed(answer)
        row = draw.choice(rows)
        name = draw.choice([name for name, value in row.items() if name in TEXTS and value])
        row[name] += "@ODD@"
        return answer.having(json.dumps(body, ensure_ascii=False).encode().replace(b"@ODD@", odd))

    return mutation


def _numbered(answer: Answer, _other: Answer, _draw: random.Random) -> Answer:
    body, rows = _listed(answer)
    body["data"] = {str(2 * number): row for number, row in enumerate(rows)}
    return _json(answer, body)


TEXTS = ("billing_first_name", "billing_last_name", "billing_city", "comment")
PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Zebulon</body></html>"
SHAPES: dict[str, Mutation] = {
    "half an emoji": _in_a_text(b"\\ud83c"),
    "a byte of Latin-1": _in_a_text(b"\xe9"),
    "numeric keys": _numbered,
    "a page of HTML": lambda answer, *_: answer.having(PAGE, Content_Type="text/html"),
    "null": lambda answer, *_: answer.having(b"null"),
    "nothing": lambda answer, *_: answer.having(b""),
    "gzip": lambda answer, *_: answer.having(gzip.compress(answer.body)),
}


def shapes(runs: int, size: int) -> list[str]:
    """Read a list with odd answers in 1% of the requests; return where it was neither right nor refused."""
    bad, kinds, outcomes = [], Counter[str](), Counter[str]()
    addresses = {"client_id": "soak", "client_secret": "soak-only", "requests_per_minute": 0}
    with Sandbox(transactions=size, **addresses) as box, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wire = Wire(box, SHAPES)
        with _patched(wire):
            for way in ("work", "reject"):
                wire.way = way
                truth = _whole(box, wire, "", 0.0).sort_values("id", ignore_index=True)
                for seed in range(runs):
                    try:
                        frame = _whole(box, wire, f"{seed}", 0.01).sort_values("id", ignore_index=True)
                    except cn.UnexpectedAnswerError as error:
                        outcome = f"an error: {error.what}"
                    else:
                        problem = _damage(frame, truth)
                        outcome = problem or "equal"
                        if problem:
                            bad.append(f"shapes, key filter {way}, seed {seed}: {problem}")
                    outcomes[outcome] += 1
                    kinds.update(exchange.kind for exchange in wire.mutated)
    for title, counter in (("lists", outcomes), ("answers", kinds)):
        for name, times in counter.most_common():
            print(f"shapes: {times:5,} {title}: {name}")
    if len(kinds) < len(SHAPES) and runs >= 20:
        bad.append("shapes: not every shape came")
    return bad


def _whole(box: Sandbox, wire: Wire, seed: str, rate: float) -> pd.DataFrame:
    addresses = {"base_url": box.base_url, "token_url": box.token_url}
    wire.begin(seed, 0.0)
    with cn.connect("soak", "soak-only", timezone="UTC", workers=3, **addresses) as classy:
        wire.begin(seed, rate)
        return classy.transactions(fields=["id", "status", "total_gross_amount", *TEXTS], progress=False)


def _damage(found: pd.DataFrame, truth: pd.DataFrame) -> str:
    """Return what differs, but for texts with U+FFFD where a byte or an escape could not be read."""
    if found["id"].tolist() != truth["id"].tolist():
        return f"{len(found):,} rows, or other ones, of {len(truth):,}"
    for name in truth.columns:
        for one, other in zip(found[name].tolist(), truth[name].tolist(), strict=True):
            if one is other or one == other or (pd.isna(one) and pd.isna(other)):
                continue
            if not (isinstance(one, str) and "\ufffd" in one and one.replace("\ufffd", "") == other):
                return f"another cell in {name}"
    return ""
