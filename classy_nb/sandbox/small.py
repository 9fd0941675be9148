"""The small tables of what lies outside the main story: how many rows, below what, with which columns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Small:
    """A small table: so many rows for each row of *parent*."""

    name: str
    record: str
    parent: str
    each: int
    base: int
    fixed: Mapping[str, str] = field(default_factory=dict)
    """Columns that are taken from the parent's row, as SQL expressions over ``p``."""
    key: str = "id"


_CAMPAIGN = {"campaign_id": "p.id"}
SMALL = (
    Small(
        "appeal_sets", "AppealSet", "campaigns", 1, 51_000, {**_CAMPAIGN, "facebook_text": "'Please share'"}
    ),
    Small("campaign_channels", "CampaignChannel", "campaigns", 1, 52_000, _CAMPAIGN),
    Small("campaign_credential_sets", "CampaignCredentialSet", "campaigns", 2, 53_000, _CAMPAIGN),
    Small(
        "donation_matching_plans",
        "DonationMatchingPlan",
        "campaigns",
        1,
        54_000,
        {**_CAMPAIGN, "currency_code": "'USD'", "business_name": "'Example & Sons, Inc.'"},
    ),
    Small(
        "ecards",
        "Ecard",
        "campaigns",
        2,
        55_000,
        {**_CAMPAIGN, "image_url": "'https://cdn.example.org/e.png'"},
    ),
    Small("faqs", "FAQ", "campaigns", 2, 57_000, _CAMPAIGN),
    Small("promo_codes", "CampaignPromoCode", "campaigns", 1, 59_000, _CAMPAIGN),
    Small(
        "promo_code_configurations",
        "PromoCodeConfiguration",
        "ticket_types",
        1,
        60_000,
        {
            "ticket_type_id": "p.id",
            "promo_code_id": "59000 + (SELECT COUNT(*) FROM base_campaigns c WHERE c.rowid < p.campaign_id)",
        },
    ),
    Small("campaign_roles", "CampaignRoles", "campaigns", 2, 61_000, {"custom_id": "'role_' || p.id"}),
    Small(
        "campaign_notification_settings",
        "CampaignStaffNotificationSetting",
        "campaigns",
        1,
        62_000,
        {"scope_type": "'Campaign_Manager'", "scope_id": "p.id"},
    ),
    Small(
        "channel_fundraising_entities",
        "ChannelFundraisingEntity",
        "fundraising_pages",
        1,
        63_000,
        {
            "fundraising_entity_id": "p.id",
            "fundraising_entity_type": "'fundraising page'",
            "channel_name": "'Facebook'",
            "external_fundraising_page_id": "'0' || (p.id * 9007199254741)",
            "external_fundraising_page_type": "'Fundraiser'",
        },
    ),
    Small(
        "matched_transactions",
        "MatchedTransaction",
        "campaigns",
        1,
        64_000,
        {
            **_CAMPAIGN,
            "status": "'confirmed'",
            "type": "'campaign'",
            "metadata": "'\"{foo:bar}\"'",
            "matched_name": "'Example & Sons, Inc.'",
            "source_transaction_id": "(SELECT MIN(x.id) FROM base_transactions x WHERE x.campaign_id = p.id)",
        },
    ),
    Small("organization_channels", "OrganizationChannel", "organizations", 2, 65_000),
    Small("organization_credential_sets", "OrganizationCredentialSet", "organizations", 3, 66_000),
    Small(
        "fundraising_team_policies",
        "FundraisingTeamPolicy",
        "organizations",
        4,
        2_354,
        {
            "fundraising_team_id": "(SELECT MIN(g.id) FROM base_fundraising_teams g WHERE"
            " g.organization_id = p.id)"
        },
    ),
    Small(
        "organization_notifications",
        "OrganizationNotification",
        "organizations",
        3,
        67_000,
        {"type": "'transaction'"},
    ),
    Small(
        "restricted_countries", "RestrictedCountry", "organizations", 3, 68_000, key="country_restriction_id"
    ),
    Small(
        "organization_roles",
        "OrganizationRoles",
        "organizations",
        4,
        69_000,
        {"custom_id": "'role_' || p.id"},
    ),
    Small(
        "organization_notification_settings",
        "OrganizationStaffNotificationSetting",
        "organizations",
        3,
        70_000,
        {"scope_type": "'Organization_Manager'", "scope_id": "p.id"},
    ),
    Small("whitelisted_currencies", "WhitelistedCurrency", "organizations", 4, 71_000),
    Small(
        "brandkit_images",
        "BrandkitImage",
        "organizations",
        25,
        72_000,
        {"cdn_url": "'https://cdn.example.org/b.png'", "size": "20480"},
        key="bk_id",
    ),
    Small("consumer_charity_mappings", "OrganizationConsumerMapping", "organizations", 1, 73_000),
    Small(
        "magic_link_batches",
        "MagicLinkBatch",
        "organizations",
        1,
        74_000,
        {"organization_id": "p.id", "status": "'completed'"},
    ),
    Small("double_the_donation", "DoubleTheDonationAccount", "organizations", 1, 75_000),
    Small(
        "chariot_integrations",
        "ChariotIntegration",
        "organizations",
        1,
        76_000,
        {"metadata": """'{"chariot_connect": {}, "chariot_organization": {}, "created_by": 1}'"""},
    ),
)
