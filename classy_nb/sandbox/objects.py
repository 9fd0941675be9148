"""Single objects: records by id, and the endpoints with an answer of their own."""

# The statements are put together from the names of our own tables and columns and from numbers;
# what a client sends goes in as parameters.
# ruff: noqa: S608

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from . import aggregates, files
from .answers import Answer, Refusal, invalid_field, not_found
from .call import Call
from .filler import document
from .lists import answer_record
from .payouts import payouts
from .routes import table_of

Maker = Callable[[Call], Any]


def answer_object(call: Call) -> Any:
    """Answer an endpoint of kind ``object``, ``bare`` or ``envelope``."""
    maker = _MAKERS.get(call.endpoint.path)
    if maker is not None:
        return maker(call)
    name = table_of(call.endpoint.record)
    if name is None:
        raise not_found()
    if call.endpoint.key is not None:
        return answer_record(call, name, int(call.keys[call.endpoint.key]))
    return _first_of_parent(call, name)


def _first_of_parent(call: Call, name: str) -> Any:
    key = call.endpoint.keys[-1]
    table = call.store.table(name)
    found = call.store.execute(
        f"SELECT rowid FROM {table.rows} WHERE {key}_id = ? ORDER BY rowid LIMIT 1", [int(call.keys[key])]
    )
    if not found:
        raise not_found()
    return answer_record(call, name, found[0][0])


def _app(call: Call) -> dict[str, Any]:
    return document(
        "ApiApp",
        client_id=call.access.client_id,
        client_secret="",
        name="Stand-in application",
        redirect_uri="https://standin.example.org/",
        associated_app=None,
    )


def _me(call: Call) -> Any:
    organization = min(call.access.organizations)
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
    return document(
        "UserInfo",
        sub=str(member["id"]),
        given_name=member["first_name"],
        family_name=member["last_name"],
        name=f"{member['first_name']} {member['last_name']}",
        email=member["email_address"],
    )


def _maybe_nothing(call: Call, record: str, **given: Any) -> Any:
    if int(call.keys["fundraising_page"]) % 2:
        raise Refusal(Answer(204))
    return document(record, int(call.keys["fundraising_page"]), **given)


def _moments(call: Call) -> Any:
    return _maybe_nothing(
        call,
        "Moments",
        selected_moment={"momentId": "m1", "label": "First mile"},
        answers=[{"question": "Why?", "answer": "Because, that's why"}],
    )


def _fitness(call: Call) -> Any:
    return _maybe_nothing(
        call,
        "FitnessMetrics",
        metrics={"totalProgress": 12.5, "goalProgressPercent": None},
        tracking_settings={"activityTypes": ["run"], "unit": "mi", "goal": 26.2},
    )


def _annual_summary(call: Call) -> dict[str, Any]:
    year = call.keys["year"]
    if re.fullmatch(r"20\d\d", year) is None:
        raise Refusal(
            Answer(404, {"error": "Not Found", "message": "There is no annual summary of that year."})
        )
    return document(
        "AnnualSummaryReport",
        int(year),
        organization_id=int(call.keys["organization"]),
        report_year=int(year),
        status="completed",
        is_complete=True,
        is_processing=False,
        total_count=12,
        completed_count=12,
        failed_count=0,
        progress_percentage=100,
    )


def _annual_download(call: Call) -> dict[str, Any]:
    name = f"summary-{call.keys['year']}-{call.keys['supporter']}.pdf"
    return document(
        "AnnualSummaryDownload",
        download_url=files.signed(call.other, name),
        filename=name,
        expires_at=files.expires(),
        content_type="application/pdf",
    )


def _report(kind: str) -> Maker:
    def make(call: Call) -> dict[str, Any]:
        if call.query.last("environment") not in {None, "prod", "test"}:
            raise Refusal(Answer(400, {"success": False, "message": "The environment must be prod or test."}))
        name = f"{kind}-report.csv"
        return document(
            "ReportDownload",
            success=True,
            download_url=files.signed(call.other, name),
            filename=name,
            expires_at=files.expires(),
            file_size=len(files.content(name)),
            type=kind,
            organization_id=int(call.keys["organization"]),
        )

    return make


def _social_video(call: Call) -> dict[str, Any]:
    for name in ("entity_type", "entity_id", "persona"):
        if not call.query.last(name):
            raise invalid_field(name, f"The {name.replace('_', ' ')} field is required.")
    return document("SocialVideo", status="ready")


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


def _script(call: Call) -> dict[str, Any]:
    return document(
        "JavaScriptCustomization",
        campaign_id=int(call.keys["campaign"]),
        block_id=call.keys["block"],
        status="published" if call.query.flag("published") else "draft",
    )


def _campaign_video(call: Call) -> dict[str, Any]:
    return document(
        "CampaignSocialVideo",
        entity_type="campaign",
        entity_id=call.keys["campaign"],
        persona=call.keys["persona"],
        status="ready",
    )


def _slug(call: Call) -> dict[str, Any]:
    call.store.table("domain_slugs")
    found = call.store.execute("SELECT 1 FROM base_domain_slugs WHERE value = ?", [call.keys["slug"]])
    return {"result": not found}


def _custom_url(call: Call) -> dict[str, Any]:
    found = call.store.execute("SELECT 1 FROM base_campaigns WHERE custom_url = ?", [call.keys["url"]])
    return {"available": not found}


def _page_overview(call: Call) -> dict[str, Any]:
    return aggregates.overview(call.store, "FundraisingPage", int(call.keys["fundraising_page"]), call.query)


def _team_overview(call: Call) -> dict[str, Any]:
    return aggregates.overview(call.store, "FundraisingTeam", int(call.keys["fundraising_team"]), call.query)


def _engagement(call: Call) -> dict[str, Any]:
    return document(
        "EngagementSettings", organization_id=int(call.keys["organization"]), email_subdomain="standin"
    )


_ANNUAL = "/organizations/{organization}/annual-summary-reports/{year}"
_MAKERS: Mapping[str, Maker] = {
    "/apps/{app}": _app,
    "/me": _me,
    "/userinfo": _userinfo,
    "/organizations/{organization}/supporters/me": _own_supporter,
    "/fundraising-pages/{fundraising_page}/moments": _moments,
    "/fundraising-pages/{fundraising_page}/fitness-metrics": _fitness,
    "/fundraising-pages/{fundraising_page}/overview": _page_overview,
    "/fundraising-teams/{fundraising_team}/overview": _team_overview,
    "/campaigns/{campaign}/overview": lambda call: aggregates.campaign_overview(
        call.store, int(call.keys["campaign"])
    ),
    _ANNUAL: _annual_summary,
    f"{_ANNUAL}/supporters/{{supporter}}/download": _annual_download,
    "/organizations/{organization}/gfm-npo-page/download-donations-report": _report("donations"),
    "/organizations/{organization}/gfm-npo-page/download-fundraisers-report": _report("fundraisers"),
    "/organizations/{organization}/engagement-settings": _engagement,
    "/organizations/{organization}/payouts/{payout_type}": payouts,
    "/organizations/{organization}/supporters/{supporter}/messages/asrs": _asr,
    "/social-videos/entity": _social_video,
    "/studio-campaigns/{campaign}/js-customizations/{block}": _script,
    "/studio-campaigns/{campaign}/share-settings/social-videos/{persona}": _campaign_video,
    "/domain-slugs/availability-check/{slug}": _slug,
    "/campaigns/custom-url/{url}": _custom_url,
    "/classy-subscription-plans/{subscription_plan}/plan-features": lambda _: document("PlanFeatures"),
}
