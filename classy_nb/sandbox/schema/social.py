"""Stories, updates, their comments and likes, and domain slugs: small, from campaigns, pages, teams."""

# The statements are put together from the names of our own tables and columns and from numbers;
# what a client sends goes in as parameters.
# ruff: noqa: S608

from __future__ import annotations

from classy_nb.sandbox.table import Table, columns

from .derived import Derived

_POST = {
    **columns(
        "int",
        """id organization_id campaign_id fundraising_page_id fundraising_team_id member_id postable_id""",
    ),
    **columns("text", "postable_type poster_name body title"),
    **columns("time", "created_at updated_at"),
}
_POST_COLUMNS = {
    "comments_count": "2",
    "likes_count": "1",
    "latest_comments": "'[]'",
    "shares_count": "t.id % 9",
    "status": "'published'",
    "views_count": "t.id % 211",
}
_INDEXES = ("campaign_id", "fundraising_page_id", "fundraising_team_id")


def _posts(what: str, body: str) -> str:
    member = "(SELECT MIN(m.id) FROM base_members m WHERE m.organization_id = x.organization_id)"
    return f"""SELECT x.id * 4, x.organization_id, x.id, NULL, NULL, {member}, x.id, 'campaign', 'Staff',
        {body}, '{what} of ' || x.name, x.created_at, x.updated_at FROM base_campaigns x
      UNION ALL
      SELECT x.id * 4 + 1, x.organization_id, NULL, x.id, NULL, x.member_id, x.id, 'fundraising_page',
        NULL, {body}, x.title, x.created_at, x.created_at + 60
      FROM base_fundraising_pages x WHERE x.id % 5 = 0
      UNION ALL
      SELECT x.id * 4 + 2, x.organization_id, NULL, NULL, x.id, x.team_lead_id, x.id, 'fundraising_team',
        NULL, {body}, NULL, x.created_at, x.created_at + 60
      FROM base_fundraising_teams x WHERE x.id % 3 = 0"""


STORIES = Derived(
    Table("stories", "CampaignStory", _POST, _POST_COLUMNS, indexes=_INDEXES),
    _posts("Story", "'<p>How it began,' || char(10) || 'and \"why\".</p>'"),
)
UPDATES = Derived(
    Table(
        "updates",
        "CampaignUpdate",
        _POST,
        {**_POST_COLUMNS, "visibility": "'public'"},
        order="t.created_at DESC, t.rowid",
        indexes=_INDEXES,
    ),
    _posts("Update", "'=Half way there! 🎉'"),
)

_COMMENTED = """SELECT id, organization_id, 'story' AS kind, member_id AS author, created_at FROM base_stories
  UNION ALL SELECT id, organization_id, 'update', member_id, created_at FROM base_updates
  UNION ALL SELECT id, organization_id, 'feed_item', agent_id, created_at FROM base_feed_items
    WHERE id % 50 = 1 AND agent_id IS NOT NULL"""
_KIND = "CASE c.kind WHEN 'story' THEN 0 WHEN 'update' THEN 1 ELSE 2 END"

COMMENTS = Derived(
    Table(
        "comments",
        "Comment",
        {
            **columns("int", "id organization_id commentable_id member_id"),
            **columns("text", "commentable_type commenter_name body"),
            **columns("time", "created_at updated_at"),
        },
        {"author_display_name": "t.commenter_name", "likes_count": "t.id % 3"},
        indexes=("commentable_id",),
    ),
    f"""SELECT c.id * 8 + {_KIND} * 2 + n.n, c.organization_id, c.id, c.author, c.kind,
        m.first_name || ' ' || m.last_name, CASE n.n WHEN 0 THEN 'Well done!' ELSE 'Go, "team"' END,
        c.created_at + 3600 * (n.n + 1), c.created_at + 3600 * (n.n + 1)
      FROM ({_COMMENTED}) c JOIN (SELECT 0 AS n UNION SELECT 1) n
      LEFT JOIN base_members m ON m.id = c.author""",
    needs=("stories", "updates", "feed_items"),
)

LIKES = Derived(
    Table(
        "likes",
        "Like",
        {
            **columns("int", "id organization_id likeable_id member_id"),
            **columns("text", "likeable_type liker_name"),
            **columns("time", "created_at updated_at"),
        },
        indexes=("likeable_id",),
    ),
    f"""SELECT c.id * 4 + {_KIND}, c.organization_id, c.id, c.author, c.kind,
        m.first_name || ' ' || m.last_name, c.created_at + 60, c.created_at + 60
      FROM ({_COMMENTED}) c LEFT JOIN base_members m ON m.id = c.author""",
    needs=("stories", "updates", "feed_items"),
)

SLUGS = Derived(
    Table(
        "domain_slugs",
        "DomainSlug",
        {
            **columns("int", "id organization_id campaign_id fundraising_team_id fundraising_entity_id"),
            **columns("text", "fundraising_entity_type value"),
            **columns("time", "created_at updated_at deleted_at"),
        },
        {
            "domain_id": "331",
            "links_to_donation_page": "t.id % 2",
            "domain_masking_url": "'https://give.example.org/' || t.value",
        },
        indexes=("organization_id", "campaign_id", "fundraising_team_id"),
    ),
    """SELECT c.id * 2, c.organization_id, c.id, NULL, c.id, 'campaign', printf('%04d-give', c.id % 10000),
        c.created_at, c.created_at, CASE WHEN c.id % 13 = 0 THEN c.updated_at END FROM base_campaigns c
      UNION ALL
      SELECT g.id * 2 + 1, g.organization_id, NULL, g.id, g.id, 'fundraising_team', 'team-' || g.id,
        g.created_at,
        g.created_at, NULL FROM base_fundraising_teams g WHERE g.id % 2 = 0""",
)

SOCIAL = (STORIES, UPDATES, COMMENTS, LIKES, SLUGS)
