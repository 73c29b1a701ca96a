"""``areion components``: the parts that are installed, by group."""

from __future__ import annotations

import argparse
import json
from typing import Any

from areion._terminal import paint, say, table


def add_parser(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "components",
        help="list the installed parts, by group",
        description="List the routers, loggers, engines, orchestrators and HTTP servers that are installed; "
        "the builder takes each by its name.",
    )
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """List them."""
    from areion._plugins import DEFAULTS, installed

    groups = {group: installed(group) for group in DEFAULTS}
    if options.json:
        listed = {group: [found._asdict() for found in parts] for group, parts in groups.items()}
        say(json.dumps(listed, indent=2))
        return 0
    heads = ("GROUP", "NAME", "FROM", "OBJECT", "")
    rows = [
        (
            group.removeprefix("areion.") if not index else "",
            found.name,
            f"{found.distribution} {found.version}",
            found.value,
            "default" if found.is_default else "",
        )
        for group, parts in groups.items()
        for index, found in enumerate(parts)
    ]
    say(table(heads, rows, (None, "cyan", None, "dim", "green")))
    for group, parts in groups.items():
        if not parts:
            say(paint(f"{group}: nothing is installed; the default is {DEFAULTS[group]}", "yellow"))
    return 0
