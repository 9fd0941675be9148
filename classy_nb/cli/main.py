"""Reads the command line and runs one command."""

from __future__ import annotations

import argparse
import sys
import warnings
from typing import TYPE_CHECKING, TextIO

from classy_nb import __version__
from classy_nb.errors import ClassyError, ClassyWarning, UsageError

from . import demo, export, resources

if TYPE_CHECKING:
    from collections.abc import Sequence

_INTERRUPTED = 130


def parser() -> argparse.ArgumentParser:
    """Build the parser; only what a command needs is imported, when it runs."""
    root = argparse.ArgumentParser(
        prog="classy-nb", description="Classy (GoFundMe Pro) data as CSV files and DataFrames. Read-only."
    )
    root.add_argument("--version", action="version", version=f"classy-nb {__version__}")
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, module in (("demo", demo), ("export", export), ("resources", resources)):
        help_line = (module.__doc__ or "").splitlines()[0]
        command = commands.add_parser(name, help=help_line, description=help_line)
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    _add_sandbox(commands)
    return root


def _add_sandbox(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    from classy_nb.sandbox import command as sandbox_command

    help_line = "Serve the sandbox: a stand-in for the API, on this machine only, with invented data."
    command = commands.add_parser("sandbox", help=help_line, description=help_line)
    sandbox_command.add_arguments(command)
    command.set_defaults(run=sandbox_command.serve)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0, 1 (failed), 2 (bad input), 130 (stopped)."""
    asked = parser().parse_args(arguments)
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        return _run(asked)


def _run(asked: argparse.Namespace) -> int:
    try:
        return int(asked.run(asked) or 0)
    except KeyboardInterrupt as stopped:
        _complain(str(stopped) or "Stopped.")
        return _INTERRUPTED
    except UsageError as error:
        _complain(str(error))
        return 2
    except BrokenPipeError:
        sys.stderr.close()  # the reader (head, less) has gone: nothing is wrong
        return 0
    except (ClassyError, ImportError, OSError) as error:
        _complain(str(error))
        return 1


def _complain(message: str) -> None:
    sys.stderr.write(f"classy-nb: {message}\n")


def _show_warning(  # noqa: PLR0917 - the signature is the standard library's
    message: Warning | str,
    category: type[Warning],
    filename: str,  # noqa: ARG001
    lineno: int,  # noqa: ARG001
    file: TextIO | None = None,  # noqa: ARG001
    line: str | None = None,  # noqa: ARG001
) -> None:
    # A traceback's worth of file and line helps nobody at a shell.
    word = "note" if issubclass(category, ClassyWarning) else category.__name__
    sys.stderr.write(f"classy-nb: {word}: {message}\n")
