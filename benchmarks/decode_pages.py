"""Pages of invented transactions, with what real pages surprise a reader with."""

# ruff: noqa: PLR2004 - chances and sizes of what is made up

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from classy_nb.catalog import Column

PAGE_ROWS = 100
SENTENCE = (
    "spring gala harbor river bright maple coffee paper lantern bridge meadow orchard summer winter "
    "ride walk run dinner auction garden school library clinic shelter forest ocean prairie valley "
    "zoë café 日本 🎉"
)
WORDS = SENTENCE.split()


def columns() -> tuple[Column, ...]:
    from classy_nb import catalog

    known = catalog.load()
    endpoint = known.find("/organizations/1/transactions")
    assert endpoint is not None
    return known.columns(endpoint)


def moment(rng: random.Random, form: int) -> str:
    day = f"20{rng.randrange(16, 27)}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}"
    clock = f"{rng.randrange(24):02}:{rng.randrange(60):02}:{rng.randrange(60):02}"
    return (f"{day}T{clock}+0000", f"{day}T{clock}.{rng.randrange(1000):03}Z", f"{day} {clock}")[form]


def amount(rng: random.Random, form: int) -> Any:
    cents = rng.randrange(100, 500_000)
    return (cents / 100, f"{cents / 100:.3f}", cents // 100)[form]


def number(rng: random.Random, form: int) -> Any:
    count = rng.randrange(1, 40_000_000)
    return (count, count, str(count))[form]


def flag(rng: random.Random, form: int) -> Any:
    yes = rng.random() < 0.5
    return (yes, int(yes), "true")[form]


VALUES: dict[str, Callable[[random.Random, int], Any]] = {
    "int": number,
    "float": amount,
    "bool": flag,
    "last4": lambda rng, _: rng.randrange(10_000),
    "datetime": moment,
    "date": lambda rng, _: moment(rng, 0)[:10],
    "json": lambda rng, _: {"source": rng.choice(WORDS), "depth": [1, 2]},
    "text": lambda rng, _: " ".join(rng.choices(WORDS, k=rng.randrange(1, 4))),
}
"""By kind: a value in one of three forms."""


def form_of(rng: random.Random, column: Column, place: int) -> int:
    """Choose a form: every fourth date column has all three, every fourth other one the second.

    One value in 5,000 strays from its column.
    """
    if rng.random() < 1 / 5000:
        return 2
    wild = place % 4 == 0
    return (rng.randrange(3) if column.kind == "datetime" else 1) if wild else 0


def record(rng: random.Random, cols: tuple[Column, ...], number: int) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for place, column in enumerate(cols):
        null = rng.random() < (0.9 if column.kind == "json" else 0.3 if column.nullable else 0)
        cell = None if null else VALUES[column.kind](rng, form_of(rng, column, place))
        outer, dot, inner = column.name.partition(".")
        if dot:
            row.setdefault(outer, {})[inner] = cell
        else:
            row[outer] = cell
    row["id"] = 20_000_000 + number
    if row["metadata"] is not None:
        row["metadata"] = "{foo: 'bar'}"  # json_normalize would take an object apart
    disturb(rng, row, number)
    return row


def disturb(rng: random.Random, row: dict[str, Any], number: int) -> None:
    """Add and take keys here and there."""
    for outer in ("consent", "utm"):
        if rng.random() < 0.2:
            row[outer] = None
    if rng.random() < 0.02:
        row[rng.choice(("legacy_number", "review_id"))] = number
        row["review_note"] = rng.choice(WORDS)
    if rng.random() < 0.02:
        row["context"]["channel"] = "partner"
    if rng.random() < 0.02:
        del row[rng.choice(("comment", "company_name", "refunded_at", "pp_response"))]
    if rng.random() < 0.0005:
        row["refunded_at"] = "0000-00-00 00:00:00"


def write_pages(folder: Path, pages: int) -> None:
    rng, cols = random.Random(8734), columns()
    for page in range(pages):
        data = [record(rng, cols, page * PAGE_ROWS + row) for row in range(PAGE_ROWS)]
        body = {"total": pages * PAGE_ROWS, "current_page": page + 1, "last_page": pages, "data": data}
        (folder / f"{page:05}.json").write_text(json.dumps(body, separators=(",", ":")), "ascii")
