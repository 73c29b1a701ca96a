"""``areion run module:attribute``: serve an application."""

from __future__ import annotations

import argparse
from typing import Any

from areion.cli.target import load_server


def add_parser(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser("run", help="serve an application", description="Serve an application.")
    parser.add_argument(
        "target", metavar="MODULE:ATTRIBUTE", help="an AreionServer, an AreionServerBuilder or a router"
    )
    parser.add_argument("--host", help="name or address to listen on")
    parser.add_argument("--port", type=port_number, help="port to listen on; 0 picks a free one")
    parser.set_defaults(run=run)


def port_number(text: str) -> int:
    """Read a port.

    Raises:
        argparse.ArgumentTypeError: If it is not a number from 0 to 65535.
    """
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"expected a port, 0 to 65535, got {text!r}")
    return int(text)


def run(options: argparse.Namespace) -> int:
    """Serve until a signal."""
    load_server(options.target, host=options.host, port=options.port).run()
    return 0
