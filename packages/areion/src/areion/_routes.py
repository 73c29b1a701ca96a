"""Which route a request belongs to: for messages and pages that name it, never on the way of a request."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from areion_router import Route


class Found(NamedTuple):
    """What a router says of a request.

    Attributes:
        endpoint: What is called.
        parameters: With these path parameters.
        route: The route it belongs to; None if the router does not tell.
    """

    endpoint: Callable[..., Any]
    parameters: dict[str, Any]
    route: Route | None


class RouteFinder:
    """Asks a router again for what it has found for a request.

    Args:
        router: Anything with ``get_handler``; one that has ``routes`` also tells which one it was.
    """

    def __init__(self, router: Any) -> None:
        self._router = router
        self._routes: dict[Callable[..., Any], Route] | None = None

    def find(self, method: str, raw_path: str) -> Found | None:
        """Return what a request goes to; None if that is no handler of the router."""
        try:
            endpoint, parameters, _ = self._router.get_handler(method, raw_path)
        except Exception:  # noqa: BLE001 - whatever a router raises: there is no handler to be named
            return None
        if self._routes is None:
            routes = getattr(self._router, "routes", ())
            self._routes = {each.endpoint: each for each in routes} if isinstance(routes, Sequence) else {}
        return Found(endpoint, parameters, self._routes.get(endpoint))

    def path_of(self, method: str, raw_path: str) -> str | None:
        """Return the pattern of the route that a request goes to; None if it is not known."""
        found = self.find(method, raw_path)
        return None if found is None or found.route is None else found.route.path
