"""The routes that a server adds by itself: static files, and in development the documentation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from areion_http import HttpResponse, StaticFiles
from areion_router import Router

if TYPE_CHECKING:
    from areion.server import AreionServer

STATIC_PREFIX = "/static/"


@dataclass(slots=True)
class OwnRoutes:
    """A router with the server's own routes, and how their paths begin."""

    router: Router | None
    prefixes: Sequence[str]


def own_routes(server: AreionServer) -> OwnRoutes:
    """Make the routes that a server's options ask for; global middleware wraps them as it does the user's."""
    router = Router()
    prefixes: list[str] = []
    for middleware in getattr(server.router, "global_middlewares", ()):
        router.add_global_middleware(middleware)
    if server.static_dir is not None:
        files = StaticFiles(server.static_dir)

        def serve(request: Any, path: str) -> HttpResponse:
            return HttpResponse(files(request, path))

        router.add_route(f"{STATIC_PREFIX}*path", serve, ["GET"], include_in_schema=False)
        prefixes.append(STATIC_PREFIX)
    if server.options.development:
        from areion.dev.mount import mount_docs  # production never loads it

        prefixes.extend(mount_docs(server, router.add_route))
    if server.profiler is not None:
        from areion.profiling._page import mount_profile  # a server that does not profile never loads it

        prefixes.extend(mount_profile(server, server.profiler, router.add_route))
    if not prefixes:
        return OwnRoutes(None, ())
    router.freeze()
    return OwnRoutes(router, prefixes)
