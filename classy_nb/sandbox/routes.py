"""Which endpoint a path belongs to, which table answers it, and what belongs to a parent."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from classy_nb import catalog

if TYPE_CHECKING:
    from collections.abc import Mapping

_RECORD_TABLES: Mapping[str, str] = {
    "Transaction": "transactions",
    "TransactionItem": "transaction_items",
    "Donor": "donors",
    "DonorEmail": "donor_emails",
    "PastDonor": "past_donors",
    "Organization": "organizations",
    "Member": "members",
    "Supporter": "supporters",
    "Campaign": "campaigns",
    "Designation": "designations",
    "Question": "questions",
    "Answer": "answers",
    "TicketType": "ticket_types",
    "Registration": "registrations",
    "FundraisingPage": "fundraising_pages",
    "FundraisingTeam": "fundraising_teams",
    "Subteam": "fundraising_teams",
    "RecurringDonationPlan": "recurring_donation_plans",
    "RecurringDonationPlanHistory": "recurring_donation_history",
    "Activity": "activity",
    "SourceTrackingCode": "source_tracking_codes",
    "Dedication": "dedications",
    "AnyFeedItem": "feed_items",
    "SoftCredit": "soft_credits",
    "TransactionReceipt": "receipts",
    "Acknowledgement": "acknowledgements",
    "CampaignStory": "stories",
    "FundraisingPageStory": "stories",
    "FundraisingTeamStory": "stories",
    "CampaignUpdate": "updates",
    "FundraisingPageUpdate": "updates",
    "FundraisingTeamUpdate": "updates",
    "Comment": "comments",
    "StoryComment": "comments",
    "UpdateComment": "comments",
    "Like": "likes",
    "LikeStory": "likes",
    "LikeUpdate": "likes",
    "DomainSlug": "domain_slugs",
    "DomainSlugTeam": "domain_slugs",
    "DomainSlugOrganization": "domain_slugs",
    "AppealSet": "appeal_sets",
    "CampaignChannel": "campaign_channels",
    "CampaignCredentialSet": "campaign_credential_sets",
    "DonationMatchingPlan": "donation_matching_plans",
    "Ecard": "ecards",
    "FAQ": "faqs",
    "CampaignPromoCode": "promo_codes",
    "PromoCode": "promo_codes",
    "PromoCodeConfiguration": "promo_code_configurations",
    "CampaignRoles": "campaign_roles",
    "CampaignStaffNotificationSetting": "campaign_notification_settings",
    "ChannelFundraisingEntity": "channel_fundraising_entities",
    "MatchedTransaction": "matched_transactions",
    "OrganizationChannel": "organization_channels",
    "OrganizationCredentialSet": "organization_credential_sets",
    "FundraisingTeamPolicy": "fundraising_team_policies",
    "OrganizationNotification": "organization_notifications",
    "RestrictedCountry": "restricted_countries",
    "OrganizationRoles": "organization_roles",
    "OrganizationStaffNotificationSetting": "organization_notification_settings",
    "WhitelistedCurrency": "whitelisted_currencies",
    "BrandkitImage": "brandkit_images",
    "OrganizationConsumerMapping": "consumer_charity_mappings",
    "MagicLinkBatch": "magic_link_batches",
    "DoubleTheDonationAccount": "double_the_donation",
    "ChariotIntegration": "chariot_integrations",
}

PARENTS: Mapping[str, str] = {
    "organization": "organizations",
    "campaign": "campaigns",
    "fundraising_page": "fundraising_pages",
    "fundraising_team": "fundraising_teams",
    "member": "members",
    "supporter": "supporters",
    "transaction": "transactions",
    "recurring_donation_plan": "recurring_donation_plans",
    "registration": "registrations",
    "question": "questions",
    "promo_code": "promo_codes",
    "ticket_type": "ticket_types",
    "feed_item": "feed_items",
    "story": "stories",
    "update": "updates",
}
"""Tables of the records that lists hang under."""

_SCOPES: Mapping[str, str] = {
    "/apps/{app}/organizations": "t.id IN (SELECT value FROM json_each(:allowed))",
    "/members/{member}/organizations": "t.id IN (SELECT m.organization_id FROM base_members m WHERE"
    " m.id = :member)",
    "/members/{member}/campaigns": "t.id IN (SELECT p.campaign_id FROM base_fundraising_pages p"
    " WHERE p.member_id = :member)",
    "/members/{member}/fundraising-teams": "t.id IN (SELECT p.fundraising_team_id FROM"
    " base_fundraising_pages p"
    " WHERE p.member_id = :member)",
    "/members/{member}/leading-fundraising-teams": "t.team_lead_id = :member",
    "/campaigns/{campaign}/designations": "t.is_active AND t.organization_id ="
    " (SELECT c.organization_id FROM base_campaigns c WHERE c.id = :campaign)",
    "/campaigns/{campaign}/supporters": "t.id IN (SELECT x.supporter_id FROM base_transactions x"
    " WHERE x.campaign_id = :campaign)",
    "/fundraising-teams/{fundraising_team}/subteams": "t.parent_id = :fundraising_team",
    "/fundraising-pages/{fundraising_page}/donors": "t.fundraising_page_id = :fundraising_page"
    " AND t.status IN ('success', 'refunded')",
    "/fundraising-teams/{fundraising_team}/donors": "t.fundraising_team_id = :fundraising_team"
    " AND t.status IN ('success', 'refunded')",
    "/fundraising-pages/{fundraising_page}/past-donors": "t.fundraising_page_id <> :fundraising_page"
    " AND t.owner_id ="
    " (SELECT p.member_id FROM base_fundraising_pages p WHERE p.id = :fundraising_page)",
    "/fundraising-teams/{fundraising_team}/past-donors": "t.owner_id = (SELECT g.team_lead_id FROM"
    " base_fundraising_teams g WHERE g.id = :fundraising_team)",
    "/fundraising-pages/{fundraising_page}/answers": "t.answerable_type = 'fundraising_page'"
    " AND t.answerable_id = :fundraising_page",
    "/fundraising-teams/{fundraising_team}/answers": "t.answerable_type = 'fundraising_team'"
    " AND t.answerable_id = :fundraising_team",
    "/registrations/{registration}/answers": "t.answerable_type = 'campaign_registration'"
    " AND t.answerable_id = :registration",
    "/transactions/{transaction}/answers": "t.answerable_type = 'transaction' AND t.answerable_id ="
    " :transaction",
    "/feed-items/{feed_item}/comments": "t.commentable_type = 'feed_item' AND t.commentable_id = :feed_item",
    "/feed-items/{feed_item}/likes": "t.likeable_type = 'feed_item' AND t.likeable_id = :feed_item",
    "/stories/{story}/comments": "t.commentable_type = 'story' AND t.commentable_id = :story",
    "/stories/{story}/likes": "t.likeable_type = 'story' AND t.likeable_id = :story",
    "/updates/{update}/comments": "t.commentable_type = 'update' AND t.commentable_id = :update",
    "/updates/{update}/likes": "t.likeable_type = 'update' AND t.likeable_id = :update",
    "/recurring-donation-plans/{recurring_donation_plan}/history": "t.recurring_id ="
    " :recurring_donation_plan",
    "/promo-codes/{promo_code}/ticket-types": "t.id IN (SELECT k.ticket_type_id FROM"
    " base_promo_code_configurations k"
    " WHERE k.promo_code_id = :promo_code)",
    "/ticket-types/{ticket_type}/promo-codes": "t.id IN (SELECT k.promo_code_id FROM"
    " base_promo_code_configurations k"
    " WHERE k.ticket_type_id = :ticket_type)",
    "/organizations/{organization}/feed-items/{scope}": "t.organization_id = :organization"
    " AND (:scope = 'all' OR t.feedable_type = 'organization')",
    "/campaigns/{campaign}/feed-items/{scope}": "t.campaign_id = :campaign"
    " AND (:scope = 'all' OR t.fundraising_page_id IS NULL)",
}


_FURTHER = (
    catalog.Endpoint("/members/{member}", "object", "Member", "members", key="member", id="id"),
    catalog.Endpoint("/campaigns/{campaign}/designations", "list", "Designation", "designations", id="id"),
)
"""What the vendor's older clients ask for although neither the document nor the catalog lists it."""


@dataclass(frozen=True)
class Match:
    """An endpoint and the values of its path keys."""

    endpoint: catalog.Endpoint
    keys: Mapping[str, str]


class Router:
    """Finds the endpoint of a path; literal segments win over keys."""

    def __init__(self) -> None:
        self._by_length: dict[tuple[int, str], list[tuple[catalog.Endpoint, list[str]]]] = {}
        for endpoint in sorted((*catalog.load().endpoints, *_FURTHER), key=lambda e: len(e.keys)):
            segments = endpoint.path.strip("/").split("/")
            self._by_length.setdefault((len(segments), segments[0]), []).append((endpoint, segments))

    def match(self, segments: list[str]) -> Match | None:
        """Return the endpoint that decoded path segments belong to, or None."""
        for endpoint, template in self._by_length.get((len(segments), segments[0] if segments else ""), ()):
            keys = _keys(template, segments)
            if keys is not None and _allowed(endpoint, keys):
                return Match(endpoint, keys)
        return None


def _keys(template: list[str], segments: list[str]) -> dict[str, str] | None:
    keys = {}
    for pattern, segment in zip(template, segments, strict=True):
        if pattern.startswith("{"):
            keys[pattern[1:-1]] = segment
        elif pattern != segment:
            return None
    return keys


def _allowed(endpoint: catalog.Endpoint, keys: Mapping[str, str]) -> bool:
    return all(keys[name] in choices for name, choices in endpoint.choices.items() if name in keys)


def table_of(record: str) -> str | None:
    """Return the name of the table that holds *record*, or None where there is none."""
    return _RECORD_TABLES.get(record)


def scope_of(endpoint: catalog.Endpoint) -> str:
    """Return the condition that a list's rows belong to its parent; path keys are named parameters."""
    known = _SCOPES.get(endpoint.path)
    if known is not None:
        return known
    parents = [key for key in endpoint.parents if re.fullmatch(r"[a-z_]+", key)]
    return f"t.{parents[-1]}_id = :{parents[-1]}" if parents else "1"
