"""How a route with options of its own is called: body limit, worker thread, time limit, concurrency.

A route without such options never comes here.
"""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from contextvars import copy_context
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any, Final

from areion_http import HttpRequest, ServiceUnavailableError
from areion_router import Route, compose, is_async_callable

from areion._errors import ErrorHandler, find_handler

logger: Final = logging.getLogger("areion.dispatch")

OPTIONS: Final = frozenset({"max_body", "timeout", "stream", "blocking", "concurrency"})
"""The route options that say how a handler is called."""


@dataclass(slots=True)
class Plan:
    """How the handler of one route is called.

    Attributes:
        endpoint: The composed handler.
        max_body: Most bytes of content; None for the server's limit.
        timeout: Seconds the handler may take; None for the server's limit.
        stream: Call the handler before the body has arrived.
        blocking: Run it in a worker thread.
        concurrency: How many may run at once; None for any number.
        error_handlers: By exception type, of the route's groups.
        running: How many run now.
    """

    endpoint: Callable[..., Any]
    max_body: int | None = None
    timeout: float | None = None
    stream: bool = False
    blocking: bool = False
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
        if self.concurrency is not None and self.running >= self.concurrency:
            raise ServiceUnavailableError(
                "too many requests of this kind at once", headers={"Retry-After": "1"}
            )
        self.running += 1
        try:
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
        finally:
            self.running -= 1

    async def _call(self, request: HttpRequest, params: Mapping[str, Any], executor: Executor) -> Any:
        if self.blocking:
            result = await _in_thread(executor, self.endpoint, request, params)
        else:
            result = self.endpoint(request, **params)
        return await result if isawaitable(result) else result


def plan_routes(router: Any, executor: Executor) -> dict[Callable[..., Any], Plan]:
    """Return the plans of a router's routes by endpoint, for those that need one.

    Raises:
        ValueError: As :func:`check_routes`.
    """
    plans = {}
    for route in _routes(router):
        options = read_options(route)
        _warn_of_typos(route)
        if options or route.error_handlers:
            plans[route.endpoint] = _plan(route, options, executor)
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


def _plan(route: Route, options: Mapping[str, Any], executor: Executor) -> Plan:
    plan = Plan(route.endpoint, **options, error_handlers=route.error_handlers)
    if plan.blocking and route.is_async:
        # Only the handler belongs into the thread: the middleware around it is asynchronous.
        plan.blocking = False
        plan.endpoint = compose(_threaded(route.handler, executor), route.middlewares)
    return plan


def _threaded(handler: Callable[..., Any], executor: Executor) -> Callable[..., Any]:
    @functools.wraps(handler)
    async def call(request: HttpRequest, **params: Any) -> Any:
        return await _in_thread(executor, handler, request, params)

    return call


async def _in_thread(
    executor: Executor, handler: Callable[..., Any], request: HttpRequest, params: Mapping[str, Any]
) -> Any:
    """Call a handler in a worker thread, in a copy of the request's context."""

    def call() -> Any:
        try:
            return handler(request, **params)
        except StopIteration as error:
            # A future cannot carry it; whoever waits would wait for ever.
            raise RuntimeError("the handler raised StopIteration") from error

    return await asyncio.get_running_loop().run_in_executor(executor, copy_context().run, call)


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
