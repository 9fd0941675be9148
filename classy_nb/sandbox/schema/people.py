"""Members (who log in) and supporters (who give)."""

from __future__ import annotations

from classy_nb.sandbox.table import Table, columns

_ADDRESS = (
    "first_name",
    "last_name",
    "email_address",
    "address1",
    "address2",
    "city",
    "state",
    "country",
    "postal_code",
    "phone",
    "gender",
)

MEMBERS = Table(
    "members",
    "Member",
    {
        "id": "int",
        "organization_id": "int",
        **dict.fromkeys(_ADDRESS, "text"),
        "title": "text",
        "status": "text",
        **columns("time", "date_of_birth created_at last_login_at"),
    },
    {
        "descope_user_id": "CASE WHEN t.id % 3 = 0 THEN printf('U2%010d', t.id) END",
        "descope_last_sync_at": "CASE WHEN t.id % 3 = 0 THEN t.created_at + 86400 END",
        "profile_image_id": "CASE WHEN t.id % 6 = 0 THEN 700000 + t.id % 5000 END",
    },
    indexes=("organization_id",),
)

SUPPORTERS = Table(
    "supporters",
    "Supporter",
    {
        **columns(
            "int",
            """id organization_id member_id source_campaign_id source_fundraising_page_id
            opt_in card_last_four""",
        ),
        **dict.fromkeys(_ADDRESS, "text"),
        **columns("text", "cell_phone birthday nickname location last_emailed_at origin metadata"),
        **columns("time", "created_at updated_at"),
    },
    {
        "source_organization_id": "t.organization_id",
        "source_member_id": "CASE WHEN t.id % 9 = 0 THEN t.member_id END",
    },
    date_form="offset",
    order="t.updated_at DESC, t.rowid DESC",
    indexes=("organization_id", "member_id"),
)
