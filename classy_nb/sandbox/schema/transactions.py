"""Transactions, their items and registrations."""

from __future__ import annotations

from classy_nb.sandbox.table import Table, columns

COVERED, FEE_ON_TOP, ANONYMOUS, HIDDEN, GIFT_AID, REPROCESS, OPTED_IN, SYNC = (1 << n for n in range(8))
"""Bits of ``flags``."""

LOOKUPS = """
CREATE TABLE payments (code INTEGER PRIMARY KEY, payment_type TEXT, payment_method TEXT, payment_gateway TEXT,
                       payment_source TEXT, card_type TEXT);
CREATE TABLE batches (id INTEGER PRIMARY KEY, vendor_name TEXT, number TEXT, sequence TEXT, day TEXT);
CREATE TABLE sources (id INTEGER PRIMARY KEY, source TEXT, medium TEXT, campaign TEXT, content TEXT, term
  TEXT,
                      c_src TEXT, c_src2 TEXT, referrer TEXT);
"""

_TOTAL = "t.donation + t.overhead + t.adjustment"
_RAW_TOTAL = "t.raw_donation + t.raw_overhead + t.raw_adjustment"
_CHARGED = f"t.charged_at IS NOT NULL AND {_TOTAL} > 0"


def _flag(bit: int) -> str:
    return f"(t.flags & {bit}) <> 0"


def _when(condition: str, value: str) -> str:
    return f"CASE WHEN {condition} THEN {value} END"


def _charged(cents: str) -> str:
    return _when(_CHARGED, f"ROUND(1.0 * ({cents}) * ({_RAW_TOTAL}) / ({_TOTAL})) / 100.0")


_CARD = "y.payment_type = 'Credit Card' AND t.payer_id IS NOT NULL"
_ONLINE = "y.payment_gateway IS NOT NULL"

_CONTEXT = """json_object(
    'application_fee_campaign_category', CASE WHEN c.type = 'dynamic' THEN 'studio' ELSE 'standard' END,
    'application_fee_platform_fee_type', CASE WHEN y.payment_gateway IS NULL THEN NULL ELSE 'percent' END,
    'commerce_order_id', CASE WHEN c.type = 'dynamic' THEN 'ord_' || t.id END,
    'customizations_metadata', json('null'), 'created_by', NULL,
    'commerce_confirmation_id', CASE WHEN c.type = 'dynamic' THEN printf('C%08X', t.id) END,
    'is_passport', json('false'), 'source_campaign_id', t.campaign_id, 'source_campaign_type', c.type,
    'vendor_name', b.vendor_name, 'vendor_batch_number', b.number, 'vendor_batch_sequence', b.sequence,
    'vendor_batch_date', b.day)"""

_CONSENT = f"""json_object(
    'sms_opt_in', CASE WHEN t.id % 7 = 0 THEN json('true') WHEN t.id % 7 = 1 THEN json('false') ELSE
      json('null') END,
    'sms_consent_decision_date', CASE WHEN t.id % 7 < 2
        THEN strftime('%Y-%m-%dT%H:%M:%SZ', t.purchased_at, 'unixepoch') END,
    'email_opt_in', CASE WHEN {_flag(OPTED_IN)} THEN json('true') ELSE json('false') END,
    'email_consent_decision_date', strftime('%Y-%m-%dT%H:%M:%SZ', t.purchased_at, 'unixepoch'))"""

_UTM = """json_object('campaign', u.campaign, 'content', u.content, 'medium', u.medium, 'source', u.source,
    'term', u.term)"""

_AMOUNTS = {
    "donation_gross_amount": "t.donation / 100.0",
    "donation_net_amount": "(t.donation + t.adjustment - t.classy - t.pp) / 100.0",
    "total_gross_amount": f"({_TOTAL}) / 100.0",
    "initial_gross_amount": "(t.donation + t.overhead) / 100.0",
    "adjustment_amount": "t.adjustment / 100.0",
    "overhead_net_amount": "t.overhead / 100.0",
    "fees_amount": "(t.classy + t.pp) / 100.0",
    "classy_fees_amount": "t.classy / 100.0",
    "pp_fees_amount": "t.pp / 100.0",
    "application_fee_amount": _when(_ONLINE, "t.classy / 100.0"),
    "processor_fee_amount": _when(_ONLINE, "t.pp / 100.0"),
    "flex_rate_amount": _when(_ONLINE, "0.0"),
    "raw_donation_gross_amount": "t.raw_donation / 100.0",
    "raw_total_gross_amount": f"({_RAW_TOTAL}) / 100.0",
    "raw_initial_gross_amount": "(t.raw_donation + t.raw_overhead) / 100.0",
    "raw_adjustment_amount": "t.raw_adjustment / 100.0",
    "raw_overhead_net_amount": "t.raw_overhead / 100.0",
    "raw_application_fee_amount": _charged("t.classy"),
    "raw_processor_fee_amount": _charged("t.pp"),
    "raw_flex_rate_amount": _when(_ONLINE, "0.0"),
    "charged_total_gross_amount": _when(_CHARGED, f"({_RAW_TOTAL}) / 100.0"),
    "charged_classy_fees_amount": _charged("t.classy"),
    "charged_pp_fees_amount": _charged("t.pp"),
    "charged_fees_amount": f"{_charged('t.classy')} + {_charged('t.pp')}",
    "charged_currency_code": _when("t.charged_at IS NOT NULL", "t.raw_currency_code"),
    "applied_application_fee_percent": _when(_ONLINE, "3.0"),
    "applied_flex_rate_percent": _when(_ONLINE, "0.0"),
    "applied_fot_percent": _when(_flag(FEE_ON_TOP), "5.0"),
    "applied_processor_fee_percent": _when(_ONLINE, "2.2"),
    "applied_raw_processor_fee_flat": _when(_ONLINE, "0.3"),
}

_PAYER = {
    "billing_address1": "p.address1",
    "billing_address2": "p.address2",
    "billing_city": "p.city",
    "billing_country": "p.country",
    "billing_first_name": "p.first_name",
    "billing_last_name": "p.last_name",
    "billing_postal_code": "p.postal_code",
    "billing_state": "p.state",
    "member_country": "m.country",
    "member_email_address": "m.email_address",
    "member_name": "m.first_name || ' ' || m.last_name",
    "member_phone": "m.phone",
    "member_cell_phone": "CASE WHEN t.id % 5 = 0 THEN m.phone END",
}

_PAYMENT = {
    "payment_type": "y.payment_type",
    "payment_method": "y.payment_method",
    "payment_gateway": "y.payment_gateway",
    "payment_source": "y.payment_source",
    "card_type": "y.card_type",
    "card_last_four": _when(_CARD, "p.card_last_four"),
    "card_expiration": _when(
        _CARD, "printf('%02d%02d', 1 + p.card_last_four % 12, 27 + p.card_last_four % 4)"
    ),
    "account_number": _when(
        "y.payment_type = 'ACH' AND p.id IS NOT NULL", "printf('%04d', p.card_last_four)"
    ),
    "account_type": _when(
        "y.payment_type = 'ACH'", "CASE t.id % 3 WHEN 0 THEN 'savings' ELSE 'checking' END"
    ),
    "institution": _when("y.payment_type = 'ACH'", "'First Example Bank'"),
    "pp_transaction_id": _when(
        "t.charged_at IS NOT NULL AND y.payment_gateway IS NOT NULL",
        "printf('%012d', t.id * 7919 % 1000000000000)",
    ),
    "pp_reference_id": _when(_ONLINE, "printf('%08d', t.id % 100000000)"),
    "pp_response": _when("t.status = 'failed'", "'1023'"),
    "processor_decline_code": _when("t.status = 'failed'", "printf('%03d', t.id % 97)"),
}

_MISC = {
    "acknowledgements_count": "CASE WHEN t.id % 19 = 0 THEN 1 ELSE 0 END",
    "browser_info": _when(_ONLINE + " AND t.id % 4 = 0", "'Mozilla/5.0 (stand-in)'"),
    "context": _CONTEXT,
    "consent": _CONSENT,
    "utm": _UTM,
    "currency_code": "'USD'",
    "fee_on_top": _flag(FEE_ON_TOP),
    "is_donor_covered_fee": _flag(COVERED),
    "is_anonymous": _flag(ANONYMOUS),
    "hide_amount": _flag(HIDDEN),
    "is_gift_aid": _flag(GIFT_AID),
    "is_reprocess": _flag(REPROCESS),
    "opted_into_payment_sync": _flag(SYNC),
    "reprocess_attempts": f"CASE WHEN {_flag(REPROCESS)} THEN 1 + t.id % 3 ELSE 0 END",
    "donation_matching_plan_id": "CASE WHEN t.donation_match_id IS NOT NULL THEN 4100 + t.campaign_id %"
    " 50 END",
    "tax_entity_id": "CASE WHEN t.id % 3 = 0 THEN 331 END",
    "receipt_serial": _when(
        "t.status IN ('success', 'refunded') AND t.donation > 0", "printf('%010d', t.id)"
    ),
}

_STORED = {
    **columns(
        "int",
        """id organization_id campaign_id fundraising_page_id fundraising_team_id supporter_id payer_id
        member_id designation_id recurring_donation_plan_id parent_transaction_id donation_match_id pay
        source batch flags""",
    ),
    **columns("time", "created_at purchased_at charged_at refunded_at updated_at"),
    **columns("cents", "donation overhead adjustment classy pp raw_donation raw_overhead raw_adjustment"),
    **columns(
        "text",
        """raw_currency_code frequency status comment company_name in_honor_of promo_code_code metadata""",
    ),
}

_JOINS = """LEFT JOIN base_supporters p ON p.id = t.payer_id LEFT JOIN base_members m ON m.id = t.member_id
 LEFT JOIN payments y ON y.code = t.pay LEFT JOIN batches b ON b.id = t.batch
 LEFT JOIN sources u ON u.id = t.source LEFT JOIN base_campaigns c ON c.id = t.campaign_id"""

TRANSACTIONS = Table(
    "transactions",
    "Transaction",
    _STORED,
    {**_AMOUNTS, **_PAYER, **_PAYMENT, **_MISC},
    _JOINS,
    date_form="offset",
    order="t.purchased_at DESC, t.rowid DESC",
    indexes=(
        "organization_id",
        "campaign_id",
        "supporter_id",
        "fundraising_page_id",
        "fundraising_team_id",
        "recurring_donation_plan_id",
    ),
)

DONORS = Table(
    "donors",
    "Donor",
    _STORED,
    {
        **TRANSACTIONS.computed,
        "first_name": "s.first_name",
        "last_name": "s.last_name",
        "email_address": "s.email_address",
        "feed_item_id": "t.id * 4 + 1",
        "amount": "t.donation / 100.0",
        "donation_id": "t.id",
    },
    f"{_JOINS} LEFT JOIN base_supporters s ON s.id = t.supporter_id",
    date_form="offset",
    order=TRANSACTIONS.order,
    base="transactions",
)

ITEMS = Table(
    "transaction_items",
    "TransactionItem",
    {
        **columns("int", "id organization_id transaction_id product_id quantity"),
        **columns("text", "product_name type"),
        **columns("cents", "price final overhead donation fees raw_final raw_overhead"),
    },
    {
        "raw_final_price": "t.raw_final / 100.0",
        "raw_overhead_amount": "t.raw_overhead / 100.0",
        "final_price": "t.final / 100.0",
        "overhead_amount": "t.overhead / 100.0",
        "donation_gross_amount": "t.donation / 100.0",
        "donation_net_amount": "(t.final - t.overhead - t.fees) / 100.0",
        "fees_amount": "t.fees / 100.0",
        "campaign_id": "x.campaign_id",
        "fundraising_page_id": "x.fundraising_page_id",
        "fundraising_team_id": "x.fundraising_team_id",
        "designation_id": "x.designation_id",
        "commerce_order_item_id": "CASE WHEN t.id % 8 = 0 THEN 'orit_' || t.id END",
    },
    "LEFT JOIN base_transactions x ON x.id = t.transaction_id",
    indexes=("organization_id", "transaction_id"),
)

REGISTRATIONS = Table(
    "registrations",
    "Registration",
    {
        **columns(
            "int",
            """id organization_id campaign_id fundraising_page_id member_id supporter_id transaction_id
            transaction_item_id ticket_type_id""",
        ),
        **columns("text", "first_name last_name email status tshirt_size"),
        **columns("time", "created_at updated_at date_of_birth"),
    },
    {
        "address1": "s.address1",
        "address2": "s.address2",
        "city": "s.city",
        "state": "s.state",
        "country": "s.country",
        "postal_code": "s.postal_code",
        "phone": "s.phone",
        "cell": "s.cell_phone",
        "gender": "lower(s.gender)",
        "attendee_id": "CASE WHEN t.id % 3 > 0 THEN 240000 + t.supporter_id % 100000 END",
        "product_name": "k.name",
        "transaction_last_four": "CASE WHEN y.payment_type = 'Credit Card' THEN s.card_last_four END",
        "transaction_payment_type": "y.payment_type",
    },
    """LEFT JOIN base_supporters s ON s.id = t.supporter_id LEFT JOIN base_ticket_types k ON k.id =
      t.ticket_type_id
     LEFT JOIN base_transactions x ON x.id = t.transaction_id LEFT JOIN payments y ON y.code = x.pay""",
    indexes=("organization_id", "campaign_id", "transaction_id"),
)
