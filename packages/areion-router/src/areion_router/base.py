"""The contract of a router: what any implementation must do, and what it may do more.

An implementation needs the two abstract methods; every other method is an optional hook with a default that
is correct, if poorer. Whoever serves requests uses nothing but what is declared here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any

from areion_router.route import Handler, Route, RouteMatch

COMMON_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
"""The methods that the default of `get_allowed_methods` tries; methods are listed in this order."""


class BaseRouter(ABC):
    """A router: paths and methods in, handlers out. It knows no HTTP server."""

    @abstractmethod
    def add_route(
        self,
        path: str,
        handler: Handler,
        methods: str | Iterable[str] = ("GET",),
        middlewares: Iterable[Handler] | None = None,
        **options: Any,
    ) -> None:
        """Register a handler.

        Args:
            path: The path pattern; `:name` is a parameter.
            handler: Called as `handler(request, **path_params)`; sync or async.
            methods: The methods it answers.
            middlewares: Wrapped around the handler, outermost first; each is called as `middleware(handler)`
                and returns the wrapper.
            options: Kept for whoever serves the route.
        """

    @abstractmethod
    def get_handler(self, method: str, path: str) -> RouteMatch | tuple[Handler, dict[str, Any], bool]:
        """Find the handler for a request.

        Args:
            method: The request's method, as sent.
            path: The request's raw path: percent-encoded, without the query.

        Returns:
            `(handler, path_params, is_async)`: the handler inside its middleware, its decoded parameters in a
            dict that the caller may change, and whether calling it returns an awaitable.

        Raises:
            NotFoundError: No route matches the path.
            MethodNotAllowedError: Routes match the path, but none has the method.
        """

    def get_allowed_methods(self, path: str) -> Sequence[str]:
        """The methods that the path answers; empty for an unknown path.

        The default tries the common methods one by one.
        """
        return [method for method in COMMON_METHODS if self._answers(method, path)]

    def _answers(self, method: str, path: str) -> bool:
        try:
            self.get_handler(method, path)
        except LookupError:
            return False
        return True

    @property
    def routes(self) -> Sequence[Route]:
        """All routes, for documentation and tools. The default knows of none."""
        return ()

    @property
    def global_middlewares(self) -> Sequence[Handler]:
        """The middleware around every route, outermost first; it belongs around a 404 and a 405 too.

        The default has none.
        """
        return ()

    def freeze(self) -> None:
        """Called once before the first request is served; nothing may be registered afterwards.

        The default does nothing.
        """
        return
