"""Every GET of the catalog answers with every declared column in its wire type."""

import re

import pytest

from classy_nb import catalog
from classy_nb.sandbox.routes import tables_of_names, tables_of_records

MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{3})?(Z|[+-]\d\d:?\d\d)?")
DAY = re.compile(r"\d{4}-\d\d-\d\d(T00:00:00(\.000Z|\+0000))?")  # the API writes some as midnight
WORDS = {
    "payout_type": "stripe",
    "scope": "all",
    "url": "https%3A%2F%2Fexample.org%2Fx",
    "slug": "abc",
    "year": "2025",
    "block": "b1",
    "persona": "donor",
    "subscription_plan": "8",
}
REQUIRED = {
    "payout_date": "2026-10-01",
    "entity_type": "studio_campaign",
    "entity_id": "1",
    "persona": "donor",
}
IN_THE_PATH = {"payout_type"}
"""Columns that no answer has: the client takes them from the path."""
EMPTY = {"/transactions/{transaction}/acknowledgements"}
"""Lists that may be empty for all of the parents that were tried."""
LOST = {"created_at", "updated_at"}
"""Columns that the API declares never null; the sandbox has a few records without, as old ones are."""


FORMS = {
    "int": lambda value: isinstance(value, int) or (isinstance(value, str) and value.isdigit()),
    "float": lambda value: re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", str(value)) is not None,
    "datetime": lambda value: isinstance(value, str) and MOMENT.fullmatch(value) is not None,
    "date": lambda value: isinstance(value, str) and DAY.fullmatch(value) is not None,
    "last4": lambda value: isinstance(value, int) or (isinstance(value, str) and len(value) == 4),
    "list": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "text": lambda value: isinstance(value, str),
}


def fits(kind: str, value: object) -> bool:
    if kind == "bool":
        return value in (True, False, 0, 1)
    return kind == "json" or (not isinstance(value, bool) and FORMS[kind](value))


def complaints(record: str, row: dict, where: str = "") -> list[str]:
    found = []
    for column in catalog.load().records[record].columns:
        name = f"{where}{column.name}"
        if column.name in IN_THE_PATH:
            continue
        if column.name not in row:
            found.append(f"{name} is missing")
        elif row[column.name] is None:
            found += [] if column.nullable or column.name in LOST else [f"{name} is null"]
        elif not fits(column.kind, row[column.name]):
            found.append(f"{name} is not a {column.kind}: {row[column.name]!r}")
        elif column.kind == "object" and column.record:
            found += complaints(column.record, row[column.name], f"{name}.")
        elif column.kind == "list" and column.record:
            for item in row[column.name]:
                found += complaints(column.record, item, f"{name}[].")
    return found


def values_of(box, endpoint, key):
    if key == "app":
        return [box.client_id]
    if key in WORDS:
        return [WORDS[key]]
    kind = tables_of_records()[endpoint.record] if key == endpoint.key else tables_of_names()[key]
    ids = [row["id"] for row in box.truth(kind)]
    return sorted(ids, key=lambda number: number * 7919 % 1009)


def paths(box, endpoint):
    """Yield paths of the endpoint with ids that exist, until one of them has rows."""
    choices = {key: values_of(box, endpoint, key) for key in endpoint.keys}
    for number in range(max(map(len, choices.values()), default=1)):
        path = endpoint.path
        for key, values in choices.items():
            path = path.replace(f"{{{key}}}", str(values[number % len(values)]))
        yield path


def get(api, endpoint, path):
    params = {p.name: REQUIRED[p.name] for p in endpoint.parameters if p.required}
    if endpoint.record == "SourceTrackingCode":
        params |= {"transactions": "true", "fundraisingTeams": "true", "fundraisingPages": "true"}
    return api.get(path, per_page=100, **params)


@pytest.mark.parametrize("endpoint", catalog.load().endpoints, ids=lambda endpoint: endpoint.path)
def test_every_get(box, api, endpoint):
    rows = []
    for path in paths(box, endpoint):
        answer = get(api, endpoint, path)
        if answer.status_code == 204:
            assert "may_be_empty" in endpoint.flags
            assert answer.content == b""
            continue
        assert answer.status_code == 200, f"{path}: {answer.text}"
        body = answer.json()
        rows = body["data"] if endpoint.kind == "list" else body if endpoint.kind == "bare" else [body]
        rows = [body["data"]] if endpoint.kind == "envelope" else rows
        if rows:
            break
    assert rows or endpoint.path in EMPTY
    if endpoint.record in catalog.KINDS:
        assert all(fits(endpoint.record, row) for row in rows)
    else:
        found = {complaint for row in rows for complaint in complaints(endpoint.record, row)}
        assert found == set()


def test_the_catalog_has_as_many_endpoints_as_were_tried():
    assert len(catalog.load().endpoints) == 154
