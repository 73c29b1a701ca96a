"""Composition: a handler and its middleware become one callable, once, before anything is served.

Strategy: each middleware is called with the next callable inside it, and what it returns is looked at, so that
    sync and async may be mixed at will:

- an *async* wrapper may always `await` what it was given. Over something sync it is given a stand-in, which
  becomes awaitable if the wrapper turns out to be a coroutine function (only then: a sync wrapper needs the
  plain value);
- a *sync* wrapper over something async passes the awaitable on, or answers by itself without one; the whole
  is then made always awaitable.

Nothing here knows about routes.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Iterable
from contextvars import ContextVar
from enum import Enum
from functools import partial, update_wrapper
from inspect import CO_COROUTINE, CO_ITERABLE_COROUTINE, isawaitable, iscoroutinefunction
from typing import Any, Final, Protocol, TypeVar

from areion_router._source import describe_callable
from areion_router.route import Handler

_HandlerT = TypeVar("_HandlerT", bound=Handler)


class SyncRunner(Protocol):
    """Calls a sync function elsewhere: in a worker thread, say."""

    def __call__(self, function: Handler, /, *args: Any, **kwargs: Any) -> Awaitable[Any]:
        """Return an awaitable of what `function(*args, **kwargs)` returns."""


sync_runner: Final[ContextVar[SyncRunner | None]] = ContextVar("areion_router.sync_runner", default=None)
"""How async middleware calls the sync part of a chain inside it; None for a plain call.

A dispatcher sets it around a call of an endpoint whose handler must not hold up the event loop. The sync part is
the handler with the sync middleware next to it: what is called together in one thread.
"""


class _Result(Enum):
    """What calling something returns."""

    VALUE = "value"
    AWAITABLE = "awaitable"
    EITHER = "value or awaitable"


def is_async_callable(candidate: object) -> bool:
    """Whether calling it returns an awaitable, as far as can be known without a call.

    Sees through `functools.partial`, static and bound methods, and looks at the `__call__` of objects.
    """
    while isinstance(candidate, (partial, staticmethod)):
        candidate = candidate.func if isinstance(candidate, partial) else candidate.__func__
    if isinstance(candidate, type):
        return False  # calling a class makes an instance, whatever calling the instance would do
    return _is_coroutine_function(candidate) or _is_coroutine_function(getattr(candidate, "__call__", None))  # noqa: B004


def _is_coroutine_function(candidate: object) -> bool:
    if iscoroutinefunction(candidate):
        return True
    # Compiled coroutine functions and AsyncMock look like one without being one of inspect's.
    flags = getattr(getattr(candidate, "__code__", None), "co_flags", 0)
    if isinstance(flags, int) and flags & (CO_COROUTINE | CO_ITERABLE_COROUTINE):
        return True
    # asyncio's own mark; if asyncio was never imported, nothing can bear it.
    mark = getattr(sys.modules.get("asyncio.coroutines"), "_is_coroutine", None)
    return mark is not None and getattr(candidate, "_is_coroutine", None) is mark


class _StandIn(partial[Any]):
    """A sync callable as its middleware sees it; can be made awaitable afterwards.

    Equal to what it stands for, so that a middleware can look its handler up in a table.

    PERF: a partial forwards a call in C, four times as fast as an object with a Python `__call__`.
    """

    def __eq__(self, other: object) -> bool:
        return self is other or bool(self.__wrapped__ == other)  # type: ignore[attr-defined]  # set by update_wrapper

    def __hash__(self) -> int:
        return hash(self.__wrapped__)  # type: ignore[attr-defined]  # set by update_wrapper

    def become_awaitable(self, result: _Result) -> None:
        """From now on a call returns an awaitable of what it would have returned: of a `result`."""
        make = _crossing if result is _Result.VALUE else _awaiting
        awaiting = make(self.__wrapped__)  # type: ignore[attr-defined]  # set by update_wrapper
        self.__setstate__((awaiting, (), {}, self.__dict__))  # type: ignore[attr-defined]  # not in typeshed


def _crossing(function: Handler) -> Handler:
    """Make a sync callable awaitable, called as `sync_runner` says."""

    async def crossing(*args: Any, **kwargs: Any) -> Any:
        run = sync_runner.get()
        result = function(*args, **kwargs) if run is None else await run(function, *args, **kwargs)
        return await result if isawaitable(result) else result

    return crossing


def _awaiting(function: Handler) -> Handler:
    """Make a callable that returns values, awaitables or both always return an awaitable."""

    async def awaiting(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        return await result if isawaitable(result) else result

    return awaiting


def _flattening(wrapper: Handler) -> Handler:
    """Let a coroutine function return what it was given without awaiting it."""

    async def flattening(*args: Any, **kwargs: Any) -> Any:
        result = await wrapper(*args, **kwargs)
        return await result if isawaitable(result) else result

    return flattening


def compose(handler: Handler, middlewares: Iterable[Handler]) -> Handler:
    """Wrap a handler in middleware.

    Each middleware is called exactly once.

    Args:
        handler: A sync or async callable.
        middlewares: Outermost first. Each is called as `middleware(handler)` and returns a callable, sync or
            async.

    Returns:
        One callable. It is async in the sense of `is_async_callable` if anything in the chain is; then it
        always returns an awaitable. Without middleware it is `handler` itself.

    Raises:
        TypeError: A middleware returned something that is not callable.

    Example:
        >>> def shout(handler):
        ...     return lambda request: handler(request).upper()
        >>> compose(lambda request: f"hello {request}", [shout])("you")
        'HELLO YOU'
    """
    result = _Result.AWAITABLE if is_async_callable(handler) else _Result.VALUE
    for middleware in reversed(tuple(middlewares)):
        handler, result = _wrap(handler, result, middleware)
    if result is _Result.EITHER:
        return _named_like(handler, _awaiting(handler))
    return handler


def _wrap(inner: Handler, result: _Result, middleware: Handler) -> tuple[Handler, _Result]:
    stand_in = None if result is _Result.AWAITABLE else _named_like(inner, _StandIn(inner))
    given = inner if stand_in is None else stand_in
    wrapper = middleware(given)
    if not callable(wrapper):
        raise TypeError(
            f"middleware {describe_callable(middleware)} returned {wrapper!r} "
            f"for {describe_callable(inner)}; expected a callable (does it end with 'return wrapper'?)"
        )
    if wrapper is given:
        return inner, result
    if not is_async_callable(wrapper):
        return wrapper, _Result.VALUE if result is _Result.VALUE else _Result.EITHER
    if stand_in is not None:
        stand_in.become_awaitable(result)
        wrapper = _named_like(wrapper, _flattening(wrapper))
    return wrapper, _Result.AWAITABLE


def _named_like(original: Handler, wrapper: _HandlerT) -> _HandlerT:
    """Give a wrapper the name, documentation and signature of what it wraps."""
    update_wrapper(wrapper, original)
    return wrapper
