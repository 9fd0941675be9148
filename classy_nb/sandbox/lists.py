"""Lists: filter, sort, page, and the envelope around a page; also one record of a table.

``answer_list`` and ``answer_record`` get a :class:`Call` and return the body to be sent.
"""

from __future__ import annotations

import bisect
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson

from classy_nb import catalog

from . import includes
from .query import Condition, conditions, order
from .responses import Refusal, Response, bad_request, not_found, server_error
from .routes import Call, scope_of, tables_of_records

if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Sequence

    from .store import Record, Table

LARGEST_PAGE = 100
USUAL_PAGE = 20
_TRACKING = {
    "fundraisingTeams": "fundraising_team",
    "fundraisingPages": "fundraising_page",
    "transactions": "transaction",
}
"""Lists of tracking codes are empty without one of these switches."""
_MISSPELT = {f"/fundraising-teams/{{fundraising_team}}/{what}" for what in ("answers", "stories", "updates")}
"""Lists that carry two more URLs, under misspelt names."""
_ROLES = ("organization_admin", "campaign_manager", "reporting")
_BOUNDS = {
    "<": bisect.bisect_left,
    "<=": bisect.bisect_right,
    ">": bisect.bisect_right,
    ">=": bisect.bisect_left,
}
_AGGREGATES = {"fundraising_pages": ("aggregates2", "aggregates"), "fundraising_teams": ("aggregates",)}
"""Switches for totals of a table, each with a view of what it adds."""


def answer_list(call: Call) -> dict[str, Any]:
    """Answer a paginated list."""
    number, per_page = call.query.number("page", 1), call.query.number("per_page", USUAL_PAGE)
    if per_page > LARGEST_PAGE and call.faults.per_page_over == "reject":
        message = f"The per page may not be greater than {LARGEST_PAGE}."
        raise Refusal(Response(400, {"error": {"per_page": [message]}}))
    per_page = min(per_page, LARGEST_PAGE)
    start = (number - 1) * per_page
    if call.endpoint.record == "text":
        roles = list(_ROLES[: 1 + int(call.keys["member"]) % len(_ROLES)])
        return _envelope(call, roles[start : start + per_page], number, per_page, len(roles))
    name = tables_of_records().get(call.endpoint.record)
    if name is None:
        raise not_found()
    table = call.store.table(name)
    if call.endpoint.record == "PastDonor":
        table = _past_donors(call, table)
    ids = _ids(call, table)
    if call.faults.ignore_page:
        start = 0
    if call.faults.page_beyond == "404" and number > 1 and start >= len(ids):
        raise not_found()
    records = _records(call, table, ids[start : start + per_page])
    return _envelope(call, records, number, per_page, len(ids) + call.faults.total_off_by)


def answer_record(call: Call, name: str, number: int) -> Record:
    """Answer one record of a table, with what was asked to be included."""
    records = _records(call, call.store.table(name), [number])
    if not records:
        raise not_found()
    return records[0]


def _past_donors(call: Call, table: Table) -> Table:
    """Let ``donated_to_current`` say who has already given to the page or the team that asks."""
    key = call.endpoint.keys[0]
    donors = f"SELECT supporter_id FROM base_transactions WHERE {key}_id = {int(call.keys[key])}"
    given = f"(t.supporter_id IN ({donors}))"
    columns = [
        replace(column, value=given, sent=given) if column.name == "donated_to_current" else column
        for column in table.columns
    ]
    return replace(table, columns=tuple(columns))


def _ids(call: Call, table: Table) -> Sequence[int]:
    """Return the ids of the whole list, in order.

    Bounds on the id are cut out of the remembered list, not asked of the database again: fetching by keyset
    is then as cheap as fetching by page number.
    """
    chosen = _conditions(call, table)
    ordering = _order(call, table)
    bounds = [
        c
        for c in chosen
        if ordering in {"t.id", "t.id DESC"}
        and c.association is None
        and c.column.name == "id"
        and c.operator in _BOUNDS
    ]
    where, parameters = _where(call, [c for c in chosen if c not in bounds])
    ids = call.store.ids(table, where, parameters, "t.id" if bounds else ordering)
    if not bounds:
        return ids
    ids = _cut(ids, bounds)
    return ids[::-1] if ordering.endswith("DESC") else ids


def _cut(ids: array[int], bounds: list[Condition]) -> array[int]:
    low, high = 0, len(ids)
    for bound in bounds:
        at = _BOUNDS[bound.operator](ids, bound.value)
        low, high = (max(low, at), high) if bound.operator.startswith(">") else (low, min(high, at))
    return ids[low:high]


def _conditions(call: Call, table: Table) -> list[Condition]:
    text, faults = call.query.last("filter"), call.faults
    if not text:
        return []
    related = includes.related_tables(call.store, call.query.words("with"), table)
    try:
        chosen = conditions(text, table, related, lenient=faults.unknown_attribute == "ignore")
    except Refusal as refusal:
        if faults.unknown_attribute == "500":
            raise Refusal(server_error("empty")) from refusal
        raise
    keyed = [c for c in chosen if c.column.name == "id" and c.association is None]
    if keyed and faults.key_filter == "reject":
        raise bad_request("Filtering by id is not supported.")
    return [c for c in chosen if c not in keyed] if faults.key_filter == "ignore" else chosen


def _where(call: Call, chosen: list[Condition]) -> tuple[str, dict[str, Any]]:
    scope = scope_of(call.endpoint)
    for name in re.findall(r"base_(\w+)", scope):
        call.store.table(name)  # so that it is filled
    parameters = {name: value for name, value in call.parameters.items() if f":{name}" in scope}
    if ":allowed" in scope:
        parameters["allowed"] = orjson.dumps(sorted(call.organizations)).decode()
    parts = [f"({scope})"]
    if call.endpoint.record == "SourceTrackingCode":
        kinds = [f"'{kind}'" for flag, kind in _TRACKING.items() if call.query.flag(flag)]
        parts.append(f"t.trackable_type IN ({', '.join(kinds)})")
    elif call.endpoint.record == "PastDonor":
        key = call.endpoint.keys[0]
        if call.query.flag("hideAlreadyDonated"):
            donated = f"SELECT supporter_id FROM base_transactions WHERE {key}_id = :{key}"
            parts.append(f"NOT t.supporter_id IN ({donated})")
        if call.query.last("search"):
            words = "t.first_name || ' ' || t.last_name || ' ' || t.email_address"
            parts.append(f"({words}) LIKE '%' || :search || '%'")
            parameters["search"] = call.query.last("search")
    for number, condition in enumerate(chosen):
        parts.append(condition.sql(f"value{number}"))
        parameters[f"value{number}"] = condition.value
    return " AND ".join(parts), parameters


def _order(call: Call, table: Table) -> str:
    extra = {}
    if call.query.flag("aggregates") and table.name in _AGGREGATES:
        totals = f"totals_{table.name}"
        names = [row[1] for row in call.store.execute(f"PRAGMA table_info({totals})")]
        extra = {name: f"(SELECT x.{name} FROM {totals} x WHERE x.id = t.id)" for name in names}
    if call.endpoint.record == "PastDonor" and call.query.flag("sortReverse"):
        return "t.purchased_at, t.id"
    lenient = call.faults.unknown_attribute == "ignore" or call.endpoint.record == "BrandkitImage"
    return order(call.query.last("sort"), table, extra, lenient=lenient)


def _records(call: Call, table: Table, ids: Sequence[int]) -> list[Record]:
    """Return the records with these ids, with what ``with``, ``aggregates`` and ``fields`` ask for."""
    names = call.query.words("with")
    known = [name for name in names if name in includes.taken_by(call.endpoint)]
    if len(known) < len(names) and call.faults.unknown_include == "reject":
        raise bad_request("Unknown relationship in with.")
    records = call.store.records(table, ids)
    record = call.endpoint.record
    if record != table.record and tables_of_records().get(record) == table.name:
        declared = {column.name for column in catalog.load().records[record].columns}
        records = [{name: value for name, value in row.items() if name in declared} for row in records]
    includes.add(call.store, records, table, known)
    for switch in _AGGREGATES.get(table.name, ()):
        if call.query.flag(switch) and (switch != "aggregates" or call.endpoint.aggregates):
            numbers = orjson.dumps([record["id"] for record in records]).decode()
            view = f"{switch}_{table.name} WHERE id IN (SELECT value FROM json_each(?))"
            found = dict(call.store.execute(f"SELECT id, totals FROM {view}", [numbers]))
            for row in records:
                row.update(orjson.loads(found[row["id"]]))
    fields = call.query.words("fields")
    if fields:
        kept = {*fields, *known}
        records = [{name: value for name, value in row.items() if name in kept} for row in records]
    return records


def _envelope(call: Call, data: list[Any], number: int, per_page: int, total: int) -> dict[str, Any]:
    """Return a page as Laravel's paginator writes it: thirteen keys, absolute URLs, entities in labels."""
    faults = call.faults
    first = (number - 1) * per_page + 1 if data else None
    last = first + len(data) - 1 if first is not None else None
    if not data and faults.empty_as_one:
        first, last, total = 1, 1, 1
    last_page = max(1, -(-total // per_page))
    before_number = _page_url(call)

    def url(page: int | None) -> str | None:
        return None if page is None or before_number is None else f"{before_number}{page}"

    following = number + 1 if number < last_page else None
    previous = number - 1 if number > 1 else None
    links = [("&laquo; Previous", previous), *_numbered_links(number, last_page), ("Next &raquo;", following)]
    body: dict[str, Any] = {
        "current_page": number,
        "data": data,
        "first_page_url": url(1),
        "from": first,
        "last_page": last_page,
        "last_page_url": url(last_page),
        "links": [_link(url, label, page, number, as_text=faults.active_as_text) for label, page in links],
        "next_page_url": url(following),
        "path": call.url,
        "per_page": per_page,
        "prev_page_url": url(previous),
        "to": last,
        "total": total,
    }
    if faults.queries_log:
        body["queries_log"] = [
            {"query": "select * from `stand_in` where `id` > ?", "bindings": [1], "time": 0.4}
        ]
    if call.endpoint.path in _MISSPELT:
        body |= {"first_team_url": body["first_page_url"], "last_team_url": body["last_page_url"]}
    return body


def _page_url(call: Call) -> str | None:
    """Return the URL of a page up to its number, which comes last; None where pages have no URL."""
    style = call.faults.next_page_url
    if style == "missing":
        return None
    if style == "page_only":
        return f"{call.url}?page="
    target = {"relative": "/" + call.url.split("/", 3)[3], "other_host": call.other_url}.get(style, call.url)
    return f"{target}?{call.query.encoded(page='')}"


def _link(
    url: Callable[[int | None], str | None], label: str, page: int | None, current: int, *, as_text: bool
) -> dict[str, Any]:
    active = label == str(current)
    return {"url": url(page), "label": label, "active": str(active).lower() if as_text else active}


def _numbered_links(current: int, last: int) -> list[tuple[str, int | None]]:
    """Return label and page of the links in the middle: all up to 13 pages, else with dots in between."""
    pages: list[int | None]
    if last <= 13:  # noqa: PLR2004 - Laravel's own numbers, here and below
        pages = list(range(1, last + 1))
    elif current <= 7:  # noqa: PLR2004
        pages = [*range(1, 11), None, last - 1, last]
    elif current > last - 7:
        pages = [1, 2, None, *range(last - 9, last + 1)]
    else:
        pages = [1, 2, None, *range(current - 3, current + 4), None, last - 1, last]
    return [("...", None) if page is None else (str(page), page) for page in pages]
