"""Which handler a request is for, in words for the log. Asked only when something went wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from inspect import unwrap
from typing import Any

from areion_router import Route


class HandlerNames:
    """Names the handlers of a router.

    Args:
        router: Asked again for the handler; a router that has ``routes`` also tells where it was registered.
    """

    def __init__(self, router: Any) -> None:
        self._router = router
        self._routes: dict[Callable[..., Any], Route] | None = None

    def __call__(self, request: Any) -> str:
        """Return such as ``shop.users.show_user (shop/users.py:12)``."""
        try:
            handler, _, _ = self._router.get_handler(request.method, request.raw_path)
        except Exception:  # noqa: BLE001 - no handler of the router: a middleware around a 404, or an own route
            return "the handler"
        if self._routes is None:
            routes = getattr(self._router, "routes", ())
            self._routes = {each.endpoint: each for each in routes} if isinstance(routes, Sequence) else {}
        route = self._routes.get(handler)
        if route is None:
            return describe(handler)
        return f"{describe(route.handler)} ({route.source})"


def describe(handler: Callable[..., Any]) -> str:
    """Return the name of a handler, as seen through partials and decorators that keep it."""
    while isinstance(handler, partial):
        handler = handler.func
    handler = unwrap(handler)
    named = handler if hasattr(handler, "__qualname__") else type(handler)
    return f"{named.__module__}.{named.__qualname__}"
