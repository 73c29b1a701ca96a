"""The contract of a router as tests, for those who write one.

Strategy: plain methods with plain asserts and no test runner, so that any runner can collect them. Inherit the
suite in a class that your runner finds, and give it a way to make your router:

```python
from areion_router.testing import RouterContract

class TestMyRouter(RouterContract):
    def make_router(self):
        return MyRouter()
```
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from areion_router.base import BaseRouter
from areion_router.errors import MethodNotAllowedError, NotFoundError

_ErrorT = TypeVar("_ErrorT", bound=Exception)


def drive(awaitable: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine that never really waits, without an event loop.

    Raises:
        AssertionError: It waits for something.
    """
    try:
        awaitable.send(None)
    except StopIteration as stop:
        return stop.value
    awaitable.close()
    raise AssertionError("the coroutine waits for something: run it in an event loop")


def _raised(error: type[_ErrorT], function: Callable[..., object], *args: Any) -> _ErrorT:
    try:
        result = function(*args)
    except error as caught:
        return caught
    raise AssertionError(f"expected {error.__name__}, got {result!r}")


def _sync(request: Any, **params: Any) -> Any:
    return request, params


async def _async(request: Any, **params: Any) -> Any:
    return request, params


def _named(name: str) -> Callable[..., str]:
    return lambda *_, **__: name


def _tagging(tag: str) -> Callable[[Callable[..., Any]], Callable[..., str]]:
    def middleware(handler: Callable[..., Any]) -> Callable[..., str]:
        def wrapper(request: Any, *args: Any, **kwargs: Any) -> str:
            return f"{tag}({handler(request, *args, **kwargs)})"

        return wrapper

    return middleware


class RouterContract(ABC):
    """What whoever serves requests relies on. Every method that begins with `test_` is one promise."""

    @abstractmethod
    def make_router(self) -> BaseRouter:
        """A new router without routes."""

    def call(self, router: BaseRouter, method: str, path: str) -> Any:
        """Look a path up and call what was found, as a server does."""
        handler, path_params, is_async = router.get_handler(method, path)
        result = handler("request", **path_params)
        return drive(result) if is_async else result

    def test_is_a_base_router(self) -> None:
        """It is a `BaseRouter`, or has the same methods."""
        router = self.make_router()
        for name in (
            "add_route",
            "get_handler",
            "get_allowed_methods",
            "routes",
            "global_middlewares",
            "freeze",
        ):
            assert hasattr(router, name), f"{type(router).__name__} has no {name}"

    def test_a_static_path(self) -> None:
        """get_handler returns handler, parameters and whether the handler is async."""
        router = self.make_router()
        router.add_route("/hello", _sync)
        handler, path_params, is_async = router.get_handler("GET", "/hello")
        assert (path_params, is_async) == ({}, False)
        assert handler("request") == ("request", {})

    def test_get_is_the_default_method(self) -> None:
        """A route that names no methods answers GET."""
        router = self.make_router()
        router.add_route("/hello", _sync)
        _raised(MethodNotAllowedError, router.get_handler, "POST", "/hello")

    def test_several_methods(self) -> None:
        """A route answers all methods that it names, and one path may have several routes."""
        router = self.make_router()
        router.add_route("/hello", _named("first"), methods=["GET", "POST"])
        router.add_route("/hello", _named("second"), methods=["PUT"])
        assert [self.call(router, method, "/hello") for method in ("GET", "POST", "PUT")] == [
            "first",
            "first",
            "second",
        ]

    def test_an_async_handler(self) -> None:
        """is_async says that calling the handler returns an awaitable."""
        router = self.make_router()
        router.add_route("/hello/:name", _async)
        assert router.get_handler("GET", "/hello/you")[2] is True
        assert self.call(router, "GET", "/hello/you") == ("request", {"name": "you"})

    def test_parameters(self) -> None:
        """`:name` takes one segment, and the handler gets it by name."""
        router = self.make_router()
        router.add_route("/users/:user/posts/:post", _sync)
        assert self.call(router, "GET", "/users/7/posts/a-b") == ("request", {"user": "7", "post": "a-b"})
        for path in ("/users/7/posts", "/users/7/posts/8/9", "/users/posts/8"):
            _raised(NotFoundError, router.get_handler, "GET", path)

    def test_parameters_are_decoded_after_splitting(self) -> None:
        """The path comes percent-encoded; `%2F` does not end a segment."""
        router = self.make_router()
        router.add_route("/files/:name", _sync)
        assert self.call(router, "GET", "/files/a%2Fb%20%C3%A9") == ("request", {"name": "a/b é"})

    def test_parameters_may_be_changed_by_the_caller(self) -> None:
        """Each match has a dict of its own."""
        router = self.make_router()
        router.add_route("/hello/:name", _sync)
        router.get_handler("GET", "/hello/you")[1]["surprise"] = True
        assert router.get_handler("GET", "/hello/you")[1] == {"name": "you"}

    def test_static_goes_before_parameters(self) -> None:
        """A static segment is preferred, whatever the order of registration, and hides nothing else."""
        router = self.make_router()
        router.add_route("/users/:name", _named("parameter"))
        router.add_route("/users/me", _named("static"))
        router.add_route("/users/:name/posts", _named("posts"))
        assert self.call(router, "GET", "/users/me") == "static"
        assert self.call(router, "GET", "/users/you") == "parameter"
        assert self.call(router, "GET", "/users/me/posts") == "posts"

    def test_an_unknown_path(self) -> None:
        """An unknown path is a NotFoundError that carries it, whatever the method."""
        router = self.make_router()
        router.add_route("/hello", _sync)
        for method in ("GET", "OPTIONS", "BREW"):
            assert _raised(NotFoundError, router.get_handler, method, "/nothing").path == "/nothing"
        assert list(router.get_allowed_methods("/nothing")) == []

    def test_another_method(self) -> None:
        """A known path without the method is a MethodNotAllowedError that carries what is allowed."""
        router = self.make_router()
        router.add_route("/hello", _sync, methods=["PUT"])
        error = _raised(MethodNotAllowedError, router.get_handler, "GET", "/hello")
        assert (error.method, error.path) == ("GET", "/hello")
        assert "PUT" in error.allowed
        assert "PUT" in router.get_allowed_methods("/hello")

    def test_head_is_answered_by_get(self) -> None:
        """HEAD finds the GET route (RFC 9110, section 9.3.2)."""
        router = self.make_router()
        router.add_route("/hello/:name", _named("get"))
        assert self.call(router, "HEAD", "/hello/you") == "get"

    def test_middleware_of_a_route(self) -> None:
        """Middleware wraps the handler, the first one outermost."""
        router = self.make_router()
        router.add_route("/hello", _named("hello"), middlewares=[_tagging("outer"), _tagging("inner")])
        assert self.call(router, "GET", "/hello") == "outer(inner(hello))"

    def test_async_middleware_over_a_sync_handler(self) -> None:
        """Then is_async is true, and the middleware can await the handler."""

        def middleware(handler: Callable[..., Any]) -> Callable[..., Any]:
            async def wrapper(request: Any, *args: Any, **kwargs: Any) -> Any:
                return "awaited", await handler(request, *args, **kwargs)

            return wrapper

        router = self.make_router()
        router.add_route("/hello", _named("hello"), middlewares=[middleware])
        assert self.call(router, "GET", "/hello") == ("awaited", "hello")

    def test_options_are_accepted(self) -> None:
        """Keyword options of a route are none of the router's business, and no error."""
        router = self.make_router()
        router.add_route("/hello", _sync, summary="Says hello", limit=5)
        assert self.call(router, "GET", "/hello") == ("request", {})

    def test_freeze(self) -> None:
        """Freeze may be called more than once, and look-ups go on."""
        router = self.make_router()
        router.add_route("/hello", _sync)
        router.freeze()
        router.freeze()
        assert self.call(router, "GET", "/hello") == ("request", {})
