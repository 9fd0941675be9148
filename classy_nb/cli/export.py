"""Fetch a list straight into a CSV file; credentials come from .env or the environment."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classy_nb.catalog import load
from classy_nb.errors import UsageError
from classy_nb.query import suggestion

if TYPE_CHECKING:
    import argparse

_PLAIN = ("since", "until", "by", "fields", "include", "sort", "limit")

_OPTIONS = frozenset((*_PLAIN, "where", "aggregates", "excel", "neutralize", "path"))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("resource", help="what to fetch (classy-nb resources lists them)")
    parser.add_argument("--to", required=True, type=Path, metavar="FILE", help="the CSV file to write")
    parser.add_argument("--since", metavar="DATE", help="from this moment on (business date)")
    parser.add_argument("--until", metavar="DATE", help="before this moment")
    parser.add_argument("--by", metavar="COLUMN", help="another date column for --since and --until")
    parser.add_argument(
        "--where", action="append", metavar="CONDITION", help='such as "status = success"; may be repeated'
    )
    parser.add_argument("--fields", metavar="NAMES", help="only these columns, comma-separated")
    parser.add_argument("--include", metavar="NAMES", help="related records, comma-separated")
    parser.add_argument("--sort", metavar="COLUMN", help="such as created_at:desc; needs --limit")
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N rows")
    parser.add_argument("--aggregates", action="store_true", help="add totals (pages and teams)")
    parser.add_argument(
        "--parent",
        "--set",
        dest="keywords",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a parent or a parameter, such as campaign=123; may be repeated",
    )
    parser.add_argument("--excel", action="store_true", help="begin the file with a mark that Excel needs")
    parser.add_argument(
        "--raw-text", action="store_true", help="leave text alone that Excel would take for a formula"
    )
    connection = parser.add_argument_group("connection")
    connection.add_argument("--organization", type=int, metavar="ID")
    connection.add_argument("--env-file", metavar="FILE")
    connection.add_argument("--timezone", metavar="ZONE", help="such as America/Los_Angeles")
    connection.add_argument("--base-url", metavar="URL")
    connection.add_argument("--token-url", metavar="URL")


def run(asked: argparse.Namespace) -> None:
    """Connect, fetch, write and say what was written."""
    known = load().resources
    if asked.resource not in known or not known[asked.resource].lists:
        lists = [name for name, kind in known.items() if kind.lists]
        raise UsageError(f"There is no list {asked.resource!r}.", advice=suggestion(asked.resource, lists))
    from classy_nb.client import connect

    with connect(
        organization=asked.organization,
        env_file=asked.env_file,
        timezone=asked.timezone,
        base_url=asked.base_url,
        token_url=asked.token_url,
    ) as classy:
        resource = getattr(classy, asked.resource)
        keywords = {name: getattr(asked, name) for name in _PLAIN} | _keywords(asked.keywords)
        path = resource.to_csv(
            asked.to,
            excel=asked.excel,
            neutralize=not asked.raw_text,
            where=asked.where,
            aggregates=asked.aggregates,
            **keywords,
        )
    sys.stdout.write(f"{path}: {path.stat().st_size / 1e6:,.1f} MB\n")


def _keywords(texts: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        name = name.strip().replace("-", "_")
        if not equals or not name:
            raise UsageError(f"--set {text!r} is not NAME=VALUE.")
        if name in _OPTIONS:
            raise UsageError(f"--set {text!r} has an option of its own.", advice="See --help.")
        found[name] = {"true": True, "false": False}.get(value.lower(), value)
    return found
