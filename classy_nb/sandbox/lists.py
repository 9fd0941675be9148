"""Lists: filter, sort, page; and one record by its id."""

# The statements are put together from the names of our own tables and columns and from numbers;
# what a client sends goes in as parameters.
# ruff: noqa: S608

from __future__ import annotations

import bisect
import re
from typing import TYPE_CHECKING, Any

import orjson

from classy_nb import catalog

from . import aggregates, includes
from .answers import Answer, Refusal, bad_request, not_found, server_error
from .paginator import Page, envelope
from .query import Condition, conditions, order
from .routes import scope_of, table_of

if TYPE_CHECKING:
    from array import array
    from collections.abc import Sequence

    from .call import Call
    from .store import Record
    from .table import Table

MOST = 100
"""The greatest page."""
USUAL = 20
"""The page without ``per_page``."""
_TRACKING = {
    "fundraisingTeams": "fundraising_team",
    "fundraisingPages": "fundraising_page",
    "transactions": "transaction",
}
_MISSPELT = {f"/fundraising-teams/{{fundraising_team}}/{what}" for what in ("answers", "stories", "updates")}
"""Lists that carry two more URLs, under misspelt names."""
_ROLES = ("organization_admin", "campaign_manager", "reporting")
_BOUNDS = {
    "<": bisect.bisect_left,
    "<=": bisect.bisect_right,
    ">": bisect.bisect_right,
    ">=": bisect.bisect_left,
}


def answer_list(call: Call) -> dict[str, Any]:
    """Answer a paginated list."""
    if call.endpoint.record == "text":
        return _answer_words(call, _ROLES[: 1 + int(call.keys["member"]) % len(_ROLES)])
    table = _table(call)
    ids = _ids(call, table)
    number, per_page = _page(call)
    page = Page(number, per_page, len(ids) + call.faults.total_off_by)
    start = 0 if call.faults.ignore_page else (number - 1) * per_page
    if call.faults.page_beyond == "404" and number > 1 and start >= len(ids):
        raise not_found()
    records = _shown(call, table, ids[start : start + per_page])
    body = envelope(page, records, call)
    if call.endpoint.path in _MISSPELT:
        body |= {"first_team_url": body["first_page_url"], "last_team_url": body["last_page_url"]}
    return body


def _answer_words(call: Call, words: Sequence[str]) -> dict[str, Any]:
    number, per_page = _page(call)
    shown = list(words[(number - 1) * per_page : number * per_page])
    return envelope(Page(number, per_page, len(words)), shown, call)


def answer_record(call: Call, name: str, number: int) -> Record:
    """Answer one record of a table, with what was asked to be included."""
    table = call.store.table(name)
    records = _shown(call, table, [number])
    if not records:
        raise not_found()
    record: Record = records[0]
    return record


def _table(call: Call) -> Table:
    name = table_of(call.endpoint.record)
    if name is None:
        raise not_found()
    return call.store.table(name)


def _page(call: Call) -> tuple[int, int]:
    number, per_page = call.query.number("page", 1), call.query.number("per_page", USUAL)
    if per_page > MOST and call.faults.per_page_over == "reject":
        raise Refusal(Answer(400, {"error": {"per_page": [f"The per page may not be greater than {MOST}."]}}))
    return number, min(per_page, MOST)


def _ids(call: Call, table: Table) -> Sequence[int]:
    """Return the row ids of the whole list, in order.

    Bounds on the id are cut out of the remembered list rather than asked again: walking by key is as
    cheap as paging.
    """
    chosen = _conditions(call, table)
    ordering = _order(call, table)
    by_id = ordering in {"t.rowid", "t.rowid DESC"}
    bounds = [
        c
        for c in chosen
        if by_id and c.association is None and c.column.name == "id" and c.operator in _BOUNDS
    ]
    where, parameters = _where(call, table, [c for c in chosen if c not in bounds])
    ids = call.store.ids(table, where, parameters, "t.rowid" if bounds else ordering)
    cut = _cut(ids, bounds) if bounds else ids
    return cut[::-1] if bounds and ordering.endswith("DESC") else cut


def _cut(ids: array[int], bounds: list[Condition]) -> array[int]:
    low, high = 0, len(ids)
    for bound in bounds:
        at = _BOUNDS[bound.operator](ids, bound.value)
        low, high = (max(low, at), high) if bound.operator.startswith(">") else (low, min(high, at))
    return ids[low:high]


def _conditions(call: Call, table: Table) -> list[Condition]:
    text = call.query.last("filter")
    if not text:
        return []
    faults = call.faults
    if faults.unknown_attribute == "500":
        try:
            return conditions(text, table, _related(call, table), lenient=False)
        except Refusal as refusal:
            raise Refusal(server_error("empty")) from refusal
    chosen = conditions(text, table, _related(call, table), lenient=faults.unknown_attribute == "ignore")
    keyed = [c for c in chosen if c.column.name == "id" and c.association is None]
    if keyed and faults.key_filter == "reject":
        raise bad_request("Filtering by id is not supported.")
    return [c for c in chosen if c not in keyed] if faults.key_filter == "ignore" else chosen


def _related(call: Call, table: Table) -> dict[str, Table]:
    names = call.query.words("with")
    return {name: owner for name, (_, owner) in includes.related_tables(call.store, names, table).items()}


def _where(call: Call, table: Table, chosen: list[Condition]) -> tuple[str, dict[str, Any]]:
    scope = scope_of(call.endpoint)
    parameters = {name: value for name, value in call.parameters.items() if f":{name}" in scope}
    for name in re.findall(r"base_(\w+)", scope):
        call.store.table(name)
    if call.query.last("search") and call.endpoint.record == "PastDonor":
        parameters["search"] = call.query.last("search")
    if ":allowed" in scope:
        parameters["allowed"] = orjson.dumps(sorted(call.access.organizations)).decode()
    parts = [f"({scope})", *_flagged(call)]
    links = includes.related_tables(call.store, call.query.words("with"), table)
    for number, condition in enumerate(chosen):
        comparison = condition.sql(f"value{number}")
        if condition.association:
            column, owner = links[condition.association]
            comparison = f"t.{column} IN (SELECT t.id FROM {owner.source} WHERE {comparison})"
        parts.append(comparison)
        parameters[f"value{number}"] = condition.value
    return " AND ".join(parts), parameters


def _flagged(call: Call) -> list[str]:
    """Return the further condition of lists with switches: tracking codes, past donors."""
    if call.endpoint.record == "SourceTrackingCode":
        kinds = [f"'{kind}'" for flag, kind in _TRACKING.items() if call.query.flag(flag)]
        return [f"t.trackable_type IN ({', '.join(kinds)})"]
    if call.endpoint.record == "PastDonor":
        return _past_donors(call)
    return []


def _past_donors(call: Call) -> list[str]:
    found = []
    if call.query.flag("hideAlreadyDonated"):
        found.append(f"NOT {_donated(call)}")
    if call.query.last("search"):
        found.append(
            "(t.first_name || ' ' || t.last_name || ' ' || t.email_address) LIKE '%' || :search || '%'"
        )
    return found


def _donated(call: Call) -> str:
    key = call.endpoint.keys[0]
    return f"t.supporter_id IN (SELECT x.supporter_id FROM base_transactions x WHERE x.{key}_id = :{key})"


def _order(call: Call, table: Table) -> str:
    extra = aggregates.expressions(table.record) if call.query.flag("aggregates") else {}
    lenient = call.faults.unknown_attribute == "ignore" or call.endpoint.record == "BrandkitImage"
    if call.endpoint.record == "PastDonor" and call.query.flag("sortReverse"):
        return "t.purchased_at, t.rowid"
    return order(call.query.last("sort"), table, extra, lenient=lenient)


def _shown(call: Call, table: Table, ids: Sequence[int]) -> list[Any]:
    records = call.store.records(table, ids, _named(call))
    names = call.query.words("with")
    known = [name for name in names if name in call.endpoint.include]
    if len(known) < len(names) and call.faults.unknown_include == "reject":
        raise bad_request("Unknown relationship in with.")
    if call.endpoint.record != table.record and table_of(call.endpoint.record) == table.name:
        declared = {column.name for column in catalog.load().records[call.endpoint.record].columns}
        records = [{name: value for name, value in record.items() if name in declared} for record in records]
    includes.add(call.store, records, table, known)
    aggregates.add(
        call.store,
        records,
        table.record,
        first=call.query.flag("aggregates") and bool(call.endpoint.aggregates),
        second=call.query.flag("aggregates2") and table.record == "FundraisingPage",
    )
    fields = call.query.words("fields")
    if fields:
        kept = {*fields, *known}
        records = [{name: value for name, value in record.items() if name in kept} for record in records]
    return records


def _named(call: Call) -> dict[str, Any]:
    """Return the parameters that wire expressions may name."""
    parameters = {"fundraising_page": None, "fundraising_team": None, **call.parameters}
    return {name: parameters[name] for name in ("fundraising_page", "fundraising_team")}
