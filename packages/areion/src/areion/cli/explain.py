"""``areion explain TARGET METHOD PATH``: why a request finds its route, or none."""

from __future__ import annotations

import argparse
from typing import Any

from areion._terminal import paint, say
from areion.cli.errors import CommandError
from areion.cli.routes import name_of
from areion.cli.target import add_target, inspected_server


def add_parser(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "explain",
        help="tell why a request finds its route, or none",
        description="Tell step by step which route answers a request, and why. Exit status 1 if none does.",
    )
    add_target(parser)
    parser.add_argument("method", metavar="METHOD", help="for example GET")
    parser.add_argument("path", metavar="PATH", help="for example /users/7; percent-encoded as on the wire")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Tell it."""
    server = inspected_server(options.target)
    router = server.router
    if not callable(getattr(router, "explain", None)):
        raise CommandError(f"the router, a {type(router).__name__}, cannot explain its look-ups")
    if not options.path.startswith("/"):
        raise CommandError(f"expected a path that begins with a slash, got {options.path!r}")
    method = options.method.upper()
    if server.static_dir is not None and options.path.startswith("/static/"):
        say(f"{options.path} is looked for in {server.static_dir} first; this is about the router.")
    explanation = router.explain(method, options.path)
    *story, verdict = str(explanation).split("\n")
    say("\n".join(story))
    if explanation.route is None:
        say(paint(verdict, "red"))
        return 1
    say(paint(verdict, "green"))
    _, params, _ = router.get_handler(method, options.path)
    say(f"calls {_chain(explanation.route, params)}")
    return 0


def _chain(route: Any, params: dict[str, Any]) -> str:
    arguments = ", ".join(["request", *(f"{name}={value!r}" for name, value in params.items())])
    return " > ".join([*map(name_of, route.middlewares), f"{name_of(route.handler)}({arguments})"])
