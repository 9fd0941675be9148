"""Ways to pay, and where donors came from: the lookup tables."""

from __future__ import annotations

COVERED, FEE_ON_TOP, ANONYMOUS, HIDDEN, GIFT_AID, REPROCESS, OPTED_IN, SYNC = (1 << n for n in range(8))
FREE, ACH, PAYPAL, OFFLINE, FACEBOOK = 0, 3, 4, 6, 7
PAYMENTS = (
    (FREE, None, None, None, None, None),
    (1, "Credit Card", "Stripe", "stripe", "MANUAL", "Visa"),
    (2, "Credit Card", "Stripe", "Stripe", "APPLE_PAY", "Mastercard"),
    (ACH, "ACH", "Classy Pay", "Classy Pay", "PLAID", None),
    (PAYPAL, "PayPal", "PayPalCommerce", "PayPalCommerce", "PAYPAL", None),
    (5, "Venmo", "PayPalCommerce", "PayPalCommerce", "VENMO", None),
    (OFFLINE, None, "Offline", None, None, None),
    (FACEBOOK, None, "Facebook", "Facebook Pay", None, None),
    (8, "Credit Card", "Stripe", "Stripe", "GOOGLE_PAY", "American Express"),
    (9, "Crypto", "Coinbase", "Coinbase", "COINBASE", None),
    (10, "Credit Card", "WPP", "BrainTree", "MANUAL", "Visa"),
)
SOURCES = (
    (1, "newsletter", "email", "spring", None, None, "email-spring", "", None),
    (2, "newsletter", "email", "year-end", "button, top", None, "email-ye", "b", None),
    (3, "google", "cpc", "brand", 'ad "A"', "donate otters", "g-brand", "", "www.google.example"),
    (4, "facebook", "social", "givingtuesday", "video", None, "fb-gt", "", "m.facebook.example"),
    (5, "instagram", "social", "givingtuesday", None, None, "ig-gt", "", None),
    (6, "direct", "mail", "=appeal", None, None, "007", "00042", None),
    (7, "partner", "referral", None, None, None, "partner", "", "standin.example"),
    (8, "qr", "print", "gala", "table 5", None, "qr", "", None),
)
