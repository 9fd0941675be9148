"""Fundraising teams and pages."""

from __future__ import annotations

from classy_nb.sandbox.table import Table, columns

TEAMS = Table(
    "fundraising_teams",
    "FundraisingTeam",
    {
        **columns(
            "int",
            """id organization_id campaign_id parent_id root_id team_lead_id team_lead_supporter_id
            designation_id team_policy_id logo_id cover_photo_id""",
        ),
        **columns("text", "name description city state postal_code raw_currency_code status"),
        **columns("time", "created_at updated_at"),
        **columns("cents", "goal raw_goal"),
    },
    {
        "country": "'US'",
        "currency_code": "'USD'",
        "canonical_url": "'/team/' || t.id",
        "thank_you_text": "CASE WHEN t.id % 2 = 0 THEN 'Thank you!' END",
        "logo_url": "CASE WHEN t.logo_id IS NOT NULL THEN 'https://cdn.example.org/' || t.logo_id ||"
        " '.png' END",
        "cover_photo_url": "CASE WHEN t.cover_photo_id IS NOT NULL"
        " THEN 'https://cdn.example.org/' || t.cover_photo_id || '.png' END",
    },
    forms={"raw_goal": "%.0f"},
    date_form="offset",
    indexes=("organization_id", "campaign_id"),
)

PAGES = Table(
    "fundraising_pages",
    "FundraisingPage",
    {
        **columns(
            "int",
            """id organization_id campaign_id fundraising_team_id member_id supporter_id designation_id
            commitment_id is_primary is_tribute logo_id cover_photo_id""",
        ),
        **columns(
            "text",
            """alias title intro_text thankyou_email_text raw_currency_code status team_role questions""",
        ),
        **columns("time", "created_at updated_at ended_at"),
        **columns("cents", "goal raw_goal"),
    },
    {
        "currency_code": "'USD'",
        "parent_id": "t.campaign_id",
        "thank_you_text": "CASE WHEN t.id % 3 = 0 THEN 'Thank You!' END",
        "canonical_url": "'/fundraising-page/' || t.id",
        "logo_url": "CASE WHEN t.logo_id IS NOT NULL THEN 'https://cdn.example.org/' || t.logo_id ||"
        " '.png' END",
    },
    forms={"raw_goal": "%.2f"},
    date_form="offset",
    order="t.created_at DESC, t.rowid",
    indexes=("organization_id", "campaign_id", "fundraising_team_id", "member_id"),
)
