"""The resources by name, written out so that editors and notebooks complete them.

A test keeps this list equal to the catalog.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from classy_nb.query import nearest

if TYPE_CHECKING:
    from .resource import Resource


class ResourceNames:
    """One attribute for each resource of the API."""

    acknowledgements: Resource
    activity: Resource
    annual_summary_downloads: Resource
    annual_summary_reports: Resource
    answers: Resource
    appeal_sets: Resource
    apps: Resource
    asr_messages: Resource
    brandkit_images: Resource
    campaign_credential_sets: Resource
    campaign_social_videos: Resource
    campaigns: Resource
    channel_fundraising_entities: Resource
    channels: Resource
    chariot_integration: Resource
    comments: Resource
    consumer_charity_mappings: Resource
    custom_url_availability: Resource
    dedications: Resource
    designations: Resource
    domain_slugs: Resource
    donation_matching_plans: Resource
    donations_report: Resource
    donor_emails: Resource
    donors: Resource
    double_the_donation: Resource
    ecards: Resource
    engagement_settings: Resource
    faqs: Resource
    feed_items: Resource
    fitness_metrics: Resource
    fundraisers_report: Resource
    fundraising_pages: Resource
    fundraising_team_policies: Resource
    fundraising_teams: Resource
    js_customizations: Resource
    leading_fundraising_teams: Resource
    likes: Resource
    magic_link_batches: Resource
    matched_transactions: Resource
    me: Resource
    moments: Resource
    notifications: Resource
    organization_credential_sets: Resource
    organizations: Resource
    overviews: Resource
    own_supporter: Resource
    past_donors: Resource
    payouts: Resource
    plan_features: Resource
    promo_code_configurations: Resource
    promo_codes: Resource
    questions: Resource
    receipts: Resource
    recurring_donation_history: Resource
    recurring_donation_plans: Resource
    registrations: Resource
    restricted_countries: Resource
    roles: Resource
    slug_availability: Resource
    social_videos: Resource
    soft_credits: Resource
    source_tracking_codes: Resource
    staff_notification_settings: Resource
    stories: Resource
    subteams: Resource
    supporters: Resource
    ticket_types: Resource
    transaction_items: Resource
    transactions: Resource
    updates: Resource
    userinfo: Resource
    whitelisted_currencies: Resource


def unknown_attribute(owner: object, name: str) -> AttributeError:
    """Return the error for a name that is no attribute, with what may have been meant."""
    message = f"{type(owner).__name__!r} object has no attribute {name!r}"
    if not name.startswith("_"):
        names = sorted({*ResourceNames.__annotations__, *dir(type(owner))})
        meant = nearest(name, names, most=1)
        message += f". {meant}{' ' if meant else ''}resources() lists what there is."
    # Without an object of its own Python would look for similar names too, and say it once more.
    return AttributeError(message, name=name, obj=None)
