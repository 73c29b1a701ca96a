"""``areion openapi TARGET``: the OpenAPI document of an application, without serving it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from areion._terminal import say, tell
from areion.cli.errors import CommandError
from areion.cli.target import add_target, inspected_server


def add_parser(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "openapi",
        help="write the OpenAPI document of an application",
        description="Write the OpenAPI 3.1 document of an application as JSON.",
    )
    add_target(parser)
    parser.add_argument("-o", "--output", metavar="FILE", help="write there (default: standard output)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the document."""
    from areion.dev import describe, dumps_openapi

    server = inspected_server(options.target)
    try:
        document = describe(server)
        content = dumps_openapi(document)
    except (TypeError, ValueError) as error:
        raise CommandError(f"{options.target} cannot be described: {error}") from error
    if options.output is None:
        say(content.decode().rstrip("\n"))
        return 0
    try:
        Path(options.output).write_bytes(content)
    except OSError as error:
        raise CommandError(f"{options.output} cannot be written: {error.strerror}") from error
    count = sum(len(operations) for operations in document["paths"].values())
    tell(f"wrote {count} operations to {options.output}")
    return 0
