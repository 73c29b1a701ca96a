"""Puts the documentation beside an application's routes, in development mode.

An application that has a route of its own at one of the paths keeps it: the page there is left out, and the
log says so.
"""

import logging
from collections.abc import Callable, Iterable
from typing import Any, Final

from areion.dev.openapi import Document, build_openapi
from areion.dev.pages import DocsSite

log: Final = logging.getLogger("areion.dev")

PREFIXES: Final = ("/docs", "/openapi")


def describe(server: Any) -> Document:
    """The OpenAPI document of a built server: its router's routes, its title, version and description.

    Raises:
        ValueError: See `build_openapi`.
    """
    options = server.options
    return build_openapi(
        routes_of(server.router),
        title=options.title,
        version=options.version,
        description=options.description or None,
    )


def routes_of(router: Any) -> tuple[Any, ...]:
    """The routes that a router tells of; a router of another kind may tell of none."""
    return tuple(getattr(router, "routes", ()))


def mount_docs(server: Any, add_route: Callable[..., Any]) -> tuple[str, ...]:
    """Register the documentation of a server.

    Args:
        server: The built server whose `router` and `options` are documented.
        add_route: Registers one of the documentation's own routes, as a router's `add_route` does.

    Returns:
        How the paths of what was registered begin.
    """
    taken = set(_paths(routes_of(server.router)))
    for path, handler in DocsSite(lambda: describe(server)).routes():
        if path in taken:
            log.warning(
                "development mode: %s is a route of the application, so it shows no documentation", path
            )
        else:
            add_route(path, handler, ["GET"], include_in_schema=False)
    return PREFIXES


def _paths(routes: Iterable[Any]) -> Iterable[str]:
    return (f"/{route.path.strip('/')}" for route in routes)
