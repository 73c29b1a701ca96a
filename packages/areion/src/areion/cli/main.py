"""The command line: one subcommand a module, each with ``add_parser`` and a function that runs it.

Errors of use end with a short reason on standard error and exit status 2; a server's own errors with 1.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from areion.__about__ import __version__
from areion.cli import demo, run
from areion.cli.target import TargetError

_COMMANDS = (run, demo)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser with all subcommands."""
    parser = argparse.ArgumentParser(
        prog="areion", description="Serve, inspect and check Areion applications."
    )
    parser.add_argument("--version", action="version", version=f"areion {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in _COMMANDS:
        command.add_parser(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status.

    Args:
        arguments: Without the program's name. Default: those of the process.
    """
    options = build_parser().parse_args(arguments)
    try:
        status: int = options.run(options) or 0
    except TargetError as error:
        sys.stderr.write(f"areion: {error}\n")
        return 2
    return status
