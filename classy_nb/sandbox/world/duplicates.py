"""Supporters who are there twice: the same person, entered again and spelled differently.

``people`` draws the pairs, copies the first record onto the second, and lets :func:`respell` write it as
somebody would who no longer knows how it was written before.
"""

from __future__ import annotations

import unicodedata
from typing import Any

import numpy as np

from .scene import KNOBS, Ints

_KNOBS = KNOBS["duplicates"]
_NICKNAMES: dict[str, str] = _KNOBS["nicknames"]


def pairs(rng: np.random.Generator, members: Ints) -> list[tuple[int, int]]:
    """Draw positions of second records and of the first ones they repeat; nobody is there three times.

    Half of the second records belong to nobody with a login: two logins never share an e-mail address.
    """
    count = round(_KNOBS["share"] * len(members))
    guests = rng.permutation(np.flatnonzero(members == 0))[: count // 2]
    others = rng.permutation(np.setdiff1d(np.arange(len(members)), guests))
    second = np.concatenate([guests, others[: count - len(guests)]])
    first = others[count - len(guests) :][:count]
    return list(zip(second.tolist(), first.tolist(), strict=True))


def respell(
    rng: np.random.Generator, person: dict[str, Any], number: int, *, has_login: bool
) -> dict[str, Any]:
    """Return the columns of *person* that the second record, with the id *number*, has differently."""
    first, last = person["first_name"], person["last_name"]
    names = (
        (_NICKNAMES.get(first, first), last),
        (plain(first), plain(last)),
        (first.upper(), last.upper()),
        (first.lower(), last.lower()),
        (f"{first[0]}.", last),
        (f"{first} M.", last),
        (f"{first} ", last),
        (last, first),
        (first, last),
    )
    other_first, other_last = names[rng.integers(len(names))]
    return {
        "first_name": other_first,
        "last_name": other_last,
        "email_address": _email(rng, person, number, has_login=has_login),
        "phone": _phone(rng, person["phone"]),
        **_address(rng, person),
    }


def plain(name: str) -> str:
    """Return a name without accents."""
    return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()


def letters(name: str) -> str:
    """Return what of a name can stand in an e-mail address."""
    return "".join(letter for letter in plain(name).lower() if letter.isalnum())


def _email(rng: np.random.Generator, person: dict[str, Any], number: int, *, has_login: bool) -> str:
    """Write the same address in other letters; people with a second login have a second address."""
    email: str = person["email_address"]
    if not has_login:
        return (email.upper(), email.title(), email.replace("@example.org", "@Example.org"))[rng.integers(3)]
    form = _KNOBS["emails"][rng.integers(len(_KNOBS["emails"]))]
    first, last = letters(person["first_name"]), letters(person["last_name"])
    return f"{form.format(first=first, initial=first[0], last=last, number=number % 100_000)}@example.org"


def _phone(rng: np.random.Generator, phone: str | None) -> str | None:
    if phone is None:
        return None
    area, *rest = phone.split("-")
    return (f"({area}) {'-'.join(rest)}", ".".join([area, *rest]), area + "".join(rest), None)[
        rng.integers(4)
    ]


def _address(rng: np.random.Generator, person: dict[str, Any]) -> dict[str, Any]:
    """Write an address differently: words in full, the unit in the same line, a lost zero, capitals."""
    if person["address1"] is None:
        return {}
    found = {name: person[name] for name in ("address1", "address2", "city", "state", "postal_code")}
    words = [_KNOBS["words"].get(word, word) for word in found["address1"].split(" ")]
    found["address1"] = " ".join(words)
    if found["address2"]:
        found |= {"address1": f"{found['address1']}, {found['address2']}", "address2": None}
    way = rng.integers(4)
    if way == 0:
        found |= {"address1": found["address1"].upper(), "city": found["city"].upper()}
    elif way == 1:
        found["state"] = _KNOBS["states"].get(found["state"], found["state"])
    elif way == 2 and found["postal_code"].isdigit():
        # A spreadsheet takes it for a number; without a zero to lose, somebody knew the nine-digit one.
        code = found["postal_code"]
        found["postal_code"] = (
            code.lstrip("0") if code.startswith("0") else f"{code}-{rng.integers(1, 9999):04d}"
        )
    return found
