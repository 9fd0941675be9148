"""``classy-nb sandbox``: serve the stand-in from a shell."""

from __future__ import annotations

import argparse
import dataclasses
import signal
import sys
import threading
from datetime import date
from typing import Any

from .faults import ONE_TIME, Faults

_WAIT = 1
"""Seconds: on Windows, Ctrl-C is noticed only after a wait has ended."""
_OWN = {"latency_ms", "script", "token_script", "rates", "slow", "seed", "extra_keys", "missing_keys"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the sandbox to *parser*."""
    add = parser.add_argument
    add("--port", type=int, default=8765, help="port on 127.0.0.1, 0 for any (default: %(default)s)")
    add(
        "--transactions",
        type=int,
        default=60_100,
        help="size; all else scales with it (default: %(default)s)",
    )
    add("--seed", type=int, default=1, help="the same seed gives the same data (default: %(default)s)")
    add("--today", type=_day, default=None, metavar="YYYY-MM-DD", help="last day of the data")
    add("--organizations", type=int, default=1, help="how many the application sees (default: %(default)s)")
    add("--latency-ms", type=float, default=0, help="from a request to its answer (default: %(default)s)")
    add("--requests-per-minute", type=int, default=1800, help="rate limit, 0 for none (default: %(default)s)")
    add("--token-lifetime", type=float, default=7200, help="seconds (default: %(default)s)")
    add("--client-id", help="made up by default")
    add("--client-secret", help="made up by default")
    add("--compression", action="store_true", help="brotli or gzip for clients that offer them")
    faults = parser.add_argument_group("faults", "what can go wrong; all off by default")
    faults.add_argument("--fault", action="append", default=[], metavar="NAME=RATE", type=_rate,
                        help=f"make a share of the requests fail; names: {', '.join(ONE_TIME)}")  # fmt: skip
    faults.add_argument(
        "--script", default="", metavar="NAME,NAME", help="faults of the first requests, one each"
    )
    faults.add_argument("--token-script", default="", metavar="NAME,NAME", help="the same for token requests")
    faults.add_argument("--slow", action="append", default=[], metavar="PATH=MS", type=_rate,
                        help="milliseconds per row asked for, on paths that contain PATH")  # fmt: skip
    _add_switches(faults)


def _add_switches(group: argparse._ArgumentGroup) -> None:
    """Add an option for each plain attribute of :class:`Faults`, with its default and choices."""
    for field in dataclasses.fields(Faults):
        if field.name in _OWN:
            continue
        option = "--" + field.name.replace("_", "-")
        default: Any = field.default
        choices = _choices(str(field.type))
        if isinstance(default, bool):
            group.add_argument(option, action=argparse.BooleanOptionalAction, default=default)
        elif choices:
            group.add_argument(option, choices=choices, default=default, help="(default: %(default)s)")
        else:
            group.add_argument(option, type=type(default), default=default, help="(default: %(default)s)")


def _choices(annotation: str) -> list[str]:
    if not annotation.startswith("Literal["):
        return []
    return [
        word.strip().strip("'\"") for word in annotation.removeprefix("Literal[").removesuffix("]").split(",")
    ]


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day such as 2026-11-30") from None


def _rate(text: str) -> tuple[str, float]:
    name, separator, rate = text.partition("=")
    if not separator:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=NUMBER")
    try:
        return name, float(rate)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{rate!r} is not a number") from None


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def faults_of(options: argparse.Namespace) -> Faults:
    """Return the faults that *options* ask for.

    Raises
    ------
    ValueError
        A fault that does not exist.
    """
    switches = {f.name: getattr(options, f.name) for f in dataclasses.fields(Faults) if f.name not in _OWN}
    faults = Faults(rates=dict(options.fault), slow=dict(options.slow), seed=options.seed, **switches)
    faults.then(*_words(options.script))
    faults.then_token(*_words(options.token_script))
    return faults


def serve(options: argparse.Namespace) -> int:
    """Serve until Ctrl-C or SIGTERM; return the exit code."""
    from .sandbox import TODAY, Sandbox

    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    try:
        box = Sandbox(
            transactions=options.transactions,
            seed=options.seed,
            today=options.today or TODAY,
            organizations=options.organizations,
            latency_ms=options.latency_ms,
            requests_per_minute=options.requests_per_minute,
            token_lifetime=options.token_lifetime,
            client_id=options.client_id,
            client_secret=options.client_secret,
            compression=options.compression,
            port=options.port,
            faults=faults_of(options),
        )
        box.start()
    except (ImportError, OSError, ValueError) as error:
        sys.stderr.write(f"classy-nb sandbox: {error}\n")
        return 2
    sys.stdout.write(f"{_banner(box)}ready\n")
    sys.stdout.flush()
    while not ended.wait(_WAIT):
        pass
    box.stop()
    return 0


def _banner(box: Any) -> str:
    return (
        "classy_nb sandbox: a stand-in of the Classy API. All people, gifts and organizations are invented.\n"
        f"API            {box.base_url}\n"
        f"token          {box.token_url}\n"
        f"client id      {box.client_id}\n"
        f"client secret  {box.client_secret}\n"
        f"organization   {', '.join(map(str, box.organization_ids))}\n"
    )


def main(arguments: list[str] | None = None) -> int:
    """Run the sandbox as a program."""
    parser = argparse.ArgumentParser(prog="python -m classy_nb.sandbox", description=__doc__)
    add_arguments(parser)
    return serve(parser.parse_args(arguments))
