"""Path router for any web framework: typed parameters, groups, middleware, no dependencies."""

from areion_router.__about__ import __version__
from areion_router._composition import compose, is_async_callable, sync_runner
from areion_router.base import BaseRouter
from areion_router.converters import Converter, register_converter
from areion_router.errors import (
    MethodNotAllowedError,
    NotFoundError,
    PatternError,
    RouteConflictError,
    RouterFrozenError,
    UrlBuildError,
)
from areion_router.explain import Explanation
from areion_router.middleware import BaseMiddleware
from areion_router.reach import UnreachableRoute
from areion_router.route import Handler, Route, RouteMatch
from areion_router.router import Router

__all__ = [
    "BaseMiddleware",
    "BaseRouter",
    "Converter",
    "Explanation",
    "Handler",
    "MethodNotAllowedError",
    "NotFoundError",
    "PatternError",
    "Route",
    "RouteConflictError",
    "RouteMatch",
    "Router",
    "RouterFrozenError",
    "UnreachableRoute",
    "UrlBuildError",
    "__version__",
    "compose",
    "is_async_callable",
    "register_converter",
    "sync_runner",
]
