"""``areion routes TARGET``: the routes of an application as a table."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from areion._terminal import paint, say, table
from areion.cli.errors import CommandError
from areion.cli.target import add_target, inspected_server
from areion.server import AreionServer


def add_parser(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "routes",
        help="list the routes of an application",
        description="List the routes of an application: methods, path, name, handler and the middleware around it.",
    )
    add_target(parser)
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """List them."""
    server = inspected_server(options.target)
    found = [_describe(route) for route in routes_of(server)]
    if options.json:
        say(json.dumps(found, indent=2))
        return 0
    heads = ("METHODS", "PATH", "NAME", "HANDLER", "MIDDLEWARE")
    rows = [
        (
            " ".join(route["methods"]),
            route["path"],
            route["name"] or "",
            f"{route['handler']} {_near(route['source'])}".rstrip(),
            " > ".join(route["middleware"]),
        )
        for route in found
    ]
    if rows:
        say(table(heads, rows, ("green", "cyan", None, None, "dim")))
    else:
        say("There are no routes.")
    if server.static_dir is not None:
        say(paint(f"GET /static/ serves the files in {server.static_dir}", "dim"))
    return 0


def routes_of(server: AreionServer) -> tuple[Any, ...]:
    """Return the routes of a server's router.

    Raises:
        CommandError: If the router cannot tell them.
    """
    routes = getattr(server.router, "routes", None)
    if routes is None:
        raise CommandError(f"the router, a {type(server.router).__name__}, cannot list its routes")
    return tuple(routes)


def name_of(function: object) -> str:
    """Return what a reader of the program calls a handler or a middleware."""
    name = getattr(function, "__qualname__", None)
    if not isinstance(name, str):
        return type(function).__qualname__
    module = getattr(function, "__module__", None)
    return f"{module}.{name}".replace(".<locals>", "") if isinstance(module, str) else name


def _describe(route: Any) -> dict[str, Any]:
    """Say what a route of any router tells of itself."""
    return {
        "methods": list(route.methods),
        "path": route.path,
        "name": getattr(route, "name", None),
        "handler": name_of(route.handler),
        "middleware": [name_of(each) for each in getattr(route, "middlewares", ())],
        "source": getattr(route, "source", None),
    }


def _near(source: str | None) -> str:
    """Return `file:line` as seen from the current folder."""
    if source is None:
        return ""
    file, colon, line = source.rpartition(":")
    try:
        return f"({Path(file).relative_to(Path.cwd())}{colon}{line})"
    except ValueError:
        return f"({source})"
