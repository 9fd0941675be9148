"""Records and what belongs to them: answers as columns, links to click, supporters who are there twice.

Lists as the client fetches them come in, also after a detour through a file; the same rows with more columns
come out (of :func:`duplicates`, some of the rows). What an id refers to, an answer's or a slug's, is what the
vendor's document says of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

import numpy as np
import pandas as pd

from classy_nb import catalog
from classy_nb.arguments import is_one_of, shown
from classy_nb.errors import UsageError
from classy_nb.redact import clear_tracebacks

from . import columns as col
from . import question

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_RECORDS = {
    "registrations": "Registration",
    "transactions": "Transaction",
    "fundraising_pages": "FundraisingPage",
    "fundraising_teams": "FundraisingTeam",
    "campaigns": "Campaign",
    "supporters": "Supporter",
}
"""Kinds of lists, by the name of the resource, and the record of each."""
_ANSWERED = {
    "registrations": ("campaign_registration", "campaign_registration"),
    "transactions": ("transaction", "donation_page"),
    "fundraising_pages": ("fundraising_page", "page_creation"),
    "fundraising_teams": ("fundraising_team", "team_creation"),
}
"""What can have answers: ``answerable_type`` of the answers, and ``location`` of the questions."""
_LINKED = {
    "campaigns": "campaign",
    "fundraising_pages": "fundraising_page",
    "fundraising_teams": "fundraising_team",
}
"""What has a page of its own, and its ``fundraising_entity_type`` in domain slugs."""
_WEB = re.compile(r"(https?://[\w.-]+(?::\d+)?)((?:[/?#].*)?)", re.IGNORECASE | re.DOTALL)
"""A web address: the site, and what follows."""
_ANSWERS, _QUESTIONS, _SLUGS, _SUPPORTERS = (
    f"classy.{name}()" for name in ("answers", "questions", "domain_slugs", "supporters")
)


def _kind_of(frame: Any, given: str | None, kinds: Iterable[str]) -> str:
    """Return which of *kinds* a frame holds: as given, as its question says, or as its columns tell.

    Raises
    ------
    UsageError
        *given* is not one of them, or the frame is not recognized.
    """
    listed = ", ".join(map(repr, kinds))
    if given is not None:
        if not is_one_of(given, kinds):
            raise UsageError(f"kind={shown(given)} must be one of {listed}.")
        return given
    col.need(frame, ["id"], f"classy.{next(iter(kinds))}()")
    # A path ends in what it lists, maybe with an id behind it: /organizations/1/fundraising-pages.
    words = [part for part in question.path(frame).split("/") if part and not part.isdecimal()]
    last = words[-1].replace("-", "_") if words else ""
    found = ["fundraising_teams" if last == "subteams" else last]
    if found[0] not in _RECORDS:
        records = catalog.load().records
        named = {kind: {c.name for c in records[record].columns} for kind, record in _RECORDS.items()}
        # Columns that one kind of record has and no other.
        own = {
            kind: names.difference(*(named[k] for k in named if k != kind)) for kind, names in named.items()
        }
        found = [kind for kind, names in own.items() if names & set(frame.columns)]
    if len(found) == 1 and found[0] in kinds:
        return found[0]
    if len(found) != 1:
        raise UsageError(
            "The frame does not tell what it holds.", advice=f"Say it: kind= is one of {listed}."
        )
    also = ", and merge the supporters to the result on 'supporter_id'" if found == ["supporters"] else ""
    raise UsageError(f"The frame holds {found[0]}.", advice=f"Pass one of {listed}{also}.")


# Answers to custom questions


@clear_tracebacks
def wide_answers(
    records: pd.DataFrame,
    answers: pd.DataFrame,
    questions: pd.DataFrame,
    *,
    by: Literal["question", "label"] = "question",
    several: Literal["join", "refuse"] = "join",
    kind: str | None = None,
) -> pd.DataFrame:
    """Add the answers to custom questions to what they belong to, one column for each question.

    ::

        registrations = classy.registrations(campaign=123)
        cn.analysis.wide_answers(registrations, classy.answers(), classy.questions(campaign=123))

    An answer names its record by ``answerable_id``, and by ``answerable_type`` which kind of record that is:
    ``campaign_registration`` is a registration, ``transaction`` a gift, ``fundraising_page`` and
    ``fundraising_team`` a page and a team. Ids of different kinds may be equal, so both are compared.
    Answers to other records are not used.

    Parameters
    ----------
    records
        Registrations, transactions, fundraising pages or fundraising teams, as the client returned them or
        read back from a file; rows may repeat. Supporters have no answers of their own: merge them to the
        registrations on ``supporter_id``.
    answers
        What ``classy.answers()`` returned.
    questions
        What ``classy.questions()`` returned; it has the labels.
    by
        ``"question"``: each question has a column. ``"label"``: questions with the same label share one,
        such as "Shirt size" of several campaigns.
    several
        What becomes of several answers by one record in one column: ``"join"`` writes each text once, in
        the order in which they were given, with "; " between them; ``"refuse"`` raises an error.
    kind
        ``"registrations"``, ``"transactions"``, ``"fundraising_pages"`` or ``"fundraising_teams"``; None
        to recognize it by how *records* was fetched, or by its columns.

    Returns
    -------
    pandas.DataFrame
        *records*, with its rows, order, index and columns, and at the right a column (string) for each
        question that is asked of such records in one of their campaigns, answered or not, and for each other
        question that they answered; in the order of the campaigns' ids, then of the form. Answers are text,
        as they were typed; blank ones and questions without an answer are missing. A column is called by the
        question's label. Where that is not a unique name (in any spelling), the question's id follows in
        parentheses; questions that *questions* lacks are called "Question (id)". Without rows there is a
        column for each question that is asked of such records.

    Raises
    ------
    UsageError
        A column is missing, rows with the same ``id`` differ, *records* is not recognized, an option is
        invalid, *several* is ``"refuse"`` and there are several answers, or the answers were fetched with a
        condition that leaves some out (a period is fine if *records* was fetched with the same).

    Warns
    -----
    DataWarning
        *answers* or *questions* holds the first rows only (``limit=``).
    """
    for name, value, options in (("by", by, ("question", "label")), ("several", several, ("join", "refuse"))):
        if not is_one_of(value, options):
            raise UsageError(f"{name}={shown(value)} must be {' or '.join(map(repr, options))}.")
    chosen = _kind_of(records, kind, _ANSWERED)
    col.need(records, ["id"], f"classy.{chosen}()")
    question.check(answers, "wide_answers")
    question.check(questions, "wide_answers")
    question.check_same_period(answers, records, "wide_answers", "created_at")
    asked = col.once(questions, ["label", "location", "campaign_id", "weight"], _QUESTIONS)
    asked = asked.loc[asked["id"].notna()].assign(
        campaign_id=col.identifier(asked, "campaign_id"),
        weight=pd.to_numeric(asked["weight"]).astype(col.MONEY),
        location=asked["location"].astype(col.TEXT),
    )
    answer_type, location = _ANSWERED[chosen]
    ids = col.identifier(records, "id")
    given = _given(answers, asked, answer_type, location)
    given = given.loc[given["record"].isin(ids.dropna())]

    campaigns = col.identifier(records, "campaign_id").dropna() if "campaign_id" in records else None
    is_asked = asked["location"] == location
    if campaigns is not None and len(records):
        is_asked &= asked["campaign_id"].isin(campaigns)
    is_shown = is_asked.fillna(value=False) | asked["id"].isin(given["question"])
    listed = asked.loc[is_shown.astype(bool), ["id", "label", "campaign_id", "weight"]]
    unknown = given.loc[~given["question"].isin(asked["id"]), "question"].drop_duplicates()
    every = pd.Index([*listed["id"], *unknown], dtype=col.ID, name="id")
    listed = listed.set_index("id").reindex(every).reset_index()
    listed = listed.sort_values(["campaign_id", "weight", "id"], ignore_index=True)
    names = _column_names(listed, records.columns, by)

    given["column"] = given["question"].map(names)
    wide = _one_cell_each(given, several).reindex(columns=pd.unique(names))
    # A row that repeats gets the same answers again: no row is lost or doubled.
    wide = wide.reindex(ids).set_axis(records.index).astype(col.TEXT)
    found = pd.concat([records, wide], axis="columns")
    found.attrs = dict(records.attrs)
    return found


def _given(answers: Any, asked: pd.DataFrame, answer_type: str, location: str) -> pd.DataFrame:
    """Return the answers that are not blank: of which record, to which question, in which words."""
    rows = col.once(answers, ["answer", "answerable_id", "answerable_type", "question_id"], _ANSWERS)
    types = rows["answerable_type"].astype(col.TEXT).str.strip().str.casefold()
    question_id = col.identifier(rows, "question_id")
    # The type may be missing. Where the question is asked tells the same.
    places = question_id.map(asked.set_index("id")["location"]).astype(col.TEXT)
    types = types.mask((types == "").fillna(value=False)).fillna(places.replace(location, answer_type))
    given = pd.DataFrame(
        {
            "id": rows["id"],
            "record": col.identifier(rows, "answerable_id"),
            "question": question_id,
            "text": rows["answer"].astype(col.TEXT),
        }
    )
    is_blank = given["text"].isna() | (given["text"].str.strip() == "")
    is_used = (types == answer_type).fillna(value=False) & given["question"].notna() & ~is_blank
    return given.loc[is_used.astype(bool)].sort_values("id", ignore_index=True)


def _column_names(listed: pd.DataFrame, taken: Iterable[Any], by: str) -> pd.Series[Any]:
    """Return the name of each question's column, by the question's id.

    Names differ by more than capitals: DuckDB, SQLite and others would take those for the same.
    """
    label = listed["label"].astype(col.TEXT).str.replace(r"\s+", " ", regex=True).str.strip()
    label = label.mask((label == "").fillna(value=False))
    key = label.str.casefold()
    used = {str(name).casefold() for name in taken}
    repeated = set(key[key.duplicated(keep=False)].dropna()) if by == "question" else set()
    names: list[str] = []
    shared: dict[str, str] = {}
    for number, text, folded in zip(listed["id"], label, key, strict=True):
        if by == "label" and not pd.isna(text) and folded in shared:
            names.append(shared[folded])
            continue
        name = "Question" if pd.isna(text) else str(text)
        if pd.isna(text) or folded in repeated:
            name = f"{name} ({number})"
        while name.casefold() in used:
            name = f"{name} ({number})"
        used.add(name.casefold())
        names.append(name)
        if not pd.isna(text):
            shared[folded] = name
    return pd.Series(names, index=pd.Index(listed["id"], dtype=col.ID), dtype=object)


def _one_cell_each(given: pd.DataFrame, several: str) -> pd.DataFrame:
    """Return a row for each record and a column for each of its questions."""
    cells = given.drop_duplicates(["record", "column", "text"])
    again = cells.duplicated(["record", "column"], keep=False)
    if again.any() and several == "refuse":
        pairs = cells.loc[again, ["record", "column"]].drop_duplicates()
        first = pairs.iloc[0]
        raise UsageError(
            f"{pairs['record'].nunique()} records have several answers to one question, such as "
            f"{first['record']} to {first['column']!r}.",
            advice="several='join' writes them into one cell.",
        )
    joined = cells.loc[again].groupby(["record", "column"])["text"].agg("; ".join)
    single = cells.loc[~again].set_index(["record", "column"])["text"]
    # Not pivot_table, which would drop records whose answers are all missing.
    return pd.DataFrame(pd.concat([single, joined.astype(col.TEXT)]).unstack("column"))  # noqa: PD010


# Links


@clear_tracebacks
def with_links(
    frame: pd.DataFrame,
    slugs: pd.DataFrame | None = None,
    *,
    site: str | None = None,
    kind: str | None = None,
) -> pd.DataFrame:
    """Add the full address of each campaign, page or team: a link to click.

    ::

        pages = cn.analysis.with_links(classy.fundraising_pages(), classy.domain_slugs())

    The API tells only the path of a page (``canonical_url``, such as ``/team/10``), not on which site it is.
    The site comes from the organization's domain slugs, or from you; it is never guessed. In this order:

    1. ``custom_url`` of a campaign, if that is a full address;
    2. the record's own domain slug: the latest that is not deleted and leads to the page rather than to its
       checkout;
    3. ``canonical_url``, on the site: *site*, else the one domain that the slugs name.

    Parameters
    ----------
    frame
        What ``classy.campaigns()``, ``classy.fundraising_pages()`` or ``classy.fundraising_teams()``
        returned, or read back from a file.
    slugs
        What ``classy.domain_slugs()`` returned.
    site
        The beginning of your pages' addresses, as a browser shows it: ``"https://give.example.org"``.
    kind
        ``"campaigns"``, ``"fundraising_pages"`` or ``"fundraising_teams"``; None to recognize it by how
        *frame* was fetched, or by its columns.

    Returns
    -------
    pandas.DataFrame
        *frame*, with its rows and order, and at the right ``link`` (string): a complete http or https
        address, missing where the API tells no path. :func:`leaderboard` shows it if it gets this frame as
        *names*.

    Raises
    ------
    UsageError
        A column is missing, rows with the same ``id`` differ, *frame* is not recognized, *site* is not an
        address, or there are paths and neither *site* nor the slugs say on which site (or the slugs name
        several).

    Warns
    -----
    DataWarning
        *slugs* holds the first rows only (``limit=``).

    Notes
    -----
    That a path is found on the organization's own domain is what the vendor's ``domain_masking_url`` means;
    look at one link before you send a list of them.
    """
    chosen = _kind_of(frame, kind, _LINKED)
    col.need(frame, ["id", "canonical_url"], f"classy.{chosen}()")
    is_text = isinstance(site, str)
    address = _address(site if "://" in site else f"https://{site}") if is_text and site else None
    if site is not None and address is None:
        raise UsageError(
            f"site={shown(site)} is not the address of a site.",
            advice="Write it like 'https://give.example.org'.",
        )
    own: Mapping[int, str] = {}
    domains: set[str] = set()
    if slugs is not None:
        question.check(slugs, "with_links")
        own, domains = _slug_addresses(slugs, _LINKED[chosen])
    ids = col.identifier(frame, "id")
    path = frame["canonical_url"].astype(col.TEXT).str.strip()
    custom = frame["custom_url"] if "custom_url" in frame else pd.Series(pd.NA, index=frame.index)
    link = custom.astype(col.TEXT).str.strip().map(_address, na_action="ignore").astype(col.TEXT)
    link = link.fillna(ids.map(own).astype(col.TEXT))
    link = link.fillna(path.map(_address, na_action="ignore").astype(col.TEXT))
    is_open = link.isna() & path.str.startswith("/").fillna(value=False)
    if is_open.any():
        begin = address or _only_domain(domains, int(is_open.sum()), chosen, given=slugs is not None)
        full = (begin.rstrip("/") + "/" + path.str.lstrip("/")).map(_address, na_action="ignore")
        link = link.mask(is_open, full.astype(col.TEXT))
    found = frame.copy()
    found["link"] = link.astype(col.TEXT)
    return found


def _address(text: Any) -> str | None:
    """Return a full web address, fit to be clicked; None if *text* is something else."""
    found = _WEB.fullmatch(str(text).strip())
    return found[1] + _quoted(found[2]) if found else None


def _quoted(text: str) -> str:
    """Return text without what ends a link where it is pasted; escapes stay as they are."""
    return quote(text, safe="/:?#[]@!$&'()*+,;=%~")


def _slug_addresses(slugs: Any, entity: str) -> tuple[dict[int, str], set[str]]:
    """Return the addresses of records of one kind, by id, and the sites of all slugs that still count."""
    names = ["fundraising_entity_id", "fundraising_entity_type", "domain_masking_url", "value"]
    rows = col.once(slugs, [*names, "deleted_at", "links_to_donation_page"], _SLUGS)
    rows["fundraising_entity_id"] = col.identifier(rows, "fundraising_entity_id")
    rows["checkout"] = col.flag(rows, "links_to_donation_page")
    own: dict[int, str] = {}
    domains: set[str] = set()
    counting = rows.loc[rows["deleted_at"].isna()].sort_values("id")
    for number, kind, domain, value, is_checkout in zip(
        counting["fundraising_entity_id"],
        counting["fundraising_entity_type"].astype(col.TEXT),
        counting["domain_masking_url"].astype(col.TEXT).fillna("").str.strip(),
        counting["value"].astype(col.TEXT).fillna("").str.strip(),
        counting["checkout"],
        strict=True,
    ):
        begin = _address(domain if "://" in domain else f"https://{domain}")
        if begin is None:
            continue
        # The document's example is a bare host; elsewhere the slug is part of the text.
        begin = begin.rstrip("/").removesuffix(f"/{_quoted(value)}" if value else "")
        domains.add(begin)
        if value and not pd.isna(kind) and kind == entity and not is_checkout:
            own[number] = f"{begin}/{_quoted(value)}"
    return own, domains


def _only_domain(domains: set[str], count: int, kind: str, *, given: bool) -> str:
    if len(domains) == 1:
        return next(iter(domains))
    paths = f"The API tells the paths of {count} {kind.replace('_', ' ')}, not the site that they are on"
    if domains:
        listed = ", ".join(sorted(domains))
        what = f"{paths}; the domain slugs name {len(domains)} ({listed})."
        raise UsageError(what, advice="Choose one: site=.")
    browser = "pass the beginning of a page's address as a browser shows it: site='https://give.example.org'."
    if given:
        raise UsageError(f"{paths}, and no domain slug names one.", advice=browser[0].upper() + browser[1:])
    raise UsageError(f"{paths}.", advice=f"Pass {_SLUGS}, which may tell it, or {browser}")


# Supporters who are there twice

_BY = ("email", "name and address", "address")
# Arrow's expressions know ASCII only: for them, names in other scripts are no words.
_BLANK = r"(?:[-_/\\?*#0' ]*|nan|none|null|nat|na|n/a|n a|<na>|unknown|x+)"
"""What people type, and files write, where there is nothing to say."""


@clear_tracebacks
def duplicates(
    supporters: pd.DataFrame, by: str | Sequence[str] = ("email", "name and address")
) -> pd.DataFrame:
    """Find supporters who may be one person: the same e-mail address, or the same name and address.

    The comparison is conservative. Capitals, spaces around and between words, full stops, commas and the ways
    of encoding an accent or an apostrophe make no difference; everything else does: "Street" is not "St",
    "Bob" is not "Robert", ``ana+news@example.org`` is not ``ana@example.org``. Blanks, and what people write
    in their place ("n/a", "none", "-"), are nobody's.

    Parameters
    ----------
    supporters
        What ``classy.supporters()`` returned, or read back from a file.
    by
        One or several of

        - ``"email"``: ``email_address``;
        - ``"name and address"``: ``first_name``, ``last_name`` and the address, none of them blank;
        - ``"address"``: the address alone, which finds households: whoever lives together.

        An address is ``address1`` and ``address2`` with ``postal_code`` (of a US one, the first five
        digits), or with ``city`` and ``state`` where that is missing.

    Returns
    -------
    pandas.DataFrame
        The rows of *supporters* that have a twin, with all columns, those that were compared first, and in
        front of them ``group`` (Int64,
        from 1: supporters of the same number belong together, also by way of a third), ``size`` (Int64:
        how many are in the group) and ``why`` (string: what the row shares with another of its group:
        "same e-mail", "e-mail in another spelling", "same name and address", "same address"; several with
        "; " between them). Groups are in order of their lowest id, rows in order of id. A record that is in
        *supporters* twice (the same ``id``) counts once. Nobody twice gives no rows, with the same columns.

    Raises
    ------
    UsageError
        A column is missing, *by* is not one of these, or rows with the same ``id`` differ.

    Warns
    -----
    DataWarning
        *supporters* holds the first rows only (``limit=``), or those of a period: twins of others are not
        found.
    """
    chosen = list(by) if isinstance(by, Iterable) and not isinstance(by, str) else [by]
    if not chosen or not all(is_one_of(name, _BY) for name in chosen):
        raise UsageError(f"by={shown(by)} must be one or several of {', '.join(map(repr, _BY))}.")
    question.check(supporters, "duplicates")
    names = ["first_name", "last_name"] if "name and address" in chosen else []
    names += ["email_address"] if "email" in chosen else []
    if set(chosen) != {"email"}:
        names += ["address1", "address2", "city", "state", "postal_code"]
    col.once(supporters, names, _SUPPORTERS)  # refuses what is missing, and ids whose rows differ
    ids = col.identifier(supporters, "id")
    rows = supporters.loc[~(ids.notna() & ids.duplicated()).to_numpy()]
    rows = rows.assign(id=col.identifier(rows, "id")).sort_values("id", kind="stable").reset_index(drop=True)

    group = np.arange(len(rows))
    why = pd.Series("", index=rows.index, dtype=col.TEXT)
    for name in _BY:
        if name not in chosen:
            continue
        key = _key(rows, name)
        shared = (key.notna() & key.duplicated(keep=False)).astype(bool)
        group = _united(group, key.where(shared))
        reason: Any = f"same {name}"
        if name == "email":
            typed = rows["email_address"].astype(col.TEXT).groupby(key).transform("nunique")
            reason = pd.Series("same e-mail", index=rows.index, dtype=col.TEXT)
            reason = reason.mask((typed > 1).fillna(value=False).astype(bool), "e-mail in another spelling")
        why = why.mask(shared, why.mask(why != "", why + "; ") + reason)
    in_group = pd.Series(group).groupby(group).transform("size")
    has_twin = (in_group > 1).to_numpy()
    found = rows.loc[has_twin].copy()
    numbers = pd.factorize(group[has_twin])[0] + 1  # in order of the first row, which has the lowest id
    heads = {
        "group": pd.array(numbers, dtype=col.ID),
        "size": in_group[has_twin].astype(col.ID).array,
        "why": why[has_twin].array,
    }
    compared = ["id", *names]
    rest = [name for name in found if name not in heads and name not in compared]
    found = found[[*compared, *rest]]
    for place, (name, values) in enumerate(heads.items()):
        found.insert(place, name, values)
    return pd.DataFrame(found.sort_values(["group", "id"], kind="stable").reset_index(drop=True))


def _key(rows: pd.DataFrame, by: str) -> Any:
    """Return what supporters are compared by, as text; missing for whoever cannot be compared."""
    if by == "email":
        email = col.donors(rows.assign(email_address=rows["email_address"].astype(col.TEXT)), "email_address")
        return email.where(email.str.contains("@").fillna(value=False))
    plain = {name: _plain(rows[name]) for name in ("address1", "address2", "city", "state", "postal_code")}
    # ZIP+4 names the side of a street; the same house is written with and without it.
    postal = plain["postal_code"].str.replace(r"^(\d{5})[ -]\d{4}$", r"\1", regex=True)
    place = postal.fillna(plain["city"] + "|" + plain["state"].fillna(""))
    address = plain["address1"] + "|" + plain["address2"].fillna("") + "|" + place
    if by == "address":
        return address
    return _plain(rows["first_name"]) + "|" + _plain(rows["last_name"]) + "|" + address


def _plain(column: Any) -> Any:
    """Return text without what people spell in different ways; missing where it says nothing."""
    text = column.astype(col.TEXT).str.normalize("NFKC").str.casefold()
    text = text.str.replace("[\u2018\u2019\u02bc`\u00b4]", "'", regex=True).str.replace(
        r"[.,\s]+", " ", regex=True
    )
    text = text.str.strip()
    return text.mask(text.str.fullmatch(_BLANK).fillna(value=False).astype(bool))


def _united(group: Any, key: Any) -> Any:
    """Return the groups after those that share a key have become one; each is called by its lowest row."""
    root = group.copy()

    def top(row: int) -> int:
        while root[row] != row:
            root[row] = root[root[row]]
            row = int(root[row])
        return row

    known = key.notna().to_numpy(dtype=bool)
    first = pd.Series(np.arange(len(key))).groupby(key.to_numpy()).transform("min").to_numpy()
    for row in np.flatnonzero(known):
        one, other = top(int(row)), top(int(first[row]))
        root[max(one, other)] = min(one, other)
    return np.array([top(row) for row in range(len(root))], dtype=np.int64)
