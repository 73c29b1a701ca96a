"""BaseMiddleware: hooks before and after, sync and async, and full control."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from areion_router import BaseMiddleware, Router, compose, is_async_callable


@dataclass
class Request:
    method: str = "GET"
    user: str = ""


def handler(request, **params):
    return f"hello {request.user}"


async def async_handler(request, **params):
    return f"hello {request.user}"


class Gate(BaseMiddleware):
    def handle(self, request):
        return request if request.user else "who are you?"


class AsyncGate(BaseMiddleware):
    async def handle(self, request):
        return request if request.user else "who are you?"


async def call(endpoint, request):
    result = endpoint(request)
    return await result if is_async_callable(endpoint) else result


@pytest.mark.parametrize("inner", [handler, async_handler])
@pytest.mark.parametrize("gate", [Gate(), AsyncGate()])
async def test_handle_goes_on_or_answers(gate, inner):
    """The request (or None) goes on to the handler; anything else is the answer."""
    endpoint = compose(inner, [gate])
    assert is_async_callable(endpoint) is (inner is async_handler or isinstance(gate, AsyncGate))
    assert await call(endpoint, Request(user="you")) == "hello you"
    assert await call(endpoint, Request()) == "who are you?"


@pytest.mark.parametrize("inner", [handler, async_handler])
async def test_handle_may_return_nothing_or_another_request(inner):
    """None goes on; so does another request of the same class, in place of the first."""

    class Rename(BaseMiddleware):
        def handle(self, request):
            return Request(user=request.user.upper()) if request.user else None

    endpoint = compose(inner, [Rename()])
    assert await call(endpoint, Request(user="you")) == "hello YOU"
    assert await call(endpoint, Request()) == "hello "


async def test_an_answer_of_the_requests_type():
    """Where requests are plain values, a value of the same type is still an answer."""

    class Echo(BaseMiddleware):
        def handle(self, request):
            return request + "!"

    assert compose(lambda request: 1 / 0, [Echo()])("request") == "request!"


@pytest.mark.parametrize("inner", [handler, async_handler])
async def test_after(inner):
    """after gets request and response, may replace the response, and is not called for answers of handle."""
    seen = []

    class Log(Gate):
        def after(self, request, response):
            seen.append((request.user, response))

    class Loud(BaseMiddleware):
        async def after(self, request, response):
            return response.upper()

    endpoint = compose(inner, [Loud(), Log()])
    assert await call(endpoint, Request(user="you")) == "HELLO YOU"
    assert await call(endpoint, Request()) == "WHO ARE YOU?"
    assert seen == [("you", "hello you")]


@pytest.mark.parametrize("inner", [handler, async_handler])
async def test_full_control(inner):
    """A subclass may override __call__ alone, and see exceptions."""

    class Shield(BaseMiddleware):
        def __call__(self, handler):
            async def wrapper(request, *args, **kwargs):
                try:
                    return await handler(request, *args, **kwargs)
                except AttributeError as error:
                    return type(error).__name__

            return wrapper

    endpoint = compose(inner, [Shield()])
    assert await endpoint(Request(user="you")) == "hello you"
    assert await endpoint(None) == "AttributeError"


def test_a_hook_is_required():
    """BaseMiddleware itself, and a subclass without any hook, cannot be instantiated."""

    class Empty(BaseMiddleware):
        pass

    for cls in (BaseMiddleware, Empty):
        with pytest.raises(TypeError, match="abstract"):
            cls()


def test_a_class_is_instantiated():
    """A BaseMiddleware class stands for an instance, everywhere middleware is taken."""
    router = Router(middlewares=[Gate])
    router.add_global_middleware(Gate)
    router.group("/g", [Gate]).add_route("/a", handler, middlewares=[Gate])
    assert all(isinstance(middleware, Gate) for middleware in router.routes[0].middlewares)
    assert router.get_handler("GET", "/g/a").handler(Request()) == "who are you?"


@pytest.mark.parametrize(
    "bad", [BaseMiddleware, type("Needy", (Gate,), {"__init__": lambda self, key: None})]
)
def test_a_class_that_needs_arguments(bad):
    """It is refused at once, with advice."""
    with pytest.raises(TypeError, match=r"'middleware': cannot instantiate the class .* pass an instance"):
        Router().add_global_middleware(bad)


def test_wrappers_look_like_the_handler():
    """Documentation generators see through the class form."""
    assert compose(handler, [Gate()]).__wrapped__ == handler
    assert compose(async_handler, [AsyncGate()]).__name__ == "async_handler"
