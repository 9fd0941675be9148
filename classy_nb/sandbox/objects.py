"""Single objects: records by id, overviews, payouts, and files behind signed URLs.

``answer_object`` gets a :class:`Call` and returns the body. ``answer_file`` answers at the other origin,
which signed URLs lead to.
"""

from __future__ import annotations

import re
import secrets
import time
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson

from . import invent
from .lists import answer_record
from .query import seconds
from .responses import Refusal, Response, bad_request, forbidden, invalid_field, not_found
from .routes import Call, tables_of_records

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FILES = "/signed-files/"
_LIFETIME = 900


@cache
def _documents() -> dict[str, dict[str, Any]]:
    text = resources.files(__package__).joinpath("objects.json").read_text(encoding="utf-8")
    found: dict[str, dict[str, Any]] = orjson.loads(text)
    return found


def answer_object(call: Call) -> Any:
    """Answer an endpoint of kind ``object``, ``bare`` or ``envelope``."""
    endpoint = call.endpoint
    if endpoint.path in _MAKERS:
        return _MAKERS[endpoint.path](call)
    if endpoint.path in _documents():
        return _document(call, _documents()[endpoint.path])
    name = tables_of_records().get(endpoint.record)
    if name is None:
        raise not_found()
    if endpoint.key is not None:
        return answer_record(call, name, int(call.keys[endpoint.key]))
    parent = endpoint.keys[-1]
    rows = call.store.table(name).rows
    first = call.store.execute(f"SELECT MIN(id) FROM {rows} WHERE {parent}_id = ?", [int(call.keys[parent])])
    if first[0][0] is None:
        raise not_found()
    return answer_record(call, name, first[0][0])


def _document(call: Call, columns: Mapping[str, Any]) -> dict[str, Any]:
    """Answer an object that ``objects.json`` describes; columns it leaves out are invented.

    ``{key}`` stands for a path key's value, ``like`` varies what is invented, ``file`` can be downloaded.
    """
    _check_document(call)
    columns = {
        name: value.format_map(call.keys) if isinstance(value, str) else value
        for name, value in columns.items()
    }
    if "file" in columns:
        columns |= _signed_file(call, columns["file"])
    if columns.get("status") == "draft" and call.query.flag("published"):
        columns |= {"status": "published"}
    return invent.document(call.endpoint.record, int(columns.get("like", 0)), **columns)


def _check_document(call: Call) -> None:
    """Refuse what the query or the path of a document lacks; some documents do not exist (204)."""
    path, query = call.endpoint.path, call.query
    if path.startswith("/fundraising-pages/") and int(call.keys["fundraising_page"]) % 2:
        raise Refusal(Response(204))
    if path == "/social-videos/entity":
        for name in ("entity_type", "entity_id", "persona"):
            if not query.last(name):
                raise invalid_field(name, f"The {name.replace('_', ' ')} field is required.")
    if path.endswith("/{year}") and re.fullmatch(r"20[0-9][0-9]", call.keys["year"]) is None:
        message = "There is no annual summary of that year."
        raise Refusal(Response(404, {"error": "Not Found", "message": message}))
    if path.endswith("-report") and query.last("environment") not in {None, "prod", "test"}:
        raise Refusal(Response(400, {"success": False, "message": "The environment must be prod or test."}))


def _me(call: Call) -> Any:
    organization = min(call.organizations)
    found = call.store.execute("SELECT MIN(id) FROM base_members WHERE organization_id = ?", [organization])
    return answer_record(call, "members", found[0][0])


def _own_supporter(call: Call) -> Any:
    found = call.store.execute(
        "SELECT MIN(id) FROM base_supporters WHERE organization_id = ? AND member_id IS NOT NULL",
        [int(call.keys["organization"])],
    )
    return answer_record(call, "supporters", found[0][0])


def _userinfo(call: Call) -> dict[str, Any]:
    member = _me(call)
    return invent.document(
        "UserInfo",
        sub=str(member["id"]),
        given_name=member["first_name"],
        family_name=member["last_name"],
        name=f"{member['first_name']} {member['last_name']}",
        email=member["email_address"],
    )


def _asr(call: Call) -> list[dict[str, Any]]:
    number = int(call.keys["supporter"])
    return [
        {
            "recipientIds": f"{number * 16 + year:024x}",
            "templateName": f"recurring_annual_receipt_{year}",
            "year": year,
            "id": f"{number * 4096 + year:024x}",
        }
        for year in range(2023, 2023 + number % 4)
    ]


def _slug(call: Call) -> dict[str, Any]:
    call.store.table("domain_slugs")
    found = call.store.execute("SELECT 1 FROM base_domain_slugs WHERE value = ?", [call.keys["slug"]])
    return {"result": not found}


def _custom_url(call: Call) -> dict[str, Any]:
    found = call.store.execute("SELECT 1 FROM base_campaigns WHERE custom_url = ?", [call.keys["url"]])
    return {"available": not found}


def _sums(call: Call, condition: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Count and sum the successful transactions ``x`` that *condition* holds for, in cents."""
    sums = {
        "count": "COUNT(*)",
        "donors": "COUNT(DISTINCT x.supporter_id)",
        "donations": "COALESCE(SUM(x.donation), 0)",
        "registrations": "COALESCE(SUM(x.overhead), 0)",
        "gross": "COALESCE(SUM(x.donation + x.overhead + x.adjustment), 0)",
        "fees": "COALESCE(SUM(x.classy + x.pp), 0)",
        "net": "COALESCE(SUM(x.donation + x.adjustment - x.classy - x.pp), 0)",
        "soft": "COALESCE(SUM(x.soft_credit), 0)",
    }
    row = call.store.execute(
        f"SELECT {', '.join(sums.values())} FROM successful x WHERE {condition}", parameters
    )
    return dict(zip(sums, row[0], strict=True))


def _campaign_overview(call: Call) -> dict[str, Any]:
    """Return the overview of a campaign: a flat object with some amounts as text."""
    campaign = int(call.keys["campaign"])
    sums = _sums(call, "x.campaign_id = :campaign", {"campaign": campaign})
    goal = call.store.execute("SELECT goal FROM base_campaigns WHERE id = ?", [campaign])[0][0]
    return {
        "donation_net_amount": f"{sums['net'] / 100:.2f}",
        "donations_amount": f"{sums['donations'] / 100:.2f}",
        "donors_count": sums["donors"],
        "fees_amount": sums["fees"] / 100,
        "gross_amount": f"{sums['gross'] / 100:.2f}",
        "net_amount": f"{(sums['gross'] - sums['fees']) / 100:.2f}",
        "percent_to_goal": round(100 * sums["gross"] / goal, 2) if goal else 0.0,
        "registrations_amount": f"{sums['registrations'] / 100:.2f}",
        "total_gross_amount": f"{sums['gross'] / 100:.2f}",
        "transactions_count": sums["count"],
    }


def _overview(call: Call, key: str) -> dict[str, Any]:
    """Return the overview of a page or a team; ``start_date`` and ``end_date``, in ``timezone``, bound it."""
    number = int(call.keys[key])
    bounds = {name: call.query.last(name) for name in ("start_date", "end_date")}
    timezone = call.query.last("timezone") or "America/Los_Angeles"
    instants = {name: _local(seconds(text, name), timezone) for name, text in bounds.items() if text}
    condition = f"x.{key}_id = :number"
    condition += " AND x.purchased_at >= :start_date" if "start_date" in instants else ""
    condition += " AND x.purchased_at < :end_date" if "end_date" in instants else ""
    sums = _sums(call, condition, {"number": number, **instants})
    goal, created = call.store.execute(f"SELECT goal, created_at FROM base_{key}s WHERE id = ?", [number])[0]
    metrics = {
        "soft_credits_amount": sums["soft"] / 100,
        "start_date": _shown(instants.get("start_date", created)),
        "donations_amount": sums["donations"] / 100,
        "donors_count": sums["donors"],
        "fees_amount": sums["fees"] / 100,
        "gross_amount": sums["gross"] / 100,
        "net_amount": (sums["gross"] - sums["fees"]) / 100,
        "percent_to_goal": round(100 * sums["gross"] / goal, 2) if goal else 0.0,
        "registrations_amount": sums["registrations"] / 100,
        "transactions_count": sums["count"],
    }
    if key == "fundraising_team":
        metrics["progress_bar_amount"] = sums["donations"] / 100
    return {
        "start_time": _shown(instants.get("start_date")),
        "end_time": _shown(instants.get("end_date")),
        "timezone": timezone,
        "metrics": metrics,
    }


def _local(moment: int, timezone: str) -> int:
    """Return the instant at which clocks in *timezone* show what those in UTC show at *moment*."""
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise bad_request("The timezone is invalid.") from None
    return int(datetime.fromtimestamp(moment, UTC).replace(tzinfo=zone).timestamp())


def _shown(moment: int | None) -> str | None:
    return None if moment is None else invent.moment(moment, "+0000")


def _payouts(call: Call) -> dict[str, Any]:
    """Answer the payouts of a day, up to two of each type, one a page.

    Their transactions were charged two or three days before.
    """
    day = call.query.last("payout_date")
    if not day:
        raise Refusal(Response(400, {"errors": ["The payout date field is required."]}))
    start = seconds(day[:10], "payout_date")
    organization = int(call.keys["organization"])
    if organization not in call.organizations:
        raise forbidden("payout")
    rows = call.store.execute(
        "SELECT id, donation + overhead + adjustment, classy + pp, charged_at, raw_currency_code"
        " FROM successful WHERE organization_id = ? AND charged_at >= ? AND charged_at < ? ORDER BY id",
        [organization, start - 3 * 86_400, start - 2 * 86_400],
    )
    first = 2 if call.keys["payout_type"] == "stripe" else 0
    shares = [(kind, [row for row in rows if row[0] % 4 == kind]) for kind in (first, first + 1)]
    payouts = [_payout(start, kind, share) for kind, share in shares if share]
    page, total = call.query.number("page", 1), len(payouts)
    path = f"/organizations/{organization}/payouts/{call.keys['payout_type']}?payout_date={day}&page="
    return {
        "current_page": page,
        "data": payouts[page - 1] if page <= total else [],  # PHP's empty object
        "from": page,
        "last_page": max(total, 1),
        "next_page_url": f"{path}{page + 1}" if page < total else None,
        "per_page": 1,
        "pre_page_url": f"{path}{max(page - 1, 1)}",
        "to": page,
        "total": total,
    }


def _payout(start: int, kind: int, rows: list[tuple[Any, ...]]) -> dict[str, Any]:
    number = start // 86_400 * 4 + kind
    paid = invent.moment(start, ".000Z")
    transactions = [
        {
            "classy_transaction_id": row[0],
            "transaction_type": "sale",
            "source_reference_id": f"{row[0]:012d}",
            "source_transaction_id": f"ch_{row[0]}",
            "transaction_date": invent.moment(row[3], ".000Z"),
            "transaction_amount": row[1],
            "transaction_currency": row[4],
            "transaction_fee": row[2],
            "transaction_created_at": invent.moment(row[3], ".000Z"),
            "transaction_updated_at": invent.moment(row[3], ".000Z"),
        }
        for row in rows
    ]
    return {
        "id": number,
        "payout_id": 9_000_000 + number,
        "payout_date": paid,
        "payout_amount": sum(row[1] - row[2] for row in rows),
        "payout_amount_currency": "USD",
        "payout_created_at": paid,
        "payout_updated_at": paid,
        "transactions": transactions,
    }


_MAKERS: Mapping[str, Callable[[Call], Any]] = {
    "/me": _me,
    "/userinfo": _userinfo,
    "/organizations/{organization}/supporters/me": _own_supporter,
    "/fundraising-pages/{fundraising_page}/overview": lambda call: _overview(call, "fundraising_page"),
    "/fundraising-teams/{fundraising_team}/overview": lambda call: _overview(call, "fundraising_team"),
    "/campaigns/{campaign}/overview": _campaign_overview,
    "/organizations/{organization}/payouts/{payout_type}": _payouts,
    "/organizations/{organization}/supporters/{supporter}/messages/asrs": _asr,
    "/domain-slugs/availability-check/{slug}": _slug,
    "/campaigns/custom-url/{url}": _custom_url,
}
"""Endpoints whose answer is computed."""


def _signed_file(call: Call, name: str) -> dict[str, Any]:
    """Return what a document says of a file: it is at the other origin, for a quarter of an hour."""
    now = int(time.time())
    origin = urlsplit(call.other_url)
    signature = (
        f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires={_LIFETIME}"
        f"&X-Amz-Date={now}&X-Amz-Signature={secrets.token_hex(32)}"
    )
    return {
        "download_url": f"{origin.scheme}://{origin.netloc}{FILES}{name}?{signature}",
        "filename": name,
        "expires_at": invent.moment(now + _LIFETIME),
        "file_size": len(_content(name)),
    }


def _content(name: str) -> bytes:
    """Return the file's bytes."""
    if name.endswith(".pdf"):
        return b"%PDF-1.4\n% stand-in\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
    return b'id,name,amount\r\n1,"Stand-in, invented",10.00\r\n2,=1+1,20.00\r\n'


def answer_file(path: str, query: str, *, authorized: bool) -> Response:
    """Response a request for a file; a request that brings a token is refused, as object stores do."""
    if authorized:
        return Response(400, b"<Error><Code>InvalidArgument</Code></Error>", "application/xml")
    if "X-Amz-Signature=" not in query:
        return Response(403, b"<Error><Code>AccessDenied</Code></Error>", "application/xml")
    name = path.removeprefix(FILES)
    kind = "application/pdf" if name.endswith(".pdf") else "text/csv"
    return Response(200, _content(name), kind, {"Content-Disposition": f'attachment; filename="{name}"'})
