"""Tables that follow from the stored ones; each is filled by one statement when it is first asked for.

Ids are made from the ids they follow from, so that they are the same after rows were added or removed.
"""

from __future__ import annotations

from dataclasses import dataclass

from classy_nb.sandbox._table import Table


@dataclass(frozen=True)
class Derived:
    """A table and the SELECT that fills it."""

    table: Table
    fill: str
    needs: tuple[str, ...] = ()
    """Other derived tables that must be there first."""


_DESIGNATION = "(SELECT MIN(d.id) FROM base_designations d WHERE d.organization_id = t.organization_id)"
_MEMBER = "(SELECT MIN(m.id) FROM base_members m WHERE m.organization_id = t.organization_id)"
_GIVEN = "t.status IN ('success', 'refunded')"

ACTIVITY = Derived(
    Table(
        "activity",
        "Activity",
        {
            **dict.fromkeys(("id", "organization_id", "campaign_id", "designation_id", "member_id",
                             "fundraising_page_id", "fundraising_team_id", "transaction_id", "link_id"), "int"),
            "link_text": "text",
            "type": "text",
        },
        {
            "business": "json_object('id', 77, 'name', 'Example & Sons, Inc.', 'created_at', '2019-04-23T10:25:03Z')",
            "designation": "CAST(t.designation_id AS TEXT)",
            **dict.fromkeys(("campaign", "member", "organization"), "NULL"),
        },
        order="t.rowid DESC",
        indexes=("organization_id", "campaign_id", "fundraising_page_id", "fundraising_team_id"),
    ),
    f"""SELECT t.id * 4, t.organization_id, t.campaign_id, COALESCE(t.designation_id, {_DESIGNATION}), t.member_id,
        COALESCE(t.fundraising_page_id, 0), COALESCE(t.fundraising_team_id, 0), t.id, t.id, printf('$%.2f', t.donation / 100.0),
        CASE WHEN t.overhead > 0 THEN 'ticket_purchased' ELSE 'donation_created' END
      FROM base_transactions t WHERE {_GIVEN} AND t.member_id IS NOT NULL
      UNION ALL
      SELECT t.id * 4 + 1, t.organization_id, t.campaign_id, COALESCE(t.designation_id, {_DESIGNATION}), t.member_id,
        t.id, COALESCE(t.fundraising_team_id, 0), 0, t.id, t.title, 'fundraising_page_created' FROM base_fundraising_pages t
      UNION ALL
      SELECT t.id * 4 + 2, t.organization_id, t.campaign_id, COALESCE(t.designation_id, {_DESIGNATION}), t.team_lead_id,
        0, t.id, 0, t.id, t.name, 'fundraising_team_created' FROM base_fundraising_teams t
      UNION ALL
      SELECT t.id * 4 + 3, t.organization_id, t.id, t.designation_id, {_MEMBER}, 0, 0, 0, t.id, t.name,
        'campaign_created' FROM base_campaigns t""",
)  # fmt: skip

HISTORY = Derived(
    Table(
        "recurring_donation_history",
        "RecurringDonationPlanHistory",
        {
            **dict.fromkeys(("id", "organization_id", "recurring_id", "transaction_id"), "int"),
            **dict.fromkeys(("type", "error_msg", "raw_currency_code"), "text"),
            **dict.fromkeys(("donation_amount", "raw_donation_amount"), "cents"),
            "created_at": "time",
        },
        {"currency_code": "'USD'"},
        indexes=("organization_id", "recurring_id"),
    ),
    """SELECT t.id * 4, t.organization_id, t.recurring_donation_plan_id, t.id,
        CASE WHEN t.status = 'failed' THEN 'payment_failed' WHEN (t.flags & 32) <> 0 THEN 'reprocess_payment'
             ELSE 'payment' END,
        CASE WHEN t.status = 'failed' THEN 'Your card was declined, "insufficient funds".' END,
        t.raw_currency_code, t.donation, t.raw_donation, t.purchased_at
      FROM base_transactions t WHERE t.recurring_donation_plan_id IS NOT NULL
      UNION ALL
      SELECT p.id * 4 + 1, p.organization_id, p.id,
        (SELECT MIN(id) FROM base_transactions x WHERE x.recurring_donation_plan_id = p.id), 'created', NULL,
        p.raw_currency_code, p.donation, p.raw_donation, p.created_at FROM base_recurring_donation_plans p
      UNION ALL
      SELECT p.id * 4 + 2, p.organization_id, p.id,
        (SELECT MAX(id) FROM base_transactions x WHERE x.recurring_donation_plan_id = p.id),
        CASE p.cancel_by WHEN 'admin' THEN 'admin_canceled' ELSE 'member_canceled' END, NULL,
        p.raw_currency_code, p.donation, p.raw_donation, p.canceled_at
      FROM base_recurring_donation_plans p WHERE p.canceled_at IS NOT NULL
      UNION ALL
      SELECT p.id * 4 + 3, p.organization_id, p.id,
        (SELECT MAX(id) FROM base_transactions x WHERE x.recurring_donation_plan_id = p.id),
        'member_paused', NULL, p.raw_currency_code, p.donation, p.raw_donation, p.plan_paused_on_date
      FROM base_recurring_donation_plans p WHERE p.plan_paused_on_date IS NOT NULL""",
)

TRACKING = Derived(
    Table(
        "source_tracking_codes",
        "SourceTrackingCode",
        {
            **dict.fromkeys(("id", "organization_id", "campaign_id", "trackable_id"), "int"),
            **dict.fromkeys(("c_src", "c_src2", "referrer", "utm", "event_type", "trackable_type"), "text"),
            **dict.fromkeys(("created_at", "updated_at"), "time"),
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
            **dict.fromkeys(("id", "organization_id", "campaign_id", "transaction_id", "ecard_id",
                             "is_gift_amount_msg_included"), "int"),
            **dict.fromkeys(("type", "honoree_first_name", "honoree_last_name", "first_name", "last_name",
                             "email_address", "address", "city", "state", "postal_code", "country", "ecard_message"),
                            "text"),
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
        substr(t.in_honor_of, 1, instr(t.in_honor_of, ' ') - 1), substr(t.in_honor_of, instr(t.in_honor_of, ' ') + 1),
        s.first_name, s.last_name, s.email_address, COALESCE(s.address1, ''), COALESCE(s.city, ''),
        COALESCE(s.state, ''), COALESCE(s.postal_code, ''), COALESCE(s.country, 'US'),
        CASE WHEN t.id % 3 = 0 THEN 'With love,' || char(10) || 'from all of us' END, t.updated_at
      FROM base_transactions t JOIN base_supporters s ON s.id = t.payer_id WHERE t.in_honor_of IS NOT NULL""",
    needs=("ecards",),
)  # fmt: skip

ANSWERS = Derived(
    Table(
        "answers",
        "Answer",
        {
            **dict.fromkeys(
                ("id", "organization_id", "campaign_id", "answerable_id", "member_id", "question_id"), "int"
            ),
            **dict.fromkeys(("answer", "answerable_type"), "text"),
            **dict.fromkeys(("created_at", "updated_at"), "time"),
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
      SELECT t.id * 16 + 8, t.organization_id, t.campaign_id, t.id, t.member_id, q.id, 'A friend told me', 'transaction',
        t.created_at, t.created_at
      FROM base_transactions t JOIN base_questions q ON q.campaign_id = t.campaign_id AND q.location = 'donation_page'
      WHERE t.id % 5 = 0 AND t.member_id IS NOT NULL
      UNION ALL
      SELECT p.id * 16 + 9, p.organization_id, p.campaign_id, p.id, p.member_id, q.id, 'Because it matters',
        'fundraising_page', p.created_at, p.created_at
      FROM base_fundraising_pages p JOIN base_questions q
        ON q.campaign_id = p.campaign_id AND q.location = 'page_creation'
      UNION ALL
      SELECT g.id * 16 + 10, g.organization_id, g.campaign_id, g.id, g.team_lead_id, q.id, 'Our team, our town',
        'fundraising_team', g.created_at, g.created_at
      FROM base_fundraising_teams g JOIN base_questions q
        ON q.campaign_id = g.campaign_id AND q.location = 'team_creation'""",
)

SOFT_CREDITS = Derived(
    Table(
        "soft_credits",
        "SoftCredit",
        {
            **dict.fromkeys(("id", "organization_id", "campaign_id", "fundraising_page_id", "fundraising_team_id",
                             "creditable_id", "soft_credit_transfer_id"), "int"),
            **dict.fromkeys(("creditable_type", "memo", "metadata", "type"), "text"),
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
        COALESCE(t.fundraising_page_id, t.fundraising_team_id), CASE WHEN t.id % 2 = 0 THEN 6000 + t.id % 900 END,
        CASE WHEN t.fundraising_page_id IS NULL THEN 'fundraising_team' ELSE 'fundraising_page' END,
        'Moved by staff, "as asked"', '"{''foo'':''bar''}"',
        CASE WHEN t.status = 'refunded' THEN 'refund' ELSE 'allocation' END, t.donation, t.created_at
      FROM base_transactions t WHERE (t.fundraising_page_id IS NOT NULL OR t.fundraising_team_id IS NOT NULL)
        AND t.donation > 0 AND t.status IN ('success', 'refunded') AND t.id % 7 = 0""",
)  # fmt: skip

RECEIPTS = Derived(
    Table(
        "receipts",
        "TransactionReceipt",
        {
            **dict.fromkeys(("id", "organization_id", "transaction_id"), "int"),
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
            **dict.fromkeys(
                ("id", "organization_id", "transaction_id", "member_id", "fundraising_entity_id"), "int"
            ),
            "fundraising_entity_type": "text",
            **dict.fromkeys(("created_at", "updated_at"), "time"),
        },
        indexes=("transaction_id",),
    ),
    """SELECT t.id, t.organization_id, t.id, (SELECT MIN(id) FROM base_members WHERE organization_id =
        t.organization_id), t.fundraising_page_id,
        CASE WHEN t.fundraising_page_id IS NOT NULL THEN 'fundraisingPage' END, t.created_at + 7200, t.created_at + 7200
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
            **dict.fromkeys(("id", "organization_id", "owner_id", "supporter_id", "member_id", "fundraising_page_id"),
                            "int"),
            **dict.fromkeys(("first_name", "last_name", "email_address", "title"), "text"),
            "purchased_at": "time",
            "amount": "cents",
        },
        {"donated_to_current": "t.supporter_id IN (SELECT x.supporter_id FROM base_transactions x WHERE"
         " x.fundraising_page_id = :fundraising_page OR x.fundraising_team_id = :fundraising_team)"},
        date_form="offset",
        order="t.purchased_at DESC, t.rowid",
        indexes=("owner_id",),
    ),
    f"""SELECT MAX(t.id), t.organization_id, p.member_id, t.supporter_id, s.member_id, p.id, s.first_name, s.last_name,
        s.email_address, p.title, MAX(t.purchased_at), SUM(t.donation)
      FROM base_transactions t JOIN base_fundraising_pages p ON p.id = t.fundraising_page_id
      JOIN base_supporters s ON s.id = t.supporter_id WHERE {_GIVEN} GROUP BY p.id, t.supporter_id""",
)  # fmt: skip

FEED_ITEMS = Derived(
    Table(
        "feed_items",
        "AnyFeedItem",
        {
            **dict.fromkeys(("id", "organization_id", "campaign_id", "fundraising_page_id", "fundraising_team_id",
                             "agent_id", "feedable_id", "linkable_id"), "int"),
            **dict.fromkeys(("agent_type", "agent_name", "feedable_type", "feedable_value", "linkable_type",
                             "linkable_value", "type", "comment", "visibility"), "text"),
            **dict.fromkeys(("created_at", "updated_at"), "time"),
        },
        {
            "member_name": "t.agent_name",
            "author_display_name": "t.agent_name",
            "comments_count": "CASE WHEN t.id % 50 = 1 AND t.agent_id IS NOT NULL THEN 2 ELSE 0 END",
            "likes_count": "CASE WHEN t.id % 50 = 1 AND t.agent_id IS NOT NULL THEN 1 ELSE 0 END",
            "latest_comments": "'[]'",
            "linkable_effective_at": "t.created_at",
        },
        order="t.created_at DESC, t.rowid",
        indexes=("organization_id", "campaign_id", "fundraising_page_id", "fundraising_team_id"),
    ),
    f"""SELECT t.id * 4 + 1, t.organization_id, t.campaign_id, t.fundraising_page_id, t.fundraising_team_id,
        t.member_id, COALESCE(t.fundraising_page_id, t.campaign_id), t.id, 'member', m.first_name || ' ' || m.last_name,
        CASE WHEN t.fundraising_page_id IS NULL THEN 'campaign' ELSE 'fundraising_page' END, NULL, 'transaction',
        printf('$%.2f', t.donation / 100.0), CASE WHEN t.comment IS NULL THEN 'creation' ELSE 'comment' END, t.comment,
        'public', t.created_at, t.created_at
      FROM base_transactions t JOIN base_members m ON m.id = t.member_id WHERE {_GIVEN}
      UNION ALL
      SELECT p.id * 4 + 2, p.organization_id, p.campaign_id, p.id, p.fundraising_team_id, p.member_id,
        COALESCE(p.fundraising_team_id, p.campaign_id), p.id, 'member', m.first_name || ' ' || m.last_name,
        CASE WHEN p.fundraising_team_id IS NULL THEN 'campaign' ELSE 'fundraising_team' END, NULL, 'fundraising_page',
        p.title, CASE WHEN p.fundraising_team_id IS NULL THEN 'update' ELSE 'association' END, NULL, 'public',
        p.created_at, p.created_at + 60 FROM base_fundraising_pages p JOIN base_members m ON m.id = p.member_id
      UNION ALL
      SELECT c.id * 4 + 3, c.organization_id, c.id, NULL, NULL, NULL, c.organization_id, NULL, NULL, NULL,
        'organization', c.name, NULL, NULL, 'onboarding', 'Welcome to the stand-in!', 'admin', c.created_at,
        c.updated_at FROM base_campaigns c""",
)  # fmt: skip

DERIVED = (
    ACTIVITY,
    HISTORY,
    TRACKING,
    DEDICATIONS,
    ANSWERS,
    SOFT_CREDITS,
    RECEIPTS,
    ACKNOWLEDGEMENTS,
    DONOR_EMAILS,
    PAST_DONORS,
    FEED_ITEMS,
)
