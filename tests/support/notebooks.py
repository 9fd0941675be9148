"""Numbers as notebooks show them, and days as SQL finds them."""

ORGANIZATION = 64_531
"""The sandbox's first organization, the one that notebooks ask."""

LOCAL_DAY = """date(purchased_at - 3600 * CASE
    WHEN strftime('%Y', purchased_at, 'unixepoch') <> '2026' THEN NULL
    WHEN purchased_at >= unixepoch('2026-03-08 10:00:00') AND purchased_at < unixepoch('2026-11-01 09:00:00')
    THEN 7 ELSE 8 END, 'unixepoch')"""
"""SQL: the day of a gift of 2026 in Los Angeles, whose clocks are 7 or 8 hours behind UTC."""


def cents(text: str) -> int:
    """Return an amount such as ``1,234.50`` in cents."""
    return round(float(text.replace(",", "")) * 100)


def whole(text: str) -> int:
    """Return a number such as ``1,234``."""
    return int(text.replace(",", ""))


def money(amount: int) -> str:
    """Return cents as a notebook shows them."""
    return f"{amount / 100:,.2f}"
