"""The command line: one subcommand a module, each with ``add_parser`` and a function that runs it.

Errors of use end with a short reason on standard error and exit status 2; a server's own errors with 1.
"""

from __future__ import annotations

import argparse
import difflib
import os
import sys
from collections.abc import Sequence
from typing import Final, NoReturn

from areion.__about__ import __version__
from areion._terminal import tell
from areion.cli import check, components, cron, demo, explain, new, openapi, routes, run
from areion.cli.errors import CommandError, ProgramError
from areion.cli.failures import show_failure

_COMMANDS: Final = (run, routes, explain, openapi, cron, check, components, new, demo)


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        tell(f"{message} (see {self.prog} --help)")
        sys.exit(2)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser with all subcommands."""
    parser = _Parser(prog="areion", description="Serve, inspect and check Areion applications.")
    parser.add_argument("--version", action="version", version=f"areion {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command")
    for command in _COMMANDS:
        command.add_parser(commands)
    # What no error message could name: all the names, for a wrong one.
    parser.set_defaults(commands=tuple(commands.choices))
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status.

    Args:
        arguments: Without the program's name. Default: those of the process.

    Raises:
        SystemExit: As argparse does, for ``--help`` and errors of use; with 1 for an address in use.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    parser = build_parser()
    _check_command(parser, arguments)
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return 0
    options.arguments = arguments
    try:
        status: int = options.run(options)
        sys.stdout.flush()
    except ProgramError as error:
        show_failure(error)
        return 2
    except CommandError as error:
        tell(str(error))
        return 2
    except KeyboardInterrupt:
        return 130  # as shells tell of SIGINT; a server that runs ends with 0
    except BrokenPipeError:
        # Whoever read has read enough, as in `areion routes app | head`; the interpreter must not try again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return status


def _check_command(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> None:
    """End with a hint if the command is none."""
    given = next((argument for argument in arguments if not argument.startswith("-")), None)
    known: tuple[str, ...] = parser.get_default("commands")
    if given is not None and given not in known:
        close = difflib.get_close_matches(given, known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(known)}"
        parser.error(f"there is no command {given!r}; {hint}")
