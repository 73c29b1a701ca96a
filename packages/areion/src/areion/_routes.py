"""Which route a request belongs to: for messages and pages that name it, never on the way of a request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class RouteFinder:
    """Finds the routes of a router by request.

    Args:
        router: Anything with ``get_handler``; one that does not tell its ``routes`` has none to be found.
    """

    def __init__(self, router: Any) -> None:
        self._router = router
        self._by_endpoint: dict[Callable[..., Any], Any] | None = None

    def find(self, method: str, raw_path: str) -> Any | None:
        """Return the route (see ``areion_router.Route``) that a request goes to; None if there is none."""
        if self._by_endpoint is None:
            self._by_endpoint = {route.endpoint: route for route in getattr(self._router, "routes", ())}
        try:
            endpoint = self._router.get_handler(method, raw_path)[0]
        except LookupError:
            return None
        return self._by_endpoint.get(endpoint)

    def path_of(self, method: str, raw_path: str) -> str | None:
        """Return the pattern of the route that a request goes to; None if there is none."""
        return getattr(self.find(method, raw_path), "path", None)
