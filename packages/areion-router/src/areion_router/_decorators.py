"""Registration by decorator, in terms of `add_route` alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from areion_router._arguments import check_text
from areion_router.base import BaseRouter
from areion_router.route import Handler

_HandlerT = TypeVar("_HandlerT", bound=Handler)


class DecoratingRouter(BaseRouter):
    """What a router gains for its `add_route`: `route` and one decorator per common method."""

    def route(
        self,
        path: str,
        methods: str | Iterable[str] = ("GET",),
        middlewares: Iterable[Handler] | None = None,
        *,
        name: str | None = None,
        **options: Any,
    ) -> Callable[[_HandlerT], _HandlerT]:
        """Register the decorated function, which stays as it is; arguments as for `add_route`."""
        check_text("route()", "path", path)

        def decorator(handler: _HandlerT) -> _HandlerT:
            self.add_route(path, handler, methods, middlewares, name=name, **options)
            return handler

        return decorator

    def get(
        self, path: str, middlewares: Iterable[Handler] | None = None, **options: Any
    ) -> Callable[[_HandlerT], _HandlerT]:
        """Register the decorated function for GET, and so for HEAD; arguments as for `add_route`."""
        return self.route(path, "GET", middlewares, **options)

    def post(
        self, path: str, middlewares: Iterable[Handler] | None = None, **options: Any
    ) -> Callable[[_HandlerT], _HandlerT]:
        """Register the decorated function for POST; arguments as for `add_route`."""
        return self.route(path, "POST", middlewares, **options)

    def put(
        self, path: str, middlewares: Iterable[Handler] | None = None, **options: Any
    ) -> Callable[[_HandlerT], _HandlerT]:
        """Register the decorated function for PUT; arguments as for `add_route`."""
        return self.route(path, "PUT", middlewares, **options)

    def patch(
        self, path: str, middlewares: Iterable[Handler] | None = None, **options: Any
    ) -> Callable[[_HandlerT], _HandlerT]:
        """Register the decorated function for PATCH; arguments as for `add_route`."""
        return self.route(path, "PATCH", middlewares, **options)

    def delete(
        self, path: str, middlewares: Iterable[Handler] | None = None, **options: Any
    ) -> Callable[[_HandlerT], _HandlerT]:
        """Register the decorated function for DELETE; arguments as for `add_route`."""
        return self.route(path, "DELETE", middlewares, **options)

    def head(
        self, path: str, middlewares: Iterable[Handler] | None = None, **options: Any
    ) -> Callable[[_HandlerT], _HandlerT]:
        """Register the decorated function for HEAD, before a GET route of the same pattern."""
        return self.route(path, "HEAD", middlewares, **options)

    def options(
        self, path: str, middlewares: Iterable[Handler] | None = None, **options: Any
    ) -> Callable[[_HandlerT], _HandlerT]:
        """Register the decorated function for OPTIONS; arguments as for `add_route`."""
        return self.route(path, "OPTIONS", middlewares, **options)
