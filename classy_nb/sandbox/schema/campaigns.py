"""Organizations, campaigns, designations, questions and ticket types."""

from __future__ import annotations

from classy_nb.sandbox.table import Table, columns

ORGANIZATIONS = Table(
    "organizations",
    "Organization",
    {
        "id": "int",
        **columns("text", "name description mission city state postal_code timezone_identifier url"),
        **columns("time", "created_at updated_at"),
    },
    {
        "address": "'1 Invented Way'",
        "country": "'USA'",
        "currency": "'USD'",
        "currency_code": "'USD'",
        "customer_tier": "2",
        "facebook": "'stand.in.example'",
        "fixed_fot_percent": "5.0",
        "flex_rate_percent": "0.0",
        "gfm_connect_banner_count": "2",
        "logo_id": "10400",
        "marketplace_state": "'LEGACY'",
        "plan_type": "'Enterprise'",
        "sms_opt_in_text_default": "'It is OK to text me about ways to help ' || t.name || '.'",
        "sms_opt_in_text_is_default": "1",
        "resend_receipt_flag": "1",
        "signature_id": "10401",
        "signature_name": "'Ada Standin'",
        "signature_title": "'Director'",
        "status": "'active'",
        "subscription_plan": "8",
        "thumbnail": "t.url || 'thumbnail.png'",
        "twitter": "'@standin'",
        "privacy_policy_url": "t.url || 'privacy'",
        "type": "'npo'",
        "welcome_message": "'This is the sandbox of classy_nb: a stand-in with invented data.'",
    },
    forms={"fixed_fot_percent": "%.2f", "logo_id": "text"},
)

_ON = (
    "dcf_enabled",
    "dcf_allowed",
    "pages_can_set_appeal",
    "pages_can_set_goal",
    "teams_can_set_appeal",
    "teams_can_set_goal",
    "checkout_corporate_donation_enabled",
    "hide_contact_opt_in",
    "exit_modal",
    "classy_mode_checked_by_default",
)

CAMPAIGNS = Table(
    "campaigns",
    "Campaign",
    {
        **columns(
            "int",
            """id organization_id designation_id is_general logo_id team_cover_photo_id
            category_id channel_id""",
        ),
        **columns(
            "text",
            """name internal_name type status timezone_identifier raw_currency_code venue city state
            postal_code country address1 contact_email external_id custom_url channel_keywords""",
        ),
        **columns("time", "created_at updated_at started_at ended_at"),
        **columns("cents", "goal raw_goal"),
    },
    {
        "canonical_url": "'/campaign/c' || t.id",
        "contact_phone": "'555-0100'",
        "created_with": "CASE WHEN t.id % 9 = 0 THEN 'api' ELSE 'classyapp' END",
        "currency_code": "'USD'",
        "default_page_goal": "500",
        "default_team_goal": "2500.5",
        "effective_fixed_fot_percent": "4.0",
        "effective_flex_rate_percent": "4.2",
        "effective_recaptcha_settings": "'ENABLED'",
        "minimum_donation_amount": "5",
        "sort_designation_by": "'A-Z'",
        "team_membership_policy": "CASE WHEN t.type = 'reg_w_fund' THEN 'required' ELSE 'optional' END",
        "allow_fundraising_pages": "t.type IN ('peer_to_peer', 'reg_w_fund', 'fund_for_entry',"
        " 'crowdfunding')",
        "allow_team_fundraising": "t.type IN ('peer_to_peer', 'reg_w_fund', 'fund_for_entry')",
        "add_registration_fee": "t.type IN ('registration', 'reg_w_fund')",
        "fixed_fot_percent": "CASE WHEN t.id % 2 = 0 THEN 4.0 END",
        "ticket_pass_on_fees": "CASE WHEN t.type = 'ticketed' THEN 1 END",
        "studio_template_id": "CASE WHEN t.type = 'dynamic' THEN 7 END",
        "is_linked": "t.type = 'dynamic'",
        "linked_at": "CASE WHEN t.type = 'dynamic' THEN t.created_at END",
        "crypto_giving": "'disabled'",
        "embedded_giving": "CASE WHEN t.is_general THEN 'modal' ELSE 'disabled' END",
        "default_page_appeal": "CASE WHEN t.type = 'peer_to_peer' THEN 'Please give, \"every\" bit"
        " helps' END",
        "logo_url": "CASE WHEN t.logo_id IS NOT NULL THEN 'https://cdn.example.org/' || t.logo_id ||"
        " '.png' END",
        **dict.fromkeys(_ON, "1"),
    },
    forms={
        "is_general": "number",
        "raw_goal": "%.3f",
        "fixed_fot_percent": "%.2f",
        "effective_fixed_fot_percent": "%.2f",
    },
    order="t.name, t.rowid",
    indexes=("organization_id",),
)

DESIGNATIONS = Table(
    "designations",
    "Designation",
    {
        **columns("int", "id organization_id is_active is_complete is_default"),
        **columns("text", "name description external_reference_id city state postal_code"),
        **columns("time", "created_at updated_at start_time end_time"),
        "goal": "cents",
    },
    forms={"goal": "%.1f", "start_time": "plain", "end_time": "plain"},
    order="t.name, t.rowid",
    indexes=("organization_id",),
)

QUESTIONS = Table(
    "questions",
    "Question",
    {
        **columns(
            "int",
            """id organization_id campaign_id is_deleted is_required is_pre_conversion product_id weight""",
        ),
        **columns("text", "label location tag type"),
        **columns("time", "created_at updated_at deleted_at"),
    },
    indexes=("organization_id", "campaign_id"),
)

TICKET_TYPES = Table(
    "ticket_types",
    "TicketType",
    {
        **columns(
            "int",
            """id organization_id campaign_id commitment_id is_active quantity_available quantity_sold
            max_per_transaction weight""",
        ),
        **columns("text", "name description"),
        **columns("time", "created_at updated_at started_at ended_at"),
        **columns("cents", "price overhead"),
    },
    {
        "commitment": "CASE WHEN t.commitment_id IS NOT NULL THEN json_object('deadline',"
        " strftime('%Y-%m-%dT%H:%M:%SZ', t.ended_at, 'unixepoch'), 'value', 250.0) END",
        "entries_per_ticket": "1",
        "org_percent": "100.0",
        "deductible_amount": "(t.price - t.overhead) / 100.0",
        "deductible_percent": "CASE WHEN t.price > 0 THEN ROUND(100.0 * (t.price - t.overhead) /"
        " t.price, 2) END",
        "min_per_transaction": "1",
    },
    date_form="offset",
    order="t.weight, t.rowid",
    indexes=("organization_id", "campaign_id"),
)
