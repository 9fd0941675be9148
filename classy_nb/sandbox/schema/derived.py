"""Tables that follow from the stored ones; each is filled by one statement when it is first asked for.

Ids are made from the ids they follow from, so that they are the same after rows were added or removed.
"""

# The statements are put together from the names of our own tables and columns and from numbers;
# what a client sends goes in as parameters.
# ruff: noqa: S608

from __future__ import annotations

from dataclasses import dataclass

from classy_nb.sandbox.table import Table, columns


@dataclass(frozen=True)
class Derived:
    """A table and the SELECT that fills it."""

    table: Table
    fill: str
    needs: tuple[str, ...] = ()
    """Other derived tables that must be there first."""


_DEFAULT = "(SELECT MIN(d.id) FROM base_designations d WHERE d.organization_id = t.organization_id)"
_DESIGNATED = f"COALESCE(t.designation_id, {_DEFAULT})"
_MEMBER = "(SELECT MIN(m.id) FROM base_members m WHERE m.organization_id = t.organization_id)"
GIVEN = "t.status IN ('success', 'refunded')"

ACTIVITY = Derived(
    Table(
        "activity",
        "Activity",
        {
            **columns(
                "int",
                """id organization_id campaign_id designation_id member_id fundraising_page_id
                fundraising_team_id transaction_id link_id""",
            ),
            "link_text": "text",
            "type": "text",
        },
        {
            "business": "json_object('id', 77, 'name', 'Example & Sons, Inc.', 'created_at',"
            " '2019-04-23T10:25:03Z')",
            "designation": "CAST(t.designation_id AS TEXT)",
            **dict.fromkeys(("campaign", "member", "organization"), "NULL"),
        },
        order="t.rowid DESC",
        indexes=("organization_id", "campaign_id", "fundraising_page_id", "fundraising_team_id"),
    ),
    f"""SELECT t.id * 4, t.organization_id, t.campaign_id, {_DESIGNATED}, t.member_id,
        COALESCE(t.fundraising_page_id, 0), COALESCE(t.fundraising_team_id, 0), t.id, t.id,
        printf('$%.2f', t.donation / 100.0),
        CASE WHEN t.overhead > 0 THEN 'ticket_purchased' ELSE 'donation_created' END
      FROM base_transactions t WHERE {GIVEN} AND t.member_id IS NOT NULL
      UNION ALL
      SELECT t.id * 4 + 1, t.organization_id, t.campaign_id, {_DESIGNATED}, t.member_id, t.id,
        COALESCE(t.fundraising_team_id, 0), 0, t.id, t.title, 'fundraising_page_created'
      FROM base_fundraising_pages t
      UNION ALL
      SELECT t.id * 4 + 2, t.organization_id, t.campaign_id, {_DESIGNATED}, t.team_lead_id, 0,
        t.id, 0, t.id, t.name, 'fundraising_team_created'
      FROM base_fundraising_teams t
      UNION ALL
      SELECT t.id * 4 + 3, t.organization_id, t.id, t.designation_id, {_MEMBER}, 0, 0, 0, t.id, t.name,
        'campaign_created'
      FROM base_campaigns t""",
)

HISTORY = Derived(
    Table(
        "recurring_donation_history",
        "RecurringDonationPlanHistory",
        {
            **columns("int", "id organization_id recurring_id transaction_id"),
            **columns("text", "type error_msg raw_currency_code"),
            **columns("cents", "donation_amount raw_donation_amount"),
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

FEED_ITEMS = Derived(
    Table(
        "feed_items",
        "AnyFeedItem",
        {
            **columns(
                "int",
                """id organization_id campaign_id fundraising_page_id fundraising_team_id agent_id feedable_id
                linkable_id""",
            ),
            **columns(
                "text",
                """agent_type agent_name feedable_type feedable_value linkable_type linkable_value type
                  comment
                visibility""",
            ),
            **columns("time", "created_at updated_at"),
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
        t.member_id, COALESCE(t.fundraising_page_id, t.campaign_id), t.id, 'member', m.first_name || ' ' ||
        m.last_name,
        CASE WHEN t.fundraising_page_id IS NULL THEN 'campaign' ELSE 'fundraising_page' END, NULL,
          'transaction',
        printf('$%.2f', t.donation / 100.0), CASE WHEN t.comment IS NULL THEN 'creation' ELSE 'comment'
          END, t.comment,
        'public', t.created_at, t.created_at
      FROM base_transactions t JOIN base_members m ON m.id = t.member_id WHERE {GIVEN}
      UNION ALL
      SELECT p.id * 4 + 2, p.organization_id, p.campaign_id, p.id, p.fundraising_team_id, p.member_id,
        COALESCE(p.fundraising_team_id, p.campaign_id), p.id, 'member', m.first_name || ' ' || m.last_name,
        CASE WHEN p.fundraising_team_id IS NULL THEN 'campaign' ELSE 'fundraising_team' END, NULL,
        'fundraising_page', p.title,
        CASE WHEN p.fundraising_team_id IS NULL THEN 'update' ELSE 'association' END, NULL,
        'public', p.created_at, p.created_at + 60
      FROM base_fundraising_pages p JOIN base_members m ON m.id = p.member_id
      UNION ALL
      SELECT c.id * 4 + 3, c.organization_id, c.id, NULL, NULL, NULL, c.organization_id, NULL, NULL, NULL,
        'organization', c.name, NULL, NULL, 'onboarding', 'Welcome to the stand-in!', 'admin', c.created_at,
        c.updated_at FROM base_campaigns c""",
)

DERIVED = (ACTIVITY, HISTORY, FEED_ITEMS)
