"""The tools: what an assistant may ask, what each tool counts, and what every answer states.

Arguments come in, already checked against their model; an answer goes out as a JSON object. A tool is a
function of a :class:`~.reader.Reader` and its arguments; ``tools.toml`` has its definition and columns. The
calculations are those of ``classy_nb.analysis``: nothing is added up differently here.
"""

from __future__ import annotations

import math
import tomllib
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pandas as pd
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from classy_nb import analysis
from classy_nb.catalog import described_columns, load, resource_meaning, summary
from classy_nb.client.finding import find
from classy_nb.errors import UsageError, kept_warnings
from classy_nb.query import Period, named_period, today_in

from .disclosure import HIDDEN
from .reader import WHEN, Reader, Reading, Refusal, Span, notes_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from classy_nb.catalog import Column

MOST_ROWS = 200
"""Rows of an answer."""
MOST_SAMPLED = 20
"""Records of a sample."""
_COLUMNS_OF_A_SAMPLE = 20
_MONEY_FIELDS = (
    "id", "status", "purchased_at", "refunded_at", "currency_code", "campaign_id", "designation_id",
    "payment_method", "total_gross_amount", "donation_gross_amount", "overhead_net_amount",
    "adjustment_amount", "classy_fees_amount", "pp_fees_amount",
)  # fmt: skip


# What is asked


class Question(BaseModel):
    """Arguments of a tool; no others are accepted."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


ONE_OR_MORE = BeforeValidator(lambda given: [given] if isinstance(given, str) else given)
"""Models often give one text where the schema says a list of texts, and it can mean nothing else."""
Id = Annotated[int, Field(ge=1, le=2**63 - 1)]
Name = Annotated[str, Field(min_length=1, max_length=60)]
Moment = Annotated[str, Field(min_length=1, max_length=60)]
Currency = Annotated[str, Field(pattern="^[A-Za-z]{3}$")]
Year = Annotated[int, Field(ge=1990, le=2100)]
Length = Annotated[
    Literal["day", "week", "month", "quarter", "year"],
    Field(description="day, week (from Monday), month, quarter or year (of the fiscal year)"),
]


class Words(Question):
    """What to look for."""

    words: Annotated[str, Field(min_length=1, max_length=100)] = Field(
        description="one word or some in English, up to 100 letters: refund, soft credit, team goal"
    )


class Nothing(Question):
    """No arguments."""


class OfResource(Question):
    """One resource."""

    resource: Name = Field(description="the name of a list, such as transactions (list_resources has them)")


class InPeriod(Question):
    """A period."""

    since: Moment | None = Field(
        None,
        description=f"the beginning: {WHEN}. A period in words sets both ends. Nothing: from the beginning",
    )
    until: Moment | None = Field(
        None,
        description="the end. A date is the first day that is no longer counted (until=2026-11-01 counts "
        "October 31); a period in words ends with its last day. Nothing: no end",
    )


class Records(OfResource, InPeriod):
    """Records of a list that match."""

    by: Name | None = Field(
        None, description="the date column that since and until mean, if not the business date"
    )
    where: Annotated[list[Annotated[str, Field(min_length=3, max_length=200)]], ONE_OR_MORE] = Field(
        default_factory=list,
        max_length=10,
        description="a list of conditions that must all hold, such as ['status = success', "
        "'total_gross_amount >= 100']; columns that are personal or were typed by the public cannot be used",
    )
    parents: dict[Name, Id] = Field(
        default_factory=dict,
        max_length=2,
        description="ids of parents by name, such as {'campaign': 123}; some lists need one",
    )


class Sampled(Records):
    """Some records of a list."""

    rows: int = Field(5, ge=1, le=MOST_SAMPLED, description=f"how many records, 1 to {MOST_SAMPLED}")
    columns: Annotated[list[Name], ONE_OR_MORE] = Field(
        default_factory=list,
        max_length=40,
        description=f"a list of names of columns; nothing: the first {_COLUMNS_OF_A_SAMPLE}",
    )
    newest: bool = Field(False, description="the latest ones instead of the first ones")


class Gifts(InPeriod):
    """Gifts of a period, possibly of one campaign."""

    campaign: Id | None = Field(None, description="the id of a campaign; nothing: all")


class ByPeriod(Gifts):
    """Gifts by period."""

    length: Length = "month"


class Ranked(Gifts):
    """Who raised the most."""

    by: Literal["campaign", "page", "team"] = Field(
        "campaign", description="what to rank: campaign, page or team (fundraising pages and teams)"
    )
    top: int = Field(10, ge=1, le=100, description="how many for each currency, 1 to 100")


class Parts(Gifts):
    """Gross, fees and net."""

    by: Literal["campaign", "designation", "payment_method", "day", "month", "year"] | None = Field(
        None, description="campaign, designation, payment_method, day, month or year; nothing: all together"
    )


class OfRefunds(InPeriod):
    """Refunds by period."""

    length: Length = "month"


class OfDonors(Question):
    """All gifts of all years, in one currency."""

    currency: Currency | None = Field(
        None, description="such as USD; needed if there are gifts in several, which are never added"
    )


class OfYear(OfDonors):
    """A year and the one before."""

    year: Year | None = Field(
        None,
        description="the (fiscal) year, such as 2026, named for the one in which it ends; nothing: this year",
    )


class OfCohorts(OfDonors):
    """What to follow."""

    values: Literal["donors", "rate", "amount"] = Field("donors", description="donors, rate or amount")


class OfSecondGifts(OfDonors):
    """Which first gifts."""

    first: Literal["one-time", "recurring"] | None = Field(
        None, description="only donors whose first gift was one-time or recurring; nothing: all"
    )
    within: int = Field(365, ge=1, le=3650, description="days in which the second gift should come")


class LatestMonths(Question):
    """The latest months."""

    months: int = Field(24, ge=1, le=120, description="how many of the latest months, 1 to 120")


class Ahead(Question):
    """Months ahead."""

    months: int = Field(12, ge=1, le=60, description="how many whole months after this one, 1 to 60")


# What is answered


@dataclass
class Answer:
    """What a tool found, before it becomes JSON."""

    rows: list[dict[str, Any]]
    rows_behind: int
    """How many records the numbers are based on."""
    as_of: datetime | None = None
    """None if the answer is about the catalog, not about data."""
    span: Span | None = None
    date_column: str | None = None
    currencies: Sequence[str] = ()
    totals: list[dict[str, Any]] = field(default_factory=list)
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Tool:
    """One tool: what the assistant is told about it, and what it does."""

    name: str
    title: str
    definition: str
    """What is counted; part of every answer and of the tool's description."""
    question: type[Question]
    run: Callable[[Reader, Any], Answer]
    columns: Mapping[str, str]
    """The columns of its rows and their meanings; empty if they depend on the question."""
    function: str | None = None
    """The function of ``classy_nb.analysis`` that calculates it."""

    @property
    def output_schema(self) -> dict[str, Any]:
        """The JSON schema of its answers."""
        columns = {name: {"description": words} for name, words in self.columns.items()}
        rows = {"type": "array", "items": {"type": "object", "properties": columns}}
        return {"type": "object", "properties": {**_PARTS, "rows": rows}, "required": list(_PARTS)}

    def answer(self, reader: Reader, question: Question) -> dict[str, Any]:
        """Return the answer to a question as a JSON object."""
        with kept_warnings() as warned:
            found = self.run(reader, question)
        span, now, facts = found.span, datetime.now(UTC), reader.facts()
        notes = [*found.notes, *notes_of(warned)]
        if len(found.rows) > MOST_ROWS:
            notes.append(f"These are the first {MOST_ROWS} of {len(found.rows)} rows: ask for less.")
        if found.as_of is not None and facts.begins is not None:
            notes.append(f"This mirror holds gifts and what follows from them from {facts.begins} on only.")
        return {
            "definition": self.definition,
            "organization": facts.organization,
            "source": facts.source if found.as_of is not None else "classy_nb's catalog",
            "data_as_of": None if found.as_of is None else found.as_of.isoformat(timespec="seconds"),
            "age": None if found.as_of is None else _age((now - found.as_of).total_seconds()),
            "period": None
            if span is None
            else {"first_day": span.first_day, "last_day": span.last_day, "by": found.date_column},
            "timezone": facts.timezone,
            "fiscal_year_starts_in_month": facts.fiscal_year_start,
            "currencies": sorted(found.currencies),
            "rows_behind": found.rows_behind,
            "totals": found.totals,
            "rows": found.rows[:MOST_ROWS],
            "notes": list(dict.fromkeys(notes)),
        }


_TEXT: dict[str, Any] = {"type": ["string", "null"]}
_LIST: dict[str, Any] = {"type": "array", "items": {"type": "string"}}
_PARTS: dict[str, Any] = {
    "definition": {"type": "string"},
    "organization": {"type": "object"},
    "source": {"type": "string"},
    "data_as_of": _TEXT,
    "age": _TEXT,
    "period": {"type": ["object", "null"]},
    "timezone": {"type": "string"},
    "fiscal_year_starts_in_month": {"type": "integer"},
    "currencies": _LIST,
    "rows_behind": {"type": "integer"},
    "totals": {"type": "array", "items": {"type": "object"}},
    "rows": {"type": "array", "items": {"type": "object"}},
    "notes": _LIST,
}
"""The parts of every answer. The server's instructions explain them, once for all tools."""


def _age(seconds: float) -> str:
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length:
            number = int(seconds // length)
            return f"{number} {unit}{'' if number == 1 else 's'}"
    return "less than a minute"


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table as JSON objects: days as dates, amounts as they are, None for missing."""
    return [dict(zip(frame.columns, map(_plain, row), strict=True)) for row in frame.itertuples(index=False)]


def _plain(value: Any) -> Any:
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, pd.Timestamp):
        return value.isoformat() if value.tzinfo else value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, 6)
    return value


@contextmanager
def _calculating() -> Iterator[None]:
    """Let a calculation refuse in its own words, which quote only numbers and our own names."""
    try:
        yield
    except UsageError as error:
        what = error.what.removeprefix("analysis.")
        raise Refusal(f"This cannot be calculated from what is here: {what}") from None


# The catalog


def _find(_: Reader, question: Words) -> Answer:
    if not any(map(str.isalnum, question.words)):
        raise Refusal("'words' names no word. Say what to look for, such as refund.")
    by_function = {f"cn.analysis.{tool.function}": tool.name for tool in TOOLS if tool.function}
    rows = []
    for row in find(question.words).to_dict("records"):
        if row["kind"] == "function":
            if (name := by_function.get(row["name"])) is None:
                continue
            rows.append({"kind": "tool", "name": name, "meaning": row["meaning"]})
        else:
            rows.append({key: row[key] for key in ("kind", "name", "meaning")})
    notes = (
        []
        if rows
        else ["Nothing was found. Try another English word, or a single one: refund, fee, donor, page."]
    )
    return Answer(rows, len(rows), notes=notes)


def _list_resources(reader: Reader, _: Nothing) -> Answer:
    here = reader.facts().lists
    rows = [
        {
            "resource": row["resource"],
            "meaning": resource_meaning(row["resource"]),
            "parents": row["parents"] or None,
            "business_date": row["date"] or None,
            "columns": row["columns"],
        }
        for row in summary(load())
        if row["resource"] in here
    ]
    return Answer(rows, len(rows))


def _describe(reader: Reader, question: OfResource) -> Answer:
    spec = reader.resource(question.resource)
    here = spec.name in reader.facts().lists
    endpoint = reader.list_of(spec.name) if here else spec.endpoints[0]
    kinds = {column.name: column for column in load().columns(endpoint)}
    rows = [
        {
            "column": one.column,
            "type": one.dtype,
            "meaning": one.meaning,
            "values": list(one.values),
            "joins_to": one.joins_to or None,
            "amount": kinds[one.column].is_money,
            "leaves": reader.disclosure.shows(endpoint.record, kinds[one.column]),
        }
        for one in described_columns(load(), endpoint, reader.facts().timezone)
    ]
    notes = [f"{spec.name}: {resource_meaning(spec.name)}"]
    if not here:
        notes.append("This resource cannot be counted or sampled here.")
    return Answer(rows, len(rows), notes=notes)


# Records


def _matching(reader: Reader, question: Records) -> tuple[dict[str, Any], Span, str | None, list[str]]:
    """Return the keywords that select the records, the period, its column, and remarks."""
    name = question.resource
    keywords: dict[str, Any] = dict(reader.parents(name, question.parents))
    span = reader.span(question.since, question.until)
    endpoint = reader.list_of(name, question.parents)
    date_column = reader.date_column(endpoint, question.by, span)
    where = reader.conditions(endpoint, question.where)
    keywords |= span.keywords
    if date_column is not None and question.by is not None:
        keywords["by"] = question.by
    if where:
        keywords["where"] = where
    return keywords, span, date_column, reader.remarks(endpoint, where)


def _count(reader: Reader, question: Records) -> Answer:
    keywords, span, date_column, remarks = _matching(reader, question)
    number = reader.count(question.resource, **keywords)
    return Answer(
        [{"resource": question.resource, "count": number}],
        number,
        as_of=reader.facts().as_of,
        span=span,
        date_column=date_column,
        notes=remarks,
    )


def _sample(reader: Reader, question: Sampled) -> Answer:
    keywords, span, date_column, remarks = _matching(reader, question)
    endpoint = reader.list_of(question.resource, question.parents)
    if question.columns:
        columns = [reader.column(endpoint, name) for name in dict.fromkeys(question.columns)]
    else:
        columns = list(load().columns(endpoint)[:_COLUMNS_OF_A_SAMPLE])
    record, shows = endpoint.record, reader.disclosure.shows
    # What may not leave is not even fetched.
    fields = list(dict.fromkeys(one.name.partition(".")[0] for one in columns if shows(record, one)))
    by = endpoint.date or endpoint.id
    if question.newest and by is not None:
        keywords["sort"] = f"{by}:desc"
    reading = reader.read(
        question.resource, limit=question.rows, fields=fields or [endpoint.id or "id"], **keywords
    )
    rows = [
        {
            one.name: reader.disclosure.cell(record, one, row.get(one.name))
            for one in columns
            if one.name in row or not shows(record, one)
        }
        for row in _rows(reading.frame)
    ]
    if any(not shows(record, one) for one in columns):
        remarks.append(
            f"Columns that show {HIDDEN} are personal or were typed by the public, and do not leave."
        )
    total = reading.frame.attrs.get("classy", {}).get("total")
    behind = total if isinstance(total, int) else len(rows)
    remarks.append(f"These are {len(rows)} records of {behind}: examples, not to be added up.")
    return Answer(rows, behind, reading.as_of, span, date_column, notes=[*remarks, *reading.notes])


def _shown(reader: Reader, record: str, column: Column, texts: pd.Series[Any]) -> list[Any]:
    """Return as much of a column's texts as may leave; None where missing."""
    return [None if pd.isna(text) else reader.disclosure.cell(record, column, text) for text in texts]


# Gifts


def _transactions(
    reader: Reader, question: Gifts, fields: Sequence[str], **keywords: Any
) -> tuple[Reading, Span]:
    span = reader.span(question.since, question.until)
    keywords |= span.keywords
    if question.campaign is not None:
        keywords["where"] = f"campaign_id = {question.campaign}"
    reading = reader.read("transactions", fields=list(fields), **keywords)
    return reading, _with_days(span, reading.frame["purchased_at"])


def _gifts(reader: Reader, question: Gifts) -> tuple[pd.DataFrame, Reading, Span]:
    reading, span = _transactions(reader, question, analysis.FIELDS)
    with _calculating():
        return analysis.gifts(reading.frame), reading, span


def _with_days(span: Span, days: pd.Series[Any]) -> Span:
    """Return a period whose open ends are the first and the last day of the data."""
    if days.isna().all():
        return span
    first, last = f"{days.min():%Y-%m-%d}", f"{days.max():%Y-%m-%d}"
    return replace(span, first_day=span.first_day or first, last_day=span.last_day or last)


def _totals(gifts: pd.DataFrame) -> list[dict[str, Any]]:
    """Return what was raised in each currency, and by how many donors."""
    groups = gifts.groupby("currency")
    table = groups.agg(gifts=("amount", "size"), donors=("donor_id", "nunique"), amount=("amount", "sum"))
    return _rows(table.reset_index().round({"amount": 2}))


def _of_gifts(rows: pd.DataFrame, gifts: pd.DataFrame, reading: Reading, span: Span, *notes: str) -> Answer:
    return Answer(
        _rows(rows),
        len(gifts),
        reading.as_of,
        span,
        "purchased_at",
        list(gifts["currency"].unique()),
        _totals(gifts),
        [*notes, *reading.notes],
    )


_LENGTHS = {"day": "D", "week": "W", "month": "M", "quarter": "Q", "year": "Y"}


def _raised_by_period(reader: Reader, question: ByPeriod) -> Answer:
    gifts, reading, span = _gifts(reader, question)
    with _calculating():
        return _of_gifts(analysis.by_period(gifts, _LENGTHS[question.length]), gifts, reading, span)


_RANKED: dict[str, tuple[str, str, str]] = {
    "campaign": ("campaign_id", "campaigns", "name"),
    "page": ("fundraising_page_id", "fundraising_pages", "title"),
    "team": ("fundraising_team_id", "fundraising_teams", "name"),
}


def _leaderboard(reader: Reader, question: Ranked) -> Answer:
    gifts, reading, span = _gifts(reader, question)
    by, resource, title = _RANKED[question.by]
    names, notes = _names(reader, resource, title)
    with _calculating():
        table = analysis.leaderboard(gifts, by, names=names, top=question.top)
    if names is None:
        table = table.drop(columns="name")
    return _of_gifts(table, gifts.loc[gifts[by].notna()], reading, span, *notes)


def _names(reader: Reader, resource: str, title: str) -> tuple[pd.DataFrame | None, list[str]]:
    """Return the names of records if they may leave, or None and the reason."""
    if resource not in reader.facts().lists:
        return None, [f"{resource} cannot be read here, so there are ids only."]
    endpoint = reader.list_of(resource)
    record, column = endpoint.record, reader.column(endpoint, title)
    if not reader.disclosure.shows(record, column):
        return None, [f"The public typed the names of {resource}: they do not leave, and ids stand for them."]
    frame = reader.read(resource, fields=["id", title]).frame
    cells = _shown(reader, record, column, frame[title])
    return frame.assign(**{title: pd.Series(cells, index=frame.index, dtype="string")}), []


def _of_money(table: pd.DataFrame, reading: Reading, span: Span, *notes: str) -> Answer:
    """Return a table about transactions, with gross, fees and net of all of them as totals."""
    with _calculating():
        totals = analysis.gross_fees_net(reading.frame)
    return Answer(
        _rows(table),
        int(totals["transactions"].sum()),
        reading.as_of,
        span,
        "purchased_at",
        list(totals["currency"].dropna()),
        _rows(totals),
        [*notes, *reading.notes],
    )


def _gross_fees_net(reader: Reader, question: Parts) -> Answer:
    reading, span = _transactions(reader, question, _MONEY_FIELDS)
    by = {"campaign": "campaign_id", "designation": "designation_id"}.get(question.by or "", question.by)
    with _calculating():
        table = analysis.gross_fees_net(reading.frame, by=by)
    if by == "payment_method":
        column = reader.column(reader.list_of("transactions"), by)
        table[by] = _shown(reader, "Transaction", column, table[by])
    return _of_money(table, reading, span)


def _designation_totals(reader: Reader, question: Gifts) -> Answer:
    reading, span = _transactions(reader, question, _MONEY_FIELDS, include="items")
    names, notes = _names(reader, "designations", "name")
    with _calculating():
        table = analysis.designation_totals(reading.frame, designations=names)
    return _of_money(table, reading, span, *notes)


def _refunds(reader: Reader, question: OfRefunds) -> Answer:
    span = reader.span(question.since, question.until)
    keywords = span.keywords
    if keywords:
        keywords["by"] = "refunded_at"
    reading = reader.read("transactions", fields=list(_MONEY_FIELDS), **keywords)
    with _calculating():
        table = analysis.refunds(reading.frame, _LENGTHS[question.length])
    sums = ["refunds", "refunded_amount", "chargebacks", "charged_back_amount"]
    totals = table.groupby("currency")[sums].sum().reset_index().round(2)
    behind = int(totals[["refunds", "chargebacks"]].sum().sum())
    return Answer(
        _rows(table),
        behind,
        reading.as_of,
        span,
        "refunded_at",
        list(totals["currency"]),
        _rows(totals),
        reading.notes,
    )


def _left_out(reader: Reader, question: Gifts) -> Answer:
    reading, span = _transactions(reader, question, analysis.FIELDS)
    with _calculating():
        table = analysis.left_out(reading.frame)
    currencies = list(table["currency"].dropna().unique())
    return Answer(
        _rows(table),
        len(reading.frame),
        reading.as_of,
        span,
        "purchased_at",
        currencies,
        notes=reading.notes,
    )


# Donors: from all gifts of all years; only counts and sums leave


def _all_gifts(reader: Reader, question: OfDonors) -> tuple[pd.DataFrame, Reading, Span]:
    gifts, reading, span = _gifts(reader, Gifts(since=None, until=None, campaign=None))
    found = sorted(gifts["currency"].unique())
    if question.currency is not None:
        gifts = gifts.loc[gifts["currency"] == question.currency.upper()]
    elif len(found) > 1:
        raise Refusal(
            f"The gifts are in {len(found)} currencies ({', '.join(found)}), which are never added: say "
            "which one in 'currency'."
        )
    return gifts, reading, span


def _retention(reader: Reader, question: OfDonors) -> Answer:
    gifts, reading, span = _all_gifts(reader, question)
    with _calculating():
        return _of_gifts(analysis.retention(gifts), gifts, reading, span)


def _year(reader: Reader, question: OfYear) -> int:
    if question.year is not None:
        return question.year
    today, start = today_in(reader.facts().timezone), reader.facts().fiscal_year_start
    return named_period("this fiscal year", today=today, fiscal_year_start=start)[1].year


def _gain_loss(reader: Reader, question: OfYear) -> Answer:
    gifts, reading, span = _all_gifts(reader, question)
    year = _year(reader, question)
    with _calculating():
        table = analysis.gain_loss(gifts, year)
    return _of_gifts(table, gifts, reading, span, f"The year {year}, compared with the year before.")


def _lapsed_donors(reader: Reader, question: OfYear) -> Answer:
    gifts, reading, span = _all_gifts(reader, question)
    year = _year(reader, question)
    rows = []
    with _calculating():
        for group, people in (
            ("gave last year but not this year", analysis.lybunt(gifts, year)),
            ("gave earlier, but neither last year nor this year", analysis.sybunt(gifts, year)),
        ):
            rows.append(
                {
                    "group": group,
                    "donors": len(people),
                    "last_year_amount": _plain(round(people["last_year_amount"].sum(), 2)),
                    "amount": _plain(round(people["amount"].sum(), 2)),
                    "gifts": int(people["gifts"].sum()),
                    "recurring": int(people["recurring"].sum()),
                    "currency": None if gifts.empty else str(gifts["currency"].iloc[0]),
                }
            )
    notes = [
        f"This year is {year}.",
        "Only numbers leave. A notebook lists the people: cn.analysis.lybunt and sybunt.",
    ]
    return _of_gifts(pd.DataFrame(rows), gifts, reading, span, *notes)


def _cohorts(reader: Reader, question: OfCohorts) -> Answer:
    gifts, reading, span = _all_gifts(reader, question)
    with _calculating():
        table = analysis.cohorts(gifts, question.values)
    cells = table.reset_index().melt("first_year", var_name="years_later", value_name=question.values)
    cells = cells.dropna().sort_values(["first_year", "years_later"])
    return _of_gifts(cells, gifts, reading, span)


def _second_gift(reader: Reader, question: OfSecondGifts) -> Answer:
    gifts, reading, span = _all_gifts(reader, question)
    with _calculating():
        table = analysis.second_gift(gifts, first=question.first, within=question.within)
    return _of_gifts(table, gifts, reading, span)


def _rfm(reader: Reader, question: OfDonors) -> Answer:
    gifts, reading, span = _all_gifts(reader, question)
    with _calculating():
        people = analysis.rfm(gifts)
    groups = people.groupby("segment").agg(
        donors=("donor_id", "size"), gifts=("gifts", "sum"), amount=("amount", "sum")
    )
    table = groups.reindex(analysis.SEGMENTS, fill_value=0).rename_axis("segment").reset_index()
    table = table.assign(currency=people["currency"].iloc[0] if len(people) else None)
    return _of_gifts(table.round({"amount": 2}), gifts, reading, span)


# Recurring plans


def _plans(reader: Reader) -> Reading:
    return reader.read("recurring_donation_plans", fields=list(analysis.PLAN_FIELDS))


def _of_plans(
    reader: Reader, table: pd.DataFrame, reading: Reading, first: Any = None, last: Any = None
) -> Answer:
    """Return a table about plans; *first* and *last* are the days that it is about, or today."""
    today = today_in(reader.facts().timezone)
    span = Span(Period(None, None), *(f"{day or today:%Y-%m-%d}" for day in (first, last)))
    currencies = list(table["currency"].dropna().unique())
    return Answer(_rows(table), len(reading.frame), reading.as_of, span, None, currencies, [], reading.notes)


def _latest(table: pd.DataFrame, months: int) -> pd.DataFrame:
    return table.groupby("currency", group_keys=False).tail(months)


def _first(table: pd.DataFrame) -> Any:
    return None if table.empty else table["month"].min()


def _recurring(reader: Reader, question: LatestMonths) -> Answer:
    reading = _plans(reader)
    with _calculating():
        table = _latest(analysis.churn(reading.frame), question.months)
    return _of_plans(reader, table, reading, _first(table))


def _active_plans(reader: Reader, _: Nothing) -> Answer:
    reading = _plans(reader)
    with _calculating():
        plans = analysis.active_plans(reading.frame)
    endpoint = reader.list_of("recurring_donation_plans")
    for name in ("status", "frequency"):
        column = reader.column(endpoint, name)
        plans[name] = _shown(reader, "RecurringDonationPlan", column, plans[name])
    sums = {"plans": ("id", "size"), "monthly_amount": ("monthly_amount", "sum")}
    table = plans.groupby(["currency", "frequency", "status"], dropna=False).agg(**sums).reset_index()
    answer = _of_plans(reader, table.round({"monthly_amount": 2}), reading)
    answer.totals = _rows(plans.groupby("currency").agg(**sums).reset_index().round({"monthly_amount": 2}))
    answer.rows_behind = len(plans)
    return answer


def _forecast(reader: Reader, question: Ahead) -> Answer:
    reading = _plans(reader)
    with _calculating():
        table = analysis.forecast(reading.frame, question.months)
    last = None if table.empty else table["month"].max() + pd.offsets.MonthEnd(0)
    return _of_plans(reader, table, reading, _first(table), last)


def _failed_payments(reader: Reader, question: LatestMonths) -> Answer:
    reading = reader.read("transactions", fields=list(analysis.FIELDS))
    with _calculating():
        table = _latest(analysis.failed_payments(reading.frame), question.months)
    return _of_plans(reader, table, reading, _first(table))


# All of them


def _tools() -> Iterator[Tool]:
    texts = tomllib.loads(files(__package__).joinpath("tools.toml").read_text("utf-8"))
    for name, question, run, function in (
        ("find", Words, _find, None),
        ("list_resources", Nothing, _list_resources, None),
        ("describe_resource", OfResource, _describe, None),
        ("count_records", Records, _count, None),
        ("sample_records", Sampled, _sample, None),
        ("raised_by_period", ByPeriod, _raised_by_period, "by_period"),
        ("leaderboard", Ranked, _leaderboard, "leaderboard"),
        ("gross_fees_net", Parts, _gross_fees_net, "gross_fees_net"),
        ("designation_totals", Gifts, _designation_totals, "designation_totals"),
        ("refunds", OfRefunds, _refunds, "refunds"),
        ("transactions_left_out", Gifts, _left_out, "left_out"),
        ("donor_retention", OfDonors, _retention, "retention"),
        ("gain_loss", OfYear, _gain_loss, "gain_loss"),
        ("lapsed_donors", OfYear, _lapsed_donors, "lybunt"),
        ("donor_cohorts", OfCohorts, _cohorts, "cohorts"),
        ("second_gifts", OfSecondGifts, _second_gift, "second_gift"),
        ("donor_segments", OfDonors, _rfm, "rfm"),
        ("recurring_by_month", LatestMonths, _recurring, "churn"),
        ("active_recurring_plans", Nothing, _active_plans, "active_plans"),
        ("recurring_forecast", Ahead, _forecast, "forecast"),
        ("failed_payments", LatestMonths, _failed_payments, "failed_payments"),
    ):
        text = texts[name]
        definition = text["definition"].replace("{raised}", texts["raised"])
        yield Tool(name, text["title"], definition, question, run, text.get("columns", {}), function)


TOOLS = tuple(_tools())
"""In the order in which an assistant should think of them."""
