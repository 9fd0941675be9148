"""Finding by words: which resources, columns, values, keywords and functions somebody means.

Words come in as people type them; :func:`find` returns what they may mean, best first, to ``cn.find``,
:func:`find_resources` to the explorer's search, and :func:`meant` to the suggestions of errors.
``synonyms.toml`` says which words lead where.
"""

from __future__ import annotations

import difflib
import re
import tomllib
import unicodedata
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from .catalog import DEFAULT_KEYS
from .meanings import joins_to, meaning, resource_meaning, value_meaning
from .model import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .catalog import Catalog
    from .model import Column, Endpoint, ResourceSpec

_SAID, _PLACE_LOWER = 100, 3
"""Score of the first place that the synonyms name for a word; each one after it has so much less."""
_WHOLE_NAME, _ONE_OF_MANY, _WHOLE_VALUE, _PART_OF_NAME, _IN_MEANING = 110, 90, 80, 50, 25
"""Score of a name that is the word (less where the synonyms name other places for it: many columns are called
``amount``), a value that is it, a name that holds it (up to 20 more), a meaning that does."""
_IN_ITS_RESOURCE = 40
"""What is found by another word gets at least this for each word that means its resource: "team goal"."""
_SELDOM_WANTED = 25
"""Taken from whatever is seldom meant: small resources, amounts in other currencies, deprecated lists."""
_LONGEST_PHRASE = 5
_ENOUGH = 20
"""Finds that the explorer's search looks through for resources."""
_TYPO, _TOO_SHORT_FOR_A_TYPO = 0.8, 4


@dataclass(frozen=True, slots=True)
class Found:
    """One find: what it is called, what it means, and a line of Python that uses it."""

    kind: str
    """``resource``, ``column``, ``value``, ``keyword`` or ``function``."""
    name: str
    """``campaigns``, ``transactions.status``, ``transactions.status = refunded``, ``since=``, ``cn.find``."""
    meaning: str
    use: str


def find(
    catalog: Catalog, text: str, functions: Iterable[Found] = (), limit: int | None = None
) -> list[Found]:
    """Return what *text* may mean, best first.

    Each word, or phrase that the synonyms know ("soft credit"), adds to the score of what it leads to. Most
    counts a resource that is called so, then the places that ``synonyms.toml`` names for the word, in their
    order, then columns and values that are called so, names that hold the word, and meanings that do. A word
    that means a resource lifts what the other words find in it: "team goal" is the goal of teams. Case,
    plurals and endings (refund, refunded) make no difference; a word that occurs nowhere is taken for a typo
    of the nearest one that does.

    Parameters
    ----------
    text
        Some words.
    functions
        Functions to look among, too; this room does not know those of others.
    limit
        At most so many.
    """
    index = _index(catalog)
    entries = [*index.entries, *(_entry(one, len(index.entries) + at) for at, one in enumerate(functions))]
    terms = _terms(text, index, entries)
    scored = []
    for entry in entries:
        points = [_score(term, entry) for term in terms]
        if any(points):
            lifts = [_IN_ITS_RESOURCE * (entry.column != "" and entry.resource in t.resources) for t in terms]
            as_typed = entry.found.kind == "resource" and entry.found.name == text.strip()
            total = sum(map(max, points, lifts)) + _WHOLE_NAME * as_typed
            scored.append((-total, entry.order, entry))
    found: dict[tuple[str, str, str], Found] = {}
    for _, _, entry in sorted(scored, key=lambda one: one[:2]):
        # The same column in many resources (campaign_id) is one find, in the resource that is meant most.
        own = entry.found
        inner = own.name.removeprefix(f"{entry.resource}.") if entry.column else own.name
        found.setdefault((own.kind, inner, own.meaning), own)
    return list(found.values())[:limit]


def meant(name: str, known: Iterable[str]) -> list[str]:
    """Return those of the *known* names that *name* means, best first; for suggestions in errors.

    Parameters
    ----------
    name
        What was written: ``gifts``, ``date_from``, ``refund``.
    known
        What there is: names of resources, columns, values or keywords. A resource's name is also found by
        what its columns mean, and in the singular.
    """
    said = _synonyms().said
    terms = _split(_tokens(name), said.__contains__)
    scores: dict[str, int] = {}
    for one in known:
        stems = {_stem(token) for token in _tokens(one)}
        points = 0
        for at, places in enumerate(said.get("".join(term), ()) for term in terms):
            ranks = [rank for rank, place in enumerate(places) if _names(place, one)]
            if ranks:
                points += _SAID - _PLACE_LOWER * ranks[0]
            elif set(terms[at]) <= stems:
                points += _PART_OF_NAME // len(stems) if len(terms) > 1 else _PART_OF_NAME
        if points >= _PART_OF_NAME:
            scores[one] = points
    return sorted(scores, key=lambda one: -scores[one])


def find_resources(catalog: Catalog, text: str) -> list[str]:
    """Return the names of the resources that *text* may mean, or that have what it means, best first."""
    index = _index(catalog)
    found = (one.name.partition(".")[0] for one in find(catalog, text, limit=_ENOUGH))
    return [name for name in dict.fromkeys(found) if name in index.resources]


def _names(place: str, name: str) -> bool:
    """Whether a place of the synonyms is called *name*, or the resource or the column that it is in is."""
    column, _, value = place.partition(" = ")
    resource, _, inner = column.partition(".")
    if not inner:
        return _key(resource.removesuffix("=")) == _key(name)
    return name in (value, inner, inner.partition(".")[0], resource)


# --- words


def _tokens(text: str) -> list[str]:
    """Split text into lower-case words: at blanks, punctuation, underscores and inner capitals (dateFrom)."""
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    if not text.isascii():
        text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return re.findall(r"[^\W_]+", text.casefold().replace("'", "").replace("\u2019", ""))


@lru_cache(8192)
def _stem(token: str) -> str:
    """Take plurals and endings off, alike in all texts: refunds, refunded and refunding become refund."""
    word = token
    for ending, shorter in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            word = word[: len(word) - len(ending)] + shorter
            break
    for ending in ("ing", "ed"):
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            word = word.removesuffix(ending)
            if word[-1] == word[-2] and word[-1] not in "sz":  # stopped, canceled and cancelled
                word = word[:-1]
            break
    else:
        if word.endswith("ll"):
            word = word[:-1]
    return word.removesuffix("e") if len(word) > _SHORTEST_STEM else word


_SHORTEST_STEM = 3
_ENDINGS = (
    ("sses", "ss"), ("ches", "ch"), ("shes", "sh"), ("xes", "x"), ("ies", "y"),
    ("ss", "ss"), ("us", "us"), ("is", "is"), ("s", ""),
)  # fmt: skip


def _key(text: str) -> str:
    """Return the stems of a text in one word: "opt in", "opted-in" and "optin" are the same."""
    return "".join(map(_stem, _tokens(text)))


def _split(tokens: list[str], is_known: Callable[[str], bool]) -> list[tuple[str, ...]]:
    """Group tokens into known phrases, longest first, and words, all as stems; drop what says nothing."""
    stems = [_stem(token) for token in tokens]
    terms: list[tuple[str, ...]] = []
    ignored = _synonyms().ignored
    all_ignored = set(tokens) <= ignored
    at = 0
    while at < len(tokens):
        for length in range(min(_LONGEST_PHRASE, len(tokens) - at), 0, -1):
            term = tuple(stems[at : at + length])
            if length == 1 or is_known("".join(term)):
                if length > 1 or all_ignored or tokens[at] not in ignored:
                    terms.append(term)
                at += length
                break
    return list(dict.fromkeys(terms))


@dataclass(frozen=True, slots=True)
class _Synonyms:
    said: dict[str, tuple[str, ...]]
    """Key of a word or phrase -> places, best first."""
    main: tuple[str, ...]
    ignored: frozenset[str]
    keywords: dict[str, str]
    uses: dict[str, str]


@cache
def _synonyms() -> _Synonyms:
    data = tomllib.loads(files(__package__).joinpath("synonyms.toml").read_text("utf-8"))
    said: dict[str, tuple[str, ...]] = {}
    for words, places in data["said"].items():
        for word in words.split(","):
            # Both, as "cell phone" is also written "cellphone", where the end of "cell" is not seen.
            for key in {_key(word), _stem("".join(_tokens(word)))}:
                said[key] = tuple(dict.fromkeys((*said.get(key, ()), *places)))
    return _Synonyms(
        said,
        tuple(data["main"]),
        frozenset(data["ignored"].split()),
        data["keywords"],
        data["uses"],
    )


# --- what can be found


@dataclass(frozen=True, slots=True)
class _Entry:
    found: Found
    resource: str
    column: str
    key: str
    stems: frozenset[str]
    text: frozenset[str]
    """Stems of the meaning."""
    order: int
    seldom: bool


@dataclass(frozen=True, slots=True)
class _Term:
    key: str
    stems: frozenset[str]
    places: tuple[str, ...]
    resources: frozenset[str]


@dataclass(frozen=True)
class _Index:
    entries: tuple[_Entry, ...]
    resources: frozenset[str]
    vocabulary: frozenset[str] = field(repr=False)
    """All words that lead somewhere: a typo is compared with them."""


_WORDS_OF_A_KIND = {"datetime": "date time day", "date": "date day", "float": "amount"}
"""What columns of a kind are called, too: "cancellation date" is a column with a date."""


def _entry(
    found: Found,
    order: int,
    resource: str = "",
    column: str = "",
    *,
    about: str = "",
    seldom: bool = False,
) -> _Entry:
    own = found.name.rpartition(" = ")[2] if found.kind == "value" else column or resource or found.name
    own = own.rpartition(".")[2] if found.kind == "function" else own
    return _Entry(
        found,
        resource,
        column,
        _key(own),
        frozenset(map(_stem, _tokens(own))),
        frozenset(map(_stem, _tokens(f"{found.meaning} {about}"))),
        order,
        seldom,
    )


@cache
def _index(catalog: Catalog) -> _Index:
    synonyms = _synonyms()
    names = [*synonyms.main, *sorted(set(catalog.resources) - set(synonyms.main))]
    entries: list[_Entry] = []
    for name in names:
        spec = catalog.resources[name]
        endpoint = _plainest(spec)
        seldom = name not in synonyms.main or all(one.deprecated for one in spec.endpoints)
        found = Found("resource", name, resource_meaning(name), example_call(spec))
        entries.append(_entry(found, len(entries), name, seldom=seldom))
        for column in catalog.columns(endpoint):
            if _of_another_resource(column, endpoint, catalog):
                continue
            entries += _entries_of(column, name, endpoint, catalog, len(entries), seldom=seldom)
    for keyword, text in synonyms.keywords.items():
        found = Found("keyword", f"{keyword}=", text, synonyms.uses[keyword])
        entries.append(_entry(found, len(entries)))
    stems = {stem for entry in entries for stem in (*entry.stems, *entry.text)}
    return _Index(
        tuple(entries),
        frozenset(names),
        frozenset({*synonyms.said, *stems, *(entry.key for entry in entries)}),
    )


def _entries_of(
    column: Column, name: str, endpoint: Endpoint, catalog: Catalog, order: int, *, seldom: bool
) -> list[_Entry]:
    """Return a column and the values that the vendor's document lists for it."""
    record = endpoint.record
    text = meaning(catalog, record, column.name)
    target = joins_to(column.name)
    if target and target != f"{name}.id":
        text += f" (joins to {target})"
    found = Found("column", f"{name}.{column.name}", text, _use(name, endpoint, column))
    less = seldom or column.name.startswith(("raw_", "charged_"))
    kind = _WORDS_OF_A_KIND.get(column.kind, "")
    entries = [_entry(found, order, name, column.name, about=kind, seldom=less)]
    for value in column.known:
        condition = f"{column.name} = {value}"
        use = f'{_use(name, endpoint, column)} == "{value}"'
        if endpoint.is_list:
            use = _call(name, endpoint, f'where="{condition}"')
        words = value_meaning(record, column.name, value) or f"A value of {column.name}: {text}"
        found = Found("value", f"{name}.{condition}", words, use)
        entries.append(_entry(found, order + len(entries), name, column.name, seldom=less))
    return entries


def _of_another_resource(column: Column, endpoint: Endpoint, catalog: Catalog) -> bool:
    """Whether a column belongs to a nested record that is found on its own: activity has whole campaigns."""
    outer = column.name.partition(".")[0]
    record = catalog.records.get(endpoint.record)
    nested = record.column(outer) if record and "." in column.name else None
    return nested is not None and any(
        one.record == nested.record for spec in catalog.resources.values() for one in spec.endpoints
    )


# --- how to use it


def example_call(resource: ResourceSpec, endpoint: Endpoint | None = None) -> str:
    """Return a call of *resource* as an example: ``classy.transactions(since="2026-01-01")``.

    Parameters
    ----------
    resource
        What is called.
    endpoint
        Which of its endpoints; without one, the one that takes the least to call.
    """
    if endpoint is not None:
        return _call(resource.name, endpoint)
    endpoint = _plainest(resource)
    return _call(resource.name, endpoint, _period(endpoint))


def _plainest(resource: ResourceSpec) -> Endpoint:
    """Return the endpoint that takes the least to call, a list if there is one."""
    endpoints = resource.lists or resource.objects
    return min(endpoints, key=lambda one: (one.deprecated, len(_asked(one))))


def _asked(endpoint: Endpoint) -> list[str]:
    """Return the arguments that a call of *endpoint* needs, with examples for values."""
    if endpoint.daily:  # a period asks for each of its days, and for all types
        return []
    asked = []
    for key in sorted(endpoint.keys, key=lambda key: key != endpoint.key):  # the record's own id goes first
        choices = endpoint.choices.get(key, ()) or endpoint.known.get(key, ())
        example = f'"{choices[0]}"' if choices else '"..."' if key in endpoint.text_keys else "123"
        if key == endpoint.key and not endpoint.is_list:
            asked.append(example)
        elif key not in DEFAULT_KEYS:
            asked.append(f"{key}={example}")
    for one in endpoint.parameters:
        if one.required:
            choices = one.choices or one.known
            examples = {"date": '"2026-01-31"', "moment": '"2026-01-31"', "int": "123", "bool": "True"}
            example = f'"{choices[0]}"' if choices else examples.get(one.type, '"123"')
            asked.append(f"{one.keyword}={example}")
    return asked


def _call(name: str, endpoint: Endpoint, *more: str) -> str:
    way = "" if endpoint.is_list else ".get"
    if endpoint.daily and _period(endpoint) not in more:
        more = (_period(endpoint), *more)
    return f"classy.{name}{way}({', '.join([*_asked(endpoint), *filter(None, more)])})"


def _period(endpoint: Endpoint) -> str:
    return 'since="2026-01-01"' if endpoint.date and endpoint.is_list else ""


def _use(name: str, endpoint: Endpoint, column: Column) -> str:
    if endpoint.record in KINDS:
        return _call(name, endpoint)
    if not endpoint.is_list:
        return f'{_call(name, endpoint)}["{column.name}"]'
    if column.name == endpoint.date:
        return _call(name, endpoint, _period(endpoint))
    if column.kind in ("datetime", "date") and "." not in column.name and not endpoint.daily:
        return _call(name, endpoint, 'since="2026-01-01"', f'by="{column.name}"')
    if column.kind == "bool":
        return _call(name, endpoint, f'where="{column.name} = true"')
    return _call(name, endpoint, f'fields="{column.name.partition(".")[0]}"')


# --- scores


def _terms(text: str, index: _Index, entries: list[_Entry]) -> list[_Term]:
    said = _synonyms().said
    names = {entry.key for entry in entries}
    words = {*index.vocabulary, *(stem for entry in entries for stem in (*entry.stems, *entry.text))}
    terms = []
    for term in _split(_tokens(text), lambda key: key in said or key in names):
        key, stems = "".join(term), term
        if key not in words and key not in names and len(key) >= _TOO_SHORT_FOR_A_TYPO:
            for close in difflib.get_close_matches(key, sorted(words), n=1, cutoff=_TYPO):
                key, stems = close, (close,)
        places = said.get(key, ())
        resources = frozenset(
            entry.resource for entry in entries if entry.found.kind == "resource" and entry.key == key
        ) | frozenset(place for place in places if "." not in place)
        terms.append(_Term(key, frozenset(stems), places, resources))
    return terms


def _score(term: _Term, entry: _Entry) -> float:
    if entry.found.name in term.places:
        said = _SAID - _PLACE_LOWER * term.places.index(entry.found.name)
    else:
        said = 0
    if term.key == entry.key:
        resource_or_nothing_said = entry.found.kind == "resource" or not term.places
        points = _WHOLE_NAME if resource_or_nothing_said else _ONE_OF_MANY
        if entry.found.kind == "value":
            points = _WHOLE_VALUE
    elif term.stems <= entry.stems:
        points = _PART_OF_NAME + 20 * len(term.stems) // len(entry.stems)
    elif term.stems <= entry.text:
        points = _IN_MEANING
    else:
        points = 0
    return max(said, points - _SELDOM_WANTED * entry.seldom if points else 0, 1 if points else 0)
