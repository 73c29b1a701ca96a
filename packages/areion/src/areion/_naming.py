"""Which handler a request is for, in words for the log. Asked only when something went wrong."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from inspect import unwrap
from typing import Any

from areion._routes import RouteFinder


class HandlerNames:
    """Names the handlers of a router.

    Args:
        router: Asked again for the handler; a router that has ``routes`` also tells where it was registered.
    """

    def __init__(self, router: Any) -> None:
        self._routes = RouteFinder(router)

    def __call__(self, request: Any) -> str:
        """Return such as ``shop.users.show_user (shop/users.py:12)``."""
        found = self._routes.find(request.method, request.raw_path)
        if found is None:
            return "the handler"  # of no route: a middleware around a 404, or one of the server's own
        if found.route is None:
            return describe(found.endpoint)
        return f"{describe(found.route.handler)} ({found.route.source})"


def describe(handler: Callable[..., Any]) -> str:
    """Return the name of a handler, as seen through partials and decorators that keep it."""
    while isinstance(handler, partial):
        handler = handler.func
    handler = unwrap(handler)
    named = handler if hasattr(handler, "__qualname__") else type(handler)
    return f"{named.__module__}.{named.__qualname__}"


def describe_with_place(handler: Callable[..., Any]) -> str:
    """Return the name of a handler, and where a function's source stands."""
    function = unwrap(handler.func if isinstance(handler, partial) else handler)
    code = getattr(function, "__code__", None)
    name = describe(handler)
    return name if code is None else f"{name} ({code.co_filename}:{code.co_firstlineno})"
