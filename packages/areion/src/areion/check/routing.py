"""Routes that no request reaches, routes that cannot answer, and routes that take too much."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from areion._signatures import misfit_of
from areion.check.findings import Finding, Severity
from areion.server import AreionServer

# Content is in memory while a handler has it; a quarter of a gigabyte for each of some requests is a lot.
_MUCH: Final = 256 * 1024 * 1024


def check_routes(server: AreionServer) -> Iterator[Finding]:
    """Review the routing table."""
    find = getattr(server.router, "unreachable_routes", None)
    for hidden in find() if callable(find) else ():
        yield Finding(
            Severity.ERROR,
            "unreachable-route",
            f"{hidden.method} {hidden.route.path} can never match: {hidden.reason}",
            hidden.route.source,
            "remove it, or make its pattern more exact than what hides it",
        )
    for route in getattr(server.router, "routes", ()):
        reason = misfit_of(route)
        if reason is not None:
            yield Finding(
                Severity.ERROR,
                "uncallable-handler",
                f"{','.join(route.methods)} {route.path}: {reason}",
                route.source,
                "let the handler take the request and the path parameters, by their names",
            )
        most = route.options.get("max_body")
        if isinstance(most, int) and most > _MUCH and not route.options.get("stream"):
            yield Finding(
                Severity.WARNING,
                "unbounded-uploads",
                f"{','.join(route.methods)} {route.path} holds bodies of up to {most:,} bytes in memory",
                route.source,
                "register it with stream=True and read the body in pieces, or lower max_body",
            )
        if server.static_dir is not None and route.path.startswith("/static/"):
            yield Finding(
                Severity.WARNING,
                "shadowed-by-static",
                f"{route.path} is below /static/, where files are looked for first",
                route.source,
                "move it elsewhere",
            )
