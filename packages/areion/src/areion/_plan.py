"""How a route with options of its own is called: body limit, worker thread, time limit, concurrency.

A route without such options never comes here.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from contextvars import copy_context
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any, Final

from areion_http import HttpRequest, ServiceUnavailableError
from areion_router import Route, compose, is_async_callable

from areion._errors import ErrorHandler, find_handler

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
            if request.declared_length and not self.stream:
                await request.read(self.max_body)
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
            call = functools.partial(copy_context().run, self.endpoint, request, **params)
            return await asyncio.get_running_loop().run_in_executor(executor, call)
        result = self.endpoint(request, **params)
        return await result if isawaitable(result) else result


def plan_route(route: Route, executor: Executor) -> Plan | None:
    """Return the plan of a route, or None if it needs none.

    Raises:
        ValueError: If an option is of the wrong type, naming the route.
    """
    options = {name: route.options[name] for name in OPTIONS if route.options.get(name) is not None}
    if not options and not route.error_handlers:
        return None
    _check(route, options)
    plan = Plan(route.endpoint, **options, error_handlers=route.error_handlers)
    if plan.blocking:
        if is_async_callable(route.handler):
            raise ValueError(
                f"{route}: blocking=True is for plain functions, and the handler is a coroutine function"
            )
        if route.is_async:
            # Only the handler belongs into the thread: the middleware around it is asynchronous.
            plan.blocking = False
            plan.endpoint = compose(_in_thread(route.handler, executor), route.middlewares)
    return plan


def _in_thread(handler: Callable[..., Any], executor: Executor) -> Callable[..., Any]:
    @functools.wraps(handler)
    async def call(request: HttpRequest, **params: Any) -> Any:
        work = functools.partial(copy_context().run, handler, request, **params)
        return await asyncio.get_running_loop().run_in_executor(executor, work)

    return call


def _check(route: Route, options: Mapping[str, Any]) -> None:
    for name, value in options.items():
        if name in {"stream", "blocking"}:
            fits, expected = isinstance(value, bool), "a bool"
        elif name == "timeout":
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            fits, expected = number and value > 0, "seconds above 0"
        else:
            fits, expected = type(value) is int and value > 0, "a whole number above 0"
        if not fits:
            raise ValueError(f"{route}: {name}: expected {expected}, got {value!r}")
