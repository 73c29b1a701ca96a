"""From a request to an answer: the only place that knows both requests and routes.

The way is fixed when the server starts: which ring there is, which routes have a plan of their own. A request to
an ordinary route is then one look-up and one call.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Executor
from inspect import isawaitable
from typing import Any

from areion_http import HttpError, HttpRequest, HttpResponse, MethodNotAllowedError, NotFoundError
from areion_router import BaseRouter, compose
from areion_router import MethodNotAllowedError as NoSuchMethod
from areion_router import NotFoundError as NoSuchPath

from areion._facts import finder_of
from areion._plan import Plan, plan_routes
from areion._ring import FilterRing
from areion.filters.base import ResponseFilter


class Dispatcher:
    """Answers requests with the handlers of a router.

    Args:
        router: Frozen by this.
        on_error: Makes a response of an exception.
        executor: Runs handlers that block.
        filters: The outermost ring, outermost first.
        own: A router with the server's own routes (static files, documentation), asked first for paths that
            begin with one of ``own_prefixes``.
        own_prefixes: See ``own``.
    """

    def __init__(
        self,
        router: BaseRouter,
        on_error: Callable[[Any, Exception], Any],
        executor: Executor,
        *,
        filters: Sequence[ResponseFilter] = (),
        own: BaseRouter | None = None,
        own_prefixes: Sequence[str] = (),
    ) -> None:
        self._router = router
        self._on_error = on_error
        self._executor = executor
        self._filters = tuple(filters)
        _optional(router, "freeze", _nothing)()
        self._get_handler = finder_of(router)
        self._plans = plan_routes(router)
        self._unmatched = compose(self._answer_unmatched, tuple(_optional(router, "global_middlewares", ())))
        self._own = own.get_handler if own is not None else None
        self._own_prefixes = tuple(own_prefixes)
        self._ring = FilterRing(self._inner, self._filters, on_error) if self._filters else None

    @property
    def handler(self) -> Callable[[HttpRequest], Any]:
        """The function to call with each request: the shortest that does all that this server needs."""
        return self._inner if self._ring is None else self._ring.run

    @property
    def on_error(self) -> Callable[[Any, Exception], Any]:
        """What answers errors outside of a handler's call; the filters see those answers too."""
        return self._on_error if self._ring is None else self._ring.answer_late

    @property
    def _inner(self) -> Callable[[HttpRequest], Any]:
        if self._own_prefixes:
            return self._with_own
        return self._planned if self._plans else self._plain()

    def _plain(self) -> Callable[[HttpRequest], Any]:
        """Return the dispatch function of a server whose routes need no plan."""
        # PERF: a closure reaches what it needs faster than a method; most requests see nothing but this.
        get_handler = self._get_handler
        no_match = self._no_match

        def dispatch(request: HttpRequest) -> Any:
            try:
                handler, params, _ = get_handler(request.method, request.raw_path)
            except (NoSuchPath, NoSuchMethod) as error:
                return no_match(request, error)
            if request.declared_length and not request.body_arrived:
                return _read_and_call(request, handler, params)
            return handler(request, **params) if params else handler(request)

        return dispatch

    def _planned(self, request: HttpRequest) -> Any:
        try:
            handler, params, _ = self._get_handler(request.method, request.raw_path)
        except (NoSuchPath, NoSuchMethod) as error:
            return self._no_match(request, error)
        return self._call(request, handler, params)

    def _call(self, request: HttpRequest, handler: Callable[..., Any], params: Mapping[str, Any]) -> Any:
        plan: Plan | None = self._plans.get(handler)
        if plan is not None:
            return plan.run(request, params, self._executor)
        if request.declared_length and not request.body_arrived:
            return _read_and_call(request, handler, params)
        return handler(request, **params) if params else handler(request)

    def _with_own(self, request: HttpRequest) -> Any:
        if request.raw_path.startswith(self._own_prefixes) and self._own is not None:
            try:
                handler, params, _ = self._own(request.method, request.raw_path)
            except NoSuchPath:
                return self._planned(request)
            except NoSuchMethod as error:
                return self._no_match(request, error)
            return handler(request, **params)
        return self._planned(request)

    # -- what no route answers ----------------------------------------------------------------------------

    def _no_match(self, request: HttpRequest, error: NoSuchPath | NoSuchMethod) -> Any:
        if request.method == "HEAD" and isinstance(error, NoSuchMethod) and "GET" in error.allowed:
            # A router that leaves this to us (RFC 9110 §9.3.2); ours does not.
            handler, params, _ = self._get_handler("GET", request.raw_path)
            return self._call(request, handler, params)
        # Its frames hold the request: kept, each 404 would be a cycle for the garbage collector.
        error.__traceback__ = None
        # Not as an argument: a middleware may pass on no more than it knows of.
        request._routing_error = error  # type: ignore[attr-defined]  # an attribute of this request alone
        return self._unmatched(request)

    def _answer_unmatched(self, request: HttpRequest, **_: object) -> HttpResponse:
        """Translate the router's facts into HTTP (RFC 9110 §9.3.7, §15.5.5, §15.5.6)."""
        # A middleware may have gone on with another request object, which knows of no error.
        error = getattr(request, "_routing_error", None)
        if isinstance(error, NoSuchMethod):
            allow = ", ".join(error.allowed)
            if request.method == "OPTIONS":
                return HttpResponse(None, 204, headers={"Allow": allow})
            raise MethodNotAllowedError(headers={"Allow": allow}) from None
        if request.raw_path == "*" and request.method == "OPTIONS":
            return HttpResponse(None, 204)
        if request.method == "CONNECT":
            raise HttpError("this server is no proxy", 501)
        raise NotFoundError from None


def _optional(router: object, name: str, default: Any) -> Any:
    """Return a hook of BaseRouter that a duck-typed router may lack."""
    return getattr(router, name, default)


def _nothing() -> None:
    """Stand in for a hook that is not there."""


async def _read_and_call(request: HttpRequest, handler: Callable[..., Any], params: Mapping[str, Any]) -> Any:
    await request.read()
    result: Awaitable[Any] | Any = handler(request, **params)
    return await result if isawaitable(result) else result
