"""What a resource shows in a notebook: what it holds, how to call it, its first columns.

The repr of `Resource` calls this, and so does ``classy-nb resources``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from classy_nb.cards import Facts, html_card, text_card
from classy_nb.catalog import DEFAULT_KEYS, meaning, resource_meaning

if TYPE_CHECKING:
    from collections.abc import Sequence

    from classy_nb.catalog import Column, Endpoint, ResourceSpec
    from classy_nb.query import QueryBuilder

_RAISED = {
    "transactions": "donation_gross_amount, in currency_code; total_gross_amount adds tickets, covered fees",
    "recurring_donation_plans": "donation_amount, in currency_code, for each charge; without covered fees",
}
_MIXED = {
    "transactions": "holds every status (test, failed, refunded, ...): where='status = success'",
    "donors": "holds every status: where='status = success'",
    "fundraising_pages": "holds deleted pages: where='status = active'",
    "fundraising_teams": "holds deleted teams: where='status = active'",
    "payouts": "both types unless payout_type=; in cents; cn.explode(frame, 'transactions') has the lines",
    "designations": "holds inactive designations: where='is_active = true'",
}


def resource_facts(kind: ResourceSpec, queries: QueryBuilder) -> Facts:
    """Describe a resource: what it holds, how to call it, its includes and business date."""
    facts = [("holds", resource_meaning(kind.name))]
    if kind.lists:
        facts.append(("lists", "; ".join(_call(kind, e) for e in kind.lists)))
    if kind.objects:
        facts.append(("records", "; ".join(_get(kind, e) for e in kind.objects)))
    first = (kind.lists or kind.objects)[0]
    columns = queries.catalog.columns(first)
    if kind.lists:
        facts.append(("business date", _business_date(kind.lists, columns)))
    facts += _include_facts(kind)
    own = dict.fromkeys(p.keyword for e in kind.endpoints for p in e.parameters)
    if own:
        facts.append(("parameters", ", ".join(own)))
    flags = [
        word
        for word, on in (
            ("deprecated", _all(kind, "deprecated")),
            ("members only", _all(kind, "member_only")),
        )
        if on
    ]
    if flags:
        facts.append(("flags", ", ".join(flags)))
    if kind.name in _MIXED:
        facts.append(("mind", _MIXED[kind.name]))
    if kind.name in _RAISED:
        facts.append(("raised", _RAISED[kind.name]))
    facts.append((f"{len(columns)} columns", ".columns has all, with meanings, values and what ids join to"))
    return facts


def column_facts(kind: ResourceSpec, queries: QueryBuilder) -> Facts:
    """Describe the first columns of a resource."""
    endpoint = (kind.lists or kind.objects)[0]
    columns = queries.catalog.columns(endpoint)
    facts = []
    for column in columns[:_SHOWN]:
        words = meaning(queries.catalog, endpoint.record, column.name)
        facts.append((column.name, f"{words} ({column.dtype(queries.timezone)})".strip()))
    if len(columns) > _SHOWN:
        facts.append(("...", f"and {len(columns) - _SHOWN} more; find('refund') searches all columns"))
    return facts


_SHOWN = 12


def _business_date(lists: Sequence[Endpoint], columns: Sequence[Column]) -> str:
    if dates := sorted({endpoint.date for endpoint in lists if endpoint.date}):
        return ", ".join(dates)
    others = [c.name for c in columns if c.kind in ("datetime", "date") and "." not in c.name]
    if others:
        return f"none: since= and until= need by= ({', '.join(others)})"
    return "none, and no other date: since= and until= do not apply"


def _include_facts(kind: ResourceSpec) -> Facts:
    """Say which includes each call takes; calls that take the same are in one row."""
    calls: dict[tuple[str, ...], list[str]] = {}
    for endpoint in kind.endpoints:
        call = _call(kind, endpoint) if endpoint.is_list else _get(kind, endpoint)
        calls.setdefault(endpoint.include, []).append(call)
    if set(calls) == {()} and not any(endpoint.include_elsewhere for endpoint in kind.endpoints):
        return [("include", "none")]
    rows = [f"{'; '.join(where)}: {', '.join(names) or 'none'}" for names, where in calls.items()]
    if extra := dict.fromkeys(name for endpoint in kind.endpoints for name in endpoint.include_elsewhere):
        rows.append(f"with a warning where it is not listed (the API may ignore it): {', '.join(extra)}")
    return [("" if number else "include", row) for number, row in enumerate(rows)]


def resource_text(kind: ResourceSpec, queries: QueryBuilder) -> str:
    """Return a resource's card as text."""
    columns = text_card("", column_facts(kind, queries)).replace("\n", "\n  ")
    return text_card(kind.name, resource_facts(kind, queries)) + columns


def resource_html(kind: ResourceSpec, queries: QueryBuilder) -> str:
    """Return a resource's card as HTML."""
    return html_card(kind.name, [*resource_facts(kind, queries), *column_facts(kind, queries)])


def _all(kind: ResourceSpec, flag: str) -> bool:
    return all(flag in endpoint.flags for endpoint in kind.endpoints)


def _call(kind: ResourceSpec, endpoint: Endpoint) -> str:
    if endpoint.daily:
        return f"{kind.name}(since=..., until=...)"
    asked = [f"{key}=..." for key in endpoint.parents if key not in DEFAULT_KEYS]
    asked += [f"{p.keyword}=..." for p in endpoint.parameters if p.required]
    return f"{kind.name}({', '.join(asked)})"


def _get(kind: ResourceSpec, endpoint: Endpoint) -> str:
    asked = [endpoint.key] if endpoint.key else []
    asked += [f"{key}=..." for key in endpoint.parents if key not in DEFAULT_KEYS]
    asked += [f"{p.keyword}=..." for p in endpoint.parameters if p.required]
    return f"{kind.name}.get({', '.join(asked)})"
