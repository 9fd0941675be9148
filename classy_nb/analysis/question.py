"""How a frame was fetched, as far as its ``attrs`` still tell, and which calculations that spoils.

The client writes the question into ``frame.attrs["classy"]``: the conditions, ``limit=``, the fiscal year.
Every calculation passes its frame to :func:`check`, which looks its name up in one table. Some operations of
pandas and all files lose ``attrs``; then nothing is known, and nothing is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from classy_nb.arguments import shown
from classy_nb.errors import DataWarning, QueryWarning, UsageError, warn
from classy_nb.query.filters import suggestion

from . import columns as col

if TYPE_CHECKING:
    from collections.abc import Sequence

ABOUT = "classy"
"""Key in ``frame.attrs``: what was asked."""
DONOR = "classy_donor"
"""Key in ``frame.attrs``: the column that ``donor_id`` was made of."""
ALL_STATUSES = (
    "success", "refunded", "failed", "incomplete", "canceled", "test", "voided", "pending", "cb_lost",
    "cb_initiated",
)  # fmt: skip
"""The statuses of a transaction in the vendor's document."""
CHARGED = ("success", "refunded", "cb_lost", "cb_initiated", "failed")
"""Statuses of a charge that was decided: it succeeded, whatever happened later, or it failed."""
GONE = ("refunded", "cb_lost", "cb_initiated")
"""Statuses of a charge that was taken back, or may be."""
OPEN = ("active", "failing", "paused")
"""Statuses of a plan that goes on."""
OVER = ("canceled", "failed", "ended")
"""Statuses of a plan that ended."""

_CONDITION = re.compile(r"([\w.]+)(<=|>=|!=|=|<|>)(.*)", re.DOTALL)


@dataclass(frozen=True)
class _Spoils:
    """Conditions that spoil a calculation."""

    why: str
    columns: tuple[str, ...] = ()
    """Any condition on one of these."""
    statuses: tuple[str, ...] = ()
    """Conditions on ``status`` that leave one of these out; none for those that the caller counts."""
    only_warns: bool = False

    def found(self, conditions: Sequence[tuple[str, str, str]], counted: Sequence[str]) -> list[str]:
        """Return the conditions that spoil it, as text."""
        needed = self.statuses or (() if self.columns else tuple(counted))
        return [
            f"{name} {operator} {value}"
            for name, operator, value in conditions
            if name in self.columns
            or (name == "status" and any(_excludes(operator, value, s) for s in needed))
        ]


def _excludes(operator: str, value: str, status: str) -> bool:
    return (operator == "=" and value != status) or (operator == "!=" and value == status)


_COUNTED = _Spoils("a status that should count was not fetched")
_CHANGES = _Spoils(
    "it holds some of a donor's gifts and not others, chosen by a date other than that of the gift",
    columns=("created_at", "updated_at", "refunded_at"),
)
_ENDED_PLANS = _Spoils("plans that ended were not fetched, so nothing seems to be lost", statuses=OPEN + OVER)
_SOME_PLANS = _Spoils(
    "it holds plans chosen by what became of them or by when they began, and the others were not fetched",
    columns=(
        "is_paused", "canceled_at", "failed_at", "recur_until", "next_processing_date", "pause_until",
        "plan_paused_on_date", "started_at", "created_at", "updated_at",
    ),
)  # fmt: skip
_BY_FATE = _Spoils(
    "plans that ended since that day were not fetched",
    columns=tuple(name for name in _SOME_PLANS.columns if name not in {"started_at", "created_at"}),
    statuses=OPEN + OVER,
)
_SPOILED_BY: dict[str, tuple[_Spoils, ...]] = {
    "gifts": (_COUNTED,),
    "gross_fees_net": (_COUNTED,),
    "designation_totals": (_COUNTED,),
    "refunds by refunded_at": (
        _COUNTED,
        _Spoils(
            "refunds of gifts that were not fetched would be missing (with by='refunded_at', since= means "
            "when the money went back)",
            columns=("purchased_at",),
        ),
    ),
    "refunds by purchased_at": (
        _COUNTED,
        _Spoils("gifts that were refunded at other times would be missing", columns=("refunded_at",)),
    ),
    "wide_answers": (
        _Spoils(
            "an answer that was not fetched looks like one that was not given",
            columns=("answer", "member_id", "updated_at"),
        ),
    ),
    "duplicates": (
        _Spoils(
            "twins among the others are not found",
            columns=("created_at", "updated_at", "last_emailed_at"),
            only_warns=True,
        ),
    ),
    "left_out": (
        _Spoils(
            "transactions of other statuses are not accounted for", statuses=ALL_STATUSES, only_warns=True
        ),
    ),
    "failed_payments": (
        _Spoils(
            "charges that failed are compared with those that succeeded, and it lacks some", statuses=CHARGED
        ),
        _Spoils(
            "it lacks attempts of the same installments",
            columns=("parent_transaction_id", *_CHANGES.columns),
        ),
        _Spoils(
            "attempts before or after that are not known, so an installment may look lost or new",
            columns=("purchased_at",),
            only_warns=True,
        ),
    ),
    **dict.fromkeys(
        (
            "retention",
            "retention_donors",
            "gain_loss",
            "cohorts",
            "second_gift",
            "lybunt",
            "sybunt",
            "rfm",
        ),
        (_CHANGES,),
    ),
    "active_plans": (
        _Spoils(
            "failing and paused plans are active, too, and some were not fetched",
            columns=("is_paused",),
            statuses=OPEN,
            only_warns=True,
        ),
    ),
    "active_plans on a past day": (_BY_FATE,),
    "churn": (_ENDED_PLANS, _SOME_PLANS),
    "forecast": (_ENDED_PLANS, _SOME_PLANS),
}
"""What spoils each calculation; ``limit=`` spoils all."""


def check(frame: Any, function: str, counted: Sequence[str] = ()) -> None:
    """Refuse a frame whose question makes the answer meaningless, and warn of one that holds a part.

    Parameters
    ----------
    frame
        What was given to a calculation.
    function
        Its name in the table of conditions.
    counted
        The statuses that the caller counts.

    Warns
    -----
    DataWarning
        The frame holds the first rows only (``limit=``, a batch), or a condition narrows what is described.

    Raises
    ------
    UsageError
        A condition leaves out what the calculation compares with.
    """
    if not isinstance(frame, pd.DataFrame):
        return  # named by whoever needs its columns
    about = _about(frame)
    name = function.partition(" ")[0]
    total = about.get("total")
    for part, rows in (("with limit=", about.get("limit")), ("as a batch of ", about.get("batch"))):
        if rows is not None and not (isinstance(total, int) and total <= rows):
            message = f"analysis.{name}: the frame was fetched {part}{rows}, and describes those rows only."
            warn(message, DataWarning)
    for rule in _SPOILED_BY.get(function, ()):
        if found := rule.found(_conditions(about), counted):
            asked = ", ".join(f"where={shown(text)}" for text in found)
            message = f"analysis.{name}: the frame was fetched with {asked}: {rule.why}."
            if not rule.only_warns:
                raise UsageError(message, advice="Fetch it without that condition and pass the whole frame.")
            warn(message, DataWarning)


def check_filled(frame: Any, function: str, *columns: str) -> None:
    """Warn of columns without any value, of which the API may have stopped sending the key.

    Nothing would count, and a total of nothing looks like an answer.
    """
    if not isinstance(frame, pd.DataFrame) or frame.empty:
        return
    for name in columns:
        if name in frame.columns and bool(frame[name].isna().all()):
            warn(f"analysis.{function}: no row has a value in {name}, so nothing counts.", DataWarning)


def check_statuses(frame: Any, function: str, counted: Sequence[str]) -> None:
    """Warn of statuses to count that are neither in the vendor's document nor in the frame."""
    held = set(frame["status"].dropna()) if isinstance(frame, pd.DataFrame) and "status" in frame else set()
    for status in counted:
        if status not in ALL_STATUSES and status not in held:
            message = f"analysis.{function}: no transaction has status={shown(status)}."
            warn(f"{message} {suggestion(status, ALL_STATUSES)}".rstrip(), QueryWarning)


def check_same_period(frame: pd.DataFrame, other: pd.DataFrame, function: str, column: str) -> None:
    """Refuse conditions on a date of *frame* that *other*, which it is joined to, was not fetched with.

    Raises
    ------
    UsageError
        There is one: what belongs to rows of *other* may not be in *frame*.
    """
    both = set(_conditions(_about(other)))
    narrower = [part for part in _conditions(_about(frame)) if part[0] == column and part not in both]
    if narrower:
        asked = ", ".join(f"where={' '.join(part)!r}" for part in narrower)
        raise UsageError(
            f"analysis.{function}: one frame was fetched with {asked}, the one that it is joined to was not: "
            "what belongs to the other rows would be missing.",
            advice="Fetch it without that condition, or both with the same.",
        )


def holds(frame: pd.DataFrame, statuses: Sequence[str]) -> bool:
    """Tell whether transactions of all these statuses were fetched, as far as is known."""
    return not any(
        name == "status" and any(_excludes(operator, value, status) for status in statuses)
        for name, operator, value in _conditions(_about(frame))
    )


def path(frame: Any) -> str:
    """Return the path that a frame was fetched from; empty if it does not tell."""
    found = _about(frame).get("path")
    return found if isinstance(found, str) else ""


def check_history(gifts: pd.DataFrame, function: str, first: Any, *, years: Any = ()) -> None:
    """Look at where a frame of gifts begins: donors who gave earlier look new.

    Parameters
    ----------
    gifts
        The frame of gifts.
    function
        Name of the calculation.
    first
        The first day that must be there; None if that is open.
    years
        The years that the calculation compares, if it compares all that there are.
    """
    since, _ = bounds(gifts)
    if since is None:
        return
    begins = (
        f"analysis.{function}: the frame begins on {since:%Y-%m-%d} (since=, or a condition on purchased_at)"
    )
    if first is not None and since > first:
        raise UsageError(
            f"{begins}, after the first day that is compared, {first:%Y-%m-%d}.",
            advice="Fetch the earlier gifts, too.",
        )
    if len(years) == 1:
        raise UsageError(
            f"{begins} and holds one year, with nothing to compare it with.",
            advice="Fetch the earlier gifts, too.",
        )
    warn(f"{begins}: what donors gave before is not known, and who gave before may look new.", DataWarning)


def check_end(gifts: pd.DataFrame, function: str, first: pd.Timestamp, last: pd.Timestamp) -> None:
    """Look at where a frame of gifts ends, for a calculation about the year from *first* to *last*."""
    _, until = bounds(gifts)
    if until is None or until >= min(last, col.today_or(None, col.zone_of(gifts["purchased_at"], col.GIFTS))):
        return
    ends = f"analysis.{function}: the frame ends before {until:%Y-%m-%d} (until=, or purchased_at <)"
    if until <= first:
        raise UsageError(
            f"{ends}, and the year begins on {first:%Y-%m-%d}: everybody would look lapsed.",
            advice="Fetch the gifts of that year, too, or ask for an earlier year.",
        )
    warn(f"{ends}: who gave later in that year looks lapsed.", DataWarning)


def bounds(gifts: pd.DataFrame) -> tuple[pd.Timestamp | None, pd.Timestamp | None]:
    """Return the local days on which a frame of gifts begins and before which it ends; None where unknown."""
    zone = col.zone_of(gifts["purchased_at"], col.GIFTS)
    lower: pd.Timestamp | None = None
    upper: pd.Timestamp | None = None
    for name, operator, value in _conditions(_about(gifts)):
        moment = pd.to_datetime(value, errors="coerce") if name == "purchased_at" else pd.NaT
        if pd.isna(moment):
            continue
        local = moment.tz_convert(zone).tz_localize(None) if moment.tz else moment
        if operator in (">", ">=", "="):
            lower = local if lower is None else max(lower, local)
        if operator in ("<", "<=", "="):
            upper = local if upper is None else min(upper, local)
    return lower, upper


def fiscal_year_start(frame: Any, given: Any, alias: Any = None) -> int:
    """Return the month in which a year starts: as given, else that of the connection, else January.

    Parameters
    ----------
    frame
        What was given to a calculation.
    given, alias
        ``fiscal_year_start=`` and its older name, ``first_month=``; None where not given.

    Raises
    ------
    UsageError
        It is not a month, or the two names say different things.
    """
    if given is not None and alias is not None and given != alias:
        raise UsageError(
            f"fiscal_year_start={shown(given)} and first_month={shown(alias)} say different things."
        )
    name, month = "fiscal_year_start", given
    if month is None and alias is not None:
        name, month = "first_month", alias
    if month is None:
        month = _about(frame).get("fiscal_year_start")
    if month is None:
        return 1
    if not col.is_whole(month, 1, 12):
        raise UsageError(f"{name}={shown(month)} must be a whole number from 1 to 12.")
    return int(month)


def _about(frame: Any) -> dict[str, Any]:
    about = getattr(frame, "attrs", {}).get(ABOUT)
    return about if isinstance(about, dict) else {}


def _conditions(about: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return what was asked as column, operator and value."""
    asked = about.get("asked")
    texts = [text for text in asked if isinstance(text, str)] if isinstance(asked, list) else []
    filters = [text.removeprefix("filter=") for text in texts if text.startswith("filter=")]
    # `classy.get(path, filter=...)` takes several conditions in one text, as the API does.
    found = [_CONDITION.fullmatch(part.strip()) for text in filters for part in text.split(",")]
    return [(match[1], match[2], match[3].strip()) for match in found if match]
