"""What follows from transactions: codes, dedications, answers, credits, receipts, donors of a page."""

# The statements are put together from the names of our own tables and columns and from numbers;
# what a client sends goes in as parameters.
# ruff: noqa: S608

from __future__ import annotations

from classy_nb.sandbox.table import Table, columns

from .derived import GIVEN as _GIVEN
from .derived import Derived

TRACKING = Derived(
    Table(
        "source_tracking_codes",
        "SourceTrackingCode",
        {
            **columns("int", "id organization_id campaign_id trackable_id"),
            **columns("text", "c_src c_src2 referrer utm event_type trackable_type"),
            **columns("time", "created_at updated_at"),
        },
        date_form="offset",
        indexes=("organization_id", "campaign_id"),
    ),
    """SELECT t.id * 4, t.organization_id, t.campaign_id, t.id, u.c_src, u.c_src2, u.referrer,
        json_object('utm_source', u.source, 'utm_medium', u.medium, 'utm_campaign', u.campaign,
                    'utm_content', u.content, 'utm_term', u.term),
        'donation.created', 'transaction', t.created_at, t.created_at
      FROM base_transactions t JOIN sources u ON u.id = t.source
      UNION ALL
      SELECT p.id * 4 + 1, p.organization_id, p.campaign_id, p.id, 'page', '', NULL, NULL, 'landing_page.hit',
        'fundraising_page', p.created_at, p.created_at FROM base_fundraising_pages p WHERE p.id % 3 = 0
      UNION ALL
      SELECT g.id * 4 + 2, g.organization_id, g.campaign_id, g.id, 'team', '', NULL, NULL, 'landing_page.hit',
        'fundraising_team', g.created_at, g.updated_at FROM base_fundraising_teams g WHERE g.id % 2 = 0""",
)

DEDICATIONS = Derived(
    Table(
        "dedications",
        "Dedication",
        {
            **columns(
                "int",
                """id organization_id campaign_id transaction_id ecard_id is_gift_amount_msg_included""",
            ),
            **columns(
                "text",
                """type honoree_first_name honoree_last_name first_name last_name email_address address city
                state postal_code country ecard_message""",
            ),
            "updated_at": "time",
        },
        {
            "honoree_name": "t.honoree_first_name || ' ' || t.honoree_last_name",
            "name": "t.first_name || ' ' || t.last_name",
            "ecard": "NULL",
        },
        indexes=("organization_id", "transaction_id"),
    ),
    """SELECT t.id, t.organization_id, t.campaign_id, t.id,
        (SELECT MIN(e.id) FROM base_ecards e WHERE e.campaign_id = t.campaign_id), t.id % 2,
        CASE t.id % 2 WHEN 0 THEN 'honor' ELSE 'memory' END,
        substr(t.in_honor_of, 1, instr(t.in_honor_of, ' ') - 1),
        substr(t.in_honor_of, instr(t.in_honor_of, ' ') + 1),
        s.first_name, s.last_name, s.email_address, COALESCE(s.address1, ''), COALESCE(s.city, ''),
        COALESCE(s.state, ''), COALESCE(s.postal_code, ''), COALESCE(s.country, 'US'),
        CASE WHEN t.id % 3 = 0 THEN 'With love,' || char(10) || 'from all of us' END, t.updated_at
      FROM base_transactions t JOIN base_supporters s ON s.id = t.payer_id WHERE t.in_honor_of IS NOT NULL""",
    needs=("ecards",),
)

ANSWERS = Derived(
    Table(
        "answers",
        "Answer",
        {
            **columns("int", "id organization_id campaign_id answerable_id member_id question_id"),
            **columns("text", "answer answerable_type"),
            **columns("time", "created_at updated_at"),
        },
        indexes=("organization_id", "question_id", "answerable_id"),
    ),
    """SELECT r.id * 16 + q.weight, r.organization_id, r.campaign_id, r.id, COALESCE(r.member_id, 0), q.id,
        CASE q.type WHEN 'boolean' THEN CASE r.id % 2 WHEN 0 THEN 'true' ELSE 'false' END
                    WHEN 'integer' THEN printf('%03d', r.id % 120) WHEN 'date' THEN '1985-03-15'
                    ELSE 'Answer, with "quotes" no. ' || r.id END,
        'campaign_registration', r.created_at, r.updated_at
      FROM base_registrations r JOIN base_questions q
        ON q.campaign_id = r.campaign_id AND q.location = 'campaign_registration'
      UNION ALL
      SELECT t.id * 16 + 8, t.organization_id, t.campaign_id, t.id, t.member_id, q.id, 'A friend told me',
        'transaction', t.created_at, t.created_at
      FROM base_transactions t JOIN base_questions q
        ON q.campaign_id = t.campaign_id AND q.location = 'donation_page'
      WHERE t.id % 5 = 0 AND t.member_id IS NOT NULL
      UNION ALL
      SELECT p.id * 16 + 9, p.organization_id, p.campaign_id, p.id, p.member_id, q.id, 'Because it matters',
        'fundraising_page', p.created_at, p.created_at
      FROM base_fundraising_pages p JOIN base_questions q
        ON q.campaign_id = p.campaign_id AND q.location = 'page_creation'
      UNION ALL
      SELECT g.id * 16 + 10, g.organization_id, g.campaign_id, g.id, g.team_lead_id, q.id,
        'Our team, our town', 'fundraising_team', g.created_at, g.created_at
      FROM base_fundraising_teams g JOIN base_questions q
        ON q.campaign_id = g.campaign_id AND q.location = 'team_creation'""",
)

SOFT_CREDITS = Derived(
    Table(
        "soft_credits",
        "SoftCredit",
        {
            **columns(
                "int",
                """id organization_id campaign_id fundraising_page_id fundraising_team_id creditable_id
                soft_credit_transfer_id""",
            ),
            **columns("text", "creditable_type memo metadata type"),
            "amount": "cents",
            "created_at": "time",
        },
        {
            "campaign_progress_bar_amount": "t.amount / 100.0",
            "fundraising_page_progress_bar_amount": "CASE t.creditable_type WHEN 'fundraising_page'"
            " THEN t.amount / 100.0 END",
            "fundraising_team_progress_bar_amount": "CASE t.creditable_type WHEN 'fundraising_team'"
            " THEN t.amount / 100.0 END",
        },
        indexes=("organization_id", "campaign_id", "fundraising_page_id", "fundraising_team_id"),
    ),
    """SELECT t.id, t.organization_id, t.campaign_id, t.fundraising_page_id, t.fundraising_team_id,
        COALESCE(t.fundraising_page_id, t.fundraising_team_id),
        CASE WHEN t.id % 2 = 0 THEN 6000 + t.id % 900 END,
        CASE WHEN t.fundraising_page_id IS NULL THEN 'fundraising_team' ELSE 'fundraising_page' END,
        'Moved by staff, "as asked"', '"{''foo'':''bar''}"',
        CASE WHEN t.status = 'refunded' THEN 'refund' ELSE 'allocation' END, t.donation, t.created_at
      FROM base_transactions t WHERE (t.fundraising_page_id IS NOT NULL OR t.fundraising_team_id IS NOT NULL)
        AND t.donation > 0 AND t.status IN ('success', 'refunded') AND t.id % 7 = 0""",
)

RECEIPTS = Derived(
    Table(
        "receipts",
        "TransactionReceipt",
        {
            **columns("int", "id organization_id transaction_id"),
            "serial_number": "text",
            "created_at": "time",
        },
        date_form="offset",
        indexes=("transaction_id",),
    ),
    f"""SELECT t.id, t.organization_id, t.id, printf('%010d', t.id), t.purchased_at + 60
      FROM base_transactions t WHERE {_GIVEN} AND t.donation > 0""",
)

ACKNOWLEDGEMENTS = Derived(
    Table(
        "acknowledgements",
        "Acknowledgement",
        {
            **columns("int", "id organization_id transaction_id member_id fundraising_entity_id"),
            "fundraising_entity_type": "text",
            **columns("time", "created_at updated_at"),
        },
        indexes=("transaction_id",),
    ),
    """SELECT t.id, t.organization_id, t.id,
        (SELECT MIN(id) FROM base_members WHERE organization_id = t.organization_id), t.fundraising_page_id,
        CASE WHEN t.fundraising_page_id IS NOT NULL THEN 'fundraisingPage' END,
        t.created_at + 7200, t.created_at + 7200
      FROM base_transactions t WHERE t.id % 19 = 0""",
)

DONOR_EMAILS = Derived(
    Table(
        "donor_emails",
        "DonorEmail",
        {"id": "int", "organization_id": "int", "fundraising_page_id": "int", "email_address": "text"},
        indexes=("fundraising_page_id",),
    ),
    f"""SELECT MIN(t.id), t.organization_id, t.fundraising_page_id, s.email_address FROM base_transactions t
      JOIN base_supporters s ON s.id = t.supporter_id
      WHERE t.fundraising_page_id IS NOT NULL AND {_GIVEN} GROUP BY t.fundraising_page_id, s.email_address""",
)

PAST_DONORS = Derived(
    Table(
        "past_donors",
        "PastDonor",
        {
            **columns("int", "id organization_id owner_id supporter_id member_id fundraising_page_id"),
            **columns("text", "first_name last_name email_address title"),
            "purchased_at": "time",
            "amount": "cents",
        },
        {
            "donated_to_current": "t.supporter_id IN (SELECT x.supporter_id FROM base_transactions x WHERE"
            " x.fundraising_page_id = :fundraising_page OR x.fundraising_team_id = :fundraising_team)"
        },
        date_form="offset",
        order="t.purchased_at DESC, t.rowid",
        indexes=("owner_id",),
    ),
    f"""SELECT MAX(t.id), t.organization_id, p.member_id, t.supporter_id, s.member_id, p.id, s.first_name,
        s.last_name, s.email_address, p.title, MAX(t.purchased_at), SUM(t.donation)
      FROM base_transactions t JOIN base_fundraising_pages p ON p.id = t.fundraising_page_id
      JOIN base_supporters s ON s.id = t.supporter_id WHERE {_GIVEN} GROUP BY p.id, t.supporter_id""",
)

TRACES = (TRACKING, DEDICATIONS, ANSWERS, SOFT_CREDITS, RECEIPTS, ACKNOWLEDGEMENTS, DONOR_EMAILS, PAST_DONORS)
