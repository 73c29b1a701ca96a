"""How a route with options of its own is called: body limit, worker thread, time limit, concurrency.

A route without such options never comes here.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from contextvars import copy_context
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any, Final

from areion_http import HttpRequest, ServiceUnavailableError
from areion_router import Route, is_async_callable, sync_runner

from areion._errors import ErrorHandler, find_handler
from areion._naming import describe
from areion._offload import offload
from areion._place import Place, keep_while_streamed
from areion._signatures import misfit_of

logger: Final = logging.getLogger("areion.dispatch")

OPTIONS: Final = frozenset({"max_body", "timeout", "stream", "blocking", "concurrency"})
"""The route options that say how a handler is called."""


@dataclass(slots=True)
class Plan:
    """How the handler of one route is called.

    Attributes:
        endpoint: The composed handler.
        name: What the log calls the handler.
        max_body: Most bytes of content; None for the server's limit.
        timeout: Seconds the handler may take; None for the server's limit.
        stream: Call the handler before the body has arrived.
        blocking: Run it in a worker thread; of an asynchronous one its sync part.
        is_async: Calling the endpoint returns an awaitable.
        concurrency: How many may run at once, streams of their responses included; None for any number.
        error_handlers: By exception type, of the route's groups.
        running: How many run now, threads that have outlived their request included.
    """

    endpoint: Callable[..., Any]
    name: str
    max_body: int | None = None
    timeout: float | None = None
    stream: bool = False
    blocking: bool = False
    is_async: bool = False
    concurrency: int | None = None
    error_handlers: Mapping[type[BaseException], ErrorHandler] | None = None
    running: int = 0

    async def run(self, request: HttpRequest, params: Mapping[str, Any], executor: Executor) -> Any:
        """Call the handler as planned; errors go to the group's error handlers first."""
        try:
            return await self._limited(request, params, executor)
        except Exception as error:
            handler = find_handler(error, self.error_handlers or {})
            if handler is None:
                raise
            result = handler(request, error)
            return await result if isawaitable(result) else result

    async def _limited(self, request: HttpRequest, params: Mapping[str, Any], executor: Executor) -> Any:
        if self.concurrency is None:
            return await self._timed(request, params, executor)
        if self.running >= self.concurrency:
            raise ServiceUnavailableError(
                "too many requests of this kind at once", headers={"Retry-After": "1"}
            )
        self.running += 1
        place = Place(self._free)
        try:
            result = await self._timed(request, params, executor)
        except BaseException:
            place.give_back()
            raise
        return keep_while_streamed(result, place)

    async def _timed(self, request: HttpRequest, params: Mapping[str, Any], executor: Executor) -> Any:
        if self.max_body is not None:
            request.limit_body(self.max_body)
        if request.declared_length and not self.stream:
            await request.read()
        if self.timeout is None:
            return await self._call(request, params, executor)
        try:
            async with asyncio.timeout(self.timeout) as deadline:
                return await self._call(request, params, executor)
        except TimeoutError:
            if not deadline.expired():
                raise
            raise ServiceUnavailableError(
                f"the handler took longer than {self.timeout} seconds", headers={"Retry-After": "1"}
            ) from None

    async def _call(self, request: HttpRequest, params: Mapping[str, Any], executor: Executor) -> Any:
        if not self.blocking:
            result = self.endpoint(request, **params)
            return await result if isawaitable(result) else result
        run = functools.partial(self._in_thread, executor)
        if self.is_async:
            # Only the sync part belongs into the thread: the middleware around it is asynchronous.
            token = sync_runner.set(run)
            try:
                result = await self.endpoint(request, **params)
            finally:
                sync_runner.reset(token)
        else:
            result = await run(self.endpoint, request, **params)
            if isawaitable(result):
                result = await result
        return offload(result, run)

    async def _in_thread(
        self, executor: Executor, function: Callable[..., Any], /, *args: Any, **kwargs: Any
    ) -> Any:
        """Call a function in a worker thread, in a copy of the request's context."""

        def call() -> Any:
            try:
                return function(*args, **kwargs)
            except StopIteration as error:
                # A future cannot carry it; whoever waits would wait for ever.
                raise RuntimeError("the handler raised StopIteration") from error

        work = executor.submit(copy_context().run, call)
        try:
            return await asyncio.wrap_future(work)
        finally:
            if not work.done():
                # It outlives its request; no thread can be stopped from outside.
                self.running += 1
                work.add_done_callback(functools.partial(self._outlived, asyncio.get_running_loop()))

    def _outlived(self, loop: asyncio.AbstractEventLoop, work: Future[Any]) -> None:
        """Free the place that a thread has kept; called in that thread."""
        if not work.cancelled() and (error := work.exception()) is not None:
            logger.error("%s failed after its request had ended", self.name, exc_info=error)
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody counts any more
            loop.call_soon_threadsafe(self._free)

    def _free(self) -> None:
        self.running -= 1


def plan_routes(router: Any) -> dict[Callable[..., Any], Plan]:
    """Return the plans of a router's routes by endpoint, for those that need one.

    Raises:
        ValueError: As :func:`check_routes`.
    """
    plans = {}
    for route in _routes(router):
        options = read_options(route)
        _warn_of_typos(route)
        if (reason := misfit_of(route)) is not None:
            logger.error("%s: %s; all its requests will fail", route, reason)
        if options or route.error_handlers:
            plans[route.endpoint] = Plan(
                route.endpoint,
                f"{describe(route.handler)} ({route.source})",
                **options,
                is_async=route.is_async,
                error_handlers=route.error_handlers,
            )
    return plans


def check_routes(router: Any) -> None:
    """Check the options of all routes that a router has so far.

    Raises:
        ValueError: If an option does not fit, naming the route and where it was registered.
    """
    for route in _routes(router):
        read_options(route)


def read_options(route: Route) -> dict[str, Any]:
    """Return those options of a route that say how its handler is called.

    Raises:
        ValueError: If one is of the wrong type or makes no sense for the handler, naming the route.
    """
    options = {name: route.options[name] for name in OPTIONS if route.options.get(name) is not None}
    _check(route, options)
    if options.get("blocking") and is_async_callable(route.handler):
        raise ValueError(
            f"{route}: blocking=True is for plain functions, and the handler is a coroutine function"
        )
    return options


def _routes(router: Any) -> Sequence[Route]:
    routes = getattr(router, "routes", ())
    return routes if isinstance(routes, Sequence) else ()


def _warn_of_typos(route: Route) -> None:
    """Options are opaque to the router, so that a misspelt one would have no effect, and nobody would know."""
    for name in route.options.keys() - OPTIONS:
        meant = name.replace("_", "").rstrip("s").lower()
        close = next((known for known in OPTIONS if known.replace("_", "") == meant), None)
        if close is not None:
            logger.warning("%s: the option %r has no effect; did you mean %r?", route, name, close)


def _check(route: Route, options: Mapping[str, Any]) -> None:
    for name, value in options.items():
        if name in {"stream", "blocking"}:
            fits, expected = isinstance(value, bool), "a bool"
        elif name == "timeout":
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            fits, expected = number and 0 < value < float("inf"), "seconds above 0"
        else:
            fits, expected = type(value) is int and value > 0, "a whole number above 0"
        if not fits:
            raise ValueError(f"{route}: {name}: expected {expected}, got {value!r}")
