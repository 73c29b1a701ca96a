"""How the times are taken: around the parser, around each handler and its middleware, and around all filters.

All of it is put in place when a server with profiling starts; one without has none of it. Times are wall-clock
times: a handler that awaits is timed until it has its answer.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import replace
from inspect import isawaitable
from time import perf_counter
from typing import Any, Final, Literal

from areion_http import BaseHttpServer, HttpRequest, HttpResponse, HttpServer
from areion_http._parser import HeadParser
from areion_http._sender import is_streamed
from areion_http._shared import Shared
from areion_http.request import NOWHERE, ConnectionInfo
from areion_router import Route, RouteMatch, compose, is_async_callable

from areion.filters.base import ResponseFilter
from areion.profiling.profiler import Profiler, Timing

Part = Literal["endpoint", "handler"]

# Of the request whose context this is; a handler may be given another request object by a middleware.
_current: ContextVar[Timing | None] = ContextVar("areion_timing", default=None)

_READY: Final = (bytes, type(None))


class ProfilingFilter(ResponseFilter):
    """The outermost filter: begins and ends the time of each request, and tells it in a Server-Timing field.

    Args:
        profiler: Gets the times.
        ignored: How the paths of requests begin that are not counted: those of the page itself.
    """

    def __init__(self, profiler: Profiler, ignored: str) -> None:
        self._profiler = profiler
        self._ignored = ignored

    def before(self, request: HttpRequest) -> None:
        """Begin."""
        timing = Timing(perf_counter(), self._profiler.parsed)
        self._profiler.parsed = 0.0
        _current.set(timing)
        request._timing = timing  # type: ignore[attr-defined]  # an attribute of this request alone

    def after(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Turn the body into bytes, end, and record; an answer that replaces one is not counted again."""
        timing: Timing | None = getattr(request, "_timing", None)
        if timing is None or request.raw_path.startswith(self._ignored):
            return response
        if not timing.done:
            timing.done = True
            begun = perf_counter()
            _encode(response)
            ended = perf_counter()
            timing.serialise = ended - begun
            timing.total = timing.parse + ended - timing.began
            self._profiler.record(timing, request.method, request.raw_path, response.status_code)
        response.set_header("Server-Timing", timing.server_timing)
        return response


def _encode(response: HttpResponse) -> None:
    """Make of the body the bytes that would be made of it right after; what cannot be is left to be refused."""
    if isinstance(response.body, _READY) or is_streamed(response.body):
        return
    try:
        response.body = response.encode()
    except (TypeError, ValueError):
        return


class ProfilingRouter:
    """A router whose handlers are timed, each with and without its middleware.

    The middleware of each route is composed anew, around the timed handler.

    Args:
        router: Frozen by this.
    """

    def __init__(self, router: Any) -> None:
        freeze: Callable[[], None] | None = getattr(router, "freeze", None)
        if freeze is not None:
            freeze()
        self._router = router
        self._timed = {route.endpoint: _timed_route(route) for route in getattr(router, "routes", ())}
        self.routes: tuple[Route, ...] = tuple(self._timed.values())

    def freeze(self) -> None:
        """Change nothing: it is frozen."""

    def get_handler(self, method: str, path: str) -> RouteMatch:
        """Find a handler as the router does; return it timed."""
        handler, params, is_async = self._router.get_handler(method, path)
        route = self._timed.get(handler)
        if route is None:
            return RouteMatch(handler, params, is_async)
        timing = _current.get()
        if timing is not None:
            timing.route = route.path
        return RouteMatch(route.endpoint, params, is_async)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._router, name)


def _timed_route(route: Route) -> Route:
    """Return a route with a timed handler, and another middleware outside of all its own."""
    handler = _timed(route.handler, "handler")
    middlewares = (_time_endpoint, *route.middlewares)
    return replace(route, handler=handler, middlewares=middlewares, endpoint=compose(handler, middlewares))


def _time_endpoint(handler: Callable[..., Any]) -> Callable[..., Any]:
    return _timed(handler, "endpoint")


def _timed(function: Callable[..., Any], part: Part) -> Callable[..., Any]:
    """Add the time that a callable takes to a part of the current request's times."""

    def add(begun: float) -> None:
        timing = _current.get()
        if timing is not None:
            setattr(timing, part, getattr(timing, part) + perf_counter() - begun)

    async def finish(result: Any, begun: float) -> Any:
        try:
            return await result
        finally:
            add(begun)

    if is_async_callable(function):

        @functools.wraps(function)
        async def call_async(*args: Any, **kwargs: Any) -> Any:
            begun = perf_counter()
            try:
                return await function(*args, **kwargs)
            finally:
                add(begun)

        return call_async

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        begun = perf_counter()
        try:
            result = function(*args, **kwargs)
        except BaseException:
            add(begun)
            raise
        if isawaitable(result):
            return finish(result, begun)
        add(begun)
        return result

    return call


class _TimedParser(HeadParser[Any]):
    """Notes how long reading a head takes; its request is given to the first filter right after.

    Args:
        shared: Whose configuration and request class are used.
        request_class: What to make of a head.
        profiler: Gets the time.
    """

    __slots__ = ("_profiler",)

    def __init__(self, shared: Shared, request_class: type[HttpRequest], profiler: Profiler) -> None:
        super().__init__(shared.config, request_class)
        self._profiler = profiler

    def parse(self, data: bytes, start: int = 0, connection: ConnectionInfo = NOWHERE) -> Any:
        begun = perf_counter()
        try:
            return super().parse(data, start, connection)
        finally:
            self._profiler.parsed = perf_counter() - begun


def time_parsing(http: BaseHttpServer, profiler: Profiler) -> None:
    """Time the parser of areion-http's server; one of another make is left as it is, and parsing counts as 0."""
    if not isinstance(http, HttpServer):
        return
    share = http._share

    def timed_share(loop: asyncio.AbstractEventLoop) -> Shared:
        shared = share(loop)
        shared.parser = _TimedParser(shared, http.request_class, profiler)
        return shared

    http._share = timed_share  # type: ignore[method-assign]  # of this one server, before it starts
