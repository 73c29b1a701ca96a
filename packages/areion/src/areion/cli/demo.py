"""``areion demo``: a small application that shows what there is."""

from __future__ import annotations

import argparse
from typing import Any

from areion.cli.settings import host_name, port_number


def add_parser(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "demo",
        help="serve a small example",
        description="Serve a small example: routing, JSON, a template, a background task and a cron job.",
    )
    parser.add_argument(
        "--host",
        type=host_name,
        default="127.0.0.1",
        help="name or address to listen on (default: %(default)s)",
    )
    parser.add_argument(
        "--port",
        type=port_number,
        default=8080,
        help="port to listen on; 0 picks a free one (default: %(default)s)",
    )
    parser.add_argument("--dev", action="store_true", help="development mode: API documentation at /docs")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Serve until a signal."""
    from areion.demo import build_demo

    build_demo(host=options.host, port=options.port, development=options.dev).run()
    return 0
