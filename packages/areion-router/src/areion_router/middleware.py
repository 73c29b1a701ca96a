"""The class form of middleware: two hooks, each sync or async, composed over sync and async handlers.

Function middleware needs nothing from here: any `middleware(handler) -> wrapper` will do.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import wraps
from inspect import isawaitable
from typing import Any

from areion_router._composition import is_async_callable
from areion_router.route import Handler


class BaseMiddleware(ABC):
    """Middleware as a class: override `handle` (before the handler), `after` or both; each may be async.

    An instance is used like any middleware: `middleware(handler)` returns the wrapper. For full control
    (exceptions of the handler are raised through the wrapper) override `__call__` instead; then `handle` is
    not required.

    Example:
        >>> class Greet(BaseMiddleware):
        ...     def handle(self, request):
        ...         return request if request else "nobody there"
        ...     def after(self, request, response):
        ...         return f"hello {response}"
        >>> wrapper = Greet()(lambda request: request.upper())
        >>> wrapper("you"), wrapper("")
        ('hello YOU', 'nobody there')
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        replaces_handle = "__call__" in cls.__dict__ or "after" in cls.__dict__
        if replaces_handle and getattr(cls.handle, "__isabstractmethod__", False):
            cls.handle = _pass_on  # type: ignore[method-assign]  # the hook that is left out does nothing

    @abstractmethod
    def handle(self, request: Any) -> Any:
        """Called with each request before the handler. May be `async def`.

        Returns:
            The request, or `None`, to go on; another request object (of its class or a base, with a `method`) to
            go on with that one; anything else is the answer, and the handler is not called.
        """

    def after(self, request: Any, response: Any) -> Any:  # noqa: ARG002  # a hook: for those who override it
        """Called with what the handler returned, if it did not raise. May be `async def`.

        Not called when `handle` gave the answer.

        Returns:
            `None` to keep the response as it is (it may have been changed in place), anything else to replace
            it.
        """
        return None

    def __call__(self, handler: Handler) -> Handler:
        """Wrap a handler in the hooks: async if the handler or one of the hooks is."""
        if any(map(is_async_callable, (self.handle, self.after, handler))):
            return self._wrap_async(handler)
        return self._wrap_sync(handler)

    def _wrap_sync(self, handler: Handler) -> Handler:
        @wraps(handler)
        def wrapper(request: Any, *args: Any, **kwargs: Any) -> Any:
            verdict = self.handle(request)
            if not _goes_on(verdict, request):
                return verdict
            request = request if verdict is None else verdict
            response = handler(request, *args, **kwargs)
            if isawaitable(response):
                return self._finish(request, response)
            replacement = self.after(request, response)
            return response if replacement is None else replacement

        return wrapper

    def _wrap_async(self, handler: Handler) -> Handler:
        @wraps(handler)
        async def wrapper(request: Any, *args: Any, **kwargs: Any) -> Any:
            verdict = self.handle(request)
            if isawaitable(verdict):
                verdict = await verdict
            if not _goes_on(verdict, request):
                return verdict
            request = request if verdict is None else verdict
            return await self._finish(request, handler(request, *args, **kwargs))

        return wrapper

    async def _finish(self, request: Any, response: Any) -> Any:
        if isawaitable(response):
            response = await response
        replacement = self.after(request, response)
        if isawaitable(replacement):
            replacement = await replacement
        return response if replacement is None else replacement


def _pass_on(self: BaseMiddleware, request: Any) -> Any:  # noqa: ARG001  # a method, given to classes without one
    return request


def _goes_on(verdict: Any, request: Any) -> bool:
    if verdict is None or verdict is request:
        return True
    # Servers may make requests of a class derived from the one that is public.
    related = isinstance(verdict, type(request)) or isinstance(request, type(verdict))
    return related and hasattr(verdict, "method")
