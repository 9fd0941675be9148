"""Which lists a mirror holds, how each of them is kept up to date, and what its table looks like.

Everything here is derived from the catalog: names of resources come in, :class:`MirroredList` objects go out.
:mod:`.rows` makes rows of that shape, :mod:`.refresh` brings them up to date.
"""

from __future__ import annotations

import hmac
import os
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from classy_nb.arguments import shown
from classy_nb.catalog import flat_names, load, with_decimals
from classy_nb.errors import UsageError
from classy_nb.query import nearest
from classy_nb.redact import Secret, is_personal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from classy_nb.catalog import Column, Endpoint
    from classy_nb.query import Names

DEFAULT = (
    "transactions",
    "transaction_items",
    "supporters",
    "campaigns",
    "recurring_donation_plans",
    "recurring_donation_history",
    "fundraising_pages",
    "fundraising_teams",
    "designations",
    "registrations",
    "answers",
)
"""The lists of a mirror that is not told which: gifts and whatever they belong to."""

_EVENTS = frozenset(
    ("transactions", "transaction_items", "recurring_donation_history", "registrations", "answers")
)
"""Lists that grow with time and that ``since=`` cuts off. The others are what these refer to: a gift of this
year to a campaign of the last one would be left without its campaign."""

ORGANIZATION, UNKNOWN, HASH, SYNCED, DELETED = (
    "_organization_id",
    "_unknown",
    "_row_hash",
    "_synced_at",
    "_deleted_at",
)
HOUSE_COLUMNS = {
    ORGANIZATION: "int",
    UNKNOWN: "json",
    HASH: "text",
    SYNCED: "datetime",
    DELETED: "datetime",
}
"""The columns that a mirror adds, and their kinds: the first one on the left, the others on the right."""
KEY = (ORGANIZATION, "id")
VARIANT = "__v_text"
"""What the name of a column ends in that holds the values of another one which do not fit it, as text: dlt's
own name for such. A table has one as soon as there is such a value."""
VERSIONS = "_versions"
"""What the name of a table's history ends in."""

Strategy = Literal["changed", "appended", "included", "counted"]


@dataclass(frozen=True)
class MirroredList:
    """A list as a mirror holds it."""

    name: str
    endpoint: Endpoint
    columns: tuple[Column, ...]
    """The catalog's columns, with flat names, in the order of a frame; amounts are ``decimal``."""
    created: str | None
    updated: str | None
    """The columns that say when a record was created and when it was changed, where it has them."""
    parent: str | None = None
    """The list whose ``include=`` brings these records, where that list is mirrored, too."""
    include: str | None = None
    """What the parent's ``include=`` calls them."""
    paths: tuple[tuple[str, str], ...] = ()
    """Each of the catalog's columns by its flat name and by its name in a frame (``supporter.city``)."""
    hashed: frozenset[str] = frozenset()
    """Columns of which only a hash is kept."""
    hash_key: Secret | None = field(default=None, repr=False)
    """What these are hashed with."""
    left_out: frozenset[str] = frozenset()
    """Columns of the catalog's that are not kept."""
    without_personal: bool = False
    """Whether personal data are left out also of what has no columns: JSON text and unknown columns."""

    @property
    def strategy(self) -> Strategy:
        """How the list is kept up to date.

        ``changed``: whatever was created or changed since; ``appended``: whatever was created since, for its
        records do not change; ``included``: with the records of its parent; ``counted``: the list is counted,
        and read whole when there are more or fewer records than here.
        """
        if self.parent is not None:
            return "included"
        if self.updated is not None:
            return "changed"
        return "appended" if self.created is not None else "counted"

    @property
    def requests(self) -> int:
        """The most requests that a refresh sends for it if nothing changed."""
        return {"changed": 3, "appended": 2, "included": 1, "counted": 1}[self.strategy]

    @property
    def link(self) -> str:
        """The column that holds the id of the parent, where there is one: ``transaction_id``."""
        return f"{str(self.parent).removesuffix('s')}_id"

    @property
    def versions(self) -> str:
        """The name of the table that holds the history of this one."""
        return self.name + VERSIONS

    @property
    def date(self) -> str | None:
        """The column that ``since=`` is about; None where the list is held whole."""
        return self.endpoint.date if self.name in _EVENTS else None

    @property
    def kinds(self) -> dict[str, str]:
        """All columns of the table in order, and the kind of each."""
        own = {column.name: column.kind for column in self.columns}
        house = dict(HOUSE_COLUMNS)
        return {ORGANIZATION: house.pop(ORGANIZATION), **own, **house}

    @property
    def dates(self) -> list[tuple[str, str]]:
        """The columns of dates: what each says (``created`` or ``updated``), and its name."""
        columns = (("created", self.created), ("updated", self.updated))
        return [(name, column) for name, column in columns if column is not None]

    @property
    def is_cut_by_its_parent(self) -> bool:
        """Whether ``since=`` cuts it off by a date of its parent's only: then the API cannot count it."""
        return self.parent is not None and self.name in _EVENTS and self.endpoint.date is None

    @property
    def unseen(self) -> str:
        """What a refresh cannot see without reading all again, in words."""
        if self.strategy == "changed":
            return f"a value changed without {self.updated}"
        return {
            "appended": "a value changed in place (the list has no updated_at)",
            "included": f"a value changed without its parent in {self.parent}",
            "counted": "a value changed in place (the list has no dates)",
        }[self.strategy]


def variants_in(columns: Iterable[str]) -> list[str]:
    """Return those of a table's columns that hold values which do not fit another one, in order."""
    return sorted(name for name in columns if name.endswith(VARIANT))


def mirrored_lists(
    names: Names = None,
    *,
    exclude: Names = (),
    hash: Names = (),  # noqa: A002 - what the command line calls it
) -> list[MirroredList]:
    """Return the lists of a mirror, parents before their children.

    Parameters
    ----------
    names
        Names of resources; None for `DEFAULT`.
    exclude
        Columns to leave out, by their names in a frame; ``personal`` for all that hold personal data.
    hash
        Columns of which only a keyed hash is kept, by their names in a frame, or by the last part of these
        (``email_address`` is ``member.email_address``, too): rows can still be joined by them. The key is in
        the environment variable `HASH_KEY`.

    Raises
    ------
    UsageError
        A name is not that of a list of the organization's whose records have ids; no list has a column that
        is to be left out or hashed; or there is no key to hash with.
    """
    wanted = list(dict.fromkeys(DEFAULT if names is None else listed(names)))
    if not wanted:
        raise UsageError("resources= names no list.", advice="Leave it out for the default set.")
    lists = {name: _list_of(name) for name in wanted}
    for child in list(lists.values()):
        if child.created is None and child.updated is None:
            for parent in lists.values():
                include = _include_of(parent, child)
                if include is not None:
                    lists[child.name] = replace(child, parent=parent.name, include=include)
    ordered = sorted(lists.values(), key=lambda one: one.parent is not None)
    return _protected(ordered, listed(exclude), listed(hash))


def listed(names: Names) -> list[str]:
    """Return names as a list, whether they came as one or as a text with commas."""
    if names is None:
        return []
    given = names.split(",") if isinstance(names, str) else list(names)
    for name in given:
        if not isinstance(name, str):
            raise UsageError(f"Names of lists and columns are text, not {shown(name)}.")
    return [name.strip() for name in given if name.strip()]


def _protected(lists: list[MirroredList], exclude: list[str], hash_: list[str]) -> list[MirroredList]:
    """Return the lists without some columns, and with others that are to be hashed."""
    if not exclude and not hash_:
        return lists
    everything = {name for one in lists for pair in one.paths for name in _names(*pair)}
    for name in (*exclude, *hash_):
        if name not in everything and name != PERSONAL:
            raise UsageError(
                f"No list has a column {shown(name)} to leave out or to hash.",
                advice=nearest(name, sorted(everything))
                or "A resource's columns are in .columns, such as classy.supporters.columns.",
            )
    made = []
    key = _hash_key() if hash_ else None
    for one in lists:
        needed = {"id", one.created, one.updated, one.date, one.link if one.parent else None}
        hashed = {flat for flat, path in one.paths if _names(flat, path) & set(hash_)} - needed
        left_out = {
            flat
            for flat, path in one.paths
            if _names(flat, path) & set(exclude) or (PERSONAL in exclude and is_personal(path))
        }
        left_out -= needed | hashed
        columns = tuple(
            replace(column, kind="text") if column.name in hashed else column
            for column in one.columns
            if column.name not in left_out
        )
        made.append(
            replace(
                one,
                columns=columns,
                hashed=frozenset(hashed),
                hash_key=key,
                left_out=frozenset(left_out),
                without_personal=PERSONAL in exclude,
            )
        )
    return made


def _names(flat: str, path: str) -> set[str]:
    """Return the names by which a column can be left out or hashed."""
    return {flat, path, path.rpartition(".")[2]}


HASH_KEY = "CLASSY_HASH_KEY"
"""The environment variable that holds the key of hashed columns."""
_SHORTEST_KEY = 16


def _hash_key() -> Secret:
    # Without a key, anybody could hash a list of addresses and see which of them are in the table.
    key = os.environ.get(HASH_KEY, "")
    if len(key) < _SHORTEST_KEY:
        raise UsageError(
            f"Columns are hashed with a key from the environment variable {HASH_KEY}, which "
            + (f"is shorter than {_SHORTEST_KEY} characters." if key else "is not set."),
            advice="Make one, once (such as with: openssl rand -hex 32), and keep it: with another key, the "
            "hashes would be others.",
        )
    return Secret(key)


def keyed_hash(text: str, key: Secret) -> str:
    """Return the HMAC-SHA256 of a text, which nobody can look up without the key."""
    return hmac.new(key.reveal().encode(), text.encode("utf-8", "surrogatepass"), "sha256").hexdigest()


PERSONAL = "personal"
"""As the name of a column to leave out: all columns that hold personal data."""


@cache
def _list_of(name: str) -> MirroredList:
    catalog = load()
    spec = catalog.resources.get(name)
    lists = () if spec is None else spec.lists
    endpoint = next((e for e in lists if e.parents == ("organization",) and e.kind == "list" and e.id), None)
    if endpoint is None:
        holds = sorted(mirrorable())
        known = spec is not None
        what = f"{shown(name)} cannot be mirrored" if known else f"There is no resource {shown(name)}"
        why = ": it is not a list of the organization's whose records have ids." if known else "."
        advice = nearest(name, holds, most=1) or f"Lists that can be mirrored: {', '.join(holds)}."
        raise UsageError(what + why, advice=advice)
    columns = with_decimals(catalog.columns(endpoint))
    own = {column.name for column in columns}
    names = flat_names([column.name for column in columns])
    return MirroredList(
        name,
        endpoint,
        tuple(replace(column, name=flat) for column, flat in zip(columns, names, strict=True)),
        created="created_at" if "created_at" in own else None,
        updated="updated_at" if "updated_at" in own else None,
        paths=tuple(zip(names, (column.name for column in columns), strict=True)),
    )


def mirrorable() -> list[str]:
    """Return the names of all resources that can be mirrored."""
    return [
        name
        for name, spec in load().resources.items()
        if any(e.parents == ("organization",) and e.kind == "list" and e.id for e in spec.lists)
    ]


def _include_of(parent: MirroredList, child: MirroredList) -> str | None:
    """Return the parent's include that holds the records of *child*, if there is one."""
    includes = load().includes
    return next(
        (
            name
            for name in parent.endpoint.include
            if includes[name].kind == "list" and includes[name].record == child.endpoint.record
        ),
        None,
    )


DLT_TYPES: dict[str, dict[str, Any]] = {
    "int": {"data_type": "bigint"},
    "float": {"data_type": "double"},
    "decimal": {"data_type": "decimal", "precision": 18, "scale": 2},
    "bool": {"data_type": "bool"},
    "datetime": {"data_type": "timestamp", "precision": 6, "timezone": True},
    "date": {"data_type": "date"},
}
"""What dlt calls the kinds of columns; all others are text."""


def dlt_columns(kinds: Mapping[str, str], key: Iterable[str]) -> dict[str, Any]:
    """Return dlt's hints for each column: without them, a column without any value would be left out."""
    keys = set(key)
    return {
        name: {
            "name": name,
            "nullable": name not in keys,
            **DLT_TYPES.get(kind, {"data_type": "text"}),
            **({"primary_key": True} if name in keys else {}),
        }
        for name, kind in kinds.items()
    }


# The tables of a DuckDB file

_SQL_TYPES = {
    "int": "BIGINT",
    "float": "DOUBLE",
    "decimal": "DECIMAL(18,2)",
    "bool": "BOOLEAN",
    "datetime": "TIMESTAMP WITH TIME ZONE",
    "date": "DATE",
}


def sql_type(kind: str) -> str:
    """Return DuckDB's type for a kind of column."""
    return _SQL_TYPES.get(kind, "VARCHAR")


def tables_in(connection: Any) -> dict[str, dict[str, str]]:
    """Return the columns, with their types, of each table and view of a connection's current schema."""
    found = connection.sql(
        "SELECT table_name, column_name, data_type FROM duckdb_columns()"
        " WHERE schema_name = current_schema() AND database_name = current_database()"
    ).fetchall()
    tables: dict[str, dict[str, str]] = {}
    for table, column, kind in found:
        tables.setdefault(table, {})[column] = kind
    return tables
