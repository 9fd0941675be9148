"""Recurring donation plans."""

from __future__ import annotations

from classy_nb.sandbox.table import Table, columns

PLANS = Table(
    "recurring_donation_plans",
    "RecurringDonationPlan",
    {
        **columns(
            "int",
            """id organization_id campaign_id supporter_id member_id designation_id fundraising_page_id
            fundraising_team_id ach_last_four flags pay is_paused migrated""",
        ),
        **columns(
            "text",
            """status frequency raw_currency_code cancel_by cancel_reason_code cancel_reason_text company_name
            timezone_identifier metadata""",
        ),
        **columns(
            "time",
            """created_at started_at updated_at canceled_at failed_at next_processing_date pause_until
            plan_paused_on_date recur_until migration_date""",
        ),
        **columns("cents", "donation adjustment raw_donation raw_adjustment"),
    },
    {
        "address": "COALESCE(s.address1, '')",
        "address2": "s.address2",
        "city": "COALESCE(s.city, '')",
        "state": "COALESCE(s.state, '')",
        "country": "COALESCE(s.country, 'US')",
        "postal_code": "COALESCE(s.postal_code, '')",
        "first_name": "s.first_name",
        "last_name": "s.last_name",
        "applied_fot_percent": "CASE WHEN t.flags & 2 THEN 5.0 END",
        "cc_card_exp": "printf('20%02d%02d', 27 + s.card_last_four % 4, 1 + s.card_last_four % 12)",
        "cc_last_four": "printf('%04d', s.card_last_four)",
        "cc_type": "y.card_type",
        "currency_code": "'USD'",
        "donation_amount": "t.donation / 100.0",
        "raw_donation_amount": "t.raw_donation / 100.0",
        "raw_initial_gross_amount": "t.raw_donation / 100.0",
        "raw_adjustment_amount": "t.raw_adjustment / 100.0",
        "fee_on_top": "(t.flags & 2) <> 0",
        "is_donor_covered_fee": "(t.flags & 1) <> 0",
        "is_anonymous": "(t.flags & 4) <> 0",
        "hide_amount": "(t.flags & 8) <> 0",
        "can_be_reactivated": "t.status = 'canceled'",
        "payment_gateway": "y.payment_gateway",
        "payment_type": "CASE y.payment_type WHEN 'PayPal' THEN 'Paypal' ELSE y.payment_type END",
        "payment_provider_configuration_name": "'Classy Pay'",
        "pp_plan_id": "printf('%013x', t.id * 104729)",
        "schedule": "json_object('mmdd', strftime('%m%d', t.started_at, 'unixepoch'), 'month', '*',"
        " 'day', CAST(strftime('%d', t.started_at, 'unixepoch') AS INTEGER))",
        "dcf_enabled": "1",
        "dcf_allowed": "1",
        "classy_mode_enabled": "(t.flags & 2) <> 0",
        "effective_fixed_fot_percent": "5.0",
    },
    """LEFT JOIN base_supporters s ON s.id = t.supporter_id LEFT JOIN payments y ON y.code = t.pay""",
    forms={"raw_donation_amount": "%.2f", "effective_fixed_fot_percent": "%.2f"},
    date_form="offset",
    order="t.created_at DESC, t.rowid DESC",
    indexes=("organization_id", "campaign_id", "member_id"),
)  # fmt: skip
