"""The command line: ``classy-nb`` with ``demo``, ``login``, ``export``, ``sync``, ``resources`` and others.

Arguments come in; files and lines of text go out, with an exit code and without tracebacks. Each command has
two functions, one that declares its arguments and one that runs it. What a command needs is imported when it
runs, so that ``--help`` answers at once.
"""

from __future__ import annotations

import argparse
import io
import re
import sys
import time
import warnings
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

from classy_nb.catalog import load, meanings, summary
from classy_nb.errors import ClassyError, ClassyWarning, UsageError, ask_for_report, versions
from classy_nb.progress import counted, terminal_line
from classy_nb.query.filters import suggestion

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from classy_nb.catalog import Catalog

_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0, 1 (failed), 2 (bad input), 130 (stopped)."""
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        # A redirected output on Windows is in its code page, which has no letters for most of the names.
        sys.stdout.reconfigure(errors="replace")
    options = parser().parse_args(arguments)
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        try:
            return int(options.run(options) or 0)
        except KeyboardInterrupt as stopped:
            _complain(str(stopped) or "Stopped.")
            return _INTERRUPTED
        except UsageError as error:
            _complain(error)
            return 2
        except BrokenPipeError:
            sys.stderr.close()  # the reader (head, less) has gone: nothing is wrong
            return 0
        except (ClassyError, ImportError, OSError) as error:
            _complain(error)
            return 1
        except Exception as bug:
            ask_for_report(bug)
            raise


def parser() -> argparse.ArgumentParser:
    """Build the parser of all commands."""
    from classy_nb.sandbox import command as sandbox

    root = _Parser(
        prog="classy-nb", description="Classy (GoFundMe Pro) data as CSV files and DataFrames. Read-only."
    )
    root.add_argument(
        "--version", action=_Version, nargs=0, help="show the versions that a report needs, and exit"
    )
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, add_arguments, run, help_line in (
        (
            "demo",
            add_demo_arguments,
            run_demo,
            "Start a sandbox, fetch its main lists and write them to CSV files; needs no account.",
        ),
        (
            "login",
            add_login_arguments,
            run_login,
            "Ask for client id and secret, try them, and keep them in a .env file or the system's keyring.",
        ),
        (
            "export",
            add_export_arguments,
            run_export,
            "Fetch a list straight into a file (CSV, Excel, Parquet); credentials: .env or the environment.",
        ),
        (
            "sync",
            add_sync_arguments,
            run_sync,
            "Bring a copy of your lists in a file or a database up to date, and prove that it is equal.",
        ),
        (
            "resources",
            add_resources_arguments,
            run_resources,
            "List what can be fetched, or say what one resource is; needs no account and no network.",
        ),
        (
            "find",
            add_find_arguments,
            run_find,
            "Find resources, columns, values and functions by what people call them, such as: find refund.",
        ),
        (
            "mcp",
            add_mcp_arguments,
            run_mcp,
            "Answer an assistant's questions on standard input and output (Model Context Protocol).",
        ),
        (
            "sandbox",
            sandbox.add_arguments,
            sandbox.serve,
            "Serve the sandbox: a stand-in for the API, on this machine only, with invented data.",
        ),
    ):
        command = commands.add_parser(name, help=help_line, description=help_line)
        add_arguments(command)
        command.set_defaults(run=run)
    return root


class _Parser(argparse.ArgumentParser):
    """Complains about arguments without showing the password of an address among them."""

    def error(self, message: str) -> NoReturn:
        super().error(re.sub(r"://\S*@", "://***@", message))


class _Version(argparse.Action):
    """Prints the versions in one line (argparse's own action would break it) and looks them up only then."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        _say(versions())
        parser.exit()


# --- demo

_DEMO_RESOURCES = (
    "campaigns",
    "transactions",
    "supporters",
    "recurring_donation_plans",
    "fundraising_pages",
)


def add_demo_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``classy-nb demo``."""
    parser.add_argument(
        "--to", type=Path, default=Path("classy-nb-demo"), metavar="FOLDER", help="where the files go"
    )
    parser.add_argument(
        "--transactions", type=int, default=60_100, metavar="N", help="size of the invented organization"
    )
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same data")


def run_demo(options: argparse.Namespace) -> None:
    """Fetch the main lists of a sandbox, write them to files, and show what is in them."""
    from classy_nb.client import demo
    from classy_nb.export import to_csv

    _say("Starting the sandbox (a stand-in for the API on this machine; all data are made up) ...")
    options.to.mkdir(parents=True, exist_ok=True)
    frames: dict[str, pd.DataFrame] = {}
    with demo(transactions=options.transactions, seed=options.seed) as classy:
        _say(f"\n{classy!r}\n")
        for name in _DEMO_RESOURCES:
            started = time.perf_counter()
            frame: pd.DataFrame = getattr(classy, name)()
            about = frame.attrs["classy"]
            _say(
                f"{name:<26}{len(frame):>8,} rows of {about['total']:,}, {frame.shape[1]:>3} columns, "
                f"requests: {about['requests']:,}, {time.perf_counter() - started:.1f} s"
            )
            frames[name] = frame
        _say("")
        for name, frame in frames.items():
            path = to_csv(frame, options.to / f"{name}.csv")
            _say(f"wrote {path} ({path.stat().st_size / 1e6:,.1f} MB)")
    _summarize(frames["transactions"], frames["campaigns"])


def _summarize(gifts: pd.DataFrame, campaigns: pd.DataFrame) -> None:
    """Print what an analyst would look at first."""
    _say("\nTransactions by status (a list holds all of them; totals need status = success)")
    by_status = gifts.groupby("status")["total_gross_amount"].agg(["size", "sum"])
    for status, row in by_status.sort_values("size", ascending=False).iterrows():
        _say(f"  {status!s:<14}{int(row['size']):>8,}{row['sum']:>18,.2f}")
    good = gifts[gifts["status"] == "success"]
    names = campaigns.set_index("id")["name"]
    _say("\nThe five campaigns that raised the most (donation_gross_amount: no tickets, no covered fees)")
    sums = good.groupby(["campaign_id", "currency_code"])["donation_gross_amount"].sum().reset_index()
    largest = sums.nlargest(5, "donation_gross_amount")
    for campaign, currency, amount in largest.itertuples(index=False):
        _say(f"  {names.get(campaign, campaign)!s:<44.44}{amount:>16,.2f} {currency}")


# --- login


def add_login_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``classy-nb login``."""
    parser.add_argument(
        "--keyring", action="store_true", help="keep them in the system's keyring instead of a file"
    )
    parser.add_argument(
        "--env-file", type=Path, metavar="FILE", help="the file to keep them in (default: .env)"
    )
    parser.add_argument("--organization", type=int, metavar="ID")
    parser.add_argument("--base-url", metavar="URL")
    parser.add_argument("--token-url", metavar="URL")


def run_login(options: argparse.Namespace) -> None:
    """Log in with what is typed, and keep it."""
    from classy_nb.client import login
    from classy_nb.credentials import KEYRING, SystemKeyring

    if options.keyring and options.env_file is not None:
        raise UsageError("--keyring and --env-file are two places: give one of them.")
    if options.keyring:
        SystemKeyring().read("CLASSY_CLIENT_ID")  # so that nobody types in vain where there is none
    file = options.env_file or Path(".env")
    with login(
        prompt=True,
        organization=options.organization,
        base_url=options.base_url,
        token_url=options.token_url,
    ) as classy:
        credentials = classy._require_session().credentials  # noqa: SLF001 - a connection has no public ones
        if options.keyring:
            credentials.save_to_keyring()
            _say(f"Saved in {KEYRING}: connect(keyring=True) and --keyring find them there.")
        else:
            _say(f"Saved in {credentials.save(file)}.")


# --- export

_LIST_OPTIONS = ("by", "fields", "include", "sort", "limit")
"""Options that go to the list under their own names."""
_HAVE_AN_OPTION = frozenset(
    (
        *_LIST_OPTIONS,
        "since",
        "until",
        "where",
        "aggregates",
        "accept_incomplete",
        "excel",
        "neutralize",
        "path",
    )
)


def add_export_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``classy-nb export``."""
    parser.add_argument("resource", help="what to fetch (classy-nb resources lists them)")
    parser.add_argument(
        "--to",
        required=True,
        type=Path,
        metavar="FILE",
        help="the file to write: .csv, .csv.gz, .xlsx or .parquet",
    )
    parser.add_argument(
        "--since", metavar="DATE", help='from this moment on (business date), or a period: "last month"'
    )
    parser.add_argument(
        "--until", metavar="DATE", help='before this moment, or to the end of a period: "last month"'
    )
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
        "--accept-incomplete",
        action="store_true",
        help="if the API's total counts rows that it does not show, take what two complete reads agree on",
    )
    parser.add_argument(
        "--parent",
        "--set",
        dest="keywords",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a parent or a parameter, such as campaign=123; may be repeated",
    )
    parser.add_argument("--excel", action="store_true", help="begin a CSV file with a mark that Excel needs")
    parser.add_argument(
        "--raw-text", action="store_true", help="leave text alone that Excel would take for a formula"
    )
    connection = _connection_arguments(parser)
    connection.add_argument("--organization", type=int, metavar="ID")


def _connection_arguments(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    connection = parser.add_argument_group("connection")
    connection.add_argument("--env-file", metavar="FILE")
    connection.add_argument(
        "--keyring", action="store_true", help="look for the credentials in the system's keyring before .env"
    )
    connection.add_argument("--timezone", metavar="ZONE", help="such as America/Los_Angeles")
    connection.add_argument(
        "--fiscal-year-start",
        type=int,
        metavar="MONTH",
        help="7 for July: for periods such as last fiscal year",
    )
    connection.add_argument("--base-url", metavar="URL")
    connection.add_argument("--token-url", metavar="URL")
    return connection


def _connection_options(options: argparse.Namespace) -> dict[str, Any]:
    names = ("env_file", "keyring", "timezone", "fiscal_year_start", "base_url", "token_url")
    return {name: getattr(options, name) for name in names}


def run_export(options: argparse.Namespace) -> None:
    """Connect, fetch a list into a file, and say what was written."""
    known = load().resources
    if options.resource not in known or not known[options.resource].lists:
        lists = [name for name, kind in known.items() if kind.lists]
        if options.resource in known:
            raise UsageError(
                f"{options.resource!r} is not a list: there is nothing to export.",
                advice=f"In Python, classy.{options.resource}.get() returns the record.",
            )
        raise UsageError(
            f"The list {options.resource!r} does not exist.", advice=suggestion(options.resource, lists)
        )
    from classy_nb.client import connect
    from classy_nb.export import check_ending, has_ending
    from classy_nb.query import read_period

    if str(options.to) == "-":
        raise UsageError("--to - does not write to the standard output.", advice="Name a file.")
    as_excel, as_parquet = has_ending(options.to, "excel"), has_ending(options.to, "parquet")
    if (as_excel or as_parquet) and (options.excel or options.raw_text):
        raise UsageError(f"--excel and --raw-text are for CSV files, not for {options.to.suffix}.")
    check_ending(
        options.to, "excel" if as_excel else "parquet" if as_parquet else "csv"
    )  # before any request
    # As far as it can be told without a connection; what a period comes to needs its zone and fiscal year.
    read_period(options.since, None, timezone="UTC")
    read_period(None, options.until, timezone="UTC")
    with connect(organization=options.organization, **_connection_options(options)) as classy:
        resource = getattr(classy, options.resource)
        session = classy._require_session()  # noqa: SLF001 - the last line says what was asked, and in which zone
        period = session.queries.period(options.since, options.until)
        keywords = _keywords(options.keywords)
        if as_parquet:
            write = resource.to_parquet
        elif as_excel:
            write = resource.to_excel
        else:
            write = partial(resource.to_csv, excel=options.excel, neutralize=not options.raw_text)
        rows, line = 0, terminal_line(options.resource)

        def follow(arrived: int, total: int | None, note: str) -> None:
            nonlocal rows
            rows = arrived
            if line is not None:
                line.show(arrived, total, note)

        whole = False
        try:
            path = write(
                options.to,
                progress=follow,
                where=options.where,
                aggregates=options.aggregates,
                accept_incomplete=options.accept_incomplete,
                since=options.since if period.note is None else period,
                until=options.until if period.note is None else None,
                **{name: getattr(options, name) for name in _LIST_OPTIONS},
                **keywords,
            )
            whole = True
        finally:
            if line is not None:
                line.end(rows, rows, "to the file", whole=whole)
        size = f"{counted(rows, 'row')}, {path.stat().st_size / 1e6:,.1f} MB"
        asked = "" if period.note is None else f", {period.note}"
        _say(f"{path}: {size}{asked}, times in {session.timezone} ({session.timezone_source})")


def _keywords(texts: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        name = name.strip().replace("-", "_")
        if not equals or not name:
            raise UsageError(
                f"--parent (or --set): {text!r} is not NAME=VALUE.", advice="Write --parent campaign=123."
            )
        if name in _HAVE_AN_OPTION:
            raise UsageError(f"--parent (or --set): {text!r} has an option of its own.", advice="See --help.")
        found[name] = {"true": True, "false": False}.get(value.lower(), value)
    return found


# --- sync


def add_sync_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``classy-nb sync``."""
    parser.add_argument(
        "--to",
        required=True,
        metavar="WHERE",
        help="a DuckDB file (classy.duckdb), postgresql://user@host/database (the password comes from "
        "PGPASSWORD or ~/.pgpass), or a destination of dlt's such as bigquery, with its own settings",
    )
    parser.add_argument(
        "--dataset", default="classy", metavar="NAME", help="schema in the database (default: %(default)s)"
    )
    parser.add_argument("--resources", metavar="NAMES", help="only these lists, comma-separated")
    parser.add_argument(
        "--since", metavar="DATE", help="only gifts, registrations, answers and plan events from then on"
    )
    parser.add_argument(
        "--exclude",
        action="append",
        default=[],
        metavar="COLUMNS",
        help='columns to leave out, comma-separated; "personal" for all personal data; may be repeated',
    )
    parser.add_argument(
        "--hash",
        action="append",
        default=[],
        metavar="COLUMNS",
        help="columns of which to keep a keyed hash only, to join by; the key is in CLASSY_HASH_KEY",
    )
    parser.add_argument("--full", action="store_true", help="read all again, and compare every cell")
    parser.add_argument("--no-history", action="store_true", help="do not keep earlier versions of records")
    parser.add_argument(
        "--distrust-totals",
        action="store_true",
        help="if the API's totals count records that it does not show",
    )
    connection = _connection_arguments(parser)
    connection.add_argument(
        "--organization", type=int, action="append", metavar="ID", help="may be repeated, to share the tables"
    )


def run_sync(options: argparse.Namespace) -> int:
    """Bring a copy up to date, print the report, and say by the exit code whether all is proven equal."""
    from classy_nb.client import connect
    from classy_nb.mirror import check_sync, sync
    from classy_nb.query import instant

    what: dict[str, Any] = {
        "resources": options.resources,
        "exclude": ",".join(options.exclude),
        "hash": ",".join(options.hash),
        "verify": "full" if options.full else "quick",
    }
    # As far as it can be told without a connection.
    check_sync(options.to, **what)
    if options.since is not None:
        instant(options.since, "UTC")
    if re.search(r"://[^/@]*:[^/]+@", options.to):
        _complain(
            "note: Other users of this machine can read a password on the command line: "
            "put it into PGPASSWORD or ~/.pgpass instead."
        )
    failed = False
    for organization in dict.fromkeys(options.organization or [None]):
        with connect(organization=organization, **_connection_options(options)) as classy:
            label = f"organization {classy.organization}"
            _say(f"{label} ({classy.organization_name})")
            try:
                report = sync(
                    classy,
                    options.to,
                    dataset=options.dataset,
                    since=options.since,
                    history=False if options.no_history else None,
                    trust_totals=not options.distrust_totals,
                    **what,
                )
            except (UsageError, KeyboardInterrupt):
                raise
            except (ClassyError, OSError) as error:
                # What is wrong with one organization is no reason to leave the others as they are.
                _complain(f"{label}: {error}")
                failed = True
                continue
        _say(_report(report))
        different = report.loc[~report["equal"], "list"].tolist()
        if different:
            _complain(f"{label}: not proven equal: {', '.join(different)}")
            failed = True
    return int(failed)


def _report(report: pd.DataFrame) -> str:
    """Return the report of a refresh as lines."""
    header = (
        "LIST",
        "HERE",
        "AT API",
        "INSERTED",
        "CHANGED",
        "VANISHED",
        "REQUESTS",
        "SECONDS",
        "EQUAL",
        "SHOWN BY",
    )
    numbers = ("rows_here", "count_at_api", "inserted", "changed", "vanished", "requests")
    rows = [header]
    for line in report.astype(object).where(report.notna(), None).to_dict("records"):
        counts = ("-" if line[name] is None else f"{line[name]:,}" for name in numbers)
        equal = "yes" if line["equal"] else "NO"
        shown_by = line["shown_by"]
        if line["differed"]:
            shown_by += f". Different were: {line['differed']}"
        if line["misfits"]:
            shown_by += f". Values that do not fit, kept in columns of text: {line['misfits']}"
        rows.append((line["list"], *counts, f"{line['seconds']:.1f}", equal, shown_by))
    widths = [max(len(row[i]) for row in rows) for i in range(len(header) - 1)]
    lines = []
    for row in rows:
        name, *middle, equal, shown_by = row
        cells = [
            name.ljust(widths[0]),
            *map(str.rjust, middle, widths[1:-1]),
            equal.ljust(widths[-1]),
            shown_by,
        ]
        lines.append("  ".join(cells))
    return "\n".join(lines)


# --- resources


def add_resources_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``classy-nb resources``."""
    parser.add_argument("resource", nargs="?", help="one resource, with its columns")


def run_resources(options: argparse.Namespace) -> None:
    """Print the table of all resources, or one of them."""
    catalog = load()
    if options.resource is None:
        _say(_table(catalog))
    elif options.resource in catalog.resources:
        _say(_one(catalog, options.resource))
    else:
        raise UsageError(
            f"The resource {options.resource!r} does not exist.",
            advice=suggestion(options.resource, catalog.resources),
        )


def _table(catalog: Catalog) -> str:
    rows = [
        (
            row["resource"],
            row["parents"] or "-",
            ", ".join(word for word, on in (("list", row["parents"]), (".get", row["one"])) if on),
            str(row["columns"]),
            row["date"] or "-",
            ", ".join(word for word in ("deprecated", "member_only") if row[word]),
        )
        for row in summary(catalog)
    ]
    rows.insert(0, ("RESOURCE", "PARENTS", "WAYS", "COLUMNS", "DATE", "REMARKS"))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


_ZONE = "ZONE"
"""Stands for the connection's time zone where there is no connection."""


def _one(catalog: Catalog, name: str) -> str:
    from classy_nb.client.cards import resource_text
    from classy_nb.query.builder import QueryBuilder

    kind = catalog.resources[name]
    endpoint = (kind.lists or kind.objects)[0]
    columns, meaning = catalog.columns(endpoint), meanings(catalog, endpoint)
    width = max(len(column.name) for column in columns)
    lines = [resource_text(kind, QueryBuilder(catalog, _ZONE)), "", "columns"]
    dtypes = max(len(column.dtype(_ZONE)) for column in columns)
    lines += [f"  {c.name:<{width}}  {c.dtype(_ZONE):<{dtypes}}  {meaning[c.name]}".rstrip() for c in columns]
    return "\n".join(lines)


# --- find


def add_find_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``classy-nb find``."""
    parser.add_argument("words", nargs="+", help="what to look for: refund, soft credit, team goal")


def run_find(options: argparse.Namespace) -> None:
    """Print what some words may mean."""
    from classy_nb.client.finding import find

    _say(repr(find(" ".join(options.words))))


# --- mcp


def add_mcp_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``classy-nb mcp``."""
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--mirror", metavar="FILE", help="read a mirror (classy.duckdb), which needs no credentials"
    )
    source.add_argument("--demo", action="store_true", help="read a sandbox with invented data")
    parser.add_argument(
        "--transactions", type=int, default=6_000, metavar="N", help="size of the sandbox (--demo)"
    )
    parser.add_argument(
        "--allow-personal",
        action="store_true",
        help="let names, addresses, comments and other personal data leave, and conditions on them",
    )
    connection = _connection_arguments(parser)
    connection.add_argument("--organization", type=int, metavar="ID")


def run_mcp(options: argparse.Namespace) -> None:
    """Serve until the assistant ends it. Nothing but the protocol is written to standard output."""
    try:
        from classy_nb.assistant import Reader, serve
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.startswith("classy_nb"):
            raise
        raise ImportError("Assistants need another package: pip install 'classy-nb[mcp]'") from None
    from classy_nb.client import connect, demo
    from classy_nb.mirror import open_mirror

    if options.mirror is not None:
        mirror = open_mirror(options.mirror, organization=options.organization)
        serve(Reader(mirror, allow_personal=options.allow_personal))
        return
    settings = {"organization": options.organization, **_connection_options(options)}
    source = demo(transactions=options.transactions) if options.demo else connect(**settings)
    with source as classy:
        serve(Reader(classy, allow_personal=options.allow_personal))


# --- what is written to the terminal


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _complain(problem: BaseException | str) -> None:
    # Notes say, for one, which rows were kept, where, and how to go on.
    for line in (problem, *getattr(problem, "__notes__", ())):
        sys.stderr.write(f"classy-nb: {line}\n")


def _show_warning(  # noqa: PLR0917 - the signature is the standard library's
    message: Warning | str,
    category: type[Warning],
    filename: str,  # noqa: ARG001
    lineno: int,  # noqa: ARG001
    file: TextIO | None = None,  # noqa: ARG001
    line: str | None = None,  # noqa: ARG001
) -> None:
    # The file and line of a warning help nobody at a shell.
    word = "note" if issubclass(category, ClassyWarning) else category.__name__
    sys.stderr.write(f"classy-nb: {word}: {message}\n")
