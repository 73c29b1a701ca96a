"""compose: any mixture of sync and async, functions and classes."""

from __future__ import annotations

import asyncio
import functools
import inspect
import itertools
from unittest.mock import AsyncMock, MagicMock

import pytest
from areion_router import BaseMiddleware, Router, compose, is_async_callable

# -- handlers of every kind: all return "handler" and their parameters


def function(request, **params):
    return f"handler{params or ''}"


async def coroutine_function(request, **params):
    return f"handler{params or ''}"


class Callable:
    def __call__(self, request, **params):
        return f"handler{params or ''}"

    def method(self, request, **params):
        return f"handler{params or ''}"

    @staticmethod
    def static(request, **params):
        return f"handler{params or ''}"

    @classmethod
    def of_class(cls, request, **params):
        return f"handler{params or ''}"


class AsyncCallable:
    async def __call__(self, request, **params):
        return f"handler{params or ''}"

    async def method(self, request, **params):
        return f"handler{params or ''}"

    @staticmethod
    async def static(request, **params):
        return f"handler{params or ''}"

    @classmethod
    async def of_class(cls, request, **params):
        return f"handler{params or ''}"


def returns_coroutine(request, **params):
    """Not a coroutine function, though what it returns must be awaited."""
    return coroutine_function(request, **params)


def with_extra(extra, request, **params):
    return f"handler{params or ''}"


async def with_extra_async(extra, request, **params):
    return f"handler{params or ''}"


SYNC_HANDLERS = {
    "function": function,
    "object": Callable(),
    "bound method": Callable().method,
    "static method": Callable.static,
    "static method object": Callable.__dict__["static"],
    "class method": Callable.of_class,
    "partial": functools.partial(with_extra, 1),
    "partial of partial": functools.partial(functools.partial(with_extra), 1),
    "partial of object": functools.partial(Callable()),
    "lambda": lambda request, **params: f"handler{params or ''}",
    "mock": MagicMock(return_value="handler{'x': 1}"),
}
ASYNC_HANDLERS = {
    "coroutine function": coroutine_function,
    "object": AsyncCallable(),
    "bound method": AsyncCallable().method,
    "static method": AsyncCallable.static,
    "static method object": AsyncCallable.__dict__["static"],
    "class method": AsyncCallable.of_class,
    "partial": functools.partial(with_extra_async, 1),
    "partial of partial": functools.partial(functools.partial(with_extra_async), 1),
    "partial of object": functools.partial(AsyncCallable()),
    "mock": AsyncMock(return_value="handler{'x': 1}"),
}

# -- middleware of every kind: each puts its letter around what is inside it


def sync_function(handler):
    @functools.wraps(handler)
    def wrapper(request, *args, **kwargs):
        result = handler(request, *args, **kwargs)
        if inspect.isawaitable(result):  # a sync middleware that wants to see the result has to do this

            async def finish():
                return f"s({await result})"

            return finish()
        return f"s({result})"

    return wrapper


def sync_passing(handler):
    def wrapper(request, *args, **kwargs):
        return handler(request, *args, **kwargs)

    return wrapper


def async_function(handler):
    @functools.wraps(handler)
    async def wrapper(request, *args, **kwargs):
        return f"a({await handler(request, *args, **kwargs)})"

    return wrapper


def async_passing(handler):
    must_await = is_async_callable(handler)

    async def wrapper(request, *args, **kwargs):
        result = handler(request, *args, **kwargs)
        return (
            await result if must_await else result
        )  # what a sync handler returned needs no await, it thinks

    return wrapper


def untouched(handler):
    return handler


class AsyncWrapper:
    """A class as middleware: called with the handler, its instances are the wrappers."""

    def __init__(self, handler):
        self.handler = handler

    async def __call__(self, request, *args, **kwargs):
        return f"c({await self.handler(request, *args, **kwargs)})"


class SyncHook(BaseMiddleware):
    def handle(self, request):
        return request

    def after(self, request, response):
        return f"S({response})"


class AsyncHook(BaseMiddleware):
    async def handle(self, request):
        await asyncio.sleep(0)
        return request

    async def after(self, request, response):
        return f"A({response})"


MIDDLEWARES = {
    "s": sync_function,
    "-": sync_passing,
    "a": async_function,
    "~": async_passing,
    "0": untouched,
    "c": AsyncWrapper,
    "S": SyncHook(),
    "A": AsyncHook(),
}
SILENT = "-~0"
ASYNC = "a~cA"

DEPTH_3 = [letters for depth in range(4) for letters in itertools.product(MIDDLEWARES, repeat=depth)]


def expected(letters):
    result = "handler{'x': 1}"
    for letter in reversed([letter for letter in letters if letter not in SILENT]):
        result = f"{letter}({result})"
    return result


@pytest.mark.parametrize(
    "handler", [function, coroutine_function, returns_coroutine], ids=lambda h: h.__name__
)
def test_every_mixture(handler):
    """Every combination of three middlewares over sync and async handlers gives its result, in order.

    is_async says whether an await is needed; then the endpoint always returns an awaitable.
    """

    async def check_all():
        for letters in DEPTH_3:
            endpoint = compose(handler, [MIDDLEWARES[letter] for letter in letters])
            is_async = is_async_callable(endpoint)
            assert is_async is (
                handler is coroutine_function or any(letter in ASYNC for letter in letters)
            ), letters
            result = endpoint("request", x=1)
            if is_async:
                assert inspect.isawaitable(result), letters
            if is_async or handler is returns_coroutine:
                result = await result
            assert result == expected(letters), letters

    asyncio.run(check_all())


@pytest.mark.parametrize("name", SYNC_HANDLERS)
def test_sync_handlers_of_any_kind(name):
    """Whatever can be called is a handler; without async middleware it is called like a function."""
    router = Router()
    router.add_route("/:x<int>", SYNC_HANDLERS[name], middlewares=[sync_function, SyncHook()])
    handler, params, is_async = router.get_handler("GET", "/1")
    assert is_async is False
    assert handler("request", **params) == "s(S(handler{'x': 1}))"
    bare = Router()
    bare.add_route("/:x<int>", SYNC_HANDLERS[name])
    assert bare.get_handler("GET", "/1") == (SYNC_HANDLERS[name], {"x": 1}, False)


@pytest.mark.parametrize(
    "middlewares", [(), (sync_function,), (async_function,), (SyncHook(),), (AsyncHook(),)]
)
@pytest.mark.parametrize("name", ASYNC_HANDLERS)
async def test_async_handlers_of_any_kind(name, middlewares):
    """An async handler is recognised behind partials, methods, objects and mocks."""
    router = Router()
    router.add_route("/:x<int>", ASYNC_HANDLERS[name], middlewares=middlewares)
    handler, params, is_async = router.get_handler("GET", "/1")
    assert is_async is True
    assert "handler{'x': 1}" in await handler("request", **params)


@pytest.mark.parametrize("name", SYNC_HANDLERS)
async def test_async_middleware_over_sync_handlers_of_any_kind(name):
    """The predecessor sent `<coroutine object ...>` with status 200."""
    endpoint = compose(SYNC_HANDLERS[name], [async_function, sync_passing])
    assert is_async_callable(endpoint)
    assert await endpoint("request", x=1) == "a(handler{'x': 1})"


async def test_a_sync_middleware_may_answer_for_an_async_handler():
    """A sync wrapper over something async may answer by itself; the endpoint is awaitable all the same."""

    def guard(handler):
        def wrapper(request):
            return handler(request) if request == "known" else "denied"

        return wrapper

    endpoint = compose(coroutine_function, [guard])
    assert is_async_callable(endpoint)
    assert await endpoint("known") == "handler"
    assert await endpoint("unknown") == "denied"
    outer = compose(coroutine_function, [async_function, guard])
    assert await outer("known") == "a(handler)"
    assert await outer("unknown") == "a(denied)"


@pytest.mark.parametrize("handler", [function, coroutine_function], ids=["sync", "async"])
@pytest.mark.parametrize("middleware", [sync_passing, async_function])
async def test_exceptions_are_seen_as_exceptions(handler, middleware):
    """A middleware can roll back a transaction: what the handler raises is raised through the wrappers."""

    def fails(request):
        raise ValueError("from the handler")

    async def fails_async(request):
        raise ValueError("from the handler")

    seen = []

    def transaction(inner):
        async def wrapper(request):
            try:
                return await inner(request)
            except ValueError as error:
                seen.append(str(error))
                raise

        return wrapper

    endpoint = compose(fails if handler is function else fails_async, [transaction, middleware])
    with pytest.raises(ValueError, match="from the handler"):
        await endpoint("request")
    assert seen == ["from the handler"]


def test_what_a_middleware_is_given_looks_like_the_handler():
    """Name, documentation, signature, attributes and equality are the handler's."""

    def handler(request, x: int) -> str:
        """What it does."""
        return "handler"

    handler.role = "admin"
    given = []

    def middleware(inner):
        given.append(inner)
        return sync_function(inner)

    endpoint = compose(handler, [middleware])
    (inner,) = given
    assert inner.__name__ == endpoint.__name__ == "handler"
    assert inner.__doc__ == endpoint.__doc__ == "What it does."
    assert inspect.signature(inner) == inspect.signature(endpoint) == inspect.signature(handler)
    assert inner.role == "admin"
    assert inner == handler
    assert handler == inner
    assert {handler: "registered"}[inner] == "registered"
    assert inner != function
    assert not inspect.iscoroutinefunction(inner)


def test_middleware_that_returns_the_handler_costs_nothing():
    """A middleware that only looks at the handler adds no layer."""
    assert compose(function, [untouched, untouched]) is function
    assert compose(coroutine_function, [untouched]) is coroutine_function
    assert compose(function, []) is function


def test_a_middleware_is_called_once():
    """Each middleware is called once, from the inside out, also when wrappers are async."""
    calls = []

    def counting(name, kind):
        def middleware(handler):
            calls.append(name)
            return kind(handler)

        return middleware

    compose(function, [counting(1, async_function), counting(2, sync_function), counting(3, AsyncWrapper)])
    assert calls == [3, 2, 1]


@pytest.mark.parametrize("result", [None, "wrapper", 5])
def test_a_middleware_that_returns_no_callable(result):
    """The error names the middleware and the handler, and guesses the cause."""

    def forgetful(handler):
        return result

    with pytest.raises(
        TypeError, match=r"forgetful returned .* for .*function; expected a callable .*return wrapper"
    ):
        compose(function, [forgetful])


def test_is_async_callable():
    """Classes are not async whatever their instances are; marked functions and types.coroutine are."""
    import types

    @types.coroutine
    def old_style(request):
        yield

    marked = getattr(inspect, "markcoroutinefunction", None)  # since Python 3.12
    if marked is not None:
        assert is_async_callable(marked(lambda request: None))
    compiled = Callable()  # as compilers of Python mark their coroutine functions
    compiled._is_coroutine = asyncio.coroutines._is_coroutine
    assert is_async_callable(compiled)
    assert is_async_callable(old_style)
    assert not is_async_callable(AsyncCallable)
    assert not is_async_callable(print)
    assert not is_async_callable(5)

    async def generator(request):
        yield

    assert not is_async_callable(generator)


async def test_positional_arguments_pass():
    """A wrapper may pass what it likes."""

    def adding(handler):
        async def wrapper(request, *args, **kwargs):
            return await handler(request, "more", *args, **kwargs)

        return wrapper

    endpoint = compose(lambda *args, **kwargs: (args, kwargs), [adding, sync_passing])
    assert await endpoint("request", 1, x=2) == (("request", "more", 1), {"x": 2})
