"""Make a page for each resource: from the catalog, in our words, with examples from ``docs/_examples``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from classy_nb import catalog as reading
from classy_nb.catalog import DEFAULT_KEYS, KINDS, described_columns, example_call, meaning, resource_meaning

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from classy_nb.catalog import Catalog, Endpoint, Parameter, ResourceSpec

DOCS = Path(__file__).parents[1]
ZONE = "zone"
"""Stands for the organization's time zone in dtypes."""

_ANY = "`where=` takes any column that is not nested; `sort=` any of those without a dot in its name."
_NESTED = "object"


def groups() -> dict[str, list[str]]:
    """Return the names of all resources by subject, as in the README's table."""
    readme = (DOCS.parent / "README.md").read_text("utf-8")
    table = readme[readme.index("| About | Resources |") :].partition("\n\n")[0]
    rows = (line.strip("| ").split(" | ") for line in table.splitlines()[2:])
    return {about: re.findall(r"`(\w+)`", names) for about, names in rows}


def example(name: str) -> str:
    """Return a resource's example in Markdown; empty if it has none."""
    file = DOCS / "_examples" / f"{name}.md"
    return file.read_text("utf-8") if file.is_file() else ""


def pages() -> dict[str, str]:
    """Return the text of each page, and of the index, by file name."""
    catalog = reading.load()
    made = {
        f"{name}.md": "\n\n".join(_page(catalog, spec)) + "\n" for name, spec in catalog.resources.items()
    }
    return {**made, "index.md": "\n\n".join(_index(catalog)) + "\n"}


def _index(catalog: Catalog) -> Iterator[str]:
    yield "# Resources"
    reads = sum(len(spec.endpoints) for spec in catalog.resources.values())
    yield (
        "A resource is a kind of record, and an attribute of the connection: `classy.transactions`. There"
        f" are {len(catalog.resources)}, for the {reads} reads of the API. Each page lists calls, includes,"
        " dates and columns; the pages of the main ones also have an example and the trap that bites there."
    )
    for about, names in groups().items():
        yield f"## {about.removeprefix('the ').capitalize()}"
        rows = ((f"[`{name}`](#resource-{name})", resource_meaning(name)) for name in names)
        yield _table(("Resource", "What it holds"), rows)
        yield "```{toctree}\n:hidden:\n\n" + "\n".join(names) + "\n```"


def _page(catalog: Catalog, spec: ResourceSpec) -> Iterator[str]:
    yield f"(resource-{spec.name})=\n# `{spec.name}`"
    yield f"{resource_meaning(spec.name)}."
    yield f"```python\n{example_call(spec)}\n```"
    if all(one.deprecated for one in spec.endpoints):
        yield "The vendor has announced the end of all calls of this resource; each warns when it is used."
    if all(one.member_only for one in spec.endpoints):
        yield "Available to logged-in members only: an application's token is refused with `MemberOnlyError`."
    if own := example(spec.name):
        yield f"## Example\n\n{own.strip()}"
    yield "## Calls"
    yield _table(
        ("Call", "Path in the API", "Business date", "Note"),
        ((f"`{example_call(spec, one)}`", f"`{one.path}`", _date(one), _note(one)) for one in spec.endpoints),
    )
    yield from _parents(spec)
    yield from _parameters(spec)
    yield from _questions(catalog, spec)
    yield from _includes(catalog, spec)
    yield from _columns(catalog, spec)


def _date(endpoint: Endpoint) -> str:
    return f"`{endpoint.date}`" if endpoint.date and endpoint.is_list else ""


def _note(endpoint: Endpoint) -> str:
    notes = [
        ("a list" if endpoint.is_list else "one record", True),
        ("deprecated", endpoint.deprecated),
        ("members only", endpoint.member_only),
        ("not in the vendor's document", not endpoint.listed),
    ]
    return ", ".join(note for note, holds in notes if holds)


def _parents(spec: ResourceSpec) -> Iterator[str]:
    parents = dict.fromkeys(key for one in spec.endpoints for key in one.parents)
    if not parents:
        return
    yield "## Parents"
    shown = [f"`{key}=`{' (filled in by the connection)' * (key in DEFAULT_KEYS)}" for key in parents]
    yield f"The record that a call belongs to is one of its keywords: {', '.join(shown)}."
    for key in parents:
        values = dict.fromkeys(
            v for one in spec.endpoints for v in (*one.choices.get(key, ()), *one.known.get(key, ()))
        )
        if values:
            yield f"Values of `{key}=`: {_codes(values)}."


def _parameters(spec: ResourceSpec) -> Iterator[str]:
    own: dict[str, Parameter] = {}
    for endpoint in spec.endpoints:
        for one in endpoint.parameters:
            own.setdefault(one.keyword, one)
    if own:
        yield "## Its own parameters"
        rows = (
            (
                f"`{name}=`",
                one.type,
                "yes" if one.required else "",
                _codes(one.choices or one.known) or " to ".join(map(str, one.range or ())),
            )
            for name, one in own.items()
        )
        yield _table(("Keyword", "Type", "Required", "Values"), rows)


def _questions(catalog: Catalog, spec: ResourceSpec) -> Iterator[str]:
    if not spec.lists:
        return
    yield "## Dates, conditions, order"
    dates = dict.fromkeys(one.date for one in spec.lists if one.date)
    columns = {column.name: column for one in spec.lists for column in catalog.columns(one)}
    others = [c.name for c in columns.values() if c.kind in ("datetime", "date") and "." not in c.name]
    others = [name for name in others if name not in dates]
    if dates:
        yield f"`since=` and `until=` go by {_codes(dates)}" + (
            f"; `by=` chooses another: {_codes(others)}." if others else "."
        )
    elif others:
        yield f"There is no business date: `since=` and `until=` need `by=`, one of {_codes(others)}."
    else:
        yield "It has no dates: `since=` and `until=` do not apply."
    yield _ANY
    if bounded := {one.sortable for one in spec.lists if one.sortable}:
        yield f"With `limit=`, the API sorts by one of {_codes(n for names in bounded for n in names)} only."


def _includes(catalog: Catalog, spec: ResourceSpec) -> Iterator[str]:
    takers: dict[str, list[str]] = {}
    for one in spec.endpoints:
        for name in one.include:
            takers.setdefault(name, []).append(f"`{one.path}`")
    doubtful = dict.fromkeys(name for one in spec.endpoints for name in one.include_elsewhere)
    if takers or doubtful:
        yield "## Includes"
        names = dict.fromkeys([*takers, *doubtful])
        everywhere = len(spec.endpoints)
        rows = (
            (
                f'`include="{name}"`',
                _included(catalog, name),
                "all"
                if len(takers.get(name, ())) == everywhere
                else ", ".join(takers.get(name, ())) or "none (a call warns, and the API may ignore it)",
            )
            for name in names
        )
        yield _table(("Include", "What it adds", "Calls whose documentation lists it"), rows)
    totals = dict.fromkeys(one.aggregates for one in spec.endpoints if one.aggregates)
    for record in filter(None, totals):
        yield "## Totals"
        yield "`aggregates=True` adds these columns:"
        rows = (
            (f"`{c.name}`", f"`{c.dtype(ZONE)}`", meaning(catalog, record, c.name))
            for c in catalog.records[record].columns
        )
        yield _table(("Column", "dtype", "Meaning"), rows)


def _included(catalog: Catalog, name: str) -> str:
    column = catalog.includes[name]
    home = _home(catalog, column.record)
    of = f", those of {home}" if home else ""
    if column.kind == _NESTED:
        return f"columns `{name}.*`{of}"
    if column.kind == "list":
        return f'a list of records{of}, which `cn.explode(frame, "{name}")` takes apart'
    return f"a column `{name}`"


def _home(catalog: Catalog, record: str | None) -> str:
    """Return a link to the resource that has records of this kind; empty if there is none."""
    homes = [spec for spec in catalog.resources.values() if record == (spec.lists or spec.objects)[0].record]
    if not homes:
        return ""
    name = max(homes, key=lambda spec: len(spec.endpoints)).name  # the main list, not one of somebody's own
    return f"[`{name}`](#resource-{name})"


def _columns(catalog: Catalog, spec: ResourceSpec) -> Iterator[str]:
    kinds: dict[str, list[Endpoint]] = {}
    for one in [*spec.lists, *spec.objects]:
        kinds.setdefault(one.record, []).append(one)
    for record, endpoints in kinds.items():
        described = described_columns(catalog, endpoints[0], ZONE)
        yield f"## {'Columns' if len(kinds) == 1 else f'Columns of {_kind_title(record)}'}"
        if len(kinds) > 1:
            yield f"Of the calls {', '.join(f'`{one.path}`' for one in endpoints)}."
        if any(ZONE in column.dtype for column in described):
            yield f"`{ZONE}` is the time zone of the connection, which is the organization's own by default."
        rows = (
            (
                f"`{column.column}`",
                f"`{column.dtype}`",
                "yes" if column.nullable else "",
                _joined([column.meaning, f"Known values: {_codes(column.values)}" if column.values else ""]),
                _joins(catalog, column.joins_to),
            )
            for column in described
        )
        yield _table(("Column", "dtype", "May be missing", "Meaning", "Joins to"), rows)


def _kind_title(record: str) -> str:
    return "plain values" if record in KINDS else f"`{record}`"


def _joined(parts: Iterable[str]) -> str:
    return ". ".join(part.rstrip(".") for part in parts if part)


def _joins(catalog: Catalog, target: str) -> str:
    resource, _, column = target.partition(".")
    return (
        f"[`{resource}.{column}`](#resource-{resource})" if resource in catalog.resources else _code(target)
    )


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [
        header,
        ("---",) * len(header),
        *(tuple(cell.replace("|", r"\|") for cell in row) for row in rows),
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
