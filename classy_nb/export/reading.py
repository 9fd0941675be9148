"""A CSV file of ours back into a frame: values, dtypes and, as far as offsets tell it, time zone.

CSV holds text only. The catalog knows by its name what a column was; any other column is what all of its
cells look like in the form that :mod:`.csv` writes. Users call :func:`read_csv`.
"""

from __future__ import annotations

import csv
import io
import lzma
import os
import zlib
from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pandas.api.types import (
    is_bool_dtype,
    is_datetime64_any_dtype,
    is_float_dtype,
    is_integer_dtype,
    is_object_dtype,
    pandas_dtype,
)
from pyarrow import csv as arrow_csv

from classy_nb.arguments import checked_flag, shown
from classy_nb.catalog import Column, load
from classy_nb.errors import DataWarning, UsageError, warn
from classy_nb.frames import (
    ARROW,
    JSON_KINDS,
    LISTS,
    checked_backend,
    field_of,
    json_values,
    local_timestamp,
    to_frame,
)
from classy_nb.query import zone
from classy_nb.query.filters import suggestion
from classy_nb.redact import clear_tracebacks

from .atomic import explained_errors
from .csv import column_text, unguarded
from .endings import COMPRESSIONS, check_ending

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from classy_nb.frames import Backend

_BLOCK = 64 * 1024 * 1024
"""Bytes that are read at once; no row may be longer than two of them."""
_ZONES = (
    "UTC",
    "America/Los_Angeles",
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Anchorage",
    "Pacific/Honolulu",
    "America/Halifax",
    "America/St_Johns",
    "America/Puerto_Rico",
    "Europe/London",
    "Europe/Paris",
    "Australia/Sydney",
    "Australia/Brisbane",
    "Australia/Adelaide",
    "Australia/Darwin",
    "Australia/Perth",
    "Pacific/Auckland",
    "America/Sao_Paulo",
    "America/Argentina/Buenos_Aires",
)
"""Zones of organizations that use Classy, the likeliest of each offset first."""
_MODERN = "1972-02-01"
"""Before this day, offsets that were not in whole minutes are written as UTC, so they tell no zone."""
_INSTANT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?[+-][0-9]{2}:[0-9]{2}$"
_OFFSET = len("-08:00")
_REFUSED = (pa.ArrowException, ValueError)


@clear_tracebacks
def read_csv(
    path: str | os.PathLike[str],
    *,
    resource: str | None = None,
    timezone: str | None = None,
    dtype: Mapping[str, Any] | None = None,
    dtype_backend: Backend = "numpy_nullable",
    neutralize: bool = True,
) -> pd.DataFrame:
    """Read a CSV file that this package wrote, with the values and dtypes of the frame it was made of.

    Parameters
    ----------
    path
        A file of :func:`to_csv`, of a resource's ``.to_csv`` or of ``classy-nb export``; also ``.csv.gz``,
        ``.csv.bz2`` and ``.csv.xz``.
    resource
        What the rows are, such as ``"transactions"``. Only needed where a column's name means different
        things: ``id`` is text in a few lists, and such digits are read as numbers without it.
    timezone
        The IANA zone in which instants are shown, such as ``"America/Phoenix"``. The file has offsets, but
        does not name the zone. By default, it is the first that has these offsets: a zone in *dtype*,
        ``CLASSY_TIMEZONE`` of the environment, UTC, or a zone of a country where Classy is used. That is
        a guess: Phoenix in winter looks like Denver, London in winter like UTC, and without any instant it is
        UTC. The instants are right in any case.
    dtype
        pandas dtypes of some columns, for those that are not from the API: ``dtype=frame.dtypes`` gives a
        frame of your own back.
    dtype_backend
        ``"numpy_nullable"``, or ``"pyarrow"`` for Arrow dtypes.
    neutralize
        Whether the file was written with ``neutralize=True``: then the apostrophes before formulas are
        removed.

    Returns
    -------
    DataFrame, shape (rows, columns)
        Columns that the API has are of the dtypes that the fetched frame had. Any other column is ``Int64``,
        ``Float64``, ``boolean`` or ``datetime64[us]`` (with a zone if there are offsets) if all of its cells
        look like that, and text otherwise: digits that must stay text need *dtype*, and so do nested values
        of your own (``object``), which are JSON text without it. An empty cell
        is missing; ``""`` is an empty text, unless it is the only column. An index that was written is an
        ordinary column.

    Raises
    ------
    UsageError
        The file has the ending of another format, or is not such a file; an argument is not valid.
    ExportError
        The file cannot be read.

    Warns
    -----
    DataWarning
        No zone is known that has these offsets: instants are shown in UTC.
    """
    check_ending(path, "csv", to_read=True)
    if resource is not None and not isinstance(resource, str):
        raise UsageError(f"resource={shown(resource)} is not the name of a resource.")
    known = _known_columns(resource)
    checked_backend(dtype_backend)
    checked_flag("neutralize", neutralize)
    if timezone is not None:
        zone(timezone)
    names, texts = _read(Path(path).expanduser(), neutralize=neutralize)
    wanted = {} if dtype is None else _dtypes(dtype)
    columns = [
        _declared(name, wanted[name]) if name in wanted else _column(name, text, known.get(name, []))
        for name, text in zip(names, texts, strict=True)
    ]
    if timezone is None:
        instants = [text for text, column in zip(texts, columns, strict=True) if column.kind == "datetime"]
        likely = [str(tz) for kind in wanted.values() if (tz := getattr(kind, "tz", None)) is not None]
        timezone = _zone_of(instants, likely)
    fields, arrays = [], []
    for place, (text, column) in enumerate(zip(texts, columns, strict=True)):
        # By place: names may occur twice.
        kind = "text" if column.kind == "naive" else column.kind
        field = field_of(str(place), kind, timezone, column.record)
        try:
            values = _values(text, column.kind)
        except _REFUSED:
            raise UsageError(f"Column {column.name!r} of {path} does not fit its dtype.") from None
        naive = pa.types.is_timestamp(values.type) and values.type.tz is None
        fields.append(field.with_type(values.type) if naive else field)
        arrays.append(values if naive else values.cast(field.type))
    frame = to_frame(pa.Table.from_arrays(arrays, schema=pa.schema(fields)), dtype_backend=dtype_backend)
    for place, name in enumerate(names):
        if name in wanted and is_object_dtype(wanted[name]):
            values = json_values(arrays[place].to_pylist())
            cells = [pd.NA if value is None else value for value in values]
            frame[str(place)] = pd.Series(cells, index=frame.index, dtype=object)
    frame.columns = pd.Index(names)
    if LISTS in frame.attrs:
        frame.attrs[LISTS] = {names[int(place)]: record for place, record in frame.attrs[LISTS].items()}
    for name in dict.fromkeys(name for name in names if name in wanted):
        try:
            frame = frame.astype({name: wanted[name]})
        except (TypeError, ValueError):
            raise UsageError(f"Column {shown(name)} of {path} does not fit dtype {wanted[name]}.") from None
    return frame


def _dtypes(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what ``dtype=`` asks for, a column's dtype by its name."""
    try:
        return {str(name): pandas_dtype(kind) for name, kind in given.items()}
    except (AttributeError, TypeError, ValueError):  # which quote what they do not understand
        raise UsageError(
            f"dtype={shown(given)} must be a dict of dtypes by column.",
            advice="Pass {'code': 'string'}, or the dtypes of the frame.",
        ) from None


def _read(path: Path, *, neutralize: bool) -> tuple[list[str], list[pa.Array]]:
    """Return the names of the columns and the text of their cells, null where a cell is missing."""
    opener = COMPRESSIONS.get(path.suffix.lower(), open)
    try:
        with explained_errors(path, "read"), opener(path, "rb") as file:
            lines = io.TextIOWrapper(file, "utf-8-sig", newline="")
            width = len(next(csv.reader(lines), []))
            lines.detach()
            if not width:
                return [], []
            file.seek(0)
            numbers = [str(place) for place in range(width)]
            rows = arrow_csv.read_csv(
                file,
                arrow_csv.ReadOptions(column_names=numbers, block_size=_BLOCK),
                arrow_csv.ParseOptions(newlines_in_values=True),
                arrow_csv.ConvertOptions(
                    column_types=dict.fromkeys(numbers, pa.large_string()),
                    null_values=[""],
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=False,
                ),
            )
    except (*_REFUSED, csv.Error, EOFError, lzma.LZMAError, zlib.error):
        # What Arrow says holds the row, which is a donor's.
        raise UsageError(
            f"{path} is not a whole CSV file in UTF-8 with the same number of cells in each row.",
            advice="Was it saved by another program? Then read it with pandas.read_csv.",
        ) from None
    columns = [pa.concat_arrays(column.chunks) for column in rows.columns]
    if neutralize:
        columns = [unguarded(column) for column in columns]
    names = [column[0].as_py() or "" for column in columns]
    texts = [column.slice(1) for column in columns]
    if width == 1:  # where an empty line would be no row, a missing cell is written as ""
        empty = pc.fill_null(pc.equal(texts[0], ""), False)
        texts = [pc.replace_with_mask(texts[0], empty, pa.scalar(None, texts[0].type))]
    return names, texts


# What a column is


@cache
def _known_columns(resource: str | None) -> dict[str, list[Column]]:
    """Return what the catalog says of each name: the kinds that it has, the most frequent first."""
    catalog = load()
    if resource is None:
        specs = list(catalog.resources.values())
    elif resource in catalog.resources:
        specs = [catalog.resources[resource]]
    else:
        raise UsageError(
            f"The resource {shown(resource)} does not exist.", advice=suggestion(resource, catalog.resources)
        )
    found: dict[str, Counter[tuple[str, str | None]]] = {}
    for endpoint in (endpoint for spec in specs for endpoint in (*spec.lists, *spec.objects)):
        for column in catalog.columns(endpoint, catalog.includes, aggregates=True):
            found.setdefault(column.name, Counter())[column.kind, column.record] += 1
    for name in [name for name in found if "." in name]:  # as flat=True writes them
        for flat in (name.replace(".", "_"), name.replace(".", "__")):
            found.setdefault(flat, found[name])
    return {
        name: [Column(name, kind, record=record) for (kind, record), _ in counts.most_common()]
        for name, counts in found.items()
    }


def _declared(name: str, dtype: Any) -> Column:
    """Return the column that values of a pandas dtype are read as first."""
    if isinstance(dtype, pd.CategoricalDtype):
        dtype = dtype.categories.dtype
        if is_object_dtype(dtype):  # pandas 2 has no better dtype for texts in there
            return Column(name, "text")
    if is_bool_dtype(dtype):
        return Column(name, "bool")
    if is_integer_dtype(dtype):
        return Column(name, "int")
    if is_float_dtype(dtype):
        return Column(name, "float")
    if is_datetime64_any_dtype(dtype):
        return Column(name, "datetime" if getattr(dtype, "tz", None) is not None else "naive")
    return Column(name, "json" if is_object_dtype(dtype) else "text")


def _column(name: str, text: pa.Array, known: Sequence[Column]) -> Column:
    """Return what a column is: as the catalog has it if its cells agree, else what all of them look like."""
    if text.null_count == len(text):
        return known[0] if known else Column(name, "undeclared")
    if len({column.kind for column in known}) == 1 and _reads_as(text, known[0].kind, exactly=False):
        return known[0]
    guesses = [*_GUESSES, *(column.kind for column in known if column.kind in JSON_KINDS)]
    kind = next((kind for kind in guesses if _reads_as(text, kind, exactly=True)), "text")
    return next((column for column in known if column.kind == kind), Column(name, kind))


_GUESSES = ("bool", "int", "float", "date", "naive", "datetime")


def _reads_as(text: pa.Array, kind: str, *, exactly: bool) -> bool:
    """Whether all cells can be values of *kind*; *exactly*: and would be written just like that."""
    if exactly and kind in JSON_KINDS:
        begins = ("[",) if kind == "list" else ("[", "{")
        return all(cell[:1] in begins and _json(cell) is cell for cell in text.drop_null().to_pylist())
    try:
        values = _values(text, kind)
    except _REFUSED:
        return False
    if exactly and kind == "datetime":
        return pc.all(pc.match_substring_regex(text, _INSTANT)).as_py() is True
    return not exactly or column_text(values, neutralize=False).cast(text.type).equals(text)


def _values(text: pa.Array, kind: str) -> pa.Array:
    """Return the values of cells; raise one of `_REFUSED` where a cell is none of *kind*."""
    if kind in JSON_KINDS:
        return pa.array(
            [None if cell is None else _json(cell) for cell in text.to_pylist()], pa.large_string()
        )
    if kind == "bool":
        values = pc.equal(text, "true")
        if pc.all(pc.or_(values, pc.equal(text, "false"))).as_py() is False:
            raise ValueError
        return values
    if kind not in ("datetime", "naive"):
        return text.cast(ARROW[kind])
    zone = "UTC" if kind == "datetime" else None
    try:
        return text.cast(pa.timestamp("us", zone))
    except pa.ArrowInvalid:  # nine digits, as pandas' default unit has them
        return text.cast(pa.timestamp("ns", zone)).cast(pa.timestamp("us", zone))


def _json(cell: str) -> str:
    """Return a cell of a JSON column as JSON; what is not (an id such as 007, or NULL) is text."""
    try:
        orjson.loads(cell)
    except orjson.JSONDecodeError:
        return orjson.dumps(cell).decode()
    return cell


def _zone_of(texts: Iterable[pa.Array], likely: Sequence[str]) -> str:
    """Return the first zone in which all instants have the offsets that they are written with."""
    text = pa.concat_arrays([pa.array([], pa.large_string()), *texts]).drop_null().unique()
    text = text.filter(pc.greater_equal(text, _MODERN))
    walls = _values(pc.utf8_slice_codeunits(text, 0, -_OFFSET), "naive")
    instants = _values(text, "datetime")
    for name in (*likely, os.environ.get("CLASSY_TIMEZONE", ""), *_ZONES):
        try:
            local = local_timestamp(instants.cast(pa.timestamp("us", name)))
        except _REFUSED:
            continue  # not an IANA name
        if name and local.equals(walls):
            return name
    what = "No zone is known that has the offsets of this file: instants are shown in UTC."
    warn(f"{what} Pass timezone= for another zone.", DataWarning)
    return "UTC"
